import copy
import math

import numpy as np
import pytest
import sklearn.cluster
import torch

from neonxai.torch import KMeans, NeuralizedKMeans

DOUBLE = torch.float64


@pytest.fixture
def X():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(60, 4, generator=generator, dtype=DOUBLE) + 3 * torch.arange(60)[:, None].remainder(3)


@pytest.fixture
def model(X):
    return KMeans(3, random_state=0, n_init=2).fit(X)


def test_fit_is_scikit_learns(X, model):
    reference = sklearn.cluster.KMeans(3, random_state=0, n_init=2).fit(X.numpy())
    np.testing.assert_array_equal(model.centroids, reference.cluster_centers_)
    np.testing.assert_array_equal(model.decision(X), reference.labels_)
    assert model.estimator_.inertia_ == reference.inertia_


def test_sample_weight_reaches_the_fit(X, model):
    weight = torch.arange(60.0, dtype=DOUBLE)
    reference = sklearn.cluster.KMeans(3, random_state=0, n_init=2).fit(
        X.numpy(), sample_weight=weight.numpy()
    )
    fitted = KMeans(3, random_state=0, n_init=2).fit(X, sample_weight=weight)
    np.testing.assert_array_equal(fitted.centroids, reference.cluster_centers_)
    assert not torch.equal(fitted.centroids, model.centroids)


@pytest.mark.parametrize("dtype", [DOUBLE, torch.float32, torch.float16, torch.bfloat16])
def test_centroids_follow_the_data(X, dtype):
    rows = X.to(dtype)
    before = rows.clone()
    model = KMeans(3, random_state=0).fit(rows)
    assert model.centroids.dtype == dtype
    assert torch.equal(rows, before)
    np.testing.assert_array_equal(model.decision(rows), model.estimator_.labels_)
    assert model(rows).dtype == dtype


def test_fit_takes_arrays_and_read_only_ones(X):
    array = X.numpy().copy()
    array.flags.writeable = False
    model = KMeans(3, random_state=0).fit(array)
    assert torch.equal(model.centroids, KMeans(3, random_state=0).fit(X).centroids)


def test_logit_is_the_gap_to_the_second_nearest(X, model):
    distances = ((X[:, None] - model.centroids) ** 2).sum(2).sort(1).values
    # 1e-12: distances of size 100 in float64.
    torch.testing.assert_close(model(X), distances[:, 1] - distances[:, 0], rtol=0, atol=1e-12)
    roots = distances.sqrt()
    with pytest.raises(AssertionError):  # plain distances instead of squared ones
        torch.testing.assert_close(model(X), roots[:, 1] - roots[:, 0], rtol=0, atol=1e-12)


def test_one_row_keeps_its_axis(X, model):
    assert model(X[:1]).shape == (1,)
    assert model.decision(X[:1]).shape == (1,)
    assert torch.equal(model(X[:1]), model(X)[:1])
    assert model(X[:0]).shape == (0,)


def test_ties_go_to_the_lower_index():
    model = KMeans.from_centroids([[4.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    x = torch.tensor([[2.0, 5.0], [0.0, 1.0], [1.0, 1.0]])
    assert model.decision(x).tolist() == [0, 1, 1]
    assert model(x).tolist() == [0.0, 0.0, 0.0]


def test_close_pair_far_from_the_rest_is_told_apart():
    # At 1e9 from the median, products lose 0.01; the pair's own form does not.
    centroids = torch.tensor([[0.0], [1.0], [2.0], [1e9], [1e9 + 0.25]], dtype=DOUBLE)
    x = torch.tensor([[1e9 + 0.0625], [1e9 + 0.1875]], dtype=DOUBLE)
    model = KMeans.from_centroids(centroids)
    assert model.decision(x).tolist() == [3, 4]
    assert model(x).tolist() == [0.1875**2 - 0.0625**2] * 2


def test_state_dict_holds_the_centroids_alone(model, tmp_path):
    state = model.state_dict()
    assert list(state) == ["centroids"]
    torch.save(state, tmp_path / "state.pt")
    loaded = KMeans(3)
    loaded.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(loaded.centroids, model.centroids)
    assert loaded.centroids.dtype == DOUBLE
    assert loaded.centroids.data_ptr() != model.centroids.data_ptr()


def test_load_state_dict_nested_assigned_and_over_a_fit(X, model):
    network = NeuralizedKMeans(KMeans(3))
    network.load_state_dict(NeuralizedKMeans(model).state_dict())
    assert torch.equal(network(X), model(X))

    assigned = KMeans(3)
    assigned.load_state_dict(model.state_dict(), assign=True)
    assert assigned.centroids.data_ptr() == model.centroids.data_ptr()

    refitted = KMeans(3, random_state=0).fit(X + 1)
    refitted.load_state_dict(model.state_dict())
    assert torch.equal(refitted.centroids, model.centroids)
    assert refitted.estimator_ is None  # what was fitted no longer is what the module holds


def test_load_state_dict_errors(model):
    with pytest.raises(RuntimeError, match=r"3 centroids.*n_clusters=4.*Load it into KMeans\(n_clusters=3\)"):
        KMeans(4).load_state_dict(model.state_dict())
    with pytest.raises(RuntimeError, match="size mismatch"):
        KMeans.from_centroids(torch.zeros(3, 9)).load_state_dict(model.state_dict())
    with pytest.raises(RuntimeError, match="Missing key"):
        KMeans(3).load_state_dict({})
    unfitted = KMeans(3)
    unfitted.load_state_dict(KMeans(3).state_dict())
    with pytest.raises(ValueError, match="not fitted"):
        unfitted(torch.zeros(1, 4))


def test_deepcopy_and_to(X, model):
    twin = copy.deepcopy(model).to(torch.float32)
    assert twin.centroids.dtype == torch.float32
    assert model.centroids.dtype == DOUBLE
    torch.testing.assert_close(twin(X.float()), model(X).float())


def test_from_centroids_copies():
    source = torch.zeros(2, 3)
    source[1] = 1.0
    model = KMeans.from_centroids(source)
    source[:] = 9.0
    assert model.centroids.tolist() == [[0.0] * 3, [1.0] * 3]
    assert model.n_clusters == 2
    assert KMeans.from_centroids(np.array([[0, 1], [2, 3]])).centroids.dtype == torch.get_default_dtype()
    assert repr(KMeans(5, n_init=3)) == "KMeans(n_clusters=5, n_init=3)"


def test_not_a_number_in_gives_not_a_number_out(X, model):
    rows = X.clone()
    rows[1, 2] = math.nan
    logits = model(rows)
    assert logits[1].isnan()
    assert torch.equal(logits[2:], model(X)[2:])
    with pytest.raises(ValueError, match="value nan in row 1, column 2"):
        model.decision(rows)


def test_large_finite_values_are_no_error():
    model = KMeans.from_centroids(torch.tensor([[0.0], [1.0]], dtype=torch.float16))
    rows = torch.full((9, 1), 60000.0, dtype=torch.float16)  # whose sum float16 does not hold
    assert model.decision(rows).tolist() == [1] * 9


@pytest.mark.parametrize("method", ["forward", "decision"])
def test_bad_rows(X, model, method):
    call = getattr(model, method)
    with pytest.raises(ValueError, match="5 features, but the centroids have 4"):
        call(torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"got \(4,\).*x\[None\]"):
        call(X[0])
    with pytest.raises(TypeError, match=r"got ndarray.*torch\.as_tensor"):
        call(X.numpy())
    with pytest.raises(TypeError, match=r"torch\.int64"):
        call(X.long())
    with pytest.raises(ValueError, match="on meta, but the centroids are on cpu"):
        call(X.to("meta"))
    with pytest.raises(ValueError, match="not fitted"):
        getattr(KMeans(3), method)(X)


def test_bad_construction(X):
    for n_clusters in (1, 0, -2, 2.0, True):
        with pytest.raises(ValueError, match="at least 2"):
            KMeans(n_clusters)
    with pytest.raises(TypeError, match="n_iinit"):
        KMeans(3, n_iinit=2)
    with pytest.raises(ValueError, match="at least 2; got 1"):
        KMeans.from_centroids(torch.zeros(1, 4))
    with pytest.raises(ValueError, match="value inf in row 0, column 1"):
        KMeans.from_centroids([[0.0, math.inf], [0.0, 0.0]])
    with pytest.raises(ValueError, match=r"\(n_clusters, n_features\); got \(3,\)"):
        KMeans.from_centroids([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="complex"):
        KMeans.from_centroids(torch.zeros(2, 2, dtype=torch.complex64))
    bad = X.clone()
    bad[7, 1] = math.nan
    with pytest.raises(ValueError, match="value nan in row 7, column 1"):
        KMeans(3).fit(bad)
    with pytest.raises(ValueError, match="no rows"):
        KMeans(3).fit(X[:0])
    with pytest.raises(ValueError, match=r"got \(4,\)"):
        KMeans(3).fit(X[0])
