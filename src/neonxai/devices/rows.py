"""Picking and replacing: what NumPy does by indices in place, without changing an array."""

from typing import Any

from neonxai.tensors import Operations


def is_column(ops: Operations, n_columns: int, of_row: Any) -> Any:
    """Where each row's own column is: bool array of shape (n_rows, n_columns).

    Parameters
    ----------
    ops : Operations
        Of the arrays' library.
    n_columns : int
        How many there are.
    of_row : int array of shape (n_rows,)
        One for each row.
    """
    return ops.arange(n_columns)[None, :] == of_row[:, None]


def pick(ops: Operations, values: Any, of_row: Any) -> Any:
    """The value in each row's own column, shape (n_rows,).

    Parameters
    ----------
    ops, of_row
        As for `is_column`.
    values : float array of shape (n_rows, n_columns)
        Numbers; infinite ones too.
    """
    xp = ops.namespace
    return xp.sum(xp.where(is_column(ops, values.shape[1], of_row), values, 0.0), axis=1)


def replace_rows(ops: Operations, values: Any, mask: Any, new: Any) -> Any:
    """The values, with new rows where the mask is true.

    Parameters
    ----------
    ops : Operations
        Of the arrays' library.
    values : array of shape (n_rows, ...)
        Numbers.
    mask : bool array of shape (n_rows,)
        Which to replace.
    new : array of shape (n_true, ...)
        What by, in order.
    """
    n = values.shape[0]
    place = n - 1 + ops.running_sum(ops.cast(mask, "int64"))
    return ops.take(ops.concatenate([values, new]), ops.namespace.where(mask, place, ops.arange(n)))


def where_true(ops: Operations, mask: Any) -> Any:
    """The indices where a mask of shape (n_rows,) is true."""
    return ops.nonzero(mask)[0]


def count(ops: Operations, mask: Any) -> Any:
    """How many are true in each row of a mask, shape (n_rows,)."""
    return ops.namespace.sum(ops.cast(mask, "float64"), axis=1)


def most(ops: Operations, mask: Any) -> int:
    """How many are true in the row of a mask that has the most."""
    return int(ops.largest(count(ops, mask))) if mask.shape[0] else 0
