"""Support points behind a map that mixes inputs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.moments import Behind
from neonxai.networks.affine import AffineMap
from neonxai.networks.base import Layer, Network, family
from neonxai.networks.folded import MixingNetwork
from neonxai.networks.support import SupportLayer, SupportNetwork


@family("folded support")
class FoldedSupportNetwork(MixingNetwork):
    r"""Labels of rows that were clustered behind a map.

    A pair of points (i in c, j in k) is linear in e, too: its gradient is 2 Aᵀ (u_i − u_j), and its root a
    pre-image of (u_i + u_j)/2. With t_j = Aᵀ (z − u_j) and s_j = e − ũ_j the sum over pairs is

    .. math:: \tilde Z_k = \sum_{j \in C_k} q_j\, t_j \circ s_j - \sum_{i \in C_c} q_i\, t_i \circ s_i
        + \bar t_k \circ \bar s_c - \bar t_c \circ \bar s_k

    with the q-weighted means of each cluster's t and s.

    Parameters
    ----------
    inner : SupportNetwork
        The network over z.
    affine : AffineMap
        The map.
    """

    def __init__(self, inner: Network, affine: AffineMap) -> None:
        super().__init__(inner, affine)
        if not isinstance(inner, SupportNetwork):
            raise TypeError(f"A SupportNetwork is needed; got {type(inner).__qualname__}.")
        self._support = inner
        self._searcher = inner.searcher.behind(self.products)

    def prepare(self, X: Floats) -> Layer:
        """See `Network.prepare`: the neighborhoods of the rows."""
        z, behind = self.look(X)
        layer = self._support.look(z, self.doubt(X), self._searcher)
        # The own cluster's place among the groups, −1 for noise.
        place = np.full(self.n_clusters, -1)
        place[layer.real] = np.arange(len(layer.real))
        return _FoldedSupportLayer(layer, self._affine, behind, z, place)


@dataclass(frozen=True, eq=False)
class _FoldedSupportLayer(Layer):
    """Layer 1 for rows that have been mapped, and whose neighborhoods are known."""

    layer: SupportLayer
    affine: AffineMap
    behind: Behind
    z: Doubles
    place: Ints

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        return self.layer.evidence(self.z, clusters, beta=beta)

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        weights = self.layer.weights(clusters, coefficients)
        own = self.place[clusters]
        moments = self.layer.near.moments(self.z, weights[:, self.layer.real], own)
        # Σ_k a_k (z − ū_k) − Σ_k a_k (z − ū_c), in short: away from c; and z − ū_c.
        away, home = moments.differences(), moments.own_differences()
        home[own < 0] = 0.0
        gradient, home_gradient = self.affine.pull(away), self.affine.pull(home)
        relevance = moments.products_of_differences(self.behind.products)
        relevance += gradient * self.affine.lift(home)
        relevance -= home_gradient * self.affine.lift(away)
        # What the map does not see is a part of every way from a root to e. A pair has two ways, to both of
        # its points; noise has one.
        sides = np.where(own < 0, 1.0, 2.0)[:, None]
        relevance += self.behind.rest * (sides * gradient - moments.total[:, None] * home_gradient)
        return relevance, self.layer.absorbed(weights, relevance)
