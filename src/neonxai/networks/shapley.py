r"""Shapley values of a row's logit: exact for few features, by walks through permutations for many.

The game is interventional: a coalition S of features has the row's values, the others those of a background
row b, and v(S) is the mean over the background of the logit f_c(x_S, b_{∖S}), for one cluster c throughout.
Where evidence is additive, h_k = Σ_i g_ki + r_k, a switch of one feature moves each h_k by one number, so a
walk through a permutation costs D·K additions for each background row, instead of D calls of the model.
Evidence against one rival alone is additive itself: then a value is a difference, exactly.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from neonxai import kernels
from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.additive import pieces
from neonxai.networks.base import Network
from neonxai.networks.permutations import background_blocks, permutations
from neonxai.networks.playing import Game, play
from neonxai.networks.unit_walks import UnitWalks
from neonxai.networks.walking import Rules

# Up to so many features all coalitions are enumerated.
MOST_ENUMERATED = 10
# Rows of one cluster that are taken apart together, and the values that come of it: 32 MiB.
_CLUSTER_ROWS = 512
_TASK_VALUES = 1 << 22
# Rows of all clusters that walk together: so many, or more until a kernel has
# a few milliseconds to do.
_WALKING_ROWS = 128
_TASK_ADDITIONS = 1 << 26
# Additions that take NumPy a few milliseconds. Nothing but the question decides, so that the same question
# has the same answer, to the last bit, in every process.
_WORTH_A_KERNEL = 1 << 20


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
    weights: Floats | None = None,
    rivals: Ints | None = None,
    pooling: str = "min",
    beta: float = 1.0,
    n_permutations: int = 32,
    random_state: int = 0,
    tol: float | None = None,
    run: Callable[[Callable[[slice], None], int, float], None] | None = None,
) -> ShapleyValues:
    """Compute Shapley values of f_c against a background.

    Parameters
    ----------
    network : Network
        A clustering whose evidence is additive in the features (`neonxai.networks.additive.expand`).
    X : array of shape (n_rows, n_features)
        Rows.
    clusters : int array of shape (n_rows,)
        The cluster c that each row is explained for.
    background : array of shape (n_background, n_features)
        Rows whose values stand for a feature's absence.
    weights : array of shape (n_background,), optional
        How much each of them counts; they sum to 1. By default all the same.
    rivals : int array of shape (n_rows,), optional
        The one rival to compare with. By default all are pooled.
    pooling : {"min", "soft"}
        How.
    beta : float
        β of soft pooling.
    n_permutations : int
        How many permutations are walked through, at least 2, each of them there and back (antithetically):
        other ones for each block of 8 background rows (`neonxai.networks.permutations`), but the same for
        all rows, so that the values of a row don't depend on the rows beside it. Up to 10 features all
        coalitions are enumerated instead, and one rival needs neither.
    random_state : int
        Where the permutations come from.
    tol : float, optional
        A row needs no more permutations when its largest standard error is below ``tol`` times Σ_i |R_i|.
    run : callable(work, n_tasks, additions), optional
        Calls ``work`` on slices that cover all tasks, in any order or at the same time; it is told how many
        additions that is. By default one after the other.

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
    if weights is None:
        weights = np.full(len(background), 1.0 / len(background))
    n_features = X.shape[1]
    starts = background_blocks(len(background))
    n_walking = 0 if n_features <= MOST_ENUMERATED else len(starts) - 1
    walks = permutations(n_features, n_permutations, n_walking, random_state)
    rules = Rules(pooling, beta, starts, walks, tol)
    of_background, of_each = (np.ascontiguousarray(given, np.float64) for given in (background, weights))
    player: _Together | _Apart
    pooled = everyone(network)
    several = rivals is None and (len(pooled) > 2 or not np.isin(clusters, pooled).all())
    if several and n_walking > 0 and not rules.is_soft:
        player = _Together(network, X, clusters, of_background, of_each, rules)
    else:
        player = _Apart(network, X, groups(network, clusters, rivals), of_background, of_each, rules)

    def work(some: slice) -> None:
        for task in range(*some.indices(player.n_tasks)):
            player.play(task)

    if run is None:
        work(slice(player.n_tasks))
    else:
        run(work, player.n_tasks, player.additions)
    return player.found


class _Together:
    """Computes values with min-pooling, of rows of all clusters at a time."""

    def __init__(
        self, network: Network, X: Floats, clusters: Ints, background: Doubles, weights: Doubles, rules: Rules
    ) -> None:
        rivals = everyone(network)
        self._X, self._clusters = X, clusters
        n_steps = 2 * rules.walks.shape[1] * (X.shape[1] - 1)
        self.additions = float(n_steps) * len(rivals) * len(X) * len(background)
        compiled = uses_kernel(self.additions)
        worth_it = max(_WALKING_ROWS, int(_TASK_ADDITIONS * len(X) / max(1.0, self.additions)))
        self._step = max(1, min(worth_it, _TASK_VALUES // network.n_clusters))
        self._walks = UnitWalks(
            network, rivals, background, weights, rules, most_rows=self._step, compiled=compiled
        )
        self.n_tasks = -(-len(X) // self._step)
        self.found = ShapleyValues(np.empty(X.shape), np.zeros(X.shape), np.empty(len(X)))

    def play(self, task: int) -> None:
        rows = slice(task * self._step, (task + 1) * self._step)
        found = self._walks.values(self._X[rows], self._clusters[rows])
        for of_all, of_rows in zip(self.found, found, strict=True):
            of_all[rows] = of_rows


class _Apart:
    """Computes the values of some rows of one cluster at a time."""

    def __init__(
        self,
        network: Network,
        X: Floats,
        played: list[tuple[int, Ints, Ints]],
        background: Doubles,
        weights: Doubles,
        rules: Rules,
    ) -> None:
        self._network, self._X, self._rules = network, X, rules
        self._background, self._weights = background, weights
        # Cut so that pieces fit into memory, and there is work for several threads.
        self._tasks = []
        for own, against, rows in played:
            step = max(1, min(_CLUSTER_ROWS, _TASK_VALUES // (len(against) * X.shape[1])))
            self._tasks += [(own, against, rows[start : start + step]) for start in range(0, len(rows), step)]
        self.n_tasks = len(self._tasks)
        n_features, n_walks = X.shape[1], rules.walks.shape[1]
        n_coalitions = 2 * n_walks * (n_features - 1) if len(rules.walks) else 1 << n_features
        pairs = sum(len(against) * len(rows) for _, against, rows in self._tasks if len(against) > 1)
        self.additions = float(n_coalitions) * pairs * len(background)
        self._compiled = uses_kernel(self.additions)
        self.found = ShapleyValues(np.empty(X.shape), np.zeros(X.shape), np.empty(len(X)))

    def play(self, task: int) -> None:
        own, against, rows = self._tasks[task]
        both = np.concatenate([self._background, self._X[rows]])
        terms, rests = pieces(self._network, both, own, against, self._background[0])
        values, errors, bases = self.found
        game = Game(terms, rests, self._weights, self._rules, self._compiled)
        values[rows], errors[rows], bases[rows] = play(game)


def uses_kernel(additions: float) -> bool:
    """Whether a game of so many additions is played by the kernel: where numba is there, and it pays."""
    return additions > _WORTH_A_KERNEL and kernels.available()


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
    all_of_them = everyone(network)
    return [
        (int(own), all_of_them[all_of_them != own], np.flatnonzero(clusters == own))
        for own in np.unique(clusters)
    ]


def everyone(network: Network) -> Ints:
    """Whom evidence is pooled over, but for a row's own cluster: all but bystanders, if others are left."""
    clusters, bystanders = np.arange(network.n_clusters), list(network.bystanders)
    if bystanders and len(clusters) - len(bystanders) > 1:
        return np.delete(clusters, bystanders)
    return clusters
