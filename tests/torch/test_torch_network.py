import math

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient

from neonxai.torch import KMeans, NeuralizedKMeans, neon

DOUBLE = torch.float64


@pytest.fixture
def X():
    return torch.randn(40, 3, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)


@pytest.fixture
def network():
    centroids = torch.randn(5, 3, generator=torch.Generator().manual_seed(1), dtype=DOUBLE)
    return NeuralizedKMeans(KMeans.from_centroids(centroids))


def layers(network, x):
    """Both layers from the explicit weights: h (n, K, K−1) and f (n, K)."""
    h = torch.einsum("nd,ckd->nck", x, network.weight) + network.bias
    return h, h.amin(2)


def test_weights_are_those_of_the_equations(network):
    centroids = network.kmeans.centroids.numpy()
    assert network.weight.shape == (5, 4, 3)
    assert network.bias.shape == (5, 4)
    for c in range(5):
        for j, k in enumerate([k for k in range(5) if k != c]):
            np.testing.assert_array_equal(network.weight[c, j], 2 * (centroids[c] - centroids[k]))
            expected = (centroids[k] ** 2).sum() - (centroids[c] ** 2).sum()
            assert network.bias[c, j].item() == pytest.approx(expected, rel=1e-13, abs=1e-14)


def test_forward_is_the_network_of_its_weights(X, network):
    _, logits = layers(network, X)
    # 1e-13: a few ulp of squared distances below 100.
    torch.testing.assert_close(network(X), logits.amax(1), rtol=0, atol=1e-13)
    for cluster in range(5):
        torch.testing.assert_close(network(X, cluster), logits[:, cluster], rtol=0, atol=1e-13)
    clusters = torch.arange(40).remainder(5)
    torch.testing.assert_close(
        network(X, clusters), logits.gather(1, clusters[:, None])[:, 0], rtol=0, atol=1e-13
    )
    # A max-pooling in place of the min-pooling is not the same network.
    wrong = layers(network, X)[0].amax(2).amax(1)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(network(X), wrong, rtol=0, atol=1e-13)


def test_the_sign_tells_the_assignment(X, network):
    assigned = network.kmeans.decision(X)
    for cluster in range(5):
        assert torch.equal(network(X, cluster) > 0, assigned == cluster)
    assert torch.equal(network(X, assigned), network(X))
    assert torch.equal(network(X), network.kmeans(X))


def test_evidence(X, network):
    h, _ = layers(network, X)
    assigned = network.kmeans.decision(X)
    for clusters, evidence in (
        (assigned, network.evidence(X)),
        (torch.full((40,), 2), network.evidence(X, 2)),
    ):
        own = torch.nn.functional.one_hot(clusters, 5).bool()
        assert torch.equal(evidence == math.inf, own)
        expected = h[torch.arange(40), clusters]
        torch.testing.assert_close(evidence[~own].reshape(40, 4), expected, rtol=0, atol=1e-13)
        torch.testing.assert_close(evidence.amin(1), network(X, clusters), rtol=0, atol=1e-13)


def test_far_from_the_origin_nothing_changes(X, network):
    # Quarters, so that the shift itself rounds nothing away.
    rows = (X * 4).round() / 4
    centroids = (network.kmeans.centroids * 4).round() / 4
    here = NeuralizedKMeans(KMeans.from_centroids(centroids))
    shifted = NeuralizedKMeans(KMeans.from_centroids(centroids + 2.0**30))
    assert torch.equal(shifted(rows + 2.0**30), here(rows))
    assert torch.equal(shifted.evidence(rows + 2.0**30), here.evidence(rows))
    assert torch.equal(shifted.weight, here.weight)
    # What recentring avoids: x² − 2xμ + μ² around the origin loses all digits.
    far = centroids + 2.0**30
    naive = (far.square().sum(1) - 2 * (rows + 2.0**30) @ far.T).topk(2, largest=False).values
    with pytest.raises(AssertionError):
        torch.testing.assert_close(naive[:, 1] - naive[:, 0], here(rows))


def test_gradient_is_the_weight_of_the_nearest_competitor(X, network):
    x = X.clone().requires_grad_()
    for cluster in (None, 1):
        assert torch.autograd.gradcheck(lambda v, cluster=cluster: network(v, cluster), (x,))
        (gradient,) = torch.autograd.grad(network(x, cluster).sum(), x)
        own = network.kmeans.decision(X) if cluster is None else torch.full((40,), cluster)
        rival = network.evidence(X, own).argmin(1)
        mu = network.kmeans.centroids
        torch.testing.assert_close(gradient, 2 * (mu[own] - mu[rival]), rtol=0, atol=1e-14)
    assert torch.autograd.gradcheck(lambda v: network.evidence(v, 1)[:, 2:], (x,))


def test_gradient_on_a_centroid_and_on_a_boundary():
    network = NeuralizedKMeans(KMeans.from_centroids([[0.0, 0.0], [2.0, 0.0], [0.0, 9.0]]))
    x = torch.tensor([[0.0, 0.0], [1.0, 3.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    assert gradient.tolist() == [[-4.0, 0.0], [-4.0, 0.0]]  # a plain distance has no gradient at 0
    y = torch.zeros(1, 2, requires_grad=True)
    broken = torch.linalg.vector_norm(y[:, None] - network.kmeans.centroids, dim=2, ord=2) ** 0.5
    (gradient,) = torch.autograd.grad(broken[0, 0], y)
    assert gradient.isnan().any()


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiles_without_graph_breaks(X, network, backend):
    clusters = torch.arange(40).remainder(5)
    for cluster in (None, 2, clusters):
        compiled = torch.compile(network, backend=backend, fullgraph=True)
        x, y = X.clone().requires_grad_(), X.clone().requires_grad_()
        ours, theirs = network(x, cluster), compiled(y, cluster)
        assert torch.equal(ours, theirs)
        ours.sum().backward()
        theirs.sum().backward()
        assert torch.equal(x.grad, y.grad)
    torch.compiler.reset()


def test_function_transforms(X, network):
    one = lambda row: network(row[None])[0]  # noqa: E731
    torch.testing.assert_close(torch.func.vmap(one)(X), network(X), rtol=0, atol=1e-14)
    jacobian = torch.func.vmap(torch.func.jacrev(one))(X)
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    torch.testing.assert_close(jacobian, gradient, rtol=0, atol=1e-14)


def test_gradient_times_input_and_its_relation_to_neon(X, network):
    x = X.clone().requires_grad_()
    attribution = InputXGradient(network).attribute(x).detach()
    mu = network.kmeans.centroids
    own = network.kmeans.decision(X)
    rival = network.evidence(X).argmin(1)
    w, m = 2 * (mu[own] - mu[rival]), (mu[own] + mu[rival]) / 2
    bias = mu[rival].square().sum(1) - mu[own].square().sum(1)
    torch.testing.assert_close(attribution, X * w, rtol=0, atol=1e-14)
    torch.testing.assert_close(attribution.sum(1), network(X) - bias, rtol=0, atol=1e-13)
    # Same weights, another root: neon starts at the midpoint, gradient × input at the origin.
    torch.testing.assert_close(neon(network, X, math.inf), attribution - w * m, rtol=0, atol=1e-13)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(neon(network, X, math.inf), attribution, rtol=0, atol=1e-13)
    asked = InputXGradient(network).attribute(x, additional_forward_args=(2,)).detach()
    rival = network.evidence(X, 2).argmin(1)
    torch.testing.assert_close(asked, X * 2 * (mu[2] - mu[rival]), rtol=0, atol=1e-14)


def test_follows_its_kmeans(X, network):
    assert list(network.state_dict()) == ["kmeans.centroids"]
    half = NeuralizedKMeans(KMeans.from_centroids(network.kmeans.centroids)).to(torch.float32)
    assert half.weight.dtype == half.bias.dtype == torch.float32
    assert half.evidence(X.float()).dtype == torch.float32
    # float32 keeps 24 bits of inputs below 4 and of logits below 40.
    torch.testing.assert_close(half(X.float()).double(), network(X), rtol=0, atol=2e-5)
    unfitted = NeuralizedKMeans(KMeans(5))
    with pytest.raises(ValueError, match="not fitted"):
        unfitted(X)
    with pytest.raises(ValueError, match="not fitted"):
        unfitted.weight  # noqa: B018
    unfitted.kmeans.fit(X)
    assert unfitted(X).ge(0).all()


def test_one_row_keeps_its_axis(X, network):
    assert network(X[:1]).shape == network(X[:1], 1).shape == (1,)
    assert network.evidence(X[:1]).shape == (1, 5)


def test_bad_input(X, network):
    with pytest.raises(TypeError, match=r"neonxai\.torch\.KMeans; got Linear"):
        NeuralizedKMeans(torch.nn.Linear(3, 5))
    for call in (network, network.evidence):
        for cluster in (5, -1):
            with pytest.raises(ValueError, match=f"Unknown cluster {cluster}; the clusters are 0 to 4"):
                call(X, cluster)
        clusters = torch.zeros(40, dtype=torch.long)
        clusters[6] = 7
        with pytest.raises(ValueError, match="Unknown cluster 7 in row 6"):
            call(X, clusters)
        with pytest.raises(ValueError, match=r"each of the 40 rows.*got \(3,\)"):
            call(X, clusters[:3])
        with pytest.raises(TypeError, match=r"integer or a tensor.*got torch\.float32"):
            call(X, clusters.float())
        with pytest.raises(TypeError, match="got str"):
            call(X, "1")
        with pytest.raises(ValueError, match="2 features, but the centroids have 3"):
            call(X[:, :2], 1)
