r"""Shares integrated along the way from the background's mean to a row.

Where evidence is additive, :math:`h_k(x) = \sum_i g_{ki}(x_i) + r_k`, the logit of soft pooling changes along
a way by :math:`\sum_k p_k\,dh_k`, with the shares p_k as they are on the way. So feature i gets

.. math:: R_i = \sum_k \int_0^1 p_k(z(t)) \frac{d}{dt} g_{ki}(z_i(t))\,dt,\quad z(t) = m + t (x - m).
"""

from typing import NamedTuple

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.additive import differences, expand
from neonxai.networks.base import Network
from neonxai.networks.coalitions import mean_pooled
from neonxai.networks.shapley import groups

_TILE_VALUES = 1 << 18


class IntegratedShares(NamedTuple):
    """Relevance by shares that were integrated along a way.

    Attributes
    ----------
    values : array of shape (n_rows, n_features)
        R_i, in the unit of the logit.
    absorbed : array of shape (n_rows,)
        f_c(x) − f_c(m) − Σ_i R_i: the error of the quadrature; with min-pooling also that shares are those
        of soft pooling. It belongs to no feature.
    base_value : array of shape (n_rows,)
        f_c(m).
    """

    values: Doubles
    absorbed: Doubles
    base_value: Doubles


def integrated(
    network: Network,
    X: Floats,
    clusters: Ints,
    background_mean: Floats,
    *,
    rivals: Ints | None = None,
    pooling: str = "min",
    beta: float = 1.0,
    n_points: int = 32,
) -> IntegratedShares:
    """Share out f_c(x) − f_c(m) by the shares on the straight way from m to x.

    Parameters
    ----------
    network : Network
        A clustering whose evidence is additive in the features (`neonxai.networks.additive.expand`).
    X : array of shape (n_rows, n_features)
        Rows.
    clusters : int array of shape (n_rows,)
        The cluster c that each row is explained for.
    background_mean : array of shape (n_features,)
        m, where the way starts.
    rivals : int array of shape (n_rows,), optional
        The one rival to compare with. By default all are pooled.
    pooling : {"min", "soft"}
        What f_c is.
    beta : float
        β of the shares p_k ∝ exp(−β h_k).
    n_points : int
        Points of the Gauss–Legendre rule.

    Returns
    -------
    IntegratedShares

    Raises
    ------
    TypeError
        If the network's evidence is not additive.

    Examples
    --------
    >>> import numpy as np
    >>> from neonxai.networks import CentroidNetwork
    >>> network = CentroidNetwork([[0.0, 0.0], [2.0, 0.0]])
    >>> integrated(network, np.array([[0.5, 7.0]]), np.array([0]), np.array([1.0, 1.0])).values
    array([[2., 0.]])
    """
    m = np.asarray(background_mean, np.float64)
    nodes, weights = np.polynomial.legendre.leggauss(n_points)
    nodes, weights = 0.5 * (nodes + 1.0), 0.5 * weights
    values = np.empty(X.shape)
    bases, logits = np.empty(len(X)), np.empty(len(X))
    for own, against, rows in groups(network, clusters, rivals):
        _, slopes, bends, _ = found = expand(network, m, own, against)
        at_mean = (found.constants.sum(axis=1) + found.rests)[:, None]
        nothing = np.zeros((len(against), 1, 1))
        base = mean_pooled(at_mean[:, None], nothing, np.ones(1), pooling, beta)[0]
        step = max(1, _TILE_VALUES // max(slopes.shape))
        for start in range(0, len(rows), step):
            tile = rows[start : start + step]
            # Along the way h_k is that of m + slope t + bend t².
            apart = differences(X[tile], m)
            h_slope, h_bend = weighted_sums(slopes, apart), weighted_sums(bends, apart**2)
            straight, bent = np.zeros_like(h_slope), np.zeros_like(h_slope)
            for t, weight in zip(nodes, weights, strict=True):
                shares = shares_at(at_mean + t * (h_slope + t * h_bend), beta)
                straight += weight * shares
                bent += 2.0 * t * weight * shares
            relevance = weighted_sums(slopes.T, straight) * apart
            relevance += weighted_sums(bends.T, bent) * apart**2
            values[tile], bases[tile] = relevance.T, base
            evidence = at_mean + (h_slope + h_bend)
            logits[tile] = mean_pooled(evidence[:, None], nothing, np.ones(1), pooling, beta)[0]
    return IntegratedShares(values, logits - bases - values.sum(axis=1), bases)


def weighted_sums(weights: Doubles, columns: Doubles) -> Doubles:
    """``weights @ columns``, but that a column's bits don't depend on those beside it.

    Examples
    --------
    >>> weighted_sums(np.array([[1.0, 2.0]]), np.array([[3.0, 0.0], [0.0, 5.0]]))
    array([[ 3., 10.]])
    """
    sums = np.zeros((len(weights), columns.shape[1]))
    for weight, column in zip(weights.T, columns, strict=True):
        if weight.any():
            sums += weight[:, None] * column
    return sums


def shares_at(h: Doubles, beta: float) -> Doubles:
    """Softmax of −β h over the rivals (axis 0); ties share where β is infinite.

    Examples
    --------
    >>> shares_at(np.array([[1.0, 0.0], [1.0, 2.0]]), np.inf)
    array([[0.5, 1. ],
           [0.5, 0. ]])
    """
    above = h - h.min(axis=0)
    shares: Doubles
    if beta == np.inf:
        shares = (above == 0.0).astype(np.float64)
    else:
        with np.errstate(under="ignore", over="ignore"):
            shares = np.exp(-beta * above)
    shares /= shares.sum(axis=0)
    return shares
