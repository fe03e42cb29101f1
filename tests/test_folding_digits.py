"""Behind affine maps: digits far from the origin, centers close together, rows recognised, many points."""

import mpmath
import numpy as np
import pytest

import folding_reference as slow
from folding_material import (
    ASKED,
    MAPS,
    SOME,
    WINE,
    assert_close,
    components,
    explained,
    labels,
    scaler,
    slow_map,
)
from neonxai.neighborhoods import DenseSearcher, NearestSearcher
from neonxai.networks import CentroidNetwork, SupportNetwork, fold
from neonxai.networks.affine import AffineMap
from neonxai.networks.folded_rivals import FoldedRivalsNetwork
from neonxai.testing import check_network


def exact_relevance(mu, affine, e, c, shares):
    """Σ_k a_k Z̃_k of k-means, in 50 digits, from the map as it is: A (e − q)."""
    with mpmath.workdps(50):
        exact = slow.exactly
        A, q, mu, e = (
            exact(affine.matrix @ np.eye(affine.n_inputs)),
            exact(affine.origin),
            exact(mu),
            exact(e),
        )
        Q = exact(affine.inverse @ np.eye(affine.n_outputs))
        around = slow.Map(A, -(A @ q), Q, q)
        parts = slow.centers(mu)
        return sum(
            exact(share)
            * (around.A.T @ parts(None, c, k)[0].gradient(None))
            * (e - around.preimage(parts(None, c, k)[0].root))
            for k, share in enumerate(shares)
            if k != c
        )


def worst_error(mu, affine, X, network=None):
    network = fold(CentroidNetwork(mu), affine) if network is None else network
    clusters, evidence = network.evidence(X)
    coefficients = np.where(np.isfinite(evidence), 0.5 + np.arange(len(mu)), 0.0)
    found = network.redistribute(X, clusters, coefficients)[0]
    errors = []
    for e, r, c, shares in zip(X, found, clusters, coefficients, strict=True):
        wanted = exact_relevance(mu, affine, e, c, shares)
        errors.append(float(max(abs(slow.exactly(r) - wanted)) / sum(abs(wanted))))
    return max(errors)


def rotation(n):
    return AffineMap.of(np.linalg.qr(np.random.default_rng(1).normal(size=(n, n)))[0], sizes=np.ones(n))


@pytest.mark.parametrize("turned", [False, True])
def test_far_from_the_origin_no_digit_is_lost(turned):
    """Rows that are 1e8 spreads away, behind a scaler that takes them back."""
    X = WINE[ASKED] + 1e8 * WINE.std(axis=0)
    near = AffineMap.scaling(1 / X.std(axis=0), center=X.mean(axis=0))
    affine = near.then(rotation(5)) if turned else near
    mu = affine(X)[[0, 3, 6]]
    assert worst_error(mu, affine, X) < 1e-12
    # Broken: the mean is not subtracted first. Its digits are gone.
    lost = AffineMap(affine.matrix, affine.offset, affine.inverse, np.zeros(5))
    assert worst_error(mu, affine, X, fold(CentroidNetwork(mu), lost)) > 1e-9


def test_labels_far_from_the_origin():
    away = 1e8 * np.array([2.0**-4] * 5)  # exact, so that rows are the same but for their place
    X = np.round(WINE * 64) / 64
    affine = components(3)
    there = AffineMap.scaling(np.ones(5), center=away).then(affine)
    network = labels(0.5, known=True)(affine(X)).network
    found = explained(fold(network, there), X[ASKED] + away)
    assert_close(found, explained(fold(network, affine), X[ASKED]))
    np.testing.assert_array_equal(
        fold(network, there).known_labels(X + away), network.known_labels(affine(X))
    )


@pytest.mark.parametrize("distance", [0.0, 1e-7])
def test_centers_close_to_each_other(distance):
    """Weights of such centers would differ by their rounding."""
    affine = scaler().then(rotation(5))
    mu = affine(WINE)[[0, 70, 150, 150]]
    mu[3] += distance
    assert isinstance(fold(CentroidNetwork(mu), affine), FoldedRivalsNetwork)
    assert worst_error(mu, affine, np.vstack([WINE[ASKED], WINE[150] + 1e-6])) < 1e-9
    if distance == 0.0:
        evidence = fold(CentroidNetwork(mu), affine).evidence(WINE[140:160])[1]
        assert np.count_nonzero(evidence == 0.0) >= 10  # ties are exact


# Recognition.


def test_rows_are_recognised_whatever_the_batch():
    """A product with the map rounds one row otherwise than many: most of all components that hardly vary."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 40)) @ np.diag(np.geomspace(1.0, 1e-6, 40)) + 1.0
    axes = np.linalg.qr(rng.normal(size=(40, 40)))[0]
    affine = AffineMap.of(axes, sizes=np.ones(40))
    members = np.arange(600) % 3
    network = SupportNetwork(affine(X), members, gamma=1.0, stands_in=True)
    folded = fold(network, affine)
    np.testing.assert_array_equal(folded.known_labels(X), members)
    alone = [folded.known_labels(X[[i]])[0] for i in range(100)]
    np.testing.assert_array_equal(alone, members[:100])
    new = X + 1e-6
    assert np.all(folded.known_labels(new) == -1)


@pytest.mark.parametrize("affine", ["scaler", "two components"])
def test_copies_in_float32_and_in_text_are_recognised(affine):
    affine = MAPS[affine]()
    network = labels(0.5, known=True)(affine(WINE)).network
    folded = fold(network, affine)
    known = network.known_labels(affine(WINE))
    text = np.array([[float(f"{v:.15g}") for v in row] for row in WINE * (1 + 3e-16)])
    for copy in (WINE.astype(np.float32), text):
        np.testing.assert_array_equal(folded.known_labels(copy), known)
    left_out = explained(folded, WINE[SOME[:5]])[0]
    np.testing.assert_allclose(explained(folded, text[SOME[:5]])[0], left_out, rtol=1e-9, atol=1e-9)


# Many points.


def test_many_labels_by_nearest_points_and_by_all():
    """Both searchers, with more points than one block of them holds."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 3)) + 4.0 * (np.arange(6000) % 3)[:, None]
    affine = AffineMap.of(rng.normal(size=(3, 3)), center=X.mean(axis=0))
    members = np.arange(6000) % 3
    asked = X[::500] + 0.01
    for gamma in (0.01, 1000.0):
        network = SupportNetwork(affine(X), members, gamma=gamma)
        assert isinstance(network.searcher, DenseSearcher if gamma == 0.01 else NearestSearcher)
        found = explained(fold(network, affine), asked)[0]
        same = SupportNetwork(affine(X)[:3000], members[:3000], gamma=gamma)
        check_network(fold(same, affine), asked)
        z, folded = affine(asked), slow_map(affine)
        clusters, _ = network.evidence(z)
        for n in range(0, len(asked), 4):
            wanted = slow_support(affine(X), members, gamma, asked[n], int(clusters[n]), folded)
            np.testing.assert_allclose(found[n], wanted, atol=1e-10 * np.abs(wanted).sum(), rtol=0)


def slow_support(points, members, gamma, e, c, affine):
    """Σ_k Z̃_k over all pairs, a row of them at a time."""
    z, total = affine(e), 0.0
    shares = {}
    for k in range(3):
        d = ((z - points[members == k]) ** 2).sum(axis=1)
        q = np.exp(-gamma * (d - d.min()))
        shares[k] = points[members == k], q / q.sum()
    own, q_own = shares[c]
    for k in range(3):
        if k == c:
            continue
        rival, q_rival = shares[k]
        for u, q in zip(own, q_own, strict=True):
            if q < 1e-18:
                continue
            roots = (u + rival) / 2 @ affine.Q.T + affine.q
            total = total + q * (q_rival[:, None] * (2 * (u - rival) @ affine.A) * (e - roots)).sum(axis=0)
    return total
