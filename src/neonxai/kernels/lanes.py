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

_INDEX = ir.IntType(64)
_SMALL = ir.IntType(32)
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


class _Builder:
    """Loads and stores of vectors. Of an array of float64 only the address counts."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.context, self.ir, self._types, self._args = context, builder, signature.args, args

    def address(self, position: int) -> Any:
        array = cgutils.create_struct_proxy(self._types[position])
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
    b: _Builder, together: int, join: Callable[[Any, Any], Any], meet: Callable[[Any, Any], Any]
) -> list[Any]:
    """meet over k of join(rows[k], background[k]), a vector of rows for each background row."""
    rows, background = b.address(0), b.address(1)
    n_rivals, first, stride, slab = b._args[2:6]

    def joined(k: Any) -> list[Any]:
        row = b.load(rows, b.add(first, b.ir.mul(k, stride)))
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


def _least_of(together: int) -> Any:
    def least(
        typing: Any,  # noqa: ARG001  # the signature of a numba intrinsic
        rows: Any,
        background: Any,
        n_rivals: Any,  # noqa: ARG001
        first: Any,  # noqa: ARG001
        stride: Any,  # noqa: ARG001
        slab: Any,  # noqa: ARG001
        weights: Any,
        at: Any,  # noqa: ARG001
        out: Any,
    ) -> Any:
        """out[first:] = Σ_b weights[at + b] min_k (rows[k stride + first:] + background[slab + k G + b])."""
        whole = types.intp
        signature = types.void(rows, background, whole, whole, whole, whole, weights, whole, out)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            b = _Builder(context, builder, signature, args)
            pooled = _pool(
                b, together, builder.fadd, lambda x, y: builder.select(builder.fcmp_ordered("<", x, y), x, y)
            )
            total = None
            for i, least in enumerate(pooled):
                weighted = builder.fmul(least, b.spread(b.address(6), b.add(args[7], i)))
                total = weighted if total is None else builder.fadd(total, weighted)
            b.store(total, b.address(8), args[3])
            return context.get_dummy_value()

        return signature, build

    return intrinsic(least)


def _sums_of(together: int) -> Any:
    def sums(
        typing: Any,  # noqa: ARG001  # the signature of a numba intrinsic
        rows: Any,
        background: Any,
        n_rivals: Any,  # noqa: ARG001
        first: Any,  # noqa: ARG001
        stride: Any,  # noqa: ARG001
        slab: Any,  # noqa: ARG001
        out: Any,
    ) -> Any:
        """out[b stride + first:] = Σ_k rows[k stride + first:] · background[slab + k G + b]."""
        whole = types.intp
        signature = types.void(rows, background, whole, whole, whole, whole, out)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            b = _Builder(context, builder, signature, args)
            for i, total in enumerate(_pool(b, together, builder.fmul, builder.fadd)):
                b.store(total, b.address(6), b.add(args[3], b.ir.mul(args[4], _INDEX(i))))
            return context.get_dummy_value()

        return signature, build

    return intrinsic(sums)


_least_1, _least_2, _least_3, _least_4 = (_least_of(n) for n in (1, 2, 3, 4))
_least_5, _least_6, _least_7, _least_8 = (_least_of(n) for n in (5, 6, 7, 8))
_sums_1, _sums_2, _sums_3, _sums_4 = (_sums_of(n) for n in (1, 2, 3, 4))
_sums_5, _sums_6, _sums_7, _sums_8 = (_sums_of(n) for n in (5, 6, 7, 8))


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
