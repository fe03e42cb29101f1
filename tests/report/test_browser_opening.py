"""The page opens in a real browser: complete, silent, and asking nothing of a network."""

import re
from dataclasses import replace
from html import unescape

import pytest
from sklearn.cluster import KMeans

from browsing import visit
from neonxai.report import digits, gather
from neonxai.report.page import MANY_ROWS, render
from report_material import blobs, explained
from report_pages import made

FOREIGN = "https://example.org/picture.png"
POLICY = r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">'


@pytest.fixture(scope="module")
def html():
    return render(made())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_page_is_silent_and_stays_in_its_width(browser, tmp_path, html, scheme, width):
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    with visit(browser, tmp_path, html, address="#row=row-7", **options) as seen:
        assert seen.text("#panel-title") == "Why is row row-7 here?"
        for chart in ("certainty", "map", "row", "feature"):
            assert seen.page.locator(f"#{chart}-chart.js-plotly-plot").count() == 1, chart
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert seen.page.evaluate(wide) == 0
        seen.check()


@pytest.mark.parametrize("unit", [1e8, 1e60, 1e-60])
def test_numbers_of_any_size_are_drawn_without_a_message(browser, tmp_path, unit):
    explainer, e = explained(KMeans(3, n_init=1, random_state=0), blobs(60, 2, 3) * unit)
    report = gather(e, explainer=explainer)
    with visit(browser, tmp_path, render(report), address="#at=7") as seen:
        evidence = digits.compared([*report.rows.own.relevance[7].tolist(), float(e.logits[7])])
        assert seen.text("#row-logit") == evidence[-1]
        assert seen.page.evaluate("document.getElementById('map-chart').data[0].x.length") == 60
        seen.check()


def test_many_rows_are_drawn_by_webgl_without_a_message(browser, tmp_path):
    report = made(MANY_ROWS + 1, 12, noise=True)
    with visit(browser, tmp_path, render(report)) as seen:
        kind = "document.getElementById('map-chart').data[0].type"
        assert seen.page.evaluate(kind) == "scattergl"
        assert seen.page.locator("#map-chart canvas").count() > 0
        assert seen.text("#map-count") == "2,001 of 2,001 rows"
        seen.check()


def test_many_rows_without_webgl(browser, tmp_path):
    nothing = "HTMLCanvasElement.prototype.getContext = () => null"
    with visit(browser, tmp_path, render(made(MANY_ROWS + 1)), script=nothing) as seen:
        assert seen.page.locator("#map-chart .scatterlayer .point").count() == MANY_ROWS + 1
        seen.check()


def test_policy_forbids_connections_and_lets_in_by_hashes(html):
    (policy,) = re.findall(POLICY, unescape(html))
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert set(rules) == {"default-src", "script-src", "style-src-elem", "base-uri", "form-action"}
    sources = [*rules["script-src"].split(), *rules["style-src-elem"].split()]
    assert all(source.startswith("'sha256-") for source in sources), sources
    (many,) = re.findall(POLICY, unescape(render(made(MANY_ROWS + 1))))
    assert "'unsafe-eval'" in many
    assert "unsafe-inline" not in many


def test_checks_catch_a_request(browser, tmp_path, html):
    asking = html.replace("</main>", f'<img src="{FOREIGN}" alt=""></main>')
    with visit(browser, tmp_path, asking) as seen, pytest.raises(AssertionError, match=r"example\.org"):
        seen.check()  # the policy stops it, and the browser says so
    with visit(browser, tmp_path, re.sub(POLICY, "", asking)) as seen:
        assert FOREIGN in seen.asked
        with pytest.raises(AssertionError):
            seen.check()


@pytest.mark.parametrize("code", ["console.warn('so')", "throw new Error('so')", "alert('so')"])
def test_checks_catch_a_message(browser, tmp_path, html, code):
    with visit(browser, tmp_path, html, script=code) as seen, pytest.raises(AssertionError, match="so"):
        seen.check()


def test_a_script_of_strangers_does_not_run(browser, tmp_path, html):
    strange = html.replace("</main>", "<script>document.title = 'taken'</script></main>")
    with visit(browser, tmp_path, strange) as seen:
        assert seen.page.title() == "made.csv: 3 clusters"
        assert any("Content Security Policy" in message for message in seen.heard)


def test_without_javascript_words_and_tables_are_there(browser, tmp_path, html):
    with visit(browser, tmp_path, html, ready=None, java_script_enabled=False) as seen:
        text = seen.text("body")
        for words in (
            "without JavaScript",
            "A tiny cluster",
            "Cluster 2",
            "39.1 (36 to 41)",
            "row-4",
            "feature 3",
        ):
            assert words in text, words
        assert "neonxai report made.csv" in text
        assert not seen.page.locator("#explore").is_visible()
        assert not seen.page.locator("button.copy").first.is_visible()
        seen.check()


def test_without_decompression_the_page_says_what_is_missing(browser, tmp_path, html):
    script = "delete window.DecompressionStream"
    with visit(browser, tmp_path, html, ready="#missing:not([hidden])", script=script) as seen:
        assert "can't unpack" in seen.text("#missing")
        assert "39.1 (36 to 41)" in seen.text("#clusters")
        assert not seen.page.locator("#explore").is_visible()
        seen.check()


def test_a_failure_is_said_on_the_page_and_not_swallowed(browser, tmp_path, html):
    broken = re.sub(r'(id="packed-library">)[^<]*', r"\1AAAA", html)
    with visit(browser, tmp_path, broken, ready="#missing:not([hidden])", address="#row=row-7") as seen:
        assert "parts of this page are missing" in seen.text("#missing")
        assert seen.rows()  # what needs no charts works
        assert seen.heard


def test_colors_follow_the_system_without_a_reload(browser, tmp_path, html):
    ink = "document.getElementById('map-chart')._fullLayout.font.color"
    with visit(browser, tmp_path, html, color_scheme="light") as seen:
        light = seen.page.evaluate(ink)
        seen.page.emulate_media(color_scheme="dark")
        seen.page.wait_for_timeout(300)
        assert seen.page.evaluate(ink) != light
        seen.check()


def test_sampled_pages_say_so(browser, tmp_path):
    report = made()
    with visit(
        browser, tmp_path, render(replace(report, source=replace(report.source, n_rows=250_000)))
    ) as seen:
        assert seen.text("#map-count") == "60 of 60 rows (of 250,000 in the data)"
        assert "60 of the rows are in this page" in seen.text("#overview")


def test_an_unknown_row_in_the_address_is_said(browser, tmp_path, html):
    with visit(browser, tmp_path, html, address="#row=nobody") as seen:
        assert seen.text("#panel-hint") == "This page has no such row."
        seen.check()


def test_equal_facts_give_an_equal_page(html):
    assert render(made()) == html
