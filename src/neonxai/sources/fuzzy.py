"""Fuzzy c-means: centers and the exponent m; scikit-fuzzy's result is read without importing it."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai import frames
from neonxai.names import check_cluster_names
from neonxai.networks.fuzzy import FuzzyNetwork, check_fuzzifier
from neonxai.sources.registry import register
from neonxai.sources.source import Source

# How well one m must fit all memberships: log-ratios of float32 numbers still pass.
_FIT = 1e-5


class FuzzyCentroids:
    r"""A fuzzy c-means clustering given by its centers and its exponent m.

    A row's membership in cluster c falls with a power of its Euclidean distance to the center [Bezdek1981]_,

    .. math:: u_c = \frac{\|x-\mu_c\|^{-2/(m-1)}}{\sum_k \|x-\mu_k\|^{-2/(m-1)}}.

    Its explanation has logits (m − 1) log(u_c / (1 − u_c)), and probabilities u_c.

    Parameters
    ----------
    centers : array-like or frame of shape (n_clusters, n_features)
        The centers, in the unit of the data. The columns of a frame name the features.
    m : float
        The exponent of the clustering, above 1.
    cluster_names : sequence, optional
        All numbers or all strings; by default 0, 1, ...

    Raises
    ------
    ValueError
        If the centers are not a finite matrix of numbers, m is not a finite number above 1, or the names are
        not as many, or not different.

    Examples
    --------
    >>> import neonxai
    >>> model = FuzzyCentroids([[0.0], [4.0]], m=2.0)
    >>> e = neonxai.explain(model, [[1.0]])
    >>> e.probabilities.round(10)  # 1⁻² / (1⁻² + 3⁻²)
    array([0.9])
    """

    def __init__(
        self, centers: ArrayLike, m: float = 2.0, cluster_names: Sequence[Any] | None = None
    ) -> None:
        try:
            table = frames.read(centers)
        except (TypeError, ValueError) as error:
            raise type(error)(f"The centers can't be used. {error}") from error
        self.centers = np.array(table.values, copy=True)
        self.feature_names = table.names
        self.m = check_fuzzifier(m)
        names = range(len(self.centers)) if cluster_names is None else cluster_names
        self.cluster_names = check_cluster_names(names, len(self.centers))

    def __repr__(self) -> str:
        n_clusters, n_features = self.centers.shape
        return f"FuzzyCentroids({n_clusters} centers × {n_features} features, m={self.m:g})"

    @classmethod
    def from_cmeans(cls, result: Any) -> Self:
        """Read what scikit-fuzzy's ``cmeans`` returns.

        The tuple doesn't hold m. It follows from the memberships and the distances, since
        log(u_i / u_j) = −2/(m − 1) log(d_i / d_j) for every row and all clusters, by least squares.

        Parameters
        ----------
        result : tuple (cntr, u, u0, d, jm, p, fpc)
            ``cntr`` of shape (n_clusters, n_features), ``u`` and ``d`` of shape (n_clusters, n_samples).
            scikit-fuzzy takes its data as (n_features, n_samples); explain rows, the transpose of that.

        Returns
        -------
        FuzzyCentroids

        Raises
        ------
        ValueError
            If this is no such tuple, or no m fits.

        Notes
        -----
        The tuple doesn't hold the metric either. It must be "euclidean", the default.

        Examples
        --------
        >>> centers, distances = np.array([[0.0], [4.0]]), np.array([[1.0, 2.0], [3.0, 2.0]])
        >>> memberships = np.array([[0.9, 0.5], [0.1, 0.5]])
        >>> FuzzyCentroids.from_cmeans((centers, memberships, None, distances, [], 1, 0.0))
        FuzzyCentroids(2 centers × 1 features, m=2)
        """
        if not isinstance(result, tuple | list) or len(result) != 7:
            size = f" of {len(result)} entries" if hasattr(result, "__len__") else ""
            raise ValueError(
                f"from_cmeans needs scikit-fuzzy's (cntr, u, u0, d, jm, p, fpc), and got a "
                f"{type(result).__name__}{size}. Pass what skfuzzy.cmeans(...) returns, as it is, or use "
                "FuzzyCentroids(centers, m)."
            )
        centers, memberships, distances = (np.asarray(result[i], dtype=np.float64) for i in (0, 1, 3))
        shapes = centers.shape, memberships.shape, distances.shape
        fits = centers.ndim == memberships.ndim == 2 and memberships.shape == distances.shape
        if not fits or len(centers) != len(memberships):
            raise ValueError(
                f"from_cmeans got cntr, u and d of shapes {', '.join(map(str, shapes))}; they should be "
                "(clusters, features), (clusters, samples) and (clusters, samples). Pass what "
                "skfuzzy.cmeans(...) returns, as it is, or use FuzzyCentroids(centers, m)."
            )
        return cls(centers, _infer_fuzzifier(memberships, distances))


def _infer_fuzzifier(memberships: NDArray[np.float64], distances: NDArray[np.float64]) -> float:
    """Find m from log(u_k / u_c) = −2/(m − 1) log(d_k / d_c), c the nearest center of each column."""
    samples = np.arange(distances.shape[1])
    nearest = distances.argmin(axis=0)
    # scikit-fuzzy raises distances to at least eps, and eps of the largest: these have no such law.
    eps = 2.0 * np.finfo(np.float64).eps
    smallest, largest = distances.min(axis=0), distances.max(axis=0)
    usable = (memberships > np.finfo(np.float64).tiny) & (smallest > eps * np.maximum(1.0, largest))
    usable &= usable[nearest, samples]
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.log(memberships / memberships[nearest, samples])[usable]
        d = np.log(distances / distances[nearest, samples])[usable]
    remedy = "Give m yourself: FuzzyCentroids(cntr, m)."
    spread = float(d @ d)
    if not spread > 0.0:
        raise ValueError(
            f"m does not follow from this result: each of its {len(samples)} samples is as far from one "
            f"center as from another, or at one. {remedy}"
        )
    slope = float(u @ d) / spread
    misfit = float(np.max(np.abs(u - slope * d) / (1.0 + np.abs(u))))
    if not (slope < 0.0 and misfit <= _FIT):
        raise ValueError(
            f"No m fits this result: with u ∝ d^{slope:.3g}, the best power, the memberships are off by up "
            f"to {misfit:.2g} in their logarithm. They are not those of fuzzy c-means at these distances (u "
            f"and d of one and the same call?). {remedy}"
        )
    return 1.0 - 2.0 / slope


@register("neonxai.FuzzyCentroids")
def _fuzzy_centroids(model: FuzzyCentroids) -> Source:
    return _source(model)


@register("skfuzzy.cmeans")
def _cmeans(result: Any) -> Source:
    return _source(FuzzyCentroids.from_cmeans(result))


def _source(model: FuzzyCentroids) -> Source:
    return Source(FuzzyNetwork(model.centers, model.m), model.cluster_names, model.feature_names)
