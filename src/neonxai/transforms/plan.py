"""A fitted pipeline, read once: how its columns come about, and how relevance gets back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from neonxai.arrays import Ints
from neonxai.names import free_name
from neonxai.networks.affine import AffineMap
from neonxai.transforms.form import Block, Form, Origin
from neonxai.transforms.nodes import Applied, Node, Noted, Recorded, RowScaled, Split, Steps, Tape, chosen
from neonxai.transforms.outputs import output_names
from neonxai.transforms.registry import UnknownStepError, read
from neonxai.transforms.steps import Branch, Branches, Chain, RowScale, Shares, Terms
from neonxai.transforms.values import Lazy, as_numbers
from neonxai.transforms.verify import NotLocalError, verified, verify_affine

_ROUNDING = 1e-12  # of what was summed up: a level of 0


@dataclass(frozen=True, eq=False)
class Plan:
    """How a pipeline's columns come about.

    Attributes
    ----------
    node : Node
        What computes the blocks' values.
    form : Form
        The columns that the clustering gets, as affine functions of the blocks.
    names : tuple of str
        The columns that relevance arrives at.
    kept : int array
        Which of them are the answer: all raw ones, or those that anything arrives at.
    n_raw : int
        The number of columns of X, the first of those names.
    """

    node: Node
    form: Form
    names: tuple[str, ...]
    kept: Ints
    n_raw: int

    @property
    def answers_input(self) -> bool:
        """Whether the columns of the answer are those of X."""
        return bool(self.kept.tolist() == list(range(self.n_raw)))

    @property
    def takes_columns_as_they_are(self) -> bool:
        """Whether there is one block, of all columns of X as numbers."""
        return self.answers_input and any(
            isinstance(node, Noted) and node.block is self.form.blocks[0] for node in _leaves(self.node)
        )

    @property
    def answer(self) -> tuple[str, ...]:
        """The names of the columns of the answer."""
        return tuple(self.names[i] for i in self.kept)


def make_plan(steps: Chain, sample: Any, names: Sequence[str], pull_back: str, *, documents: bool) -> Plan:
    """Go through fitted steps.

    Parameters
    ----------
    steps : Chain
        The steps in front of the clustering.
    sample : object
        Some rows as the first step takes them, to look at what steps do.
    names : sequence of str
        The raw columns.
    pull_back : {"input", "codes", "stop"}
        How far back relevance goes: to the raw columns; to codes and terms, where columns were encoded; to
        the outputs of steps that are not known.
    documents : bool
        Whether the input is a list of texts and no table.

    Raises
    ------
    UnknownStepError
        If a step is not known, and relevance is not to stop there.
    ValueError
        If a step does not do what its class says.
    """
    walk = _Walk(list(names), pull_back, documents=documents)
    columns = Origin(np.arange(len(names)))
    node, form, _ = walk.chain(steps, columns, Lazy(lambda: sample))
    if isinstance(form, Origin):
        form, noted = walk.as_numbers("input", form)
        node = Steps((node, noted))
    return Plan(node, form, tuple(walk.names), walk.answer(form), len(names))


@dataclass
class _Walk:
    """What is known on the way through the steps."""

    names: list[str]
    pull_back: str
    documents: bool
    tape: Tape = field(default_factory=dict)
    n_raw: int = 0

    def __post_init__(self) -> None:
        self.n_raw = len(self.names)

    def chain(self, steps: Chain, form: Form | Origin, values: Lazy) -> tuple[Node, Form | Origin, Lazy]:
        """Go through steps in a row."""
        nodes: list[Node] = []
        for name, transformer in steps.steps:
            node, form, values = self.step(name, transformer, form, values)
            nodes.append(node)
        return Steps(tuple(nodes)), form, values

    def step(
        self, name: str, transformer: Any, form: Form | Origin, values: Lazy
    ) -> tuple[Node, Form | Origin, Lazy]:
        """Go through one step."""
        node, form = self._step(name, transformer, form, values)
        return node, form, node.run(values, self.tape)

    def _step(  # noqa: PLR0911  # one for each kind of step
        self, name: str, transformer: Any, form: Form | Origin, values: Lazy
    ) -> tuple[Node, Form | Origin]:
        inputs = self.inputs(form)
        try:
            step = read(transformer, form.n_columns, name)
        except UnknownStepError:
            if self.pull_back != "stop":
                raise
            return self.stopped(name, transformer, inputs, values)
        if isinstance(step, Chain):
            node, form, _ = self.chain(step, form, values)
            return node, form
        if isinstance(step, Branches):
            return self.branches(name, transformer, step, form, values)
        if isinstance(step, AffineMap):
            noted: tuple[Node, ...] = ()
            if isinstance(form, Origin):
                form, node = self.as_numbers(name, form)
                noted = (node,)
            verify_affine(step, transformer, values, name, inputs)
            return Steps((*noted, Applied(name, transformer, inputs))), form.then(step)
        if isinstance(step, RowScale):
            if isinstance(form, Form) and form.affine.is_mixing:
                return self.row_scaled(name, transformer, form)
            step = Shares.one_to_one(form.n_columns)
        if isinstance(step, Terms):
            if self.documents and form.n_columns == 1:
                return self.opened(name, transformer, step.n_terms, inputs)
            step = Shares.by_owner(np.zeros(step.n_terms, dtype=np.intp), form.n_columns, is_code=True)
        return self.shared(name, transformer, step, form, values)

    def shared(
        self, name: str, transformer: Any, step: Shares, form: Form | Origin, values: Lazy
    ) -> tuple[Node, Form]:
        """Go through a step that shares out."""
        inputs = self.inputs(form)
        if step.to_verify:
            try:
                step = verified(step, transformer, values, name, inputs)
            except NotLocalError:
                if self.pull_back != "stop":
                    raise
                return self.stopped(name, transformer, inputs, values)
        if step.is_code and self.pull_back == "codes":
            return self.opened(name, transformer, int(step.matrix.shape[0]), inputs)
        block = Block(name, step.matrix, form, step.invert)
        return Recorded(name, transformer, inputs, block), Form.of(block)

    def inputs(self, form: Form | Origin) -> tuple[str, ...]:
        """The names of columns, where they are columns of the answer as they are."""
        if isinstance(form, Origin):
            return tuple(self.names[i] for i in form.columns)
        if not form.affine.is_mixing and all(
            isinstance(b.source, Origin) and np.all(np.diff(b.shares.indptr) <= 1) for b in form.blocks
        ):
            firsts = []
            for block in form.blocks:
                owners = np.full(block.n_columns, -1)
                owners[np.diff(block.shares.indptr) == 1] = block.shares.indices
                assert isinstance(block.source, Origin)  # noqa: S101  # for the type checker
                firsts += [self.names[block.source.columns[i]] if i >= 0 else "" for i in owners]
            pattern = csr_array(form.affine.matrix)
            if np.all(np.diff(pattern.indptr) == 1):
                return tuple(firsts[i] for i in pattern.indices)
        return ()

    def as_numbers(self, name: str, form: Origin) -> tuple[Form, Node]:
        """Take columns of the answer for numbers."""
        block = Block(name, csr_array(eye_array(form.n_columns)), form, lambda values: values)
        return Form.of(block), Noted(block)

    def opened(
        self, name: str, transformer: Any, n_columns: int, inputs: tuple[str, ...]
    ) -> tuple[Node, Form]:
        """Outputs that are columns of the answer themselves: terms, codes, or what an unknown step makes."""
        found = output_names(transformer, n_columns, inputs, name)
        start = len(self.names)
        taken = set(self.names)
        for column in found:
            unique = free_name(column, taken)  # type: ignore[arg-type]  # of names, looked up
            taken.add(unique)
            self.names.append(unique)
        source = Origin(np.arange(start, len(self.names)))
        block = Block(name, csr_array(eye_array(n_columns)), source, lambda values: values)
        return Recorded(name, transformer, inputs, block), Form.of(block)

    def stopped(
        self, name: str, transformer: Any, inputs: tuple[str, ...], values: Lazy
    ) -> tuple[Node, Form]:
        """Begin anew with the outputs of a step that is not known."""
        output = Recorded(name, transformer, inputs, _NOWHERE).run(values, {}).get()
        return self.opened(name, transformer, as_numbers(output).shape[1], inputs)

    def row_scaled(self, name: str, transformer: Any, form: Form) -> tuple[Node, Form]:
        """Divide the blocks by what a step divides an affine function of them by."""
        affine, triples, start = form.affine, [], 0
        for block in form.blocks:
            same = csr_array(eye_array(block.n_columns))
            shift = affine.origin[start : start + block.n_columns]
            start += block.n_columns
            triples.append((block, Block(name, same, Form.of(block), partial(np.add, shift)), shift))
        blocks, constant = tuple(after for _, after, _ in triples), None
        matrix, inverse, origin = affine.matrix, affine.inverse, np.zeros(affine.n_inputs)
        parts = abs(affine.matrix) @ np.abs(affine.origin) + np.abs(affine.offset)
        if np.any(np.abs(affine.level) > _ROUNDING * parts):
            constant = Block(name, csr_array((1, 0)), Origin(np.empty(0, dtype=np.intp)))
            matrix = csr_array(hstack([csr_array(matrix), csr_array(affine.level[:, None])]))
            inverse = csr_array(vstack([csr_array(inverse), csr_array((1, affine.n_outputs))]))
            origin = np.append(origin, 1.0)
            blocks = (*blocks, constant)
        affine = AffineMap(matrix, np.zeros(affine.n_outputs), inverse, origin)
        return RowScaled(name, transformer, self.inputs(form), tuple(triples), constant), Form(blocks, affine)

    def branches(
        self, name: str, transformer: Any, step: Branches, form: Form | Origin, values: Lazy
    ) -> tuple[Node, Form]:
        """Go through steps side by side."""
        parts: list[tuple[Branch, Node]] = []
        forms: list[Form] = []
        for branch in step.parts:
            columns = (
                np.arange(form.n_columns) if branch.columns is None else np.array(branch.columns, np.intp)
            )
            part: Form | Origin
            if isinstance(form, Origin):
                part = Origin(form.columns[columns])
            else:
                part = form.then(AffineMap.selection(columns, form.n_columns))
            node: Node = Steps(())
            if branch.transformer is not None:
                taken = chosen(branch, values)
                node, part, _ = self.step(f"{name}.{branch.name}", branch.transformer, part, taken)
            if isinstance(part, Origin):
                part, noted = self.as_numbers(f"{name}.{branch.name}", part)
                node = Steps((node, noted))
            if branch.weight != 1.0:
                part = part.then(AffineMap.scaling(np.full(part.n_columns, branch.weight)))
            parts.append((branch, node))
            forms.append(part)
        return Split(name, transformer, self.inputs(form), tuple(parts)), Form.side_by_side(forms)

    def answer(self, form: Form) -> Ints:
        """The columns of the answer: the raw ones, or those that relevance arrives at."""
        reached: set[int] = set()
        _reach(form, reached)
        if self.pull_back == "input" and not self.documents:
            reached.update(range(self.n_raw))
        return np.array(sorted(reached), dtype=np.intp)


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, Steps):
        for each in node.nodes:
            yield from _leaves(each)
    else:
        yield node


_NOWHERE = Block("", csr_array((0, 0)), Origin(np.empty(0, dtype=np.intp)))


def _reach(form: Form | Origin, reached: set[int]) -> None:
    if isinstance(form, Origin):
        reached.update(form.columns.tolist())
        return
    for block in form.blocks:
        _reach(block.source, reached)
