"""Deletion and insertion: the evidence is followed while features are switched in the order of relevance."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from neonxai.arrays import Doubles, Ints
from neonxai.evaluation.curve import Curve, trapezoid_weights
from neonxai.evaluation.deck import Deck, read_deck
from neonxai.evaluation.metric import Metric, measures
from neonxai.evaluation.relevances import ranks_of, relevance_for
from neonxai.evaluation.replacement import Replacement, make_replacement
from neonxai.explainer import ClusterExplainer
from neonxai.explanation import Explanation
from neonxai.forward import forward

_TILE_VALUES = 1 << 20  # values of changed rows at a time: 8 MiB
_MOST_STEPS = 64  # by default; each costs the logits of all rows


@measures(
    Metric(
        "deletion area",
        "lower",
        (-np.inf, np.inf),
        "[Samek2017]",
        "Mean evidence for the rows' own clusters while features are replaced, the most relevant first; in "
        "the logit's unit.",
    )
)
def deletion_curve(
    explainer: ClusterExplainer,
    X: Any,
    relevance: Any = None,
    *,
    replacement: Any = "mean",
    background: Any = None,
    order: str = "most",
    n_steps: int | None = None,
    n_draws: int = 5,
    target: Any = None,
    against: Any = None,
    random_state: Any = 0,
) -> Curve:
    """Replace features, the most relevant of each row first, and follow the evidence [Samek2017]_.

    After s features, row x has become x⁽ˢ⁾, and the curve is the mean of f_c(x⁽ˢ⁾), where c stays the row's
    original cluster and f is the clustering's own logit. The faster it falls, the better the explanation
    knows what the clustering looks at: a lower area is better. For rows that have left their cluster, f < 0.

    Parameters
    ----------
    explainer : ClusterExplainer
        A fitted one, of columns of numbers; in front of the clustering there may be a pipeline's steps.
    X : array-like or frame of shape (n_samples, n_features)
        Rows.
    relevance : Explanation, frame or array-like of shape (n_samples, n_features), optional
        The explanation that is judged; by default the explainer's own. Equal relevances are put into random
        order. An Explanation's ``targets`` are the clusters that are followed; a rival that it was asked
        about has to be given again, as ``against``.
    replacement : {"mean", "rows", "cluster"} or array-like of shape (n_features,) or (n_samples, n_features)
        What features are switched to. "mean": the background's means. "rows": values of ``n_draws`` rows
        of the background, drawn for each row, of which the mean curve is taken; what is switched together
        comes from the same row. "cluster": the mean of the background's rows in the nearest rival.
    background : array-like or frame of shape (n_background, n_features), optional
        By default X. Where X is only a few of the rows that were clustered, give these.
    order : {"most", "least"}
        Which features come first.
    n_steps : int, optional
        Steps, evenly spaced; by default one for each feature, 64 at most.
    n_draws : int
        For "rows".
    target, against : cluster name or array of shape (n_samples,), optional
        The question that is followed, as for `ClusterExplainer.explain`; by default the assigned cluster
        against the nearest rival, whichever this is at each step.
    random_state : int or numpy.random.Generator
        For ties and draws.

    Returns
    -------
    Curve

    Raises
    ------
    TypeError
        If the explainer is none, or the rows are sparse or no numbers.
    ValueError
        If an argument is unfit; the message names the value, the cause and the remedy.

    Examples
    --------
    Centers (0, 0) and (4, 2), row (0, 0): f = 4² + 2² = 20, of which 16 are the first feature's. With x0 = 3,
    f = (1 + 4) − 9 = −4; with x1 = 2 as well, f = 1 − (9 + 4) = −12.

    >>> import neonxai
    >>> explainer = neonxai.ClusterExplainer(neonxai.Centroids([[0, 0], [4, 2]])).fit([[0, 0]])
    >>> curve = deletion_curve(explainer, [[0, 0]], replacement=[3, 2])
    >>> curve.logits, curve.assigned, curve.area
    (array([ 20.,  -4., -12.]), array([1., 0., 0.]), 0.0)
    """
    follower = _follower(
        explainer,
        X,
        relevance,
        replacement,
        background,
        order,
        n_steps,
        n_draws,
        target,
        against,
        random_state,
    )
    return follower.follow("deletion")


@measures(
    Metric(
        "insertion area",
        "higher",
        (-np.inf, np.inf),
        "[Petsiuk2018]",
        "Mean evidence for the rows' own clusters while features are put back into replaced rows, the most "
        "relevant first; in the logit's unit.",
    )
)
def insertion_curve(
    explainer: ClusterExplainer,
    X: Any,
    relevance: Any = None,
    *,
    replacement: Any = "mean",
    background: Any = None,
    order: str = "most",
    n_steps: int | None = None,
    n_draws: int = 5,
    target: Any = None,
    against: Any = None,
    random_state: Any = 0,
) -> Curve:
    """Put features back into rows that are all replaced, the most relevant first [Petsiuk2018]_.

    The mirror of `deletion_curve`, which describes the parameters: it begins with the replacement and ends
    with the row, and a higher area is better. Inserting the most relevant first is deleting the
    least relevant first, backwards.

    Returns
    -------
    Curve

    Raises
    ------
    TypeError, ValueError
        As `deletion_curve`.

    Examples
    --------
    >>> import neonxai
    >>> explainer = neonxai.ClusterExplainer(neonxai.Centroids([[0, 0], [4, 2]])).fit([[0, 0]])
    >>> insertion_curve(explainer, [[0, 0]], replacement=[3, 2]).logits  # (3, 2), then (0, 2), then (0, 0)
    array([-12.,  12.,  20.])
    """
    follower = _follower(
        explainer,
        X,
        relevance,
        replacement,
        background,
        order,
        n_steps,
        n_draws,
        target,
        against,
        random_state,
    )
    return follower.follow("insertion")


def _follower(
    explainer: ClusterExplainer,
    X: Any,
    relevance: Any,
    replacement: Any,
    background: Any,
    order: str,
    n_steps: int | None,
    n_draws: int,
    target: Any,
    against: Any,
    random_state: Any,
) -> "_Follower":
    """Validate, and settle what is switched when."""
    deck = read_deck(explainer, X)
    if order not in ("most", "least"):
        raise ValueError(f"order={order!r} is not known; choose 'most' or 'least' (relevant first).")
    steps = steps_of(deck.values.shape[1], n_steps)
    check_count(n_draws, "n_draws")
    rng = np.random.default_rng(random_state)
    if isinstance(relevance, Explanation) and target is None:
        if len(relevance) != len(deck.values):
            raise ValueError(
                f"The explanation has {len(relevance)} rows, but X has {len(deck.values)}. Explain "
                "these rows."
            )
        target = relevance.targets
    rows = deck.dealt(deck.values)
    if relevance is None:
        relevance = explainer.explain(rows, target, against)
    judged = relevance_for(relevance, deck)
    ranks = ranks_of(judged, rng, descending=order == "most")
    asked = forward(explainer, rows, target, against)
    values = make_replacement(
        replacement, explainer, asked.competitors, deck, background, n_draws=n_draws, rng=rng
    )
    targets = np.array(explainer.cluster_names_)[asked.targets]
    return _Follower(explainer, deck, targets, against, ranks, values, steps)


def steps_of(n_features: int, n_steps: int | None) -> Ints:
    """From 0 to all features, evenly spaced in whole numbers.

    Examples
    --------
    >>> steps_of(3, None), steps_of(10, 2)
    (array([0, 1, 2, 3]), array([ 0,  5, 10]))
    """
    if n_steps is not None:
        check_count(n_steps, "n_steps")
    count = min(n_features, _MOST_STEPS if n_steps is None else int(n_steps))
    return np.round(np.linspace(0, n_features, count + 1)).astype(np.intp)


def check_count(value: Any, name: str) -> None:
    """Raise an error unless it is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}={value!r} is not possible; choose a whole number of at least 1.")


@dataclass(frozen=True, eq=False)
class _Follower:
    explainer: ClusterExplainer
    deck: Deck
    targets: Any
    against: Any
    ranks: Ints
    replacement: Replacement
    steps: Ints

    def follow(self, kind: str) -> Curve:
        """Go through all tiles and steps."""
        n_samples, n_features = self.deck.values.shape
        n_draws = self.replacement.n_draws
        weights = trapezoid_weights(self.steps)
        logits, assigned = np.zeros(len(self.steps)), np.zeros(len(self.steps))
        areas = np.zeros(n_samples)
        size = max(1, _TILE_VALUES // (n_features * n_draws))
        for start in range(0, n_samples, size):
            rows = np.repeat(np.arange(start, min(start + size, n_samples)), n_draws)
            X, ranks = self.deck.values[rows], self.ranks[rows]
            other = self.replacement.table[self.replacement.choice[rows[::n_draws]].ravel()]
            for step, count in enumerate(self.steps):
                switched = ranks < count
                mixed = np.where(switched, other, X) if kind == "deletion" else np.where(switched, X, other)
                f, stays = self._ask(mixed, rows)
                logits[step] += f.sum()
                assigned[step] += stays
                areas[rows[::n_draws]] += weights[step] * f.reshape(-1, n_draws).mean(axis=1)
        n_mixed = n_samples * n_draws
        return Curve(kind, self.steps, logits / n_mixed, assigned / n_mixed, areas)

    def _ask(self, mixed: Doubles, rows: Ints) -> tuple[Doubles, int]:
        """The logits of the original clusters, and how many rows are assigned to these."""
        against = self.against
        if against is not None and np.ndim(against) == 1:
            against = np.asarray(against)[rows]
        answer = forward(self.explainer, self.deck.dealt(mixed), self.targets[rows], against)
        stays = int(np.count_nonzero(answer.labels == answer.targets))
        return answer.logits.astype(np.float64, copy=False), stays
