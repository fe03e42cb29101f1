"""How fast Shapley values are, beside ``shap.PermutationExplainer`` on the same game, and how exact both are.

Run as ``python benchmarks/shapley.py``; prints a table in Markdown. Data is standardised, clustered by
k-means, and explained against 50 of its rows. The game is the logit of each row's own cluster.

time
    Of a row, in microseconds: the least of three calls for ours, of two for SHAP's, on some rows, with the
    cheapest vectorised model (one matrix product, a minimum) behind it.
pairs
    Of walks through permutations, there and back. SHAP's are its default, 10. Ours are as many as it takes to
    have an error that is not greater: 10 or more; "all" where coalitions are enumerated.
error
    Root mean square over rows and features, relative to the mean Σ|R| of a row, against 4,000 pairs of walks
    or, up to 10 features, all coalitions.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import shap
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from neonxai.networks import CentroidNetwork
from neonxai.networks.shapley import MOST_ENUMERATED, shapley

Array = NDArray[np.float64]

CASES = {
    "iris, K=3": (load_iris, 3),
    "wine, K=6": (load_wine, 6),
    "breast cancer, K=8": (load_breast_cancer, 8),
    "digits, K=30": (load_digits, 30),
}
PAIRS = 10


def logit_of(centers: Array, cluster: int) -> Callable[[Array], Array]:
    """Evidence for one cluster, as a function that SHAP takes: the minimum over the rivals of w·x + b."""
    rivals = np.delete(centers, cluster, axis=0)
    w = 2.0 * (centers[cluster] - rivals).T
    b = (rivals**2).sum(axis=1) - (centers[cluster] ** 2).sum()

    def logit(Z: Array) -> Array:
        return np.asarray((Z @ w + b).min(axis=1))

    return logit


def theirs(X: Array, centers: Array, clusters: NDArray[np.intp], background: Array) -> tuple[Array, float]:
    """SHAP's values of rows, and its seconds."""
    values, seconds = np.empty(X.shape), 0.0
    masker = shap.maskers.Independent(background, max_samples=len(background))
    for cluster in np.unique(clusters):
        rows = clusters == cluster
        explainer = shap.PermutationExplainer(logit_of(centers, cluster), masker, seed=0)
        times = []
        for _ in range(2):  # the first one compiles
            start = time.perf_counter()
            found = explainer(X[rows], max_evals=PAIRS * (2 * X.shape[1] + 1), silent=True)
            times.append(time.perf_counter() - start)
        seconds += min(times)
        values[rows] = found.values
    return values, seconds


def measure(name: str, n_shap: int, n_ours: int, n_reference: int) -> str:
    """Measure one data set, and return its row of the table."""
    load, n_clusters = CASES[name]
    X = StandardScaler().fit_transform(load().data)
    rng = np.random.default_rng(0)
    model = KMeans(n_clusters, n_init=1, random_state=0).fit(X)
    network = CentroidNetwork(model.cluster_centers_)
    background = X[rng.choice(len(X), 50, replace=False)]
    many = rng.permutation(len(X))[:n_ours]
    few = many[:n_shap]
    exact = shapley(
        network, X[few], model.labels_[few], background, n_permutations=n_reference, random_state=1
    ).values
    size = np.abs(exact).sum(axis=1).mean()

    def error(values: Array) -> float:
        return float(np.sqrt(np.mean((values - exact) ** 2)) / size)

    shap_values, shap_seconds = theirs(X[few], network.centers, model.labels_[few], background)
    n_pairs = PAIRS
    while True:
        ours = shapley(network, X[few], model.labels_[few], background, n_permutations=n_pairs).values
        if error(ours) <= error(shap_values):
            break
        n_pairs += 5
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        shapley(network, X[many], model.labels_[many], background, n_permutations=n_pairs)
        seconds.append(time.perf_counter() - start)
    own, other = 1e6 * min(seconds) / len(many), 1e6 * shap_seconds / len(few)
    pairs = "all" if X.shape[1] <= MOST_ENUMERATED else str(n_pairs)
    return (
        f"| {name} | {X.shape[1]} | {pairs} | {own:,.0f} | {error(ours):.1e} | {PAIRS} | {other:,.0f} | "
        f"{error(shap_values):.1e} | {other / own:,.0f} × |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=20, help="rows for SHAP and for the errors")
    parser.add_argument("--ours", type=int, default=1800, help="rows for the time of ours, at most")
    parser.add_argument("--reference", type=int, default=4000, help="pairs of walks that errors are against")
    parser.add_argument("--cases", nargs="*", default=list(CASES), help="data sets")
    given = parser.parse_args()
    print("| data | D | pairs | µs/row | error | SHAP's pairs | SHAP's µs/row | its error | faster |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    for name in given.cases:
        print(measure(name, given.rows, given.ours, given.reference), flush=True)


if __name__ == "__main__":
    main()
