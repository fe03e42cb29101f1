"""What is in front of a clustering: forward to the values that its network takes, and relevance back."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
from scipy.sparse import csr_array, issparse

from neonxai import frames
from neonxai.arrays import Doubles, Ints, Values
from neonxai.networks.affine import AffineMap
from neonxai.transforms.back import gather, inverted, pull_back, spread
from neonxai.transforms.form import Block, owners
from neonxai.transforms.nodes import Tape
from neonxai.transforms.plan import Plan, make_plan
from neonxai.transforms.rows import Front, Rows
from neonxai.transforms.steps import Chain
from neonxai.transforms.values import Lazy

_SAMPLE = 64  # rows on which steps are looked at
_PART_VALUES = 1 << 21  # float64 values computed together: 16 MiB
_LARGEST_PART = 1 << 16
_SMALLEST_PART = 256


class Preprocessing:
    """Fitted steps in front of a clustering.

    Parameters
    ----------
    steps : Chain
        The steps.
    table : RawTable
        Rows that they can take.
    pull_back : {"input", "codes", "stop"}
        How far back relevance goes.
    """

    def __init__(self, steps: Chain, table: frames.RawTable, pull_back: str) -> None:
        self.steps = steps
        self.names = table.names
        named = table.names or tuple(f"x{i}" for i in range(table.n_columns))
        # From everywhere: the first rows of a sorted table are alike.
        step = -(-table.n_rows // _SAMPLE)
        sample = table.part(slice(None, None, step))
        self._sample = replace(table, native=sample, index=None, n_rows=-(-table.n_rows // step))
        self._pull_back = pull_back
        self.plan: Plan = make_plan(steps, sample, named, pull_back, documents=table.is_documents)
        tape: Tape = {}
        self.plan.node.run(Lazy(lambda: sample), tape)
        # Terms that nothing depends on stay, each having its column in a sparse answer; other values go.
        self._columns = tuple(
            np.arange(block.n_columns) if issparse(tape[block]) else used
            for block, used in zip(self._blocks, self.plan.form.used, strict=True)
        )
        values = self._gathered(tape)
        stored = values.size if isinstance(values, np.ndarray) else values.nnz
        per_row = max(1, stored // max(1, values.shape[0]))
        self.rows_per_part: int = min(_LARGEST_PART, max(_SMALLEST_PART, _PART_VALUES // per_row))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy the steps; what was found out about them is found out again."""
        return type(self), (self.steps, self._sample, self._pull_back)

    @cached_property
    def affine(self) -> AffineMap:
        """From e to what the clustering takes."""
        return self.plan.form.affine.of_inputs(self._used)

    @cached_property
    def _used(self) -> Ints:
        """Which of all blocks' values make e."""
        starts = np.cumsum([0, *(block.n_columns for block in self._blocks)])[:-1]
        return np.concatenate([start + used for start, used in zip(starts, self._columns, strict=True)])

    @property
    def answer(self) -> tuple[str, ...]:
        """The columns of the answer."""
        return self.plan.answer

    @property
    def _blocks(self) -> tuple[Block, ...]:
        return self.plan.form.blocks

    @cached_property
    def _shares(self) -> "csr_array | None":
        """Who owns which value, where that does not depend on the row."""
        if not all(block.is_static for block in self._blocks):
            return None
        return csr_array(owners(self._blocks, len(self.plan.names))[self._used][:, self.plan.kept])

    @cached_property
    def is_direct(self) -> bool:
        """Whether the values are the columns of the answer, one by one."""
        shares = self._shares
        n = len(self.plan.kept)
        return (
            shares is not None
            and shares.shape == (n, n)
            and shares.nnz == n
            and bool(np.all(shares.indices == np.arange(n)) and np.all(shares.data == 1.0))
        )

    def read(self, X: Any, *, unchecked: bool = False) -> Rows:
        """See `Entrance.read`; the steps look at values themselves."""
        return self.rows_of(raw_table(self.steps, X, self.names))

    def rows_of(self, table: frames.RawTable) -> Rows:
        """Rows of a table that has been read."""
        answers_raw = self.plan.answers_input
        return Rows(
            table.part,
            table.n_rows,
            table.n_columns,
            table.names,
            table.kind,
            table.index,
            np.dtype(np.float64),
            _data(table.native) if answers_raw else None,
            "document" if table.is_documents else "row",
            answers_raw,
        )

    def part_rows(self, n_rows: int) -> int:
        """See `Entrance.part_rows`."""
        return max(1, min(n_rows, self.rows_per_part))

    def explained(self, values: Any) -> Any:
        """See `Entrance.explained`."""
        if self.is_direct:
            return values
        return self.prototypes(values.toarray() if issparse(values) else values)

    def forward(self, part: Any) -> Front:
        """Compute e of some rows."""
        tape: Tape = {}
        self.plan.node.run(Lazy(lambda: part), tape)
        return Front(self._gathered(tape), tape)

    def _gathered(self, tape: Tape) -> Values:
        try:
            return gather(self._blocks, self._columns, tape)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self._text_in(tape)}{error}") from error

    def _text_in(self, tape: Tape) -> str:
        """Say which block's values are no numbers."""
        for block, columns in zip(self._blocks, self._columns, strict=True):
            for column in columns:
                try:
                    gather((block,), (np.array([column]),), tape)
                except (TypeError, ValueError):
                    owner = self._owner(block, int(column))
                    return (
                        f"Behind step {block.step!r} there is text{owner} where numbers belong; encode it. "
                    )
        return ""

    def _owner(self, block: Block, position: int) -> str:
        if not block.is_static:
            return ""
        owner = owners((block,), len(self.plan.names))[[position]]
        return f", column {self.plan.names[owner.indices[0]]!r}," if owner.nnz else ""

    def pull_back(self, relevance: Doubles, tape: Tape, rows: slice) -> tuple[Doubles, Doubles | float]:
        """Relevance of the columns of the answer, and what belongs to none of them.

        Parameters
        ----------
        relevance : array of shape (n_rows, n_values)
            R of e.
        tape : mapping
            The blocks' values.
        rows : slice
            Which rows of the tape these are.

        Returns
        -------
        relevance : array of shape (n_rows, n_columns)
        lost : array of shape (n_rows,)
        """
        if self.is_direct:
            return relevance, 0.0
        if self._shares is not None:
            shared: Doubles = relevance @ self._shares
            return shared, relevance @ self._left_over
        answer = np.zeros((len(relevance), len(self.plan.names)))
        relevance = spread(relevance, self._used, self.plan.form.affine.n_inputs)
        lost = pull_back(relevance, self._blocks, tape, answer, rows)
        return answer[:, self.plan.kept], lost

    @cached_property
    def _left_over(self) -> Doubles:
        assert self._shares is not None  # noqa: S101  # for the type checker
        return 1.0 - np.asarray(self._shares.sum(axis=1)).ravel()

    def check(self, values: Any, first_row: int) -> None:
        """Refuse values that are not finite, and say where they come from.

        Raises
        ------
        ValueError
            With the row, the column and the step.
        """
        entries = values.data if issparse(values) else values
        if np.isfinite(entries.sum()) or np.isfinite(entries).all():
            return
        place = np.argwhere(~np.isfinite(values.toarray() if issparse(values) else values))[0]
        row, position = int(place[0]), int(place[1])
        value = values[row, position]
        at = int(np.searchsorted(np.cumsum([len(used) for used in self._columns]), position, side="right"))
        position -= sum(len(used) for used in self._columns[:at])
        block = self._blocks[at]
        column = self._owner(block, int(self._columns[at][position])).rstrip(",")
        raise ValueError(
            f"X contains {'NaN' if np.isnan(value) else f'infinity ({value})'} in row {first_row + row}"
            f"{column}, as seen at step {block.step!r}. Impute in front of that step, or drop such rows."
        )

    def contrasts(self, contrasts: Doubles) -> Doubles | None:
        """The table of contrasts, for the columns of the answer; None where shares depend on the row."""
        if self._shares is None:
            return None
        *shape, n_values = contrasts.shape
        flat = contrasts.reshape(-1, n_values) @ self._shares
        return np.asarray(flat).reshape(*shape, -1)

    @property
    def is_only_affine(self) -> bool:
        """Whether the values are the columns of X themselves, as numbers."""
        all_used = len(self.plan.form.affine.used) == self.plan.form.affine.n_inputs
        return all_used and self.is_direct and self.plan.takes_columns_as_they_are

    def prototypes(self, values: Doubles) -> Doubles:
        """Prototypes in the unit of the answer, NaN where there is none.

        Parameters
        ----------
        values : array of shape (n_clusters, n_values)
            Prototypes e.
        """
        given = np.full((len(values), self.plan.form.affine.n_inputs), np.nan)
        given[:, self._used] = values
        return inverted(given, self._blocks, len(self.plan.names))[:, self.plan.kept]


def raw_table(steps: Chain, X: Any, names: tuple[str, ...] | None) -> frames.RawTable:
    """Validate rows for the first of some steps."""
    table = frames.read_raw(X, names, allow_extra=_picks_columns(steps.steps[0][1]))
    if _reads_documents(steps.steps[0][1]) and not table.is_documents:
        raise TypeError(
            f"The pipeline's first step, a {type(steps.steps[0][1]).__qualname__}, takes texts, one for each "
            f"row, and X is a table. Pass the texts alone, as X[{(table.names or ('text',))[0]!r}]."
        )
    return table


def _picks_columns(step: Any) -> bool:
    """Whether a step takes some columns and leaves others alone."""
    kind = type(step).__name__
    if kind == "FrozenEstimator":
        return _picks_columns(step.estimator)
    if kind == "Pipeline":
        return bool(step.steps) and _picks_columns(step.steps[0][1])
    if kind == "FeatureUnion":
        return all(_picks_columns(part) for _, part in step.transformer_list)
    return kind == "ColumnTransformer"


def _reads_documents(step: Any) -> bool:
    return hasattr(step, "build_analyzer")


def _data(native: Any) -> Any:
    """The rows as numbers where they are, and otherwise as they came."""
    if issparse(native):
        return native
    if isinstance(native, np.ndarray):
        return native.astype(np.float64, copy=False) if native.dtype.kind in "biuf" else native
    frame = nw.from_native(native)
    if all(dtype.is_numeric() or dtype == nw.Boolean for dtype in frame.schema.values()):
        return frame.to_numpy().astype(np.float64, copy=False)
    return native
