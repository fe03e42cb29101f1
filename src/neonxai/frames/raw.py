"""`read_raw`: what a pipeline takes, as it came: categories, text and missing values included."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from neonxai.frames.columns import shown
from neonxai.frames.native import (
    Frame,
    Series,
    check_filled,
    check_width,
    kind_of,
    match_names,
    recognize,
    series_refused,
    unwrap,
)


@dataclass(frozen=True, eq=False)
class RawTable:
    """Rows for a pipeline, of any values, with what is known of their names.

    Attributes
    ----------
    native : frame, array, csr_array, series or list
        The caller's own, with the expected columns in the expected order. A pandas frame's columns keep
        their labels. An Arrow table has become a pandas frame or, without pandas, a polars frame.
    names : tuple of str, or None
        The columns' names, for a frame; the one name of a series of documents that has one.
    kind : {"pandas", "polars", "pyarrow"} or None
        The kind of frame that came in, None for an array.
    index : object or None
        The row names of pandas.
    n_rows, n_columns : int
        The shape. Documents, one text in each row, are one column.

    Examples
    --------
    >>> table = read_raw(["to be", "or not", "to be"])
    >>> table.part(slice(1, 3)), table.n_columns, table.is_documents
    (['or not', 'to be'], 1, True)
    """

    native: Any
    names: tuple[str, ...] | None
    kind: str | None
    index: Any
    n_rows: int
    n_columns: int

    def part(self, rows: slice) -> Any:
        """Return some rows, of the kind of ``native`` and looking at its memory: what a transformer takes."""
        positional = getattr(self.native, "iloc", self.native)
        return positional[rows]

    @property
    def is_documents(self) -> bool:
        """Whether each row is one text, and there are no columns."""
        return isinstance(self.native, list) or len(self.native.shape) == 1


def read_raw(
    X: Any,
    names: Sequence[str] | None = None,
    *,
    what: str = "the pipeline",
    allow_extra: bool = False,
) -> RawTable:
    """Take what a user passes as data of a pipeline, and say what it is.

    Parameters
    ----------
    X : frame, array-like, sparse matrix or array of shape (n_rows, n_columns), or texts of shape (n_rows,)
        Any values, missing ones too; the pipeline's first step knows what it takes. Texts are a list, a flat
        array or a series of str.
    names : sequence of str, optional
        The columns that are expected. A frame is put into this order.
    what : str
        Who expects them, for messages.
    allow_extra : bool
        Whether a frame's other columns are left out, as a ``ColumnTransformer`` does, instead of refused.

    Raises
    ------
    TypeError
        If X is a lazy frame, a series of something else than text, or otherwise no table.
    ValueError
        If X has no rows, no columns, or not one or two dimensions; misses columns, has others or two of one
        name; or a document is missing or no text.
    """
    X = unwrap(X)
    seen = recognize(X)
    if isinstance(seen, nw.DataFrame):
        return _raw_frame(X, seen, names, allow_extra=allow_extra)
    if isinstance(seen, nw.Series):
        table = _raw_series(X, seen)
    elif issparse(X):
        if X.ndim != 2:
            raise _flat(X.shape)
        table = _of_shape(X if isinstance(X, csr_array) else csr_array(X))
    else:
        table = _raw_array(X)
    check_width(table.n_columns, names, what)
    return table


def _raw_frame(X: Any, frame: Frame, names: Sequence[str] | None, *, allow_extra: bool) -> RawTable:
    found = list(frame.columns)
    if names is not None:
        match_names(found, names, allow_extra=allow_extra)
    wanted = found if names is None else list(names)
    check_filled(len(frame), len(wanted))
    kind = kind_of(frame)
    if wanted != found and hasattr(X, "iloc"):
        position = {name: column for column, name in enumerate(found)}
        X = X.iloc[:, [position[name] for name in wanted]]
    elif wanted != found:
        X = frame.select(wanted).to_native()
    index = X.index if kind == "pandas" else None
    if kind == "pyarrow":
        X = _for_scikit_learn(X)
    return RawTable(X, tuple(wanted), kind, index, len(frame), len(wanted))


def _for_scikit_learn(table: Any) -> Any:
    """An Arrow table as a frame that all transformers take; in its own memory, as far as that goes."""
    if find_spec("pandas") is not None:
        # Metadata would turn columns into pandas' index, and split blocks need not be copied.
        return table.to_pandas(ignore_metadata=True, split_blocks=True)
    if find_spec("polars") is not None:
        import polars as pl

        return pl.from_arrow(table)
    raise ImportError(
        "A pipeline takes a pyarrow table only as a pandas or polars frame, and neither is installed. "
        "Install one, or pass an array."
    )


def _raw_series(X: Any, series: Series) -> RawTable:
    if not isinstance(series.dtype, nw.String | nw.Object):
        raise series_refused(series)
    if isinstance(series.dtype, nw.String):
        missing = series.is_null()
        if missing.any():
            row = int(missing.arg_true().item(0))
            raise _no_text(row, series.to_list()[row])
    else:
        values = series.to_numpy()
        if not _has_text(values):
            raise series_refused(series)
        _check_texts(values)
    kind = kind_of(series)
    table = _documents(X.to_pylist() if kind == "pyarrow" else X)
    name = (series.name,) if isinstance(series.name, str) and series.name else None
    return replace(table, names=name, kind=kind, index=X.index if kind == "pandas" else None)


def _raw_array(X: Any) -> RawTable:
    if isinstance(X, np.matrix):
        raise TypeError("X is a numpy.matrix, which scikit-learn does not take. Pass numpy.asarray(X).")
    if isinstance(X, list | tuple) and _has_text(X):
        _check_texts(X)
        return _documents(list(X))
    array = X if isinstance(X, np.ndarray) else _as_array(X)
    if np.ma.is_masked(array):
        row = np.argwhere(np.ma.getmaskarray(array))[0]
        raise ValueError(
            f"X has a masked value at {tuple(row.tolist())}, and scikit-learn does not look at masks. Pass "
            "X.filled(numpy.nan), and let a SimpleImputer be the first step."
        )
    if array.ndim == 1 and (array.dtype.kind in "UT" or (array.dtype.kind == "O" and _has_text(array))):
        _check_texts(array)
        return _documents(array)
    if array.shape == (0,):
        raise ValueError("Found 0 sample(s) (rows). Pass at least one.")
    if array.ndim != 2:
        raise _flat(array.shape)
    return _of_shape(array)


def _as_array(X: Any) -> NDArray[Any]:
    try:
        array = np.asarray(X)
        # Numbers beside text stay numbers.
        return np.asarray(X, dtype=object) if array.dtype.kind in "US" else array
    except ValueError as error:
        raise ValueError(
            f"X is no table, but a {type(X).__qualname__} whose rows differ in length or shape ({error}). "
            "Give each row the same columns, with NaN or None where a value is missing."
        ) from error


def _of_shape(native: Any) -> RawTable:
    n_rows, n_columns = native.shape
    if not n_rows or not n_columns:
        raise ValueError(
            f"Found an array with {n_rows} sample(s) (rows) and {n_columns} columns. "
            "Pass at least one of each."
        )
    return RawTable(native, None, None, None, n_rows, n_columns)


def _flat(shape: tuple[int, ...]) -> ValueError:
    return ValueError(
        f"X is not two-dimensional: its shape is {shape}. Pass X.reshape(-1, 1) if it is the only feature, "
        "X.reshape(1, -1) if it is one row, and one text for each row if they are documents."
    )


def _documents(texts: Any) -> RawTable:
    if not len(texts):
        raise ValueError("Found 0 sample(s) (documents). Pass at least one.")
    return RawTable(texts, None, None, None, len(texts), 1)


def _has_text(values: Any) -> bool:
    return any(issubclass(kind, str) for kind in set(map(type, values)))


def _check_texts(values: Any) -> None:
    others = {kind for kind in set(map(type, values)) if not issubclass(kind, str)}
    if others:
        raise _no_text(*next((row, value) for row, value in enumerate(values) if type(value) in others))


def _no_text(row: int, value: object) -> ValueError:
    return ValueError(
        f"X has no text in row {row}, but {shown(value)} ({type(value).__qualname__}), while other rows are "
        "texts. Put an empty text there, or leave the row out; for columns of text and numbers pass a frame."
    )
