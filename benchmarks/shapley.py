"""How fast Shapley values are, beside ``shap.PermutationExplainer`` on the same game, and how exact both are.

Run as ``python benchmarks/shapley.py``; prints a table in Markdown. Data is standardised, clustered by
k-means, and explained against 50 of its rows. The game is the logit of each row's own cluster.

time
    Of a row, in microseconds. Ours: the least of seven calls on as many rows as the data has, and on 1,800,
    the data's repeated; by the kernel, compiled before, where there is enough to do (of iris' 150 rows there
    is not), in as many threads as matrix products take where it pays. SHAP's: the least of six calls on some
    rows, in one thread. What it calls is the cheapest vectorised model there is, one matrix product and a
    minimum over the rivals in NumPy; no scikit-learn. The rest is its own: it makes the masked rows and
    averages over the background.
pairs
    Of walks through permutations, there and back. SHAP's are its default, 10, through which all background
    rows go. Ours are as many as it takes to have an error that is not greater, 2 or more, of other
    permutations for each 8 background rows; "all" where coalitions are enumerated.
error
    Root mean square over rows and features, relative to the mean Σ|R| of a row, against 1,000 pairs of walks
    for each 8 background rows or, up to 10 features, all coalitions. As SHAP draws permutations for each row,
    and ours are common to all, it is over 20 seeds for ours and three for SHAP's.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import shap
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from neonxai.networks import CentroidNetwork
from neonxai.networks.shapley import MOST_ENUMERATED, shapley
from neonxai.stages.games import run_tasks

Array = NDArray[np.float64]

CASES = {
    "iris, K=3": (load_iris, 3),
    "wine, K=6": (load_wine, 6),
    "breast cancer, K=8": (load_breast_cancer, 8),
    "digits, K=30": (load_digits, 30),
}
PAIRS = 10
SEEDS, SHAP_SEEDS = 20, 3
MANY = 1800


def logit_of(centers: Array, cluster: int) -> Callable[[Array], Array]:
    """Evidence for one cluster, as a function that SHAP takes: the minimum over the rivals of w·x + b."""
    rivals = np.delete(centers, cluster, axis=0)
    w = 2.0 * (centers[cluster] - rivals).T
    b = (rivals**2).sum(axis=1) - (centers[cluster] ** 2).sum()

    def logit(Z: Array) -> Array:
        return np.asarray((Z @ w + b).min(axis=1))

    return logit


def theirs(
    X: Array, centers: Array, clusters: NDArray[np.intp], background: Array, seed: int
) -> tuple[Array, float]:
    """SHAP's values of rows, and its seconds."""
    values, seconds = np.empty(X.shape), 0.0
    masker = shap.maskers.Independent(background, max_samples=len(background))
    for cluster in np.unique(clusters):
        rows = clusters == cluster
        explainer = shap.PermutationExplainer(logit_of(centers, cluster), masker, seed=seed)
        times = []
        for _ in range(2):  # the first one compiles
            with threadpool_limits(1):  # two threads, beside other processes, take up to ten times as long
                start = time.perf_counter()
                found = explainer(X[rows], max_evals=PAIRS * (2 * X.shape[1] + 1), silent=True)
                times.append(time.perf_counter() - start)
        seconds += min(times)
        values[rows] = found.values
    return values, seconds


def seconds_of(call: Callable[[], object]) -> float:
    """The least of seven calls."""
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure(name: str, n_shap: int, n_reference: int) -> str:
    """Measure one data set, and return its row of the table."""
    load, n_clusters = CASES[name]
    X = StandardScaler().fit_transform(load().data)
    rng = np.random.default_rng(0)
    model = KMeans(n_clusters, n_init=1, random_state=0).fit(X)
    network, clusters = CentroidNetwork(model.cluster_centers_), model.labels_.astype(np.intp)
    background = X[rng.choice(len(X), 50, replace=False)]
    few = rng.permutation(len(X))[:n_shap]

    def ours(rows: NDArray[np.intp], n_pairs: int, seed: int = 0) -> Array:
        return shapley(
            network,
            X[rows],
            clusters[rows],
            background,
            n_permutations=n_pairs,
            random_state=seed,
            run=run_tasks,
        ).values

    exact = ours(few, n_reference, 10_000)
    size = np.abs(exact).sum(axis=1).mean()

    def error(values: list[Array]) -> float:
        return float(np.sqrt(np.mean([(found - exact) ** 2 for found in values])) / size)

    played = [theirs(X[few], network.centers, clusters[few], background, seed) for seed in range(SHAP_SEEDS)]
    shap_error = error([values for values, _ in played])
    n_pairs = 2
    while error([ours(few, n_pairs, seed) for seed in range(SEEDS)]) > shap_error:
        n_pairs += 1
    own_error = error([ours(few, n_pairs, seed) for seed in range(SEEDS)])
    other = 1e6 * min(seconds for _, seconds in played) / len(few)
    once, many = np.arange(len(X)), np.arange(MANY) % len(X)
    own, own_many = (1e6 * seconds_of(partial(ours, rows, n_pairs)) / len(rows) for rows in (once, many))
    pairs = "all" if X.shape[1] <= MOST_ENUMERATED else str(n_pairs)
    return (
        f"| {name} | {X.shape[1]} | {pairs} | {own_error:.1e} | {own:,.2f} | {own_many:,.2f} | {PAIRS} | "
        f"{shap_error:.1e} | {other:,.0f} | {other / own:,.0f} × | {other / own_many:,.0f} × |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=20, help="rows for SHAP and for the errors")
    parser.add_argument("--reference", type=int, default=1000, help="pairs of walks that errors are against")
    parser.add_argument("--cases", nargs="*", default=list(CASES), help="data sets")
    given = parser.parse_args()
    print(
        "| data | D | pairs | error | µs/row | of 1,800 | SHAP's pairs | its error | its µs/row | faster "
        "| of 1,800 |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
    for name in given.cases:
        print(measure(name, given.rows, given.reference), flush=True)


if __name__ == "__main__":
    main()
