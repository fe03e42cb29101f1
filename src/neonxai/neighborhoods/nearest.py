"""Soft distances from the nearest points of each group, where the others do not matter."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.moments import Moments, Products, add_moments, settled
from neonxai.neighborhoods.points import Groups, LeftOut, Neighborhood, Searcher, add_squares
from neonxai.neighborhoods.search import Method, NeighborSearch

# The points that are not looked at have together at most this share of their group's weight.
NEGLECTED = 1e-13
_FIRST = 16  # neighbors asked for at first; four times as many while that is not enough
_TREE_FEATURES = 12  # with more, a tree looks at nearly all points
_LEAF_SIZE = 30
_FAR = 1e4  # times the squared extent of the points: all have the same large square in common there
_ROUNDING = 1e-13  # of a sum of weights
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
    products : Products, optional
        What squares of differences are; for `Neighborhood.moments` alone.
    """

    groups: Groups
    gamma: float
    products: Products | None = None

    @cached_property
    def searches(self) -> tuple[NeighborSearch, ...]:
        """How each group's points are searched."""
        method: Method = "kd_tree" if self.groups.points.shape[1] <= _TREE_FEATURES else "brute"
        ends = zip(self.groups.starts[:-1], self.groups.starts[1:], strict=True)
        return tuple(NeighborSearch(self.groups.points[a:b], method, _LEAF_SIZE) for a, b in ends)

    @cached_property
    def origin(self) -> Doubles:
        """A point amid the others, shape (n_features,)."""
        return np.asarray(np.median(self.groups.points, axis=0), dtype=np.float64)

    @cached_property
    def extent(self) -> float:
        """The largest squared distance of a point from the origin."""
        moved = self.groups.points - self.origin
        return float(np.einsum("nd,nd->n", moved, moved).max())

    def behind(self, products: Products) -> "NearestSearcher":
        """See `Searcher.behind`."""
        return replace(self, products=products)

    def around(self, X: Floats, left_out: LeftOut) -> "NearestNeighborhood":
        """Look around a tile of rows."""
        x = np.asarray(X, dtype=np.float64)
        apart = x - self.origin
        far = np.einsum("nd,nd->n", apart, apart) > _FAR * self.extent
        apart[~far] = 0.0
        seen = _Seen(x, np.where(far[:, None], self.origin, x), apart)
        groups = tuple(self._around_one(seen, left_out, group) for group in range(len(self.searches)))
        distances = np.stack([group.distances for group in groups], axis=1)
        return NearestNeighborhood(self.groups.points, seen, groups, distances, self.products)

    def _around_one(self, seen: "_Seen", left_out: LeftOut, group: int) -> "_Near":
        start, size = int(self.groups.starts[group]), int(self.groups.sizes[group])
        inside = self.groups.group_of[left_out.points] == group
        n_rows, n_features = seen.rows.shape
        twins = np.zeros(n_rows, dtype=bool)
        twins[left_out.rows[inside]] = True
        distances = np.empty(n_rows)
        found: list[tuple[Ints, Ints, Doubles]] = []
        waiting, ask = np.arange(n_rows), _FIRST
        while len(waiting):
            ask = min(ask, size)
            left = []
            step = max(1, _PAIR_VALUES // (ask * n_features))
            for begin in range(0, len(waiting), step):
                rows = waiting[begin : begin + step]
                squares, points = self._squares(seen, rows, group, ask)
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

    def _squares(self, seen: "_Seen", rows: Ints, group: int, ask: int) -> tuple[Doubles, Ints]:
        """‖x − u‖² − ‖x − r‖² for the nearest points u by differences, and their places in the group."""
        points = self.searches[group].nearest(seen.rows[rows], ask)
        u = self.groups.points[points + self.groups.starts[group]]
        u -= seen.references[rows, None]
        squares: Doubles = np.einsum("nmd,nmd->nm", u, u - 2.0 * seen.apart[rows, None])
        return squares, points


@dataclass(frozen=True, eq=False)
class _Seen:
    """Rows x and where they are seen from: r, x itself or, if x is far from all points, amid them."""

    rows: Doubles
    references: Doubles
    apart: Doubles  # x − r


@dataclass(frozen=True, eq=False)
class _Near:
    """One group: soft distances of all rows, and (rows, their points, shares), row by row of equal length."""

    distances: Doubles
    found: tuple[tuple[Ints, Ints, Doubles], ...]


@dataclass(frozen=True, eq=False)
class NearestNeighborhood(Neighborhood):
    """A tile of rows among their nearest points."""

    points: Doubles
    seen: _Seen
    groups: tuple[_Near, ...]
    _distances: Doubles
    products: Products | None

    @property
    def distances(self) -> Doubles:
        """See `Neighborhood.distances`."""
        return self._distances

    @property
    def offsets(self) -> Doubles:
        """See `Neighborhood.offsets`."""
        return np.asarray(np.einsum("nd,nd->n", self.seen.apart, self.seen.apart))

    def mean_squares(self, X: Floats, weights: Doubles) -> Doubles:
        """See `Neighborhood.mean_squares`."""
        excess = weights.sum(axis=1)
        excess[np.abs(excess) < _ROUNDING * np.abs(weights).sum(axis=1)] = 0.0
        total: Doubles = excess[:, None] * self.seen.apart**2
        for group, near in enumerate(self.groups):
            for rows, points, shares in near.found:
                weighted = shares * weights[rows, group, None]
                position, place = np.nonzero(weighted)
                add_squares(
                    total,
                    self.seen.references,
                    self.seen.apart,
                    self.points,
                    rows[position],
                    points[position, place],
                    weighted[position, place],
                )
        return total

    def moments(self, X: Floats, weights: Doubles, own: Ints) -> Moments:
        """See `Neighborhood.moments`."""
        if self.products is None:
            raise TypeError("A searcher has moments only behind products.")
        apart = self.seen.apart
        total = settled(weights.sum(axis=1), np.abs(weights).sum(axis=1))
        products = np.zeros((len(apart), self.products.n_columns))
        moments = Moments(apart, total, np.zeros_like(apart), products, np.zeros_like(apart))
        for group, near in enumerate(self.groups):
            for rows, points, shares in near.found:
                weighted = shares * weights[rows, group, None]
                at_home = shares * (own[rows] == group)[:, None]
                position, place = np.nonzero((weighted != 0.0) | (at_home != 0.0))
                add_moments(
                    moments,
                    self.seen.references,
                    self.points,
                    self.products,
                    rows[position],
                    points[position, place],
                    weighted[position, place],
                    at_home[position, place],
                )
        return moments
