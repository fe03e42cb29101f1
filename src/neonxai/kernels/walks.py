"""Shapley values of tiles of rows: walks there and back with min-pooling, in whole numbers."""

import numpy as np
from numba import njit

from neonxai.kernels.running import finish, keep, settle
from neonxai.kernels.switching import WHOLE_LANES, switch
from neonxai.kernels.vectors import MOST_TOGETHER

_ROWS = 64  # in a tile
_TILE_VALUES = 1 << 18  # of what rows add to the evidence: 1 MiB, unless sixteen rows are more


@njit(error_model="numpy")
def _stride_of(n_rows: int, n_rivals: int, n_features: int) -> int:
    """How many rows a tile has room for: a multiple of the vectors' length."""
    room = _TILE_VALUES // (n_rivals * n_features) // WHOLE_LANES * WHOLE_LANES
    return max(WHOLE_LANES, min(_ROWS, room, -(-n_rows // WHOLE_LANES) * WHOLE_LANES))


@njit(error_model="numpy")
def _blocks_of(terms: np.ndarray, origin: np.ndarray, starts: np.ndarray, per_unit: float) -> np.ndarray:
    """Background block by block: from [i, 8 q n_rivals] on n_rivals rows of its background rows; then 0."""
    n_rivals, n_features, _ = terms.shape
    n_blocks = len(starts) - 1
    blocks = np.zeros((n_features, n_blocks * n_rivals * MOST_TOGETHER), dtype=np.int32)
    for i in range(n_features):
        for k in range(n_rivals):
            for q in range(n_blocks):
                together = starts[q + 1] - starts[q]
                offset = (q * MOST_TOGETHER) * n_rivals + k * together
                for b in range(together):
                    apart = terms[k, i, starts[q] + b] - origin[k, i]
                    blocks[i, offset + b] = np.int32(np.rint(apart * per_unit))
    return blocks


@njit(error_model="numpy")
def _bases_of(
    blocks: np.ndarray, starts: np.ndarray, weights: np.ndarray, rests: np.ndarray, bases: np.ndarray
) -> None:
    """v(∅) of each block of background rows."""
    n_rivals, totals = len(rests), np.zeros(blocks.shape[1], dtype=np.int32)
    for block in blocks:
        for x in range(len(totals)):
            totals[x] += block[x]
    for q in range(len(bases)):
        together, slab = starts[q + 1] - starts[q], q * n_rivals * MOST_TOGETHER
        bases[q] = 0.0
        for b in range(together):
            least = totals[slab + b] + rests[0]
            for k in range(1, n_rivals):
                least = min(least, totals[slab + k * together + b] + rests[k])
            bases[q] += weights[starts[q] + b] * least


@njit(error_model="numpy")
def _gather(
    terms: np.ndarray,
    origin: np.ndarray,
    rests: np.ndarray,
    start: int,
    n: int,
    stride: int,
    per_unit: float,
    of_rows: np.ndarray,
    totals: np.ndarray,
    full: np.ndarray,
) -> None:
    """Take a tile of rows: of_rows[i, k · stride + r] is terms[k, i, start + r] in units, and 0 beyond.

    ``totals`` gets what is present of them there and back together, ``full`` v of all features.
    """
    n_rivals, n_features, _ = terms.shape
    totals[:] = 0
    for i in range(n_features):
        for k in range(n_rivals):
            source = terms[k, i, start : start + n]
            target = of_rows[i, k * stride : (k + 1) * stride]
            total = totals[k * stride : (k + 1) * stride]
            for r in range(n):
                target[r] = np.int32(np.rint((source[r] - origin[k, i]) * per_unit))
                total[r] += target[r]
            target[n:] = 0
    for r in range(stride):
        least = totals[r] + rests[0]
        for k in range(n_rivals):
            least = min(least, totals[k * stride + r] + rests[k])
            totals[k * stride + r] += 2 * rests[k]
        full[r] = least


@njit(error_model="numpy")
def _leave(
    blocks: np.ndarray, walk: np.ndarray, n_rivals: int, block: int, together: int, left: np.ndarray
) -> None:
    """Fill in what is left of a block after s features: left[s, 0] there, left[s, 1] back."""
    last, width = len(walk) - 1, n_rivals * together
    slab = block * n_rivals * MOST_TOGETHER
    left[last, 0, :width] = blocks[walk[last], slab : slab + width]
    for s in range(last - 1, 0, -1):
        more, now, further = left[s + 1, 0], left[s, 0], blocks[walk[s], slab:]
        for x in range(width):
            now[x] = more[x] + further[x]
    left[1, 1, :width] = blocks[walk[0], slab : slab + width]
    for s in range(1, last):
        more, now, further = left[s, 1], left[s + 1, 1], blocks[walk[s], slab:]
        for x in range(width):
            now[x] = more[x] + further[x]


@njit(error_model="numpy")
def _walk(
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
    """Walk there and back, adding the gains of both; ``beyond`` is v of all less of none."""
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
        gain[r] += beyond[r] - before[r]


@njit(nogil=True, cache=True, error_model="numpy")
def reaches(terms: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """As `neonxai.networks.units.reaches`, to the last bit."""
    n_rivals, n_features, n_rows = terms.shape
    most, total = np.zeros(n_rows), np.empty(n_rows)
    for k in range(n_rivals):
        total[:] = 0.0
        for i in range(n_features):
            row, of_origin = terms[k, i], origin[k, i]
            for r in range(n_rows):
                total[r] += abs(row[r] - of_origin)
        for r in range(n_rows):
            most[r] = max(most[r], total[r])
    return most


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def walk_rows(
    terms: np.ndarray,
    origin: np.ndarray,
    rests: np.ndarray,
    weights: np.ndarray,
    starts: np.ndarray,
    walks: np.ndarray,
    unit: float,
    tol: float,
    fewest: int,
    values: np.ndarray,
    errors: np.ndarray,
) -> None:
    """Means over pairs of walks, and their standard errors, of the game in units.

    Parameters
    ----------
    terms : array of shape (n_rivals, n_features, n_background + n_rows)
        What background rows and rows add to the evidence.
    origin : array of shape (n_rivals, n_features)
        What is taken from it.
    rests : array of shape (n_rivals,)
        What belongs to no feature, with that, in whole units.
    weights : array of shape (n_background,)
        Of background rows.
    starts : int array of shape (n_blocks + 1,)
        First background rows of the blocks, none of more than 8, and their number.
    walks : int array of shape (n_blocks, n_permutations, n_features)
        The permutations of each block.
    unit : float
        What evidence is rounded to multiples of, a power of two that suits all rows
        (`neonxai.networks.units`).
    tol : float
        Rows stop when the standard error is below ``tol`` times Σ|R|; 0 for never.
    fewest : int
        How many pairs of walks they do before.
    values, errors : arrays of shape (n_rows, n_features)
        Get the results.
    """
    n_rivals, n_features, n_both = terms.shape
    n_background = starts[-1]
    n_rows = n_both - n_background
    n_blocks, n_walks = walks.shape[0], walks.shape[1]
    stride, per_unit = _stride_of(n_rows, n_rivals, n_features), 1.0 / unit
    size = n_rivals * stride
    # Half, as a gain is the mean of that there and that back.
    halves = weights * (0.5 * unit)
    of_rests = np.rint(rests * per_unit).astype(np.int32)
    blocks, bases = _blocks_of(terms, origin, starts, per_unit), np.empty(n_blocks)
    _bases_of(blocks, starts, halves, of_rests, bases)
    of_rows, totals = np.empty((n_features, size), dtype=np.int32), np.empty(size, dtype=np.int32)
    present = np.empty(size, dtype=np.int32)
    left = np.empty((n_features, 2, n_rivals * MOST_TOGETHER), dtype=np.int32)
    full, beyond, before = np.empty(stride), np.empty(stride), np.empty(stride)
    gains, mean = np.empty((n_features, stride)), np.empty((n_blocks, n_features, stride))
    spread = np.empty((n_features, stride))
    where, kept = np.empty(stride, dtype=np.int64), np.empty(stride, dtype=np.int64)
    for first in range(0, n_rows, stride):
        n = min(stride, n_rows - first)
        _gather(terms, origin, of_rests, n_background + first, n, stride, per_unit, of_rows, totals, full)
        mean[:] = 0.0
        spread[:] = 0.0
        where[:n] = np.arange(first, first + n)
        for count in range(1, n_walks + 1):
            for q in range(n_blocks):
                start, together = starts[q], starts[q + 1] - starts[q]
                weight = halves[start : start + together].sum()
                for r in range(stride):
                    beyond[r] = weight * full[r] - bases[q]
                gains[:] = 0.0
                walk = walks[q, count - 1]
                _leave(blocks, walk, n_rivals, q, together, left)
                _walk(
                    walk, of_rows, totals, of_rests, left, n, stride, halves, start, together, beyond,
                    present, before, gains,
                )  # fmt: skip
                settle(gains.ravel(), mean[q].ravel(), spread.ravel(), count)
            if count < n_walks and (tol == 0.0 or count < fewest):
                continue
            enough = np.inf if count == n_walks else tol
            some = kept[: finish(mean, spread, count, enough, where[:n], values, errors, gains, kept)]
            if len(some) == 0:
                break
            if len(some) < n:
                keep(of_rows.reshape(-1, stride), some)
                keep(totals.reshape(-1, stride), some)
                keep(mean.reshape(-1, stride), some)
                keep(spread, some)
                keep(full.reshape(1, -1), some)
                keep(where.reshape(1, -1), some)
                n = len(some)
