"""One column of a frame as numbers, or the reason why it holds none."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from neonxai.frames.native import Series, native_type
from neonxai.text import printable

IMPUTE = (
    "Impute or drop such rows before clustering and explaining; a SimpleImputer in a Pipeline is explained "
    "together with it."
)

_UNIT = "Turn it into numbers of a known unit, for example "
_REMEDIES = {
    "moment": f"{_UNIT}days: (column - origin) / one day.",
    "duration": f"{_UNIT}days: column / one day.",
    "time": f"{_UNIT}hours since midnight.",
    "text": "Encode it in a Pipeline, for example by a ColumnTransformer with a OneHotEncoder, which neonxai "
    "explains in this column; or leave the column out.",
    "digits": "Convert it to floats; or, if its values are names, encode it in a Pipeline, for example by a "
    "ColumnTransformer with a OneHotEncoder, which neonxai explains in this column; or leave the column out.",
    "nested": "Spread it over several columns, one number in each, or leave the column out.",
    "bytes": "Decode it into numbers, or leave the column out.",
    "complex": "Pass its real and its imaginary part, or its absolute value, as columns.",
    "other": "Convert it to floats, encode it as numbers, or leave the column out.",
}
_OF_TYPES = (
    (nw.Datetime | nw.Date, "moment"),
    (nw.Duration, "duration"),
    (nw.Time, "time"),
    (nw.String | nw.Categorical | nw.Enum, "text"),
    (nw.Binary, "bytes"),
)
# Of the types that narwhals does not know: how their own library calls them.
_PREFIXES = {
    "period": "moment",
    "complex": "complex",
    "map": "nested",
    "fixed_size_binary": "bytes",
    "binary": "bytes",
}
_OF_OBJECTS = (
    (dt.date | np.datetime64, "moment"),
    (dt.timedelta | np.timedelta64, "duration"),
    (dt.time, "time"),
    (str, "text"),
    (list | tuple | dict | set | np.ndarray, "nested"),
    (bytes | bytearray, "bytes"),
    (complex | np.complexfloating, "complex"),
)
_BLOCK_VALUES = 1 << 20  # values looked at together when searching for what is not finite


def numbers_of(name: str, column: Series) -> NDArray[Any]:
    """Return a column's values, of whatever real type; its own memory where the library allows it.

    Parameters
    ----------
    name : str
        What the column is called in messages.
    column : nw.Series
        Any column.

    Returns
    -------
    array of shape (n_rows,)
        Of bool, integers or floats. Decimals and integers of 128 bits become float64. NaN and infinity are
        not looked for.

    Raises
    ------
    TypeError
        If the column is not numeric.
    ValueError
        If a value is missing, or too large for float64.
    """
    text = native_type(column)
    if text.startswith("Sparse["):
        dense = column.to_native().sparse.to_dense()
        return numbers_of(name, nw.from_native(dense, series_only=True))
    if isinstance(column.dtype, nw.Object):
        return _numbers_of_objects(name, column.to_numpy(), text)
    if not _is_real(column, text):
        raise _refused(name, column, text)
    missing = column.is_null()
    if missing.any():
        raise _missing(int(missing.arg_true().item(0)), name)
    if "decimal" in text.lower() or "int128" in text.lower():  # NumPy has neither
        column = column.cast(nw.Float64)
    return column.to_numpy()


def _is_real(column: Series, text: str) -> bool:
    dtype = column.dtype
    if dtype.is_float() or dtype.is_integer() or dtype == nw.Boolean:
        return True
    # narwhals knows not every width: neither of NumPy's types in pandas, nor of Arrow's decimals.
    native = getattr(column.to_native(), "dtype", None)
    if isinstance(native, np.dtype):
        return native.kind in "biuf"
    return text.lower().startswith(("float", "halffloat", "decimal"))


def _missing(row: int, name: str) -> ValueError:
    return ValueError(f"X contains NaN or null in row {row}, column {name!r}. {IMPUTE}")


def _refused(name: str, column: Series, text: str) -> TypeError:
    values = column.drop_nulls().head(1).to_list()
    if not values:
        return _empty(name, text)
    return _not_numeric(
        name, text, f"its first value {shown(values[0])}", _subject(column.dtype, text, values[0])
    )


def _subject(dtype: nw.dtypes.DType, text: str, value: object) -> str:
    """Which of the remedies is for a type that is not numeric."""
    subject = next((what for kind, what in _OF_TYPES if isinstance(dtype, kind)), None)
    if subject is None and dtype.is_nested():
        subject = "nested"
    if subject is None:
        subject = next((what for prefix, what in _PREFIXES.items() if text.startswith(prefix)), "other")
    return "digits" if subject == "text" and _reads_as_number(value) else subject


def _reads_as_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _empty(name: str, text: str) -> TypeError:
    return TypeError(
        f"Column {name!r} is not of a numeric type that is supported: its type is {text}, and it has no "
        "values at all. Leave the column out."
    )


def _not_numeric(name: str, text: str, value: str, subject: str) -> TypeError:
    return TypeError(
        f"Column {name!r} is not of a numeric type that is supported: its type is {text}, {value}. "
        f"{_REMEDIES[subject]}"
    )


def _numbers_of_objects(name: str, values: NDArray[np.object_], text: str) -> NDArray[np.float64]:
    if all(_is_missing(kind) for kind in set(map(type, values))):
        raise _empty(name, text)
    row, value = first_other(values)
    if row is not None:
        subject = next((what for kind, what in _OF_OBJECTS if isinstance(value, kind)), "other")
        if subject == "text" and _reads_as_number(value):
            subject = "digits"
        raise _not_numeric(name, text, f"and it holds {shown(value)} in row {row}", subject)
    row = first_missing(values)
    if row is not None:
        raise _missing(row, name)
    try:
        return values.astype(np.float64)
    except (OverflowError, ValueError) as error:
        raise ValueError(
            f"Column {name!r} holds a number that float64 has not ({error}). "
            "Rescale it, or leave the column out."
        ) from error


def first_other(values: NDArray[np.object_]) -> tuple[int | None, Any]:
    """Find the first of some Python objects that is neither a real number nor missing.

    Parameters
    ----------
    values : object array of shape (n,)
        Python objects.

    Returns
    -------
    int or None, object
        Where it is, and what; None and None if there is none.
    """
    others = {kind for kind in set(map(type, values)) if not (_is_real_type(kind) or _is_missing(kind))}
    if not others:
        return None, None
    return next((row, value) for row, value in enumerate(values) if type(value) in others)


def first_missing(values: NDArray[np.object_]) -> int | None:
    """Find the first None, NA or NaT among some Python objects; None if there is none.

    Parameters
    ----------
    values : object array of shape (n,)
        Python objects.
    """
    missing = {kind for kind in set(map(type, values)) if _is_missing(kind)}
    return (
        next((row for row, value in enumerate(values) if type(value) in missing), None) if missing else None
    )


def _is_real_type(kind: type) -> bool:
    if issubclass(kind, np.generic | np.ndarray):  # NumPy counts its durations among the integers
        return issubclass(kind, np.bool_ | np.integer | np.floating) and not issubclass(kind, np.timedelta64)
    return issubclass(kind, Real | Decimal) or hasattr(kind, "__float__")


def _is_missing(kind: type) -> bool:
    return kind.__name__ in {"NoneType", "NAType", "NaTType"}  # by name: pandas need not be there


def shown(value: object, limit: int = 60) -> str:
    """Show a value in a message, on one line, and not all of a long one."""
    text = printable(repr(value))
    return text if len(text) <= limit else f"{text[:limit]}…"


def check_finite(values: NDArray[np.floating], names: Sequence[str] | None = None, nan: str = "NaN") -> None:
    """Raise a ValueError that names the first value that is NaN or infinite, with its row and column.

    Parameters
    ----------
    values : float array of shape (n_rows, n_columns)
        Numbers.
    names : sequence of str, optional
        The columns' names.
    nan : str
        What NaN stands for.
    """
    step = max(1, _BLOCK_VALUES // max(1, values.shape[1]))
    for start in range(0, len(values), step):
        block = values[start : start + step]
        with np.errstate(over="ignore", invalid="ignore"):
            total = block.sum(dtype=np.float64)
        if np.isfinite(total):  # a sum is finite only if all of its terms are, and needs no mask
            continue
        rows, columns = np.nonzero(~np.isfinite(block))
        if len(rows):
            row, column = int(rows[0]), int(columns[0])
            raise not_finite(block[row, column], start + row, column, names, nan)


def not_finite(
    value: Any, row: int, column: int, names: Sequence[str] | None = None, nan: str = "NaN"
) -> ValueError:
    """The error for a value that is NaN or infinite.

    Parameters
    ----------
    value : float
        It.
    row, column : int
        Where it is.
    names, nan
        As for `check_finite`.
    """
    label = f"column {column}" if names is None else f"column {names[column]!r}"
    return ValueError(
        f"X contains {nan if np.isnan(value) else f'infinity ({value})'} in row {row}, {label}. {IMPUTE}"
    )
