"""An order in which neighbors are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import pdist, squareform

if TYPE_CHECKING:
    from numpy.typing import NDArray

Order = Literal["similarity", "given"]
_FEW = 3  # so many or fewer are not worth moving
_MANY = 2000  # beyond, the distances alone would take long


def check_order(order: str) -> None:
    """Refuse what is no order.

    Raises
    ------
    ValueError
        If it is not known.
    """
    if order not in ("similarity", "given"):
        raise ValueError(f'order={order!r} is not known; give "similarity" or "given".')


def by_similarity(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Order the rows such that neighbors have similar profiles, whatever their size.

    Rows are scaled to length 1, clustered (average linkage), and the leaves ordered such that neighbors are
    as near to each other as the tree lets them be [Bar-Joseph2001]_. Of the two directions, it is the one
    that has the first row in its first half.

    Parameters
    ----------
    values : array of shape (n, m)
        Finite.

    Examples
    --------
    >>> by_similarity(np.array([[1.0, 0.0], [0.0, 1.0], [5.0, 0.1], [0.1, 3.0]]))
    array([0, 2, 3, 1])
    """
    if len(values) < 2:  # of none and of one there are as many distances
        return np.arange(len(values))
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return by_distance(pdist(values / np.where(length > 0, length, 1.0)))


def by_distance(distances: NDArray[np.float64]) -> NDArray[np.intp]:
    """Order things such that neighbors are near.

    Parameters
    ----------
    distances : array of shape (n (n − 1) / 2,) or (n, n)
        Symmetric, 0 on the diagonal.
    """
    if distances.ndim == 2:
        distances = squareform(distances, checks=False)
    n = round((1 + np.sqrt(1 + 8 * len(distances))) / 2)
    if n <= _FEW or n > _MANY:
        return np.arange(n)
    order = np.asarray(
        leaves_list(optimal_leaf_ordering(linkage(distances, "average"), distances)), dtype=np.intp
    )
    return order if np.flatnonzero(order == 0)[0] < n / 2 else order[::-1]
