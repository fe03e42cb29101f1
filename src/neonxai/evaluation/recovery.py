"""Recovery: whether the features are found that are known to matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from neonxai.arrays import Doubles
from neonxai.evaluation.metric import Metric, measures
from neonxai.evaluation.relevances import relevance_of
from neonxai.explanation import Explanation

_STATISTICS = ("mean_abs", "mean")


@dataclass(frozen=True, eq=False)
class Recovery:
    """How well known features are found.

    Attributes
    ----------
    recall : float
        The share of the known features among the ``top`` with the largest scores. Of scores that are equal at
        the border, what a random choice is expected to find.
    auc : float
        The probability that a known feature has a larger score than another one, equal scores counted half.
    top : int
        How many features were looked at for ``recall``.
    scores : array of shape (n_features,)
        The features' scores, in the logit's unit.
    """

    recall: float
    auc: float
    top: int
    scores: Doubles


@measures(
    Metric(
        "recovery of planted features",
        "higher",
        (0.0, 1.0),
        None,
        "Share of the features known to matter among those of largest mean relevance, and area under the ROC "
        "curve; by chance k/D and ½.",
    )
)
def recovery(
    relevance: Any,
    informative: ArrayLike,
    *,
    top: int | None = None,
    statistic: str = "mean_abs",
) -> Recovery:
    """Compare the features of largest relevance with those that are known to matter.

    Parameters
    ----------
    relevance : Explanation or array-like of shape (n_samples, n_features)
        Relevance.
    informative : array-like
        The features that matter: their positions, their names (of an Explanation), or a mask of shape
        (n_features,).
    top : int, optional
        How many features to look at; by default as many as matter.
    statistic : {"mean_abs", "mean"}
        A feature's score: the mean of |R| over rows, or of R, which lets contributions of either sign cancel.

    Returns
    -------
    Recovery

    Raises
    ------
    ValueError
        If a feature is not known, none matters or all do, or ``top`` or ``statistic`` is unfit.

    Examples
    --------
    Mean |R| is 3, 2, 1; of the two that matter, one is among the top two, and 1 of 2 pairs is in order.

    >>> found = recovery([[3.0, -2.0, 1.0]], informative=[0, 2])
    >>> found.recall, found.auc
    (0.5, 0.5)
    """
    if statistic not in _STATISTICS:
        raise ValueError(f"statistic={statistic!r} is not known; choose one of {', '.join(_STATISTICS)}.")
    if isinstance(relevance, Explanation):
        scores = relevance.summary_values(None, statistic)
        names: Sequence[str] | None = relevance.feature_names
    else:
        values = relevance_of(relevance)
        if not values.size:
            raise ValueError(f"relevance has shape {values.shape}, without a value. Pass at least one row.")
        scores = (np.abs(values) if statistic == "mean_abs" else values).mean(axis=0)
        names = None
    known = _mask(informative, len(scores), names)
    n_known = int(known.sum())
    wanted = n_known if top is None else top
    if isinstance(wanted, bool) or not isinstance(wanted, int | np.integer) or not 1 <= wanted <= len(scores):
        raise ValueError(f"top={top!r} is not possible; choose a whole number from 1 to {len(scores)}.")
    border = np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
    above, tied = scores > border, scores == border
    share = (wanted - above.sum()) / tied.sum()
    recall = (known & above).sum() + share * (known & tied).sum()
    pairs = n_known * (len(scores) - n_known)
    ordered = rankdata(scores)[known].sum() - n_known * (n_known + 1) / 2
    return Recovery(float(recall / n_known), float(ordered / pairs), int(wanted), scores)


def _mask(informative: ArrayLike, n_features: int, names: Sequence[str] | None) -> NDArray[np.bool_]:
    asked = np.atleast_1d(np.asarray(informative))
    mask = np.zeros(n_features, dtype=bool)
    if asked.dtype.kind == "b":
        if asked.shape != mask.shape:
            raise ValueError(
                f"informative is a mask of shape {asked.shape}, but there are {n_features} features."
            )
        mask |= asked
    elif asked.dtype.kind in "iu" and asked.ndim == 1:
        wrong = asked[(asked < 0) | (asked >= n_features)]
        if len(wrong):
            raise ValueError(
                f"informative contains {wrong[0]}, but features are counted from 0 to {n_features - 1}."
            )
        mask[asked] = True
    elif asked.dtype.kind in "UO" and asked.ndim == 1 and names is not None:
        positions = {name: i for i, name in enumerate(names)}
        unknown = [name for name in asked.tolist() if name not in positions]
        if unknown:
            raise ValueError(
                f"informative contains {unknown[0]!r}, which is no feature; they are called "
                f"{', '.join(map(repr, names[:5]))}, ..."
            )
        mask[[positions[name] for name in asked.tolist()]] = True
    else:
        raise ValueError(
            f"informative={informative!r:.60} can't be read. Pass positions, a mask or, with an "
            "Explanation, names of features."
        )
    if not mask.any() or mask.all():
        raise ValueError(
            f"informative names {int(mask.sum())} of {n_features} features. Some have to matter, "
            "and some not."
        )
    return mask
