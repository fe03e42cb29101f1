"""The rows that were explained, whatever holds them: an array, rows in CSR, a frame, or a list of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from neonxai.tensors import namespace_of, take_rows


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes
    ----------
    values : array of shape (n_rows,)
        Integers or floats, or else objects.
    missing : bool array of shape (n_rows,)
        Where nothing is: None, NaN, NaT, null.
    """

    values: NDArray[Any]
    missing: NDArray[np.bool_]

    @property
    def is_numbers(self) -> bool:
        """Whether all that is there is a number."""
        return self.values.dtype.kind in "iuf"


def n_rows(data: Any) -> int:
    """Number of rows."""
    return int(data.shape[0]) if hasattr(data, "shape") else len(data)


def n_columns(data: Any) -> int:
    """Number of columns; documents, one text in each row, are one."""
    return int(data.shape[1]) if len(getattr(data, "shape", ())) == 2 else 1


def column_names(data: Any) -> list[str] | None:
    """The names of a frame's columns; None for anything else."""
    seen = nw.from_native(data, pass_through=True, allow_series=True)
    return [str(name) for name in seen.columns] if isinstance(seen, nw.DataFrame) else None


def take(data: Any, rows: slice | NDArray[Any]) -> Any:
    """Some rows, in the form that the data has.

    Parameters
    ----------
    data : array, csr_array, frame, series or list
        Rows.
    rows : slice or array
        A slice, a mask or indices.

    Examples
    --------
    >>> take(["to be", "or not", "to be"], slice(1, None))
    ['or not', 'to be']
    """
    if isinstance(data, np.ndarray) or issparse(data) or namespace_of(data) is not None:
        return take_rows(data, rows)
    positions = np.arange(n_rows(data))[rows]
    if isinstance(data, list | tuple):
        return [data[i] for i in positions]
    return nw.from_native(data, allow_series=True)[positions].to_native()


def column(data: Any, position: int) -> Column:
    """One column of the data.

    Examples
    --------
    >>> column(np.array([["red", 1], [None, 2]], dtype=object), 0).missing
    array([False,  True])
    >>> column(np.array([["red", 1], [None, 2]], dtype=object), 1).values
    array([1., 2.])
    """
    if issparse(data):
        values = data[:, [position]].toarray()[:, 0]
    elif isinstance(data, np.ndarray):
        values = data[:, position] if data.ndim == 2 else data
    elif isinstance(data, list | tuple):
        values = np.empty(len(data), dtype=object)
        values[:] = data
    else:
        seen = nw.from_native(data, allow_series=True)
        return _of_series(seen[:, position] if isinstance(seen, nw.DataFrame) else seen)
    if values.dtype.kind == "f":
        return Column(values, np.isnan(values))
    if values.dtype.kind in "iu":
        return Column(values, np.zeros(len(values), dtype=bool))
    return _of_objects(values.astype(object))


def _of_series(series: "nw.Series[Any]") -> Column:
    null = np.asarray(series.is_null().to_numpy(), dtype=bool)
    if not series.dtype.is_numeric():
        return _of_objects(np.array([*series.to_list(), None], dtype=object)[:-1], null)
    if null.any() or not series.dtype.is_integer():
        series = series.cast(nw.Float32 if series.dtype == nw.Float32 else nw.Float64)
    values = np.asarray(series.to_numpy())
    return Column(values, null | np.isnan(values) if values.dtype.kind == "f" else null)


def _of_objects(values: NDArray[np.object_], null: NDArray[np.bool_] | None = None) -> Column:
    missing = np.zeros(len(values), dtype=bool) if null is None else null.copy()
    there = np.flatnonzero(~missing)
    missing[there] = [_is_nothing(value) for value in values[there]]
    kinds = set(map(type, values[~missing]))
    if kinds and all(issubclass(kind, int | float | np.number) for kind in kinds) and bool not in kinds:
        return Column(np.where(missing, np.nan, values).astype(np.float64), missing)
    return Column(values, missing)


def _is_nothing(value: Any) -> bool:
    # pandas' NA has no truth value, so that it can't be asked whether it differs from itself, as NaN does.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)  # noqa: PLR0124


def values_of(data: Any, row: int, columns: Sequence[int]) -> list[Any]:
    """Some cells of one row, None where nothing is.

    Parameters
    ----------
    data : array, csr_array, frame, series or list
        Rows.
    row : int
        The position of the row.
    columns : sequence of int
        The positions of the columns.

    Examples
    --------
    >>> values_of(np.array([[1.0, np.nan], [3.0, 4.0]]), 0, [1, 0])
    [None, 1.0]
    """
    one = take(data, np.array([row]))
    cells = [column(one, position) for position in columns]
    return [None if cell.missing[0] else cell.values.tolist()[0] for cell in cells]


def as_matrix(data: Any) -> Any:
    """All as finite numbers: the array or csr_array itself, a frame's values, or None if they are not."""
    if issparse(data):
        return data
    if not (isinstance(data, np.ndarray) and data.ndim == 2 and data.dtype.kind in "iuf"):
        columns = [column(data, position) for position in range(n_columns(data))]
        if not all(c.is_numbers for c in columns):
            return None
        data = np.column_stack([c.values for c in columns])
    return data if np.isfinite(data).all() else None


def as_array(data: Any) -> NDArray[Any]:
    """All cells, shape (n_rows, n_columns): numbers where there is nothing else, otherwise objects.

    Examples
    --------
    >>> as_array(["to be", "or not"])
    array([['to be'],
           ['or not']], dtype=object)
    """
    if issparse(data):
        return np.asarray(data.toarray())
    if isinstance(data, np.ndarray) and data.ndim == 2:
        return data
    columns = [column(data, position) for position in range(n_columns(data))]
    cells = [
        c.values if c.is_numbers else np.where(c.missing, np.array(None, dtype=object), c.values)
        for c in columns
    ]
    kind = None if all(c.is_numbers for c in columns) else object
    return np.column_stack([np.asarray(values, dtype=kind) for values in cells])
