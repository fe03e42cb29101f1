"""The column of ``--labels``: the cluster of each row, as somebody else made it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from neonxai.cli.errors import ShellError
from neonxai.cli.names import listed
from neonxai.cli.values import MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.cli.tables import DataFile

__all__ = ["GivenLabels", "given_labels"]

_NOISE: Final = "-1"  # among whole numbers, also where text holds them
_INTEGER: Final = re.compile(r"-?\d+")
_WHOLE: Final = r"^\s*-?(0|[1-9]\d{0,17})(\.0*)?\s*$"
_LONGEST: Final = 250  # characters; arrays give every row the room of the longest label


@dataclass(frozen=True, eq=False)
class GivenLabels:
    """The clusters of the rows.

    Attributes
    ----------
    values : array of shape (n_rows,)
        Numbers or text.
    noise : bool, int, float, str or None
        The label of the rows that belong to no cluster; None where there are none.
    singles : int
        Clusters of one row.
    """

    values: NDArray[Any]
    noise: Any
    singles: int


def given_labels(table: DataFile, column: str, noise: str | None) -> GivenLabels:
    """Read the column of labels.

    Whole numbers are numbers, also where they are written as 1.0; anything else in a text file is kept as it
    is written there.

    Parameters
    ----------
    table : DataFile
        The file.
    column : str
        The column.
    noise : str or None
        The value of ``--noise``: a label, "" for none, or None for -1 among whole numbers.

    Returns
    -------
    GivenLabels
        At least one cluster with several rows, and at least two clusters, or one and noise.

    Raises
    ------
    ShellError
        If labels are missing or of no use, or the noise is not one of them.
    """
    series = _labels(table, column)
    option = f"--labels {column}"
    n_rows = len(series)
    counts = series.value_counts(sort=True)
    sizes: dict[Any, int] = dict(zip(*counts.to_dict(as_series=False).values(), strict=True))
    names = list(sizes)
    label = _noise(noise, names)
    others = [size for name, size in sizes.items() if label is None or name != label]
    if not others:
        raise ShellError(
            option,
            f"all {n_rows} rows have the label {label!r}, which is noise, so there is no cluster to explain",
            "Give the labels of a clustering that found some.",
        )
    if len(names) == 1:
        raise ShellError(
            option,
            f"all {n_rows} rows have the same label, {_brief(names[0])}, but a cluster is explained against "
            "its rivals",
            "Give a column with two labels or more.",
        )
    if max(others) == 1:
        alone = next(name for name, size in sizes.items() if size == 1 and name != label)
        raise ShellError(
            option,
            f"{'all' if label is None else 'beside noise, all'} {len(others)} rows have labels of their own, "
            f"such as {_brief(alone)}, so it seems to name the rows",
            "Give a column with the cluster of each row; one with names of the rows is for --id.",
        )
    return GivenLabels(_array(series), label, others.count(1))


def _labels(table: DataFile, column: str) -> pl.Series:
    """The labels without gaps: whole numbers, else numbers, booleans or text."""
    series = table.keys(column)
    kind = series.dtype
    if kind in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    elif not (kind.is_numeric() or kind in (pl.Boolean, pl.String, pl.Null)):
        raise ShellError(
            f"--labels {column}",
            f"it holds {str(kind).lower()}, not numbers or text",
            "Write the labels as numbers or text.",
        )
    if series.dtype == pl.String:
        series = _from_text(table, column, series)
    elif kind.is_integer():
        whole = series.cast(pl.Int64, strict=False)
        # Numbers beyond 64 bits are no clusters' numbers, but may be their names.
        series = whole if whole.null_count() == series.null_count() else series.cast(pl.String)
    elif kind.is_numeric():
        series = _from_reals(table, column, series)
    _check_missing(table, column, series.is_null())
    return series


def _from_text(table: DataFile, column: str, series: pl.Series) -> pl.Series:
    bare = series.str.strip_chars()
    whole = series.str.contains(_WHOLE).fill_null(value=False)
    gaps = bare.is_null() | (bare == "")
    if whole.any() and table.is_text:
        # Among numbers "NA" is a gap; among words it may be a segment, such as North America.
        others = gaps | bare.str.to_lowercase().is_in(list(MISSING)).fill_null(value=False)
        if (whole | others).all():
            _check_missing(table, column, others)
            return bare.str.replace(r"\..*$", "").cast(pl.Int64)
    _check_missing(table, column, gaps)
    long = series.str.len_chars() > _LONGEST
    if long.any():
        row = int(long.arg_max() or 0)
        raise ShellError(
            f"--labels {column}",
            f"the label in {table.place(row)} has {len(series[row])} characters: {_brief(series[row])}",
            f"Give a column of labels; they may have up to {_LONGEST} characters.",
        )
    return series


def _from_reals(table: DataFile, column: str, series: pl.Series) -> pl.Series:
    """Whole numbers, as pandas leaves them where there were gaps once, or else the numbers as they are."""
    reals = series.cast(pl.Float64)
    _check_missing(table, column, reals.is_null() | reals.is_nan().fill_null(value=False))
    infinite = reals.is_infinite()
    if infinite.any():
        row = int(infinite.arg_max() or 0)
        raise ShellError(
            table.what,
            f"column {column!r} holds {reals[row]} in {table.place(row)}",
            "Give it another label.",
        )
    whole = reals.cast(pl.Int64, strict=False)
    return whole if whole.cast(pl.Float64).eq_missing(reals).all() else reals


def _check_missing(table: DataFile, column: str, missing: pl.Series) -> None:
    rows = missing.arg_true().to_list()
    if rows:
        many = "labels are" if len(rows) > 1 else "label is"
        raise ShellError(
            table.what,
            f"column {column!r} holds the labels, but {len(rows)} {many} missing, in {table.place(*rows)}",
            "Fill in or delete such rows; those of no cluster may have a label of their own, see --noise.",
        )


def _noise(text: str | None, names: list[Any]) -> Any:
    """The label that is noise, if it is among the labels."""
    if text == "":
        return None
    known = {str(name): name for name in names}
    if text in known:
        return known[text]
    if text in {None, _NOISE} and all(_INTEGER.fullmatch(name) for name in known):
        return known.get(_NOISE)
    if text is None:
        return None
    ordered = sorted(names)
    close = get_close_matches(text, known, n=1, cutoff=0.5)
    remedy = f"Did you mean {close[0]!r}? " if close else ""
    raise ShellError(
        f"--noise {text}",
        "no row has this label",
        f"{remedy}The labels are {listed([str(name) for name in ordered])}.",
    )


def _array(series: pl.Series) -> NDArray[Any]:
    if series.dtype == pl.String:
        return np.array(series.to_list(), dtype=np.str_)
    return series.to_numpy()


def _brief(label: object) -> str:
    text = repr(label)
    return text if len(text) <= 40 else f"{text[:39]}…"
