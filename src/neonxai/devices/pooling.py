"""Layer 2 on a device, forward and backward: `neonxai.networks.pooling`, with no array changed in place."""

from dataclasses import dataclass
from math import inf
from typing import Any

from neonxai.devices.rows import is_column, pick
from neonxai.tensors import Operations


@dataclass(frozen=True, eq=False)
class Pooled:
    """As `neonxai.networks.pooling.Pooled`."""

    logits: Any
    competitors: Any
    coefficients: Any
    absorbed: Any


def pool(
    ops: Operations, h: Any, targets: Any, assigned: Any, rivals: Any, beta: float, pooling: str
) -> Pooled:
    """Layer 2 for rows that are asked about in any way.

    Parameters
    ----------
    ops : Operations
        Of the arrays' library.
    h : float64 array of shape (n_rows, n_clusters)
        Evidence for ``targets``.
    targets, assigned : int arrays of shape (n_rows,)
        The explained clusters, and those that the network assigns the rows to.
    rivals : int array of shape (n_rows,), or None
        The one rival to compare with.
    beta : float
        β.
    pooling : {"min", "soft"}
        Which.
    """
    if rivals is not None:
        return _pair(ops, h, rivals)
    if pooling == "soft":
        return _soft(ops, h, beta)
    return _min_or_pair(ops, h, targets, assigned, beta)


def _pair(ops: Operations, h: Any, rivals: Any) -> Pooled:
    coefficients = ops.cast(is_column(ops, h.shape[1], rivals), "float64")
    logits = pick(ops, h, rivals)
    return Pooled(logits, rivals, coefficients, 0.0 * coefficients[:, 0])


def _soft(ops: Operations, h: Any, beta: float) -> Pooled:
    xp = ops.namespace
    smallest = ops.smallest(h)
    weights, total = _weights(ops, h, smallest, beta)
    shares = weights / total[:, None]
    logits = smallest if beta == inf else smallest - xp.log(total) / beta
    finite = xp.where(shares > 0.0, h, 0.0)
    return Pooled(logits, xp.argmin(h, axis=1), shares, logits - xp.sum(shares * finite, axis=1))


def _min(ops: Operations, h: Any, beta: float) -> Pooled:
    xp = ops.namespace
    logits = ops.smallest(h)
    weights, total = _weights(ops, h, logits, beta)
    # r_k = f / h_k, 1 where h_k = f, also where both are 0.
    ratios = xp.where(h == logits[:, None], 1.0, logits[:, None] / h)
    coefficients = weights / total[:, None] * ratios
    return Pooled(logits, xp.argmin(h, axis=1), coefficients, 0.0 * total)


def _min_or_pair(ops: Operations, h: Any, targets: Any, assigned: Any, beta: float) -> Pooled:
    xp = ops.namespace
    own = _min(ops, h, beta)
    if xp.all(targets == assigned):
        return own
    at_home = targets == assigned
    pair = _pair(ops, h, xp.where(at_home, own.competitors, assigned))
    at_home = at_home | (pair.logits > 0.0)
    return Pooled(
        xp.where(at_home, own.logits, pair.logits),
        xp.where(at_home, own.competitors, pair.competitors),
        xp.where(at_home[:, None], own.coefficients, pair.coefficients),
        pair.absorbed,
    )


def _weights(ops: Operations, h: Any, smallest: Any, beta: float) -> tuple[Any, Any]:
    """exp(−β (h_k − min h)) over the finite h_k, and their sum; β = inf counts the ties."""
    xp = ops.namespace
    if beta == inf:
        weights = ops.cast(h == smallest[:, None], "float64")
    elif beta == 0.0:
        weights = ops.cast(xp.isfinite(h), "float64")
    else:
        weights = xp.exp((h - smallest[:, None]) * -beta)
    return weights, xp.sum(weights, axis=1)


def probabilities(ops: Operations, logits: Any, beta: float) -> Any:
    """1 / (1 + exp(−β f)), by the exponential of a number that is not positive; ½ at f = 0, for β = ∞ too."""
    xp = ops.namespace
    exponents = xp.where(logits == 0.0, 0.0, logits * beta)
    small = xp.exp(-xp.abs(exponents))
    return xp.where(exponents < 0.0, small, 1.0) / (1.0 + small)
