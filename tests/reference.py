"""NEON for k-means written for reading, not for speed: one row, one pair, one feature at a time.

The inputs are floats, and a float is a fraction: everything up to the exponential is exact
(`fractions.Fraction`), and the exponential has sixty digits (mpmath). Nothing is simplified: every competitor
has its explicit weights w_k = 2(μ_c − μ_k) and its explicit root m_k = (μ_c + μ_k)/2, and its evidence is
computed twice, from the distances and from the pieces, which must agree exactly.

The equations are those of [Kauffmann2024]_: layer 1, layer 2 (min-pooling), and the two steps back.

.. [Kauffmann2024] Kauffmann, Esders, Ruff, Montavon, Samek, Müller: From Clustering to Cluster Explanations
   via Neural Networks, IEEE TNNLS 35(2), 2024, arXiv:1906.07633.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import mpmath
from mpmath import mpf

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

DIGITS = 60


@dataclass(frozen=True)
class Row:
    """What NEON says about one row, in extended precision."""

    assigned: int
    target: int
    competitor: int
    evidence: dict[int, Fraction]
    logit: mpf
    shares: dict[int, mpf]
    relevance: list[mpf]
    absorbed: mpf
    probability: mpf

    @property
    def scale(self) -> mpf:
        """Σ_i |R_i|: what an error of the relevance is measured against."""
        with mpmath.workdps(DIGITS):
            return mpmath.fsum(abs(r) for r in self.relevance)


def exact(values: np.ndarray) -> list[Fraction]:
    """Turn floats into fractions; nothing is rounded."""
    return [Fraction(float(v)) for v in values]


def to_mpf(value: Fraction) -> mpf:
    return mpf(value.numerator) / mpf(value.denominator)


def dissimilarities(x: Sequence[Fraction], centers: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """d_k = ‖x − μ_k‖²."""
    return [sum(((a - b) ** 2 for a, b in zip(x, mu, strict=True)), Fraction(0)) for mu in centers]


def pieces(x: Sequence[Fraction], mu_c: Sequence[Fraction], mu_k: Sequence[Fraction]) -> list[Fraction]:
    """Z_ik = w_ik (x_i − m_ik), with the weights and the root spelled out."""
    w = [2 * (c - k) for c, k in zip(mu_c, mu_k, strict=True)]
    m = [(c + k) / 2 for c, k in zip(mu_c, mu_k, strict=True)]
    return [w_i * (x_i - m_i) for w_i, x_i, m_i in zip(w, x, m, strict=True)]


def softmax_of_minus(evidence: dict[int, Fraction], beta: float) -> dict[int, mpf]:
    """p_k = exp(−β h_k) / Σ_j exp(−β h_j); at β = ∞ the nearest, ties alike."""
    nearest = min(evidence.values())
    if math.isinf(beta):
        weights = {k: mpf(int(h == nearest)) for k, h in evidence.items()}
    else:
        b = Fraction(beta)
        weights = {k: mpmath.exp(-to_mpf(b * (h - nearest))) for k, h in evidence.items()}
    total = mpmath.fsum(weights.values())
    return {k: w / total for k, w in weights.items()}


def logistic(beta: float, logit: mpf) -> mpf:
    """1 / (1 + exp(−β f)), with its limits at β = ∞."""
    if math.isinf(beta):
        return (mpmath.sign(logit) + mpf(1)) / 2
    return 1 / (1 + mpmath.exp(-mpf(beta) * logit))


def explain_row(
    x: np.ndarray,
    centers: np.ndarray,
    *,
    beta: float,
    pooling: str = "min",
    target: int | None = None,
    against: int | None = None,
    assigned: int | None = None,
) -> Row:
    """Explain one row, shape (n_features,), of k-means with `centers`, shape (n_clusters, n_features).

    `assigned` overrules the nearest center: on a decision boundary both sides are right, and they differ.
    """
    with mpmath.workdps(DIGITS):
        x_exact = exact(x)
        mu = [exact(row) for row in centers]
        d = dissimilarities(x_exact, mu)
        c = d.index(min(d)) if assigned is None else int(assigned)
        t = c if target is None else int(target)

        rivals = [k for k in range(len(mu)) if k != t]
        single = against if against is not None else (c if t != c else None)
        if single is not None:
            rivals = [int(single)]
        h = {k: d[k] - d[t] for k in rivals}
        z = {k: pieces(x_exact, mu[t], mu[k]) for k in rivals}
        for k in rivals:
            if sum(z[k], Fraction(0)) != h[k]:
                raise ArithmeticError(f"the pieces of pair {t}, {k} do not sum to its evidence")

        competitor = min(rivals, key=lambda k: h[k])
        f = h[competitor]
        p = softmax_of_minus(h, beta)
        features = range(len(x_exact))
        if pooling == "min":
            r = {k: Fraction(1) if h[k] == f else f / h[k] for k in rivals}
            logit, absorbed = to_mpf(f), mpf(0)
            relevance = [mpmath.fsum(p[k] * to_mpf(r[k] * z[k][i]) for k in rivals) for i in features]
        elif pooling == "soft":
            entropy = -mpmath.fsum(q * mpmath.log(q) for q in p.values() if q > 0)
            logsumexp = mpmath.log(
                mpmath.fsum(mpmath.exp(-to_mpf(Fraction(beta) * (h[k] - f))) for k in rivals)
            )
            logit = to_mpf(f) - logsumexp / mpf(beta)
            absorbed = -entropy / mpf(beta)
            relevance = [mpmath.fsum(p[k] * to_mpf(z[k][i]) for k in rivals) for i in features]
        else:
            raise ValueError(f"pooling={pooling!r} is not known: 'min' or 'soft'")
        return Row(c, t, competitor, h, logit, p, relevance, absorbed, logistic(beta, logit))


def explain(X: np.ndarray, centers: np.ndarray, *, beta: float, **options: object) -> list[Row]:
    """Explain all rows, each by itself; `assigned` may give one cluster per row."""
    assigned = options.pop("assigned", None)
    return [
        explain_row(x, centers, beta=beta, assigned=None if assigned is None else assigned[i], **options)
        for i, x in enumerate(X)
    ]


def mean_logit(X: np.ndarray, centers: np.ndarray) -> mpf:
    """Mean of f_c over the rows: 1/β of the heuristic."""
    with mpmath.workdps(DIGITS):
        return mpmath.fsum(row.logit for row in explain(X, centers, beta=0.0)) / len(X)


def relevance_error(relevance: np.ndarray, row: Row) -> float:
    """max_i |R_i − R*_i| / Σ_i |R*_i|; where R* vanishes, any R but 0 is infinitely wrong."""
    with mpmath.workdps(DIGITS):
        worst = max(abs(mpf(float(r)) - s) for r, s in zip(relevance, row.relevance, strict=True))
        return _ratio(worst, row.scale)


def logit_error(logit: float, row: Row) -> float:
    """|f − f*| / Σ_i |R*_i|."""
    with mpmath.workdps(DIGITS):
        return _ratio(abs(mpf(float(logit)) - row.logit), row.scale)


def logit_relative_error(logit: float, row: Row) -> float:
    """|f − f*| / |f*|."""
    with mpmath.workdps(DIGITS):
        return _ratio(abs(mpf(float(logit)) - row.logit), abs(row.logit))


def _ratio(error: mpf, scale: mpf) -> float:
    if error == 0:
        return 0.0
    return float(error / scale) if scale > 0 else math.inf
