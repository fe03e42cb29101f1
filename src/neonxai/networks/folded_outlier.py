"""Outlier scores behind a map that mixes inputs."""

from neonxai.arrays import Floats
from neonxai.networks.affine import AffineMap
from neonxai.networks.base import Layer, Network, family
from neonxai.networks.folded import MixingNetwork
from neonxai.networks.outlier import OutlierNetwork
from neonxai.networks.outlier_neighbors import NeighborOutlierNetwork


@family("folded outlier")
class FoldedOutlierNetwork(MixingNetwork):
    r"""An outlier score behind a map: each point's part of it goes along its difference in e.

    .. math:: \tilde R = \sum_j s_j(z)\, \frac{t_j \circ s_j}{\|z - u_j\|^2}, \quad
              t_j = A^\top (z - u_j), \quad \text{way } s_j = e - \tilde u_j

    Where inputs are mixed a feature can make a distance smaller, so its relevance may be negative.

    Parameters
    ----------
    inner : OutlierNetwork
        The network over z.
    affine : AffineMap
        The map.
    """

    def __init__(self, inner: Network, affine: AffineMap) -> None:
        super().__init__(inner, affine)
        if not isinstance(inner, OutlierNetwork):
            raise TypeError(f"An OutlierNetwork is needed; got {type(inner).__qualname__}.")
        self._outlier = inner

    def prepare(self, X: Floats) -> Layer:
        """See `Network.prepare`."""
        z, behind = self.look(X)
        if isinstance(self._outlier, NeighborOutlierNetwork):
            return self._outlier.layer(self._outlier.explain_scores(z, behind, self.doubt(X)))
        return self._outlier.layer(self._outlier.explain_scores(z, behind))
