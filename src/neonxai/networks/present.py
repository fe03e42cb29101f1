"""Sums over what is present in rows in CSR."""

import numpy as np
from scipy.sparse import csr_array

from neonxai.arrays import Doubles, Ints

# As in `close_sums`: more than this share of Σ|R| is no rounding, and stays visible.
_ROUNDING = 1e-10


def close_present(relevance: Doubles, indptr: Ints, absent: Doubles, sums: Doubles) -> Doubles:
    """`close_sums` for rows in CSR: spread what rounding has left over what is present and absent, in place.

    Parameters
    ----------
    relevance : array of shape (n_present,)
        R_i. Changed.
    indptr : int array of shape (n_rows + 1,)
        Where each row begins.
    absent : array of shape (n_rows,)
        Changed.
    sums : array of shape (n_rows,)
        What relevance and absent should sum to.

    Returns
    -------
    array of shape (n_rows,)
        Σ_i |R_i| + |absent|.

    Examples
    --------
    >>> relevance, absent = np.array([3.0, -1.0]), np.array([0.5])
    >>> close_present(relevance, np.array([0, 2]), absent, np.array([2.5 + 9e-11]))
    array([4.5])
    >>> float(relevance.sum() + absent[0])
    2.50000000009
    """
    row = np.repeat(np.arange(len(absent)), np.diff(indptr))
    total: Doubles = np.abs(absent)
    total += np.bincount(row, np.abs(relevance), minlength=len(absent))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (sums - np.bincount(row, relevance, minlength=len(absent)) - absent) / total
    share[~(np.abs(share) <= _ROUNDING)] = 0.0
    relevance += np.abs(relevance) * share[row]
    absent += np.abs(absent) * share
    return total


def squared(X: csr_array) -> csr_array:
    """x² of what is present."""
    return csr_array((np.square(X.data, dtype=np.float64), X.indices, X.indptr), X.shape)


def roundings(X: csr_array) -> Doubles:
    """`rounding` of each row's own number of terms."""
    return np.asarray(np.finfo(np.float64).eps * (4 + np.sqrt(np.diff(X.indptr))))


def row_totals(X: csr_array, values: Doubles) -> Doubles:
    """Sums of each row's values."""
    row = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    return np.asarray(np.bincount(row, values, minlength=X.shape[0]), dtype=np.float64)


def subtract_by_row(sums: Doubles, row: Ints, values: Doubles) -> None:
    """Subtract values from their rows' sums, in place. ``row`` must be sorted."""
    first = np.flatnonzero(np.diff(row, prepend=-1))
    sums[row[first]] -= np.add.reduceat(values, first)


def places_of(X: csr_array, rows: Ints) -> Ints:
    """Where the entries of some rows are in X.data, row by row."""
    lengths = np.diff(X.indptr)[rows]
    before = np.cumsum(lengths) - lengths
    return np.repeat(X.indptr[rows] - before, lengths) + np.arange(lengths.sum())
