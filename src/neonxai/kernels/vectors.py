"""Vector instructions for loops whose results are kept in the processor's registers.

Compilers keep what a loop gathers in registers only where the loop is the innermost one: from loops in Python
the same came out two to four times as slow.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# Background rows that are pooled together, each with a register of its own.
MOST_TOGETHER = 8

Emit = Callable[[Any, Any], Any]

_struct_proxy: Any = cgutils.create_struct_proxy
_INDEX = ir.IntType(64)
_SMALL = ir.IntType(32)


class Kind(NamedTuple):
    """A vector of 512 bits. Machines with shorter registers take two or four of them.

    Attributes
    ----------
    element : ir.Type
        The type of its numbers.
    lanes : int
        How many they are: one for each row.
    bytes : int
        What one takes.
    """

    element: Any
    lanes: int
    bytes: int

    @property
    def vector(self) -> Any:
        """The type of the vector."""
        return ir.VectorType(self.element, self.lanes)


FLOATS = Kind(ir.DoubleType(), 8, 8)
WHOLES = Kind(ir.IntType(32), 16, 4)
EIGHT = Kind(ir.IntType(32), MOST_TOGETHER, 4)  # half of one


class Builder:
    """Loads, stores and loops of vectors. Of an array only the address counts."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.context, self.ir, self._types, self._args = context, builder, signature.args, args

    def address(self, position: int) -> Any:
        """Where the array begins that is the argument at a position."""
        array = _struct_proxy(self._types[position])
        return array(self.context, self.ir, self._args[position]).data

    def load(self, kind: Kind, address: Any, index: Any) -> Any:
        """A vector of numbers from an index on."""
        return self.ir.load(self._at(kind, address, index), align=kind.bytes)

    def store(self, kind: Kind, vector: Any, address: Any, index: Any) -> None:
        """Put a vector there."""
        self.ir.store(vector, self._at(kind, address, index), align=kind.bytes)

    def _at(self, kind: Kind, address: Any, index: Any) -> Any:
        return self.ir.bitcast(self.ir.gep(address, [index]), kind.vector.as_pointer())

    def spread(self, kind: Kind, address: Any, start: Any, n: int) -> list[Any]:
        """Each of n numbers in all lanes of a vector of its own."""
        places = [self.ir.gep(address, [self.add(start, i)]) for i in range(n)]
        return [self.everywhere(kind, self.ir.load(place)) for place in places]

    def everywhere(self, kind: Kind, number: Any) -> Any:
        """A number in all lanes."""
        empty = ir.Constant(kind.vector, ir.Undefined)
        lanes = ir.Constant(ir.VectorType(_SMALL, kind.lanes), [0] * kind.lanes)
        return self.ir.shuffle_vector(self.ir.insert_element(empty, number, _SMALL(0)), empty, lanes)

    def floats(self, whole: Any, start: int) -> Any:
        """Eight lanes of whole numbers, from one on, as floats."""
        lanes = ir.Constant(ir.VectorType(_SMALL, FLOATS.lanes), list(range(start, start + FLOATS.lanes)))
        return self.ir.sitofp(self.ir.shuffle_vector(whole, whole, lanes), FLOATS.vector)

    def add(self, index: Any, offset: Any) -> Any:
        """An index and an offset, added."""
        return self.ir.add(index, offset if isinstance(offset, ir.Value) else _INDEX(offset))

    def times(self, index: Any, factor: Any) -> Any:
        """An index, multiplied."""
        return self.ir.mul(index, factor if isinstance(factor, ir.Value) else _INDEX(factor))

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

    def reduce(self, n: Any, terms: Callable[[Any], list[Any]], meet: Emit) -> list[Any]:
        """Meet over k < n of each of the vectors that ``terms(k)`` gives."""
        start = terms(_INDEX(0))
        before = self.ir.block
        head, body, done = (self.ir.append_basic_block(name) for name in ("head", "body", "done"))
        self.ir.branch(head)
        self.ir.position_at_end(head)
        k = self.ir.phi(_INDEX)
        k.add_incoming(_INDEX(1), before)
        met = [self.ir.phi(first.type) for first in start]
        for old, new in zip(met, start, strict=True):
            old.add_incoming(new, before)
        self.ir.cbranch(self.ir.icmp_signed("<", k, n), body, done)
        self.ir.position_at_end(body)
        further = [meet(new, old) for new, old in zip(terms(k), met, strict=True)]
        k.add_incoming(self.add(k, 1), body)
        for old, new in zip(met, further, strict=True):
            old.add_incoming(new, body)
        self.ir.branch(head)
        self.ir.position_at_end(done)
        return met

    def weighted(self, vectors: list[Any], weights: Any, at: Any) -> Any:
        """Σ_b weights[at + b] vectors[b]."""
        total = None
        spread = self.spread(FLOATS, weights, at, len(vectors))
        for value, weight in zip(vectors, spread, strict=True):
            part = self.ir.fmul(value, weight)
            total = part if total is None else self.ir.fadd(total, part)
        return total

    def lesser(self, x: Any, y: Any) -> Any:
        """The lesser of floats."""
        return self.ir.select(self.ir.fcmp_ordered("<", x, y), x, y)

    def lesser_whole(self, x: Any, y: Any) -> Any:
        """The lesser of whole numbers."""
        return self.ir.select(self.ir.icmp_signed("<", x, y), x, y)


def combining(kind: Kind, operation: str) -> Any:
    """What combines a vector of two arrays: out[at_out:] = first[at_first:] · second[at_second:].

    Parameters
    ----------
    kind : Kind
        Of the vector.
    operation : str
        What llvmlite calls it, such as "fadd".
    """

    def combine(
        typing: Any,  # the signature of a numba intrinsic
        first: Any,
        at_first: Any,
        second: Any,
        at_second: Any,
        out: Any,
        at_out: Any,
    ) -> Any:
        whole = types.intp
        signature = types.void(first, whole, second, whole, out, whole)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            b = Builder(context, builder, signature, args)
            x, y = b.load(kind, b.address(0), args[1]), b.load(kind, b.address(2), args[3])
            b.store(kind, getattr(builder, operation)(x, y), b.address(4), args[5])
            return context.get_dummy_value()

        return signature, build

    return intrinsic(combine)
