"""Data files in and out: CSV, TSV, Parquet, Arrow and JSON Lines, by polars."""

from __future__ import annotations

import io
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from neonxai import storage
from neonxai.cli.delimited import line_of, read_delimited, text_of
from neonxai.cli.errors import ShellError
from neonxai.cli.formats import check_file, format_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

__all__ = ["DataFile", "check_writable", "read_table", "write_table"]

_SEPARATORS: Final = {"csv": ",", "tsv": "\t"}
_MAX_PLACES: Final = 5


@dataclass(frozen=True)
class DataFile:
    """A table with the file that it came from, so that messages can point into the file.

    Attributes
    ----------
    frame : polars.DataFrame
        The rows.
    path : Path
        The file.
    kind : str
        Its format.
    option : str
        The option that named the file, "" for an argument.
    """

    frame: pl.DataFrame
    path: Path
    kind: str
    option: str = ""

    @property
    def what(self) -> str:
        """The file as messages name it."""
        return f"{self.option} {self.path}".strip()

    @property
    def is_text(self) -> bool:
        """Whether it is CSV or TSV, in which everything is text."""
        return self.kind in _SEPARATORS

    def place(self, *rows: int) -> str:
        """Name rows as a user finds them: lines of a text file, else rows counted from 0; of many, some."""
        named = [str(self._number(row)) for row in rows[:_MAX_PLACES]]
        if len(rows) > _MAX_PLACES:
            named.append(f"{len(rows) - _MAX_PLACES} more")
        together = " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
        many = "s" if len(rows) > 1 else ""
        if self.is_text or self.kind == "jsonl":
            return f"line{many} {together}"
        return f"row{many} {together} (the first is 0)"

    def _number(self, row: int) -> int:
        if self.is_text:
            return line_of(self.path.read_bytes(), _SEPARATORS[self.kind], row)
        if self.kind == "jsonl":
            lines = self.path.read_bytes().split(b"\n")
            return [number for number, line in enumerate(lines, start=1) if line.strip()][row]
        return row

    def keys(self, name: str) -> pl.Series:
        """Return a column as names of rows: of a text file whole numbers, or else what is written there."""
        if not self.is_text:
            return self.frame[name]
        index = self.frame.columns.index(name)
        text = text_of(self.path.read_bytes(), _SEPARATORS[self.kind], index).alias(name)
        numbers = text.cast(pl.Int64, strict=False)
        return numbers if numbers.cast(pl.String).eq_missing(text).all() else text


def read_table(path: Path, option: str = "") -> DataFile:
    """Read a data file whole.

    Parameters
    ----------
    path : Path
        A file with one of the supported endings.
    option : str, default=""
        The option that named it, for messages.

    Returns
    -------
    DataFile
        At least one row and one column, no name twice.

    Raises
    ------
    ShellError
        If the file is missing, empty, damaged, ragged, or not what its ending says.
    """
    kind = check_file(path, option)
    what = f"{option} {path}".strip()
    if kind in _SEPARATORS:
        frame = read_delimited(path.read_bytes(), _SEPARATORS[kind], what)
    elif kind == "jsonl":
        frame = _read_jsonl(path, what)
    else:
        frame = _read_binary(path, kind, what)
    if not frame.width:
        raise ShellError(what, "it has no columns", "Give a table of numbers.")
    if not frame.height:
        raise ShellError(
            what, "it has a header but no rows" if kind in _SEPARATORS else "it has no rows", "Add data."
        )
    return DataFile(frame, path, kind, option)


def write_table(frame: pl.DataFrame, path: Path, *, overwrite: bool) -> None:
    """Write a table in the format that the ending says, whole or not at all.

    Parameters
    ----------
    frame : polars.DataFrame
        The rows.
    path : Path
        Where to.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    FileExistsError
        If the file exists and ``overwrite`` is false.
    OSError
        If it cannot be written.
    """
    kind = format_of(path)
    with storage.replacing(path, overwrite=overwrite) as temporary, temporary.open("xb") as stream:
        _put(frame, stream, kind)


def check_writable(column: pl.Series, path: Path, what: str) -> None:
    """Check that a format can hold a column, by writing its first row to memory.

    Parameters
    ----------
    column : polars.Series
        The column.
    path : Path
        Where it shall go; the ending says in which format.
    what : str
        The option that named the column, for the message.

    Raises
    ------
    ShellError
        If the format has no way to write such values.
    """
    try:
        with _silenced():
            _put(column.head(1).to_frame(), io.BytesIO(), format_of(path))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ShellError(
            what,
            f"its values are of type {str(column.dtype).lower()}, which {path.suffix} files cannot hold",
            "Write to a .parquet file, or choose another column.",
        ) from error


def _put(frame: pl.DataFrame, stream: IO[bytes], kind: str) -> None:
    if kind in _SEPARATORS:
        frame.write_csv(stream, separator=_SEPARATORS[kind])
    elif kind == "parquet":
        frame.write_parquet(stream)
    elif kind == "arrow":
        frame.write_ipc(stream)
    else:
        frame.write_ndjson(stream)


def _read_jsonl(path: Path, what: str) -> pl.DataFrame:
    with path.open("rb") as stream:
        first = next((line for line in stream if line.strip()), b"")
    try:
        pairs = json.loads(first, object_pairs_hook=list)
        names = [name for name, _ in pairs]
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise ShellError(what, f"its first object has the name {twice!r} twice", "Rename one of them.")
        return pl.read_ndjson(path.read_bytes(), infer_schema_length=None)
    except (ValueError, TypeError, pl.exceptions.PolarsError) as error:
        raise _broken_line(path, what, str(error)) from error


def _broken_line(path: Path, what: str, reason: str) -> ShellError:
    # Line by line, since this only runs to phrase an error, and stops at the first broken line.
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_constant=_refuse)
        except ValueError as error:
            seen = line[:40].decode(errors="replace").strip()
            return ShellError(
                what, f"line {number} is not valid JSON ({error}): {seen}", "Each line must be one object."
            )
        if not isinstance(record, dict):
            return ShellError(
                what, f"line {number} is not an object: {record!r}", "Each line must be one object."
            )
    return ShellError(what, f"it cannot be parsed: {_first_line(reason)}", "Write it again.")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number in JSON")


def _read_binary(path: Path, kind: str, what: str) -> pl.DataFrame:
    try:
        if kind == "parquet":
            return pl.read_parquet(path, glob=False)
        with path.open("rb") as stream:
            streamed = stream.read(4) == b"\xff\xff\xff\xff"
        # An open file, since polars would take a path with [, ] or * in it for a pattern; opened anew, since
        # polars reads on from wherever Python's buffer stopped.
        with path.open("rb") as stream, _silenced():
            return pl.read_ipc_stream(stream) if streamed else pl.read_ipc(stream)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise ShellError(
            what,
            f"it is damaged, or two of its columns have the same name ({_first_line(str(error))})",
            "Write it again.",
        ) from error


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep Rust's own report of a panic, as on a damaged file, from the screen; the error still arrives."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  (os.devnull is no path of a file)
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _first_line(text: str) -> str:
    return text.strip().split("\n", maxsplit=1)[0][:160]
