"""An explanation as a table: wide, with a column for each feature, or long, with a row for each relevance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, issparse

from neonxai import frames
from neonxai.names import free_name

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neonxai.explanation import Explanation


def wide_table(e: Explanation, kind: str) -> Any:
    """A row for each row: the facts about it, then the relevance of each feature under the feature's name.

    Parameters
    ----------
    e : Explanation
        With dense relevance.
    kind : {"pandas", "polars", "pyarrow"}
        The kind of frame.

    Raises
    ------
    ValueError
        If the relevance is sparse.
    """
    if issparse(e.relevance):
        raise ValueError(
            f"A wide table has a column for each of the {e.n_features} {e.feature_kind}s. What those account "
            'for that are absent is only known as a sum, e.absent. Use form="long", or e.relevance.'
        )
    facts: dict[str, ArrayLike] = {
        "cluster": e.targets.tolist(),
        "competitor": e.competitors.tolist(),
        "logit": e.logits,
        "probability": e.probabilities,
    }
    if np.any(e.absorbed):
        facts["absorbed"] = e.absorbed
    columns = {free_name(name, e.feature_names): column for name, column in facts.items()}
    columns.update(zip(e.feature_names, e.relevance.T, strict=True))
    return frames.build(kind, columns, e.index)


def long_table(e: Explanation, kind: str) -> Any:
    """A row for each relevance: of which row, for which cluster, of which feature; the largest first.

    Parameters
    ----------
    e : Explanation
        Where its relevance is sparse, only what is present has a row.
    kind : {"pandas", "polars", "pyarrow"}
        The kind of frame.
    """
    row, feature, relevance = _entries(e.relevance)
    order = np.lexsort((-relevance, row))
    row = row[order]
    names: NDArray[Any] = row if e.index is None else np.asarray(e.index)[row]
    return frames.build(
        kind,
        {
            e.row_kind: names.tolist() if names.dtype.kind in "OT" else names,
            "cluster": e.targets[row].tolist(),
            e.feature_kind: _names(e)[feature[order]],
            "relevance": relevance[order],
        },
    )


def summary_table(e: Explanation, values: NDArray[np.float64], statistic: str, kind: str) -> Any:
    """Values for each cluster that has rows, shape (n_clusters, n_features), as a table.

    Wide, with a column for each feature. Long where the relevance is sparse: a row for each cluster and each
    feature that is not 0 there, the largest first.
    """
    present = np.unique(e.label_positions)
    if issparse(e.relevance):
        place, feature = np.nonzero(values[present])
        found = values[present[place], feature]
        order = np.lexsort((-found, place))
        clusters = [e.cluster_names[k] for k in present[place[order]]]
        columns: dict[str, ArrayLike] = {
            "cluster": clusters,
            e.feature_kind: _names(e)[feature[order]],
            statistic: found[order],
        }
        return frames.build(kind, columns)
    clusters = [e.cluster_names[k] for k in present]
    by_feature: dict[str, ArrayLike] = dict(zip(e.feature_names, values[present].T, strict=True))
    if kind == "pandas":
        return frames.build("pandas", by_feature, clusters).rename_axis(index="cluster")
    return frames.build(kind, {free_name("cluster", e.feature_names): clusters, **by_feature})


def _names(e: Explanation) -> NDArray[np.object_]:
    return np.array(e.feature_names, dtype=object)


def _entries(relevance: NDArray[np.floating] | csr_array) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Row, feature and value of each entry."""
    if issparse(relevance):
        sparse: csr_array = relevance
        return (
            np.repeat(np.arange(sparse.shape[0]), np.diff(sparse.indptr)),
            np.asarray(sparse.indices),
            np.asarray(sparse.data),
        )
    n, d = relevance.shape
    return np.repeat(np.arange(n), d), np.tile(np.arange(d), n), relevance.ravel()
