"""The tables that ``--out`` receives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from neonxai.cli.describe import cluster_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neonxai.cli.result import Result

__all__ = ["cluster_frame", "row_frame"]


def row_frame(result: Result) -> pl.DataFrame:
    """Tabulate the rows: what is written without ``--summary``.

    Parameters
    ----------
    result : Result
        The result.

    Returns
    -------
    polars.DataFrame
        A row per row: the names of the rows, if there are any, under the name of their column, then the
        columns of :meth:`neonxai.Explanation.to_frame`. The names and the features keep theirs; another
        column of such a name gets an underscore at its end.
    """
    e = result.explanation
    table: pl.DataFrame = e.to_frame("polars")
    if result.keys is None:
        return table
    facts = table.columns[: table.width - len(e.feature_names)]
    free = _free(facts, {result.keys.name, *e.feature_names})
    return table.rename(dict(zip(facts, free, strict=True))).insert_column(0, result.keys)


def cluster_frame(result: Result) -> pl.DataFrame:
    """Tabulate the clusters: what is written with ``--summary``.

    Parameters
    ----------
    result : Result
        The result.

    Returns
    -------
    polars.DataFrame
        A row per cluster: ``cluster``, ``rows``, ``competitor``, ``mean_logit``, ``mean_probability``;
        ``mean_absorbed`` where anything was absorbed; then the mean relevance of each feature under its
        name. A feature of one of these names keeps it, and the other column gets an underscore at its end.
        Empty cells for a cluster without rows.
    """
    e = result.explanation
    clusters = cluster_facts(e, result.values.matrix)
    facts: dict[str, Any] = {
        "cluster": [c.name for c in clusters],
        "rows": [c.size for c in clusters],
        "competitor": [c.rival for c in clusters],
        "mean_logit": [c.logit for c in clusters],
        "mean_probability": [c.probability for c in clusters],
    }
    if np.any(e.absorbed):
        facts["mean_absorbed"] = [c.absorbed for c in clusters]
    columns: dict[str, Any] = dict(zip(_free(facts, set(e.feature_names)), facts.values(), strict=True))
    relevance = np.array([c.relevance for c in clusters])
    columns.update(zip(e.feature_names, relevance.T, strict=True))
    return pl.DataFrame(columns).fill_nan(None)


def _free(names: Iterable[str], taken: set[str]) -> list[str]:
    """Names with as many underscores at their ends as keep them apart from those taken, and each other."""
    free: list[str] = []
    for name in names:
        changed = name
        while changed in taken or changed in free:
            changed += "_"
        free.append(changed)
    return free
