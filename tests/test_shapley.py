"""Shapley values at the price of additions are those of the definition."""

import numpy as np
import pytest

from neonxai.networks import CentroidNetwork, GaussianNetwork, playing
from neonxai.networks import shapley as module
from neonxai.networks.additive import pieces
from neonxai.networks.coalitions import mean_pooled
from neonxai.networks.integrated import integrated
from neonxai.networks.permutations import permutations
from neonxai.networks.shapley import shapley
from shapley_reference import families, logit, many_values, rows, shapley_values

FAMILIES = families()
BACKGROUND = rows(5, seed=1)
X = rows(4, seed=2)
CLUSTERS = np.array([0, 2, 0, 3])
RIVALS = np.array([1, 0, 3, 2])
ASKED = {
    "min": {"pooling": "min"},
    "soft": {"pooling": "soft", "beta": 0.7},
    "soft, inf": {"pooling": "soft", "beta": np.inf},
    "pair": {"rivals": RIVALS},
}
MANY = np.random.default_rng(4).normal(size=(5, 14))


@pytest.fixture(params=[False, True], ids=["NumPy", "kernel"], autouse=True)
def kernel(request, monkeypatch):
    """Play by NumPy, and by the kernel, however few the additions."""
    if request.param:
        pytest.importorskip("numba")
    monkeypatch.setattr(module, "uses_kernel", lambda _: request.param)
    return request.param


@pytest.fixture
def walking(monkeypatch):
    """Walk, however few the features."""
    monkeypatch.setattr(module, "MOST_ENUMERATED", 0)


def scale(network, X, clusters, background, **asked):
    """What goes into a value: rounding is relative to it."""
    sizes = [
        np.abs(pieces(network, Z, c, np.delete(np.arange(4), c), Z[0])[0]).max()
        for c in clusters
        for Z in (X, background)
    ]
    return max(sizes)


def check_same_as_definition(compute, network, asked):
    found = compute(network, X, CLUSTERS, BACKGROUND, **asked)
    wanted = many_values(network, X, CLUSTERS, BACKGROUND, **asked)
    np.testing.assert_allclose(
        found.values, wanted, rtol=0, atol=1e-10 * scale(network, X, CLUSTERS, BACKGROUND)
    )


def check_efficiency(found, network, asked):
    rivals = asked.get("rivals", [None] * len(X))
    rest = {name: given for name, given in asked.items() if name != "rivals"}
    for i, (x, c, k) in enumerate(zip(X, CLUSTERS, rivals, strict=True)):
        f, base = (logit(network, Z, c, rival=k, **rest) for Z in (x[None], BACKGROUND))
        size = np.abs(found.values[i]).sum() + abs(f[0]) + np.abs(base).max()
        assert abs(found.base_value[i] - base.mean()) <= 1e-10 * size
        assert abs(found.values[i].sum() + found.base_value[i] - f[0]) <= 1e-10 * size


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("network", FAMILIES.values(), ids=FAMILIES)
def test_enumeration_is_the_definition(network, asked):
    check_same_as_definition(shapley, network, asked)
    check_efficiency(shapley(network, X, CLUSTERS, BACKGROUND, **asked), network, asked)


def test_a_broken_subject_is_rejected():
    """Features that stay at the background's mean are another game, and so are the shares of relevance."""
    network = FAMILIES["centroid"]

    def at_the_mean(network, X, clusters, background, **asked):
        return shapley(network, X, clusters, background.mean(axis=0, keepdims=True), **asked)

    with pytest.raises(AssertionError):
        check_same_as_definition(at_the_mean, network, {"pooling": "min"})
    found = shapley(network, X, CLUSTERS, BACKGROUND)
    with pytest.raises(AssertionError):
        check_efficiency(found._replace(base_value=found.base_value + 1e-6), network, {"pooling": "min"})


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("network", FAMILIES.values(), ids=FAMILIES)
def test_walks_conserve_and_come_near(network, asked, walking):
    found = shapley(network, X, CLUSTERS, BACKGROUND, n_permutations=64, random_state=3, **asked)
    check_efficiency(found, network, asked)
    wanted = many_values(network, X, CLUSTERS, BACKGROUND, **asked)
    rounding = 1e-10 * scale(network, X, CLUSTERS, BACKGROUND)
    assert (np.abs(found.values - wanted) <= 5 * found.standard_error + rounding).all()


def test_standard_errors_shrink_with_the_root_of_the_number(walking):
    """Over 16 times as many pairs they are a quarter; so are the errors themselves, on average."""
    network = FAMILIES["centroid"]
    exact = many_values(network, X, CLUSTERS, BACKGROUND)
    few, many = (shapley(network, X, CLUSTERS, BACKGROUND, n_permutations=n) for n in (32, 512))
    uncertain = few.standard_error > 1e-6
    ratio = np.median(few.standard_error[uncertain] / many.standard_error[uncertain])
    assert 3.2 < ratio < 5.0  # a standard error of 32 is itself known within some 13 %
    errors = [
        np.sqrt(
            np.mean(
                [
                    (
                        shapley(network, X, CLUSTERS, BACKGROUND, n_permutations=n, random_state=s).values
                        - exact
                    )
                    ** 2
                    for s in range(8)
                ]
            )
        )
        for n in (8, 128)
    ]
    assert 2.5 < errors[0] / errors[1] < 6.5
    told = shapley(network, X, CLUSTERS, BACKGROUND, n_permutations=128).standard_error
    assert 0.5 < errors[1] / np.sqrt(np.mean(told**2)) < 2.0


def test_walks_stop_when_a_row_is_known_well_enough():
    network = CentroidNetwork(np.random.default_rng(3).normal(size=(4, 14)))
    background = np.random.default_rng(6).normal(size=(5, 14))
    clusters = np.array([0, 1, 2, 3, 0])
    whole, early = (
        shapley(network, MANY, clusters, background, n_permutations=200, tol=tol) for tol in (None, 0.05)
    )
    relevance = np.abs(early.values).sum(axis=1)
    assert (early.standard_error.max(axis=1) < 0.05 * relevance).all()
    assert (early.standard_error.max(axis=1) > whole.standard_error.max(axis=1)).all()
    alone = shapley(network, MANY[3:4], clusters[3:4], background, n_permutations=200, tol=0.05)
    np.testing.assert_array_equal(alone.values[0], early.values[3])
    np.testing.assert_array_equal(alone.standard_error[0], early.standard_error[3])
    np.testing.assert_allclose(
        early.values.sum(axis=1), whole.values.sum(axis=1), rtol=0, atol=1e-10 * relevance.max()
    )


@pytest.mark.parametrize("asked", [{"pooling": "min"}, {"pooling": "soft", "beta": 0.7}], ids=["min", "soft"])
@pytest.mark.parametrize("network", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("walks", [False, True], ids=["enumerated", "walked"])
@pytest.mark.parametrize("n_background", [5, 20])
def test_a_row_does_not_depend_on_its_neighbours(network, asked, walks, n_background, monkeypatch):
    if walks:
        monkeypatch.setattr(module, "MOST_ENUMERATED", 0)
    rng = np.random.default_rng(8)
    background = rows(n_background, seed=1)
    many, clusters = rng.normal(size=(70, 6)), rng.integers(4, size=70)
    whole = shapley(network, many, clusters, background, n_permutations=8, **asked)
    for part in (slice(7, 8), slice(10, 33), slice(60, 70)):
        found = shapley(network, many[part], clusters[part], background, n_permutations=8, **asked)
        for of_part, of_whole in zip(found, whole, strict=True):
            np.testing.assert_array_equal(of_part, of_whole[part])
    monkeypatch.setattr(playing, "_TILE_VALUES", 1)
    monkeypatch.setattr(module, "_CLUSTER_ROWS", 9)
    monkeypatch.setattr(module, "_WALKING_ROWS", 9)
    monkeypatch.setattr(module, "_TASK_ADDITIONS", 1)
    tiled = shapley(network, many, clusters, background, n_permutations=8, **asked)
    np.testing.assert_array_equal(tiled.values, whole.values)


@pytest.mark.parametrize("asked", [{"pooling": "min"}, {"pooling": "soft", "beta": 0.7}], ids=["min", "soft"])
@pytest.mark.parametrize("walks", [False, True], ids=["enumerated", "walked"])
def test_dummies_get_nothing_and_twins_the_same(asked, walks, monkeypatch):
    if walks:
        monkeypatch.setattr(module, "MOST_ENUMERATED", 0)
    centers = FAMILIES["centroid"].centers.copy()
    centers[:, 2] = 1.5  # the same in all clusters
    centers[:, 5], x, background = centers[:, 4], X.copy(), BACKGROUND.copy()
    x[:, 5], background[:, 5] = x[:, 4], background[:, 4]
    found = shapley(CentroidNetwork(centers), x, CLUSTERS, background, n_permutations=256, **asked)
    np.testing.assert_allclose(found.values[:, 2], 0.0, atol=1e-15)
    apart = np.abs(found.values[:, 4] - found.values[:, 5])
    assert (apart <= 5 * found.standard_error[:, 4:].sum(axis=1) + 1e-12).all()
    assert np.abs(found.values[:, 4]).max() > 0.1


def test_far_from_the_origin_nothing_changes():
    """The same rows and centers, 2²⁶ away: all differences are the same bits."""
    grid = np.random.default_rng(0).integers(-64, 64, size=(13, 6)) / 16.0
    mu, x, b = grid[:4], grid[4:8], grid[8:]
    here = shapley(CentroidNetwork(mu), x, CLUSTERS, b)
    there = shapley(CentroidNetwork(mu + 2.0**26), x + 2.0**26, CLUSTERS, b + 2.0**26)
    np.testing.assert_array_equal(there.values, here.values)


def test_float32_is_computed_in_float64():
    network = FAMILIES["diagonal"]
    x, b = X.astype(np.float32), BACKGROUND.astype(np.float32)
    found = shapley(network, x, CLUSTERS, b)
    assert found.values.dtype == np.float64
    wanted = shapley(network, x.astype(np.float64), CLUSTERS, b.astype(np.float64))
    np.testing.assert_array_equal(found.values, wanted.values)


def test_soft_pooling_survives_what_underflows():
    """With β h of thousands the products of exponentials vanish, and soft is min."""
    network = FAMILIES["centroid"]
    far, clusters = 40.0 * X, CLUSTERS
    soft = shapley(network, far, clusters, -40.0 * BACKGROUND, pooling="soft", beta=50.0)
    hard = shapley(network, far, clusters, -40.0 * BACKGROUND, pooling="min")
    np.testing.assert_allclose(soft.values, hard.values, rtol=0, atol=np.log(3) / 50.0)
    x = np.array([[[-900.0]], [[900.0]]])
    b = np.array([[[900.5]], [[-900.0]]])
    pooled = mean_pooled(x, b, np.ones(1), "soft", 1.0)[0, 0]
    assert pooled == pytest.approx(-np.log(np.exp(-0.5) + 1.0), rel=1e-12)


def test_two_clusters_need_no_walk():
    network = CentroidNetwork(np.random.default_rng(3).normal(size=(2, 14)))
    background = np.random.default_rng(6).normal(size=(5, 14))
    found = shapley(network, MANY, np.zeros(5, dtype=np.intp), background)
    w = 2 * (network.centers[0] - network.centers[1])
    np.testing.assert_allclose(found.values, w * (MANY - background.mean(axis=0)), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found.standard_error, 0.0)


def test_features_that_act_together_are_refused():
    network = GaussianNetwork(np.eye(2), np.stack([np.eye(2), [[2.0, 1.0], [0.0, 1.0]]]), np.zeros(2))
    for compute, background in ((shapley, np.zeros((1, 2))), (integrated, np.zeros(2))):
        with pytest.raises(TypeError, match="GaussianNetwork is no sum over the features"):
            compute(network, np.zeros((1, 2)), np.array([0]), background)


@pytest.mark.parametrize("network", FAMILIES.values(), ids=FAMILIES)
def test_pieces_sum_to_the_evidence(network):
    for own in range(4):
        others = np.delete(np.arange(4), own)
        terms, rests = pieces(network, X, own, others, X[0])
        h = network.evidence(X, np.full(len(X), own))[1][:, others]
        size = np.abs(terms).sum(axis=1).max()
        np.testing.assert_allclose(terms.sum(axis=1).T + rests, h, rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("network", FAMILIES.values(), ids=FAMILIES)
def test_integrated_shares_are_integrated_gradients(network):
    """Against finite differences of soft pooling, by the midpoint rule with 2,000 points."""
    mean, beta = BACKGROUND.mean(axis=0), 0.7
    found = integrated(network, X, CLUSTERS, mean, pooling="soft", beta=beta)
    for row, (x, c) in enumerate(zip(X, CLUSTERS, strict=True)):
        way = mean + ((np.arange(2000) + 0.5) / 2000)[:, None] * (x - mean)
        step = 1e-5
        slopes = [
            (
                logit(network, way + step * e, c, pooling="soft", beta=beta)
                - logit(network, way - step * e, c, pooling="soft", beta=beta)
            ).mean()
            / (2 * step)
            for e in np.eye(6)
        ]
        np.testing.assert_allclose(
            found.values[row], slopes * (x - mean), rtol=0, atol=2e-5 * np.abs(found.values[row]).sum()
        )
        f, base = (logit(network, Z, c, pooling="soft", beta=beta)[0] for Z in (x[None], mean[None]))
        assert found.values[row].sum() + found.absorbed[row] + found.base_value[row] == pytest.approx(
            f, rel=1e-10
        )
        assert found.base_value[row] == pytest.approx(base, rel=1e-10)
    assert (np.abs(found.absorbed) <= 1e-3 * np.abs(found.values).sum(axis=1)).all()


def test_integrated_against_one_rival_is_exact():
    found = integrated(FAMILIES["centroid"], X, CLUSTERS, BACKGROUND.mean(axis=0), rivals=RIVALS)
    exact = shapley(FAMILIES["centroid"], X, CLUSTERS, BACKGROUND, rivals=RIVALS)
    np.testing.assert_allclose(found.values, exact.values, atol=1e-12)
    np.testing.assert_allclose(found.absorbed, 0.0, atol=1e-12)


def test_integrated_by_the_nearest_rival_alone():
    """β = ∞ follows the minimum itself: what the quadrature misses are the kinks."""
    found = integrated(FAMILIES["centroid"], X, CLUSTERS, BACKGROUND.mean(axis=0), beta=np.inf, n_points=400)
    assert (np.abs(found.absorbed) <= 0.02 * np.abs(found.values).sum(axis=1)).all()


def test_the_reference_itself():
    """Two features that decide together share alike, as in the textbook."""
    network = CentroidNetwork([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]])
    found = shapley_values(network, np.array([0.0, 0.0]), 0, np.array([[1.0, 2.0]]))
    np.testing.assert_allclose(found, [2.0, 2.0], atol=1e-14)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize(
    "network", [FAMILIES["centroid"], FAMILIES["diagonal"]], ids=["centroid", "diagonal"]
)
def test_background_rows_count_by_their_weights(network, asked):
    weighted = {**asked, "weights": np.array([0.1, 0.2, 0.05, 0.6, 0.05])}
    check_same_as_definition(shapley, network, weighted)

    def without_weights(*given, weights, **rest):
        return shapley(*given, **rest)

    with pytest.raises(AssertionError):
        check_same_as_definition(without_weights, network, weighted)


def test_permutations_are_uniform_and_spread_over_depths():
    walks = permutations(7, 4, 3000, random_state=0)
    assert walks.shape == (3000, 4, 7)
    np.testing.assert_array_equal(np.sort(walks, axis=2), np.broadcast_to(np.arange(7), walks.shape))
    # Each pair of features in each pair of places, as often: 12,000 / 42 times, within 5 standard deviations.
    counts = np.zeros((7, 7, 7, 7))
    flat = walks.reshape(-1, 7)
    for here in range(7):
        for there in range(7):
            np.add.at(counts, (here, there, flat[:, here], flat[:, there]), 1)
    apart = ~np.eye(7, dtype=bool)
    found = counts[apart][:, apart]
    expected = len(flat) / 42
    assert np.abs(found - expected).max() < 5.5 * np.sqrt(expected)
    depth = np.abs(walks.argsort(axis=2) - 3).mean(axis=1)
    independent = np.abs(rng_permutations(12_000, 7).argsort(axis=1) - 3).reshape(3000, 4, 7).mean(axis=1)
    assert depth.var(axis=0).max() < 0.4 * independent.var(axis=0).min()


def rng_permutations(n, n_features):
    return np.random.default_rng(1).permuted(np.tile(np.arange(n_features), (n, 1)), axis=1)


def test_standard_errors_are_not_too_small(walking):
    """Over 200 draws: the mean squared error, and what is told of it, which may be more, but not less."""
    network, background = FAMILIES["centroid"], rows(20, seed=1)
    exact = shapley_exactly(network, background)
    draws = [shapley(network, X, CLUSTERS, background, n_permutations=4, random_state=s) for s in range(200)]
    squares = np.mean([(draw.values - exact) ** 2 for draw in draws])
    told = np.mean([draw.standard_error**2 for draw in draws])
    assert 0.95 < told / squares < 4.0
    bias = np.abs(np.mean([draw.values for draw in draws], axis=0) - exact)
    assert (bias < 5 * np.sqrt(np.mean([(d.values - exact) ** 2 for d in draws], axis=0) / 200) + 1e-12).all()


def shapley_exactly(network, background):
    return many_values(network, X, CLUSTERS, background)
