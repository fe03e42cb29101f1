"""What the laws are tried on: subjects, exact and adversarial problems, real data, and how far is too far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

import neonxai

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

EXPLORE = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)

BETAS = [0.0, 0.25, 3.0, np.inf]


def neon(centers: np.ndarray, X: np.ndarray, beta: float | str = "auto") -> neonxai.Explanation:
    """The subject of most laws: k-means by its centers alone."""
    return neonxai.explain(neonxai.Centroids(centers), X, beta=beta)


def neon_fitted(centers: np.ndarray, X_fit: np.ndarray, beta: float | str = "auto"):
    """Fit once, explain what comes: the subject of the laws about batches."""
    return neonxai.ClusterExplainer(neonxai.Centroids(centers), beta=beta).fit(X_fit).explain


def load_and_transform(path: str, X: np.ndarray) -> np.ndarray:
    """What another process does with a saved explainer."""
    return neonxai.ClusterExplainer.load(path).transform(X)


def real(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows and classes, in their own units (features of wine differ by 1e4 in spread)."""
    loaders = {"wine": load_wine, "iris": load_iris, "digits": load_digits, "cancer": load_breast_cancer}
    X, y = loaders[name](return_X_y=True)
    return X, y


def blobs(
    n: int = 60, n_features: int = 5, n_clusters: int = 4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Centers and rows around them."""
    rng = np.random.default_rng(seed)
    centers = 3 * rng.standard_normal((n_clusters, n_features))
    return centers, centers[rng.integers(n_clusters, size=n)] + rng.standard_normal((n, n_features))


def _problems(
    elements: SearchStrategy[float], smallest: int = 2
) -> SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    def of_shape(shape: tuple[int, int, int]) -> SearchStrategy[tuple[np.ndarray, np.ndarray]]:
        n, n_clusters, n_features = shape
        return st.tuples(
            hnp.arrays(np.float64, (n_clusters, n_features), elements=elements),
            hnp.arrays(np.float64, (n, n_features), elements=elements),
        )

    return st.tuples(st.integers(1, 6), st.integers(smallest, 6), st.integers(1, 4)).flatmap(of_shape)


def grid_problems(smallest: int = 2) -> SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    """Centers and rows on a grid of halves, within ±4: ties and duplicates abound, and every sum is exact."""
    return _problems(st.integers(-8, 8).map(lambda i: i / 2), smallest)


def float_problems() -> SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    """Any floats within ±1000; below 1e-3 only 0, so that squares stay inside the float range."""
    return _problems(st.floats(-1e3, 1e3, allow_nan=False).map(lambda v: v if abs(v) >= 1e-3 else 0.0))


@st.composite
def near_duplicates(draw: DrawFn, finest: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """The last center repeats the first but for a step of 2**-10 to 2**-finest along one feature.

    With finest = 16 squared distances are still exact in float64.
    """
    centers, X = draw(grid_problems())
    twin = centers[0].copy()
    twin[draw(st.integers(0, len(twin) - 1))] += 2.0 ** -draw(st.integers(10, finest))
    return np.vstack([centers, twin]), X


def decided(centers: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Which rows have one nearest center: on the others both sides of the boundary are right.

    For problems on a grid, where these sums are exact.
    """
    d = np.sort(((X[:, None, :] - centers[None]) ** 2).sum(axis=2), axis=1)
    return d[:, 1] > d[:, 0]


def assert_same_relevance(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """max_i |R_i − R'_i| ≤ tolerance · Σ_i |R'_i|, in each row."""
    actual, expected = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert actual.shape == expected.shape
    allowed = tolerance * np.abs(expected).sum(axis=1, keepdims=True)
    worst = np.abs(actual - expected) - allowed
    assert (worst <= 0).all(), f"relevance is off by up to {worst.max():.3g} more than allowed"
