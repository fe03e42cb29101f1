"""The kernels' exponential and logarithm."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

from neonxai.kernels.exponential import exp_all, log_all


def exponentials(values, dtype=np.float64):
    return exp_all(np.array(values, dtype))


@settings(deadline=None)
@given(st.floats(-708.0, 0.0))
def test_within_two_ulp(t):
    exact = mpmath.exp(mpmath.mpf(t))
    assert abs(exponentials([t])[0] - exact) <= 2 * np.spacing(float(exact))


def test_in_vectors_too():
    t = -np.geomspace(1e-300, 708.0, 10_001)
    np.testing.assert_allclose(exponentials(t), np.exp(t), rtol=5e-16)


def test_in_single_precision():
    t = -np.geomspace(1e-30, 87.0, 100_001).astype(np.float32)
    exact = np.exp(t.astype(np.float64))
    assert (np.abs(exponentials(t, np.float32) - exact) <= 2 * np.spacing(exact.astype(np.float32))).all()
    np.testing.assert_array_equal(exponentials([0.0, -88.0, -np.inf, np.nan], np.float32), [1, 0, 0, 0])


def test_the_ends():
    np.testing.assert_array_equal(
        exponentials([0.0, -0.0, -709.0, -1e308, -np.inf, np.nan]), [1, 1, 0, 0, 0, 0]
    )


@settings(deadline=None)
@given(st.floats(1e-300, 1e300))
def test_logarithms_within_three_ulp(x):
    exact = mpmath.log(mpmath.mpf(x))
    assert abs(log_all(np.array([x]))[0] - exact) <= 3 * np.spacing(abs(float(exact)))


def test_logarithms_near_one_and_in_vectors():
    x = 1.0 + np.concatenate([-np.geomspace(1e-16, 0.5, 5_001), np.geomspace(1e-16, 1.0, 5_001)])
    np.testing.assert_allclose(log_all(x), np.log(x), rtol=7e-16)
