"""A page in a real browser, without a network, and everything that it complains about or asks for."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# WebGL in software, on the way that does not warn of being slow.
FLAGS = ("--use-angle=swiftshader", "--ignore-gpu-blocklist", "--enable-unsafe-swiftshader")
READY = "html[data-ready=charts]"


@contextmanager
def chromium():
    """Start the system's Chromium, or skip the test where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are tested by Playwright")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("pages are tested in Chromium, which is not here")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def axe_script() -> str:
    """The source of axe-core, or skip the test where NEONXAI_AXE doesn't say where it is."""
    if "NEONXAI_AXE" not in os.environ:
        pytest.skip("accessibility is tested by axe-core; NEONXAI_AXE is the path of its axe.min.js")
    return Path(os.environ["NEONXAI_AXE"]).read_text(encoding="utf-8")


@dataclass
class Visit:
    """An open page, and what was heard of it."""

    page: object
    heard: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fail if the page said anything on the console, failed, or asked for anything but itself."""
        assert not self.heard, self.heard
        assert len(self.asked) == 1, self.asked

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def rows(self) -> list[list[str]]:
        """The table of the row that is open, its sum last."""
        lines = self.page.locator("#row-table tbody tr, #row-table tfoot tr").all()
        return [cell for line in lines if (cell := line.locator("th, td").all_inner_texts())]

    def pixel(self, row: int) -> tuple[float, float]:
        """Where the row's mark is, by the axes of the map; scrolled into view."""
        self.page.locator("#map-chart").scroll_into_view_if_needed()
        x, y = self.page.evaluate(
            """row => {
              const chart = document.getElementById("map-chart");
              const { xaxis, yaxis } = chart._fullLayout;
              const { x, y } = chart.data[0];
              const box = chart.getBoundingClientRect();
              const across = xaxis._offset + xaxis.l2p(x[row]);
              return [box.left + across, box.top + yaxis._offset + yaxis.l2p(y[row])];
            }""",
            row,
        )
        return x, y


@contextmanager
def visit(browser, folder, html, *, address="", ready=READY, script=None, **options):
    """Open a page that is written to a file; what `Visit.check` checks is up to the test."""
    path = Path(folder) / "report.html"
    path.write_text(html, encoding="utf-8")
    options = {"viewport": {"width": 1400, "height": 900}, "reduced_motion": "reduce", **options}
    context = browser.new_context(offline=True, **options)
    page = context.new_page()
    if script is not None:
        page.add_init_script(script)
    seen = Visit(page)
    page.on("console", lambda message: seen.heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.heard.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (seen.heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: seen.asked.append(request.url))
    page.goto(path.as_uri() + address)
    if ready:
        page.wait_for_selector(ready, state="attached")
    yield seen
    context.close()
