r"""Layer 2: pooling over the rivals, forward and backward.

Min-pooling
    :math:`f_c = \min_k h_k`. Backward, a softmax over the rivals hands the logit out,
    :math:`p_k \propto \exp(-\beta h_k)`, :math:`R_k = p_k f_c`, and layer 1 turns R_k into
    :math:`(Z_{ik} / h_k) R_k`. The coefficient of Z_k is therefore a_k = p_k r_k with r_k = f_c / h_k,
    between 0 and 1, and 1 at the nearest rival, also when both are 0: no ε is needed [Kauffmann2024]_.
Soft pooling
    :math:`f_c^\beta = -\frac1\beta \log \sum_k \exp(-\beta h_k) = \frac1\beta \log \frac{P_c}{1 - P_c}`. It
    equals :math:`\sum_k p_k h_k - H(p)/\beta` with the entropy H, so a_k = p_k, and the entropy term, which
    belongs to no feature, is absorbed. No division at all.
One pair
    :math:`f = h_k` for one given rival: a_k = 1. This is "why c and not k", and the evidence for a cluster
    that the row is not in, where the ratios of min-pooling would divide by h_k ≈ 0.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from neonxai.arrays import Doubles, Ints

_TINY = 1e-290


@dataclass(frozen=True)
class Pooled:
    """Layer 2's output, and what it sends back to layer 1. Arrays over rows."""

    logits: Doubles  # (n_rows,) in the unit of the evidence
    competitors: Ints  # (n_rows,) the nearest rival, or the given one
    coefficients: Doubles  # (n_rows, n_clusters) a_k
    absorbed: Doubles  # (n_rows,) logit − Σ_k a_k h_k, exactly 0 for min-pooling and pairs


def min_pool(evidence: Doubles, beta: float) -> Pooled:
    """Pool by the minimum; β says how far beyond the nearest rival the explanation looks.

    Parameters
    ----------
    evidence : array of shape (n_rows, n_clusters)
        h_k ≥ 0, +inf in the column of the row's own cluster.
    beta : float
        From 0 (all rivals alike) to inf (the nearest only; ties share).
    """
    rows = np.arange(len(evidence))
    nearest = evidence.argmin(axis=1)
    logits = evidence[rows, nearest]
    coefficients, total = _weights(evidence, logits, beta)
    # 1 / h overflows for the smallest f ≤ h, and f / h is 0 / 0 on a boundary: these rows by themselves.
    tiny = np.flatnonzero(logits < _TINY)
    exceptions = coefficients[tiny] / total[tiny, None] * _ratios(logits[tiny], evidence[tiny])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        coefficients /= evidence
        coefficients *= (logits / total)[:, None]
    coefficients[tiny] = exceptions
    return Pooled(logits, nearest, coefficients, np.zeros(len(evidence)))


def soft_pool(evidence: Doubles, beta: float) -> Pooled:
    """Pool by −(1/β) log Σ_k exp(−β h_k): the log-odds of membership, divided by β.

    Parameters
    ----------
    evidence : array of shape (n_rows, n_clusters)
        h_k of either sign, +inf in the column of the row's own cluster.
    beta : float
        Positive; inf is min-pooling without its ratios.
    """
    rows = np.arange(len(evidence))
    nearest = evidence.argmin(axis=1)
    smallest = evidence[rows, nearest]
    shares, total = _weights(evidence, smallest, beta)
    shares /= total[:, None]
    logits = smallest - np.log(total) / beta if beta < np.inf else smallest
    finite = np.where(shares > 0.0, evidence, 0.0)
    absorbed = logits - np.einsum("nk,nk->n", shares, finite)
    return Pooled(logits, nearest, shares, absorbed)


def pair_pool(evidence: Doubles, competitors: Ints) -> Pooled:
    """Look at one given rival per row.

    Parameters
    ----------
    evidence : array of shape (n_rows, n_clusters)
    competitors : array of shape (n_rows,)
        The rival; never the row's own cluster.
    """
    rows = np.arange(len(evidence))
    coefficients = np.zeros(evidence.shape)
    coefficients[rows, competitors] = 1.0
    return Pooled(evidence[rows, competitors], competitors.copy(), coefficients, np.zeros(len(evidence)))


def min_pool_or_pair(evidence: Doubles, clusters: Ints, assigned: Ints, beta: float) -> Pooled:
    """Pool by the minimum where no rival is nearer; elsewhere look at the nearest rival alone.

    Parameters
    ----------
    evidence : array of shape (n_rows, n_clusters)
        For ``clusters``.
    clusters, assigned : arrays of shape (n_rows,)
        The explained clusters, and those that the network assigns the rows to.
    beta : float
        As for `min_pool`.
    """
    rows = np.arange(len(evidence))
    at_home = clusters == assigned
    if at_home.all():
        return min_pool(evidence, beta)
    # The assigned cluster is the nearest, but may be a bystander that is left out.
    nearest = np.where(np.isfinite(evidence[rows, assigned]), assigned, evidence.argmin(axis=1))
    at_home |= evidence[rows, nearest] > 0.0
    pooled = pair_pool(evidence, nearest)
    own = min_pool(evidence[at_home], beta)
    pooled.logits[at_home] = own.logits
    pooled.competitors[at_home] = own.competitors
    pooled.coefficients[at_home] = own.coefficients
    return pooled


def _weights(evidence: Doubles, smallest: Doubles, beta: float) -> tuple[Doubles, Doubles]:
    """exp(−β (h_k − min h)) over the finite h_k, and their sum; β = inf counts the ties."""
    if beta == np.inf:
        weights = (evidence == smallest[:, None]).astype(np.float64)
    elif beta == 0.0:
        weights = np.isfinite(evidence).astype(np.float64)
    else:
        weights = evidence - smallest[:, None]
        with np.errstate(over="ignore"):
            weights *= -beta
        np.exp(weights, out=weights)
    return weights, weights.sum(axis=1)


def _ratios(logits: Doubles, evidence: Doubles) -> Doubles:
    """r_k = f / h_k, 1 where h_k = f, also where both are 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratios = logits[:, None] / evidence
    return np.where(evidence == logits[:, None], 1.0, ratios)


def probabilities(logits: Doubles, beta: float) -> Doubles:
    """1 / (1 + exp(−β f)); with soft pooling exactly the membership P_c.

    One half at f = 0, also for β = inf.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        exponents = beta * logits
    exponents[logits == 0.0] = 0.0
    return np.asarray(expit(exponents), dtype=np.float64)
