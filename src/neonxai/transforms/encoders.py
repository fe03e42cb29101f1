"""Codes of categories: each output is made of one input."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neonxai.transforms.registry import register
from neonxai.transforms.steps import Shares


@register("sklearn.preprocessing.OneHotEncoder")
def one_hot(transformer: Any, n_inputs: int) -> Shares:
    """Give each category's column to the input whose category it is.

    Input i has the columns of its categories in ``categories_``: all infrequent ones share one, and one that
    is dropped has none. A row of the dropped category, or of an unknown one that is ignored, is zero in all
    of them; what relevance these zeros get still is relevance of input i.

    Parameters
    ----------
    transformer : OneHotEncoder
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> encoder = OneHotEncoder(drop="if_binary").fit([["a", "x"], ["b", "y"], ["c", "x"]])
    >>> one_hot(encoder, 2).matrix.toarray()  # a, b, c of the first input; y of the second
    array([[1., 0.],
           [1., 0.],
           [1., 0.],
           [0., 1.]])
    """
    check_is_fitted(transformer)
    counts = np.array([len(categories) for categories in transformer.categories_])
    # Not there unless infrequent categories were asked for.
    for i, together in enumerate(getattr(transformer, "infrequent_categories_", ())):
        if together is not None:
            counts[i] -= len(together) - 1
    if transformer.drop_idx_ is not None:
        counts -= [index is not None for index in transformer.drop_idx_]
    return Shares.by_owner(np.repeat(np.arange(len(counts)), counts), n_inputs, is_code=True)


@register("sklearn.preprocessing.OrdinalEncoder")
def ordinal(transformer: Any, n_inputs: int) -> Shares:
    """Give each input's number to this input.

    A number between two categories is none, so that nothing is inverted.

    Parameters
    ----------
    transformer : OrdinalEncoder
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    return Shares.one_to_one(n_inputs)


@register("sklearn.preprocessing.TargetEncoder")
def target(transformer: Any, n_inputs: int) -> Shares:
    """Give each mean of the target to the input over whose categories it is taken.

    There is one for each input, or for each input and class where the target has more than two classes. Note
    that ``fit_transform`` of this encoder is not its ``transform``: rows that a pipeline was fitted to were
    encoded by folds, and the explanation is of ``transform``.

    Parameters
    ----------
    transformer : TargetEncoder
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.preprocessing import TargetEncoder
    >>> encoder = TargetEncoder().fit([["a", "x"], ["b", "y"], ["c", "x"]], [1, 2, 3])
    >>> target(encoder, 2).matrix.toarray()
    array([[1., 0.],
           [1., 0.],
           [1., 0.],
           [0., 1.],
           [0., 1.],
           [0., 1.]])
    """
    check_is_fitted(transformer)
    if transformer.target_type_ != "multiclass":
        return Shares.one_to_one(n_inputs)
    return Shares.by_owner(np.repeat(np.arange(n_inputs), len(transformer.classes_)), n_inputs, is_code=True)
