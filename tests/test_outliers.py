"""Outlier scores: the models' own, distributed as documented, on real rows and far away from them."""

import math
import warnings
from functools import partial

import numpy as np
import pytest
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.neighbors import KernelDensity, LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

import neonxai
from neonxai import sources
from neonxai.networks import DensityOutlierNetwork, DistanceOutlierNetwork
from neonxai.testing import check_network, check_source
from outlier_reference import CLOSE, check_distribution


def _split(X, n_train=400):
    order = np.random.default_rng(0).permutation(len(X))
    cut = min(n_train, 2 * len(X) // 3)
    return X[order[:cut]], X[order[cut : cut + 150]]


DATA = {
    "wine": _split(StandardScaler().fit_transform(load_wine().data)),
    "cancer": _split(StandardScaler().fit_transform(load_breast_cancer().data)),
    "digits": _split(load_digits().data),
}
# Digits are integers, so that neighbors are often equally far: there the search must be scikit-learn's, and
# its brute force chooses among them by rounding.
SEARCH = {"wine": "auto", "cancer": "auto", "digits": "kd_tree"}
NEIGHBOR_MODELS = {
    "NearestNeighbors": lambda search: NearestNeighbors(n_neighbors=7, algorithm=search),
    "LocalOutlierFactor": lambda search: LocalOutlierFactor(algorithm=search, contamination=0.1),
    "novelty": lambda search: LocalOutlierFactor(35, novelty=True, algorithm=search, contamination=0.05),
    "KNN largest": lambda search: KNN(),
    "KNN mean": lambda search: KNN(method="mean", n_neighbors=6),
    "KNN median": lambda search: KNN(method="median", n_neighbors=6),
    "LOF": lambda search: LOF(algorithm=search),
}
DENSITY_MODELS = {
    "KernelDensity": lambda: KernelDensity(bandwidth=2.0),
    "OneClassSVM": lambda: OneClassSVM(nu=0.1),
}


def fitted(kind, data):
    if kind in DENSITY_MODELS:
        return DENSITY_MODELS[kind]().fit(DATA[data][0])
    return NEIGHBOR_MODELS[kind](SEARCH[data]).fit(DATA[data][0])


def network_of(model):
    return sources.neuralize(model).network


def training_scores(model):
    """What the model says of the rows it was fitted to."""
    if isinstance(model, NearestNeighbors):
        return model.kneighbors()[0].mean(axis=1)
    if isinstance(model, LocalOutlierFactor):
        return -model.negative_outlier_factor_
    return model.decision_scores_


def new_scores(model, X):
    if isinstance(model, NearestNeighbors):
        return model.kneighbors(X)[0].mean(axis=1)
    return -model.score_samples(X) if isinstance(model, LocalOutlierFactor) else model.decision_function(X)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("kind", NEIGHBOR_MODELS)
def test_scores_are_the_models_own(kind, data):
    train, new = DATA[data]
    model = fitted(kind, data)
    network = network_of(model)
    np.testing.assert_allclose(network.scores(train), training_scores(model), rtol=CLOSE)
    if kind != "LocalOutlierFactor":
        np.testing.assert_allclose(network.scores(new), new_scores(model, new), rtol=CLOSE)


def test_among_tied_neighbors_the_scores_still_agree_where_nothing_is_tied():
    """Brute force on integers: rows whose k-th neighbor is unique have scikit-learn's score."""
    train, _ = DATA["digits"]
    model = LocalOutlierFactor().fit(train)
    assert model._fit_method == "brute"
    squares = np.sort(((train[:, None] - train) ** 2).sum(axis=2), axis=1)
    unique = squares[:, 20] < squares[:, 21]
    assert 0.8 < unique.mean() < 1.0
    np.testing.assert_allclose(
        network_of(model).scores(train[unique]), -model.negative_outlier_factor_[unique], rtol=CLOSE
    )


def named(source, X):
    return np.array(source.cluster_names)[source.network.evidence(X)[0]]


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("kind", ["LocalOutlierFactor", "novelty", "KNN largest", "KNN mean", "LOF"])
def test_rows_are_assigned_as_by_the_model(kind, data):
    train, new = DATA[data]
    model = fitted(kind, data)
    source = sources.neuralize(model)
    if kind == "LocalOutlierFactor":
        labels = model.fit_predict(train)
    elif kind == "novelty":
        labels = np.where(model.negative_outlier_factor_ < model.offset_, -1, 1)
    else:
        labels = model.labels_
    assert set(labels) == set(source.cluster_names)
    assert np.array_equal(named(source, train), labels)
    if kind != "LocalOutlierFactor":
        assert np.array_equal(named(source, new), model.predict(new))


@pytest.mark.parametrize("model", [LocalOutlierFactor(contamination=0.1), KNN(), LOF()])
def test_the_row_that_is_the_threshold_is_an_inlier(model):
    """With 101 rows the 90 % quantile of their scores is one of them."""
    train = DATA["cancer"][0][:101]
    model.fit(train)
    scores = training_scores(model)
    threshold = -model.offset_ if isinstance(model, LocalOutlierFactor) else model.threshold_
    at = np.flatnonzero(scores == threshold)
    assert len(at) == 1
    clusters, evidence = network_of(model).evidence(train[at])
    assert clusters.tolist() == [0]
    assert evidence.tolist() == [[np.inf, 0.0]]


@pytest.mark.parametrize(("data", "bandwidth"), [("wine", 1.5), ("cancer", 3.0), ("digits", 20.0)])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_density_is_its_score(data, bandwidth, weighted):
    """Score_samples = −γ o + the logarithm of the kernel's norm."""
    train, new = DATA[data]
    weights = np.random.default_rng(0).integers(1, 4, len(train)).astype(float) if weighted else None
    model = KernelDensity(bandwidth=bandwidth).fit(train, sample_weight=weights)
    network = network_of(model)
    norm = -0.5 * train.shape[1] * math.log(2 * math.pi * bandwidth**2)
    assert network.gamma == 0.5 / bandwidth**2
    for X in (train, new):
        log_density = model.score_samples(X)
        # scikit-learn's error is one of the density, relative to the highest that there could be.
        common = log_density > norm - 10
        assert common.sum() > 10
        found = norm - network.gamma * network.scores(X[common])
        np.testing.assert_allclose(found, log_density[common], rtol=CLOSE)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("gamma", ["scale", "auto", 0.002])
def test_the_boundary_of_a_one_class_svm_is_its_own(data, gamma):
    train, new = DATA[data]
    if data == "digits":
        train, new = train / 16, new / 16
    model = OneClassSVM(nu=0.1, gamma=gamma).fit(train)
    source = sources.neuralize(model)
    network = source.network
    total = model.dual_coef_.sum()
    for X in (train, new):
        decision = total * np.exp(-network.gamma * network.scores(X)) - model.offset_
        # Sums of kernel values, each at most 1.
        np.testing.assert_allclose(decision, model.decision_function(X), atol=1e-13 * total)
        assert np.array_equal(named(source, X), model.predict(X))
    assert total * math.exp(-network.gamma * network.threshold) == pytest.approx(model.offset_[0])


# --- distributed as by hand --------------------------------------------------------------------------------


def small(kind):
    X = DATA["wine"][0]
    model = DENSITY_MODELS[kind]() if kind in DENSITY_MODELS else NEIGHBOR_MODELS[kind]("auto")
    with warnings.catch_warnings():
        return network_of(model.fit(X[:60]))


ROWS = np.vstack([DATA["wine"][0][:3], DATA["wine"][1][:4], 30 * DATA["wine"][1][4:6]])


@pytest.mark.parametrize("kind", [*NEIGHBOR_MODELS, *DENSITY_MODELS])
def test_scores_are_distributed_as_by_hand(kind):
    network = small(kind)
    check_distribution(network.explain_scores, network, ROWS)


def point_by_point(network, X):
    """The paper's rule for densities: each point's q_j o by its own differences."""
    found = network.explain_scores(X)
    squares = (X[:, None] - network.support) ** 2
    distances = squares.sum(axis=2)
    shares = network.weights * np.exp(network.gamma * (distances.min(axis=1, keepdims=True) - distances))
    shares *= (found.values / shares.sum(axis=1))[:, None]
    apart = distances > 0
    rates = np.divide(shares, distances, out=np.zeros_like(shares), where=apart)
    relevance = np.einsum("nm,nmd->nd", rates, squares)
    return type(found)(found.values, relevance, (shares * ~apart).sum(axis=1))


def _broken(kind):
    network = small(kind)

    def alike(X):
        """Every feature gets the same part."""
        found = network.explain_scores(X)
        even = np.broadcast_to(found.relevance.mean(axis=1, keepdims=True), X.shape)
        return type(found)(found.values, even, found.absorbed)

    def with_threshold(X):
        """The features pay for the threshold."""
        found = network.explain_scores(X)
        lowered = found.relevance * (1 - network.threshold / found.values)[:, None]
        return type(found)(found.values, lowered, found.absorbed)

    def absolute(X):
        """Differences, not squared."""
        found = network.explain_scores(X)
        roots = np.sqrt(found.relevance)
        roots *= (found.relevance.sum(axis=1) / roots.sum(axis=1))[:, None]
        return type(found)(found.values, roots, found.absorbed)

    def itself(X):
        """A training row is its own neighbor."""
        return network.explain_scores(X + 1e-9)

    return {
        "alike": alike,
        "with threshold": with_threshold,
        "absolute": absolute,
        "itself": itself,
        "point by point": partial(point_by_point, network),
    }


@pytest.mark.parametrize(
    ("kind", "mistake"),
    [
        ("OneClassSVM", "alike"),
        ("OneClassSVM", "with threshold"),
        ("KernelDensity", "absolute"),
        ("KernelDensity", "point by point"),
        ("KNN mean", "alike"),
        ("KNN mean", "itself"),
        ("LOF", "with threshold"),
        ("LOF", "absolute"),
        ("LOF", "itself"),
    ],
)
def test_a_broken_distribution_is_rejected(kind, mistake):
    training_row = ROWS[:1]
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_distribution(_broken(kind)[mistake], small(kind), training_row)


@pytest.mark.parametrize("kind", [*NEIGHBOR_MODELS, *DENSITY_MODELS])
@pytest.mark.parametrize("data", ["cancer", "digits"])
def test_networks_keep_the_contract(kind, data):
    train, new = DATA[data]
    network = network_of(fitted(kind, data))
    check_network(network, np.vstack([train[:25], new[:25], 1e3 * new[:3]]))


def test_sources_keep_the_contract():
    train, new = DATA["wine"]
    model = LocalOutlierFactor(contamination=0.1)
    check_source(model, train, model.fit_predict(train))
    for model in (OneClassSVM(nu=0.1).fit(train), KNN().fit(train), LOF().fit(train)):
        check_source(model, new, model.predict(new))
    check_source(KernelDensity().fit(train), new, [-1] * len(new))
    with pytest.raises(AssertionError, match="assigned differently"):
        check_source(KNN().fit(train), new, 1 - KNN().fit(train).predict(new))


@pytest.mark.parametrize("kind", [*NEIGHBOR_MODELS, *DENSITY_MODELS])
def test_a_prepared_tile_says_the_same(kind):
    network = network_of(fitted(kind, "cancer"))
    X = DATA["cancer"][1]
    clusters, evidence = network.evidence(X)
    layer = network.prepare(X)
    again = layer.evidence(X)
    assert np.array_equal(again[0], clusters)
    np.testing.assert_allclose(again[1], evidence, rtol=1e-12)
    coefficients = np.where(np.isinf(evidence), 0.0, 1.0)
    for found, wanted in zip(
        layer.redistribute(X, clusters, coefficients),
        network.redistribute(X, clusters, coefficients),
        strict=True,
    ):
        assert np.array_equal(found, wanted)


# --- what an explanation says -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*NEIGHBOR_MODELS, *DENSITY_MODELS])
def test_a_planted_outlier_is_found_in_its_features(kind):
    train, new = DATA["cancer"]
    rng = np.random.default_rng(1)
    moved = new[:40].copy()
    planted = np.array([rng.choice(train.shape[1], 3, replace=False) for _ in moved])
    np.put_along_axis(moved, planted, 30.0, axis=1)
    e = neonxai.explain(fitted(kind, "cancer"), moved)
    assert np.all(e.labels == e.cluster_names[1])
    top = np.argsort(-e.relevance, axis=1)[:, :3]
    assert np.array_equal(np.sort(top, axis=1), np.sort(planted, axis=1))
    share = np.take_along_axis(e.relevance, planted, axis=1).sum(axis=1) / e.relevance.sum(axis=1)
    # The rest is what the row was before.
    assert share.min() > 0.8


@pytest.mark.parametrize("kind", [*NEIGHBOR_MODELS, *DENSITY_MODELS])
def test_explained_end_to_end(kind, tmp_path):
    _, new = DATA["wine"]
    model = fitted(kind, "wine")
    network = network_of(model)
    explainer = neonxai.ClusterExplainer(model).fit(new)
    e = explainer.explain(new)
    assert set(e.targets) == {e.cluster_names[1]}
    scores = network.scores(new)
    np.testing.assert_allclose(e.logits, scores - network.threshold, atol=1e-12 * scores.max())
    undistributed = e.absorbed + network.threshold
    np.testing.assert_allclose(e.relevance.sum(axis=1) + undistributed, scores, rtol=CLOSE)
    # No new row coincides with a support point; LOF's guard is 1e-10 of the density.
    assert undistributed.max() <= 1e-9
    assert e.conservation_error().max() < 1e-12 * scores.max()
    inlier = explainer.explain(new, target=e.cluster_names[0])
    np.testing.assert_allclose(inlier.relevance, -e.relevance, rtol=1e-12)
    assert np.array_equal(inlier.logits, -e.logits)
    explainer.save(tmp_path / "outliers.npz")
    again = neonxai.ClusterExplainer.load(tmp_path / "outliers.npz").explain(new)
    assert np.array_equal(again.relevance, e.relevance)
    assert np.array_equal(again.labels, e.labels)


def test_names_of_columns_are_kept():
    wine = load_wine(as_frame=True).data
    e = neonxai.explain(OneClassSVM(gamma=1e-5).fit(wine), wine)
    assert e.feature_names == tuple(wine.columns)
    assert e.cluster_names == (1, -1)


# --- rows of the data are support points of densities -----------------------------------------------------

WINE = StandardScaler().fit_transform(load_wine().data)
SCOTT = KernelDensity(bandwidth="scott").fit(WINE)


@pytest.mark.parametrize("model", [SCOTT, OneClassSVM().fit(WINE)], ids=["scott", "OneClassSVM"])
def test_the_score_of_a_training_row_belongs_to_features(model):
    network = network_of(model)
    found = network.explain_scores(WINE)
    assert np.array_equal(found.values, network.scores(WINE))
    np.testing.assert_allclose(found.relevance.sum(axis=1), found.values, rtol=CLOSE)
    assert not found.absorbed.any()
    e = neonxai.explain(model, WINE)
    np.testing.assert_allclose(e.absorbed, -network.threshold, rtol=CLOSE)
    # Point by point, each support vector absorbs some of its own score.
    assert (
        np.median(point_by_point(network, network.support).absorbed / network.scores(network.support)) > 0.05
    )


def changes(explain_scores, X, moved):
    """The largest change of a relevance, as a share of the score."""
    found, other = explain_scores(X), explain_scores(moved)
    return (np.abs(other.relevance - found.relevance) / found.values[:, None]).max()


def test_next_to_a_training_row_rounding_directs_nothing():
    network = network_of(SCOTT)
    moved = WINE + 1e-9 * np.random.default_rng(0).normal(size=WINE.shape)
    assert changes(network.explain_scores, WINE, moved) < 1e-3
    assert changes(network.explain_scores, WINE, WINE.astype(np.float32).astype(float)) < 1e-2
    assert changes(partial(point_by_point, network), WINE, moved) > 0.3


@pytest.mark.parametrize("exponent", [30, 60, 90, 120, 700])
def test_next_to_a_point_far_from_the_others_no_digit_is_lost(exponent):
    """exp(−exponent) 10¹⁶ of the other point against 10⁻¹⁸ of the near one."""
    network = DensityOutlierNetwork([[0.0, 0.0], [1e8, 0.0]], [1.0, 1.0], gamma=exponent / 1e16)
    check_distribution(network.explain_scores, network, np.array([[0.0, 1e-9]]))


# --- far away, coinciding and tied ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*NEIGHBOR_MODELS, *DENSITY_MODELS])
@pytest.mark.parametrize("factor", [1e3, 1e8, 1e150])
def test_any_distance_away_nothing_overflows(kind, factor):
    network = small(kind)
    away = np.zeros((1, network.n_features))
    away[0, 2] = factor
    found = network.explain_scores(away)
    assert np.isfinite(found.values).all()
    assert found.relevance[0, 2] == pytest.approx(found.values[0], rel=1e-2 if factor == 1e3 else 1e-12)


# Shifting multiples of 1/64 by 10⁸ spreads of about 1 is exact.
GRID = np.round(DATA["wine"][0] * 64) / 64
SHIFT = np.full(GRID.shape[1], 1e8)


@pytest.mark.parametrize(
    "model",
    [KernelDensity(), LocalOutlierFactor(), NearestNeighbors(), KNN(), LOF()],
    ids=lambda model: type(model).__name__,
)
def test_far_from_the_origin_nothing_changes(model):
    rows = np.vstack([GRID[:40], np.round(DATA["wine"][1] * 64) / 64])
    here = network_of(model.fit(GRID)).explain_scores(rows)
    there = network_of(model.fit(GRID + SHIFT)).explain_scores(rows + SHIFT)
    np.testing.assert_allclose(there.values, here.values, rtol=1e-12)
    np.testing.assert_allclose(there.relevance, here.relevance, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("gap", [1e2, 1e8])
def test_two_clouds_far_from_each_other_keep_their_digits(gap):
    """A matrix product about one origin loses those of the other cloud."""
    clouds = np.vstack([GRID[:80], GRID[80:] + round(gap)])
    rows = np.vstack([GRID[100:104] + round(gap) + 1 / 64, GRID[:3], GRID[3:6] + 1e-9])
    weights = np.ones(len(clouds))
    density = DensityOutlierNetwork(clouds, weights, gamma=0.1)
    check_distribution(density.explain_scores, density, rows)
    near = DistanceOutlierNetwork(clouds, np.full(5, 0.2), method="brute")
    check_distribution(near.explain_scores, near, rows)


def test_coinciding_points_have_no_features():
    X = np.vstack([np.zeros((4, 2)), np.ones((4, 2)), [[3.0, 0.0]]])
    density = network_of(KernelDensity().fit(X)).explain_scores(X)
    assert not density.absorbed.any()
    alike = DensityOutlierNetwork(np.ones((3, 2)), [1.0, 2.0, 4.0], gamma=0.3).explain_scores(X[4:5])
    assert not alike.relevance.any()
    assert alike.absorbed == alike.values == pytest.approx(0.0, abs=1e-14)
    nearest = network_of(NearestNeighbors(n_neighbors=3).fit(X)).explain_scores(X)
    # Three others are at the same place: no distance, so no score.
    assert nearest.values[:8].tolist() == [0.0] * 8
    assert not nearest.relevance[:8].any()
    model = LocalOutlierFactor(n_neighbors=2, novelty=True).fit(X)
    factor = network_of(model).explain_scores(X)
    np.testing.assert_allclose(factor.values, -model.negative_outlier_factor_, rtol=CLOSE)
    np.testing.assert_allclose(factor.absorbed[:8], 1.0)
    for found in (density, nearest, factor):
        np.testing.assert_allclose(found.relevance.sum(axis=1) + found.absorbed, found.values, rtol=1e-12)
    check_network(network_of(NearestNeighbors(n_neighbors=3).fit(X)), X)


def test_a_lone_row_of_a_density_finds_itself():
    """So its score stops, but the differences are those to the nearest other row."""
    X = np.vstack([GRID, GRID[:1] + 1e3])
    found = network_of(KernelDensity(bandwidth=0.5).fit(X)).explain_scores(X[-1:])
    np.testing.assert_allclose(found.values, 0.5 * math.log(len(X)))
    squares = (X[-1] - GRID) ** 2
    nearest = squares[squares.sum(axis=1).argmin()]
    np.testing.assert_allclose(found.relevance[0], found.values * nearest / nearest.sum(), rtol=CLOSE)


def test_points_without_weight_are_no_points():
    weights = np.arange(len(GRID)) % 3 * 1.0
    all_of_them = DensityOutlierNetwork(GRID, weights, gamma=0.5)
    kept = DensityOutlierNetwork(GRID[weights > 0], 7 * weights[weights > 0], gamma=0.5)
    np.testing.assert_allclose(all_of_them.scores(ROWS), kept.scores(ROWS), rtol=1e-12)
