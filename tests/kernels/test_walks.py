"""The kernel of walks and coalitions gives what the reference gives."""

import numpy as np
import pytest

pytest.importorskip("numba")

from neonxai.networks import CentroidNetwork
from neonxai.networks import shapley as module
from neonxai.networks.shapley import shapley

ASKED = {
    "min": {"pooling": "min"},
    "soft": {"pooling": "soft", "beta": 0.7},
    "soft, inf": {"pooling": "soft", "beta": np.inf},
    "drained": {"pooling": "soft", "beta": 200.0},
}


def check_same(play, monkeypatch, *given, **asked):
    """Entry by entry within rounding of the largest value."""
    monkeypatch.setattr(module, "uses_kernel", lambda _: False)
    plain = shapley(*given, **asked)
    monkeypatch.setattr(module, "uses_kernel", lambda _: True)
    fast = play(*given, **asked)
    size = np.abs(plain.values).max()
    for of_fast, of_plain in zip(fast, plain, strict=True):
        np.testing.assert_allclose(of_fast, of_plain, rtol=0, atol=1e-12 * size)


def problem(n_features, n_background, n_rows=70, n_clusters=4):
    rng = np.random.default_rng(n_background)
    network = CentroidNetwork(rng.normal(size=(n_clusters, n_features)))
    X, background = rng.normal(size=(n_rows, n_features)), rng.normal(size=(n_background, n_features))
    weights = rng.dirichlet(np.ones(n_background))
    return (network, X, rng.integers(3, size=n_rows), background), weights


@pytest.mark.parametrize("n_background", [1, 2, 3, 4, 5, 6, 7, 8, 9, 50])
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("tol", [None, 0.02])
@pytest.mark.parametrize("n_features", [4, 13])
def test_the_kernel_is_the_reference(n_features, asked, tol, n_background, monkeypatch):
    given, weights = problem(n_features, n_background)
    check_same(shapley, monkeypatch, *given, weights=weights, n_permutations=12, tol=tol, **asked)


@pytest.mark.parametrize("n_rows", [1, 7, 33])
def test_few_rows_and_many_rivals(n_rows, monkeypatch):
    given, weights = problem(40, 10, n_rows, n_clusters=120)
    check_same(shapley, monkeypatch, *given, weights=weights, n_permutations=3)


def test_a_broken_subject_is_rejected(monkeypatch):
    def without_weights(*given, weights, **asked):
        return shapley(*given, **asked)

    given, weights = problem(13, 9)
    with pytest.raises(AssertionError):
        check_same(without_weights, monkeypatch, *given, weights=weights, n_permutations=3)


def test_the_kernel_is_for_much_work(monkeypatch):
    assert [module.uses_kernel(additions) for additions in (1e3, 1e9)] == [False, True]
    monkeypatch.setattr(module.kernels, "available", lambda: False)
    assert not module.uses_kernel(1e9)
