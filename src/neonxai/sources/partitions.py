"""Clusterings known by their labels alone: scikit-learn's and the hdbscan package's, Birch, kernel k-means.

Nothing of these is imported. What says where a new row belongs is not part of such a model, so a network of
support points stands in for it; except Birch, which has a ``predict`` and is explained as it is.
"""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neonxai.networks import CentroidNetwork, Network, SupportNetwork
from neonxai.sources.labels import Labels
from neonxai.sources.models import check_predict, feature_names
from neonxai.sources.registry import register
from neonxai.sources.source import Source

_EUCLIDEAN = ("euclidean", "l2", "sqeuclidean")


def _labels(model: Any) -> Labels:
    check_is_fitted(model, "labels_")
    return Labels(model.labels_, feature_names=feature_names(model))


def _check_metric(model: Any, parameter: str, covered: tuple[str, ...]) -> None:
    """Refuse clusterings by another nearness than Euclidean distance, which support points would not see."""
    metric = getattr(model, parameter)
    # hdbscan keeps what it does not know by name for the metric.
    given = {**(getattr(model, "metric_params", None) or {}), **getattr(model, "_metric_kwargs", {})}
    power = given.pop("p", None) or getattr(model, "p", None) or 2
    if not given and (metric in covered or (parameter == "metric" and metric == "minkowski" and power == 2)):
        return
    detail = f", p={power}" * (power != 2) + f", metric_params={given!r:.100}" * bool(given)
    raise ValueError(
        f"{type(model).__qualname__}({parameter}={metric!r}{detail}) is not covered: what stands in for it "
        "are the nearest members by Euclidean distance. To see how far they get, explain its labels, "
        "neonxai.explain_labels(model.labels_, X), and look at the agreement; or cluster X in coordinates "
        "where Euclidean distance is meant, such as rows of unit length for the cosine."
    )


@register("neonxai.Labels")
def labels(model: Labels) -> Labels:
    """Take labels as they are."""
    return model


@register(
    "sklearn.cluster.DBSCAN",
    "sklearn.cluster.HDBSCAN",
    "sklearn.cluster.OPTICS",
    "sklearn.cluster.AgglomerativeClustering",
    "hdbscan.HDBSCAN",
)
def by_metric(model: Any) -> Labels:
    """Explain ``labels_``, −1 being noise, by support points."""
    _check_metric(model, "metric", _EUCLIDEAN)
    return _labels(model)


@register("sklearn.cluster.FeatureAgglomeration")
def feature_agglomeration(model: Any) -> Labels:
    """Refuse it: it inherits from AgglomerativeClustering, but its labels are about columns."""
    raise TypeError(
        f"{type(model).__qualname__} makes clusters of features, not of rows. To explain these, cluster the "
        "rows of the transposed data: AgglomerativeClustering(...).fit(X.T)."
    )


@register("sklearn.cluster.SpectralClustering")
def spectral(model: Any) -> Labels:
    """Explain ``labels_`` by support points."""
    _check_metric(model, "affinity", ("rbf", "nearest_neighbors"))
    return _labels(model)


@register("sklearn.cluster.Birch")
def birch(model: Any) -> Source:
    """Explain by the nearest of ``subcluster_centers_``, which belongs to a cluster: its ``predict``."""
    check_predict(model)
    check_is_fitted(model)
    centers = model.subcluster_centers_
    names, members = np.unique(model.subcluster_labels_, return_inverse=True)
    if len(names) < len(centers):
        network: Network = SupportNetwork(centers, members, gamma=np.inf)
    else:
        network = CentroidNetwork(centers[np.argsort(members)])  # one subcluster each
    return Source(network, tuple(names), feature_names(model))


@register("tslearn.clustering.KernelKMeans")
def kernel_kmeans(model: Any) -> Labels:
    """Explain ``labels_`` by support points of the kernel's own width.

    The stand-in leaves out how compact a cluster is in the kernel's space, which kernel k-means subtracts.
    """
    if model.kernel != "rbf":
        raise ValueError(
            f"KernelKMeans(kernel={model.kernel!r}) is not covered: only the Gaussian kernel is a soft "
            'distance to support points. Use kernel="rbf", or explain the labels: neonxai.explain_labels('
            "model.labels_, X)."
        )
    check_is_fitted(model, "labels_")
    n_features = int(np.prod(model._X_fit.shape[1:]))  # noqa: SLF001  # its rows have no public name
    gamma = (model.kernel_params or {}).get("gamma")
    return Labels(model.labels_, noise=None, gamma=1 / n_features if gamma is None else float(gamma))
