"""Explaining a file that is mapped into memory into files that are: how much memory it takes of its own.

Run as ``python benchmarks/memory.py``, on Linux. Memory of its own is what no file is behind (RssAnon): pages
of mapped files are the page cache's, which gives them up when others need room.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import neonxai

N_FEATURES, N_CLUSTERS = 16, 8
_BLOCK = 1 << 18


def own_memory() -> float:
    """Resident memory that no file is behind, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def write_rows(path: Path, centers: np.ndarray, n_rows: int) -> None:
    """Write blobs, block by block."""
    rng = np.random.default_rng(0)
    X = np.lib.format.open_memmap(path, "w+", np.float32, (n_rows, N_FEATURES))
    for start in range(0, n_rows, _BLOCK):
        n = min(_BLOCK, n_rows - start)
        X[start : start + n] = centers[rng.integers(N_CLUSTERS, size=n)] + rng.standard_normal(
            (n, N_FEATURES)
        )
    X.flush()


def main() -> None:
    """Print the peak."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    n_rows = parser.parse_args().rows
    centers = 3.0 * np.random.default_rng(1).standard_normal((N_CLUSTERS, N_FEATURES))
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(centers)
    with tempfile.TemporaryDirectory() as place:
        write_rows(Path(place) / "X.npy", centers, n_rows)
        X = np.load(Path(place) / "X.npy", mmap_mode="r")
        before, peaks, done = own_memory(), [0.0], threading.Event()

        def watch() -> None:
            while not done.wait(0.002):
                peaks.append(own_memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.perf_counter()
        e = explainer.explain(X, out=Path(place) / "out")
        seconds = time.perf_counter() - start
        done.set()
        watcher.join()
        some = np.random.default_rng(2).integers(n_rows, size=1000)
        error = e[some].conservation_error() / np.abs(e.relevance[some]).sum(axis=1)
        print(
            f"{n_rows:,} × {N_FEATURES} float32 in {seconds:.1f} s: {max(peaks) - before:.0f} MiB of its own "
            f"beyond the {before:.0f} MiB before; |Σ R − f| / Σ|R| at most {error.max():.0e}."
        )


if __name__ == "__main__":
    main()
