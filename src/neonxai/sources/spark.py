"""Spark ML: k-means, bisecting k-means and Gaussian mixtures, read through their PySpark models.

Only the model's parameters cross over from the Java side; rows don't. A Spark model knows one column of
vectors, not the names of features.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonxai.networks import CentroidNetwork, CentroidTreeNetwork
from neonxai.networks.gaussian import GaussianNetwork
from neonxai.sources.registry import register
from neonxai.sources.source import Source


def _check_is_ml(model: Any, remedy: str) -> None:
    """Refuse the older RDD-based classes, which have the same names and other methods."""
    if not any(cls.__module__.startswith("pyspark.ml.") for cls in type(model).__mro__):
        kind = type(model)
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} is not covered, only the pyspark.ml class of that name. "
            f"{remedy}"
        )


def _check_euclidean(model: Any) -> None:
    measure = model.getDistanceMeasure()
    if measure != "euclidean":
        raise ValueError(
            f"{type(model).__name__} with distanceMeasure={measure!r} is not covered: its evidence is not a "
            'difference of squared Euclidean distances. Fit it with distanceMeasure="euclidean", on vectors '
            "from pyspark.ml.feature.Normalizer if it is their angle that matters."
        )


@register("pyspark.ml.clustering.KMeansModel")
def kmeans(model: Any) -> Source:
    """Explain by the nearest of ``clusterCenters()``."""
    _check_is_ml(model, "Explain neonxai.Centroids(model.clusterCenters).")
    _check_euclidean(model)
    centers = np.array([np.asarray(center) for center in model.clusterCenters()])
    return Source(CentroidNetwork(centers), tuple(range(len(centers))))


@register("pyspark.ml.clustering.BisectingKMeansModel")
def bisecting_kmeans(model: Any) -> Source:
    """Explain by the tree of bisections, which ``predict`` descends.

    The leaves' centers alone (``clusterCenters()``) are not the model: a row can be nearer to another leaf.
    """
    _check_is_ml(model, "Fit pyspark.ml.clustering.BisectingKMeans instead.")
    _check_euclidean(model)
    root = _skip_only_children(_tree_of(model))
    leaf_centers = model.clusterCenters()
    names = tuple(range(len(leaf_centers)))
    if root.isLeaf():
        return Source(CentroidNetwork(np.array(leaf_centers)), names)
    centers: list[list[NDArray[np.float64]]] = []
    children: list[list[int]] = []
    _flatten(root, centers, children)
    return Source(CentroidTreeNetwork(centers, children), names)


def _tree_of(model: Any) -> Any:
    """Return the root of the tree, which the model keeps to itself."""
    try:
        java_class = model._java_obj.getClass()  # noqa: SLF001 - Spark has no public way, except to a file
        field = next(f for f in java_class.getDeclaredFields() if f.getName().endswith("parentModel"))
        field.setAccessible(True)
        return field.get(model._java_obj).root()  # noqa: SLF001
    except (AttributeError, StopIteration) as error:
        raise TypeError(
            f"The tree of this {type(model).__name__} can't be reached: it is not in a Java process beside "
            "this one (Spark Connect?), or this version of Spark keeps it elsewhere. Explain its labels: "
            "neonxai.explain_labels(labels, X), or the nearest leaf: "
            "neonxai.Centroids(model.clusterCenters())."
        ) from error


def _skip_only_children(node: Any) -> Any:
    """Go down to a node that decides something, or to a leaf."""
    while not node.isLeaf() and len(node.children()) == 1:
        node = node.children()[0]
    return node


def _flatten(root: Any, centers: list[list[NDArray[np.float64]]], children: list[list[int]]) -> None:
    """List the inner nodes, the root first: the centers of their two children, and where these are."""
    waiting = [(root, -1, 0)]
    while waiting:
        node, parent, side = waiting.pop(0)
        below = _skip_only_children(node)
        if below.isLeaf():
            children[parent][side] = -1 - int(below.index())
            continue
        index = len(children)
        if parent >= 0:
            children[parent][side] = index
        children.append([0, 0])
        left, right = below.children()
        centers.append([np.array(list(child.center().toArray())) for child in (left, right)])
        waiting += [(left, index, 0), (right, index, 1)]


@register("pyspark.ml.clustering.GaussianMixtureModel")
def gaussian_mixture(model: Any) -> Source:
    """Explain by the posterior probability of each Gaussian.

    Notes
    -----
    Spark adds 2.2e-16 to every weighted density before it compares them, so far from all Gaussians, where the
    densities are no more than that, it calls all clusters alike. The explanation doesn't: its probabilities
    are those of the mixture, and differ from Spark's by about 2.2e-16 / density. Like Spark, it leaves out
    directions in which a covariance has no extent.
    """
    _check_is_ml(model, "Fit pyspark.ml.clustering.GaussianMixture instead.")
    weights = np.asarray(model.weights, dtype=np.float64)
    if not np.all(weights > 0.0):
        empty = int(np.argmin(weights > 0.0))
        raise ValueError(
            f"Component {empty} of this GaussianMixtureModel has weight {weights[empty]:g}: nothing can "
            f"belong to it. Fit it again with fewer than {len(weights)} components."
        )
    gaussians = model.gaussians
    means = np.array([gaussian.mean.toArray() for gaussian in gaussians])
    factors, constants = [], []
    for k, gaussian in enumerate(gaussians):
        factor, half_log_determinant = _whiten(gaussian.cov.toArray(), k)
        factors.append(factor)
        constants.append(half_log_determinant - np.log(weights[k]))
    return Source(GaussianNetwork(means, np.array(factors), np.array(constants)), tuple(range(len(means))))


def _whiten(covariance: NDArray[np.float64], component: int) -> tuple[NDArray[np.float64], float]:
    """Return L with L Lᵀ the pseudo-inverse, and half the logarithm of the pseudo-determinant."""
    values, vectors = np.linalg.eigh(covariance)
    # Spark's own threshold: what it takes for 0 has no part in its densities.
    kept = values > np.finfo(np.float64).eps * values.max() * len(values)
    if not kept.any():
        raise ValueError(
            f"The covariance of component {component} has no extent in any direction (its largest eigenvalue "
            f"is {values.max():g}), so it has no density. Fit the mixture again with fewer components."
        )
    scales = np.zeros_like(values)
    scales[kept] = values[kept] ** -0.5
    return vectors * scales, float(0.5 * np.log(values[kept]).sum())
