"""Which row is meant, what it is called, and its values in the user's own units."""

from __future__ import annotations

import operator
from datetime import datetime, time
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from neonxai import frames
from neonxai.explanation import cells
from neonxai.plots import _text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_LONGEST = 24  # characters of a text that are shown as a feature's value
_MIDNIGHT = " 00:00:00"  # days may be asked for as Python writes them, too
_COMPARED = 20_000  # names compared with one that is not there: the help in an error should not take long


def find(explanation: Explanation, row: object) -> int:
    """Return the position of a row, from 0, given as a position or as its name in ``explanation.index``.

    Raises
    ------
    TypeError
        If `row` is neither a whole number nor a string.
    ValueError
        If the position is out of range, or the name is not that of exactly one row.
    """
    if isinstance(row, str):
        return _find_name(explanation, row)
    n = len(explanation)
    try:
        position = operator.index(row)  # type: ignore[arg-type]  # what is no index is what is asked
    except TypeError:
        message = (
            f"row={row!r} is a {type(row).__name__}; give the position of one row as a whole number, or its "
            "name in explanation.index as a string."
        )
        raise TypeError(message) from None
    if not -n <= position < n:
        message = f"row={position} is out of range: the explanation has n={n} rows; give {-n} to {n - 1}."
        raise ValueError(message)
    return position % n


def _find_name(explanation: Explanation, name: str) -> int:
    if explanation.index is None:
        message = (
            f"row={name!r} is the name of 0 rows: explanation.index is None. Give a position "
            f"from 0 to {len(explanation) - 1}, or explain a pandas frame whose index names its rows."
        )
        raise ValueError(message)
    names = _strings(explanation.index)
    found = np.flatnonzero(names == name)
    if not len(found):
        found = np.flatnonzero(names == name.removesuffix(_MIDNIGHT))
    if len(found) == 1:
        return int(found[0])
    if len(found):
        hint = f"They are at the positions {frames.some(found.tolist())}."
    else:
        close = get_close_matches(name, dict.fromkeys(names[:_COMPARED].tolist()), n=3)
        hint = (
            f"Do you mean {' or '.join(map(repr, close))}?" if close else f"The first is {str(names[0])!r}."
        )
    message = f"row={name!r} is the name of {len(found)} rows. {hint} Give the position of one row instead."
    raise ValueError(message)


def _strings(index: Any) -> NDArray[np.str_]:
    """Write the names as Python does: pandas' dates, for one, without NumPy's T between day and hour.

    Days have no hour, where all of them are just that.
    """
    if len(index) and all(_is_day(name) for name in index):
        return np.array([f"{name:%Y-%m-%d}" for name in index], dtype=np.str_)
    return np.array([str(name) for name in index], dtype=np.str_)


def _is_day(value: Any) -> bool:
    return isinstance(value, datetime) and value.time() == time(0) and value.tzinfo is None


def title(explanation: Explanation, position: int) -> str:
    """Name a row: by its position where the index only counts the rows, else by its entry there."""
    if explanation.index is None:
        return f"{explanation.row_kind} {position}"
    index = explanation.index
    if np.asarray(index[:1]).dtype.kind in "iu":
        if np.array_equal(index, np.arange(len(explanation))):
            return f"{explanation.row_kind} {position}"
        return f"index {index[position]}"  # a bare number would not be known for a name
    return _text.drawable(_strings(index)[position])


def read_values(explanation: Explanation, values: object) -> Any:
    """Return what to show of every row, an array (n, D): `explanation.data`, of whatever kind, for None.

    Raises
    ------
    TypeError
        If a column is not numeric.
    ValueError
        If it is of another shape, has other columns, or the rows in another order, or anything is missing.
    """
    if values is None:
        return explanation.data
    try:
        if cells.column_names(explanation.data) is not None:  # a frame, with categories and gaps
            raw = frames.read_raw(values, explanation.feature_names, what="the explanation")
            table = frames.Table(raw.native, raw.names, raw.kind, raw.index)
        else:
            table = frames.read(values, explanation.feature_names)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        message = (
            f"values cannot be shown in place of explanation.data: {error} (Here, X stands for values, which "
            f"are the {len(explanation)} rows with their {explanation.n_features} features in other units.)"
        )
        raise kind(message) from error
    if len(table.values) != len(explanation):
        message = (
            f"values has {len(table.values)} rows, but {len(explanation)} were explained. Give the same "
            "rows, in the units to be shown: values[mask] for explanation[mask]."
        )
        raise ValueError(message)
    if table.index is not None and explanation.index is not None:
        given, own = _strings(table.index), _strings(explanation.index)
        if (given != own).any() and np.array_equal(np.sort(given), np.sort(own)):
            message = (
                f"values has the rows of the explanation in another order: {str(given[0])!r} comes first, "
                f"not {str(own[0])!r}; give values.loc[explanation.index]."
            )
            raise ValueError(message)
    return table.values


def columns(explanation: Explanation, data: Any, features: Iterable[int]) -> list[int | None]:
    """Find the features' columns: by name where the data has other columns; None where there is none."""
    if cells.n_columns(data) == explanation.n_features:
        return [int(i) for i in features]
    places = {name: place for place, name in enumerate(cells.column_names(data) or ())}
    return [places.get(explanation.feature_names[i]) for i in features]


def texts(data: Any, position: int, places: list[int | None]) -> list[str]:
    """Write the values of a row; "" for what has no column."""
    found = iter(cells.values_of(data, position, [place for place in places if place is not None]))
    return ["" if place is None else _shown(next(found)) for place in places]


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _text.number(float(value))
    text = _text.drawable(f"{value:%Y-%m-%d}" if _is_day(value) else value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}{_text.ELLIPSIS}"


def numbers(data: Any, place: int | None) -> NDArray[np.float64] | None:
    """A column of numbers, NaN where one is missing; None for any other column, or if nothing is in it."""
    column = None if place is None else cells.column(data, place)
    if column is None or not column.is_numbers or column.missing.all():
        return None
    return np.asarray(column.values, dtype=np.float64)
