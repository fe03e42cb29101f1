"""Assignments and ties that rounding must not decide, against exact arithmetic."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from neonxai.torch import KMeans, NeuralizedKMeans, beta_heuristic, careful, double_double, evidence, neon

DOUBLE = torch.float64


def exact_distances(X, centers):
    """‖x − μ_k‖² as fractions: a list over rows of lists over clusters."""
    mu = [[Fraction(v) for v in row] for row in centers.tolist()]
    rows = [[Fraction(v) for v in row] for row in X.tolist()]
    return [[sum((a - b) ** 2 for a, b in zip(x, m, strict=True)) for m in mu] for x in rows]


def exact_answers(X, centers):
    """Lowest nearest cluster of each row, and its evidence against all, in fractions."""
    distances = exact_distances(X, centers)
    labels = [d.index(min(d)) for d in distances]
    return labels, [
        [math.inf if k == c else v - d[c] for k, v in enumerate(d)]
        for c, d in zip(labels, distances, strict=True)
    ]


def assert_exact(model, X):
    """Labels exactly; logits and all evidence to 1e-10 of their value, 0 where they are 0."""
    labels, expected = exact_answers(X, model.centroids)
    assert model.decision(X).tolist() == labels
    table = np.array(expected, dtype=float)
    network = NeuralizedKMeans(model)
    np.testing.assert_allclose(model(X), table.min(axis=1), rtol=1e-14, atol=0)
    np.testing.assert_allclose(network.evidence(X), table, rtol=1e-10, atol=0)
    np.testing.assert_allclose(
        network(X, cluster=torch.tensor(labels)), table.min(axis=1), rtol=1e-14, atol=0
    )
    relevance = neon(model, X, math.inf)
    np.testing.assert_allclose(
        relevance.sum(1), model(X), rtol=0, atol=1e-15 * relevance.abs().sum(1).max().item()
    )
    return labels


@pytest.fixture
def grouped():
    """Five centroids around the origin, which the median is amid, and four that 1e8 away are 0.25 apart."""
    near = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 2.0]]
    far = [[1e8 + shift, 0.0] for shift in (0.0, 0.25, 0.5, 0.75)]
    return KMeans.from_centroids(torch.tensor(near + far, dtype=DOUBLE))


def test_several_centroids_within_the_noise_of_the_products(grouped):
    x = grouped.centroids[5:].clone()
    assert_exact(grouped, x)
    assert grouped.decision(x).tolist() == [5, 6, 7, 8]
    assert grouped(x).tolist() == [0.0625] * 4
    assert beta_heuristic(grouped, x).item() == 16.0
    assert neon(grouped, x, math.inf).sum(1).tolist() == [0.0625] * 4
    network = NeuralizedKMeans(grouped)
    assert network(x, 6).tolist() == [-0.0625, 0.0625, -0.0625, -0.25]
    # The products alone know none of it.
    products = evidence.scores(x, grouped.centroids)
    assert products.argmin(1).tolist() != [5, 6, 7, 8]


def test_the_same_compiled_and_under_vmap(grouped):
    x = grouped.centroids[5:].clone()
    compiled = torch.compile(grouped, backend="aot_eager", fullgraph=True)
    assert compiled(x).tolist() == [0.0625] * 4
    torch.compiler.reset()
    assert torch.func.vmap(lambda row: grouped(row[None])[0])(x).tolist() == [0.0625] * 4
    asked = torch.func.vmap(lambda row: NeuralizedKMeans(grouped)(row[None], 6)[0])(x)
    assert asked.tolist() == [-0.0625, 0.0625, -0.0625, -0.25]


def test_vmap_over_models():
    stacked = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    x = torch.randn(7, 2, generator=torch.Generator().manual_seed(1), dtype=DOUBLE)
    template = KMeans.from_centroids(stacked[0])
    logits = torch.func.vmap(lambda c: torch.func.functional_call(template, {"centroids": c}, (x,)))(stacked)
    expected = torch.stack([KMeans.from_centroids(c)(x) for c in stacked])
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("distance", [1e3, 1e6, 1e9])
@pytest.mark.parametrize("seed", range(3))
def test_random_groups_far_away(seed, distance):
    rng = np.random.default_rng(seed)
    shift = distance * rng.standard_normal((3, 1, 4))
    centers = shift + rng.standard_normal((3, 6, 4)) * np.array([1.0, 1e-2, 1e-4])[:, None, None]
    rows = centers.reshape(-1, 4)[rng.integers(0, 18, 60)] + 1e-4 * rng.standard_normal((60, 4))
    assert_exact(KMeans.from_centroids(torch.tensor(centers.reshape(-1, 4))), torch.tensor(rows))


def permuted(first, seed, n_features=7, n_rivals=9):
    """Rows (s, ..., s), which have the same distance from every permutation of a vector; and the model."""
    rng = np.random.default_rng(seed)
    rivals = np.stack([rng.permutation(vector) for vector in [rng.random(n_features)] * n_rivals])
    rows = np.repeat(0.3 + 0.1 * rng.random((300, 1)), n_features, axis=1)
    return KMeans.from_centroids(torch.tensor(np.vstack([first, rivals]))), torch.tensor(rows)


def assert_ties_share(model, X, rivals):
    """At β = inf the relevance is the mean of Z over the rivals, all of which tie."""
    labels, _ = exact_answers(X, model.centroids)
    mu, own = model.centroids, model.centroids[torch.tensor(labels)]
    Z = (mu[rivals] - own[:, None]) * (mu[rivals] + own[:, None] - 2 * X[:, None])
    torch.testing.assert_close(neon(model, X, math.inf), Z.mean(1), rtol=0, atol=1e-15)
    assert model.decision(X).tolist() == labels


def test_exact_ties_for_the_nearest_go_to_the_lowest_index():
    for seed in range(3):
        model, X = permuted(np.arange(9.0, 11.0).repeat(7).reshape(2, 7), seed)
        assert set(assert_exact(model, X)) == {2}
        assert model(X).tolist() == NeuralizedKMeans(model)(X, 5).tolist() == [0.0] * 300
        assert_ties_share(model, X, slice(3, None))


def test_exact_ties_for_the_nearest_rival_share():
    for seed in range(3):
        model, X = permuted(np.full((1, 7), 0.3), seed)
        assert set(assert_exact(model, X)) == {0}
        assert_ties_share(model, X, slice(1, None))


def test_a_row_does_not_depend_on_its_batch():
    model, X = permuted(np.full((1, 7), 0.3), 0)
    without = KMeans.from_centroids(model.centroids[1:])
    for each in (model, without):
        for beta in (1e9, math.inf):
            whole = neon(each, X, beta)
            for rows in (*range(0, 300, 29), slice(7, 40)):
                part = X[rows].reshape(-1, 7)
                assert torch.equal(neon(each, part, beta), whole[rows].reshape(-1, 7))
                assert torch.equal(each(part), each(X)[rows].reshape(-1))
                assert torch.equal(each.decision(part), each.decision(X)[rows].reshape(-1))


def one_float(terms):
    return terms[0].sum(1), torch.zeros_like(terms[0][:, 0])


def no_split(a, b):
    return a * b, torch.zeros_like(a)


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [(careful, "sum_columns", one_float), (double_double, "two_product", no_split)],
    ids=["plain-sum", "plain-product"],
)
def test_plain_arithmetic_breaks_ties(monkeypatch, module, name, broken):
    model, X = permuted(np.arange(9.0, 11.0).repeat(7).reshape(2, 7), 0)
    assert_ties_share(model, X, slice(3, None))
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(AssertionError):
        assert_ties_share(model, X, slice(3, None))


def test_near_ties_are_no_ties():
    # 2⁻⁵² in one coordinate of one rival: 26 digits above what counts as a tie.
    model = KMeans.from_centroids(torch.tensor([[0.0, 0.0], [0.0, 1.0 + 2**-52], [1.0, 0.0]], dtype=DOUBLE))
    x = torch.tensor([[0.1, 0.1]], dtype=DOUBLE)
    assert neon(model, x, math.inf)[0, 1] == 0.0
    assert_exact(model, x)


def test_evidence_that_differs_beyond_the_last_digit_is_no_tie(exact_error):
    centers = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=DOUBLE)
    x = torch.tensor([[0.0, 2.0**-60]], dtype=DOUBLE)  # h = 1 and 1 − 2⁻⁵⁹, which round to the same
    model = KMeans.from_centroids(centers)
    assert neon(model, x, math.inf).tolist() == [[0.0, 1.0]]
    for beta in (2.0**59, 2.0**61):
        assert exact_error(neon(model, x, beta).numpy(), x, centers, beta).max() <= 1e-10


@pytest.mark.parametrize("steepness", [1e3, 1e6, 1e9, 1e12, 1e15])
def test_shares_of_near_ties_at_large_beta(steepness, exact_error):
    rng = np.random.default_rng(0)
    own, direction = np.full(4, 0.3), rng.standard_normal((4, 4))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    gaps = 1.0 + np.array([0.0, 0.5, 1.0, 2.0])[:, None] / steepness  # β times them is of order 1
    centers = np.vstack([own, own + gaps * direction])
    X = np.repeat(own[None], 3, axis=0) + 1e-18 * rng.standard_normal((3, 4))
    relevance = neon(KMeans.from_centroids(centers), torch.tensor(X), steepness)
    assert exact_error(relevance.numpy(), X, centers, steepness).max() <= 1e-10


def test_pairs_at_a_time_change_nothing(monkeypatch, grouped):
    model, X = permuted(np.full((1, 7), 0.3), 0)
    calls = [
        lambda: neon(model, X, math.inf),
        lambda: neon(model, X, 1e9),
        lambda: model(X),
        lambda: grouped(grouped.centroids + 0.125),
    ]
    whole = [call() for call in calls]
    monkeypatch.setattr(careful, "_PAIR_BYTES", 50_000)
    for call, expected in zip(calls, whole, strict=True):
        assert torch.equal(call(), expected)


def as_fractions(tensor):
    return [Fraction(v) for v in tensor.tolist()]


@pytest.mark.parametrize("dtype", [DOUBLE, torch.float32])
def test_double_double(dtype):
    rng = torch.Generator().manual_seed(0)
    scale = 2.0 ** torch.randint(-9, 10, (2, 50), generator=rng)
    a, b = (torch.randn(2, 50, generator=rng, dtype=DOUBLE) * scale).to(dtype)
    for operation, exact in (
        (double_double.two_sum, lambda p, q: p + q),
        (double_double.two_product, lambda p, q: p * q),
    ):
        high, low = (as_fractions(part) for part in operation(a, b))
        expected = [exact(p, q) for p, q in zip(as_fractions(a), as_fractions(b), strict=True)]
        assert [sum(parts) for parts in zip(high, low, strict=True)] == expected
        assert high == as_fractions(torch.tensor([float(e) for e in expected], dtype=DOUBLE).to(dtype))
    # Sums of products that cancel, for every number of columns: an error below 32 eps² of the magnitudes.
    eps = Fraction(torch.finfo(dtype).eps)
    for n in range(1, 26):
        terms = torch.cat([a[:n], -a[:n]])[None], torch.cat([b[:n], b[:n].flip(0)])[None]
        high, low = double_double.sum_columns(double_double.two_product(*terms))
        pairs = list(zip(*(as_fractions(t[0]) for t in terms), strict=True))
        error = Fraction(high.item()) + Fraction(low.item()) - sum(p * q for p, q in pairs)
        assert abs(error) <= 32 * eps**2 * sum(abs(p * q) for p, q in pairs)


def test_overflow_is_no_tie():
    big = torch.tensor([2.0**1000, 3.0], dtype=DOUBLE)
    product, error = double_double.two_product(big, torch.tensor([4.0, 3.0], dtype=DOUBLE))
    assert (product.tolist(), error.tolist()) == ([2.0**1002, 9.0], [0.0, 0.0])
    model = KMeans.from_centroids(torch.tensor([[1e160], [-1e160], [3e160]], dtype=DOUBLE))
    with pytest.raises(ValueError, match="overflow"):
        neon(model, torch.zeros(1, 1, dtype=DOUBLE) + 1e159, 1.0)


def test_integers_of_numpy():
    assert KMeans(np.int64(3)).n_clusters == 3
    assert type(KMeans(np.int32(3)).n_clusters) is int
    model = KMeans.from_centroids([[0.0], [2.0], [5.0]])
    x = torch.tensor([[0.5], [4.0]])
    assert torch.equal(neon(model, x, 1.0, cluster=np.int64(1)), neon(model, x, 1.0, cluster=1))
    assert torch.equal(NeuralizedKMeans(model)(x, np.uint8(1)), NeuralizedKMeans(model)(x, 1))
    for no_integer in (True, np.True_, 1.0, np.float64(1), np.array([1, 1])):
        with pytest.raises(TypeError, match="cluster must be an integer"):
            neon(model, x, 1.0, cluster=no_integer)
        with pytest.raises(ValueError, match="at least 2"):
            KMeans(no_integer)
    with pytest.raises(ValueError, match="Unknown cluster 3; the clusters are 0 to 2"):
        neon(model, x, 1.0, cluster=np.int64(3))


def test_all_permutations_of_short_decimals():
    centers = torch.tensor(list(itertools.permutations([0.1, 0.2, 0.7])), dtype=DOUBLE)
    X = torch.tensor([0.1, 0.3, 0.7, 1.1], dtype=DOUBLE)[:, None].repeat(60, 3)
    model = KMeans.from_centroids(centers)
    assert model.decision(X).tolist() == [0] * 240
    assert model(X).tolist() == [0.0] * 240
