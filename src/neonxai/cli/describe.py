"""The clusters in numbers: what the tables on the screen, the summary file and the JSON are made of."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy.sparse import csr_array

import neonxai
from neonxai.cli.request import parse_beta, parse_gamma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.cli.preprocessing import Recipe
    from neonxai.cli.request import Request
    from neonxai.cli.result import Result
    from neonxai.cli.values import Values
    from neonxai.explanation import Explanation

__all__ = ["ClusterFacts", "Typical", "cluster_facts", "facts", "typical_values"]


@dataclass(frozen=True, eq=False)
class ClusterFacts:
    """One cluster.

    Attributes
    ----------
    name : int or str
        Its name; for k-means and for centers a number, counted from 0.
    size : int
        Its rows.
    logit, probability, absorbed : float
        Means over its rows; NaN without rows.
    rival : int, str or None
        The cluster that is the nearest rival of most of its rows; None without rows.
    relevance : array of shape (n_features,)
        Mean relevance over its rows, signed, in the unit of the logit; NaN without rows.
    means : array of shape (n_features,)
        Means of the columns over its rows, in the user's units, of values that are not missing; NaN without
        such.
    """

    name: Any
    size: int
    logit: float
    probability: float
    absorbed: float
    rival: Any
    relevance: NDArray[np.float64]
    means: NDArray[np.float64]

    def strongest(self, count: int) -> list[int]:
        """Positions of the features that speak most for the cluster; only those that speak for it at all."""
        order = np.argsort(-self.relevance, kind="stable")[:count]
        return [int(i) for i in order if self.relevance[i] > 0]


def cluster_facts(explanation: Explanation, values: NDArray[np.float64]) -> list[ClusterFacts]:
    """Put each cluster in numbers.

    Parameters
    ----------
    explanation : Explanation
        Of rows, each for the cluster that it is assigned to.
    values : array of shape (n_rows, n_features)
        The same rows in the user's units; NaN where a value is missing or no number.

    Returns
    -------
    list of ClusterFacts
        One per cluster, also for those without rows.

    Examples
    --------
    >>> import neonxai
    >>> rows = np.array([[0.5], [0.0], [2.0]])
    >>> e = neonxai.explain(neonxai.Centroids([[0.0], [2.0]]), rows, beta=1.0)
    >>> [(c.name, c.size, c.rival, c.relevance.tolist(), c.means.tolist()) for c in cluster_facts(e, rows)]
    [(0, 2, 1, [3.0], [0.25]), (1, 1, 0, [4.0], [2.0])]
    """
    labels, n = explanation.label_positions, len(explanation)
    count = len(explanation.cluster_names)
    members = csr_array((np.ones(n), (labels, np.arange(n))), (count, n))
    sizes = np.bincount(labels, minlength=count)
    safe = np.where(sizes > 0, sizes, np.nan)
    means = _means(members, values, safe)
    logits = (members @ explanation.logits) / safe
    probabilities = (members @ explanation.probabilities) / safe
    absorbed = (members @ explanation.absorbed) / safe
    relevance = explanation.summary_values("cluster", "mean")
    # Positions first, then names: pairs (cluster, rival) counted at once, as one number each.
    pairs, often = np.unique(labels * count + explanation.competitor_positions, return_counts=True)
    rivals: dict[int, int] = {}
    for pair in pairs[np.argsort(often, kind="stable")]:
        rivals[int(pair // count)] = int(pair % count)
    names = explanation.cluster_names
    return [
        ClusterFacts(
            name=names[k],
            size=int(sizes[k]),
            logit=float(logits[k]),
            probability=float(probabilities[k]),
            absorbed=float(absorbed[k]),
            rival=names[rivals[k]] if k in rivals else None,
            relevance=relevance[k],
            means=means[k],
        )
        for k in range(count)
    ]


def _means(
    members: csr_array, values: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    there = ~np.isnan(values)
    if there.all():
        means: NDArray[np.float64] = (members @ values) / sizes[:, None]
        return means
    counts = members @ there.astype(np.float64)
    return np.asarray((members @ np.where(there, values, 0.0)) / np.where(counts > 0, counts, np.nan))


@dataclass(frozen=True)
class Typical:
    """The value by which a column of categories differs most in a cluster from all rows: there is more of it.

    Attributes
    ----------
    value : str or None
        The value; None if it is the missing one.
    share, share_of_all : float
        How many of the cluster's rows, and of all rows, have it.
    """

    value: str | None
    share: float
    share_of_all: float


def typical_values(explanation: Explanation, values: Values) -> list[dict[str, Typical]]:
    """Find the category of each column whose share in a cluster is most above that in all rows.

    Parameters
    ----------
    explanation : Explanation
        Of rows, each for the cluster that it is assigned to.
    values : Values
        The same rows in the user's units.

    Returns
    -------
    list of dict
        One per cluster: for each column of categories its typical value, of equal ones the first in
        alphabetical order; nothing for a cluster without rows.

    Examples
    --------
    >>> import neonxai
    >>> import polars as pl
    >>> from neonxai.cli.values import Values
    >>> e = neonxai.explain(neonxai.Centroids([[0.0], [2.0]]), [[0.5], [0.0], [2.0]], beta=1.0)
    >>> typical_values(e, Values(pl.DataFrame({"color": ["red", "blue", "blue"]})))[1]
    {'color': Typical(value='blue', share=1.0, share_of_all=0.66...)}
    """
    found: list[dict[str, Typical]] = [{} for _ in explanation.cluster_names]
    labels = pl.Series("cluster", explanation.label_positions)
    for name in values.categories:
        pairs = pl.DataFrame([labels, values.frame[name].alias("word")])
        counts = pairs.group_by("cluster", "word").len()
        overall = dict(counts.group_by("word").agg(pl.col("len").sum()).iter_rows())
        sizes = dict(counts.group_by("cluster").agg(pl.col("len").sum()).iter_rows())
        gains = [count / sizes[k] - overall[word] / len(explanation) for k, word, count in counts.iter_rows()]
        counts = counts.with_columns(gain=pl.Series(gains, dtype=pl.Float64))
        counts = counts.sort("gain", "word", descending=[True, False], nulls_last=True)
        for k, word, count, _ in counts.unique("cluster", keep="first", maintain_order=True).iter_rows():
            found[k][name] = Typical(word, count / sizes[k], overall[word] / len(explanation))
    return found


def facts(request: Request, result: Result) -> dict[str, Any]:
    """Gather what ``--json`` prints.

    Parameters
    ----------
    request : Request
        What was asked.
    result : Result
        What was found.

    Returns
    -------
    dict
        Of what JSON can hold; numbers that are not finite become null, but β and γ the string
        "inf".
    """
    e = result.explanation
    n = len(e)
    stand_in = result.stand_in
    return {
        "neonxai": neonxai.__version__,
        "data": str(request.data),
        "rows": n,
        "features": list(e.feature_names),
        "dropped": list(result.selection.dropped),
        "id": result.selection.key,
        "scale": None if request.model else str(request.scale),
        "pipeline": result.recipe and _steps(result.recipe),
        "missing": result.values.missing,
        "model": _kind(request),
        "centers": None if request.centers is None else str(request.centers),
        "ignored_in_centers": list(result.ignored) if request.centers else [],
        "file": None if request.model is None else str(request.model),
        "estimator": result.model or None,
        "ignored_by_model": list(result.ignored) if request.model else [],
        "labels": result.selection.labels,
        "noise": stand_in and stand_in.noise,
        "gamma": stand_in and _or_inf(stand_in.gamma),
        "gamma_auto": stand_in and parse_gamma(request.gamma) == "auto",
        "agreement": e.agreement,
        "negative_logits": int(np.count_nonzero(e.logits < 0)),
        "seed": None if request.clusters is None else request.seed,
        "beta": _or_inf(e.beta),
        "beta_auto": parse_beta(request.beta) == "auto",
        "pooling": e.pooling,
        "clusters": [
            {
                "cluster": c.name,
                "rows": c.size,
                "share": c.size / n,
                "competitor": c.rival,
                "mean_logit": _number(c.logit),
                "mean_probability": _number(c.probability),
                "mean_absorbed": _number(c.absorbed),
                "mean_relevance": _named(e.feature_names, c.relevance),
                "mean": _named(e.feature_names, c.means),
                "typical": {name: asdict(value) for name, value in typical.items()},
            }
            for c, typical in zip(
                cluster_facts(e, result.values.matrix), typical_values(e, result.values), strict=True
            )
        ],
        "notes": list(result.notes),
        "output": None if request.out is None else str(request.out),
    }


def _kind(request: Request) -> str:
    given = {"k-means": request.clusters, "centers": request.centers, "labels": request.labels}
    return next((kind for kind, value in given.items() if value is not None), "file")


def _steps(recipe: Recipe) -> dict[str, Any]:
    return {
        "numbers": list(recipe.numbers),
        "median_for_missing": list(recipe.imputed),
        "categories": {
            c.name: {
                "values": c.n_values,
                "missing_is_one": c.with_missing,
                "codes": c.n_codes,
                "weight": c.weight,
            }
            for c in recipe.categories
        },
    }


def _or_inf(value: float) -> float | str:
    return value if math.isfinite(value) else "inf"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _named(names: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, float | None]:
    return {name: _number(float(value)) for name, value in zip(names, values, strict=True)}
