"""Everybody can use it: what axe-core finds, the order of headings, landmarks, and paper."""

import json
import re
from itertools import pairwise

import pytest

from browsing import axe_script, visit
from neonxai.report.page import render
from report_pages import made


@pytest.fixture(scope="module")
def html():
    return render(made(60, 10, noise=True))


def findings(seen, axe) -> list[str]:
    """What axe-core calls serious or critical, each with the place where it is."""
    seen.page.evaluate(axe)  # by the debugger, which the page's policy doesn't bind
    found = seen.page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    return [
        f"{one['id']}: {json.dumps([node['html'][:120] for node in one['nodes']][:3])}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("address", ["", "#row=row-7"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_nothing_serious(browser, tmp_path, html, scheme, address, width):
    axe = axe_script()
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    with visit(browser, tmp_path, html, address=address, **options) as seen:
        seen.page.click("#feature-details summary")
        assert findings(seen, axe) == []
        seen.check()


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('<label for="search">Name', '<label for="nothing">Name', "label"),
        ("--soft: #555d67", "--soft: #aab1b9", "color-contrast"),
        ('aria-label="Zoom in">+<', "><", "button-name"),
    ],
)
def test_axe_catches_what_is_broken(browser, tmp_path, html, old, new, finding):
    axe = axe_script()
    broken = html.replace(old, new)
    assert broken != html
    if "--soft" in old:  # the policy would not let in another style
        broken = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", broken)
    if "search" in old:
        broken = broken.replace('<input type="search"', '</label><input type="search"')
    with visit(browser, tmp_path, broken, color_scheme="light") as seen:
        assert any(one.startswith(finding) for one in findings(seen, axe))


CUT_OFF = """() => [...document.querySelectorAll("nav a")].filter(link => {
  const box = link.getBoundingClientRect();
  return box.left < 0 || box.right > document.documentElement.clientWidth;
}).map(link => link.textContent)"""


@pytest.mark.parametrize("width", [320, 390, 768])
def test_every_link_of_the_navigation_is_in_view(browser, tmp_path, html, width):
    with visit(browser, tmp_path, html, viewport={"width": width, "height": 700}) as seen:
        assert seen.page.evaluate(CUT_OFF) == []
        seen.page.evaluate('document.querySelector("nav ul").style.flexWrap = "nowrap"')
        assert width == 768 or seen.page.evaluate(CUT_OFF)  # the check can fail


def test_headings_are_in_order_and_landmarks_named(browser, tmp_path, html):
    with visit(browser, tmp_path, html, address="#row=row-7") as seen:
        levels = seen.page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels)), levels
        for landmark in ("header", "nav[aria-label]", "main", "footer"):
            assert seen.page.locator(landmark).count() == 1, landmark
        charts = seen.page.locator(".chart[role=img]")
        assert charts.count() == 4
        assert all(charts.evaluate_all("all => all.map(e => e.getAttribute('aria-label').length > 20)"))


def test_paper_has_all_cards_and_the_row_but_no_controls(browser, tmp_path, html):
    with visit(browser, tmp_path, html, address="#row=row-7", color_scheme="dark") as seen:
        seen.page.emulate_media(media="print", color_scheme="dark")
        assert seen.page.locator(".card:visible").count() == 10
        assert seen.page.locator("#row-table").is_visible()
        for control in ("nav", "#filters", "#search", "#zoom-in", "#rival", ".copy", "#results"):
            assert not seen.page.locator(control).first.is_visible(), control
        seen.page.locator("#row-chart").wait_for()
        assert seen.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        seen.page.wait_for_timeout(300)
        ink = "document.getElementById('row-chart')._fullLayout.font.color"
        assert seen.page.evaluate(ink) == "#000000"
        seen.check()


def test_many_cards_are_folded_but_on_paper(browser, tmp_path):
    with visit(browser, tmp_path, render(made(120, 20))) as seen:
        assert seen.page.locator(".card:visible").count() == 12
        assert seen.text(".more summary") == "8 more clusters"
        seen.page.pdf()
        assert seen.page.locator(".card:visible").count() == 20
        seen.check()


def test_pdf(browser, tmp_path, html):
    with visit(browser, tmp_path, html, address="#row=row-7") as seen:
        pdf = seen.page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        assert (
            4 <= pages <= 14
        )  # ten cards, a map, a table: neither one endless page nor dozens of empty ones
        assert seen.page.evaluate("matchMedia('print').matches") is False
        seen.check()


@pytest.mark.parametrize("n_clusters", [2, 64])
def test_marks_tell_clusters_apart(browser, tmp_path, n_clusters):
    report = made(6 * 64, n_clusters)
    with visit(browser, tmp_path, render(report)) as seen:
        marks = seen.page.evaluate(
            """(() => {
              const { color, symbol } = document.getElementById("map-chart").data[0].marker;
              return color.map((one, i) => `${one} ${symbol[i]}`);
            })()"""
        )
        assert len(set(marks)) == len(report.clusters)
        seen.check()
