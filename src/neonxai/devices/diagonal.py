"""Gaussians with a variance per cluster and feature, on a device."""

from typing import Any, Self

from neonxai.devices.doubled import NOTHING, doubled_sum, two_difference
from neonxai.devices.form import Form
from neonxai.networks import DiagonalGaussianNetwork
from neonxai.networks.dissimilarity import rounding
from neonxai.networks.doubled import two_product
from neonxai.tensors import Operations


class _Tables(DiagonalGaussianNetwork):
    """A network's tables, shared with it."""

    def __init__(self, network: DiagonalGaussianNetwork) -> None:
        self.__dict__ = network.__dict__

    def to_device(self, ops: Operations) -> dict[str, Any]:
        """Copy them."""
        found = {
            "means": self._means,
            "precisions": self._precisions,
            "constants": self._constants,
            "roots": self._roots,
        }
        return {name: ops.from_numpy(table) for name, table in found.items()}


class DiagonalForm(Form):
    """`neonxai.networks.DiagonalGaussianNetwork`, step by step."""

    @classmethod
    def of(cls, network: DiagonalGaussianNetwork, ops: Operations) -> Self:
        """Bring a network to a device."""
        return cls(ops, _Tables(network).to_device(ops), network.n_clusters, network.n_features)

    def dissimilarities(self, X: Any) -> tuple[Any, Any]:
        """See `Form`."""
        t, ops, xp = self.tables, self.ops, self.ops.namespace
        found = []
        for k in range(self.n_clusters):
            difference = X - t["means"][k, :]
            found.append(xp.sum(difference * difference * t["precisions"][k, :], axis=1)[:, None])
        d = 0.5 * ops.concatenate(found, axis=1)
        return d + t["constants"], (d + xp.abs(t["constants"])) * rounding(self.n_features)

    def errors(self, X: Any, coarse: Any) -> Any:
        """See `Form`: they are close already."""
        return coarse

    def differences(self, X: Any, own: Any, rivals: Any) -> Any:
        """See `Form`."""
        xp = self.ops.namespace
        (high, low), (own_high, own_low) = self._exact(X, rivals), self._exact(X, own)
        difference, error = two_difference(high, own_high)
        result = difference + (error + (low - own_low))
        return xp.where(xp.abs(result) < NOTHING * (xp.abs(high) + xp.abs(own_high)), 0.0, result)

    def _exact(self, X: Any, clusters: Any) -> tuple[Any, Any]:
        """The d of one cluster for each row in twice the working precision: (high, low)."""
        ops, t = self.ops, self.tables
        difference, low = two_difference(X, ops.take(t["means"], clusters))
        square, square_low = two_product(difference, difference)
        square_low = square_low + 2.0 * difference * low
        precision = 0.5 * ops.take(t["precisions"], clusters)
        term, term_low = two_product(square, precision)
        term_low = term_low + square_low * precision
        constant = ops.take(t["constants"], clusters)[:, None]
        return doubled_sum(
            ops,
            ops.concatenate([term, constant], axis=1),
            ops.concatenate([term_low, 0.0 * constant], axis=1),
        )

    def redistribute(self, X: Any, clusters: Any, coefficients: Any) -> tuple[Any, Any]:
        """See `Form`."""
        ops, t = self.ops, self.tables
        own_mean, own_precision = ops.take(t["means"], clusters), ops.take(t["precisions"], clusters)
        from_own = X - own_mean
        relevance = 0.0 * X
        for k in range(self.n_clusters):
            mean, precision = t["means"][k, :], t["precisions"][k, :]
            # From differences alone, none of which cancels: half the sum of x − μ_c and x − μ_k is x − m_k.
            u = 0.5 * (from_own + (X - mean))
            piece = (precision - own_precision) * u + (precision + own_precision) * (own_mean - mean)
            relevance = relevance + piece * u * (0.5 * coefficients[:, k : k + 1])
        return relevance, ops.namespace.sum(coefficients * ops.take(t["roots"], clusters), axis=1)
