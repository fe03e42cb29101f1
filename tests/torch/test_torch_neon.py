import importlib
import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_wine
from sklearn.preprocessing import MinMaxScaler

from neonxai.torch import KMeans, NeuralizedKMeans, beta_heuristic, neon, redistribution

neon_module = importlib.import_module("neonxai.torch.neon")  # the package's name `neon` is the function
DOUBLE = torch.float64
BETAS = [0.0, 0.3, 1.0, 25.0, math.inf]


@pytest.fixture
def X():
    return torch.randn(50, 4, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)


@pytest.fixture
def model():
    return KMeans.from_centroids(torch.randn(6, 4, generator=torch.Generator().manual_seed(1), dtype=DOUBLE))


def assert_reproduces(implementation, golden, slow_neon):
    model, X = KMeans.from_centroids(golden["centers"]), torch.tensor(golden["X"])
    # The stored relevance was computed with the heuristic's β in float32.
    auto = float(np.float32(golden["beta_auto"]))
    for beta, name in ((1.0, "relevance_beta1"), (auto, "relevance_auto")):
        _, logits, _, magnitude = slow_neon(golden["X"], golden["centers"], beta)
        error = np.abs(implementation(model, X, beta).numpy() - golden[name]).sum(1)
        # The reference adds ε = 1e-9 to its denominators h ≥ f, which changes every term by at most ε/f.
        assert (error <= (1e-9 / logits + 1e-12) * magnitude).all()


def half_difference_root(model, X, beta):
    """The known mistake: the root (μ_c − μ_k)/2 instead of the midpoint (μ_c + μ_k)/2."""
    mu, own = model.centroids, model.decision(X)
    rival = NeuralizedKMeans(model).evidence(X).argmin(1)
    w = 2 * (mu[own] - mu[rival])
    return w * (X - (mu[own] - mu[rival]) / 2)


def test_figures_of_the_reference(golden, slow_neon):
    model, X = KMeans.from_centroids(golden["centers"]), torch.tensor(golden["X"])
    np.testing.assert_array_equal(model.decision(X), golden["labels"])
    np.testing.assert_allclose(model(X), golden["logits"], rtol=1e-9, atol=1e-9 * golden["logits"].max())
    assert beta_heuristic(model, X).item() == pytest.approx(golden["beta_auto"].item(), rel=1e-12)
    assert_reproduces(neon, golden, slow_neon)
    with pytest.raises(AssertionError):
        assert_reproduces(half_difference_root, golden, slow_neon)


def test_the_nine_wines(wine_readme):
    wines = load_wine()
    X = torch.tensor(MinMaxScaler().fit_transform(wines.data))
    model = KMeans(3, n_init=1, random_state=wine_readme["random_state"]).fit(X)
    labels, logits, relevance = model.decision(X), model(X), neon(model, X, 1.0)
    # The figures name a cluster by the cultivar that most of its wines are of.
    cultivar = {c: np.bincount(wines.target[labels == c]).argmax() for c in range(3)}
    assert sorted(cultivar.values()) == [0, 1, 2]
    wrong = [row for row, c in enumerate(labels.tolist()) if cultivar[c] != wines.target[row]]
    assert wrong == [wine["row"] for wine in wine_readme["misclassified"]]
    for wine in wine_readme["misclassified"]:
        row = wine["row"]
        assert cultivar[labels[row].item()] == wine["cluster"]
        assert wines.target[row] == wine["true"]
        assert round(logits[row].item(), 4) == wine["logit"]
        assert round(relevance[row].sum().item(), 4) == wine["relevance_sum"]
        assert round(torch.sigmoid(logits[row]).item(), 2) == wine["probability"]
    assert beta_heuristic(model, X).item() == pytest.approx(wine_readme["beta_auto"], rel=1e-9)


def assert_is_neon(implementation, model, X, beta, slow_neon):
    expected, logits, labels, magnitude = slow_neon(X.numpy(), model.centroids.numpy(), beta)
    relevance = implementation(model, X, beta)
    np.testing.assert_array_equal(model.decision(X), labels)
    # 1e-10: the slow loop computes h = w·x + b around the origin, and loses a few digits where f is small.
    assert (np.abs(relevance.numpy() - expected).sum(1) <= 1e-10 * magnitude).all()
    np.testing.assert_allclose(relevance.sum(1), logits, rtol=0, atol=1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_is_the_papers_equations(model, X, beta, slow_neon):
    assert_is_neon(neon, model, X, beta, slow_neon)
    assert_is_neon(neon, KMeans.from_centroids(model.centroids[:2]), X, beta, slow_neon)
    assert torch.equal(neon(NeuralizedKMeans(model), X, beta), neon(model, X, beta))


def soft_max_shares(excess, beta):
    finite = torch.where(torch.isinf(excess), -math.inf, excess)
    return torch.softmax(beta * finite, 1)


def whole_ratios(evidence, logit):
    return torch.ones_like(evidence)


@pytest.mark.parametrize(
    ("name", "broken"),
    [("softmin_shares", soft_max_shares), ("ratios", whole_ratios)],
    ids=["soft-max", "no-ratio"],
)
def test_rejects_a_broken_layer(monkeypatch, model, X, name, broken, slow_neon):
    monkeypatch.setattr(redistribution, name, broken)
    with pytest.raises(AssertionError):
        assert_is_neon(neon, model, X, 1.0, slow_neon)


def test_rejects_a_wrong_root(model, X, slow_neon):
    with pytest.raises(AssertionError):
        assert_is_neon(half_difference_root, model, X, math.inf, slow_neon)


@pytest.mark.parametrize("beta", [0.0, 1.0, math.inf])
def test_a_cluster_that_rows_are_not_in(model, X, beta):
    own, mu = model.decision(X), model.centroids
    network = NeuralizedKMeans(model)
    usual = neon(model, X, beta)
    for target in range(6):
        relevance = neon(model, X, beta, cluster=target)
        inside = own == target
        assert torch.equal(relevance[inside], usual[inside])
        pair = (X - mu[own]) ** 2 - (X - mu[target]) ** 2
        # A few ulp of terms below 100.
        torch.testing.assert_close(relevance[~inside], pair[~inside], rtol=0, atol=1e-13)
        torch.testing.assert_close(relevance.sum(1), network(X, target), rtol=0, atol=1e-12)
        assert (relevance[~inside].sum(1) < 0).all()
    mixed = torch.arange(50).remainder(6)
    expected = torch.stack([neon(model, X[i : i + 1], beta, cluster=int(t))[0] for i, t in enumerate(mixed)])
    torch.testing.assert_close(neon(model, X, beta, cluster=mixed), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("beta", [0.0, 1.0, 1e200, math.inf])
def test_boundaries_ties_and_duplicates(beta):
    model = KMeans.from_centroids([[0.0, 0.0], [2.0, 0.0], [0.0, 0.0], [2.0, 4.0]])
    x = torch.tensor([[0.25, 1.0], [1.0, 3.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0]], dtype=torch.float32)
    relevance = neon(model, x, beta)
    assert torch.isfinite(relevance).all()
    assert relevance[0].tolist() == [0.0, 0.0]  # in the duplicate: no evidence, no relevance, for any β
    assert model.decision(x).tolist()[:1] == [0]
    np.testing.assert_allclose(relevance.sum(1), model(x), rtol=0, atol=1e-6)
    # Two rivals 0 and 2 tie for the last row, with Z = (4, 0) each: h = 4, and h = 8 with Z = (0, 8) for 3.
    nearer = 2 / 3 if beta == 0 else 1 / (1 + math.exp(-beta * 4) / 2)
    expected = [4 * nearer, 8 * (1 - nearer) * 4 / 8]
    np.testing.assert_allclose(relevance[4], expected, rtol=1e-6)


@pytest.mark.parametrize("beta", [0.0, 1.0, math.inf])
def test_on_a_boundary_the_nearest_pair_remains(beta):
    centers = torch.tensor([[0.0, 0.0], [2.0, 2.0], [9.0, 9.0]], dtype=DOUBLE)
    x = torch.tensor([[2.0, 0.0], [1.0, 1.0]], dtype=DOUBLE)  # f = 0: on the boundary; and on the midpoint
    relevance = neon(KMeans.from_centroids(centers), x, beta)
    h2 = 7**2 + 9**2 - 2**2
    share = {0.0: 0.5, 1.0: 1 / (1 + math.exp(-h2)), math.inf: 1.0}[beta]
    assert relevance[0].tolist() == pytest.approx([-4 * share, 4 * share], rel=1e-15)
    assert relevance[1].tolist() == [0.0, 0.0]


def test_blocks_change_nothing(monkeypatch, model, X):
    whole = {beta: neon(model, X, beta, cluster=2) for beta in BETAS}
    heuristic = beta_heuristic(model, X)
    for bytes_ in (1, 3000, 20000):
        monkeypatch.setattr(neon_module, "_BLOCK_BYTES", bytes_)
        for beta, expected in whole.items():
            # BLAS sums in another order for other shapes; 1e-12 of terms below 100 is its last few bits.
            torch.testing.assert_close(neon(model, X, beta, cluster=2), expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(beta_heuristic(model, X), heuristic, rtol=1e-14, atol=0)


def test_temporaries_are_bounded(model, X):
    step = neon_module._blocks(X.repeat(100_000, 1), 6)[0].stop
    assert step * 8 * (14 * 6 + 6 * 4) <= neon_module._BLOCK_BYTES < (step + 1) * 8 * (14 * 6 + 6 * 4)


def test_permutations_and_scale(model, X):
    relevance = neon(model, X, 0.5)
    order = torch.tensor([2, 0, 3, 1])
    features = neon(KMeans.from_centroids(model.centroids[:, order]), X[:, order], 0.5)
    torch.testing.assert_close(features, relevance[:, order], rtol=0, atol=1e-12)
    torch.testing.assert_close(neon(model, X.flip(0), 0.5), relevance.flip(0), rtol=0, atol=1e-12)
    renamed = neon(KMeans.from_centroids(model.centroids.flip(0)), X, 0.5)
    torch.testing.assert_close(renamed, relevance, rtol=0, atol=1e-12)
    scaled = neon(KMeans.from_centroids(8 * model.centroids), 8 * X, 0.5 / 64)
    torch.testing.assert_close(scaled, 64 * relevance, rtol=0, atol=1e-10)


def test_dtype_and_inputs(model, X):
    before = X.clone()
    x = X.float().requires_grad_()
    relevance = neon(model, x, torch.tensor(1.0))
    assert relevance.dtype == torch.float32
    assert not relevance.requires_grad
    expected = neon(KMeans.from_centroids(model.centroids), x.detach().double(), 1.0)
    # Computed in float64, so one rounding to float32 is all there is.
    assert torch.equal(relevance, expected.float())
    assert torch.equal(X, before)
    assert beta_heuristic(model, x).dtype == torch.float32
    assert neon(model, X[:1], 1).shape == (1, 4)
    transposed = X.T.contiguous().T
    torch.testing.assert_close(neon(model, transposed, 1.0), neon(model, X, 1.0), rtol=0, atol=1e-12)


def test_auto_depends_on_the_rows_and_says_so(model, X):
    auto = beta_heuristic(model, X)
    assert auto.item() == pytest.approx(1 / model(X).mean().item(), rel=1e-14)
    assert torch.equal(neon(model, X, "auto"), neon(model, X, auto))
    assert not torch.equal(neon(model, X[:10], "auto"), neon(model, X, "auto")[:10])
    on_boundary = KMeans.from_centroids([[0.0], [2.0]])
    assert beta_heuristic(on_boundary, torch.ones(3, 1)).item() == math.inf
    assert neon(on_boundary, torch.ones(3, 1), "auto").tolist() == [[0.0]] * 3


def test_bad_input(model, X):
    for beta in (-1.0, math.nan, torch.tensor(-2.0)):
        with pytest.raises(ValueError, match="beta must be from 0"):
            neon(model, X, beta)
    with pytest.raises(ValueError, match="Unknown beta 'big'"):
        neon(model, X, "big")
    for beta in (None, torch.ones(2), [1.0]):
        with pytest.raises(TypeError, match="one real number"):
            neon(model, X, beta)
    with pytest.raises(ValueError, match="Unknown cluster 6; the clusters are 0 to 5"):
        neon(model, X, 1.0, cluster=6)
    bad = X.clone()
    bad[3, 2], bad[9, 0] = -math.inf, math.nan
    for call in (lambda x: neon(model, x, 1.0), lambda x: beta_heuristic(model, x)):
        with pytest.raises(ValueError, match="value -inf in row 3, column 2"):
            call(bad)
        with pytest.raises(ValueError, match="no rows"):
            call(X[:0])
        with pytest.raises(ValueError, match="3 features, but the centroids have 4"):
            call(X[:, :3])
        with pytest.raises(TypeError, match=r"torch\.as_tensor"):
            call(X.numpy())
    for call in (lambda m: neon(m, X, 1.0), lambda m: beta_heuristic(m, X)):
        with pytest.raises(TypeError, match="got Linear"):
            call(torch.nn.Linear(4, 2))
        with pytest.raises(ValueError, match="not fitted"):
            call(KMeans(2))
    far = KMeans.from_centroids(model.centroids * 1e160)
    with pytest.raises(
        ValueError, match=r"row 0 overflow torch\.float64: .* 2\.\S+ in the row and 2\.\S+e\+160 in"
    ):
        neon(far, X, 1.0)
    big = (X * 1e25).float()  # whose squares no float32 holds
    with pytest.raises(ValueError, match=r"overflow torch\.float32"):
        neon(KMeans.from_centroids(big[:6]), big, 1.0)
    distant = neon(model, X * 1e160, math.inf)  # but a far row alone is none of these
    np.testing.assert_allclose(distant.sum(1), model(X * 1e160), rtol=1e-13)
