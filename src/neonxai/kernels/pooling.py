"""Min-pooling of evidence and its way back, for rows side by side.

The evidence of a tile of `LANES` rows is flat, cluster after cluster, and indices are unsigned: so a compiler
sees that columns don't overlap and that no index counts from the end, and computes on vectors of rows.
"""

import numpy as np
from numba import njit

from neonxai.kernels.exponential import exp_not_positive

# Rows in a tile. A constant, so that a compiler knows it. Measured best of 64 and 128.
LANES = 64
N = np.uint64(LANES)
_NO_SHARE = 40.0  # as in `neonxai.networks.differences`


@njit(fastmath={"contract"}, error_model="numpy")
def nearest_two(
    h: np.ndarray,
    constants: np.ndarray,
    best: np.ndarray,
    second: np.ndarray,
    who: np.ndarray,
    rival: np.ndarray,
) -> None:
    """Add a constant for each cluster to h; then the two smallest, and whose: the lowest index wins a tie."""
    for r in range(N):
        best[r] = np.inf
        second[r] = np.inf
        who[r] = 0.0
        rival[r] = 0.0
    for k in range(np.uint64(len(constants))):
        constant, name = constants[k], float(k)
        for r in range(N):
            value = h[k * N + r] + constant
            h[k * N + r] = value
            b, s = best[r], second[r]
            w, v = who[r], rival[r]
            first = value < b
            next_ = value < s
            other = value if next_ else s
            second[r] = b if first else other
            name_of_other = name if next_ else v
            rival[r] = w if first else name_of_other
            best[r] = value if first else b
            who[r] = name if first else w


@njit(fastmath={"contract"}, error_model="numpy")
def count_close(
    h: np.ndarray,
    n_clusters: int,
    beta: float,
    rounding: float,
    sizes: np.ndarray,
    best: np.ndarray,
    logits: np.ndarray,
    close: np.ndarray,
) -> None:
    """Count the clusters, the own one too, that get a share, seen with the error of the products."""
    for r in range(N):
        close[r] = 0.0
    for k in range(np.uint64(n_clusters)):
        for r in range(N):
            limit = logits[r] + 4.0 * rounding * (sizes[r] + logits[r]) + _NO_SHARE / beta
            close[r] += 1.0 if h[k * N + r] - best[r] <= limit else 0.0


@njit(fastmath={"contract"}, error_model="numpy")
def shares_back(
    h: np.ndarray,
    n_clusters: int,
    beta: float,
    best: np.ndarray,
    logits: np.ndarray,
    who: np.ndarray,
    s: np.ndarray,
    total: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Layer 2 backward: s_k = p_k f / h_k for the rivals, minus their sum for the own cluster; times Σ p.

    Computed in the precision of ``s``. ``total`` gets Σ p, and ``weight`` Σ_k s_k over the rivals.
    """
    precision = s.dtype.type
    zero = precision(0.0)
    for r in range(N):
        total[r] = 0.0
        weight[r] = 0.0
    for k in range(np.uint64(n_clusters)):
        name = float(k)
        for r in range(N):
            evidence = h[k * N + r] - best[r]
            logit = logits[r]
            is_rival = who[r] != name
            p = exp_not_positive(precision(-beta * (evidence - logit)))
            p = p if is_rival else zero
            share = p * (precision(logit) / precision(evidence))
            share = share if is_rival else zero
            total[r] += p
            weight[r] += share
            s[k * N + r] = share
    for k in range(np.uint64(n_clusters)):
        name = float(k)
        for r in range(N):
            own = precision(-weight[r])
            s[k * N + r] = own if who[r] == name else s[k * N + r]
