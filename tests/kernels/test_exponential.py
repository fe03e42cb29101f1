"""The kernels' exponential and logarithm."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

from neonxai.kernels.exponential import exp_all, log_all


def exponentials(values):
    out = np.full(len(values), np.nan)
    exp_all(np.array(values), out)
    return out


@settings(deadline=None)
@given(st.floats(-708.0, 0.0))
def test_within_two_ulp(t):
    exact = mpmath.exp(mpmath.mpf(t))
    assert abs(exponentials([t])[0] - exact) <= 2 * np.spacing(float(exact))


def test_in_vectors_too():
    t = -np.geomspace(1e-300, 708.0, 10_001)
    np.testing.assert_allclose(exponentials(t), np.exp(t), rtol=5e-16)


def test_the_ends():
    np.testing.assert_array_equal(
        exponentials([0.0, -0.0, -709.0, -1e308, -np.inf, np.nan]), [1, 1, 0, 0, 0, 0]
    )


@settings(deadline=None)
@given(st.floats(1e-300, 1e300))
def test_logarithms_within_three_ulp(x):
    exact = mpmath.log(mpmath.mpf(x))
    out = np.full(1, np.nan)
    log_all(np.array([x]), out)
    assert abs(out[0] - exact) <= 3 * np.spacing(abs(float(exact)))


def test_logarithms_near_one_and_in_vectors():
    x = 1.0 + np.concatenate([-np.geomspace(1e-16, 0.5, 5_001), np.geomspace(1e-16, 1.0, 5_001)])
    out = np.empty(len(x))
    log_all(x, out)
    np.testing.assert_allclose(out, np.log(x), rtol=7e-16)
