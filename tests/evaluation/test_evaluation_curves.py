"""Curves of deletion and insertion: worked by hand, against a slow form, and on explanations that are bad."""

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler

import neonxai
from neonxai import Centroids, ClusterExplainer
from neonxai.evaluation import compare, deletion_curve, flipping, insertion_curve

REPLACEMENTS = ["mean", "rows", "cluster"]


def scaled(load):
    return StandardScaler().fit_transform(load().data)


def k_means(X, k=3):
    return ClusterExplainer(KMeans(k, n_init=3, random_state=0)).fit(X)


WINE = scaled(load_wine)
EXPLAINER = k_means(WINE)


# By hand: centers (0, 0) and (4, 2).

CORNERS = ClusterExplainer(Centroids([[0, 0], [4, 2]])).fit([[0, 0]])


def test_deletion_by_hand():
    """From (0, 0), R = (16, 4): by way of (3, 0), f = 1 + 4 − 9 = −4, to (3, 2), f = 1 − 13 = −12."""
    curve = deletion_curve(CORNERS, [[0, 0]], replacement=[3, 2])
    assert curve.kind == "deletion"
    assert curve.steps.tolist() == [0, 1, 2]
    assert curve.logits.tolist() == [20, -4, -12]
    assert curve.assigned.tolist() == [1, 0, 0]
    assert curve.area == (20 - 4) / 4 + (-4 - 12) / 4
    assert np.isnan(curve.standard_error)


def test_the_other_order_by_hand():
    """By way of (0, 2), f = 16 − 4 = 12."""
    for asked in ({"order": "least"}, {"relevance": [[4.0, 16.0]]}):
        curve = deletion_curve(CORNERS, [[0, 0]], replacement=[3, 2], **asked)
        assert curve.logits.tolist() == [20, 12, -12]
        assert curve.area == 32 / 4 + 0


def test_insertion_by_hand():
    curve = insertion_curve(CORNERS, [[0, 0]], replacement=[3, 2])
    assert curve.logits.tolist() == [-12, 12, 20]
    assert curve.assigned.tolist() == [0, 1, 1]
    assert curve.area == 0 + 32 / 4


def test_two_rows_and_their_spread_by_hand():
    """(4, 2) is in cluster 1, f = 20: by way of (3, 2), f = 13 − 1 = 12, and it stays there."""
    curve = deletion_curve(CORNERS, [[0, 0], [4, 2]], replacement=[3, 2])
    assert curve.logits.tolist() == [20, (-4 + 12) / 2, 0]
    assert curve.assigned.tolist() == [1, 0.5, 0.5]
    assert curve.areas.tolist() == [0, (20 + 12) / 4 + (12 + 12) / 4]
    assert curve.standard_error == pytest.approx(7 / 1)  # |a − b| / 2 for two


def test_the_rivals_mean_and_the_mean_by_hand():
    background = [[0, 0], [3, 1], [5, 1], [0, 2]]
    by_rival = deletion_curve(CORNERS, [[0, 0]], replacement="cluster", background=background)
    assert by_rival.logits.tolist() == [20, 0 + 4 - 16, 0 + 1 - 17]  # (4, 0), (4, 1)
    by_mean = deletion_curve(CORNERS, [[0, 0]], background=background)
    assert by_mean.logits.tolist() == [20, 4 + 4 - 4, 4 + 1 - 5]  # (2, 0), (2, 1)


def test_a_target_and_a_rival_that_are_asked_for():
    explainer = ClusterExplainer(Centroids([[0, 0], [4, 2], [0, 10]])).fit([[0, 0]])
    asked = {"replacement": [3, 2]}
    against = deletion_curve(explainer, [[0, 0]], against=2, **asked)
    # (0, 0): 100; R = (0, 100), so first (0, 2): 64 − 4; then (3, 2): 9 + 64 − 13.
    assert against.logits.tolist() == [100, 60, 60]
    other = deletion_curve(explainer, [[0, 0]], target=1, **asked)
    assert other.logits[0] == -20
    assert other.assigned.tolist()[0] == 0
    e = explainer.explain([[0, 0]], target=1)
    assert deletion_curve(explainer, [[0, 0]], e, **asked).logits.tolist() == other.logits.tolist()
    each = deletion_curve(explainer, [[0, 0], [0, 0]], target=[1, 0], against=[0, 2], **asked)
    assert each.logits[0] == (100 - 20) / 2


def test_equal_relevances_come_in_random_order():
    """A hundred equal rows: if the first column always came first, the middle would be −4, else 12."""
    curve = deletion_curve(CORNERS, np.zeros((400, 2)), np.ones((400, 2)), replacement=[3, 2])
    assert curve.logits[1] == pytest.approx(4, abs=4 * 8 / np.sqrt(400))
    again = deletion_curve(CORNERS, np.zeros((400, 2)), np.ones((400, 2)), replacement=[3, 2])
    assert np.array_equal(curve.areas, again.areas)


# Against a form that can be read: row by row, from the centers.


def slow_areas(centers, X, relevance, other):
    """f of the nearest center at first, against the nearest of the others, at every step of every row."""
    areas = []
    for x, R, y in zip(X, relevance, other, strict=True):
        c = np.argmin(((x - centers) ** 2).sum(axis=1))
        f, x = [], x.copy()
        for feature in [None, *np.argsort(-R)]:
            if feature is not None:
                x[feature] = y[feature]
            d = ((x - centers) ** 2).sum(axis=1)
            f.append(np.delete(d, c).min() - d[c])
        areas.append(np.mean([(a + b) / 2 for a, b in pairwise(f)]))
    return np.array(areas)


def rivals_mean(centers, X):
    d = ((X[:, None] - centers) ** 2).sum(axis=2)
    own, rival = np.argsort(d, axis=1)[:, :2].T
    return np.array([X[own == k].mean(axis=0) for k in rival])


def test_areas_are_those_of_the_slow_form():
    centers, R = EXPLAINER.model_.cluster_centers_, EXPLAINER.transform(WINE)
    means = np.broadcast_to(WINE.mean(axis=0), WINE.shape)
    # Rounding: some ten additions of numbers around 100.
    for asked, other in (("mean", means), ("cluster", rivals_mean(centers, WINE)), (WINE[::-1], WINE[::-1])):
        found = deletion_curve(EXPLAINER, WINE, replacement=asked).areas
        np.testing.assert_allclose(found, slow_areas(centers, WINE, R, other), rtol=0, atol=1e-11)


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_insertion_is_deletion_backwards(replacement):
    asked = {"replacement": replacement, "random_state": 3}
    there = insertion_curve(EXPLAINER, WINE, **asked)
    back = deletion_curve(EXPLAINER, WINE, order="least", **asked)
    np.testing.assert_allclose(there.logits, back.logits[::-1], rtol=1e-12)
    np.testing.assert_allclose(there.areas, back.areas, rtol=0, atol=1e-11)
    assert not np.allclose(there.areas, deletion_curve(EXPLAINER, WINE, **asked).areas)


def test_rows_are_drawn_whole_and_averaged():
    one = deletion_curve(EXPLAINER, WINE, replacement="rows", background=WINE[7:8], n_draws=3)
    np.testing.assert_allclose(
        one.areas, deletion_curve(EXPLAINER, WINE, replacement=WINE[7]).areas, rtol=1e-12
    )
    two = deletion_curve(CORNERS, [[0, 0]], replacement="rows", background=[[3, 2], [0, 0]], n_draws=4000)
    # All features of a draw come from one row: f is 20 or −12 in the end, and 20 or −4 before, half of each.
    error = 4 * 16 / np.sqrt(4000)
    np.testing.assert_allclose(two.logits, [20, 8, 4], rtol=0, atol=error)


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_tiles_change_nothing(replacement, monkeypatch):
    whole = insertion_curve(EXPLAINER, WINE, replacement=replacement)
    monkeypatch.setattr(flipping, "_TILE_VALUES", 500)
    tiled = insertion_curve(EXPLAINER, WINE, replacement=replacement)
    np.testing.assert_allclose(tiled.areas, whole.areas, rtol=0, atol=1e-11)
    np.testing.assert_allclose(tiled.logits, whole.logits, rtol=0, atol=1e-11)
    assert np.array_equal(tiled.assigned, whole.assigned)


def test_fewer_steps():
    curve = deletion_curve(EXPLAINER, WINE, n_steps=4)
    every = deletion_curve(EXPLAINER, WINE)
    assert curve.steps.tolist() == [0, 3, 6, 10, 13]
    np.testing.assert_allclose(curve.logits, every.logits[curve.steps], rtol=1e-12)
    wide = np.random.default_rng(0).normal(size=(8, 200))
    curve = deletion_curve(k_means(wide, 2), wide)
    assert len(curve.steps) == 65
    assert curve.steps[-1] == 200


# Explanations that are bad are rejected.


def tells_the_truth(explainer, X, relevance, replacement):
    """Whether both areas are better than a random order's by four standard errors of the difference."""
    chance = np.random.default_rng(5).random(X.shape)
    verdicts = []
    for curve_of, sign in ((deletion_curve, 1), (insertion_curve, -1)):
        asked = {"replacement": replacement, "random_state": 1}
        better = sign * (
            curve_of(explainer, X, chance, **asked).areas - curve_of(explainer, X, relevance, **asked).areas
        )
        verdicts.append(better.mean() > 4 * better.std() / np.sqrt(len(better)))
    return all(verdicts)


@pytest.mark.parametrize("replacement", REPLACEMENTS)
@pytest.mark.parametrize(("load", "k"), [(load_wine, 3), (load_iris, 3), (load_breast_cancer, 2)])
def test_bad_explanations_are_rejected(load, k, replacement):
    X = scaled(load)[::2]
    explainer = k_means(X, k)
    R = explainer.transform(X)
    bad = {
        "by chance": np.random.default_rng(9).random(X.shape),
        "reversed": -R,
        "constant": np.ones_like(R),
    }
    assert tells_the_truth(explainer, X, None, replacement)
    assert {name for name, each in bad.items() if tells_the_truth(explainer, X, each, replacement)} == set()
    # Other rows' relevance knows which features matter in general, and so more than chance does.
    bad["of other rows"] = np.random.default_rng(9).permutation(R)
    found = compare(explainer, X, bad, replacement=replacement)
    assert min(found.deletion, key=lambda name: found.deletion[name].area) == "neon"
    assert max(found.insertion, key=lambda name: found.insertion[name].area) == "neon"


# Whatever is explained.


@pytest.mark.parametrize("model", [GaussianMixture(3, random_state=0), DBSCAN(eps=2.3)])
def test_other_families(model):
    explainer = ClusterExplainer(model).fit(WINE)
    curve = deletion_curve(explainer, WINE)
    chance = deletion_curve(explainer, WINE, np.random.default_rng(0).random(WINE.shape))
    assert curve.area < chance.area
    assert curve.assigned[0] == 1
    assert curve.logits[0] == pytest.approx(explainer.explain(WINE).logits.mean(), rel=1e-12)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_pipeline_of_a_frame(kind):
    """Behind a step that is not affine, the raw columns are replaced; in any order."""
    bunch = load_wine()
    columns = {name: bunch.data[:, i] for i, name in enumerate(bunch.feature_names)}
    frame = pd.DataFrame(columns)
    pipeline = make_pipeline(PowerTransformer(), KMeans(3, n_init=3, random_state=0)).fit(frame)
    explainer = ClusterExplainer(pipeline).fit(frame)
    curve = deletion_curve(explainer, kind(dict(reversed(columns.items()))))
    mean = frame.mean()
    for step, count in ((1, 1), (13, 13)):
        e = explainer.explain(frame)
        mixed = bunch.data.copy()
        for row, order in enumerate(np.argsort(-e.relevance, axis=1)):
            mixed[row, order[:count]] = mean.to_numpy()[order[:count]]
        f = explainer.explain(pd.DataFrame(mixed, columns=frame.columns), target=e.labels).logits
        assert curve.logits[step] == pytest.approx(f.mean(), rel=1e-9)


def test_a_frame_and_float32_and_the_input_is_left_alone():
    frame = pd.DataFrame(WINE, columns=[f"c{i}" for i in range(13)])
    explainer = k_means(frame)
    before = frame.copy()
    curve = deletion_curve(explainer, frame[frame.columns[::-1]])
    pd.testing.assert_frame_equal(frame, before)
    np.testing.assert_allclose(curve.areas, deletion_curve(EXPLAINER, WINE).areas, rtol=1e-9)
    single = deletion_curve(EXPLAINER, WINE.astype(np.float32))
    assert single.area == pytest.approx(curve.area, rel=1e-4)


# Pictures, tables.


def test_plot_draws_the_curve():
    from matplotlib import pyplot as plt

    curve = deletion_curve(EXPLAINER, WINE)
    ax = curve.plot()
    assert np.array_equal(ax.lines[0].get_xydata(), np.column_stack([curve.steps, curve.logits]))
    assert ax.get_xlabel() == "features replaced"
    given = plt.figure().add_subplot()
    assert insertion_curve(EXPLAINER, WINE).plot(given) is given
    assert given.get_xlabel() == "features put back"
    plt.close("all")
    assert repr(curve).startswith("Curve(deletion of 13 features, 178 rows: area ")


def test_comparison_table_and_plot():
    from matplotlib import pyplot as plt

    frame = pl.DataFrame(WINE, schema=[f"c{i}" for i in range(13)])
    found = compare(
        EXPLAINER,
        frame,
        {"size": lambda X: np.abs(X.to_numpy()), "e": neonxai.explain(EXPLAINER.model_, WINE)},
    )
    table = found.table()
    assert isinstance(table, pl.DataFrame)
    assert table["method"].to_list() == ["neon", "size", "e", "random"]
    # Rows of another layout in memory may be summed in another order.
    assert table["deletion"].to_list()[0] == pytest.approx(deletion_curve(EXPLAINER, WINE).area, rel=1e-12)
    assert table["deletion"].to_list()[2] == pytest.approx(table["deletion"].to_list()[0], rel=1e-12)
    assert table["insertion_error"].to_list()[1] == found.insertion["size"].standard_error
    gain = found.deletion["random"].areas - found.deletion["size"].areas
    assert table["deletion_gain"].to_list()[1] == gain.mean()
    assert table["deletion_gain"].to_list()[3] == 0
    assert isinstance(found.table("pandas"), pd.DataFrame)
    left, right = found.plot()
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["neon", "size", "e", "random"]
    assert right.get_xlabel() == "features put back"
    plt.close("all")


def covered(ax):
    """Whether the legend lies on what is drawn, or is cut by the figure's edge."""
    ax.figure.canvas.draw()
    legend, figure = ax.get_legend().get_window_extent(), ax.figure.bbox
    inside = figure.x0 <= legend.x0 and legend.x1 <= figure.x1 and legend.y1 <= figure.y1
    return bool(legend.overlaps(ax.bbox.padded(-1))) or not inside  # touching is no overlap


def test_the_legend_leaves_the_curves_free():
    from matplotlib import pyplot as plt

    methods = {f"a rather long name of method {k}": np.abs(WINE[:20]) for k in range(5)}
    found = compare(EXPLAINER, WINE[:20], methods)
    for ax in found.plot():
        assert len({str(line._dash_pattern) for line in ax.lines[:-1]}) == 7  # in grey, too
        assert not covered(ax)
        ax.legend(loc="upper right")
        assert covered(ax)
    plt.close("all")


def test_own_relevance_is_called_neon_unless_another_is():
    found = compare(EXPLAINER, WINE, {"neon": -EXPLAINER.transform(WINE)})
    assert set(found.deletion) == {"neon", "random"}
    assert found.deletion["neon"].area > found.deletion["random"].area
