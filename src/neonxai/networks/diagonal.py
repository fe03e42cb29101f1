"""Gaussians whose features are independent within a cluster."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.base import family
from neonxai.networks.dissimilarity import finite_array, rounding
from neonxai.networks.doubled import two_difference, two_product
from neonxai.networks.quadratic import QuadraticNetwork, doubled_sum


@family("gaussian-diagonal")
class DiagonalGaussianNetwork(QuadraticNetwork):
    """Gaussians with a variance per cluster and feature: d_k(x) = ½ Σ_i P_ki (x_i − μ_ki)² + c_k.

    Layer 1 is quadratic. On the straight way from the root m_k = (μ_c + μ_k)/2 to x its mean gradient is the
    one half-way, so with u = x − m_k and δ = μ_c − μ_k the piece of feature i is

    Z_ik = ½ u_i ((P_ki − P_ci) u_i + (P_ki + P_ci) δ_i),

    and what both Gaussians make of the root, h_k(m_k) = ⅛ Σ_i (P_ki − P_ci) δ_i² + c_k − c_c, is absorbed: it
    belongs to no feature. For β = 1 and soft pooling the logit is log(P_c / (1 − P_c)) with the posterior
    probability P_c [Kauffmann2024]_.

    Parameters
    ----------
    means : array of shape (n_clusters, n_features)
        μ_k.
    precisions : array of shape (n_clusters, n_features)
        P_ki > 0: 1 / variance.
    constants : array of shape (n_clusters,)
        c_k = −log π_k − ½ Σ_i log P_ki, up to a number common to all.

    Raises
    ------
    ValueError
        If shapes don't fit, a number is not finite, or a precision is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> network = DiagonalGaussianNetwork([[0.0, 0.0], [2.0, 0.0]], [[1.0, 1.0], [1.0, 3.0]], [0.0, 0.5])
    >>> x = np.array([[0.5, 2.0]])
    >>> clusters, evidence = network.evidence(x)
    >>> evidence  # ½·1.5² + ½·3·2² + 0.5 − (½·0.5² + ½·2²) = 5.5
    array([[inf, 5.5]])
    >>> relevance, absorbed = network.redistribute(x, clusters, np.array([[0.0, 1.0]]))
    >>> relevance, absorbed  # ½·(−0.5)·2·(−2), ½·2·(2·2), and the constant
    (array([[1., 4.]]), array([0.5]))
    """

    def __init__(self, means: ArrayLike, precisions: ArrayLike, constants: ArrayLike) -> None:
        checked = finite_array("means", means, (None, None))
        super().__init__(checked, finite_array("constants", constants, (len(checked),)))
        self._precisions = finite_array("precisions", precisions, checked.shape)
        if not np.all(self._precisions > 0):
            raise ValueError(
                f"The precisions must be positive; the smallest is {self._precisions.min()}. "
                "A precision is 1 / variance."
            )
        bends = np.empty((self.n_clusters, self.n_clusters))
        for k, (mean, precision) in enumerate(zip(checked, self._precisions, strict=True)):
            bends[:, k] = np.einsum("cd,cd->c", precision - self._precisions, (checked - mean) ** 2)
        self._roots = self._root_evidence(bends)

    @property
    def precisions(self) -> Doubles:
        """The precisions P_ki, shape (n_clusters, n_features), read-only."""
        return self._precisions

    def _dissimilarities(self, X: Floats) -> tuple[Doubles, Doubles]:
        d = np.empty((len(X), self.n_clusters))
        for k in range(self.n_clusters):
            difference = np.subtract(X, self._means[k], dtype=np.float64)
            difference *= difference
            d[:, k] = difference @ self._precisions[k]
        d *= 0.5
        errors = d + np.abs(self._constants)
        errors *= rounding(self.n_features)
        d += self._constants
        return d, errors

    def _exact(self, X: Floats, k: int) -> tuple[Doubles, Doubles]:
        difference, low = two_difference(X, self._means[k])
        square, square_low = two_product(difference, difference)
        square_low += 2.0 * difference * low
        precision = 0.5 * self._precisions[k]
        term, term_low = two_product(square, np.broadcast_to(precision, square.shape))
        term_low += square_low * precision
        constant = np.full((len(X), 1), self._constants[k])
        return doubled_sum(np.hstack([term, constant]), np.hstack([term_low, 0.0 * constant]))

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`. Absorbs Σ_k a_k h_k(m_k)."""
        relevance = np.zeros(X.shape)
        for k in range(self.n_clusters):
            rows = np.flatnonzero(coefficients[:, k])
            own = clusters[rows]
            x = X[rows]
            # From differences alone, none of which cancels: half the sum of x − μ_c and x − μ_k is x − m_k.
            u = np.subtract(x, self._means[own], dtype=np.float64)
            u += np.subtract(x, self._means[k], dtype=np.float64)
            u *= 0.5
            piece = (self._precisions[k] - self._precisions[own]) * u
            piece += (self._precisions[k] + self._precisions[own]) * (self._means[own] - self._means[k])
            piece *= u
            piece *= 0.5 * coefficients[rows, k, None]
            relevance[rows] += piece
        return relevance, np.einsum("nk,nk->n", coefficients, self._roots[clusters])

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the means, precisions and constants."""
        return {"means": self._means, "precisions": self._precisions, "constants": self._constants}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its means, precisions and constants."""
        return cls(state["means"], state["precisions"], state["constants"])
