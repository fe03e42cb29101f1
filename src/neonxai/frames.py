"""Tables in, tables out: arrays and pandas, polars and pyarrow frames behind one small type."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

KINDS = ("pandas", "polars", "pyarrow")

_RENAME = "Give each column a name of its own."
_IMPUTE = "Impute or drop such rows before clustering and explaining."
_BLOCK_VALUES = 1 << 20  # values looked at together when searching for what is not finite


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers with what is known of their names.

    Attributes
    ----------
    values : float array of shape (n_rows, n_columns)
        float32 or float64, finite. Where the input was such an array already, this is it, not a copy.
    names : tuple of str, or None
        The columns' names, for a frame.
    kind : {"pandas", "polars", "pyarrow"} or None
        The kind of frame, None for an array.
    index : object or None
        A pandas frame's index.
    """

    values: NDArray[np.floating]
    names: tuple[str, ...] | None = None
    kind: str | None = None
    index: Any = None


def read(X: object, names: Sequence[str] | None = None) -> Table:
    """Turn what a user passes as data into a table.

    Parameters
    ----------
    X : array-like or frame of shape (n_rows, n_columns)
        Numbers.
    names : sequence of str, optional
        The columns that are expected. A frame is put into this order.

    Raises
    ------
    TypeError
        If X is a lazy frame, or a column of a frame is not numeric.
    ValueError
        If X is not two-dimensional, is empty, misses columns or has others, or holds NaN or infinity.
    """
    X = _native(X)
    try:
        frame = nw.from_native(X, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise ValueError(f"Two columns of X have the same name. {_RENAME} ({error})") from error
    if isinstance(frame, nw.LazyFrame):
        raise TypeError(
            f"X is a lazy frame ({type(X).__module__}.{type(X).__qualname__}), whose rows are not known "
            "yet. Collect it first, for example with X.collect()."
        )
    if isinstance(frame, nw.DataFrame):
        return _read_frame(frame, names)
    return Table(_check_values(X, names))


def _native(X: Any) -> Any:
    """Unwrap what wraps a frame, and give pandas' columns the strings for names that all others have."""
    X = nw.to_native(X, pass_through=True)
    kind = f"{type(X).__module__.partition('.')[0]}.{type(X).__qualname__}"
    if kind == "pyarrow.RecordBatch":
        return sys.modules["pyarrow"].Table.from_batches([X])
    if kind == "pandas.DataFrame" and not all(isinstance(name, str) for name in X.columns):
        found = [str(name) for name in X.columns]
        if len(set(found)) < len(found):
            raise ValueError(f"Two columns of X have the same name, as strings: {some(found)}. {_RENAME}")
        return X.set_axis(found, axis="columns")
    return X


def _read_frame(frame: "nw.DataFrame[Any]", names: Sequence[str] | None) -> Table:
    found = list(frame.columns)
    if names is not None:
        _match_names(found, names)
        frame = frame.select(list(names))
        found = list(names)
    if not len(frame):
        raise ValueError(
            f"Found a frame with 0 sample(s) (rows) and {len(found)} columns. Pass at least one row."
        )
    _check_columns(frame)
    others = [name for name, dtype in frame.schema.items() if dtype not in (nw.Float32, nw.Float64)]
    if others:
        frame = frame.with_columns(nw.col(*others).cast(nw.Float64))
    implementation = frame.implementation.value
    return Table(
        _check_values(frame.to_numpy(), found),
        tuple(found),
        implementation if implementation in KINDS else None,
        frame.to_native().index if implementation == "pandas" else None,
    )


def _match_names(found: Sequence[str], expected: Sequence[str]) -> None:
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    if missing or extra:
        parts = [f"missing: {some(missing)}"] * bool(missing) + [f"not expected: {some(extra)}"] * bool(extra)
        raise ValueError(
            "The feature names should match those that were passed during fit, in any order; "
            f"{'; '.join(parts)}. Select or rename the columns."
        )


def some(names: Sequence[Any], limit: int = 5) -> str:
    """List the first few names, for messages."""
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def _check_columns(frame: "nw.DataFrame[Any]") -> None:
    for name, dtype in frame.schema.items():
        if not (dtype.is_float() or dtype.is_integer() or dtype == nw.Boolean):
            raise TypeError(
                f"Column {name!r} is not of a numeric type that is supported: its type is {dtype}, its first "
                f"value {frame[name].head(1).to_list()[0]!r}. Convert it to floats, encode it as numbers, or "
                "leave the column out."
            )
        missing = frame[name].is_null()
        if missing.any():
            raise ValueError(
                f"X contains NaN or null in row {missing.arg_true().item(0)}, column {name!r}. {_IMPUTE}"
            )


def _check_values(X: Any, names: Sequence[str] | None) -> NDArray[np.floating]:
    _check_kind(X)
    if isinstance(X, np.ndarray) and X.dtype.kind == "f" and X.dtype.itemsize == 4:
        X = X.astype(np.float32, copy=False)  # from the other byte order, which would become float64
    try:
        values: NDArray[np.floating] = check_array(
            X,
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            estimator="ClusterExplainer",
            input_name="X",
        )
    except OverflowError as error:
        raise ValueError(f"X holds a number that is too large for float64 ({error}). Rescale it.") from error
    if names is not None and values.shape[1] != len(names):
        raise ValueError(
            f"X has {values.shape[1]} features, but ClusterExplainer is expecting {len(names)} features "
            f"as input: {some(names)}."
        )
    check_finite(values, names)
    return values


def _check_kind(X: object) -> None:
    """Refuse text, dates and masked values, which NumPy would turn into numbers that nobody meant."""
    if np.ma.isMaskedArray(X) and np.ma.is_masked(X):
        row, column = np.argwhere(np.ma.getmaskarray(X).reshape(len(X), -1))[0]
        raise ValueError(f"X has a masked value in row {row}, column {column}. {_IMPUTE}")
    array = X
    if isinstance(X, list) and _is_rectangular(X):
        array = np.asarray(X, dtype=object)
    if not isinstance(array, np.ndarray) or array.ndim != 2:
        return
    if array.dtype.kind in "mM":
        raise ValueError(
            f"X holds dates or durations ({array.dtype}). Turn them into numbers of a known unit."
        )
    if array.dtype.kind in "OUS":
        # A loop over Python objects, up to the first text: NumPy's own message names neither row nor column.
        for row, column in np.ndindex(array.shape):
            if isinstance(array[row, column], str | bytes):
                raise ValueError(  # noqa: TRY004  # of a value, as NumPy does
                    f"X holds text: {str(array[row, column])!r} in row {row}, column {column}. "
                    "Encode it as numbers, or leave the column out."
                )


def _is_rectangular(X: list[Any]) -> bool:
    return all(isinstance(row, list | tuple) for row in X) and len({len(row) for row in X}) == 1


def check_finite(values: NDArray[np.floating], names: Sequence[str] | None = None) -> None:
    """Raise a ValueError that names the first value that is NaN or infinite, with its row and column."""
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
            value = block[row, column]
            label = f"column {column}" if names is None else f"column {names[column]!r}"
            raise ValueError(
                f"X contains {'NaN' if np.isnan(value) else f'infinity ({value})'} in row {start + row}, "
                f"{label}. {_IMPUTE}"
            )


def build(kind: str, columns: Mapping[str, ArrayLike], index: object = None) -> Any:
    """Make a frame of the given kind.

    Parameters
    ----------
    kind : {"pandas", "polars", "pyarrow"}
        The library.
    columns : mapping of str to array-like
        Columns of equal length.
    index : object, optional
        A pandas index; ignored elsewhere.

    Raises
    ------
    ValueError
        If the kind is not one of the three.
    ImportError
        If its library is not installed.
    """
    if kind not in KINDS:
        raise ValueError(f"Unknown kind of frame {kind!r}; choose one of {', '.join(KINDS)}.")
    try:
        frame = nw.from_dict(dict(columns), backend=kind).to_native()  # type: ignore[arg-type]  # a checked str
    except ModuleNotFoundError as error:
        raise ImportError(f"A {kind} frame was asked for, but {kind} is not installed.") from error
    if kind == "pandas" and index is not None:
        frame.index = index
    return frame


def default_kind() -> str:
    """Return the first kind of frame whose library is installed.

    Raises
    ------
    ImportError
        If none is.
    """
    from importlib.util import find_spec

    for kind in KINDS:
        if find_spec(kind) is not None:
            return kind
    raise ImportError(
        "No data frame library is installed. Install pandas, polars or pyarrow, or use the arrays "
        "(relevance, logits, labels, ...) themselves."
    )
