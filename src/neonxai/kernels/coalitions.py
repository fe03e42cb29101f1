"""Shapley values of tiles of rows, of few features: all coalitions."""

import numpy as np
from numba import njit

from neonxai.kernels.lanes import add, mean_least, product_sums
from neonxai.kernels.tiles import blocks_of, exponentials, gather, soft_value, stride_of
from neonxai.kernels.vectors import MOST_TOGETHER


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def enumerate_rows(
    terms: np.ndarray,
    rests: np.ndarray,
    weights: np.ndarray,
    starts: np.ndarray,
    shares: np.ndarray,
    beta: float,
    values: np.ndarray,
) -> None:
    """Values from all coalitions; parameters as for `neonxai.kernels.walks.walk_rows`.

    Coalitions are counted through in binary. Sums over the features from the i-th on are kept for all i, so
    that on average two of them change from one coalition to the next.

    Parameters
    ----------
    shares : array of shape (n_features,)
        The weight of a gain, by the size of the coalition that is joined.
    """
    n_rivals, n_features, n_both = terms.shape
    n_background = starts[-1]
    n_rows = n_both - n_background
    n_blocks, n_coalitions = len(starts) - 1, 1 << n_features
    stride = stride_of(n_rows, n_rivals, n_features)
    size, width = n_rivals * stride, n_blocks * n_rivals * MOST_TOGETHER
    soft = beta > 0.0
    blocks = blocks_of(terms, starts)
    of_rows = np.empty((n_features, size))
    present, left = np.empty((n_features + 1, size)), np.zeros((n_features + 1, width))
    present_exp, left_exp = np.empty(size), np.empty(width)
    least_rows, least_left = np.empty(stride), np.empty(MOST_TOGETHER)
    sums, part = np.empty(MOST_TOGETHER * stride), np.zeros(stride)
    v = np.empty((n_coalitions, stride))
    sizes = np.zeros(n_coalitions, dtype=np.int64)
    for code in range(1, n_coalitions):
        sizes[code] = sizes[code >> 1] + (code & 1)
    for first in range(0, n_rows, stride):
        n = min(stride, n_rows - first)
        gather(terms, n_background + first, n, stride, of_rows)
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
                exponentials(here, n_rivals, stride, beta, least_rows, present_exp)
            for q in range(n_blocks):
                start, together = starts[q], starts[q + 1] - starts[q]
                slab = q * n_rivals * MOST_TOGETHER
                if soft:
                    block = there[slab : slab + n_rivals * together]
                    exponentials(block, n_rivals, together, beta, least_left, left_exp)
                    product_sums(present_exp, left_exp, n_rivals, n, stride, 0, together, sums)
                    soft_value(
                        here, there, n_rivals, n, stride, slab, together, beta, least_rows,
                        least_left, sums, weights, start, part,
                    )  # fmt: skip
                else:
                    mean_least(here, there, n_rivals, n, stride, slab, weights, start, together, part)
                for r in range(stride):
                    pooled[r] += part[r]
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
