"""Shapley values of tiles of rows: walks there and back with min-pooling, in whole numbers."""

import numpy as np
from numba import njit

from neonxai.kernels.running import finish, keep, settle
from neonxai.kernels.switching import WHOLE_LANES, add, subtract, switch
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


@njit(nogil=True, cache=True, error_model="numpy")
def blocks_of(terms: np.ndarray, origin: np.ndarray, starts: np.ndarray, unit: float) -> np.ndarray:
    """Background in units, block by block.

    Parameters
    ----------
    terms : array of shape (n_rivals, n_features, n_background)
        What background rows add to the evidence.
    origin, starts, unit
        As for `walk_rows`.

    Returns
    -------
    int32 array of shape (n_blocks, n_features + 1, n_rivals, 8)
        For each block what a feature adds to a rival; at the end, what all features do.
    """
    n_rivals, n_features, n_background = terms.shape
    blocks = np.zeros((len(starts) - 1, n_features + 1, n_rivals, MOST_TOGETHER), dtype=np.int32)
    per_unit = 1.0 / unit
    for q in range(len(blocks)):
        together = starts[q + 1] - starts[q]
        totals = blocks[q, n_features]
        for i in range(n_features):
            for k in range(n_rivals):
                source, target, total = terms[k, i, starts[q] :], blocks[q, i, k], totals[k]
                for b in range(together):
                    target[b] = np.int32(np.rint((source[b] - origin[k, i]) * per_unit))
                    total[b] += target[b]
    return blocks


@njit(error_model="numpy")
def _gather(
    terms: np.ndarray,
    origin: np.ndarray,
    rests: np.ndarray,
    start: int,
    n: int,
    stride: int,
    per_unit: float,
    of_rests: np.ndarray,
    of_rows: np.ndarray,
    totals: np.ndarray,
    full: np.ndarray,
) -> None:
    """Take a tile of rows: of_rows[i, k · stride + r] is terms[k, i, start + r] in units, and 0 beyond.

    ``of_rests`` gets what belongs to no feature, ``totals`` what is present of them there and back together,
    ``full`` v of all features.
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
    of_rests[:] = 0
    least = np.empty(stride, dtype=np.int32)
    for k in range(n_rivals):
        rest, total = of_rests[k * stride : (k + 1) * stride], totals[k * stride : (k + 1) * stride]
        rest[:n] = rests[k, start : start + n]
        for r in range(stride):
            h = total[r] + rest[r]
            least[r] = h if k == 0 else min(least[r], h)
            total[r] = h + rest[r]
    full[:] = least


@njit(error_model="numpy")
def _bases_of(
    blocks: np.ndarray, starts: np.ndarray, weights: np.ndarray, rests: np.ndarray, bases: np.ndarray
) -> None:
    """v(∅) of each block of background rows, shape (n_blocks, stride): the rests are those of rows."""
    n_rivals, stride = blocks.shape[2], bases.shape[1]
    least = np.empty(stride, dtype=np.int32)
    for q in range(len(bases)):
        totals, base = blocks[q, -1], bases[q]
        base[:] = 0.0
        for b in range(starts[q + 1] - starts[q]):
            for k in range(n_rivals):
                rest, total = rests[k * stride : (k + 1) * stride], totals[k, b]
                for r in range(stride):
                    h = total + rest[r]
                    least[r] = h if k == 0 else min(least[r], h)
            weight = weights[starts[q] + b]
            for r in range(stride):
                base[r] += weight * least[r]


@njit(error_model="numpy")
def _leave(block: np.ndarray, walk: np.ndarray, left: np.ndarray) -> None:
    """Fill in what is left of a block after s features: left[s, 0] there, left[s, 1] back, that is the rest."""
    last, n_features = len(walk) - 1, len(block) - 1
    left[last, 0] = block[walk[last]]
    subtract(block, n_features, left, 2 * last, left, 2 * last + 1)
    for s in range(last - 1, 0, -1):
        add(block, walk[s], left, 2 * s + 2, left, 2 * s)
        subtract(block, n_features, left, 2 * s, left, 2 * s + 1)


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
    n_rivals, n_features = len(present) // stride, len(walk)
    present[:] = rests
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
    blocks: np.ndarray,
    weights: np.ndarray,
    starts: np.ndarray,
    walks: np.ndarray,
    unit: float,
    exact: np.ndarray,
    tol: float,
    fewest: int,
    values: np.ndarray,
    errors: np.ndarray,
) -> None:
    """Means over pairs of walks, and their standard errors, of the game in units.

    Parameters
    ----------
    terms : array of shape (n_rivals, n_features, n_rows)
        What rows add to the evidence.
    origin : array of shape (n_rivals, n_features)
        What is taken from it.
    rests : int32 array of shape (n_rivals, n_rows)
        What belongs to no feature, with that, in units.
    blocks : int32 array of shape (n_blocks, n_features + 1, n_rivals, 8)
        As `blocks_of` gives it.
    weights : array of shape (n_background,)
        Of background rows.
    starts : int array of shape (n_blocks + 1,)
        First background rows of the blocks, none of more than 8, and their number.
    walks : int array of shape (n_blocks, n_permutations, n_features)
        The permutations of each block.
    unit : float
        What evidence is rounded to multiples of, a power of two that suits all rows
        (`neonxai.networks.units`).
    exact : array of shape (n_rows, n_features)
        What is to be added to the values.
    tol : float
        Rows stop when the standard error is below ``tol`` times Σ|R|; 0 for never.
    fewest : int
        How many pairs of walks they do before.
    values, errors : arrays of shape (n_rows, n_features)
        Get the results.
    """
    n_rivals, n_features, n_rows = terms.shape
    n_blocks, n_walks = walks.shape[0], walks.shape[1]
    stride, per_unit = _stride_of(n_rows, n_rivals, n_features), 1.0 / unit
    size = n_rivals * stride
    # Half, as a gain is the mean of that there and that back.
    halves = weights * (0.5 * unit)
    of_rows, totals = np.empty((n_features, size), dtype=np.int32), np.empty(size, dtype=np.int32)
    of_rests, present = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    left = np.empty((n_features, 2, n_rivals, MOST_TOGETHER), dtype=np.int32)
    full, beyond, before = np.empty(stride), np.empty(stride), np.empty(stride)
    bases, gains = np.empty((n_blocks, stride)), np.empty((n_features, stride))
    mean, spread = np.empty((n_blocks, n_features, stride)), np.empty((n_features, stride))
    where, kept = np.empty(stride, dtype=np.int64), np.empty(stride, dtype=np.int64)
    for first in range(0, n_rows, stride):
        n = min(stride, n_rows - first)
        _gather(terms, origin, rests, first, n, stride, per_unit, of_rests, of_rows, totals, full)
        _bases_of(blocks, starts, halves, of_rests, bases)
        mean[:] = 0.0
        spread[:] = 0.0
        where[:n] = np.arange(first, first + n)
        for count in range(1, n_walks + 1):
            for q in range(n_blocks):
                start, together = starts[q], starts[q + 1] - starts[q]
                weight = halves[start : start + together].sum()
                for r in range(stride):
                    beyond[r] = weight * full[r] - bases[q, r]
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
            some = kept[: finish(mean, spread, count, enough, where[:n], exact, values, errors, gains, kept)]
            if len(some) == 0:
                break
            if len(some) < n:
                keep(of_rows.reshape(-1, stride), some)
                keep(of_rests.reshape(-1, stride), some)
                keep(totals.reshape(-1, stride), some)
                keep(mean.reshape(-1, stride), some)
                keep(spread, some)
                keep(bases, some)
                keep(full.reshape(1, -1), some)
                keep(where.reshape(1, -1), some)
                n = len(some)
