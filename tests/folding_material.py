"""Affine maps of wine; networks of every family over what they give, and what their evidence is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse
from sklearn.datasets import load_wine

import folding_reference as slow
from neonxai.networks import (
    CentroidNetwork,
    CentroidTreeNetwork,
    DensityOutlierNetwork,
    DiagonalGaussianNetwork,
    DistanceOutlierNetwork,
    FuzzyNetwork,
    GaussianNetwork,
    LinearNetwork,
    LocalOutlierNetwork,
    Network,
    SupportNetwork,
)
from neonxai.networks.affine import AffineMap

if TYPE_CHECKING:
    from collections.abc import Callable

# Two ways to compute the same sums, some of them over hundreds of pairs.
CLOSE = 1e-10
# Rows of wine: some of each cultivar.
ASKED = np.arange(3, 178, 29)

WINE = load_wine().data[:, [0, 1, 2, 6, 9]]
CULTIVAR = load_wine().target


def scaler(X=WINE):
    return AffineMap.scaling(1 / X.std(axis=0), center=X.mean(axis=0))


def components(n, X=WINE):
    scaled = scaler(X)(X)
    axes = np.linalg.svd(scaled, full_matrices=False)[2][:n]
    return scaler(X).then(AffineMap.of(axes, sizes=np.ones(X.shape[1])))


def union():
    """Scaled columns and two components of them, side by side."""
    twice = AffineMap.selection(np.tile(np.arange(WINE.shape[1]), 2), WINE.shape[1])
    return twice.then(AffineMap.side_by_side([scaler(), components(2)]))


def some_and_one_twice():
    chosen = AffineMap.selection([3, 0, 0, 4], WINE.shape[1])
    return chosen.then(AffineMap.scaling([0.7, 1.1, -0.4, 0.3], center=[5.0, 13.0, 0.0, 4.0]))


def far(affine):
    """Rows 1e8 spreads away, and the map that takes them back."""
    there = 1e8 * WINE.std(axis=0)
    return AffineMap.scaling(np.ones(WINE.shape[1]), center=there).then(affine)


MAPS: dict[str, Callable[[], AffineMap]] = {
    "scaler": scaler,
    "some, one twice": some_and_one_twice,
    "all components": lambda: components(5),
    "two components": lambda: components(2),
    "union": union,
    "uncentered": lambda: AffineMap.of(components(3).matrix),
}
MIXING = ["all components", "two components", "union", "uncentered"]


@dataclass(frozen=True)
class Case:
    """A network over z, and what its evidence consists of for row ``row`` of wine."""

    network: Network
    parts: Callable[[int], Any]


def means(Z):
    return np.array([Z[k == CULTIVAR].mean(axis=0) for k in range(3)])


def centroid(Z):
    return Case(CentroidNetwork(means(Z)), lambda _: slow.centers(means(Z)))


def covariances(Z):
    # Where columns depend on each other covariances are singular.
    return [np.cov(Z[k == CULTIVAR].T) + 0.3 * np.eye(Z.shape[1]) for k in range(3)]


def linear(Z):
    weights = means(Z) @ np.linalg.inv(sum(covariances(Z)))
    network = LinearNetwork(weights, means(Z), [0.3, 0.0, -0.2])
    return Case(network, lambda _: slow.scores(weights, means(Z)))


def gaussian(Z):
    precisions = [np.linalg.inv(c) for c in covariances(Z)]
    network = GaussianNetwork(means(Z), [np.linalg.cholesky(p) for p in precisions], [0.1, 0.2, 0.0])
    return Case(network, lambda _: slow.gaussians(means(Z), precisions))


def diagonal(Z):
    precisions = 1 / np.array([np.diag(c) for c in covariances(Z)])
    network = DiagonalGaussianNetwork(means(Z), precisions, [0.1, 0.2, 0.0])
    return Case(network, lambda _: slow.gaussians(means(Z), [np.diag(p) for p in precisions]))


def tree(Z):
    mu = means(Z)
    pairs = np.array([[mu[0], 0.5 * (mu[1] + mu[2])], [mu[1], mu[2]]])
    children = np.array([[-1, 1], [-2, -3]])
    return Case(CentroidTreeNetwork(pairs, children), lambda _: slow.tree(pairs, children))


def fuzzy(Z):
    return Case(FuzzyNetwork(means(Z), 2.0), lambda _: slow.fuzzy(means(Z)))


SOME = np.union1d(np.arange(0, 178, 7), ASKED[::2])  # points; the asked rows among them are known


def place_of(row):
    """Which point a row is."""
    return next((place for place, point in enumerate(SOME) if point == row), None)


def labels(gamma, *, noise=None, known=False):
    def case(Z):
        members = np.array(CULTIVAR[SOME])
        network = SupportNetwork(
            Z[SOME],
            members,
            gamma=gamma,
            noise=noise,
            threshold=1.0 if noise is not None else np.inf,
            stands_in=known,
        )

        def parts(row):
            return slow.support(Z[SOME], members, gamma, noise=noise, row=place_of(row) if known else None)

        return Case(network, parts)

    return case


def density(Z):
    weights = np.linspace(0.5, 1.5, len(SOME))
    network = DensityOutlierNetwork(Z[SOME], weights, gamma=0.4, threshold=0.5)
    return Case(network, lambda _: slow.density(Z[SOME], weights, 0.4))


def distance(Z):
    weights = np.array([0.5, 0.3, 0.2])
    network = DistanceOutlierNetwork(Z[SOME], weights, threshold=0.5)

    def parts(row):
        return slow.neighbors(Z[SOME], 3, lambda _, d: weights * d, row=place_of(row))

    return Case(network, parts)


def factor(Z):
    reach, rho = np.linspace(0.1, 0.9, len(SOME)), np.linspace(0.7, 2.0, len(SOME))
    network = LocalOutlierNetwork(Z[SOME], reach, rho, 4, threshold=1.5)

    def contribution(near, d):
        return rho[near].mean() / 4 * np.maximum(reach[near], d)

    def parts(row):
        return slow.neighbors(Z[SOME], 4, contribution, row=place_of(row))

    return Case(network, parts)


PAIRED = {
    "centroid": centroid,
    "linear": linear,
    "gaussian": gaussian,
    "diagonal": diagonal,
    "tree": tree,
    "fuzzy": fuzzy,
    "labels": labels(0.5),
    "known labels": labels(0.5, known=True),
    "nearest": labels(np.inf, known=True),
    "noise": labels(2.0, noise=1),
}
SCORED = {"density": density, "distance": distance, "factor": factor}
FAMILIES = {**PAIRED, **SCORED}


def slow_map(affine):
    matrix, inverse = (m.toarray() if issparse(m) else m for m in (affine.matrix, affine.inverse))
    return slow.Map(matrix, affine.offset, inverse, affine.origin)


def explained(network, X):
    """Relevance and what is absorbed for the assigned clusters, all rivals alike."""
    clusters, evidence = network.evidence(X)
    return network.redistribute(X, clusters, np.isfinite(evidence).astype(float))


def assert_close(found, wanted, tolerance=CLOSE):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance * np.abs(wanted[0]).sum(axis=1).min(), rtol=1e-9)
