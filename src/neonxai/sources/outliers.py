"""scikit-learn's outlier scores: densities, one-class support vector machines, nearest neighbors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from neonxai.networks import Network
from neonxai.networks.outlier import Assigned
from neonxai.networks.outlier_density import DensityOutlierNetwork
from neonxai.networks.outlier_neighbors import DistanceOutlierNetwork, LocalOutlierNetwork
from neonxai.sources.registry import register
from neonxai.sources.source import Source

# As scikit-learn's predict calls inliers and outliers, in the networks' order.
_NAMES = (1, -1)
_SCORING = ("predict", "score_samples", "decision_function", "kneighbors")
_EUCLIDEAN = ("euclidean", "l2")


def _source(model: Any, network: Network) -> Source:
    names = getattr(model, "feature_names_in_", None)
    return Source(network, _NAMES, None if names is None else tuple(str(name) for name in names))


def check_scoring(model: Any, library: str) -> None:
    """Refuse a subclass that scores rows in a way of its own: the network would be another model.

    Parameters
    ----------
    model : object
        A model.
    library : str
        The package whose classes are known.

    Raises
    ------
    TypeError
        If a method that scores or assigns rows belongs to a class of another package.
    """
    for method in _SCORING:
        owner = next((cls for cls in type(model).__mro__ if method in vars(cls)), None)
        if owner is not None and owner.__module__.partition(".")[0] not in (library, "sklearn"):
            raise TypeError(
                f"{type(model).__qualname__} scores rows by a {method} of its own "
                f"({owner.__qualname__}.{method}), which may be another score. Explain a model of the class "
                "that it derives from, or register a source for it with neonxai.sources.register."
            )


def check_euclidean(model: Any, metric: Any, parameters: Mapping[str, Any] | None) -> None:
    """Refuse other metrics.

    Parameters
    ----------
    model : object
        A model.
    metric : str or callable
        Its metric.
    parameters : mapping or None
        Parameters of the metric.

    Raises
    ------
    ValueError
        If it is not the Euclidean distance.
    """
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    plain = "w" not in given and given.get("p", 2) == 2
    if not (isinstance(metric, str) and metric in (*_EUCLIDEAN, "minkowski") and plain):
        detail = f", metric_params={given!r:.100}" if given else ""
        raise ValueError(
            f"{type(model).__qualname__}(metric={metric!r}{detail}) is not covered: a score is distributed "
            "by the squared differences that make up the Euclidean distance. Refit it with "
            'metric="euclidean".'
        )


def check_dense(model: Any, fitted: Any) -> None:
    """Refuse a model that was fitted on a sparse matrix.

    Parameters
    ----------
    model : object
        A model.
    fitted : array or sparse matrix
        The rows that it keeps.

    Raises
    ------
    ValueError
        If they are sparse.
    """
    if issparse(fitted):
        raise ValueError(
            f"{type(model).__qualname__} was fitted on a sparse matrix of shape {fitted.shape}, and outlier "
            "scores are explained for dense data only. Refit it on X.toarray()."
        )


@register("sklearn.neighbors.KernelDensity")
def kernel_density(model: Any) -> Source:
    """Explain by the soft distance from the data, −2h² log density but for a constant; no threshold."""
    check_scoring(model, "sklearn")
    if model.kernel != "gaussian":
        raise ValueError(
            f"KernelDensity(kernel={model.kernel!r}) is not covered: its density is no soft minimum of "
            'squared distances. Refit it with kernel="gaussian".'
        )
    check_euclidean(model, model.metric, model.metric_params)
    check_is_fitted(model)
    data = np.asarray(model.tree_.data)
    weights = np.ones(len(data)) if model.tree_.sample_weight is None else model.tree_.sample_weight
    return _source(model, DensityOutlierNetwork(data, weights, gamma=0.5 / model.bandwidth_**2))


@register("sklearn.svm.OneClassSVM")
def one_class_svm(model: Any) -> Source:
    """Explain by the soft distance from the support vectors, with the model's own boundary."""
    check_scoring(model, "sklearn")
    if model.kernel != "rbf":
        raise ValueError(
            f"OneClassSVM(kernel={model.kernel!r}) is not covered: its score is no soft minimum of squared "
            'distances. Refit it with kernel="rbf".'
        )
    check_is_fitted(model)
    check_dense(model, model.support_vectors_)
    gamma = float(model._gamma)  # noqa: SLF001 - the number that "scale" stands for has no public name
    weights = model.dual_coef_[0]
    # Σ α exp(−γ‖x − u‖²) = ρ, divided by Σ α.
    level = float(model.offset_[0] / weights.sum())
    if not level > 0:
        raise ValueError(
            f"OneClassSVM has the offset {model.offset_[0]:g}, so that it calls every row an inlier, however "
            "far away. Refit it with another nu or gamma."
        )
    threshold = -np.log(level) / gamma
    network = DensityOutlierNetwork(
        model.support_vectors_, weights, gamma=gamma, threshold=threshold, tied="outlier"
    )
    return _source(model, network)


@register("sklearn.neighbors.NearestNeighbors")
def nearest_neighbors(model: Any) -> Source:
    """Explain by the mean distance of the ``n_neighbors`` nearest rows of the data; no threshold."""
    check_scoring(model, "sklearn")
    check_is_fitted(model)
    weights = np.full(model.n_neighbors, 1.0 / model.n_neighbors)
    return _source(model, distance_network(model, weights, model, threshold=0.0, tied="outlier"))


@register("sklearn.neighbors.LocalOutlierFactor")
def local_outlier_factor(model: Any) -> Source:
    """Explain by the local outlier factor, with the threshold −``offset_``."""
    check_scoring(model, "sklearn")
    check_is_fitted(model)
    return _source(model, local_network(model, model, threshold=-float(model.offset_)))


def distance_network(
    model: Any, weights: Any, neighbors: Any, *, threshold: float, tied: Assigned
) -> DistanceOutlierNetwork:
    """Rewrite a weighted mean of distances as a network.

    Parameters
    ----------
    model : object
        The model, as the user knows it.
    weights : array of shape (k,)
        Of the distances, the nearest first.
    neighbors : sklearn.neighbors.NearestNeighbors
        Fitted.
    threshold : float
        τ.
    tied : {"inlier", "outlier"}
        What the model calls a row whose score is τ.

    Raises
    ------
    ValueError
        If the metric is not covered, the data is sparse, or there are not more rows than k.
    """
    check_euclidean(model, neighbors.effective_metric_, neighbors.effective_metric_params_)
    # The rows and how they are searched have no public names.
    check_dense(model, neighbors._fit_X)  # noqa: SLF001
    return DistanceOutlierNetwork(
        neighbors._fit_X,  # noqa: SLF001
        weights,
        threshold=threshold,
        tied=tied,
        method=neighbors._fit_method,  # noqa: SLF001
        leaf_size=neighbors.leaf_size,
    )


def local_network(model: Any, factor: Any, *, threshold: float) -> LocalOutlierNetwork:
    """Rewrite a local outlier factor as a network.

    Parameters
    ----------
    model : object
        The model, as the user knows it.
    factor : sklearn.neighbors.LocalOutlierFactor
        Fitted.
    threshold : float
        τ.

    Raises
    ------
    ValueError
        If the metric is not covered, or the data is sparse.
    """
    check_euclidean(model, factor.effective_metric_, factor.effective_metric_params_)
    # What the model keeps of its rows has no public names.
    check_dense(model, factor._fit_X)  # noqa: SLF001
    return LocalOutlierNetwork(
        factor._fit_X,  # noqa: SLF001
        factor._distances_fit_X_[:, -1],
        factor._lrd,  # noqa: SLF001
        factor.n_neighbors_,
        threshold=threshold,
        tied="inlier",
        method=factor._fit_method,  # noqa: SLF001
        leaf_size=factor.leaf_size,
    )
