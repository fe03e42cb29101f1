"""Relevance by games against a background, instead of propagation, for one tile of rows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.engines import for_each_tile, n_threads
from neonxai.networks import Network
from neonxai.networks.additive import expand
from neonxai.networks.closure import close_sums
from neonxai.networks.integrated import integrated
from neonxai.networks.linear import LinearNetwork
from neonxai.networks.pooling import Pooled, probabilities
from neonxai.networks.present import close_present
from neonxai.networks.shapley import shapley
from neonxai.networks.sparse_integrated import integrated_sparse
from neonxai.networks.sparse_shapley import shapley_sparse
from neonxai.stages.propagation import Answer, Question, pooled_evidence, pooled_evidence_sparse

# Additions that take the kernel a millisecond or two: starting threads takes a fraction of one.
_WORTH_THREADS = 1 << 24
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
        """Explain a tile of rows; parameters as for `neonxai.stages.propagation.propagate`."""
        _, labels, targets, pooled = pooled_evidence(network, X, question, beta=beta, pooling=pooling)
        asked: dict[str, Any] = {"rivals": question.rivals, "pooling": pooling, "beta": beta}
        errors: Doubles | None = None
        if self.method == "shapley":
            relevance, errors, bases = shapley(
                network, X, targets, self.background, weights=self.weights, **self._drawn, **asked
            )
            absorbed = np.zeros(len(X))
        else:
            relevance, absorbed, bases = integrated(
                network, X, targets, self.weights @ self.background, **asked
            )
        total = close_sums(relevance, pooled.logits - bases - absorbed)
        return _answer(pooled, labels, targets, beta, (relevance, absorbed, bases, errors, total))

    def answer_sparse(
        self,
        network: LinearNetwork,
        X: csr_array,
        question: Question,
        *,
        beta: float,
        pooling: str,
        dense: bool,
    ) -> tuple[Answer, Doubles | None]:
        """Explain a tile of sparse rows.

        Parameters
        ----------
        network, question, beta, pooling
            As for `answer`.
        X : csr_array of shape (n_rows, n_features)
            Rows.
        dense : bool
            Whether every feature has its relevance.

        Returns
        -------
        answer : Answer
            If not dense, its ``relevance`` and ``standard_errors`` have the shape (n_present,), in the order
            of ``X.data``.
        absent : array of shape (n_rows,) or None
            If not dense, what the features account for that are absent from a row.
        """
        labels, targets, pooled = pooled_evidence_sparse(network, X, question, beta=beta, pooling=pooling)
        asked: dict[str, Any] = {"rivals": question.rivals, "pooling": pooling, "beta": beta}
        spread: csr_array | None = None
        if self.method == "shapley":
            values, spread, bases = shapley_sparse(
                network, X, targets, self._sparse_background, weights=self.weights, **self._drawn, **asked
            )
            absorbed = np.zeros(X.shape[0])
        else:
            values, absorbed, bases = integrated_sparse(network, X, targets, self._sparse_mean, **asked)
        sums = pooled.logits - bases - absorbed
        if dense:
            relevance, errors = values.toarray(), None if spread is None else spread.toarray()
            total = close_sums(relevance, sums)
            return _answer(pooled, labels, targets, beta, (relevance, absorbed, bases, errors, total)), None
        places = _places_in(values, X)
        relevance, errors = values.data[places], None if spread is None else spread.data[places]
        values.data[places] = 0.0
        absent: Doubles = values.sum(axis=1)
        total = close_present(relevance, X.indptr, absent, sums)
        return _answer(pooled, labels, targets, beta, (relevance, absorbed, bases, errors, total)), absent

    @property
    def _drawn(self) -> dict[str, Any]:
        return {
            "n_permutations": self.n_permutations,
            "random_state": self.random_state,
            "tol": self.tol,
            "run": run_tasks,
        }

    @cached_property
    def _sparse_background(self) -> csr_array:
        return csr_array(self.background)

    @cached_property
    def _sparse_mean(self) -> csr_array:
        return csr_array((self.weights @ self._sparse_background)[None])


def _answer(pooled: Pooled, labels: Ints, targets: Ints, beta: float, found: tuple[Any, ...]) -> Answer:
    relevance, absorbed, bases, errors, total = found
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


def _places_in(values: csr_array, X: csr_array) -> Ints:
    """Where the entries of X are among those of values, which has all of them, both in order."""
    keys = [
        np.repeat(np.arange(rows.shape[0], dtype=np.int64), np.diff(rows.indptr)) * rows.shape[1]
        + rows.indices
        for rows in (values, X)
    ]
    return np.asarray(np.searchsorted(*keys))


def game_of(explainer: Any) -> Game | None:
    """The game that a fitted explainer plays; None where it propagates."""
    e = explainer
    if e.background_ is None:
        return None
    return Game(e.method, e.background_, e.background_weights_, e.n_permutations, e.random_state, e.tol)


def check_additive(network: Network) -> None:
    """Raise a TypeError unless the network's evidence is a sum over the features."""
    everyone = np.arange(min(network.n_clusters, 2))
    expand(network, np.zeros(network.n_features), 0, everyone[1:])


def check_sparse(network: Network, linear: LinearNetwork | None) -> None:
    """Raise a TypeError if the game of sparse rows is not known: if the network has no linear form."""
    if linear is None:
        raise TypeError(
            f"The evidence of a {type(network).__qualname__} is not known to be linear in sparse rows, so "
            "that they have no game here. They have one for k-means and its relatives, also behind scalers "
            'and TF-IDF. Pass X.toarray() if that fits into memory, or choose method="neon".'
        )
