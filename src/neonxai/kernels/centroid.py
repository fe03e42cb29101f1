"""K-means' evidence, min-pooling and redistribution in one pass over the rows."""

import numpy as np
from numba import njit

from neonxai.kernels.exponential import exp_not_positive
from neonxai.kernels.tiles import LANES

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


@njit(fastmath={"contract"}, error_model="numpy")
def _gather(X: np.ndarray, first: int, n: int, origin: np.ndarray, x: np.ndarray) -> None:
    """Take n rows of any strides, in local coordinates."""
    if X.strides[0] < X.strides[1]:
        for i in range(X.shape[1]):
            for r in range(n):
                x[r, i] = np.float64(X[first + r, i]) - origin[i]
    elif X.strides[1] == X.itemsize:
        for r in range(n):
            _move(X[first + r], origin, x[r])
    else:
        for r in range(n):
            for i in range(X.shape[1]):
                x[r, i] = np.float64(X[first + r, i]) - origin[i]


@njit(fastmath={"contract"}, error_model="numpy")
def _move(row: np.ndarray, origin: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = np.float64(row[i]) - origin[i]


# Only the order of summands is free here.
@njit(fastmath={"contract", "reassoc"}, error_model="numpy")
def _square(row: np.ndarray) -> float:
    result = 0.0
    for value in row:
        result += value * value
    return result


@njit(fastmath={"contract", "reassoc"}, error_model="numpy")
def _combine(row: np.ndarray, products: np.ndarray, scale: float) -> tuple[float, float]:
    """R_i of one row in place of x_i; Σ R_i and Σ |R_i|."""
    n = len(row)
    total = 0.0
    magnitude = 0.0
    minus_twice, squares = products[:n], products[n:]
    for i in range(n):
        value = (squares[i] + row[i] * minus_twice[i]) * scale
        row[i] = value
        total += value
        magnitude += abs(value)
    return total, magnitude


@njit(fastmath={"contract"}, error_model="numpy")
def _write(row: np.ndarray, share: float, out: np.ndarray) -> None:
    for i in range(len(row)):
        out[i] = row[i] + abs(row[i]) * share


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
) -> None:
    """Explain the rows from first to last."""
    n_features, n_clusters = X.shape[1], len(squares)
    x = np.zeros((LANES, n_features))
    h = np.empty((n_clusters, LANES))
    flat = h.reshape(n_clusters * LANES)
    products = np.empty((LANES, 2 * n_features))
    sizes, best, second, who, rival, total, weight, close = (
        np.zeros(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES),
        np.empty(LANES), np.empty(LANES), np.empty(LANES),
    )
    for start in range(first, last, LANES):
        n = min(LANES, last - start)
        _gather(X, start, n, origin, x)
        np.dot(forward, x.T, h)
        _nearest_two(flat, squares, best, second, who, rival)
        careful = False
        for r in range(n):
            sizes[r] = _square(x[r]) + squares[int(who[r])]
        for r in range(LANES):
            careful |= not (2.0 * beta * rounding * (sizes[r] + (second[r] - best[r])) <= _TOLERANCE)
        if beta == 0.0:
            careful = False
        if careful:
            _count_close(flat, n_clusters, beta, rounding, sizes, best, second, close)
        _shares(flat, n_clusters, beta, best, second, who, total, weight)
        np.dot(h.T, backward, products)
        for r in range(LANES):
            logit = second[r] - best[r]
            best[r] = 1.0 / (1.0 + exp_not_positive(-beta * logit))
            total[r] = 1.0 / total[r]
            second[r] = logit
        for r in range(n):
            row, logit = start + r, second[r]
            amount, magnitude = _combine(x[r], products[r], total[r])
            share = (logit - amount) / magnitude
            share = share if abs(share) <= _CLOSING else 0.0
            _write(x[r], share, relevance[row])
            logits[row] = logit
            probabilities[row] = best[r]
            labels[row] = int(who[r])
            competitors[row] = int(rival[r])
            fine = (
                (logit >= sizes[r] * (rounding / _TOLERANCE))
                & (weight[r] * total[r] * sizes[r] * rounding <= _RELEVANCE_TOLERANCE * magnitude)
                & (magnitude <= largest)
                & (logit >= _TINY)
            )
            lossy[row] = (not fine) | (careful & (close[r] > 2.0))
