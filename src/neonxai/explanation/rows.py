"""Which rows of an explanation are meant."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonxai.tensors import host_copy


def row_key(rows: Any, n_samples: int) -> slice | NDArray[Any]:
    """What an explanation was indexed by, as a slice, a mask or an array of indices.

    Parameters
    ----------
    rows : int, slice or array-like
        Which rows; an array of any library.
    n_samples : int
        How many there are.

    Raises
    ------
    IndexError
        If it does not choose rows.

    Examples
    --------
    >>> row_key(2, 5), row_key([True, False], 2)
    (array([2]), array([ True, False]))
    """
    if isinstance(rows, tuple):
        raise IndexError("An explanation is indexed by rows alone; index its relevance for features.")
    if isinstance(rows, int | np.integer) and not -n_samples <= rows < n_samples:
        raise IndexError(f"Row {rows} is out of range: there are {n_samples} rows.")
    if isinstance(rows, slice):
        return rows
    key = np.atleast_1d(np.asarray(host_copy(rows)))
    if not key.size:
        key = key.astype(np.intp)  # an empty list is no list of floats
    if key.ndim != 1 or key.dtype.kind not in "biu":
        raise IndexError(
            f"Rows are chosen by an index, a slice, a mask, or one list of indices; not by an array "
            f"of shape {key.shape} and dtype {key.dtype}."
        )
    return key
