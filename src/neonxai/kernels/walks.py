"""Shapley values of tiles of rows: walks there and back with min-pooling, in whole numbers."""

from typing import NamedTuple

import numpy as np
from numba import njit

from neonxai.kernels.running import finish, keep, settle
from neonxai.kernels.switching import WHOLE_LANES, add, subtract, switch
from neonxai.kernels.vectors import MOST_TOGETHER

_ROWS = 64  # in a tile
_TILE_VALUES = 1 << 18  # of what rows add to the evidence: 1 MiB, unless sixteen rows are more


@njit(error_model="numpy")
def _stride_of(n_rows: int, n_rivals: int, n_features: int) -> int:
    """How many rows a tile has room for, so that tiles are alike: a multiple of the vectors' length."""
    most = max(1, min(_ROWS, _TILE_VALUES // (n_rivals * n_features)) // WHOLE_LANES)
    n_vectors = -(-n_rows // WHOLE_LANES)
    n_tiles = -(-n_vectors // most)
    return -(-n_vectors // n_tiles) * WHOLE_LANES


@njit(nogil=True, cache=True, error_model="numpy")
def blocks_of(
    apart: np.ndarray,
    slopes: np.ndarray,
    bends: np.ndarray,
    fits: np.ndarray,
    starts: np.ndarray,
    unit: float,
) -> np.ndarray:
    """Background in units, block by block.

    Parameters
    ----------
    apart : array of shape (n_features, n_background)
        δ of the background rows.
    fits : bool array of shape (n_rivals,)
        As `neonxai.networks.units.fits` has it.
    slopes, bends, starts, unit
        As for `walk_rows`.

    Returns
    -------
    int32 array of shape (n_blocks, n_features + 1, n_rivals, 8)
        For each block what a feature adds to a rival; at the end, what all features do.
    """
    n_rivals, n_features = slopes.shape
    blocks = np.zeros((len(starts) - 1, n_features + 1, n_rivals, MOST_TOGETHER), dtype=np.int32)
    per_unit = 1.0 / unit
    for q in range(len(blocks)):
        together = starts[q + 1] - starts[q]
        totals = blocks[q, n_features]
        for i in range(n_features):
            source = apart[i, starts[q] :]
            for k in range(n_rivals):
                if not fits[k]:
                    continue
                slope, bend, target, total = slopes[k, i], bends[k, i], blocks[q, i, k], totals[k]
                for b in range(together):
                    target[b] = np.int32(np.rint((slope + bend * source[b]) * source[b] * per_unit))
                    total[b] += target[b]
    return blocks


@njit(error_model="numpy")
def _gather(
    apart: np.ndarray,
    slopes: np.ndarray,
    bends: np.ndarray,
    rests: np.ndarray,
    start: int,
    n: int,
    stride: int,
    per_unit: float,
    above_all: int,
    of_rests: np.ndarray,
    of_rows: np.ndarray,
    totals: np.ndarray,
    full: np.ndarray,
) -> None:
    """Take a tile of rows: what a feature adds, in units, to of_rows[i, k · stride + r], and 0 beyond them.

    ``of_rests`` gets what belongs to no feature, ``totals`` what is present of them there and back together,
    ``full`` v of all features.
    """
    n_rivals, n_features = slopes.shape
    totals[:] = 0
    of_rests[:] = 0
    for k in range(n_rivals):
        for r in range(n):
            rest = rests[k, start + r]
            of_rests[k * stride + r] = np.int32(np.rint(rest * per_unit)) if rest >= 0.0 else above_all
    for i in range(n_features):
        source = apart[i, start : start + n]
        for k in range(n_rivals):
            slope, bend, rest = slopes[k, i], bends[k, i], rests[k, start : start + n]
            target = of_rows[i, k * stride : (k + 1) * stride]
            total = totals[k * stride : (k + 1) * stride]
            for r in range(n):
                move = (slope + bend * source[r]) * source[r] * per_unit
                target[r] = np.int32(np.rint(move if rest[r] >= 0.0 else 0.0))
                total[r] += target[r]
            target[n:] = 0
    least = np.empty(stride, dtype=np.int32)
    for k in range(n_rivals):
        rest, total = of_rests[k * stride : (k + 1) * stride], totals[k * stride : (k + 1) * stride]
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
    """Fill in what is left of a block after s features: left[s, 0] there, left[s, 1] back, the rest."""
    last, n_features = len(walk) - 1, len(block) - 1
    left[last, 0] = block[walk[last]]
    subtract(block, n_features, left, 2 * last, left, 2 * last + 1)
    for s in range(last - 1, 0, -1):
        add(block, walk[s], left, 2 * s + 2, left, 2 * s)
        subtract(block, n_features, left, 2 * s, left, 2 * s + 1)


@njit(error_model="numpy")
def _moving(apart: np.ndarray) -> np.ndarray:
    """Which features of some rows are not all those of the origin."""
    n_features, n_rows = apart.shape
    moving = np.zeros(n_features, dtype=np.bool_)
    for i in range(n_features):
        for r in range(n_rows):
            moving[i] |= apart[i, r] != 0.0
    return moving


@njit(error_model="numpy")
def _walk(
    walk: np.ndarray,
    moving: np.ndarray,
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
    count: int,
    mean: np.ndarray,
    spread: np.ndarray,
) -> None:
    """Walk there and back, for the count-th time; ``beyond`` is v of all less of none.

    Features of which all rows of the tile and of the block have the origin's value gain nothing.
    """
    n_rivals, n_features, share = len(present) // stride, len(walk), 1.0 / count
    present[:] = rests
    for r in range(stride):
        before[r] = -beyond[r]
    for s in range(1, n_features):
        if moving[walk[s - 1]]:
            switch(
                present, totals, of_rows, walk[s - 1], left, s, n_rivals, n, stride, weights, start, together,
                before, share, mean, spread,
            )  # fmt: skip
    for r in range(stride):
        gains[r] = beyond[r] - before[r]
    settle(gains, mean[walk[n_features - 1]], spread[walk[n_features - 1]], count)


@njit(nogil=True, cache=True, error_model="numpy")
def survey(
    apart: np.ndarray, slopes: np.ndarray, bends: np.ndarray, totals: np.ndarray, reach: np.ndarray
) -> None:
    """As `neonxai.networks.units.survey`, to the last bit."""
    n_rivals, n_features = slopes.shape
    totals[:] = 0.0
    reach[:] = 0.0
    for k in range(n_rivals):
        total, far = totals[k], reach[k]
        for i in range(n_features):
            source, slope, bend = apart[i], slopes[k, i], bends[k, i]
            for r in range(len(far)):
                move = (slope + bend * source[r]) * source[r]
                total[r] += move
                far[r] += abs(move)


class Room(NamedTuple):
    """What `walk_rows` works in, so that memory is asked for once for many calls.

    Attributes
    ----------
    of_rows : int32 array of shape (n_features, n_rivals · stride)
        What the features of a tile of rows add.
    whole : int32 array of shape (3, n_rivals · stride)
        What belongs to no feature; what is present there and back together; what is present.
    left : int32 array of shape (n_features, 2, n_rivals, 8)
        What is left of a block.
    mean : array of shape (n_blocks, n_features, stride)
        Of the gains.
    spread : array of shape (n_features, stride)
        Sums of squared differences from it.
    found : array of shape (n_features, stride)
        Sums of the means.
    """

    of_rows: np.ndarray
    whole: np.ndarray
    left: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    found: np.ndarray


def room_for(n_rows: int, n_rivals: int, n_features: int, n_blocks: int) -> Room:
    """Room for calls with up to so many rows."""
    stride = _stride_of(n_rows, n_rivals, n_features)
    size = n_rivals * stride
    return Room(
        np.empty((n_features, size), dtype=np.int32),
        np.empty((3, size), dtype=np.int32),
        np.empty((n_features, 2, n_rivals, MOST_TOGETHER), dtype=np.int32),
        np.empty((n_blocks, n_features, stride)),
        np.empty((n_features, stride)),
        np.empty((n_features, stride)),
    )


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def walk_rows(
    apart: np.ndarray,
    slopes: np.ndarray,
    bends: np.ndarray,
    rests: np.ndarray,
    above_all: int,
    blocks: np.ndarray,
    weights: np.ndarray,
    starts: np.ndarray,
    walks: np.ndarray,
    unit: float,
    exact: np.ndarray,
    tol: float,
    fewest: int,
    room: Room,
    values: np.ndarray,
    errors: np.ndarray,
) -> None:
    """Means over pairs of walks, and their standard errors, of the game in units.

    Parameters
    ----------
    apart : array of shape (n_features, n_rows)
        δ of the rows, as in `neonxai.networks.additive.Expansion`.
    slopes, bends : arrays of shape (n_rivals, n_features)
        Its s and q.
    rests : array of shape (n_rivals, n_rows)
        What belongs to no feature, above the least; −1 for rivals out of reach.
    above_all : int
        How many units these get.
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
    room : Room
        `room_for` at least as many rows.
    values, errors : arrays of shape (n_rows, n_features)
        Get the results.
    """
    n_features, n_rows = apart.shape
    n_blocks, n_walks = walks.shape[0], walks.shape[1]
    of_rows, whole, left, mean, spread, found = room
    of_rests, totals, present = whole[0], whole[1], whole[2]
    stride, per_unit = found.shape[1], 1.0 / unit
    # Half, as a gain is the mean of that there and that back.
    halves = weights * (0.5 * unit)
    full, beyond, before = np.empty(stride), np.empty(stride), np.empty(stride)
    bases = np.empty((n_blocks, stride))
    where, kept = np.empty(stride, dtype=np.int64), np.empty(stride, dtype=np.int64)
    of_block = np.empty((n_blocks, n_features), dtype=np.bool_)
    for q in range(n_blocks):
        for i in range(n_features):
            of_block[q, i] = np.any(blocks[q, i] != 0)
    for first in range(0, n_rows, stride):
        n = min(stride, n_rows - first)
        moving = _moving(apart[:, first : first + n])
        _gather(
            apart,
            slopes,
            bends,
            rests,
            first,
            n,
            stride,
            per_unit,
            above_all,
            of_rests,
            of_rows,
            totals,
            full,
        )
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
                    walk, moving | of_block[q], of_rows, totals, of_rests, left, n, stride, halves, start,
                    together, beyond, present, before, found[0], count, mean[q], spread,
                )  # fmt: skip
            if count < n_walks and (tol == 0.0 or count < fewest):
                continue
            enough = np.inf if count == n_walks else tol
            some = kept[: finish(mean, spread, count, enough, where[:n], exact, values, errors, found, kept)]
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
