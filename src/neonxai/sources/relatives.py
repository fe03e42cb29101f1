"""Relatives of k-means with scikit-learn's interface: rows belong to the nearest of ``cluster_centers_``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from neonxai.networks import CentroidNetwork
from neonxai.sources.models import check_predict, feature_names
from neonxai.sources.registry import register
from neonxai.sources.source import Source

# Whose nearest center is the Euclidean one.
_EUCLIDEAN = ("euclidean", "l2", "sqeuclidean")
_BY_LABELS = "Any labels can be explained: neonxai.explain_labels(model.labels_, X)."


def _array(values: Any) -> NDArray[np.float64]:
    """Bring centers here: from Dask, from a GPU, out of a frame or a sparse matrix."""
    if hasattr(values, "compute"):
        values = values.compute()
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    elif hasattr(values, "get"):
        values = values.get()
    if hasattr(values, "toarray"):
        values = values.toarray()
    return np.asarray(values, dtype=np.float64)


def _nearest(model: Any, library: str) -> Source:
    check_predict(model, library)
    centers = getattr(model, "cluster_centers_", None)
    if centers is None:
        raise NotFittedError(
            f"This {type(model).__name__} has no cluster_centers_ yet. Call its fit(X) first."
        )
    centers = _array(centers)
    if not len(centers):
        raise ValueError(
            f"This {type(model).__name__} has found no centers: it did not converge. Fit it again with a "
            "larger max_iter or damping."
        )
    return Source(CentroidNetwork(centers), tuple(range(len(centers))), feature_names(model))


@register("sklearn.cluster.AffinityPropagation")
def affinity_propagation(model: Any) -> Source:
    """Explain by the nearest exemplar, as ``predict`` does."""
    if model.affinity != "euclidean":
        raise ValueError(
            f"AffinityPropagation(affinity={model.affinity!r}) is not covered: it has no centers to be near "
            f"to. {_BY_LABELS}"
        )
    return _nearest(model, "sklearn")


@register("sklearn.cluster.MeanShift")
def mean_shift(model: Any) -> Source:
    """Explain by the nearest mode, as ``predict`` does.

    With ``cluster_all=False`` the ``labels_`` of rows far from every mode are −1. ``predict`` doesn't know
    such orphans, and neither does the explanation.
    """
    return _nearest(model, "sklearn")


@register("kmedoids.KMedoids")
def kmedoids(model: Any) -> Source:
    """Explain by the nearest medoid.

    The nearest is the same by the Euclidean distance, which K-medoids sums up, and by its square, whose
    differences are the evidence. Clusters are numbered as in ``labels_``; ``predict`` returns row numbers of
    medoids instead, ``medoid_indices_[cluster]``.
    """
    if model.metric not in _EUCLIDEAN:
        raise ValueError(
            f"KMedoids(metric={model.metric!r}) is not covered: its evidence is not a difference of squared "
            f'Euclidean distances. Fit it on the rows with metric="euclidean". {_BY_LABELS}'
        )
    return _nearest(model, "kmedoids")


@register("cuml.cluster.KMeans")
def cuml_kmeans(model: Any) -> Source:
    """Explain by the nearest of ``cluster_centers_``, copied from the GPU.

    Tested on a stand-in with cuML's attributes, not on cuML itself.
    """
    return _nearest(model, "cuml")


@register("dask_ml.cluster.KMeans")
def dask_kmeans(model: Any) -> Source:
    """Explain by the nearest of ``cluster_centers_``, computed if they are a Dask array.

    Tested on a stand-in with dask-ML's attributes, not on dask-ML itself.
    """
    return _nearest(model, "dask_ml")
