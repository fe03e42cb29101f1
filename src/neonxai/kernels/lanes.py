"""Pooling for eight rows at a time, with what is pooled kept in the processor's registers.

Written as vector instructions, as compilers keep sums of a loop in registers only where the loop is the
innermost one: from loops in Python the same came out two to four times as slow.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

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
_ONE = ir.Constant(_VECTOR, [1.0] * LANES)

Binary: TypeAlias = Callable[[Any, Any], Any]


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

    def opaque(self, vector: Any) -> Any:
        """The vector, in a register, and of unknown value to the compiler."""
        same = ir.FunctionType(_VECTOR, [_VECTOR])
        return self.ir.asm(same, "", "=v,0", [vector], side_effect=False)

    def for_count(self, count: Any, emit: Callable[[int], None]) -> None:
        """Do what ``emit`` emits for the number that ``count`` is, from 1 to 8."""
        done = self.ir.append_basic_block("counted")
        cases = [self.ir.append_basic_block(f"count{n}") for n in range(1, MOST_TOGETHER + 1)]
        choice = self.ir.switch(count, cases[-1])
        for n, case in enumerate(cases[:-1], start=1):
            choice.add_case(_INDEX(n), case)
        for n, case in enumerate(cases, start=1):
            self.ir.position_at_end(case)
            emit(n)
            self.ir.branch(done)
        self.ir.position_at_end(done)

    def reduce(self, n: Any, terms: Callable[[Any], list[Any]], meet: Binary) -> list[Any]:
        """Meet over k < n of each of the vectors that ``terms(k)`` gives."""
        start = terms(_INDEX(0))
        before = self.ir.block
        head, body, done = (self.ir.append_basic_block(name) for name in ("head", "body", "done"))
        self.ir.branch(head)
        self.ir.position_at_end(head)
        k = self.ir.phi(_INDEX)
        k.add_incoming(_INDEX(1), before)
        pooled = [self.ir.phi(_VECTOR) for _ in start]
        for old, new in zip(pooled, start, strict=True):
            old.add_incoming(new, before)
        self.ir.cbranch(self.ir.icmp_signed("<", k, n), body, done)
        self.ir.position_at_end(body)
        further = [meet(new, old) for new, old in zip(terms(k), pooled, strict=True)]
        k.add_incoming(self.add(k, 1), body)
        for old, new in zip(pooled, further, strict=True):
            old.add_incoming(new, body)
        self.ir.branch(head)
        self.ir.position_at_end(done)
        return pooled

    def spread_row(self, address: Any, start: Any, n: int) -> list[Any]:
        """Each of n numbers in all lanes of a vector of its own."""
        return [self.spread(address, self.add(start, i)) for i in range(n)]

    def weighted(self, vectors: list[Any], weights: Any, at: Any) -> Any:
        """Σ_b weights[at + b] vectors[b]."""
        total = None
        for value, weight in zip(vectors, self.spread_row(weights, at, len(vectors)), strict=True):
            part = self.ir.fmul(value, weight)
            total = part if total is None else self.ir.fadd(total, part)
        return total

    def least(self, x: Any, y: Any) -> Any:
        return self.ir.select(self.ir.fcmp_ordered("<", x, y), x, y)

    def adder(self) -> Callable[[Any, list[Any]], list[Any]]:
        """What adds each of some spread numbers to a vector.

        Processors of AMD add and compare in the same units; fused, 1 · y + x goes through the multipliers
        beside them, and minima of sums take half the time. The result is the same, to the last bit. Where
        registers are shorter than 512 bits, there are not enough of them for that.
        """
        if "+avx512f" not in self.context.codegen().magic_tuple()[2]:
            return lambda x, numbers: [self.ir.fadd(x, y) for y in numbers]
        one = self.opaque(_ONE)
        of_three = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        fma = cgutils.get_or_insert_function(self.ir.module, of_three, f"llvm.fma.v{LANES}f64")

        def fused(x: Any, numbers: list[Any]) -> list[Any]:
            register = self.opaque(x)  # so that the spread number is what comes from memory
            return [self.ir.call(fma, [y, one, register]) for y in numbers]

        return fused


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
    gains: Any,
    at_gains: Any,
) -> Any:
    """Switch a feature of eight rows, there and back, and add half of what it gains."""
    whole = types.intp
    signature = types.void(
        present, totals, of_rows, whole, left, whole, whole, whole, whole, whole, weights, whole, whole,
        before, gains, whole,
    )  # fmt: skip

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        b = _Builder(context, builder, signature, args)
        of_present, of_totals, terms, background = (b.address(i) for i in (0, 1, 2, 4))
        at_rows, at_left, at_right, n_rivals, first, stride = (args[i] for i in (3, 5, 6, 7, 8, 9))
        values, sums = b.address(13), b.address(14)

        def emit(n: int) -> None:
            plus = b.adder()

            def both_ways(k: Any) -> list[Any]:
                place, start = b.add(first, builder.mul(k, stride)), builder.mul(k, _INDEX(n))
                there = builder.fadd(b.load(of_present, place), b.load(terms, b.add(at_rows, place)))
                b.store(there, of_present, place)
                back = builder.fsub(b.load(of_totals, place), there)
                return [
                    *plus(there, b.spread_row(background, b.add(at_left, start), n)),
                    *plus(back, b.spread_row(background, b.add(at_right, start), n)),
                ]

            pooled = b.reduce(n_rivals, both_ways, b.least)
            apart = [builder.fsub(x, y) for x, y in zip(pooled[:n], pooled[n:], strict=True)]
            value = b.weighted(apart, b.address(10), args[11])
            gain = builder.fsub(value, b.load(values, first))
            b.store(value, values, first)
            place = b.add(args[15], first)
            half = builder.fmul(ir.Constant(_VECTOR, [0.5] * LANES), gain)
            b.store(builder.fadd(b.load(sums, place), half), sums, place)

        b.for_count(args[12], emit)
        return context.get_dummy_value()

    return signature, build


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
        b = _Builder(context, builder, signature, args)
        rows, background, n_rivals, first, stride, slab = b.address(0), b.address(1), *args[2:6]

        def emit(n: int) -> None:
            plus = b.adder()

            def joined(k: Any) -> list[Any]:
                row = b.load(rows, b.add(first, builder.mul(k, stride)))
                return plus(row, b.spread_row(background, b.add(slab, builder.mul(k, _INDEX(n))), n))

            pooled = b.reduce(n_rivals, joined, b.least)
            b.store(b.weighted(pooled, b.address(6), args[7]), b.address(9), first)

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
        b = _Builder(context, builder, signature, args)
        rows, background, n_rivals, first, stride, slab = b.address(0), b.address(1), *args[2:6]

        def emit(n: int) -> None:
            def products(k: Any) -> list[Any]:
                row = b.load(rows, b.add(first, builder.mul(k, stride)))
                start = b.add(slab, builder.mul(k, _INDEX(n)))
                return [builder.fmul(row, y) for y in b.spread_row(background, start, n)]

            for i, total in enumerate(b.reduce(n_rivals, products, builder.fadd)):
                b.store(total, b.address(7), b.add(first, builder.mul(stride, _INDEX(i))))

        b.for_count(args[6], emit)
        return context.get_dummy_value()

    return signature, build


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


_switch: Any = intrinsic(_switch_of)
_mean_least: Any = intrinsic(_mean_least_of)
_product_sums: Any = intrinsic(_product_sums_of)
_add: Any = intrinsic(_add_of)


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
    gains: Any,
) -> None:
    """Switch a feature of a tile of rows, with min-pooling: on the way there, and on the way back.

    On the way back a feature leaves the coalition of all those that were not there before, so that what is
    present is the rest of the total, and both ways see the same row of ``of_rows``.

    Parameters
    ----------
    present : array of shape (n_rivals · stride,)
        What is present of the rows on the way there; the feature is added.
    totals : array of shape (n_rivals · stride,)
        What is present on both ways together.
    of_rows : array of shape (n_features, n_rivals · stride)
        What the features add.
    feature : int
        The one that is switched.
    left : array of shape (n_steps, 2, ...)
        Of which ``left[step]`` is what is left of the background, there and back, then.
    n_rivals, n_rows, stride, weights, at, together
        As for `mean_least`.
    before : array of shape (stride,)
        The value there less that back, before; becomes that after.
    gains : array of shape (n_features, stride)
        Half of the difference is added to the feature's.
    """
    at_rows, place = feature * of_rows.shape[1], feature * stride
    at_left = step * 2 * left.shape[2]
    for r in range(0, n_rows, LANES):
        _switch(
            present, totals, of_rows, at_rows, left, at_left, at_left + left.shape[2], n_rivals, r, stride,
            weights, at, together, before, gains, place,
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
