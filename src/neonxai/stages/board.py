"""The answers to all rows, filled in tile by tile: in memory, or in files that are mapped into it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse, vstack

from neonxai.arrays import Floats, Ints
from neonxai.stages.fused import Room
from neonxai.stages.propagation import Answer
from neonxai.transforms.rows import Rows


@dataclass(frozen=True, eq=False)
class Answers:
    """What `Explanation` needs of all rows, which describes most of it.

    ``relevance`` and ``standard_error`` are sparse where the rows are, and ``absent`` None where they are
    dense. ``data`` are the network's own inputs, where the explanation is about these.
    """

    relevance: Any
    absent: Any
    logits: Floats
    probabilities: Floats
    absorbed: Floats
    labels: Any
    targets: Any
    competitors: Any
    data: Any
    base_value: float | Floats
    standard_error: Any


class Shelf:
    """Where large arrays are kept: in memory, or in a new folder as ``.npy`` files.

    Parameters
    ----------
    folder : path, optional
        It must not exist.

    Raises
    ------
    TypeError
        If it is no path.
    FileExistsError
        If it does.
    OSError
        If it can't be made, as below a file or without permission.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        if folder is not None and not isinstance(folder, str | os.PathLike):
            raise TypeError(
                f"out is {folder!r}, but should be the path of a new folder, such as 'explained'."
            )
        self.folder = None if folder is None else Path(folder)
        self._files: list[Path] = []
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True)
            except FileExistsError as error:
                raise FileExistsError(
                    f"out={str(self.folder)!r} exists, and nothing is overwritten. Choose a new folder."
                ) from error
            except OSError as error:
                message = (
                    f"out={str(self.folder)!r} can't be made a folder: {error.strerror}. Choose another."
                )
                raise type(error)(error.errno, message) from error

    def zeros(self, name: str, shape: tuple[int, ...], dtype: Any) -> Any:
        """Return an array of zeros, none of which takes memory before it is written."""
        if self.folder is None:
            return np.zeros(shape, dtype)
        path = self.folder / f"{name}.npy"
        self._files.append(path)
        return np.asarray(np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape))

    @contextmanager
    def kept_if_filled(self) -> Iterator[None]:
        """Take the folder away again after an error, so that it can be asked for once more."""
        try:
            yield
        except BaseException as error:
            try:
                self._take_away()
            except OSError as left:  # as on Windows, where mapped files stay
                error.add_note(f"out={str(self.folder)!r} is unfinished, and could not be removed: {left}.")
            raise

    def _take_away(self) -> None:
        for path in self._files:
            path.unlink()
        if self.folder is not None:
            self.folder.rmdir()


class Board:
    """Arrays of the answers to all rows.

    Parameters
    ----------
    rows : Rows
        The rows.
    n_columns : int
        The number of columns of the answer.
    cluster_names : tuple
        What clusters are called.
    shelf : Shelf
        Where the arrays are kept.
    shared : bool
        Whether each row is explained for the cluster that it is assigned to, so that one array holds both.
    """

    def __init__(
        self, rows: Rows, n_columns: int, cluster_names: tuple[Any, ...], shelf: Shelf, *, shared: bool
    ) -> None:
        self.rows, self.n_columns, self._shelf = rows, n_columns, shelf
        self.names = np.array(cluster_names)
        counted = self.names.dtype == np.intp and np.array_equal(self.names, np.arange(len(self.names)))
        self._are_positions = counted
        self.logits, self.probabilities, self.absorbed = (
            self._empty(name) for name in ("logits", "probabilities", "absorbed")
        )
        self.labels, self.competitors = (
            shelf.zeros(name, (rows.n_rows,), self.names.dtype) for name in ("labels", "competitors")
        )
        self.targets = self.labels if shared else shelf.zeros("targets", (rows.n_rows,), self.names.dtype)
        self.dense: Any = None
        self.absent: Any = None
        self.bases: Any = None
        self.errors: Any = None
        self.has_errors = False
        self._sparse: list[csr_array] = []
        self._sparse_errors: list[csr_array] = []
        self._data: list[Any] = []

    def _empty(self, name: str, *shape: int) -> Any:
        return self._shelf.zeros(name, (self.rows.n_rows, *shape), self.rows.dtype)

    def begin(self, *, is_sparse: bool) -> None:
        """Make room for relevance."""
        if is_sparse and self._shelf.folder is not None:
            raise ValueError(
                "out= is for dense relevance, whose size is known beforehand. Leave it out and save() the "
                "explanation, or ask for dense=True."
            )
        if is_sparse and self.absent is None:
            self.absent = self._empty("absent")
        elif not is_sparse and self.dense is None:
            self.dense = self._empty("relevance", self.n_columns)
            if self.has_errors:
                self.errors = self._empty("standard_error", self.n_columns)

    def begin_game(self, *, errors: bool) -> None:
        """Make room for base values, and later for standard errors, where there are some."""
        self.bases, self.has_errors = self._empty("base_value"), errors

    def put(self, place: slice | Ints, answer: Answer, lost: Any) -> None:
        """Fill in what is one number or one cluster for each row."""
        self.logits[place], self.probabilities[place] = answer.logits, answer.probabilities
        self.absorbed[place] = answer.absorbed + lost
        self.labels[place] = self.names[answer.labels]
        if self.targets is not self.labels:
            self.targets[place] = self.names[answer.targets]
        self.competitors[place] = self.names[answer.competitors]
        if answer.base_values is not None:
            self.bases[place] = answer.base_values

    def room(self, place: slice) -> Room:
        """Return where a kernel may put the answers to some rows; then call `settle`."""
        if self._are_positions:
            clusters = self.labels[place], self.competitors[place]
        else:
            n_rows = place.stop - place.start
            clusters = np.empty(n_rows, dtype=np.intp), np.empty(n_rows, dtype=np.intp)
        return Room(self.dense[place], self.logits[place], self.probabilities[place], *clusters)

    def settle(self, place: slice, room: Room) -> None:
        """Give clusters their names."""
        if not self._are_positions:
            self.labels[place] = self.names[room.labels]
            self.competitors[place] = self.names[room.competitors]

    def end(self, values: Any, present: Any, explained: Any, errors: Any) -> None:
        """Take over what came of a part.

        Parameters
        ----------
        values : array or csr_array
            What the network took.
        present : array or None
            Its relevance, where it is sparse.
        explained : array, csr_array or None
            The values in the columns of the answer, where these are what is explained.
        errors : array or None
            The standard errors of its relevance, where that is sparse and has some.
        """
        for numbers, parts in ((present, self._sparse), (errors, self._sparse_errors)):
            if numbers is not None:
                parts.append(csr_array((numbers, values.indices, values.indptr), values.shape))
        if explained is not None:
            self._data.append(explained)

    def answers(self) -> Answers:
        """All of it."""
        return Answers(
            relevance=_stacked(self._sparse) if self._sparse else self.dense,
            absent=self.absent,
            logits=self.logits,
            probabilities=self.probabilities,
            absorbed=self.absorbed,
            labels=self.labels,
            targets=self.targets,
            competitors=self.competitors,
            data=self.rows.data if self.rows.data is not None else _stacked(self._data),
            base_value=0.0 if self.bases is None else self.bases,
            standard_error=_stacked(self._sparse_errors) if self._sparse_errors else self.errors,
        )


def _stacked(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    return csr_array(vstack(parts)) if issparse(parts[0]) else np.concatenate(parts)
