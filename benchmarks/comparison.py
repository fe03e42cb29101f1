"""What other ways to explain a clustering cost, and what they know: SHAP, a surrogate tree, ClusterLOCO.

Run as ``python benchmarks/comparison.py``; prints tables in Markdown. Four real data sets, standardised and
clustered by k-means, 100 rows explained of each (all columns of `Case` as in ``truth.py``), and planted
clusters.

neon, shapley
    neonxai's default, and its ``method="shapley"``.
SHAP permutation
    ``shap.PermutationExplainer`` of the clustering's own logit, the same background rows, 10 permutations.
tree, TreeSHAP
    A decision tree fitted to the labels, grown to the end, and ``shap.TreeExplainer`` of the row's cluster.
tree, impurity
    The same tree's ``feature_importances_``, one ranking for all rows.
ClusterLOCO
    The package clusterloco: how much worse a classifier carries the clustering over to other rows when it
    lacks a feature. One ranking for all rows. As its README recommends, by splitting the data below 10
    features, and by 500 minipatches from there on, with random forests.
random
    The mean of 20 random orders for each row.

once, row
    Seconds before the first row is explained, without fitting the clustering, and microseconds for each
    row. Rankings are done once.
agreement
    The share of rows that the explained model assigns as the clustering does; of trees, that of rows which
    they were not fitted to (five folds).
|Σ − logit|
    The largest |Σ_i R_i + rest − f| / |f| over rows, f being the clustering's own logit; rest is the base
    value and what is absorbed.
deletion, by the mean, by the rival
    The share of the gap between random and SHAP, in %, when features are replaced by their means, and by
    those of the nearest rival; more is better.
recall
    Of 5 features that make three planted clusters, among 20 and 100, the share that is found among the five
    largest mean |R| (of ClusterLOCO: the five largest); mean over seeds, and the least.
"""

import argparse
import contextlib
import io
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import shap
from clim import ClusterLOCOMP
from clim.data_splitting.generalizability import Cluster_LOCO_Split
from clim.utils import hinge_error
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from neonxai import ClusterExplainer
from neonxai.evaluation import recovery
from truth import Array, Case, as_share, permutation, prepare, share, table

DATA = ("penguins", "wine", "breast cancer", "digits")
SHAP, LOCO = "SHAP permutation", "ClusterLOCO"
COLUMNS = [
    "once, s",
    "row, µs",
    "agreement, %",
    "\\|Σ − logit\\|",
    "deletion by the mean, %",
    "by the rival, %",
]
INFORMATIVE = 5


@dataclass(frozen=True)
class Found:
    """What a method says, and what it took: relevance (n_rows, n_features), or a ranking for all rows."""

    relevance: Array
    once: float
    per_row: float
    agreement: float
    misfit: float = np.nan


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """Return what the work gives, and its seconds."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def ours(case: Case, method: str) -> Found:
    """Propagation, or Shapley values."""
    explainer, once = timed(lambda: ClusterExplainer(case.model, method=method).fit(case.X))
    explainer.explain(case.rows)  # loads what is compiled
    e, seconds = timed(lambda: explainer.explain(case.rows))
    misfit = e.relevance.sum(axis=1) + e.absorbed + e.base_value - e.logits
    agreement = float(np.mean(explainer.explain(case.X[:2000]).labels == case.model.labels_[:2000]))
    worst = float(np.max(np.abs(misfit / e.logits)))
    return Found(e.relevance, once, seconds / len(case.rows), agreement, worst)


def by_shap(case: Case, logits: Array) -> Found:
    """SHAP, of the clustering's logit."""
    permutation(replace(case, rows=case.rows[:1], clusters=case.clusters[:1]))  # loads what is compiled
    values, seconds = timed(lambda: permutation(case))
    base = np.empty(len(case.rows))
    for cluster in np.unique(case.clusters):
        base[case.clusters == cluster] = case.logit(cluster)(case.background).mean()
    worst = np.max(np.abs((values.sum(axis=1) + base - logits) / logits))
    return Found(values, 0.0, seconds / len(case.rows), 1.0, float(worst))


def by_tree(case: Case, logits: Array) -> tuple[Found, Found]:
    """TreeSHAP of a tree that imitates the clustering, and the tree's own ranking."""
    tree = DecisionTreeClassifier(random_state=0)
    _, once = timed(lambda: tree.fit(case.X, case.model.labels_))
    agreement = float(cross_val_score(tree, case.X, case.model.labels_, cv=5).mean())
    explainer, more = timed(lambda: shap.TreeExplainer(tree))
    explainer.shap_values(case.rows)
    values, seconds = timed(lambda: explainer.shap_values(case.rows))
    own = values[np.arange(len(case.rows)), :, case.clusters]
    base = np.asarray(explainer.expected_value)[case.clusters]
    worst = np.max(np.abs((own.sum(axis=1) + base - logits) / logits))
    impurity = np.broadcast_to(tree.feature_importances_, case.rows.shape)
    return (
        Found(own, once + more, seconds / len(case.rows), agreement, float(worst)),
        Found(impurity, once, np.nan, agreement),
    )


def by_loco(case: Case, n_patches: int) -> Found:
    """ClusterLOCO's ranking."""
    n_clusters = case.model.n_clusters

    def split() -> Array:
        order = np.random.default_rng(0).permutation(len(case.X))
        first, second = np.array_split(order, 2)
        return Cluster_LOCO_Split(
            case.X[first],
            case.X[second],
            model=KMeans(n_clusters, n_init=10, random_state=0),
            clf=RandomForestClassifier(random_state=0),
            K=n_clusters,
            n_jobs=1,
        )[0]

    def minipatches() -> Array:
        patches = ClusterLOCOMP(
            K=n_clusters,
            B=n_patches,
            base_clusterer=KMeans(n_clusters, n_init=1, random_state=0),
            base_classifier=RandomForestClassifier(random_state=0),
        )
        patches.fit(case.X, standardize=False, alpha_N=0.2, alpha_M=0.2, parallel_MP=False)
        found = patches.score(error_metric=hinge_error, agg="mean", proba_error=True)
        scores = np.zeros(case.X.shape[1])
        scores[np.asarray(found["features"])] = found["delta"]
        return scores

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        scores, once = timed(split if case.X.shape[1] < 10 else minipatches)
    return Found(np.broadcast_to(scores, case.rows.shape), once, np.nan, np.nan)


def everything(case: Case, n_patches: int) -> dict[str, Found]:
    """All methods on a case."""
    logits = ClusterExplainer(case.model).fit(case.X).logits(case.rows)
    surrogate, impurity = by_tree(case, logits)
    return {
        "neon": ours(case, "neon"),
        "shapley": ours(case, "shapley"),
        SHAP: by_shap(case, logits),
        "tree, TreeSHAP": surrogate,
        "tree, impurity": impurity,
        LOCO: by_loco(case, n_patches),
    }


def planted(n_features: int, seed: int, n_rows: int) -> Case:
    """Three Gaussian clusters that differ in the first features; the others are noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=600)
    X = rng.standard_normal((600, n_features))
    X[:, :INFORMATIVE] += 2.0 * rng.standard_normal((3, INFORMATIVE))[labels]
    X = StandardScaler().fit_transform(X)
    model = KMeans(3, n_init=10, random_state=seed).fit(X)
    background = ClusterExplainer(model, method="integrated").fit(X).background_
    return Case(X, model, X[:n_rows], model.labels_[:n_rows], background)


def figure(value: float, form: str) -> str:
    """A number, or nothing."""
    return "" if np.isnan(value) else format(value, form)


def compare_on(name: str, n_rows: int, n_patches: int) -> None:
    """Print the table of one data set."""
    case = prepare(name, n_rows)
    found = everything(case, n_patches)
    shares = {}
    for replacement in ("mean", "cluster"):
        chance = case.random_areas(replacement)
        areas = {method: case.areas(of.relevance, replacement) for method, of in found.items()}
        shares[replacement] = {m: as_share(share(areas[m], chance, areas[SHAP])) for m in found}
    cells = {
        method: [
            f"{of.once:.2f}",
            figure(1e6 * of.per_row, ",.0f"),
            figure(100 * of.agreement, ".1f"),
            figure(of.misfit, ".0e"),
            shares["mean"][method],
            shares["cluster"][method],
        ]
        for method, of in found.items()
    }
    n, d = case.X.shape
    title = f"{name}, {n:,} × {d}, K={case.model.n_clusters}"
    table(title, cells, COLUMNS)


def recover(seeds: int, n_rows: int, n_patches: int) -> None:
    """Print how many of the planted features are found."""
    sizes = (20, 100)
    recalls: dict[str, dict[int, list[float]]] = {}
    for n_features in sizes:
        for seed in range(seeds):
            case = planted(n_features, seed, n_rows)
            for method, of in everything(case, n_patches).items():
                # Of ClusterLOCO a negative importance says that the clustering is better without a feature.
                scores = of.relevance if method == LOCO else np.abs(of.relevance)
                recall = recovery(scores, np.arange(INFORMATIVE), statistic="mean").recall
                recalls.setdefault(method, {}).setdefault(n_features, []).append(recall)
    cells = {
        method: [f"{np.mean(by[size]):.2f} ({np.min(by[size]):.2f})" for size in sizes]
        for method, by in recalls.items()
    }
    table("recall of planted features", cells, [f"5 of {size}" for size in sizes])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100, help="rows that are explained")
    parser.add_argument("--only", nargs="*", default=list(DATA), choices=DATA, help="these data sets alone")
    parser.add_argument("--seeds", type=int, default=3, help="planted data sets of each size")
    parser.add_argument("--patches", type=int, default=500, help="minipatches of ClusterLOCO")
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in arguments.only:
            compare_on(name, arguments.rows, arguments.patches)
        if arguments.seeds:
            recover(arguments.seeds, arguments.rows, arguments.patches)


if __name__ == "__main__":
    main()
