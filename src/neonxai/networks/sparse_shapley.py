r"""Shapley values of rows in CSR: the game against each background row has as many players as differ.

A feature that has the same value in a row and in a background row, such as a term that neither has, is a null
player: whoever it joins gains nothing. As Shapley values are linear in the game, those against a background
are the mean of those against its rows one by one, and of these each has only the features in which the two
differ. Evidence is linear, so that a walk from b to x starts at h(b), which is known, and adds

.. math:: h_k(x_S, b_{\setminus S}) = h_k(b) + \sum_{i \in S} (x_i - b_i) (W_c - W_k)_i.

The walk back needs no sums of its own: what it has left out is what the walk there has switched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from neonxai.arrays import Doubles, Ints
from neonxai.networks.linear import LinearNetwork
from neonxai.networks.permutations import permutations
from neonxai.networks.shapley import MOST_ENUMERATED, groups
from neonxai.networks.sparse_rows import sparse_evidence
from neonxai.networks.walking import Rules, enumerated, fewest_walks

# Float64 values in one temporary: 256 KiB.
_BLOCK_VALUES = 1 << 15
_NOBODY = np.zeros(0, dtype=np.intp)


class SparseValues(NamedTuple):
    """Shapley values of rows in CSR.

    Attributes
    ----------
    values : csr_array of shape (n_rows, n_features)
        R_i, in the unit of the logit, of all features that are present in the row or in any background row;
        all others have none. Σ_i R_i = f_c(x) − base value.
    standard_error : csr_array of shape (n_rows, n_features)
        That of the mean over the permutations, of the same features; 0 where values are exact.
    base_value : array of shape (n_rows,)
        The mean of f_c over the background. It depends on the cluster c.
    """

    values: csr_array
    standard_error: csr_array
    base_value: Doubles


def shapley_sparse(
    network: LinearNetwork,
    X: csr_array,
    clusters: Ints,
    background: csr_array,
    *,
    weights: Doubles,
    rivals: Ints | None = None,
    pooling: str = "min",
    beta: float = 1.0,
    n_permutations: int = 32,
    random_state: int = 0,
    tol: float | None = None,
    run: Callable[[Callable[[slice], None], int, float], None] | None = None,
) -> SparseValues:
    """Compute Shapley values of f_c against a background, without making any row dense.

    Parameters
    ----------
    network : LinearNetwork
        The clustering.
    X : csr_array of shape (n_rows, n_features)
        Rows with each index once, in order.
    clusters : int array of shape (n_rows,)
        The cluster c that each row is explained for.
    background : csr_array of shape (n_background, n_features)
        Rows whose values stand for a feature's absence; with each index once, in order.
    weights : array of shape (n_background,)
        How much each of them counts; they sum to 1.
    rivals, pooling, beta, run
        As for `neonxai.networks.shapley.shapley`.
    n_permutations : int
        How many permutations are walked through for each background row, at least 2, each of them there and
        back. Where a row and a background row differ in up to 10 features all coalitions are enumerated
        instead, and one rival needs neither.
    random_state : int
        Where the permutations come from. They depend on it, on the background row's number and on the number
        of features in which it differs from the row, so not on the rows beside it.
    tol : float, optional
        A row needs no more permutations when its largest standard error is below ``tol`` times Σ_i |R_i|;
        this is looked at whenever their number has doubled.

    Returns
    -------
    SparseValues

    Examples
    --------
    >>> network = LinearNetwork(
    ...     [[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 8.0, 0.0]],
    ...     [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 4.0, 0.0]],
    ... )
    >>> x, b = csr_array([[0.0, 0.0, 0.0]]), csr_array([[1.0, 2.0, 0.0]])
    >>> found = shapley_sparse(network, x, np.array([0]), b, weights=np.ones(1))
    >>> found.values.toarray()  # v is 0, 0, 0 and min(4, 16)
    array([[2., 2., 0.]])
    >>> found.values.indices  # and the third feature is in neither
    array([0, 1]...)
    """
    anywhere = np.unique(background.indices)
    columns = [np.union1d(X.indices[start:end], anywhere) for start, end in pairwise(X.indptr)]
    indptr = np.concatenate([[0], np.cumsum([len(some) for some in columns])])
    values, errors, bases = np.zeros(indptr[-1]), np.zeros(indptr[-1]), np.empty(X.shape[0])
    rules = _Rules(beta if pooling == "soft" and beta < np.inf else None, n_permutations, random_state, tol)
    tasks = []
    for own, against, rows in groups(network, clusters, rivals):
        side = _Side.of(network, own, against, background, weights, beta)
        bases[rows] = weights @ _pooled(side.evidence.copy(), rules.beta)
        at_rows = sparse_evidence(network, X[rows], np.full(len(rows), own), beta=beta)[1][:, against]
        tasks += [(side, int(row), at_row) for row, at_row in zip(rows, at_rows, strict=True)]

    def work(some: slice) -> None:
        for side, row, at_row in tasks[some]:
            here, there = slice(indptr[row], indptr[row + 1]), slice(X.indptr[row], X.indptr[row + 1])
            x = np.zeros(len(columns[row]))
            x[np.searchsorted(columns[row], X.indices[there])] = X.data[there]
            values[here], errors[here] = _play(side, columns[row], x, at_row, rules)

    if run is None:
        work(slice(len(tasks)))
    else:
        switches = 2.0 * n_permutations * (background.nnz * X.shape[0] + X.nnz * background.shape[0])
        run(work, len(tasks), switches * network.n_clusters)
    indices = np.concatenate(columns)
    return SparseValues(
        csr_array((values, indices, indptr), X.shape), csr_array((errors, indices, indptr), X.shape), bases
    )


class _Rules(NamedTuple):
    """How a game is played; β is None for min-pooling."""

    beta: float | None
    n_permutations: int
    random_state: int
    tol: float | None


@dataclass(frozen=True, eq=False)
class _Side:
    """A cluster and its rivals, against a background."""

    network: LinearNetwork
    own: int
    against: Ints
    background: csr_array
    weights: Doubles
    evidence: Doubles  # (n_rivals, n_background)

    @classmethod
    def of(
        cls,
        network: LinearNetwork,
        own: int,
        against: Ints,
        background: csr_array,
        weights: Doubles,
        beta: float,
    ) -> "_Side":
        everyone = np.full(background.shape[0], own)
        evidence = sparse_evidence(network, background, everyone, beta=beta)[1][:, against]
        return cls(network, own, against, background, weights, np.ascontiguousarray(evidence.T))

    def tilts(self, columns: Ints) -> Doubles:
        """W_c − W_k of some features, shape (n_rivals, n_columns): differences, each rounded once."""
        w = self.network.weights
        return np.asarray(w[self.own, columns] - w[np.ix_(self.against, columns)])


def _play(side: _Side, columns: Ints, x: Doubles, at_row: Doubles, rules: _Rules) -> tuple[Doubles, Doubles]:
    """Values of a row's features and their standard errors."""
    tilts = side.tilts(columns)
    games = []
    for b, (start, end) in enumerate(pairwise(side.background.indptr)):
        apart = x.copy()
        apart[np.searchsorted(columns, side.background.indices[start:end])] -= side.background.data[start:end]
        games.append(_Game(b, players := np.flatnonzero(apart), apart[players]))
    if len(tilts) == 1:
        values = np.zeros(len(x))
        for game in games:
            values[game.players] += side.weights[game.number] * game.apart
        return values * tilts[0], np.zeros(len(x))
    count, n_walks = 0, rules.n_permutations
    fewest = n_walks if rules.tol is None else fewest_walks(len(games), n_walks)
    while True:
        fresh = slice(count, min(n_walks, max(fewest, 2 * count)))
        count = fresh.stop
        values, variance = np.zeros(len(x)), np.zeros(len(x))
        for game in games:
            steps = tilts[:, game.players] * game.apart
            game.go_on(steps, side.evidence[:, game.number], at_row, fresh, rules)
            weight = side.weights[game.number]
            values[game.players] += weight * game.mean
            variance[game.players] += weight**2 * game.spread / (count * (count - 1.0))
        errors = np.sqrt(variance)
        if count == n_walks:
            return values, errors
        if errors.max(initial=0.0) < (rules.tol or 0.0) * np.abs(values).sum():
            return values, errors


class _Game:
    """The game of a row against one background row: the features in which they differ, and by how much."""

    def __init__(self, number: int, players: Ints, apart: Doubles) -> None:
        self.number, self.players, self.apart = number, players, apart
        self.mean, self.spread = np.zeros(len(players)), np.zeros(len(players))

    def go_on(
        self, steps: Doubles, at_background: Doubles, at_row: Doubles, fresh: slice, rules: _Rules
    ) -> None:
        """Take fresh pairs of walks into the mean of the gains and their sum of squares around it."""
        n = len(self.players)
        if n <= MOST_ENUMERATED:
            if fresh.start == 0:
                self.mean = _all_coalitions(steps, at_background, rules.beta)
            return
        walks = permutations(n, rules.n_permutations, 1, (rules.random_state, self.number, n))[0, fresh]
        gains = _gains(steps, at_background, at_row, walks, rules.beta)
        mean = gains.mean(axis=0)
        away = mean - self.mean
        self.spread += ((gains - mean) ** 2).sum(axis=0)
        self.spread += away**2 * (fresh.start * len(walks) / fresh.stop)
        self.mean = self.mean + away * (len(walks) / fresh.stop)


def _all_coalitions(steps: Doubles, at_background: Doubles, beta: float | None) -> Doubles:
    n_rivals, n_players = steps.shape
    if n_players == 0:
        return np.zeros(0)
    nothing = np.zeros((n_rivals, n_players, 1))
    pooling = Rules("min" if beta is None else "soft", beta or 1.0, _NOBODY, _NOBODY, None)
    return enumerated(steps[:, :, None], nothing, at_background, np.ones(1), pooling)[:, 0]


def _gains(
    steps: Doubles, at_background: Doubles, at_row: Doubles, walks: Ints, beta: float | None
) -> Doubles:
    """What features gain as they are switched, on average there and back, shape (n_walks, n_players)."""
    n_rivals, n_players = steps.shape
    n_walks = len(walks)
    together = max(1, _BLOCK_VALUES // (n_rivals * n_players))
    length = max(1, _BLOCK_VALUES // n_rivals)
    empty, full = _pooled(at_background.copy(), beta), _pooled(at_row.copy(), beta)
    # v after s switches of the walk there, less v before the last s switches of the walk back.
    apart = np.empty((n_walks, n_players + 1))
    apart[:, 0], apart[:, n_players] = empty - full, full - empty
    for first in range(0, n_walks, together):
        some = slice(first, first + together)
        switched = np.zeros((n_rivals, len(walks[some])))
        for start in range(0, n_players - 1, length):
            end = min(start + length, n_players - 1)
            sums = np.take(steps, walks[some, start:end], axis=1)
            sums[:, :, 0] += switched
            np.cumsum(sums, axis=2, out=sums)
            switched = sums[:, :, -1].copy()
            here = apart[some, start + 1 : end + 1]
            here[:] = _pooled(sums + at_background[:, None, None], beta)
            np.subtract(at_row[:, None, None], sums, out=sums)
            here -= _pooled(sums, beta)
    gains = np.empty((n_walks, n_players))
    np.put_along_axis(gains, walks, 0.5 * np.diff(apart, axis=1), axis=1)
    return gains


def _pooled(h: Doubles, beta: float | None) -> Doubles:
    """Pool evidence over the first axis; h is changed."""
    least: Doubles = h.min(axis=0)
    if beta is None or len(h) == 1:
        return least
    h -= least
    h *= -beta
    with np.errstate(under="ignore"):
        np.exp(h, out=h)
    return np.asarray(least - np.log(h.sum(axis=0)) / beta)
