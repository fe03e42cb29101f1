"""K-means' evidence, min-pooling and redistribution in one pass over the rows."""

import numpy as np
from numba import njit

from neonxai.kernels.exponential import exp_not_positive
from neonxai.kernels.pooling import LANES, count_close, nearest_two, shares_back

# A row is left to the caller where the nearest rival's evidence or β times the error of evidence exceeds
# these shares; as in `neonxai.networks.differences`.
_TOLERANCE = 1e-11
_RELEVANCE_TOLERANCE = 2e-13
# The same for relevance in single precision; 1e-5 is promised.
_RELEVANCE_TOLERANCE_SINGLE = 4e-6
# A handful of roundings for each term; those of a sum over clusters grow like √K, as if random.
_ROUNDING_SINGLE = 2.0**-22
_FEW_CLUSTERS = 16.0
_CLOSING = 1e-10  # as in `neonxai.networks.closure`
_CLOSING_SINGLE = 1e-5
_TINY = 1e-200
_TINY_SINGLE = 1e-30


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
    closing: float,
    relevance: np.ndarray,
    magnitudes: np.ndarray,
) -> None:
    """Relevance of rows, closed to the last digits, and its Σ |R_i|; NaN where it is far from the logit.

    Overwrites the products.
    """
    n, n_features = relevance.shape
    precision = products.dtype.type
    for r in range(n):
        total, magnitude = precision(0.0), precision(0.0)
        factor = precision(scale[r])
        for i in range(n_features):
            value = (products[r, n_features + i] + precision(x[r, i]) * products[r, i]) * factor
            products[r, i] = value
            total += value
            magnitude += abs(value)
        share = (precision(logits[r]) - total) / magnitude
        is_close = abs(share) <= closing
        share = precision(share if is_close else 0.0)
        for i in range(n_features):
            value = products[r, i]
            relevance[r, i] = value + abs(value) * share
        magnitudes[r] = magnitude if is_close else np.nan


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

    The way forward is in double precision, as differences of distances need it; the way back in that of
    ``backward``.

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
        −2 μ_ki, and (μ_ki)², local, in the precision of the way back.
    rounding : float
        Error of a difference of distances, as a share of ‖x‖² + ‖μ_c‖².
    beta : float
        β, finite.
    largest : float
        The largest number that the answer can hold.
    relevance, logits, probabilities, labels, competitors
        Get the answer.
    lossy : bool array of shape (n_rows,)
        Gets the rows whose answer has too few digits, or whose numbers are too large or not finite.
    """
    n_features, n_clusters = X.shape[1], len(squares)
    single = backward.itemsize == 4
    many = np.sqrt(max(1.0, n_clusters / _FEW_CLUSTERS))
    error_back = _ROUNDING_SINGLE * many if single else rounding
    tolerance_back = _RELEVANCE_TOLERANCE_SINGLE if single else _RELEVANCE_TOLERANCE
    closing = _CLOSING_SINGLE if single else _CLOSING
    tiny = _TINY_SINGLE if single else _TINY
    x = np.zeros((LANES, n_features))
    h = np.empty(n_clusters * LANES)
    s = np.empty(n_clusters * LANES, backward.dtype)
    columns, shares = h.reshape(n_clusters, LANES), s.reshape(n_clusters, LANES)
    products = np.empty((LANES, 2 * n_features), backward.dtype)
    sizes, best, logit, who, rival = (
        np.zeros(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
    )
    total, weight, close, magnitudes = np.empty(LANES), np.empty(LANES), np.zeros(LANES), np.zeros(LANES)
    careful = np.empty(LANES)
    for start in range(0, len(X), LANES):
        n = min(LANES, len(X) - start)
        rows = slice(start, start + n)
        _gather(X[rows], origin, x, sizes)
        np.dot(forward, x.T, columns)
        nearest_two(h, squares, best, logit, who, rival)
        n_careful = 0.0
        for r in range(LANES):
            logit[r] -= best[r]
            sizes[r] += squares[np.uint64(who[r])]
            error = 2.0 * beta * rounding * (sizes[r] + logit[r])
            careful[r] = 0.0 if error <= _TOLERANCE else 1.0
            n_careful += careful[r]
            close[r] = 0.0
        if n_careful > 0.0 and beta > 0.0:
            count_close(h, n_clusters, beta, rounding, sizes, best, logit, close)
        shares_back(h, n_clusters, beta, best, logit, who, s, total, weight)
        for r in range(LANES):
            total[r] = 1.0 / total[r]
        np.dot(shares.T, backward, products)
        _combine(x, products, total, logit, closing, relevance[rows], magnitudes)
        for r in range(n):
            row = start + r
            labels[row] = np.int64(who[r])
            competitors[row] = np.int64(rival[r])
            logits[row] = logit[r]
            probabilities[row] = 1.0 / (1.0 + exp_not_positive(-beta * logit[r]))
            lossy[row] = not (
                (logit[r] >= sizes[r] * (rounding / _TOLERANCE))
                & (weight[r] * total[r] * sizes[r] * error_back <= tolerance_back * magnitudes[r])
                & (magnitudes[r] <= largest)
                & (logit[r] >= tiny)
                & (careful[r] * close[r] <= 2.0)
            )
