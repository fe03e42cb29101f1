"""Soft distances from the nearest points of each group, where the others do not matter."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neonxai.networks.base import Floats, Ints
from neonxai.networks.neighborhoods import (
    Doubles,
    Groups,
    LeftOut,
    Neighborhood,
    Searcher,
    add_squares,
)
from neonxai.networks.neighbors import Method, NeighborSearch

# The points that are not looked at have together at most this share of their group's weight.
NEGLECTED = 1e-13
_FIRST = 16  # neighbors asked for at first; four times as many while that is not enough
_TREE_FEATURES = 12  # with more, a tree looks at nearly all points
_LEAF_SIZE = 30
_PAIR_VALUES = 1 << 19


@dataclass(frozen=True, eq=False)
class NearestSearcher(Searcher):
    """Looks at the m nearest points of every group, with m large enough row by row.

    With r_1 ≤ ... ≤ r_m the squared distances of the m nearest of n points, the others have at most the
    share (n − m) exp(−γ (r_m − r_1)) of the group's weight. m grows until that is at most `NEGLECTED`, so
    d is too large by at most `NEGLECTED` / γ.

    Parameters
    ----------
    groups : Groups
        The points.
    gamma : float
        γ, positive; inf looks at the nearest point alone, and at all that tie with it.
    """

    groups: Groups
    gamma: float

    @cached_property
    def searches(self) -> tuple[NeighborSearch, ...]:
        """How each group's points are searched."""
        method: Method = "kd_tree" if self.groups.points.shape[1] <= _TREE_FEATURES else "brute"
        ends = zip(self.groups.starts[:-1], self.groups.starts[1:], strict=True)
        return tuple(NeighborSearch(self.groups.points[a:b], method, _LEAF_SIZE) for a, b in ends)

    def around(self, X: Floats, left_out: LeftOut) -> "NearestNeighborhood":
        """Look around a tile of rows."""
        x = np.asarray(X, dtype=np.float64)
        groups = tuple(self._around_one(x, left_out, group) for group in range(len(self.searches)))
        distances = np.stack([group.distances for group in groups], axis=1)
        return NearestNeighborhood(self.groups.points, groups, distances)

    def _around_one(self, X: Doubles, left_out: LeftOut, group: int) -> "_Near":
        start, size = int(self.groups.starts[group]), int(self.groups.sizes[group])
        inside = self.groups.group_of[left_out.points] == group
        twins = np.zeros(len(X), dtype=bool)
        twins[left_out.rows[inside]] = True
        distances = np.empty(len(X))
        found: list[tuple[Ints, Ints, Doubles]] = []
        waiting, ask = np.arange(len(X)), _FIRST
        while len(waiting):
            ask = min(ask, size)
            left = []
            step = max(1, _PAIR_VALUES // (ask * X.shape[1]))
            for begin in range(0, len(waiting), step):
                rows = waiting[begin : begin + step]
                squares, points = self._squares(X[rows], group, ask)
                here = twins[rows]
                # A row's own point is at distance 0, and of several such points any is left out.
                squares[here, squares[here].argmin(axis=1)] = np.inf
                nearest, farthest = squares.min(axis=1), np.where(here, size - 1, size)
                shares = self._shares(squares, nearest)
                last = np.where(np.isfinite(squares), squares, -np.inf).max(axis=1)
                with np.errstate(invalid="ignore"):
                    gap = np.where(last > nearest, self.gamma * (last - nearest), 0.0)
                enough = (size - ask) * np.exp(-gap) <= NEGLECTED
                total = shares.sum(axis=1)
                with np.errstate(invalid="ignore"):
                    soft = nearest - (np.log(total) - np.log(farthest)) / self.gamma
                distances[rows] = nearest if self.gamma == np.inf else soft
                shares /= total[:, None]
                found.append((rows[enough], points[enough] + start, shares[enough]))
                left.append(rows[~enough])
            waiting, ask = np.concatenate(left), 4 * ask
        return _Near(distances, tuple(found))

    def _shares(self, squares: Doubles, nearest: Doubles) -> Doubles:
        if self.gamma == np.inf:
            return np.asarray(squares == nearest[:, None], dtype=np.float64)
        return np.asarray(np.exp(-self.gamma * (squares - nearest[:, None])))

    def _squares(self, X: Doubles, group: int, ask: int) -> tuple[Doubles, Ints]:
        """Squared distances to the nearest points by differences, and their places in the group."""
        points = self.searches[group].nearest(X, ask)
        u = self.groups.points[points + self.groups.starts[group]]
        u -= X[:, None, :]
        squares: Doubles = np.einsum("nmd,nmd->nm", u, u)
        return squares, points


@dataclass(frozen=True, eq=False)
class _Near:
    """One group: soft distances of all rows, and (rows, their points, shares), row by row of equal length."""

    distances: Doubles
    found: tuple[tuple[Ints, Ints, Doubles], ...]


@dataclass(frozen=True, eq=False)
class NearestNeighborhood(Neighborhood):
    """A tile of rows among their nearest points."""

    points: Doubles
    groups: tuple[_Near, ...]
    _distances: Doubles

    @property
    def distances(self) -> Doubles:
        """See `Neighborhood.distances`."""
        return self._distances

    @property
    def offsets(self) -> Doubles:
        """See `Neighborhood.offsets`. Nothing is lacking."""
        return np.zeros(len(self._distances))

    def mean_squares(self, X: Floats, weights: Doubles) -> Doubles:
        """See `Neighborhood.mean_squares`."""
        total = np.zeros(X.shape)
        for group, near in enumerate(self.groups):
            for rows, points, shares in near.found:
                weighted = shares * weights[rows, group, None]
                position, place = np.nonzero(weighted)
                add_squares(
                    total,
                    X,
                    self.points,
                    rows[position],
                    points[position, place],
                    weighted[position, place],
                )
        return total
