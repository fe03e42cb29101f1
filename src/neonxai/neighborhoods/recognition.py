"""Rows recognised by their values: which of the points that we know is this one."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neonxai.arrays import Floats, Ints

_SEED = 0x6E656F6E  # any: equal hashes are only candidates, whose values are compared


@dataclass(frozen=True, eq=False)
class KnownRows:
    """Points, found again by their exact values; by those rounded to float32 for rows in float32.

    Parameters
    ----------
    points : float64 array of shape (n_points, n_features)
        The points.

    Attributes
    ----------
    first : int array of shape (n_points,)
        For each point, the first one with its values.

    Examples
    --------
    >>> known = KnownRows(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
    >>> known.first
    array([0, 1, 0])
    >>> known.find(np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 2.0]]))
    array([ 1, -1,  0])
    """

    points: NDArray[np.float64]
    first: Ints = field(init=False)
    _distinct: Ints = field(init=False)  # one point of each value, by their hashes
    _hashes: NDArray[np.uint64] = field(init=False)
    _multipliers: NDArray[np.uint64] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the points' hashes."""
        rng = np.random.default_rng(_SEED)
        n_features = self.points.shape[1]
        multipliers = rng.integers(1 << 63, size=n_features, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        object.__setattr__(self, "_multipliers", multipliers)
        hashes = self._hash(self.points)
        _, places, classes = np.unique(hashes, return_index=True, return_inverse=True)
        first: Ints = places[classes]
        if not np.array_equal(self.points[first], self.points):  # different values with one hash
            _, places, classes = np.unique(self.points, axis=0, return_index=True, return_inverse=True)
            first = places[classes.ravel()]
        distinct = places[np.argsort(hashes[places], kind="stable")]
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "_distinct", distinct)
        object.__setattr__(self, "_hashes", hashes[distinct])

    @cached_property
    def _rounded(self) -> "KnownRows":
        """The points as float32 has them."""
        return KnownRows(self.points.astype(np.float32).astype(np.float64))

    def _hash(self, X: Floats) -> NDArray[np.uint64]:
        bits = np.add(X, 0.0, dtype=np.float64, order="C").view(np.uint64)  # −0 becomes 0
        bits ^= bits >> np.uint64(32)  # round numbers differ in their high bits alone
        bits *= self._multipliers
        bits ^= bits >> np.uint64(29)
        total: NDArray[np.uint64] = bits.sum(axis=1, dtype=np.uint64)
        return total

    def find(self, X: Floats) -> Ints:
        """The first point with the values of each row, or −1.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows.

        Returns
        -------
        int array of shape (n_rows,)
        """
        if X.dtype == np.float32:
            return self._rounded.find(X.astype(np.float64))
        hashes = self._hash(X)
        start = np.searchsorted(self._hashes, hashes, side="left")
        count = np.searchsorted(self._hashes, hashes, side="right") - start
        rows = np.repeat(np.arange(len(X)), count)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        points = self._distinct[np.repeat(start, count) + within]
        same = (X[rows] == self.points[points]).all(axis=1)
        found = np.full(len(X), -1, dtype=np.intp)
        found[rows[same]] = points[same]
        return found
