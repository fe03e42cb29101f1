r"""Shapley values of a row's logit: exact for few features, by walks through permutations for many.

The game is interventional: a coalition S of features has the row's values, the others those of a background
row b, and v(S) is the mean over the background of the logit f_c(x_S, b_{∖S}), for one cluster c throughout.
Where evidence is additive, h_k = Σ_i g_ki + r_k, a switch of one feature moves each h_k by one number, so a
walk through a permutation costs D·K additions for each background row, instead of D calls of the model.
Evidence against one rival alone is additive itself: then a value is a difference, exactly.
"""

from collections.abc import Callable
from math import comb
from typing import NamedTuple, TypeAlias

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.additive import pieces
from neonxai.networks.base import Network
from neonxai.networks.coalitions import BLOCK_VALUES, mean_pooled

# Up to so many features all coalitions are enumerated.
MOST_ENUMERATED = 10
# A standard error of fewer pairs of walks is too coarse to stop by.
_FEWEST_PAIRS = 8
_TILE_VALUES = 1 << 18  # float64 values of g in a tile: 2 MiB

Split: TypeAlias = tuple[Doubles, Doubles]
Game: TypeAlias = Callable[[Doubles, Doubles], Doubles]


class ShapleyValues(NamedTuple):
    """Shapley values of rows' logits.

    Attributes
    ----------
    values : array of shape (n_rows, n_features)
        R_i, in the unit of the logit; Σ_i R_i = f_c(x) − base value.
    standard_error : array of shape (n_rows, n_features)
        That of the mean over the permutations; 0 where values are exact.
    base_value : array of shape (n_rows,)
        The mean of f_c over the background. It depends on the cluster c.
    """

    values: Doubles
    standard_error: Doubles
    base_value: Doubles


def shapley(
    network: Network,
    X: Floats,
    clusters: Ints,
    background: Floats,
    *,
    rivals: Ints | None = None,
    pooling: str = "min",
    beta: float = 1.0,
    n_permutations: int = 32,
    random_state: int = 0,
    tol: float | None = None,
) -> ShapleyValues:
    """Compute Shapley values of f_c against a background.

    Parameters
    ----------
    network : Network
        A clustering whose evidence is additive in the features (`neonxai.networks.additive.pieces`).
    X : array of shape (n_rows, n_features)
        Rows.
    clusters : int array of shape (n_rows,)
        The cluster c that each row is explained for.
    background : array of shape (n_background, n_features)
        Rows whose values stand for a feature's absence.
    rivals : int array of shape (n_rows,), optional
        The one rival to compare with. By default all are pooled.
    pooling : {"min", "soft"}
        How.
    beta : float
        β of soft pooling.
    n_permutations : int
        How many permutations are walked through, at least 2, each of them there and back (antithetically).
        The same for all rows, so that the values of a row don't depend on the rows beside it. Up to 10
        features all coalitions are enumerated instead, and one rival needs neither.
    random_state : int
        Where the permutations come from.
    tol : float, optional
        A row needs no more permutations when its largest standard error is below ``tol`` times Σ_i |R_i|.

    Returns
    -------
    ShapleyValues

    Raises
    ------
    TypeError
        If the network's evidence is not additive.

    Examples
    --------
    >>> import numpy as np
    >>> from neonxai.networks import CentroidNetwork
    >>> network = CentroidNetwork([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]])
    >>> x, b = np.array([[0.0, 0.0]]), np.array([[1.0, 2.0]])
    >>> shapley(network, x, np.array([0]), b)  # v is 0, 0, 0 and min(4, 16)
    ShapleyValues(values=array([[2., 2.]]), standard_error=array([[0., 0.]]), base_value=array([0.]))
    """
    values, errors = np.empty(X.shape), np.zeros(X.shape)
    bases = np.empty(len(X))
    walks = _permutations(X.shape[1], n_permutations, random_state)

    def game(present: Doubles, filled: Doubles) -> Doubles:
        return mean_pooled(present, filled, pooling, beta)

    for own, against, rows in groups(network, clusters, rivals):
        of_background, rests = pieces(network, background, own, against)
        bases[rows] = game(rests[:, None, None], _total(of_background))[0, 0]
        step = _tile_rows(len(against), X.shape[1], len(background))
        for start in range(0, len(rows), step):
            tile = rows[start : start + step]
            of_rows, _ = pieces(network, X[tile], own, against)
            of_rows = np.ascontiguousarray(of_rows)
            if len(against) == 1:
                values[tile] = (of_rows[0] - of_background[0].mean(axis=1)[:, None]).T
            elif X.shape[1] <= MOST_ENUMERATED:
                values[tile] = _enumerated(of_rows, of_background, rests, game).T
            else:
                mean, error = _walked(of_rows, of_background, rests, game, walks, tol)
                values[tile], errors[tile] = mean.T, error.T
    return ShapleyValues(values, errors, bases)


def groups(network: Network, clusters: Ints, rivals: Ints | None) -> list[tuple[int, Ints, Ints]]:
    """Sort rows by what they are asked: (cluster, its rivals, the rows).

    Parameters
    ----------
    network : Network
        The clustering.
    clusters : int array of shape (n_rows,)
        The clusters that are explained.
    rivals : int array of shape (n_rows,), optional
        The one rival of each row. By default all but bystanders, unless nobody would be left.
    """
    if rivals is not None:
        codes = clusters * network.n_clusters + rivals
        return [
            (
                int(code) // network.n_clusters,
                np.array([code % network.n_clusters]),
                np.flatnonzero(codes == code),
            )
            for code in np.unique(codes)
        ]
    everyone = np.arange(network.n_clusters)
    if network.n_clusters - len(network.bystanders) > 1:
        everyone = np.delete(everyone, list(network.bystanders))
    return [
        (int(own), everyone[everyone != own], np.flatnonzero(clusters == own)) for own in np.unique(clusters)
    ]


def _tile_rows(n_rivals: int, n_features: int, n_background: int) -> int:
    n_sums = 1 << n_features if n_features <= MOST_ENUMERATED else n_features
    return max(1, min(BLOCK_VALUES // n_background, _TILE_VALUES // (n_rivals * n_sums)))


def _permutations(n_features: int, n_permutations: int, random_state: int) -> list[Ints]:
    if n_features <= MOST_ENUMERATED:
        return []
    rng = np.random.default_rng(random_state)
    return [rng.permutation(n_features) for _ in range(n_permutations)]


def _enumerated(of_rows: Doubles, of_background: Doubles, rests: Doubles, game: Game) -> Doubles:
    """Values from all coalitions, shape (n_features, n_rows)."""
    n_features = of_rows.shape[1]
    everyone = np.arange(n_features)
    v = game(rests[:, None, None] + _subset_sums(of_rows), _subset_sums(of_background)[:, ::-1])
    coalitions = np.arange(1 << n_features)
    sizes = ((coalitions[:, None] >> everyone) & 1).sum(axis=1)
    weights = np.array([1.0 / (n_features * comb(n_features - 1, size)) for size in everyone])
    values = np.empty((n_features, of_rows.shape[2]))
    for feature in everyone:
        without = coalitions[(coalitions >> feature) & 1 == 0]
        gains = v[without | (1 << feature)] - v[without]
        gains *= weights[sizes[without], None]
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


def _walked(
    of_rows: Doubles,
    of_background: Doubles,
    rests: Doubles,
    game: Game,
    walks: list[Ints],
    tol: float | None,
) -> Split:
    """Means over pairs of walks and their standard errors, each of shape (n_features, n_rows)."""
    n_rivals, n_features, n_rows = of_rows.shape
    nobody = np.zeros((n_rivals, 1, 1))
    ends = (
        game(np.broadcast_to(rests[:, None, None], (n_rivals, 1, n_rows)), _total(of_background)),
        game(rests[:, None, None] + _total(of_rows), nobody),
    )
    mean, spread = np.zeros((n_features, n_rows)), np.zeros((n_features, n_rows))
    errors = np.empty_like(mean)
    active = np.arange(n_rows)
    for count, walk in enumerate(walks, start=1):
        there, back = walk, walk[::-1]
        gains = np.zeros((n_features, len(active)))
        for order, rest in ((there, back), (back, there)):
            gains[order] += _gains(of_rows[:, order], of_background[:, rest], rests, ends, game)
        gains *= 0.5
        apart = gains - mean[:, active]
        mean[:, active] += apart / count
        spread[:, active] += apart * (gains - mean[:, active])
        if tol is None or count < min(_FEWEST_PAIRS, len(walks)) or count == len(walks):
            continue
        error = _standard_error(spread[:, active], count)
        done = error.max(axis=0) < tol * np.abs(mean[:, active]).sum(axis=0)
        if done.any():
            errors[:, active[done]] = error[:, done]
            active, of_rows = active[~done], np.ascontiguousarray(of_rows[:, :, ~done])
            ends = ends[0][:, ~done], ends[1][:, ~done]
            if not len(active):
                return mean, errors
    errors[:, active] = _standard_error(spread[:, active], len(walks))
    return mean, errors


def _gains(
    ordered: Doubles, reversed_background: Doubles, rests: Doubles, ends: Split, game: Game
) -> Doubles:
    """What each feature of a walk adds as it is switched, in the order of the walk."""
    inside = ordered[:, :-1].copy()
    inside[:, 0] += rests[:, None]
    np.cumsum(inside, axis=1, out=inside)
    # The background of the first coalition is what the whole walk but its first feature leaves.
    outside = np.cumsum(reversed_background[:, :-1], axis=1)[:, ::-1]
    return np.diff(np.concatenate([ends[0], game(inside, outside), ends[1]]), axis=0)


def _total(terms: Doubles) -> Doubles:
    total: Doubles = np.add.accumulate(terms, axis=1)[:, -1:]
    return total


def _standard_error(spread: Doubles, count: int) -> Doubles:
    return np.asarray(np.sqrt(spread / (count * (count - 1))))
