"""Running means over pairs of walks, their spread, and the rows of a tile that are done."""

import math

import numpy as np
from numba import njit


@njit(error_model="numpy", fastmath={"contract"})
def settle(gains: np.ndarray, mean: np.ndarray, spread: np.ndarray, count: int) -> None:
    """Take the gains of the count-th pair of walks of a block into its mean, and into the sum of squares."""
    share = 1.0 / count
    for x in range(len(gains)):
        difference = gains[x] - mean[x]
        new = mean[x] + difference * share
        spread[x] += difference * (gains[x] - new)
        mean[x] = new


@njit(error_model="numpy")
def finish(
    mean: np.ndarray,
    spread: np.ndarray,
    count: int,
    tol: float,
    where: np.ndarray,
    exact: np.ndarray,
    values: np.ndarray,
    errors: np.ndarray,
    found: np.ndarray,
    kept: np.ndarray,
) -> int:
    """Write down the rows that are done after some pairs of walks; the others go to ``kept``: how many.

    Parameters
    ----------
    mean : array of shape (n_blocks, n_features, stride)
        What each block of background rows makes of a feature.
    spread : array of shape (n_features, stride)
        Sum of squared differences over walks and blocks.
    count : int
        Pairs of walks.
    tol : float
        A row is done when its largest standard error is below ``tol`` times Σ|R|; infinity for all.
    where : int array of shape (n,)
        Which rows they are.
    exact : array of shape (n_rows, n_features)
        What is to be added to the values.
    values, errors : arrays of shape (n_rows, n_features)
        Get the results.
    found : array of shape (n_features, stride)
        Scratch.
    kept : int array of shape (n,)
        Gets the places in the tile of those that go on.
    """
    n_blocks, n_features, stride = mean.shape
    scale, n = 1.0 / (count * (count - 1.0)), 0
    relevance, largest = np.zeros(stride), np.zeros(stride)
    for i in range(n_features):
        for r in range(stride):
            total = 0.0
            for q in range(n_blocks):
                total += mean[q, i, r]
            if r < len(where):
                total += exact[where[r], i]
            found[i, r] = total
            relevance[r] += abs(total)
            largest[r] = max(largest[r], spread[i, r])
    for r in range(len(where)):
        if tol < np.inf and not math.sqrt(largest[r] * scale) < tol * relevance[r]:
            kept[n] = r
            n += 1
            continue
        for i in range(n_features):
            values[where[r], i] = found[i, r]
            errors[where[r], i] = math.sqrt(spread[i, r] * scale)
    return n


@njit(error_model="numpy")
def keep(table: np.ndarray, kept: np.ndarray) -> None:
    """Move the columns ``kept`` to the front of each row of a table."""
    for row in table:
        for new in range(len(kept)):
            row[new] = row[kept[new]]
