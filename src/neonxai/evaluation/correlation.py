"""How alike two explanations of the same rows are."""

import numpy as np
from scipy.stats import rankdata

from neonxai.arrays import Doubles

_TILE_VALUES = 1 << 20


def row_correlations(first: Doubles, second: Doubles) -> Doubles:
    """Spearman's correlation of each row with the same row of another array; NaN where one is constant.

    Parameters
    ----------
    first, second : array of shape (n_rows, n_features)
        Relevance.

    Returns
    -------
    array of shape (n_rows,)

    Examples
    --------
    >>> row_correlations(np.array([[1.0, 2.0, 3.0]] * 2), np.array([[2.0, 4.0, 9.0], [3.0, 2.0, 1.0]]))
    array([ 1., -1.])
    """
    found = np.empty(len(first))
    size = max(1, _TILE_VALUES // max(1, first.shape[1]))
    for start in range(0, len(first), size):
        rows = slice(start, start + size)
        a, b = _centered_ranks(first[rows]), _centered_ranks(second[rows])
        scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
        with np.errstate(invalid="ignore"):
            found[rows] = (a * b).sum(axis=1) / np.where(scale > 0, scale, np.nan)
    return np.clip(found, -1.0, 1.0)


def mean_of_known(values: Doubles) -> float:
    """The mean of those that are no NaN; NaN if there is none.

    Examples
    --------
    >>> mean_of_known(np.array([1.0, np.nan, 0.0]))
    0.5
    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _centered_ranks(values: Doubles) -> Doubles:
    ranks: Doubles = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    return ranks
