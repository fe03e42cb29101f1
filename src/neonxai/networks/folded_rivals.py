"""Networks behind a map that mixes inputs, sent back rival by rival."""

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.affine import AffineMap
from neonxai.networks.base import Layer, Network, family
from neonxai.networks.centroid import CentroidNetwork
from neonxai.networks.folded import MixingNetwork
from neonxai.networks.fuzzy import FuzzyNetwork


@singledispatch
def mean_gradients(network: Network, X: Doubles, clusters: Ints, rival: int) -> tuple[Doubles, Doubles]:
    """Mean gradients of h_k on the straight way from the root to x, and these ways x − m_k.

    Parameters
    ----------
    network : Network
        Of a family whose evidence vanishes at the root.
    X : array of shape (n_rows, n_features)
        Rows.
    clusters : int array of shape (n_rows,)
        The clusters c, none of them the rival.
    rival : int
        k.

    Returns
    -------
    gradients, ways : arrays of shape (n_rows, n_features)
        Z_k is their product.
    """
    raise TypeError(
        f"The mean gradients of {type(network).__qualname__} at {len(X)} rows, of {len(clusters)} clusters "
        f"against {rival}, are not known."
    )


@mean_gradients.register
def _(network: CentroidNetwork, X: Doubles, clusters: Ints, rival: int) -> tuple[Doubles, Doubles]:
    own, other = network.centers[clusters], network.centers[rival]
    # From differences alone, none of which cancels.
    ways = X - own
    ways += X - other
    ways *= 0.5
    return 2.0 * (own - other), ways


@mean_gradients.register
def _(network: FuzzyNetwork, X: Doubles, clusters: Ints, rival: int) -> tuple[Doubles, Doubles]:
    return network.mean_gradients(X, clusters, rival)


@family("folded")
class FoldedRivalsNetwork(MixingNetwork):
    """A network behind a map that mixes inputs, whose evidence vanishes at the root.

    Each rival's mean gradient ḡ_k and way z − m_k are computed in z, where nothing cancels, and taken to e:
    Z̃_k = (Aᵀ ḡ_k) ∘ (e − m̃_k). That is two products with the map for each rival.

    Parameters
    ----------
    inner : CentroidNetwork or FuzzyNetwork
        The network over z, or another one that `mean_gradients` is registered for.
    affine : AffineMap
        The map.

    Raises
    ------
    ValueError
        If the map does not give as many values as the network takes.

    Examples
    --------
    >>> import numpy as np
    >>> turned = AffineMap.of(np.array([[1.0, 1.0], [1.0, -1.0]]))
    >>> network = FoldedRivalsNetwork(CentroidNetwork([[0.0, 0.0], [4.0, 0.0]]), turned)
    >>> x = np.array([[1.0, 0.5]])  # z = (1.5, 0.5); centers (0, 0) and (2, 2)
    >>> clusters, evidence = network.evidence(x)
    >>> evidence  # 2.5² − 1.5²
    array([[inf,  4.]])
    >>> relevance, _ = network.redistribute(x, clusters, np.array([[0.0, 1.0]]))
    >>> relevance.round(9) + 0.0  # −8 (1 − 1) and −8 (0.5 − 1)
    array([[0., 4.]])
    """

    def __init__(self, inner: Network, affine: AffineMap) -> None:
        super().__init__(inner, affine)
        if mean_gradients.dispatch(type(inner)) is mean_gradients.dispatch(Network):
            raise TypeError(f"The mean gradients of {type(inner).__qualname__} are not known.")

    @property
    def cost(self) -> int:
        """Two products with the map for each rival, and one there."""
        return self._inner.cost + (1 + 2 * self.n_clusters) * self._affine.n_entries

    def prepare(self, X: Floats) -> Layer:
        """See `Network.prepare`: nothing."""
        return self

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`. Nothing is absorbed."""
        z, behind = self.look(X)
        relevance = np.zeros(behind.rest.shape)
        for rival in range(self.n_clusters):
            rows = np.flatnonzero(coefficients[:, rival])
            if len(rows):
                gradients, ways = mean_gradients(self._inner, z[rows], clusters[rows], rival)
                piece = self._affine.lift(ways)
                piece += behind.rest[rows]
                piece *= self._affine.pull(gradients)
                piece *= coefficients[rows, rival, None]
                relevance[rows] += piece
        return relevance, np.zeros(len(clusters))
