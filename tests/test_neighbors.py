"""The search for neighbors: exact, the first among equals, and the same in any batch."""

import numpy as np
import pytest

from neonxai.neighborhoods.search import NeighborSearch


def check_nearest(nearest, support, X, k):
    """Those at the smallest distances, in order; among equals the first; each row alone as among others."""
    squares = ((X[:, None] - support) ** 2).sum(axis=2)
    wanted = np.argsort(squares, axis=1, kind="stable")[:, :k]
    assert np.array_equal(nearest(X), wanted), "not the first of the nearest"
    assert np.array_equal([nearest(x[None])[0] for x in X], wanted), "another answer alone"


def material(n_points, n_features, shift=0.0):
    """Integers, so that distances are exact and often equal."""
    rng = np.random.default_rng(0)
    support = rng.integers(0, 3, (n_points, n_features)).astype(float)
    others = [rng.integers(-1, 4, (30, n_features)), np.full((1, n_features), 1e6)]
    return support + shift, np.vstack([support[:20], *others]) + shift


@pytest.mark.parametrize("n_points", [12, 40, 3000])
@pytest.mark.parametrize("n_features", [1, 3, 40])
@pytest.mark.parametrize("shift", [0.0, 1e9])
def test_brute_force(n_points, n_features, shift):
    support, X = material(n_points, n_features, shift)
    search = NeighborSearch(support, "brute", 30)
    check_nearest(lambda X: search.nearest(X, 9), support, X, 9)


@pytest.mark.parametrize("method", ["kd_tree", "ball_tree", "brute"])
def test_all_methods_agree_where_nothing_is_tied(method):
    rng = np.random.default_rng(0)
    support, X = rng.standard_normal((2000, 6)), rng.standard_normal((50, 6))
    search = NeighborSearch(support, method, 30)
    check_nearest(lambda X: search.nearest(X, 20), support, X, 20)
    assert search.nearest(X[:0], 20).shape == (0, 20)


def test_two_clouds_at_a_distance():
    """Seen from the median of both, one of them has lost its digits in products."""
    support, X = material(300, 20)
    support[150:] += 1e9
    X[20:] += 1e9
    search = NeighborSearch(support, "brute", 30)
    check_nearest(lambda X: search.nearest(X, 9), support, X, 9)


@pytest.mark.parametrize("shift", [0.0, 1e9])
def test_products_alone_are_rejected(shift):
    support, X = material(3000, 3, shift)

    def products(X):
        return np.argpartition((support**2).sum(axis=1) - 2 * X @ support.T, 9, axis=1)[:, :9]

    with pytest.raises(AssertionError, match="first of the nearest"):
        check_nearest(products, support, X, 9)


def test_a_search_that_depends_on_the_batch_is_rejected():
    support, X = material(3000, 3)
    search = NeighborSearch(support, "brute", 30)
    with pytest.raises(AssertionError, match="alone"):
        check_nearest(lambda X: search.nearest(X, 9)[:, :: 1 if len(X) > 1 else -1], support, X, 9)
