"""The game of some rows of one cluster, whose evidence is in pieces: by NumPy or by the kernels."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from neonxai.arrays import Doubles
from neonxai.networks.coalitions import BLOCK_VALUES, mean_pooled
from neonxai.networks.units import complete, of_one_unit, reaches, rests_in_reach, rounded, units
from neonxai.networks.walking import Rules, enumerated, fewest_walks, gain_weights, walked

_TILE_VALUES = 1 << 18  # float64 values of g in a tile of the reference: 2 MiB

Split: TypeAlias = tuple[Doubles, Doubles]


def play(
    terms: Doubles, rests: Doubles, weights: Doubles, rules: Rules, *, compiled: bool
) -> tuple[Doubles, Doubles, float]:
    """Shapley values, their standard errors, both of shape (n_rows, n_features), and the base value.

    Parameters
    ----------
    terms : array of shape (n_rivals, n_features, n_background + n_rows)
        What background rows and rows add to the evidence.
    rests : array of shape (n_rivals,)
        What belongs to no feature.
    weights : array of shape (n_background,)
        Of the background rows.
    rules : Rules
        How it is played; by all coalitions if it has no walks.
    compiled : bool
        Whether by the kernels.
    """
    n_background = len(weights)
    totals = terms.sum(axis=1) + rests[:, None]
    ends = mean_pooled(totals[:, None], np.zeros((len(rests), 1, 1)), np.ones(1), rules.pooling, rules.beta)
    base = float(ends[0, :n_background] @ weights)
    if len(rests) == 1:
        mean = (terms[0, :, :n_background] * weights).sum(axis=1)
        values = (terms[0, :, n_background:] - mean[:, None]).T
        return values, np.zeros_like(values), base
    if not len(rules.walks):
        values = _from_all_coalitions(terms, rests, weights, rules, compiled)
        return values, np.zeros_like(values), base
    if rules.is_soft:
        return *_from_walks(terms, rests, weights, rules, ends[0], compiled), base
    values, errors = _from_walks_in_units(terms, rests, weights, rules, compiled)
    complete(values, ends[0, n_background:] - base)
    return values, errors, base


def _tiles(terms: Doubles, n_background: int, n_sums: int) -> Iterator[Split]:
    """What a tile of rows and what the background adds: with so many sums of a row and a rival in memory."""
    step = max(1, min(BLOCK_VALUES // n_background, _TILE_VALUES // (len(terms) * n_sums)))
    of_background = np.ascontiguousarray(terms[:, :, :n_background])
    for start in range(n_background, terms.shape[2], step):
        yield np.ascontiguousarray(terms[:, :, start : start + step]), of_background


def _empty(terms: Doubles, weights: Doubles) -> Doubles:
    return np.empty((terms.shape[2] - len(weights), terms.shape[1]))


def _from_all_coalitions(
    terms: Doubles, rests: Doubles, weights: Doubles, rules: Rules, compiled: bool
) -> Doubles:
    if not compiled:
        tiles = _tiles(terms, len(weights), 1 << terms.shape[1])
        return np.concatenate([enumerated(*tile, rests, weights, rules) for tile in tiles], axis=1).T
    from neonxai.kernels.coalitions import enumerate_rows

    values, shares = _empty(terms, weights), gain_weights(terms.shape[1])
    beta = float(rules.beta) if rules.is_soft else 0.0
    enumerate_rows(terms, rests, weights, rules.starts, shares, beta, values)
    return values


def _from_walks(
    terms: Doubles, rests: Doubles, weights: Doubles, rules: Rules, ends: Doubles, compiled: bool
) -> Split:
    if not compiled:
        return _plainly(terms, rests, weights, rules)
    from neonxai.kernels.soft_walks import walk_rows_softly

    values, errors, fewest = _empty(terms, weights), _empty(terms, weights), _fewest(rules)
    how = rules.starts, rules.walks, ends, float(rules.beta), float(rules.tol or 0.0), fewest
    walk_rows_softly(terms, rests, weights, *how, values, errors)
    return values, errors


def _plainly(terms: Doubles, rests: Doubles, weights: Doubles, rules: Rules) -> Split:
    tiles = _tiles(terms, len(weights), terms.shape[1] * (len(rules.starts) - 1))
    parts = [walked(*tile, rests, weights, rules) for tile in tiles]
    values, errors = (np.concatenate(some, axis=1).T for some in zip(*parts, strict=True))
    return values, errors


def _fewest(rules: Rules) -> int:
    return fewest_walks(*rules.walks.shape[:2])


def _from_walks_in_units(
    terms: Doubles, rests: Doubles, weights: Doubles, rules: Rules, compiled: bool
) -> Split:
    """All rows of one unit at a time: mostly that is all rows."""
    n_background = len(weights)
    origin = terms[:, :, :n_background].mean(axis=2)
    if compiled:
        from neonxai.kernels import walks as kernel

    reach = kernel.reaches(terms, origin) if compiled else reaches(terms, origin)
    values, errors = _empty(terms, weights), _empty(terms, weights)
    for unit, rows in of_one_unit(units(reach, n_background)):
        some = terms
        if len(rows) < len(values):
            some = terms[:, :, np.concatenate([np.arange(n_background), n_background + rows])]
        above = rests_in_reach(rests, origin, unit)
        if not compiled:
            some = rounded(some - origin[:, :, None], unit)
            values[rows], errors[rows] = _plainly(some, above, weights, rules)
            continue
        of_some, of_errors = _empty(some, weights), _empty(some, weights)
        how = rules.starts, rules.walks, unit, float(rules.tol or 0.0), _fewest(rules)
        kernel.walk_rows(some, origin, above, weights, *how, of_some, of_errors)
        values[rows], errors[rows] = of_some, of_errors
    return values, errors
