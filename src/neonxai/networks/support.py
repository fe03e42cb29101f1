"""The support-point family: each cluster is its members, and a row belongs where its neighbors are."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.bandwidth import likely_bandwidth
from neonxai.neighborhoods.dense import DenseSearcher
from neonxai.neighborhoods.nearest import NEGLECTED, NearestSearcher
from neonxai.neighborhoods.points import Groups, LeftOut, Neighborhood, Searcher
from neonxai.neighborhoods.recognition import KnownRows
from neonxai.networks.base import Layer, family
from neonxai.networks.recognizing import RecognizingNetwork

# Below this many points all are looked at; above it, the nearest, where few of them matter.
_MANY_POINTS = 5000
_FEW_NEIGHBORS = 64  # or a fiftieth of the group
_PROBES = 200  # points that are asked, and the most that they are asked about in each group
_PROBED = 10_000
_TREE_FEATURES = 12
_NOISE_ROWS = 4000


@family("support")
class SupportNetwork(RecognizingNetwork):
    r"""Any partition of points: the soft distance to a cluster's members.

    .. math:: d_k(x) = -\frac1\gamma \log\, \operatorname{mean}_{j \in C_k} \exp(-\gamma \|x - u_j\|^2),

    the nearest member's squared distance for γ = ∞. Written out, h_k = d_k − d_c is a network of pairs (i in
    c, j in k): h_ij = ‖x − u_j‖² − ‖x − u_i‖² is linear, pooled by a soft maximum over i and a soft minimum
    over j [Kauffmann2024]_. Sent back, a pair carries q_i q_j, and the sum over the pairs of the midpoint
    rule has a closed form that needs no pairs,

    .. math:: Z_k = \sum_{j \in C_k} q_j (x - u_j)^2 - \sum_{i \in C_c} q_i (x - u_i)^2.

    What it lacks to h_k, (KL(q_k) − KL(q_c)) / γ with the divergence of q from equal shares, belongs to no
    feature and is absorbed.

    Noise, rows of no cluster, is farther than τ from all of them: h = d_k − τ for noise against k. Such a
    row's evidence is how far the nearest members are, and −τ is absorbed. To the other clusters noise is a
    bystander.

    Parameters
    ----------
    points : array of shape (n_points, n_features)
        The points u_j.
    members : int array of shape (n_points,)
        The cluster of each point, 0 to n_clusters − 1, each at least once.
    gamma : float
        γ, in 1 / squared unit of the data; positive, or inf.
    noise : int, optional
        The cluster whose points are noise.
    threshold : float
        τ, the largest d_k of a row that is not noise; squared unit of the data.
    stands_in : bool
        Whether the points are rows of a clustering of which only labels are known. Then a row with the very
        values of a point is that point: it keeps its label (`known_labels`), and is not its own support, in
        any cluster that has other points. Otherwise the network is the clustering.

    Raises
    ------
    ValueError
        If the points are not a finite matrix, a cluster is empty, or γ is not positive.

    Examples
    --------
    >>> network = SupportNetwork([[0.0, 0.0], [2.0, 0.0], [9.0, 3.0]], [0, 0, 1], gamma=np.inf)
    >>> clusters, evidence = network.evidence(np.array([[2.0, 1.0]]))
    >>> evidence  # nearest members: 7² + 2² against 1²
    array([[inf, 52.]])
    >>> network.redistribute(np.array([[2.0, 1.0]]), clusters, np.array([[0.0, 1.0]]))[0]
    array([[49.,  3.]])
    """

    def __init__(
        self,
        points: ArrayLike,
        members: ArrayLike,
        *,
        gamma: float,
        noise: int | None = None,
        threshold: float = np.inf,
        stands_in: bool = False,
    ) -> None:
        u = np.array(points, dtype=np.float64, order="C", copy=True)
        clusters = np.array(members, dtype=np.intp, copy=True)
        if u.ndim != 2 or not u.size or not np.isfinite(u).all() or clusters.shape != (len(u),):
            raise ValueError(
                f"Points must be a finite matrix with a cluster each; got {u.shape} and {clusters.shape}."
            )
        if not gamma > 0:
            raise ValueError(f"gamma={gamma!r} is not possible: γ is 1 / squared width. Choose a number > 0.")
        self._n_clusters = int(clusters.max()) + 1
        if clusters.min() < 0 or not np.bincount(clusters).all():
            raise ValueError(f"Each cluster from 0 to {self._n_clusters - 1} needs at least one point.")
        for array in (u, clusters):
            array.flags.writeable = False
        self._points, self._members = u, clusters
        self._gamma, self._noise, self._threshold = float(gamma), noise, float(threshold)
        self._stands_in = stands_in
        self._real = np.array([k for k in range(self._n_clusters) if k != noise], dtype=np.intp)
        order = np.argsort(clusters, kind="stable")
        self._sorted = order[clusters[order] != noise]
        sizes = np.bincount(clusters)[self._real]
        self._groups = Groups(u[self._sorted], np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp))
        self._known = KnownRows(u) if stands_in else None
        self._twins = None if self._known is None else self._list_twins(self._known)
        self._searcher = _searcher(self._groups, self._gamma)

    @classmethod
    def of_labels(
        cls,
        points: Floats,
        members: Ints,
        *,
        gamma: float | None = None,
        noise: int | None = None,
    ) -> Self:
        """The network that stands in for a clustering of which only labels are known.

        Parameters
        ----------
        points : array of shape (n_points, n_features)
            The clustered rows.
        members : int array of shape (n_points,)
            Their clusters, from 0 without a gap.
        gamma : float, optional
            γ; by default `likely_bandwidth`'s.
        noise : int, optional
            The cluster that is noise. Its threshold τ is the one that has most rows on their side.
        """
        u = np.asarray(points, dtype=np.float64)
        if gamma is None:
            real = members != noise
            gamma = likely_bandwidth(u[real], members[real])
        network = cls(u, members, gamma=gamma, noise=noise, stands_in=True)
        if noise is not None:
            network._threshold = network._likely_threshold()
        return network

    def __repr__(self) -> str:
        return (
            f"SupportNetwork({len(self._points)} points × {self.n_features} features in "
            f"{self.n_clusters} clusters, γ = {self._gamma:.4g})"
        )

    @property
    def n_clusters(self) -> int:
        """K, the number of clusters, noise among them."""
        return self._n_clusters

    @property
    def n_features(self) -> int:
        """D, the number of input features."""
        return int(self._points.shape[1])

    @property
    def points(self) -> NDArray[np.float64]:
        """The points u_j, shape (n_points, n_features), read-only."""
        return self._points

    @property
    def searcher(self) -> Searcher:
        """What finds the points around rows."""
        return self._searcher

    @property
    def gamma(self) -> float:
        """γ, in 1 / squared unit of the data."""
        return self._gamma

    @property
    def threshold(self) -> float:
        """τ, in squared units of the data; inf without noise."""
        return self._threshold

    @property
    def bystanders(self) -> tuple[int, ...]:
        """Noise, if there is any."""
        return () if self._noise is None else (self._noise,)

    @property
    def cost(self) -> int:
        """All points' features."""
        return int(self._points.size)

    @property
    def prototypes(self) -> NDArray[np.float64]:
        """The medoids: of each cluster the point with the smallest sum of squared distances to the others.

        It is the one nearest to the mean. NaN for noise.
        """
        result = np.full((self.n_clusters, self.n_features), np.nan)
        starts = self._groups.starts
        for k, a, b in zip(self._real, starts[:-1], starts[1:], strict=True):
            moved = self._groups.points[a:b] - self._groups.points[a]
            moved -= moved.mean(axis=0)
            result[k] = self._groups.points[a + np.einsum("nd,nd->n", moved, moved).argmin()]
        return result

    def known_labels(self, X: Floats, doubt: Doubles | None = None) -> Ints | None:
        """See `Network.known_labels`. Of points with the same values, the first one's."""
        if self._known is None:
            return None
        points = self._known.find(X, doubt)
        return np.where(points >= 0, self._members[points], -1)

    def prepare(self, X: Floats, doubt: Doubles | None = None) -> "SupportLayer":
        """See `Network.prepare`: the neighborhoods of the rows."""
        return self.look(X, doubt, self._searcher)

    def look(self, X: Floats, doubt: Doubles | None, searcher: Searcher) -> "SupportLayer":
        """As `prepare`, with a searcher of one's own for the same points."""
        near = searcher.around(X, self._left_out(X, doubt))
        return SupportLayer(near, self._real, self._noise, self._threshold)

    def evidence(
        self,
        X: Floats,
        clusters: Ints | None = None,
        *,
        beta: float = 0.0,
        doubt: Doubles | None = None,
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Layer.evidence`."""
        return self.look(X, doubt, self._searcher).evidence(X, clusters, beta=beta)

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Layer.redistribute`."""
        return self.prepare(X).redistribute(X, clusters, coefficients)

    def _left_out(self, X: Floats, doubt: Doubles | None = None) -> LeftOut:
        """Of each cluster with other points, one that has the row's values."""
        if self._known is None or self._twins is None:
            return LeftOut(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))
        twins = self._known.find(X, doubt)
        at_home = np.flatnonzero(twins >= 0)
        # The twins of a row, one of each cluster: a run in the list of them all.
        start = np.searchsorted(self._twins[0], twins[at_home], side="left")
        count = np.searchsorted(self._twins[0], twins[at_home], side="right") - start
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return LeftOut(np.repeat(at_home, count), self._twins[1][np.repeat(start, count) + within])

    def _list_twins(self, known: KnownRows) -> tuple[Ints, Ints]:
        """Of each cluster with other points, one point of each value: (the value's first point, place).

        Places are positions among the sorted points. Sorted by the first.
        """
        several = np.flatnonzero(self._groups.sizes[self._groups.group_of] > 1)
        first, groups = known.first[self._sorted[several]], self._groups.group_of[several]
        _, kept = np.unique(first * len(self._real) + groups, return_index=True)
        return first[kept], several[kept]

    def _likely_threshold(self) -> float:
        """τ for which most rows are on their side of it: noise above, the others not."""
        noise = self._members == self._noise
        sides = []
        for rows in (np.flatnonzero(noise), np.flatnonzero(~noise)):
            some = self._points[rows[:: -(-len(rows) // _NOISE_ROWS)]]
            near = self._searcher.around(some, self._left_out(some))
            sides.append(np.sort((near.distances + near.offsets[:, None]).min(axis=1)))
        outside, inside = sides
        cuts = np.unique(np.concatenate([[0.0], outside, inside]))
        above = noise.sum() * (1 - np.searchsorted(outside, cuts, side="right") / len(outside))
        below = (~noise).sum() * np.searchsorted(inside, cuts, side="right") / len(inside)
        best = int(np.argmax(above + below))
        following = cuts[best + 1] if best + 1 < len(cuts) else cuts[best]
        return float((cuts[best] + following) / 2)

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the points, their clusters, and the four numbers."""
        return {
            "points": self._points,
            "members": self._members,
            "gamma": np.array(self._gamma),
            "noise": np.array(-1 if self._noise is None else self._noise),
            "threshold": np.array(self._threshold),
            "stands_in": np.array(self._stands_in),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from `to_state`'s arrays."""
        noise = int(state["noise"])
        return cls(
            state["points"],
            state["members"],
            gamma=float(state["gamma"]),
            noise=None if noise < 0 else noise,
            threshold=float(state["threshold"]),
            stands_in=bool(state["stands_in"]),
        )


class SupportLayer(Layer):
    """Layer 1 for one tile of rows, whose neighborhoods are known.

    Parameters
    ----------
    near : Neighborhood
        The rows' neighborhoods; a group for each cluster but noise.
    real : int array of shape (n_groups,)
        The groups' clusters.
    noise : int, optional
        The cluster that is noise.
    threshold : float
        Its dissimilarity.
    """

    def __init__(self, near: Neighborhood, real: Ints, noise: int | None, threshold: float) -> None:
        self.near, self.real = near, real
        self._noise = noise
        self._distances = np.empty((len(near.offsets), len(real) + (noise is not None)))
        self._distances[:, real] = near.distances
        if noise is not None:
            self._distances[:, noise] = threshold - near.offsets

    def evidence(
        self,
        X: Floats,
        clusters: Ints | None = None,
        *,
        beta: float = 0.0,
    ) -> tuple[Ints, NDArray[np.float64]]:
        """See `Layer.evidence`."""
        everyone = np.arange(len(X))
        if clusters is None:
            clusters = self.real[self._distances[:, self.real].argmin(axis=1)]
            if self._noise is not None:
                outside = self._distances[everyone, clusters] > self._distances[:, self._noise]
                clusters[outside] = self._noise
        else:
            clusters = clusters.copy()
        h = self._distances - self._distances[everyone, clusters][:, None]
        h[everyone, clusters] = np.inf
        return clusters, h

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """See `Layer.redistribute`."""
        weights = self.weights(clusters, coefficients)
        relevance = self.near.mean_squares(X, weights[:, self.real])
        return relevance, self.absorbed(weights, relevance)

    def weights(self, clusters: Ints, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much of each cluster's dissimilarity is sent back: a_k, and −Σ_k a_k for the row's own."""
        weights = coefficients.copy()
        weights[np.arange(len(clusters)), clusters] = -coefficients.sum(axis=1)
        return weights

    def absorbed(self, weights: NDArray[np.float64], relevance: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the relevance lacks to the evidence, shape (n_rows,)."""
        # Σ_k a_k h_k in terms of distances: their offsets cancel, as the weights sum to 0.
        evidence = np.einsum("nk,nk->n", weights, self._distances)
        return np.asarray(evidence - relevance.sum(axis=1))


def _searcher(groups: Groups, gamma: float) -> Searcher:
    """All points, or the nearest ones where few matter."""
    if gamma == np.inf:
        return NearestSearcher(groups, gamma)
    if len(groups.points) < _MANY_POINTS or groups.points.shape[1] > _TREE_FEATURES:
        return DenseSearcher(groups, gamma)
    few = _few_matter(groups, gamma)
    return NearestSearcher(groups, gamma) if few else DenseSearcher(groups, gamma)


def _few_matter(groups: Groups, gamma: float) -> bool:
    """Whether for 95 % of some points a few neighbors in every group have all the weight but `NEGLECTED`."""
    probes = groups.points[:: -(-len(groups.points) // _PROBES)]
    enough = np.ones(len(probes), dtype=bool)
    for a, b in zip(groups.starts[:-1], groups.starts[1:], strict=True):
        step = -(-(b - a) // _PROBED)
        squares = cdist(probes, groups.points[a:b:step], "sqeuclidean")
        reach = squares.min(axis=1) + np.log((b - a) / NEGLECTED) / gamma
        matter = step * np.count_nonzero(squares <= reach[:, None], axis=1)
        enough &= matter <= max(_FEW_NEIGHBORS, (b - a) // 50)
    return bool(enough.mean() >= 0.95)
