"""Selectors: some of the columns, as they are."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from neonxai.networks.affine import AffineMap
from neonxai.transforms.registry import register


@register(
    *(
        f"sklearn.feature_selection.{name}"
        for name in (
            "GenericUnivariateSelect",
            "RFE",
            "RFECV",
            "SelectFdr",
            "SelectFpr",
            "SelectFromModel",
            "SelectFwe",
            "SelectKBest",
            "SelectPercentile",
            "SequentialFeatureSelector",
            "VarianceThreshold",
            # Selectors of other libraries are made of it; those with a transform of their own are not meant.
            "SelectorMixin",
        )
    )
)
def selected(transformer: Any, n_inputs: int) -> AffineMap:
    """Pick the columns i of ``get_support()`` in their order, z_j = x_i.

    Parameters
    ----------
    transformer : SelectorMixin
        Fitted, or a SelectFromModel with ``prefit=True``.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.feature_selection import VarianceThreshold
    >>> selected(VarianceThreshold().fit([[1, 2, 3], [1, 4, 5]]), 3).matrix.toarray()
    array([[0., 1., 0.],
           [0., 0., 1.]])
    """
    if not getattr(transformer, "prefit", False):
        check_is_fitted(transformer)
    return AffineMap.selection(transformer.get_support(indices=True), n_inputs)
