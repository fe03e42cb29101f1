"""Evidence as a difference of dissimilarities, computed again in more digits where these cancel."""

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.base import Network

# A pair is computed again when the bound on its rounding error exceeds this share of its value, or this many
# units of β·h: a factor of ten below the 1e-10 that is promised.
_TOLERANCE = 1e-11
# exp(−40) ≈ 4e-18: a rival with so much more evidence, times β, gets no share.
_NO_SHARE = 40.0


def rounding(n_terms: int) -> float:
    """Rounding error of a sum of products, relative to the root of the sum of their squares.

    The roundings are as good as random: each is up to eps/2 of a partial sum, and these grow like the root of
    their number.
    """
    return float(np.finfo(np.float64).eps * (4 + np.sqrt(n_terms)))


def finite_array(name: str, values: ArrayLike, shape: tuple[int | None, ...]) -> Doubles:
    """Copy an array as read-only float64; ``None`` in the shape fits any length but 0.

    Raises
    ------
    ValueError
        If the shape is another, or a value is not finite.
    """
    copied = np.array(values, dtype=np.float64, order="C", copy=True)
    fits = copied.ndim == len(shape) and copied.size > 0
    if not fits or any(want not in (None, have) for want, have in zip(shape, copied.shape, strict=True)):
        wanted = " × ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"The {name} must be an array of {wanted} numbers; got shape {copied.shape}.")
    bad = np.argwhere(~np.isfinite(copied))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise ValueError(
            f"The {name} must be finite; [{', '.join(map(str, where))}] is {copied[where]}. "
            "A cluster that has collapsed to a point, or has no weight, can't be explained."
        )
    copied.flags.writeable = False
    return copied


class DissimilarityNetwork(Network):
    """Families with h_k(x) = d_k(x) − d_c(x), where d is cheap and nearly always has digits enough.

    A family gives d_k with a bound on its rounding error, and the exact difference for the few pairs where
    that bound says that too many digits have cancelled: rows near a boundary and far from both clusters.
    """

    @abstractmethod
    def _dissimilarities(self, X: Floats) -> tuple[Doubles, Doubles]:
        """d_k up to a term common to the row, (n_rows, n_clusters), and a bound on its rounding error.

        The bound may be coarse, of shape (n_rows, 1): `_errors` refines it where it matters.
        """

    @abstractmethod
    def _errors(self, X: Floats, errors: Doubles) -> Doubles:
        """Bound the rounding errors of `_dissimilarities` closely, shape (n_rows, n_clusters)."""

    @abstractmethod
    def _differences(self, X: Floats, clusters: Ints, wanted: NDArray[np.bool_]) -> Doubles:
        """h_k of the wanted pairs in twice the working precision, (n_rows, n_clusters)."""

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Network.evidence`."""
        d, errors = self._dissimilarities(X)
        if clusters is not None:
            return clusters.copy(), self._evidence(X, d, errors, clusters, beta)
        clusters = d.argmin(axis=1)
        h = self._evidence(X, d, errors, clusters, beta)
        rows = np.arange(len(clusters))
        # Seen from a new cluster, its neighbors are resolved better still, hence the repetition.
        for _ in range(3):
            nearest = h[rows].argmin(axis=1)
            gain = h[rows, nearest]
            # The lowest index wins a tie, as in every argmax.
            move = (gain < 0.0) | ((gain == 0.0) & (nearest < clusters[rows]))
            rows = rows[move]
            if not len(rows):
                break
            clusters[rows] = nearest[move]
            h[rows] = self._evidence(X[rows], d[rows], errors[rows], clusters[rows], beta)
        # What is left negative is a tie within rounding.
        return clusters, np.maximum(h, 0.0, out=h)

    def _evidence(self, X: Floats, d: Doubles, errors: Doubles, clusters: Ints, beta: float) -> Doubles:
        own = (np.arange(len(clusters)), clusters)
        h: Doubles = d - d[own][:, None]
        h[own] = np.inf
        rows = np.flatnonzero(_doubtful(h, errors, clusters, beta).any(axis=1))
        if len(rows):
            errors = self._errors(X[rows], errors[rows])
            wanted = _doubtful(h[rows], errors, clusters[rows], beta)
            exact = self._differences(X[rows], clusters[rows], wanted)
            h[rows] = np.where(wanted, exact, h[rows])
        return h


def _doubtful(h: Doubles, errors: Doubles, clusters: Ints, beta: float) -> NDArray[np.bool_]:
    """Whether h_k has too few digits, by itself or in the shares exp(−β h_k)."""
    own = errors[:, 0] if errors.shape[1] == 1 else errors[np.arange(len(clusters)), clusters]
    bound: Doubles = errors + own[:, None]
    doubtful: NDArray[np.bool_] = bound > _TOLERANCE * np.abs(h)
    if beta > 0.0:
        sharp = bound > _TOLERANCE / beta
        if sharp.any():
            smallest = h.min(axis=1, initial=np.inf)[:, None]
            close = (h <= smallest + (2.0 * bound + _NO_SHARE / beta)) & np.isfinite(h)
            close &= np.count_nonzero(close, axis=1)[:, None] > 1
            doubtful |= close & sharp
    return doubtful
