"""Clusters of two clusterings of the same rows, matched."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from neonxai.arrays import Ints


def match_clusters(first: Ints, second: Ints, n_first: int, n_second: int) -> Ints:
    """Match each cluster of the first clustering to one of the second at most, so that most rows agree.

    Parameters
    ----------
    first, second : int array of shape (n_rows,)
        The clusters of the same rows, by position.
    n_first, n_second : int
        How many clusters there are.

    Returns
    -------
    int array of shape (n_first,)
        The position of the partner; −1 where there is none with a row in common.

    Examples
    --------
    >>> match_clusters(np.array([0, 0, 1, 2]), np.array([1, 1, 0, 0]), 3, 2)
    array([ 1,  0, -1])
    """
    table = csr_array((np.ones(len(first)), (first, second)), (n_first, n_second)).toarray()
    mine, others = linear_sum_assignment(table, maximize=True)
    partners = np.full(n_first, -1, dtype=np.intp)
    shared = table[mine, others] > 0
    partners[mine[shared]] = others[shared]
    return partners
