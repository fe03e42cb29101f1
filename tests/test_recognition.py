"""Rows recognised by their values: every pair and no other, whatever the values are."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from material import EXPLORE

import neonxai
from neonxai.networks import SupportNetwork
from neonxai.networks.recognition import KnownRows


def all_pairs(points, X):
    """Compare every row with every point."""
    return [(i, j) for i, x in enumerate(X) for j, u in enumerate(points) if np.array_equal(x, u)]


def check_pairs(kind, points, X):
    rows, found = kind(points).find(X)
    assert list(zip(rows.tolist(), found.tolist(), strict=True)) == all_pairs(points, X)


values = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 0.1, 1e-310, 1e300, -1e300, 2.0**-40, 1.0 + 2.0**-52])


@EXPLORE
@given(
    shapes=st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 4)),
    data=st.data(),
)
def test_every_pair_is_found_and_no_other(shapes, data):
    n_points, n_rows, n_features = shapes
    points = data.draw(hnp.arrays(np.float64, (n_points, n_features), elements=values))
    X = data.draw(hnp.arrays(np.float64, (n_rows, n_features), elements=values))
    check_pairs(KnownRows, points, X)


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0**40])
def test_small_integers_are_told_apart(scale):
    """They differ in few bits: many equal hashes would be slow, not wrong."""
    grid = scale * np.array(list(np.ndindex(12, 12, 12)), dtype=float)
    known = KnownRows(grid)
    _, points = known.find(grid[::-1].copy())
    assert np.array_equal(points, np.arange(len(grid))[::-1])
    assert len(np.unique(known._hashes)) == len(grid)


def test_permuted_features_are_another_row():
    check_pairs(
        KnownRows, np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 1.0, 3.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    )


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
    check_pairs(KnownRows, points, X)
    assert np.array_equal(X, before)


def test_float32_rows_are_not_their_float64_neighbors():
    points = np.array([[0.1, 0.2]])
    assert len(KnownRows(points).find(points.astype(np.float32))[0]) == 0


def test_no_rows():
    rows, points = KnownRows(np.array([[1.0, 2.0]])).find(np.empty((0, 2)))
    assert len(rows) == len(points) == 0


class ByHash(KnownRows):
    """Takes equal hashes for equal rows, and sums up the values for a hash."""

    def _hash(self, X):
        return np.abs(X).sum(axis=1).astype(np.uint64)

    def find(self, X):
        hits = [
            (i, j)
            for i, h in enumerate(self._hash(X))
            for j, g in enumerate(self._hash(self.points))
            if h == g
        ]
        return tuple(np.array(hits, dtype=int).reshape(-1, 2).T)


def test_a_broken_recognition_is_rejected():
    with pytest.raises(AssertionError):
        check_pairs(ByHash, np.array([[1.0, 2.0]]), np.array([[2.0, 1.0]]))


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


@pytest.mark.parametrize("duplicated", [0.0, 0.5])
def test_memory_does_not_grow_with_the_duplicates_of_duplicates(duplicated):
    """Half of the rows being the same is common (no counts at all); pairs of them are quadratic."""
    rng = np.random.default_rng(0)
    n, n_features = 2000, 10
    X = rng.standard_normal((n, n_features))
    X[: int(duplicated * n)] = 0.0
    y = np.arange(n) % 2
    explainer = neonxai.ClusterExplainer(neonxai.Labels(y), gamma=1.0, beta=1.0)
    tracemalloc.start()
    try:
        with pytest.warns(UserWarning, match="agrees with it on only"):
            explainer.fit(X).explain(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (64 << 20) + 10 * X.nbytes, f"{peak / 2**20:.0f} MiB"
