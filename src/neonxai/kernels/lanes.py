"""Pooling for eight rows at a time, with what is pooled kept in the processor's registers.

Written as vector instructions, as compilers keep sums of a loop in registers only where the loop is the
innermost one: from loops in Python the same came out two to four times as slow.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

# Rows in a vector: 512 bits. Machines with shorter registers take two or four of them.
LANES = 8
# Background rows that are pooled together, each with a register of its own.
MOST_TOGETHER = 8

_struct_proxy: Any = cgutils.create_struct_proxy
_INDEX = ir.IntType(64)
_SMALL = ir.IntType(32)
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


class _Builder:
    """Loads and stores of vectors. Of an array of float64 only the address counts."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.context, self.ir, self._types, self._args = context, builder, signature.args, args

    def address(self, position: int) -> Any:
        array = _struct_proxy(self._types[position])
        return array(self.context, self.ir, self._args[position]).data

    def _at(self, address: Any, index: Any) -> Any:
        return self.ir.bitcast(self.ir.gep(address, [index]), _VECTOR.as_pointer())

    def load(self, address: Any, index: Any) -> Any:
        return self.ir.load(self._at(address, index), align=8)

    def store(self, vector: Any, address: Any, index: Any) -> None:
        self.ir.store(vector, self._at(address, index), align=8)

    def spread(self, address: Any, index: Any) -> Any:
        """One number in all lanes."""
        empty = ir.Constant(_VECTOR, ir.Undefined)
        one = self.ir.insert_element(empty, self.ir.load(self.ir.gep(address, [index])), _SMALL(0))
        return self.ir.shuffle_vector(one, empty, ir.Constant(ir.VectorType(_SMALL, LANES), [0] * LANES))

    def add(self, index: Any, offset: Any) -> Any:
        return self.ir.add(index, offset if isinstance(offset, ir.Value) else _INDEX(offset))


def _pool(
    b: _Builder,
    together: int,
    n_rivals: Any,
    row_of: Callable[[Any], Any],
    background: Any,
    slab: Any,
    pooling: tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]],
) -> list[Any]:
    """Meet over k of join(row_of(k), background[slab + k G + b]): a vector of rows for each b."""
    join, meet = pooling

    def joined(k: Any) -> list[Any]:
        row = row_of(k)
        start = b.add(slab, b.ir.mul(k, _INDEX(together)))
        return [join(row, b.spread(background, b.add(start, i))) for i in range(together)]

    start = joined(_INDEX(0))
    before = b.ir.block
    head, body, done = (b.ir.append_basic_block(name) for name in ("head", "body", "done"))
    b.ir.branch(head)
    b.ir.position_at_end(head)
    k = b.ir.phi(_INDEX)
    k.add_incoming(_INDEX(1), before)
    pooled = [b.ir.phi(_VECTOR) for _ in start]
    for old, new in zip(pooled, start, strict=True):
        old.add_incoming(new, before)
    b.ir.cbranch(b.ir.icmp_signed("<", k, n_rivals), body, done)
    b.ir.position_at_end(body)
    further = [meet(new, old) for new, old in zip(joined(k), pooled, strict=True)]
    k.add_incoming(b.add(k, 1), body)
    for old, new in zip(pooled, further, strict=True):
        old.add_incoming(new, body)
    b.ir.branch(head)
    b.ir.position_at_end(done)
    return pooled


def _weighted(b: _Builder, pooled: list[Any], weights: Any, at: Any) -> Any:
    """Σ_b weights[at + b] pooled[b]."""
    total = None
    for i, value in enumerate(pooled):
        part = b.ir.fmul(value, b.spread(weights, b.add(at, i)))
        total = part if total is None else b.ir.fadd(total, part)
    return total


def _least(builder: Any) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    return builder.fadd, lambda x, y: builder.select(builder.fcmp_ordered("<", x, y), x, y)


def _switch_of(together: int) -> Any:
    def switch(
        typing: Any,  # the signature of a numba intrinsic
        present: Any,
        of_rows: Any,
        at_rows: Any,
        left: Any,
        slab: Any,
        n_rivals: Any,
        first: Any,
        stride: Any,
        weights: Any,
        at: Any,
        before: Any,
        gains: Any,
        at_gains: Any,
    ) -> Any:
        """Switch a feature of eight rows, and add half of what it gains."""
        whole = types.intp
        signature = types.void(
            present, of_rows, whole, left, whole, whole, whole, whole, weights, whole, before, gains, whole
        )

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            b = _Builder(context, builder, signature, args)
            of_present, terms, values = b.address(0), b.address(1), b.address(10)
            first, stride, sums = args[6], args[7], b.address(11)

            def switched(k: Any) -> Any:
                place = b.add(first, builder.mul(k, stride))
                row = builder.fadd(b.load(of_present, place), b.load(terms, b.add(args[2], place)))
                b.store(row, of_present, place)
                return row

            pooled = _pool(b, together, args[5], switched, b.address(3), args[4], _least(builder))
            value = _weighted(b, pooled, b.address(8), args[9])
            gain = builder.fsub(value, b.load(values, first))
            b.store(value, values, first)
            half = ir.Constant(_VECTOR, [0.5] * LANES)
            place = b.add(args[12], first)
            b.store(builder.fadd(b.load(sums, place), builder.fmul(half, gain)), sums, place)
            return context.get_dummy_value()

        return signature, build

    return intrinsic(switch)


def _least_of(together: int) -> Any:
    def least(
        typing: Any,  # the signature of a numba intrinsic
        rows: Any,
        background: Any,
        n_rivals: Any,
        first: Any,
        stride: Any,
        slab: Any,
        weights: Any,
        at: Any,
        out: Any,
    ) -> Any:
        """out[first:] = Σ_b weights[at + b] min_k (rows[k stride + first:] + background[slab + k G + b])."""
        whole = types.intp
        signature = types.void(rows, background, whole, whole, whole, whole, weights, whole, out)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            b = _Builder(context, builder, signature, args)
            rows = b.address(0)
            pooled = _pool(
                b,
                together,
                args[2],
                lambda k: b.load(rows, b.add(args[3], builder.mul(k, args[4]))),
                b.address(1),
                args[5],
                _least(builder),
            )
            b.store(_weighted(b, pooled, b.address(6), args[7]), b.address(8), args[3])
            return context.get_dummy_value()

        return signature, build

    return intrinsic(least)


def _sums_of(together: int) -> Any:
    def sums(
        typing: Any,  # the signature of a numba intrinsic
        rows: Any,
        background: Any,
        n_rivals: Any,
        first: Any,
        stride: Any,
        slab: Any,
        out: Any,
    ) -> Any:
        """out[b stride + first:] = Σ_k rows[k stride + first:] · background[slab + k G + b]."""
        whole = types.intp
        signature = types.void(rows, background, whole, whole, whole, whole, out)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            b = _Builder(context, builder, signature, args)
            rows = b.address(0)
            sums = _pool(
                b,
                together,
                args[2],
                lambda k: b.load(rows, b.add(args[3], builder.mul(k, args[4]))),
                b.address(1),
                args[5],
                (builder.fmul, builder.fadd),
            )
            for i, total in enumerate(sums):
                b.store(total, b.address(6), b.add(args[3], b.ir.mul(args[4], _INDEX(i))))
            return context.get_dummy_value()

        return signature, build

    return intrinsic(sums)


def _add_of(
    typing: Any,  # the signature of a numba intrinsic
    first: Any,
    at_first: Any,
    second: Any,
    at_second: Any,
    out: Any,
    at_out: Any,
) -> Any:
    """out[at_out:] = first[at_first:] + second[at_second:], eight numbers."""
    whole = types.intp
    signature = types.void(first, whole, second, whole, out, whole)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        b = _Builder(context, builder, signature, args)
        total = builder.fadd(b.load(b.address(0), args[1]), b.load(b.address(2), args[3]))
        b.store(total, b.address(4), args[5])
        return context.get_dummy_value()

    return signature, build


_add: Any = intrinsic(_add_of)
_switch_1, _switch_2, _switch_3, _switch_4 = (_switch_of(n) for n in (1, 2, 3, 4))
_switch_5, _switch_6, _switch_7, _switch_8 = (_switch_of(n) for n in (5, 6, 7, 8))
_least_1, _least_2, _least_3, _least_4 = (_least_of(n) for n in (1, 2, 3, 4))
_least_5, _least_6, _least_7, _least_8 = (_least_of(n) for n in (5, 6, 7, 8))
_sums_1, _sums_2, _sums_3, _sums_4 = (_sums_of(n) for n in (1, 2, 3, 4))
_sums_5, _sums_6, _sums_7, _sums_8 = (_sums_of(n) for n in (5, 6, 7, 8))


@njit(error_model="numpy")
def switch(
    present: Any,
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
    gains: Any,
) -> None:
    """Switch a feature of a tile of rows, with min-pooling.

    Parameters
    ----------
    present : array of shape (n_rivals · stride,)
        What is present of the rows; the feature is added.
    of_rows : array of shape (n_features, n_rivals · stride)
        What the features add.
    feature : int
        The one that is switched.
    left : array
        Of which ``left[step]`` is what is left of the background then.
    n_rivals, n_rows, stride, weights, at, together
        As for `mean_least`.
    before : array of shape (stride,)
        The value before; becomes that after.
    gains : array of shape (n_features, stride)
        Half of the difference is added to the feature's.
    """
    at_rows, place = feature * of_rows.shape[1], feature * stride
    slab = step * left.shape[1]
    for r in range(0, n_rows, LANES):
        if together == 8:
            _switch_8(
                present, of_rows, at_rows, left, slab, n_rivals, r, stride, weights, at, before, gains, place
            )  # fmt: skip
        elif together == 7:
            _switch_7(
                present, of_rows, at_rows, left, slab, n_rivals, r, stride, weights, at, before, gains, place
            )  # fmt: skip
        elif together == 6:
            _switch_6(
                present, of_rows, at_rows, left, slab, n_rivals, r, stride, weights, at, before, gains, place
            )  # fmt: skip
        elif together == 5:
            _switch_5(
                present, of_rows, at_rows, left, slab, n_rivals, r, stride, weights, at, before, gains, place
            )  # fmt: skip
        elif together == 4:
            _switch_4(
                present, of_rows, at_rows, left, slab, n_rivals, r, stride, weights, at, before, gains, place
            )  # fmt: skip
        elif together == 3:
            _switch_3(
                present, of_rows, at_rows, left, slab, n_rivals, r, stride, weights, at, before, gains, place
            )  # fmt: skip
        elif together == 2:
            _switch_2(
                present, of_rows, at_rows, left, slab, n_rivals, r, stride, weights, at, before, gains, place
            )  # fmt: skip
        else:
            _switch_1(
                present, of_rows, at_rows, left, slab, n_rivals, r, stride, weights, at, before, gains, place
            )  # fmt: skip


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
        if together == 8:
            _least_8(rows, background, n_rivals, r, stride, slab, weights, at, out)
        elif together == 7:
            _least_7(rows, background, n_rivals, r, stride, slab, weights, at, out)
        elif together == 6:
            _least_6(rows, background, n_rivals, r, stride, slab, weights, at, out)
        elif together == 5:
            _least_5(rows, background, n_rivals, r, stride, slab, weights, at, out)
        elif together == 4:
            _least_4(rows, background, n_rivals, r, stride, slab, weights, at, out)
        elif together == 3:
            _least_3(rows, background, n_rivals, r, stride, slab, weights, at, out)
        elif together == 2:
            _least_2(rows, background, n_rivals, r, stride, slab, weights, at, out)
        else:
            _least_1(rows, background, n_rivals, r, stride, slab, weights, at, out)


@njit(error_model="numpy")
def product_sums(
    rows: Any, background: Any, n_rivals: int, n_rows: int, stride: int, slab: int, together: int, out: Any
) -> None:
    """Soft pooling's sums: out[b, r] = Σ_k rows[k, r] · background[k, b]; parameters as for `mean_least`.

    ``out`` has ``together`` rows of ``stride`` values.
    """
    for r in range(0, n_rows, LANES):
        if together == 8:
            _sums_8(rows, background, n_rivals, r, stride, slab, out)
        elif together == 7:
            _sums_7(rows, background, n_rivals, r, stride, slab, out)
        elif together == 6:
            _sums_6(rows, background, n_rivals, r, stride, slab, out)
        elif together == 5:
            _sums_5(rows, background, n_rivals, r, stride, slab, out)
        elif together == 4:
            _sums_4(rows, background, n_rivals, r, stride, slab, out)
        elif together == 3:
            _sums_3(rows, background, n_rivals, r, stride, slab, out)
        elif together == 2:
            _sums_2(rows, background, n_rivals, r, stride, slab, out)
        else:
            _sums_1(rows, background, n_rivals, r, stride, slab, out)


@njit(error_model="numpy")
def add(first: Any, at_first: int, second: Any, at_second: int, out: Any, at_out: int, n: int) -> None:
    """Add n numbers, rounded up to a vector, from places of contiguous arrays on."""
    for x in range(0, n, LANES):
        _add(first, at_first + x, second, at_second + x, out, at_out + x)
