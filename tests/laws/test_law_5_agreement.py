"""Law 5: however the rows come (in pieces, in which memory, in which frame), the explanation is the same."""

from __future__ import annotations

import broken
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import EXPLORE, assert_same_relevance, blobs, grid_problems, neon, neon_fitted

import neonxai

# A matrix product adds its terms in an order that depends on its shape: sums of some tens of terms may differ
# by some tens of ulp; 256 leave room for wide ones.
ULPS = 256
EPS = np.finfo(np.float64).eps


def check_same(actual, expected, ulps=ULPS):
    np.testing.assert_array_equal(actual.labels, expected.labels)
    np.testing.assert_array_equal(actual.competitors, expected.competitors)
    scale = np.abs(expected.relevance).sum(axis=1)
    assert (np.abs(actual.logits - expected.logits) <= ulps * EPS * scale).all()
    assert_same_relevance(actual.relevance, expected.relevance, ulps * EPS)


def check_in_pieces(fit_function, centers, X_fit, X, cuts):
    """`cuts` are row numbers at which X is cut; β is "auto" and belongs to the fit."""
    explain = fit_function(centers, X_fit)
    whole = explain(X)
    for start, stop in zip([0, *cuts], [*cuts, len(X)], strict=True):
        piece = explain(X[start:stop])
        np.testing.assert_array_equal(piece.labels, whole.labels[start:stop])
        scale = np.abs(whole.relevance[start:stop]).sum(axis=1)
        assert (np.abs(piece.logits - whole.logits[start:stop]) <= ULPS * EPS * scale).all()
        assert_same_relevance(piece.relevance, whole.relevance[start:stop], ULPS * EPS)


def check_float32(explain_function, centers, X, beta):
    """The same float32 numbers, computed in float32 and in float64."""
    centers, X = centers.astype(np.float32), X.astype(np.float32)
    narrow = explain_function(centers, X, beta)
    wide = explain_function(centers.astype(np.float64), X.astype(np.float64), beta)
    assert np.asarray(narrow.relevance).dtype == np.float32
    assert np.asarray(wide.relevance).dtype == np.float64
    np.testing.assert_array_equal(narrow.labels, wide.labels)
    assert_same_relevance(narrow.relevance, wide.relevance, 1e-5)


def layouts(X):
    """The same numbers, differently in memory."""
    wide = np.full((2 * len(X), 3 * X.shape[1]), np.nan)
    wide[::2, 1::3] = X
    locked = X.copy()
    locked.flags.writeable = False
    return {
        "Fortran": np.asfortranarray(X),
        "strided": wide[::2, 1::3],
        "backwards": X[::-1, ::-1].copy()[::-1, ::-1],
        "read-only": locked,
        "big-endian": X.astype(">f8"),
        "unaligned": np.frombuffer(b"\0" + X.tobytes(), dtype=np.uint8)[1:].view(X.dtype).reshape(X.shape),
        "nested lists": X.tolist(),
    }


def check_layout(explain_function, centers, X, layout):
    check_same(explain_function(centers, layouts(X)[layout], 0.5), explain_function(centers, X, 0.5))


@EXPLORE
@given(problem=grid_problems(), data=st.data())
def test_cut_anywhere(problem, data):
    centers, X = problem
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(X) - 1, 1)))) - {len(X)})
    check_in_pieces(neon_fitted, centers, np.vstack([X, centers + 0.25]), X, cuts)


def test_row_by_row():
    centers, X = blobs()
    check_in_pieces(neon_fitted, centers, X, X, list(range(1, len(X))))


@pytest.mark.parametrize("shape", [(9_000, 3, 4), (3_000, 40, 2), (2_000, 6, 150)], ids=str)
def test_more_rows_than_fit_into_one_piece(shape):
    n, n_features, n_clusters = shape
    centers, X = blobs(n, n_features, n_clusters)
    check_in_pieces(neon_fitted, centers, X[:100], X, [1, n // 3, n // 2 + 1, n - 1])


def test_beta_belongs_to_the_fit():
    centers, X = blobs()
    explain = neon_fitted(centers, X)
    assert explain(X[:3]).beta == explain(X).beta
    # 1 / mean of f over the rows of the fit
    np.testing.assert_allclose(explain(X[:3]).beta, 1 / explain(X).logits.mean(), rtol=1e-12)


@pytest.mark.parametrize("beta", [0.0, 0.05, 1.0, np.inf])
@pytest.mark.parametrize("shape", [(60, 5, 4), (300, 1, 2), (50, 30, 40)], ids=str)
def test_float32(shape, beta):
    check_float32(neon, *blobs(*shape), beta)


@pytest.mark.parametrize("layout", list(layouts(np.zeros((2, 2)))))
def test_memory_layout(layout):
    check_layout(neon, *blobs(), layout)


def test_integers_are_numbers():
    centers, X = (np.round(4 * a) for a in blobs())
    for kind in (np.int64, np.int16):
        check_same(neon(centers, X.astype(kind), 0.5), neon(centers, X, 0.5), ulps=0)
    check_same(neon(centers, np.abs(X).astype(np.uint8), 0.5), neon(centers, np.abs(X), 0.5), ulps=0)


COLUMNS = ["alcohol", "hue", "ash", "proline", "magnesium"]
FRAMES = {
    "pandas": lambda X, columns: pd.DataFrame(X, columns=columns),
    "polars": lambda X, columns: pl.DataFrame(X, schema=list(columns)),
    "pyarrow": lambda X, columns: pa.table({c: X[:, i] for i, c in enumerate(columns)}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_its_array(kind):
    centers, X = blobs()
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(FRAMES[kind](X, COLUMNS))
    e = explainer.explain(FRAMES[kind](X, COLUMNS))
    check_same(e, neon(centers, X), ulps=0)
    assert tuple(e.feature_names) == tuple(COLUMNS)
    np.testing.assert_array_equal(np.asarray(e.data), X)


@pytest.mark.parametrize("kind", FRAMES)
def test_columns_go_by_their_names(kind):
    centers, X = blobs()
    order = [3, 0, 4, 2, 1]
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(FRAMES[kind](X, COLUMNS))
    shuffled = explainer.explain(FRAMES[kind](X[:, order], [COLUMNS[i] for i in order]))
    straight = explainer.explain(FRAMES[kind](X, COLUMNS))
    assert tuple(shuffled.feature_names) == tuple(COLUMNS)
    check_same(shuffled, straight, ulps=0)


@pytest.mark.parametrize("kind", FRAMES)
def test_float32_frames_stay_float32(kind):
    centers, X = (a.astype(np.float32) for a in blobs())
    e = neonxai.explain(neonxai.Centroids(centers), FRAMES[kind](X, COLUMNS), beta=0.5)
    expected = neon(centers, X, 0.5)
    assert e.relevance.dtype == expected.relevance.dtype == np.float32
    np.testing.assert_array_equal(e.relevance, expected.relevance)


def test_the_textbook_passes():
    centers, X = blobs()
    check_in_pieces(broken.textbook_fitted, centers, X, X, [1, 7, 30])
    check_layout(broken.textbook, centers, X, "Fortran")
    check_float32(lambda c, X, beta: _narrowed(broken.textbook(c, X, beta), X.dtype), *blobs(), 0.5)


def _narrowed(e, dtype):
    return broken.Result(e.relevance.astype(dtype), e.logits, e.labels, e.competitors, e.beta)


def test_a_beta_from_the_batch_is_rejected():
    centers, X = blobs()
    with pytest.raises(AssertionError):
        check_in_pieces(broken.batch_dependent, centers, X, X, [1, 7, 30])


def test_memory_of_the_row_before_is_rejected():
    centers, X = blobs()
    with pytest.raises(AssertionError):
        check_in_pieces(lambda c, X_fit: lambda X: broken.running(c, X, 0.5), centers, X, X, [1, 7, 30])


def test_the_buffer_taken_for_the_matrix_is_rejected():
    centers, X = blobs()
    with pytest.raises(AssertionError):
        check_layout(broken.in_memory_order, centers, X, "Fortran")


def test_half_precision_is_rejected():
    with pytest.raises(AssertionError):
        check_float32(broken.half_precision, *blobs(), 0.5)
