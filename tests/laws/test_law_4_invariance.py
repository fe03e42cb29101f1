"""Law 4: what changes nothing changes nothing, and what permutes or scales, permutes or scales.

Data and centers lie on a grid of halves, so that shifts, permutations and powers of two lose no bit: whatever
differs afterwards is the method's own rounding. Rows on a boundary are left out where they have two right
answers.
"""

from __future__ import annotations

import broken
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import BETAS, EXPLORE, assert_same_relevance, blobs, decided, grid_problems, neon, real
from sklearn.cluster import KMeans

import neonxai

# On the grid evidence is a multiple of 1/4 and a pair's pieces sum to at most 64 · 4: a ratio loses at most
# 2**10 of its 2**52, and 1e-12 of Σ|R| is 2**-40, four times that.
TOLERANCE = 1e-12
FINITE = [b for b in BETAS if np.isfinite(b)]


def check_shift(explain_function, centers, X, beta, shift):
    e = explain_function(centers, X, beta)
    moved = explain_function(centers + shift, X + shift, beta)
    keep = decided(centers, X)
    np.testing.assert_array_equal(moved.labels[keep], e.labels[keep])
    np.testing.assert_allclose(moved.logits[keep], e.logits[keep], rtol=TOLERANCE, atol=0)
    assert_same_relevance(moved.relevance[keep], e.relevance[keep], TOLERANCE)


def check_features_permuted(explain_function, centers, X, beta, order):
    e = explain_function(centers, X, beta)
    permuted = explain_function(centers[:, order], X[:, order], beta)
    keep = decided(centers, X)
    np.testing.assert_array_equal(permuted.labels[keep], e.labels[keep])
    assert_same_relevance(permuted.relevance[keep], e.relevance[keep][:, order], TOLERANCE)


def check_rows_permuted(explain_function, centers, X, beta, order):
    e = explain_function(centers, X, beta)
    permuted = explain_function(centers, X[order], beta)
    np.testing.assert_array_equal(permuted.labels, e.labels[order])
    np.testing.assert_array_equal(permuted.competitors, e.competitors[order])
    assert_same_relevance(permuted.relevance, e.relevance[order], TOLERANCE)


def check_clusters_permuted(explain_function, centers, X, beta, order):
    e = explain_function(centers, X, beta)
    permuted = explain_function(centers[order], X, beta)
    keep = decided(centers, X)
    np.testing.assert_array_equal(order[permuted.labels[keep]], e.labels[keep])
    np.testing.assert_allclose(permuted.logits[keep], e.logits[keep], rtol=TOLERANCE, atol=0)
    assert_same_relevance(permuted.relevance[keep], e.relevance[keep], TOLERANCE)


def check_scale(explain_function, centers, X, beta, exponent):
    """All data × s: logit and relevance × s², β / s². s is a power of two: not one bit need change."""
    e = explain_function(centers, X, beta)
    scaled = explain_function(
        np.ldexp(centers, exponent), np.ldexp(X, exponent), np.ldexp(beta, -2 * exponent)
    )
    np.testing.assert_array_equal(scaled.labels, e.labels)
    np.testing.assert_array_equal(np.ldexp(scaled.logits, -2 * exponent), e.logits)
    assert_same_relevance(np.ldexp(scaled.relevance, -2 * exponent), e.relevance, TOLERANCE)


def check_beta_follows_the_scale(explain_function, centers, X, exponent):
    """With β = auto the unit of the data does not matter."""
    e = explain_function(centers, X, "auto")
    scaled = explain_function(np.ldexp(centers, exponent), np.ldexp(X, exponent), "auto")
    np.testing.assert_allclose(np.ldexp(scaled.beta, 2 * exponent), e.beta, rtol=TOLERANCE)
    assert_same_relevance(np.ldexp(scaled.relevance, -2 * exponent), e.relevance, TOLERANCE)


def orders(length: int) -> st.SearchStrategy[np.ndarray]:
    return st.permutations(range(length)).map(np.array)


@EXPLORE
@given(problem=grid_problems(), beta=st.sampled_from(FINITE), data=st.data())
def test_shift(problem, beta, data):
    """Up to 2**27, about 1e8 times the grid's spread of 1."""
    centers, X = problem
    shift = np.array(
        [data.draw(st.sampled_from([-1, 1])) * 2.0 ** data.draw(st.integers(0, 27)) for _ in X.T]
    )
    check_shift(neon, centers, X, beta, shift)


@EXPLORE
@given(problem=grid_problems(), beta=st.sampled_from(FINITE), data=st.data())
def test_features_permuted(problem, beta, data):
    centers, X = problem
    check_features_permuted(neon, centers, X, beta, data.draw(orders(X.shape[1])))


@EXPLORE
@given(problem=grid_problems(), beta=st.sampled_from(BETAS), data=st.data())
def test_rows_permuted(problem, beta, data):
    centers, X = problem
    check_rows_permuted(neon, centers, X, beta, data.draw(orders(len(X))))


@EXPLORE
@given(problem=grid_problems(), beta=st.sampled_from(FINITE), data=st.data())
def test_clusters_permuted(problem, beta, data):
    centers, X = problem
    check_clusters_permuted(neon, centers, X, beta, data.draw(orders(len(centers))))


@EXPLORE
@given(problem=grid_problems(), beta=st.sampled_from(BETAS), exponent=st.integers(-400, 400))
def test_scale(problem, beta, exponent):
    check_scale(neon, *problem, beta, exponent)


@pytest.mark.parametrize("exponent", [-30, -1, 3, 60])
def test_beta_follows_the_scale(exponent):
    check_beta_follows_the_scale(neon, *blobs(), exponent)


@pytest.mark.parametrize("name", ["wine", "digits"])
def test_real_data(name):
    """Rounded to 1/64 so that a shift by 2**27 is exact."""
    X = np.round(real(name)[0][::9] * 64) / 64
    centers = np.round(KMeans(6, n_init=1, random_state=0).fit(X).cluster_centers_ * 64) / 64
    rng = np.random.default_rng(1)
    beta = 1 / neon(centers, X).logits.mean()
    check_shift(neon, centers, X, beta, np.full(X.shape[1], 2.0**27))
    check_features_permuted(neon, centers, X, beta, rng.permutation(X.shape[1]))
    check_clusters_permuted(neon, centers, X, beta, rng.permutation(6))
    check_rows_permuted(neon, centers, X, beta, rng.permutation(len(X)))


def test_clusters_renamed():
    centers, X = blobs()
    e = neonxai.explain(neonxai.Centroids(centers), X)
    named = neonxai.explain(neonxai.Centroids(centers, cluster_names=["d", "a", "c", "b"]), X)
    assert tuple(named.cluster_names) == ("d", "a", "c", "b")
    for field in (
        "relevance",
        "logits",
        "label_positions",
        "competitor_positions",
        "probabilities",
        "absorbed",
    ):
        np.testing.assert_array_equal(getattr(named, field), getattr(e, field), err_msg=field)


def all_checks(subject, centers, X):
    """Every check of this law, by name, as a call without arguments."""
    rng = np.random.default_rng(0)
    features, rows, clusters = (rng.permutation(m) for m in (X.shape[1], len(X), len(centers)))
    return {
        "shift": lambda: check_shift(subject, centers, X, 0.25, np.full(X.shape[1], 2.0**27)),
        "features": lambda: check_features_permuted(subject, centers, X, 0.25, features),
        "rows": lambda: check_rows_permuted(subject, centers, X, 0.25, rows),
        "clusters": lambda: check_clusters_permuted(subject, centers, X, 0.25, clusters),
        "scale": lambda: check_scale(subject, centers, X, 0.25, -3),
        "beta": lambda: check_beta_follows_the_scale(subject, centers, X, -3),
    }


def coarse_blobs():
    return tuple(np.round(a * 2) / 2 for a in blobs())


@pytest.mark.parametrize("check", ["shift", "features", "rows", "clusters", "scale", "beta"])
def test_the_textbook_passes(check):
    all_checks(broken.textbook, *coarse_blobs())[check]()


@pytest.mark.parametrize(
    ("subject", "check"),
    [
        (broken.not_recentered, "shift"),
        (broken.half_difference_root, "shift"),
        (broken.leaning, "features"),
        (broken.running, "rows"),
        (broken.shares_by_number, "clusters"),
        (broken.epsilon_in_denominator, "scale"),
        (broken.fixed_beta, "scale"),
        (broken.fixed_beta, "beta"),
        (broken.manhattan_assignment, "scale"),
    ],
)
def test_broken_subjects_are_rejected(subject, check):
    with pytest.raises(AssertionError):
        all_checks(subject, *coarse_blobs())[check]()
