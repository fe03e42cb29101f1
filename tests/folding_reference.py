"""Networks behind an affine map, explained slowly: one row, one rival and one pair of points at a time.

Nothing here knows how the package computes. Each family says what its evidence is a sum of: functions g of
z, each with its root m. Such a part is sent back from the pre-image m̃ of its root, by the gradient averaged
on the straight way from m to z, which quadrature finds: Z̃ = (Aᵀ ḡ) ∘ (e − m̃).

Numbers may be floats, or mpmath's in object arrays where the functions are polynomials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import mpmath
import numpy as np
from scipy.integrate import quad_vec

if TYPE_CHECKING:
    from collections.abc import Callable

    Gradient = Callable[[np.ndarray], np.ndarray]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(2)
exactly = np.vectorize(mpmath.mpf, otypes=[object])


@dataclass(frozen=True)
class Map:
    """z = A e + b and a pre-image of z, nothing rearranged."""

    A: np.ndarray
    b: np.ndarray
    Q: np.ndarray
    q: np.ndarray

    def __call__(self, e):
        return self.A @ e + self.b

    def preimage(self, z):
        return self.Q @ z + self.q


@dataclass(frozen=True)
class Part:
    """A function of z, with its gradient, its root, and how much of it the evidence has."""

    gradient: Gradient
    root: np.ndarray
    share: float = 1.0
    smooth: bool = True  # whether the gradient is a polynomial


def mean_gradient(gradient: Gradient, root: np.ndarray, z: np.ndarray, *, smooth: bool = True) -> np.ndarray:
    """∫ g(m + t (z − m)) dt from 0 to 1."""

    def at(t):
        return gradient(root + t * (z - root))

    if smooth:  # exact for polynomials up to cubes
        return sum(w / 2 * at((1 + node) / 2) for node, w in zip(_NODES, _WEIGHTS, strict=True))
    return quad_vec(at, 0.0, 1.0, epsabs=1e-14, epsrel=1e-13, limit=10_000)[0]


def send_back(part: Part, e: np.ndarray, affine: Map) -> np.ndarray:
    """Z̃ of one part."""
    g = mean_gradient(part.gradient, part.root, affine(e), smooth=part.smooth)
    return part.share * (affine.A.T @ g) * (e - affine.preimage(part.root))


def relevance_of(parts: list[Part], e: np.ndarray, affine: Map, back=send_back) -> np.ndarray:
    return sum((back(part, e, affine) for part in parts), 0.0 * e)


# What evidence for c against k consists of.


def centers(mu):
    """‖z − μ_k‖² − ‖z − μ_c‖²."""

    def parts(z, c, k):
        return [Part(lambda _: 2 * (mu[c] - mu[k]), (mu[c] + mu[k]) / 2)]

    return parts


def scores(w, mu):
    """(W_c − W_k)·(z − m)."""

    def parts(z, c, k):
        return [Part(lambda _: w[c] - w[k], (mu[c] + mu[k]) / 2)]

    return parts


def gaussians(mu, precisions):
    """½ (z − μ)ᵀ P (z − μ), less the own cluster's."""

    def parts(z, c, k):
        def gradient(at):
            return precisions[k] @ (at - mu[k]) - precisions[c] @ (at - mu[c])

        return [Part(gradient, (mu[c] + mu[k]) / 2)]

    return parts


def fuzzy(mu):
    """log ‖z − μ_k‖² − log ‖z − μ_c‖²."""

    def slope(at, u):
        return 2 * (at - u) / ((at - u) @ (at - u))

    def parts(z, c, k):
        middle = (mu[c] + mu[k]) / 2
        return [Part(lambda at: slope(at, mu[k]) - slope(at, mu[c]), middle, smooth=False)]

    return parts


def tree(pairs, children):
    """The node where c and k part: ‖z − b‖² − ‖z − a‖² with a on the side of c."""

    def leaves(child):
        if child < 0:
            return {-1 - child}
        return set.union(*(leaves(int(grandchild)) for grandchild in children[child]))

    def parts(z, c, k):
        for (left, right), sides in zip(pairs, children, strict=True):
            on = [leaves(int(side)) for side in sides]
            for a, b, mine, others in ((left, right, *on), (right, left, *on[::-1])):
                if c in mine and k in others:
                    return [Part(lambda _, a=a, b=b: 2 * (a - b), (a + b) / 2)]
        raise AssertionError("no node parts them")

    return parts


def support(points, members, gamma, *, noise=None, row=None):
    """All pairs of points, with their responsibilities; noise has no points, and so no pairs."""

    def shares(z, k):
        mine = [j for j in range(len(points)) if members[j] == k]
        if len(mine) > 1 and row in mine:
            mine.remove(row)
        d = np.array([(z - points[j]) @ (z - points[j]) for j in mine])
        q = (d == d.min()).astype(float) if gamma == np.inf else np.exp(-gamma * (d - d.min()))
        return list(zip(mine, q / q.sum(), strict=True))

    def one_end(z, k, sign):
        return [
            Part(lambda at, u=points[j]: 2 * (at - u), points[j], sign * share) for j, share in shares(z, k)
        ]

    def parts(z, c, k):
        if noise in (c, k):
            return one_end(z, k, 1.0) if c == noise else one_end(z, c, -1.0)
        return [
            Part(
                lambda _, i=i, j=j: 2 * (points[i] - points[j]),
                (points[i] + points[j]) / 2,
                q_i * q_j,
            )
            for i, q_i in shares(z, c)
            for j, q_j in shares(z, k)
        ]

    return parts


def density(points, weights, gamma):
    """The score in the shares of the squared distances: o Σ q_j ‖z − u_j‖² / Σ q_j ‖z − u_j‖²."""

    def parts(z):
        d = np.array([(z - u) @ (z - u) for u in points])
        terms = weights / weights.sum() * np.exp(-gamma * (d - d.min()))
        score = d.min() - np.log(terms.sum()) / gamma
        shares = score * terms / (terms @ d)
        return [Part(lambda at, u=u: 2 * (at - u), u, share) for u, share in zip(points, shares, strict=True)]

    return parts


def neighbors(points, n_neighbors, contribution, *, row=None):
    """Each neighbor's part s_j of the score, in the shares of its squared distance."""

    def parts(z):
        d = [np.sqrt((z - u) @ (z - u)) for u in points]
        near = [j for j in np.argsort(d, kind="stable") if j != row][:n_neighbors]
        s = contribution(near, np.array([d[j] for j in near]))
        return [
            Part(lambda at, u=points[j]: 2 * (at - u), points[j], s_j / d[j] ** 2)
            for j, s_j in zip(near, s, strict=True)
        ]

    return parts


# Mistakes that a comparison must find.


def root_at_the_end(part: Part, e: np.ndarray, affine: Map) -> np.ndarray:
    """The way starts elsewhere: not at the pre-image of the root, but at that of 0."""
    g = mean_gradient(part.gradient, part.root, affine(e))
    return part.share * (affine.A.T @ g) * (e - affine.q)


def gradient_at_the_end(part: Part, e: np.ndarray, affine: Map) -> np.ndarray:
    """The gradient is that at z, not the mean on the way."""
    g = part.gradient(affine(e))
    return part.share * (affine.A.T @ g) * (e - affine.preimage(part.root))


def handed_through(part: Part, e: np.ndarray, affine: Map) -> np.ndarray:
    """Relevance of z, handed to the inputs by the map itself, as if it were a gradient."""
    z = affine(e)
    return affine.A.T @ (part.share * mean_gradient(part.gradient, part.root, z) * (z - part.root))


MISTAKES = [root_at_the_end, handed_through]
