"""The nearest support points of rows, found in the same order however the rows are batched."""

from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.spatial.distance import cdist

from neonxai.arrays import Doubles, Floats, Ints

Method = Literal["kd_tree", "ball_tree", "brute"]
METHODS: tuple[Method, ...] = ("kd_tree", "ball_tree", "brute")

_SPARE = 8  # candidates beyond k, so that a few ties at the k-th place are seen
_VALUES = 1 << 20  # float64 values of one temporary: 8 MiB
_GROUP = 16


class NeighborSearch:
    """Finds the k nearest of some support points, by Euclidean distance.

    A tree visits every row by itself, and computes distances as differences: its answer is scikit-learn's to
    the bit, also on ties. Brute force is a matrix product, whose rounding depends on the batch. So it only
    proposes candidates; they are put in order by differences and, at equal distance, by their position, and
    rows for which a better one may be missing are searched again by differences.

    Parameters
    ----------
    support : float64 array of shape (n_points, n_features)
        The support points, C-contiguous.
    method : {"kd_tree", "ball_tree", "brute"}
        How to search.
    leaf_size : int
        Of the trees; on ties, it decides which neighbor is found.

    Examples
    --------
    >>> search = NeighborSearch(np.array([[0.0], [5.0], [2.0]]), "brute", 30)
    >>> search.nearest(np.array([[1.0], [4.0]]), 2)  # 0 and 2 are both 1 away from the first row
    array([[0, 2],
           [1, 2]])
    """

    def __init__(self, support: Doubles, method: Method, leaf_size: int) -> None:
        self.support = support
        self.method = method
        self.leaf_size = leaf_size

    def nearest(self, X: Doubles, k: int) -> Ints:
        """Positions of the k nearest support points, nearest first, shape (n_rows, k)."""
        if not len(X):
            return np.empty((0, k), dtype=np.intp)
        if self.method != "brute":
            return np.asarray(self._tree.query(X, k, return_distance=False), dtype=np.intp)
        found = np.empty((len(X), k), dtype=np.intp)
        step = max(1, _VALUES // max(len(self.support), (k + _SPARE) * X.shape[1]))
        for start in range(0, len(X), step):
            found[start : start + step] = self._by_products(X[start : start + step], k)
        return found

    @cached_property
    def _tree(self) -> Any:
        # Not before it is needed: importing neonxai must stay cheap.
        from sklearn.neighbors import BallTree, KDTree

        tree = KDTree if self.method == "kd_tree" else BallTree
        return tree(self.support, leaf_size=self.leaf_size)

    @cached_property
    def _local(self) -> tuple[Doubles, Doubles, Doubles]:
        """The median of the points, the points seen from there, and their squared norms."""
        origin = np.asarray(np.median(self.support, axis=0), dtype=np.float64)
        moved = self.support - origin
        return origin, moved, np.einsum("md,md->m", moved, moved)

    def _by_products(self, X: Doubles, k: int) -> Ints:
        origin, moved, sizes = self._local
        local = X - origin
        n_candidates = min(k + _SPARE, len(self.support))
        proposed = local @ moved.T
        proposed *= -2.0
        proposed += sizes
        candidates = _smallest(proposed, n_candidates)
        # All others are at least as far as the farthest candidate.
        limit = np.take_along_axis(proposed, candidates, axis=1).max(axis=1)
        candidates.sort(axis=1)
        differences = self.support[candidates]
        differences -= X[:, None, :]
        squares = np.einsum("nkd,nkd->nk", differences, differences)
        order = np.argsort(squares, axis=1, kind="stable")[:, :k]
        found = np.take_along_axis(candidates, order, axis=1).astype(np.intp, copy=False)
        if n_candidates < len(self.support):
            last = np.take_along_axis(squares, order[:, -1:], axis=1)[:, 0]
            squared = np.einsum("nd,nd->n", local, local)
            # A point that is left out though it is nearer than `last` has a norm of ‖x‖ + √last at most.
            reach = (2.0 * np.sqrt(squared) + np.sqrt(last)) ** 2
            rounding = np.finfo(np.float64).eps * (X.shape[1] + 8) * reach
            unsure = np.flatnonzero(~(limit + squared - rounding > last))
            if len(unsure):
                found[unsure] = self._by_differences(X[unsure], k)
        return found

    def _by_differences(self, X: Floats, k: int) -> Ints:
        squares = cdist(X, self.support, "sqeuclidean")
        farthest = np.partition(squares, k - 1, axis=1)[:, k - 1, None]
        # The first k points that are not farther, of those at equal distance the first.
        closer = np.where(squares < farthest, 0, np.where(squares == farthest, 1, 2)).astype(np.int8)
        chosen = np.sort(np.argsort(closer, axis=1, kind="stable")[:, :k], axis=1)
        order = np.argsort(np.take_along_axis(squares, chosen, axis=1), axis=1, kind="stable")
        return np.take_along_axis(chosen, order, axis=1)


def _smallest(values: Doubles, count: int) -> Ints:
    """Positions of the smallest values of each row, in no order, shape (n_rows, count)."""
    n_rows, n_values = values.shape
    n_groups = n_values // _GROUP
    if n_values <= 4 * _GROUP * count:
        return np.argpartition(values, count - 1, axis=1)[:, :count]
    # As many groups as are asked for, those of the smallest minima, hold all of them: any other value is at
    # least as large as each of these minima. And a minimum costs a tenth of a partition.
    grouped = n_groups * _GROUP
    minima = values[:, :grouped].reshape(n_rows, _GROUP, n_groups).min(axis=1)
    groups = np.argpartition(minima, count - 1, axis=1)[:, :count]
    places = groups[:, None, :] + n_groups * np.arange(_GROUP)[:, None]
    rest = np.broadcast_to(np.arange(grouped, n_values), (n_rows, n_values - grouped))
    places = np.hstack([places.reshape(n_rows, -1), rest])
    chosen = np.argpartition(np.take_along_axis(values, places, axis=1), count - 1, axis=1)[:, :count]
    return np.take_along_axis(places, chosen, axis=1)
