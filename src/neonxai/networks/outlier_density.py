"""Outliers are where the density is low: kernel density estimates and one-class support vector machines."""

from collections.abc import Mapping
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.moments import Behind
from neonxai.networks.base import family
from neonxai.networks.outlier import Assigned, OutlierNetwork, Scores

_ROWS = 512  # rows × support points of one block: 2^18 values, 2 MiB
_BLOCK = 512
_PAIR_VALUES = 1 << 18
# Squared differences by products, x² − 2xu + u², lose this factor in digits at most; pairs that are closer to
# each other, compared with their distance from the origin, are computed as differences.
_CLOSE = 256.0
_NEGLIGIBLE = 1e-20  # of the largest share of a row
# Smaller shares than exp of this are raised to it: 4e-44 changes no digit, and denormal numbers are slow.
_LOWEST = -100.0
_MOST = np.finfo(np.float64).max  # not inf: inf − inf, where all points so far coincide with a row, is NaN


@family("outlier density")
class DensityOutlierNetwork(OutlierNetwork):
    r"""How much farther than γ^(−½) the support points are, by a soft minimum of squared distances.

    .. math:: o(x) = -\frac1\gamma \log \sum_j \alpha_j \exp(-\gamma \|x - u_j\|^2), \quad
              R_i = o(x)\, \frac{\sum_j q_j (x_i - u_{ji})^2}{\sum_j q_j \|x - u_j\|^2}

    with the responsibilities q_j ∝ α_j exp(−γ‖x − u_j‖²) [Kauffmann2020]_. o has the squared unit of the
    data; it is the negative logarithm of the density, up to a factor and a constant. It is shared like the
    mean of the squared differences, so that point j contributes s_j = o q_j ‖x − u_j‖² / Σ_k q_k ‖x − u_k‖²,
    and one that coincides with x nothing. Only where all of them coincide with x is o, which is 0 there but
    for rounding, absorbed.

    [Montavon2022]_ distributes s_j = q_j o by the differences to u_j. That differs: a row of the data is
    often the point that answers for itself, q_j ≈ 1. It would absorb nearly all of the score, and in a row
    next to it rounding would direct the score. Differences that small have next to no part in a mean of
    squares, unless all other points are some 8 bandwidths or more away.

    Parameters
    ----------
    support : array of shape (n_points, n_features)
        The support points u_j.
    weights : array of shape (n_points,)
        α_j up to a common factor, not negative; points without weight are dropped.
    gamma : float
        γ in 1 / squared unit of the data, positive: 1 / (2 bandwidth²).
    threshold : float
        τ, in the unit of o.
    tied : {"inlier", "outlier"}
        What the model calls a row whose score is τ.

    Raises
    ------
    ValueError
        If anything is not finite, γ not positive, or the weights are negative, all 0 or not one per point.

    Examples
    --------
    >>> import numpy as np
    >>> network = DensityOutlierNetwork([[0.0, 0.0]], [1.0], gamma=1.0, threshold=20.0)
    >>> x = np.array([[3.0, 4.0]])
    >>> network.scores(x)  # 3² + 4²
    array([25.])
    >>> clusters, evidence = network.evidence(x)
    >>> clusters, evidence
    (array([1]), array([[ 5., inf]]))
    >>> network.redistribute(x, clusters, np.array([[1.0, 0.0]]))
    (array([[ 9., 16.]]), array([-20.]))
    """

    def __init__(
        self,
        support: ArrayLike,
        weights: ArrayLike,
        *,
        gamma: float,
        threshold: float = 0.0,
        tied: Assigned = "outlier",
    ) -> None:
        alphas = np.array(weights, dtype=np.float64)
        points = np.asarray(support, dtype=np.float64)
        total = alphas.sum()
        if alphas.shape != points.shape[:1] or not (np.all(alphas >= 0) and 0 < total < np.inf):
            raise ValueError(
                f"weights must be numbers ≥ 0, one for each of the {len(points)} support points and not all "
                f"0; got shape {alphas.shape} with the sum {total}."
            )
        if not 0 < gamma < np.inf:
            raise ValueError(f"gamma must be positive and finite, but is {gamma}.")
        if not alphas.all():
            points, alphas = points[alphas > 0], alphas[alphas > 0]
        super().__init__(points, threshold=threshold, tied=tied)
        alphas.flags.writeable = False
        self.weights = alphas
        self.gamma = float(gamma)

    @cached_property
    def log_weights(self) -> Doubles:
        """Logarithms of α_j that sum to 1, shape (n_points,)."""
        return np.asarray(np.log(self.weights) - np.log(self.weights.sum()), dtype=np.float64)

    @cached_property
    def origin(self) -> Doubles:
        """The origin of the coordinates that products are computed in, shape (n_features,)."""
        return np.asarray(np.median(self.support, axis=0), dtype=np.float64)

    def scores(self, X: Floats) -> Doubles:
        """See `OutlierNetwork.scores`."""
        values = np.empty(len(X))
        for rows in _slices(len(X), _ROWS):
            values[rows] = _Rows(self, X[rows]).look(spread=False).score()
        return values

    def explain_scores(self, X: Floats, behind: Behind | None = None) -> Scores:
        """See `OutlierNetwork.explain_scores`."""
        relevance = np.empty((len(X), self.n_features if behind is None else behind.rest.shape[1]))
        values, absorbed = np.empty(len(X)), np.empty(len(X))
        for rows in _slices(len(X), _ROWS):
            seen = _Rows(self, X[rows], None if behind is None else behind.of(rows)).look(spread=True)
            values[rows] = seen.score()
            squares, total = seen.distribution()
            directed = total > 0.0
            share = np.divide(values[rows], total, out=np.zeros(len(total)), where=directed)
            relevance[rows] = share[:, None] * squares
            absorbed[rows] = np.where(directed, 0.0, values[rows])
        return Scores(values, relevance, absorbed)

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return support points, weights, γ and threshold."""
        return {**self._decision_state(), "weights": self.weights, "gamma": np.array(self.gamma)}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its arrays."""
        return cls(
            state["support"],
            state["weights"],
            gamma=float(state["gamma"]),
            threshold=float(state["threshold"]),
            tied=state["tied"].item(),
        )


class _Rows:
    """Sums over the support points for a block of rows, relative to each row's largest term so far.

    The terms of the score are α_j exp(−γ‖x − u_j‖²) = exp(−e_j). ``smallest`` is min e, and ``total``
    Σ exp(min e − e_j). Those of its distribution are exp(−e_j) ‖x − u_j‖² = exp(−f_j), which other points
    dominate: ``least`` is min f, and ``squares`` Σ exp(min f − f_j) (x_i − u_ji)² / ‖x − u_j‖². Behind an
    affine map it has products instead of squares, ``linear`` is the same sum of x − u_j, and ``directed``
    that of ‖x − u_j‖².
    """

    def __init__(self, network: DensityOutlierNetwork, X: Floats, behind: Behind | None = None) -> None:
        self.network = network
        self.x = np.ascontiguousarray(X, dtype=np.float64)
        self.smallest = np.full(len(X), np.inf)
        self.total = np.zeros(len(X))
        self.least = np.full(len(X), _MOST)
        self.behind = behind
        self.squares: Doubles = np.zeros(self.x.shape if behind is None else behind.rest.shape)
        self.linear, self.directed = np.zeros(self.x.shape), np.zeros(len(X))

    def look(self, *, spread: bool) -> Self:
        """Add up all support points, in blocks."""
        network = self.network
        for block in _slices(len(network.support), _BLOCK):
            distances = cdist(self.x, network.support[block], "sqeuclidean")
            exponents = network.gamma * distances
            exponents -= network.log_weights[block]
            if spread:
                self._spread(network.support[block], exponents, distances)
            smallest = np.minimum(self.smallest, exponents.min(axis=1))
            kept = np.exp(smallest - self.smallest)
            np.subtract(smallest[:, None], exponents, out=exponents)
            np.maximum(exponents, _LOWEST, out=exponents)
            shares = np.exp(exponents, out=exponents)
            self.smallest = smallest
            self.total = self.total * kept + shares.sum(axis=1)
        return self

    def score(self) -> Doubles:
        """o(x); weights that sum to 1 but for rounding could make it negative."""
        return np.maximum((self.smallest - np.log(self.total)) / self.network.gamma, 0.0)

    def distribution(self) -> tuple[Doubles, Doubles]:
        """What the score is shared out like, shape (n_rows, n_columns), and its sum over the columns."""
        if self.behind is None:
            # Products leave a rounding error below 0 where a feature has no part.
            squares = np.maximum(self.squares, 0.0)
            return squares, squares.sum(axis=1)
        return self.squares + self.behind.along(self.linear), self.directed

    def _spread(self, support: Doubles, exponents: Doubles, distances: Doubles) -> None:
        """Add the points that are apart to ``squares``, each distributed over the features."""
        apart = distances > 0.0
        logarithms = np.log(distances, out=np.full(distances.shape, -np.inf), where=apart)
        shares = np.subtract(exponents, logarithms, out=logarithms)
        least = np.minimum(self.least, shares.min(axis=1))
        kept = np.exp(least - self.least)
        self.squares *= kept[:, None]
        self.linear *= kept[:, None]
        self.directed *= kept
        self.least = least
        np.subtract(least[:, None], shares, out=shares)
        np.maximum(shares, _LOWEST, out=shares)
        np.exp(shares, out=shares)
        x, u = self.x - self.network.origin, support - self.network.origin
        sizes = np.einsum("nd,nd->n", x, x)[:, None] + np.einsum("md,md->m", u, u)
        close = distances * _CLOSE < sizes
        close |= ~apart
        quotients = np.divide(shares, distances, out=np.zeros_like(shares), where=~close)
        sums = quotients @ np.hstack([u, u**2 if self.behind is None else self.behind.products(u)])
        linear, square = sums[:, : x.shape[1]], sums[:, x.shape[1] :]
        if self.behind is None:
            self.squares += x * (x * quotients.sum(axis=1)[:, None] - 2.0 * linear) + square
        else:
            products, total = self.behind.products, quotients.sum(axis=1)[:, None]
            self.squares += total * products(x) - products.mixed(x, linear) + square
            self.linear += total * x - linear
            self.directed += np.where(apart, shares, 0.0).sum(axis=1)
        close &= apart & (shares > _NEGLIGIBLE)
        rows, points = np.nonzero(close)
        n_columns = max(self.x.shape[1], self.squares.shape[1])
        for pairs in _slices(len(rows), max(1, _PAIR_VALUES // n_columns)):
            here, there = rows[pairs], points[pairs]
            terms = self.x[here] - support[there]
            lengths, weights = np.sqrt(distances[here, there])[:, None], shares[here, there][:, None]
            terms /= lengths
            if self.behind is None:
                terms *= terms
            else:
                self.linear += _sum_by_row(terms * (weights / lengths), here, len(self.x))
                terms = self.behind.products(np.asarray(terms))
            terms *= weights
            self.squares += _sum_by_row(terms, here, len(self.x))


def _sum_by_row(terms: Doubles, rows: Ints, n_rows: int) -> Doubles:
    ones = csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), (n_rows, len(rows)))
    return np.asarray(ones @ terms, dtype=np.float64)


def _slices(size: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]
