"""Imputers: each column as it is, with something in the gaps."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neonxai.arrays import Doubles, Ints
from neonxai.transforms.registry import register
from neonxai.transforms.steps import Shares


@register("sklearn.impute.SimpleImputer")
def filled(transformer: Any, n_inputs: int) -> Shares:
    """Fill in, z_i = x_i or a constant where x_i is missing; columns that were never there are left out.

    With ``add_indicator``, behind these are outputs that say whether x_i is missing: they belong to input i
    too. The way back leads from the first outputs to their inputs.

    Parameters
    ----------
    transformer : SimpleImputer
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> imputer = SimpleImputer(add_indicator=True).fit([[1.0, 2.0], [3.0, np.nan]])
    >>> filled(imputer, 2).matrix.toarray()
    array([[1., 0.],
           [0., 1.],
           [0., 1.]])
    """
    check_is_fitted(transformer)
    return _imputed(transformer, _empty(transformer.statistics_), n_inputs)


@register("sklearn.impute.KNNImputer")
def filled_by_neighbors(transformer: Any, n_inputs: int) -> Shares:
    """Fill in, z_i = x_i or a mean of this column over neighboring rows where x_i is missing.

    Which rows these are depends on the other columns. That an imputed value still is relevance of its own
    column alone is a convention: the value stands for column i of this row, and to ask where it came from is
    to explain the imputation and not the clustering. Where nothing is missing, nothing is shared.

    Parameters
    ----------
    transformer : KNNImputer
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    return _imputed(transformer, ~transformer._valid_mask, n_inputs)  # noqa: SLF001  # no public name


@register("sklearn.impute.IterativeImputer")
def filled_by_regression(transformer: Any, n_inputs: int) -> Shares:
    """Fill in, z_i = x_i or what a regression on the other columns says where x_i is missing.

    That an imputed value still is relevance of its own column alone is a convention, as for a KNNImputer.

    Parameters
    ----------
    transformer : IterativeImputer
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    return _imputed(transformer, transformer._is_empty_feature, n_inputs)  # noqa: SLF001  # no public name


def _empty(statistics: Any) -> Any:
    """Which columns an imputer has no value for; the values may be texts."""
    return np.array(
        [isinstance(s, float | np.floating) and bool(np.isnan(s)) for s in statistics], dtype=bool
    )


def _imputed(transformer: Any, empty: Any, n_inputs: int) -> Shares:
    """Kept columns first, then the indicators."""
    kept: Ints = np.arange(n_inputs) if transformer.keep_empty_features else np.flatnonzero(~empty)
    indicators = transformer.indicator_.features_ if transformer.add_indicator else []

    def invert(outputs: Doubles) -> Doubles:
        inputs = np.full((len(outputs), n_inputs), np.nan)
        inputs[:, kept] = outputs[:, : len(kept)]
        return inputs

    owners = np.concatenate([kept, np.asarray(indicators, dtype=np.intp)])
    return Shares.by_owner(owners, n_inputs, invert=invert)


@register("sklearn.impute.MissingIndicator")
def missing(transformer: Any, n_inputs: int) -> Shares:
    """Tell whether x_i is missing, for the columns i of ``features_``.

    Parameters
    ----------
    transformer : MissingIndicator
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    return Shares.by_owner(transformer.features_, n_inputs)
