"""Support points: with one in each cluster k-means, and what changes nothing changes nothing."""

import numpy as np
import pytest

import neonxai
from neonxai.networks import CentroidNetwork, SupportNetwork

INF = np.inf
LOW_AGREEMENT = pytest.mark.filterwarnings("ignore:The network that stands in for the clustering:UserWarning")


# One support point in each cluster: k-means.


@pytest.mark.parametrize("gamma", [1e-3, 1.0, 1e3, INF])
@pytest.mark.parametrize("shift", [0.0, 2.0**27])
def test_one_point_in_each_cluster_is_k_means(gamma, shift):
    rng = np.random.default_rng(0)
    centers = np.round(64 * rng.standard_normal((5, 4))) / 64 + shift
    X = np.round(64 * 2 * rng.standard_normal((50, 4))) / 64 + shift
    check_same_as_k_means(centers, X, gamma)


@pytest.mark.parametrize("gamma", [1.0, INF])
@pytest.mark.parametrize("far", [1e2, 1e4, 1e6, 1e8])
def test_one_point_in_each_cluster_is_k_means_for_far_rows(gamma, far):
    rng = np.random.default_rng(0)
    check_same_as_k_means(rng.standard_normal((5, 4)), rng.standard_normal((20, 4)) + far, gamma)


def check_same_as_k_means(centers, X, gamma):
    network = SupportNetwork(centers, np.arange(len(centers)), gamma=gamma)
    found = neonxai.explain(network, X, beta=0.5)
    wanted = neonxai.explain(CentroidNetwork(centers), X, beta=0.5)
    scale = np.abs(wanted.relevance).sum(axis=1)
    assert np.array_equal(found.labels, wanted.labels)
    assert np.all(np.abs(found.logits - wanted.logits) <= 1e-9 * scale)
    assert np.all(np.abs(found.relevance - wanted.relevance).max(axis=1) <= 1e-9 * scale)
    assert np.all(np.abs(found.absorbed) <= 1e-9 * scale)


# What changes nothing changes nothing.


def grid(seed=0, n=80, n_features=4):
    """On 1/16, so that shifts and permutations lose no bit."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    X = (
        np.round(16 * (rng.standard_normal((n, n_features)) + 2 * rng.standard_normal((3, n_features))[y]))
        / 16
    )
    y[::11] = -1
    X[::11] *= 3
    return X, y


def explained(X, y, gamma=0.5, **options):
    return neonxai.explain_labels(y, X, gamma=gamma, beta=0.5, **options)


def check_same(found, wanted, rows=slice(None), features=slice(None)):
    """Of two explanations, relative to a row's Σ|R| + |absorbed|: two ways to round, each 1e-12."""
    scale = np.abs(wanted.relevance).sum(axis=1) + np.abs(wanted.absorbed)
    r = wanted.relevance[:, features][rows]
    assert np.array_equal(found.labels, wanted.labels[rows])
    assert np.array_equal(found.competitors, wanted.competitors[rows])
    assert np.all(np.abs(found.relevance - r).max(axis=1) <= 1e-11 * scale[rows])
    assert np.all(np.abs(found.logits - wanted.logits[rows]) <= 1e-11 * scale[rows])
    assert np.all(np.abs(found.absorbed - wanted.absorbed[rows]) <= 1e-11 * scale[rows])


@LOW_AGREEMENT
@pytest.mark.parametrize("gamma", ["auto", 0.5, INF])
class TestInvariance:
    def test_shift(self, gamma):
        X, y = grid()
        check_same(explained(X + 2.0**27, y, gamma), explained(X, y, gamma))

    def test_features_permuted(self, gamma):
        X, y = grid()
        order = np.random.default_rng(1).permutation(X.shape[1])
        check_same(explained(X[:, order], y, gamma), explained(X, y, gamma), features=order)

    def test_rows_and_points_permuted(self, gamma):
        X, y = grid()
        order = np.random.default_rng(1).permutation(len(X))
        check_same(explained(X[order], y[order], gamma), explained(X, y, gamma), rows=order)

    def test_clusters_renamed(self, gamma):
        X, y = grid()
        names = np.array(["noise", "c", "a", "b"])
        renamed = explained(X, names[y + 1], gamma, noise="noise")
        wanted = explained(X, y, gamma)
        for field in ("relevance", "logits", "absorbed"):
            np.testing.assert_allclose(
                getattr(renamed, field), getattr(wanted, field), rtol=1e-11, atol=1e-11
            )
        assert np.array_equal(renamed.labels, names[wanted.labels + 1])
        assert np.array_equal(renamed.competitors, names[wanted.competitors + 1])

    @pytest.mark.parametrize("exponent", [-20, 3, 40])
    def test_scale(self, gamma, exponent):
        X, y = grid()
        scaled_gamma = gamma if gamma == "auto" else np.ldexp(gamma, -2 * exponent)
        beta = np.ldexp(0.5, -2 * exponent)
        scaled = neonxai.explain_labels(y, np.ldexp(X, exponent), gamma=scaled_gamma, beta=beta)
        wanted = explained(X, y, gamma)
        size = np.abs(wanted.relevance).sum(axis=1)
        assert np.array_equal(scaled.labels, wanted.labels)
        back = np.ldexp(scaled.relevance, -2 * exponent)
        assert np.all(np.abs(back - wanted.relevance).max(axis=1) <= 1e-11 * size)

    def test_a_row_does_not_depend_on_its_batch(self, gamma):
        X, y = grid()
        explainer = neonxai.ClusterExplainer(neonxai.Labels(y), gamma=gamma, beta=0.5).fit(X)
        check_same(explainer.explain(X[7:9]), explainer.explain(X), rows=slice(7, 9))

    def test_saved_and_loaded_it_gives_the_same_bits(self, gamma, tmp_path):
        X, y = grid()
        explainer = neonxai.ClusterExplainer(neonxai.Labels(y), gamma=gamma).fit(X)
        explainer.save(tmp_path / "labels.neon")
        loaded = neonxai.ClusterExplainer.load(tmp_path / "labels.neon")
        rows = np.vstack([X, X + 0.25])
        found, wanted = loaded.explain(rows), explainer.explain(rows)
        for field in ("relevance", "logits", "absorbed", "labels", "targets", "competitors", "probabilities"):
            assert np.array_equal(getattr(found, field), getattr(wanted, field)), field
        assert found.agreement == wanted.agreement
        assert found.beta == wanted.beta
        np.testing.assert_array_equal(loaded.contrast(), explainer.contrast())
