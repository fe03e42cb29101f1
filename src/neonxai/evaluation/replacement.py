"""What a feature that is switched off is switched to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from neonxai.arrays import Doubles, Ints
from neonxai.evaluation.deck import Deck, read_deck
from neonxai.explainer import ClusterExplainer
from neonxai.forward import forward

_KINDS = ("mean", "rows", "cluster")


@dataclass(frozen=True, eq=False)
class Replacement:
    """Values to switch to: draw j of row i is ``table[choice[i, j]]``.

    Attributes
    ----------
    table : array of shape (n_kept, n_features)
        Values.
    choice : int array of shape (n_samples, n_draws)
        Which of them each row gets.
    """

    table: Doubles
    choice: Ints

    @property
    def n_draws(self) -> int:
        """How many replacements each row has."""
        return int(self.choice.shape[1])


def make_replacement(
    asked: Any,
    explainer: ClusterExplainer,
    rivals: Ints,
    deck: Deck,
    background: Any,
    *,
    n_draws: int,
    rng: np.random.Generator,
) -> Replacement:
    """Settle what features are replaced by; the public functions describe the choices.

    Raises
    ------
    ValueError
        If the choice is not known, an array has another shape, a single row is its own background, or a rival
        has no row in the background.
    """
    n_samples, n_features = deck.values.shape
    if not isinstance(asked, str):
        return _given(asked, n_samples, n_features)
    if asked not in _KINDS:
        raise ValueError(
            f"replacement={asked!r} is not known; choose one of {', '.join(_KINDS)}, or pass an array."
        )
    if background is None and n_samples == 1:
        raise ValueError(
            f"X has one row, which is no background for replacement={asked!r}: it would be replaced by "
            "itself. Pass background=, such as the rows that were clustered, or the replacement as an array."
        )
    behind = deck if background is None else read_deck(explainer, background, "background")
    if asked == "mean":
        return Replacement(behind.values.mean(axis=0)[None], np.zeros((n_samples, 1), dtype=np.intp))
    if asked == "rows":
        return Replacement(behind.values, rng.integers(len(behind.values), size=(n_samples, n_draws)))
    labels = forward(explainer, behind.dealt(behind.values)).labels
    members = np.bincount(labels, minlength=len(explainer.cluster_names_))
    empty = np.flatnonzero(members[rivals] == 0)
    if len(empty):
        name = explainer.cluster_names_[rivals[empty[0]]]
        raise ValueError(
            f"The rival of row {empty[0]}, cluster {name}, has no row in the background, so that it has no "
            "mean. Pass more rows as background, or choose another replacement."
        )
    ones = csr_array((np.ones(len(labels)), (labels, np.arange(len(labels)))), (len(members), len(labels)))
    means = (ones @ behind.values) / np.maximum(members, 1)[:, None]
    return Replacement(means, rivals[:, None])


def _given(asked: Any, n_samples: int, n_features: int) -> Replacement:
    try:
        table = np.asarray(asked, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"replacement is a {type(asked).__qualname__}, which is no array of numbers. Choose one of "
            f"{', '.join(_KINDS)}, or pass an array. ({error})"
        ) from error
    if table.shape not in ((n_features,), (n_samples, n_features)):
        raise ValueError(
            f"replacement has shape {table.shape}; it has to be ({n_features},), one value for each feature, "
            f"or ({n_samples}, {n_features})."
        )
    if not np.isfinite(table).all():
        raise ValueError("replacement contains NaN or infinity. Pass finite values to switch to.")
    every = np.zeros(n_samples, dtype=np.intp) if table.ndim == 1 else np.arange(n_samples)
    return Replacement(np.atleast_2d(table), every[:, None])
