"""Exact ties are ties: not decided by the order in which rounding happens to add things up."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

import neonxai
from neonxai.networks.doubled import row_sums, two_difference, two_product
from reference import explain as explain_exactly
from reference import relevance_error

RNG = np.random.default_rng(0)


def test_rows_tied_among_all_clusters_are_in_the_first():
    centers = np.array(list(permutations([0.1, 0.2, 0.3])))
    X = np.repeat(RNG.random((500, 1)), 3, axis=1)  # on the diagonal: the same distance to all permutations
    e = neonxai.explain(neonxai.Centroids(centers), X, beta=1.0)
    assert set(e.labels.tolist()) == {0}
    assert np.all(e.logits == 0.0)


def test_the_plain_sum_would_decide_such_ties_by_rounding():
    centers = np.array(list(permutations([0.1, 0.2, 0.3])))
    X = np.repeat(RNG.random((500, 1)), 3, axis=1)
    assert len(set(((X[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1).tolist())) > 1


@pytest.mark.parametrize("beta", [np.inf, 1e16])
def test_tied_rivals_share_equally(beta):
    rival = np.array([0.9, 0.35, 0.1, 0.72, 0.01, 0.5])
    centers = np.vstack([np.full(6, 0.3), [np.roll(rival, shift) for shift in (0, 1, 3)]])
    X = np.repeat(0.28 + 0.04 * RNG.random((300, 1)), 6, axis=1)
    e = neonxai.explain(neonxai.Centroids(centers), X, beta=beta)
    rivals = [[Fraction(v) for v in center] for center in centers[1:]]
    for row in range(0, 300, 10):
        x = Fraction(X[row, 0])
        exact = [
            sum((x - center[i]) ** 2 - (x - Fraction(0.3)) ** 2 for center in rivals) / 3 for i in range(6)
        ]
        np.testing.assert_allclose(e.relevance[row], np.array(exact, dtype=float), rtol=1e-12)
    model = neonxai.Centroids(centers)
    for row in range(0, 300, 7):  # whatever the batch that a row comes in
        alone = neonxai.explain(model, X[[row]], beta=beta)
        np.testing.assert_allclose(alone.relevance[0], e.relevance[row], rtol=1e-12)


def worst_error_at_a_large_beta():
    """β f ≈ 1e4, and two rivals whose evidence differs by about 1/β: hang on its 12th digit."""
    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(60):
        X = rng.random((1, 30))
        own, offset = rng.random(30), 5 * rng.random(30)
        rivals = X + np.vstack([offset, offset[::-1] + 1e-4 * rng.standard_normal(30)])
        elsewhere = 60 + rng.random((5, 30))  # costs the matrix products some digits, but not too many
        centers = np.vstack([own, rivals, elsewhere])
        logit = neonxai.explain(neonxai.Centroids(centers), X, beta=1.0).logits[0]
        e = neonxai.explain(neonxai.Centroids(centers), X, beta=float(1e4 / logit))
        worst = max(worst, relevance_error(e.relevance[0], explain_exactly(X, centers, beta=e.beta)[0]))
    return worst


def test_a_large_beta_gets_the_digits_that_it_needs(monkeypatch):
    # eps · β f = 2e-12, a few times over.
    assert worst_error_at_a_large_beta() < 1e-11
    none = (np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))
    monkeypatch.setattr("neonxai.networks.differences.CenterDifferences.contenders", lambda *_: none)
    assert worst_error_at_a_large_beta() > 1e-11


def test_doubled_arithmetic_is_exact():
    a, b = RNG.standard_normal((2, 1000)) * 10.0 ** RNG.integers(-8, 8, (2, 1000))
    for operation, exact in ((two_difference, Fraction.__sub__), (two_product, Fraction.__mul__)):
        high, low = operation(a, b)
        for i in range(0, 1000, 5):
            assert Fraction(high[i]) + Fraction(low[i]) == exact(Fraction(a[i]), Fraction(b[i]))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 101])
def test_sums_do_not_depend_on_the_order(n):
    terms = RNG.standard_normal((50, n)) * 10.0 ** RNG.integers(-12, 12, (50, n))
    sums = row_sums(terms, np.zeros_like(terms))
    for row in range(50):
        assert sums[row] == float(sum(Fraction(v) for v in terms[row]))
        assert row_sums(terms[[row]][:, ::-1], np.zeros((1, n)))[0] == sums[row]
    vanishing = np.hstack([terms, -terms[:, ::-1]])
    assert np.all(row_sums(vanishing, np.zeros_like(vanishing)) == 0.0)
