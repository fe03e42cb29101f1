"""Values on their way through a pipeline: computed when somebody asks for them, and as numbers."""

from collections.abc import Callable
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from neonxai.arrays import Doubles, Ints, Values


class Lazy:
    """A value that is computed when it is first asked for.

    An affine step's output is not needed where its map has been folded into the network.
    """

    def __init__(self, compute: Callable[[], Any]) -> None:
        self._compute: Callable[[], Any] | None = compute
        self._value: Any = None

    def get(self) -> Any:
        """Return the value."""
        if self._compute is not None:
            self._value, self._compute = self._compute(), None
        return self._value


def as_numbers(values: Any) -> Values:
    """Return a transformer's output, or a frame of numbers, as float64, dense or CSR.

    Raises
    ------
    ValueError, TypeError
        If it holds text.
    """
    if issparse(values):
        result = csr_array(values, dtype=np.float64)
        if not result.has_canonical_format:
            result = result.copy()
            result.sum_duplicates()
        return result
    frame = nw.from_native(values, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        values = frame.to_numpy()
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[:, None] if numbers.ndim == 1 else numbers


def side_by_side(parts: list[Values]) -> Values:
    """Values in a row, of one part without a copy; sparse where the wider share of them is."""
    if len(parts) == 1:
        return parts[0]
    wide = sum(part.shape[1] for part in parts if issparse(part))
    if 2 * wide > sum(part.shape[1] for part in parts) and wide > 256:
        return csr_array(hstack([csr_array(part) for part in parts]))
    return np.hstack([dense(part) for part in parts])


def columns_of(values: Any, columns: Ints) -> Any:
    """Some columns of values of any kind."""
    frame = nw.from_native(values, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return frame[:, columns.tolist()].to_native()
    return values[:, columns] if getattr(values, "ndim", 1) > 1 else values


def copied(values: Any) -> Any:
    """A copy that may be written to."""
    if isinstance(values, list):
        return list(values)
    return values.clone() if hasattr(values, "clone") else values.copy()


def texts(values: Any) -> NDArray[Any]:
    """Values of any kind as an array of shape (n_rows, n_columns): numbers where they are, else objects."""
    try:
        numbers = dense(as_numbers(values))
    except (TypeError, ValueError):
        frame = nw.from_native(values, pass_through=True, allow_series=True)
        numbers = np.asarray(frame.to_numpy() if hasattr(frame, "to_numpy") else values, dtype=object)
    return numbers.reshape(len(numbers), -1)


def dense(values: Values) -> Doubles:
    """Values as an array."""
    return np.asarray(values) if isinstance(values, np.ndarray) else np.asarray(values.toarray())


def rolled(X: Any, column: int) -> Any:
    """Return rows with one column moved on by one row; changed, where all its numbers are the same.

    Parameters
    ----------
    X : array, sparse array or data frame of shape (n_rows, n_columns)
        Left untouched.
    column : int
        Which.

    Examples
    --------
    >>> rolled(np.array([[1, 4], [2, 5], [3, 6]]), 1)
    array([[1, 6],
           [2, 4],
           [3, 5]])
    """
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        series = frame[:, column]
        if frame.schema.dtypes()[column].is_numeric() and series.n_unique() == 1:
            moved = series + (1 + abs(series[0])) if series[0] is not None else series
        else:
            moved = series[np.roll(np.arange(len(frame)), 1).tolist()]
        if frame.implementation.is_pandas():  # whose columns may have any labels
            native = frame.to_native().copy()
            native.isetitem(column, moved.to_native().array)
            return native
        return frame.with_columns(moved.alias(frame.columns[column])).to_native()
    array = X.toarray() if issparse(X) else X.copy()
    values = array[:, column]
    if array.dtype.kind in "iuf" and np.all(values == values[0]):
        array[:, column] = values + (1 + abs(values[0]))
    else:
        array[:, column] = np.roll(values, 1)
    return type(X)(array) if issparse(X) else array
