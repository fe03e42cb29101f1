"""Rows of numbers that can be changed, and handed to an explainer as it takes them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from neonxai import frames
from neonxai.arrays import Doubles
from neonxai.explainer import ClusterExplainer
from neonxai.frames.native import recognize, unwrap
from neonxai.transforms.rows import NoSteps


@dataclass(frozen=True, eq=False)
class Deck:
    """Rows of numbers.

    Attributes
    ----------
    values : array of shape (n_samples, n_features)
        The numbers, in the order of the explainer's features.
    names : tuple of str or None
        The columns' names, of a frame.
    kind : {"pandas", "polars", "pyarrow"} or None
        The kind of frame that they came in.
    is_direct : bool
        Whether the explainer needs no frame, having no steps in front of its network.
    is_reordered : bool
        Whether the frame's own columns are in another order.
    """

    values: Doubles
    names: tuple[str, ...] | None = None
    kind: str | None = None
    is_direct: bool = True
    is_reordered: bool = False

    def dealt(self, values: Doubles) -> Any:
        """Return other numbers in the form that the explainer takes."""
        return values if self.is_direct else self.framed(values)

    def framed(self, values: Doubles) -> Any:
        """Return other numbers in the form that these rows came in, as a model is fitted to."""
        if self.kind is None or self.names is None:
            return values
        return frames.build(self.kind, {name: values[:, i] for i, name in enumerate(self.names)})


def read_deck(explainer: ClusterExplainer, X: Any, what: str = "X") -> Deck:
    """Read rows as numbers whose columns are those that relevance is about.

    Raises
    ------
    TypeError
        If the explainer is none, or the rows are sparse, texts or otherwise no numbers.
    ValueError
        If the columns are not those of the relevance, or a value is missing.
    """
    check_explainer(explainer)
    if issparse(X):
        raise TypeError(
            f"{what} is sparse ({type(X).__name__}), but features are replaced one by one, which needs dense "
            "numbers. Evaluate some of the rows as an array: X[:1000].toarray()."
        )
    try:
        table = frames.read(X, getattr(explainer, "feature_names_in_", None))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what} is no table of finite numbers, as evaluation needs. {error}") from error
    width = table.values.shape[1]
    if width != explainer.n_features_in_:
        raise ValueError(
            f"{what} has {width} features, but the explainer has {explainer.n_features_in_}. Pass the "
            "columns that were clustered."
        )
    if width != len(explainer.feature_names_):
        raise ValueError(
            f"Relevance is about {len(explainer.feature_names_)} columns "
            f"({explainer.feature_names_[0]!r}, ...), but {what} has {width}, so that it is not known which "
            "to replace. Choose pull_back='input'."
        )
    values = table.values.astype(np.float64, copy=False)
    own = tuple(getattr(recognize(unwrap(X)), "columns", ()))
    reordered = table.names is not None and own != table.names
    return Deck(values, table.names, table.kind, isinstance(explainer.entrance_, NoSteps), reordered)


def check_explainer(explainer: Any) -> None:
    """Raise an error unless it is a fitted ClusterExplainer."""
    if not isinstance(explainer, ClusterExplainer):
        raise TypeError(
            f"explainer is a {type(explainer).__qualname__}, but a fitted neonxai.ClusterExplainer is "
            "needed: ClusterExplainer(model).fit(X)."
        )
    check_is_fitted(explainer)
