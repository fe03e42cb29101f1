"""Scores linear in x: clusters that share one metric."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.base import family
from neonxai.networks.dissimilarity import DissimilarityNetwork, finite_array, rounding
from neonxai.networks.doubled import row_sums, two_difference, two_product

# Cyclic sums beyond this share of their parts are another model, not rounding: float32 parameters of a badly
# conditioned covariance stay below it, weights that were not made by one metric miss it by far.
_SYMMETRY = 1e-3
# Among more clusters than these, symmetry is looked at for so many of them.
_PROBED = 1024
# A row's relevance is computed again when the bound on its rounding error exceeds this share of Σ_i |R_i|.
_RELEVANCE_TOLERANCE = 2e-13
_BLOCK_VALUES = 1 << 16  # float64 values in one temporary of the pairwise form: 512 KiB


@family("linear")
class LinearNetwork(DissimilarityNetwork):
    """Clusters told apart by linear scores: Gaussians that share a covariance, k-means behind an affine map.

    Layer 1 is linear, with the root m_k = (μ_c + μ_k)/2 half-way between two centers:

    h_k(x) = (W_c − W_k)·(x − m_k) + v_c − v_k,  Z_k = (W_c − W_k) ∘ (x − m_k),

    and v_c − v_k is absorbed. It is the midpoint rule [Kauffmann2024]_ in a metric G, where W_k = G μ_k:
    G = 2 for k-means, G = 2 AᵀA for k-means of A x + b, and the precision G = P for Gaussians, where v_k =
    log π_k.

    Parameters
    ----------
    weights : array of shape (n_clusters, n_features)
        W_k. A vector added to all of them changes nothing.
    centers : array of shape (n_clusters, n_features)
        μ_k.
    offsets : array of shape (n_clusters,), optional
        v_k; by default 0.
    probabilistic : bool
        Whether −h_k is a log-ratio of probabilities, so that soft pooling with β = 1 is the default.

    Raises
    ------
    ValueError
        If shapes don't fit, a number is not finite, or the pairs contradict each other.

    Notes
    -----
    The evidence of pairs must come from scores, h_k = s_c − s_k: what c has against k, and k against l, c has
    against l. For any v that is so exactly if W_c·μ_k − W_k·μ_c is a difference t_c − t_k, as it is when a
    symmetric G makes weights from centers, W_k − W_l = G (μ_k − μ_l). With two clusters it always is. Small
    deviations, as rounding leaves them, are part of h_k and absorbed; greater ones are refused.

    Scores are computed with the origin in the center amid all others, as x·W has too few digits far from 0.

    Examples
    --------
    >>> import numpy as np
    >>> network = LinearNetwork([[0.0, 0.0], [4.0, 0.0]], [[0.0, 0.0], [2.0, 0.0]], [0.5, 0.0])
    >>> x = np.array([[0.5, 7.0]])
    >>> clusters, evidence = network.evidence(x)
    >>> evidence  # (0 − 4)·(0.5 − 1) + 0.5
    array([[inf, 2.5]])
    >>> network.redistribute(x, clusters, np.array([[0.0, 1.0]]))
    (array([[2., 0.]]), array([0.5]))
    """

    def __init__(
        self,
        weights: ArrayLike,
        centers: ArrayLike,
        offsets: ArrayLike | None = None,
        *,
        probabilistic: bool = True,
    ) -> None:
        self._centers = mu = finite_array("centers", centers, (None, None))
        self._weights = w = finite_array("weights", weights, mu.shape)
        self._offsets = finite_array("offsets", np.zeros(len(mu)) if offsets is None else offsets, (len(mu),))
        self._probabilistic = bool(probabilistic)
        # The center nearest to the median of all, by a distance that has the unit of the score. Seen from an
        # actual center, W_c·μ_k − W_k·μ_c vanishes for symmetric weights: t = 0.
        spread = np.abs(w - np.median(w, axis=0)) * np.abs(mu - np.median(mu, axis=0))
        amid = int(spread.sum(axis=1).argmin())
        self._origin = mu[amid]
        self._local_weights, self._local_centers = w - w[amid], mu - mu[amid]
        products = self._local_weights * self._local_centers
        self._local_offsets = self._offsets - self._offsets[amid]
        self._scores = self._local_offsets - 0.5 * products.sum(axis=1)
        self._sizes = 0.5 * np.sqrt((products**2).sum(axis=1)) + np.abs(self._local_offsets)
        self._largest = np.abs(self._local_weights).max(axis=0)
        self._longest = np.abs(products).sum(axis=1).max()
        self._even = self._check_symmetry()

    # Tables as large as the model, made when first needed: rows in CSR need others than dense ones.
    @cached_property
    def _stack(self) -> Doubles:
        w, mu = self._local_weights, self._local_centers
        return np.hstack([w, 0.5 * mu, 0.5 * w * mu])

    @cached_property
    def _absolute(self) -> Doubles:
        return np.abs(self._stack)

    @cached_property
    def _squares(self) -> Doubles:
        return np.asarray(np.ascontiguousarray(self._local_weights.T) ** 2)

    def _check_symmetry(self) -> bool:
        """Whether all W_c·μ_k − W_k·μ_c vanish but for the rounding of these very sums."""
        step = -(-self.n_clusters // _PROBED)
        w, mu = self._local_weights[::step], self._local_centers[::step]
        even = True
        for start in range(0, len(w), 128):
            block = slice(start, start + 128)
            cycle = np.abs(w[block] @ mu.T - mu[block] @ w.T)
            size = np.abs(w[block]) @ np.abs(mu.T) + np.abs(mu[block]) @ np.abs(w.T)
            if np.any(cycle > _SYMMETRY * size):
                worst = np.divide(cycle, size, where=size > 0, out=np.zeros_like(size)).max()
                raise ValueError(
                    "Weights and centers contradict each other: W_c·μ_k − W_k·μ_c, summed around three "
                    f"clusters, should vanish, and is {worst:.2g} of its parts, so that c against k and k "
                    "against l don't give c against l. Weights must be made from the centers by one "
                    "symmetric matrix (float32 may be too coarse for it: compute them in float64)."
                )
            even &= not np.any(cycle > 4 * rounding(self.n_features) * size)
        return even

    def __repr__(self) -> str:
        return f"LinearNetwork({self.n_clusters} centers × {self.n_features} features)"

    @property
    def weights(self) -> Doubles:
        """The weights W_k of the scores, shape (n_clusters, n_features), read-only."""
        return self._weights

    @property
    def centers(self) -> Doubles:
        """The centers μ_k, shape (n_clusters, n_features), read-only."""
        return self._centers

    @property
    def offsets(self) -> Doubles:
        """The offsets v_k, shape (n_clusters,), read-only."""
        return self._offsets

    @property
    def prototypes(self) -> Doubles:
        """The centers."""
        return self._centers

    @property
    def n_clusters(self) -> int:
        """K, the number of clusters."""
        return len(self._centers)

    @property
    def n_features(self) -> int:
        """D, the number of input features."""
        return int(self._centers.shape[1])

    @property
    def default_pooling(self) -> str:
        """Soft where the evidence is a log-ratio of probabilities, otherwise min."""
        return "soft" if self._probabilistic else "min"

    @property
    def default_beta(self) -> float | None:
        """1 where the evidence is a log-ratio of probabilities."""
        return 1.0 if self._probabilistic else None

    def _localize(self, X: Floats) -> Doubles:
        local: Doubles = np.subtract(X, self._origin, dtype=np.float64)
        return local

    def _dissimilarities(self, X: Floats) -> tuple[Doubles, Doubles]:
        x = self._localize(X)
        d = x @ -self._local_weights.T
        d -= self._scores
        x *= x
        errors = np.sqrt(x @ self._largest**2)
        errors += self._sizes.max()
        errors *= rounding(self.n_features)
        return d, errors[:, None]

    def _errors(self, X: Floats, errors: Doubles) -> Doubles:
        sizes: Doubles = np.sqrt(self._localize(X) ** 2 @ self._squares)
        sizes += self._sizes
        sizes *= rounding(self.n_features)
        return sizes

    def _differences(self, X: Floats, clusters: Ints, wanted: NDArray[np.bool_]) -> Doubles:
        rows, rivals = np.nonzero(wanted)
        own = clusters[rows]
        result = np.zeros(wanted.shape)
        for block, high, low in self._pairs(X, rows, own, rivals):
            c, k = own[block], rivals[block]
            offset, error = self._pair_offsets(c, k)
            sums = row_sums(np.column_stack([high, offset]), np.column_stack([low, error]))
            result[rows[block], rivals[block]] = sums
        return result

    def _pair_offsets(self, own: Ints, rivals: Ints) -> tuple[Doubles, Doubles]:
        """h_k − Σ_i Z_ik of single pairs in twice the precision."""
        offset, error = two_difference(self._offsets[own], self._offsets[rivals])
        if not self._even:
            offset, more = two_difference(offset, -self._asymmetry(own, rivals))
            error += more
        return offset, error

    def root_evidence(self, own: Ints, rivals: Ints) -> Doubles:
        """h_k(m_k) of pairs of clusters, shape (n_pairs,): v_c − v_k, but for uneven weights.

        Parameters
        ----------
        own, rivals : int arrays of shape (n_pairs,)
            c and k.
        """
        offset, error = self._pair_offsets(own, rivals)
        return np.asarray(offset + error)

    def _asymmetry(self, own: Ints, rivals: Ints) -> Doubles:
        """What uneven weights leave of h_k at the root, ½ (W_c·μ_k − W_k·μ_c)."""
        w, mu = self._local_weights, self._local_centers
        forth, back = (np.einsum("nd,nd->n", w[a], mu[b]) for a, b in ((own, rivals), (rivals, own)))
        return np.asarray(0.5 * (forth - back))

    def _pairs(
        self, X: Floats, rows: Ints, own: Ints, rivals: Ints
    ) -> Iterator[tuple[slice, Doubles, Doubles]]:
        """Z of single pairs in twice the precision: (slice of the pairs, high, low), in blocks."""
        step = max(1, _BLOCK_VALUES // self.n_features)
        for start in range(0, len(rows), step):
            block = slice(start, start + step)
            c, k = own[block], rivals[block]
            w, mu = self._weights, self._centers
            yield block, *midpoint_terms(X[rows[block]], (w[c], w[k]), (mu[c], mu[k]))

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`. Absorbs Σ_k a_k (v_c − v_k)."""
        x = self._localize(X)
        relevance, uneven = self._combine(x, clusters, coefficients)
        weights = np.abs(coefficients)
        crude = np.abs(x) @ self._largest
        crude += self._longest
        # The sums are over rivals here, none of them negative.
        allowed = np.abs(relevance).sum(axis=1) * (_RELEVANCE_TOLERANCE / rounding(0))
        lossy = np.flatnonzero(4.0 * weights.sum(axis=1) * crude > allowed)
        if len(lossy):
            sizes = self._relevance_sizes(np.abs(x[lossy]), clusters[lossy], weights[lossy])
            lossy = lossy[sizes > allowed[lossy]]
            negligible = allowed[lossy] / (4.0 * crude[lossy] * self.n_clusters)
            relevance[lossy] = self._pairwise(X[lossy], clusters[lossy], coefficients[lossy], negligible)
        offsets = self._local_offsets[clusters][:, None] - self._local_offsets
        return relevance, np.einsum("nk,nk->n", coefficients, offsets) + uneven

    def _combine(self, x: Doubles, clusters: Ints, coefficients: Doubles) -> tuple[Doubles, Doubles | float]:
        """Σ_k a_k (W_c − W_k) ∘ (x − m_k) for local rows by matrix products, and what is uneven about it."""
        # With s_k = a_k and s_c = −Σ a_k it is ½ Σ s_k W_k∘μ_k − (Σ s_k W_k)∘(x − ½ μ_c) − ½ W_c∘Σ s_k μ_k.
        signed = coefficients.copy()
        signed[np.arange(len(clusters)), clusters] = -coefficients.sum(axis=1)
        mixed_w, mixed_mu, relevance = np.hsplit(signed @ self._stack, 3)
        half: Doubles = self._stack[clusters, self.n_features : 2 * self.n_features]
        mixed_mu *= self._local_weights[clusters]
        uneven = 0.0 if self._even else (mixed_mu - mixed_w * half).sum(axis=1)
        relevance -= mixed_mu
        np.subtract(x, half, out=half)
        half *= mixed_w
        relevance -= half
        return np.ascontiguousarray(relevance), uneven

    def _relevance_sizes(self, x: Doubles, clusters: Ints, weights: Doubles) -> Doubles:
        """What `_combine` sums up, all signs positive."""
        total = weights.sum(axis=1)[:, None]
        mixed_w, mixed_mu, mixed_products = np.hsplit(weights @ self._absolute, 3)
        w, mu, products = np.hsplit(self._absolute[clusters], 3)
        mixed_w += total * w
        sizes = mixed_w * (x + mu)
        sizes += total * products + mixed_products + w * (mixed_mu + total * mu)
        return np.asarray(sizes.sum(axis=1))

    def _pairwise(self, X: Floats, clusters: Ints, coefficients: Doubles, negligible: Doubles) -> Doubles:
        """Relevance of lossy rows: pairs that matter one by one, the rest by matrix products."""
        rest = coefficients.copy()
        rows, rivals = np.nonzero(np.abs(rest) > negligible[:, None])
        shares = rest[rows, rivals]
        rest[rows, rivals] = 0.0
        relevance, _ = self._combine(self._localize(X), clusters, rest)
        for block, high, low in self._pairs(X, rows, clusters[rows], rivals):
            weighted = (high + low) * shares[block, None]
            first = np.flatnonzero(np.diff(rows[block], prepend=-1))
            relevance[rows[block][first]] += np.add.reduceat(weighted, first, axis=0)
        return relevance

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the weights, centers, offsets and whether they are probabilistic."""
        return {
            "weights": self._weights,
            "centers": self._centers,
            "offsets": self._offsets,
            "probabilistic": np.array(self._probabilistic),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from its weights, centers and offsets."""
        return cls(
            state["weights"],
            state["centers"],
            state["offsets"],
            probabilistic=bool(state["probabilistic"]),
        )


def midpoint_terms(
    x: Floats, weights: tuple[Doubles, Doubles], centers: tuple[Doubles, Doubles]
) -> tuple[Doubles, Doubles]:
    """(W_c − W_k)(x − (μ_c + μ_k)/2), entry by entry in twice the precision, (high, low).

    Parameters
    ----------
    x : array
        Values.
    weights, centers : two arrays of that shape each
        W_c and W_k, μ_c and μ_k.
    """
    from_own, error = two_difference(x, centers[0])
    from_rival, rival_error = two_difference(x, centers[1])
    twice, twice_error = two_difference(from_own, -from_rival)
    twice_error += error
    twice_error += rival_error
    tilt, tilt_error = two_difference(0.5 * weights[0], 0.5 * weights[1])
    high, low = two_product(twice, tilt)
    low += twice * tilt_error
    low += twice_error * tilt
    return high, low
