"""The tree of centers: each row goes to the nearer of two centers, again and again."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai.arrays import Floats, Ints
from neonxai.networks.base import Network, family
from neonxai.networks.differences import CenterDifferences


@family("centroid-tree")
class CentroidTreeNetwork(Network):
    """Bisecting k-means: a binary tree whose inner nodes ask which of two centers is nearer.

    A leaf's center need not be the nearest leaf's, so this is not the centroid family. Two clusters part at
    their lowest common ancestor v, and the evidence for c against k is what that node decides by: with a the
    center of v's child towards c, and b towards k,

    h_k(x) = ‖x − b‖² − ‖x − a‖².

    It is linear like k-means' and has the same root (a + b)/2, so nothing is absorbed; and min_{k≠c} h_k(x)
    is the weakest decision on the way to c, not negative exactly when x goes there.

    Parameters
    ----------
    centers : array of shape (n_clusters − 1, 2, n_features)
        The left and right center of every inner node.
    children : int array of shape (n_clusters − 1, 2)
        What lies left and right of each inner node: the index of an inner node, or −1 − cluster. The root is
        node 0, and children have higher numbers than their parents.

    Raises
    ------
    ValueError
        If this is not a tree, or the centers are not finite.

    Notes
    -----
    A tie goes left, as in scikit-learn. Beside the centers, the tree keeps two arrays of shape (n_clusters,
    n_clusters): the node where two clusters part.

    Examples
    --------
    >>> import numpy as np
    >>> network = CentroidTreeNetwork([[[0.0], [10.0]], [[9.0], [12.0]]], [[-1, 1], [-2, -3]])
    >>> clusters, evidence = network.evidence(np.array([[9.0]]))
    >>> clusters  # right at the root (81 against 1), then left (0 against 9)
    array([1])
    >>> evidence
    array([[80., inf,  9.]])
    """

    def __init__(self, centers: ArrayLike, children: ArrayLike) -> None:
        pairs = np.array(centers, dtype=np.float64, copy=True)
        self._children = np.array(children, dtype=np.intp, copy=True)
        _check_tree(pairs, self._children)
        flat = pairs.reshape(-1, pairs.shape[-1])
        for array in (flat, self._children):
            array.flags.writeable = False
        self._distances = CenterDifferences(flat)
        self._node, self._side = _common_ancestors(self._children)
        # Of all own centers on the way to a cluster, the one farthest from the origin bounds the rounding.
        node_squares = self._distances.squares.reshape(-1, 2).max(axis=1)
        self._own_squares = np.where(self._side != 0, node_squares[self._node], 0.0).max(axis=1)

        leaves = self._children.ravel() < 0
        prototypes = np.empty((self.n_clusters, self.n_features))
        prototypes[-1 - self._children.ravel()[leaves]] = flat[leaves]
        prototypes.flags.writeable = False
        self._prototypes = prototypes

    def __repr__(self) -> str:
        return f"CentroidTreeNetwork({self.n_clusters} leaves × {self.n_features} features)"

    @property
    def pairs(self) -> NDArray[np.float64]:
        """The left and right center of every inner node, shape (n_clusters − 1, 2, n_features)."""
        return self._distances.centers.reshape(-1, 2, self.n_features)

    @property
    def prototypes(self) -> NDArray[np.float64]:
        """The leaves' centers."""
        return self._prototypes

    @property
    def n_clusters(self) -> int:
        """K, the number of clusters."""
        return len(self._children) + 1

    @property
    def n_features(self) -> int:
        """D, the number of input features."""
        return int(self._distances.centers.shape[1])

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Network.evidence`."""
        d = self._distances
        x = d.localize(X)
        margins = self._margins(X, x)
        clusters = self._descend(margins) if clusters is None else clusters.copy()
        everyone = np.arange(len(clusters))
        h = margins[self._node[clusters].T, everyone]
        h *= self._side[clusters].T
        h[clusters, everyone] = np.inf
        sizes = np.einsum("nd,nd->n", x, x) + self._own_squares[clusters]
        rivals, rows = d.contenders(sizes, h, np.abs(h).min(axis=0), beta)
        nodes, sides = self._node[clusters[rows], rivals], self._side[clusters[rows], rivals]
        h[rivals, rows] = sides * d.differences(X, rows, 2 * nodes, 2 * nodes + 1)
        return clusters, h.T

    def _margins(self, X: Floats, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """‖x − right‖² − ‖x − left‖² at every inner node, (n_clusters − 1, n_rows): below 0, go right."""
        d = self._distances
        distances = d.distances(x)
        margins: NDArray[np.float64] = distances[1::2] - distances[::2]
        sizes = np.einsum("nd,nd->n", x, x) + d.squares.max()
        nodes, rows = d.doubtful(sizes, margins, np.abs(margins).min(axis=0))
        margins[nodes, rows] = d.differences(X, rows, 2 * nodes, 2 * nodes + 1)
        return margins

    def _descend(self, margins: NDArray[np.float64]) -> Ints:
        """Follow every row from the root to its leaf."""
        node = np.zeros(margins.shape[1], dtype=np.intp)
        walking = np.arange(len(node))
        while len(walking):
            at = node[walking]
            node[walking] = self._children[at, (margins[at, walking] < 0).astype(np.intp)]
            walking = walking[node[walking] >= 0]
        return -1 - node

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`. Nothing is absorbed."""
        d = self._distances
        decisions = self.decisions(clusters, coefficients)
        x = d.localize(X)
        sizes = np.einsum("nd,nd->n", x, x) + self._own_squares[clusters]
        relevance = d.combine(x, _signed(decisions))
        weight = np.abs(decisions).sum(axis=1)
        lossy, negligible = d.lossy_rows(sizes, weight, relevance)
        if len(lossy):
            self._refine(X, decisions, lossy, negligible, relevance)
        return relevance, np.zeros(len(clusters))

    def decisions(self, clusters: Ints, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much of each inner node's margin to send back, shape (n_rows, n_clusters − 1)."""
        places = self._node[clusters] + (self.n_clusters - 1) * np.arange(len(clusters))[:, None]
        weights = coefficients * self._side[clusters]
        n_decisions = len(clusters) * (self.n_clusters - 1)
        decisions = np.bincount(places.ravel(), weights.ravel(), n_decisions).astype(np.float64, copy=False)
        return decisions.reshape(len(clusters), -1)

    def _refine(
        self,
        X: Floats,
        decisions: NDArray[np.float64],
        lossy: Ints,
        negligible: NDArray[np.float64],
        relevance: NDArray[np.float64],
    ) -> None:
        """Compute lossy rows again, in place: nodes that matter elementwise, the rest by products."""
        weights = decisions[lossy]
        position, nodes = np.nonzero(np.abs(weights) > negligible[:, None] / self.n_clusters)
        shares = weights[position, nodes]
        weights[position, nodes] = 0.0
        relevance[lossy] = self._distances.combine(self._distances.localize(X[lossy]), _signed(weights))
        self._distances.add_terms(relevance, X, lossy[position], 2 * nodes, 2 * nodes + 1, shares)

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the nodes' centers and children."""
        return {"centers": self._distances.centers, "children": self._children}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its nodes."""
        centers = state["centers"]
        return cls(centers.reshape(-1, 2, centers.shape[-1]), state["children"])


def _check_tree(centers: NDArray[np.float64], children: Ints) -> None:
    """Raise a ValueError unless every inner node but the root, and every cluster, has one place."""
    n_nodes = len(children)
    if centers.ndim != 3 or centers.shape[:2] != (n_nodes, 2) or not np.isfinite(centers).all():
        raise ValueError(f"Centers must be finite, a pair for each of {n_nodes} nodes; got {centers.shape}.")
    # With the children numbered above their parents, no walk can return.
    places = sorted(children.ravel().tolist())
    if children.shape != (n_nodes, 2) or places != list(range(-n_nodes - 1, 0)) + list(range(1, n_nodes)):
        raise ValueError("Children must name every inner node but the root once, and every cluster once.")
    if np.any((children >= 0) & (children <= np.arange(n_nodes)[:, None])):
        raise ValueError("Children must have higher numbers than their parents.")


def _common_ancestors(children: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """For each two clusters: the node where they part, and +1 where the first lies left of it, −1 right.

    The diagonal has node 0 and side 0. Two arrays of shape (n_clusters, n_clusters).
    """
    n_clusters = len(children) + 1
    node = np.zeros((n_clusters, n_clusters), dtype=np.intp)
    side = np.zeros((n_clusters, n_clusters))
    leaves: dict[int, list[int]] = {}
    order = [0]
    for parent in order:
        order.extend(int(child) for child in children[parent] if child >= 0)
    for parent in reversed(order):
        left, right = (leaves.pop(int(c)) if c >= 0 else [-1 - int(c)] for c in children[parent])
        node[np.ix_(left, right)] = node[np.ix_(right, left)] = parent
        side[np.ix_(left, right)], side[np.ix_(right, left)] = 1.0, -1.0
        leaves[parent] = left + right
    return node, side


def _signed(decisions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn weights of nodes into weights of their two centers: −s for the left one, +s for the right one."""
    return np.stack([-decisions, decisions], axis=2).reshape(len(decisions), -1)
