"""Subjects that the laws must reject, and two that they must accept.

`textbook` is NEON for k-means in a few lines of NumPy (never used by the package; it needs memory for
n_samples × n_clusters × n_features). `compensated` is the same where digits are scarce. Every other subject
is the textbook with one mistake, most of them made by somebody once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray
    Subject = Callable[..., "Result"]


@dataclass(frozen=True)
class Result:
    """The part of an explanation that the laws look at."""

    relevance: Array
    logits: Array
    labels: Array
    competitors: Array
    beta: float
    base_value: float = 0.0

    @property
    def absorbed(self) -> Array:
        return np.zeros_like(self.logits)

    @property
    def cluster_names(self) -> tuple[int, ...]:
        return tuple(range(1000))


def direct(X: Array, centers: Array) -> Array:
    return ((X[:, None, :] - centers[None]) ** 2).sum(axis=2)


def expanded(X: Array, centers: Array) -> Array:
    """‖x‖² − 2 x·μ + ‖μ‖² about the origin: cancels away from it."""
    return (X**2).sum(1)[:, None] - 2 * X @ centers.T + (centers**2).sum(1)[None]


def manhattan(X: Array, centers: Array) -> Array:
    return np.abs(X[:, None, :] - centers[None]).sum(axis=2)


def midpoint(mu_c: Array, mu_k: Array) -> Array:
    return (mu_c + mu_k) / 2


def half_difference(mu_c: Array, mu_k: Array) -> Array:
    return (mu_c - mu_k) / 2


def softmin(h: Array, beta: float) -> Array:
    """Shares of the competitors; the cluster itself has h = ∞ and no share."""
    near = h - h.min(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        p = np.exp(-beta * near)
    p = np.where(near == 0, 1.0, np.where(np.isinf(h), 0.0, p))
    return p / p.sum(axis=1, keepdims=True)


def softmax(h: Array, beta: float) -> Array:
    return softmin(np.where(np.isinf(h), h, -h), beta)


def shared_with_itself(h: Array, beta: float) -> Array:
    """The cluster takes a share of its own evidence."""
    p = softmin(h, beta)
    return p / (1 + p.max(axis=1, keepdims=True))


def by_number(h: Array, beta: float) -> Array:
    p = softmin(h, beta) * np.arange(1, h.shape[1] + 1)
    return p / p.sum(axis=1, keepdims=True)


def exact_ratio(f: Array, h: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(h == f, 1.0, f / h)


def padded_ratio(f: Array, h: Array) -> Array:
    """An ε in the denominator, against a division by zero that cannot happen."""
    return f / (h + 1e-3)


def textbook(
    centers: Array,
    X: Array,
    beta: float | str = "auto",
    *,
    distances: Callable[[Array, Array], Array] = direct,
    root: Callable[[Array, Array], Array] = midpoint,
    shares: Callable[[Array, float], Array] = softmin,
    ratio: Callable[[Array, Array], Array] = exact_ratio,
) -> Result:
    """h_k = d_k − d_c, f = min_k h_k, R_i = Σ_k p_k (f/h_k) w_ik (x_i − m_ik)."""
    rows = np.arange(len(X))
    d = distances(X, centers)
    labels = d.argmin(axis=1)
    h = d - d[rows, labels][:, None]
    h[rows, labels] = np.inf
    competitors = h.argmin(axis=1)
    f = h[rows, competitors]
    b = 1 / max(float(f.mean()), 1e-300) if beta == "auto" else float(beta)
    a = shares(h, b) * ratio(f[:, None], h)
    mu_c = centers[labels][:, None, :]
    z = 2 * (mu_c - centers[None]) * (X[:, None, :] - root(mu_c, centers[None]))
    return Result(np.einsum("nk,nkd->nd", a, z), f, labels, competitors, b)


def difference(a: Array, b: Array) -> tuple[Array, Array]:
    """a − b as a rounded value and its exact rounding error (Knuth)."""
    s = a - b
    t = s - a
    return s, (a - (s - t)) - (b + t)


def compensated(centers: Array, X: Array, beta: float | str = "auto") -> Result:
    """The textbook to the last digit: Z = (b − a) ((b − x) + (a − x)), its rounding put back; h = Σ Z."""
    rows = np.arange(len(X))
    labels = direct(X, centers).argmin(axis=1)
    x, b = X[:, None, :], centers[None]
    for _ in range(3):
        a = centers[labels][:, None, :]
        to_b, lost_b = difference(b, x)
        from_a, lost_a = difference(x, a)
        both, lost = difference(to_b, from_a)
        z = (b - a) * (both + (lost + (lost_b - lost_a)))
        h = z.sum(axis=2)
        h[rows, labels] = np.inf
        # Distances close to each other may have named the second nearest.
        labels = np.where(h.min(axis=1) < 0, h.argmin(axis=1), labels)
    f = h.min(axis=1)
    beta_ = 1 / max(float(f.mean()), 1e-300) if beta == "auto" else float(beta)
    coefficients = softmin(h, beta_) * exact_ratio(f[:, None], h)
    coefficients[rows, labels] = 0.0
    return Result(np.einsum("nk,nkd->nd", coefficients, z), f, labels, h.argmin(axis=1), beta_)


def inflated(centers: Array, X: Array, beta: float | str = "auto") -> Result:
    e = textbook(centers, X, beta)
    return Result(e.relevance * 1.001, e.logits, e.labels, e.competitors, e.beta)


def leaning(centers: Array, X: Array, beta: float | str = "auto") -> Result:
    """Later features weigh a little more, and the sum still fits."""
    e = textbook(centers, X, beta)
    tilted = e.relevance * (1 + 1e-6 * np.arange(X.shape[1]))
    tilted[:, 0] += e.logits - tilted.sum(axis=1)
    return Result(tilted, e.logits, e.labels, e.competitors, e.beta)


def running(centers: Array, X: Array, beta: float | str = "auto") -> Result:
    """Remembers the row before."""
    e = textbook(centers, X, beta)
    relevance = e.relevance + 1e-6 * np.vstack([np.zeros((1, X.shape[1])), e.relevance[:-1]])
    return Result(relevance, e.logits, e.labels, e.competitors, e.beta)


def fixed_beta(centers: Array, X: Array, beta: float | str = "auto") -> Result:
    return textbook(centers, X, 1.0)


def in_place(centers: Array, X: Array, beta: float | str = "auto") -> Result:
    """Recenters its caller's data."""
    origin = X.mean(axis=0)
    X -= origin
    return textbook(centers - origin, X, beta)


def half_precision(centers: Array, X: Array, beta: float | str = "auto") -> Result:
    """Has less than float32 says."""
    rounded = centers.astype(np.float16) if X.dtype == np.float32 else centers
    e = textbook(rounded.astype(X.dtype), X, beta)
    return Result(e.relevance.astype(X.dtype), e.logits, e.labels, e.competitors, e.beta)


def in_memory_order(centers: Array, X: Array, beta: float | str = "auto") -> Result:
    """Takes the buffer for the matrix."""
    return textbook(centers, X.ravel(order="K").reshape(X.shape), beta)


not_recentered = partial(textbook, distances=expanded)
manhattan_assignment = partial(textbook, distances=manhattan)
half_difference_root = partial(textbook, root=half_difference)
soft_max_for_soft_min = partial(textbook, shares=softmax)
wrong_normalization = partial(textbook, shares=shared_with_itself)
shares_by_number = partial(textbook, shares=by_number)
epsilon_in_denominator = partial(textbook, ratio=padded_ratio)


def batch_dependent(centers: Array, X_fit: Array, beta: float | str = "auto") -> Subject:
    """β from the rows being explained, not from those that it was fitted to."""
    return partial(textbook, centers, beta=beta)


def textbook_fitted(centers: Array, X_fit: Array, beta: float | str = "auto") -> Subject:
    return partial(textbook, centers, beta=textbook(centers, X_fit, beta).beta)
