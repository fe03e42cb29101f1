"""K-means' evidence, min-pooling and redistribution in one pass over the rows."""

import numpy as np
from numba import njit

from neonxai.kernels.exponential import exp_not_positive

# Rows in a tile. Pooling is elementwise over them, so that the compiler makes vectors of it; a constant, so
# that it sees that columns do not overlap. Measured best of 64 and 128.
LANES = 64
# A row is left to the reference where the nearest rival's evidence or β times the error of evidence exceeds
# these shares; as in `neonxai.networks.differences`.
_TOLERANCE = 1e-11
_RELEVANCE_TOLERANCE = 2e-13
_NO_SHARE = 40.0
_CLOSING = 1e-10  # as in `neonxai.networks.closure`
_TINY = 1e-200


@njit(fastmath={"contract"}, error_model="numpy")
def _nearest_two(
    h: np.ndarray,
    squares: np.ndarray,
    best: np.ndarray,
    second: np.ndarray,
    who: np.ndarray,
    rival: np.ndarray,
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
    """Layer 2 backward, in place: h becomes p_k r_k, minus their sum for the own cluster, times total."""
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
    h: np.ndarray,
    n_clusters: int,
    beta: float,
    rounding: float,
    sizes: np.ndarray,
    best: np.ndarray,
    second: np.ndarray,
    close: np.ndarray,
) -> None:
    """Count the centers, the own one too, that get a share, seen with the error of the products."""
    for r in range(LANES):
        close[r] = 0.0
    for k in range(n_clusters):
        for r in range(LANES):
            logit = second[r] - best[r]
            limit = logit + 4.0 * rounding * (sizes[r] + logit) + _NO_SHARE / beta
            close[r] += 1.0 if h[k * LANES + r] - best[r] <= limit else 0.0


# In these two only the order of summands is free ("reassoc"): sums over features become vectors, too.
@njit(fastmath={"contract", "reassoc"}, error_model="numpy")
def _gather(X: np.ndarray, origin: np.ndarray, x: np.ndarray, sizes: np.ndarray) -> None:
    """Take rows of any strides, in local coordinates, with their squared norms."""
    n, n_features = X.shape
    if X.strides[0] < X.strides[1]:
        for i in range(n_features):
            for r in range(n):
                x[r, i] = np.float64(X[r, i]) - origin[i]
        for r in range(n):
            size = 0.0
            for i in range(n_features):
                size += x[r, i] * x[r, i]
            sizes[r] = size
    else:
        for r in range(n):
            size = 0.0
            for i in range(n_features):
                value = np.float64(X[r, i]) - origin[i]
                x[r, i] = value
                size += value * value
            sizes[r] = size


@njit(fastmath={"contract", "reassoc"}, error_model="numpy")
def _combine(
    x: np.ndarray,
    products: np.ndarray,
    scale: np.ndarray,
    logits: np.ndarray,
    relevance: np.ndarray,
    magnitudes: np.ndarray,
) -> None:
    """Relevance of rows, closed to the last digits, and its Σ |R_i|. Overwrites x."""
    n, n_features = relevance.shape
    for r in range(n):
        total = 0.0
        magnitude = 0.0
        factor = scale[r]
        for i in range(n_features):
            value = (products[r, n_features + i] + x[r, i] * products[r, i]) * factor
            x[r, i] = value
            total += value
            magnitude += abs(value)
        share = (logits[r] - total) / magnitude
        share = share if abs(share) <= _CLOSING else 0.0
        for i in range(n_features):
            relevance[r, i] = x[r, i] + abs(x[r, i]) * share
        magnitudes[r] = magnitude


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def explain_rows(
    X: np.ndarray,
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
    """Explain rows for their own clusters.

    Parameters
    ----------
    X : array of shape (n_rows, n_features)
        Rows, float32 or float64, of any strides.
    origin : array of shape (n_features,)
        Of the local coordinates.
    forward : array of shape (n_clusters, n_features)
        −2 μ_k, local.
    squares : array of shape (n_clusters,)
        ‖μ_k‖², local.
    backward : array of shape (n_clusters, 2 n_features)
        −2 μ_k, and (μ_ki)², local.
    rounding : float
        Error of a difference of distances, as a share of ‖x‖² + ‖μ_c‖².
    beta : float
        β, finite.
    largest : float
        The largest number that the answer can hold.
    relevance, logits, probabilities, labels, competitors
        Get the answer.
    lossy : bool array of shape (n_rows,)
        Gets the rows whose answer has too few digits, or whose numbers are too large.
    """
    n_features, n_clusters = X.shape[1], len(squares)
    x = np.zeros((LANES, n_features))
    h = np.empty((n_clusters, LANES))
    flat = h.reshape(n_clusters * LANES)
    products = np.empty((LANES, 2 * n_features))
    sizes, best, second, who, rival = (
        np.zeros(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
    )
    total, weight, close, magnitudes = np.empty(LANES), np.empty(LANES), np.zeros(LANES), np.zeros(LANES)
    for start in range(0, len(X), LANES):
        n = min(LANES, len(X) - start)
        rows = slice(start, start + n)
        _gather(X[rows], origin, x, sizes)
        np.dot(forward, x.T, h)
        _nearest_two(flat, squares, best, second, who, rival)
        careful = 0.0
        for r in range(LANES):
            sizes[r] += squares[np.uint64(who[r])]
            error = 2.0 * beta * rounding * (sizes[r] + (second[r] - best[r]))
            careful += 0.0 if error <= _TOLERANCE else 1.0
        if careful > 0.0 and beta > 0.0:
            _count_close(flat, n_clusters, beta, rounding, sizes, best, second, close)
        else:
            for r in range(LANES):
                close[r] = 0.0
        _shares(flat, n_clusters, beta, best, second, who, total, weight)
        np.dot(h.T, backward, products)
        for r in range(LANES):
            second[r] -= best[r]
            total[r] = 1.0 / total[r]
        _combine(x, products, total, second, relevance[rows], magnitudes)
        own, nearest, logit, probability, left = (
            labels[rows],
            competitors[rows],
            logits[rows],
            probabilities[rows],
            lossy[rows],
        )
        for r in range(n):
            own[r] = np.int64(who[r])
            nearest[r] = np.int64(rival[r])
            logit[r] = second[r]
            probability[r] = 1.0 / (1.0 + exp_not_positive(-beta * second[r]))
        for r in range(n):
            left[r] = not (
                (second[r] >= sizes[r] * (rounding / _TOLERANCE))
                & (weight[r] * total[r] * sizes[r] * rounding <= _RELEVANCE_TOLERANCE * magnitudes[r])
                & (magnitudes[r] <= largest)
                & (second[r] >= _TINY)
                & (close[r] <= 2.0)
            )
