"""FAISS: k-means, and indexes whose vectors or cells are clusters."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from neonxai.networks import CentroidNetwork
from neonxai.sources.registry import register
from neonxai.sources.source import Source

_METRICS = {0: "METRIC_INNER_PRODUCT", 1: "METRIC_L2", 2: "METRIC_L1", 3: "METRIC_Linf"}
_L2 = 1


def _check_metric(index: Any, what: str, vectors: str) -> None:
    metric = int(index.metric_type)
    if metric != _L2:
        raise ValueError(
            f"{what} compares by {_METRICS.get(metric, f'metric {metric}')}, which is not covered: its "
            "evidence is not a difference of squared Euclidean distances. Make it with METRIC_L2; where all "
            f"vectors have length 1, the nearest is the same: explain neonxai.Centroids({vectors})."
        )


def _source(centers: NDArray[np.float32]) -> Source:
    return Source(CentroidNetwork(centers), tuple(range(len(centers))))


@register("faiss.Kmeans")
def kmeans(model: Any) -> Source:
    """Explain by the nearest of ``centroids``.

    FAISS assigns in float32; a row that is tied within float32 may be assigned otherwise there.
    """
    if model.centroids is None:
        raise NotFittedError("This faiss.Kmeans has no centroids yet. Call its train(X) first.")
    # A k-means of progressive dimensions makes its indexes as it goes, all of L2.
    index = getattr(model, "index", None)
    if index is not None:
        _check_metric(index, f"faiss.Kmeans(spherical={bool(model.cp.spherical)})", "kmeans.centroids")
    return _source(model.centroids)


@register("faiss.IndexFlat")
def flat(index: Any) -> Source:
    """Explain which vector of an exact index is the nearest: each is a cluster, named by its number."""
    _check_metric(index, type(index).__name__, "index.reconstruct_n(0, index.ntotal)")
    if not index.ntotal:
        raise NotFittedError(f"This faiss.{type(index).__name__} has no vectors yet. Call its add(X) first.")
    return _source(index.reconstruct_n(0, index.ntotal))


@register("faiss.IndexIVF")
def inverted_file(index: Any) -> Source:
    """Explain by the cells of an inverted file, whose centers its quantizer holds."""
    name = type(index).__name__
    if not index.is_trained:
        raise NotFittedError(f"This faiss.{name} has no cells yet. Call its train(X) first.")
    # The quantizer comes as a plain Index. Whoever has made `index` has FAISS loaded.
    quantizer = sys.modules[type(index).__module__.partition(".")[0]].downcast_index(index.quantizer)
    vectors = "index.quantizer.reconstruct_n(0, index.nlist)"
    if not any(cls.__name__ == "IndexFlat" for cls in type(quantizer).__mro__):
        raise ValueError(
            f"This faiss.{name} finds its cells by a {type(quantizer).__name__}, which is approximate: a "
            f"row's cell need not be the nearest. Explain the nearest instead: neonxai.Centroids({vectors})."
        )
    _check_metric(quantizer, f"The quantizer of faiss.{name}", vectors)
    return _source(quantizer.reconstruct_n(0, index.nlist))
