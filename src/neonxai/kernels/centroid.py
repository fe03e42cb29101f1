"""K-means' evidence, min-pooling and redistribution in one pass over the rows."""

import numpy as np
from numba import njit

from neonxai.kernels.exponential import exp_not_positive
from neonxai.kernels.tiles import LANES, gather, product4

# A row is left to the reference where the nearest rival's evidence or β times the error of evidence exceeds
# these shares; as in `neonxai.networks.differences`.
_TOLERANCE = 1e-11
_RELEVANCE_TOLERANCE = 2e-13
_NO_SHARE = 40.0
_CLOSING = 1e-10  # as in `neonxai.networks.closure`
_TINY = 1e-200


@njit(fastmath={"contract"}, error_model="numpy")
def _nearest_two(
    h: np.ndarray, squares: np.ndarray, best: np.ndarray, second: np.ndarray, who: np.ndarray, rival: np.ndarray
) -> None:
    """The two nearest centers, where ``h`` gets the squared norms added."""
    for r in range(LANES):
        best[r] = np.inf
        second[r] = np.inf
        who[r] = 0.0
        rival[r] = 0.0
    for k in range(len(squares)):
        square, name = squares[k], float(k)
        for r in range(LANES):
            value = h[k * LANES + r] + square
            h[k * LANES + r] = value
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
def _shares(
    h: np.ndarray,
    n_clusters: int,
    beta: float,
    best: np.ndarray,
    second: np.ndarray,
    who: np.ndarray,
    total: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Layer 2 backward, in place: h becomes p_k r_k, and minus their sum for the own cluster, all times total."""
    for r in range(LANES):
        total[r] = 0.0
        weight[r] = 0.0
    for k in range(n_clusters):
        name = float(k)
        for r in range(LANES):
            evidence = h[k * LANES + r] - best[r]
            logit = second[r] - best[r]
            p = exp_not_positive(-beta * (evidence - logit))
            p = 0.0 if who[r] == name else p
            a = p * (logit / evidence)
            a = 0.0 if who[r] == name else a
            total[r] += p
            weight[r] += a
            h[k * LANES + r] = a
    for k in range(n_clusters):
        name = float(k)
        for r in range(LANES):
            h[k * LANES + r] = -weight[r] if who[r] == name else h[k * LANES + r]


@njit(fastmath={"contract"}, error_model="numpy")
def _count_close(
    h: np.ndarray, n_clusters: int, beta: float, rounding: float, sizes: np.ndarray, best: np.ndarray,
    second: np.ndarray, close: np.ndarray,
) -> None:
    """Count the centers, the own one too, that get a share, seen with the error of the products."""
    for r in range(LANES):
        close[r] = 0.0
    for k in range(n_clusters):
        for r in range(LANES):
            logit = second[r] - best[r]
            limit = logit + 4.0 * rounding * (sizes[r] + logit) + _NO_SHARE / beta
            close[r] += 1.0 if h[k * LANES + r] - best[r] <= limit else 0.0


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def explain_rows(
    X: np.ndarray,
    first: int,
    last: int,
    origin: np.ndarray,
    forward: np.ndarray,
    squares: np.ndarray,
    backward: np.ndarray,
    rounding: float,
    beta: float,
    largest: float,
    relevance: np.ndarray,
    logits: np.ndarray,
    probabilities: np.ndarray,
    labels: np.ndarray,
    competitors: np.ndarray,
    lossy: np.ndarray,
    by_products: bool,
) -> None:
    """Explain the rows from first to last."""
    n_features, n_clusters = X.shape[1], len(squares)
    padded_clusters, padded_features = forward.shape
    x = np.zeros(padded_features * LANES)
    h = np.zeros(padded_clusters * LANES)
    pq = np.empty((2 * padded_features if by_products else 4) * LANES)
    sizes, best, second, who, rival = (
        np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    )
    total, weight, sums, magnitudes, close = (
        np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    )
    for start in range(first, last, LANES):
        n = min(LANES, last - start)
        gather(X, start, n, origin, x, sizes)
        if by_products:
            np.dot(forward, x.reshape(padded_features, LANES), h.reshape(padded_clusters, LANES))
        else:
            for k in range(0, padded_clusters, 4):
                product4(forward, k, padded_features, x, h, k)
        _nearest_two(h, squares, best, second, who, rival)
        careful = False
        for r in range(LANES):
            sizes[r] += squares[int(who[r])]
            careful |= not (2.0 * beta * rounding * (sizes[r] + (second[r] - best[r])) <= _TOLERANCE)
        if beta == 0.0:
            careful = False
        if careful:
            _count_close(h, n_clusters, beta, rounding, sizes, best, second, close)
        _shares(h, n_clusters, beta, best, second, who, total, weight)
        for r in range(LANES):
            sums[r] = 0.0
            magnitudes[r] = 0.0
            total[r] = 1.0 / total[r]
        if by_products:
            for k in range(n_clusters, padded_clusters):
                h[k * LANES : (k + 1) * LANES] = 0.0
            np.dot(backward, h.reshape(padded_clusters, LANES), pq.reshape(2 * padded_features, LANES))
        else:
            for k in range(n_clusters, padded_clusters):
                for r in range(LANES):
                    h[k * LANES + r] = 0.0
        for i in range(0, padded_features, 2):
            if by_products:
                at = 2 * i * LANES
            else:
                at = 0
                product4(backward, 2 * i, padded_clusters, h, pq, 0)
            for r in range(LANES):
                value = (pq[at + LANES + r] + x[i * LANES + r] * pq[at + r]) * total[r]
                next_ = (pq[at + 3 * LANES + r] + x[(i + 1) * LANES + r] * pq[at + 2 * LANES + r]) * total[r]
                x[i * LANES + r] = value
                x[(i + 1) * LANES + r] = next_
                sums[r] += value
                sums[r] += next_
                magnitudes[r] += abs(value) + abs(next_)
        for r in range(LANES):
            logit = second[r] - best[r]
            share = (logit - sums[r]) / magnitudes[r]
            best[r] = share if abs(share) <= _CLOSING else 0.0
            sums[r] = 1.0 / (1.0 + exp_not_positive(-beta * logit))
            fine = (
                (logit >= sizes[r] * (rounding / _TOLERANCE))
                & (weight[r] * total[r] * sizes[r] * rounding <= _RELEVANCE_TOLERANCE * magnitudes[r])
                & (magnitudes[r] <= largest)
                & (logit >= _TINY)
            )
            sizes[r] = 0.0 if fine else 1.0
            second[r] = logit
        for r in range(n):
            row = start + r
            logits[row] = second[r]
            probabilities[row] = sums[r]
            labels[row] = int(who[r])
            competitors[row] = int(rival[r])
            lossy[row] = (sizes[r] != 0.0) | (careful & (close[r] > 2.0))
        for r in range(n):
            share = best[r]
            for i in range(n_features):
                value = x[i * LANES + r]
                relevance[start + r, i] = value + abs(value) * share
        for i in range(n_features, padded_features):
            for r in range(LANES):
                x[i * LANES + r] = 0.0
