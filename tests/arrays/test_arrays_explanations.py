"""All that an explanation can, it can with arrays of other libraries."""

from __future__ import annotations

import array_api_strict as strict
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import neonxai
from array_kinds import KINDS, elsewhere, same_kind
from neonxai import Explanation
from neonxai.evaluation import deletion_curve
from neonxai.tensors import host_copy

mpl.use("Agg")
RNG = np.random.default_rng(1)
CENTERS = RNG.normal(size=(4, 3))
X = RNG.normal(size=(60, 3))
MAKERS = {**KINDS, "elsewhere": elsewhere}
KEYS = {
    "row": 3,
    "last row": -1,
    "slice": slice(5, 50, 7),
    "backwards": slice(None, None, -1),
    "empty": slice(40, 5),
    "past the end": slice(50, 90),
    "mask": X[:, 0] > 0,
    "indices": [7, 3, 3],
    "none": [],
}


@pytest.fixture(params=MAKERS.values(), ids=list(MAKERS))
def rows(request):
    return request.param(X.astype(np.float32))


@pytest.fixture
def e(rows):
    return neonxai.explain(neonxai.Centroids(CENTERS), rows, beta=1.0)


@pytest.fixture
def plain(e):
    return e.to_numpy()


def test_numpy_is_one_call_away(e, plain):
    for name in ("relevance", "logits", "probabilities", "absorbed", "data"):
        assert isinstance(getattr(plain, name), np.ndarray)
    assert plain.to_numpy() is plain
    assert len(e) == e.n_samples == 60
    np.testing.assert_allclose(
        plain.relevance, neonxai.explain(neonxai.Centroids(CENTERS), X, beta=1.0).relevance, atol=1e-5
    )


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_slices_stay_where_they_are(e, plain, rows, key):
    some, wanted = e[key], plain[key]
    for name in ("relevance", "logits", "probabilities", "absorbed", "data"):
        assert same_kind(getattr(some, name), rows)
        np.testing.assert_array_equal(host_copy(getattr(some, name)), getattr(wanted, name))
    np.testing.assert_array_equal(some.labels, wanted.labels)


def test_rows_are_chosen_by_arrays_of_the_same_kind(e, plain, rows):
    mask = e.logits > 1.0
    np.testing.assert_array_equal(e[mask].labels, plain[plain.logits > 1.0].labels)
    assert same_kind(e[mask].relevance, rows)


def test_borderline(e, plain, rows):
    assert same_kind(e.borderline(5).relevance, rows)
    np.testing.assert_array_equal(host_copy(e.borderline(5).logits), plain.borderline(5).logits)


def test_tables_and_summaries_are_those_of_numpy(e, plain):
    for by in ("cluster", None):
        for statistic in ("mean", "mean_abs", "share"):
            np.testing.assert_array_equal(e.summary(by, statistic), plain.summary(by, statistic))
    for kind in ("pandas", "polars", "pyarrow"):
        for form in ("wide", "long"):
            assert e.to_frame(kind, form=form).equals(plain.to_frame(kind, form=form))
    np.testing.assert_array_equal(e.contrast(), plain.contrast())
    np.testing.assert_array_equal(e.conservation_error(), plain.conservation_error())
    assert e.conservation_error().max() < 1e-4
    assert repr(e) == repr(plain)
    assert e._repr_html_() == plain._repr_html_()


# SHAP's own warnings, about what it uses of Matplotlib and NumPy, are none of ours.
@pytest.mark.filterwarnings(
    "ignore::PendingDeprecationWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)
def test_shap_gets_numpy(e, plain):
    np.testing.assert_array_equal(e.to_shap().values, plain.relevance)
    np.testing.assert_array_equal(e.to_shap().data, plain.data)


def test_a_file_holds_the_numbers(e, plain, tmp_path):
    e.save(tmp_path / "e.npz")
    loaded = Explanation.load(tmp_path / "e.npz")
    np.testing.assert_array_equal(loaded.relevance, plain.relevance)
    np.testing.assert_array_equal(loaded.data, plain.data)


def test_plots(e, plain):
    for draw in ("map", "heatmap"):
        assert getattr(e.plot, draw)() is not None
    _, bars = e.plot.sample(0)
    _, wanted = plain.plot.sample(0)
    assert [b.get_width() for b in bars.patches] == [b.get_width() for b in wanted.patches]
    assert neonxai.plots.map(e) is not None
    plt.close("all")


def test_evaluation_takes_them():
    rows = torch.asarray(X)
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(CENTERS), beta=1.0).fit(X)
    curves = [deletion_curve(explainer, X, explainer.explain(form)) for form in (rows, X)]
    np.testing.assert_array_equal(curves[0].logits, curves[1].logits)


def test_what_a_row_is_compared_with_is_sliced_too():
    e = neonxai.explain(neonxai.Centroids(CENTERS), strict.asarray(X), beta=1.0, method="shapley")
    part = e[10:20]
    np.testing.assert_array_equal(host_copy(part.base_value), host_copy(e.base_value)[10:20])
    np.testing.assert_array_equal(host_copy(part.standard_error), host_copy(e.standard_error)[10:20])
    assert part.conservation_error().max() < 1e-12


def test_only_rows_are_chosen(e):
    with pytest.raises(IndexError, match="rows alone"):
        e[0, 1]
    with pytest.raises(IndexError, match="60 rows"):
        e[60]
