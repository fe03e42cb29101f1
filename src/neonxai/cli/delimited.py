"""CSV and TSV read strictly: what a lenient reader pads, renames or skips is an error naming its line."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from neonxai.cli.errors import ShellError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["line_of", "read_delimited", "text_of"]

_MARK = "\ufeff".encode()
_QUOTED_OR_RETURN = re.compile(rb'"[^"]*"?|\r(?!\n)')


def read_delimited(content: bytes, separator: str, what: str) -> pl.DataFrame:
    r"""Parse a CSV or TSV file.

    Columns of numbers become numbers; a column with anything else in it comes back as text, to be judged by
    whoever needs that column.

    Parameters
    ----------
    content : bytes
        The whole file.
    separator : str
        ``","`` or a tab.
    what : str
        The name of the file, for messages.

    Returns
    -------
    polars.DataFrame
        One row per record below the header.

    Raises
    ------
    ShellError
        If it is not UTF-8, or the header is missing or has a name twice, or a line has more or fewer fields,
        or lines end in different ways.

    Examples
    --------
    >>> read_delimited(b"a,b\n1,2.5\n", ",", "x.csv").rows()
    [(1, 2.5)]
    """
    content = content.removeprefix(_MARK).rstrip(b"\r\n")
    _check_text(content, what)
    content = _with_line_feeds(content, what)
    header = next((record for _, record in _records(content, separator)), [])
    _check_header(header, separator, what)
    frame = _parse(content, separator, infer=True)
    if frame is None:
        frame = _parse(content, separator, infer=False)
    # Polars pads short lines with nulls, so only nulls in the last column can hide one.
    if frame is None or frame.width != len(header) or (frame.height and frame[:, -1].null_count()):
        _check_widths(content, separator, len(header), what)
    if frame is None or frame.width != len(header):
        raise ShellError(
            what, "it cannot be parsed", "Look for a quotation mark that is opened and never closed."
        )
    frame.columns = header  # polars leaves doubled quotation marks in names doubled
    return frame


def text_of(content: bytes, separator: str, index: int) -> pl.Series:
    r"""One column of a CSV or TSV file as it is written there, so that 007 stays 007.

    Parameters
    ----------
    content : bytes
        The whole file, which :func:`read_delimited` has read without complaint.
    separator : str
        ``","`` or a tab.
    index : int
        The column, counted from 0.

    Returns
    -------
    polars.Series
        Text.

    Examples
    --------
    >>> text_of(b"a,b\n007,2.5\n", ",", 0).to_list()
    ['007']
    """
    content = _with_line_feeds(content.removeprefix(_MARK).rstrip(b"\r\n"), "")
    return pl.read_csv(content, separator=separator, infer_schema=False, columns=[index]).to_series()


def line_of(content: bytes, separator: str, row: int) -> int:
    r"""Line of the file, from 1, on which a row of data starts (row 0 is the first below the header).

    Parameters
    ----------
    content : bytes
        The whole file.
    separator : str
        ``","`` or a tab.
    row : int
        The row, counted from 0.

    Returns
    -------
    int
        The line, counted from 1.

    Examples
    --------
    >>> line_of(b'a,b\n"1\n",2\n3,4\n', ",", 1)
    4
    """
    # Only runs to phrase an error: a quoted field may span lines, so lines cannot be had from the row number.
    for index, (line, _) in enumerate(_records(content.removeprefix(_MARK), separator)):
        if index == row + 1:
            return line
    return row + 2


def _records(content: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line that it starts on, from the first line that is not empty."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(content.decode(errors="replace"), newline=""), delimiter=separator)
    start, begun = 1, False
    for record in reader:
        begun = begun or bool(record)
        if begun:
            yield start, record
        start = reader.line_num + 1


def _parse(content: bytes, separator: str, *, infer: bool) -> pl.DataFrame | None:
    try:
        return pl.read_csv(content, separator=separator, infer_schema=infer, infer_schema_length=10_000)
    except pl.exceptions.PolarsError:
        # Either a column turns from numbers to text further down (then the second try reads it as text), or
        # the file is ragged (then the check of widths finds the line).
        return None


def _check_text(content: bytes, what: str) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        seen = content[error.start : error.start + 1]
        raise ShellError(
            what, f"it is not UTF-8: line {line} has the byte {seen!r}", "Save it as UTF-8 and try again."
        ) from error
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise ShellError(
            what, f"it is not a text file: line {line} has a zero byte", "Save it as UTF-8 text."
        )


def _with_line_feeds(content: bytes, what: str) -> bytes:
    """Let lines end with a line feed where all end with a carriage return alone, as on old Macs."""
    if content.count(b"\r") == content.count(b"\r\n"):
        return content
    if b"\n" not in content:
        return content.replace(b"\r", b"\n")
    for found in _QUOTED_OR_RETURN.finditer(content):
        if found[0] == b"\r":
            line = content.count(b"\n", 0, found.start()) + 1
            raise ShellError(
                what,
                f"its lines end in two ways: line {line} has a carriage return (CR) without a line feed (LF)",
                "Save it with line feeds alone (line ends 'LF' or 'Unix' in an editor).",
            )
    return content


def _check_header(header: list[str], separator: str, what: str) -> None:
    if not any(name.strip() for name in header):
        raise ShellError(what, "it has no header", "The first line must name the columns.")
    if len(header) == 1:
        other = next((mark for mark in (";", "\t", ",") if mark != separator and mark in header[0]), None)
        if other is not None:
            raise ShellError(
                what,
                f"its columns are separated by {other!r}, not by {separator!r} as its ending says",
                "Save it with commas as .csv or with tabs as .tsv.",
            )
    if _are_values(header):
        raise ShellError(
            what,
            f"its first line has numbers ({', '.join(header[:3])}), so it seems to lack a header",
            "The first line must name the columns.",
        )
    seen: dict[str, int] = {}
    for column, name in enumerate(header, start=1):
        if name in seen:
            raise ShellError(
                what, f"columns {seen[name]} and {column} have the same name, {name!r}", "Rename one of them."
            )
        seen[name] = column


def _are_values(header: list[str]) -> bool:
    """Whether a header is a row of numbers, other than names that count up (0, 1, 2 or 2020, 2021)."""
    try:
        numbers = [float(name) for name in header]
    except ValueError:
        return False
    if not all(number.is_integer() for number in numbers):
        return True
    return any(b <= a for a, b in pairwise(numbers))


def _check_widths(content: bytes, separator: str, width: int, what: str) -> None:
    # Record by record, since this only runs when a line may be ragged, and stops at the first that is.
    for line, record in _records(content, separator):
        if not record and width >= 1:
            raise ShellError(what, f"line {line} is empty", "Delete the line.")
        if len(record) != width:
            raise ShellError(
                what,
                f"line {line} has {_fields(len(record))}, the header has {width}",
                "Repair the line; a field with a separator in it must be quoted.",
            )


def _fields(count: int) -> str:
    return f"{count} field" if count == 1 else f"{count} fields"
