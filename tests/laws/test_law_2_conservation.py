"""Law 2: Σ R + absorbed + base value = logit, in every row, within a few ulp."""

from __future__ import annotations

import broken
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from material import BETAS, EXPLORE, blobs, float_problems, grid_problems, near_duplicates, neon, real
from sklearn.cluster import KMeans

import neonxai

# Adding D features and K competitors rounds D + K times; each piece is a product of two rounded differences
# (3 more), and the logit rounds likewise: 4 (D + K) ulp of Σ |R| is what a careful sum may lose.
ULPS = 4


def check_conservation(explain_function, centers, X, beta):
    e = explain_function(centers, X, beta)
    n_clusters, n_features = np.shape(centers)
    relevance = np.asarray(e.relevance)
    gap = np.abs(relevance.sum(axis=1) + e.absorbed + e.base_value - e.logits)
    allowed = ULPS * (n_features + n_clusters) * np.finfo(relevance.dtype).eps * np.abs(relevance).sum(axis=1)
    assert np.isfinite(gap).all()
    assert (gap <= allowed).all(), (
        f"Σ R misses the logit by {gap.max():.3g}, allowed {allowed[gap.argmax()]:.3g}"
    )


# A twin of the assigned center, 2**-10 away: the evidence is small beside the distances that it comes from.
TWIN = (np.array([[0.0], [-0.5], [-0.5], [2.0**-10]]), np.array([[0.5]]))


@EXPLORE
@example(problem=TWIN, beta=0.0)
@given(problem=st.one_of(grid_problems(), float_problems(), near_duplicates()), beta=st.sampled_from(BETAS))
def test_every_problem_conserves(problem, beta):
    check_conservation(neon, *problem, beta)


@pytest.mark.parametrize("beta", ["auto", *BETAS])
@pytest.mark.parametrize("name", ["wine", "digits"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_real_data_conserve(name, beta, dtype):
    X = real(name)[0][::10].astype(dtype)
    centers = KMeans(5, n_init=1, random_state=0).fit(X).cluster_centers_.astype(dtype)
    check_conservation(neon, centers, X, beta)


@pytest.mark.parametrize("step", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("shape", [(40, 1, 4), (40, 3, 4)], ids=str)
def test_close_twins_conserve(shape, step):
    """Every center has a twin: conservation is relative to the relevance, not to the distances."""
    centers, X = blobs(*shape)
    check_conservation(neon, np.vstack([centers, centers + step]), X, 1.0)


def test_against_one_rival_conserves():
    centers, X = blobs()

    def pair(centers, X, beta):
        return neonxai.explain(neonxai.Centroids(centers), X, beta=beta, target=1, against=3)

    check_conservation(pair, centers, X, 1.0)


@pytest.mark.parametrize("pooling", ["min", "soft"])
def test_the_explanation_measures_its_own_conservation(pooling):
    centers, X = blobs()
    e = neonxai.explain(neonxai.Centroids(centers), X, beta=0.3, pooling=pooling)
    expected = np.abs(e.relevance.sum(axis=1) + e.absorbed + e.base_value - e.logits)
    np.testing.assert_allclose(
        e.conservation_error(), expected, atol=1e-12 * np.abs(e.relevance).sum(axis=1).max()
    )


def test_soft_pooling_absorbs_the_entropy_of_the_shares():
    centers, X = blobs()

    def soft(centers, X, beta):
        return neonxai.explain(neonxai.Centroids(centers), X, beta=beta, pooling="soft")

    check_conservation(soft, centers, X, 0.05)
    # With one competitor there is nothing to choose from, no entropy, and both poolings agree.
    assert np.abs(soft(centers, X, 0.05).absorbed).min() > 0
    assert np.abs(soft(centers[:2], X, 0.05).absorbed).max() == 0


def test_the_textbook_passes():
    centers, X = blobs()
    check_conservation(broken.textbook, centers, X, 0.5)
    check_conservation(broken.compensated, *TWIN, 0.0)
    for step in (1e-1, 1e-3, 1e-6):
        check_conservation(broken.compensated, np.vstack([centers, centers + step]), X, 1.0)


@pytest.mark.parametrize(
    "subject",
    [
        broken.inflated,
        broken.wrong_normalization,
        broken.half_difference_root,
        broken.epsilon_in_denominator,
        broken.running,
    ],
    ids=lambda s: getattr(s, "__name__", None) or next(iter(s.keywords.values())).__name__,
)
def test_broken_subjects_are_rejected(subject):
    centers, X = blobs()
    with pytest.raises(AssertionError):
        check_conservation(subject, centers, X, 0.5)
