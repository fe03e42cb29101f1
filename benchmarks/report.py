"""The page of a report in Chromium: its size, when it can be used, how long a filter and a hover take.

Run as ``python benchmarks/report.py``; it needs Playwright and Chromium. Times are of the browser's own
clock, in milliseconds, the median of some openings. Before the charts are there, all but them can be used.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.cluster import KMeans

import neonxai
from neonxai.report import to_html

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from browsing import chromium

_MARKS = """
for (const name of ["rows", "charts"]) {
  new MutationObserver((_, self) => {
    if (document.documentElement.dataset.ready === name) {
      window[name] = performance.now();
      self.disconnect();
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-ready"] });
}
"""
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# Two frames: what was asked for is then on the screen.
_UNTIL_SHOWN = """
(async () => {
  const start = performance.now();
  %s;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - start;
})()
"""
_FILTER = "document.querySelector('#cluster-filter input').click()"
_OPEN = "document.querySelector('#next').click()"
_SEARCH = """
const search = document.getElementById('search');
search.value = search.value ? '' : '99';
search.dispatchEvent(new Event('input'))
"""
_LONGEST = """
(async () => {
  let [last, longest, on] = [performance.now(), 0, true];
  window.stopFrames = () => { on = false; return longest; };
  const step = () => {
    const now = performance.now();
    [longest, last] = [Math.max(longest, now - last), now];
    if (on) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})()
"""


def page_of(n_rows: int, n_features: int, n_clusters: int) -> str:
    """Explain blobs, and make their page."""
    random = np.random.default_rng(0)
    centers = 1.5 * random.normal(size=(n_clusters, n_features))
    X = centers[random.integers(n_clusters, size=n_rows)] + random.normal(size=(n_rows, n_features))
    explainer = neonxai.ClusterExplainer(KMeans(n_clusters, n_init=1, random_state=0).fit(X)).fit(X)
    return to_html(explainer.explain(X), explainer=explainer)


def hover(page: object) -> float:
    """Move over the map, and return the longest that a frame took."""
    page.locator("#map-chart").scroll_into_view_if_needed()
    box = page.locator("#map-chart").bounding_box()
    page.evaluate(_LONGEST)
    for step in range(40):
        x = box["x"] + box["width"] * (0.2 + 0.015 * step)
        page.mouse.move(x, box["y"] + box["height"] * (0.35 + 0.3 * (step % 5) / 5))
        page.wait_for_timeout(20)
    return page.evaluate("window.stopFrames()")


def measure(browser: object, path: Path) -> dict[str, float]:
    """Open the page once."""
    context = browser.new_context(offline=True, viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.add_init_script(_MARKS)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=charts]", state="attached")
    page.wait_for_timeout(500)
    times = {
        "first paint": page.evaluate(_PAINTED),
        "rows can be used": page.evaluate("window.rows"),
        "charts are drawn": page.evaluate("window.charts"),
    }
    for name, code in (("filter", _FILTER), ("search", _SEARCH), ("next row", _OPEN)):
        times[name] = median(page.evaluate(_UNTIL_SHOWN % code) for _ in range(5))
    times["longest frame of hovering"] = hover(page)
    context.close()
    return times


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=30)
    parser.add_argument("--clusters", type=int, default=8)
    parser.add_argument("--openings", type=int, default=5)
    chosen = parser.parse_args()
    html = page_of(chosen.rows, chosen.features, chosen.clusters)
    print(f"{chosen.rows} rows x {chosen.features} features x {chosen.clusters} clusters")
    print(f"{'size':>28} {len(html.encode()) / 1e6:8.2f} MB")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "report.html"
        path.write_text(html, encoding="utf-8")
        seen = [measure(browser, path) for _ in range(chosen.openings)]
    for name in seen[0]:
        print(f"{name:>28} {median(one[name] for one in seen):8.0f} ms")


if __name__ == "__main__":
    main()
