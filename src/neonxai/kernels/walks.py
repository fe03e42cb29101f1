"""Shapley values of tiles of rows: walks through permutations, and all coalitions of few features.

As `neonxai.networks.shapley` does it in NumPy: what switches with a feature is added to what is present of
the rows, or taken from what is left of the background, and only pooling sees both. Rows are in vectors, and
what is left of the background is summed once for all rows of a tile.
"""

import math

import numpy as np
from numba import njit

from neonxai.kernels.exponential import exp_not_positive, log_normal
from neonxai.kernels.lanes import LANES, MOST_TOGETHER, add, mean_least, product_sums, switch

_ROWS = 32  # in a tile; measured best of 16, 32 and 64
_TILE_VALUES = 1 << 17  # of what rows add to the evidence: 1 MiB, unless eight rows are more
_DRAINED = 1e-250  # as in `neonxai.networks.coalitions`


@njit(error_model="numpy")
def _stride(n_rows: int, n_rivals: int, n_features: int) -> int:
    """How many rows a tile has room for: a multiple of the vectors' length."""
    whole = min(_ROWS, _TILE_VALUES // (n_rivals * n_features) // LANES * LANES, -(-n_rows // LANES) * LANES)
    return max(LANES, whole)


@njit(error_model="numpy")
def _gather(terms: np.ndarray, start: int, n: int, stride: int, of_rows: np.ndarray) -> None:
    """Take a tile of rows: of_rows[i, k · stride + r] = terms[k, i, start + r], and 0 beyond them."""
    n_rivals, n_features, _ = terms.shape
    for i in range(n_features):
        for k in range(n_rivals):
            source = terms[k, i, start : start + n]
            target = of_rows[i, k * stride : (k + 1) * stride]
            for r in range(n):
                target[r] = source[r]
            for r in range(n, stride):
                target[r] = 0.0


@njit(error_model="numpy")
def _blocks(terms: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Background block by block: from [i, 8 q n_rivals] on n_rivals rows of its background rows; then 0."""
    n_rivals, n_features, _ = terms.shape
    n_blocks = len(starts) - 1
    blocks = np.zeros((n_features, n_blocks * n_rivals * MOST_TOGETHER))
    for i in range(n_features):
        for q in range(n_blocks):
            together = starts[q + 1] - starts[q]
            for k in range(n_rivals):
                offset = q * n_rivals * MOST_TOGETHER + k * together
                for b in range(together):
                    blocks[i, offset + b] = terms[k, i, starts[q] + b]
    return blocks


@njit(error_model="numpy", fastmath={"contract"})
def _exponentials(
    values: np.ndarray, n_rivals: int, width: int, beta: float, least: np.ndarray, out: np.ndarray
) -> None:
    """out[k, j] = exp(−β (values[k, j] − least[j])), for the least of each column."""
    for j in range(width):
        least[j] = values[j]
    for k in range(1, n_rivals):
        row = values[k * width : (k + 1) * width]
        for j in range(width):
            least[j] = min(least[j], row[j])
    for k in range(n_rivals):
        row, exponentials = values[k * width : (k + 1) * width], out[k * width : (k + 1) * width]
        for j in range(width):
            exponentials[j] = exp_not_positive(-beta * (row[j] - least[j]))


@njit(error_model="numpy", fastmath={"contract"})
def _soft_value(
    rows: np.ndarray,
    left: np.ndarray,
    n_rivals: int,
    n: int,
    stride: int,
    slab: int,
    together: int,
    beta: float,
    least_rows: np.ndarray,
    least_left: np.ndarray,
    sums: np.ndarray,
    weights: np.ndarray,
    at: int,
    out: np.ndarray,
) -> None:
    """out[r] = Σ_b weights[at + b] (least of row + least of background − log(sums[b, r]) / β)."""
    drained = 0
    for r in range(n):
        out[r] = 0.0
    for b in range(together):
        weight, least = weights[at + b], least_left[b]
        total = sums[b * stride : (b + 1) * stride]
        for r in range(n):
            drained += 1 if total[r] < _DRAINED else 0
            out[r] += weight * ((least_rows[r] + least) - log_normal(max(total[r], _DRAINED)) / beta)
    if drained == 0:
        return
    for b in range(together):
        for r in range(n):
            if sums[b * stride + r] < _DRAINED:
                least = np.inf
                for k in range(n_rivals):
                    least = min(least, rows[k * stride + r] + left[slab + k * together + b])
                total_ = 0.0
                for k in range(n_rivals):
                    total_ += math.exp(-beta * (rows[k * stride + r] + left[slab + k * together + b] - least))
                known = (least_rows[r] + least_left[b]) - math.log(_DRAINED) / beta
                out[r] += weights[at + b] * ((least - math.log(total_) / beta) - known)


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
def _full(of_rows: np.ndarray, rests: np.ndarray, beta: float, stride: int, full: np.ndarray) -> None:
    """V of all features, for each row of a tile."""
    n_rivals = len(rests)
    total, h = np.zeros(of_rows.shape[1]), np.empty(n_rivals)
    for added in of_rows:
        for x in range(len(total)):
            total[x] += added[x]
    for r in range(stride):
        least = np.inf
        for k in range(n_rivals):
            h[k] = total[k * stride + r] + rests[k]
            least = min(least, h[k])
        full[r] = _pooled(h, least, beta)


@njit(error_model="numpy")
def _leave(
    blocks: np.ndarray,
    walk: np.ndarray,
    n_rivals: int,
    block: int,
    together: int,
    beta: float,
    left: np.ndarray,
    left_exp: np.ndarray,
    least_left: np.ndarray,
) -> None:
    """Fill in what is left of a block of the background after s features of a walk, in left[s]."""
    n_features, width, slab = len(walk), n_rivals * together, n_rivals * MOST_TOGETHER
    last = n_features - 1
    left[last] = blocks[walk[last], block * slab : (block + 1) * slab]
    for s in range(last, 0, -1):
        if s < last:
            at = walk[s] * blocks.shape[1] + block * slab
            add(left, (s + 1) * slab, blocks, at, left, s * slab, width)
        if beta > 0.0:
            _exponentials(left[s], n_rivals, together, beta, least_left[s], left_exp[s])


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
    stride = _stride(n_rows, n_rivals, n_features)
    size, most = n_rivals * stride, n_rivals * MOST_TOGETHER
    soft = beta > 0.0
    blocks, bases = _blocks(terms, starts), np.empty(n_blocks)
    _base(blocks, starts, weights, rests, beta, bases)
    of_rows = np.empty((n_features, size))
    left = np.empty((n_features, most))
    left_exp = np.empty((n_features if soft else 1, most))
    least_left = np.empty((n_features if soft else 1, MOST_TOGETHER))
    present, present_exp = np.empty(size), np.empty(size)
    least_rows, sums = np.empty(stride), np.empty(MOST_TOGETHER * stride)
    full, before, value = np.empty(stride), np.empty(stride), np.zeros(stride)
    gains, mean = np.empty((n_features, stride)), np.empty((n_blocks, n_features, stride))
    spread = np.empty((n_features, stride))
    largest, relevance = np.empty(stride), np.empty(stride)
    where = np.empty(stride, dtype=np.int64)
    for first in range(0, n_rows, stride):
        n = min(stride, n_rows - first)
        _gather(terms, n_background + first, n, stride, of_rows)
        _full(of_rows, rests, beta, stride, full)
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
                for way in range(2):
                    walk = walks[q, j] if way == 0 else walks[q, j, ::-1]
                    _leave(blocks, walk, n_rivals, q, together, beta, left, left_exp, least_left)
                    for k in range(n_rivals):
                        present[k * stride : (k + 1) * stride] = rests[k]
                    before[:] = bases[q]
                    for s in range(1, n_features):
                        if not soft:
                            switch(
                                present, of_rows, walk[s - 1], left, s, n_rivals, n, stride, weights, start,
                                together, before, gains,
                            )  # fmt: skip
                        else:
                            added = of_rows[walk[s - 1]]
                            for x in range(size):
                                present[x] += added[x]
                            _exponentials(present, n_rivals, stride, beta, least_rows, present_exp)
                            product_sums(present_exp, left_exp[s], n_rivals, n, stride, 0, together, sums)
                            _soft_value(
                                present, left[s], n_rivals, n, stride, 0, together, beta, least_rows,
                                least_left[s], sums, weights, start, value,
                            )  # fmt: skip
                            gain = gains[walk[s - 1]]
                            for r in range(n):
                                gain[r] += 0.5 * (value[r] - before[r])
                                before[r] = value[r]
                    gain = gains[walk[n_features - 1]]
                    for r in range(stride):
                        gain[r] += 0.5 * (total_weight * full[r] - before[r])
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


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def enumerate_rows(
    terms: np.ndarray,
    rests: np.ndarray,
    weights: np.ndarray,
    starts: np.ndarray,
    shares: np.ndarray,
    beta: float,
    values: np.ndarray,
) -> float:
    """Values from all coalitions; parameters as for `walk_rows`.

    Coalitions are counted through in binary. Sums over the features from the i-th on are kept for all i, so
    that on average two of them change from one coalition to the next.

    Parameters
    ----------
    shares : array of shape (n_features,)
        The weight of a gain, by the size of the coalition that is joined.

    Returns
    -------
    float
        The base value.
    """
    n_rivals, n_features, n_both = terms.shape
    n_background = starts[-1]
    n_rows = n_both - n_background
    n_blocks, n_coalitions = len(starts) - 1, 1 << n_features
    stride = _stride(n_rows, n_rivals, n_features)
    size, width = n_rivals * stride, n_blocks * n_rivals * MOST_TOGETHER
    soft = beta > 0.0
    blocks = _blocks(terms, starts)
    of_rows = np.empty((n_features, size))
    present, left = np.empty((n_features + 1, size)), np.zeros((n_features + 1, width))
    present_exp, left_exp = np.empty(size), np.empty(width)
    least_rows, least_left = np.empty(stride), np.empty(MOST_TOGETHER)
    sums, part = np.empty(MOST_TOGETHER * stride), np.zeros(stride)
    v = np.empty((n_coalitions, stride))
    sizes = np.zeros(n_coalitions, dtype=np.int64)
    for code in range(1, n_coalitions):
        sizes[code] = sizes[code >> 1] + (code & 1)
    base = 0.0
    for first in range(0, n_rows, stride):
        n = min(stride, n_rows - first)
        _gather(terms, n_background + first, n, stride, of_rows)
        for k in range(n_rivals):
            present[n_features, k * stride : (k + 1) * stride] = rests[k]
        for code in range(n_coalitions):
            changed = n_features - 1
            if code > 0:
                changed = 0
                while (code >> changed) & 1 == 0:
                    changed += 1
            for i in range(changed, -1, -1):
                if (code >> i) & 1 == 1:
                    add(present, (i + 1) * size, of_rows, i * size, present, i * size, size)
                    left[i] = left[i + 1]
                else:
                    present[i] = present[i + 1]
                    add(left, (i + 1) * width, blocks, i * width, left, i * width, width)
            here, there, pooled = present[0], left[0], v[code]
            pooled[:] = 0.0
            if soft:
                _exponentials(here, n_rivals, stride, beta, least_rows, present_exp)
            for q in range(n_blocks):
                start, together = starts[q], starts[q + 1] - starts[q]
                slab = q * n_rivals * MOST_TOGETHER
                if soft:
                    block = there[slab : slab + n_rivals * together]
                    _exponentials(block, n_rivals, together, beta, least_left, left_exp)
                    product_sums(present_exp, left_exp, n_rivals, n, stride, 0, together, sums)
                    _soft_value(
                        here, there, n_rivals, n, stride, slab, together, beta, least_rows,
                        least_left, sums, weights, start, part,
                    )  # fmt: skip
                else:
                    mean_least(here, there, n_rivals, n, stride, slab, weights, start, together, part)
                for r in range(stride):
                    pooled[r] += part[r]
        base = v[0, 0]
        for i in range(n_features):
            part[:] = 0.0
            for code in range(n_coalitions):
                if (code >> i) & 1 == 0:
                    share = shares[sizes[code]]
                    fuller, without = v[code | (1 << i)], v[code]
                    for r in range(stride):
                        part[r] += share * (fuller[r] - without[r])
            for r in range(n):
                values[first + r, i] = part[r]
    return base
