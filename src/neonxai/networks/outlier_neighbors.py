"""Outliers are far from their nearest neighbors: k-nearest-neighbor scores and the local outlier factor."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.moments import Behind
from neonxai.neighborhoods.recognition import KnownRows
from neonxai.neighborhoods.search import METHODS, Method, NeighborSearch
from neonxai.networks.base import Layer, family
from neonxai.networks.outlier import Assigned, OutlierNetwork, Scores
from neonxai.networks.recognizing import RecognizingNetwork

_VALUES = 1 << 18  # float64 values of one temporary: 2 MiB
_LOF_GUARD = 1e-10  # scikit-learn's, against a density of 1 / 0


class NeighborOutlierNetwork(OutlierNetwork, RecognizingNetwork):
    """A score that is linear in the distances of the k nearest support points.

    A row that has the values of a support point, but for rounding, is that point, and is not its own
    neighbor: one support point at that place is left out. So the score of a training row is what the model
    said when it was fitted.

    Parameters
    ----------
    support : array of shape (n_points, n_features)
        The training rows u_j.
    n_neighbors : int
        k, less than n_points.
    threshold : float
        τ, in the unit of the score.
    tied : {"inlier", "outlier"}
        What the model calls a row whose score is τ.
    method : {"kd_tree", "ball_tree", "brute"}
        How neighbors are searched, which makes a difference only for ties: see `NeighborSearch`.
    leaf_size : int
        Of the trees.

    Raises
    ------
    ValueError
        If the support points are not a finite matrix, there are not more than k, or a choice is not known.
    """

    def __init__(
        self,
        support: ArrayLike,
        n_neighbors: int,
        *,
        threshold: float,
        tied: Assigned,
        method: Method,
        leaf_size: int,
    ) -> None:
        super().__init__(support, threshold=threshold, tied=tied)
        if not 1 <= n_neighbors < len(self.support):
            raise ValueError(
                f"n_neighbors={n_neighbors} must be at least 1 and less than the number of support points, "
                f"{len(self.support)}, since a training row is not its own neighbor. Choose a smaller one."
            )
        if method not in METHODS:
            raise ValueError(f"method={method!r} is not known; choose one of {', '.join(METHODS)}.")
        if leaf_size < 1:
            raise ValueError(f"leaf_size={leaf_size} must be at least 1.")
        self.n_neighbors = int(n_neighbors)
        self._search = NeighborSearch(self.support, method, int(leaf_size))

    @cached_property
    def _known_rows(self) -> KnownRows:
        return KnownRows(self.support)

    @abstractmethod
    def _contributions(self, points: Ints, distances: Doubles) -> tuple[Doubles, Doubles]:
        """s_j of the k neighbors of each row, shape (n_rows, k), and the constant part of the score."""

    def known_labels(self, X: Floats, doubt: Doubles | None = None) -> None:
        """None: the network is the model."""

    def evidence(
        self,
        X: Floats,
        clusters: Ints | None = None,
        *,
        beta: float = 0.0,
        doubt: Doubles | None = None,
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Network.evidence`."""
        return self.decide(self.scores(X, doubt), clusters)

    def prepare(self, X: Floats, doubt: Doubles | None = None) -> Layer:
        """See `Network.prepare`."""
        return self.layer(self.explain_scores(X, doubt=doubt))

    def scores(self, X: Floats, doubt: Doubles | None = None) -> Doubles:
        """See `OutlierNetwork.scores`."""
        values = np.empty(len(X))
        for rows, points, differences in self._neighborhoods(X, doubt):
            contributions, constant = self._contributions(points, _norms(differences))
            values[rows] = contributions.sum(axis=1) + constant
        return values

    def explain_scores(self, X: Floats, behind: Behind | None = None, doubt: Doubles | None = None) -> Scores:
        """See `OutlierNetwork.explain_scores`; ``doubt`` as in `RecognizingNetwork`."""
        values, absorbed = np.empty(len(X)), np.empty(len(X))
        n_columns = self.n_features if behind is None else behind.rest.shape[1]
        relevance = np.empty((len(X), n_columns))
        for rows, points, differences in self._neighborhoods(X, doubt, n_columns):
            distances = _norms(differences)
            contributions, constant = self._contributions(points, distances)
            values[rows] = contributions.sum(axis=1) + constant
            apart = distances > 0.0
            absorbed[rows] = np.where(apart, 0.0, contributions).sum(axis=1) + constant
            lengths = np.where(apart, distances, 1.0)
            differences /= lengths[:, :, None]
            directed = np.where(apart, contributions, 0.0)
            if behind is None:
                differences *= differences
                relevance[rows] = np.einsum("nk,nkd->nd", directed, differences)
            else:
                products = behind.products(differences.reshape(-1, self.n_features))
                relevance[rows] = np.einsum("nk,nkd->nd", directed, products.reshape(*directed.shape, -1))
                mean = np.einsum("nk,nkd->nd", directed / lengths, differences)
                relevance[rows] += behind.of(rows).along(mean)
        return Scores(values, relevance, absorbed)

    def _neighborhoods(
        self, X: Floats, doubt: Doubles | None, n_columns: int = 1
    ) -> Iterator[tuple[slice, Ints, Doubles]]:
        """The k neighbors of some rows at a time, and x − u_j, shape (n_rows, k, n_features)."""
        k = self.n_neighbors
        x = np.ascontiguousarray(X, dtype=np.float64)
        known = self._known_rows.find(X, doubt) >= 0
        points = np.empty((len(x), k), dtype=np.intp)
        # Which of tied neighbors a tree finds depends on how many are asked for.
        points[~known] = self._search.nearest(x[~known], k)
        points[known] = self._search.nearest(x[known], k + 1)[:, 1:]
        step = max(1, _VALUES // (k * max(self.n_features, n_columns)))
        for start in range(0, len(X), step):
            rows = slice(start, min(start + step, len(X)))
            yield rows, points[rows], x[rows, None, :] - self.support[points[rows]]

    def _search_state(self) -> dict[str, NDArray[np.generic]]:
        return {
            **self._decision_state(),
            "n_neighbors": np.array(self.n_neighbors),
            "method": np.array(self._search.method),
            "leaf_size": np.array(self._search.leaf_size),
        }


@family("outlier distance")
class DistanceOutlierNetwork(NeighborOutlierNetwork):
    r"""A weighted mean of the distances of the k nearest support points: their mean, median or maximum.

    .. math:: o(x) = \sum_{j=1}^k w_j \|x - u_{(j)}\|, \quad s_j(x) = w_j \|x - u_{(j)}\|

    with u_(1), u_(2), ... in the order of their distance. o has the unit of the data.

    Parameters
    ----------
    support : array of shape (n_points, n_features)
        The training rows u_j.
    weights : array of shape (k,)
        w_j ≥ 0, of the nearest first: 1/k each for the mean; 0, ..., 0, 1 for the largest.
    threshold, tied, method, leaf_size
        As for `NeighborOutlierNetwork`.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or as for `NeighborOutlierNetwork`.

    Examples
    --------
    >>> import numpy as np
    >>> network = DistanceOutlierNetwork([[0.0, 0.0], [9.0, 9.0], [0.0, 0.0]], [0.0, 1.0])
    >>> network.scores(np.array([[3.0, 4.0], [9.0, 9.0]])).round(3)  # the second is a support point
    array([ 5.   , 12.728])
    >>> network.explain_scores(np.array([[3.0, 4.0]])).relevance  # 5 · 3²/5² and 5 · 4²/5²
    array([[1.8, 3.2]])
    """

    def __init__(
        self,
        support: ArrayLike,
        weights: ArrayLike,
        *,
        threshold: float = 0.0,
        tied: Assigned = "outlier",
        method: Method = "kd_tree",
        leaf_size: int = 30,
    ) -> None:
        shares = np.array(weights, dtype=np.float64)
        if shares.ndim != 1 or not (np.all(shares >= 0) and np.isfinite(shares).all()):
            raise ValueError(f"weights must be a list of finite numbers ≥ 0; got {weights!r:.200}.")
        super().__init__(
            support, len(shares), threshold=threshold, tied=tied, method=method, leaf_size=leaf_size
        )
        shares.flags.writeable = False
        self.weights = shares

    def _contributions(self, points: Ints, distances: Doubles) -> tuple[Doubles, Doubles]:
        return self.weights * distances, np.zeros(len(distances))

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return support points, weights, threshold and how to search."""
        return {**self._search_state(), "weights": self.weights}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its arrays."""
        return cls(
            state["support"],
            state["weights"],
            threshold=float(state["threshold"]),
            tied=state["tied"].item(),
            method=state["method"].item(),
            leaf_size=int(state["leaf_size"]),
        )


@family("local outlier factor")
class LocalOutlierNetwork(NeighborOutlierNetwork):
    r"""The local outlier factor: how much sparser it is around x than around its neighbors.

    .. math:: o(x) = \left(\frac1k \sum_j \rho_j\right)
              \left(\frac1k \sum_j \max(\kappa_j, \|x - u_j\|) + 10^{-10}\right), \quad
              s_j(x) = \frac{\bar\rho}{k} \max(\kappa_j, \|x - u_j\|)

    with ρ_j the local reachability density of the neighbor u_j, and κ_j the distance to its own k-th
    neighbor. o has no unit, and is about 1 inside of a cluster. The 10⁻¹⁰, scikit-learn's guard against
    duplicates, is absorbed.

    Parameters
    ----------
    support : array of shape (n_points, n_features)
        The training rows u_j.
    reach : array of shape (n_points,)
        κ_j.
    density : array of shape (n_points,)
        ρ_j.
    n_neighbors : int
        k.
    threshold, tied, method, leaf_size
        As for `NeighborOutlierNetwork`.

    Raises
    ------
    ValueError
        If reach or density are not finite numbers ≥ 0, one per point, or as for `NeighborOutlierNetwork`.

    Examples
    --------
    >>> import numpy as np
    >>> network = LocalOutlierNetwork(
    ...     [[0.0, 0.0], [0.0, 1.0], [0.0, 9.0]], [1.0, 1.0, 8.0], [1.0, 1.0, 0.125], 1, threshold=1.5
    ... )
    >>> scores = network.explain_scores(np.array([[3.0, -4.0]]))  # 1 · max(1, 5)
    >>> scores.values.round(6), scores.relevance
    (array([5.]), array([[1.8, 3.2]]))
    """

    def __init__(
        self,
        support: ArrayLike,
        reach: ArrayLike,
        density: ArrayLike,
        n_neighbors: int,
        *,
        threshold: float = 0.0,
        tied: Assigned = "inlier",
        method: Method = "kd_tree",
        leaf_size: int = 30,
    ) -> None:
        super().__init__(
            support, n_neighbors, threshold=threshold, tied=tied, method=method, leaf_size=leaf_size
        )
        self.reach = self._per_point(reach, "reach")
        self.density = self._per_point(density, "density")

    def _per_point(self, values: ArrayLike, name: str) -> Doubles:
        array = np.array(values, dtype=np.float64)
        if array.shape != (len(self.support),) or not (np.all(array >= 0) and np.isfinite(array).all()):
            raise ValueError(
                f"{name} must be finite numbers ≥ 0, one for each of the {len(self.support)} support points; "
                f"got shape {array.shape}."
            )
        array.flags.writeable = False
        return array

    def _contributions(self, points: Ints, distances: Doubles) -> tuple[Doubles, Doubles]:
        density = self.density[points].mean(axis=1)
        reached = np.maximum(self.reach[points], distances)
        return reached * (density / self.n_neighbors)[:, None], density * _LOF_GUARD

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return support points with reach and density, threshold and how to search."""
        return {**self._search_state(), "reach": self.reach, "density": self.density}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its arrays."""
        return cls(
            state["support"],
            state["reach"],
            state["density"],
            int(state["n_neighbors"]),
            threshold=float(state["threshold"]),
            tied=state["tied"].item(),
            method=state["method"].item(),
            leaf_size=int(state["leaf_size"]),
        )


def _norms(differences: Doubles) -> Doubles:
    return np.asarray(np.sqrt(np.einsum("nkd,nkd->nk", differences, differences)), dtype=np.float64)
