"""Without a numba that works, NumPy does the same, and says so."""

import sys

import numpy as np
import pytest

pytest.importorskip("numba")

import numba

import neonxai
from neonxai import kernels


@pytest.fixture(autouse=True)
def afresh(monkeypatch):
    """Forget what is known of numba; take kernels for few rows, too."""
    monkeypatch.setattr("neonxai.stages.fused._WORTH_LOADING", 0)
    kernels.available.cache_clear()
    yield
    kernels.available.cache_clear()


def explained():
    X = np.random.default_rng(0).standard_normal((100, 3))
    return neonxai.ClusterExplainer(neonxai.Centroids(X[:4]), beta=1.0).fit(X).explain(X).relevance


def test_a_broken_numba_is_named_once(monkeypatch):
    expected = explained()
    kernels.available.cache_clear()
    monkeypatch.setitem(sys.modules, "neonxai.kernels.centroid", None)
    with pytest.warns(RuntimeWarning, match="numba is installed, but does not load .*NUMBA_CACHE_DIR"):
        found = explained()
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    explained()


def test_nothing_is_compiled_where_numba_is_switched_off(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert not kernels.available()
