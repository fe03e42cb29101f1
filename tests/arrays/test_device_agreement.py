"""On a device as by NumPy, on every family that is covered; and nothing goes through the CPU."""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import contextmanager

import array_api_strict as strict
import jax
import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import neonxai
from array_kinds import elsewhere, not_the_host
from gaussian_models import DATA, MODELS, fit
from neonxai.devices import answering, reading
from neonxai.networks import CentroidNetwork, DiagonalGaussianNetwork, LinearNetwork
from neonxai.tensors import Tensor, host_copy
from neonxai.tensors.operations import CupyOperations

WINE, CLASSES = DATA["wine"]
RAW = DATA["raw wine"][0]


def kmeans():
    return KMeans(5, n_init=1, random_state=0)


RNG = np.random.default_rng(0)


def uneven():
    """Weights that were not quite made by one symmetric matrix, so that h_k at the root is not v_c − v_k."""
    centers = RNG.normal(size=(4, 13))
    metric = np.diag(RNG.uniform(0.5, 2.0, 13))
    return LinearNetwork(
        centers @ metric * (1 + 1e-6 * RNG.normal(size=(4, 13))), centers, RNG.normal(size=4)
    )


COVERED = {
    "k-means": (kmeans().fit(WINE), WINE),
    "two clusters": (KMeans(2, n_init=1, random_state=0).fit(WINE), WINE),
    "scaler and k-means": (make_pipeline(StandardScaler(), kmeans()).fit(RAW), RAW),
    "scalers, PCA and k-means": (
        make_pipeline(StandardScaler(), MinMaxScaler(), PCA(5), kmeans()).fit(RAW),
        RAW,
    ),
    "tied": (fit(MODELS["tied"], WINE), WINE),
    "scaler and LDA": (make_pipeline(StandardScaler(), MODELS["LDA svd"]).fit(RAW, CLASSES), RAW),
    "LDA": (fit(MODELS["LDA svd"], WINE, CLASSES), WINE),
    "diagonal": (fit(MODELS["diag"], WINE), WINE),
    "spherical": (fit(MODELS["spherical"], WINE), WINE),
    "naive Bayes": (fit(MODELS["naive Bayes"], WINE, CLASSES), WINE),
    "uneven": (uneven(), WINE),
    "far away": (CentroidNetwork(WINE[::30] + 1e8), WINE + 1e8),
    "diagonal far away": (
        DiagonalGaussianNetwork(WINE[::30] + 1e6, RNG.uniform(0.5, 2, (6, 13)), RNG.normal(size=6)),
        WINE + 1e6,
    ),
    "tied rows": (CentroidNetwork(np.eye(3)), np.array([[1.0, 1, 1], [0, 0, 0], [1, 1, 0], [0.5, 0, 0.5]])),
    "tied Gaussians": (
        DiagonalGaussianNetwork(np.eye(3), np.ones((3, 3)), np.zeros(3)),
        np.array([[1.0, 1, 1], [0, 0, 0], [1, 1, 0], [0.5, 0, 0.5]]),
    ),
}
FLOATS = ("relevance", "logits", "probabilities", "absorbed")


def check_agreement(e, expected, limit, clusters=("labels", "targets", "competitors")):
    """Errors of a row, against what it hands out."""
    e = e.to_numpy()
    scale = np.abs(expected.relevance).sum(axis=1) + np.abs(expected.absorbed) + np.abs(expected.logits)
    scale += 1e-300
    for name, unit in (("relevance", scale[:, None]), ("logits", scale), ("absorbed", scale)):
        error = np.abs(getattr(e, name) - getattr(expected, name)) / unit
        assert error.max() <= limit, f"{name}: {error.max():.1g}"
    steepness = 1 + (expected.beta if np.isfinite(expected.beta) else 0.0) * scale / 4
    assert np.all(np.abs(e.probabilities - expected.probabilities) <= limit * steepness)
    for name in clusters:
        np.testing.assert_array_equal(getattr(e, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize("name", COVERED)
@pytest.mark.parametrize(("pooling", "beta"), [("min", 0.0), ("min", "auto"), ("min", np.inf), ("soft", 0.7)])
def test_as_by_numpy(name, pooling, beta):
    model, X = COVERED[name]
    expected = neonxai.explain(model, X, beta=beta, pooling=pooling)
    e = neonxai.explain(model, elsewhere(X), beta=beta, pooling=pooling)
    assert e.beta == pytest.approx(expected.beta, rel=1e-10)
    if beta == "auto":  # the same number, for the same shares
        e = neonxai.explain(model, elsewhere(X), beta=expected.beta, pooling=pooling)
    check_agreement(e, expected, 1e-10)


@pytest.mark.parametrize("unit", [1.0, 0.1])
def test_on_grids_where_much_is_tied(unit):
    rng = np.random.default_rng(0)
    # Of rivals whose evidence is equal but for its last digit, either is the nearest.
    clusters = ("labels", "targets", "competitors") if unit == 1.0 else ("labels", "targets")
    for number in range(60):
        n_clusters, n_features = rng.integers(2, 9), rng.integers(1, 6)
        shift = rng.choice([0.0, unit, 1e5, 1e8])
        mu, X = (unit * rng.integers(-3, 4, (n, n_features)) + shift for n in (n_clusters, 40))
        spread = rng.integers(1, 3, mu.shape).astype(float)
        model = CentroidNetwork(mu) if number % 2 else DiagonalGaussianNetwork(mu, spread, np.zeros(len(mu)))
        beta = float(rng.choice([0.0, 0.3, 10.0, 1e6, np.inf]))
        pooling = "soft" if 0.0 < beta < np.inf and number % 3 else "min"
        explainer = neonxai.ClusterExplainer(model, beta=beta, pooling=pooling).fit(X)
        for asked in ({}, {"target": 0}):
            e, expected = explainer.explain(elsewhere(X), **asked), explainer.explain(X, **asked)
            check_agreement(e, expected, 1e-10, clusters)


def test_the_uneven_weights_are_uneven():
    model, _ = COVERED["uneven"]
    own, rivals = np.indices((4, 4)).reshape(2, -1)
    assert np.any(model.root_evidence(own, rivals) != model.offsets[own] - model.offsets[rivals])


@pytest.mark.parametrize("name", ["k-means", "tied", "diagonal", "tied rows"])
@pytest.mark.parametrize("pooling", ["min", "soft"])
def test_other_questions(name, pooling):
    model, X = COVERED[name]
    explainer = neonxai.ClusterExplainer(model, beta=1.0, pooling=pooling).fit(X)
    names = np.array(explainer.cluster_names_)
    each = names[np.arange(len(X)) % len(names)]
    other = names[(np.arange(len(X)) + 1) % len(names)]
    for asked in ({"target": names[0]}, {"target": each}, {"target": each, "against": other}):
        check_agreement(explainer.explain(elsewhere(X), **asked), explainer.explain(X, **asked), 1e-10)


def check_library(make, model, X, **options):
    """Rows on the CPU, which would be NumPy's there, explained by their own library."""
    explainer = neonxai.ClusterExplainer(model, beta=1.0, **options).fit(X)
    rows = make(X)
    for asked in ({}, {"target": explainer.cluster_names_[1]}):
        expected = explainer.explain(X, **asked)
        with not_the_host():
            e = explainer.explain(rows, **asked)
        assert type(e.relevance) is type(rows)
        check_agreement(e, expected, 1e-10)


@pytest.mark.parametrize(
    "name", ["k-means", "tied", "diagonal", "far away", "diagonal far away", "tied rows"]
)
def test_by_pytorch(name):
    for pooling in ("min", "soft"):
        check_library(torch.asarray, *COVERED[name], pooling=pooling)


class Current:
    """Where CuPy's new arrays go."""

    def __init__(self):
        self.entered = 0

    def __enter__(self):
        self.entered += 1

    def __exit__(self, *error):
        pass


@pytest.mark.parametrize("name", ["k-means", "tied", "diagonal", "far away", "tied rows"])
def test_in_the_spelling_of_cupy(name, monkeypatch):
    """Which is NumPy's, so that NumPy plays CuPy."""
    model, X = COVERED[name]
    device = Current()
    monkeypatch.setattr(reading, "recognize", lambda X: Tensor(X, CupyOperations(np, device)))
    for asked in ({}, {"target": neonxai.ClusterExplainer(model).fit(X).cluster_names_[0]}):
        with not_the_host():
            e = neonxai.explain(model, X, **asked)
        assert device.entered
        with monkeypatch.context() as undone:
            undone.undo()
            undone.setattr(reading, "recognize", lambda X: None)
            check_agreement(e, neonxai.explain(model, X, beta=e.beta, **asked), 1e-10)


@pytest.mark.parametrize("name", ["tied rows", "tied Gaussians"])
def test_by_jax(name):
    """(It compiles every operation anew for every number of rows, hence few cases.)"""
    with jax.enable_x64(True):
        check_library(jax.numpy.asarray, *COVERED[name])


@pytest.mark.parametrize("name", ["k-means", "diagonal"])
def test_float32_is_computed_in_float64(name):
    model, X = COVERED[name]
    X = X.astype(np.float32)
    expected = neonxai.explain(model, X.astype(np.float64), beta=1.0)
    e = neonxai.explain(model, elsewhere(X), beta=1.0)
    assert e.relevance.dtype == strict.float32
    check_agreement(e, expected, 1e-6)


def test_tiles_make_no_difference(monkeypatch):
    model, X = COVERED["k-means"]
    whole = neonxai.explain(model, elsewhere(X))
    monkeypatch.setattr(answering, "_TILE_VALUES", 1 << 10)
    told = []
    explainer = neonxai.ClusterExplainer(model).fit(elsewhere(X))
    e = explainer.explain(elsewhere(X), progress=lambda done, n: told.append(done))
    assert len(told) > 10
    check_agreement(e, whole.to_numpy(), 1e-12)


def test_disagreement_is_rejected():
    model, X = COVERED["k-means"]
    expected = neonxai.explain(model, X, beta=1.0)
    with pytest.raises(AssertionError, match="relevance"):
        check_agreement(neonxai.explain(model, elsewhere(X + 1e-7), beta=1.0), expected, 1e-10)
    with pytest.raises(AssertionError):
        check_agreement(neonxai.explain(model, elsewhere(X), beta=1.01), expected, 1e-10)


@contextmanager
def leaving(monkeypatch):
    """Write down what leaves the device: (dimensions, kind) of arrays, and how many single values."""
    left = Counter()
    with monkeypatch.context() as patch:
        for method in ("__dlpack__", "__array__", "__buffer__", "__float__", "__int__", "__bool__"):
            original = getattr(strict._array_object.Array, method)

            def spy(array, *args, original=original, method=method, **options):
                result = original(array, *args, **options)  # or a refusal: then nothing has left
                is_array = method in ("__dlpack__", "__array__", "__buffer__")
                left[(array.ndim, array.dtype._np_dtype.kind) if is_array else "value"] += 1
                return result

            patch.setattr(strict._array_object.Array, method, spy)
        yield left


def check_stays(left, n_tiles):
    """Three arrays of clusters' numbers for a tile, a vector each, and a bounded number of single values."""
    arrays = {what: times for what, times in left.items() if what != "value"}
    assert arrays == {(1, "i"): 3 * n_tiles}, arrays
    assert left["value"] <= 40 * n_tiles


@pytest.mark.parametrize("name", COVERED)
def test_nothing_goes_through_the_cpu(name, monkeypatch):
    model, X = COVERED[name]
    rows = elsewhere(X)
    with leaving(monkeypatch) as left:
        neonxai.explain(model, rows)
    check_stays(left, 1)


def test_nor_with_many_rows(monkeypatch):
    model, X = COVERED["k-means"]
    rows = elsewhere(np.tile(X, (100, 1)))
    with leaving(monkeypatch) as left:
        neonxai.explain(model, rows)[::-1].borderline(2)
    assert left.pop((1, "f")) == 1  # the logits, for the order
    check_stays(left, 1)


def test_what_leaves_the_device_is_seen(monkeypatch):
    rows = elsewhere(WINE)
    with leaving(monkeypatch) as left:
        neonxai.explain(COVERED["k-means"][0], host_copy(rows))
    with pytest.raises(AssertionError):
        check_stays(left, 1)
    with pytest.raises(RuntimeError, match="device1"):
        np.asarray(rows)


def test_arrays_are_not_changed():
    for name, make in itertools.product(("k-means", "diagonal"), (torch.asarray, elsewhere)):
        model, X = COVERED[name]
        before = X.copy()
        with not_the_host():
            rows = make(X)
            neonxai.explain(model, rows)
        np.testing.assert_array_equal(host_copy(rows), before)
        np.testing.assert_array_equal(X, before)
