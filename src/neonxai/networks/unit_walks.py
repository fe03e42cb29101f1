r"""Walks with min-pooling through rows of all clusters at once, in whole numbers.

Additive evidence is a difference of two sums over the features, h_k = H_k − H_c: those of k and of c, against
a common anchor. So f_c = min_{k≠c} H_k − H_c, and Shapley values are linear in the game: H_c gives the exact
difference Σ_b w_b G_ci(b_i) − G_ci(x_i), and only the minimum has to be walked for. It is over the same sums
for all clusters, but for the one that is left out. So what a background row adds is prepared once for all of
them, and rows of any cluster share a vector; for each row its own cluster is out of reach, by a constant.
"""

import threading
from typing import TypeAlias

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks import units
from neonxai.networks.additive import Expansion, differences, expand
from neonxai.networks.base import Network
from neonxai.networks.playing import tiles
from neonxai.networks.walking import Rules, fewest_walks, walked

Split: TypeAlias = tuple[Doubles, Doubles]


class UnitWalks:
    """What rows of all clusters have in common.

    Parameters
    ----------
    network : Network
        The clustering.
    rivals : int array of shape (n_rivals,)
        The clusters that evidence is pooled over, but for a row's own; at least two.
    background : array of shape (n_background, n_features)
        What stands for absence.
    weights : array of shape (n_background,)
        How much its rows count.
    rules : Rules
        Which permutations are walked through.
    most_rows : int
        How many rows are played at a time, at most.
    compiled : bool
        Whether by the kernel.
    """

    def __init__(
        self,
        network: Network,
        rivals: Ints,
        background: Doubles,
        weights: Doubles,
        rules: Rules,
        *,
        most_rows: int,
        compiled: bool,
    ) -> None:
        self._network, self._weights, self._rules, self._compiled = network, weights, rules, compiled
        self._most_rows = most_rows
        self._everyone = np.arange(network.n_clusters)
        self._rivals = np.zeros(network.n_clusters, dtype=np.bool_)
        self._rivals[rivals] = True
        self._origin = background[0]
        apart = differences(background, self._origin)
        # Against the rival that the background is nearest to, numbers are smaller than against one far out.
        first = expand(network, self._origin, int(rivals[0]), self._everyone)
        evidence = first.moves(apart @ weights[:, None])[:, :, 0].sum(axis=1) + first.constants.sum(axis=1)
        anchor = rivals[(evidence + first.rests)[rivals].argmin()]
        chosen = expand(network, self._origin, int(anchor), self._everyone)
        self._expansion = Expansion(*map(np.ascontiguousarray, chosen))
        self._apart = apart
        self._mean = self._expansion.slopes * (apart @ weights) + self._expansion.bends * (apart**2 @ weights)
        self._at_origin = self._expansion.constants.sum(axis=1) + self._expansion.rests
        ends, self._reach = self._survey(apart)
        of_rivals = np.where(self._rivals[:, None], ends, np.inf)
        least, second = np.partition(of_rivals, 1, axis=0)[:2]
        of_others = np.where(self._everyone[:, None] == of_rivals.argmin(axis=0), second, least)
        self._bases = (of_others - ends) @ weights
        self._blocks: dict[float, Ints] = {}
        self._rooms = threading.local()

    def values(self, X: Floats, clusters: Ints) -> tuple[Doubles, Doubles, Doubles]:
        """Shapley values, their standard errors, both of shape (n_rows, n_features), and base values.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows.
        clusters : int array of shape (n_rows,)
            Which cluster each is explained for.
        """
        apart = differences(X, self._origin)
        ends, reach = self._survey(apart)
        _, slopes, bends, _ = self._expansion
        exact = self._mean[clusters] - (slopes[clusters] + bends[clusters] * apart.T) * apart.T
        barred = np.repeat(~self._rivals[:, None], len(X), axis=1)
        each = np.arange(len(X))
        barred[clusters, each] = True
        of_rows, rests = units.measures(self._at_origin, self._reach, reach, barred)
        if (of_rows == of_rows[0]).all():
            values, errors = self._walked(apart, rests, exact, float(of_rows[0]))
        else:
            values, errors = np.empty(X.shape), np.empty(X.shape)
            for unit, rows in units.of_one_unit(of_rows):
                some, of_some = (np.ascontiguousarray(table[:, rows]) for table in (apart, rests))
                values[rows], errors[rows] = self._walked(some, of_some, exact[rows], unit)
        bases = self._bases[clusters]
        logits = np.where(barred, np.inf, ends).min(axis=0) - ends[clusters, each]
        units.complete(values, logits - bases)
        return values, errors, bases

    def _survey(self, apart: Doubles) -> Split:
        """Evidence against the anchor, and how far coalitions move it."""
        _, slopes, bends, _ = self._expansion
        ends, reach = np.empty((2, len(slopes), apart.shape[1]))
        if self._compiled:
            from neonxai.kernels import walks

            walks.survey(apart, slopes, bends, ends, reach)
        else:
            units.survey(apart, slopes, bends, ends, reach)
        ends += self._at_origin[:, None]
        return ends, reach

    def _walked(self, apart: Doubles, rests: Doubles, exact: Doubles, unit: float) -> Split:
        """Values and standard errors of rows that have the same unit."""
        walk = self._by_kernel if self._compiled else self._by_numpy
        return walk(apart, rests, exact, unit)

    def _by_numpy(self, apart: Doubles, rests: Doubles, exact: Doubles, unit: float) -> Split:
        expansion, rules = self._expansion, self._rules
        of_background = units.rounded(expansion.moves(self._apart), unit)
        of_background[~units.fits(self._reach, unit)] = 0.0
        n_sums = of_background[:, :, 0].size * (len(rules.starts) - 1)
        parts = []
        for tile in tiles(apart.shape[1], len(self._weights), n_sums):
            out = rests[:, tile] < 0.0
            above = np.where(out, units.ABOVE_ALL * unit, units.rounded(rests[:, tile], unit))
            of_rows = units.rounded(expansion.moves(apart[:, tile]), unit)
            of_rows *= ~out[:, None]
            parts.append(walked(of_rows, of_background, above, self._weights, rules, exact[tile].T))
        # In one order in memory, or sums over features would be rounded in another.
        mean, error = (np.concatenate(some, axis=1).T.copy() for some in zip(*parts, strict=True))
        return mean, error

    def _by_kernel(self, apart: Doubles, rests: Doubles, exact: Doubles, unit: float) -> Split:
        from neonxai.kernels.walks import blocks_of, room_for, walk_rows

        (_, slopes, bends, _), rules = self._expansion, self._rules
        if unit not in self._blocks:
            fits = units.fits(self._reach, unit)
            self._blocks[unit] = blocks_of(self._apart, slopes, bends, fits, rules.starts, unit)
        if not hasattr(self._rooms, "room"):
            n_rivals, n_features = slopes.shape
            self._rooms.room = room_for(self._most_rows, n_rivals, n_features, len(rules.walks))
        values, errors = np.empty(exact.shape), np.empty(exact.shape)
        game = (
            rests,
            units.ABOVE_ALL,
            self._blocks[unit],
            self._weights,
            rules.starts,
            rules.walks,
            unit,
            exact,
        )
        how = float(rules.tol or 0.0), fewest_walks(*rules.walks.shape[:2]), self._rooms.room
        walk_rows(apart, slopes, bends, *game, *how, values, errors)
        return values, errors
