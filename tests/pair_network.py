"""The network of kernel k-means written for reading, not for speed: one row, one pair of points at a time.

Four layers [Kauffmann2024]_, nothing simplified, for the evidence of cluster c against each rival k:

1. pairs, linear: h_ij = w_ij·x + b_ij, w_ij = 2 (u_i − u_j), b_ij = ‖u_j‖² − ‖u_i‖², with i in c and j in k;
2. a soft maximum over i, (1/γ) log mean_i exp(γ h_ij);
3. a soft minimum over j, −(1/γ) log mean_j exp(−γ ·);
4. the minimum over k, or a soft one (β).

Back: layer 4 as for k-means, the soft maximum and minimum hand out by their softmax, and each pair by the
midpoint rule Z_ij = w_ij ∘ (x − (u_i + u_j)/2). What the softmaxes do not hand out is their divergence from
equal shares, which is computed by itself, and must close the sum to thirty digits.

Floats are fractions, so layer 1 and Z are exact (`fractions.Fraction`); exponentials have sixty digits
(mpmath). Noise has no points: its dissimilarity is the constant τ, and what is left of a pair is its one end.

.. [Kauffmann2024] Kauffmann, Esders, Ruff, Montavon, Samek, Müller: From Clustering to Cluster Explanations
   via Neural Networks, IEEE TNNLS 35(2), 2024, arXiv:1906.07633.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import mpmath
from mpmath import mpf

from reference import DIGITS, exact, softmax_of_minus, to_mpf

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    Point = Sequence[Fraction]


@dataclass(frozen=True)
class Clustering:
    """Points in clusters; ``noise`` is the cluster without points, dissimilar by ``threshold`` to all."""

    points: np.ndarray
    members: np.ndarray
    gamma: float
    noise: int | None = None
    threshold: float = math.inf
    leaves_out: bool = False

    @property
    def n_clusters(self) -> int:
        return int(max(self.members)) + 1

    def support(self, x: np.ndarray, k: int) -> list[Point]:
        """The points of cluster k that count for a row: one that is the row itself does not, if any other."""
        mine = [u for u, m in zip(self.points.tolist(), self.members.tolist(), strict=True) if m == k]
        if self.leaves_out and len(mine) > 1 and x.tolist() in mine:
            mine.remove(x.tolist())
        return [exact(u) for u in mine]


@dataclass(frozen=True)
class Pairs:
    """Layers 1 to 3 of a row for c against k: the evidence, and what a unit of it hands out."""

    evidence: mpf
    relevance: list[mpf]
    absorbed: mpf


@dataclass(frozen=True)
class Row:
    """What the network says about one row, in extended precision."""

    size: mpf  # the largest d that the row's evidence is made of
    nearest: set[int]  # the clusters that the row may be assigned to: more than one for ties
    target: int
    competitor: int
    logit: mpf
    relevance: list[mpf]
    absorbed: mpf

    @property
    def scale(self) -> mpf:
        """Σ_i |R_i| + |absorbed|: what errors are measured against.

        Where clusters share points, equal distances cancel to nothing, or next to it; their rounding does
        not, and is let pass up to 1e-10 of 1e-4 of a distance, some fifty ulp.
        """
        with mpmath.workdps(DIGITS):
            found = mpmath.fsum(abs(r) for r in self.relevance) + abs(self.absorbed)
            return max(found, mpf(10) ** -4 * self.size)


def linear(x: Point, u_i: Point, u_j: Point) -> tuple[Fraction, list[Fraction]]:
    """Layer 1 of one pair, h_ij, and its Z_ij, from explicit weights, bias and root."""
    w = [2 * (a - b) for a, b in zip(u_i, u_j, strict=True)]
    bias = sum((b * b - a * a for a, b in zip(u_i, u_j, strict=True)), Fraction(0))
    root = [(a + b) / 2 for a, b in zip(u_i, u_j, strict=True)]
    h = sum((w_d * x_d for w_d, x_d in zip(w, x, strict=True)), bias)
    z = [w_d * (x_d - m_d) for w_d, x_d, m_d in zip(w, x, root, strict=True)]
    if sum(z, Fraction(0)) != h:
        raise ArithmeticError("the midpoint is no root")
    return h, z


def squares(x: Point, u: Point) -> list[Fraction]:
    return [(a - b) ** 2 for a, b in zip(x, u, strict=True)]


def soft_min(values: Sequence[mpf | Fraction], gamma: float) -> tuple[mpf, list[mpf], mpf]:
    """−(1/γ) log mean exp(−γ v), its softmax, and their divergence from equal shares over γ.

    For γ = ∞ the minimum, equal shares of all that attain it, and nothing.
    """
    numbers = [to_mpf(v) if isinstance(v, Fraction) else v for v in values]
    least = min(numbers)
    if math.isinf(gamma):
        ties = [mpf(int(v == least)) for v in numbers]
        return least, [t / mpmath.fsum(ties) for t in ties], mpf(0)
    weights = [mpmath.exp(-mpf(gamma) * (v - least)) for v in numbers]
    total = mpmath.fsum(weights)
    shares = [w / total for w in weights]
    pooled = least - mpmath.log(total / len(weights)) / mpf(gamma)
    divergence = mpmath.fsum(q * mpmath.log(q * len(weights)) for q in shares if q > 0)
    return pooled, shares, divergence / mpf(gamma)


def soft_max(values: Sequence[mpf | Fraction], gamma: float) -> tuple[mpf, list[mpf], mpf]:
    """(1/γ) log mean exp(γ v), its softmax, and their divergence from equal shares over γ, negative."""
    pooled, shares, divergence = soft_min([-v for v in values], gamma)
    return -pooled, shares, -divergence


def pairs(x: np.ndarray, c: int, k: int, clustering: Clustering) -> Pairs:
    """Evidence of cluster c against k, through all pairs of their points."""
    with mpmath.workdps(DIGITS):
        row, gamma = exact(x), clustering.gamma
        features = range(len(row))
        if clustering.noise in (c, k):
            return _against_noise(row, c, k, x, clustering)
        own, rival = clustering.support(x, c), clustering.support(x, k)
        layer = {
            (i, j): linear(row, own[i], rival[j]) for i, j in product(range(len(own)), range(len(rival)))
        }
        # Layer 2: for each j a soft maximum over i.
        maxima = [soft_max([layer[i, j][0] for i in range(len(own))], gamma) for j in range(len(rival))]
        # Layer 3: their soft minimum over j.
        evidence, q_j, lacking = soft_min([m[0] for m in maxima], gamma)
        handed = {(i, j): q_j[j] * maxima[j][1][i] for i, j in layer}
        relevance = [
            mpmath.fsum(share * to_mpf(layer[pair][1][d]) for pair, share in handed.items()) for d in features
        ]
        absorbed = lacking + mpmath.fsum(q * m[2] for q, m in zip(q_j, maxima, strict=True))
        _close(evidence, relevance, absorbed, to_mpf(max(abs(h) for h, _ in layer.values())))
        return Pairs(evidence, relevance, absorbed)


def _against_noise(row: Point, c: int, k: int, x: np.ndarray, clustering: Clustering) -> Pairs:
    """h = d_k − τ for noise against k, and τ − d_c for c against noise: one end, no pairs."""
    sign = 1 if c == clustering.noise else -1
    points = clustering.support(x, k if sign > 0 else c)
    parts = [squares(row, u) for u in points]
    distance, q, lacking = soft_min([sum(part, Fraction(0)) for part in parts], clustering.gamma)
    relevance = [
        sign * mpmath.fsum(share * to_mpf(part[d]) for share, part in zip(q, parts, strict=True))
        for d in range(len(row))
    ]
    threshold = mpf(clustering.threshold)
    evidence, absorbed = sign * (distance - threshold), sign * (lacking - threshold)
    _close(evidence, relevance, absorbed, distance + threshold)
    return Pairs(evidence, relevance, absorbed)


def _close(evidence: mpf, relevance: list[mpf], absorbed: mpf, size: mpf) -> None:
    """Require that relevance and divergence, computed apart, are the evidence, to thirty digits."""
    # A small γ costs the divergence twice as many digits as γ‖x − u‖² has zeros.
    if abs(mpmath.fsum(relevance) + absorbed - evidence) > size * mpf(10) ** -30:
        raise ArithmeticError("relevance and divergence do not make up the evidence")


def distances(x: np.ndarray, clustering: Clustering) -> dict[int, mpf]:
    """The soft distance d_k to each cluster but noise."""
    with mpmath.workdps(DIGITS):
        row = exact(x)
        return {
            k: soft_min(
                [sum(squares(row, u), Fraction(0)) for u in clustering.support(x, k)], clustering.gamma
            )[0]
            for k in range(clustering.n_clusters)
            if k != clustering.noise
        }


def nearest(d: dict[int, mpf], clustering: Clustering) -> set[int]:
    """The clusters that a row at such distances may be assigned to: several, if they are tied."""
    with mpmath.workdps(DIGITS):
        least = min(d.values())
        if clustering.noise is not None and least > mpf(clustering.threshold):
            return {clustering.noise}
        close = mpf(10) ** -30 * (1 + abs(least))
        return {k for k in d if d[k] - least <= close}


def explain_row(
    x: np.ndarray,
    clustering: Clustering,
    *,
    beta: float,
    pooling: str = "min",
    target: int | None = None,
    against: int | None = None,
    assigned: int | None = None,
) -> Row:
    """Explain one row.

    ``target`` is by default the assigned cluster. Noise is a rival only where no other is, or in ``against``.
    A target which the row is not assigned to, and against which another cluster has evidence, is compared
    with the nearest rival alone. ``assigned`` chooses between tied clusters.
    """
    with mpmath.workdps(DIGITS):
        d = distances(x, clustering)
        mine = nearest(d, clustering)
        home = min(mine) if assigned is None else assigned
        t = home if target is None else target
        rivals = [k for k in range(clustering.n_clusters) if k != t]
        real = [k for k in range(clustering.n_clusters) if k != clustering.noise]
        if len(real) > 1:
            rivals = [k for k in rivals if k != clustering.noise]
        if against is not None:
            rivals = [against]
        found = {k: pairs(x, t, k, clustering) for k in rivals}
        h = {k: pair.evidence for k, pair in found.items()}
        competitor = min(rivals, key=h.__getitem__)
        single = against is not None
        if pooling == "min" and t != home and h[competitor] <= 0:
            single, competitor = True, home if home in rivals else competitor
        f = h[competitor]
        p = {k: mpf(int(k == competitor)) for k in rivals} if single else shares_of(h, beta)
        if pooling == "min" or single:
            a = {k: p[k] if h[k] == f else p[k] * f / h[k] for k in rivals}
            logit, entropy = f, mpf(0)
        else:
            a = p
            entropy = mpmath.fsum(q * mpmath.log(q) for q in p.values() if q > 0) / mpf(beta)
            logit = f - mpmath.log(mpmath.fsum(mpmath.exp(-mpf(beta) * (h[k] - f)) for k in rivals)) / mpf(
                beta
            )
        relevance = [mpmath.fsum(a[k] * found[k].relevance[d] for k in rivals) for d in range(len(x))]
        absorbed = entropy + mpmath.fsum(a[k] * found[k].absorbed for k in rivals)
        size = max([d[k] for k in (t, *rivals) if k in d])
        _close(logit, relevance, absorbed, size)
        return Row(size, mine, t, competitor, logit, relevance, absorbed)


def shares_of(h: dict[int, mpf], beta: float) -> dict[int, mpf]:
    """p_k ∝ exp(−β h_k)."""
    if math.isinf(beta):
        return softmax_of_minus(
            {k: Fraction(0) if v == min(h.values()) else Fraction(1) for k, v in h.items()}, beta
        )
    least = min(h.values())
    weights = {k: mpmath.exp(-mpf(beta) * (v - least)) for k, v in h.items()}
    total = mpmath.fsum(weights.values())
    return {k: w / total for k, w in weights.items()}


def errors(row: Row, logit: float, relevance: np.ndarray, absorbed: float) -> tuple[float, float, float]:
    """|f − f*|, max_i |R_i − R*_i| and |absorbed − absorbed*|, each over Σ|R*| + |absorbed*|."""
    with mpmath.workdps(DIGITS):
        scale = row.scale
        off = (
            abs(mpf(float(logit)) - row.logit),
            max(abs(mpf(float(r)) - s) for r, s in zip(relevance, row.relevance, strict=True)),
            abs(mpf(float(absorbed)) - row.absorbed),
        )
        return tuple(0.0 if e == 0 else float(e / scale) if scale > 0 else math.inf for e in off)
