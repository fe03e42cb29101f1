"""A sample's bars are its relevances, to the bit, and add up to its logit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

import neonxai
from neonxai import plots

RED, BLUE, GREY = "#b2182b", "#4393c3", "#8c8c8c"


def bars(ax):
    return [(patch.get_width(), to_hex(patch.get_facecolor())) for patch in ax.patches]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def is_true_to(ax, explanation, row):
    """Whether the bars are red above 0 and blue below, unless grey, and add up to the logit."""
    lengths = np.array([length for length, _ in bars(ax)])
    # Each addition of n terms rounds by half an ulp of what has been summed up so far, at most Σ|R|.
    tolerance = (
        2 * len(explanation.relevance[row]) * np.finfo(float).eps * np.abs(explanation.relevance[row]).sum()
    )
    signs = all(color in (GREY, RED if length >= 0 else BLUE) for length, color in bars(ax))
    return signs and abs(lengths.sum() - explanation.logits[row]) <= tolerance


@pytest.mark.parametrize("row", [0, 59, 177, -1])
@pytest.mark.parametrize("order", ["relevance", "given"])
def test_the_bars_are_the_relevances(wine, row, order):
    _, ax = plots.sample(wine, row, order=order)
    ranks = np.argsort(-np.abs(wine.relevance[row])) if order == "relevance" else np.arange(13)
    assert [length for length, _ in bars(ax)] == wine.relevance[row, ranks].tolist()
    assert is_true_to(ax, wine, row)


@pytest.mark.parametrize("case", ["cancer", "digits", "thirty clusters", "one feature"])
def test_the_bars_add_up_to_the_logit(cases, case):
    explanation, _ = cases(case)
    for row in (0, 7, 31):
        assert is_true_to(plots.sample(explanation, row, max_features=5)[1], explanation, row)


def test_a_spoilt_bar_is_noticed(wine):
    _, ax = plots.sample(wine)
    ax.patches[4].set_width(ax.patches[4].get_width() * (1 + 1e-9))
    assert not is_true_to(ax, wine, 0)


def test_a_wrong_color_is_noticed(wine):
    _, ax = plots.sample(wine)
    ax.patches[0].set_facecolor(BLUE if wine.relevance[0][np.abs(wine.relevance[0]).argmax()] > 0 else RED)
    assert not is_true_to(ax, wine, 0)


def test_the_other_features_share_a_bar(wine):
    values_ax, ax = plots.sample(wine, 3, max_features=4)
    ranks = np.argsort(-np.abs(wine.relevance[3]))
    assert len(bars(ax)) == 5
    assert bars(ax)[-1][0] == wine.relevance[3, ranks[4:]].sum()
    assert names(values_ax)[-1] == "9 other features"
    assert names(plots.sample(wine, 3, max_features=12)[0])[-1] == "1 other feature"
    assert len(bars(plots.sample(wine, 3, max_features=13)[1])) == 13


def test_the_given_order_keeps_the_most_relevant(wine):
    values_ax, ax = plots.sample(wine, 3, max_features=4, order="given")
    kept = np.sort(np.argsort(-np.abs(wine.relevance[3]))[:4])
    assert [length for length, _ in bars(ax)][:4] == wine.relevance[3, kept].tolist()
    assert [name.split(" = ")[0] for name in names(values_ax)[:4]] == [wine.feature_names[i] for i in kept]


def test_what_belongs_to_no_feature_is_grey(wine):
    changed = replace(wine, absorbed=wine.absorbed - 0.25, base_value=0.5, logits=wine.logits + 0.25)
    values_ax, ax = plots.sample(changed, 8)
    assert bars(ax)[-2:] == [(-0.25, GREY), (0.5, GREY)]
    assert names(values_ax)[-2:] == ["absorbed", "base value"]
    assert is_true_to(ax, changed, 8)
    assert GREY not in [color for _, color in bars(plots.sample(wine, 8)[1])]


def test_values_stand_beside_the_names_and_in_the_range(wine):
    values_ax, _ = plots.sample(wine, 3, order="given")
    assert names(values_ax)[1] == f"malic_acid = {wine.data[3, 1]:.4g}"
    dots = {line.get_ydata()[0]: line.get_xdata()[0] for line in values_ax.lines if line.get_marker() == "o"}
    low, high = wine.data.min(axis=0), wine.data.max(axis=0)
    assert len(dots) == 13
    # The data have been scaled to 0..1, so subtraction and division round by an ulp each.
    np.testing.assert_allclose([dots[i] for i in range(13)], (wine.data[3] - low) / (high - low), rtol=1e-14)


@pytest.mark.parametrize("case", ["wine", "digits", "cancer"])
def test_a_figure_of_its_own_has_room_for_whole_names(cases, case):
    explanation, _ = cases(case)
    for row in (3, 30):
        values_ax, _ = plots.sample(explanation, row, max_features=100)
        assert {name.split(" = ")[0] for name in names(values_ax)} == set(explanation.feature_names)


def test_a_constant_feature_has_no_dot(wine):
    data = wine.data.copy()
    data[:, 2] = 1000.0
    values_ax, _ = plots.sample(replace(wine, data=data), 3, order="given")
    assert names(values_ax)[2] == "ash = 1000"
    assert 2 not in {line.get_ydata()[0] for line in values_ax.lines}


def test_one_row_has_no_range(wine, find_faults):
    values_ax, ax = plots.sample(wine[60])
    assert len(values_ax.lines) == 0
    assert len(values_ax.get_xticks()) == 0
    assert is_true_to(ax, wine[60], 0)
    assert find_faults(ax.figure) == []


def test_the_title_says_what_is_explained(wine):
    k, rival = wine.labels[5], wine.competitors[5]
    values_ax, ax = plots.sample(wine, 5)
    assert values_ax.get_title(loc="right") == f"row 5: cluster {k}\nagainst cluster {rival}"
    assert ax.get_title(loc="left").split("\n")[0] == f"logit {wine.logits[5]:.4g}"
    assert ax.get_title(loc="left").split("\n")[1] == f"probability {wine.probabilities[5]:.4g}"
    other = replace(wine, targets=np.full(len(wine), rival), competitors=np.full(len(wine), k))
    title = plots.sample(other, 5)[0].get_title(loc="right")
    assert title == f"row 5: cluster {rival}\nagainst cluster {k} (its own)"
    third = next(c for c in wine.cluster_names if c not in (k, rival))
    other = replace(wine, targets=np.full(len(wine), rival), competitors=np.full(len(wine), third))
    title = plots.sample(other, 5)[0].get_title(loc="right")
    assert title == f"row 5: cluster {rival}\nagainst cluster {third} (it is in {k})"


def test_values_in_other_units_are_shown(wine):
    shown = 1000 + 7 * wine.data
    values_ax, ax = plots.sample(wine, 5, values=shown)
    labels = [label.get_text() for label in values_ax.get_yticklabels()]
    strongest = int(np.abs(wine.relevance[5]).argmax())
    assert any(label.endswith(f"= {shown[5, strongest]:.4g}") for label in labels)
    assert is_true_to(ax, wine, 5)
    with pytest.raises(ValueError, match="values has 3 rows, but 178 were explained"):
        plots.sample(wine, 5, values=shown[:3])
    with pytest.raises(ValueError, match=r"values cannot be shown .* NaN in row 0"):
        plots.sample(wine, 5, values=np.full_like(shown, np.nan))
    with pytest.raises(ValueError, match=r"values cannot be shown .* 12 features"):
        plots.sample(wine, 5, values=shown[:, :12])
    with pytest.raises(TypeError, match=r"values cannot be shown .*'ash'"):
        plots.sample(wine, 5, values=pd.DataFrame(shown, columns=wine.feature_names).assign(ash="grey"))
    values_ax, _ = wine.plot.sample(5, values=shown)
    assert [label.get_text() for label in values_ax.get_yticklabels()] == labels


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_values_in_a_frame_find_their_columns(wine, kind):
    columns = {name: 5 * wine.data[:, i] for i, name in enumerate(wine.feature_names)}
    values_ax, _ = plots.sample(wine, 5, values=kind(dict(reversed(columns.items()))))
    assert names(values_ax) == names(plots.sample(wine, 5, values=5 * wine.data)[0])
    assert names(values_ax) != names(plots.sample(wine, 5)[0])


def test_values_decide_the_range(wine):
    values_ax, _ = plots.sample(wine, 5, values=wine.data**3, order="given")
    (dot,) = (line for line in values_ax.lines if line.get_marker() == "o" and line.get_ydata()[0] == 0)
    cubes = wine.data[:, 0] ** 3
    assert dot.get_xdata()[0] == pytest.approx((cubes[5] - cubes.min()) / np.ptp(cubes), rel=1e-12)


def test_values_in_another_order_are_refused(wine):
    index = [f"wine-{i:03d}" for i in range(178)]
    named = replace(wine, index=pd.Index(index))
    values = pd.DataFrame(wine.data, columns=wine.feature_names, index=index)
    plots.sample(named, 5, values=values)
    plots.sample(named, 5, values=values.reset_index(drop=True))  # other names say nothing of the order
    with pytest.raises(ValueError, match=r"another order: 'wine-177' comes first, not 'wine-000'"):
        plots.sample(named, 5, values=values[::-1])


def test_a_row_by_its_name(wine):
    named = replace(wine, index=np.array([f"wine-{i:03d}" for i in range(178)]))
    by_name, by_position = plots.sample(named, "wine-042")[1], plots.sample(named, 42)[1]
    assert [b.get_width() for b in by_name.patches] == [b.get_width() for b in by_position.patches]
    assert plots.sample(named, "wine-042")[0].get_title(loc="right").startswith("wine-042: cluster")
    with pytest.raises(ValueError, match=r"row='wine-42' is the name of 0 rows. Do you mean .*'wine-042'"):
        plots.sample(named, "wine-42")
    with pytest.raises(ValueError, match=r"name of 0 rows. The first is 'wine-000'"):
        plots.sample(named, "?")
    with pytest.raises(ValueError, match=r"is the name of 178 rows. They are at the positions 0, 1, 2"):
        plots.sample(replace(wine, index=np.full(178, "same")), "same")
    with pytest.raises(ValueError, match=r"is the name of 0 rows: explanation.index is None"):
        plots.sample(wine, "60")


@pytest.mark.parametrize(
    ("index", "title"),
    [
        (None, "row 5"),
        (pd.RangeIndex(178), "row 5"),
        (np.arange(178), "row 5"),
        (pd.RangeIndex(100, 278), "index 105"),
        (pd.Index([f"US$ {i}" for i in range(178)]), r"US\$ 5"),
        (pd.date_range("2024-01-01", periods=178), "2024-01-06"),
        (pd.date_range("2024-01-01", periods=178, freq="h"), "2024-01-01 05:00:00"),
        (pd.MultiIndex.from_product([["a", "b"], range(89)]), "('a', 5)"),
    ],
)
def test_a_row_is_called_what_its_index_calls_it(wine, index, title):
    named = replace(wine, index=index)
    assert plots.sample(named, 5)[0].get_title(loc="right").partition(": cluster")[0] == title
    if index is not None:
        name = (
            title.replace("\\", "").split(" ", 1)[1]
            if title[:3] in ("row", "ind")
            else title.replace("\\", "")
        )
        assert plots.sample(named, name)[0].get_title(loc="right").startswith(title)


def test_days_have_no_midnight(wine):
    named = replace(wine, index=pd.date_range("2024-01-01", periods=178))
    for name in ("2024-01-06", "2024-01-06 00:00:00"):
        assert plots.sample(named, name)[0].get_title(loc="right").startswith("2024-01-06: cluster")
    days = pd.DataFrame({"day": pd.to_datetime(["2024-01-06 00:00", "2024-01-06 07:30"]), "x": [1.0, 2.0]})
    e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 1.0]]), [[0.0, 1.0], [2.0, 1.0]])
    e = replace(e, data=days, feature_names=("day", "x"))
    labels = [plots.sample(e, row)[0].get_yticklabels()[0].get_text() for row in (0, 1)]
    assert labels == ["day = 2024-01-06", "day = 2024-01-06 07:30:00"]


def test_a_long_name_is_shortened_and_the_cluster_is_not(wine, find_faults):
    named = replace(
        wine, index=np.array([f"the customer whose name is {'so ' * 40}long {i}" for i in range(178)])
    )
    k = wine.labels[5]
    for axes in (None, plt.subplots(1, 2, figsize=(4, 3), layout="constrained")[1]):
        values_ax, _ = plots.sample(named, 5, axes=axes)
        first = values_ax.get_title(loc="right").split("\n")[0]
        assert first.startswith("the cu")
        assert "…" in first
        assert first.endswith(f"long 5: cluster {k}")
        assert find_faults(values_ax.figure) == []


def test_numbers_of_one_row_have_the_same_decimals(wine):
    _, ax = plots.sample(wine, 5)
    texts = [text.get_text() for text in ax.texts if text.get_text() != "≈0"]
    assert len(texts) > 5
    assert len({len(text.split(".")[1]) for text in texts}) == 1
    assert [float(text.replace("\N{MINUS SIGN}", "-")) for text in texts] == pytest.approx(
        [bar.get_width() for bar in ax.patches][: len(texts)], abs=0.51 * 10.0 ** -len(texts[0].split(".")[1])
    )


def test_tiny_relevance_is_no_exponent(wine):
    relevance = wine.relevance.copy()
    relevance[5] = [0.145, -0.02, 4.39e-5, 0.0, *[1e-7] * 9]
    _, ax = plots.sample(replace(wine, relevance=relevance), 5, order="given")
    assert [text.get_text() for text in ax.texts] == ["+0.145", "−0.020", "≈0", "0", *["≈0"] * 9]


@pytest.mark.parametrize("row", [178, -179, 10**30])
def test_a_row_out_of_range_names_n(wine, row):
    with pytest.raises(ValueError, match=rf"row={row} .*n=178 rows; give -178 to 177"):
        plots.sample(wine, row)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"row": 1.5}, TypeError, "row=1.5 is a float"),
        ({"order": "size"}, ValueError, "order='size' is not known"),
        ({"max_features": 0}, ValueError, "max_features=0 leaves nothing"),
        ({"max_features": 2.0}, TypeError, "max_features=2.0 is no whole number"),
        ({"max_features": True}, TypeError, "max_features=True is no whole number"),
        ({"axes": [None]}, ValueError, "axes holds 1 Axes"),
    ],
)
def test_bad_options(wine, options, error, message):
    with pytest.raises(error, match=message):
        plots.sample(wine, **options)
