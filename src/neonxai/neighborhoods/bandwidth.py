r"""How wide a support point's neighborhood is: γ for labels.

A network of support points says that a row x belongs to cluster k with probability

.. math:: P_k(x) \propto \operatorname{mean}_{j \in C_k} \exp(-\gamma \|x - u_j\|^2).

The γ that suits the labels best makes them most probable, each row being left out of its own cluster: the
leave-one-out likelihood. Where many do almost as well (clusters far apart), the smallest is chosen that is
within one standard error of the best, or within 0.01 where clusters are so far apart that there is no error:
it looks at the most points, and explains the cluster's shape rather than single neighbors.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from neonxai.arrays import Ints

_QUERIES = 1000
_POINTS = 4000
_STEPS = 33
_NEGLIGIBLE = 0.01  # in a mean log-probability: 1 % in the typical probability


def likely_bandwidth(points: NDArray[np.float64], members: Ints) -> float:
    """Choose γ by the leave-one-out likelihood of the labels, the smallest within one standard error.

    Parameters
    ----------
    points : array of shape (n_points, n_features)
        The clustered rows. Of more than 4,000, every so many-th of each cluster is taken, in the order of
        their distance from its mean: what does not depend on their order, or on the names of clusters.
    members : int array of shape (n_points,)
        Their clusters.

    Returns
    -------
    float
        γ, in 1 / squared unit of the data.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (200, 2)), rng.normal(6, 1, (200, 2))])
    >>> bool(0.01 < likely_bandwidth(X, np.repeat([0, 1], 200)) < 1)
    True
    """
    order, starts, sizes = _spread_out(points, members, _POINTS)
    u, own = points[order], np.repeat(np.arange(len(starts)), sizes)
    # A row alone in its cluster says nothing about its neighborhood.
    queries = _every(np.arange(len(u)) - starts[own], _QUERIES)
    queries = queries[sizes[own[queries]] > 1]
    distances = cdist(u[queries], u, "sqeuclidean")
    distances[np.arange(len(queries)), queries] = np.inf
    positive = distances[np.isfinite(distances) & (distances > 0.0)]
    if not positive.size:
        return 1.0  # all points are one
    if len(starts) < 2:
        return float(1.0 / np.median(positive))
    nearest = np.where(distances > 0.0, distances, np.inf).min(axis=1)
    widest, narrowest = np.median(positive), np.median(nearest[np.isfinite(nearest)])
    candidates = np.geomspace(0.1 / widest, max(10.0 / narrowest, 1.0 / widest), _STEPS)
    scores = np.array([_log_likelihood(distances, g, starts, sizes, own[queries]) for g in candidates])
    means = scores.mean(axis=1)
    best = int(np.argmax(means))
    error = max(scores[best].std() / np.sqrt(len(queries)), _NEGLIGIBLE)
    return float(candidates[np.flatnonzero(means >= means[best] - error)[0]])


def _spread_out(points: NDArray[np.float64], members: Ints, at_most: int) -> tuple[Ints, Ints, Ints]:
    """Some points, cluster by cluster: (their places, where each cluster starts, how many it has)."""
    by_cluster = np.argsort(members, kind="stable")
    starts = np.flatnonzero(np.diff(members[by_cluster], prepend=-1))
    sizes = np.diff(np.append(starts, len(members)))
    grouped = points[by_cluster]
    grouped -= np.repeat(np.add.reduceat(grouped, starts, axis=0) / sizes[:, None], sizes, axis=0)
    apart = np.einsum("nd,nd->n", grouped, grouped)
    clusters = np.repeat(np.arange(len(starts)), sizes)
    order = np.lexsort((apart, clusters))
    kept = _every(np.arange(len(order)) - starts[clusters], at_most)
    counts = np.bincount(clusters[kept], minlength=len(starts))
    return by_cluster[order[kept]], np.cumsum(counts) - counts, counts


def _every(ranks: Ints, at_most: int) -> Ints:
    """Places of every so many-th rank of each cluster, so that about ``at_most`` are left."""
    step = -(-len(ranks) // at_most)
    return np.flatnonzero(ranks % step == 0)


def _log_likelihood(
    distances: NDArray[np.float64], gamma: float, starts: Ints, sizes: Ints, own: Ints
) -> NDArray[np.float64]:
    """Log-probability of each query's own cluster, shape (n_queries,)."""
    rows = np.arange(len(distances))
    exponents = -gamma * distances
    largest = np.maximum.reduceat(exponents, starts, axis=1)
    exponents -= np.repeat(largest, sizes, axis=1)
    np.exp(exponents, out=exponents)
    counts = np.broadcast_to(sizes, largest.shape).astype(np.float64)
    counts[rows, own] -= 1.0
    potentials = np.log(np.add.reduceat(exponents, starts, axis=1)) - np.log(counts) + largest
    highest = potentials.max(axis=1)
    total = highest + np.log(np.exp(potentials - highest[:, None]).sum(axis=1))
    result: NDArray[np.float64] = potentials[rows, own] - total
    return result
