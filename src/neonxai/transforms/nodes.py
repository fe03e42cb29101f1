"""A pipeline at work: each node takes values, and notes on the tape what relevance needs on its way back."""

import re
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from scipy.sparse import csr_array, diags_array, issparse

from neonxai.arrays import Doubles, Values
from neonxai.transforms.form import Block
from neonxai.transforms.steps import Branch
from neonxai.transforms.values import Lazy, as_numbers, copied, dense

Tape: TypeAlias = dict[Block, Any]


class Node(Protocol):
    """A step at work."""

    def run(self, values: Lazy, tape: Tape) -> Lazy:
        """Return the step's output for its input, and note the values of its blocks."""


@dataclass(frozen=True, eq=False)
class Applied:
    """An affine step: its values are computed only if a later step asks for them."""

    name: str
    transformer: Any
    inputs: tuple[str, ...]

    def run(self, values: Lazy, tape: Tape) -> Lazy:
        """See `Node.run`."""
        return Lazy(lambda: transformed(self.transformer, values.get(), self.name, self.inputs))


@dataclass(frozen=True, eq=False)
class Recorded:
    """A step whose outputs are a block."""

    name: str
    transformer: Any
    inputs: tuple[str, ...]
    block: Block

    def run(self, values: Lazy, tape: Tape) -> Lazy:
        """See `Node.run`."""
        output = transformed(self.transformer, values.get(), self.name, self.inputs)
        tape[self.block] = output
        return Lazy(lambda: output)


@dataclass(frozen=True, eq=False)
class Noted:
    """Columns that are a block as they are."""

    block: Block

    def run(self, values: Lazy, tape: Tape) -> Lazy:
        """See `Node.run`."""
        tape[self.block] = values.get()
        return values


@dataclass(frozen=True, eq=False)
class RowScaled:
    """A step that divides rows by their norm, behind an affine map: the blocks are divided instead.

    (A (e − q) + l) / s = A ((e − q) / s) + l / s, where q is the pre-image of 0, so that l = 0 unless there
    is none; then 1 / s is a block of its own. Blocks are triples: before, after, and q.
    """

    name: str
    transformer: Any
    inputs: tuple[str, ...]
    blocks: tuple[tuple[Block, Block, Doubles], ...]
    constant: Block | None

    def run(self, values: Lazy, tape: Tape) -> Lazy:
        """See `Node.run`."""
        factors = 1.0 / _norms(as_numbers(values.get()), self.transformer.norm)
        for before, after, shift in self.blocks:
            numbers = as_numbers(tape[before])
            if shift.any():
                numbers = dense(numbers) - shift
            scaled = diags_array(factors) @ numbers if issparse(numbers) else factors[:, None] * numbers
            tape[after] = csr_array(scaled) if issparse(scaled) else scaled
        if self.constant is not None:
            tape[self.constant] = factors[:, None]
        return Lazy(lambda: transformed(self.transformer, values.get(), self.name, self.inputs))


def _norms(numbers: Values, norm: str) -> Doubles:
    """Each row's norm; 1 for a row of zeros, which is left as it is."""
    sizes = abs(numbers)
    if norm == "l2":
        squares = sizes.multiply(sizes) if issparse(sizes) else sizes**2
        result = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
    elif norm == "l1":
        result = np.asarray(sizes.sum(axis=1)).ravel()
    else:
        largest = sizes.max(axis=1)
        result = (largest.toarray() if issparse(largest) else np.asarray(largest)).ravel()
    norms: Doubles = np.where(result == 0.0, 1.0, result)
    return norms


@dataclass(frozen=True, eq=False)
class Steps:
    """Nodes, one after the other."""

    nodes: tuple[Node, ...]

    def run(self, values: Lazy, tape: Tape) -> Lazy:
        """See `Node.run`."""
        for node in self.nodes:
            values = node.run(values, tape)
        return values


@dataclass(frozen=True, eq=False)
class Split:
    """Nodes side by side."""

    name: str
    transformer: Any
    inputs: tuple[str, ...]
    parts: tuple[tuple[Branch, Node], ...]

    def run(self, values: Lazy, tape: Tape) -> Lazy:
        """See `Node.run`."""
        for branch, node in self.parts:
            node.run(chosen(branch, values), tape)
        # Joined as the step joins them, names, types and all; asked for only by steps that are not affine.
        return Lazy(lambda: transformed(self.transformer, values.get(), self.name, self.inputs))


def chosen(branch: Branch, values: Lazy) -> Lazy:
    """The columns that a branch gets."""
    return Lazy(lambda: selected(branch, values.get()))


def selected(branch: Branch, values: Any) -> Any:
    """The columns that a branch gets, as its transformer takes them."""
    if branch.select is not None:
        return branch.select(values)
    if branch.columns is None:
        return values
    return values[:, list(branch.columns)]


def transformed(transformer: Any, values: Any, name: str, inputs: tuple[str, ...]) -> Any:
    """What a transformer makes of values, which it leaves untouched.

    Raises
    ------
    TypeError, ValueError
        As the transformer does, with the step and its columns named.
    """
    if _may_write(transformer):
        values = copied(values)
    try:
        return transformer.transform(values)
    except (TypeError, ValueError) as error:
        raise type(error)(explained(error, name, transformer, inputs)) from error
    except (AttributeError, IndexError, KeyError) as error:  # over values of another kind than it expects
        raise ValueError(explained(error, name, transformer, inputs)) from error


def _may_write(transformer: Any) -> bool:
    """Whether it, or a part of it, may work in place: by ``copy=False``, or by a function of the user's."""
    if not hasattr(transformer, "get_params"):
        return True
    parts = transformer.get_params(deep=True)
    functions = (
        part for part in (transformer, *parts.values()) if type(part).__name__ == "FunctionTransformer"
    )
    return any(key.rpartition("__")[2] == "copy" and value is False for key, value in parts.items()) or any(
        part.func is not None for part in functions
    )


def explained(error: Exception, name: str, transformer: Any, inputs: tuple[str, ...]) -> str:
    """Say which step failed on which column."""
    text = str(error)
    position = re.search(r"column (\d+)", text)
    where = ""
    if position is not None and int(position[1]) < len(inputs):
        where = f" Its column {position[1]} is {inputs[int(position[1])]!r}."
    elif inputs:
        shown = ", ".join(repr(column) for column in inputs[:5]) + ", ..." * (len(inputs) > 5)
        where = f" Its columns are {shown}."
    return f"Step {name!r} ({type(transformer).__qualname__}) can't transform X: {text.rstrip('. ')}.{where}"
