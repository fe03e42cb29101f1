"""How fast labels are explained by a network of all the labelled rows: at the cost of all pairs of rows.

Run as ``python benchmarks/labels.py``; prints a table in Markdown.

pairs
    The least that looking at all pairs takes: one matrix product of all rows with all rows, and one
    exponential each, tile by tile, measured on a part in the same run and scaled up.
MiB
    The peak of all allocations less the result, in a run of its own.
"""

import argparse
import time
import tracemalloc
import warnings

import numpy as np
from sklearn.datasets import make_blobs

import neonxai

GRID = [
    (50_000, 20, 10, "auto"),
    (50_000, 20, 10, np.inf),
    (50_000, 4, 10, "auto"),
    (50_000, 4, 10, np.inf),
    (5_000, 500, 10, "auto"),
]


def all_pairs(X: np.ndarray) -> float:
    """Seconds of a product and an exponential of each pair of rows."""
    n = len(X)
    some = X[: max(1, n // 20)]
    tile = max(1, (1 << 18) // len(some))
    start = time.perf_counter()
    for first in range(0, n, tile):
        exponents = some @ X[first : first + tile].T
        np.minimum(exponents, 0.0, out=exponents)
        np.exp(exponents, out=exponents)
    return (time.perf_counter() - start) * n / len(some)


def measure(n: int, n_features: int, n_clusters: int, gamma: float | str) -> str:
    """Measure one setting, and return its row of the table."""
    X, y = make_blobs(n, n_features, centers=n_clusters, cluster_std=3.0, random_state=0)

    def explain() -> neonxai.Explanation:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", neonxai.LowAgreementWarning)
            return neonxai.explain_labels(y, X, gamma=gamma)

    start = time.perf_counter()
    e = explain()
    seconds = time.perf_counter() - start
    pairs = all_pairs(X)
    tracemalloc.start()
    result = explain()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    returned = sum(value.nbytes for value in vars(result).values() if isinstance(value, np.ndarray))
    return (
        f"| {n:,} × {n_features} × {n_clusters} | {gamma} | {seconds:.1f} | {seconds / pairs:.1f} "
        f"| {(peak - returned + X.nbytes) / 2**20:.0f} | {e.agreement:.1%} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=1.0, help="share of the rows, for a quick look")
    share = parser.parse_args().rows
    print("| n × D × K | γ | seconds | time / pairs | MiB beyond in- and output | agreement |")
    print("|---|---|---:|---:|---:|---:|")
    for n, *setting in GRID:
        print(measure(max(200, int(n * share)), *setting), flush=True)


if __name__ == "__main__":
    main()
