"""Rows recognised by their values: the first point of the same values and no other, whatever they are."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from material import EXPLORE

import neonxai
from neonxai.neighborhoods.recognition import KnownRows
from neonxai.networks import SupportNetwork, support


def exact_match(points, x):
    """Compare a row with every point."""
    return next((j for j, u in enumerate(points) if np.array_equal(x, u)), -1)


def nearest_match(points, x, precision):
    """The nearest of the points with the values of a row, but for rounding: one value after the other."""
    middle = [np.median(points[:, i]) for i in range(len(x))]
    matches = []
    for j, u in enumerate(points):
        distance = 0.0
        for i, value in enumerate(np.asarray(x, dtype=float)):
            deviations = np.abs(points[:, i] - middle[i])
            allowed = precision * max(abs(value), np.median(deviations))
            if deviations.max() > 0:
                allowed = min(allowed, 1e-4 * deviations.max())
            if abs(value - u[i]) > allowed:
                break
            distance += abs(value - u[i]) / (deviations.max() or 1.0)
        else:
            matches.append((distance, j))
    return {j for d, j in matches if d <= 2 * min(matches)[0]} or {-1}


def check_recognition(kind, points, X):
    known = kind(points)
    assert known.first.tolist() == [exact_match(points, u) for u in points]
    precision = 2.0**-23 if X.dtype == np.float32 else 1e-14
    for x, found in zip(X, known.find(X).tolist(), strict=True):
        exact = exact_match(points, x)
        assert found == exact if exact >= 0 else found in nearest_match(points, x, precision)


class Blind(KnownRows):
    """Takes rows with the same sum for the same."""

    def find(self, X):
        mine = self.points.sum(axis=1).tolist()
        return np.array([mine.index(s) if s in mine else -1 for s in X.sum(axis=1).tolist()])


class Crowded(KnownRows):
    """All fall together on the projection: slow, not wrong."""

    @property
    def _weights(self):
        return np.full(self.points.shape[1], 1e-305)


values = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 0.1, 1e-310, 1e300, -1e300, 2.0**-40, 1.0 + 2.0**-52])


@pytest.mark.parametrize("kind", [KnownRows, Crowded])
@EXPLORE
@given(shapes=st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 4)), data=st.data())
def test_a_point_of_the_same_values_is_found_and_no_other(kind, shapes, data):
    n_points, n_rows, n_features = shapes
    points = data.draw(hnp.arrays(np.float64, (n_points, n_features), elements=values))
    X = data.draw(hnp.arrays(np.float64, (n_rows, n_features), elements=values))
    check_recognition(kind, points, X)


def test_a_broken_recognition_is_rejected():
    with pytest.raises(AssertionError):
        check_recognition(Blind, np.array([[1.0, 2.0]]), np.array([[2.0, 1.0]]))


def test_both_zeros_are_zero():
    points = np.array([[1.0, -0.0], [1.0, 0.0], [0.0, 0.0]])
    check_recognition(KnownRows, points, np.array([[-0.0, 0.0], [1.0, -0.0]]))


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0**40])
def test_small_integers_are_told_apart(scale):
    grid = scale * np.array(list(np.ndindex(12, 12, 12)), dtype=float)
    assert np.array_equal(KnownRows(grid).find(grid[::-1].copy()), np.arange(len(grid))[::-1])


@pytest.mark.parametrize("shift", [0.0, 1e3, 1e8])
def test_a_copy_in_text_is_recognised(shift):
    """With 15 digits, as many programs write numbers; and nothing that is merely close."""
    X = np.random.default_rng(0).standard_normal((300, 5)) + shift
    copy = np.array([[float(f"{value:.15g}") for value in row] for row in X])
    assert np.any(copy != X)
    assert np.array_equal(KnownRows(X).find(copy), np.arange(300))
    assert np.all(KnownRows(X).find(X + 1e-5) == -1)


def test_far_away_single_precision_is_no_precision():
    """There all rows are one in float32: none is recognised, and none compared with all."""
    X = np.random.default_rng(0).standard_normal((5000, 3)) + 1e9
    assert np.mean(KnownRows(X).find(X.astype(np.float32)) >= 0) < 0.01


def test_permuted_features_are_another_row():
    rows = np.array([[2.0, 1.0, 3.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    check_recognition(KnownRows, np.array([[1.0, 2.0, 3.0]]), rows)


@pytest.mark.parametrize("layout", ["C", "F", "strided", "float32", "reversed", "read-only"])
def test_layouts(layout):
    points = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32).astype(float)
    X = {
        "C": points.copy(),
        "F": np.asfortranarray(points),
        "strided": np.repeat(points, 2, axis=1)[:, ::2],
        "float32": points.astype(np.float32),
        "reversed": points[::-1],
        "read-only": points.copy(),
    }[layout]
    X.flags.writeable = layout != "read-only"
    before = X.copy()
    check_recognition(KnownRows, points, X)
    assert np.array_equal(X, before)


def test_float32_rows_are_their_float64_originals():
    """And as float64 again they are not: what was rounded so much is another number."""
    points = np.array([[0.1, 0.2], [0.1, 0.3], [0.1, 0.4]])
    rounded = np.array([[0.1, 0.3], [0.1, 0.2], [0.1, 0.25]], dtype=np.float32)
    assert KnownRows(points).find(rounded).tolist() == [1, 0, -1]
    assert KnownRows(points).find(rounded.astype(float)).tolist() == [-1, -1, -1]


def test_a_float32_copy_of_the_rows_is_explained_alike():
    X = np.random.default_rng(0).standard_normal((80, 4))
    labels = (X[:, 0] > 0).astype(int)
    X[:, 0] += 2 * labels
    explainer = neonxai.ClusterExplainer(neonxai.Labels(labels)).fit(X)
    e, rounded = explainer.explain(X), explainer.explain(X.astype(np.float32))
    assert np.array_equal(e.labels, rounded.labels)
    scale = np.abs(e.relevance).sum(axis=1, keepdims=True)
    assert np.all(np.abs(rounded.relevance - e.relevance) <= 1e-5 * scale)


def test_no_rows():
    assert KnownRows(np.array([[1.0, 2.0]])).find(np.empty((0, 2))).shape == (0,)


# In an explanation.


def test_clustered_rows_keep_their_labels_and_new_ones_get_the_networks():
    X = np.array([[0.0], [0.5], [1.0], [10.0], [11.0], [3.0]])
    labels = np.array(["low", "low", "low", "high", "high", "high"])  # 3.0 is nearer to the low
    explainer = neonxai.ClusterExplainer(neonxai.Labels(labels), gamma=np.inf, beta=1.0)
    with pytest.warns(UserWarning, match=r"agrees with it on only 83\.3% of the rows"):
        explainer.fit(X)
    e = explainer.explain([[3.0], [3.0 + 1e-12], [-0.0]])
    assert e.labels.tolist() == ["high", "high", "low"]
    # The next member of its own cluster is 7 away; a row that is not quite it is next to it.
    assert e.logits[0] == pytest.approx(4.0 - 49.0)
    assert e.logits[1] == pytest.approx(4.0)


def test_a_row_at_twins_in_two_clusters_loses_one_in_each():
    """Its twin in its own cluster and its twin in the other, but not a second twin."""
    X = np.array([[0.0], [0.0], [1.0], [0.0], [4.0]])
    network = SupportNetwork(X, [0, 0, 0, 1, 1], gamma=np.inf, stands_in=True)
    _, h = network.evidence(np.array([[0.0]]), np.array([0]))
    assert h.tolist() == [[np.inf, 16.0]]


class ListsPairs(KnownRows):
    """Compares each row with all of its twins."""

    def find(self, X, doubt=None):
        rows, points = np.nonzero(X.sum(axis=1)[:, None] == self.points.sum(axis=1))
        same = (X[rows] == self.points[points]).all(axis=1)
        found = np.full(len(X), -1)
        found[rows[same][::-1]] = points[same][::-1]
        return found


def peak_memory(duplicated):
    """Of fitting and explaining 2,000 rows, a part of them zeros: bytes beyond ten times the rows."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 10))
    X[: int(duplicated * 2000)] = 0.0
    explainer = neonxai.ClusterExplainer(neonxai.Labels(np.arange(2000) % 2), gamma=1.0, beta=1.0)
    tracemalloc.start()
    try:
        with pytest.warns(UserWarning, match="agrees with it on only"):
            explainer.fit(X).explain(X)
        return tracemalloc.get_traced_memory()[1] - 10 * X.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("duplicated", [0.0, 0.5, 0.95])
def test_memory_does_not_grow_with_the_pairs_of_duplicates(duplicated):
    """Half of the rows being the same is common (no counts at all); pairs of them are quadratic."""
    assert peak_memory(duplicated) < 64 << 20


def test_listing_pairs_is_rejected(monkeypatch):
    monkeypatch.setattr(support, "KnownRows", ListsPairs)
    assert peak_memory(0.5) > 64 << 20


@pytest.mark.parametrize("gamma", [0.5, np.inf])
def test_every_row_leaves_itself_out_once(gamma):
    """With twins, twins in other clusters, and a cluster of nothing but one point and its twins."""
    X = np.array([[0.0], [0.0], [1.0], [0.0], [4.0], [4.0], [2.0], [5.0], [5.0], [2.0]])
    members = np.array([0, 0, 0, 1, 1, 1, 2, 3, 3, 1])
    network = SupportNetwork(X, members, gamma=gamma, stands_in=True)
    left_out = network._left_out(X)
    for i, x in enumerate(X[:, 0]):
        found = network._groups.points[left_out.points[left_out.rows == i], 0]
        groups = network._groups.group_of[left_out.points[left_out.rows == i]]
        wanted = [
            k for k in range(4) if (X[members == k, 0] == x).any() and np.count_nonzero(members == k) > 1
        ]
        assert sorted(groups.tolist()) == wanted
        assert np.all(found == x)
    assert np.all(np.diff(left_out.rows) >= 0)
