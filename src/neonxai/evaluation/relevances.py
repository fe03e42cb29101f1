"""What users pass as relevance: arrays, explanations, or what a function makes of the rows."""

from typing import Any

import narwhals as nw
import numpy as np
from scipy.sparse import issparse

from neonxai import frames
from neonxai.arrays import Doubles
from neonxai.evaluation.deck import Deck
from neonxai.explanation import Explanation
from neonxai.frames.native import recognize, unwrap


def relevance_of(given: Any, shape: tuple[int, int] | None = None, what: str = "relevance") -> Doubles:
    """Return relevance as an array.

    Parameters
    ----------
    given : Explanation or array-like of shape (n_samples, n_features)
        Relevance.
    shape : tuple of int, optional
        (n_samples, n_features) of the rows.
    what : str
        What it is called, for messages.

    Raises
    ------
    TypeError
        If it is sparse, or not numbers.
    ValueError
        If it has another shape, or is not finite.
    """
    values = given.to_numpy().relevance if isinstance(given, Explanation) else given
    if issparse(values):
        raise TypeError(f"{what} is sparse. Explain dense rows, or with dense=True.")
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{what} is a {type(given).__qualname__}, which is no array of numbers. Pass an array of shape "
            f"(n_samples, n_features) or an Explanation. ({error})"
        ) from error
    if found.ndim != 2 or (shape is not None and found.shape != shape):
        wanted = "(n_samples, n_features)" if shape is None else f"{shape}, one number for each value of X"
        raise ValueError(f"{what} has shape {found.shape}; it has to be {wanted}.")
    if not np.isfinite(found).all():
        row, column = np.argwhere(~np.isfinite(found))[0]
        raise ValueError(
            f"{what} contains {found[row, column]} in row {row}, column {column}, which has no place in an "
            "order. Pass finite numbers."
        )
    return found


def relevance_for(given: Any, deck: Deck, what: str = "relevance") -> Doubles:
    """Return relevance of the rows of a deck as an array, its columns in the deck's order.

    Parameters
    ----------
    given : Explanation, frame or array-like of shape (n_samples, n_features)
        Relevance. Where the rows have names of columns, a frame is put into order by these.
    deck : Deck
        The rows.
    what : str
        What it is called, for messages.

    Raises
    ------
    TypeError, ValueError
        As `relevance_of`; if a frame has other columns than the rows; or if an array is given whose columns
        may be in the order of the rows' frame or of the explainer, which differ.
    """
    names, shape = deck.names, deck.values.shape
    if names is None:
        return relevance_of(given, shape, what)
    if isinstance(given, Explanation):
        found = relevance_of(given, shape, what)
        own = given.feature_names
        return found[:, [own.index(name) for name in names]] if set(own) == set(names) else found
    if isinstance(recognize(unwrap(given)), nw.DataFrame):
        try:
            return relevance_of(frames.read(given, names).values, shape, what)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{what} is no frame of the columns of X. {error}") from error
    if deck.is_reordered:
        raise ValueError(
            f"{what} has no names of columns, but those of X are in another order than the explainer's "
            f"({names[0]!r}, ...), so that it is not known which is which. Pass a frame or an Explanation, "
            "or put the columns of X into that order."
        )
    return relevance_of(given, shape, what)


def ranks_of(relevance: Doubles, rng: np.random.Generator, *, descending: bool) -> Any:
    """The place of each feature in the order of its row, from 0; ties are broken at random.

    Examples
    --------
    >>> ranks_of(np.array([[1.0, 3.0, -2.0]]), np.random.default_rng(0), descending=True)
    array([[1, 0, 2]])
    """
    by = -relevance if descending else relevance
    order = np.lexsort((rng.random(relevance.shape), by))
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(relevance.shape[1])[None, :], axis=1)
    return ranks
