"""Which explanations know best what a clustering looks at: deletion curves on eight real data sets.

Run as ``python benchmarks/truth.py``; prints tables in Markdown; ``--plot FILE`` draws the second one. Data
is standardised and clustered by k-means. Of 100 rows (all, if there are fewer), the features are replaced by
their means, the most relevant first, and the logit of each row's own cluster is followed:
`neonxai.evaluation.deletion_curve`, one step for each feature. Lower is better.

area
    The mean over rows of the area under the row's curve, ± its standard error over rows.
share
    (random − method) / (random − SHAP): how much of the gap between chance and ``shap.PermutationExplainer``
    a method closes, in percent, ± its standard error over rows, which are the same for all methods (that of a
    ratio of means).

All methods explain the same logit of the same cluster. Those that need a background have the same 50 rows.

neon, β = ...
    Propagation. "auto" is the default; ∞ looks at the nearest rival only.
integrated, shapley
    neonxai's ``method=``, otherwise as by default.
SHAP permutation, kernel, exact
    SHAP's explainers: 10 permutations, its default; all coalitions up to 10 features; kernel with its default
    number of samples, but without its choice of 10 features (``l1_reg=False``), and not for digits.
gradient × input, integrated gradients
    Captum's, through PyTorch; the baseline of the latter is the background's mean.
centroid z-score
    |μ_ci − mean_i|, of standardised features: how unusual the cluster is, the same for all its rows.
closeness to the center
    −|x_i − μ_ci|.
random
    The mean of 20 random orders for each row.
"""

import argparse
import contextlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import captum.attr
import numpy as np
import shap
import torch
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from neonxai import ClusterExplainer
from neonxai.evaluation import deletion_curve

Array = NDArray[np.float64]

ROWS = 100
RANDOM_ORDERS = 20
SHAP, RANDOM, DEFAULT = "SHAP permutation", "random", "neon, β = auto"
# Of what is compared, which looks at a row once: one pass forward and back.
SINGLE_PASS = (
    "neon, β = 1",
    DEFAULT,
    "neon, β = ∞",
    "gradient × input",
    "centroid z-score",
    "closeness to the center",
)


def penguins() -> Array:
    """Bills, flippers and weights of the Palmer penguins."""
    import palmerpenguins

    return palmerpenguins.load_penguins().select_dtypes("float").dropna().to_numpy()


def cars() -> Array:
    """Measures of cars."""
    from vega_datasets import local_data

    return local_data.cars().select_dtypes("number").dropna().to_numpy(np.float64)


def schools() -> Array:
    """Pupils, teachers and money of Californian school districts; without what is made of other columns."""
    from statsmodels.datasets import star98

    return star98.load_pandas().data.loc[:, "LOWINC":"PCTYRRND"].to_numpy(np.float64)


CASES: dict[str, tuple[Callable[[], Array], int]] = {
    "iris": (lambda: datasets.load_iris().data, 3),
    "penguins": (penguins, 3),
    "cars": (cars, 4),
    "diabetes": (lambda: datasets.load_diabetes().data, 5),
    "schools": (schools, 6),
    "wine": (lambda: datasets.load_wine().data, 6),
    "breast cancer": (lambda: datasets.load_breast_cancer().data, 8),
    "digits": (lambda: datasets.load_digits().data, 30),
}


@dataclass(frozen=True)
class Case:
    """A clustering, and the rows that are explained."""

    X: Array
    model: KMeans
    rows: Array
    clusters: NDArray[np.intp]
    background: Array

    @property
    def centers(self) -> Array:
        """μ."""
        return self.model.cluster_centers_

    def explain(self, **options: object) -> Array:
        """Our relevance."""
        return ClusterExplainer(self.model, **options).fit(self.X).transform(self.rows)

    def logit(self, cluster: int) -> Callable[[Array], Array]:
        """The evidence for a cluster, the minimum over its rivals of w·x + b, of arrays or tensors."""
        rivals = np.delete(self.centers, cluster, axis=0)
        w = 2.0 * (self.centers[cluster] - rivals).T
        b = (rivals**2).sum(axis=1) - (self.centers[cluster] ** 2).sum()
        w_of_torch, b_of_torch = torch.from_numpy(w), torch.from_numpy(b)

        def logit(Z: Array) -> Array:
            if isinstance(Z, torch.Tensor):
                return (Z @ w_of_torch + b_of_torch).min(dim=1).values
            return (Z @ w + b).min(axis=1)

        return logit

    def by_cluster(self, explain: Callable[[Callable[[Array], Array], Array], Array]) -> Array:
        """Relevance by a method that takes a logit and the rows of its cluster."""
        found = np.empty(self.rows.shape)
        for cluster in np.unique(self.clusters):
            mine = self.clusters == cluster
            found[mine] = explain(self.logit(cluster), self.rows[mine])
        return found

    def areas(self, relevance: Array, replacement: object = "mean") -> Array:
        """The area under each row's deletion curve."""
        explainer = ClusterExplainer(self.model).fit(self.X)
        steps = self.X.shape[1]
        return deletion_curve(
            explainer, self.rows, relevance, replacement=replacement, background=self.X, n_steps=steps
        ).areas

    def random_areas(self, replacement: object = "mean") -> Array:
        """The mean area of random orders, for each row."""
        rng = np.random.default_rng(1)
        return np.mean(
            [self.areas(rng.random(self.rows.shape), replacement) for _ in range(RANDOM_ORDERS)], axis=0
        )


def prepare(name: str, n_rows: int) -> Case:
    """Cluster a data set, and choose the rows to explain."""
    load, n_clusters = CASES[name]
    X = StandardScaler().fit_transform(load())
    model = KMeans(n_clusters, n_init=10, random_state=0).fit(X)
    chosen = np.random.default_rng(0).permutation(len(X))[:n_rows]
    background = ClusterExplainer(model, method="integrated").fit(X).background_
    return Case(X, model, X[chosen], model.labels_[chosen], background)


def permutation(case: Case, n_permutations: int = 10) -> Array:
    """SHAP's permutation explainer."""
    masker = shap.maskers.Independent(case.background, max_samples=len(case.background))

    def explain(logit: Callable[[Array], Array], rows: Array) -> Array:
        explainer = shap.PermutationExplainer(logit, masker, seed=0)
        return explainer.shap_values(rows, npermutations=n_permutations, silent=True)

    return case.by_cluster(explain)


def exact(case: Case) -> Array:
    """SHAP's exact explainer."""
    masker = shap.maskers.Independent(case.background, max_samples=len(case.background))
    return case.by_cluster(
        lambda logit, rows: shap.explainers.ExactExplainer(logit, masker)(rows, silent=True).values
    )


def kernel(case: Case) -> Array:
    """SHAP's kernel explainer; it draws from NumPy's global state."""
    np.random.seed(0)  # noqa: NPY002

    def explain(logit: Callable[[Array], Array], rows: Array) -> Array:
        return shap.KernelExplainer(logit, case.background).shap_values(rows, l1_reg=False, silent=True)

    with contextlib.redirect_stderr(io.StringIO()):
        return case.by_cluster(explain)


def by_gradient(case: Case, *, integrated: bool) -> Array:
    """Captum's integrated gradients from the background's mean, or gradient × input."""
    baseline = torch.from_numpy(case.background.mean(axis=0))[None]

    def explain(logit: Callable[[Array], Array], rows: Array) -> Array:
        x = torch.from_numpy(rows)
        if integrated:
            return captum.attr.IntegratedGradients(logit).attribute(x, baseline).numpy()
        return captum.attr.InputXGradient(logit).attribute(x.requires_grad_()).detach().numpy()

    return case.by_cluster(explain)


def explanations(case: Case) -> dict[str, Array]:
    """All methods' relevance."""
    n_features = case.X.shape[1]
    found = {
        SHAP: permutation(case),
        "shapley": case.explain(method="shapley"),
        "integrated": case.explain(method="integrated"),
        "neon, β = 1": case.explain(beta=1.0),
        DEFAULT: case.explain(),
        "neon, β = ∞": case.explain(beta=np.inf),
        "gradient × input": by_gradient(case, integrated=False),
        "integrated gradients": by_gradient(case, integrated=True),
        "centroid z-score": np.abs(case.centers[case.clusters] - case.X.mean(axis=0)),
        "closeness to the center": -np.abs(case.rows - case.centers[case.clusters]),
    }
    if n_features <= 10:
        found["SHAP exact"] = exact(case)
    if n_features <= 30:
        found["SHAP kernel"] = kernel(case)
    return found


def share(areas: Array, chance: Array, reference: Array) -> tuple[float, float]:
    """(random − method) / (random − SHAP), and its standard error over rows."""
    gain, gap = chance - areas, chance - reference
    ratio = gain.mean() / gap.mean()
    rest = gain - ratio * gap
    return float(ratio), float(rest.std(ddof=1) / np.sqrt(len(rest)) / gap.mean())


def as_area(areas: Array) -> str:
    """Mean ± standard error."""
    return f"{areas.mean():.2f} ± {areas.std(ddof=1) / np.sqrt(len(areas)):.2f}"


def as_share(found: tuple[float, float]) -> str:
    """In percent."""
    return f"{100 * found[0]:.1f} ± {100 * found[1]:.1f}"


def table(title: str, rows: dict[str, list[str]], columns: list[str]) -> None:
    """Print a table."""
    print(f"\n| {title} | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="rows to explain of each data set")
    parser.add_argument("--plot", metavar="FILE", help="draw the shares into this file")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), help="data sets")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", module="vega_datasets")
    areas: dict[str, dict[str, Array]] = {}
    for name in asked.only:
        case = prepare(name, asked.rows)
        areas[name] = {method: case.areas(R) for method, R in explanations(case).items()}
        areas[name][RANDOM] = case.random_areas()
    report(areas)
    if asked.plot:
        draw(areas, asked.plot)


def report(areas: dict[str, dict[str, Array]]) -> None:
    """Print both tables, and whether what is asked of the methods is so."""
    methods = list(dict.fromkeys(method for found in areas.values() for method in found))
    columns = [f"{name}" for name in areas]
    cells = {m: [as_area(found[m]) if m in found else "" for found in areas.values()] for m in methods}
    table("area", cells, columns)
    shares = {m: {name: shares_of(found, m) for name, found in areas.items() if m in found} for m in methods}
    cells = {}
    for m in methods:
        if m not in (SHAP, RANDOM):
            known = [100 * value for value, _ in shares[m].values()]
            mean = f"{np.mean(known):.1f}" if len(known) == len(areas) else ""
            cells[m] = [as_share(shares[m][name]) if name in shares[m] else "" for name in areas] + [mean]
    table("share of the gap, %", cells, [*columns, "mean"])
    print()
    for method, least in (("shapley", 0.99), ("integrated", 0.96)):
        short = [name for name in areas if shares[method][name][0] < least]
        print(f"{method} closes at least {least:.0%}: {verdict(short)}")
    for rival in SINGLE_PASS:
        if rival != DEFAULT:
            short = [n for n, found in areas.items() if found[rival].mean() < found[DEFAULT].mean()]
            print(f"{DEFAULT} is better than {rival}: {verdict(short)}")


def verdict(short: list[str]) -> str:
    """In words."""
    return f"not on {', '.join(short)}" if short else "on all"


def shares_of(found: dict[str, Array], method: str) -> tuple[float, float]:
    """The share that a method closes."""
    return share(found[method], found[RANDOM], found[SHAP])


def draw(areas: dict[str, dict[str, Array]], path: str) -> None:
    """Draw the shares: data sets from top to bottom, one mark for each method."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.use("Agg")
    # Okabe and Ito's colours, and another mark for each method.
    marks = {
        "shapley": ("#009E73", "D"),
        "integrated": ("#0072B2", "s"),
        DEFAULT: ("#D55E00", "o"),
        "neon, β = 1": ("#E69F00", "^"),
        "gradient × input": ("#000000", "x"),
        "integrated gradients": ("#56B4E9", "P"),
        "centroid z-score": ("#CC79A7", "v"),
    }
    figure, ax = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
    places = np.arange(len(areas))[::-1]
    for i, (method, (color, mark)) in enumerate(marks.items()):
        found = np.array([shares_of(each, method) for each in areas.values()]) * 100
        ax.errorbar(
            found[:, 0],
            places + 0.11 * (3.0 - i),
            xerr=found[:, 1],
            color=color,
            marker=mark,
            markersize=6,
            linestyle="none",
            linewidth=1,
            label=method,
        )
    for place in places[:-1]:
        ax.axhline(place - 0.5, color="#dddddd", linewidth=0.8, zorder=0)
    ax.axvline(100, color="#888888", linewidth=0.8, zorder=0)
    ax.set_yticks(places, list(areas))
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_xlabel("share of the gap between a random order and SHAP (permutation) that is closed, %")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
