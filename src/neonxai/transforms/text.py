"""Texts to terms, and terms weighed."""

from functools import partial
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neonxai.transforms.registry import register
from neonxai.transforms.steps import RowScale, Shares, Terms


@register("sklearn.feature_extraction.text.CountVectorizer")
def counts(transformer: Any, _: int) -> Terms:
    """Name what it counts: each column is a term of the text.

    Parameters
    ----------
    transformer : CountVectorizer
        Fitted, or with a ``vocabulary``.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has no vocabulary.
    """
    return Terms(len(transformer.get_feature_names_out()))


@register("sklearn.feature_extraction.text.TfidfVectorizer")
def weighted_counts(transformer: Any, _: int) -> Terms:
    """Name what it weighs: each column is a term of the text.

    Its weights (``sublinear_tf``, ``use_idf``, ``norm``) are a part of its ``transform``: it is one step.

    Parameters
    ----------
    transformer : TfidfVectorizer
        Fitted.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted, even with a vocabulary.
    """
    check_is_fitted(transformer)
    return Terms(len(transformer.get_feature_names_out()))


@register("sklearn.feature_extraction.text.HashingVectorizer")
def hashed_counts(transformer: Any, _: int) -> Terms:
    """Number its buckets, which terms fall into by their hash.

    Which terms are in a bucket is not known to it, and there can be several: relevance is of buckets. By
    default there are 2²⁰ of them, of which each dense row of relevance takes 8 MiB; 2¹² or 2¹⁴ are plenty for
    a clustering, and a CountVectorizer has the terms themselves.

    Parameters
    ----------
    transformer : HashingVectorizer
        It needs no fit.
    """
    return Terms(int(transformer.n_features))


def term_names(transformer: Any) -> tuple[str, ...]:
    """Name the columns of a step from texts to terms.

    Parameters
    ----------
    transformer : object
        A fitted vectorizer, frozen or not.

    Returns
    -------
    tuple of str
        The terms; for a HashingVectorizer, which knows none, "bucket 0", "bucket 1", ... up to its
        ``n_features``: 2²⁰ by default, a tuple of about 70 MB.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
    >>> term_names(CountVectorizer().fit(["red fox", "red hen"]))
    ('fox', 'hen', 'red')
    >>> term_names(HashingVectorizer(n_features=2))
    ('bucket 0', 'bucket 1')
    """
    if hasattr(transformer, "get_feature_names_out"):
        return tuple(str(name) for name in transformer.get_feature_names_out())
    return tuple(f"bucket {i}" for i in range(transformer.n_features))


@register("sklearn.feature_extraction.text.TfidfTransformer")
def weights(transformer: Any, n_inputs: int) -> Shares:
    """Give each term's weight to the term.

    The weight is t(count) · idf / norm, where t and idf are the term's own. The norm is the whole row's: as
    for a Normalizer, it is a number that all terms of the row have in common, and takes no relevance.

    Parameters
    ----------
    transformer : TfidfTransformer
        Fitted.
    n_inputs : int
        The number of terms.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.feature_extraction.text import TfidfTransformer
    >>> transformer = TfidfTransformer(norm=None).fit([[1, 2], [3, 4]])
    >>> step = weights(transformer, 2)
    >>> step.matrix.toarray()
    array([[1., 0.],
           [0., 1.]])
    >>> step.invert(np.array([[3.0, 4.0]]))  # both terms are in all texts: idf = ln(3/3) + 1
    array([[3., 4.]])
    """
    check_is_fitted(transformer)
    if transformer.norm is not None or transformer.sublinear_tf:
        return Shares.one_to_one(n_inputs)
    idf = transformer.idf_ if transformer.use_idf else np.ones(n_inputs)
    return Shares.one_to_one(n_inputs, invert=partial(np.multiply, 1 / idf))


@register("sklearn.preprocessing.Normalizer")
def normalizer(_transformer: Any, _: int) -> RowScale:
    """Divide each row by its norm, a number of its own: z = x / ‖x‖.

    For the row it is z = (1 / ‖x‖) x, the same factor for all columns, and relevance stays in place. The
    factor goes through any linear map in front: A x / ‖A x‖ = A (x / ‖A x‖).
    """
    return RowScale()
