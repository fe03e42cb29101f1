"""Rows recognised by their values: which of the points that we know is this one."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints

_SEED = 0x6E656F6E  # any: the projection only proposes candidates, whose values are compared
# What a number loses in a text file with 15 digits, or in float32.
_TEXT = 1e-14
_SINGLE = 2.0**-23
# A difference that is more than this part of a column's range is none of rounding.
_TELLING = 1e-4


def precision(X: Floats) -> float:
    """What the numbers of a copy have lost at most, relative to themselves."""
    return _SINGLE if X.dtype == np.float32 else _TEXT


@dataclass(frozen=True, eq=False)
class KnownRows:
    """Points, found again by their values, also where a copy of them has lost the last digits.

    A row is a point if all values agree but for 1e-14, what a text file with 15 digits leaves, or 1e-7 for
    rows in float32: of the value itself, or of the column's median deviation if that is more. Of several
    points, the nearest.

    Parameters
    ----------
    points : float64 array of shape (n_points, n_features)
        The points.

    Attributes
    ----------
    first : int array of shape (n_points,)
        For each point, the first one with exactly its values.

    Examples
    --------
    >>> known = KnownRows(np.array([[1.0, 2.0], [3.0, 4.1], [1.0, 2.0]]))
    >>> known.first
    array([0, 1, 0])
    >>> known.find(np.array([[3.0, 4.1], [0.0, 0.0], [1.0, 2.0 + 1e-15]]))
    array([ 1, -1,  0])
    """

    points: Doubles
    first: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Find the points that are the same."""
        _, places, classes = np.unique(self.points, axis=0, return_index=True, return_inverse=True)
        object.__setattr__(self, "first", places[classes.ravel()])

    @cached_property
    def _origin(self) -> Doubles:
        return np.asarray(np.median(self.points, axis=0), dtype=np.float64)

    @cached_property
    def _deviations(self) -> tuple[Doubles, Doubles]:
        """How far the points are from the origin: the median and the largest, both of shape (n_features,)."""
        deviations = np.abs(self.points - self._origin)
        return np.median(deviations, axis=0), deviations.max(axis=0)

    @cached_property
    def _weights(self) -> Doubles:
        """Weights of a projection on which different points hardly ever fall together."""
        _, largest = self._deviations
        scale = np.where(largest > np.finfo(np.float64).tiny, largest, 1.0)
        return np.random.default_rng(_SEED).uniform(0.5, 1.0, self.points.shape[1]) / scale

    @cached_property
    def _sorted(self) -> tuple[Ints, Doubles]:
        """One point of each value and its projection, sorted by it."""
        distinct = np.unique(self.first)
        projections = (self.points[distinct] - self._origin) @ self._weights
        order = np.argsort(projections, kind="stable")
        return distinct[order], projections[order]

    def _tolerance(self, values: Doubles, precision: float, doubt: Doubles | None) -> Doubles:
        """How far each value may be from a point's, shape (n_rows, n_features)."""
        typical, largest = self._deviations
        tolerance = precision * np.maximum(np.abs(values), typical)
        if doubt is not None:
            tolerance = np.maximum(tolerance, doubt)
        return np.minimum(tolerance, np.where(largest > 0.0, _TELLING * largest, np.inf))

    def find(self, X: Floats, doubt: Doubles | None = None) -> Ints:
        """The point that each row is, the first of those with its values, or −1.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows.
        doubt : array of shape (n_rows, n_features), optional
            How far off each value may be besides, where they were computed from others.

        Returns
        -------
        int array of shape (n_rows,)
        """
        x = np.asarray(X, dtype=np.float64)
        tolerance = self._tolerance(x, precision(X), doubt)
        distinct, projections = self._sorted
        with np.errstate(over="ignore", invalid="ignore"):  # of rows that are no point's neighbors
            moved = x - self._origin
            here = moved @ self._weights
            rounding = np.finfo(np.float64).eps * (X.shape[1] + 4) * (np.abs(moved) @ self._weights)
            reach = tolerance @ self._weights + 2.0 * rounding
            start = np.searchsorted(projections, here - reach, side="left")
            count = np.searchsorted(projections, here + reach, side="right") - start
        count = np.maximum(count, 0)
        rows = np.repeat(np.arange(len(X)), count)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        candidates = distinct[np.repeat(start, count) + within]
        apart = np.abs(x[rows] - self.points[candidates])
        same = (apart <= tolerance[rows]).all(axis=1)
        rows, candidates, apart = rows[same], candidates[same], apart[same]
        nearest = np.lexsort((candidates, apart @ self._weights, apart.any(axis=1), rows))
        rows, one = np.unique(rows[nearest], return_index=True)
        found = np.full(len(X), -1, dtype=np.intp)
        found[rows] = candidates[nearest[one]]
        return found
