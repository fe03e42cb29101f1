"""How fast explaining is: over the hardware's floor, over predicting, over a loop over rows; and how exact.

Run as ``python benchmarks/explain.py``; prints a table in Markdown. Everything is measured in one run, each
time the least of several, so that the ratios hold on a noisy machine even where the seconds do not.

floor
    max(6 n D K / rate of a large matrix product, 2 n D itemsize / rate of a large copy): the arithmetic of
    k-means' closed form, and reading the data and writing the relevance.
loop
    The reference's way, a row at a time with explicit weights, timed on a few rows and scaled up.
error
    Of the relevance, relative to Σ|R| of its row, against 80-bit arithmetic on some rows.
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

import neonxai

GRID = [(1_000_000, 16, 8), (400_000, 64, 10), (100_000, 784, 10), (200_000, 50, 100), (50_000, 128, 1_000)]


def best(work: Callable[[], object], repeats: int = 5, at_least: float = 0.0) -> float:
    """Return the least time of some calls, in seconds; of at least one."""
    times = []
    while len(times) < repeats and sum(times) <= max(at_least, 10.0):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def matrix_rate(dtype: str) -> float:
    """Floating-point operations per second of a large matrix product."""
    a = np.random.default_rng(0).random((2048, 2048)).astype(dtype)
    return 2 * 2048**3 / best(lambda: a @ a)


def copy_rate() -> float:
    """Bytes per second, read plus written, of a large copy."""
    a = np.ones(1 << 25)
    b = np.empty_like(a)
    return 2 * a.nbytes / best(lambda: np.copyto(b, a))


def peak_beyond(work: Callable[[], neonxai.Explanation]) -> float:
    """MiB that a call allocates at its peak beyond what it returns."""
    tracemalloc.start()
    result = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    returned = sum(value.nbytes for value in vars(result).values() if isinstance(value, np.ndarray))
    return (peak - returned + result.data.nbytes) / 2**20


def one_row(x: NDArray[np.floating], centers: NDArray[np.floating], beta: float) -> NDArray[np.floating]:
    """Explain a row by the paper's formulae, one after the other, in the precision of the arguments."""
    distances = ((x - centers) ** 2).sum(axis=1)
    c = distances.argmin()
    rivals = np.delete(centers, c, axis=0)
    weights = 2 * (centers[c] - rivals)
    roots = (centers[c] + rivals) / 2
    z = weights * (x - roots)
    h = z.sum(axis=1)
    logit = h.min()
    shares = np.exp(-beta * (h - logit))
    shares /= shares.sum()
    ratios = np.divide(logit, h, out=np.ones_like(h), where=h != logit)
    return (shares * ratios) @ z


def measure(n: int, n_features: int, n_clusters: int, dtype: str, rates: tuple[float, float]) -> str:
    """Measure one cell of the grid, and return its row of the table."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((n_clusters, n_features))
    X = (centers[rng.integers(n_clusters, size=n)] + rng.standard_normal((n, n_features))).astype(dtype)
    model = KMeans(n_clusters, init=centers.astype(dtype), n_init=1, max_iter=1).fit(X[: 20 * n_clusters])
    explainer = neonxai.ClusterExplainer(model).fit(X[:2000])
    explaining = best(lambda: explainer.explain(X))
    predicting = best(lambda: model.predict(X))
    few = X[:50]
    looping = best(lambda: [one_row(x, model.cluster_centers_, explainer.beta_) for x in few]) / 50 * n
    row = X[:1]
    single = best(lambda: explainer.explain(row), repeats=50)
    exact = np.array(
        [
            one_row(x, model.cluster_centers_.astype(np.longdouble), np.longdouble(explainer.beta_))
            for x in few.astype(np.longdouble)
        ]
    )
    error = np.abs(explainer.explain(few).relevance - exact).max(axis=1) / np.abs(exact).sum(axis=1)
    flops, copying = rates
    floor = max(6 * n * n_features * n_clusters / flops, 2 * X.nbytes / copying)
    return (
        f"| {n:,} × {n_features} × {n_clusters:,} | {dtype} | {explaining:.3f} | {explaining / floor:.1f} "
        f"| {explaining / predicting:.1f} | {looping / explaining:,.0f} | {single * 1e6:.0f} "
        f"| {peak_beyond(lambda: explainer.explain(X)):.0f} | {error.max():.0e} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=1.0, help="part of the rows, for a quick look")
    share = parser.parse_args().rows
    print(
        "| n × D × K | dtype | seconds | time / floor | time / `predict` | loop / time | one row, µs "
        "| MiB beyond in- and output | error |\n|---|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    for dtype in ("float64", "float32"):
        rates = matrix_rate(dtype), copy_rate()
        for n, n_features, n_clusters in GRID:
            print(measure(max(int(n * share), n_clusters), n_features, n_clusters, dtype, rates), flush=True)


if __name__ == "__main__":
    main()
