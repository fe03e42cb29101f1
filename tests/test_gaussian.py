"""The Gaussian families: the rule is the rule to 1e-10, and they agree where they meet."""

import numpy as np
import pytest

import gaussian_reference as reference
import neonxai
from gaussian_models import DATA, LDA, MODELS, fit, network
from neonxai.networks import CentroidNetwork, DiagonalGaussianNetwork, GaussianNetwork, LinearNetwork
from neonxai.networks.pooling import soft_pool
from neonxai.sources import neuralize
from neonxai.testing import check_network

FAMILIES = {"full": GaussianNetwork, "diag": DiagonalGaussianNetwork, "tied": LinearNetwork}


def far_rows(X, distance, n_rows=12, seed=0):
    """Rows of X, moved by so many standard deviations in any direction, and along one feature."""
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal((n_rows, X.shape[1]))
    direction[::3] = np.eye(X.shape[1])[rng.integers(X.shape[1], size=len(direction[::3]))]
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return X[rng.integers(len(X), size=n_rows)] + distance * X.std(axis=0) * direction


@pytest.mark.parametrize("name", ["spherical", "diag", "full", "QDA eigen", "naive Bayes"])
@pytest.mark.parametrize("data", ["wine", "iris"])
@pytest.mark.parametrize("distance", [0.0, 1e3])
def test_quadratic_families_against_50_digits(name, data, distance):
    """Evidence to 1e-10 of itself, pieces to 1e-10 of the row, however far away."""
    X = far_rows(DATA[data][0], distance, n_rows=8)
    subject = network(name, data)
    slow = reference.clusters_of(subject)
    check_rule(subject.redistribute, slow, X, subject.evidence(X, beta=1.0), reference.pair)


@pytest.mark.parametrize("name", ["diag", "full"])
def test_the_rule_by_numerical_integration(name):
    X = DATA["iris"][0][::50]
    subject = network(name, "iris")
    slow = reference.clusters_of(subject)
    check_rule(subject.redistribute, slow, X, subject.evidence(X), reference.pair_by_integration)


def check_rule(redistribute, slow, X, found, rule):
    """Every pair of every row against a rule of the reference, and the evidence against its d."""
    clusters, evidence = found
    for k in range(len(slow)):
        rows = np.flatnonzero(clusters != k)
        coefficients = np.zeros((len(rows), len(slow)))
        coefficients[:, k] = 1.0
        relevance, absorbed = redistribute(X[rows], clusters[rows], coefficients)
        for i, row in enumerate(rows):
            x, c = reference.exactly(X[row]), clusters[row]
            h = reference.evidence(slow, x, c)[k]
            allowed = 1e-10 * abs(h) + 1e-30 * abs(slow[c].dissimilarity(x))  # twice the precision of d
            assert abs(evidence[row, k] - h) <= allowed, "evidence"
            z, left = rule(slow, x, c, k)
            scale = float(sum(abs(z)) + abs(left))
            assert max(abs(relevance[i] - z)) <= 1e-10 * scale, "relevance"
            assert abs(absorbed[i] - left) <= 1e-10 * scale, "absorbed"
            assert abs(relevance[i].sum() + absorbed[i] - h) <= 1e-10 * scale, "conservation"


@pytest.mark.parametrize("mistake", reference.MISTAKES)
def test_mistakes_are_found(mistake):
    X = DATA["wine"][0][:4]
    subject = network("full", "wine")
    slow = reference.clusters_of(subject)

    def mistaken(X, clusters, coefficients):
        pairs = zip(X, clusters, coefficients.argmax(axis=1), strict=True)
        pieces = [mistake(slow, reference.exactly(x), c, k) for x, c, k in pairs]
        return np.array([z for z, _ in pieces], float), np.array([left for _, left in pieces], float)

    with pytest.raises(AssertionError, match=r"relevance|conservation"):
        check_rule(mistaken, slow, X, subject.evidence(X), reference.pair)
    if mistake in (reference.gradient_at_x, reference.rival_alone):

        class Mistaken(GaussianNetwork):
            def redistribute(self, X, clusters, coefficients):
                relevance, absorbed = np.zeros(X.shape), np.zeros(len(X))
                for k in range(self.n_clusters):
                    alone = np.zeros_like(coefficients)
                    alone[:, k] = 1.0
                    z, left = mistaken(X, clusters, alone)
                    relevance += coefficients[:, [k]] * z
                    absorbed += coefficients[:, k] * left
                return relevance, absorbed

        with pytest.raises(AssertionError, match="conservation"):
            check_network(Mistaken(subject.means, subject.factors, subject.constants), X)


@pytest.mark.parametrize("name", ["tied", "Bayesian tied dirichlet_process", "LDA svd", "LDA lsqr"])
@pytest.mark.parametrize("data", ["wine", "iris"])
@pytest.mark.parametrize("distance", [0.0, 1e3])
def test_the_linear_family_against_50_digits(name, data, distance):
    X = far_rows(DATA[data][0], distance)
    check_linear(network(name, data), X)


def check_linear(subject, X):
    clusters, evidence = subject.evidence(X, beta=1.0)
    for k in range(subject.n_clusters):
        rows = np.flatnonzero(clusters != k)
        coefficients = np.zeros((len(rows), subject.n_clusters))
        coefficients[:, k] = 1.0
        relevance, absorbed = subject.redistribute(X[rows], clusters[rows], coefficients)
        for i, row in enumerate(rows):
            z, left = reference.linear_pair(subject, X[row], clusters[row], k)
            scale = float(sum(abs(z)) + abs(left))
            assert max(abs(relevance[i] - z)) <= 1e-10 * scale
            assert abs(absorbed[i] - left) <= 1e-10 * scale
            assert abs(evidence[row, k] - (sum(z) + left)) <= 1e-10 * scale


@pytest.mark.parametrize("gap", [1e-3, 1e-7])
def test_a_close_pair_far_from_the_rest_and_rows_on_its_boundary(gap):
    """Products lose all digits here. Rows on the boundary are ties, and the lowest cluster has them."""
    rng = np.random.default_rng(1)
    means = 1e3 * rng.standard_normal((6, 5))
    means[4] = means[3] + gap * rng.standard_normal(5)
    X = means[[3, 4, 3, 4]] + gap * rng.standard_normal((4, 5))
    middle = (means[3] + means[4]) / 2
    check_linear(LinearNetwork(2 * means, means), np.vstack([X, middle]))
    metric = rng.standard_normal((5, 5))
    metric = np.round(metric @ metric.T, 2)
    beside = middle + gap * 1e-6 * rng.standard_normal((20, 5))
    skewed = LinearNetwork(means @ metric, means)
    check_linear(skewed, np.vstack([X, middle, beside]))
    precisions = np.tile(rng.random(5) + 0.5, (6, 1))
    for subject in (
        DiagonalGaussianNetwork(means, precisions, np.zeros(6)),
        GaussianNetwork(means, [np.diag(np.sqrt(p)) for p in precisions], np.zeros(6)),
    ):
        check_rule(
            subject.redistribute, reference.clusters_of(subject), X, subject.evidence(X), reference.pair
        )
    half = np.round(means)
    half[4] = half[3] + [2, 0, 0, 0, 0]
    tied = (half[3] + half[4])[None] / 2
    for subject in (
        LinearNetwork(half, half),
        DiagonalGaussianNetwork(half, precisions, np.zeros(6)),
        GaussianNetwork(half, [np.eye(5)] * 6, np.zeros(6)),
    ):
        clusters, evidence = subject.evidence(tied)
        assert clusters.tolist() == [3]
        assert evidence[0, 4] == 0.0


def boundary_rows(slow, X, c, k):
    """Rows moved onto the boundary of two clusters along their difference, as far as floats go."""
    direction = (slow[c].mean - slow[k].mean).astype(float)
    rows = []
    for row in X:
        x = row
        for _ in range(20):
            at = reference.exactly(x)
            h = slow[k].dissimilarity(at) - slow[c].dissimilarity(at)
            slope = (slow[k].gradient(at) - slow[c].gradient(at)) @ direction
            x = x - float(h / slope) * direction
        rows.append(x)
    return np.array(rows)


@pytest.mark.parametrize("name", ["full", "diag", "shared", "unscaled"])
def test_far_away_on_a_boundary(name):
    """h is about 1e-16 of d here, what rounding leaves. Its sign still decides, and all its digits hold."""
    X = far_rows(DATA["wine"][0], 1e6 if name == "shared" else 1e4, n_rows=8)
    subject = network("diag" if name in ("diag", "unscaled") else "full", "wine")
    state = dict(subject.to_state())
    if name == "shared":
        state["factors"] = np.tile(state["factors"][:1], (4, 1, 1))
    if name == "unscaled":
        state["precisions"] = np.full((4, 13), 0.3)
    subject = type(subject).from_state(state)
    slow = reference.clusters_of(subject)
    X = boundary_rows(slow, X, 0, 1)
    evidence = [reference.evidence(slow, reference.exactly(x), 0) for x in X]
    # Not every direction meets the boundary of two ellipsoids.
    there = [min(abs(h) for h in row[1:]) < 1e-6 for row in evidence]
    assert sum(there) >= 4
    X, evidence = X[there], [row for row, kept in zip(evidence, there, strict=True) if kept]
    clusters, found = subject.evidence(X)
    for i, row in enumerate(evidence):
        against = [0 * row[1], *row[1:]]
        assert clusters[i] == np.argmin(against), "the assignment is not the most probable Gaussian"
    check_rule(subject.redistribute, slow, X, (clusters, found), reference.pair)


def test_far_away_on_a_boundary_of_the_linear_family():
    subject = network("tied", "wine")
    X = far_rows(DATA["wine"][0], 1e4)
    for _ in range(3):
        pairs = [reference.linear_pair(subject, x, 0, 1) for x in X]
        h = np.array([float(sum(z) + left) for z, left in pairs])
        normal = subject.weights[0] - subject.weights[1]
        X = X - h[:, None] * normal / (normal @ normal)
    _, found = subject.evidence(X, np.zeros(len(X), dtype=np.intp))
    for i, x in enumerate(X):
        z, left = reference.linear_pair(subject, x, 0, 1)
        assert abs(sum(z) + left) <= 1e-13 * sum(abs(z)), "the row is not on the boundary"
        assert abs(found[i, 1] - (sum(z) + left)) <= 1e-10 * abs(sum(z) + left)


def test_rivals_that_tie_share_equally_at_infinite_beta():
    """The same squares added up in another order: no float sum says that they are equal."""
    rng = np.random.default_rng(0)
    offsets = rng.standard_normal(40)
    means = np.vstack([0 * offsets, *(rng.permutation(offsets) for _ in range(5))])
    for subject in (
        LinearNetwork(means, means),
        DiagonalGaussianNetwork(means, np.ones(means.shape), np.zeros(6)),
        GaussianNetwork(means, [np.eye(40)] * 6, np.zeros(6)),
    ):
        clusters, evidence = subject.evidence(means[:1], beta=np.inf)
        assert clusters.tolist() == [0]
        assert np.ptp(evidence[0, 1:]) == 0.0
    in_floats = [float(sum(row**2)) for row in means]
    assert np.ptp(in_floats[1:]) > 0.0, "this is no test"


def test_equal_precisions_absorb_the_constants_alone():
    rng = np.random.default_rng(0)
    means, factor = rng.standard_normal((7, 13)), rng.standard_normal((13, 13))
    X = rng.standard_normal((20, 13))
    for subject in (
        GaussianNetwork(means, [factor] * 7, np.zeros(7)),
        DiagonalGaussianNetwork(means, [factor[0] ** 2] * 7, np.zeros(7)),
        LinearNetwork(means @ (factor @ factor.T), means),
    ):
        assert not everything(subject, X)[3].any()


@pytest.mark.parametrize("name", ["full", "diag", "spherical", "tied", "LDA svd", "QDA svd", "naive Bayes"])
@pytest.mark.parametrize("pooling", ["soft", "min"])
def test_a_thousand_standard_deviations_away(name, pooling):
    """Nothing overflows (warnings are errors), and everything conserves."""
    model = fit(MODELS[name], *DATA["wine"])
    explainer = neonxai.ClusterExplainer(model, pooling=pooling, beta=1.0).fit(DATA["wine"][0])
    for distance in (1.0, 1e3, 1e6):
        e = explainer.explain(far_rows(DATA["wine"][0], distance, n_rows=60))
        assert np.isfinite(e.relevance).all()
        gap = np.abs(e.relevance.sum(axis=1) + e.absorbed - e.logits)
        assert np.all(gap <= 1e-10 * (np.abs(e.relevance).sum(axis=1) + np.abs(e.absorbed)))
        assert np.all(e.probabilities >= 0.25)  # the largest of at most four


@pytest.mark.parametrize("name", ["full", "diag", "tied"])
def test_a_shift_changes_nothing(name):
    """By 2²⁷ ≈ 1e8, of which rows and means on a grid of 2⁻²⁰ lose nothing."""
    X = DATA["wine"][0]
    subject = network(name, "wine")
    parameters = dict(subject.to_state())
    key = "centers" if name == "tied" else "means"
    grid = 2.0**-20
    X, parameters[key] = np.round(X / grid) * grid, np.round(parameters[key] / grid) * grid
    if name == "tied":
        precision = MODELS["tied"].precisions_
        parameters["weights"] = parameters[key] @ precision
    here = FAMILIES[name].from_state(parameters)
    parameters[key] = parameters[key] + 2.0**27
    there = FAMILIES[name].from_state(parameters)
    clusters, evidence = here.evidence(X)
    moved, moved_evidence = there.evidence(X + 2.0**27)
    assert np.array_equal(clusters, moved)
    np.testing.assert_allclose(moved_evidence, evidence, rtol=1e-10)
    shares = soft_pool(evidence, 1.0).coefficients
    relevance, absorbed = here.redistribute(X, clusters, shares)
    moved_relevance, moved_absorbed = there.redistribute(X + 2.0**27, clusters, shares)
    scale = np.abs(relevance).sum(axis=1, keepdims=True)
    assert np.all(np.abs(moved_relevance - relevance) <= 1e-12 * scale)
    np.testing.assert_allclose(moved_absorbed, absorbed, rtol=1e-12, atol=1e-12)


def everything(subject, X, clusters=None):
    """Evidence, and relevance and absorbed for the soft shares, at β = 1."""
    clusters, evidence = subject.evidence(X, clusters)
    return clusters, evidence, *subject.redistribute(X, clusters, soft_pool(evidence, 1.0).coefficients)


def check_same(first, second, X):
    found, wanted = everything(first, X), everything(second, X)
    assert np.array_equal(found[0], wanted[0])
    for a, b in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("data", ["wine", "iris"])
def test_the_families_agree_where_they_meet(data):
    X = DATA[data][0]
    tied = network("tied", data)
    model = MODELS["tied"]
    factor, log_weights = model.precisions_cholesky_, np.log(model.weights_)
    check_same(GaussianNetwork(model.means_, [factor] * 4, -log_weights), tied, X)

    diagonal = network("diag", data)
    factors = [np.diag(np.sqrt(p)) for p in diagonal.precisions]
    check_same(GaussianNetwork(diagonal.means, factors, diagonal.constants), diagonal, X)
    with pytest.raises(AssertionError):
        check_same(GaussianNetwork(diagonal.means, factors[::-1], diagonal.constants), diagonal, X)

    # A scalar variance and equal weights: k-means, with everything divided by 2σ².
    variance = 0.7
    spherical = DiagonalGaussianNetwork(diagonal.means, np.full(diagonal.means.shape, 1 / variance), [0] * 4)
    centroid = CentroidNetwork(diagonal.means)
    clusters, evidence = spherical.evidence(X)
    wanted_clusters, wanted = centroid.evidence(X)
    assert np.array_equal(clusters, wanted_clusters)
    np.testing.assert_allclose(evidence, wanted / (2 * variance), rtol=1e-9)
    shares = soft_pool(evidence, 1.0).coefficients
    relevance, absorbed = spherical.redistribute(X, clusters, shares)
    expected = centroid.redistribute(X, clusters, shares)[0] / (2 * variance)
    np.testing.assert_allclose(relevance, expected, rtol=1e-9, atol=1e-9)
    assert not absorbed.any()

    # k-means with weights 2 μ is linear, and nothing but its rounding differs.
    linear = LinearNetwork(2 * diagonal.means, diagonal.means, probabilistic=False)
    check_same(linear, centroid, X)
    assert (linear.default_pooling, linear.default_beta) == ("min", None)


@pytest.mark.parametrize("data", ["wine", "iris"])
def test_k_means_on_whitened_data_is_tied_in_raw_space(data):
    X = DATA[data][0]
    network("tied", data)
    model = MODELS["tied"]
    factor, means = model.precisions_cholesky_, model.means_
    raw = LinearNetwork(means @ factor @ factor.T, means)
    white = CentroidNetwork(means @ factor)
    clusters, evidence = raw.evidence(X)
    white_clusters, white_evidence = white.evidence(X @ factor)
    assert np.array_equal(clusters, white_clusters)
    np.testing.assert_allclose(evidence, white_evidence / 2, rtol=1e-9, atol=1e-9)
    for k in range(4):
        rows = np.flatnonzero(clusters != k)
        alone = np.zeros((len(rows), 4))
        alone[:, k] = 1.0
        relevance, absorbed = raw.redistribute(X[rows], clusters[rows], alone)
        in_white = white.redistribute((X @ factor)[rows], clusters[rows], alone)[0] / 2
        np.testing.assert_allclose(relevance.sum(axis=1), in_white.sum(axis=1), rtol=1e-9, atol=1e-9)
        assert not absorbed.any()
        own = means[clusters[rows]]
        pulled_back = (own - means[k]) @ factor @ factor.T
        expected = (X[rows] - (own + means[k]) / 2) * pulled_back
        np.testing.assert_allclose(relevance, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("data", ["wine", "iris", "breast cancer"])
@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
def test_lda_is_tied_with_the_pooled_covariance(data, solver):
    X, y = DATA[data]
    model = LDA(solver=solver).fit(X, y)
    pooled = sum(p * np.cov(X[y == c].T, bias=True) for c, p in enumerate(model.priors_))
    precision = np.linalg.inv(pooled)
    tied = LinearNetwork(model.means_ @ precision, model.means_, np.log(model.priors_))
    found, wanted = everything(neuralize(model).network, X), everything(tied, X)
    assert np.array_equal(found[0], wanted[0])
    # The inverse of a covariance with a condition number of 1e4 or 1e5 has lost as many digits.
    for a, b in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["spherical", "diag", "tied", "full", "LDA svd", "QDA svd", "naive Bayes"])
def test_saved_and_loaded_it_is_the_same(name, tmp_path):
    X, y = DATA["wine"]
    explainer = neonxai.ClusterExplainer(fit(MODELS[name], X, y), pooling="soft", beta=1.0).fit(X)
    explainer.save(tmp_path / "explainer")
    loaded = neonxai.ClusterExplainer.load(tmp_path / "explainer")
    assert type(loaded.network_) is type(explainer.network_)
    assert loaded.network_.default_pooling == "soft"
    for options in ({}, {"target": 1}):
        first, second = explainer.explain(X, **options), loaded.explain(X, **options)
        assert np.array_equal(first.relevance, second.relevance)
        assert np.array_equal(first.absorbed, second.absorbed)
        assert np.array_equal(first.logits, second.logits)


@pytest.mark.parametrize("name", ["full", "diag", "tied"])
def test_prototypes_are_the_means(name):
    subject = network(name, "iris")
    assert np.array_equal(subject.prototypes, MODELS[name].means_)
    assert subject.evidence(subject.prototypes)[0].tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        subject.prototypes[0, 0] = 1.0


def test_weights_that_rounding_left_uneven_conserve():
    """A covariance near singular gives LDA weights that are symmetric to a few digits only."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((90, 6)), np.repeat(np.arange(3), 30)
    X[:, 3:] = X[:, :3] + 1e-6 * X[:, 3:]
    X[:, 0] += 1e-6 * y
    model = LDA(solver="lsqr").fit(X, y)
    subject = neuralize(model).network
    assert not subject._even
    check_network(subject, X)
    assert LinearNetwork(2 * X[:4], X[:4])._even


def test_contradicting_weights_are_refused():
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((4, 3))
    with pytest.raises(ValueError, match=r"contradict each other.*vanish, and is 0\.\d+ .*symmetric matrix"):
        LinearNetwork(rng.standard_normal((4, 3)), centers)
    turned = centers @ [[1.0, 0.3, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    with pytest.raises(ValueError, match="contradict each other"):
        LinearNetwork(turned, centers)
    LinearNetwork(turned[:2], centers[:2])  # two clusters have nobody to contradict them


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearNetwork([[1.0]], [[1.0], [2.0]]), r"weights must be an array of 2 × 1.*\(1, 1\)"),
        (
            lambda: LinearNetwork([[1.0], [np.nan]], [[1.0], [2.0]]),
            r"weights.* finite; \[1, 0\] is nan",
        ),
        (lambda: DiagonalGaussianNetwork([1.0], [1.0], [0.0]), r"means must be an array of any × any"),
        (lambda: DiagonalGaussianNetwork([[1.0]], [[-2.0]], [0.0]), r"must be positive; the smallest is -2"),
        (
            lambda: DiagonalGaussianNetwork([[1.0]], [[2.0]], [np.inf]),
            r"constants.* finite; \[0\] is inf",
        ),
        (lambda: GaussianNetwork([[1.0]], [[2.0]], [0.0]), r"factors must be an array of 1 × 1 × any"),
        (lambda: GaussianNetwork([[1.0]], [[[2.0]]], [0.0, 1.0]), r"constants must be an array of 1 numbers"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
