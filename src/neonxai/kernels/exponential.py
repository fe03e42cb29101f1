"""Exponentials of numbers that are not positive, and logarithms, without a branch: they become vectors."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload

_LOG2E = 1.4426950408889634
# ln 2 in two parts; the first has trailing zeros, so that its product with an exponent is exact.
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
# Adding it leaves the nearest integer in the lowest bits: 1.5 · 2⁵².
_ROUND = 6755399441055744.0
_LEAST = -708.0  # below, the result would not be a normal number
_MANTISSA = 0x000FFFFFFFFFFFFF
_ONE_BITS = 0x3FF0000000000000
_WHOLE_BITS = 0x4330000000000000  # of 2⁵²: with an integer in its lowest bits it is 2⁵² plus that integer
_WHOLE_BIAS = 4503599627370496.0 + 1023.0
_ROOT_OF_TWO = 1.4142135623730951

# The same for float32, with 1.5 · 2²³.
_LOG2E_SINGLE = np.float32(1.4426950408889634)
_LN2_HIGH_SINGLE = np.float32(0.693359375)
_LN2_LOW_SINGLE = np.float32(-2.12194440e-4)
_ROUND_SINGLE = np.float32(12582912.0)
_LEAST_SINGLE = np.float32(-87.0)
_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
_TAYLOR_SINGLE = tuple(np.float32(1.0 / factorial) for factorial in (5040.0, 720.0, 120.0, 24.0, 6.0))


def _reinterpreting(result: Any, argument: Any) -> Any:
    """Return an intrinsic that takes the bits of one type for another."""

    def reinterpret(typing: Any, value: Any) -> tuple[Any, Callable[..., Any]]:
        """Reinterpret the bits of a number."""

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], context.get_value_type(result))

        return result(argument), build

    return intrinsic(reinterpret)


_bits: Any = _reinterpreting(types.int64, types.float64)
_float: Any = _reinterpreting(types.float64, types.int64)
_bits_single: Any = _reinterpreting(types.int32, types.float32)
_float_single: Any = _reinterpreting(types.float32, types.int32)


@njit(inline="always", fastmath={"contract"}, error_model="numpy")
def _double(t: float) -> float:
    inside = max(t, _LEAST)
    shifted = inside * _LOG2E + _ROUND
    n = shifted - _ROUND
    r = (inside - n * _LN2_HIGH) - n * _LN2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    result: float = _float(_bits(p) + (_bits(shifted) << 52))
    return result if t >= _LEAST else 0.0


@njit(inline="always", fastmath={"contract"}, error_model="numpy")
def _single(t: Any) -> Any:
    inside = max(t, _LEAST_SINGLE)
    shifted = inside * _LOG2E_SINGLE + _ROUND_SINGLE
    n = shifted - _ROUND_SINGLE
    r = (inside - n * _LN2_HIGH_SINGLE) - n * _LN2_LOW_SINGLE
    p = _TAYLOR_SINGLE[0]
    p = p * r + _TAYLOR_SINGLE[1]
    p = p * r + _TAYLOR_SINGLE[2]
    p = p * r + _TAYLOR_SINGLE[3]
    p = p * r + _TAYLOR_SINGLE[4]
    p = p * r + _HALF
    p = p * r + _ONE
    p = p * r + _ONE
    result = _float_single(_bits_single(p) + np.int32(_bits_single(shifted) << np.int32(23)))
    return result if t >= _LEAST_SINGLE else _ZERO


def exp_not_positive(t: Any) -> Any:
    """exp(t) for t ≤ 0, in compiled code, within 2 ulp; 0 below −708 (float64) or −87 (float32).

    t = n ln 2 + r with |r| ≤ ln 2 / 2; exp(r) by its Taylor polynomial of degree 13 or 7, whose rest is below
    10⁻¹⁷ or 6 · 10⁻⁹, and 2ⁿ by adding n to the exponent bits.
    """
    return exp_all(np.array([t]))[0]


@overload(exp_not_positive, inline="always")
def _exp_not_positive(t: Any) -> Any:
    exponential = _single if t == types.float32 else _double

    def choose(t: Any) -> Any:
        return exponential(t)

    return choose


@njit(inline="always", fastmath={"contract"}, error_model="numpy")
def log_normal(x: float) -> float:
    """Natural logarithm of a normal, positive, finite number, within 3 ulp.

    x = m 2ⁿ with m in (√½, √2], and log m = 2 artanh s with s = (m − 1) / (m + 1), |s| < 0.172, by its series
    up to s²¹, whose rest is below 10⁻¹⁷ of it.

    Examples
    --------
    >>> log_normal(1.0)
    0.0
    >>> bool(abs(log_normal(10.0) - np.log(10.0)) < 1e-15)
    True
    """
    bits = _bits(x)
    n = _float((bits >> 52) | _WHOLE_BITS) - _WHOLE_BIAS
    m = _float((bits & _MANTISSA) | _ONE_BITS)
    high = m > _ROOT_OF_TWO
    m = 0.5 * m if high else m
    n = n + 1.0 if high else n
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 1.0 / 21.0
    p = p * z + 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    p = p * z + 1.0 / 3.0
    result: float = n * _LN2_HIGH + (2.0 * s + (2.0 * s * z * p + n * _LN2_LOW))
    return result


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def exp_all(values: np.ndarray) -> np.ndarray:
    """Exponentials of a vector of numbers that are not positive, float32 or float64.

    Examples
    --------
    >>> import numpy as np
    >>> exp_all(np.array([0.0, -1000.0])), exp_all(np.array([-0.0], dtype=np.float32))
    (array([1., 0.]), array([1.], dtype=float32))
    """
    out = np.empty_like(values)
    for i in range(len(values)):
        out[i] = exp_not_positive(values[i])
    return out


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def log_all(values: np.ndarray) -> np.ndarray:
    """Logarithms of a vector of normal, positive numbers."""
    out = np.empty_like(values)
    for i in range(len(values)):
        out[i] = log_normal(values[i])
    return out
