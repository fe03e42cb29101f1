"""Conservation to the last digits."""

import numpy as np
from numpy.typing import NDArray

# What rounding may leave over, as a share of Σ|R_i|: the accuracy that every family promises. More than this
# is no rounding, and stays visible in `Explanation.conservation_error`.
_ROUNDING = 1e-10


def close_sums(relevance: NDArray[np.float64], sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spread what rounding has left between Σ_i R_i and the evidence over the features, in place.

    Evidence and relevance come from different expressions, each with its own rounding error. Every R_i moves
    by the same share of |R_i|, less than 1e-10, so that the row sums up within a few ulp.

    Parameters
    ----------
    relevance : array of shape (n_rows, n_features)
        R_i. Changed.
    sums : array of shape (n_rows,)
        What the relevances should sum to.

    Returns
    -------
    array of shape (n_rows,)
        Σ_i |R_i|.

    Examples
    --------
    >>> relevance = np.array([[3.0, -1.0], [3.0, -1.0]])
    >>> close_sums(relevance, np.array([2.0 + 4e-11, 2.1]))  # rounding, and a fault that is left as it is
    array([4., 4.])
    >>> relevance - [3.0, -1.0] > 0
    array([[ True,  True],
           [False, False]])
    """
    magnitudes = np.abs(relevance)
    total: NDArray[np.float64] = magnitudes.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (sums - relevance.sum(axis=1)) / total
    share[~(np.abs(share) <= _ROUNDING)] = 0.0  # also where nothing is to be shared: 0 / 0
    magnitudes *= share[:, None]
    relevance += magnitudes
    return total
