"""A check of sanity: another model must have another explanation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neonxai import frames
from neonxai.arrays import Doubles
from neonxai.evaluation.correlation import mean_of_known, row_correlations
from neonxai.evaluation.flipping import check_count
from neonxai.evaluation.metric import Metric, measures
from neonxai.evaluation.relevances import relevance_of
from neonxai.explainer import ClusterExplainer


@dataclass(frozen=True, eq=False)
class Randomisation:
    """How alike the explanations of the model and of random models are.

    Attributes
    ----------
    shuffled : {"columns", "labels", "centers"}
        What was shuffled.
    correlations : array of shape (n_repeats,)
        Spearman's correlation of the rows' relevance, the mean over rows; 1 says that the explanation does
        not depend on the model. NaN where no row could be compared.
    """

    shuffled: str
    correlations: Doubles

    @property
    def correlation(self) -> float:
        """The mean of ``correlations``."""
        return mean_of_known(self.correlations)


@measures(
    Metric(
        "randomisation check",
        "lower",
        (-1.0, 1.0),
        "[Adebayo2018]",
        "Spearman correlation of relevance with that of a model of shuffled columns, labels or centers.",
    )
)
def randomisation_check(
    explainer_factory: Callable[[Any], Any],
    X: Any,
    *,
    labels: ArrayLike | None = None,
    centers: ArrayLike | None = None,
    n_repeats: int = 5,
    random_state: Any = 0,
) -> Randomisation:
    """Explain X by the model and by models that know nothing of it, and correlate [Adebayo2018]_.

    The factory is called once with the true columns, labels or centers, and ``n_repeats`` times with shuffled
    ones. An explanation that is about the same each time tells of the rows, not of the clustering. Some
    correlation remains where relevance is larger for features in which a row lies far out, for any model.

    Parameters
    ----------
    explainer_factory : callable
        Makes a fitted `ClusterExplainer`, or any function from rows to relevance, out of what is shuffled:
        of rows as an array, of labels or of centers.
    X : array-like or frame of shape (n_samples, n_features)
        Rows of numbers, which are explained as they are, at least two columns.
    labels : array-like of shape (n_samples,), optional
        Shuffle these among rows.
    centers : array-like of shape (n_clusters, n_features), optional
        Shuffle these, each column by itself, among clusters. With two clusters, this can leave centers as
        they are. By default, the columns of X are shuffled, each by itself, so that a model fitted to them
        finds no structure between features.
    n_repeats : int
        How many random models.
    random_state : int or numpy.random.Generator
        For all that is drawn.

    Returns
    -------
    Randomisation

    Raises
    ------
    ValueError
        If both labels and centers are given, X has one column, or a shape is unfit.

    Examples
    --------
    >>> import neonxai
    >>> rows = np.random.default_rng(0).normal(size=(50, 4))
    >>> check = randomisation_check(lambda centers: abs, rows, centers=[[0, 0, 0, 0], [3, 2, 1, 0]])
    >>> check.correlation  # |x| says nothing of the centers
    1.0
    """
    check_count(n_repeats, "n_repeats")
    if labels is not None and centers is not None:
        raise ValueError("labels and centers were both given. Give what is to be shuffled, one of them.")
    values = frames.read(X).values.astype(np.float64, copy=False)
    if values.shape[1] < 2:
        raise ValueError("X has 1 feature, whose relevance has no order to compare. Pass two or more.")
    rng = np.random.default_rng(random_state)
    what = "labels" if labels is not None else "columns" if centers is None else "centers"
    given = np.asarray({"labels": labels, "columns": values, "centers": centers}[what])
    if what == "labels" and given.shape != (len(values),):
        raise ValueError(f"labels have shape {given.shape}, but there are {len(values)} rows: one for each.")
    if what == "centers" and (given.ndim != 2 or given.shape[1] != values.shape[1] or len(given) < 2):
        raise ValueError(
            f"centers have shape {given.shape}; they have to be (n_clusters, {values.shape[1]}), 2 or more."
        )
    true = _relevance(explainer_factory(given), X, values)
    shuffled = (
        _relevance(explainer_factory(rng.permuted(given, axis=0)), X, values) for _ in range(n_repeats)
    )
    return Randomisation(what, np.array([mean_of_known(row_correlations(true, other)) for other in shuffled]))


def _relevance(explainer: Any, X: Any, values: Doubles) -> Doubles:
    if isinstance(explainer, ClusterExplainer):
        return relevance_of(explainer.explain(X), values.shape)
    if callable(explainer):
        return relevance_of(explainer(values), values.shape)
    raise TypeError(
        f"explainer_factory returned a {type(explainer).__qualname__}, but a fitted ClusterExplainer, or a "
        "function from rows to relevance, is needed."
    )
