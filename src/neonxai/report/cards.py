"""A card for each cluster: what makes it itself, its nearest rival, its typical and its borderline rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

from neonxai.explanation.groups import group_kinds
from neonxai.report.columns import compared
from neonxai.report.facts import Cluster, Rival, Trait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neonxai.explanation import Explanation
    from neonxai.report.columns import Features

TRAITS, _FEWEST_TRAITS = 5, 2
_MOST_TRAITS = 500  # of all cards, so that a page of hundreds of clusters stays small
_ROWS = 3
_BLOCK = 1 << 20  # relevances compared with a mean at once: 8 MiB

# A row counts as borderline below. By "auto", β is 1 / mean logit, so that 0.6 says that the evidence is less
# than log(0.6 / 0.4) = 0.41 of what it is on average; of a mixture it is the probability itself.
BORDERLINE = 0.6


@dataclass(frozen=True, eq=False)
class Groups:
    """The rows of each cluster, and what is known of them, over all rows.

    Attributes
    ----------
    explanation : Explanation
        Of each row for the cluster that it is in.
    rows : tuple of int arrays
        Those of each cluster.
    rivals : int array of shape (n,)
        The nearest rival of each row.
    means : array of shape (n_clusters, n_features)
        Mean relevance; NaN without rows.
    noise : bool array of shape (n_clusters,)
        Which are no clusters.
    """

    explanation: Explanation
    rows: tuple[NDArray[np.intp], ...]
    rivals: NDArray[np.intp]
    means: NDArray[np.float64]
    noise: NDArray[np.bool_]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Rows of each cluster."""
        return np.array([len(rows) for rows in self.rows])

    def rival_of(self, cluster: int) -> tuple[int, float] | None:
        """The nearest rival of most of a cluster's rows, and of what part of them; None without rows."""
        if not len(self.rows[cluster]):
            return None
        counts = np.bincount(self.rivals[self.rows[cluster]], minlength=len(self.rows))
        counts[cluster] = 0
        rival = int(counts.argmax())
        return (rival, float(counts[rival] / len(self.rows[cluster]))) if counts[rival] else None


def strongest(means: NDArray[np.float64], count: int = TRAITS) -> list[int]:
    """Positions of the features that speak most for a cluster; only those that speak for it at all.

    Examples
    --------
    >>> strongest(np.array([0.5, -3.0, 2.0, 0.0]))
    [2, 0]
    """
    filled = np.nan_to_num(means, nan=0.0)
    count = min(count, len(filled))
    some = np.sort(np.argpartition(-filled, count - 1)[:count])
    return [int(i) for i in some[np.argsort(-filled[some], kind="stable")] if filled[i] > 0]


def pair_of(groups: Groups, cluster: int, rival: int) -> tuple[float, NDArray[np.float64]]:
    """What tells two clusters apart: the evidence, and the relevance of each feature.

    It is that of the cluster's prototype where it has one. Elsewhere it is the mean over the rows of which
    the rival is the nearest one.
    """
    e = groups.explanation
    if e.contrasts is not None and e.separations is not None and np.isfinite(e.separations[cluster, rival]):
        return float(e.separations[cluster, rival]), e.contrasts[cluster, rival]
    rows = groups.rows[cluster][groups.rivals[groups.rows[cluster]] == rival]
    relevance = e.relevance[rows].mean(axis=0)
    return float(e.logits[rows].mean()), np.asarray(relevance, dtype=np.float64).ravel()


def examples(groups: Groups, cluster: int, count: int = _ROWS) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose a cluster's typical and its borderline rows.

    Typical are the rows whose relevances are nearest to the cluster's mean ones, by Euclidean distance: they
    are in it for the usual reasons, to the usual degree. (The rows with the largest evidence are its
    extremes, farthest from all others; a row with the median evidence can have it for reasons of its own.)
    Borderline are those with the smallest |evidence|.

    Parameters
    ----------
    groups : Groups
        All clusters.
    cluster : int
        Which.
    count : int
        How many of each, at most.

    Returns
    -------
    typical, borderline : int arrays
        Positions of rows, the most typical or the nearest to the boundary first.
    """
    rows = groups.rows[cluster]
    if not len(rows) or not count:
        return rows[:0], rows[:0]
    typical = np.argsort(_distances(groups, cluster), kind="stable")[:count]
    borderline = np.argsort(np.abs(groups.explanation.logits[rows]), kind="stable")[:count]
    return rows[typical], rows[borderline]


def _distances(groups: Groups, cluster: int) -> NDArray[np.float64]:
    """Squared distances of a cluster's rows to its mean, in relevance."""
    relevance: Any = groups.explanation.relevance
    mean, rows = groups.means[cluster], groups.rows[cluster]
    if issparse(relevance):
        own = relevance[rows].astype(np.float64)
        squares: NDArray[np.float64] = np.asarray((own**2).sum(axis=1)).ravel()
        squares -= 2.0 * (own @ mean)
        return squares
    step = max(1, _BLOCK // len(mean))
    parts = [((relevance[rows[i : i + step]] - mean) ** 2).sum(axis=1) for i in range(0, len(rows), step)]
    distances: NDArray[np.float64] = np.concatenate(parts)
    return distances


def cluster_card(
    groups: Groups,
    cluster: int,
    features: Features,
    place: NDArray[np.intp],
    chosen: Sequence[tuple[int, ...]],
) -> Cluster:
    """Describe a cluster.

    Parameters
    ----------
    groups : Groups
        All clusters.
    cluster : int
        Which.
    features : Features
        The values of all features.
    place : int array of shape (n_features,)
        Where each feature is in the report.
    chosen : two tuples of int
        The typical and the borderline rows, by their places among those shown.
    """
    e, rows = groups.explanation, groups.rows[cluster]
    others = np.concatenate([group for k, group in enumerate(groups.rows) if k != cluster])
    found, noise = groups.rival_of(cluster), bool(groups.noise[cluster])
    count = int(np.clip(_MOST_TRAITS // e.n_clusters, _FEWEST_TRAITS, TRAITS))
    rival = None
    if found is not None:
        evidence, relevance = pair_of(groups, cluster, found[0])
        rest = groups.rows[found[0]]
        rival = Rival(*found, evidence, _traits(relevance, count, features, place, rows, rest, apart=noise))
    some = len(rows) > 0
    return Cluster(
        name=str(e.cluster_names[cluster]),
        n_rows=len(rows),
        share=len(rows) / max(e.n_samples, 1),
        noise=noise,
        evidence=float(e.logits[rows].mean()) if some else float("nan"),
        probability=float(e.probabilities[rows].mean()) if some else float("nan"),
        n_borderline=int((e.probabilities[rows] < BORDERLINE).sum()),
        traits=_traits(groups.means[cluster], count, features, place, rows, others, apart=noise),
        rival=rival,
        typical=chosen[0],
        borderline=chosen[1],
        kind="noise" if noise else group_kinds(e)[cluster],
    )


def _traits(
    relevance: NDArray[np.float64],
    count: int,
    features: Features,
    place: NDArray[np.intp],
    rows: NDArray[np.intp],
    others: NDArray[np.intp],
    *,
    apart: bool,
) -> tuple[Trait, ...]:
    total = np.abs(np.nan_to_num(relevance, nan=0.0)).sum()
    traits = []
    for feature in strongest(relevance, count):
        values = features.values(feature)
        told = ("", "", "") if values is None else compared(values, rows, others)
        # What is far from all clusters is so in any direction.
        told = ("differs", *told[1:]) if apart and told[0] in ("higher", "lower") else told
        amount = float(relevance[feature])
        traits.append(Trait(int(place[feature]), amount, float(amount / total), *told))
    return tuple(traits)
