"""scikit-learn's clusterings by centers."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neonxai.networks import CentroidNetwork, CentroidTreeNetwork, Network
from neonxai.sources.labels import Labels
from neonxai.sources.models import check_predict, feature_names
from neonxai.sources.registry import neuralize, register
from neonxai.sources.source import Source


@register("sklearn.frozen.FrozenEstimator")
def frozen(model: Any) -> Source | Labels:
    """Look at what was frozen."""
    return neuralize(model.estimator)


@register("sklearn.cluster.KMeans", "sklearn.cluster.MiniBatchKMeans")
def kmeans(model: Any) -> Source:
    """Explain by the nearest of ``cluster_centers_``."""
    check_predict(model)
    check_is_fitted(model)
    centers = model.cluster_centers_
    return Source(CentroidNetwork(centers), tuple(range(len(centers))), feature_names(model))


@register("sklearn.neighbors.NearestCentroid")
def nearest_centroid(model: Any) -> Source:
    """Explain by the nearest of ``centroids_``, named by ``classes_``."""
    check_predict(model)
    if model.metric != "euclidean":
        raise ValueError(
            f"NearestCentroid(metric={model.metric!r}) is not covered: its evidence is not a difference of "
            'squared Euclidean distances. Refit it with metric="euclidean".'
        )
    check_is_fitted(model)
    if not np.allclose(model.class_prior_, 1 / len(model.classes_)):
        raise ValueError(
            f"NearestCentroid with unequal priors ({np.array2string(model.class_prior_, precision=3)}) is "
            "not covered: it does not assign rows to the nearest centroid, but weighs and rescales. Refit it "
            'with priors="uniform".'
        )
    return Source(CentroidNetwork(model.centroids_), tuple(model.classes_), feature_names(model))


@register("sklearn.cluster.BisectingKMeans")
def bisecting_kmeans(model: Any) -> Source:
    """Explain by the tree of bisections, which ``predict`` descends.

    Its leaves' centers alone (``cluster_centers_``) are not the model: a row can be nearer to another leaf.
    """
    check_predict(model)
    check_is_fitted(model)
    if model.n_clusters < 2:
        network: Network = CentroidNetwork(model.cluster_centers_)
    else:
        # The tree has no public name; `cluster_centers_` doesn't determine it.
        shift = getattr(model, "_X_mean", 0.0)
        centers: list[Any] = []
        children: list[list[int]] = []
        _flatten(model._bisecting_tree, shift, centers, children)  # noqa: SLF001
        network = CentroidTreeNetwork(centers, children)
    return Source(network, tuple(range(model.n_clusters)), feature_names(model))


def _flatten(root: Any, shift: Any, centers: list[Any], children: list[list[int]]) -> None:
    """List the inner nodes, the root first: the centers of their two children, and where these are."""
    waiting = [(root, -1, 0)]
    while waiting:
        node, parent, side = waiting.pop(0)
        if node.left is None:
            children[parent][side] = -1 - node.label
            continue
        index = len(children)
        if parent >= 0:
            children[parent][side] = index
        children.append([0, 0])
        centers.append([node.left.center + shift, node.right.center + shift])
        waiting += [(node.left, index, 0), (node.right, index, 1)]
