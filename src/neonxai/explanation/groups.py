"""Which groups of rows are no clusters: noise, inliers and outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from neonxai.explanation import Explanation


def group_kinds(explanation: Explanation) -> tuple[str, ...]:
    """What each group of rows is: "cluster", or "noise", "inlier", "outlier".

    Noise has no prototype where others have one: its contrasts are NaN. Where there is no table of contrasts,
    what counts is the names: −1, 0, 1, ..., as density-based clusterings call noise and their clusters; and
    1, −1, as scikit-learn's outlier detectors call inliers and outliers.

    Parameters
    ----------
    explanation : Explanation
        Of K groups.

    Returns
    -------
    tuple of K str

    Examples
    --------
    >>> import neonxai
    >>> group_kinds(neonxai.explain_labels([-1, 0, 0, 3, 3], [[9.0], [0.0], [0.1], [3.0], [3.1]]))
    ('noise', 'cluster', 'cluster')
    >>> group_kinds(neonxai.explain(neonxai.Centroids([[0.0], [1.0]]), [[0.1]]))
    ('cluster', 'cluster')
    """
    names, contrasts = explanation.cluster_names, explanation.contrasts
    kinds = ["cluster"] * len(names)
    if contrasts is not None:
        bare = [bool(np.isnan(table).all()) for table in contrasts]
        if not all(bare):
            kinds = ["noise" if without else "cluster" for without in bare]
    elif names == (1, -1):
        kinds = ["inlier", "outlier"]
    elif names == tuple(range(-1, len(names) - 1)):
        kinds[0] = "noise"
    return tuple(kinds)
