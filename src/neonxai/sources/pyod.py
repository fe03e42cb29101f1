"""PyOD's detectors by nearest neighbors."""

from numbers import Real
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from neonxai.sources.outliers import check_scoring, distance_network, local_network
from neonxai.sources.registry import register
from neonxai.sources.source import Source

# As PyOD's predict calls inliers and outliers, in the networks' order.
_NAMES = (0, 1)


def _threshold(model: Any) -> float:
    """The score above which a row is an outlier."""
    check_scoring(model, "pyod")
    # Not scikit-learn's check: a detector has attributes with a trailing underscore before it is fitted.
    if not hasattr(model, "decision_scores_"):
        raise NotFittedError(f"This {type(model).__qualname__} is not fitted yet. Call its fit(X) first.")
    if not isinstance(model.contamination, Real):
        raise TypeError(
            f"{type(model).__qualname__}(contamination={model.contamination!r:.60}) is not covered: it "
            "decides by more than a threshold on the score. Refit it with a number between 0 and 0.5."
        )
    return float(model.threshold_)


@register("pyod.models.knn.KNN")
def k_nearest_neighbors(model: Any) -> Source:
    """Explain by the largest, mean or median distance of the ``n_neighbors`` nearest rows of the data."""
    threshold = _threshold(model)
    weights = _weights(model.method, model.n_neighbors)
    return Source(distance_network(model, weights, model.neigh_, threshold=threshold, tied="inlier"), _NAMES)


def _weights(method: str, k: int) -> Any:
    """Of k distances in order, so that their weighted mean is the score."""
    if method == "mean":
        return np.full(k, 1.0 / k)
    weights = np.zeros(k)
    if method == "largest":
        weights[-1] = 1.0
    elif method == "median":
        weights[[(k - 1) // 2, k // 2]] = 0.5
        weights /= weights.sum()
    else:
        raise ValueError(
            f"KNN(method={method!r}) is not covered. Refit it with method='largest', 'mean' or 'median'."
        )
    return weights


@register("pyod.models.lof.LOF")
def local_outlier_factor(model: Any) -> Source:
    """Explain by the local outlier factor, with the threshold ``threshold_``."""
    threshold = _threshold(model)
    return Source(local_network(model, model.detector_, threshold=threshold), _NAMES)
