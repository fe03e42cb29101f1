"""`read`: an array or a frame as numbers for a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from neonxai.frames.columns import IMPUTE, check_finite, first_missing, first_other, numbers_of, shown
from neonxai.frames.native import (
    Frame,
    check_filled,
    check_width,
    kind_of,
    match_names,
    recognize,
    series_refused,
    unwrap,
)

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64), nw.Float32(), nw.Float64())

_READY = np.dtype(np.float64), np.dtype(np.float32)


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers with what is known of their names.

    Attributes
    ----------
    values : float array of shape (n_rows, n_columns)
        float32 or float64, finite. Where the input was such an array already, this is it, not a copy; where
        it was a frame with such an array inside, this looks at the frame's memory.
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


def read(X: object, names: Sequence[str] | None = None, *, unchecked: bool = False) -> Table:
    """Turn what a user passes as data into a table.

    Parameters
    ----------
    X : array-like or frame of shape (n_rows, n_columns)
        Numbers. A frame's columns are of bool, integers, floats or decimals of any width, pandas' nullable,
        Arrow and Sparse ones included; an object column holds nothing but such numbers. All become float64;
        where all are float32, they stay it.
    names : sequence of str, optional
        The columns that are expected. A frame is put into this order.
    unchecked : bool
        Whether an array, no frame, may hold NaN and infinity for now: the caller will look.

    Raises
    ------
    TypeError
        If X is a lazy frame, a single series or otherwise no table, or a column of a frame is not numeric.
    ValueError
        If X is not two-dimensional, is empty, misses columns or has others, has two of one name, or holds
        NaN, nulls or infinity.
    """
    if _is_ready(X):
        values = X
    else:
        X = unwrap(X)
        seen = recognize(X)
        if isinstance(seen, nw.DataFrame):
            return _read_frame(seen, names)
        if isinstance(seen, nw.Series):
            raise series_refused(seen)
        values = _floats(X)
    check_width(values.shape[1], names, "ClusterExplainer")
    if not unchecked:
        check_finite(values, names)
    return Table(values)


def _is_ready(X: object) -> TypeGuard[NDArray[np.floating]]:
    """Whether X is a table of NumPy's floats already. Most are, and looking closer takes 100 µs."""
    return type(X) is np.ndarray and X.dtype in _READY and X.ndim == 2 and X.size > 0


def _read_frame(frame: Frame, names: Sequence[str] | None) -> Table:
    found = list(frame.columns)
    if names is not None:
        match_names(found, names)
    wanted = found if names is None else list(names)
    check_filled(len(frame), len(wanted))
    whole = _whole(frame) if wanted == found else None
    values = _floats(_side_by_side(frame, wanted) if whole is None else whole)
    kind = kind_of(frame)
    check_finite(values, wanted, "NaN or null" if kind == "pandas" else "NaN")  # in pandas it is both
    return Table(values, tuple(wanted), kind, frame.to_native().index if kind == "pandas" else None)


def _whole(frame: Frame) -> NDArray[np.floating] | None:
    """The frame's floats as they lie in its memory, where they may lie together; None elsewhere."""
    native, kind = frame.to_native(), kind_of(frame)
    types = set(native.dtypes if kind == "pandas" else frame.schema.values())
    if len(types) > 1 or next(iter(types)) not in _FLOATS:
        return None
    if kind == "pandas" or (kind == "polars" and not any(native.null_count().row(0))):
        whole: NDArray[np.floating] = native.to_numpy()
        return whole
    if len(frame.columns) == 1:
        return numbers_of(frame.columns[0], frame[frame.columns[0]])[:, None]
    return None


def _side_by_side(frame: Frame, names: Sequence[str]) -> NDArray[np.floating]:
    """Columns of any types, put into one array one after the other, so that no second copy of all is made."""
    single = all(frame.schema[name] == nw.Float32 for name in names)
    # Column by column in memory, as the libraries' own conversions are.
    values = np.empty((len(frame), len(names)), np.float32 if single else np.float64, order="F")
    for column, name in enumerate(names):
        with np.errstate(over="ignore"):  # longer floats, found again as infinite
            values[:, column] = numbers_of(name, frame[name])
    return values


def _floats(X: Any) -> NDArray[np.floating]:
    """X as float32 or float64; itself, where it is that."""
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
    return values


def _check_kind(X: object) -> None:
    """Refuse what NumPy would turn into numbers that nobody meant, or refuse without saying where it is."""
    if np.ma.isMaskedArray(X) and np.ma.is_masked(X):
        row, column = np.argwhere(np.ma.getmaskarray(X).reshape(len(X), -1))[0]
        raise ValueError(f"X has a masked value in row {row}, column {column}. {IMPUTE}")
    array = X
    if isinstance(X, list) and _is_rectangular(X):
        array = np.asarray(X, dtype=object)
    if not isinstance(array, np.ndarray) or array.ndim != 2 or not array.size:
        return
    if array.dtype.kind in "mM":
        raise ValueError(
            f"X holds dates or durations ({array.dtype}). Turn them into numbers of a known unit."
        )
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: X is {array.dtype}. Pass real and imaginary parts.")
    if array.dtype.kind in "OUST":
        _check_objects(array)


def _check_objects(array: NDArray[Any]) -> None:
    flat = array.ravel()
    if array.dtype.kind != "O":
        flat = flat[:1].astype(object)  # text, all of it
    position, value = first_other(flat)
    if position is not None:
        row, column = divmod(position, array.shape[1])
        remedy = (
            "Encode it as numbers, for example in a Pipeline, which neonxai explains in this column; or "
            "leave the column out."
        )
        if isinstance(value, str | bytes):
            raise ValueError(  # of a value, as NumPy does
                f"X holds text: {shown(value)} in row {row}, column {column}. {remedy}"
            )
        raise TypeError(  # in Python's words, which scikit-learn's checks look for
            f"X holds {shown(value)} in row {row}, column {column}: float() argument must be a string or a "
            f"real number, not '{type(value).__name__}'. {remedy}"
        )
    position = first_missing(flat)
    if position is not None:
        row, column = divmod(position, array.shape[1])
        raise ValueError(f"X contains NaN or null in row {row}, column {column}. {IMPUTE}")


def _is_rectangular(X: list[Any]) -> bool:
    return all(isinstance(row, list | tuple) for row in X) and len({len(row) for row in X}) == 1
