"""Law 1: the network's assignment is the model's own, on every row, and f_c ≥ 0 there."""

from __future__ import annotations

import broken
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import EXPLORE, blobs, grid_problems, near_duplicates, neon, real
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.neighbors import NearestCentroid

import neonxai


def check_assignment(explain_function, model, X):
    """The names of the clusters are what `predict` returns."""
    e = explain_function(model, X)
    own = model.predict(X)
    network = np.asarray(e.labels)
    wrong = np.flatnonzero(network != own)
    assert wrong.size == 0, (
        f"rows {wrong[:5]}: the model says {own[wrong[:5]]}, the network {network[wrong[:5]]}"
    )
    assert (e.logits >= 0).all(), f"the assigned cluster has negative evidence: {e.logits.min()}"
    assert (e.labels != e.competitors).all()


def check_nearest(explain_function, centers, X):
    """For exact data: the label is a nearest center, the competitor a nearest among the others."""
    e = explain_function(centers, X, 1.0)
    rows = np.arange(len(X))
    d = ((X[:, None, :] - centers[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(d[rows, e.labels], d.min(axis=1))
    assert (e.logits >= 0).all()
    assert (e.labels != e.competitors).all()
    d[rows, e.labels] = np.inf
    np.testing.assert_array_equal(d[rows, e.competitors], d.min(axis=1))


MODELS = {
    "KMeans": lambda k, seed: KMeans(k, n_init=1, random_state=seed),
    "MiniBatchKMeans": lambda k, seed: MiniBatchKMeans(k, n_init=1, random_state=seed),
    "BisectingKMeans": lambda k, seed: BisectingKMeans(k, random_state=seed),
    "BisectingKMeans, largest": lambda k, seed: BisectingKMeans(
        k, random_state=seed, bisecting_strategy="largest_cluster"
    ),
}


@pytest.mark.parametrize("n_clusters", [2, 3, 12])
@pytest.mark.parametrize("data", ["wine", "digits"])
@pytest.mark.parametrize("name", MODELS)
def test_scikit_learn_clusterings(name, data, n_clusters):
    X, _ = real(data)
    model = MODELS[name](n_clusters, 3).fit(X)
    check_assignment(neonxai.explain, model, X)


@pytest.mark.parametrize("data", ["wine", "cancer"])
@pytest.mark.parametrize("name", ["KMeans", "BisectingKMeans"])
def test_rows_that_the_model_never_saw(name, data):
    X, _ = real(data)
    model = MODELS[name](7, 0).fit(X[::2])
    check_assignment(neonxai.explain, model, X[1::2])
    # Between and beyond the clusters: a tree's leaf need not be the nearest center there.
    rng = np.random.default_rng(0)
    low, high = X.min(axis=0), X.max(axis=0)
    check_assignment(neonxai.explain, model, rng.uniform(2 * low - high, 2 * high - low, (500, X.shape[1])))


def test_the_tree_of_bisecting_k_means_matters():
    """Or the cases above would not tell the tree from the nearest center."""
    X, _ = real("digits")
    model = MODELS["BisectingKMeans"](12, 3).fit(X)
    nearest = ((X[:, None, :] - model.cluster_centers_[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest != model.predict(X)).any()


@pytest.mark.parametrize("data", ["wine", "digits", "iris"])
@pytest.mark.parametrize("shrink", [None, 0.5])
def test_nearest_centroid(data, shrink):
    X, y = real(data)
    X = X + 0.0 if data != "digits" else X[:, X.std(axis=0) > 0]  # a constant pixel cannot be shrunk
    names = np.array([f"class {i}" for i in range(y.max() + 1)])
    model = NearestCentroid(shrink_threshold=shrink).fit(X, names[y])
    check_assignment(neonxai.explain, model, X)


@EXPLORE
@given(problem=st.one_of(grid_problems(), near_duplicates(finest=16)))
def test_nearest_center_wherever_it_is(problem):
    check_nearest(neon, *problem)


def test_nearest_center_far_from_the_origin():
    centers, X = (np.round(a * 8) / 8 + 2.0**30 for a in blobs())
    check_nearest(neon, centers, X)


def _by(subject):
    return lambda model, X: subject(model.cluster_centers_, X)


def test_the_textbook_passes():
    X, _ = real("wine")
    model = KMeans(5, n_init=1, random_state=0).fit(X)
    check_assignment(_by(broken.textbook), model, X)
    check_nearest(broken.textbook, *blobs())


def test_an_assignment_by_another_distance_is_rejected():
    X, _ = real("wine")
    model = KMeans(5, n_init=1, random_state=0).fit(X)
    with pytest.raises(AssertionError):
        check_assignment(_by(broken.manhattan_assignment), model, X)


def test_the_nearest_leaf_of_a_tree_is_rejected():
    X, _ = real("digits")
    model = MODELS["BisectingKMeans"](12, 3).fit(X)
    with pytest.raises(AssertionError):
        check_assignment(_by(broken.textbook), model, X)


def test_distances_expanded_about_the_origin_are_rejected():
    centers, X = (np.round(a * 8) / 8 + 2.0**30 for a in blobs())
    with pytest.raises(AssertionError):
        check_nearest(broken.not_recentered, centers, X)
