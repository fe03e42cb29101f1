"""Layer 1 forward, for dissimilarities of any form: the steps of `neonxai.networks.dissimilarity`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from neonxai.devices.rows import count, is_column, most, pick, replace_rows, where_true
from neonxai.tensors import Operations

# As in `neonxai.networks.dissimilarity`.
_TOLERANCE = 1e-11
_NO_SHARE = 40.0


@dataclass(frozen=True, eq=False)
class Form(ABC):
    """Layer 1 of a network, on a device.

    Rows X are float64 arrays of shape (n_rows, n_features), clusters int arrays of shape (n_rows,).

    Attributes
    ----------
    ops : Operations
        Of the library, on the device.
    tables : dict of str to array
        The network's numbers, on the device.
    n_clusters, n_features : int
        K and D.
    """

    ops: Operations
    tables: dict[str, Any]
    n_clusters: int
    n_features: int

    @abstractmethod
    def dissimilarities(self, X: Any) -> tuple[Any, Any]:
        """d_k up to a term common to the row, (n_rows, n_clusters), and a bound on its rounding error.

        The bound may be coarse, of shape (n_rows, 1): `errors` refines it where it matters.
        """

    @abstractmethod
    def errors(self, X: Any, coarse: Any) -> Any:
        """Bound the rounding errors of `dissimilarities` closely, shape (n_rows, n_clusters)."""

    @abstractmethod
    def differences(self, X: Any, own: Any, rivals: Any) -> Any:
        """h_k of one rival for each row in twice the working precision, shape (n_rows,)."""

    @abstractmethod
    def redistribute(self, X: Any, clusters: Any, coefficients: Any) -> tuple[Any, Any]:
        """Relevance (n_rows, n_features), and what is absorbed (n_rows,); see `Network.redistribute`."""

    def evidence(self, X: Any, clusters: Any = None, *, beta: float = 0.0) -> tuple[Any, Any]:
        """Clusters, and their evidence against each rival; see `Network.evidence`."""
        ops, xp = self.ops, self.ops.namespace
        d, errors = self.dissimilarities(X)
        if clusters is not None:
            return clusters, self._evidence(X, d, errors, clusters, beta)
        clusters = xp.argmin(d, axis=1)
        h = self._evidence(X, d, errors, clusters, beta)
        # Seen from a new cluster, its neighbors are resolved better still, hence the repetition.
        for _ in range(3):
            nearest, gain = xp.argmin(h, axis=1), ops.smallest(h)
            # The lowest index wins a tie, as in every argmax.
            move = (gain < 0.0) | ((gain == 0.0) & (nearest < clusters))
            rows = where_true(ops, move)
            if not rows.shape[0]:
                break
            clusters = xp.where(move, nearest, clusters)
            x, distances, bounds, new = (ops.take(part, rows) for part in (X, d, errors, clusters))
            h = replace_rows(ops, h, move, self._evidence(x, distances, bounds, new, beta))
        # What is left negative is a tie within rounding.
        return clusters, xp.where(h < 0.0, 0.0, h)

    def _evidence(self, X: Any, d: Any, errors: Any, clusters: Any, beta: float) -> Any:
        ops, xp = self.ops, self.ops.namespace
        own = is_column(ops, self.n_clusters, clusters)
        h = xp.where(own, float("inf"), d - pick(ops, d, clusters)[:, None])
        doubtful = xp.any(self._doubtful(h, errors, clusters, beta), axis=1)
        rows = where_true(ops, doubtful)
        if not rows.shape[0]:
            return h
        x, mine, some = (ops.take(part, rows) for part in (X, clusters, h))
        wanted = self._doubtful(some, self.errors(x, ops.take(errors, rows)), mine, beta)
        return replace_rows(ops, h, doubtful, self._refined(x, mine, some, wanted))

    def _refined(self, x: Any, own: Any, h: Any, wanted: Any) -> Any:
        """Evidence with the wanted pairs computed again: the first of each row, the second, and so on."""
        ops, xp = self.ops, self.ops.namespace
        order = ops.ranks(ops.cast(wanted, "float64"))
        for place in range(most(ops, wanted)):
            rivals = order[:, place]
            here = is_column(ops, self.n_clusters, rivals) & wanted
            h = xp.where(here, self.differences(x, own, rivals)[:, None], h)
        return h

    def _doubtful(self, h: Any, errors: Any, clusters: Any, beta: float) -> Any:
        """Whether h_k has too few digits, by itself or in the shares exp(−β h_k)."""
        ops, xp = self.ops, self.ops.namespace
        own = errors[:, 0] if errors.shape[1] == 1 else pick(ops, errors, clusters)
        bound = errors + own[:, None]
        doubtful = bound > _TOLERANCE * xp.abs(h)
        if beta > 0.0:
            sharp = bound > _TOLERANCE / beta
            close = (h <= ops.smallest(h)[:, None] + (2.0 * bound + _NO_SHARE / beta)) & xp.isfinite(h)
            close = close & (count(ops, close)[:, None] > 1.0)
            doubtful = doubtful | (close & sharp)
        return doubtful
