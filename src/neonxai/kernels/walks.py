"""Shapley values of tiles of rows: walks there and back with min-pooling, in whole numbers."""

import numpy as np
from numba import njit

from neonxai.kernels.running import finish, keep, settle
from neonxai.kernels.switching import WHOLE_LANES, switch
from neonxai.kernels.vectors import MOST_TOGETHER

_ROWS = 128  # in a tile
_TILE_VALUES = 1 << 18  # of what rows add to the evidence: 1 MiB, unless sixteen rows are more


@njit(error_model="numpy")
def _stride_of(n_rows: int, n_rivals: int, n_features: int) -> int:
    """How many rows a tile has room for, so that tiles are alike: a multiple of the vectors' length."""
    most = max(1, min(_ROWS, _TILE_VALUES // (n_rivals * n_features)) // WHOLE_LANES)
    n_vectors = -(-n_rows // WHOLE_LANES)
    n_tiles = -(-n_vectors // most)
    return -(-n_vectors // n_tiles) * WHOLE_LANES


@njit(error_model="numpy")
def _blocks_of(
    terms: np.ndarray, origin: np.ndarray, starts: np.ndarray, per_unit: float, blocks: np.ndarray
) -> None:
    """Background in units, block by block: blocks[q, i, 8 k + b], and for the last i what all have together.

    Of blocks with less than eight rows, what is behind them doesn't count.
    """
    n_rivals, n_features, n_both = terms.shape
    for q in range(len(blocks)):
        start = starts[q]
        all_of_them = blocks[q, n_features]
        all_of_them[:] = 0
        for i in range(n_features):
            block = blocks[q, i]
            for k in range(n_rivals):
                source, of_origin = terms[k, i, start:], origin[k, i]
                target = block[k * MOST_TOGETHER : (k + 1) * MOST_TOGETHER]
                if start + MOST_TOGETHER <= n_both:
                    for b in range(MOST_TOGETHER):
                        target[b] = np.int32(np.rint((source[b] - of_origin) * per_unit))
                else:
                    for b in range(n_both - start):
                        target[b] = np.int32(np.rint((source[b] - of_origin) * per_unit))
            for x in range(len(block)):
                all_of_them[x] += block[x]


@njit(error_model="numpy")
def _bases_of(
    blocks: np.ndarray, starts: np.ndarray, weights: np.ndarray, rests: np.ndarray, bases: np.ndarray
) -> None:
    """v(∅) of each block of background rows."""
    for q in range(len(bases)):
        totals = blocks[q, -1]
        bases[q] = 0.0
        for b in range(starts[q + 1] - starts[q]):
            least = totals[b] + rests[0]
            for k in range(1, len(rests)):
                least = min(least, totals[k * MOST_TOGETHER + b] + rests[k])
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
def _leave(block: np.ndarray, walk: np.ndarray, left: np.ndarray) -> None:
    """Fill in what is left of a block after s features: left[s, 0] there, left[s, 1] back, that is the rest."""
    last, totals = len(walk) - 1, block[-1]
    for s in range(last, 0, -1):
        added, now, rest = block[walk[s]], left[s, 0], left[s, 1]
        if s == last:
            now[:] = added
        else:
            further = left[s + 1, 0]
            for x in range(len(totals)):
                now[x] = further[x] + added[x]
        for x in range(len(totals)):
            rest[x] = totals[x] - now[x]


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
    """Walk there and back: the gains of both together; ``beyond`` is v of all less of none."""
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
        gain[r] = beyond[r] - before[r]


@njit(nogil=True, cache=True, error_model="numpy")
def survey(terms: np.ndarray, origin: np.ndarray, totals: np.ndarray, reach: np.ndarray) -> None:
    """As `neonxai.networks.units.survey`, to the last bit."""
    n_rivals, n_features, n_rows = terms.shape
    far = np.empty(n_rows)
    totals[:] = 0.0
    reach[:] = 0.0
    for k in range(n_rivals):
        total = totals[k]
        far[:] = 0.0
        for i in range(n_features):
            row, of_origin = terms[k, i], origin[k, i]
            for r in range(n_rows):
                total[r] += row[r]
                far[r] += abs(row[r] - of_origin)
        for r in range(n_rows):
            reach[r] = max(reach[r], far[r])


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
    blocks = np.empty((n_blocks, n_features + 1, n_rivals * MOST_TOGETHER), dtype=np.int32)
    bases = np.empty(n_blocks)
    _blocks_of(terms, origin, starts, per_unit, blocks)
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
                walk = walks[q, count - 1]
                _leave(blocks[q], walk, left)
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
