"""What a pipeline in front costs: explaining it, less its own transform, over explaining the bare clustering.

Run as ``python benchmarks/pipelines.py``; prints a table in Markdown.

transform
    Seconds of the pipeline's own steps in front of the clustering, on the same rows.
bare
    Seconds of explaining the clustering alone, on what the steps make of the rows.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, OneHotEncoder, PowerTransformer, StandardScaler

import neonxai

_REPEATS = 5


def numbers(n: int, d: int) -> np.ndarray:
    """Rows around ten centers."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, d)) + 3.0 * rng.standard_normal((10, d))[rng.integers(10, size=n)]


def table(n: int) -> pd.DataFrame:
    """Twelve numbers with gaps and three categories."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(numbers(n, 12), columns=[f"n{i}" for i in range(12)])
    frame = frame.mask(rng.random(frame.shape) < 0.05)
    for i in range(3):
        frame[f"c{i}"] = np.array(["red", "green", "blue", "grey"])[rng.integers(4, size=n)]
    return frame


def words(n: int) -> csr_array:
    """Documents of about a hundred terms of 20,000, in fifty topics."""
    rng = np.random.default_rng(0)
    terms = np.minimum((20_000 * rng.random((n, 100)) ** 3).astype(np.int32), 19_999)
    terms[:, :20] = (terms[:, :20] + (rng.integers(50, size=n) * 397)[:, None]) % 20_000
    rows = np.repeat(np.arange(n, dtype=np.int32), 100)
    X = csr_array((np.ones(terms.size), (rows, terms.ravel())), (n, 20_000))
    X.sum_duplicates()
    return X


def mixed() -> ColumnTransformer:
    """Impute, scale, encode."""
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), [f"n{i}" for i in range(12)]),
            ("categories", OneHotEncoder(sparse_output=False), ["c0", "c1", "c2"]),
        ]
    )


GRID: list[tuple[str, Callable[[int], Any], int, list[Any]]] = [
    ("scaler, k-means, 16 × 8", lambda n: numbers(n, 16), 200_000, [StandardScaler(), KMeans(8, n_init=1)]),
    (
        "scaler, PCA (64 → 64), k-means, 64 × 10",
        lambda n: numbers(n, 64),
        100_000,
        [StandardScaler(), PCA(64), KMeans(10, n_init=1)],
    ),
    (
        "scaler, PCA (64 → 16), k-means, 16 × 10",
        lambda n: numbers(n, 64),
        100_000,
        [StandardScaler(), PCA(16), KMeans(10, n_init=1)],
    ),
    (
        "scaler, PCA (64 → 16), full mixture, 16 × 10",
        lambda n: numbers(n, 64),
        50_000,
        [StandardScaler(), PCA(16), GaussianMixture(10, max_iter=5, tol=1.0)],
    ),
    (
        "PCA (64 → 16), power transform, k-means, 16 × 10",
        lambda n: numbers(n, 64),
        50_000,
        [PCA(16), PowerTransformer(), KMeans(10, n_init=1)],
    ),
    ("gaps and categories, k-means, 24 × 8", table, 100_000, [mixed(), KMeans(8, n_init=1)]),
    ("tf-idf, k-means, 20,000 × 50", words, 10_000, [TfidfTransformer(), MiniBatchKMeans(50, n_init=1)]),
    (
        "tf-idf, SVD (→ 100), normalizer, k-means, 100 × 50",
        words,
        10_000,
        [TfidfTransformer(), TruncatedSVD(100), Normalizer(), MiniBatchKMeans(50, n_init=1)],
    ),
]


def seconds(work: Callable[[], Any]) -> float:
    """The least of some runs."""
    taken = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def measure(name: str, make: Callable[[int], Any], n: int, steps: list[Any]) -> str:
    """Measure one pipeline, and return its row of the table."""
    X = make(n)
    pipeline = make_pipeline(*steps)
    if hasattr(pipeline[-1], "random_state"):
        pipeline[-1].set_params(random_state=0)
    pipeline.fit(X)
    z = pipeline[:-1].transform(X)
    whole = neonxai.ClusterExplainer(pipeline).fit(X)
    bare = neonxai.ClusterExplainer(pipeline[-1]).fit(z)
    transform = seconds(lambda: pipeline[:-1].transform(X))
    alone = seconds(lambda: bare.explain(z))
    together = seconds(lambda: whole.explain(X))
    return (
        f"| {name} | {n:,} | {transform:.2f} | {alone:.2f} | {together:.2f} "
        f"| {(together - transform) / alone:.1f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=1.0, help="a factor for all numbers of rows")
    rows = parser.parse_args().rows
    print("| pipeline | rows | transform, s | bare, s | explaining, s | (explaining − transform) / bare |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, make, n, steps in GRID:
        print(measure(name, make, max(200, int(rows * n)), steps), flush=True)


if __name__ == "__main__":
    main()
