"""What groups of rows are called: a cluster by its name, noise and outliers by what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neonxai.explanation.groups import group_kinds
from neonxai.names import positions_of
from neonxai.plots import _style, _text

if TYPE_CHECKING:
    from neonxai.explanation import Explanation


def short_names(explanation: Explanation) -> list[object]:
    """Name each group where it is clear that they are clusters: 2, "noise".

    Examples
    --------
    >>> import neonxai
    >>> short_names(neonxai.explain_labels([-1, 0, 0, 3, 3], [[9.0], [0.0], [0.1], [3.0], [3.1]]))
    ['noise', 0, 3]
    """
    kinds = group_kinds(explanation)
    return [
        name if kind == "cluster" else kind
        for name, kind in zip(explanation.cluster_names, kinds, strict=True)
    ]


def full_names(explanation: Explanation) -> list[str]:
    """Name each group in a sentence: "cluster 2", "noise".

    Examples
    --------
    >>> import neonxai
    >>> full_names(neonxai.explain_labels([-1, 0, 0, 3, 3], [[9.0], [0.0], [0.1], [3.0], [3.1]]))
    ['noise', 'cluster 0', 'cluster 3']
    """
    kinds = group_kinds(explanation)
    return [
        _style.group_label("cluster", name) if kind == "cluster" else kind
        for name, kind in zip(explanation.cluster_names, kinds, strict=True)
    ]


def find(explanation: Explanation, cluster: Any, argument: str = "cluster") -> int:
    """Return the position of a cluster, given by its name.

    Raises
    ------
    ValueError
        If there is no such cluster.
    """
    try:
        (position,) = positions_of(np.array([cluster]), explanation.cluster_names)
    except ValueError as error:
        raise ValueError(f"{argument}={error}") from error
    return int(position)


def find_rows(explanation: Explanation, cluster: Any) -> tuple[int, Any]:
    """Return the position of a cluster and the positions of its rows, of which there is one at least.

    Raises
    ------
    ValueError
        If there is no such cluster, or no row is assigned to it.
    """
    position = find(explanation, cluster)
    rows = np.flatnonzero(explanation.label_positions == position)
    if not len(rows):
        there = [explanation.cluster_names[k] for k in np.unique(explanation.label_positions)[:10]]
        message = (
            f"cluster={cluster!r} has none of the {len(explanation)} {explanation.row_kind}s, so there is "
            f"nothing to draw; choose one that has, such as {', '.join(map(repr, there))}."
        )
        raise ValueError(message)
    return position, rows


def asked(explanation: Explanation) -> str:
    """Say for which cluster the evidence is, where it is not the rows' own; else ""."""
    if not (explanation.targets != explanation.labels).any():
        return ""
    positions = np.unique(explanation.target_positions)
    if len(positions) > 1:
        return "for the requested clusters"
    size = _style.base_size()
    return f"for {_text.fit(full_names(explanation)[positions[0]], 25 * size, size)} (asked)"
