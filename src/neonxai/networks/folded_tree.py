"""The tree of centers behind a map that mixes inputs."""

import numpy as np
from numpy.typing import NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.affine import AffineMap
from neonxai.networks.base import Layer, Network, family
from neonxai.networks.dissimilarity import rounding
from neonxai.networks.folded import MixingNetwork
from neonxai.networks.tree import CentroidTreeNetwork

# A row's relevance is computed again when the bound on its rounding error exceeds this share of Σ_i |R_i|.
_TOLERANCE = 2e-13
_BLOCK_VALUES = 1 << 16  # float64 values in one temporary of single pairs: 512 KiB


@family("folded tree")
class FoldedTreeNetwork(MixingNetwork):
    """Bisecting k-means behind a map: every inner node is linear in e, too.

    A node that asks for the nearer one of a and b has the gradient 2 Aᵀ (a − b), and a pre-image of (a + b)/2
    for its root.

    Parameters
    ----------
    inner : CentroidTreeNetwork
        The tree over z.
    affine : AffineMap
        The map.
    """

    def __init__(self, inner: Network, affine: AffineMap) -> None:
        super().__init__(inner, affine)
        if not isinstance(inner, CentroidTreeNetwork):
            raise TypeError(f"A CentroidTreeNetwork is needed; got {type(inner).__qualname__}.")
        self._tree = inner
        left, right = inner.pairs[:, 0], inner.pairs[:, 1]
        self._weights = affine.pull(2.0 * (left - right))
        roots = affine.local_preimages(0.5 * (left + right))
        self._amid: Doubles = np.median(roots, axis=0)
        self._roots = roots - self._amid
        self._stack = np.hstack([self._weights, self._weights * self._roots])

    def prepare(self, X: Floats) -> Layer:
        """See `Network.prepare`: nothing."""
        return self

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`. Nothing is absorbed."""
        decisions = self._tree.decisions(clusters, coefficients)
        local = self._affine.localize(X)
        local -= self._amid
        weights, products = np.hsplit(decisions @ self._stack, 2)
        relevance: Doubles = local * weights
        relevance -= products
        weights, products = np.hsplit(np.abs(decisions) @ np.abs(self._stack), 2)
        bound = rounding(self.n_clusters) * (np.abs(local) * weights + products).sum(axis=1)
        lossy = np.flatnonzero(bound > _TOLERANCE * np.abs(relevance).sum(axis=1))
        if len(lossy):
            relevance[lossy] = self._node_by_node(local[lossy], decisions[lossy])
        return relevance, np.zeros(len(clusters))

    def _node_by_node(self, local: Doubles, decisions: Doubles) -> Doubles:
        relevance = np.zeros(local.shape)
        rows, nodes = np.nonzero(decisions)
        step = max(1, _BLOCK_VALUES // self.n_features)
        for start in range(0, len(rows), step):
            row, node = rows[start : start + step], nodes[start : start + step]
            terms = local[row] - self._roots[node]
            terms *= self._weights[node]
            terms *= decisions[row, node, None]
            here, first = np.unique(row, return_index=True)
            relevance[here] += np.add.reduceat(terms, first, axis=0)
        return relevance
