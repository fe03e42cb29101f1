"""Outlier scores as networks: inlier and outlier are the two clusters, a score decides between them."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.moments import Behind
from neonxai.networks.base import Layer, Network

Assigned = Literal["inlier", "outlier"]

INLIER, OUTLIER = 0, 1

# A model's threshold is often the score of a training row, which it computes in another order than we do: a
# score so close to the threshold that only rounding tells them apart is at the threshold.
_SAME = 1e-13


@dataclass(frozen=True, eq=False)
class Scores:
    """Outlier scores of a tile of rows, and what they consist of: Σ_i relevance_i + absorbed = values.

    Attributes
    ----------
    values : float64 array of shape (n_rows,)
        o(x), not negative.
    relevance : float64 array of shape (n_rows, n_features)
        How much of it each feature accounts for; not negative, unless features were mixed.
    absorbed : float64 array of shape (n_rows,)
        How much of it belongs to no feature.
    """

    values: Doubles
    relevance: Doubles
    absorbed: Doubles


class OutlierNetwork(Network):
    r"""A score o(x) ≥ 0 and a threshold τ: inlier (position 0) below, outlier (position 1) above.

    The evidence for the outlier against the inlier is o(x) − τ, and that for the inlier τ − o(x). Every score
    is a sum of contributions of support points u_j, and each is propagated along its differences,

    .. math:: o(x) = \sum_j s_j(x), \quad
              R_i = \sum_j s_j(x) \frac{(x_i - u_{ji})^2}{\|x - u_j\|^2}, \quad \sum_i R_i = o(x)

    [Montavon2022]_, [Kauffmann2020]_. The threshold belongs to no feature, and neither does the contribution
    of a support point that coincides with x, where there is one: both are absorbed.

    Families differ in the score and in its contributions s_j alone; those of densities are not the papers'.
    The outlier is what is explained unless the inlier is asked for, for which everything changes its sign.

    Parameters
    ----------
    support : array of shape (n_points, n_features)
        The support points u_j.
    threshold : float
        τ, in the unit of the score; 0 for models that have none.
    tied : {"inlier", "outlier"}
        What the model calls a row whose score is τ.

    Raises
    ------
    ValueError
        If the support points are not a finite matrix, the threshold not finite, or ``tied`` something else.
    """

    def __init__(self, support: ArrayLike, *, threshold: float, tied: Assigned) -> None:
        points = np.array(support, dtype=np.float64, order="C", copy=True)
        if points.ndim != 2 or not points.size or not np.isfinite(points).all():
            raise ValueError(f"Support points must be a finite matrix; got shape {points.shape}.")
        if not np.isfinite(threshold):
            raise ValueError(f"The threshold must be finite, but is {threshold}: every row would be alike.")
        if tied not in ("inlier", "outlier"):
            raise ValueError(f"tied={tied!r} is not known; choose 'inlier' or 'outlier'.")
        points.flags.writeable = False
        self.support = points
        self.threshold = float(threshold)
        self.tied: Assigned = tied

    def __repr__(self) -> str:
        n_points, n_features = self.support.shape
        return f"{type(self).__name__}({n_points} support points × {n_features} features)"

    @property
    def n_clusters(self) -> int:
        """Two: inlier and outlier."""
        return 2

    @property
    def n_features(self) -> int:
        """D, the number of input features."""
        return int(self.support.shape[1])

    @property
    def default_target(self) -> int:
        """The outlier: what speaks for it in a row, whether or not it is one."""
        return OUTLIER

    @abstractmethod
    def scores(self, X: Floats) -> Doubles:
        """o(x) of each row.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows of data.

        Returns
        -------
        float64 array of shape (n_rows,)
        """

    @abstractmethod
    def explain_scores(self, X: Floats, behind: Behind | None = None) -> Scores:
        """o(x) of each row, and what it consists of.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows of data.
        behind : Behind, optional
            The affine map that the rows come from. Relevance is that of its inputs then.
        """

    def prepare(self, X: Floats) -> Layer:
        """Look up the support points around a tile once, for both operations."""
        return self.layer(self.explain_scores(X))

    def layer(self, scores: Scores) -> Layer:
        """Layer 1 for rows whose scores are known."""
        return _ScoredRows(scores, self.threshold, self.tied)

    def decide(self, scores: Doubles, clusters: Ints | None) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward, from scores; see `Network.evidence`."""
        return _decide(scores, clusters, self.threshold, self.tied)

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Network.evidence`."""
        return self.decide(self.scores(X), clusters)

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`."""
        return self.prepare(X).redistribute(X, clusters, coefficients)

    def _decision_state(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that all families store."""
        return {
            "support": self.support,
            "threshold": np.array(self.threshold),
            "tied": np.array(self.tied),
        }


@dataclass(frozen=True, eq=False)
class _ScoredRows(Layer):
    """Layer 1 for rows whose scores are known."""

    known: Scores
    threshold: float
    tied: Assigned

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        return _decide(self.known.values, clusters, self.threshold, self.tied)

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        signed = coefficients[:, INLIER] * (clusters == OUTLIER)
        signed -= coefficients[:, OUTLIER] * (clusters == INLIER)
        absorbed = signed * (self.known.absorbed - self.threshold)
        return signed[:, None] * self.known.relevance, absorbed


def _decide(
    scores: Doubles, clusters: Ints | None, threshold: float, tied: Assigned
) -> tuple[Ints, NDArray[np.float64]]:
    """Evidence from scores, for the clusters that the model assigns if none are given."""
    margins = scores - threshold
    margins[np.abs(margins) < _SAME * (scores + abs(threshold))] = 0.0
    if clusters is None:
        outlier = margins >= 0.0 if tied == "outlier" else margins > 0.0
        clusters = outlier.astype(np.intp)
    else:
        clusters = clusters.copy()
    evidence = np.full((len(scores), 2), np.inf)
    evidence[np.arange(len(scores)), 1 - clusters] = np.where(clusters == OUTLIER, margins, -margins)
    return clusters, evidence
