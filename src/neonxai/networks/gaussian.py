"""Gaussians with a covariance matrix per cluster."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.base import family
from neonxai.networks.dissimilarity import finite_array, rounding
from neonxai.networks.doubled import two_difference, two_product
from neonxai.networks.quadratic import QuadraticNetwork, doubled_sum

# Of a row's relevance, Σ_i |R_i|: how much rounding may be in it before it is computed again, pair by pair.
_RELEVANCE_TOLERANCE = 1e-12


@family("gaussian")
class GaussianNetwork(QuadraticNetwork):
    """Gaussians with any covariances: d_k(x) = ½ (x − μ_k)ᵀ P_k (x − μ_k) + c_k with P_k = L_k L_kᵀ.

    Layer 1 is quadratic. On the straight way from the root m_k = (μ_c + μ_k)/2 to x its mean gradient is the
    one half-way, so with u = x − m_k and δ = μ_c − μ_k

    Z_k = ½ u ∘ (P_k (u + δ) − P_c (u − δ)),

    and h_k(m_k) = ⅛ δᵀ (P_k − P_c) δ + c_k − c_c is absorbed: it belongs to no feature. For β = 1 and soft
    pooling the logit is log(P_c / (1 − P_c)) with the posterior probability P_c [Kauffmann2024]_.

    Parameters
    ----------
    means : array of shape (n_clusters, n_features)
        μ_k.
    factors : array of shape (n_clusters, n_features, rank)
        L_k. The precision of cluster k is L_k L_kᵀ.
    constants : array of shape (n_clusters,)
        c_k = −log π_k − ½ log det P_k, up to a number common to all.

    Raises
    ------
    ValueError
        If shapes don't fit, or a number is not finite.

    Notes
    -----
    Each operation is two matrix products of n_rows × n_features × rank per cluster. Rows whose coefficient is
    0 are left out.

    Examples
    --------
    >>> import numpy as np
    >>> network = GaussianNetwork([[0.0], [2.0]], [[[1.0]], [[2.0]]], [0.0, 0.25])
    >>> x = np.array([[0.5]])
    >>> clusters, evidence = network.evidence(x)
    >>> evidence  # ½·4·1.5² + 0.25 − ½·0.5²
    array([[ inf, 4.625]])
    >>> network.redistribute(x, clusters, np.array([[0.0, 1.0]]))  # ½·(−0.5)·(4·(−2.5) − 1.5), ⅛·3·4 + 0.25
    (array([[2.875]]), array([1.75]))
    """

    def __init__(self, means: ArrayLike, factors: ArrayLike, constants: ArrayLike) -> None:
        checked = finite_array("means", means, (None, None))
        super().__init__(checked, finite_array("constants", constants, (len(checked),)))
        self._factors = finite_array("factors", factors, (*checked.shape, None))
        # The squares of L_k's rows: how far the rounding of a term in Lᵀ (x − μ) reaches.
        self._reach = np.einsum("kdr,kdr->kd", self._factors, self._factors)
        spans = np.empty((self.n_clusters, self.n_clusters))
        for k, factor in enumerate(self._factors):
            spread = (checked - checked[k]) @ factor
            spans[:, k] = np.einsum("cr,cr->c", spread, spread)
        self._roots = self._root_evidence(spans - spans.T)

    @property
    def factors(self) -> Doubles:
        """The factors L_k of the precisions, shape (n_clusters, n_features, rank), read-only."""
        return self._factors

    def _dissimilarities(self, X: Floats) -> tuple[Doubles, Doubles]:
        d, errors = np.empty((2, len(X), self.n_clusters))
        for k, factor in enumerate(self._factors):
            difference = np.subtract(X, self._means[k], dtype=np.float64)
            y = difference @ factor
            d[:, k] = np.einsum("nr,nr->n", y, y)
            difference *= difference
            errors[:, k] = difference @ self._reach[k]
        errors *= d
        np.sqrt(errors, out=errors)
        d *= 0.5
        errors += d
        errors += np.abs(self._constants)
        errors *= rounding(self.n_features)
        d += self._constants
        return d, errors

    def _exact(self, X: Floats, k: int) -> tuple[Doubles, Doubles]:
        difference, difference_low = two_difference(X, self._means[k])
        factor = self._factors[k]
        y, y_low = np.zeros((2, len(X), factor.shape[1]))
        for i, row in enumerate(factor):
            used = np.flatnonzero(row)
            entries = np.broadcast_to(row[used], (len(X), len(used)))
            term, term_low = two_product(difference[:, i, None], entries)
            term_low += difference_low[:, i, None] * entries
            y[:, used], error = two_difference(y[:, used], -term)
            y_low[:, used] += error + term_low
        square, low = two_product(y, y)
        low += 2.0 * y * y_low
        constant = np.full((len(X), 1), self._constants[k])
        return doubled_sum(np.hstack([0.5 * square, constant]), np.hstack([0.5 * low, 0.0 * constant]))

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`. Absorbs Σ_k a_k h_k(m_k)."""
        relevance, sizes = np.zeros(X.shape), np.zeros(len(X))
        for k in range(self.n_clusters):
            rows = np.flatnonzero(coefficients[:, k])
            if len(rows):
                piece = self._rival(X[rows], clusters[rows], coefficients[rows, k], k)
                relevance[rows] += piece
                sizes[rows] += np.abs(piece, out=piece).sum(axis=1)
        for c in np.unique(clusters):
            rows = np.flatnonzero(clusters == c)
            piece = self._own(X[rows], coefficients[rows], int(c))
            relevance[rows] -= piece
            sizes[rows] += np.abs(piece, out=piece).sum(axis=1)
        sizes *= rounding(self.n_features)
        lossy = np.flatnonzero(sizes > _RELEVANCE_TOLERANCE * np.abs(relevance).sum(axis=1))
        if len(lossy):
            relevance[lossy] = self._pairwise(X[lossy], clusters[lossy], coefficients[lossy])
        return relevance, np.einsum("nk,nk->n", coefficients, self._roots[clusters])

    def _pull(self, vectors: Doubles, k: int) -> Doubles:
        """P_k v for every row v."""
        pulled: Doubles = (vectors @ self._factors[k]) @ self._factors[k].T
        return pulled

    def _rival(self, X: Floats, clusters: Ints, shares: Doubles, k: int) -> Doubles:
        """½ a_k u ∘ P_k (u + δ) for every row."""
        e = np.subtract(X, self._means[k], dtype=np.float64)
        half = 0.5 * (self._means[clusters] - self._means[k])
        piece = self._pull(e + half, k)
        piece *= e - half
        piece *= 0.5 * shares[:, None]
        return piece

    def _own(self, X: Floats, coefficients: Doubles, c: int) -> Doubles:
        """½ Σ_k a_k u ∘ P_c (u − δ) for rows that all belong to cluster c.

        With e = x − μ_c that is (e + δ/2) ∘ P_c (e − δ/2). Of its four products all but the last can be
        summed over k first; that one, δ ∘ P_c δ, is a table for the cluster.
        """
        e = np.subtract(X, self._means[c], dtype=np.float64)
        delta = self._means[c] - self._means
        shift = coefficients @ delta
        piece: Doubles = coefficients.sum(axis=1)[:, None] * e
        piece += 0.5 * shift
        piece *= self._pull(e, c)
        piece -= 0.5 * e * self._pull(shift, c)
        piece -= 0.25 * (coefficients @ (delta * self._pull(delta, c)))
        piece *= 0.5
        return piece

    def _pairwise(self, X: Floats, clusters: Ints, coefficients: Doubles) -> Doubles:
        """½ Σ_k a_k u ∘ ((P_k − P_c) u + (P_k + P_c) δ): nothing cancels where the precisions are alike."""
        relevance = np.zeros(X.shape)
        for c in np.unique(clusters):
            own = self._factors[c] @ self._factors[c].T
            at_home = clusters == c
            for k in np.flatnonzero(coefficients[at_home].any(axis=0)):
                rows = np.flatnonzero(at_home & (coefficients[:, k] != 0.0))
                rival = self._factors[k] @ self._factors[k].T
                delta = self._means[c] - self._means[k]
                u = np.subtract(X[rows], self._means[c], dtype=np.float64)
                u += np.subtract(X[rows], self._means[k], dtype=np.float64)
                u *= 0.5
                piece = u @ (rival - own) + (rival + own) @ delta
                piece *= u
                piece *= 0.5 * coefficients[rows, k, None]
                relevance[rows] += piece
        return relevance

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the means, factors and constants."""
        return {"means": self._means, "factors": self._factors, "constants": self._constants}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its means, factors and constants."""
        return cls(state["means"], state["factors"], state["constants"])
