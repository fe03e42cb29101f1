"""The clusters in numbers: what the tables on the screen, the summary file and the JSON are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

import neonxai
from neonxai.cli.request import parse_beta, parse_gamma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.cli.request import Request
    from neonxai.cli.result import Result
    from neonxai.explanation import Explanation

__all__ = ["ClusterFacts", "cluster_facts", "facts"]


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
        Means of the columns over its rows, in the user's units; NaN without rows.
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
        The same rows in the user's units.

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
    means = (members @ values) / safe[:, None]
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
        "scale": str(request.scale),
        "model": "labels" if stand_in else "k-means" if request.centers is None else "centers",
        "centers": None if request.centers is None else str(request.centers),
        "ignored_in_centers": list(result.ignored),
        "labels": result.selection.labels,
        "noise": stand_in and stand_in.noise,
        "gamma": stand_in and _or_inf(stand_in.gamma),
        "gamma_auto": stand_in and parse_gamma(request.gamma) == "auto",
        "agreement": e.agreement,
        "negative_logits": int(np.count_nonzero(e.logits < 0)),
        "seed": None if stand_in or request.centers else request.seed,
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
            }
            for c in cluster_facts(e, result.values)
        ],
        "notes": list(result.notes),
        "output": None if request.out is None else str(request.out),
    }


def _or_inf(value: float) -> float | str:
    return value if math.isfinite(value) else "inf"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _named(names: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, float | None]:
    return {name: _number(float(value)) for name, value in zip(names, values, strict=True)}
