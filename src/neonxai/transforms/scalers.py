"""Scalers: each column by itself, times a factor and plus an offset."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neonxai.networks.affine import AffineMap
from neonxai.transforms.inverses import own_inverse
from neonxai.transforms.registry import register
from neonxai.transforms.steps import Shares


def _affine(factors: Any, center: Any, n_inputs: int, level: float = 0.0) -> AffineMap:
    """Map as z_i = factor_i (x_i − center_i) + level, where factors and center may be None."""
    f = np.ones(n_inputs) if factors is None else np.asarray(factors, dtype=np.float64)
    c = np.zeros(n_inputs) if center is None else np.asarray(center, dtype=np.float64)
    # A column without any values has no parameters. It stays a column: an imputer may come next.
    is_empty = np.isnan(f) | np.isnan(c)
    f, c = np.where(is_empty, 1.0, f), np.where(is_empty, 0.0, c)
    return AffineMap.scaling(f, np.full(n_inputs, level), center=c)


def _standardizing(center: Any, scale: Any, n_inputs: int) -> AffineMap:
    """Map as z_i = (x_i − center_i) / scale_i, where either may be None."""
    return _affine(None if scale is None else 1.0 / np.asarray(scale, dtype=np.float64), center, n_inputs)


@register("sklearn.preprocessing.StandardScaler")
def standard(transformer: Any, n_inputs: int) -> AffineMap:
    """Standardize, z_i = (x_i − mean_i) / scale_i, without the mean or the scale where that was asked for.

    Parameters
    ----------
    transformer : StandardScaler
        Fitted. The scale of a constant column is 1.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> scaler = standard(StandardScaler().fit([[1.0, 5.0], [5.0, 5.0]]), 2)
    >>> scaler.matrix.toarray(), scaler.offset
    (array([[0.5, 0. ],
           [0. , 1. ]]), array([-1.5, -5. ]))
    """
    check_is_fitted(transformer)
    center = transformer.mean_ if transformer.with_mean else None
    scale = transformer.scale_ if transformer.with_std else None
    return _standardizing(center, scale, n_inputs)


@register("sklearn.preprocessing.RobustScaler")
def robust(transformer: Any, n_inputs: int) -> AffineMap:
    """Standardize, z_i = (x_i − center_i) / scale_i, by the median and a range of quantiles.

    Parameters
    ----------
    transformer : RobustScaler
        Fitted; ``scale_`` holds what ``unit_variance`` asks for.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    center = transformer.center_ if transformer.with_centering else None
    scale = transformer.scale_ if transformer.with_scaling else None
    return _standardizing(center, scale, n_inputs)


@register("sklearn.preprocessing.MaxAbsScaler")
def max_abs(transformer: Any, n_inputs: int) -> AffineMap | Shares:
    """Scale, z_i = x_i / max |x_i|; where it is clipped to [−1, 1], that is only element-wise.

    Parameters
    ----------
    transformer : MaxAbsScaler
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    # Not there before scikit-learn 1.8.
    if getattr(transformer, "clip", False):
        return Shares.one_to_one(n_inputs, invert=own_inverse(transformer))
    return _standardizing(None, transformer.scale_, n_inputs)


@register("sklearn.preprocessing.MinMaxScaler")
def min_max(transformer: Any, n_inputs: int) -> AffineMap | Shares:
    """Scale to [a, b], z_i = scale_i (x_i − min_i) + a; where it is clipped, that is only element-wise.

    Parameters
    ----------
    transformer : MinMaxScaler
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    if transformer.clip:
        return Shares.one_to_one(n_inputs, invert=own_inverse(transformer))
    return _affine(transformer.scale_, transformer.data_min_, n_inputs, transformer.feature_range[0])
