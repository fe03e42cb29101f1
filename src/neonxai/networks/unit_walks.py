r"""Walks with min-pooling through rows of all clusters at once, in whole numbers.

Additive evidence is a difference of two sums over the features, h_k = H_k − H_c: those of k and of c, against
a common anchor. So f_c = min_{k≠c} H_k − H_c, and Shapley values are linear in the game: H_c gives the exact
difference −(G_ci(x_i) − Σ_b w_b G_ci(b_i)), and only the minimum has to be walked for. It is over the same
sums for all clusters, but for the one that is left out. So what a background row adds is prepared once for all
of them, and rows of any cluster share a vector; the cluster that is left out is out of reach, by a constant.
"""

from typing import TypeAlias

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks import units
from neonxai.networks.additive import pieces
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
        compiled: bool,
    ) -> None:
        self._network, self._weights, self._rules, self._compiled = network, weights, rules, compiled
        self._everyone = np.arange(network.n_clusters)
        self._rivals = np.isin(self._everyone, rivals)
        terms, rests = pieces(network, background, int(rivals[0]), self._everyone)
        # The rival that the background is nearest to: numbers are smaller against it than against one far out.
        self._anchor = int(rivals[(terms.sum(axis=1) @ weights + rests)[rivals].argmin()])
        self._terms, self._rests = pieces(network, background, self._anchor, self._everyone)
        self._origin = np.ascontiguousarray(self._terms[:, :, 0])
        self._mean = (self._terms - self._origin[:, :, None]) @ weights
        totals, self._reach = self._survey(self._terms)
        self._ends = totals + self._rests[:, None]
        self._blocks: dict[float, Ints] = {}

    def values(self, X: Floats, clusters: Ints) -> tuple[Doubles, Doubles, Doubles]:
        """Shapley values, their standard errors, both of shape (n_rows, n_features), and base values.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows.
        clusters : int array of shape (n_rows,)
            Which cluster each is explained for.
        """
        terms, _ = pieces(self._network, X, self._anchor, self._everyone)
        totals, reach = self._survey(terms)
        each = np.arange(len(X))
        exact = self._mean[clusters] - (terms[clusters, :, each] - self._origin[clusters])
        values, errors = np.empty(X.shape), np.empty(X.shape)
        for unit, rows in units.of_one_unit(units.units(self._reach, reach)):
            some = terms if len(rows) == len(X) else np.ascontiguousarray(terms[:, :, rows])
            values[rows], errors[rows] = self._walked(some, clusters[rows], exact[rows], unit)
        own, of_own = np.unique(clusters, return_inverse=True)
        bases = (self._least_other(self._ends, own) - self._ends[own]) @ self._weights
        ends = totals + self._rests[:, None]
        logits = self._least_other(ends, clusters, each) - ends[clusters, each]
        units.complete(values, logits - bases[of_own])
        return values, errors, bases[of_own]

    def _survey(self, terms: Doubles) -> Split:
        totals, reach = np.empty((len(terms), terms.shape[2])), np.empty(terms.shape[2])
        if self._compiled:
            from neonxai.kernels.walks import survey
        else:
            from neonxai.networks.units import survey
        survey(terms, self._origin, totals, reach)
        return totals, reach

    def _least_other(self, h: Doubles, clusters: Ints, columns: Ints | None = None) -> Doubles:
        """min_{k≠c} of the rivals' rows of a table: for each c in all columns, or in one of its own."""
        of_rivals = np.where(self._rivals[:, None], h, np.inf)
        nearest = of_rivals.argmin(axis=0)
        least, second = np.partition(of_rivals, 1, axis=0)[:2]
        if columns is None:
            return np.where(clusters[:, None] == nearest, second, least)
        return np.where(clusters == nearest[columns], second[columns], least[columns])

    def _walked(self, terms: Doubles, clusters: Ints, exact: Doubles, unit: float) -> Split:
        """Of rows that have the same unit."""
        rules = self._rules
        rests = (self._rests + self._origin.sum(axis=1))[:, None]
        above = rests - self._least_other(rests, clusters)[:, 0]
        above[~self._rivals] = np.inf
        above[clusters, np.arange(len(clusters))] = np.inf
        above = units.in_reach(above, unit)
        if not self._compiled:
            of_background = units.rounded(self._terms - self._origin[:, :, None], unit)
            of_rows = units.rounded(terms - self._origin[:, :, None], unit)
            n_sums = terms.shape[1] * (len(rules.starts) - 1)
            parts = [
                walked(
                    of_rows[:, :, tile], of_background, above[:, tile], self._weights, rules, exact[tile].T
                )
                for tile in tiles(of_rows.shape[2], len(self._weights), len(terms) * n_sums)
            ]
            mean, error = (np.concatenate(some, axis=1).T for some in zip(*parts, strict=True))
            return mean, error
        from neonxai.kernels.walks import blocks_of, walk_rows

        if unit not in self._blocks:
            self._blocks[unit] = blocks_of(self._terms, self._origin, rules.starts, unit)
        values, errors = np.empty(exact.shape), np.empty(exact.shape)
        walk_rows(
            terms, self._origin, (above / unit).astype(np.int32), self._blocks[unit], self._weights, rules.starts,
            rules.walks, unit, exact, float(rules.tol or 0.0), fewest_walks(*rules.walks.shape[:2]), values, errors,
        )  # fmt: skip
        return values, errors
