"""`neonxai.networks.doubled` for arrays of any library: twice the working precision, by operators alone."""

from typing import Any

from neonxai.tensors import Operations

# 2⁻¹⁰⁶ is the precision of a pair of floats; some operations have used it up to 2⁻⁹⁰.
NOTHING = 2.0**-90


def two_difference(a: Any, b: Any) -> tuple[Any, Any]:
    """Return a − b, exactly, as (high, low)."""
    high = a - b
    virtual = high - a
    return high, (a - (high - virtual)) - (b + virtual)


def doubled_sum(ops: Operations, high: Any, low: Any) -> tuple[Any, Any]:
    """Sum over the columns: (high, low) of shape (n_rows,).

    Parameters
    ----------
    ops : Operations
        Of the arrays' library.
    high, low : float64 arrays of shape (n_rows, n_columns)
        The terms.
    """
    while high.shape[1] > 1:
        n = high.shape[1]
        half = (n + 1) // 2
        rest = n - half
        total, error = two_difference(high[:, :rest], -high[:, half:])
        lower = low[:, :rest] + low[:, half:] + error
        high = ops.concatenate([total, high[:, rest:half]], axis=1) if rest < half else total
        low = ops.concatenate([lower, low[:, rest:half]], axis=1) if rest < half else lower
    return high[:, 0], low[:, 0]


def row_sums(ops: Operations, high: Any, low: Any) -> Any:
    """Sum the rows of high + low, and round once; what vanishes in twice the precision is 0.

    Parameters
    ----------
    ops, high, low
        As for `doubled_sum`.
    """
    xp = ops.namespace
    magnitude = xp.sum(xp.abs(high), axis=1)
    total, rest = doubled_sum(ops, high, low)
    result = total + rest
    return xp.where(xp.abs(result) < NOTHING * magnitude, 0.0, result)
