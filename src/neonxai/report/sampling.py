"""Which rows a page shows, where there are too many: some of each cluster, and those that it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROWS = 10_000
# Of a page of 5 MB, 1.9 MB are the charts' library. With 10,000 rows of 30 features, 1.1 MB are their values,
# 0.5 MB their own explanations and 0.4 MB all else. What is left holds so many answers to "why here rather
# than there": one of six features takes 29 bytes, compressed and in base64.
_MOST_ANSWERS = 30_000
# Each cluster beyond takes 10 KB for its card, as much as 40 rows and 125 answers. First answers make room.
_MANY_CLUSTERS, _FULL_CLUSTERS = 20, 14
_LEAST_ANSWERS = 7_000  # one for each row where there is room for few rows
_ROWS_OF_A_CARD, _ANSWERS_OF_A_CARD = 40, 125
_LEAST = 10  # of each cluster, as far as there is room: a cluster of one point on the map is hard to find


def room(n_clusters: int) -> tuple[int, int]:
    """How many rows, and answers against rivals, a page has room for.

    Examples
    --------
    >>> room(8), room(100)
    ((10000, 30000), (6800, 19250))
    """
    cards = max(0, n_clusters - _MANY_CLUSTERS)
    n_rows = max(_MOST_ROWS // 2, _MOST_ROWS - _ROWS_OF_A_CARD * cards)
    return n_rows, max(
        _LEAST_ANSWERS, _MOST_ANSWERS - _ANSWERS_OF_A_CARD * max(0, n_clusters - _FULL_CLUSTERS)
    )


def sample(
    clusters: NDArray[np.intp], kept: NDArray[np.intp], n_rows: int = _MOST_ROWS, seed: int = 0
) -> NDArray[np.intp]:
    """Choose rows: in each cluster as many as its size says, and a few at least.

    Parameters
    ----------
    clusters : int array of shape (n,)
        The cluster of each row.
    kept : int array
        Rows that are chosen in any case; they count.
    n_rows : int
        How many to choose, at most; more only if more are kept.
    seed : int
        Of the choice.

    Returns
    -------
    int array
        Positions, ascending; all of them if there are no more.

    Examples
    --------
    >>> chosen = sample(np.repeat([0, 1], [900, 100]), np.array([7]), n_rows=100)
    >>> np.bincount(np.repeat([0, 1], [900, 100])[chosen]), 7 in chosen
    (array([90, 10]), True)
    """
    n = len(clusters)
    if n <= n_rows:
        return np.arange(n)
    quotas = _quotas(np.bincount(clusters), n_rows)
    # In random order, with those first that are kept: the first ones of each cluster are chosen.
    place = np.random.default_rng(seed).permutation(n)
    place[kept] = -1
    order = np.lexsort((place, clusters))
    starts = np.searchsorted(clusters[order], np.arange(len(quotas)))
    rank = np.arange(n) - starts[clusters[order]]
    chosen = order[rank < quotas[clusters[order]]]
    return np.union1d(chosen, kept).astype(np.intp)


def _quotas(sizes: NDArray[np.intp], n_rows: int) -> NDArray[np.intp]:
    """How many of each cluster; n_rows together, fewer than there are."""
    least = np.minimum(sizes, min(_LEAST, n_rows // len(sizes)))
    small = np.zeros(len(sizes), dtype=np.bool_)
    while True:
        exact = sizes * ((n_rows - least[small].sum()) / sizes[~small].sum())
        more = ~small & (exact < least)
        if not more.any():
            break
        small |= more
    exact = np.where(small, least, exact)
    quotas: NDArray[np.intp] = exact.astype(np.intp)
    # What rounding down left goes to those that lost most by it.
    quotas[np.argsort(quotas - exact, kind="stable")[: n_rows - quotas.sum()]] += 1
    return quotas
