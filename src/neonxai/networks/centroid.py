"""The centroid family: each row belongs to its nearest center."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai.arrays import Floats, Ints
from neonxai.networks.base import Network, family
from neonxai.networks.differences import CenterDifferences


@family("centroid")
class CentroidNetwork(Network):
    """K-means in every form: d_k(x) = ‖x − μ_k‖².

    Layer 1 is linear, h_k(x) = d_k − d_c = w_k·x + b_k with w_k = 2(μ_c − μ_k) and b_k = ‖μ_k‖² − ‖μ_c‖²;
    its root m_k = (μ_c + μ_k)/2 lies on the boundary, so nothing is absorbed, and the relevance of a feature
    is simply how its squared distance makes the difference: Z_ik = (x_i − μ_ki)² − (x_i − μ_ci)²
    [Kauffmann2024]_.

    Parameters
    ----------
    centers : array of shape (n_clusters, n_features)
        The centers μ_k.

    Raises
    ------
    ValueError
        If they are not a finite matrix.

    Examples
    --------
    >>> import numpy as np
    >>> network = CentroidNetwork([[0.0, 0.0], [2.0, 0.0]])
    >>> clusters, evidence = network.evidence(np.array([[0.5, 7.0]]))
    >>> clusters
    array([0])
    >>> evidence  # 1.5² + 7² − (0.5² + 7²) = 2
    array([[inf,  2.]])
    >>> network.redistribute(np.array([[0.5, 7.0]]), clusters, np.array([[0.0, 1.0]]))[0]
    array([[2., 0.]])
    """

    def __init__(self, centers: ArrayLike) -> None:
        copied = np.array(centers, dtype=np.float64, order="C", copy=True)
        if copied.ndim != 2 or not copied.size or not np.isfinite(copied).all():
            raise ValueError(f"Centers must be a finite matrix; got shape {copied.shape}.")
        copied.flags.writeable = False
        self._distances = CenterDifferences(copied)

    def __repr__(self) -> str:
        return f"CentroidNetwork({self.n_clusters} centers × {self.n_features} features)"

    @property
    def centers(self) -> NDArray[np.float64]:
        """The centers μ_k, shape (n_clusters, n_features), read-only."""
        return self._distances.centers

    @property
    def differences(self) -> CenterDifferences:
        """Distances from the centers, and their differences."""
        return self._distances

    @property
    def prototypes(self) -> NDArray[np.float64]:
        """The centers."""
        return self.centers

    @property
    def n_clusters(self) -> int:
        """K, the number of clusters."""
        return len(self.centers)

    @property
    def n_features(self) -> int:
        """D, the number of input features."""
        return int(self.centers.shape[1])

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Network.evidence`."""
        d = self._distances
        x = d.localize(X)
        h = d.distances(x)
        search = clusters is None
        clusters = h.argmin(axis=0) if clusters is None else clusters.copy()
        everyone = np.arange(len(clusters))
        h -= h[clusters, everyone]
        h[clusters, everyone] = np.inf
        smallest = h.min(axis=0) if search else np.abs(h).min(axis=0)
        sizes = np.einsum("nd,nd->n", x, x) + d.squares[clusters]
        rivals, rows = d.doubtful(sizes, h, smallest)
        h[rivals, rows] = d.differences(X, rows, clusters[rows], rivals)
        if search and len(rows):
            self._reassign(X, sizes, clusters, h, np.unique(rows))
            sizes += d.squares[clusters]
        smallest[rows] = h[:, rows].min(axis=0)
        rivals, rows = d.contenders(sizes, h, smallest, beta)
        h[rivals, rows] = d.differences(X, rows, clusters[rows], rivals)
        return clusters, h.T

    def _reassign(
        self,
        X: Floats,
        sizes: NDArray[np.float64],
        clusters: Ints,
        h: NDArray[np.float64],
        rows: Ints,
    ) -> None:
        """Move rows whose refined evidence names a nearer center, in place.

        Seen from the new center its neighbors are resolved better still, hence the repetition. What is left
        negative after it is a tie within rounding.
        """
        d = self._distances
        for _ in range(3):
            nearest = h[:, rows].argmin(axis=0)
            gain = h[nearest, rows]
            # The lowest index wins a tie, as in scikit-learn.
            move = (gain < 0.0) | ((gain == 0.0) & (nearest < clusters[rows]))
            moved, new, gain = rows[move], nearest[move], gain[move]
            if not len(moved):
                break
            seen = h[:, moved] - gain
            here = np.arange(len(moved))
            seen[clusters[moved], here] = -gain
            seen[new, here] = np.inf
            clusters[moved] = new
            around = sizes[moved] + d.squares[new]
            rivals, position = d.doubtful(around, seen, np.abs(seen).min(axis=0))
            seen[rivals, position] = d.differences(X, moved[position], new[position], rivals)
            h[:, moved] = seen
        h[:, rows] = np.maximum(h[:, rows], 0.0)

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`. Nothing is absorbed."""
        d = self._distances
        everyone = np.arange(len(clusters))
        total = coefficients.sum(axis=1)
        x = d.localize(X)
        sizes = np.einsum("nd,nd->n", x, x) + d.squares[clusters]
        weights = coefficients.copy(order="K")
        weights[everyone, clusters] = -total
        relevance = d.combine(x, weights)
        lossy, negligible = d.lossy_rows(sizes, total, relevance)
        if len(lossy):
            self._refine(X, clusters, coefficients, lossy, negligible, relevance)
        return relevance, np.zeros(len(clusters))

    def _refine(
        self,
        X: Floats,
        clusters: Ints,
        coefficients: NDArray[np.float64],
        lossy: Ints,
        negligible: NDArray[np.float64],
        relevance: NDArray[np.float64],
    ) -> None:
        """Compute lossy rows again, in place: pairs that matter elementwise, the rest by products."""
        weights = coefficients[lossy]
        position, rivals = np.nonzero(weights > negligible[:, None] / self.n_clusters)
        rows = lossy[position]
        own = clusters[rows]
        shares = weights[position, rivals]
        weights[position, rivals] = 0.0
        weights[np.arange(len(lossy)), clusters[lossy]] = -weights.sum(axis=1)
        relevance[lossy] = self._distances.combine(self._distances.localize(X[lossy]), weights)
        self._distances.add_terms(relevance, X, rows, own, rivals, shares)

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the centers."""
        return {"centers": self.centers}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its centers."""
        return cls(state["centers"])
