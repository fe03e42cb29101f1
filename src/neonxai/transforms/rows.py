"""Rows as a user passes them, for clusterings with steps in front and without."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_array, issparse

from neonxai import frames
from neonxai.arrays import Doubles
from neonxai.transforms.values import as_numbers


def _nothing_to_check() -> None:
    """Values have been checked."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Validated rows.

    Attributes
    ----------
    part : callable
        Slice → these rows, as the first step takes them.
    n_rows, n_columns : int
        How many.
    names : tuple of str or None
        The columns' names, for a frame.
    kind : {"pandas", "polars", "pyarrow"} or None
        The kind of frame, None for anything else.
    index : object or None
        A pandas frame's index.
    dtype : dtype
        Of the explanation.
    data : array, csr_array, frame or None
        The rows for the explanation; None where the network's values are what is explained.
    row_kind : {"row", "document"}
        What they are.
    answers_input : bool
        Whether the columns of the answer are those of the rows.
    check : callable()
        Raises the ValueError about values that are not finite, if that was left for later.
    """

    part: Callable[[slice], Any]
    n_rows: int
    n_columns: int
    names: tuple[str, ...] | None
    kind: str | None
    index: Any
    dtype: np.dtype[np.floating]
    data: Any
    row_kind: str = "row"
    answers_input: bool = True
    check: Callable[[], None] = _nothing_to_check


@dataclass(frozen=True, eq=False)
class Front:
    """Rows on their way: what the network takes, and what relevance needs to get back.

    Attributes
    ----------
    values : array or csr_array of shape (n_rows, n_values)
        e.
    tape : mapping
        The values of the blocks of which e is made.
    """

    values: Any
    tape: Any


class Entrance(Protocol):
    """What is in front of a network: nothing, or the steps of a pipeline."""

    @property
    def is_direct(self) -> bool:
        """Whether the network's inputs are the columns of the answer, one by one."""

    def read(self, X: Any, *, unchecked: bool = False) -> Rows:
        """Validate rows; ``unchecked``: but for values that are not finite, which `Rows.check` finds."""

    def forward(self, part: Any) -> Front:
        """From rows to the network's input."""

    def pull_back(self, relevance: Doubles, tape: Any, rows: slice) -> tuple[Doubles, Doubles | float]:
        """Relevance of the columns of the answer, and what belongs to none."""

    def check(self, values: Any, first_row: int) -> None:
        """Refuse values that are not finite."""

    def part_rows(self, n_rows: int) -> int:
        """How many rows to take at a time."""

    def explained(self, values: Any) -> Any:
        """The network's input in the columns of the answer."""

    def contrasts(self, contrasts: Doubles) -> Doubles | None:
        """The table of contrasts, for the columns of the answer; None where shares depend on the row."""

    def prototypes(self, values: Doubles) -> Doubles:
        """Prototypes in the unit of the answer, NaN where there is none."""


@dataclass(frozen=True, eq=False)
class NoSteps:
    """Nothing in front: rows are what the network takes.

    Attributes
    ----------
    names : tuple of str or None
        The columns that are expected.
    """

    names: tuple[str, ...] | None = None

    @property
    def is_direct(self) -> bool:
        """See `Entrance`."""
        return True

    def read(self, X: Any, *, unchecked: bool = False) -> Rows:
        """See `Entrance`."""
        if issparse(X):
            sparse = as_numbers(X)
            _check_finite_csr(sparse)
            n_rows, n_columns = sparse.shape
            return Rows(
                lambda rows: sparse[rows], n_rows, n_columns, None, None, None, np.dtype(np.float64), sparse
            )
        table = frames.read(X, self.names, unchecked=unchecked)
        values = table.values
        return Rows(
            lambda rows: values[rows],
            values.shape[0],
            values.shape[1],
            table.names,
            table.kind,
            table.index,
            values.dtype,
            values,
            check=partial(frames.check_finite, values, self.names) if unchecked else _nothing_to_check,
        )

    def forward(self, part: Any) -> Front:
        """See `Entrance`."""
        return Front(part, {})

    def pull_back(self, relevance: Doubles, tape: Any, rows: slice) -> tuple[Doubles, Doubles | float]:
        """See `Entrance`."""
        return relevance, 0.0

    def check(self, values: Any, first_row: int) -> None:
        """See `Entrance`: they have been checked."""

    def part_rows(self, n_rows: int) -> int:
        """See `Entrance`."""
        return n_rows

    def explained(self, values: Any) -> Any:
        """See `Entrance`."""
        return values

    def contrasts(self, contrasts: Doubles) -> Doubles | None:
        """See `Entrance`."""
        return contrasts

    def prototypes(self, values: Doubles) -> Doubles:
        """See `Entrance`."""
        return values


@dataclass(frozen=True, eq=False)
class AtPrototypes:
    """In front of a network's own prototypes: nothing, but relevance goes back from them.

    Attributes
    ----------
    entrance : Entrance
        The one for rows.
    """

    entrance: Entrance

    @property
    def is_direct(self) -> bool:
        """See `Entrance`."""
        return self.entrance.is_direct

    def read(self, X: Any, *, unchecked: bool = False) -> Rows:
        """See `Entrance`."""
        return NoSteps().read(X, unchecked=unchecked)

    def forward(self, part: Any) -> Front:
        """See `Entrance`."""
        return Front(part, {})

    def pull_back(self, relevance: Doubles, tape: Any, rows: slice) -> tuple[Doubles, Doubles | float]:
        """Send relevance back from prototypes.

        Raises
        ------
        ValueError
            If shares depend on the values of a row, which a prototype does not have.
        """
        pulled = self.entrance.contrasts(relevance[:, None, :])
        if pulled is None:
            raise ValueError(
                "Prototypes can't be explained here: behind a mixture of columns, such as PCA, a step that "
                "is not affine follows, so that what belongs to which column depends on the row."
            )
        result: Doubles = pulled[:, 0]
        return result, relevance.sum(axis=1) - result.sum(axis=1)

    def check(self, values: Any, first_row: int) -> None:
        """See `Entrance`: they have been checked."""

    def part_rows(self, n_rows: int) -> int:
        """See `Entrance`."""
        return n_rows

    def explained(self, values: Any) -> Any:
        """See `Entrance`."""
        return values

    def contrasts(self, contrasts: Doubles) -> Doubles | None:
        """See `Entrance`."""
        return self.entrance.contrasts(contrasts)

    def prototypes(self, values: Doubles) -> Doubles:
        """See `Entrance`."""
        return values


def _check_finite_csr(values: csr_array) -> None:
    wrong = np.flatnonzero(~np.isfinite(values.data))
    if len(wrong):
        place = int(wrong[0])
        row = int(np.searchsorted(values.indptr, place, side="right")) - 1
        raise ValueError(
            f"X contains {values.data[place]} in row {row}, column {values.indices[place]}. Impute or drop "
            "such rows before clustering and explaining."
        )
