"""Errors of Shapley values by which permutations are walked through, at the same number of additions.

Run as ``python benchmarks/permutations.py``; prints a table in Markdown. Data, clusterings and
backgrounds are those of ``shapley.py``; 4 pairs of walks. Errors are root mean squares over 16 rows, their
features and 20 seeds, relative to the mean Σ|R| of a row, against 1,000 pairs of walks. The last line is what
the package does; in brackets are the standard errors that are told, as a share of the actual ones.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from neonxai.networks import CentroidNetwork
from neonxai.networks import shapley as module
from neonxai.networks.permutations import permutations
from shapley import CASES

Walks = NDArray[np.intp]
PAIRS, SEEDS = 4, 20


def random(n_features: int, n_permutations: int, n_blocks: int, seed: int) -> Walks:
    """Permutations independent of each other."""
    rng = np.random.default_rng(seed)
    return rng.permuted(
        np.broadcast_to(np.arange(n_features), (n_blocks, n_permutations, n_features)), axis=2
    )


def orthogonal(n_features: int, n_permutations: int, n_blocks: int, seed: int) -> Walks:
    """The order of orthogonal vectors whose entries sum to zero."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_blocks, n_features, n_permutations))
    vectors -= vectors.mean(axis=1, keepdims=True)
    return np.linalg.qr(vectors)[0].argsort(axis=1).transpose(0, 2, 1)


WAYS = {"random": random, "orthogonal [Mitchell2022]": orthogonal, "Latin hypercube of depths": permutations}


def errors(name: str) -> list[str]:
    """Errors of all ways on a data set, as cells."""
    load, n_clusters = CASES[name]
    X = StandardScaler().fit_transform(load().data)
    rng = np.random.default_rng(0)
    model = KMeans(n_clusters, n_init=1, random_state=0).fit(X)
    network, background = CentroidNetwork(model.cluster_centers_), X[rng.choice(len(X), 50, replace=False)]
    few = rng.permutation(len(X))[:16]

    def play(n_permutations: int, seed: int) -> module.ShapleyValues:
        return module.shapley(
            network,
            X[few],
            model.labels_[few],
            background,
            n_permutations=n_permutations,
            random_state=seed,
        )

    exact = play(1000, 10_000).values
    size, cells = np.abs(exact).sum(axis=1).mean(), []
    for blocks_share in (True, False):
        for way in WAYS.values():

            def walks(n: int, m: int, n_blocks: int, seed: int) -> Walks:
                drawn = way(n, m, 1 if blocks_share else n_blocks, seed)  # noqa: B023  # used here only
                return np.ascontiguousarray(np.broadcast_to(drawn, (n_blocks, m, n)))

            module.permutations = walks
            found = [play(PAIRS, seed) for seed in range(SEEDS)]
            actual = np.sqrt(np.mean([(f.values - exact) ** 2 for f in found]))
            told = np.sqrt(np.mean([f.standard_error**2 for f in found]))
            module.permutations = permutations
            cells.append(f"{actual / size:.1e}" + ("" if blocks_share else f" ({told / actual:.2f})"))
    return cells


def main() -> None:
    """Print the table."""
    names = [name for name in CASES if name != "iris, K=3"]
    columns = [errors(name) for name in names]
    print("| permutations | " + " | ".join(names) + " |")
    print("| --- |" + " --: |" * len(names))
    rows = [f"{way}, {whose}" for whose in ("for all", "for each 8 background rows") for way in WAYS]
    for row, cells in zip(rows, zip(*columns, strict=True), strict=True):
        print(f"| {row} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
