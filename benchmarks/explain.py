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

Of sparse rows only the values that are present count, for the floor and for the error.
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from sklearn.cluster import KMeans

import neonxai

GRID = [(1_000_000, 16, 8), (400_000, 64, 10), (100_000, 784, 10), (200_000, 50, 100), (50_000, 128, 1_000)]
SPARSE = (1_000, 50_000, 50)
PRESENT = 100  # values in a sparse row


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


def size_of(values: Any) -> int:
    """Bytes of an array, sparse or not."""
    if issparse(values):
        return int(values.data.nbytes + values.indices.nbytes + values.indptr.nbytes)
    return int(values.nbytes)


def peak_beyond(work: Callable[[], neonxai.Explanation]) -> float:
    """MiB that a call allocates at its peak beyond what it returns."""
    tracemalloc.start()
    result = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    returned = {id(value): size_of(value) for value in vars(result).values() if hasattr(value, "dtype")}
    returned.pop(id(result.data), None)
    return max(0.0, (peak - sum(returned.values())) / 2**20)


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


@dataclass(frozen=True)
class Cell:
    """What was measured of one shape."""

    shape: str
    dtype: str
    seconds: float
    floor: float
    predict: float
    loop: float
    one_row: float
    beyond: float
    error: float

    def line(self) -> str:
        """A row of the table."""
        floors, predicts = self.seconds / self.floor, self.seconds / self.predict
        loops = self.loop / self.seconds
        return (
            f"| {self.shape} | {self.dtype} | {self.seconds:.4f} | {floors:.1f} "
            f"| {predicts:.1f} | {loops:,.0f} | {self.one_row * 1e6:.0f} | {self.beyond:.0f} "
            f"| {self.error:.0e} |"
        )


def dense_rows(n: int, n_features: int, n_clusters: int, dtype: str) -> tuple[Any, Any]:
    """Blobs, and their centers."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((n_clusters, n_features))
    X = centers[rng.integers(n_clusters, size=n)] + rng.standard_normal((n, n_features))
    return X.astype(dtype), centers.astype(dtype)


def sparse_rows(n: int, n_features: int, n_clusters: int, dtype: str) -> tuple[Any, Any]:
    """Documents, each with most of its terms from those of one topic; and centers from some of them."""
    rng = np.random.default_rng(0)
    topics = rng.integers(n_features, size=(n_clusters, 20 * PRESENT))
    columns = topics[rng.integers(n_clusters, size=n)[:, None], rng.integers(20 * PRESENT, size=(n, PRESENT))]
    rows = np.repeat(np.arange(n), PRESENT)
    X = csr_array((rng.random(n * PRESENT).astype(dtype), (rows, columns.ravel())), shape=(n, n_features))
    X.sum_duplicates()
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)  # as scikit-learn wants
    return X, X[: 5 * n_clusters : 5].toarray()


def measure(n: int, n_features: int, n_clusters: int, dtype: str, rates: tuple[float, float]) -> Cell:
    """Measure one cell of the grid."""
    is_sparse = (n, n_features, n_clusters) == SPARSE
    X, centers = (sparse_rows if is_sparse else dense_rows)(n, n_features, n_clusters, dtype)
    model = KMeans(n_clusters, init=centers, n_init=1, max_iter=1).fit(X[: 20 * n_clusters])
    explainer = neonxai.ClusterExplainer(model).fit(X[:2000])
    explainer.explain(X)  # a kernel is loaded on first use
    explaining = best(lambda: explainer.explain(X))
    predicting = best(lambda: model.predict(X))
    few = X[:10].toarray() if is_sparse else X[:50]
    looping = best(lambda: [one_row(x, model.cluster_centers_, explainer.beta_) for x in few]) / len(few) * n
    row = X[:1]
    single = best(lambda: explainer.explain(row), repeats=50)
    exact = np.array(
        [
            one_row(x, model.cluster_centers_.astype(np.longdouble), np.longdouble(explainer.beta_))
            for x in few.astype(np.longdouble)
        ]
    )
    found = explainer.explain(X if not is_sparse else X[:10]).relevance[: len(few)]
    if is_sparse:
        exact = np.where(few != 0, exact, 0.0)
        found = found.toarray()
    error = np.abs(found - exact).max(axis=1) / np.abs(exact).sum(axis=1)
    flops, copying = rates
    present = X.nnz if is_sparse else n * n_features
    floor = max(6 * present * n_clusters / flops, 2 * size_of(X) / copying)
    shape = f"{n:,} × {n_features:,} × {n_clusters:,}" + (", sparse" if is_sparse else "")
    beyond = peak_beyond(lambda: explainer.explain(X))
    return Cell(shape, dtype, explaining, floor, predicting, looping, single, beyond, float(error.max()))


def plot(cells: list[Cell], path: Path) -> None:
    """Draw the times over the floor."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
    shapes = list(dict.fromkeys(cell.shape for cell in cells))
    for offset, dtype, color in ((-0.2, "float64", "#0072B2"), (0.2, "float32", "#E69F00")):
        ratios = {cell.shape: cell.seconds / cell.floor for cell in cells if cell.dtype == dtype}
        places = [shapes.index(shape) + offset for shape in ratios]
        bars = axes.barh(places, list(ratios.values()), height=0.38, color=color, label=dtype)
        axes.bar_label(
            bars, fmt="%.1f", padding=3, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        )
    axes.axvline(3.0, color="0.3", linestyle="--", linewidth=1, label="aim: at most 3")
    axes.set_yticks(range(len(shapes)), shapes)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(1.0, 1.5 * max(cell.seconds / cell.floor for cell in cells))
    axes.set_xlabel("time / floor (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 0.3))
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=1.0, help="part of the rows, for a quick look")
    parser.add_argument("--plot", type=Path, help="where to draw the times over the floor")
    given = parser.parse_args()
    print(
        "| n × D × K | dtype | seconds | time / floor | time / `predict` | loop / time | one row, µs "
        "| MiB beyond in- and output | error |\n|---|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    cells = []
    for dtype in ("float64", "float32"):
        rates = matrix_rate(dtype), copy_rate()
        for n, n_features, n_clusters in GRID:
            cells.append(measure(max(int(n * given.rows), n_clusters), n_features, n_clusters, dtype, rates))
            print(cells[-1].line(), flush=True)
        cells.append(measure(*SPARSE, dtype, rates))
        print(cells[-1].line(), flush=True)
    ratios = np.array([cell.seconds / cell.floor for cell in cells])
    print(f"\nGeometric mean of time / floor: {np.exp(np.log(ratios).mean()):.1f}")
    if given.plot is not None:
        plot(cells, given.plot)


if __name__ == "__main__":
    main()
