"""γ for labels: what the leave-one-out likelihood says, whatever the names, order and unit of the data."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from neonxai.neighborhoods import bandwidth
from neonxai.neighborhoods.bandwidth import likely_bandwidth

REAL = {
    "iris": load_iris(return_X_y=True),
    "wine": (StandardScaler().fit_transform(load_wine().data), load_wine().target),
    "cancer": (StandardScaler().fit_transform(load_breast_cancer().data), load_breast_cancer().target),
    "digits": tuple(part[:700] for part in load_digits(return_X_y=True)),
}


def log_likelihood(X, y, gamma):
    """log P of each row's own label, left out of its own cluster: one row at a time."""
    scores = []
    for i, x in enumerate(X):
        d = ((X - x) ** 2).sum(axis=1)
        potentials = {}
        for k in np.unique(y):
            others = np.flatnonzero((y == k) & (np.arange(len(X)) != i))
            if len(others):
                potentials[k] = logsumexp(-gamma * d[others]) - np.log(len(others))
        if np.count_nonzero(y == y[i]) > 1:
            scores.append(potentials[y[i]] - logsumexp(list(potentials.values())))
    return np.array(scores)


def check_choice(choose, X, y):
    """The chosen γ is within a standard error (or 0.01) of the best on a finer and wider grid, and smallest.

    Smallest: half of it is not within the error any more, or is beyond the grid of candidates.
    """
    gamma = choose(X, y)
    squares = ((X[:, None] - X) ** 2).sum(axis=2)
    widest = np.median(squares[squares > 0])
    grid = np.geomspace(0.1 / widest, 1e4 / widest, 30)
    scores = [log_likelihood(X, y, g) for g in grid]
    best = max(scores, key=np.mean)
    error = max(best.std() / np.sqrt(len(X)), 0.01)
    # Candidates are a step apart, and the best of them is not quite the best of all.
    assert log_likelihood(X, y, gamma).mean() >= best.mean() - 3 * error
    assert gamma <= 0.15 / widest or log_likelihood(X, y, gamma / 2).mean() < best.mean() - 0.5 * error


def thinned(name):
    X, y = REAL[name]
    step = 1 + len(X) // 100
    return X[::step], y[::step]


@pytest.mark.parametrize("name", ["iris", "wine", "cancer"])
def test_the_choice_is_the_likelihoods(name):
    check_choice(likely_bandwidth, *thinned(name))


@pytest.mark.parametrize(
    "rule",
    [
        lambda X, y: 30 * likely_bandwidth(X, y),
        lambda X, y: likely_bandwidth(X, y) / 30,
    ],
    ids=["too narrow", "too wide"],
)
def test_other_rules_are_rejected(rule):
    with pytest.raises(AssertionError):
        check_choice(rule, *thinned("wine"))


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("exponent", [-30, 7, 60])
def test_the_unit_of_the_data_does_not_matter(name, exponent):
    X, y = REAL[name]
    assert likely_bandwidth(np.ldexp(X, exponent), y) == pytest.approx(
        np.ldexp(likely_bandwidth(X, y), -2 * exponent), rel=1e-9
    )


@pytest.mark.parametrize("name", REAL)
def test_a_shift_does_not_matter(name):
    X, y = REAL[name]
    X = np.round(X * 64) / 64
    assert likely_bandwidth(X + 2.0**27, y) == pytest.approx(likely_bandwidth(X, y), rel=1e-9)


def blobs(n=(901, 700, 500), seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(n)), n)
    return rng.standard_normal((len(y), 3)) + 1.2 * rng.standard_normal((len(n), 3))[y], y


# More than 1,000 rows: which of them are asked must not depend on their order, nor on the clusters' names.
@pytest.mark.parametrize("n", [(301, 200, 120), (901, 700, 500), (2200, 1300, 901)])
@pytest.mark.parametrize("seed", [0])
def test_names_do_not_matter(n, seed):
    X, y = blobs(n, seed)
    for renamed in ([2, 0, 1], [1, 2, 0], [2, 1, 0]):
        assert likely_bandwidth(X, np.array(renamed)[y]) == pytest.approx(likely_bandwidth(X, y), rel=1e-9)


@pytest.mark.parametrize("n", [(301, 200, 120), (901, 700, 500), (2200, 1300, 901)])
@pytest.mark.parametrize("seed", [0])
def test_the_order_of_rows_does_not_matter(n, seed):
    X, y = blobs(n, seed)
    order = np.random.default_rng(5).permutation(len(X))
    assert likely_bandwidth(X[order], y[order]) == pytest.approx(likely_bandwidth(X, y), rel=1e-9)


def test_a_sample_is_enough(monkeypatch):
    """Of 1,500 rows 1,000 are looked at, and 250 asked: about the same γ as from all."""
    X, y = blobs((650, 475, 375))
    monkeypatch.setattr(bandwidth, "_QUERIES", 10_000)
    whole = likely_bandwidth(X, y)
    monkeypatch.setattr(bandwidth, "_POINTS", 1000)
    monkeypatch.setattr(bandwidth, "_QUERIES", 250)
    assert 0.3 < likely_bandwidth(X, y) / whole < 3


def test_clusters_smaller_than_the_sampling_step_do_no_harm():
    X, y = blobs((3500, 1500, 1))
    assert 0.1 < likely_bandwidth(X, y) / likely_bandwidth(X[:5000], y[:5000]) < 10


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.ones((6, 2)), [0, 0, 0, 1, 1, 1]),
        ([[0.0], [1.0], [5.0]], [0, 1, 2]),
        ([[0.0], [1.0], [5.0]], [0, 0, 1]),
        ([[0.0], [0.0], [5.0], [5.0]], [0, 0, 1, 1]),
        ([[0.0], [0.0], [5.0], [5.0]], [0, 1, 0, 1]),
        ([[0.0], [3.0], [5.0], [9.0]], [0, 0, 0, 0]),
        (np.r_[np.zeros((50, 2)), np.eye(2)], [0] * 50 + [1] * 2),
    ],
    ids=["one point", "singletons", "a singleton", "twins", "torn twins", "one cluster", "mostly duplicates"],
)
@pytest.mark.parametrize("scale", [1.0, 1e-60, 1e60])
def test_degenerate_data_has_a_width(X, y, scale):
    gamma = likely_bandwidth(scale * np.asarray(X, dtype=float), np.array(y))
    assert 0 < gamma < np.inf
