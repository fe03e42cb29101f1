"""Which columns are used, and that they hold finite numbers."""

from __future__ import annotations

import csv
import re
import shlex
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from neonxai.cli.errors import ShellError
from neonxai.cli.names import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neonxai.cli.tables import DataFile

__all__ = ["MISSING", "Selection", "numbers_of", "quoted", "select"]

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "?", "-", "missing"})


@dataclass(frozen=True)
class Selection:
    """The columns that are used and those left out, in the order of use and of the file.

    ``key`` names the rows and ``labels`` has their clusters; they are among those left out.
    """

    used: tuple[str, ...]
    dropped: tuple[str, ...]
    key: str | None = None
    labels: str | None = None

    @property
    def special(self) -> tuple[str, ...]:
        """The columns left out that have a part of their own."""
        return tuple(name for name in (self.key, self.labels) if name is not None)


def select(
    available: Sequence[str],
    columns: str | None,
    drop: str | None,
    what: str,
    *,
    key: str | None = None,
    labels: str | None = None,
) -> Selection:
    """Choose columns by name.

    Parameters
    ----------
    available : sequence of str
        The columns of the file.
    columns : str or None
        The value of ``--columns``: names separated by commas, in the order of use. A name with a comma
        in it is put in double quotes.
    drop : str or None
        The value of ``--drop``, written likewise.
    what : str
        The file, for messages.
    key, labels : str or None, default=None
        The values of ``--id`` and ``--labels``: one name, written likewise.

    Returns
    -------
    Selection
        At least one column used.

    Raises
    ------
    ShellError
        If a name is not a column (the closest ones are suggested) or given twice, if none remains, if a
        column that is used has no name or is pandas' index, or if ``--id`` or ``--labels`` is no single
        column, or has another part too.

    Examples
    --------
    >>> select(["a", "b", "c"], None, "b", "x.csv")
    Selection(used=('a', 'c'), dropped=('b',), key=None, labels=None)
    """
    key = None if key is None else _one("--id", key, available, what)
    labels = None if labels is None else _one("--labels", labels, available, what)
    if labels is not None and labels == key:
        raise _both(labels, "--id", "--labels")
    if columns is not None:
        used = _names("--columns", columns, available, what)
        for option, name in (("--id", key), ("--labels", labels)):
            if name in used:
                raise _both(name, "--columns", option)
    else:
        gone = set(_names("--drop", drop, available, what)) if drop is not None else set()
        used = [name for name in available if name not in {*gone, key, labels}]
    if not used:
        asked = {"--columns": columns, "--drop": drop, "--labels": labels, "--id": key}
        option = next(option for option, value in asked.items() if value is not None)
        remedy = "Name fewer to drop, or some to use."
        if columns is None and drop is None:
            remedy = "There must be columns of numbers besides, from which the explanation can be made."
        raise ShellError(option, f"no column of {what} is left to use", remedy)
    if "" in used:
        raise ShellError(
            what,
            f"column {list(available).index('') + 1} has no name; perhaps row numbers written with the data",
            "Leave it out with --drop '', keep it as names of rows with --id '', or name it in the file.",
        )
    index = next((name for name in used if _PANDAS_INDEX.fullmatch(name)), None)
    if index is not None:
        raise ShellError(
            what,
            f"column {index!r} is the index of a pandas frame, written with the data",
            f"Leave it out with --drop {index}, or rename it if it is a measurement.",
        )
    return Selection(tuple(used), tuple(name for name in available if name not in used), key, labels)


def numbers_of(table: DataFile, names: Sequence[str]) -> NDArray[np.float64]:
    """Columns of a file as finite numbers.

    Booleans count as 0 and 1. In CSV and TSV, blanks around a number are ignored.

    Parameters
    ----------
    table : DataFile
        The file.
    names : sequence of str
        Columns of it.

    Returns
    -------
    array of shape (n_rows, n_columns)
        In the file's units.

    Raises
    ------
    ShellError
        If a value is missing, infinite, NaN or not a number; the message names its line or row, and column.
    """
    return np.column_stack([_numbers(table, name) for name in names])


def _numbers(table: DataFile, name: str) -> NDArray[np.float64]:
    series = table.frame[name]
    kind = series.dtype
    if not (kind.is_numeric() or kind in (pl.Boolean, pl.Null)):
        series = _from_text(table, series)
    row = _first(series.is_null())
    if row is not None:
        raise _unusable(table, name, row, "a missing value")
    values = series.cast(pl.Float64).to_numpy()
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite))
        raise _unusable(table, name, row, "NaN" if np.isnan(values[row]) else str(values[row]))
    return values


def _from_text(table: DataFile, series: pl.Series) -> pl.Series:
    name = series.name
    if series.dtype != pl.String:
        filled = _first(series.is_not_null()) or 0
        raise _not_numeric(table, name, filled, str(series.dtype).lower(), series[filled])
    numbers = series.str.strip_chars().cast(pl.Float64, strict=False)
    row = _first(numbers.is_null() & series.is_not_null())
    if row is not None and str(series[row]).strip().lower() in MISSING:
        raise _unusable(table, name, row, f"a missing value, written as {series[row]!r},")
    if row is None and table.kind not in {"csv", "tsv"}:
        row = _first(series.is_not_null())
    if row is not None:
        raise _not_numeric(table, name, row, "text", series[row])
    return numbers


def _not_numeric(table: DataFile, name: str, row: int, kind: str, value: object) -> ShellError:
    return ShellError(
        table.what,
        f"column {name!r} holds {kind}, not numbers: {_brief(value)} in {table.place(row)}",
        f"Leave it out with --drop {quoted([name])}, or encode it as numbers.",
    )


def _unusable(table: DataFile, name: str, row: int, value: str) -> ShellError:
    return ShellError(
        table.what,
        f"column {name!r} holds {value} in {table.place(row)}",
        f"Fill in or delete such rows, or leave the column out with --drop {quoted([name])}.",
    )


def _first(mask: pl.Series) -> int | None:
    return mask.arg_max() if mask.any() else None


def _brief(value: object) -> str:
    text = repr(value.to_list() if isinstance(value, pl.Series) else value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def quoted(names: Sequence[str]) -> str:
    """Column names as ``--drop`` and ``--columns`` take them, to be pasted into a shell.

    Examples
    --------
    >>> print(quoted(["a", "b"]), quoted([""]), quoted(["hue, dark"]))
    a,b '' '"hue, dark"'
    """
    return shlex.quote(",".join(map(_field, names)))


def _field(name: str) -> str:
    odd = name != name.strip() or any(mark in name for mark in ',"\n\r')
    return '"' + name.replace('"', '""') + '"' if odd else name


def _one(option: str, text: str, available: Sequence[str], what: str) -> str:
    names = _names(option, text, available, what)
    if len(names) != 1:
        raise ShellError(option, f"it takes one column, not {len(names)}", f"Columns: {listed(available)}.")
    return names[0]


def _both(name: str | None, first: str, second: str) -> ShellError:
    return ShellError(
        "usage", f"column {name!r} is named by both {first} and {second}", "Take it out of one of them."
    )


def _names(option: str, text: str, available: Sequence[str], what: str) -> list[str]:
    if text in available:
        return [text]
    # The columns' own names are not stripped, so that "b" may stand for " b" only if there is no "b".
    try:
        fields = next(csv.reader([text], skipinitialspace=True), [""])
    except csv.Error as error:
        remedy = "Put a name with a line break in it in double quotes."
        raise ShellError(option, f"{text!r} is no list of names ({error})", remedy) from error
    names = [field if field in available else field.strip() for field in fields]
    for index, name in enumerate(names):
        if name not in available:
            close = get_close_matches(name, available, n=1, cutoff=0.5)
            remedy = f"Did you mean {close[0]!r}? " if close else ""
            remedy += f"Its columns are {listed(available)}."
            raise ShellError(option, f"{what} has no column {name!r}", remedy)
        if name in names[:index]:
            raise ShellError(option, f"column {name!r} is named twice", "Name it once.")
    return names
