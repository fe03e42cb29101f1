"""Pooling for eight rows at a time, in float64, with what is pooled kept in the processor's registers."""

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from neonxai.kernels.vectors import FLOATS, Builder, combining

# Rows in a vector.
LANES = FLOATS.lanes


def _mean_least_of(
    typing: Any,  # the signature of a numba intrinsic
    rows: Any,
    background: Any,
    n_rivals: Any,
    first: Any,
    stride: Any,
    slab: Any,
    weights: Any,
    at: Any,
    together: Any,
    out: Any,
) -> Any:
    """out[first:] = Σ_b weights[at + b] min_k (rows[k stride + first:] + background[slab + k G + b])."""
    whole = types.intp
    signature = types.void(rows, background, whole, whole, whole, whole, weights, whole, whole, out)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        b = Builder(context, builder, signature, args)
        of_rows, of_background, of_weights, result = (b.address(i) for i in (0, 1, 6, 9))
        count, place, step, start = args[2:6]

        def emit(n: int) -> None:
            def joined(k: Any) -> list[Any]:
                row = b.load(FLOATS, of_rows, b.add(place, b.times(k, step)))
                left = b.spread(FLOATS, of_background, b.add(start, b.times(k, n)), n)
                return [builder.fadd(row, y) for y in left]

            pooled = b.reduce(count, joined, b.lesser)
            b.store(FLOATS, b.weighted(pooled, of_weights, args[7]), result, place)

        b.for_count(args[8], emit)
        return context.get_dummy_value()

    return signature, build


def _product_sums_of(
    typing: Any,  # the signature of a numba intrinsic
    rows: Any,
    background: Any,
    n_rivals: Any,
    first: Any,
    stride: Any,
    slab: Any,
    together: Any,
    out: Any,
) -> Any:
    """out[b stride + first:] = Σ_k rows[k stride + first:] · background[slab + k G + b]."""
    whole = types.intp
    signature = types.void(rows, background, whole, whole, whole, whole, whole, out)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        b = Builder(context, builder, signature, args)
        of_rows, of_background, result = (b.address(i) for i in (0, 1, 7))
        count, place, step, start = args[2:6]

        def emit(n: int) -> None:
            def products(k: Any) -> list[Any]:
                row = b.load(FLOATS, of_rows, b.add(place, b.times(k, step)))
                left = b.spread(FLOATS, of_background, b.add(start, b.times(k, n)), n)
                return [builder.fmul(row, y) for y in left]

            for i, total in enumerate(b.reduce(count, products, builder.fadd)):
                b.store(FLOATS, total, result, b.add(place, b.times(step, i)))

        b.for_count(args[6], emit)
        return context.get_dummy_value()

    return signature, build


_mean_least: Any = intrinsic(_mean_least_of)
_product_sums: Any = intrinsic(_product_sums_of)
_add: Any = combining(FLOATS, "fadd")


@njit(error_model="numpy")
def mean_least(
    rows: Any,
    background: Any,
    n_rivals: int,
    n_rows: int,
    stride: int,
    slab: int,
    weights: Any,
    at: int,
    together: int,
    out: Any,
) -> None:
    """Min-pooling: out[r] = Σ_b weights[at + b] min_k (rows[k, r] + background[k, b]).

    Parameters
    ----------
    rows : array of shape (n_rivals · stride,)
        In rows of ``stride`` values, of which ``n_rows``, rounded up to a vector, are used.
    background : array
        From ``slab`` on, n_rivals times ``together`` values.
    weights : array
        From ``at`` on, the weights of ``together`` background rows, of which there are 1 to 8.
    out : array of shape (stride,)
        Gets the result.
    """
    for r in range(0, n_rows, LANES):
        _mean_least(rows, background, n_rivals, r, stride, slab, weights, at, together, out)


@njit(error_model="numpy")
def product_sums(
    rows: Any, background: Any, n_rivals: int, n_rows: int, stride: int, slab: int, together: int, out: Any
) -> None:
    """Soft pooling's sums: out[b, r] = Σ_k rows[k, r] · background[k, b]; parameters as for `mean_least`.

    ``out`` has ``together`` rows of ``stride`` values.
    """
    for r in range(0, n_rows, LANES):
        _product_sums(rows, background, n_rivals, r, stride, slab, together, out)


@njit(error_model="numpy")
def add(first: Any, at_first: int, second: Any, at_second: int, out: Any, at_out: int, n: int) -> None:
    """Add n numbers, rounded up to a vector, from places of contiguous arrays on."""
    for x in range(0, n, LANES):
        _add(first, at_first + x, second, at_second + x, out, at_out + x)
