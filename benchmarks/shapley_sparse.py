"""Time and memory of Shapley values of sparse rows: 50,000 terms, 50 clusters, 50 background documents.

Run ``python benchmarks/shapley_sparse.py``; prints a table in Markdown. Two thirds of the words of a document
come from a vocabulary common to all, a word's frequency one over its rank, the others from its topic's 500.

time
    Of a row, in milliseconds: the least of three calls on 40 rows.
memory
    The most that explaining these takes at one time, in MiB, beyond the model, the background and the rows.
error
    The root of the summed squares of a row's standard errors, relative to Σ|R|: the median over the rows.
"""

import time
import tracemalloc

import numpy as np
from scipy.sparse import csr_array, vstack

import neonxai

N_TERMS, N_CLUSTERS, N_ROWS, N_BACKGROUND, LENGTH = 50_000, 50, 40, 50, 100


def document(rng: np.random.Generator, common: np.ndarray, topic: np.ndarray) -> csr_array:
    """A row of counts, of length 1."""
    words = np.concatenate([rng.choice(N_TERMS, LENGTH, p=common), rng.choice(topic, LENGTH // 2)])
    terms, counts = np.unique(words, return_counts=True)
    values = counts / np.sqrt(np.square(counts).sum())
    return csr_array((values, terms, [0, len(terms)]), (1, N_TERMS))


def main() -> None:
    """Print a line for each method and pooling."""
    rng = np.random.default_rng(0)
    common = 1.0 / np.arange(1, N_TERMS + 1)
    common /= common.sum()
    topics = rng.integers(N_TERMS, size=(N_CLUSTERS, 500))
    centers = np.zeros((N_CLUSTERS, N_TERMS))
    for center, topic in zip(centers, topics, strict=True):
        center[topic] = 0.1 * rng.random(len(topic))
    chosen = rng.integers(N_CLUSTERS, size=N_ROWS + N_BACKGROUND)
    X = csr_array(vstack([document(rng, common, topics[topic]) for topic in chosen]))
    rows, background = X[:N_ROWS], X[N_ROWS:]
    print(
        f"{np.diff(X.indptr).mean():.0f} terms in a document, {len(np.unique(background.indices))} in all "
        f"{N_BACKGROUND} of the background\n"
    )
    print("| method | pooling | ms/row | MiB | error |\n| --- | --- | --: | --: | --: |")
    for method in ("neon", "integrated", "shapley"):
        for pooling in ("min", "soft"):
            explainer = neonxai.ClusterExplainer(
                neonxai.Centroids(centers),
                method=method,
                pooling=pooling,
                beta=10.0,
                background=None if method == "neon" else background,
            ).fit(rows)
            seconds = []
            for _ in range(3):
                start = time.perf_counter()
                e = explainer.explain(rows)
                seconds.append(time.perf_counter() - start)
            tracemalloc.start()
            explainer.explain(rows)
            peak = tracemalloc.get_traced_memory()[1] / 2**20
            tracemalloc.stop()
            error = ""
            if e.standard_error is not None:
                size = abs(e.relevance).sum(axis=1) + np.abs(e.absent)
                error = f"{np.median(np.sqrt(e.standard_error.power(2).sum(axis=1)) / size):.0e}"
            took = 1e3 * min(seconds) / N_ROWS
            print(f"| {method} | {pooling} | {took:.2f} | {peak:.0f} | {error} |", flush=True)


if __name__ == "__main__":
    main()
