"""What is computed on a device, against extended precision: the same cases and limits as for NumPy.

The device refuses to let NumPy look at its arrays.
"""

from __future__ import annotations

import numpy as np
import pytest

import neonxai
import reference
from array_kinds import elsewhere
from neonxai.devices.linear import LinearForm
from test_accuracy import CASES, LIMITS, beta_of, build, check_accuracy


def neon(centers, X, beta, **options):
    e = neonxai.explain(neonxai.Centroids(centers), elsewhere(X), beta=beta, **options)
    return e.to_numpy()


@pytest.mark.parametrize("beta", ["0", "100/mean", "inf"])
@pytest.mark.parametrize(("dtype", "name"), CASES)
def test_against_extended_precision(dtype, name, beta):
    centers, X = build(dtype, name)
    check_accuracy(neon, centers, X, beta_of(beta, centers, X), LIMITS[dtype])


@pytest.mark.parametrize("beta", ["auto"])
@pytest.mark.parametrize(("dtype", "name"), CASES)
def test_soft_pooling(dtype, name, beta):
    centers, X = build(dtype, name)
    e = neon(centers, X, beta_of(beta, centers, X), pooling="soft")
    rows = reference.explain(X, centers, beta=float(e.beta), assigned=e.labels, pooling="soft")
    for i, row in enumerate(rows):
        # β f is a log-odds: 1/β is its unit, and what is left of a row whose pieces all vanish.
        limit = LIMITS[dtype] * (float(row.scale + abs(row.absorbed)) + 1 / float(e.beta))
        pairs = [*zip(e.relevance[i], row.relevance, strict=True), (e.logits[i], row.logit)]
        assert max(abs(float(r) - float(s)) for r, s in [*pairs, (e.absorbed[i], row.absorbed)]) <= limit


@pytest.mark.parametrize(("target", "against"), [(0, None), (2, 0)])
@pytest.mark.parametrize(("dtype", "name"), [case for case in CASES if case[1] != "two clusters"])
def test_one_pair(dtype, name, target, against):
    centers, X = build(dtype, name)
    e = neon(centers, X, 1.0, target=target, against=against)
    for i, label in enumerate(e.labels):
        row = reference.explain_row(X[i], centers, beta=1.0, target=target, against=against, assigned=label)
        assert e.targets[i] == row.target
        assert reference.relevance_error(e.relevance[i], row) <= LIMITS[dtype]
        assert reference.logit_error(e.logits[i], row) <= LIMITS[dtype]
        if against is not None or label != target:
            assert e.competitors[i] == row.competitor


def without_differences(monkeypatch):
    """Evidence by matrix products alone."""
    monkeypatch.setattr(LinearForm, "errors", lambda form, X, coarse: 0.0 * (coarse + form.tables["sizes"]))


def without_pairs(monkeypatch):
    """Relevance by matrix products alone."""
    monkeypatch.setattr(LinearForm, "_relevance_sizes", lambda form, x, clusters, weights: 0.0 * x[:, 0])


def without_origin(monkeypatch):
    """Coordinates as they are."""
    of = LinearForm.of.__func__

    def broken(cls, network, ops):
        form = of(cls, network, ops)
        form.tables["origin"] = 0.0 * form.tables["origin"]
        return form

    monkeypatch.setattr(LinearForm, "of", classmethod(broken))


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (without_differences, "close pair, 1e7"),
        (without_pairs, "close pair, 1e7"),
        (without_origin, "far from the origin, 1e4"),
    ],
)
def test_broken_arithmetic_is_rejected(broken, name, monkeypatch):
    broken(monkeypatch)
    centers, X = build("float64", name)
    with pytest.raises(AssertionError):
        check_accuracy(neon, centers, X, 0.0, LIMITS["float64"])


@pytest.mark.parametrize("beta", [1.0, "auto", np.inf])
@pytest.mark.parametrize("factor", [1e-160, 1e-200, 1e-310, 5e-324])
def test_where_squares_vanish(factor, beta):
    centers, X = build("float64", "ordinary")
    centers, X = np.round(centers) * factor, np.round(X) * factor
    e = neon(centers, X, beta)
    assert np.isfinite(e.relevance).all()
    assert np.isfinite(e.probabilities).all()
    assert (e.logits >= 0).all()
