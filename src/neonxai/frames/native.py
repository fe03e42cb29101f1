"""What the user passed: which kind of frame it is, how its columns are called, or why it is no table."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

import narwhals as nw
from scipy.sparse import issparse

KINDS = ("pandas", "polars", "pyarrow")

Frame: TypeAlias = nw.DataFrame[Any]
Series: TypeAlias = nw.Series[Any]


def unwrap(X: Any) -> Any:
    """Return the frame, array or list itself, out of what wraps it.

    Raises
    ------
    TypeError
        If X has no rows that could be gone through in order, twice: a lazy frame, an iterator, a mapping, a
        set, a single text.
    ValueError
        If X is None.
    """
    X = nw.to_native(X, pass_through=True)
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(X, arrow.RecordBatch):
        return arrow.Table.from_batches([X])
    if arrow is not None and isinstance(X, arrow.Array):
        return arrow.chunked_array([X])
    if X is None:
        raise ValueError("X is a NoneType, which is no table. Pass an array or a frame.")
    refused = None
    if issparse(X):
        return X  # some are mappings
    if isinstance(X, Iterator):
        refused = "can be gone through only once", "Make a list of its rows: list(X)"
    elif isinstance(X, Mapping):
        refused = "is no table", "Make a frame of it, for example pandas.DataFrame(X)"
    elif isinstance(X, AbstractSet):
        refused = "has no order of rows", "Make a list: list(X)"
    elif isinstance(X, str | bytes):
        refused = "is a single text", "Pass a list of texts, one for each row: [X]"
    if refused is not None:
        raise TypeError(f"X is a {type(X).__qualname__}, which {refused[0]}. {refused[1]}.")
    return X


def recognize(X: Any) -> Any:
    """Return a frame or a series behind narwhals' interface, and anything else as it is.

    Parameters
    ----------
    X : object
        What `unwrap` returned.

    Returns
    -------
    nw.DataFrame, nw.Series or object
        A frame's columns have strings for names, all different. Pandas' other names are turned into strings.

    Raises
    ------
    TypeError
        If X is a lazy frame.
    ValueError
        If two columns have the same name.
    """
    if nw.dependencies.is_pandas_dataframe(X):
        X = _with_strings(X)
    elif nw.dependencies.is_pyarrow_table(X):
        _check_unique(X.column_names, X.column_names)
    try:
        seen = nw.from_native(X, pass_through=True, allow_series=True)
    except nw.exceptions.DuplicateError as error:
        raise ValueError(f"Two columns of X have the same name. {_RENAME} ({error})") from error
    if isinstance(seen, nw.LazyFrame):
        raise TypeError(
            f"X is a lazy frame ({type(X).__module__}.{type(X).__qualname__}), whose rows are not known "
            "yet. Collect it first: X.collect() in polars, X.compute() in Dask, X.toPandas() in Spark."
        )
    return seen


_RENAME = "Give each column a name of its own."


def _with_strings(X: Any) -> Any:
    labels = list(X.columns)
    found = [str(label) for label in labels]
    _check_unique(labels, found)
    if all(isinstance(label, str) for label in labels):
        return X
    X = X.copy(deep=False)  # `set_axis` copies the data in pandas 2
    X.columns = found
    return X


def _check_unique(labels: Sequence[object], names: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for column, name in enumerate(names):
        before = first.setdefault(name, column)
        if before != column:
            how = "" if labels[before] == labels[column] else ", as strings"
            raise ValueError(
                f"Two columns of X have the same name{how}: {name!r} (columns {before} and {column}). "
                f"{_RENAME}"
            )


def kind_of(seen: Frame | Series) -> str | None:
    """One of `KINDS`, or None for another library's."""
    name = seen.implementation.value
    return name if name in KINDS else None


def match_names(found: Sequence[str], expected: Sequence[str], *, allow_extra: bool = False) -> None:
    """Raise a ValueError that says which columns are missing, and which are not expected."""
    present, wanted = set(found), set(expected)
    missing = [name for name in expected if name not in present]
    extra = [] if allow_extra else [name for name in found if name not in wanted]
    if missing or extra:
        parts = [f"missing: {some(missing)}"] * bool(missing) + [f"not expected: {some(extra)}"] * bool(extra)
        raise ValueError(
            "The feature names should match those that were passed during fit, in any order; "
            f"{'; '.join(parts)}. Select or rename the columns."
        )


def check_filled(n_rows: int, n_columns: int) -> None:
    """Refuse a frame without rows or columns."""
    if not n_rows or not n_columns:
        lacking = "row" if not n_rows else "column"
        raise ValueError(
            f"Found a frame with {n_rows} sample(s) (rows) and {n_columns} columns. "
            f"Pass at least one {lacking}."
        )


def check_width(n_columns: int, names: Sequence[str] | None, what: str) -> None:
    """Refuse an array that has not as many columns as there are names."""
    if names is not None and n_columns != len(names):
        raise ValueError(
            f"X has {n_columns} features, but {what} is expecting {len(names)} features "
            f"as input: {some(names)}."
        )


def series_refused(series: Series) -> TypeError:
    """The error for a single column where a table is asked for."""
    kind = kind_of(series)
    remedy = 'pyarrow.table({"x": X})' if kind == "pyarrow" else "X.to_frame()"
    return TypeError(
        f"X is one column of type {native_type(series)}, a {kind or 'frame'} Series, and not a frame. Pass "
        f"{remedy} if it is the only feature."
    )


def native_type(series: Series) -> str:
    """What a series' own library calls its type."""
    native = series.to_native()
    return str(getattr(native, "dtype", None) or native.type)


def some(names: Sequence[Any], limit: int = 5) -> str:
    """List the first few names, for messages."""
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
