"""Relevance and logit against extended precision: 1e-10 in float64, 1e-5 in float32, where it is hard.

Errors are measured per row against Σ_i |R*_i|, the sum of what is handed out: the logit and single
features may cancel to nothing, the sum may not. Inputs are exact numbers, also float32 ones; β is the float
that was used.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import neonxai
import reference
from laws import broken

LIMITS = {"float64": 1e-10, "float32": 1e-5}


def blobs(n=10, n_clusters=5, n_features=4, seed=0, spread=3.0):
    rng = np.random.default_rng(seed)
    centers = spread * rng.standard_normal((n_clusters, n_features))
    return centers, centers[rng.integers(n_clusters, size=n)] + rng.standard_normal((n, n_features))


def far_from_the_origin(times):
    centers, X = blobs()
    return centers + 3 * times, X + 3 * times


def close_pair(ratio):
    """Two clusters 1 apart, three others `ratio` away; rows about each, about the two at several ranges."""
    rng = np.random.default_rng(1)
    first = ratio * rng.standard_normal(4)
    centers = np.vstack([first, first + np.array([0.6, 0.0, 0.8, 0.0]), ratio * rng.standard_normal((3, 4))])
    ranges = np.array([0.1, 1.0, 1.0, 10.0, 100.0])[:, None]
    about = centers[[0, 0, 1, 0, 1]] + ranges * rng.standard_normal((5, 4))
    return centers, np.vstack([about, centers[2:] + rng.standard_normal((3, 4))])


def close_pair_and_a_far_row(ratio):
    """Two clusters 1 apart; rows `ratio` away from both; the other clusters still further away."""
    rng = np.random.default_rng(2)
    pair = np.array([[0.0, 0.0, 0.0, 0.0], [0.6, 0.0, 0.8, 0.0]]) + rng.standard_normal(4)
    away = rng.standard_normal((6, 4))
    away *= ratio * np.sign(away[:, :1])
    rest = -3 * ratio * np.abs(rng.standard_normal((3, 4)))
    return np.vstack([pair, rest]), np.vstack([away, pair + 0.1])


def outlying_center(ratio):
    centers, X = blobs()
    centers = np.vstack([centers, np.full(4, ratio)])
    return centers, np.vstack([X, centers[-1:] + 1.5])


def half_way_to_an_outlying_center(ratio):
    """Pieces 2 · ratio · (x − m) of which x and m, both about ratio / 2, agree in their leading digits."""
    centers, X = outlying_center(ratio)
    return centers, np.vstack([X[:2], centers[-1:] / 2, centers[-1:] / 2 + [0.0, 1.0, 0.0, -1.0]])


def duplicate_centers():
    centers, X = blobs()
    return np.vstack([centers, centers[1:3]]), X


def on_the_centers():
    centers, _ = blobs()
    return centers, centers


def two_way_ties():
    """Half-way between two centers, and on the boundary beside it; one row off every boundary."""
    centers = np.array([[-2.0, 0, 1], [4, 0, 1], [1, 40, 7], [-30, 8, 8]])
    return centers, np.array([[1.0, 0, 1], [1, 2.5, -3], [1, -7, 0.125], [0.5, 1, 1], [-14, 4, 4.5]])


def rounded_midpoints():
    """The floats next to the middle of two centers: x − m is the rounding error of (a + b)/2, and not 0."""
    first = np.array([-0.6, -0.6, -0.9, 0.7, 0.2])[:, None]
    second = np.array([-2.9, -3.0, -3.0, 1.9, 2.9])[:, None]
    apart = 100 * np.arange(5)[:, None] * [0.0, 1.0]
    centers = np.vstack([np.hstack([c, 0 * c]) + apart for c in (first, second)])
    return centers, np.vstack([(centers[:5] + centers[5:]) / 2, [[0.25, 1.0]]])


def many_way_ties():
    """Three, four and six nearest centers at once, on a boundary and off it; other centers further away."""
    circle = [[5.0, 0, 0], [-5, 0, 0], [0, 5, 0], [0, -5, 0], [3, 4, 0]]
    centers = np.array([*circle, [0, 0, 25], [1, 2, -30], [5, 0, 0]])
    return centers, np.array([[0.0, 0, 0], [0, 0, 2.5], [0, 0, -7], [-2, 1, 0], [-1, -1, 0.5], [0, 0, 10]])


def scaled(factor):
    centers, X = blobs()
    return centers * factor, X * factor


COMMON = {
    "ordinary": blobs,
    "wide": lambda: blobs(4, 3, 150, seed=3),
    "one feature": lambda: blobs(10, 5, 1, seed=4),
    "two clusters": lambda: blobs(10, 2, 4, seed=5),
    "thousand clusters": lambda: blobs(3, 1000, 3, seed=6),
    "crowded line": lambda: blobs(8, 40, 1, seed=7),
    "duplicate centers": duplicate_centers,
    "on the centers": on_the_centers,
    "two-way ties": two_way_ties,
    "rounded midpoints": rounded_midpoints,
    "many-way ties": many_way_ties,
}
SPECIAL = {
    "float64": {
        "far from the origin, 1e4": lambda: far_from_the_origin(1e4),
        "far from the origin, 1e8": lambda: far_from_the_origin(1e8),
        "close pair, 1e3": lambda: close_pair(1e3),
        "close pair, 1e5": lambda: close_pair(1e5),
        "close pair, 1e7": lambda: close_pair(1e7),
        "close pair and a far row, 1e3": lambda: close_pair_and_a_far_row(1e3),
        "close pair and a far row, 1e7": lambda: close_pair_and_a_far_row(1e7),
        "outlying center, 1e4": lambda: outlying_center(1e4),
        "outlying center, 1e8": lambda: outlying_center(1e8),
        "half-way to an outlying center, 1e4": lambda: half_way_to_an_outlying_center(1e4),
        "half-way to an outlying center, 1e7": lambda: half_way_to_an_outlying_center(1e7),
        "half-way to an outlying center, 1e8": lambda: half_way_to_an_outlying_center(1e8),
        "scale 1e-150": lambda: scaled(1e-150),
        "scale 1e-80": lambda: scaled(1e-80),
        "scale 1e80": lambda: scaled(1e80),
        "scale 1e150": lambda: scaled(1e150),
    },
    "float32": {
        "far from the origin, 1e3": lambda: far_from_the_origin(1e3),
        "far from the origin, 1e5": lambda: far_from_the_origin(1e5),
        "close pair, 1e2": lambda: close_pair(1e2),
        "close pair, 1e4": lambda: close_pair(1e4),
        "close pair and a far row, 1e2": lambda: close_pair_and_a_far_row(1e2),
        "close pair and a far row, 1e4": lambda: close_pair_and_a_far_row(1e4),
        "outlying center, 1e2": lambda: outlying_center(1e2),
        "outlying center, 1e4": lambda: outlying_center(1e4),
        "half-way to an outlying center, 1e2": lambda: half_way_to_an_outlying_center(1e2),
        "half-way to an outlying center, 1e4": lambda: half_way_to_an_outlying_center(1e4),
        "scale 1e-15": lambda: scaled(1e-15),
        "scale 1e-8": lambda: scaled(1e-8),
        "scale 1e8": lambda: scaled(1e8),
        "scale 1e15": lambda: scaled(1e15),
    },
}
CASES = [(dtype, name) for dtype in LIMITS for name in (*COMMON, *SPECIAL[dtype])]
BETAS = ["0", "0.1/mean", "auto", "100/mean", "inf"]


def build(dtype, name):
    centers, X = {**COMMON, **SPECIAL[dtype]}[name]()
    return centers.astype(dtype), X.astype(dtype)


def beta_of(label, centers, X):
    """`label` as a number, or "auto"."""
    fixed = {"0": 0.0, "auto": "auto", "inf": np.inf}
    if label in fixed:
        return fixed[label]
    return float(label.split("/")[0]) / float(reference.mean_logit(X, centers))


def neon(centers, X, beta, **options):
    return neonxai.explain(neonxai.Centroids(centers), X, beta=beta, **options)


def measure(e, rows):
    """Worst errors over the rows: relevance, logit, logit alone (off the boundaries), probability."""
    errors = {"relevance": 0.0, "logit": 0.0, "logit alone": 0.0, "probability": 0.0}
    for i, row in enumerate(rows):
        found = {
            "relevance": reference.relevance_error(e.relevance[i], row),
            "logit": reference.logit_error(e.logits[i], row),
            "probability": abs(float(e.probabilities[i]) - float(row.probability)),
        }
        if abs(row.logit) > row.scale / 100:
            found["logit alone"] = reference.logit_relative_error(e.logits[i], row)
        errors = {key: max(value, found.get(key, 0.0)) for key, value in errors.items()}
    return errors


def check_accuracy(explain_function, centers, X, beta, limit):
    e = explain_function(centers, X, beta)
    if beta == "auto":
        assert abs(Fraction(e.beta) * Fraction(float(reference.mean_logit(X, centers))) - 1) <= limit
    rows = reference.explain(X, centers, beta=float(e.beta), assigned=e.labels)
    for row, competitor in zip(rows, e.competitors, strict=True):
        # On a boundary either side may be the label; off it, only one. The same for the competitor.
        assert row.logit >= -limit * row.scale, "the label is not the nearest center"
        assert row.evidence[int(competitor)] - row.evidence[row.competitor] <= limit * float(row.scale)
    errors = measure(e, rows)
    # The exponent βf has β times the error of f, and the logistic function a slope of at most 1/4.
    steepness = 1.0 if math.isinf(e.beta) else 1 + max(e.beta * float(row.scale) for row in rows) / 4
    errors["probability"] /= steepness
    assert max(errors.values()) <= limit, errors
    return errors


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize(("dtype", "name"), CASES)
def test_against_extended_precision(dtype, name, beta):
    centers, X = build(dtype, name)
    e = check_accuracy(neon, centers, X, beta_of(beta, centers, X), LIMITS[dtype])
    assert set(e) == {"relevance", "logit", "logit alone", "probability"}


@pytest.mark.parametrize("beta", ["0.1/mean", "auto", "100/mean"])
@pytest.mark.parametrize(("dtype", "name"), CASES)
def test_soft_pooling(dtype, name, beta):
    centers, X = build(dtype, name)
    e = neon(centers, X, beta_of(beta, centers, X), pooling="soft")
    rows = reference.explain(X, centers, beta=float(e.beta), assigned=e.labels, pooling="soft")
    for i, row in enumerate(rows):
        # β f is a log-odds: 1/β is its unit, and what is left of a row whose pieces all vanish.
        scale = float(row.scale + abs(row.absorbed)) + 1 / float(e.beta)
        assert max(abs(float(r) - float(s)) for r, s in zip(e.relevance[i], row.relevance, strict=True)) <= (
            LIMITS[dtype] * scale
        )
        assert abs(float(e.logits[i]) - float(row.logit)) <= LIMITS[dtype] * scale
        assert abs(float(e.absorbed[i]) - float(row.absorbed)) <= LIMITS[dtype] * scale
        steepness = 1 + float(e.beta) * scale / 4
        assert abs(float(e.probabilities[i]) - float(row.probability)) <= LIMITS[dtype] * steepness


@pytest.mark.parametrize(("target", "against"), [(0, None), (None, 1), (2, 0), (1, 0)])
@pytest.mark.parametrize(("dtype", "name"), [case for case in CASES if case[1] != "two clusters"])
def test_one_pair(dtype, name, target, against):
    """A target that is not assigned, or a given rival: one pair, no division, the piece itself."""
    centers, X = build(dtype, name)
    if against is not None and target is None:  # a cluster has no evidence against itself
        X = X[((X[:, None] - centers[None]).astype(float) ** 2).sum(axis=2).argmin(axis=1) != against]
    e = neon(centers, X, 1.0, target=target, against=against)
    for i, label in enumerate(e.labels):
        row = reference.explain_row(X[i], centers, beta=1.0, target=target, against=against, assigned=label)
        assert e.targets[i] == row.target
        assert reference.relevance_error(e.relevance[i], row) <= LIMITS[dtype]
        assert reference.logit_error(e.logits[i], row) <= LIMITS[dtype]
        if against is not None or label != target:
            assert e.competitors[i] == row.competitor


@pytest.mark.parametrize("beta", [1.0, "auto", np.inf])
@pytest.mark.parametrize(
    ("dtype", "factor"),
    [("float64", 1e-160), ("float64", 1e-200), ("float64", 1e-310), ("float64", 5e-324), ("float32", 1e-22),
     ("float32", 1e-30), ("float32", 1e-40), ("float32", 1.4e-45)],
)  # fmt: skip
def test_where_squares_vanish(dtype, factor, beta):
    """Down to the smallest float: no NaN, no warning (warnings are errors here), nothing negative."""
    centers, X = (np.round(a).astype(dtype) * np.dtype(dtype).type(factor) for a in blobs())
    e = neon(centers, X, beta)
    assert np.isfinite(e.relevance).all()
    assert np.isfinite(e.probabilities).all()
    assert (e.logits >= 0).all()
    # d is far below 1 here: whatever is left of it is smaller than any unit of the data.
    assert np.abs(e.relevance).max() <= 1e3 * float(factor)


def test_the_reference_by_hand():
    """x = 1, centers at 0, 4 and −3: d = 1, 9, 16, so h = 8 and 15, and the one feature gets all of f."""
    row = reference.explain_row(np.array([1.0]), np.array([[0.0], [4.0], [-3.0]]), beta=0.0)
    assert (row.assigned, row.competitor, row.logit) == (0, 1, 8)
    assert row.evidence == {1: 8, 2: 15}
    assert row.relevance == [8]
    # Half the shares each: soft-pooled 11.5, less the entropy of two equal shares.
    soft = reference.explain_row(np.array([1.0]), np.array([[0.0], [4.0], [-3.0]]), beta=1e-9, pooling="soft")
    assert float(soft.relevance[0]) == pytest.approx(11.5)
    assert float(soft.absorbed) == pytest.approx(-math.log(2) / 1e-9)
    assert float(soft.logit) == pytest.approx(float(soft.relevance[0] + soft.absorbed))
    other = reference.explain_row(np.array([1.0]), np.array([[0.0], [4.0], [-3.0]]), beta=1.0, target=1)
    assert (other.logit, other.relevance, other.competitor) == (-8, [-8], 0)


def test_the_textbook_passes():
    def textbook(centers, X, beta):
        return _with_probabilities(broken.textbook(centers, X, beta))

    check_accuracy(textbook, *build("float64", "ordinary"), 0.5, 1e-10)
    check_accuracy(textbook, *build("float64", "many-way ties"), np.inf, 1e-10)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("name", [*COMMON, *SPECIAL["float64"]])
def test_compensated_sums_pass_with_room_to_spare(name, beta):
    """Nothing impossible is asked of float64: the straight form, with the rounding of its sums put back."""

    def compensated(centers, X, beta):
        return _with_probabilities(broken.compensated(centers, X, beta))

    centers, X = build("float64", name)
    check_accuracy(compensated, centers, X, beta_of(beta, centers, X), 1e-13)


def _with_probabilities(e):
    with np.errstate(over="ignore", invalid="ignore"):
        p = 1 / (1 + np.exp(-np.where(e.logits == 0, 0.0, e.beta * e.logits)))
    return type("E", (), {**vars(e), "probabilities": p})()


@pytest.mark.parametrize(
    ("subject", "dtype", "name"),
    [
        (broken.not_recentered, "float64", "far from the origin, 1e8"),
        (broken.not_recentered, "float64", "close pair, 1e7"),
        # d_k − d_c cancels, however d was made
        (broken.textbook, "float64", "close pair and a far row, 1e7"),
        (broken.epsilon_in_denominator, "float64", "ordinary"),
        (broken.soft_max_for_soft_min, "float64", "ordinary"),
        (broken.shares_by_number, "float64", "many-way ties"),
        (broken.half_precision, "float32", "ordinary"),
    ],
    ids=str,
)
def test_broken_subjects_are_rejected(subject, dtype, name):
    centers, X = build(dtype, name)
    with pytest.raises(AssertionError):
        check_accuracy(
            lambda c, X, beta: _with_probabilities(subject(c, X, beta)), centers, X, 0.1, LIMITS[dtype]
        )
