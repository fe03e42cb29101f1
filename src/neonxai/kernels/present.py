"""Relevance of rows in CSR through linear scores: what is present, entry by entry, and what is absent."""

import numpy as np
from numba import njit


# The order of summands is free ("reassoc"), so that sums over clusters become vectors.
@njit(nogil=True, cache=True, fastmath={"contract", "reassoc"}, error_model="numpy")
def combine_present(
    data: np.ndarray,
    indices: np.ndarray,
    indptr: np.ndarray,
    origin: np.ndarray,
    weights: np.ndarray,
    centers: np.ndarray,
    clusters: np.ndarray,
    coefficients: np.ndarray,
    relevance: np.ndarray,
    absent: np.ndarray,
    sizes: np.ndarray,
) -> None:
    """Σ_k a_k Z_ik of present entries; take those of x = 0 from what is absent; and the size of it all.

    Parameters
    ----------
    data, indices, indptr : arrays
        Rows in CSR.
    origin : array of shape (n_features,)
        Of local coordinates.
    weights, centers : arrays of shape (n_features, n_clusters)
        W and μ, local.
    clusters : int array of shape (n_rows,)
        The clusters c.
    coefficients : array of shape (n_rows, n_clusters)
        a_k.
    relevance : array of shape (n_present,)
        Gets the result.
    absent : array of shape (n_rows,)
        With the sums of the relevance of x = 0; less that of present entries.
    sizes : array of shape (n_rows,)
        With Σ |a_k| (|scores| of c and k) at 0; plus that of present entries: what has been summed up, all
        signs positive.
    """
    n_clusters = coefficients.shape[1]
    for r in range(len(clusters)):
        a, c = coefficients[r], clusters[r]
        total, of_all = 0.0, 0.0
        for k in range(n_clusters):
            total += a[k]
            of_all += abs(a[k])
        for e in range(indptr[r], indptr[r + 1]):
            i = indices[e]
            w, mu, o = weights[i], centers[i], origin[i]
            mixed_w, mixed_mu, both = 0.0, 0.0, 0.0
            size_w, size_mu, size_both = 0.0, 0.0, 0.0
            for k in range(n_clusters):
                of_w, of_mu = a[k] * w[k], a[k] * mu[k]
                product = of_w * mu[k]
                mixed_w += of_w
                mixed_mu += of_mu
                both += product
                size_w += abs(of_w)
                size_mu += abs(of_mu)
                size_both += abs(product)
            own_w, own_mu = w[c], mu[c]
            tilt = total * own_w - mixed_w
            shift = 0.5 * ((total * own_w * own_mu - both) + (own_w * mixed_mu - mixed_w * own_mu))
            x = np.float64(data[e])
            relevance[e] = (x - o) * tilt - shift
            absent[r] += o * tilt + shift
            own_w, own_mu = abs(own_w), abs(own_mu)
            far = abs(x - o) + abs(o)
            sizes[r] += far * (of_all * own_w + size_w)
            sizes[r] += of_all * own_w * own_mu + size_both + own_w * size_mu + size_w * own_mu
