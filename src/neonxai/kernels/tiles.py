"""Tiles of 64 rows, feature by feature: value i of row r is at ``64 i + r``.

Then every step is elementwise over rows, and the compiler makes vectors of it without reordering any sum.
The width is a constant, so that it sees that a tile's columns do not overlap.
"""

import numpy as np
from numba import njit

LANES = 64
BLOCK = 4  # the product's matrices are padded to multiples of it


@njit(fastmath={"contract"}, error_model="numpy")
def product4(matrix: np.ndarray, m: int, n_inner: int, tile: np.ndarray, out: np.ndarray, at: int) -> None:
    """Four rows of matrix @ tile: ``out[at + l, r] = Σ_j matrix[m + l, j] tile[j, r]``, l = 0 … 3.

    Four by four numbers of the matrix stay in registers while the rows pass by.
    """
    # Views, whose indices the compiler knows to be not negative: others could not be made vectors of.
    c = out[at * LANES : (at + 4) * LANES]
    for r in range(LANES):
        c[r] = 0.0
        c[LANES + r] = 0.0
        c[2 * LANES + r] = 0.0
        c[3 * LANES + r] = 0.0
    a = matrix[m : m + 4]
    for j in range(0, n_inner, 4):
        a00, a01, a02, a03 = a[0, j], a[0, j + 1], a[0, j + 2], a[0, j + 3]
        a10, a11, a12, a13 = a[1, j], a[1, j + 1], a[1, j + 2], a[1, j + 3]
        a20, a21, a22, a23 = a[2, j], a[2, j + 1], a[2, j + 2], a[2, j + 3]
        a30, a31, a32, a33 = a[3, j], a[3, j + 1], a[3, j + 2], a[3, j + 3]
        b = tile[j * LANES : (j + 4) * LANES]
        for r in range(LANES):
            b0, b1, b2, b3 = b[r], b[LANES + r], b[2 * LANES + r], b[3 * LANES + r]
            c[r] += a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
            c[LANES + r] += a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
            c[2 * LANES + r] += a20 * b0 + a21 * b1 + a22 * b2 + a23 * b3
            c[3 * LANES + r] += a30 * b0 + a31 * b1 + a32 * b2 + a33 * b3


@njit(fastmath={"contract"}, error_model="numpy")
def gather(X: np.ndarray, first: int, n: int, origin: np.ndarray, tile: np.ndarray, sizes: np.ndarray) -> None:
    """Take n ≤ 64 rows of any strides, in local coordinates, with their squared norms.

    Missing rows repeat the last one.
    """
    n_features = X.shape[1]
    if X.strides[0] < X.strides[1]:
        for i in range(n_features):
            for r in range(n):
                tile[i * LANES + r] = np.float64(X[first + r, i]) - origin[i]
    else:
        for r in range(n):
            for i in range(n_features):
                tile[i * LANES + r] = np.float64(X[first + r, i]) - origin[i]
    if n < LANES:
        for i in range(n_features):
            for r in range(n, LANES):
                tile[i * LANES + r] = tile[i * LANES + n - 1]
    for r in range(LANES):
        sizes[r] = 0.0
    for i in range(n_features):
        for r in range(LANES):
            sizes[r] += tile[i * LANES + r] * tile[i * LANES + r]
