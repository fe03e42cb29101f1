"""Shapley values of tiles of rows: walks there and back with soft pooling."""

import numpy as np
from numba import njit

from neonxai.kernels.lanes import add, product_sums
from neonxai.kernels.running import finish, keep, settle
from neonxai.kernels.tiles import blocks_of, exponentials, gather, soft_value, stride_of
from neonxai.kernels.vectors import MOST_TOGETHER


@njit(error_model="numpy")
def _leave(
    blocks: np.ndarray, walk: np.ndarray, n_rivals: int, block: int, together: int, left: np.ndarray
) -> None:
    """Fill in what is left of a block after s features: left[s]."""
    last, most = len(walk) - 1, left.shape[1]
    slab = block * n_rivals * MOST_TOGETHER
    left[last] = blocks[walk[last], slab : slab + most]
    for s in range(last - 1, 0, -1):
        at = walk[s] * blocks.shape[1] + slab
        add(left, (s + 1) * most, blocks, at, left, s * most, n_rivals * together)


@njit(error_model="numpy")
def _way(
    walk: np.ndarray,
    of_rows: np.ndarray,
    rests: np.ndarray,
    left: np.ndarray,
    n: int,
    stride: int,
    weights: np.ndarray,
    start: int,
    together: int,
    beta: float,
    base: float,
    full: np.ndarray,
    present: np.ndarray,
    before: np.ndarray,
    gains: np.ndarray,
) -> None:
    """Walk one way, and add half of each gain."""
    n_rivals, n_features, size = len(rests), len(walk), len(present)
    present_exp, left_exp = np.empty(size), np.empty(left.shape[1])
    least_rows, least_left = np.empty(stride), np.empty(MOST_TOGETHER)
    sums, value = np.empty(MOST_TOGETHER * stride), np.zeros(stride)
    for k in range(n_rivals):
        present[k * stride : (k + 1) * stride] = rests[k]
    before[:] = base
    for s in range(1, n_features):
        added = of_rows[walk[s - 1]]
        for x in range(size):
            present[x] += added[x]
        exponentials(present, n_rivals, stride, beta, least_rows, present_exp)
        exponentials(left[s], n_rivals, together, beta, least_left, left_exp)
        product_sums(present_exp, left_exp, n_rivals, n, stride, 0, together, sums)
        soft_value(
            present, left[s], n_rivals, n, stride, 0, together, beta, least_rows, least_left, sums, weights,
            start, value,
        )  # fmt: skip
        gain = gains[walk[s - 1]]
        for r in range(n):
            gain[r] += 0.5 * (value[r] - before[r])
            before[r] = value[r]
    gain = gains[walk[n_features - 1]]
    for r in range(stride):
        gain[r] += 0.5 * (full[r] - before[r])


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def walk_rows_softly(
    terms: np.ndarray,
    rests: np.ndarray,
    weights: np.ndarray,
    starts: np.ndarray,
    walks: np.ndarray,
    ends: np.ndarray,
    beta: float,
    tol: float,
    fewest: int,
    values: np.ndarray,
    errors: np.ndarray,
) -> None:
    """Means over pairs of walks, and their standard errors.

    Parameters
    ----------
    terms, rests, weights, starts, walks, tol, fewest, values, errors
        As for `neonxai.kernels.walks.walk_rows`.
    ends : array of shape (n_background + n_rows,)
        Pooled evidence of background rows and rows.
    beta : float
        β of soft pooling.
    """
    n_rivals, n_features, n_both = terms.shape
    n_background = starts[-1]
    n_rows = n_both - n_background
    n_blocks, n_walks = walks.shape[0], walks.shape[1]
    stride = stride_of(n_rows, n_rivals, n_features)
    size = n_rivals * stride
    blocks = blocks_of(terms, starts)
    of_rows, present = np.empty((n_features, size)), np.empty(size)
    left = np.empty((n_features, n_rivals * MOST_TOGETHER))
    full, beyond, before = np.empty(stride), np.empty(stride), np.empty(stride)
    gains, mean = np.empty((n_features, stride)), np.empty((n_blocks, n_features, stride))
    spread = np.empty((n_features, stride))
    nothing = np.zeros(values.shape)
    where, kept = np.empty(stride, dtype=np.int64), np.empty(stride, dtype=np.int64)
    for first in range(0, n_rows, stride):
        n = min(stride, n_rows - first)
        gather(terms, n_background + first, n, stride, of_rows)
        full[:] = 0.0
        full[:n] = ends[n_background + first : n_background + first + n]
        mean[:] = 0.0
        spread[:] = 0.0
        where[:n] = np.arange(first, first + n)
        for count in range(1, n_walks + 1):
            for q in range(n_blocks):
                start, together = starts[q], starts[q + 1] - starts[q]
                weight, base = 0.0, 0.0
                for b in range(start, start + together):
                    weight += weights[b]
                    base += weights[b] * ends[b]
                for r in range(stride):
                    beyond[r] = weight * full[r]
                gains[:] = 0.0
                walk = walks[q, count - 1]
                for way in range(2):
                    order = walk if way == 0 else walk[::-1]
                    _leave(blocks, order, n_rivals, q, together, left)
                    _way(
                        order, of_rows, rests, left, n, stride, weights, start, together, beta, base,
                        beyond, present, before, gains,
                    )  # fmt: skip
                settle(gains.ravel(), mean[q].ravel(), spread.ravel(), count)
            if count < n_walks and (tol == 0.0 or count < fewest):
                continue
            enough = np.inf if count == n_walks else tol
            some = kept[
                : finish(mean, spread, count, enough, where[:n], nothing, values, errors, gains, kept)
            ]
            if len(some) == 0:
                break
            if len(some) < n:
                keep(of_rows.reshape(-1, stride), some)
                keep(mean.reshape(-1, stride), some)
                keep(spread, some)
                keep(full.reshape(1, -1), some)
                keep(where.reshape(1, -1), some)
                n = len(some)
