"""Walks in whole numbers give what walks in float64 give, whatever the size of what changes."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.preprocessing import StandardScaler

from neonxai.networks import CentroidNetwork, units
from neonxai.networks import shapley as module
from neonxai.networks.additive import pieces
from neonxai.networks.permutations import background_blocks, permutations
from neonxai.networks.shapley import shapley
from neonxai.networks.walking import Rules, walked

CASES = {"digits": (load_digits, 30), "breast cancer": (load_breast_cancer, 8), "wine": (load_wine, 6)}
PAIRS = 6


@pytest.fixture(params=[False, True], ids=["NumPy", "kernel"], autouse=True)
def kernel(request, monkeypatch):
    """Play by NumPy, and by the kernel, however few the additions."""
    if request.param:
        pytest.importorskip("numba")
    monkeypatch.setattr(module, "uses_kernel", lambda _: request.param)


def clustered(name):
    """A network, rows, the clusters they are explained for, and a background."""
    load, n_clusters = CASES[name]
    X = StandardScaler().fit_transform(load().data)
    model = KMeans(n_clusters, n_init=1, random_state=0).fit(X)
    rng = np.random.default_rng(0)
    some, background = rng.permutation(len(X))[:40], rng.choice(len(X), 20, replace=False)
    return CentroidNetwork(model.cluster_centers_), X[some], model.labels_[some], X[background]


def in_float64(network, X, clusters, background):
    """The same walks, cluster by cluster, without rounding to units."""
    starts = background_blocks(len(background))
    rules = Rules("min", 1.0, starts, permutations(X.shape[1], PAIRS, len(starts) - 1, 0), None)
    weights = np.full(len(background), 1.0 / len(background))
    values, errors = np.empty(X.shape), np.empty(X.shape)
    for own in np.unique(clusters):
        rows = clusters == own
        others = np.delete(np.arange(network.n_clusters), own)
        terms, rests = pieces(network, np.concatenate([background, X[rows]]), own, others, background[0])
        of_background, of_rows = terms[:, :, : len(background)], terms[:, :, len(background) :]
        mean, error = walked(of_rows, of_background, rests, weights, rules)
        values[rows], errors[rows] = mean.T, error.T
    return values, errors


def check_rounding(play, network, X, clusters, background):
    """To less than a millionth of each row's relevance."""
    found = play(network, X, clusters, background, n_permutations=PAIRS)
    values, errors = in_float64(network, X, clusters, background)
    size = np.abs(values).sum(axis=1, keepdims=True)
    assert (np.abs(found.values - values) <= 3e-7 * size).all()
    assert (np.abs(found.standard_error - errors) <= 3e-7 * size).all()
    return found


def coarse(*given, **asked):
    """Fifteen bits instead of twenty-nine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(units, "_BITS", 15)
        return shapley(*given, **asked)


@pytest.mark.parametrize("name", CASES)
def test_whole_numbers_are_exact_enough(name):
    check_rounding(shapley, *clustered(name))


@pytest.mark.parametrize("name", CASES)
def test_fewer_bits_are_rejected(name):
    with pytest.raises(AssertionError):
        check_rounding(coarse, *clustered(name))


@pytest.mark.parametrize("size", [1e-9, 1e-4, 1e6])
def test_what_changes_little_is_as_exact(size):
    """Rows and a background that differ by so much alone, anywhere between the centers."""
    network, X, clusters, background = clustered("wine")
    middle = X.mean(axis=0)
    near = middle + size * (X - middle), clusters, middle + size * (background - middle)
    check_rounding(shapley, network, *near)


def test_one_row_far_out_leaves_the_others_as_they_are():
    network, X, clusters, background = clustered("wine")
    alone = shapley(network, X, clusters, background, n_permutations=PAIRS)
    beside = X.copy()
    beside[3] *= 1e7
    found = check_rounding(shapley, network, beside, clusters, background)
    others = np.arange(len(X)) != 3
    np.testing.assert_array_equal(found.values[others], alone.values[others])


def test_a_rival_out_of_reach_changes_nothing():
    network, X, clusters, background = clustered("wine")
    far = network.centers[:1] + 1e5
    more = CentroidNetwork(np.concatenate([network.centers, far]))
    found = check_rounding(shapley, more, X, clusters, background)
    wanted = shapley(network, X, clusters, background, n_permutations=PAIRS)
    size = np.abs(wanted.values).sum(axis=1, keepdims=True)
    assert (np.abs(found.values - wanted.values) <= 3e-7 * size).all()


def test_a_far_rival_is_in_reach_of_a_row_beside_it():
    """And of background rows beside it, of which all others then know."""
    network, X, clusters, background = clustered("wine")
    more = CentroidNetwork(np.concatenate([network.centers, network.centers[:1] + 1e4]))
    X[3] += 1e4
    check_rounding(shapley, more, X, clusters, background)
    background[5] += 1e4
    check_rounding(shapley, more, X, clusters, background)
    clusters[4] = len(network.centers)
    check_rounding(shapley, more, X, clusters, background)


def test_values_sum_up():
    network, X, clusters, background = clustered("digits")
    found = shapley(network, X, clusters, background, n_permutations=PAIRS)
    distances = ((X[:, None] - network.centers) ** 2).sum(axis=2)
    each = np.arange(len(X))
    own = distances[each, clusters].copy()
    distances[each, clusters] = np.inf
    logits = distances.min(axis=1) - own
    size = np.abs(found.values).sum(axis=1)
    assert (np.abs(found.values.sum(axis=1) + found.base_value - logits) <= 1e-12 * size).all()


def test_evidence_beyond_numbers_is_refused():
    network, X, clusters, background = clustered("wine")
    with np.errstate(all="ignore"), pytest.raises(OverflowError, match="Scale the columns"):
        shapley(network, X * 1e308, clusters, background)
