"""Linear scores on a device: k-means, also behind affine steps, and Gaussians that share a covariance."""

from typing import Any, Self

import numpy as np

from neonxai.devices.doubled import row_sums, two_difference
from neonxai.devices.form import Form
from neonxai.devices.rows import is_column, most, pick, replace_rows, where_true
from neonxai.networks.dissimilarity import rounding
from neonxai.networks.doubled import two_product
from neonxai.networks.linear import LinearNetwork
from neonxai.tensors import Operations

_RELEVANCE_TOLERANCE = 2e-13  # as in `neonxai.networks.linear`


class _Tables(LinearNetwork):
    """A linear network's tables, shared with it."""

    def __init__(self, network: LinearNetwork) -> None:
        self.__dict__ = network.__dict__  # what is made for one call is there for the next

    def to_device(self, ops: Operations) -> dict[str, Any]:
        """Copy them."""
        found = {
            "weights": self._weights,
            "centers": self._centers,
            "offsets": self._offsets,
            "origin": self._origin,
            "scores": self._scores,
            "sizes": self._sizes,
            "local_weights": self._local_weights,
            "local_centers": self._local_centers,
            "local_offsets": self._local_offsets,
            "forward": np.ascontiguousarray(-self._local_weights.T),
            "squares": self._squares,
            "largest": self._largest,
            "largest_squared": self._largest**2,
            "stack": self._stack,
            "absolute": self._absolute,
        }
        return {name: ops.from_numpy(table) for name, table in found.items()} | {
            "even": self._even,
            "longest": float(self._longest),
            "largest_size": float(self._sizes.max()),
        }


class LinearForm(Form):
    """`neonxai.networks.LinearNetwork`, step by step."""

    @classmethod
    def of(cls, network: LinearNetwork, ops: Operations) -> Self:
        """Bring a network to a device."""
        return cls(ops, _Tables(network).to_device(ops), network.n_clusters, network.n_features)

    def dissimilarities(self, X: Any) -> tuple[Any, Any]:
        """See `Form`."""
        t, xp = self.tables, self.ops.namespace
        x = X - t["origin"]
        errors = xp.sqrt((x * x) @ t["largest_squared"]) + t["largest_size"]
        return x @ t["forward"] - t["scores"], (errors * rounding(self.n_features))[:, None]

    def errors(self, X: Any, coarse: Any) -> Any:
        """See `Form`."""
        t = self.tables
        x = X - t["origin"]
        return (self.ops.namespace.sqrt((x * x) @ t["squares"]) + t["sizes"]) * rounding(self.n_features)

    def differences(self, X: Any, own: Any, rivals: Any) -> Any:
        """See `Form`."""
        ops = self.ops
        high, low = self._terms(X, own, rivals)
        offset, error = two_difference(*(ops.take(self.tables["offsets"], place) for place in (own, rivals)))
        if not self.tables["even"]:
            offset, more = two_difference(offset, -self._asymmetry(own, rivals))
            error = error + more
        high = ops.concatenate([high, offset[:, None]], axis=1)
        return row_sums(ops, high, ops.concatenate([low, error[:, None]], axis=1))

    def _asymmetry(self, own: Any, rivals: Any) -> Any:
        """What uneven weights leave of h_k at the root, ½ (W_c·μ_k − W_k·μ_c)."""
        ops = self.ops
        w, mu = self.tables["local_weights"], self.tables["local_centers"]
        forth, back = (
            ops.namespace.sum(ops.take(w, a) * ops.take(mu, b), axis=1)
            for a, b in ((own, rivals), (rivals, own))
        )
        return 0.5 * (forth - back)

    def _terms(self, x: Any, own: Any, rivals: Any) -> tuple[Any, Any]:
        """Z = (W_c − W_k)(x − (μ_c + μ_k)/2) in twice the precision, as `neonxai.networks.linear` has it."""
        ops = self.ops
        w, mu = self.tables["weights"], self.tables["centers"]
        from_own, error = two_difference(x, ops.take(mu, own))
        from_rival, rival_error = two_difference(x, ops.take(mu, rivals))
        twice, twice_error = two_difference(from_own, -from_rival)
        twice_error = twice_error + error + rival_error
        tilt, tilt_error = two_difference(0.5 * ops.take(w, own), 0.5 * ops.take(w, rivals))
        high, low = two_product(twice, tilt)
        return high, low + twice * tilt_error + twice_error * tilt

    def redistribute(self, X: Any, clusters: Any, coefficients: Any) -> tuple[Any, Any]:
        """See `Form`."""
        ops, xp, t = self.ops, self.ops.namespace, self.tables
        x = X - t["origin"]
        relevance, uneven = self._combine(x, clusters, coefficients)
        weights = xp.abs(coefficients)
        crude = xp.abs(x) @ t["largest"] + t["longest"]
        # The sums are over rivals here, none of them negative.
        allowed = xp.sum(xp.abs(relevance), axis=1) * (_RELEVANCE_TOLERANCE / rounding(0))
        total = xp.sum(weights, axis=1)
        suspicious = 4.0 * total * crude > allowed
        rows = where_true(ops, suspicious)
        if rows.shape[0]:
            sizes = self._relevance_sizes(*(ops.take(part, rows) for part in (xp.abs(x), clusters, weights)))
            found = ops.cast(sizes > ops.take(allowed, rows), "float64")
            lossy = replace_rows(ops, 0.0 * total, suspicious, found) > 0.0
            rows = where_true(ops, lossy)
            if rows.shape[0]:
                parts = (ops.take(part, rows) for part in (X, clusters, coefficients, allowed, crude))
                relevance = replace_rows(ops, relevance, lossy, self._pairwise(*parts))
        offsets = ops.take(t["local_offsets"], clusters)[:, None] - t["local_offsets"]
        return relevance, xp.sum(coefficients * offsets, axis=1) + uneven

    def _combine(self, x: Any, clusters: Any, coefficients: Any) -> tuple[Any, Any]:
        """Σ_k a_k (W_c − W_k) ∘ (x − m_k) for local rows by matrix products, and what is uneven about it."""
        ops, xp, t, n = self.ops, self.ops.namespace, self.tables, self.n_features
        own = is_column(ops, self.n_clusters, clusters)
        signed = xp.where(own, -xp.sum(coefficients, axis=1)[:, None], coefficients)
        mixed = signed @ t["stack"]
        half = 0.5 * ops.take(t["local_centers"], clusters)
        mixed_w = mixed[:, :n]
        mixed_mu = mixed[:, n : 2 * n] * ops.take(t["local_weights"], clusters)
        relevance = mixed[:, 2 * n :] - mixed_mu - (x - half) * mixed_w
        return relevance, 0.0 if t["even"] else xp.sum(mixed_mu - mixed_w * half, axis=1)

    def _relevance_sizes(self, x: Any, clusters: Any, weights: Any) -> Any:
        """What `_combine` sums up, all signs positive."""
        ops, xp, t, n = self.ops, self.ops.namespace, self.tables, self.n_features
        total = xp.sum(weights, axis=1)[:, None]
        mixed, own = weights @ t["absolute"], ops.take(t["absolute"], clusters)
        mixed_w, mixed_mu, mixed_products = mixed[:, :n], mixed[:, n : 2 * n], mixed[:, 2 * n :]
        w, mu, products = own[:, :n], own[:, n : 2 * n], own[:, 2 * n :]
        sizes = (mixed_w + total * w) * (x + mu) + total * products + mixed_products
        return xp.sum(sizes + w * (mixed_mu + total * mu), axis=1)

    def _pairwise(self, X: Any, clusters: Any, coefficients: Any, allowed: Any, crude: Any) -> Any:
        """Relevance of lossy rows: pairs that matter one by one, the rest by matrix products."""
        ops, xp = self.ops, self.ops.namespace
        negligible = allowed / (4.0 * crude * self.n_clusters)
        matters = xp.abs(coefficients) > negligible[:, None]
        relevance, _ = self._combine(
            X - self.tables["origin"], clusters, xp.where(matters, 0.0, coefficients)
        )
        mattering = xp.where(matters, coefficients, 0.0)
        order = ops.ranks(xp.abs(mattering))
        for place in range(most(ops, matters)):
            rivals = order[:, place]
            high, low = self._terms(X, clusters, rivals)
            relevance = relevance + (high + low) * pick(ops, mattering, rivals)[:, None]
        return relevance
