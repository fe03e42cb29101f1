"""Names from outside are shown as they are: they run nothing, and break nothing."""

import json
from dataclasses import replace

import pytest

from browsing import visit
from neonxai.report.page import render
from report_pages import made, renamed

NAMES = {
    "script": "<script>alert(1)</script><script>document.title='taken'</script>",
    "image": '"><img src=x onerror=alert(1)><svg onload=alert(2)>',
    "end": "</script></style></title></template>-->]]><b>bold</b>",
    "template": "{{ 7 * 7 }}{% raw %} ${7*7} %{x} %{customdata[0]} "
    "<b>&lt;&amp;</b> <a href='javascript:alert(1)'>x</a>",
    "quotes": "'\"`\\' onmouseover='alert(1)' x=\"",
    "long": "x" * 10_000,
    "long words": "a long name " * 900,
    "right to left": "שלום \u202eevil\u202c مرحبا",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈 größe µ 中文",
    "empty": "",
    "spaces": "  \n\t ",
    "control": "a\x00b\x1b[31mc\ud800d\u2028e",
}
OPEN = {"address": "#at=4"}


@pytest.mark.parametrize("kind", NAMES)
def test_names_run_and_break_nothing(browser, tmp_path, kind):
    name = NAMES[kind]
    with visit(browser, tmp_path, render(renamed(made(), name)), **OPEN) as seen:
        page = seen.page
        # Nothing of the name became an element, and no attribute took it as code.
        assert (
            page.locator("img, b, main a[href^=javascript], [onerror], [onload], [onmouseover]").count() == 0
        )
        assert page.locator("script").count() == 4  # facts, library twice (packed, and run), the page's own
        assert (
            page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        )
        for part in ("h1", "#clusters h3", "#results li", "#row-table th[scope=row]", ".heat th[scope=row]"):
            box = page.locator(part).first.bounding_box()
            assert 0 < box["height"] < 400, (part, box)
        page.mouse.move(*seen.pixel(4))
        page.select_option("#rival", "1")
        page.click("#next")
        page.locator("#feature-details summary").click()
        page.locator("#feature-table td").first.wait_for()
        seen.check()


@pytest.mark.parametrize("kind", ["script", "image", "template", "quotes", "emoji"])
def test_names_are_shown_as_they_are(browser, tmp_path, kind):
    name = NAMES[kind]
    shown = " ".join(name.split())
    with visit(browser, tmp_path, render(renamed(made(), name)), **OPEN) as seen:
        if len(name) <= 60:
            assert seen.text("#panel-title") == f"Why is row {shown} here?"
        assert seen.page.locator("#results button span").first.text_content() in (name, _short(name, 36))
        ticks = seen.page.locator("#feature-chart .ytick text").all_text_contents()
        assert set(ticks) == {f"\u2068{_short('cluster ' + shown, 28)}\u2069"}, ticks
        assert (
            seen.page.locator("#row-table th bdi").first.get_attribute("dir") is None
        )  # bdi is auto by itself
        titles = seen.page.locator("[title]").evaluate_all("all => all.map(e => e.title)")
        assert all(
            one == name or one in {"higher", "lower", "more", "differs"} or name in one for one in titles
        )


def _short(text, length):
    marks = list(text)
    if len(marks) <= length:
        return text
    return "".join(marks[: length // 2]) + "…" + "".join(marks[len(marks) - (length - 1) // 2 :])


def test_equal_names_are_different_rows(browser, tmp_path):
    with visit(browser, tmp_path, render(renamed(made(), "same")), address="#at=4") as seen:
        first = seen.rows()
        assert seen.page.url.endswith("#at=4")
        seen.page.click("#next")
        assert seen.page.url.endswith("#at=5")
        assert seen.rows() != first
        assert len(first) == 6  # three features of one name, others, absorbed, sum
        seen.check()


def test_an_unescaped_name_is_caught(browser, tmp_path):
    """What these tests look for is found where a name does get through."""
    name = NAMES["image"]
    html = render(replace(made(), title="TITLE")).replace("<bdi>TITLE</bdi>", name)
    with visit(browser, tmp_path, html) as seen:
        assert seen.page.locator("img").count() == 1
        with pytest.raises(AssertionError):
            seen.check()


def test_no_name_ends_the_data(browser, tmp_path):
    html = render(renamed(made(), NAMES["end"]))
    assert "</script></style>" not in html
    assert json.dumps(NAMES["end"]) not in html
