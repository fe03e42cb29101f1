"""Relevance by games against a background, instead of propagation, for one tile of rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from neonxai.arrays import Doubles, Floats
from neonxai.engines import for_each_tile, n_threads
from neonxai.networks import Network
from neonxai.networks.additive import pieces
from neonxai.networks.closure import close_sums
from neonxai.networks.integrated import integrated
from neonxai.networks.pooling import probabilities
from neonxai.networks.shapley import shapley
from neonxai.propagation import Answer, Question, pooled_evidence

# Additions that take the kernel some 10 ms: starting threads takes less than one.
_WORTH_THREADS = 1 << 27
_MOST_ROWS = 1 << 12
_TILE_VALUES = 1 << 21


def game_rows(n_features: int) -> int:
    """How many rows to play together: rows of one cluster share its pieces, and threads share out the rest.

    Examples
    --------
    >>> game_rows(64), game_rows(50_000)
    (4096, 41)
    """
    return max(1, min(_MOST_ROWS, _TILE_VALUES // n_features))


def run_tasks(work: Callable[[slice], None], n_tasks: int, additions: float) -> None:
    """Call ``work`` on slices that cover all tasks, in threads where that pays."""
    threads = min(n_tasks, n_threads()) if additions > _WORTH_THREADS else 1
    for_each_tile(work, n_tasks, 1, threads=max(1, threads))


@dataclass(frozen=True, eq=False)
class Game:
    """What a row is compared with, and how.

    Attributes
    ----------
    method : {"shapley", "integrated"}
        Shapley values, or shares integrated on the way from the background's mean.
    background : array of shape (n_background, n_features)
        Rows of what the network takes.
    weights : array of shape (n_background,)
        How much each of them counts; they sum to 1.
    n_permutations, random_state, tol
        As for `neonxai.networks.shapley.shapley`.
    """

    method: str
    background: Doubles
    weights: Doubles
    n_permutations: int
    random_state: int
    tol: float | None

    def answer(self, network: Network, X: Floats, question: Question, *, beta: float, pooling: str) -> Answer:
        """Explain a tile of rows; parameters as for `neonxai.propagation.propagate`."""
        _, labels, targets, pooled = pooled_evidence(network, X, question, beta=beta, pooling=pooling)
        asked: dict[str, Any] = {"rivals": question.rivals, "pooling": pooling, "beta": beta}
        errors: Doubles | None = None
        if self.method == "shapley":
            relevance, errors, bases = shapley(
                network,
                X,
                targets,
                self.background,
                n_permutations=self.n_permutations,
                random_state=self.random_state,
                tol=self.tol,
                weights=self.weights,
                run=run_tasks,
                **asked,
            )
            absorbed = np.zeros(len(X))
        else:
            relevance, absorbed, bases = integrated(
                network, X, targets, self.weights @ self.background, **asked
            )
        total = close_sums(relevance, pooled.logits - bases - absorbed)
        return Answer(
            relevance,
            pooled.logits,
            absorbed,
            probabilities(pooled.logits, beta),
            labels,
            targets,
            pooled.competitors,
            np.maximum(total, np.abs(pooled.logits)),
            bases,
            errors,
        )


def game_of(explainer: Any) -> Game | None:
    """The game that a fitted explainer plays; None where it propagates."""
    e = explainer
    if e.background_ is None:
        return None
    return Game(e.method, e.background_, e.background_weights_, e.n_permutations, e.random_state, e.tol)


def check_additive(network: Network) -> None:
    """Raise a TypeError unless the network's evidence is a sum over the features."""
    everyone = np.arange(min(network.n_clusters, 2))
    pieces(network, np.zeros((1, network.n_features)), 0, everyone[1:])


def check_dense(values: Any) -> None:
    """Raise a TypeError for sparse rows."""
    if issparse(values):
        raise TypeError(
            "Sparse rows have no games here: a feature that is absent from a row may be present in the "
            "background, so that relevance would be dense. Pass X.toarray() if that fits into memory, or "
            'choose method="neon".'
        )
