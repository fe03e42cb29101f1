"""Waterfall and image: what is drawn of a row is its relevance, and adds up to its logit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

import neonxai
from explained_data import CENTERS, X, explain_sparse
from neonxai import plots
from neonxai.plots import _style

GREYS = np.array([0.299, 0.587, 0.114])


def steps(ax):
    return np.array([[bar.get_x(), bar.get_width()] for bar in ax.patches])


def adds_up(ax, e, row):
    """Whether each bar starts where the last one ended, and the last but one ends at the logit."""
    bars = steps(ax)
    base = float(np.broadcast_to(e.base_value, len(e))[row])
    first = 1 if base else 0
    ends = bars[first:-1].sum(axis=1)
    starts = bars[first:-1, 0]
    return bool(
        np.allclose(starts, [base, *ends[:-1]], atol=1e-9)
        and np.isclose(ends[-1], e.logits[row], atol=1e-9)
        and bars[-1].tolist() == [0.0, e.logits[row]]
    )


@pytest.mark.parametrize("case", ["wine", "thirty clusters", "cancer", "one feature"])
def test_the_bars_lead_to_the_logit(cases, case):
    e, _ = cases(case)
    for row in (0, 7, -1):
        ax = plots.waterfall(e, row)
        assert adds_up(ax, e, row)
        shown = min(12, e.n_features)
        largest = np.argsort(-np.abs(e.relevance[row]), kind="stable")[:shown]
        np.testing.assert_array_equal(steps(ax)[:shown, 1], e.relevance[row][largest])
        names = [label.get_text().split(" = ")[0] for label in ax.get_yticklabels()[:shown]]
        if case == "wine":
            assert names == [e.feature_names[i] for i in largest]


def test_the_eye_sees_a_bar_moved(wine):
    ax = plots.waterfall(wine, 3)
    ax.patches[4].set_width(ax.patches[4].get_width() * 1.01)
    assert not adds_up(ax, wine, 3)


def test_what_belongs_to_no_feature_has_bars(wine):
    e = replace(wine, absorbed=wine.absorbed - 0.5, base_value=0.25, logits=wine.logits - 0.25)
    ax = plots.waterfall(e, 3)
    assert adds_up(ax, e, 3)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert (labels[0], labels[-2:]) == ("base value", ["absorbed", "logit"])
    assert steps(ax)[-2, 1] == -0.5
    assert [to_hex(ax.patches[i].get_facecolor()) for i in (0, -2)] == ["#8c8c8c"] * 2
    assert "absorbed" not in [label.get_text() for label in plots.waterfall(wine, 3).get_yticklabels()]


def test_a_document_leads_to_its_logit():
    e = explain_sparse(X, CENTERS)
    row = int(np.diff(X.indptr).argmax())
    ax = plots.waterfall(e, row, max_features=4)
    assert adds_up(ax, e, row)
    assert [label.get_text() for label in ax.get_yticklabels()][-2:] == ["absent terms", "logit"]
    assert adds_up(plots.waterfall(e, len(e) - 1), e, len(e) - 1)  # an empty document


def test_bars_stay_inside(cases):
    for case in ("wine", "cancer"):
        e, _ = cases(case)
        for row in range(0, 60, 7):
            ax = plots.waterfall(e, row)
            low, high = ax.get_xlim()
            ends = steps(ax).cumsum(axis=1)
            assert low <= ends.min() <= ends.max() <= high


def test_for_and_against_differ_without_color():
    red, blue = (GREYS @ to_rgb(color) for color in _style.sign_colors(np.array([1.0, -1.0])))
    assert blue - red > 0.15
    assert abs(GREYS @ to_rgb("#b2182b") - GREYS @ to_rgb("#2166ac")) < 0.15  # as the ends of RdBu would not


def test_outliers_are_called_so():
    from sklearn.neighbors import LocalOutlierFactor

    rows = np.vstack([np.random.default_rng(0).normal(size=(50, 2)), [[9.0, 9.0]]])
    e = neonxai.explain(LocalOutlierFactor(), rows)
    assert plots.sample(e, -1)[0].get_title(loc="right") == "row 50: outlier\nagainst inlier"
    assert plots.waterfall(e, 0).get_title(loc="left").endswith("row 0: outlier\nagainst inlier (its own)")
    counts = [f"inlier ({(e.labels == 1).sum()})", f"outlier ({(e.labels == -1).sum()})"]
    assert [text.get_text() for text in plots.map(e, doubt=0).get_legend().get_texts()] == counts
    assert [label.get_text() for label in plots.heatmap(e).get_yticklabels()] == counts


def test_signs_may_be_names_of_clusters():
    e = neonxai.explain(neonxai.Centroids([[0.0], [2.0]], cluster_names=[1, -1]), [[0.1], [1.9]])
    assert plots.sample(e, 0)[0].get_title(loc="right") == "row 0: cluster 1\nagainst cluster -1"
    e = neonxai.explain(neonxai.Centroids([[0.0], [2.0]], cluster_names=[-1, 0]), [[0.1], [1.9]])
    assert plots.sample(e, 0)[0].get_title(loc="right") == "row 0: cluster -1\nagainst cluster 0"


def test_pixels_are_where_they_were(cases):
    digits, _ = cases("digits")
    image_ax, ax = plots.image(digits, 3, shape=(8, 8))
    np.testing.assert_array_equal(image_ax.images[0].get_array(), digits.data[3].reshape(8, 8))
    np.testing.assert_array_equal(ax.images[0].get_array(), digits.relevance[3].reshape(8, 8))
    low, high = ax.images[0].get_clim()
    assert -low == high == np.abs(digits.relevance[3]).max()
    assert ax.images[0].get_array().sum() == pytest.approx(digits.logits[3], rel=1e-9)


def test_channels_are_added_up(cases):
    digits, _ = cases("digits")
    image_ax, ax = plots.image(digits, 3, shape=(4, 8, 2))
    np.testing.assert_allclose(ax.images[0].get_array(), digits.relevance[3].reshape(4, 8, 2).sum(axis=2))
    np.testing.assert_allclose(image_ax.images[0].get_array(), digits.data[3].reshape(4, 8, 2).mean(axis=2))


def struck(ax):
    return {tuple(map(int, place)) for points in ax.collections for place in points.get_offsets()}


def test_pixels_against_are_struck(cases):
    digits, _ = cases("digits")
    values = digits.relevance[3].reshape(8, 8)
    ax = plots.image(digits, 3, shape=(8, 8))[1]
    expected = {(x, y) for y, x in zip(*np.nonzero(values < -0.05 * np.abs(values).max()), strict=True)}
    assert struck(ax) == expected != set()
    many = neonxai.explain(neonxai.Centroids(np.eye(2, 90_000)), np.eye(2, 90_000))
    assert not plots.image(many, 0, shape=(300, 300))[1].collections  # too small to be seen


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"shape": (8, 9)}, ValueError, r"shape=\(8, 9\) is 72 pixels, but there are 64 features"),
        ({"shape": (64,)}, ValueError, r"shape=\(64,\)"),
        ({"shape": (8.0, 8.0)}, TypeError, "no tuple of whole numbers"),
        ({"shape": 8}, TypeError, "shape=8 is no tuple"),
        ({"shape": (8, 8), "axes": [None]}, ValueError, "an image has two panels"),
    ],
)
def test_bad_shapes(cases, options, error, message):
    with pytest.raises(error, match=message):
        plots.image(cases("digits")[0], **options)
