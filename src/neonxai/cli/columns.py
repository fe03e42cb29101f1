"""Which columns are used."""

from __future__ import annotations

import csv
import re
import shlex
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from neonxai.cli.errors import ShellError
from neonxai.cli.names import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Selection", "quoted", "select"]

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


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
            remedy = "There must be columns besides, from which the explanation can be made."
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
