"""Sums and products in twice the working precision, by error-free transformations (Dekker, Knuth).

A number is a pair (high, low) of float64: the nearest float, and what that rounding has lost.
"""

import numpy as np

from neonxai.arrays import Doubles, Floats

_SPLITTER = 2.0**27 + 1.0


def two_difference(a: Floats, b: Floats) -> tuple[Doubles, Doubles]:
    """Return a − b, exactly, as (high, low)."""
    high = np.subtract(a, b, dtype=np.float64)
    virtual = high - a
    return high, (a - (high - virtual)) - (b + virtual)


def _halves(a: Doubles) -> tuple[Doubles, Doubles]:
    scaled = _SPLITTER * a
    upper = scaled - (scaled - a)
    return upper, a - upper


def two_product(a: Doubles, b: Doubles) -> tuple[Doubles, Doubles]:
    """Return a · b, exactly unless it underflows, as (high, low)."""
    high = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2


def row_sums(high: Doubles, low: Doubles) -> Doubles:
    """Sum the rows of high + low, and round once.

    The result does not depend on the order of the columns, as far as twice the precision reaches; a sum that
    vanishes there, as exact ties do, is 0.

    Parameters
    ----------
    high, low : arrays of shape (n_rows, n_columns)
        The terms.

    Returns
    -------
    array of shape (n_rows,)

    Examples
    --------
    >>> row_sums(np.array([[1e16, 1.0, -1e16, 0.25]]), np.zeros((1, 4)))
    array([1.25])
    """
    magnitude = np.abs(high).sum(axis=1)
    while high.shape[1] > 1:
        half = high.shape[1] // 2
        total, error = two_difference(high[:, :half], -high[:, half : 2 * half])
        rest = low[:, :half] + low[:, half : 2 * half] + error
        if high.shape[1] % 2:
            total[:, 0], error = two_difference(total[:, 0], -high[:, -1])
            rest[:, 0] += error + low[:, -1]
        high, low = total, rest
    result: Doubles = high[:, 0] + low[:, 0]
    # 2⁻¹⁰⁶ is the precision; some operations have used it up to 2⁻⁹⁰.
    result[np.abs(result) < 2.0**-90 * magnitude] = 0.0
    return result
