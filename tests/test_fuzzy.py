"""Fuzzy c-means: its memberships are scikit-fuzzy's, and its closed form is the integral it stands for."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad_vec
from skfuzzy import cluster
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai.networks import CentroidNetwork, network_from_state
from neonxai.networks.fuzzy import FuzzyNetwork
from neonxai.sources import neuralize
from neonxai.sources.fuzzy import FuzzyCentroids
from neonxai.testing import check_network

DATA = {
    "wine": StandardScaler().fit_transform(load_wine().data),
    "iris": load_iris().data,
    "cancer": StandardScaler().fit_transform(load_breast_cancer().data)[:, :12],
}


def cmeans(X, n_clusters, m):
    """Run scikit-fuzzy, which wants features × samples."""
    rng = np.random.default_rng(1)
    start = rng.random((n_clusters, len(X)))
    return cluster.cmeans(X.T, n_clusters, m, error=1e-9, maxiter=300, init=start / start.sum(axis=0))


def random_problem(n_features, n_clusters, n=40, seed=0):
    rng = np.random.default_rng(seed)
    centers = 2.0 * rng.standard_normal((n_clusters, n_features))
    return centers, 2.0 * rng.standard_normal((n, n_features))


def pair(network, X, rival):
    """Z of the assigned clusters against one rival, and the evidence."""
    clusters, h = network.evidence(X)
    coefficients = np.zeros(h.shape)
    coefficients[:, rival] = clusters != rival
    return network.redistribute(X, clusters, coefficients)[0], clusters, h[:, rival]


def integral(x, own, rival):
    """(x − m) ∘ the mean gradient of log(‖y − rival‖² / ‖y − own‖²) on the way from m to x, by quadrature."""
    m = (own + rival) / 2
    v = x - m

    def gradient(t):
        to_rival, to_own = m + t * v - rival, m + t * v - own
        return 2 * to_rival / (to_rival @ to_rival) - 2 * to_own / (to_own @ to_own)

    return v * quad_vec(gradient, 0.0, 1.0, epsabs=1e-14, epsrel=1e-13, limit=400)[0]


def check_integral(network, X):
    """Each Z is its integral, to 1e-10 of Σ|Z|: what quadrature reaches."""
    for rival in range(network.n_clusters):
        relevance, clusters, _ = pair(network, X, rival)
        for x, own, found in zip(X, clusters, relevance, strict=True):
            if own != rival:
                wanted = integral(x, network.centers[own], network.centers[rival])
                assert np.abs(found - wanted).max() <= 1e-10 * np.abs(wanted).sum()


class Broken(FuzzyNetwork):
    """A base for networks with one fault each, whose sums are right all the same."""


class WithoutAngle(Broken):
    """The log-ratio alone, in proportion to the squared way: Σ Z = h, but no integral of anything."""

    def redistribute(self, X, clusters, coefficients):
        h = np.where(coefficients != 0, self.evidence(X, clusters)[1], 0.0)
        v = X[:, None] - (self.centers[clusters][:, None] + self.centers) / 2
        shares = v**2 / (v**2).sum(axis=2, keepdims=True)
        return np.einsum("nk,nkd->nd", coefficients * h, shares), np.zeros(len(X))


class TurnsTheOtherWay(Broken):
    """The angle with the other sign."""

    def redistribute(self, X, clusters, coefficients):
        plain = WithoutAngle(self.centers, self.fuzzifier).redistribute(X, clusters, coefficients)[0]
        return 2 * plain - super().redistribute(X, clusters, coefficients)[0], np.zeros(len(X))


class LikeKMeans(Broken):
    """The shares of k-means, scaled to the logarithm."""

    def redistribute(self, X, clusters, coefficients):
        hard = CentroidNetwork(self.centers)
        h = self.evidence(X, clusters)[1]
        d = hard.evidence(X, clusters)[1]
        h[np.arange(len(X)), clusters] = d[np.arange(len(X)), clusters] = 1.0
        return hard.redistribute(X, clusters, coefficients * h / d)


class LosesRelevance(Broken):
    def redistribute(self, X, clusters, coefficients):
        relevance, absorbed = super().redistribute(X, clusters, coefficients)
        return relevance * 1.0001, absorbed


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (13, 4)], ids=str)
def test_the_closed_form_is_the_integral(shape):
    centers, X = random_problem(*shape, n=12)
    check_integral(FuzzyNetwork(centers), X)


def test_the_closed_form_is_the_integral_on_real_data():
    X = DATA["wine"]
    check_integral(FuzzyNetwork(cmeans(X, 3, 1.6)[0], 1.6), X[::17])


@pytest.mark.parametrize("broken", Broken.__subclasses__())
def test_wrong_closed_forms_are_rejected(broken):
    centers, X = random_problem(3, 5, n=12)
    with pytest.raises(AssertionError):
        check_integral(broken(centers), X)


def test_only_the_integral_finds_them():
    """They conserve, so that conservation alone would let them pass."""
    centers, X = random_problem(3, 5, n=12)
    network = WithoutAngle(centers)
    clusters, h = network.evidence(X)
    a = np.where(np.isinf(h), 0.0, 1.0)
    total = np.where(np.isinf(h), 0.0, h).sum(axis=1)
    np.testing.assert_allclose(network.redistribute(X, clusters, a)[0].sum(axis=1), total, rtol=1e-12)


@pytest.mark.parametrize("closeness", [1e-1, 1e-3, 1e-6])
def test_next_to_the_line_through_a_center(closeness):
    """Beyond a center the integrand has a peak of width `closeness`; its digits need extended precision."""
    own, rival = np.array([1.0, 0.0, 0.0]), np.array([-1.0, 0.5, 0.25])
    x = own + (own - rival) + closeness * np.array([0.1, 0.9, -0.4])
    found = pair(FuzzyNetwork([own, rival]), x[None], 1)[0][0]
    with mpmath.workdps(40):
        vectors = [[mpmath.mpf(float(value)) for value in a] for a in (x, own, rival)]
        m = [(b + c) / 2 for b, c in zip(*vectors[1:], strict=True)]
        v = [a - b for a, b in zip(vectors[0], m, strict=True)]

        def gradient(t, i):
            y = [a + t * b for a, b in zip(m, v, strict=True)]
            squares = [sum((p - q) ** 2 for p, q in zip(y, center, strict=True)) for center in vectors[1:]]
            return 2 * (y[i] - vectors[2][i]) / squares[1] - 2 * (y[i] - vectors[1][i]) / squares[0]

        # The peak is where the way passes the center, a third of it.
        stops = [0, 0.2, 0.3] + [1 / mpmath.mpf(3) + s * closeness for s in (-9, -1, 1, 9)] + [0.4, 0.6, 1]
        stops = sorted(s for s in stops if 0 <= s <= 1)
        wanted = [float(v[i] * mpmath.quad(lambda t, i=i: gradient(t, i), stops)) for i in range(3)]
    # x itself is known to eps / closeness of its distance from the line.
    assert np.abs(found - wanted).max() <= 1e-13 / closeness * np.abs(wanted).sum()


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(("n_clusters", "m"), [(3, 2.0), (2, 1.3), (5, 2.7)])
def test_the_network_keeps_the_contract(name, n_clusters, m):
    X = DATA[name]
    check_network(FuzzyNetwork(cmeans(X, n_clusters, m)[0], m), X[::7])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(1, 2), (1, 6), (2, 3), (40, 12)], ids=str)
def test_singular_rows_keep_the_contract(shape, seed):
    """At centers, at roots, next to both, beyond centers on the line, and far away."""
    centers, X = random_problem(*shape, n=10, seed=seed)
    roots = (centers[:-1] + centers[1:]) / 2
    beyond = 2 * centers[1:] - centers[:-1]
    rows = [X, centers, roots, roots + 1e-9, centers + 1e-9, beyond, 1e6 + X]
    check_network(FuzzyNetwork(centers), np.vstack(rows))
    check_network(FuzzyNetwork(np.vstack([centers, centers[:1]])), np.vstack(rows))


@pytest.mark.parametrize("name", DATA)
def test_matrix_products_and_pairs_give_the_same(name):
    """The fast form is the slow one within its bound, and where that is too large, the slow one is taken."""
    X = DATA[name]
    network = FuzzyNetwork(cmeans(X, 4, 1.5)[0])
    rng = np.random.default_rng(0)
    line = network.centers[0] + 0.05 * (network.centers[0] - network.centers[1])
    close = line + 10.0 ** rng.uniform(-9, -1, (200, 1)) * rng.standard_normal((200, X.shape[1]))
    rows = np.vstack([X, close, 1e3 * X, 1e-3 * X + network.centers[2:].mean(axis=0)])
    clusters, h = network.evidence(rows)
    a = np.where(np.isinf(h), 0.0, rng.random(h.shape))
    sums = a * np.where(np.isinf(h), 0.0, h)
    slow = network._by_pairs(rows, clusters, a, sums)
    size = np.abs(slow).sum(axis=1)
    assert np.all(np.abs(network.redistribute(rows, clusters, a)[0] - slow).sum(axis=1) <= 1e-12 * size)
    fast, errors = network._by_products(rows, clusters, a, sums, network._squares(rows))
    off = np.abs(fast - slow).sum(axis=1)
    assert np.all(off[np.isfinite(errors)] <= errors[np.isfinite(errors)])
    # Both are needed: most real rows need no second look, and some of the others do.
    assert np.mean(errors[: len(X)] <= 2e-13 * size[: len(X)]) > 0.5
    assert not np.all(off[len(X) : len(X) + 200] <= 1e-12 * size[len(X) : len(X) + 200])


def test_a_sound_network_passes_where_a_broken_one_does_not():
    centers, X = random_problem(3, 4)
    check_network(FuzzyNetwork(centers), X)
    with pytest.raises(AssertionError, match="conservation"):
        check_network(LosesRelevance(centers), X)


def test_at_a_center():
    """d = 0 is raised to 1e-280 of the extent: log(25 / (1e-280 · 6.25)) of evidence, along the line."""
    network = FuzzyNetwork([[0.0, 0.0], [3.0, 4.0]])
    relevance, _, h = pair(network, np.zeros((1, 2)), 1)
    expected = np.log(25.0) + 280 * np.log(10.0) - np.log(6.25)
    np.testing.assert_allclose(h, expected, rtol=1e-15)
    np.testing.assert_allclose(relevance[0], expected * np.array([0.36, 0.64]), rtol=1e-14)
    for m in (1.01, 2.0, 17.0):
        e = neonxai.explain(FuzzyNetwork(network.centers, m), np.zeros((1, 2)))
        assert e.probabilities[0] == 1.0
        assert np.isfinite(e.relevance).all()
    e = neonxai.explain(FuzzyNetwork(network.centers, 29.0), np.zeros((1, 2)))
    np.testing.assert_allclose(1 - e.probabilities, np.exp(-expected / 28), rtol=1e-5)


def test_at_the_root_nothing_is_explained():
    network = FuzzyNetwork([[0.0, 0.0], [3.0, 4.0]])
    relevance, _, h = pair(network, np.array([[1.5, 2.0]]), 1)
    assert h.tolist() == [0.0]
    assert relevance.tolist() == [[0.0, 0.0]]


def test_next_to_the_root_the_gradient_is_explained():
    """There Z = v ∘ ∇h(m) with ∇h(m) = −4 e/‖e‖², e = (μ_k − μ_c)/2, up to (‖v‖/‖e‖)²."""
    own, rival = np.array([1.0, 2.0, -1.0]), np.array([-3.0, 1.0, 2.0])
    v = 1e-8 * np.array([2.0, -1.0, 0.5])
    m = (own + rival) / 2
    x = m + v
    e = (rival - own) / 2
    relevance, clusters, h = pair(FuzzyNetwork([own, rival]), x[None], 1)
    wanted = -4 * e * (x - m) / (e @ e)
    assert clusters.tolist() == [0]
    # (‖v‖/‖e‖)² is about 1e-17.
    np.testing.assert_allclose(relevance[0], wanted, rtol=1e-13)
    np.testing.assert_allclose(h[0], wanted.sum(), rtol=1e-13)


@pytest.mark.parametrize("place", [0.3, 0.9, 1.7, 40.0])
def test_on_the_line_each_feature_has_its_share_of_it(place):
    """p has no direction there, and the second term is left out: its two sides cancel."""
    own, rival = np.array([0.1, -0.3, 0.7]), np.array([1.1, 0.4, -0.6])
    m, e = (own + rival) / 2, (rival - own) / 2
    relevance, clusters, h = pair(FuzzyNetwork([own, rival]), (m - place * e)[None], 1)
    assert clusters.tolist() == [0]
    np.testing.assert_allclose(h[0], 2 * np.log((place + 1) / abs(place - 1)), rtol=1e-12)
    np.testing.assert_allclose(relevance[0], e**2 / (e @ e) * h[0], rtol=1e-11)


def test_duplicate_centers_tie_exactly():
    network = FuzzyNetwork([[0.5, 1.0], [0.5, 1.0], [3.0, 0.0]])
    X = np.array([[0.3, 0.2], [0.5, 1.0]])
    relevance, clusters, h = pair(network, X, 1)
    assert clusters.tolist() == [0, 0]
    assert h.tolist() == [0.0, 0.0]
    assert not relevance.any()


def test_close_centers_keep_their_digits():
    """Two centers 1e-7 apart: h is about 1e-7, and right to 1e-12 of that."""
    own = np.array([1.0, 2.0, 3.0])
    rival = own + 1e-7 * np.array([1.0, -2.0, 1.0])
    X = own + np.array([[-1.0, 2.0, 0.5], [3.0, 5.0, -4.0]])
    with mpmath.workdps(40):
        wanted = []
        for x in X:
            squares = [
                sum((mpmath.mpf(float(a)) - mpmath.mpf(float(b))) ** 2 for a, b in zip(x, c, strict=True))
                for c in (own, rival)
            ]
            wanted.append(float(abs(mpmath.log(squares[1] / squares[0]))))
    _, h = FuzzyNetwork([own, rival]).evidence(X)
    np.testing.assert_allclose(h[np.isfinite(h)], wanted, rtol=1e-12)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(("n_clusters", "m"), [(3, 2.0), (4, 1.4), (2, 3.0)])
def test_memberships_are_scikit_fuzzys(name, n_clusters, m):
    X = DATA[name]
    result = cmeans(X, n_clusters, m)
    model = FuzzyCentroids.from_cmeans(result)
    np.testing.assert_allclose(model.m, m, rtol=1e-12)
    predicted = cluster.cmeans_predict(X.T, result[0], m, error=1e-9, maxiter=10, seed=0)[0]
    for k in range(n_clusters):
        e = neonxai.explain(model, X, target=k)
        np.testing.assert_allclose(e.probabilities, result[1][k], atol=1e-8, rtol=0)
        np.testing.assert_allclose(e.probabilities, predicted[k], atol=1e-8, rtol=0)
        assert e.conservation_error().max() <= 1e-12
    assert np.array_equal(neonxai.explain(model, X).labels, result[1].argmax(axis=0))


def test_memberships_of_another_m_are_not_those():
    result = cmeans(DATA["iris"], 3, 2.0)
    e = neonxai.explain(FuzzyCentroids(result[0], 2.1), DATA["iris"])
    assert np.abs(e.probabilities - result[1].max(axis=0)).max() > 1e-3


def test_soft_pooling_with_beta_of_m_is_the_default():
    network = FuzzyNetwork([[0.0], [1.0]], 3.0)
    assert (network.default_pooling, network.default_beta) == ("soft", 0.5)
    assert network.prototypes.tolist() == [[0.0], [1.0]]
    e = neonxai.explain(network, [[0.2]])
    assert (e.beta, e.pooling) == (0.5, "soft")
    # Logits are (m − 1) log(u / (1 − u)), and for two clusters h itself.
    np.testing.assert_allclose(e.logits, np.log(16.0), rtol=1e-14)
    np.testing.assert_allclose(e.probabilities, 0.8, rtol=1e-14)


def explain_all(centers, X, m=1.8):
    network = FuzzyNetwork(centers, m)
    clusters, h = network.evidence(X)
    a = np.where(np.isinf(h), 0.0, 1.0 / len(centers))
    return network.redistribute(X, clusters, a)[0], clusters, h


def test_a_shift_changes_nothing():
    """Also by 1e8 spreads: on a grid of 2⁻¹⁸ the shift itself rounds nothing."""
    centers, X = (np.round(a * 2**18) / 2**18 for a in random_problem(6, 4))
    here, there = explain_all(centers, X), explain_all(centers + 2.0**27, X + 2.0**27)
    for a, b in zip(here, there, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scale", [1e-9, 0.37, 1e7])
def test_the_scale_of_the_data_changes_nothing(scale):
    centers, X = random_problem(6, 4)
    here, there = explain_all(centers, X), explain_all(scale * centers, scale * X)
    assert np.array_equal(here[1], there[1])
    assert np.abs(here[0] - there[0]).max() <= 1e-12 * np.abs(here[0]).sum(axis=1).max()


def test_the_unit_of_k_means_is_another_matter():
    """Where the data's scale matters, this test of it can tell."""
    centers, X = random_problem(6, 4)
    a = np.ones((len(X), 4))
    one, other = (
        CentroidNetwork(s * centers).redistribute(s * X, np.zeros(len(X), int), a)[0] for s in (1, 2)
    )
    assert np.abs(one - other).max() > 0.1


def test_features_and_clusters_may_change_places():
    centers, X = random_problem(6, 4)
    relevance, clusters, h = explain_all(centers, X)
    features, order = np.array([3, 0, 5, 1, 4, 2]), np.array([2, 0, 3, 1])
    there, moved, other_h = explain_all(centers[order][:, features], X[:, features])
    tolerance = 1e-13 * np.abs(relevance).sum()
    assert np.abs(there - relevance[:, features]).max() <= tolerance
    assert np.array_equal(order[moved], clusters)
    np.testing.assert_allclose(other_h, h[:, order], rtol=1e-12)


def test_assigns_like_k_means():
    X = DATA["wine"]
    centers = cmeans(X, 4, 2.0)[0]
    assert np.array_equal(FuzzyNetwork(centers).evidence(X)[0], CentroidNetwork(centers).evidence(X)[0])


def test_a_saved_explainer_explains_to_the_same_bits(tmp_path):
    X = DATA["iris"]
    explainer = neonxai.ClusterExplainer(FuzzyCentroids.from_cmeans(cmeans(X, 3, 1.7))).fit(X)
    explainer.save(tmp_path / "fuzzy.npz")
    loaded = neonxai.ClusterExplainer.load(tmp_path / "fuzzy.npz")
    assert np.array_equal(loaded.transform(X), explainer.transform(X))


def test_rebuilt_from_its_state():
    network = network_from_state("fuzzy", FuzzyNetwork([[0.0], [1.0]], 1.7).to_state())
    assert isinstance(network, FuzzyNetwork)
    assert network.fuzzifier == 1.7


def test_the_centers_of_a_frame_name_the_features():
    import pandas as pd

    source = neuralize(FuzzyCentroids(pd.DataFrame({"a": [0.0, 1.0], "b": [2.0, 0.0]}), 1.5, ["one", "two"]))
    assert source.feature_names == ("a", "b")
    assert source.cluster_names == ("one", "two")
    assert source.network.fuzzifier == 1.5


@pytest.mark.parametrize("m", [1.0, 0.5, -2.0, np.nan, np.inf, True, "two", None])
def test_a_bad_m_is_refused(m):
    with pytest.raises(ValueError, match=r"m=.* is not possible.*above 1"):
        FuzzyCentroids([[0.0], [1.0]], m)
    with pytest.raises(ValueError, match=r"m=.* is not possible"):
        FuzzyNetwork([[0.0], [1.0]], m)


@pytest.mark.parametrize(
    ("centers", "names", "message"),
    [
        ([[0.0, np.nan], [1.0, 1.0]], None, r"The centers can't be used.*NaN in row 0, column 1"),
        ([0.0, 1.0], None, r"The centers can't be used.*1D array"),
        ([[0.0], [1.0]], ["a"], r"cluster_names has 1 names for 2 clusters"),
    ],
)
def test_bad_centers_are_refused(centers, names, message):
    with pytest.raises(ValueError, match=message):
        FuzzyCentroids(centers, cluster_names=names)


def test_one_center_is_refused():
    with pytest.raises(ValueError, match=r"1 cluster only.*at least two"):
        neonxai.explain(FuzzyCentroids([[1.0, 2.0]]), [[0.0, 0.0]])


def altered(position, change):
    result = list(cmeans(DATA["iris"], 3, 2.0))
    result[position] = change(result[position])
    return tuple(result)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda: cmeans(DATA["iris"], 3, 2.0)[1:], r"got a tuple of 6 entries.*skfuzzy\.cmeans"),
        (lambda: None, r"got a NoneType\. Pass what"),
        (lambda: altered(1, lambda u: u[:2]), r"shapes \(3, 4\), \(2, 150\), \(3, 150\)"),
        (lambda: altered(1, lambda u: u.T), r"shapes .* should be \(clusters, features\)"),
        (lambda: altered(1, lambda u: u[:, ::-1]), r"No m fits.*Give m yourself"),
        (lambda: altered(3, lambda d: 1 / d), r"No m fits"),
        (lambda: altered(3, np.exp), r"No m fits.*u and d of one and the same call"),
        (lambda: altered(3, np.ones_like), r"m does not follow.*150 samples.*FuzzyCentroids\(cntr, m\)"),
    ],
)
def test_a_result_that_no_m_fits_is_refused(result, message):
    with pytest.raises(ValueError, match=message):
        FuzzyCentroids.from_cmeans(result())


def test_m_is_found_although_rows_are_at_centers():
    """scikit-fuzzy raises their distances to eps of the largest, and their memberships follow no power."""
    X = np.vstack([np.zeros((30, 2)), np.full((30, 2), 8.0), [[1.0, 2.0], [5.0, 4.0], [7.0, 7.5]]])
    distances = np.linalg.norm(X[None] - np.array([[0.0, 0.0], [8.0, 8.0]])[:, None], axis=2)
    u, _, d, *_ = cluster.cmeans_predict(
        X.T, np.array([[0.0, 0.0], [8.0, 8.0]]), 2.5, error=1e-9, maxiter=5, seed=0
    )
    assert (distances.min(axis=0) == 0).sum() == 60
    model = FuzzyCentroids.from_cmeans((np.array([[0.0, 0.0], [8.0, 8.0]]), u, None, d, [], 1, 0.0))
    np.testing.assert_allclose(model.m, 2.5, rtol=1e-12)


def test_the_tuple_is_known_under_its_functions_name():
    assert "skfuzzy.cmeans" in neonxai.sources.supported()
    assert "neonxai.FuzzyCentroids" in neonxai.sources.supported()
