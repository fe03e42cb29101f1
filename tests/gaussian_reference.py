"""Gaussians explained slowly: one row and one pair at a time, in 50 digits; and mistakes that must be found.

Nothing here knows how the package computes. A cluster is its mean, precision matrix and constant, with
d_k(x) = ½ (x − μ_k)ᵀ P_k (x − μ_k) + c_k.
"""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np

from neonxai.networks import DiagonalGaussianNetwork, GaussianNetwork, LinearNetwork

mpmath.mp.dps = 50
exactly = np.vectorize(mpmath.mpf, otypes=[object])


@dataclass(frozen=True)
class Cluster:
    mean: np.ndarray
    precision: np.ndarray
    constant: object

    def dissimilarity(self, x):
        e = x - self.mean
        return e @ self.precision @ e / 2 + self.constant

    def gradient(self, x):
        return self.precision @ (x - self.mean)


def clusters_of(network):
    """The clusters of a quadratic network, in 50 digits."""
    means, constants = exactly(network.means), exactly(network.constants)
    if isinstance(network, DiagonalGaussianNetwork):
        precisions = [np.diag(row) for row in exactly(network.precisions)]
    else:
        assert isinstance(network, GaussianNetwork)
        precisions = [factor @ factor.T for factor in exactly(network.factors)]
    return [Cluster(*parts) for parts in zip(means, precisions, constants, strict=True)]


def evidence(clusters, x, c):
    """h_k(x), None for c itself."""
    own = clusters[c].dissimilarity(x)
    return [None if k == c else rival.dissimilarity(x) - own for k, rival in enumerate(clusters)]


def pair(clusters, x, c, k):
    """Z_k, by the gradient half-way between root and x, and h_k(m_k)."""
    own, rival = clusters[c], clusters[k]
    root = (own.mean + rival.mean) / 2
    half_way = (x + root) / 2
    z = (x - root) * (rival.gradient(half_way) - own.gradient(half_way))
    return z, rival.dissimilarity(root) - own.dissimilarity(root)


def pair_by_integration(clusters, x, c, k):
    """The same from nothing but d: gradients by central differences, averaged over the way by quadrature."""
    own, rival = clusters[c], clusters[k]

    def h(at):
        return rival.dissimilarity(at) - own.dissimilarity(at)

    root = (own.mean + rival.mean) / 2
    step = np.eye(len(x), dtype=int) * mpmath.mpf("0.125")

    def slope(t, i):
        at = root + t * (x - root)
        return (h(at + step[i]) - h(at - step[i])) / (2 * step[i, i])

    mean_gradient = [mpmath.quad(lambda t, i=i: slope(t, i), [0, 1], maxdegree=3) for i in range(len(x))]
    return (x - root) * np.array(mean_gradient), h(root)


def linear_pair(network: LinearNetwork, x, c, k):
    """Z_k and h_k(m_k) of linear scores, in 50 digits."""
    w, mu, v = (exactly(a) for a in (network.weights, network.centers, network.offsets))
    return (w[c] - w[k]) * (exactly(x) - (mu[c] + mu[k]) / 2), v[c] - v[k]


def gradient_at_x(clusters, x, c, k):
    """Mistake: gradient × (x − root), as if h were linear."""
    own, rival = clusters[c], clusters[k]
    root = (own.mean + rival.mean) / 2
    z = (x - root) * (rival.gradient(x) - own.gradient(x))
    return z, rival.dissimilarity(root) - own.dissimilarity(root)


def constant_on_features(clusters, x, c, k):
    """Mistake: what is left at the root is shared out among the features."""
    z, left = pair(clusters, x, c, k)
    return z + left / len(x), left * 0


def root_at_the_mean_of_all(clusters, x, c, k):
    """Mistake: one root for all pairs."""
    own, rival = clusters[c], clusters[k]
    root = sum(cluster.mean for cluster in clusters) / len(clusters)
    half_way = (x + root) / 2
    z = (x - root) * (rival.gradient(half_way) - own.gradient(half_way))
    return z, rival.dissimilarity(root) - own.dissimilarity(root)


def rival_alone(clusters, x, c, k):
    """Mistake: how far the rival is, without how far the own cluster is."""
    z, left = pair(clusters, x, c, k)
    half_way = (3 * x + clusters[k].mean) / 4
    return z + (x - half_way) * clusters[c].gradient(half_way), left


MISTAKES = [gradient_at_x, constant_on_features, root_at_the_mean_of_all, rival_alone]
