r"""What networks of support points compute on a tile of rows: soft distances to groups of points.

The soft distance of a row x to a group of n points u_j is a soft minimum over the points,

.. math:: d(x) = -\frac1\gamma \log \frac1n \sum_j \exp(-\gamma \|x - u_j\|^2),

the nearest point's squared distance for γ = ∞; q_j, the softmax of −γ‖x − u_j‖², is how much each point
answers for it. Two forms compute it: `neonxai.neighborhoods.dense` from all points, in blocks, and
`neonxai.neighborhoods.nearest` from the nearest ones, where the others do not matter.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.moments import Moments, Products


@dataclass(frozen=True, eq=False)
class Groups:
    """Points in groups.

    Attributes
    ----------
    points : float64 array of shape (n_points, n_features)
        The points, group by group.
    starts : int array of shape (n_groups + 1,)
        Where each group starts; none is empty.
    """

    points: Doubles
    starts: Ints

    @cached_property
    def sizes(self) -> Ints:
        """Number of points of each group."""
        return np.diff(self.starts)

    @cached_property
    def group_of(self) -> Ints:
        """The group of each point."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Points that do not count for certain rows: pairs, sorted by row. At most one point of each group."""

    rows: Ints
    points: Ints

    def of(self, rows: Ints, n_rows: int) -> "LeftOut":
        """Return the pairs of some rows, which are renumbered."""
        place = np.full(n_rows, -1)
        place[rows] = np.arange(len(rows))
        kept = place[self.rows] >= 0
        return LeftOut(place[self.rows[kept]], self.points[kept])

    def counts(self, groups: Groups, n_rows: int) -> Doubles:
        """How many points count for each row in each group, shape (n_rows, n_groups)."""
        counts = np.broadcast_to(groups.sizes, (n_rows, len(groups.sizes))).astype(np.float64)
        counts[self.rows, groups.group_of[self.points]] -= 1.0
        return counts


class Neighborhood(ABC):
    """The points around a tile of rows."""

    @property
    @abstractmethod
    def distances(self) -> Doubles:
        """D less the row's ``offsets``, shape (n_rows, n_groups). Differences keep their digits."""

    @property
    @abstractmethod
    def offsets(self) -> Doubles:
        """What ``distances`` lack in each row, shape (n_rows,)."""

    @abstractmethod
    def mean_squares(self, X: Floats, weights: Doubles) -> Doubles:
        """Σ_g w_g Σ_{j∈g} q_j (x_i − u_ji)², feature by feature.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            The rows.
        weights : array of shape (n_rows, n_groups)
            w_g, of either sign.

        Returns
        -------
        array of shape (n_rows, n_features)
        """

    @abstractmethod
    def moments(self, X: Floats, weights: Doubles, own: Ints) -> Moments:
        """What `mean_squares` is made of, for squares that are products behind an affine map.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            The rows.
        weights : array of shape (n_rows, n_groups)
            w_g, of either sign.
        own : int array of shape (n_rows,)
            The row's own group, −1 for none.

        Raises
        ------
        TypeError
            If the searcher has no products: see `Searcher.behind`.
        """


class Searcher(ABC):
    """Finds neighborhoods among fixed groups of points."""

    @abstractmethod
    def around(self, X: Floats, left_out: LeftOut) -> Neighborhood:
        """Look around a tile of rows."""

    @abstractmethod
    def behind(self, products: Products) -> "Searcher":
        """The same searcher, whose neighborhoods have moments."""


def add_squares(
    total: Doubles,
    references: Doubles,
    apart: Doubles | None,
    points: Doubles,
    rows: Ints,
    which: Ints,
    weights: Doubles,
) -> None:
    """Add w [(x_i − u_i)² − (x_i − r_i)²] of single pairs to their rows, by differences, in place.

    Parameters
    ----------
    total : array of shape (n_rows, n_features)
        What is added to.
    references : array of shape (n_rows, n_features)
        r: the row x itself or, where x is so far away that its squares have nothing else in common, a point
        amid the others.
    apart : array of shape (n_rows, n_features), or None
        x − r; None where that is 0.
    points : array of shape (n_points, n_features)
        u.
    rows, which : int arrays of shape (n_pairs,)
        Row and point of each pair; the rows sorted.
    weights : array of shape (n_pairs,)
        w.
    """
    step = max(1, _PAIR_VALUES // points.shape[1])
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        terms = points[which[block]]
        terms -= references[rows[block]]
        terms *= terms if apart is None else terms - 2.0 * apart[rows[block]]
        terms *= weights[block, None]
        first = np.flatnonzero(np.diff(rows[block], prepend=-1))
        total[rows[block][first]] += np.add.reduceat(terms, first, axis=0)


_PAIR_VALUES = 1 << 17  # float64 values in one temporary of single pairs: 1 MiB
