"""Affine maps and their pre-images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, issparse

from neonxai.networks.affine import AffineMap

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 4)) * [1.0, 10.0, 0.1, 3.0] + 5.0
MATRIX = RNG.normal(size=(3, 4))


def dense(matrix):
    return matrix.toarray() if issparse(matrix) else matrix


def plain(affine, e):
    """A e + b, as it is written."""
    return e @ dense(affine.matrix).T + affine.offset


MAPS = {
    "scaling": AffineMap.scaling([2.0, 0.5, -1.0, 3.0], [1.0, 0.0, 2.0, 0.0]),
    "centered": AffineMap.scaling([2.0, 0.5, -1.0, 3.0], center=X.mean(axis=0)),
    "both": AffineMap.scaling([2.0, 0.5, -1.0, 3.0], [1.0, 0.0, 2.0, 0.0], center=X.mean(axis=0)),
    "without a factor": AffineMap.scaling([2.0, 0.0, -1.0, 3.0], [0.0, 4.0, 0.0, 0.0]),
    "selection": AffineMap.selection([2, 0], 4),
    "repeated": AffineMap.selection([2, 0, 2, 2], 4),
    "projection": AffineMap.of(MATRIX, [1.0, 2.0, 3.0]),
    "centered projection": AffineMap.of(MATRIX, center=X.mean(axis=0)),
    "sparse": AffineMap.of(csr_array(np.kron(np.eye(2), [[1.0, 1.0]]))),
    "overcomplete": AffineMap.of(RNG.normal(size=(6, 4)), RNG.normal(size=6), center=X.mean(axis=0)),
    "deficient": AffineMap.of(np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 2.0, 1.0]), [1.0, 1.0, 1.0]),
}


def check_map(affine, e):
    """Rows go where A e + b says, and what they go to has a pre-image."""
    z = affine(e)
    np.testing.assert_allclose(z, plain(affine, e), atol=1e-9 * np.abs(z).max())
    np.testing.assert_allclose(affine(affine.preimages(z)), z, atol=1e-11 * np.abs(z).max())
    np.testing.assert_allclose(affine(csr_array(e)), z, atol=1e-9 * np.abs(z).max())


@pytest.mark.parametrize("name", MAPS)
def test_maps(name):
    check_map(MAPS[name], X)


def test_a_wrong_inverse_is_found():
    broken = MAPS["repeated"]
    doubled = AffineMap(broken.matrix, broken.offset, csr_array(broken.matrix.T), broken.origin)
    with pytest.raises(AssertionError):
        check_map(doubled, X)


@pytest.mark.parametrize(
    "second", ["scaling", "both", "selection", "projection", "overcomplete", "deficient"]
)
@pytest.mark.parametrize("first", ["scaling", "both", "repeated", "without a factor"])
def test_one_after_another(first, second):
    first, second = MAPS[first], MAPS[second]
    both = first.then(second)
    np.testing.assert_allclose(both(X), second(first(X)), atol=1e-12 * np.abs(second(first(X))).max())
    check_map(both, X)


def test_the_preimage_of_a_preimage_is_kept_where_it_is_one():
    """PCA behind a scaler goes back to the mean, as inverse_transform does."""
    scaler = AffineMap.scaling(1 / X.std(axis=0), center=X.mean(axis=0))
    axes = np.linalg.qr(MATRIX.T)[0].T
    both = scaler.then(AffineMap.of(axes, sizes=np.ones(4)))
    wanted = X.mean(axis=0) + X.std(axis=0) * ([[1.0, -2.0, 0.5]] @ axes)
    np.testing.assert_allclose(both.preimages(np.array([[1.0, -2.0, 0.5]])), wanted, rtol=1e-12)
    np.testing.assert_array_equal(both.origin, X.mean(axis=0))


def test_copies_that_are_treated_differently():
    """Side by side, a scaler knows all of the row, and a projection only a part: the mean of both is none."""
    twice = AffineMap.selection(np.tile(np.arange(4), 2), 4)
    both = twice.then(AffineMap.side_by_side([MAPS["both"], MAPS["centered projection"]]))
    check_map(both, X)
    np.testing.assert_allclose(both.preimages(both(X)), X, rtol=1e-11)
    assert not both.is_onto
    assert both.is_one_to_one


def test_side_by_side():
    both = AffineMap.side_by_side([MAPS["both"], MAPS["projection"]])
    e = np.hstack([X, X[::-1]])
    np.testing.assert_array_equal(both(e), np.hstack([MAPS["both"](X), MAPS["projection"](X[::-1])]))
    check_map(both, e)
    assert issparse(AffineMap.side_by_side([MAPS["scaling"]] * 2).matrix)


def test_what_maps_are():
    mixing = {name for name, affine in MAPS.items() if affine.is_mixing}
    assert mixing == {"projection", "centered projection", "sparse", "overcomplete", "deficient"}
    onto = {name for name, affine in MAPS.items() if affine.is_onto}
    assert onto == {"scaling", "centered", "both", "selection", "projection", "centered projection", "sparse"}
    assert {n for n, a in MAPS.items() if a.is_one_to_one} == {"scaling", "centered", "both", "overcomplete"}
    assert AffineMap.selection([0, 1, 2], 3).is_identity
    assert not any(affine.is_identity for affine in MAPS.values())
    assert not AffineMap.selection([1, 0], 2).is_identity
    np.testing.assert_array_equal(MAPS["without a factor"].columns, [0, -1, 2, 3])
    assert [m.n_entries for m in (MAPS["selection"], MAPS["projection"])] == [2, 12]


def test_nearest_in_units_that_do_not_matter():
    """Columns in other units have the same pre-images, in these units."""
    units = np.array([1e3, 1.0, 1e-2, 7.0])
    z = RNG.normal(size=(5, 3))
    np.testing.assert_allclose(
        AffineMap.of(MATRIX * units).preimages(z) * units, AffineMap.of(MATRIX).preimages(z), rtol=1e-9
    )
    nearest = AffineMap.of(MATRIX, sizes=np.ones(4)).preimages(z)
    np.testing.assert_allclose(nearest, z @ np.linalg.pinv(MATRIX).T, rtol=1e-12)


@pytest.mark.parametrize("affine", ["scaler", "projection", "another origin"])
def test_far_from_the_origin(affine):
    """A e + b has lost eight digits there. The map has lost none."""
    away = X + 1e8
    center = away.mean(axis=0)
    scaler = AffineMap.scaling([2.0, 0.5, -1.0, 3.0], center=center)
    maps = {
        "scaler": (scaler, (away - center) * [2.0, 0.5, -1.0, 3.0]),
        "projection": (
            AffineMap.of(MATRIX, [0.5, 0.0, 0.0], center=center),
            (away - center) @ MATRIX.T + [0.5, 0, 0],
        ),
        "another origin": (replace(scaler, origin=np.round(center) + 3.0), None),
    }
    found, wanted = maps[affine]
    if wanted is None:  # from the offset alone, whose rounding all rows share
        offsets = found(away) - maps["scaler"][1]
        np.testing.assert_allclose(offsets, np.tile(offsets[0], (7, 1)), atol=1e-13)
        assert np.abs(offsets).max() < 1e-6
        return
    np.testing.assert_allclose(found(away), wanted, rtol=1e-13, atol=1e-13)
    assert np.abs(plain(found, away) - wanted).max() > 1e-9


def test_rows_with_nan_have_no_preimage():
    z = MAPS["both"](X)
    z[2, 1] = np.nan
    found = MAPS["both"].preimages(z)
    assert np.isnan(found).all(axis=1).tolist() == [False, False, True] + 4 * [False]
    np.testing.assert_allclose(found[[0, 6]], X[[0, 6]])


@pytest.mark.parametrize("name", MAPS)
def test_stored_and_rebuilt_the_same_bits(name):
    affine = MAPS[name]
    state = {key: np.array(value) for key, value in affine.to_state().items()}
    again = AffineMap.from_state(state)
    np.testing.assert_array_equal(again(X), affine(X))
    np.testing.assert_array_equal(again.preimages(affine(X)), affine.preimages(affine(X)))
    assert issparse(again.matrix) == issparse(affine.matrix)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_any_matrix_has_preimages(n_outputs, n_inputs, n_zero, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-2, 3, (n_outputs, n_inputs)).astype(float)
    matrix[:, :n_zero] = 0.0
    affine = AffineMap.of(matrix, rng.normal(size=n_outputs), center=rng.normal(size=n_inputs))
    e = rng.normal(size=(3, n_inputs))
    np.testing.assert_allclose(affine(affine.preimages(affine(e))), affine(e), atol=1e-9)
    after = AffineMap.of(rng.integers(-2, 3, (3, n_outputs)).astype(float))
    both = affine.then(after)
    np.testing.assert_allclose(both(both.preimages(both(e))), after(affine(e)), atol=1e-9)


def test_many_rows_are_multiplied_in_parts():
    rows = RNG.normal(size=(5000, 40))
    matrix = RNG.normal(size=(30, 40))
    affine = AffineMap.of(matrix)
    np.testing.assert_allclose(affine(rows), rows @ matrix.T, atol=1e-12)
    np.testing.assert_allclose(affine.pull(rows[:, :30]), rows[:, :30] @ matrix, atol=1e-12)


def test_inputs_are_left_alone():
    e = X.copy()
    e.flags.writeable = False
    for affine in MAPS.values():
        z = affine(e)
        z.flags.writeable = False
        affine.preimages(z)
    np.testing.assert_array_equal(e, X)
    identity = AffineMap.selection(np.arange(4), 4)
    assert not np.shares_memory(identity(X), X)


def test_bad_maps_are_refused():
    with pytest.raises(ValueError, match=r"inverse of a map from 4 to 3 .* \(4, 3\); got \(3, 4\)"):
        AffineMap(MATRIX, np.zeros(3), MATRIX, np.zeros(4))
    with pytest.raises(ValueError, match=r"offset must be 3 finite numbers; got shape \(4,\)"):
        AffineMap(MATRIX, np.zeros(4), MATRIX.T, np.zeros(4))
    with pytest.raises(ValueError, match="origin must be 4 finite numbers"):
        AffineMap(MATRIX, np.zeros(3), MATRIX.T, np.array([0.0, np.nan, 0.0, 0.0]))
    with pytest.raises(ValueError, match=r"matrix of a map must be a finite matrix; got shape \(3, 4\)"):
        AffineMap(MATRIX * np.inf, np.zeros(3), MATRIX.T, np.zeros(4))
    with pytest.raises(ValueError, match="map of 4 values can't follow one that gives 3 values"):
        MAPS["projection"].then(MAPS["scaling"])
