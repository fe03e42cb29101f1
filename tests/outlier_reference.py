"""Outlier scores and their distribution by hand: one row and one pair at a time, in 40 digits."""

import mpmath
import numpy as np

from neonxai.networks import DensityOutlierNetwork, DistanceOutlierNetwork, LocalOutlierNetwork

# Two ways to compute one sum of some thousand terms.
CLOSE = 1e-10


def spread(contributions, x, points):
    """Σ_j s_j (x_i − u_ji)² / ‖x − u_j‖², and what has no direction."""
    relevance, absorbed = [mpmath.mpf(0)] * len(x), mpmath.mpf(0)
    for s, u in zip(contributions, points, strict=True):
        squares = [(mpmath.mpf(float(a)) - mpmath.mpf(float(b))) ** 2 for a, b in zip(x, u, strict=True)]
        if sum(squares) == 0:
            absorbed += s
        else:
            relevance = [r + s * q / sum(squares) for r, q in zip(relevance, squares, strict=True)]
    return [float(r) for r in relevance], float(absorbed)


def distance(x, u):
    return mpmath.sqrt(
        sum((mpmath.mpf(float(a)) - mpmath.mpf(float(b))) ** 2 for a, b in zip(x, u, strict=True))
    )


def slow_density(network, x):
    weights = [mpmath.mpf(float(w)) for w in network.weights]
    gamma = mpmath.mpf(network.gamma)
    terms = [
        w * mpmath.exp(-gamma * distance(x, u) ** 2) for w, u in zip(weights, network.support, strict=True)
    ]
    score = -mpmath.log(sum(terms) / sum(weights)) / gamma
    squares = [
        sum(
            t * (mpmath.mpf(float(a)) - mpmath.mpf(float(b))) ** 2 for t, b in zip(terms, column, strict=True)
        )
        for a, column in zip(x, network.support.T, strict=True)
    ]
    return float(score), [float(score * s / sum(squares)) for s in squares], 0.0


def slow_neighbors(network, x):
    """The k nearest, the row itself left out, as pairs of distance and position."""
    ranked = sorted((distance(x, u), j) for j, u in enumerate(network.support))
    return (ranked[1:] if ranked[0][0] == 0 else ranked)[: network.n_neighbors]


def slow_distance(network, x):
    near = slow_neighbors(network, x)
    contributions = [mpmath.mpf(float(w)) * d for w, (d, _) in zip(network.weights, near, strict=True)]
    return (float(sum(contributions)), *spread(contributions, x, [network.support[j] for _, j in near]))


def slow_factor(network, x):
    near = slow_neighbors(network, x)
    k = len(near)
    density = sum(mpmath.mpf(float(network.density[j])) for _, j in near) / k
    contributions = [density / k * max(mpmath.mpf(float(network.reach[j])), d) for d, j in near]
    constant = density * mpmath.mpf(1e-10)
    relevance, absorbed = spread(contributions, x, [network.support[j] for _, j in near])
    return float(sum(contributions) + constant), relevance, absorbed + float(constant)


SLOW = {
    DensityOutlierNetwork: slow_density,
    DistanceOutlierNetwork: slow_distance,
    LocalOutlierNetwork: slow_factor,
}


def check_distribution(explain_scores, network, X):
    """Scores, relevance and what is absorbed are those of the slow reference; relevance ≥ 0."""
    with mpmath.workdps(40):
        wanted = [SLOW[type(network)](network, x) for x in X]
    found = explain_scores(X)
    scores = np.array([score for score, _, _ in wanted])
    np.testing.assert_allclose(found.values, scores, rtol=CLOSE)
    np.testing.assert_allclose(found.absorbed / scores, [a for _, _, a in wanted] / scores, atol=CLOSE)
    relevance = np.array([r for _, r, _ in wanted])
    np.testing.assert_allclose(found.relevance / scores[:, None], relevance / scores[:, None], atol=CLOSE)
    total = found.relevance.sum(axis=1) + found.absorbed
    np.testing.assert_allclose(total, found.values, rtol=CLOSE)
    assert np.all(found.relevance >= 0)
