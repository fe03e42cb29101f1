"""The game of some rows of one cluster, whose evidence is in pieces: by NumPy or by the kernels."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from neonxai.arrays import Doubles
from neonxai.networks.coalitions import BLOCK_VALUES, mean_pooled
from neonxai.networks.walking import Rules, enumerated, fewest_walks, gain_weights, walked

_TILE_VALUES = 1 << 18  # float64 values of g in a tile of the reference: 2 MiB

Split: TypeAlias = tuple[Doubles, Doubles]


class Game(NamedTuple):
    """The rows of a cluster, and what they play against.

    Attributes
    ----------
    terms : array of shape (n_rivals, n_features, n_background + n_rows)
        What background rows and rows add to the evidence.
    rests : array of shape (n_rivals,)
        What belongs to no feature.
    weights : array of shape (n_background,)
        Of the background rows.
    rules : Rules
        How it is played; by all coalitions if there are no walks.
    compiled : bool
        Whether by the kernels.
    """

    terms: Doubles
    rests: Doubles
    weights: Doubles
    rules: Rules
    compiled: bool

    def empty(self) -> Doubles:
        """Room for a value of each row and feature."""
        return np.empty((self.terms.shape[2] - len(self.weights), self.terms.shape[1]))


def play(game: Game) -> tuple[Doubles, Doubles, float]:
    """Shapley values, their standard errors, both of shape (n_rows, n_features), and the base value."""
    terms, rests, weights, rules, _ = game
    n_background = len(weights)
    of_all, nobody = (terms.sum(axis=1) + rests[:, None])[:, None], np.zeros((len(rests), 1, 1))
    ends = mean_pooled(of_all, nobody, np.ones(1), rules.pooling, rules.beta)[0]
    base = float(ends[:n_background] @ weights)
    if len(rests) > 1 and len(rules.walks):
        return *_from_walks(game, ends), base
    if len(rests) > 1:
        values = _from_all_coalitions(game)
    else:
        mean = (terms[0, :, :n_background] * weights).sum(axis=1)
        values = (terms[0, :, n_background:] - mean[:, None]).T
    return values, np.zeros_like(values), base


def tiles(n_rows: int, n_background: int, n_sums: int) -> Iterator[slice]:
    """Rows that NumPy takes at a time, of which each has so many sums in memory."""
    step = max(1, min(BLOCK_VALUES // n_background, _TILE_VALUES // n_sums))
    for start in range(0, n_rows, step):
        yield slice(start, start + step)


def _tiles(game: Game, n_sums: int) -> Iterator[Split]:
    """What a tile of rows and what the background adds."""
    terms, n_background = game.terms, len(game.weights)
    of_background = np.ascontiguousarray(terms[:, :, :n_background])
    of_rows = terms[:, :, n_background:]
    for tile in tiles(of_rows.shape[2], n_background, len(terms) * n_sums):
        yield np.ascontiguousarray(of_rows[:, :, tile]), of_background


def _from_all_coalitions(game: Game) -> Doubles:
    terms, rests, weights, rules, compiled = game
    if not compiled:
        each = _tiles(game, 1 << terms.shape[1])
        return np.concatenate([enumerated(*tile, rests, weights, rules) for tile in each], axis=1).T
    from neonxai.kernels.coalitions import enumerate_rows

    values, shares = game.empty(), gain_weights(terms.shape[1])
    beta = float(rules.beta) if rules.is_soft else 0.0
    enumerate_rows(terms, rests, weights, rules.starts, shares, beta, values)
    return values


def _from_walks(game: Game, ends: Doubles) -> Split:
    """With soft pooling."""
    terms, rests, weights, rules, compiled = game
    if not compiled:
        each = _tiles(game, terms.shape[1] * (len(rules.starts) - 1))
        parts = [walked(*tile, rests, weights, rules) for tile in each]
        values, errors = (np.concatenate(some, axis=1).T for some in zip(*parts, strict=True))
        return values, errors
    from neonxai.kernels.soft_walks import walk_rows_softly

    found = game.empty(), game.empty()
    how = float(rules.beta), float(rules.tol or 0.0), fewest_walks(*rules.walks.shape[:2])
    walk_rows_softly(terms, rests, weights, rules.starts, rules.walks, ends, *how, *found)
    return found
