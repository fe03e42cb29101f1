"""Unfit arrays of other libraries get the errors that NumPy's get; what a device can't do is named."""

from __future__ import annotations

import array_api_strict as strict
import numpy as np
import pytest
import torch
from sklearn.cluster import DBSCAN, KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler

import neonxai
from array_kinds import KINDS, elsewhere, not_the_host
from gaussian_models import DATA, MODELS, fit

X = DATA["iris"][0]
MODEL = KMeans(3, n_init=1, random_state=0).fit(X)
EXPLAINER = neonxai.ClusterExplainer(MODEL).fit(X)
MAKERS = {**KINDS, "elsewhere": elsewhere}


def holding(value, row=7, column=2):
    changed = X.copy()
    changed[row, column] = value
    return changed


BAD = {
    "NaN": holding(np.nan),
    "infinity": holding(np.inf),
    "minus infinity": holding(-np.inf, 0, 0),
    "few columns": X[:, :3],
    "no rows": X[:0],
    "no columns": X[:, :0],
    "flat": X[:, 0],
    "three dimensions": X[None],
    "complex": X.astype(np.complex64),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("name", BAD)
def test_as_numpy_is_refused(make, name):
    bad = BAD[name]
    if make is KINDS["jax"]:  # without float64
        bad = bad.astype(np.complex64 if name == "complex" else np.float32)
    errors = []
    for rows in (make(bad), bad):
        for work in (EXPLAINER.explain, neonxai.ClusterExplainer(MODEL).fit):
            with pytest.raises(ValueError, match=r"X|data|array|Found") as error:
                work(rows)
            errors.append(str(error.value))
    if name == "flat":  # which shows the values
        errors = [error.partition("array=")[0] for error in errors]
    if name == "complex":
        errors = [error.partition(":")[0] for error in errors]
    assert errors[:2] == errors[2:]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_evidence_that_overflows_names_the_row(make):
    rows = X.astype(np.float32)
    rows[140] *= 3e37
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(MODEL.cluster_centers_ * 10), beta=1.0).fit(X)
    for form in (make(rows), rows):
        with pytest.raises(ValueError, match="evidence of row 140 is too large for float32"):
            explainer.explain(form)
    huge = X * np.where(np.arange(len(X)) == 140, 1e307, 1.0)[:, None]
    if make is not KINDS["jax"]:
        for form in (make(huge), huge):
            with pytest.raises(ValueError, match="evidence of row 140 is too large for float64"):
                explainer.explain(form)
            with pytest.raises(ValueError, match="too large for float64"):
                neonxai.ClusterExplainer(explainer.model).fit(form)


def test_names_of_columns_are_named():
    frame = neonxai.frames.build("pandas", dict(zip("abcd", X.T, strict=True)))
    explainer = neonxai.ClusterExplainer(MODEL).fit(frame)
    for rows in (torch.asarray(BAD["NaN"]), elsewhere(BAD["NaN"])):
        with pytest.raises(ValueError, match="row 7, column 'c'"):
            explainer.explain(rows)
    assert explainer.explain(elsewhere(X)).feature_names == tuple("abcd")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_questions_that_make_no_sense(make):
    rows = make(X.astype(np.float32))
    with pytest.raises(ValueError, match="9 is not a cluster"):
        EXPLAINER.explain(rows, target=9)
    with pytest.raises(ValueError, match="150 rows"):
        EXPLAINER.explain(rows, target=[0, 1])
    row = int(np.flatnonzero(MODEL.labels_ == 1)[0])
    with pytest.raises(ValueError, match=f"Row {row} would be explained for cluster 1 against itself"):
        EXPLAINER.explain(rows, against=1)
    with pytest.raises(ValueError, match="KMeans assigns rows itself"):
        EXPLAINER.explain(rows, labels=MODEL.labels_)


UNCOVERED = {
    "full": (fit(MODELS["full"], X), "GaussianNetwork"),
    "DBSCAN": (DBSCAN().fit(X), "labels alone"),
    "unfitted": (KMeans(3), "not fitted"),
    "steps": (make_pipeline(PowerTransformer(), KMeans(3, n_init=1, random_state=0)).fit(X), "not affine"),
}


@pytest.mark.parametrize("name", UNCOVERED)
def test_what_a_device_cannot_do_is_named(name):
    model, why = UNCOVERED[name]
    kind = type(model).__name__
    with pytest.raises(TypeError, match=why) as error:
        neonxai.explain(model, elsewhere(X), beta=1.0)
    assert "device1" in str(error.value)
    assert kind in str(error.value)
    assert "on the CPU" in str(error.value)
    if name != "unfitted":
        explainer = neonxai.ClusterExplainer(model).fit(X)
        with pytest.raises(TypeError, match="device1"):
            explainer.explain(elsewhere(X))
    with not_the_host(), pytest.raises(TypeError, match=r"X\.cpu\(\)"):
        neonxai.explain(model, torch.asarray(X))


def test_steps_are_not_fitted_to_a_stand_in():
    scaled = KMeans(3, n_init=1, random_state=0).fit(StandardScaler().fit_transform(X))
    with pytest.raises(TypeError, match="StandardScaler is not fitted"):
        neonxai.explain(scaled, elsewhere(X), preprocessing=StandardScaler())
    fitted = StandardScaler().fit(X)
    e = neonxai.explain(scaled, elsewhere(X), preprocessing=fitted).to_numpy()
    np.testing.assert_allclose(
        e.relevance, neonxai.explain(scaled, X, preprocessing=fitted).relevance, atol=1e-10
    )


def test_games_need_the_cpu():
    for method in ("shapley", "integrated"):
        with pytest.raises(TypeError, match=f'method="{method}"'):
            neonxai.explain(MODEL, elsewhere(X), method=method)
        explainer = neonxai.ClusterExplainer(MODEL, method=method).fit(X)
        with pytest.raises(TypeError, match=f'method="{method}"'):
            explainer.explain(elsewhere(X))


@pytest.mark.parametrize("device", ["no_float64", "no_x64"])
def test_a_device_needs_float64(device):
    rows = strict.asarray(X.astype(np.float32), device=strict.Device(device))
    with pytest.raises(TypeError, match="no float64"):
        EXPLAINER.explain(rows)


def test_jax_needs_float64_elsewhere_than_on_the_cpu():
    with not_the_host(), pytest.raises(TypeError, match="jax_enable_x64"):
        EXPLAINER.explain(KINDS["jax"](X))


def test_sparse_tensors_are_refused_with_a_remedy():
    with pytest.raises(TypeError, match=r"to_dense"):
        EXPLAINER.explain(torch.asarray(X).to_sparse())


def test_a_device_without_dlpack_is_another_device():
    """Such as PyTorch's "meta", which has no values at all."""
    with pytest.raises(TypeError, match="meta"):
        neonxai.explain(UNCOVERED["full"][0], torch.zeros((4, 4), device="meta"))
