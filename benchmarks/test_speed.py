"""How long explaining takes, kept over time by pytest-benchmark; no part of the tests.

Run as ``pytest benchmarks/test_speed.py --benchmark-autosave``, and later with ``--benchmark-compare`` to see
what has changed since the last saved run; see docs/benchmarks.md.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from neonxai import Centroids, ClusterExplainer
from neonxai.evaluation import deletion_curve

SHAPES = ((100_000, 16, 8), (20_000, 64, 30), (2_000, 784, 10), (1, 16, 8))


def made(n_rows: int, n_features: int, n_clusters: int) -> tuple[NDArray[np.float64], Centroids]:
    """Rows around random centers."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(n_clusters, n_features)) * 2.0
    rows = centers[rng.integers(n_clusters, size=n_rows)] + rng.normal(size=(n_rows, n_features))
    return rows, Centroids(centers)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_explain(benchmark: BenchmarkFixture, shape: tuple[int, int, int]) -> None:
    """Relevance and all that goes with it, on a fitted explainer."""
    X, model = made(*shape)
    explainer = ClusterExplainer(model).fit(X)
    assert len(benchmark(explainer.explain, X)) == len(X)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_logits(benchmark: BenchmarkFixture, shape: tuple[int, int, int]) -> None:
    """The logits alone."""
    X, model = made(*shape)
    explainer = ClusterExplainer(model).fit(X)
    assert len(benchmark(explainer.logits, X)) == len(X)


@pytest.mark.parametrize("method", ["neon", "integrated", "shapley"])
def test_methods(benchmark: BenchmarkFixture, method: str) -> None:
    """All methods on the same rows."""
    X, model = made(200, 13, 6)
    explainer = ClusterExplainer(model, method=method).fit(X)
    assert len(benchmark(explainer.explain, X)) == len(X)


def test_behind_a_projection(benchmark: BenchmarkFixture) -> None:
    """Back through PCA."""
    X = made(5_000, 64, 10)[0]
    pipeline = make_pipeline(PCA(16), KMeans(10, n_init=1, random_state=0))
    explainer = ClusterExplainer(pipeline).fit(X)
    assert len(benchmark(explainer.explain, X)) == len(X)


@pytest.mark.parametrize("method", ["neon", "shapley"])
def test_deletion_curve(benchmark: BenchmarkFixture, method: str) -> None:
    """A curve of relevance that is known, which asks for logits only."""
    X, model = made(1_000, 30, 8)
    explainer = ClusterExplainer(model, method=method).fit(X)
    relevance = explainer.transform(X)
    assert np.isfinite(benchmark(deletion_curve, explainer, X, relevance).area)
