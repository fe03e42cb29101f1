"""What walks and coalitions have in common: tiles of rows, blocks of the background, soft pooling of both.

As `neonxai.networks.shapley` does it in NumPy: what switches with a feature is added to what is present of
the rows, or taken from what is left of the background, and only pooling sees both. Rows are in vectors, and
what is left of the background is summed once for all rows of a tile.
"""

import math

import numpy as np
from numba import njit

from neonxai.kernels.exponential import exp_not_positive, log_normal
from neonxai.kernels.lanes import LANES
from neonxai.kernels.vectors import MOST_TOGETHER

_ROWS = 32  # in a tile; measured best of 16, 32 and 64
_TILE_VALUES = 1 << 17  # of what rows add to the evidence: 1 MiB, unless eight rows are more
_DRAINED = 1e-250  # as in `neonxai.networks.coalitions`


@njit(error_model="numpy")
def stride_of(n_rows: int, n_rivals: int, n_features: int) -> int:
    """How many rows a tile has room for: a multiple of the vectors' length."""
    whole = min(_ROWS, _TILE_VALUES // (n_rivals * n_features) // LANES * LANES, -(-n_rows // LANES) * LANES)
    return max(LANES, whole)


@njit(error_model="numpy")
def gather(terms: np.ndarray, start: int, n: int, stride: int, of_rows: np.ndarray) -> None:
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
def blocks_of(terms: np.ndarray, starts: np.ndarray) -> np.ndarray:
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
def exponentials(
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
def soft_value(
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
