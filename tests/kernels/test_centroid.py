"""K-means' kernel gives what the network gives, entry by entry."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

import neonxai
from neonxai import kernels
from neonxai.networks import CentroidNetwork
from neonxai.stages.fused import FusedCentroids, Room, fused
from neonxai.stages.propagation import Question, propagate


def room_for(X, dtype=None):
    n, dtype = len(X), dtype or X.dtype
    return Room(
        np.full(X.shape, np.nan, dtype),
        np.full(n, np.nan, dtype),
        np.full(n, np.nan, dtype),
        np.full(n, -1, np.intp),
        np.full(n, -1, np.intp),
    )


def assert_same(centers, X, beta=0.3):
    """Compare kernel and network; return which rows the kernel has left to the network."""
    network = CentroidNetwork(centers)
    room = room_for(X)
    left = FusedCentroids(network, beta).explain(X, room)
    expected = propagate(network, X, Question(), beta=beta, pooling="min")
    room.put(left, Room(*(getattr(expected, field.name)[left] for field in fields(Room))))
    # What the network refines is within 1e-11 of the truth, and so is what the kernel keeps.
    # In single precision relevance is within half of the 1e-5 that are promised.
    share, of_relevance = (1e-10, 1e-10) if X.dtype == np.float64 else (1e-6, 5e-6)
    scale = np.abs(expected.relevance).sum(axis=1)
    np.testing.assert_array_equal(room.labels, expected.labels)
    assert (np.abs(room.relevance - expected.relevance) <= of_relevance * scale[:, None]).all()
    np.testing.assert_allclose(room.logits, expected.logits, rtol=share)
    np.testing.assert_allclose(room.probabilities, expected.probabilities, rtol=share)
    # Rivals as far as each other may change places.
    other = np.flatnonzero(room.competitors != expected.competitors)
    _, evidence = network.evidence(X, expected.labels)
    np.testing.assert_allclose(evidence[other, room.competitors[other]], expected.logits[other], rtol=share)
    left_over = np.abs(room.relevance.sum(axis=1, dtype=np.float64) - room.logits)
    assert (left_over <= (1e-13 if X.dtype == np.float64 else 1e-6) * scale).all()
    return left


def blobs(n=300, n_features=5, n_clusters=4, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    centers = 3.0 * rng.standard_normal((n_clusters, n_features))
    rows = centers[rng.integers(n_clusters, size=n)] + rng.standard_normal((n, n_features))
    return centers, rows.astype(dtype)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 200),
    n_features=st.integers(1, 40),
    n_clusters=st.integers(2, 30),
    seed=st.integers(0, 1000),
    beta=st.sampled_from([0.0, 1e-3, 0.1, 10.0, 1e6, np.inf]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_any_shape(n, n_features, n_clusters, seed, beta, dtype):
    assert_same(*blobs(n, n_features, n_clusters, dtype, seed), beta)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_orders_strides_and_files(dtype, tmp_path: Path):
    centers, X = blobs(n=200, n_features=6, dtype=dtype)
    network = FusedCentroids(CentroidNetwork(centers), 0.3)
    expected = room_for(X)
    network.explain(X, expected)
    wide = np.repeat(np.repeat(X, 3, axis=0), 2, axis=1)
    on_disk = np.memmap(tmp_path / "rows", dtype, "w+", shape=X.shape)
    on_disk[:] = X
    on_disk.flush()
    backwards = X[::-1, ::-1].copy()[::-1, ::-1]
    forms = [np.asfortranarray(X), wide[::3, ::2], wide.T[::2, ::3].T, backwards]
    forms.append(np.memmap(tmp_path / "rows", dtype, "r", shape=X.shape))
    for form in forms:
        form.flags.writeable = False
        room = room_for(X)
        network.explain(form, room)
        np.testing.assert_allclose(room.relevance, expected.relevance, rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(room.labels, expected.labels)
        np.testing.assert_array_equal(form, X)


def test_ties_and_duplicates():
    centers = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 0.0], [0.0, 7.0]])
    X = np.array([[1.0, 3.0], [0.0, 3.5], [2.0, 0.0], [0.0, 0.0], [0.4, -0.2], [1.0, -5.0]])
    for beta in (0.0, 0.5, np.inf):
        left = assert_same(centers, X, beta)
        assert {0, 1, 2, 5} <= set(left)  # on a boundary
    assert_same(centers, X, 0.5)


@pytest.mark.parametrize("shift", [0.0, 1e3, 1e8, 1e12])
def test_far_from_the_origin(shift):
    centers, X = blobs()
    assert_same(centers + shift, X + shift)


def test_a_close_pair_far_from_the_rest_is_left_to_the_network():
    rng = np.random.default_rng(1)
    centers = np.vstack([rng.standard_normal((5, 3)), [[1e6, 0, 0], [1e6, 1e-3, 0]]])
    X = np.vstack([rng.standard_normal((90, 3)), centers[5] + 1e-4 * rng.standard_normal((10, 3))])
    left = assert_same(centers, X, 1.0)
    assert set(range(90, 100)) <= set(left)


def test_rows_far_from_all_centers():
    centers, X = blobs()
    left = assert_same(centers, X * 1e6)
    assert len(left)


def test_few_rows_of_ordinary_data_are_left():
    # Otherwise the test above could not tell the kernel from the network.
    centers, X = blobs(n=5000, n_features=16, n_clusters=8)
    assert len(assert_same(centers, X)) < 50


def test_a_broken_kernel_is_rejected(monkeypatch):
    from neonxai.kernels import centroid

    honest = centroid.explain_rows

    def broken(*arguments):
        honest(*arguments)
        arguments[8][3] *= 1.0 + 1e-9  # the relevance of one row

    monkeypatch.setattr(centroid, "explain_rows", broken)
    with pytest.raises(AssertionError):
        assert_same(*blobs())


def test_a_kernel_that_flags_nothing_is_rejected(monkeypatch):
    from neonxai.kernels import centroid

    honest = centroid.explain_rows

    def broken(*arguments):
        honest(*arguments)
        arguments[-1][:] = False

    monkeypatch.setattr(centroid, "explain_rows", broken)
    with pytest.raises(AssertionError):
        test_a_close_pair_far_from_the_rest_is_left_to_the_network()


def test_numbers_too_large_are_left():
    centers = np.array([[0.0, 0.0], [1e30, 0.0]])
    X = np.array([[1e30, 0.0], [0.2, 0.0]], dtype=np.float32)
    with np.errstate(over="ignore"):
        assert 0 in FusedCentroids(CentroidNetwork(centers), 0.1).explain(X, room_for(X))


def test_only_the_default_question_is_fused():
    network = CentroidNetwork(blobs()[0])
    many = 1 << 24
    assert fused(network, Question(), many, beta=1.0, pooling="min") is not None
    assert fused(network, Question(), 10, beta=1.0, pooling="min") is None
    assert fused(network, Question(), many, beta=1.0, pooling="soft") is None
    assert fused(network, Question(rivals=np.zeros(1, np.intp)), many, beta=1.0, pooling="min") is None


@pytest.fixture
def always(monkeypatch):
    """Take kernels for few rows, too."""
    monkeypatch.setattr("neonxai.stages.fused._WORTH_LOADING", 0)


@pytest.fixture
def plain_numpy(monkeypatch):
    """Explain without kernels."""

    def explain(explainer, X, **asked):
        with monkeypatch.context() as patch:
            patch.setattr(kernels, "available", lambda: False)
            return explainer.explain(X, **asked)

    return explain


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("names", [None, ["north", "south", "east", "west"]])
def test_explain_uses_it(plain_numpy, names):
    centers, X = blobs(n=4000)
    model = neonxai.Centroids(centers, names)
    explainer = neonxai.ClusterExplainer(model).fit(X)
    plain, quick = plain_numpy(explainer, X), explainer.explain(X)
    assert not np.array_equal(quick.relevance, plain.relevance)  # they round differently
    np.testing.assert_allclose(quick.relevance, plain.relevance, rtol=1e-9, atol=1e-9)
    for clusters in ("labels", "targets", "competitors"):
        np.testing.assert_array_equal(getattr(quick, clusters), getattr(plain, clusters))
    assert not quick.absorbed.any()
    np.testing.assert_array_equal(quick[:7].relevance, explainer.explain(X[:7]).relevance)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named(value, dtype):
    centers, X = blobs(n=4000, dtype=dtype)
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(X)
    X[[3000, 3900], [2, 0]] = value
    with pytest.raises(ValueError, match=r"in row 3000, column 2\."):
        explainer.explain(X)


@pytest.mark.usefixtures("always")
def test_numbers_too_large_are_refused_by_their_row():
    centers, X = blobs(n=4000, dtype=np.float32)
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(X)
    X[3000] = 3e38
    with pytest.raises(ValueError, match="evidence of row 3000 is too large for float32"):
        explainer.explain(X)


def test_single_precision_that_lacks_digits_is_done_in_double():
    rng = np.random.default_rng(0)
    # Two centers away from most: local coordinates are large beside their differences.
    centers = np.vstack([[[15.0, 15.0], [18.0, 15.0]], rng.standard_normal((5, 2))])
    X = (centers[rng.integers(2, size=200)] + 0.1 * rng.standard_normal((200, 2))).astype(np.float32)
    machine = FusedCentroids(CentroidNetwork(centers), 0.5)
    single = machine._pass(X, room_for(X), machine._backward(np.dtype(np.float32)))
    assert len(single) > 100
    assert len(assert_same(centers, X, 0.5)) < 20


@pytest.mark.parametrize("beta", [0.0, 0.1, 10.0])
def test_many_clusters_in_single_precision(beta):
    # The way back sums over clusters, each with a rounding error of its own.
    centers, X = blobs(n=128, n_features=3, n_clusters=3000, dtype=np.float32)
    centers, X = 0.3 * np.abs(centers) + 1.5, 0.3 * np.abs(X) + np.float32(1.5)
    assert_same(centers, X, beta)


def test_far_rivals_beyond_single_precision():
    # Squares of the last center fit, their sum does not, and its share would be lost.
    centers = np.array([[0.0] * 4, [1.6e18] * 4, [1.5e19] * 4, [-2e18] * 4, [1e18] * 4])
    assert_same(centers, np.full((3, 4), 1e16, dtype=np.float32), beta=0.0)


def test_a_row_does_not_depend_on_its_neighbors():
    # Seen from the last row, the products can't tell two of the rivals apart.
    machine = FusedCentroids(CentroidNetwork([[0.0, 0.0], [1.0, 0.0], [1.0, 1e-4], [0.0, 3.0]]), 1.0)
    X = np.array([[0.2, 0.1]] * 63 + [[0.2, 5e3]])
    alone, together = room_for(X[:1]), room_for(X)
    assert not len(machine.explain(X[:1], alone))
    np.testing.assert_array_equal(machine.explain(X, together), [63])
    np.testing.assert_array_equal(together.relevance[0], alone.relevance[0])


def near_a_boundary():
    # Features that cancel each other: relevance has its digits, its sum has not.
    rng = np.random.default_rng(5)
    centers = rng.standard_normal((2, 4))
    apart = centers[1] - centers[0]
    along = rng.standard_normal((100, 4))
    along -= (along @ apart / (apart @ apart))[:, None] * apart
    return centers, centers.mean(axis=0) + 3.0 * along - 1e-7 * apart


def told_apart_by_beta_alone():
    # From each row the rivals differ by about 1/β, of which the products see few digits.
    rng = np.random.default_rng(6)
    rivals = rng.standard_normal((5, 3))
    rivals *= 2.0 / np.linalg.norm(rivals, axis=1)[:, None]
    own = np.array([0.1, 0.2, 0.3])
    return np.vstack([own, own + rivals]), own + 1e-8 * rng.standard_normal((100, 3)), 1e7


def test_rows_near_a_boundary_are_left():
    assert len(assert_same(*near_a_boundary())) == 100


def test_rivals_that_only_beta_tells_apart_are_left():
    assert len(assert_same(*told_apart_by_beta_alone())) == 100


@pytest.mark.parametrize("subject", [near_a_boundary, told_apart_by_beta_alone])
def test_these_need_to_be_left(subject, monkeypatch):
    from neonxai.kernels import centroid

    honest = centroid.explain_rows

    def broken(*arguments):
        honest(*arguments)
        arguments[-1][:] = False

    monkeypatch.setattr(centroid, "explain_rows", broken)
    with pytest.raises(AssertionError):
        assert_same(*subject())


@pytest.mark.usefixtures("always")
def test_rows_that_are_left_are_not_done_before_they_are():
    centers, X = blobs(n=400)
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(X)
    X[50:350] *= 1e7  # far from all centers
    told = []
    explainer.explain(X, progress=lambda done, n_rows: told.append((done, n_rows)))
    assert told[-1] == (400, 400)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert any(done <= 100 for done, _ in told)
    assert sum(done == 400 for done, _ in told) == 1


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("n_features", [5_000, 70_000])
def test_many_features(n_features):
    """By the kernel, and beyond its limit by NumPy; more than two bytes can count."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((3, n_features))
    X = centers[[0, 1, 2, 1]] + rng.standard_normal((4, n_features))
    is_fused = fused(CentroidNetwork(centers), Question(), 4, beta=0.0, pooling="min") is not None
    assert is_fused == (n_features == 5_000)
    e = neonxai.explain(neonxai.Centroids(centers), X, beta=0.0)
    np.testing.assert_array_equal(e.labels, [0, 1, 2, 1])
    for row, own in enumerate(e.labels):
        Z = (X[row] - np.delete(centers, own, axis=0)) ** 2 - (X[row] - centers[own]) ** 2
        h = Z.sum(axis=1)
        expected = (0.5 * h.min() / h) @ Z
        np.testing.assert_allclose(
            e.relevance[row], expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max()
        )
