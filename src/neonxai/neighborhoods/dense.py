"""Soft distances from all points, block by block: matrix products, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial.distance import cdist

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.moments import Moments, Products, add_moments, settled
from neonxai.neighborhoods.points import Groups, LeftOut, Neighborhood, Searcher, add_squares

_BLOCK_VALUES = 1 << 18  # float64 values in one block's exponents: 2 MiB, within a core's cache
# A row is computed again by differences when the bound on the products' rounding exceeds this share of its
# distances. A factor of ten to the 1e-10 that is promised.
_TOLERANCE = 1e-11
_WIDE = 0.1  # |t|: below it digits of log mean exp(t) would be lost
_TABLE_VALUES = 1 << 25  # float64 values in a table that is kept: 256 MiB
_FAR = 1e4  # times the squared extent of the points: differences (x − u)² are no better there
_ROUNDING = 1e-13  # of a sum of weights
_NO_PART = 1e-17  # of a soft distance: what all points together could not add a digit to


@dataclass(frozen=True, eq=False)
class DenseSearcher(Searcher):
    """Looks at all points of every group.

    Exponents are computed as t = 2γ u·x − γ‖u‖², one matrix product, in coordinates whose origin is the
    median of the points. Its rounding error is about ε γ (‖x‖ + ‖u‖) ‖u‖, and for rows where that is too
    much the distances are computed as differences.

    Parameters
    ----------
    groups : Groups
        The points.
    gamma : float
        γ, positive and finite.
    products : Products, optional
        What squares of differences are; for `Neighborhood.moments` alone.
    """

    groups: Groups
    gamma: float
    products: Products | None = None

    @cached_property
    def origin(self) -> Doubles:
        """The origin of the local coordinates, shape (n_features,)."""
        return np.asarray(np.median(self.groups.points, axis=0), dtype=np.float64)

    @cached_property
    def local(self) -> Doubles:
        """The points and, beside them, their squares: shape (n_points, 2 n_features)."""
        moved = self.groups.points - self.origin
        return np.hstack([moved, moved**2])

    @cached_property
    def lifted(self) -> Doubles:
        """2γ u and −γ‖u‖², so that t is one product: shape (n_points, n_features + 1)."""
        n_features = self.groups.points.shape[1]
        moved, squares = self.local[:, :n_features], self.local[:, n_features:]
        return np.hstack([2.0 * self.gamma * moved, -self.gamma * squares.sum(axis=1, keepdims=True)])

    @cached_property
    def rounding(self) -> float:
        """Errors of a dot product of D terms grow like √D when they are as good as random."""
        return float(np.finfo(np.float64).eps * (4 + np.sqrt(self.groups.points.shape[1])))

    @cached_property
    def largest(self) -> float:
        """The largest ‖u‖²."""
        return float(self.local[:, self.groups.points.shape[1] :].sum(axis=1).max())

    @cached_property
    def _table(self) -> Doubles | None:
        """The local points and their products, unless that is too large to be kept."""
        large = self.products is None or len(self.local) * self.products.n_columns > _TABLE_VALUES
        return None if large else self._attached(slice(None))

    def _attached(self, block: slice) -> Doubles:
        moved = self.local[block, : self.groups.points.shape[1]]
        return moved if self.products is None else np.hstack([moved, self.products(moved)])

    def attached(self, block: slice) -> Doubles:
        """Some local points v and, beside them, their products: shape (n_block, n_features + n_columns)."""
        return self._attached(block) if self._table is None else self._table[block]

    @cached_property
    def reach(self) -> tuple[float, float]:
        """The largest ‖v L‖ and ‖v R‖ of the local points v."""
        if self.products is None:
            return 0.0, 0.0
        largest = [0.0, 0.0]
        for block in self.blocks(self.products.n_columns):
            moved = self.local[block, : self.groups.points.shape[1]]
            for side, matrix in enumerate((self.products.left, self.products.right)):
                images = np.asarray(moved @ matrix)
                largest[side] = max(largest[side], float(np.einsum("nd,nd->n", images, images).max()))
        return float(np.sqrt(largest[0])), float(np.sqrt(largest[1]))

    def behind(self, products: Products) -> "DenseSearcher":
        """See `Searcher.behind`."""
        return replace(self, products=products)

    def around(self, X: Floats, left_out: LeftOut) -> "DenseNeighborhood":
        """Look around a tile of rows."""
        x = np.subtract(X, self.origin, dtype=np.float64)
        offsets = np.einsum("nd,nd->n", x, x)
        counts = left_out.counts(self.groups, len(X))
        # All exponents are near 0: their mean is as good as that of their exponentials, but for small terms.
        wide = self.gamma * (2.0 * np.sqrt(offsets.max() * self.largest) + self.largest) < _WIDE
        log_means = _Rows(self, _lifted_rows(x), left_out, direct=False).log_means(counts, wide=wide)
        distances = -log_means.T / self.gamma
        error = self.rounding * (np.sqrt(offsets * self.largest) + self.largest)
        # The second smallest: of the order of the relevance, and of what the logit is made of.
        near = np.partition(distances, min(1, distances.shape[1] - 1), axis=1)
        scale = near[:, min(1, distances.shape[1] - 1)] + offsets
        inexact = (error > _TOLERANCE * scale) | (self.gamma * error > _TOLERANCE)
        # Differences are better only near the points: far away all have the same large square in common.
        direct = np.flatnonzero(inexact & (self.rounding * scale < 16.0 * error))
        near_rows = _Rows(
            self, np.asarray(X[direct], dtype=np.float64), left_out.of(direct, len(X)), direct=True
        )
        direct_means = near_rows.log_means(counts[direct], wide=wide)
        distances[direct] = -direct_means.T / self.gamma
        offsets[direct] = 0.0
        log_counts = np.log(counts).T
        logs, direct_logs = log_means + log_counts, direct_means + log_counts[:, direct]
        return DenseNeighborhood(self, x, left_out, logs, direct, direct_logs, distances, offsets)

    def blocks(self, n_rows: int) -> Iterator[slice]:
        """Slices of the points, of a size that suits the number of rows."""
        step = max(32, _BLOCK_VALUES // max(1, n_rows))
        for start in range(0, len(self.groups.points), step):
            yield slice(start, min(start + step, len(self.groups.points)))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some rows, and how their exponents are computed.

    ``coordinates`` are (n_features + 1, n_rows) of local ones with a row of ones below or, for ``direct``,
    (n_rows, n_features) of the rows as they are.
    """

    searcher: DenseSearcher
    coordinates: Doubles
    left_out: LeftOut
    direct: bool

    @property
    def n_rows(self) -> int:
        return len(self.coordinates) if self.direct else int(self.coordinates.shape[1])

    def exponents(self) -> Iterator[tuple[slice, Doubles]]:
        """T of each block of points, shape (n_block, n_rows): up to a term of the row, −γ‖x − u‖²."""
        s = self.searcher
        order = np.argsort(self.left_out.points, kind="stable")
        points, rows = self.left_out.points[order], self.left_out.rows[order]
        for block in s.blocks(self.n_rows):
            if self.direct:
                t = cdist(s.groups.points[block], self.coordinates, "sqeuclidean")
                t *= -s.gamma
            else:
                t = s.lifted[block] @ self.coordinates
            low, high = np.searchsorted(points, [block.start, block.stop])
            t[points[low:high] - block.start, rows[low:high]] = -np.inf
            yield block, t

    def log_means(self, counts: Doubles, *, wide: bool) -> Doubles:
        """Log of the mean of exp(t_j) over each group, shape (n_groups, n_rows), in one pass.

        Parameters
        ----------
        counts : array of shape (n_rows, n_groups)
            How many points of each group count.
        wide : bool
            Whether all t are small, so that exp(t) − 1 is to be summed up: from 1 their digits would be lost.
        """
        s = self.searcher
        highest = np.full((len(s.groups.sizes), self.n_rows), 0.0 if wide else -np.inf)
        sums = np.zeros(highest.shape)
        if not self.n_rows:
            return sums
        for block, t in self.exponents():
            own = s.groups.group_of[block]
            first = np.flatnonzero(np.diff(own, prepend=-1))
            groups = own[first]
            if wide:
                np.expm1(t, out=t)
                t[t == -1.0] = 0.0  # left out
            else:
                before = highest[groups]
                after = np.maximum(before, _reduce(np.maximum, t, first))
                reference = np.where(np.isfinite(after), after, 0.0)  # all left out so far
                t -= reference if len(first) == 1 else reference[own - groups[0]]
                np.exp(t, out=t)
                sums[groups] *= np.exp(before - reference)
                highest[groups] = after
            sums[groups] += _reduce(np.add, t, first)
        sums /= counts.T
        return np.asarray(np.log1p(sums) if wide else highest + np.log(sums))


@dataclass(frozen=True, eq=False)
class DenseNeighborhood(Neighborhood):
    """A tile of rows among all points."""

    searcher: DenseSearcher
    local: Doubles
    left_out: LeftOut
    logs: Doubles  # log Σ exp(t), shape (n_groups, n_rows)
    direct: Ints  # rows whose exponents must be computed by differences
    direct_logs: Doubles  # their log Σ exp(−γ‖x − u‖²), shape (n_groups, n_direct)
    _distances: Doubles
    _offsets: Doubles

    @property
    def distances(self) -> Doubles:
        """See `Neighborhood.distances`."""
        return self._distances

    @property
    def offsets(self) -> Doubles:
        """See `Neighborhood.offsets`."""
        return self._offsets

    def mean_squares(self, X: Floats, weights: Doubles) -> Doubles:
        """See `Neighborhood.mean_squares`. About Σ_j w_j (x² − 2 x u_j + u_j²), by matrix products."""
        s = self.searcher
        x, n_features = self.local, self.local.shape[1]
        products = np.zeros((len(x), 2 * n_features))
        by_products = np.delete(np.arange(len(x)), self.direct)
        for rows in (by_products, self.direct):
            if len(rows):
                looked_at, logs = self._some(X, rows, direct=rows is self.direct)
                products[rows] = _products(looked_at, logs, weights[rows])
        # What weights sum up to is 0 but for rounding, unless a row is compared with no group.
        excess, size = weights.sum(axis=1), np.abs(weights).sum(axis=1)
        excess[np.abs(excess) < _ROUNDING * size] = 0.0
        total: Doubles = excess[:, None] * x**2
        total -= 2.0 * x * products[:, :n_features]
        total += products[:, n_features:]
        squares = np.einsum("nd,nd->n", x, x)
        bound = s.rounding * (size * (np.sqrt(squares * s.largest) + s.largest) + np.abs(excess) * squares)
        lossy = np.flatnonzero(bound > _TOLERANCE * np.abs(total).sum(axis=1))
        lossy = lossy[squares[lossy] < _FAR * s.largest]
        if len(lossy):
            total[lossy] = self._by_differences(X, lossy, weights[lossy])
        return total

    def moments(self, X: Floats, weights: Doubles, own: Ints) -> Moments:
        """See `Neighborhood.moments`."""
        s, x = self.searcher, self.local
        if s.products is None:
            raise TypeError("A searcher has moments only behind products.")
        n_rows, n_features = x.shape
        sums, mine = np.zeros((n_rows, n_features + s.products.n_columns)), np.zeros(x.shape)
        by_products = np.delete(np.arange(n_rows), self.direct)
        for rows in (by_products, self.direct):
            if len(rows):
                looked_at, logs = self._some(X, rows, direct=rows is self.direct)
                sums[rows], mine[rows] = _attached_sums(looked_at, logs, weights[rows], own[rows])
        size = np.abs(weights).sum(axis=1)
        total = settled(weights.sum(axis=1), size)
        moments = Moments(x.copy(), total, sums[:, :n_features], sums[:, n_features:], mine)
        left, right = (np.linalg.norm(x @ side, axis=1) for side in (s.products.left, s.products.right))
        most_left, most_right = s.reach
        bound = size * (left * most_right + most_left * right + most_left * most_right)
        bound += np.abs(total) * left * right
        found = np.abs(moments.products_of_differences(s.products)).sum(axis=1)
        lossy = np.flatnonzero(s.rounding * bound > _TOLERANCE * found)
        lossy = lossy[np.einsum("nd,nd->n", x[lossy], x[lossy]) < _FAR * s.largest]
        if len(lossy):
            self._moments_by_differences(X, lossy, weights, own, moments)
        return moments

    def _moments_by_differences(
        self, X: Floats, lossy: Ints, weights: Doubles, own: Ints, moments: Moments
    ) -> None:
        """Compute the moments of rows again, seen from the rows themselves, pair by pair, in place."""
        s = self.searcher
        assert s.products is not None  # noqa: S101  # for the type checker
        for part in (moments.apart, moments.linear, moments.products, moments.own):
            part[lossy] = 0.0
        rows, logs = self._some(X, lossy, direct=True)
        here = Moments(*(part[lossy] for part in vars(moments).values()))
        soft = np.maximum(self._distances[lossy] + self._offsets[lossy, None], 0.0).max(axis=1)
        for block, exponents, shares in _shares(rows, logs, np.ones_like(weights[lossy])):
            group = s.groups.group_of[block]
            at_home = np.equal.outer(group, own[lossy])
            weighted = shares * weights[lossy].T[group]
            with np.errstate(invalid="ignore"):  # 0 · ∞, of a point that is left out
                squares = exponents / -s.gamma
                # What counts is a difference as much as its square, so this is the larger of both.
                worth = np.maximum(squares, np.sqrt(squares * soft)) * np.maximum(np.abs(weighted), shares)
                which, points = np.nonzero((worth > _NO_PART * soft).T)
            add_moments(
                here,
                rows.coordinates,
                s.groups.points[block],
                s.products,
                which,
                points,
                weighted[points, which],
                np.where(at_home, shares, 0.0)[points, which],
            )
        for part, again in zip(vars(moments).values(), vars(here).values(), strict=True):
            part[lossy] = again

    def _some(self, X: Floats, rows: Ints, *, direct: bool) -> tuple[_Rows, Doubles]:
        """Some rows, and log Σ exp(t) of their exponents."""
        left_out = self.left_out.of(rows, len(X))
        if not direct:
            x = self.local[rows]
            return _Rows(self.searcher, _lifted_rows(x), left_out, direct=False), self.logs[:, rows]
        # What the logarithms of local coordinates lack is −γ‖x‖².
        squares = np.einsum("nd,nd->n", self.local[rows], self.local[rows])
        logs: Doubles = self.logs[:, rows] - self.searcher.gamma * squares
        _, mine, theirs = np.intersect1d(rows, self.direct, return_indices=True)
        logs[:, mine] = self.direct_logs[:, theirs]
        exact = np.asarray(X[rows], dtype=np.float64)
        return _Rows(self.searcher, exact, left_out, direct=True), logs

    def _by_differences(self, X: Floats, lossy: Ints, weights: Doubles) -> Doubles:
        """Rows for which the products lose too many digits: Σ_j w_j (x − u_j)², pair by pair."""
        s = self.searcher
        rows, logs = self._some(X, lossy, direct=True)
        sums = np.zeros((len(lossy), self.local.shape[1]))
        # No pair is left out that has a share worth mentioning of its group's d.
        soft = (self._distances[lossy] + self._offsets[lossy, None]) * np.abs(weights)
        for block, exponents, shares in _shares(rows, logs, weights):
            with np.errstate(invalid="ignore"):  # 0 · ∞, of a point that is left out
                parts = np.abs(shares) * exponents
            parts /= -s.gamma
            worth = parts > _NO_PART * soft.T[s.groups.group_of[block]]
            which, points = np.nonzero(worth.T)
            add_squares(
                sums, rows.coordinates, None, s.groups.points[block], which, points, shares[points, which]
            )
        return sums


def _reduce(ufunc: np.ufunc, values: Doubles, first: Ints) -> Doubles:
    """Reduce runs of rows of an array; of one run by what is three times as fast."""
    if len(first) == 1:
        return np.asarray(ufunc.reduce(values, axis=0)[None])
    return np.asarray(ufunc.reduceat(values, first, axis=0))


def _products(rows: _Rows, logs: Doubles, weights: Doubles) -> Doubles:
    """Σ_j w_g q_j of the local points and their squares, shape (n_rows, 2 n_features)."""
    searcher = rows.searcher
    total = np.zeros((searcher.local.shape[1], rows.n_rows))
    for block, shares in rows.exponents():
        own = searcher.groups.group_of[block]
        first, last = own[0], own[-1] + 1
        if not weights[:, first:last].any():
            continue
        one = last - first == 1
        shares -= logs[first] if one else logs[own]
        np.exp(shares, out=shares)
        if one:
            total += weights[:, first] * (searcher.local[block].T @ shares)
        else:
            shares *= weights.T[own]
            total += searcher.local[block].T @ shares
    return total.T


def _attached_sums(rows: _Rows, logs: Doubles, weights: Doubles, own: Ints) -> tuple[Doubles, Doubles]:
    """Σ_j w_g q_j of what is attached to the points, and Σ_j q_j v_j over each row's own group."""
    searcher, n_features = rows.searcher, rows.searcher.groups.points.shape[1]
    total: Doubles | float = 0.0
    mine = np.zeros((n_features, rows.n_rows))
    for block, shares in rows.exponents():
        group = searcher.groups.group_of[block]
        first, last = group[0], group[-1] + 1
        one = last - first == 1
        shares -= logs[first] if one else logs[group]
        np.exp(shares, out=shares)
        attached = searcher.attached(block)
        if one:
            sums = attached.T @ shares
            mine += (own == first) * sums[:n_features]
            sums *= weights[:, first]
        else:
            mine += attached[:, :n_features].T @ np.where(np.equal.outer(group, own), shares, 0.0)
            shares *= weights.T[group]
            sums = attached.T @ shares
        total = total + sums
    return np.asarray(total).T, mine.T


def _shares(rows: _Rows, logs: Doubles, weights: Doubles) -> Iterator[tuple[slice, Doubles, Doubles]]:
    """Each block of points with t and w_g q_j, of shape (n_block, n_rows)."""
    for block, t in rows.exponents():
        own = rows.searcher.groups.group_of[block]
        shares = np.exp(t - logs[own])
        shares *= weights.T[own]
        yield block, t, shares


def _lifted_rows(x: Doubles) -> Doubles:
    """Local rows as columns, with ones below."""
    return np.vstack([x.T, np.ones(len(x))])
