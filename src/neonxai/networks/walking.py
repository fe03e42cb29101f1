"""Shapley values of a tile of rows whose evidence is in pieces: from all coalitions, or walk by walk.

The reference for `neonxai.kernels.walks`, and what is used without it.
"""

from itertools import pairwise
from math import comb
from typing import NamedTuple, TypeAlias

import numpy as np

from neonxai.arrays import Doubles, Ints
from neonxai.networks.coalitions import mean_pooled

Split: TypeAlias = tuple[Doubles, Doubles]


class Rules(NamedTuple):
    """How a game is played.

    Attributes
    ----------
    pooling : {"min", "soft"}
        Layer 2.
    beta : float
        β of soft pooling.
    starts : int array of shape (n_blocks + 1,)
        Where each block of background rows begins, and their number.
    walks : int array of shape (n_blocks, n_permutations, n_features)
        The permutations of each block.
    tol : float or None
        Rows stop when their standard error is below ``tol`` times Σ|R|.
    """

    pooling: str
    beta: float
    starts: Ints
    walks: Ints
    tol: float | None

    @property
    def is_soft(self) -> bool:
        """Whether pooling is more than a minimum."""
        return self.pooling == "soft" and self.beta < np.inf


def gain_weights(n_features: int) -> Doubles:
    """1 / (D · (D − 1 over s)) for coalitions of s others: the weight of what a feature adds to one of them.

    Examples
    --------
    >>> gain_weights(2)
    array([0.5, 0.5])
    """
    return np.array([1.0 / (n_features * comb(n_features - 1, size)) for size in range(n_features)])


def fewest_walks(n_blocks: int, n_permutations: int) -> int:
    """How many pairs of walks a standard error must come of before rows may stop by it."""
    return min(n_permutations, 1 + max(1, -(-_FEWEST_DIFFERENCES // n_blocks)))


# A standard error of fewer independent differences is too coarse to stop by.
_FEWEST_DIFFERENCES = 8


def enumerated(
    of_rows: Doubles, of_background: Doubles, rests: Doubles, weights: Doubles, rules: Rules
) -> Doubles:
    """Values from all coalitions, shape (n_features, n_rows).

    Parameters
    ----------
    of_rows : array of shape (n_rivals, n_features, n_rows)
        What rows add to the evidence.
    of_background : array of shape (n_rivals, n_features, n_background)
        What background rows do.
    rests : array of shape (n_rivals,)
        What belongs to no feature.
    weights : array of shape (n_background,)
        Of the background rows.
    rules : Rules
        Pooling.
    """
    n_features = of_rows.shape[1]
    present, left = rests[:, None, None] + _subset_sums(of_rows), _subset_sums(of_background)[:, ::-1]
    v = mean_pooled(present, left, weights, rules.pooling, rules.beta)
    coalitions = np.arange(1 << n_features)
    sizes = ((coalitions[:, None] >> np.arange(n_features)) & 1).sum(axis=1)
    of_sizes = gain_weights(n_features)
    values = np.empty((n_features, of_rows.shape[2]))
    for feature in range(n_features):
        without = coalitions[(coalitions >> feature) & 1 == 0]
        gains = v[without | (1 << feature)] - v[without]
        gains *= of_sizes[sizes[without], None]
        values[feature] = _column_sums(gains)
    return values


def _subset_sums(terms: Doubles) -> Doubles:
    """Σ_{i∈S} g_i for all S in the order of their bits, shape (n_rivals, 2^n_features, n_rows)."""
    sums = np.zeros((len(terms), 1 << terms.shape[1], terms.shape[2]))
    for feature in range(terms.shape[1]):
        half = 1 << feature
        np.add(sums[:, :half], terms[:, feature, None], out=sums[:, half : 2 * half])
    return sums


def _column_sums(table: Doubles) -> Doubles:
    """Sums of columns that are the same bits beside other columns and alone."""
    if table.shape[1] == 1:
        return np.asarray(np.repeat(table, 2, axis=1).sum(axis=0)[:1])
    return np.asarray(table.sum(axis=0))


def walked(
    of_rows: Doubles,
    of_background: Doubles,
    rests: Doubles,
    weights: Doubles,
    rules: Rules,
    exact: Doubles | None = None,
) -> Split:
    """Means over pairs of walks and their standard errors, each of shape (n_features, n_rows).

    Each block of the background goes its own walks, with its rows' weights; the mean of a block comes with
    the standard error of its walks, and the errors of blocks are independent.

    Parameters
    ----------
    of_rows, of_background, weights, rules
        As for `enumerated`.
    rests : array of shape (n_rivals,) or (n_rivals, n_rows)
        What belongs to no feature: of all rows, or of each.
    exact : array of shape (n_features, n_rows), optional
        What is added to the values.
    """
    n_rivals, n_features, n_rows = of_rows.shape
    rests = np.broadcast_to(rests.reshape(n_rivals, -1), (n_rivals, n_rows))
    exact = np.zeros((n_features, n_rows)) if exact is None else exact
    n_blocks, n_walks, _ = rules.walks.shape
    blocks, of_blocks = _blocks(of_background, weights, rules.starts)
    nobody = np.zeros((n_rivals, 1, 1))
    full = mean_pooled(rests[:, None] + _total(of_rows), nobody, np.ones(1), rules.pooling, rules.beta)
    ends = (
        mean_pooled(
            np.broadcast_to(rests[:, None], (n_rivals, n_blocks, n_rows)),
            np.add.accumulate(blocks, axis=1)[:, -1],
            of_blocks,
            rules.pooling,
            rules.beta,
        ),
        of_blocks.sum(axis=1)[:, None] * full,
    )
    mean = np.zeros((n_blocks, n_features, n_rows))
    spread = np.zeros_like(mean)
    values, errors = np.empty((n_features, n_rows)), np.empty((n_features, n_rows))
    active = np.arange(n_rows)
    each = np.arange(n_blocks)[:, None]
    fewest = fewest_walks(n_blocks, n_walks)
    for count in range(1, n_walks + 1):
        there = rules.walks[:, count - 1]
        gains = np.zeros_like(mean)
        for order in (there, there[:, ::-1]):
            gains[each, order] += _gains(of_rows, blocks, order, rests, of_blocks, ends, rules)
        gains *= 0.5
        apart = gains - mean
        mean += apart / count
        spread += apart * (gains - mean)
        last = count == n_walks
        if not last and (rules.tol is None or count < fewest):
            continue
        found = mean.sum(axis=0) + exact
        error = np.sqrt(spread.sum(axis=0) / (count * (count - 1)))
        done = np.full(len(active), last)
        if rules.tol is not None:
            done |= error.max(axis=0) < rules.tol * np.abs(found).sum(axis=0)
        values[:, active[done]], errors[:, active[done]] = found[:, done], error[:, done]
        if done.any() and not last:
            kept = ~done
            active, of_rows = active[kept], np.ascontiguousarray(of_rows[:, :, kept])
            rests, exact = np.ascontiguousarray(rests[:, kept]), exact[:, kept]
            ends = ends[0][:, kept], ends[1][:, kept]
            mean, spread = np.ascontiguousarray(mean[:, :, kept]), np.ascontiguousarray(spread[:, :, kept])
            if not len(active):
                break
    return values, errors


def _blocks(of_background: Doubles, weights: Doubles, starts: Ints) -> Split:
    """Background by blocks, (n_rivals, n_features, n_blocks, longest), and weights, 0 behind shorter ones."""
    longest = int(np.diff(starts).max())
    blocks = np.zeros((*of_background.shape[:2], len(starts) - 1, longest))
    of_blocks = np.zeros((len(starts) - 1, longest))
    for block, (start, end) in enumerate(pairwise(starts)):
        blocks[:, :, block, : end - start] = of_background[:, :, start:end]
        of_blocks[block, : end - start] = weights[start:end]
    return blocks, of_blocks


def _gains(
    of_rows: Doubles,
    blocks: Doubles,
    order: Ints,
    rests: Doubles,
    of_blocks: Doubles,
    ends: Split,
    rules: Rules,
) -> Doubles:
    """What each feature of each block's walk adds as it is switched, in the order of the walk."""
    n_rivals, _, n_rows = of_rows.shape
    n_blocks, n_features = order.shape
    inside = of_rows[:, order[:, :-1]]
    inside[:, :, 0] += rests[:, None]
    np.cumsum(inside, axis=2, out=inside)
    # The background of the first coalition is what the whole walk but its first feature leaves.
    outside = blocks[:, order[:, :0:-1], np.arange(n_blocks)[:, None]]
    outside = np.cumsum(outside, axis=2)[:, :, ::-1]
    n_coalitions = n_blocks * (n_features - 1)
    v = mean_pooled(
        inside.reshape(n_rivals, n_coalitions, n_rows),
        outside.reshape(n_rivals, n_coalitions, -1),
        np.repeat(of_blocks, n_features - 1, axis=0),
        rules.pooling,
        rules.beta,
    ).reshape(n_blocks, n_features - 1, n_rows)
    return np.diff(np.concatenate([ends[0][:, None], v, ends[1][:, None]], axis=1), axis=1)


def _total(terms: Doubles) -> Doubles:
    total: Doubles = np.add.accumulate(terms, axis=1)[:, -1:]
    return total
