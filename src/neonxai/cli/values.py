"""What the used columns hold: numbers or categories, and where values are missing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from neonxai.cli.columns import quoted
from neonxai.cli.errors import ShellError
from neonxai.cli.names import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neonxai.cli.tables import DataFile

__all__ = ["MISSING", "Values", "any_values", "center_values", "values_of"]

MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "?", "-", "missing"})
# Among words, "none" and "-" are more often an answer than a gap.
_MISSING_WORDS: Final = sorted(MISSING - {"none", "nil", "-"})
_DATE: Final = r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([T\s].*)?$"
_FEW: Final = 20  # different values that are never too many, but in as few rows
_SHARE: Final = 20  # or one for so many rows
_DISTINCT: Final = 0.8  # of the rows with a value of their own: names


@dataclass(frozen=True, eq=False)
class Values:
    """The used columns, in the units of the file.

    Attributes
    ----------
    frame : polars.DataFrame
        A column of numbers is Float64, with NaN where one is missing; a column of categories is String, with
        null there.
    """

    frame: pl.DataFrame

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.frame.columns)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The columns of categories."""
        return tuple(name for name, kind in self.frame.schema.items() if kind == pl.String)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The columns of numbers."""
        return tuple(name for name in self.names if name not in self.categories)

    @cached_property
    def missing(self) -> dict[str, int]:
        """How many values are missing, for each column that lacks some."""
        counts = {
            name: int((column.is_null() if column.dtype == pl.String else column.is_nan()).sum())
            for name, column in zip(self.names, self.frame, strict=True)
        }
        return {name: count for name, count in counts.items() if count}

    @property
    def are_plain(self) -> bool:
        """Whether all are numbers, and none is missing."""
        return not (self.categories or self.missing)

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """The numbers, of shape (n_rows, n_columns); NaN where one is missing, and for categories."""
        return np.column_stack(
            [
                np.full(len(column), np.nan) if column.dtype == pl.String else column.to_numpy()
                for column in self.frame
            ]
        )

    def codes(self, name: str) -> NDArray[np.float64]:
        """A column as numbers that tell its values apart, categories as 0, 1, ...; NaN for a missing one."""
        column = self.frame[name]
        if column.dtype != pl.String:
            return column.to_numpy()
        ranks = column.rank("dense").cast(pl.Float64) - 1
        return ranks.fill_null(float("nan")).to_numpy()


def values_of(table: DataFile, names: Sequence[str], *, refuse_missing: bool = False) -> Values:
    """Columns of a file as finite numbers or as categories.

    Booleans count as 0 and 1, but as categories where some are missing. In CSV and TSV, blanks around a value
    are ignored, and so are the words for a missing one, such as NA.

    Parameters
    ----------
    table : DataFile
        The file.
    names : sequence of str
        Columns of it.
    refuse_missing : bool, default=False
        Whether a missing value is an error.

    Returns
    -------
    Values

    Raises
    ------
    ShellError
        If a value is infinite, or is missing where it must not, or all of a column are; or if a column holds
        numbers with text among them, dates, text that is different in nearly every row, or lists and the
        like. The message names a line or row, and the column.
    """
    return Values(
        pl.DataFrame(
            [
                _column(table, name, names[place:], refuse_missing=refuse_missing)
                for place, name in enumerate(names, 1)
            ]
        )
    )


def center_values(table: DataFile, values: Values, data: str) -> Values:
    """The columns of a file of centers, as the data's: no value missing, no category that data lack.

    Parameters
    ----------
    table : DataFile
        The file of centers.
    values : Values
        The data's.
    data : str
        The file of data, for messages.

    Returns
    -------
    Values
        Of the same columns.

    Raises
    ------
    ShellError
        If a value is missing, not finite, not a number where the data have numbers, or a category that is
        none of the data's.
    """
    columns = [
        _known_category(table, name, values.frame[name], data)
        if name in values.categories
        else _finite(table, _filled(table, _number(table, name)))
        for name in values.names
    ]
    return Values(pl.DataFrame(columns))


def any_values(table: DataFile, names: Sequence[str]) -> Values:
    """Columns of a file as they are: for a model with steps of its own for text and for missing values.

    Parameters
    ----------
    table : DataFile
        The file.
    names : sequence of str
        Columns of it.

    Returns
    -------
    Values
        Numbers where all that is there are numbers; else text.

    Raises
    ------
    ShellError
        If a column holds lists or the like.
    """
    columns = []
    for name in names:
        series = table.frame[name]
        numbers = series if _is_numeric(series.dtype) else None
        if series.dtype == pl.String and table.is_text:
            parsed, others = _parsed(series)
            numbers = None if others.any() or parsed.is_null().all() else parsed
            gaps = series.str.strip_chars().str.to_lowercase().is_in(_MISSING_WORDS)
            series = series.set(gaps.fill_null(value=False), None)
        elif series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
            raise _not_numeric(table, name, _first(series.is_not_null()) or 0, str(series.dtype).lower())
        columns.append(_with_nan(numbers) if numbers is not None else series.cast(pl.String))
    return Values(pl.DataFrame(columns))


def _column(table: DataFile, name: str, later: Sequence[str], *, refuse_missing: bool) -> pl.Series:
    series = table.frame[name]
    kind = series.dtype
    if kind in (pl.Categorical, pl.Enum):
        return _category(table, series.cast(pl.String), later, refuse_missing=refuse_missing)
    if kind == pl.Boolean and series.null_count() and not refuse_missing:
        if series.null_count() == len(series):
            raise _all_missing(table, name)
        return series.cast(pl.String)
    if kind == pl.String:
        parsed, others = _parsed(series)
        # A word among numbers is a slip, but a number among words may well be a category.
        if _are_words(parsed, others):
            return _category(table, series, later, refuse_missing=refuse_missing)
        if parsed.is_null().all() and not refuse_missing:
            raise _all_missing(table, name)
    numbers = _number(table, name)
    if refuse_missing:
        numbers = _filled(table, numbers, table.frame[name])
    elif numbers.is_nan().all():
        raise _all_missing(table, name)
    return _finite(table, numbers)


def _is_numeric(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind in (pl.Boolean, pl.Null)


def _parsed(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Text as numbers, null where there is none, and which values are neither numbers nor missing."""
    bare = series.str.strip_chars()
    gaps = bare.str.to_lowercase().is_in(sorted(MISSING)).fill_null(value=True)
    numbers = bare.cast(pl.Float64, strict=False).set(gaps, None)
    return numbers, numbers.is_null() & ~gaps


def _number(table: DataFile, name: str) -> pl.Series:
    """A column as Float64, NaN where a value is missing."""
    series = table.frame[name]
    if _is_numeric(series.dtype):
        return _with_nan(series)
    if series.dtype != pl.String:
        filled = _first(series.is_not_null()) or 0
        raise _not_numeric(table, name, filled, str(series.dtype).lower())
    numbers, others = _parsed(series)
    row = _first(others)
    if row is None and not table.is_text:
        row = _first(series.is_not_null())
    if row is not None:
        raise _not_numeric(table, name, row, "text")
    return _with_nan(numbers)


def _with_nan(numbers: pl.Series) -> pl.Series:
    return numbers.cast(pl.Float64).fill_null(float("nan"))


def _filled(table: DataFile, numbers: pl.Series, written: pl.Series | None = None) -> pl.Series:
    """The same numbers, none of which is missing."""
    name = numbers.name
    row = _first(numbers.is_nan())
    if row is not None:
        seen = (table.frame[name] if written is None else written)[row]
        value = "a missing value"
        if isinstance(seen, str):
            value += f", written as {seen!r},"
        elif seen is not None:
            value = "NaN"
        raise _unusable(table, name, row, value)
    return numbers


def _finite(table: DataFile, numbers: pl.Series) -> pl.Series:
    row = _first(numbers.is_infinite())
    if row is not None:
        raise _unusable(table, numbers.name, row, str(numbers[row]))
    return numbers


def _words(table: DataFile, series: pl.Series) -> pl.Series:
    """Categories as they are told apart, null where one is missing."""
    words = series.str.strip_chars() if table.is_text else series
    gaps = words.str.strip_chars() == ""
    if table.is_text:
        gaps |= words.str.to_lowercase().is_in(_MISSING_WORDS)
    return words.set(gaps.fill_null(value=False), None)


def _category(table: DataFile, series: pl.Series, later: Sequence[str], *, refuse_missing: bool) -> pl.Series:
    name = series.name
    words = _words(table, series)
    row = _first(words.is_null())
    if words.is_null().all():
        raise _all_missing(table, name)
    if row is not None and refuse_missing:
        written = "" if series[row] is None else f", written as {series[row]!r},"
        raise _unusable(table, name, row, f"a missing value{written}")
    present = words.drop_nulls()
    row = _first(words.is_not_null()) or 0
    cause = _no_category(present)
    if cause is None:
        return words
    also = [other for other in later if _is_no_feature(table, other)]
    more = f" {listed(also)} can't be used either: --drop {quoted([name, *also])}." if also else ""
    other_use = "such as days" if "dates" in cause else f"or name the rows by it with --id {quoted([name])}"
    raise ShellError(
        table.what,
        f"column {name!r} {cause}: {_seen(table, name, row)}",
        f"Leave it out with --drop {quoted([name])}, or encode it as numbers, {other_use}.{more}",
    )


def _no_category(present: pl.Series) -> str | None:
    """Why words are no categories; None where they are."""
    if 2 * int(present.str.contains(_DATE).sum()) > len(present):
        return "holds dates, not numbers or categories"
    different = present.n_unique()
    if different > max(_FEW, len(present) / _SHARE) or different > max(1, _DISTINCT * len(present)):
        return (
            f"holds text with {different} different values in {len(present)} rows, too many for categories; "
            "it seems to name the rows, or to be free text"
        )
    return None


def _is_no_feature(table: DataFile, name: str) -> bool:
    series = table.frame[name]
    return (
        series.dtype == pl.String
        and _are_words(*_parsed(series))
        and _no_category(_words(table, series).drop_nulls()) is not None
    )


def _are_words(numbers: pl.Series, others: pl.Series) -> bool:
    return int(others.sum()) > numbers.count()


def _known_category(table: DataFile, name: str, known: pl.Series, data: str) -> pl.Series:
    series = table.frame[name]
    if series.dtype.is_nested():
        raise _not_numeric(table, name, 0, str(series.dtype).lower())
    words = _words(table, series.cast(pl.String))
    row = _first(words.is_null())
    if row is not None:
        raise _unusable(table, name, row, "a missing value")
    row = _first(~words.is_in(known.drop_nulls().unique().to_list()))
    if row is not None:
        raise _unusable(table, name, row, f"{_brief(words[row])}, a value that {data} does not have,")
    return words


def _seen(table: DataFile, name: str, row: int) -> str:
    return f"{_brief(table.frame[name][row])} in {table.place(row)}"


def _all_missing(table: DataFile, name: str) -> ShellError:
    return ShellError(
        table.what,
        f"column {name!r} holds no values: all {table.frame.height} are missing",
        f"Leave it out with --drop {quoted([name])}.",
    )


def _not_numeric(table: DataFile, name: str, row: int, kind: str) -> ShellError:
    return ShellError(
        table.what,
        f"column {name!r} holds {kind}, not numbers: {_seen(table, name, row)}",
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
