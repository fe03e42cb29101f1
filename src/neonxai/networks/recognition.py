"""Rows recognised by their values: which of the points that we know is this one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neonxai.networks.base import Floats, Ints

_SEED = 0x6E656F6E  # any: equal hashes are only candidates, whose values are compared


@dataclass(frozen=True, eq=False)
class KnownRows:
    """Points, found again by their exact values in float64.

    Parameters
    ----------
    points : float64 array of shape (n_points, n_features)
        The points.

    Examples
    --------
    >>> known = KnownRows(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
    >>> rows, points = known.find(np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 2.0]]))
    >>> rows, points
    (array([0, 2, 2]), array([1, 0, 2]))
    """

    points: NDArray[np.float64]
    _order: Ints = field(init=False)
    _hashes: NDArray[np.uint64] = field(init=False)
    _multipliers: NDArray[np.uint64] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the points' hashes."""
        rng = np.random.default_rng(_SEED)
        n_features = self.points.shape[1]
        multipliers = rng.integers(1 << 63, size=n_features, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        object.__setattr__(self, "_multipliers", multipliers)
        hashes = self._hash(self.points)
        order = np.argsort(hashes, kind="stable")
        object.__setattr__(self, "_order", order)
        object.__setattr__(self, "_hashes", hashes[order])

    def _hash(self, X: Floats) -> NDArray[np.uint64]:
        bits = np.add(X, 0.0, dtype=np.float64, order="C").view(np.uint64)  # −0 becomes 0
        bits ^= bits >> np.uint64(32)  # round numbers differ in their high bits alone
        bits *= self._multipliers
        bits ^= bits >> np.uint64(29)
        total: NDArray[np.uint64] = bits.sum(axis=1, dtype=np.uint64)
        return total

    def find(self, X: Floats) -> tuple[Ints, Ints]:
        """All pairs of a row and a point that has its values, sorted by row, then by point.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows.

        Returns
        -------
        rows, points : int arrays of shape (n_pairs,)
        """
        hashes = self._hash(X)
        first = np.searchsorted(self._hashes, hashes, side="left")
        count = np.searchsorted(self._hashes, hashes, side="right") - first
        rows = np.repeat(np.arange(len(X)), count)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        points = self._order[np.repeat(first, count) + within]
        same = np.array((X[rows] == self.points[points]).all(axis=1))
        return rows[same], points[same]
