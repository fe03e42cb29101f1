"""Shapley values by their definition: all coalitions, one row after the other."""

from itertools import combinations
from math import factorial

import numpy as np

from neonxai.networks import CentroidNetwork, DiagonalGaussianNetwork, LinearNetwork, fold
from neonxai.networks.affine import AffineMap
from neonxai.networks.folded import ScaledNetwork
from neonxai.networks.folded_rivals import FoldedRivalsNetwork


def logit(network, Z, cluster, *, rival=None, pooling="min", beta=1.0):
    """f_c of rows, one cluster for all, from the network's own evidence."""
    h = network.evidence(Z, np.full(len(Z), cluster))[1]
    if rival is not None:
        return h[:, rival]
    if pooling == "min" or beta == np.inf:
        return h.min(axis=1)
    return -np.log(np.exp(-beta * h).sum(axis=1)) / beta


def value(network, x, cluster, background, coalition, *, weights=None, **asked):
    Z = background.astype(float)
    Z[:, list(coalition)] = x[list(coalition)]
    return np.average(logit(network, Z, cluster, **asked), weights=weights)


def shapley_values(network, x, cluster, background, **asked):
    n = len(x)
    values = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for coalition in combinations(others, size):
                gain = value(network, x, cluster, background, (*coalition, i), **asked)
                gain -= value(network, x, cluster, background, coalition, **asked)
                values[i] += weight * gain
    return values


def many_values(network, X, clusters, background, rivals=None, **asked):
    rivals = [None] * len(X) if rivals is None else rivals
    return np.array(
        [
            shapley_values(network, x, c, background, rival=k, **asked)
            for x, c, k in zip(X, clusters, rivals, strict=True)
        ]
    )


RNG = np.random.default_rng(5)
MEANS = RNG.normal(size=(4, 6))
METRIC = np.eye(6) + 0.3 * np.ones((6, 6))
OFFSETS = np.array([0.0, 0.4, -0.3, 0.2])


def families():
    """Networks of six inputs, of every family that is additive."""
    centroid = CentroidNetwork(MEANS)
    diagonal = DiagonalGaussianNetwork(MEANS, RNG.uniform(0.3, 3.0, (4, 6)), OFFSETS)
    scaler = AffineMap.scaling(RNG.uniform(0.5, 2.0, 6), RNG.normal(size=6))
    # One input is used twice, one not at all, and one output is constant.
    routed = np.zeros((6, 6))
    routed[[0, 1, 2, 3, 5], [4, 4, 0, 1, 3]] = [1.0, -2.0, 0.5, 1.0, 3.0]
    constant = AffineMap.of(routed, np.array([0.0, 0.1, 0.0, 0.0, 0.7, 0.0]))
    plane = CentroidNetwork(MEANS)
    return {
        "centroid": centroid,
        "linear": LinearNetwork(MEANS @ METRIC, MEANS, OFFSETS),
        "diagonal": diagonal,
        "scaled centroid": fold(centroid, scaler),
        "scaled diagonal": fold(diagonal, scaler),
        "routed": ScaledNetwork(diagonal, constant),
        "mixed, rival by rival": FoldedRivalsNetwork(plane, AffineMap.of(RNG.normal(size=(6, 6)))),
        "mixed": fold(plane, AffineMap.of(RNG.normal(size=(6, 6)))),
    }


def rows(n, n_features=6, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_features))
