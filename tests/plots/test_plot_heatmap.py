"""The heatmap's cells are the summary, colored by sign."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neonxai
from neonxai import plots
from neonxai.plots.heatmap import _numbers


def values(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def signs_agree(ax):
    """Whether cells of a relevance above 0 are redder than blue, and those below bluer than red."""
    image = ax.images[0]
    red, _, blue, _ = np.moveaxis(image.cmap(image.norm(values(ax))), -1, 0)
    clear = np.abs(values(ax)) > 0.02 * np.abs(values(ax)).max()  # nearer to 0, RdBu is white to the eye
    return bool((np.sign(red - blue) == np.sign(values(ax)))[clear].all())


@pytest.mark.parametrize("statistic", ["mean", "mean_abs", "share"])
def test_the_cells_are_the_summary(wine, statistic):
    ax = plots.heatmap(wine, statistic=statistic, order="given")
    np.testing.assert_array_equal(values(ax), wine.summary_values("cluster", statistic))
    assert ticks(ax.xaxis) == list(wine.feature_names)
    sizes = np.bincount(wine.labels)
    assert ticks(ax.yaxis) == [f"{k} ({sizes[k]})" for k in range(3)]


def both_signs(wine):
    return replace(wine, relevance=np.random.default_rng(0).normal(size=wine.relevance.shape))


def test_signed_colors_are_centered_at_zero(wine):
    ax = plots.heatmap(both_signs(wine))
    low, high = ax.images[0].get_clim()
    assert -low == high == np.abs(values(ax)).max()
    assert (values(ax) < 0).any()
    assert signs_agree(ax)


def test_swapped_colors_are_noticed(wine):
    ax = plots.heatmap(both_signs(wine))
    ax.images[0].set_cmap("RdBu")
    assert not signs_agree(ax)


@pytest.mark.parametrize("statistic", ["mean_abs", "share"])
def test_unsigned_colors_start_at_zero(wine, statistic):
    ax = plots.heatmap(wine, statistic=statistic)
    assert ax.images[0].get_clim() == (0.0, values(ax).max())


@pytest.mark.parametrize(
    ("statistic", "unit"),
    [("mean", "mean relevance"), ("mean_abs", "mean |relevance|"), ("share", "share of |relevance|")],
)
def test_the_color_bar_has_a_unit(wine, statistic, unit):
    figure = plots.heatmap(wine, statistic=statistic).figure
    label = " ".join(figure.axes[1].get_ylabel().split())
    assert label == unit + (" (sums to 1)" if statistic == "share" else " (unit of the logit)")


def test_the_most_relevant_features_are_kept_in_order(cases):
    digits, _ = cases("digits")
    ax = plots.heatmap(digits, max_features=10, order="given")
    kept = np.sort(np.argsort(-np.abs(digits.relevance).mean(axis=0), kind="stable")[:10])
    assert ticks(ax.xaxis) == [digits.feature_names[i] for i in kept]
    np.testing.assert_array_equal(values(ax), digits.summary_values()[:, kept])
    assert "the 10 most relevant of 64 features" in " ".join(ax.get_title().split())
    assert "of 64" not in plots.heatmap(digits, max_features=64).get_title()


def test_a_cluster_without_rows_is_hatched(wine):
    ax = plots.heatmap(wine[wine.labels != 1], order="given")
    assert np.isnan(values(ax)[1]).all()
    assert [(patch.get_y(), patch.get_hatch()) for patch in ax.patches] == [(0.5, "///")]
    assert ticks(ax.yaxis)[1] == "1 (0)"
    assert not plots.heatmap(wine).patches


def test_the_numbers_are_those_of_the_cells(wine):
    ax = plots.heatmap(wine)
    shown = {text.get_position(): text.get_text().replace("−", "-") for text in ax.texts}
    assert len(shown) == 39
    # Two digits of the largest: wine's are between 0.1 and 1, so 0.005 is the most that rounding takes.
    assert all(abs(float(text) - values(ax)[y, x]) <= 0.005 for (x, y), text in shown.items())


@pytest.mark.parametrize(
    ("peak", "texts"),
    [
        (0.0, ["0.0", "0.0"]),
        (3.21, ["3.2", "1.6"]),
        (0.0321, ["0.032", "0.016"]),
        (1234.5, ["1234", "617"]),
        (3.21e9, ["3e+09", "2e+09"]),
        (3.21e-9, ["3e−09", "2e−09"]),
    ],
)
def test_numbers_of_every_size(peak, texts):
    assert _numbers(np.array([[peak, peak / 2]])) == [texts]


def test_requested_clusters_are_mentioned(wine):
    other = replace(wine, targets=wine.competitors, competitors=wine.labels)
    assert "for the requested clusters" in " ".join(plots.heatmap(other).get_title().split())


def test_one_requested_cluster_is_named(wine):
    other = replace(wine, targets=np.full(len(wine), 2))
    assert " ".join(plots.heatmap(other).get_title().split()).endswith("of 178 rows, for cluster 2 (asked)")
    assert "asked" not in plots.heatmap(wine).get_title()
    named = replace(wine, cluster_names=("a", "b", "US$"), labels=np.array(["a", "b", "US$"])[wine.labels])
    other = replace(named, targets=np.full(len(wine), "US$"))
    assert r"for cluster US\$ (asked)" in " ".join(plots.heatmap(other).get_title().split())


def test_one_row_is_counted_as_one(wine):
    assert plots.heatmap(wine[7]).get_title() == "mean relevance of 1 row"
    assert plots.heatmap(wine[7:9]).get_title() == "mean relevance of 2 rows"


def test_noise_alone_is_drawn():
    e = neonxai.explain_labels([-1, 0, 0, 3, 3], [[9.0], [0.0], [0.1], [3.0], [3.1]])
    assert ticks(plots.heatmap(e[:1]).yaxis)[0].startswith("noise (1)")


def test_many_clusters_are_not_all_named(find_faults):
    centers = np.arange(150.0)[:, None] * [[1.0, 2.0]]
    ax = plots.heatmap(neonxai.explain(neonxai.Centroids(centers), centers), order="given")
    assert 2 < len(ticks(ax.yaxis)) < 150
    assert ticks(ax.yaxis)[1] == f"{int(ax.get_yticks()[1])} (1)"
    assert find_faults(ax.figure) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "median"}, "statistic='median' is not known"),
        ({"max_features": -1}, "max_features=-1"),
        ({"order": "size"}, "order='size' is not known"),
    ],
)
def test_bad_options(wine, options, message):
    with pytest.raises(ValueError, match=message):
        plots.heatmap(wine, **options)
