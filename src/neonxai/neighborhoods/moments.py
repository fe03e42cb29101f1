r"""Weighted sums over points that stand behind an affine map, without a vector for every row and point.

Behind z = A e + b the square of a difference in a feature, (x_i − u_i)², becomes a product, (Aᵀd)_i (Q d)_i
with d = z − u and a right inverse Q of A. Sums of such products over points need the points' sums alone.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from neonxai.arrays import Doubles, Ints

_ROUNDING = 1e-13  # of a sum of weights
_PAIR_VALUES = 1 << 17  # float64 values in one temporary of single pairs: 1 MiB


@dataclass(frozen=True, eq=False)
class Products:
    """What a square of a difference is behind an affine map: v ↦ (v L) ∘ (v R), of rows v.

    Attributes
    ----------
    left, right : array or csr_array of shape (n_features, n_columns)
        L and R.
    """

    left: Doubles | csr_array
    right: Doubles | csr_array

    @property
    def n_columns(self) -> int:
        """How many products there are of a row."""
        return int(self.left.shape[1])

    def __call__(self, rows: Doubles) -> Doubles:
        """Return the products of each row, shape (n_rows, n_columns)."""
        result: Doubles = np.asarray(rows @ self.left)
        result *= rows @ self.right
        return result

    def mixed(self, rows: Doubles, others: Doubles) -> Doubles:
        """Return (v L) ∘ (w R) + (w L) ∘ (v R)."""
        result: Doubles = np.asarray(rows @ self.left)
        result *= others @ self.right
        result += (others @ self.left) * (rows @ self.right)
        return result


@dataclass(frozen=True, eq=False)
class Behind:
    """What rows behind an affine map, x = A e + b, do not say about e.

    Attributes
    ----------
    products : Products
        L = A and R = Qᵀ.
    rest : array of shape (n_rows, n_columns)
        e less the pre-image of x: what the map does not see.
    """

    products: Products
    rest: Doubles

    def of(self, rows: slice) -> "Behind":
        """The same for some of the rows."""
        return Behind(self.products, self.rest[rows])

    def along(self, differences: Doubles) -> Doubles:
        """(Aᵀ d) ∘ rest, shape (n_rows, n_columns)."""
        result: Doubles = np.asarray(differences @ self.products.left)
        result *= self.rest
        return result


@dataclass(frozen=True, eq=False)
class Moments:
    """What the points around rows amount to, weighted, and seen from a reference r for each row.

    With v_j = u_j − r and the weight c_j = w_g q_j of point j in group g. From them follows
    Σ_j c_j (x − u_j) and every quadratic form in these differences.

    Attributes
    ----------
    apart : array of shape (n_rows, n_features)
        x − r.
    total : array of shape (n_rows,)
        Σ_g w_g, exactly 0 where only rounding is left of it.
    linear : array of shape (n_rows, n_features)
        Σ_j c_j v_j.
    products : array of shape (n_rows, n_columns)
        Σ_j c_j (v_j L) ∘ (v_j R).
    own : array of shape (n_rows, n_features)
        Σ_j q_j v_j over the row's own group; 0 where it has none.
    """

    apart: Doubles
    total: Doubles
    linear: Doubles
    products: Doubles
    own: Doubles

    def differences(self) -> Doubles:
        """Σ_j c_j (x − u_j), shape (n_rows, n_features)."""
        return self.total[:, None] * self.apart - self.linear

    def own_differences(self) -> Doubles:
        """Σ_j q_j (x − u_j) over the row's own group; x − r where it has none."""
        return self.apart - self.own

    def products_of_differences(self, products: Products) -> Doubles:
        """Σ_j c_j ((x − u_j) L) ∘ ((x − u_j) R)."""
        if not self.apart.any():
            return self.products
        result = self.products - products.mixed(self.apart, self.linear)
        if self.total.any():
            result += self.total[:, None] * products(self.apart)
        return result


def add_moments(
    moments: Moments,
    references: Doubles,
    points: Doubles,
    products: Products,
    rows: Ints,
    which: Ints,
    weights: Doubles,
    own_weights: Doubles,
) -> None:
    """Add single pairs to their rows' moments, by differences, in place.

    Parameters
    ----------
    moments : Moments
        What is added to.
    references : array of shape (n_rows, n_features)
        r.
    points : array of shape (n_points, n_features)
        u.
    products : Products
        (v L) ∘ (v R).
    rows, which : int arrays of shape (n_pairs,)
        Row and point of each pair; the rows sorted.
    weights, own_weights : arrays of shape (n_pairs,)
        c, and q where the point is in the row's own group, else 0.
    """
    step = max(1, _PAIR_VALUES // max(points.shape[1], products.n_columns))
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        v = points[which[block]]
        v -= references[rows[block]]
        here, first = np.unique(rows[block], return_index=True)
        terms = products(v)
        terms *= weights[block, None]
        moments.products[here] += np.add.reduceat(terms, first, axis=0)
        for sums, factors in ((moments.linear, weights), (moments.own, own_weights)):
            sums[here] += np.add.reduceat(v * factors[block, None], first, axis=0)


def settled(total: Doubles, sizes: Doubles) -> Doubles:
    """Sums of weights without those that are only rounding of weights that sum to 0."""
    return np.where(np.abs(total) < _ROUNDING * sizes, 0.0, total)
