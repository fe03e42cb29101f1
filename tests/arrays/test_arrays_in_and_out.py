"""Arrays of other libraries in, the same kind on the same device out."""

from __future__ import annotations

import dataclasses
import inspect

import array_api_strict as strict
import jax
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, StandardScaler

import neonxai
from array_kinds import KINDS, elsewhere, same_kind
from neonxai.stages.machine import Machine
from neonxai.tensors import host_copy

RNG = np.random.default_rng(0)
X = (5 * RNG.normal(size=(5, 4))[RNG.integers(5, size=300)] + RNG.normal(size=(300, 4))).astype(np.float32)
MODEL = KMeans(5, n_init=1, random_state=0).fit(X)
EXPLAINER = neonxai.ClusterExplainer(MODEL).fit(X)
FLOATS = ("relevance", "logits", "probabilities", "absorbed", "data")
MAKERS = {**KINDS, "elsewhere": elsewhere}


def check_same(e, expected, like):
    """All floats of rows are of the kind of `like`, and the numbers those of NumPy's rows."""
    for name in FLOATS:
        value, wanted = getattr(e, name), getattr(expected, name)
        assert same_kind(value, like), f"{name} is a {type(value)}"
        assert str(value.dtype).rpartition(".")[2] == wanted.dtype.name, name
        np.testing.assert_allclose(host_copy(value), wanted, rtol=2e-6, atol=1e-6, err_msg=name)
    for name in ("labels", "targets", "competitors"):
        assert isinstance(getattr(e, name), np.ndarray)
        np.testing.assert_array_equal(getattr(e, name), getattr(expected, name))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_kind_comes_out(make, dtype):
    if make is KINDS["jax"] and dtype == "float64":
        pytest.skip("float64 is not enabled in JAX")
    rows = make(X.astype(dtype))
    expected = neonxai.explain(MODEL, X.astype(dtype))
    e = neonxai.explain(MODEL, rows)
    assert e.beta == pytest.approx(expected.beta, rel=1e-12)
    check_same(e, expected, rows)
    explainer = neonxai.ClusterExplainer(MODEL, beta=expected.beta).fit(rows)
    check_same(explainer.explain(rows), expected, rows)
    relevance = explainer.transform(rows)
    assert same_kind(relevance, rows)
    np.testing.assert_array_equal(host_copy(relevance), host_copy(explainer.explain(rows).relevance))


def test_the_check_rejects_numpy_and_wrong_numbers():
    e, rows = EXPLAINER.explain(torch.asarray(X)), torch.asarray(X)
    for broken in ({"logits": e.logits.numpy()}, {"absorbed": e.absorbed + 1}, {"data": e.data.double()}):
        with pytest.raises(AssertionError):
            check_same(dataclasses.replace(e, **broken), EXPLAINER.explain(X), rows)


def test_float64_in_jax_where_it_is_enabled():
    with jax.enable_x64(True):
        rows = jax.numpy.asarray(X.astype(np.float64))
        check_same(neonxai.explain(MODEL, rows), neonxai.explain(MODEL, X.astype(np.float64)), rows)


class Seen:
    """What `Machine.answer` was given, and what it gave."""

    def __init__(self, monkeypatch):
        answer = Machine.answer

        def spy(machine, rows, *args, **options):
            self.rows, self.answers = rows, answer(machine, rows, *args, **options)
            return self.answers

        monkeypatch.setattr(Machine, "answer", spy)


def address(array):
    return np.asarray(array).__array_interface__["data"][0]


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_rows_on_the_cpu_are_not_copied(make, monkeypatch):
    seen, rows = Seen(monkeypatch), make(X)
    e = EXPLAINER.explain(rows)
    assert address(seen.rows.data) == address(rows)
    assert address(seen.rows.part(slice(None))) == address(rows)
    assert address(e.data) == address(rows)


@pytest.mark.parametrize("name", ["torch", "array-api-strict"])
def test_neither_are_answers(name, monkeypatch):
    """(JAX looks at memory where it is only if that begins at a multiple of 64 bytes.)"""
    seen = Seen(monkeypatch)
    e = EXPLAINER.explain(KINDS[name](X))
    for field in ("relevance", "logits", "probabilities", "absorbed"):
        assert address(getattr(e, field)) == address(getattr(seen.answers, field)), field


def test_a_copy_would_be_seen(monkeypatch):
    seen, rows = Seen(monkeypatch), torch.asarray(X)
    EXPLAINER.explain(rows.clone())
    assert address(seen.rows.data) != address(rows)


def test_views_are_explained_where_they_are(monkeypatch):
    seen, wide = Seen(monkeypatch), torch.asarray(np.hstack([X, X]))
    rows = wide[:, 4:]
    e = EXPLAINER.explain(rows)
    assert address(seen.rows.data) == rows.data_ptr()
    np.testing.assert_array_equal(e.relevance.numpy(), EXPLAINER.explain(X).relevance)
    turned = torch.asarray(np.ascontiguousarray(X.T)).T
    assert not turned.is_contiguous()
    np.testing.assert_array_equal(EXPLAINER.explain(turned).relevance.numpy(), EXPLAINER.explain(X).relevance)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_rows_are_left_as_they_are(make):
    rows = make(X.copy())
    neonxai.explain(MODEL, rows)
    np.testing.assert_array_equal(np.asarray(rows), X)


def test_tensors_of_a_graph_are_taken_out_of_it():
    rows = torch.asarray(X.copy()).requires_grad_()
    e = EXPLAINER.explain(rows)
    assert rows.requires_grad
    assert not e.relevance.requires_grad
    assert not e.data.requires_grad
    assert e.data.data_ptr() == rows.data_ptr()
    parameter = torch.nn.Parameter(torch.asarray(X.copy()))
    assert type(EXPLAINER.explain(parameter).relevance) is torch.Tensor


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_half_floats_are_read_as_float32(half):
    rows = torch.asarray(X).to(half)
    e = EXPLAINER.explain(rows)
    expected = EXPLAINER.explain(rows.to(torch.float32).numpy())
    for name in FLOATS:
        assert getattr(e, name).dtype == torch.float32
        np.testing.assert_array_equal(getattr(e, name).numpy(), getattr(expected, name))


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_half_floats_of_jax(half):
    rows = jax.numpy.asarray(X).astype(half)
    expected = EXPLAINER.explain(np.asarray(rows.astype("float32")))
    e = EXPLAINER.explain(rows)
    assert e.relevance.dtype == np.float32
    np.testing.assert_array_equal(np.asarray(e.relevance), expected.relevance)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_integers_are_float64_or_the_widest_there_is(make, dtype):
    numbers = (X > 0) if dtype == "bool" else np.round(X).astype(dtype)
    rows = make(numbers)
    e, expected = EXPLAINER.explain(rows), EXPLAINER.explain(numbers)
    assert same_kind(e.relevance, rows)
    width = "float32" if make is KINDS["jax"] else "float64"
    assert str(e.relevance.dtype).endswith(width)
    assert str(e.data.dtype).endswith(width)
    np.testing.assert_allclose(host_copy(e.relevance), expected.relevance, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_behind_steps_and_by_games(make):
    """On the CPU all that NumPy's rows can have."""
    pipeline = make_pipeline(PowerTransformer(), StandardScaler(), KMeans(4, n_init=1, random_state=0)).fit(X)
    for options in ({"model": pipeline}, {"model": MODEL, "method": "shapley"}):
        e, expected = (neonxai.explain(**options, X=rows) for rows in (make(X), X))
        np.testing.assert_allclose(np.asarray(e.relevance), expected.relevance, rtol=2e-6, atol=2e-6)
        assert same_kind(e.relevance, make(X))
        if not isinstance(expected.base_value, float):
            assert same_kind(e.base_value, make(X))
            np.testing.assert_allclose(np.asarray(e.base_value), expected.base_value, rtol=2e-6)
            assert same_kind(e.standard_error, make(X))
        assert e.conservation_error().max() < 1e-3  # float32 sums of some thousand
        assert same_kind(e[3:5].relevance, make(X))


def test_the_answer_is_sparse_where_codes_are():
    rows = np.round(X)
    pipeline = make_pipeline(OneHotEncoder(), KMeans(3, n_init=1, random_state=0)).fit(rows)
    e, expected = (neonxai.explain(pipeline, form, pull_back="codes") for form in (torch.asarray(rows), rows))
    np.testing.assert_array_equal(e.relevance.toarray(), expected.relevance.toarray())
    assert same_kind(e.absent, e.logits)
    np.testing.assert_array_equal(e.absent.numpy(), expected.absent)
    assert e[5:9].conservation_error().max() < 1e-12


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_every_question(make):
    rows = make(X)
    explainer = neonxai.ClusterExplainer(MODEL, beta=0.1).fit(X)
    each = np.arange(len(X)) % 5
    questions = [{"target": 2}, {"target": each}, {"target": each, "against": (each + 2) % 5}]
    for asked in questions:
        check_same(explainer.explain(rows, **asked), explainer.explain(X, **asked), rows)
    targets = make(each)  # of the same kind as the rows
    check_same(explainer.explain(rows, target=targets), explainer.explain(X, target=each), rows)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_progress_is_told(make):
    told = []
    EXPLAINER.explain(make(X), progress=lambda done, n: told.append((done, n)))
    assert told[-1] == (300, 300)


def test_frames_by_set_output():
    explainer = neonxai.ClusterExplainer(MODEL, beta=0.1).fit(X).set_output(transform="pandas")
    table = explainer.transform(torch.asarray(X))
    assert isinstance(table, pd.DataFrame)
    np.testing.assert_array_equal(table.to_numpy(), explainer.explain(X).relevance)


def test_unfitted_models_are_fitted_on_the_cpu():
    for make in KINDS.values():
        e = neonxai.explain(KMeans(3, n_init=1, random_state=0), make(X), beta=0.1)
        np.testing.assert_array_equal(e.labels, KMeans(3, n_init=1, random_state=0).fit_predict(X))


def test_labels_alone():
    labels = np.array(["a", "b", "c"])[MODEL.labels_ % 3]
    e = neonxai.explain_labels(labels, torch.asarray(X))
    np.testing.assert_array_equal(e.relevance.numpy(), neonxai.explain_labels(labels, X).relevance)
    assert e.labels.dtype.kind == "U"


def test_mixtures_keep_their_probabilities():
    mixture = GaussianMixture(3, covariance_type="full", random_state=0).fit(X)
    e = neonxai.explain(mixture, torch.asarray(X))
    own = mixture.predict_proba(X)
    np.testing.assert_allclose(e.probabilities.numpy(), own.max(axis=1), rtol=1e-5)
    assert np.abs(e.absorbed.numpy()).max() > 0


def test_nothing_of_this_is_asked_of_other_objects():
    """Frames and lists take the way that they always took."""
    assert neonxai.explain(MODEL, pd.DataFrame(X)).frame == "pandas"
    assert isinstance(neonxai.explain(MODEL, X.tolist()).relevance, np.ndarray)
    assert "array_api_compat" not in inspect.getsource(neonxai.tensors.native)


def test_arrays_of_the_standard_without_dlpack_are_converted_as_ever():
    class Lazy:
        """Such as those that are only computed when NumPy asks."""

        def __array_namespace__(self):
            return strict

        def __array__(self, dtype=None, copy=None):
            return X

    assert isinstance(EXPLAINER.explain(Lazy()).relevance, np.ndarray)
