r"""Differences of squared distances, (x − b)² − (x − a)², fast and without loss of digits.

For centers a (own) and b (rival) the paper's midpoint rule is, feature by feature,

.. math:: Z_i = w_i (x_i - m_i) = (x_i - b_i)^2 - (x_i - a_i)^2 = (b_i - a_i)\,((b_i - x_i) + (a_i - x_i)),

with w = 2(a − b) and m = (a + b)/2. The first form expands into matrix products: fast, but with a rounding
error of eps · (‖x‖² + ‖a‖² + ‖b‖²), which is more than the result when a pair of centers is close together
and far from the rest. The last form, in twice the working precision, is exact for our purposes, and needs
some dozen passes over the features of every pair. So: matrix products, in coordinates whose origin is amid
the centers, for everything; then the last form again for those pairs where the products have lost too many
digits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.doubled import row_sums, two_difference, two_product

# A pair is computed again when the bound on its rounding error exceeds this share of its value. It leaves a
# factor of ten to the 1e-10 that is promised, for β·h in the exponents.
_TOLERANCE = 1e-11
# The same for a row's relevance. It can be smaller, because only a row near the root m_k comes close to it.
_RELEVANCE_TOLERANCE = 2e-13
# exp(−40) ≈ 4e-18: a rival with so much more evidence, times β, gets no share.
_NO_SHARE = 40.0
_BLOCK_VALUES = 1 << 16  # float64 values in one temporary of the pairwise form: 512 KiB


@dataclass(frozen=True, eq=False)
class CenterDifferences:
    """Squared distances from rows to fixed centers, and their differences.

    Parameters
    ----------
    centers : float64 array of shape (n_centers, n_features)
    """

    centers: Doubles

    @cached_property
    def origin(self) -> Doubles:
        """The origin of the local coordinates: the median of the centers, which one far center can't move."""
        return np.asarray(np.median(self.centers, axis=0), dtype=np.float64)

    @cached_property
    def local(self) -> Doubles:
        """The centers in local coordinates, shape (n_centers, n_features)."""
        moved: Doubles = self.centers - self.origin
        return moved

    @cached_property
    def squares(self) -> Doubles:
        """Squared norms of the local centers, shape (n_centers,)."""
        result: Doubles = np.einsum("kd,kd->k", self.local, self.local)
        return result

    @cached_property
    def minus_twice_local(self) -> Doubles:
        """−2 μ_k of the local centers, shape (n_centers, n_features)."""
        return -2.0 * self.local

    @cached_property
    def _local_and_squared(self) -> Doubles:
        return np.hstack([self.local, self.local**2])

    @cached_property
    def minus_twice_local_and_squared(self) -> Doubles:
        """−2 μ_ki and μ_ki² of the local centers, shape (n_centers, 2 n_features)."""
        return np.hstack([self.minus_twice_local, self.local**2])

    @cached_property
    def single_minus_twice_local_and_squared(self) -> Floats:
        """The same in single precision, infinite where it is too large."""
        with np.errstate(over="ignore"):
            return self.minus_twice_local_and_squared.astype(np.float32)

    @cached_property
    def rounding(self) -> float:
        """Error of a difference of squared distances by products, as a share of ‖x‖² + ‖μ‖²."""
        # Errors of a dot product of D terms grow like √D when they are as good as random.
        return float(np.finfo(np.float64).eps * (4 + np.sqrt(self.centers.shape[1])))

    def localize(self, X: Floats) -> Doubles:
        """Move rows to local coordinates, in float64."""
        return np.subtract(X, self.origin, dtype=np.float64)

    def distances(self, x: Doubles) -> Doubles:
        """‖x − μ_k‖² − ‖x‖² of local rows, shape (n_centers, n_rows): all that differences need."""
        result: Doubles = self.minus_twice_local @ x.T
        result += self.squares[:, None]
        return result

    def doubtful(self, sizes: Doubles, difference: Doubles, smallest: Doubles) -> tuple[Ints, Ints]:
        """Find the differences that the matrix products leave with too few digits.

        Parameters
        ----------
        sizes : array of shape (n_rows,)
            ‖x‖² plus the largest squared norm of the centers that the row is compared with as its own, in
            local coordinates. The rival's norm follows: where the difference is small, it is about as far
            from x.
        difference : array of shape (n_pairs, n_rows)
            Differences of squared distances.
        smallest : array of shape (n_rows,)
            The smallest magnitude among them.

        Returns
        -------
        pairs, rows : arrays of indices
        """
        bound = sizes * (self.rounding / _TOLERANCE)
        suspicious = np.flatnonzero(smallest < bound)
        pairs, position = np.nonzero(np.abs(difference[:, suspicious]) < bound[suspicious])
        return pairs, suspicious[position]

    def contenders(self, sizes: Doubles, h: Doubles, smallest: Doubles, beta: float) -> tuple[Ints, Ints]:
        """Find the rivals whose evidence must be exact because β tells them apart.

        The shares exp(−β h_k) have β times the error of h_k. Where that is too much, all rivals count that
        may get a share at all: with β = ∞, those tied with the nearest as far as the products can tell.

        Parameters
        ----------
        sizes, smallest
            As for `doubtful`.
        h : array of shape (n_clusters, n_rows)
            Evidence, +inf for the row's own cluster.
        beta : float

        Returns
        -------
        rivals, rows : arrays of indices
        """
        bound = sizes + np.abs(smallest)
        bound *= 2.0 * self.rounding
        if beta == 0.0 or beta * bound.max(initial=0.0) <= _TOLERANCE:
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        close = h <= smallest + (2.0 * bound + _NO_SHARE / beta)
        close &= (np.count_nonzero(close, axis=0) > 1) & (beta * bound > _TOLERANCE)
        rivals, rows = np.nonzero(close)
        return rivals, rows

    def terms(
        self, X: Floats, rows: Ints, own: Ints, rival: Ints
    ) -> Iterator[tuple[slice, Doubles, Doubles]]:
        """Z of single pairs in twice the precision: (slice of the pairs, high, low), in blocks.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows in their own coordinates.
        rows, own, rival : arrays of shape (n_pairs,)
            Row, own center and rival center of each pair.

        Yields
        ------
        block : slice
        high, low : arrays of shape (block, n_features)
        """
        step = max(1, _BLOCK_VALUES // self.centers.shape[1])
        for start in range(0, len(rows), step):
            block = slice(start, start + step)
            x, a, b = X[rows[block]], self.centers[own[block]], self.centers[rival[block]]
            to_rival, error = two_difference(b, x)
            to_own, own_error = two_difference(a, x)
            total, total_error = two_difference(to_rival, -to_own)
            error += own_error
            error += total_error
            apart, apart_error = two_difference(b, a)
            high, low = two_product(total, apart)
            low += total * apart_error
            low += error * apart
            yield block, high, low

    def differences(self, X: Floats, rows: Ints, own: Ints, rival: Ints) -> Doubles:
        """Σ_i Z_i of single pairs, shape (n_pairs,); exactly 0 for exact ties. Parameters as in `terms`."""
        result = np.empty(len(rows))
        for block, high, low in self.terms(X, rows, own, rival):
            result[block] = row_sums(high, low)
        return result

    def add_terms(
        self, relevance: Doubles, X: Floats, rows: Ints, own: Ints, rival: Ints, weights: Doubles
    ) -> None:
        """Add each pair's weighted Z to its row of the relevance, in place. ``rows`` must be sorted."""
        for block, high, low in self.terms(X, rows, own, rival):
            weighted = (high + low) * weights[block, None]
            first = np.flatnonzero(np.diff(rows[block], prepend=-1))
            relevance[rows[block][first]] += np.add.reduceat(weighted, first, axis=0)

    def combine(self, x: Doubles, weights: Doubles) -> Doubles:
        """Σ_k s_k (x − μ_k)² feature by feature, for weights with Σ_k s_k = 0.

        Parameters
        ----------
        x : array of shape (n_rows, n_features)
            Local rows. Overwritten.
        weights : array of shape (n_rows, n_centers)
            s_k.

        Returns
        -------
        array of shape (n_rows, n_features)
        """
        n_features = x.shape[1]
        products = weights @ self._local_and_squared
        x *= -2.0
        x *= products[:, :n_features]
        x += products[:, n_features:]
        return x

    def lossy_rows(self, sizes: Doubles, weight: Doubles, relevance: Doubles) -> tuple[Ints, Doubles]:
        """Find the rows of `combine`'s result that have lost too many digits.

        Parameters
        ----------
        sizes : array of shape (n_rows,)
            As for `doubtful`.
        weight : array of shape (n_rows,)
            Σ_k |s_k|.
        relevance : array of shape (n_rows, n_features)
            The result.

        Returns
        -------
        rows : array of indices
        negligible : array of shape (len(rows),)
            Weights below this one do not contribute to the loss.
        """
        bound = sizes * self.rounding
        total = np.abs(relevance).sum(axis=1)
        total *= _RELEVANCE_TOLERANCE
        rows = np.flatnonzero(weight * bound > total)
        with np.errstate(divide="ignore", over="ignore"):
            return rows, total[rows] / bound[rows]
