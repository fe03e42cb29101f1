"""The fuzzy family: memberships by a power of the distance to each center."""

from collections.abc import Mapping
from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.base import Network, family
from neonxai.networks.centroid import CentroidNetwork
from neonxai.networks.differences import CenterDifferences
from neonxai.networks.doubled import two_difference

# The smallest squared distance, as a share of the largest of a center from their median: a row at a center
# has so much evidence that its membership is 1, and everything stays finite.
_SMALLEST = 1e-280
# log(d_k / d_c) has an absolute error of some eps. Below this it is computed from the difference d_k − d_c.
_CLOSE = 1e-2
# ‖v‖² / ‖e‖² below which v = x − m has lost digits that matter.
_NEAR_THE_ROOT = 1e-6
# ‖p‖ / ‖e‖ that is nothing but rounding: x lies on the line through the two centers.
_ON_THE_LINE = 64 * float(np.finfo(np.float64).eps)
# Squared distances below this have no digits left to divide by.
_NO_SQUARE = 1e-290
# A row is computed again, pair by pair, when the bound on its rounding error exceeds this share of Σ|R_i|.
_TOLERANCE = 2e-13


@family("fuzzy")
class FuzzyNetwork(Network):
    r"""Fuzzy c-means: d_k(x) = log ‖x − μ_k‖², pooled softly with β = 1/(m − 1).

    The membership of fuzzy c-means [Bezdek1981]_ is a softmax of these,

    .. math:: u_c = \frac{\|x-\mu_c\|^{-2/(m-1)}}{\sum_k \|x-\mu_k\|^{-2/(m-1)}},
        \qquad \beta f_c^\beta = \log \frac{u_c}{1 - u_c},

    and the row's cluster is the nearest center's. The evidence h_k(x) = log(‖x − μ_k‖² / ‖x − μ_c‖²) vanishes
    at m_k = (μ_c + μ_k)/2, so nothing is absorbed, and it has no unit: data in another scale has the same
    relevance. The gradient's average on the way from m_k to x has a closed form. With v = x − m_k,
    e = (μ_k − μ_c)/2, the unit vector n of v, and the unit vector p of what e has perpendicular to v,

    .. math:: Z_{ik} = n_i^2\, h_k - 2\,\omega_k\, n_i p_i,
        \qquad \omega_k = \operatorname{atan2}(2\,\|v\|\,|e \cdot p|,\; \|e\|^2 - \|v\|^2),

    where π − ω_k is the angle under which x sees the two centers. ``docs/fuzzy.md`` derives it.

    Parameters
    ----------
    centers : array of shape (n_clusters, n_features)
        The centers μ_k.
    fuzzifier : float
        m > 1: near 1 the memberships are almost hard, and the larger it is, the more alike they are.

    Raises
    ------
    ValueError
        If the centers are not a finite matrix, or m is not a finite number above 1.

    Notes
    -----
    At a center the distance is 0 and the membership 1. Squared distances are taken to be at least 1e-280 of
    the largest squared distance of a center from the median of the centers, so the evidence there is about
    640 instead of infinite.

    On the line through the two centers, beyond one of them, ω_k is π while p has no direction. Its two sides
    cancel, so the second term is left out there; next to that line it is as large as 2π |n_i p_i|.

    Examples
    --------
    >>> import numpy as np
    >>> network = FuzzyNetwork([[0.0, 0.0], [4.0, 0.0]], fuzzifier=2.0)
    >>> x = np.array([[1.0, 0.0], [2.0, 1.0]])
    >>> clusters, evidence = network.evidence(x)
    >>> evidence[:, 1].round(4)  # log(3²/1²), and a tie
    array([2.1972, 0.    ])
    >>> network.redistribute(x, clusters, np.array([[0.0, 1.0], [0.0, 1.0]]))[0].round(4)
    array([[2.1972, 0.    ],
           [0.    , 0.    ]])
    """

    def __init__(self, centers: ArrayLike, fuzzifier: float = 2.0) -> None:
        self._nearest = CentroidNetwork(centers)
        self._fuzzifier = check_fuzzifier(fuzzifier)
        self._distances = CenterDifferences(self._nearest.centers)
        extent = float(self._distances.squares.max())
        self._floor = max(_SMALLEST * extent, float(np.finfo(np.float64).tiny))
        # ‖e‖² of each two clusters, exactly 0 for duplicates.
        gaps = (center - self.centers for center in self.centers)
        self._quarters = np.array([0.25 * _dots(gap, gap) for gap in gaps])

    def __repr__(self) -> str:
        return f"FuzzyNetwork({self.n_clusters} centers × {self.n_features} features, m={self.fuzzifier:g})"

    @property
    def centers(self) -> Doubles:
        """The centers μ_k, shape (n_clusters, n_features), read-only."""
        return self._nearest.centers

    @property
    def fuzzifier(self) -> float:
        """The exponent m."""
        return self._fuzzifier

    @property
    def default_pooling(self) -> str:
        """Soft pooling gives the log-odds of the membership."""
        return "soft"

    @property
    def default_beta(self) -> float:
        """β = 1 / (m − 1)."""
        return 1.0 / (self._fuzzifier - 1.0)

    @property
    def prototypes(self) -> Doubles:
        """The centers."""
        return self.centers

    @property
    def n_clusters(self) -> int:
        """K, the number of clusters."""
        return self._nearest.n_clusters

    @property
    def n_features(self) -> int:
        """D, the number of input features."""
        return self._nearest.n_features

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Network.evidence`. It has no unit."""
        search = clusters is None
        clusters = self._nearest.evidence(X)[0] if clusters is None else clusters.copy()
        h = self._log_ratios(X, clusters, self._squares(X))
        if search:
            np.maximum(h, 0.0, out=h)
        h[np.arange(len(clusters)), clusters] = np.inf
        return clusters, h

    def _squares(self, X: Floats) -> Doubles:
        """Return squared distances to the centers, shape (n_rows, n_clusters), each with all its digits."""
        d: Doubles = cdist(np.asarray(X, dtype=np.float64), self.centers, "sqeuclidean")
        return np.maximum(d, self._floor, out=d)

    def _log_ratios(self, X: Floats, clusters: Ints, squares: Doubles) -> Doubles:
        """Return log(d_k / d_c), shape (n_rows, n_clusters); 0 for the row's own cluster."""
        own = squares[np.arange(len(clusters)), clusters]
        h: Doubles = squares / own[:, None]
        np.log(h, out=h)
        close = np.abs(h) < _CLOSE
        close[np.arange(len(clusters)), clusters] = False
        rows, rivals = np.nonzero(close)
        differences = self._distances.differences(X, rows, clusters[rows], rivals)
        h[rows, rivals] = np.log1p(differences / own[rows])
        return h

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`. Nothing is absorbed."""
        x = np.asarray(X, dtype=np.float64)
        squares = self._squares(x)
        sums = self._log_ratios(x, clusters, squares)
        sums *= coefficients
        relevance, errors = self._by_products(x, clusters, coefficients, sums, squares)
        lossy = np.flatnonzero(~(errors <= _TOLERANCE * np.abs(relevance).sum(axis=1)))
        if len(lossy):
            relevance[lossy] = self._by_pairs(x[lossy], clusters[lossy], coefficients[lossy], sums[lossy])
        return relevance, np.zeros(len(clusters))

    def _by_products(
        self, x: Doubles, clusters: Ints, coefficients: Doubles, sums: Doubles, squares: Doubles
    ) -> tuple[Doubles, Doubles]:
        """Return Σ_k a_k Z_k and a bound on its error per row, from the distances and two matrix products.

        ‖v‖² = (d_c + d_k)/2 − ‖e‖² and e·v = (d_c − d_k)/4 need no features. With u = x − μ_c = v + e,
        Σ_k (g_k v² + s_k v e) is a polynomial in u whose coefficients are sums over k.
        """
        own = squares[np.arange(len(clusters)), clusters][:, None]
        ee = self._quarters[clusters]
        ev, vv = 0.25 * (own - squares), 0.5 * (own + squares) - ee
        used = (coefficients != 0.0) & (ee > 0.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            pp = ee - ev * ev / vv
            lengths = np.sqrt(vv * pp)
            angles = np.arctan2(2.0 * lengths, ee - vv)
            s = np.where(used, -2.0 * coefficients * angles / lengths, 0.0)
            g = np.where(used, (sums - s * ev) / vv, 0.0)
            # Errors of vv are about eps (vv + ee), and those of ev² / vv in pp follow.
            way = (vv + ee) / vv
            turn = way * (2.0 + (2.0 * np.sqrt(ee * vv) + ee) / pp)
            errors = np.abs(sums) * way + 2.0 * np.abs(coefficients) * angles * turn
        errors = np.where(used, errors, 0.0).sum(axis=1)
        errors *= np.finfo(np.float64).eps * (4 + np.sqrt(self.n_features))
        relevance = np.empty(x.shape)
        for c in np.unique(clusters):
            rows = np.flatnonzero(clusters == c)
            e = 0.5 * (self.centers - self.centers[c])
            u = x[rows] - self.centers[c]
            with np.errstate(invalid="ignore", over="ignore"):
                total = g[rows].sum(axis=1)[:, None] * u
                total += (s[rows] - 2.0 * g[rows]) @ e
                total *= u
                total += (g[rows] - s[rows]) @ (e * e)
            relevance[rows] = total
        return relevance, errors

    def _by_pairs(self, x: Doubles, clusters: Ints, coefficients: Doubles, sums: Doubles) -> Doubles:
        """Return Σ_k a_k Z_k, feature by feature from the differences."""
        relevance = np.zeros(x.shape)
        for rival in range(self.n_clusters):
            rows = np.flatnonzero(coefficients[:, rival])
            if len(rows):
                relevance[rows] += _pair_relevance(
                    x[rows],
                    self.centers[clusters[rows]],
                    self.centers[rival],
                    coefficients[rows, rival],
                    sums[rows, rival],
                )
        return relevance

    def mean_gradients(self, X: Floats, clusters: Ints, rival: int) -> tuple[Doubles, Doubles]:
        """Mean gradients of h_k on the straight way from the root to x, and these ways x − m_k.

        Parameters
        ----------
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
        x = np.asarray(X, dtype=np.float64)
        evidence = self._log_ratios(x, clusters, self._squares(x))[:, rival]
        own = self.centers[clusters]
        return _pair_gradients(x, own, self.centers[rival], np.ones(len(x)), evidence)

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the centers and m."""
        return {"centers": self.centers, "fuzzifier": np.array(self._fuzzifier)}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its centers and m."""
        return cls(state["centers"], float(state["fuzzifier"].item()))


def check_fuzzifier(fuzzifier: object) -> float:
    """Return m as a float.

    Raises
    ------
    ValueError
        If it is not a finite number above 1.
    """
    if not isinstance(fuzzifier, Real) or isinstance(fuzzifier, bool) or not 1.0 < float(fuzzifier) < np.inf:
        raise ValueError(
            f"m={fuzzifier!r:.30} is not possible: memberships are powers −2/(m − 1) of distances. Choose a "
            "finite number above 1, the m that the clustering was made with (2 is usual)."
        )
    return float(fuzzifier)


def _pair_relevance(x: Doubles, own: Doubles, rival: Doubles, weights: Doubles, sums: Doubles) -> Doubles:
    """Z of each row's own center against one rival, times the weights, shape (n_rows, n_features)."""
    gradients, ways = _pair_gradients(x, own, rival, weights, sums)
    gradients *= ways
    return gradients


def _pair_gradients(
    x: Doubles, own: Doubles, rival: Doubles, weights: Doubles, sums: Doubles
) -> tuple[Doubles, Doubles]:
    """The mean gradient on the way from the root, times the weights, and that way v = x − m.

    Written with v and p of any length, the gradient is q v + s p, with q and s from sums over features.
    """
    e = 0.5 * (rival - own)
    v = x - own
    v -= e
    ee, vv = _dots(e, e), _dots(v, v)
    near = np.flatnonzero(vv < _NEAR_THE_ROOT * ee)
    if len(near):
        v[near] = _from_midpoint(x[near], own[near], rival)
        vv[near] = _dots(v[near], v[near])
    # At the root itself h is 0, and so is Z.
    inverse = np.divide(1.0, vv, out=np.zeros_like(vv), where=vv > _NO_SQUARE)
    p = e - (_dots(e, v) * inverse)[:, None] * v
    # What rounding has left of v in p: put back below, or features would gain what no evidence has.
    left = _dots(p, v)
    pp = np.maximum(_dots(p, p) - left * left * inverse, 0.0)
    lengths = np.sqrt(vv) * np.sqrt(pp)
    angles = np.arctan2(2.0 * lengths, ee - vv)
    off_the_line = (pp > _ON_THE_LINE**2 * ee) & (lengths > 0.0)
    s = np.divide(-2.0 * weights * angles, lengths, out=np.zeros_like(vv), where=off_the_line)
    q = (sums - s * left) * inverse
    p *= s[:, None]
    p += q[:, None] * v
    return p, v


def _from_midpoint(x: Doubles, own: Doubles, rival: Doubles) -> Doubles:
    """Return x − (own + rival)/2, rounded once."""
    to_own, own_low = two_difference(x, own)
    apart, apart_low = two_difference(rival, own)
    v, low = two_difference(to_own, 0.5 * apart)
    v += low + (own_low - 0.5 * apart_low)
    return v


def _dots(a: Doubles, b: Doubles) -> Doubles:
    products: Doubles = np.einsum("nd,nd->n", a, b)
    return products
