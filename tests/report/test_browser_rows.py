"""What one does with rows: click, filter, search, ask against a rival, all of it by keyboard, too."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from browsing import visit
from neonxai.report import digits
from neonxai.report.page import MANY_ROWS, render
from report_pages import made, renamed

REPORT = made()


@pytest.fixture(scope="module")
def html():
    return render(REPORT)


@pytest.fixture
def open_page(browser, tmp_path, html):
    def opened(**options):
        return visit(browser, tmp_path, html, **options)

    return opened


def expected(report, row, rank=None):
    """The lines of a row's table, from the facts by Python's own rules."""
    answers = report.rows.own if rank is None else report.rows.against
    place = row if rank is None else (row, rank)
    features = answers.top[place].tolist()
    lines = [
        (report.features[k].name, value(report.features[k].column, row), float(evidence))
        for k, evidence in zip(features, answers.relevance[place], strict=True)
    ]
    lines.append(("all other features", "", float(answers.others[place])))
    lines += [(name, "", float(values[place])) for name, values in answers.further]
    logit = float(answers.logits[place])
    texts = digits.compared([*(line[2] for line in lines), logit])
    rows = [[name, shown, text] for (name, shown, _), text in zip(lines, texts, strict=False)]
    return [*rows, ["Sum: the evidence", texts[-1]]]


def value(column, row):
    return (
        column.names[column.codes[row]]
        if column.numbers is None
        else digits.number(float(column.numbers[row]))
    )


def test_the_sum_is_of_what_is_shown():
    *parts, (_, total) = expected(REPORT, 8)
    summed = sum(float(text.replace("−", "-")) for _, _, text in parts)
    assert summed == pytest.approx(float(total), abs=0.03)  # six parts, each rounded to two decimals


def test_click_on_a_mark_opens_its_explanation(open_page):
    with open_page() as seen:
        for row in (8, 41):
            seen.page.mouse.click(*seen.pixel(row))
            seen.page.locator("#panel-title", has_text=f"row-{row} ").wait_for()
            assert seen.rows() == expected(REPORT, row)
            sure = digits.certainty(float(REPORT.rows.probabilities[row]))
            assert f"certainty {sure}" in seen.text("#panel-lead")
            bars = seen.page.evaluate("document.getElementById('row-chart').data[0].text")
            assert bars == [line[2] for line in expected(REPORT, row)[:-1]]
            assert seen.page.url.endswith(f"#row=row-{row}")
            ring = seen.page.evaluate("document.getElementById('map-chart').layout.shapes[1]")
            assert [ring["xanchor"], ring["yanchor"]] == pytest.approx(REPORT.rows.places[row].tolist())
        seen.check()


# Texts of the row's chart that are cut, or lie on each other: of the bars, and of the features left of them.
COLLIDING = """() => {
  const chart = document.getElementById("row-chart");
  const box = chart.getBoundingClientRect();
  const seen = selector => [...chart.querySelectorAll(selector)]
    .map(text => [text.textContent, text.getBoundingClientRect()]);
  const [figures, names] = [seen(".bartext"), seen(".ytick text")];
  const out = ([, at]) => at.left < box.left - 1 || at.right > box.right + 1;
  const on = ([, at]) => names.some(
    ([, name]) => at.left < name.right && at.top < name.bottom && name.top < at.bottom);
  const found = [...[...figures, ...names, ...seen(".xtitle")].filter(out), ...figures.filter(on)];
  return [figures.length, found.map(([text]) => text)];
}"""


@pytest.mark.parametrize("width", [390, 768, 1400])
def test_texts_of_bars_are_whole_and_apart(browser, tmp_path, width):
    name = "the_length_of_a_flipper_in_mm"
    page = render(renamed(REPORT, name))
    with visit(browser, tmp_path, page, viewport={"width": width, "height": 900}) as seen:
        seen.page.locator("button.row").first.click()
        seen.page.wait_for_selector("#row-chart .bartext")
        count, colliding = seen.page.evaluate(COLLIDING)
        assert count == len(seen.rows()) - 1
        assert colliding == []
        seen.page.evaluate(
            'document.querySelector("#row-chart .bartext").setAttribute("transform", "translate(-900, 0)")'
        )
        assert len(seen.page.evaluate(COLLIDING)[1]) == 1  # the check can fail


def test_the_comparison_of_numbers_can_fail():
    other = made(n_features=5)
    assert expected(other, 8) != expected(REPORT, 8)


def test_hover_tells_of_the_mark(open_page):
    with open_page() as seen:
        place = seen.pixel(8)
        seen.page.wait_for_timeout(100)  # the scrolling there would hide it
        seen.page.mouse.move(*place)
        tip = seen.page.locator("#tip")
        tip.wait_for()
        text = tip.inner_text()
        name, shown, evidence = expected(REPORT, 8)[0]
        assert "row-8" in text
        assert f"{name} = {shown}: {evidence}" in text
        seen.page.keyboard.press("Escape")
        assert not tip.is_visible()
        seen.check()


def test_click_with_webgl(browser, tmp_path):
    report = made(MANY_ROWS + 1)
    far = int(np.argmax(report.rows.places[:, 0]))  # a mark that no other covers
    with visit(browser, tmp_path, render(report)) as seen:
        seen.page.mouse.click(*seen.pixel(far))
        seen.page.locator("#panel-title", has_text=f"row-{far} ").wait_for()
        assert seen.rows() == expected(report, far)
        seen.check()


def test_rivals_answer_why_here_rather_than_there(open_page):
    with open_page(address="#row=row-8") as seen:
        labels = seen.page.locator("#rival option").all_inner_texts()
        logits = digits.compared(REPORT.rows.against.logits[8].tolist())
        rivals = REPORT.rows.rivals[8]
        assert labels[1:] == [f"in cluster {k} ({text})" for k, text in zip(rivals, logits, strict=True)]
        seen.page.select_option("#rival", "1")
        assert seen.rows() == expected(REPORT, 8, 1)
        assert f"against cluster {rivals[1]}." in " ".join(seen.text("#panel-lead").split())
        assert f"rather than cluster {rivals[1]}" in seen.text("#announcer")
        address = seen.page.url
        seen.page.select_option("#rival", "")
        assert seen.rows() == expected(REPORT, 8)
        seen.check()
    with open_page(address=address[address.index("#") :]) as seen:
        assert seen.rows() == expected(REPORT, 8, 1)


def test_filters_leave_the_rows_that_they_name(open_page):
    rows = REPORT.rows
    with open_page() as seen:

        def drawn():
            return seen.page.evaluate("document.getElementById('map-chart').data[0].x.length")

        assert drawn() == 60
        seen.page.uncheck("#cluster-filter input[value='1']")
        assert drawn() == int(np.sum(rows.clusters != 1))
        seen.page.locator("#certainty-from").fill("0.80")
        kept = (rows.clusters != 1) & (rows.probabilities >= 0.80)
        assert drawn() == int(kept.sum())
        assert seen.text("#map-count") == f"{kept.sum()} of 60 rows"
        names = seen.page.locator("#results button > span:first-child").all_inner_texts()
        assert names == [f"row-{i}" for i in np.flatnonzero(kept)]
        seen.page.click("#no-cluster")
        assert drawn() == 0
        assert seen.text("#found") == "0 rows found."
        seen.page.click("#all-clusters")
        seen.page.locator("#certainty-from").fill("0.50")
        assert drawn() == 60
        seen.check()


def test_a_range_never_turns_round(open_page):
    with open_page() as seen:
        seen.page.locator("#certainty-to").fill("0.60")
        seen.page.locator("#certainty-from").fill("0.70")
        assert seen.page.input_value("#certainty-to") == "0.7"
        seen.page.locator("#certainty-to").fill("0.55")
        assert seen.page.input_value("#certainty-from") == "0.55"


def test_search_and_order(open_page):
    with open_page() as seen:
        seen.page.fill("#search", "ROW-1")
        wanted = [f"row-{i}" for i in (1, *range(10, 20))]
        assert seen.page.locator("#results button > span:first-child").all_inner_texts() == wanted
        assert seen.text("#found") == "11 rows found."
        seen.page.select_option("#order", "doubt")
        first = min((1, *range(10, 20)), key=lambda i: REPORT.rows.probabilities[i])
        seen.page.keyboard.press("Tab")
        seen.page.focus("#search")
        seen.page.keyboard.press("Enter")
        assert seen.text("#panel-title") == f"Why is row row-{first} here?"
        seen.page.click("#next")
        second = sorted((1, *range(10, 20)), key=lambda i: REPORT.rows.probabilities[i])[1]
        assert seen.text("#panel-title") == f"Why is row row-{second} here?"
        seen.page.click("#previous")
        seen.page.click("#previous")  # round to the end
        last = max((1, *range(10, 20)), key=lambda i: REPORT.rows.probabilities[i])
        assert seen.text("#panel-title") == f"Why is row row-{last} here?"
        seen.page.fill("#search", "nobody")
        assert seen.text("#found") == "0 rows found."
        seen.page.select_option("#order", "data")
        seen.page.fill("#search", "row-1")
        seen.page.uncheck(f"#cluster-filter input[value='{REPORT.rows.clusters[1]}']")
        assert seen.text("#found") == "6 rows found. The filters hide 5 more."
        seen.check()


def test_a_search_finds_the_row_of_just_this_name_first(browser, tmp_path):
    names = tuple(f"row-{60 - i}" for i in range(60))
    report = replace(REPORT, rows=replace(REPORT.rows, names=names), source=replace(REPORT.source, n_rows=99))
    with visit(browser, tmp_path, render(report)) as seen:
        seen.page.fill("#search", "row-5")
        assert seen.page.locator("#results button > span:first-child").first.inner_text() == "row-5"
        assert seen.text("#found") == "11 rows found. Not all rows of the data are in this page."
        seen.page.focus("#search")
        seen.page.keyboard.press("Enter")
        assert seen.text("#panel-title") == "Why is row row-5 here?"


def test_typical_rows_of_a_card_open(open_page):
    with open_page() as seen:
        button = seen.page.locator("#clusters button.row").nth(1)
        name = button.locator("span").first.inner_text()
        button.click()
        assert seen.text("#panel-title") == f"Why is row {name} here?"
        assert seen.page.evaluate("document.activeElement.id") == "panel-title"
        assert button.get_attribute("aria-current") == "true"
        seen.check()


def test_features_show_their_distribution(open_page):
    with open_page() as seen:
        seen.page.click("button.feature >> nth=2")
        assert seen.text("#feature-title") == "feature 2 in each cluster"
        seen.page.click("#feature-details summary")
        seen.page.locator("#feature-table td").first.wait_for()
        cells = seen.page.locator("#feature-table tbody td").all_inner_texts()
        counts = REPORT.features[2].values.counts
        assert [int(cell) for cell in cells] == counts.T.reshape(-1).tolist()
        seen.page.select_option("#feature", "3")
        assert seen.page.locator("#feature-table tbody th").all_inner_texts() == ["no", "yes"]
        seen.check()


def test_bins_that_have_what_is_far_away_say_so(browser, tmp_path):
    feature = REPORT.features[2]
    edges = feature.values.edges
    far = replace(feature, values=replace(feature.values, ends=(edges[0], 9e5)))
    report = replace(REPORT, features=(*REPORT.features[:2], far, REPORT.features[3]))
    with visit(browser, tmp_path, render(report)) as seen:
        seen.page.select_option("#feature", "2")
        seen.page.click("#feature-details summary")
        seen.page.locator("#feature-table td").first.wait_for()
        bins = seen.page.locator("#feature-table tbody th").all_inner_texts()
        shown = [*map(digits.number, edges)]
        assert bins[0] == f"{shown[0]} to {shown[1]}"
        assert bins[-1] == f"{shown[-2]} to 900000"


def test_zoom_and_back(open_page):
    with open_page() as seen:
        spread = "(([a, b]) => b - a)(document.getElementById('map-chart').layout.xaxis.range)"
        whole = seen.page.evaluate(spread)
        seen.page.click("#zoom-in")
        assert seen.page.evaluate(spread) == pytest.approx(0.6 * whole)
        seen.page.uncheck("#cluster-filter input[value='1']")  # a filter leaves the zoom alone
        assert seen.page.evaluate(spread) == pytest.approx(0.6 * whole)
        seen.page.click("#zoom-reset")
        assert seen.page.evaluate(spread) == pytest.approx(whole)
        seen.check()


def test_commands_are_copied(open_page):
    with open_page(permissions=["clipboard-read", "clipboard-write"]) as seen:
        seen.page.click("button.copy >> nth=0")
        seen.page.locator("button.copy", has_text="Copied").wait_for()
        assert seen.page.evaluate("navigator.clipboard.readText()") == REPORT.commands[0][1]
        seen.check()
    refuse = "navigator.clipboard.writeText = () => Promise.reject(new Error('no'))"
    with open_page(script=refuse) as seen:
        seen.page.click("button.copy >> nth=0")
        seen.page.locator("button.copy", has_text="Selected").wait_for()
        assert seen.page.evaluate("getSelection().toString()") == REPORT.commands[0][1]
        seen.check()


def focused(seen) -> SimpleNamespace:
    return SimpleNamespace(
        **seen.page.evaluate(
            """(() => {
              const { activeElement: e } = document;
              const style = getComputedStyle(e);
              return { id: e.id, tag: e.tagName, row: e.dataset.row ?? "", outline: style.outlineStyle };
            })()"""
        )
    )


def test_keyboard_alone_reaches_a_row_and_asks_against_a_rival(open_page):
    with open_page() as seen:
        press = seen.page.keyboard.press
        press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"
        passed = []
        while not passed or passed[-1].id != "search":
            press("Tab")
            passed.append(focused(seen))
            assert len(passed) < 80, passed
            assert passed[-1].outline != "none", passed[-1]  # where one is can be seen
        assert {"zoom-in", "certainty-from"} <= {one.id for one in passed}
        seen.page.keyboard.type("row-33")
        press("Tab")
        press("Tab")
        assert focused(seen).row == "33"
        press("Enter")
        assert focused(seen).id == "panel-title"
        assert "row-33: cluster 0, certainty" in seen.text("#announcer")
        press("Tab")
        assert focused(seen).id == "rival"
        press("ArrowDown")
        assert seen.rows() == expected(REPORT, 33, 0)
        press("Tab")
        press("Tab")
        assert focused(seen).id == "next"
        seen.page.fill("#search", "row-4")
        seen.page.focus("#next")
        press("Enter")
        assert seen.text("#panel-title") == "Why is row row-4 here?"
        assert focused(seen).id == "next"  # to go on from there
        seen.check()


def test_a_row_explained_for_another_cluster_is_said_to_be_against_its_own(browser, tmp_path):
    rows = REPORT.rows
    targets, nearest = rows.targets.copy(), rows.nearest.copy()
    targets[8], nearest[8] = rows.nearest[8], rows.clusters[8]
    report = replace(REPORT, rows=replace(rows, targets=targets, nearest=nearest))
    with visit(browser, tmp_path, render(report), address="#row=row-8") as seen:
        lead = " ".join(seen.text("#panel-lead").split())
        logit = digits.compared([float(rows.own.logits[8])])[0]
        own, other = rows.clusters[8], targets[8]
        assert lead.startswith(f"In cluster {own}, certainty")
        assert lead.endswith(f"Explained for cluster {other}. Evidence {logit} against cluster {own}.")
        seen.page.goto(seen.page.url.replace("row-8", "row-9"))
        assert "against all other clusters" in seen.text("#panel-lead")
