"""Relevance summed up: over the features of a row, and over the rows of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, issparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_BLOCK_VALUES = 1 << 19  # relevances summed up together: 4 MiB in float64


def conservation_error(e: Explanation) -> NDArray[np.float64]:
    """|Σ_i relevance_i + absent + absorbed + base_value − logit| of every row.

    Parameters
    ----------
    e : Explanation
        Of NumPy's arrays.
    """
    if issparse(e.relevance):
        total: NDArray[np.float64] = _doubles(e.relevance) @ np.ones(e.n_features)
    else:
        total = e.relevance.sum(axis=1, dtype=np.float64)
    if e.absent is not None:
        total += e.absent
    total += e.absorbed
    total += e.base_value
    total -= e.logits
    return np.abs(total, out=total)


def summed_up(e: Explanation, *, by_cluster: bool, statistic: str) -> NDArray[np.float64]:
    """The numbers of `Explanation.summary`.

    Parameters
    ----------
    e : Explanation
        Of NumPy's arrays.
    by_cluster : bool
        Sum up the rows of each cluster; otherwise all of them.
    statistic : {"mean", "mean_abs", "share"}
        What to make of the sums.

    Returns
    -------
    array of shape (n_clusters, n_features) or (n_features,)
        NaN for a cluster without rows.
    """
    groups = e.label_positions if by_cluster else np.zeros(e.n_samples, dtype=np.intp)
    n_groups = e.n_clusters if by_cluster else 1
    sums = np.zeros((n_groups, e.n_features))
    step = max(1, e.n_samples if issparse(e.relevance) else _BLOCK_VALUES // e.n_features)
    for start in range(0, e.n_samples, step):
        block = e.relevance[start : start + step]
        group = groups[start : start + step]
        ones = csr_array((np.ones(len(group)), (group, np.arange(len(group)))), (n_groups, len(group)))
        parts = ones @ (block if statistic == "mean" else abs(block)).astype(np.float64, copy=False)
        sums += parts.toarray() if issparse(parts) else parts
    with np.errstate(invalid="ignore", divide="ignore"):
        if statistic == "share":
            sums /= sums.sum(axis=1, keepdims=True)
        else:
            sums /= np.bincount(groups, minlength=n_groups)[:, None]
    return sums if by_cluster else sums[0]


def _doubles(relevance: csr_array) -> csr_array:
    """The same in float64, in which float32 is summed up, too."""
    return csr_array(
        (relevance.data.astype(np.float64), relevance.indices, relevance.indptr), relevance.shape
    )
