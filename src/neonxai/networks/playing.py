"""The game of some rows of one cluster, whose evidence is in pieces: by NumPy or by the kernels."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from neonxai.arrays import Doubles
from neonxai.networks import units
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
    terms, n_background = game.terms, len(game.weights)
    if len(game.rests) > 1 and len(game.rules.walks) and not game.rules.is_soft:
        return _play_in_units(game)
    ends, base = _ends(game, terms.sum(axis=1))
    if len(game.rests) > 1 and len(game.rules.walks):
        return *_from_soft_walks(game, ends), base
    if len(game.rests) > 1:
        values = _from_all_coalitions(game)
    else:
        mean = (terms[0, :, :n_background] * game.weights).sum(axis=1)
        values = (terms[0, :, n_background:] - mean[:, None]).T
    return values, np.zeros_like(values), base


def _ends(game: Game, totals: Doubles) -> tuple[Doubles, float]:
    """Pooled evidence of background rows and rows, and the base value."""
    of_all, nobody = (totals + game.rests[:, None])[:, None], np.zeros((len(totals), 1, 1))
    ends = mean_pooled(of_all, nobody, np.ones(1), game.rules.pooling, game.rules.beta)[0]
    return ends, float(ends[: len(game.weights)] @ game.weights)


def _tiles(game: Game, n_sums: int) -> Iterator[Split]:
    """What a tile of rows and what the background adds: with so many sums of a row and a rival in memory."""
    terms, n_background = game.terms, len(game.weights)
    step = max(1, min(BLOCK_VALUES // n_background, _TILE_VALUES // (len(terms) * n_sums)))
    of_background = np.ascontiguousarray(terms[:, :, :n_background])
    for start in range(n_background, terms.shape[2], step):
        yield np.ascontiguousarray(terms[:, :, start : start + step]), of_background


def _from_all_coalitions(game: Game) -> Doubles:
    terms, rests, weights, rules, compiled = game
    if not compiled:
        tiles = _tiles(game, 1 << terms.shape[1])
        return np.concatenate([enumerated(*tile, rests, weights, rules) for tile in tiles], axis=1).T
    from neonxai.kernels.coalitions import enumerate_rows

    values, shares = game.empty(), gain_weights(terms.shape[1])
    beta = float(rules.beta) if rules.is_soft else 0.0
    enumerate_rows(terms, rests, weights, rules.starts, shares, beta, values)
    return values


def _from_walks(game: Game) -> Split:
    """By NumPy."""
    _, rests, weights, rules, _ = game
    tiles = _tiles(game, game.terms.shape[1] * (len(rules.starts) - 1))
    parts = [walked(*tile, rests, weights, rules) for tile in tiles]
    values, errors = (np.concatenate(some, axis=1).T for some in zip(*parts, strict=True))
    return values, errors


def _from_soft_walks(game: Game, ends: Doubles) -> Split:
    terms, rests, weights, rules, compiled = game
    if not compiled:
        return _from_walks(game)
    from neonxai.kernels.soft_walks import walk_rows_softly

    found = game.empty(), game.empty()
    how = float(rules.beta), float(rules.tol or 0.0), fewest_walks(*rules.walks.shape[:2])
    walk_rows_softly(terms, rests, weights, rules.starts, rules.walks, ends, *how, *found)
    return found


def _play_in_units(game: Game) -> tuple[Doubles, Doubles, float]:
    """By walks in whole numbers: all rows of one unit at a time; mostly that is all rows."""
    if game.compiled:
        from neonxai.kernels.walks import survey, walk_rows
    else:
        from neonxai.networks.units import survey
    terms, rests, weights, rules, _ = game
    n_background = len(weights)
    origin = np.ascontiguousarray(terms[:, :, 0])
    totals, reach = np.empty((len(terms), terms.shape[2])), np.empty(terms.shape[2])
    survey(terms, origin, totals, reach)
    values, errors = game.empty(), game.empty()
    for unit, rows in units.of_one_unit(units.units(reach, n_background)):
        some = terms
        if len(rows) < len(values):
            some = terms[:, :, np.concatenate([np.arange(n_background), n_background + rows])]
        above = units.rests_in_reach(rests, origin, unit)
        part = game._replace(terms=some, rests=above)
        if not game.compiled:
            of_units = units.rounded(some - origin[:, :, None], unit)
            values[rows], errors[rows] = _from_walks(part._replace(terms=of_units))
            continue
        found = part.empty(), part.empty()
        how = unit, float(rules.tol or 0.0), fewest_walks(*rules.walks.shape[:2])
        walk_rows(some, origin, above, weights, rules.starts, rules.walks, *how, *found)
        values[rows], errors[rows] = found
    ends, base = _ends(game, totals)
    units.complete(values, ends[n_background:] - base)
    return values, errors, base
