"""Switching a feature of sixteen rows at a time, in whole numbers of 32 bits, there and back.

Sums and minima of 32-bit integers take half the time of those of float64, and processors with vectors have
twice as many units for them as for floats: whole numbers take a quarter to a third of the time.
"""

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from neonxai.kernels.vectors import EIGHT, FLOATS, MOST_TOGETHER, WHOLES, Builder, combining

# Rows in a vector.
WHOLE_LANES = WHOLES.lanes


def _switch_of(
    typing: Any,  # the signature of a numba intrinsic
    present: Any,
    totals: Any,
    of_rows: Any,
    at_rows: Any,
    left: Any,
    at_left: Any,
    at_right: Any,
    n_rivals: Any,
    first: Any,
    stride: Any,
    weights: Any,
    at: Any,
    together: Any,
    before: Any,
    share: Any,
    mean: Any,
    at_mean: Any,
    spread: Any,
    at_spread: Any,
) -> Any:
    """Switch a feature of sixteen rows, there and back, and take what it gains into the mean."""
    whole = types.intp
    signature = types.void(
        present, totals, of_rows, whole, left, whole, whole, whole, whole, whole, weights, whole, whole,
        before, types.float64, mean, whole, spread, whole,
    )  # fmt: skip

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        b = Builder(context, builder, signature, args)
        of_present, of_totals, terms, background = (b.address(i) for i in (0, 1, 2, 4))
        of_weights, values, means, spreads = (b.address(i) for i in (10, 13, 15, 17))
        row, there_from, back_from, count, lane, step = (args[i] for i in (3, 5, 6, 7, 8, 9))

        def emit(n: int) -> None:
            def both_ways(k: Any) -> list[Any]:
                place, start = b.add(lane, b.times(k, step)), b.times(k, MOST_TOGETHER)
                added = b.load(WHOLES, terms, b.add(row, place))
                there = builder.add(b.load(WHOLES, of_present, place), added)
                b.store(WHOLES, there, of_present, place)
                back = builder.sub(b.load(WHOLES, of_totals, place), there)
                left_there = b.spread(WHOLES, background, b.add(there_from, start), n)
                left_back = b.spread(WHOLES, background, b.add(back_from, start), n)
                return [builder.add(there, y) for y in left_there] + [builder.add(back, y) for y in left_back]

            pooled = b.reduce(count, both_ways, b.lesser_whole)
            apart = [builder.sub(x, y) for x, y in zip(pooled[:n], pooled[n:], strict=True)]
            for start in range(0, WHOLES.lanes, FLOATS.lanes):
                value = b.weighted([b.floats(x, start) for x in apart], of_weights, args[11])
                at_value = b.add(lane, start)
                gain = builder.fsub(value, b.load(FLOATS, values, at_value))
                b.store(FLOATS, value, values, at_value)
                at_mean, at_spread = b.add(args[16], at_value), b.add(args[18], at_value)
                old = b.load(FLOATS, means, at_mean)
                difference = builder.fsub(gain, old)
                new = builder.fadd(old, builder.fmul(difference, b.everywhere(FLOATS, args[14])))
                b.store(FLOATS, new, means, at_mean)
                square = builder.fmul(difference, builder.fsub(gain, new))
                sum_of_squares = builder.fadd(b.load(FLOATS, spreads, at_spread), square)
                b.store(FLOATS, sum_of_squares, spreads, at_spread)

        b.for_count(args[12], emit)
        return context.get_dummy_value()

    return signature, build


_switch: Any = intrinsic(_switch_of)
_add: Any = combining(EIGHT, "add")
_subtract: Any = combining(EIGHT, "sub")


@njit(error_model="numpy")
def add(first: Any, a: int, second: Any, b: int, out: Any, c: int) -> None:
    """Add the b-th block of whole numbers of ``second`` to the a-th of ``first``: the c-th of ``out``."""
    block = first.shape[-2] * MOST_TOGETHER
    for x in range(0, block, MOST_TOGETHER):
        _add(first, a * block + x, second, b * block + x, out, c * block + x)


@njit(error_model="numpy")
def subtract(first: Any, a: int, second: Any, b: int, out: Any, c: int) -> None:
    """As `add`, but subtracts those of ``second``."""
    block = first.shape[-2] * MOST_TOGETHER
    for x in range(0, block, MOST_TOGETHER):
        _subtract(first, a * block + x, second, b * block + x, out, c * block + x)


@njit(error_model="numpy")
def switch(
    present: Any,
    totals: Any,
    of_rows: Any,
    feature: int,
    left: Any,
    step: int,
    n_rivals: int,
    n_rows: int,
    stride: int,
    weights: Any,
    at: int,
    together: int,
    before: Any,
    share: float,
    mean: Any,
    spread: Any,
) -> None:
    """Switch a feature of a tile of rows, with min-pooling: on the way there, and on the way back.

    On the way back a feature leaves the coalition of all those that were not there before, so that what is
    present is the rest of the total, and both ways see the same row of ``of_rows``.

    Parameters
    ----------
    present : int32 array of shape (n_rivals · stride,)
        What is present of the rows on the way there; the feature is added. ``n_rows`` of each ``stride``,
        rounded up to a vector, are used.
    totals : int32 array of shape (n_rivals · stride,)
        What is present on both ways together.
    of_rows : int32 array of shape (n_features, n_rivals · stride)
        What the features add.
    feature : int
        The one that is switched.
    left : int32 array of shape (n_steps, 2, n_rivals, 8)
        Of which ``left[step]`` is what is left of the background, there and back, then.
    weights : array
        From ``at`` on, the weights of ``together`` background rows, of which there are 1 to 8.
    before : array of shape (stride,)
        The mean value there less that back, before; becomes that after.
    share : float
        1 / count, for the count-th pair of walks.
    mean, spread : arrays of shape (n_features, stride)
        The feature's take in the difference, as `neonxai.kernels.running.settle` does.
    """
    at_rows, place = feature * of_rows.shape[1], feature * stride
    block = left.shape[2] * left.shape[3]
    at_left = step * 2 * block
    for r in range(0, n_rows, WHOLE_LANES):
        _switch(
            present, totals, of_rows, at_rows, left, at_left, at_left + block, n_rivals, r, stride,
            weights, at, together, before, share, mean, place, spread, place,
        )  # fmt: skip
