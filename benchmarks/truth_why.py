"""Why explanations differ on `benchmarks/truth.py`: roots, shares, β, and what deleted features become.

Run as ``python benchmarks/truth_why.py``; prints, in Markdown, the mean over the eight data sets of the share
of the gap between random and SHAP that is closed, in percent, ± the standard deviation over data sets; for
deletion by the mean, by rows that are drawn, and by the mean of the nearest rival. SHAP is
``shap.PermutationExplainer`` with 10 permutations.

The first lines are of the same form, R_i = Σ_k p_k w_ki (x_i − root_ki), and differ in two things:

root
    The midpoint of the two centers, as in propagation; the mean of the data, where deletion by the mean
    ends; the mean of the rival's rows, where deletion by the rival's mean ends.
shares p_k
    Of the nearest rival (β = ∞), by β = auto, or these two averaged along the way from the data's mean to x.

With the midpoint and shares at x this is propagation, ratios f / h_k included; with the mean and the nearest
rival gradient × input; with the mean and the nearest rival along the way integrated gradients.
"without f / h" is propagation with shares alone: only the order of its features means something.
"""

import argparse
import warnings

import numpy as np

from neonxai import ClusterExplainer
from truth import CASES, SHAP, Array, Case, permutation, prepare, share, table

KINDS = ("mean", "rows", "cluster")
FACTORS = (0.0, 0.1, 0.3, 1.0, 3.0, np.inf)
POINTS = 50
PERMUTATIONS = (10, 40, 160)


def shares_at(h: Array, beta: float) -> Array:
    """p_k, of evidence with +inf for the row's own cluster."""
    smallest = h.min(axis=1, keepdims=True)
    if beta in (0, np.inf):
        p = (np.isfinite(h) if beta == 0 else h == smallest).astype(float)
    else:
        p = np.exp(-beta * (h - smallest))
    return p / p.sum(axis=1, keepdims=True)


def evidence(case: Case, Z: Array) -> Array:
    """h_k of the rows' own clusters at other places, +inf for themselves."""
    d = ((Z[:, None] - case.centers) ** 2).sum(axis=2)
    everyone = np.arange(len(Z))
    h = d - d[everyone, case.clusters][:, None]
    h[everyone, case.clusters] = np.inf
    return h


def mean_shares(case: Case, start: Array, beta: float) -> Array:
    """The shares along the straight way from a point to the rows."""
    along = (np.arange(POINTS) + 0.5) / POINTS
    return np.mean([shares_at(evidence(case, start + t * (case.rows - start)), beta) for t in along], axis=0)


def relevance(case: Case, p: Array, root: str) -> Array:
    """Σ_k p_k w_ki (x_i − root_ki)."""
    own = case.centers[case.clusters]
    w = 2.0 * (own[:, None] - case.centers)
    roots = {
        "midpoint": 0.5 * (own[:, None] + case.centers),
        "mean": np.broadcast_to(case.X.mean(axis=0), w.shape),
        "rival's mean": np.broadcast_to(case.centers, w.shape),
    }
    return np.einsum("nk,nkd,nkd->nd", p, w, case.rows[:, None] - roots[root])


def candidates(case: Case) -> dict[str, Array]:
    """Root × shares."""
    beta = ClusterExplainer(case.model).fit(case.X).beta_
    m = case.X.mean(axis=0)
    h = evidence(case, case.rows)
    found = {}
    ways = {
        "nearest at x": shares_at(h, np.inf),
        "auto at x": shares_at(h, beta),
        "nearest along the way": mean_shares(case, m, np.inf),
        "auto along the way": mean_shares(case, m, beta),
    }
    f = h.min(axis=1, keepdims=True)
    # f / h_k as in propagation: 0 for the row's own cluster; 1 where both are 0.
    ratios = np.where(h == f, 1.0, f / h)
    for name, p in ways.items():
        found[f"midpoint, {name}"] = relevance(case, p * ratios if name.endswith("at x") else p, "midpoint")
        for root in ("mean", "rival's mean"):
            found[f"{root}, {name}"] = relevance(case, p, root)
    # As if 1 or 3 standard deviations had been added to every column: nothing else knows the origin.
    for moved in (1.0, 3.0):
        w = 2.0 * np.einsum(
            "nk,nkd->nd", ways["nearest at x"], case.centers[case.clusters][:, None] - case.centers
        )
        found[f"gradient × input, all data + {moved:g}"] = w * (case.rows + moved)
    return found


def closes(case: Case, kind: str, methods: dict[str, Array], reference: Array) -> dict[str, float]:
    """The shares that methods close, in percent."""
    chance, best = case.random_areas(kind), case.areas(reference, kind)
    return {name: 100 * share(case.areas(R, kind), chance, best)[0] for name, R in methods.items()}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100, help="rows to explain of each data set")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), help="data sets")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", module="vega_datasets")
    cases = {name: prepare(name, asked.rows) for name in asked.only}
    references = {name: permutation(case) for name, case in cases.items()}
    found: dict[str, dict[str, list[float]]] = {}
    duel: dict[str, list[str]] = {}
    gaps: dict[str, list[str]] = {}
    of_noise: dict[str, list[str]] = {}
    for name, case in cases.items():
        methods = {**candidates(case), **of_beta(case), "shapley": case.explain(method="shapley")}
        duel[name] = []
        for kind in KINDS:
            for method, value in closes(case, kind, methods, references[name]).items():
                found.setdefault(method, {}).setdefault(kind, []).append(value)
            gain = case.areas(methods["mean, nearest at x"], kind) - case.areas(case.explain(), kind)
            duel[name].append(f"{gain.mean():+.3f} ± {gain.std(ddof=1) / np.sqrt(len(gain)):.3f}")
        gaps[name] = [
            f"{(case.random_areas(kind) - case.areas(references[name], kind)).mean():.2f}" for kind in KINDS
        ]
        noise = {str(n): permutation(case, n) for n in PERMUTATIONS}
        of_noise[name] = [f"{value:.1f}" for value in closes(case, "mean", noise, references[name]).values()]
    cells = {
        method: [f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}" for values in kinds.values()]
        for method, kinds in found.items()
    }
    table("share, %; deletion by", cells, list(KINDS))
    table("area of gradient × input − of neon, β = auto", duel, list(KINDS))
    table("area of random − of SHAP", gaps, list(KINDS))
    table(f"share, %; {SHAP}, permutations", of_noise, [str(n) for n in PERMUTATIONS])


def of_beta(case: Case) -> dict[str, Array]:
    """Propagation and integrated shares by multiples of β = auto."""
    auto = ClusterExplainer(case.model).fit(case.X).beta_
    found = {f"neon, β = {factor:g} auto": case.explain(beta=factor * auto) for factor in FACTORS}
    h = evidence(case, case.rows)
    for factor in FACTORS[:-1]:
        p = shares_at(h, factor * auto)
        found[f"without f / h, β = {factor:g} auto"] = relevance(case, p, "midpoint")
    for factor in FACTORS:
        found[f"integrated, β = {factor:g} auto"] = case.explain(method="integrated", beta=factor * auto)
    return found


if __name__ == "__main__":
    main()
