"""Stability: whether an explanation stays what it is when the rows or the fit change a little."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from neonxai.arrays import Doubles
from neonxai.evaluation.correlation import mean_of_known, row_correlations
from neonxai.evaluation.deck import Deck, read_deck
from neonxai.evaluation.flipping import check_count
from neonxai.evaluation.matching import match_clusters
from neonxai.evaluation.metric import Metric, measures
from neonxai.explainer import ClusterExplainer
from neonxai.explanation import Explanation

_KINDS = ("noise", "resampling", "refitting")
_LEVELS = ("rows", "clusters")


@dataclass(frozen=True, eq=False)
class Stability:
    """How alike explanations are.

    Attributes
    ----------
    kind : {"noise", "resampling", "refitting"}
        What changed.
    of : {"rows", "clusters"}
        What was compared.
    correlations : array of shape (n_repeats,)
        Spearman's correlation with the original explanation, the mean over rows or clusters; NaN where
        nothing could be compared.
    agreement : array of shape (n_repeats,)
        The share of the rows that are assigned to the cluster matched with their own.
    """

    kind: str
    of: str
    correlations: Doubles
    agreement: Doubles

    @property
    def correlation(self) -> float:
        """The mean of ``correlations``."""
        return mean_of_known(self.correlations)


@measures(
    Metric(
        "stability",
        "higher",
        (-1.0, 1.0),
        None,
        "Spearman correlation of relevance before and after noise, resampling or refitting.",
    )
)
def stability(
    model: Any,
    X: Any,
    *,
    kind: str = "noise",
    of: str = "rows",
    scale: float = 0.05,
    n_repeats: int = 5,
    random_state: Any = 0,
) -> Stability:
    """Correlate relevance with that of changed rows, or of a model that is fitted anew.

    Rows are explained for the same cluster before and after: their original one, or the one that it is
    matched with, so that the most rows agree (the Hungarian method). Rows of a cluster without a partner are
    left out. A stable explanation is not yet a true one.

    Parameters
    ----------
    model : ClusterExplainer or estimator
        A fitted explainer, or a clustering or an explainer for `ClusterExplainer` to be fitted to X.
    X : array-like or frame of shape (n_samples, n_features)
        Rows of numbers, at least two columns.
    kind : {"noise", "resampling", "refitting"}
        "noise": Gaussian noise is added to the rows. "resampling": the model is fitted to n_samples rows
        drawn from X with replacement. "refitting": the model is fitted to X with other values of
        ``random_state``.
    of : {"rows", "clusters"}
        Whether each row's relevance is compared, or each cluster's mean.
    scale : float
        For "noise", its standard deviation in those of the columns.
    n_repeats : int
        How many changes to try.
    random_state : int or numpy.random.Generator
        For all that is drawn.

    Returns
    -------
    Stability

    Raises
    ------
    TypeError
        If the model has to be fitted anew, and can't be cloned.
    ValueError
        If an argument is unfit, or the model has no ``random_state`` for "refitting".

    Examples
    --------
    >>> import neonxai
    >>> rows = [[0.0, 0.2, 0.1], [4.0, 2.1, 0.0], [0.1, 0.0, 0.0], [4.1, 2.0, 0.1]]
    >>> explainer = neonxai.ClusterExplainer(neonxai.Centroids([[0, 0, 0], [4, 2, 0.5]])).fit(rows)
    >>> stability(explainer, rows, scale=1e-6).correlations  # the order of the features is the same
    array([1., 1., 1., 1., 1.])
    """
    for value, known, name in ((kind, _KINDS, "kind"), (of, _LEVELS, "of")):
        if value not in known:
            raise ValueError(f"{name}={value!r} is not known; choose one of {', '.join(known)}.")
    check_count(n_repeats, "n_repeats")
    if isinstance(scale, bool) or not isinstance(scale, int | float | np.number) or not 0 <= scale < np.inf:
        raise ValueError(f"scale={scale!r} is not possible; choose a finite number ≥ 0.")
    explainer = _fitted(model, X)
    deck = read_deck(explainer, X)
    if deck.values.shape[1] < 2:
        raise ValueError("X has 1 feature, whose relevance has no order to compare. Pass two or more.")
    rng = np.random.default_rng(random_state)
    changing = _Changing(explainer, deck, explainer.explain(deck.dealt(deck.values)), of)
    change = {"noise": changing.noise, "resampling": changing.resampled, "refitting": changing.refitted}[kind]
    found = np.array([change(rng, scale) for _ in range(n_repeats)])
    return Stability(kind, of, found[:, 0], found[:, 1])


def _fitted(model: Any, X: Any) -> ClusterExplainer:
    explainer = model if isinstance(model, ClusterExplainer) else ClusterExplainer(model)
    try:
        check_is_fitted(explainer)
    except NotFittedError:
        return clone(explainer, safe=False).fit(X) if explainer is model else explainer.fit(X)
    return explainer


@dataclass(frozen=True, eq=False)
class _Changing:
    """The original, and what to compare with it."""

    explainer: ClusterExplainer
    deck: Deck
    original: Explanation
    of: str

    def noise(self, rng: np.random.Generator, scale: float) -> tuple[float, float]:
        values = self.deck.values
        changed = values + rng.standard_normal(values.shape) * (scale * values.std(axis=0))
        e = self.explainer.explain(self.deck.dealt(changed), target=self.original.targets)
        keep = np.ones(len(values), dtype=bool)
        return self._compare(e, keep), float((e.labels == self.original.labels).mean())

    def resampled(self, rng: np.random.Generator, scale: float) -> tuple[float, float]:
        n = len(self.deck.values)
        return self._compare_fit(_anew(self.explainer), self.deck.values[rng.integers(n, size=n)])

    def refitted(self, rng: np.random.Generator, scale: float) -> tuple[float, float]:
        explainer = _anew(self.explainer)
        seeds = [
            name
            for name in explainer.get_params()
            if name.startswith("model__") and name.endswith("random_state")
        ]
        if not seeds:
            raise ValueError(
                f"A {type(self.explainer.model).__qualname__} has no random_state: fitted again, it is the "
                "same. Choose kind='resampling'."
            )
        explainer.set_params(**{name: int(rng.integers(1 << 31)) for name in seeds})
        return self._compare_fit(explainer, self.deck.values)

    def _compare_fit(self, explainer: ClusterExplainer, values: Doubles) -> tuple[float, float]:
        explainer.fit(self.deck.framed(values))
        rows = self.deck.framed(self.deck.values)
        mine = self.original.label_positions
        theirs = explainer.explain(rows)
        partners = match_clusters(
            mine, theirs.label_positions, self.original.n_clusters, len(explainer.cluster_names_)
        )
        agreement = float((partners[mine] == theirs.label_positions).mean())
        wanted = partners[self.original.target_positions]
        keep = wanted >= 0
        names = np.array(explainer.cluster_names_)[np.where(keep, wanted, 0)]
        return self._compare(explainer.explain(rows, target=names), keep), agreement

    def _compare(self, e: Explanation, keep: Any) -> float:
        mine, theirs = np.asarray(self.original.relevance)[keep], np.asarray(e.relevance)[keep]
        if self.of == "clusters":
            groups = self.original.target_positions[keep]
            names, groups = np.unique(groups, return_inverse=True)
            mine, theirs = (_group_means(values, groups, len(names)) for values in (mine, theirs))
        return mean_of_known(row_correlations(mine, theirs))


def _anew(explainer: ClusterExplainer) -> ClusterExplainer:
    """An unfitted explainer of an unfitted model."""
    if not hasattr(explainer.model, "get_params"):
        raise TypeError(
            f"A {type(explainer.model).__qualname__} can't be fitted anew, as it has no parameters that "
            "scikit-learn's clone could copy. Choose kind='noise', or pass an estimator."
        )
    copied: ClusterExplainer = clone(explainer)
    return copied


def _group_means(values: Doubles, groups: Any, n_groups: int) -> Doubles:
    ones = csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))), (n_groups, len(groups)))
    means: Doubles = (ones @ values) / np.bincount(groups, minlength=n_groups)[:, None]
    return means
