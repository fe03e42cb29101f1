r"""Shares integrated along the way from the background's mean, of rows in CSR.

Evidence is linear, so on the straight way from m to x it is h(m) + t (h(x) − h(m)), a matter of the clusters
alone. With the mean share :math:`\bar p_k = \int_0^1 p_k\,dt`,

.. math:: R_i = (x_i - m_i) \sum_k \bar p_k (W_c - W_k)_i,

which is 0 where a feature is absent from both.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from neonxai.arrays import Doubles, Ints
from neonxai.networks.coalitions import mean_pooled
from neonxai.networks.integrated import shares_at
from neonxai.networks.linear import LinearNetwork
from neonxai.networks.shapley import groups
from neonxai.networks.sparse_rows import sparse_evidence


class SparseShares(NamedTuple):
    """Relevance of rows in CSR by shares that were integrated along a way.

    Attributes
    ----------
    values : csr_array of shape (n_rows, n_features)
        R_i, in the unit of the logit, of all features that are present in the row or in the mean.
    absorbed, base_value : arrays of shape (n_rows,)
        As of `neonxai.networks.integrated.IntegratedShares`.
    """

    values: csr_array
    absorbed: Doubles
    base_value: Doubles


def integrated_sparse(
    network: LinearNetwork,
    X: csr_array,
    clusters: Ints,
    background_mean: csr_array,
    *,
    rivals: Ints | None = None,
    pooling: str = "min",
    beta: float = 1.0,
    n_points: int = 32,
) -> SparseShares:
    """Share out f_c(x) − f_c(m) by the shares on the straight way from m to x, without making any row dense.

    Parameters
    ----------
    network : LinearNetwork
        The clustering.
    X : csr_array of shape (n_rows, n_features)
        Rows with each index once, in order.
    clusters : int array of shape (n_rows,)
        The cluster c that each row is explained for.
    background_mean : csr_array of shape (1, n_features)
        m, where the way starts; with each index once, in order.
    rivals, pooling, beta, n_points
        As for `neonxai.networks.integrated.integrated`.

    Returns
    -------
    SparseShares

    Examples
    --------
    >>> network = LinearNetwork([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    >>> x, m = csr_array([[0.5, 7.0, 0.0]]), csr_array([[1.0, 1.0, 0.0]])
    >>> integrated_sparse(network, x, np.array([0]), m).values.toarray()  # (0.5 − 1)(0 − 4)
    array([[2., 0., 0.]])
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_points)
    nodes, weights = 0.5 * (nodes + 1.0), 0.5 * weights
    columns = [np.union1d(X.indices[start:end], background_mean.indices) for start, end in pairwise(X.indptr)]
    indptr = np.concatenate([[0], np.cumsum([len(some) for some in columns])])
    values, bases, logits = np.empty(indptr[-1]), np.empty(X.shape[0]), np.empty(X.shape[0])
    for own, against, rows in groups(network, clusters, rivals):
        both = [
            sparse_evidence(network, Z, np.full(Z.shape[0], own), beta=beta)
            for Z in (background_mean, X[rows])
        ]
        at_mean, at_rows = (np.ascontiguousarray(evidence[:, against].T) for _, evidence in both)
        mean_share = np.zeros_like(at_rows)
        for t, weight in zip(nodes, weights, strict=True):
            mean_share += weight * shares_at(at_mean + t * (at_rows - at_mean), beta)
        nothing = np.zeros((len(against), 1, 1))
        for h, place in ((at_mean, bases), (at_rows, logits)):
            place[rows] = mean_pooled(h[:, None], nothing, np.ones(1), pooling, beta)[0]
        w = network.weights
        for share, row in zip(mean_share.T, rows, strict=True):
            some = columns[row]
            present = slice(X.indptr[row], X.indptr[row + 1])
            apart = np.zeros(len(some))
            apart[np.searchsorted(some, X.indices[present])] = X.data[present]
            apart[np.searchsorted(some, background_mean.indices)] -= background_mean.data
            tilt = share @ (w[own, some] - w[np.ix_(against, some)])
            values[indptr[row] : indptr[row + 1]] = apart * tilt
    found = csr_array((values, np.concatenate(columns), indptr), X.shape)
    return SparseShares(found, logits - bases - found.sum(axis=1), bases)
