"""Shapley values of tiles of rows: walks through permutations, there and back."""

import math

import numpy as np
from numba import njit

from neonxai.kernels.lanes import MOST_TOGETHER, add, product_sums, switch
from neonxai.kernels.tiles import blocks_of, exponentials, gather, soft_value, stride_of


@njit(error_model="numpy")
def _base(
    blocks: np.ndarray,
    starts: np.ndarray,
    weights: np.ndarray,
    rests: np.ndarray,
    beta: float,
    bases: np.ndarray,
) -> None:
    """v(∅) of each block of background rows."""
    n_rivals = len(rests)
    for q in range(len(starts) - 1):
        together = starts[q + 1] - starts[q]
        bases[q] = 0.0
        for b in range(together):
            least = np.inf
            h = np.zeros(n_rivals)
            for k in range(n_rivals):
                for i in range(len(blocks)):
                    h[k] += blocks[i, q * n_rivals * MOST_TOGETHER + k * together + b]
                h[k] += rests[k]
                least = min(least, h[k])
            bases[q] += weights[starts[q] + b] * _pooled(h, least, beta)


@njit(error_model="numpy")
def _pooled(h: np.ndarray, least: float, beta: float) -> float:
    """Pooled evidence; by its minimum where β is 0."""
    if beta == 0.0:
        return least
    total = 0.0
    for k in range(len(h)):
        total += math.exp(-beta * (h[k] - least))
    return least - math.log(total) / beta


@njit(error_model="numpy")
def _full(
    of_rows: np.ndarray, rests: np.ndarray, beta: float, stride: int, totals: np.ndarray, full: np.ndarray
) -> None:
    """V of all features, for each row of a tile, and what is present of it there and back together."""
    n_rivals = len(rests)
    h = np.empty(n_rivals)
    totals[:] = 0.0
    for added in of_rows:
        for x in range(len(totals)):
            totals[x] += added[x]
    for r in range(stride):
        least = np.inf
        for k in range(n_rivals):
            h[k] = totals[k * stride + r] + rests[k]
            least = min(least, h[k])
            totals[k * stride + r] = h[k] + rests[k]
        full[r] = _pooled(h, least, beta)


@njit(error_model="numpy")
def _leave(
    blocks: np.ndarray, walk: np.ndarray, n_rivals: int, block: int, together: int, left: np.ndarray
) -> None:
    """Fill in what is left of a block after s features: left[s, 0] there, left[s, 1] back."""
    last, half, width = len(walk) - 1, left.shape[2], n_rivals * together
    slab = block * n_rivals * MOST_TOGETHER
    left[last, 0] = blocks[walk[last], slab : slab + half]
    for s in range(last - 1, 0, -1):
        at = walk[s] * blocks.shape[1] + slab
        add(left, 2 * (s + 1) * half, blocks, at, left, 2 * s * half, width)
    left[1, 1] = blocks[walk[0], slab : slab + half]
    for s in range(1, last):
        at = walk[s] * blocks.shape[1] + slab
        add(left, (2 * s + 1) * half, blocks, at, left, (2 * s + 3) * half, width)


@njit(error_model="numpy")
def _pair_least(
    walk: np.ndarray,
    of_rows: np.ndarray,
    totals: np.ndarray,
    rests: np.ndarray,
    left: np.ndarray,
    n: int,
    stride: int,
    weights: np.ndarray,
    start: int,
    together: int,
    beyond: np.ndarray,
    present: np.ndarray,
    before: np.ndarray,
    gains: np.ndarray,
) -> None:
    """Walk there and back with min-pooling, adding half of each gain; ``beyond`` is v of all less of none."""
    n_rivals, n_features = len(rests), len(walk)
    for k in range(n_rivals):
        present[k * stride : (k + 1) * stride] = rests[k]
    for r in range(stride):
        before[r] = -beyond[r]
    for s in range(1, n_features):
        switch(
            present, totals, of_rows, walk[s - 1], left, s, n_rivals, n, stride, weights, start, together,
            before, gains,
        )  # fmt: skip
    gain = gains[walk[n_features - 1]]
    for r in range(stride):
        gain[r] += 0.5 * (beyond[r] - before[r])


@njit(error_model="numpy")
def _way_soft(
    walk: np.ndarray,
    of_rows: np.ndarray,
    rests: np.ndarray,
    left: np.ndarray,
    way: int,
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
    """Walk one way with soft pooling, and add half of each gain."""
    n_rivals, n_features, size = len(rests), len(walk), len(present)
    present_exp, left_exp = np.empty(size), np.empty(left.shape[2])
    least_rows, least_left = np.empty(stride), np.empty(MOST_TOGETHER)
    sums, value = np.empty(MOST_TOGETHER * stride), np.zeros(stride)
    for k in range(n_rivals):
        present[k * stride : (k + 1) * stride] = rests[k]
    before[:] = base
    for s in range(1, n_features):
        added, there = of_rows[walk[s - 1]], left[s if way == 0 else n_features - s, way]
        for x in range(size):
            present[x] += added[x]
        exponentials(present, n_rivals, stride, beta, least_rows, present_exp)
        exponentials(there, n_rivals, together, beta, least_left, left_exp)
        product_sums(present_exp, left_exp, n_rivals, n, stride, 0, together, sums)
        soft_value(
            present, there, n_rivals, n, stride, 0, together, beta, least_rows, least_left, sums, weights,
            start, value,
        )  # fmt: skip
        gain = gains[walk[s - 1]]
        for r in range(n):
            gain[r] += 0.5 * (value[r] - before[r])
            before[r] = value[r]
    gain = gains[walk[n_features - 1]]
    for r in range(stride):
        gain[r] += 0.5 * (full[r] - before[r])


@njit(error_model="numpy", fastmath={"contract"})
def _settle(gains: np.ndarray, mean: np.ndarray, spread: np.ndarray, share: float) -> None:
    """Take the gains of the j-th pair of walks into their mean and sum of squares; share = 1 / j."""
    for x in range(len(gains)):
        difference = gains[x] - mean[x]
        new = mean[x] + difference * share
        spread[x] += difference * (gains[x] - new)
        mean[x] = new


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def walk_rows(
    terms: np.ndarray,
    rests: np.ndarray,
    weights: np.ndarray,
    starts: np.ndarray,
    walks: np.ndarray,
    beta: float,
    tol: float,
    fewest: int,
    values: np.ndarray,
    errors: np.ndarray,
) -> float:
    """Means over pairs of walks, and their standard errors.

    Parameters
    ----------
    terms : array of shape (n_rivals, n_features, n_background + n_rows)
        What background rows and rows add to the evidence.
    rests : array of shape (n_rivals,)
        What belongs to no feature.
    weights : array of shape (n_background,)
        Of background rows.
    starts : int array of shape (n_blocks + 1,)
        First background rows of the blocks, none of more than 8, and their number.
    walks : int array of shape (n_blocks, n_permutations, n_features)
        The permutations of each block.
    beta : float
        β of soft pooling; 0 for min-pooling.
    tol : float
        Rows stop when the standard error is below ``tol`` times Σ|R|; 0 for never.
    fewest : int
        How many pairs of walks they do before.
    values, errors : arrays of shape (n_rows, n_features)
        Get the results.

    Returns
    -------
    float
        The base value.
    """
    n_rivals, n_features, n_both = terms.shape
    n_background = starts[-1]
    n_rows = n_both - n_background
    n_blocks, n_walks = walks.shape[0], walks.shape[1]
    stride = stride_of(n_rows, n_rivals, n_features)
    size, most = n_rivals * stride, n_rivals * MOST_TOGETHER
    soft = beta > 0.0
    blocks, bases = blocks_of(terms, starts), np.empty(n_blocks)
    _base(blocks, starts, weights, rests, beta, bases)
    of_rows, totals, present = np.empty((n_features, size)), np.empty(size), np.empty(size)
    left = np.empty((n_features, 2, most))
    full, beyond, before = np.empty(stride), np.empty(stride), np.empty(stride)
    gains, mean = np.empty((n_features, stride)), np.empty((n_blocks, n_features, stride))
    spread = np.empty((n_features, stride))
    largest, relevance = np.empty(stride), np.empty(stride)
    where = np.empty(stride, dtype=np.int64)
    for first in range(0, n_rows, stride):
        n = min(stride, n_rows - first)
        gather(terms, n_background + first, n, stride, of_rows)
        _full(of_rows, rests, beta, stride, totals, full)
        mean[:] = 0.0
        spread[:] = 0.0
        for r in range(n):
            where[r] = first + r
        for j in range(n_walks):
            for q in range(n_blocks):
                start, together = starts[q], starts[q + 1] - starts[q]
                total_weight = 0.0
                for b in range(together):
                    total_weight += weights[start + b]
                gains[:] = 0.0
                walk = walks[q, j]
                _leave(blocks, walk, n_rivals, q, together, left)
                if soft:
                    for r in range(stride):
                        beyond[r] = total_weight * full[r]
                    for way in range(2):
                        _way_soft(
                            walk if way == 0 else walk[::-1], of_rows, rests, left, way, n, stride, weights,
                            start, together, beta, bases[q], beyond, present, before, gains,
                        )  # fmt: skip
                else:
                    for r in range(stride):
                        beyond[r] = total_weight * full[r] - bases[q]
                    _pair_least(
                        walk, of_rows, totals, rests, left, n, stride, weights, start, together, beyond,
                        present, before, gains,
                    )  # fmt: skip
                share = 1.0 / (j + 1.0)
                _settle(gains.ravel(), mean[q].ravel(), spread.ravel(), share)
            count = j + 1
            last = count == n_walks
            if not last and (tol == 0.0 or count < fewest):
                continue
            largest[:] = 0.0
            relevance[:] = 0.0
            scale = 1.0 / (count * (count - 1.0))
            for i in range(n_features):
                for r in range(stride):
                    total = 0.0
                    for q in range(n_blocks):
                        total += mean[q, i, r]
                    gains[i, r] = total
                    relevance[r] += abs(total)
                    largest[r] = max(largest[r], spread[i, r] * scale)
            kept = 0
            for r in range(n):
                if last or math.sqrt(largest[r]) < tol * relevance[r]:
                    row = where[r]
                    for i in range(n_features):
                        values[row, i] = gains[i, r]
                        errors[row, i] = math.sqrt(spread[i, r] * scale)
                    continue
                if kept < r:
                    where[kept], full[kept] = where[r], full[r]
                    for k in range(n_rivals):
                        totals[k * stride + kept] = totals[k * stride + r]
                    for i in range(n_features):
                        spread[i, kept] = spread[i, r]
                        for q in range(n_blocks):
                            mean[q, i, kept] = mean[q, i, r]
                        for k in range(n_rivals):
                            of_rows[i, k * stride + kept] = of_rows[i, k * stride + r]
                kept += 1
            n = kept
            if n == 0:
                break
    base: float = bases.sum()
    return base
