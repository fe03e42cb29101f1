r"""Numbers as unevaluated sums of two floats, high + low, with twice the digits of one.

Built on two error-free transformations: Knuth's TwoSum and Dekker's product on Veltkamp's halves. They are
exact in any rounding-to-nearest arithmetic; an fma, or a compiler that reassociates, would break the second.
"""

from typing import TypeAlias

import torch

DoubleDouble: TypeAlias = tuple[torch.Tensor, torch.Tensor]


def two_sum(a: torch.Tensor, b: torch.Tensor) -> DoubleDouble:
    """Return a + b as a float and its exact rounding error."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


def two_product(a: torch.Tensor, b: torch.Tensor) -> DoubleDouble:
    """Return a · b as a float and its exact rounding error, 0 where the halves of a or b overflow."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, torch.nan_to_num(error, nan=0.0, posinf=0.0, neginf=0.0)


def add(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    """Return a + b, with an error of about eps² (|a| + |b|)."""
    high, low = two_sum(a[0], b[0])
    return _normalized(high, low + (a[1] + b[1]))


def multiply(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    """Return a · b, with an error of about eps² |a · b|."""
    high, low = two_product(a[0], b[0])
    return _normalized(high, low + (a[0] * b[1] + a[1] * b[0]))


def sum_columns(a: DoubleDouble) -> DoubleDouble:
    """Sum over dimension 1, with an error of about eps² log2(n_columns) Σ|a|, whatever the batch."""
    n_columns = a[0].shape[1]
    padding = (0, (1 << max(0, n_columns - 1).bit_length()) - n_columns)
    high, low = (torch.nn.functional.pad(part, padding) for part in a)
    while high.shape[1] > 1:
        half = high.shape[1] // 2
        high, low = add((high[:, :half], low[:, :half]), (high[:, half:], low[:, half:]))
    return high[:, 0], low[:, 0]


def _normalized(high: torch.Tensor, low: torch.Tensor) -> DoubleDouble:
    """Move what fits from low to high, for |low| ≤ |high|."""
    total = high + low
    return total, low - (total - high)


def _halves(a: torch.Tensor) -> DoubleDouble:
    """Split into two floats of half the digits each, whose products are exact."""
    digits = {torch.float64: 53, torch.float32: 24}[a.dtype]
    scaled = a * (2.0 ** ((digits + 1) // 2) + 1.0)
    high = scaled - (scaled - a)
    return high, a - high
