"""What the two quadratic Gaussian families share: all but the form of the precision."""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.dissimilarity import DissimilarityNetwork
from neonxai.networks.doubled import two_difference

# 2⁻¹⁰⁶ is the precision of a pair of floats; some operations have used it up to 2⁻⁹⁰.
_NOTHING = 2.0**-90


class QuadraticNetwork(DissimilarityNetwork):
    """d_k(x) = ½ (x − μ_k)ᵀ P_k (x − μ_k) + c_k: a Gaussian of its own for every cluster.

    Parameters
    ----------
    means : read-only array of shape (n_clusters, n_features)
        μ_k.
    constants : read-only array of shape (n_clusters,)
        c_k = −log π_k − ½ log det P_k, up to a number common to all.
    """

    def __init__(self, means: Doubles, constants: Doubles) -> None:
        self._means, self._constants = means, constants

    @property
    def means(self) -> Doubles:
        """The means μ_k, shape (n_clusters, n_features), read-only."""
        return self._means

    @property
    def constants(self) -> Doubles:
        """The constants c_k, shape (n_clusters,), read-only."""
        return self._constants

    @property
    def prototypes(self) -> Doubles:
        """The means."""
        return self._means

    @property
    def n_clusters(self) -> int:
        """K, the number of clusters."""
        return len(self._means)

    @property
    def n_features(self) -> int:
        """D, the number of input features."""
        return int(self._means.shape[1])

    @property
    def default_pooling(self) -> str:
        """Soft: the logit is then the log-odds of membership."""
        return "soft"

    @property
    def default_beta(self) -> float:
        """1: d is a negative log-probability already."""
        return 1.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_clusters} Gaussians × {self.n_features} features)"

    @abstractmethod
    def _exact(self, X: Floats, k: int) -> tuple[Doubles, Doubles]:
        """d_k in twice the working precision: (high, low), each of shape (n_rows,)."""

    def _errors(self, X: Floats, errors: Doubles) -> Doubles:
        return errors

    def _differences(self, X: Floats, clusters: Ints, wanted: NDArray[np.bool_]) -> Doubles:
        own = (np.arange(len(clusters)), clusters)
        wanted = wanted.copy()
        wanted[own] = True
        high, low = np.zeros(wanted.shape), np.zeros(wanted.shape)
        for k in np.flatnonzero(wanted.any(axis=0)):
            rows = np.flatnonzero(wanted[:, k])
            high[rows, k], low[rows, k] = self._exact(X[rows], int(k))
        own_high, own_low = high[own][:, None], low[own][:, None]
        difference, error = two_difference(high, own_high)
        result: Doubles = difference + (error + (low - own_low))
        result[np.abs(result) < _NOTHING * (np.abs(high) + np.abs(own_high))] = 0.0
        return result

    def _root_evidence(self, bends: Doubles) -> Doubles:
        """h_k(m_k) for own c and rival k, from bends[c, k] = (μ_c − μ_k)ᵀ (P_k − P_c) (μ_c − μ_k)."""
        return bends / 8.0 + (self._constants[None, :] - self._constants[:, None])


def doubled_sum(high: Doubles, low: Doubles) -> tuple[Doubles, Doubles]:
    """Sum over the columns in twice the working precision: (high, low) of shape (n_rows,).

    Examples
    --------
    >>> doubled_sum(np.array([[1e16, 0.5, 0.25]]), np.zeros((1, 3)))
    (array([1.e+16]), array([0.75]))
    """
    while high.shape[1] > 1:
        half = (high.shape[1] + 1) // 2
        rest = high.shape[1] - half
        total, error = two_difference(high[:, :rest], -high[:, half:])
        low = np.hstack([low[:, :rest] + low[:, half:] + error, low[:, rest:half]])
        high = np.hstack([total, high[:, rest:half]])
    return high[:, 0], low[:, 0]
