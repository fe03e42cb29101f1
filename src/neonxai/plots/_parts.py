"""The parts of a row's logit, in the order in which they are drawn, and the row's title."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, issparse

from neonxai.explanation.groups import group_kinds
from neonxai.plots import _groups, _rows, _style, _text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation


@dataclass(frozen=True)
class Parts:
    """Features of their own, then what is gathered."""

    features: NDArray[np.intp]
    """Features shown, (m,)."""
    amounts: NDArray[np.float64]
    """The relevance of every part, (m + rest,)."""
    colors: list[str]
    """Color of every part, (m + rest,)."""
    rest: list[str]
    """Labels of the parts after the features."""


def parts_of(explanation: Explanation, row: int, max_features: int, order: str = "relevance") -> Parts:
    """Choose the features of largest relevance, and gather the others, what is absent, and what is absorbed.

    The base value is no part: it is where they start.
    """
    features, relevance = relevance_of(explanation, row)
    ranked = np.argsort(-np.abs(relevance), kind="stable")
    kept, others = ranked[:max_features], ranked[max_features:]
    if order == "given":
        kept = np.sort(kept)
    elif order != "relevance":
        message = f'order={order!r} is not known; give "relevance" or "given".'
        raise ValueError(message)
    amounts, rest = [*relevance[kept]], []
    if others.size:
        amounts.append(relevance[others].sum())
        rest.append(f"{others.size} other {explanation.feature_kind}{'s' if others.size > 1 else ''}")
    colors = _style.sign_colors(np.array(amounts))
    absent = 0.0 if explanation.absent is None else explanation.absent[row]
    for label, amount in (
        (f"absent {explanation.feature_kind}s", absent),
        ("absorbed", explanation.absorbed[row]),
    ):
        if amount != 0:
            amounts.append(amount)
            rest.append(label)
            colors.append(_style.GREY)
    return Parts(features[kept], np.array(amounts), colors, rest)


def base_of(explanation: Explanation, row: int) -> float:
    """Return the value from which a row's relevance counts."""
    return float(np.broadcast_to(explanation.base_value, explanation.n_samples)[row])


def relevance_of(explanation: Explanation, row: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Features of a row, all or what is present, and the relevance of each."""
    if not issparse(explanation.relevance):
        relevance = np.asarray(explanation.relevance[row], dtype=np.float64)
        return np.arange(len(relevance)), relevance
    sparse: csr_array = explanation.relevance
    here = slice(sparse.indptr[row], sparse.indptr[row + 1])
    return np.asarray(sparse.indices[here], dtype=np.intp), np.asarray(sparse.data[here], dtype=np.float64)


def title_of(explanation: Explanation, row: int) -> list[tuple[str, str, str]]:
    """Two lines, each of a name, what stands between, and a name: what is explained, and against what."""
    names = _groups.full_names(explanation)
    target, assigned, competitor = (
        positions[row]
        for positions in (
            explanation.target_positions,
            explanation.label_positions,
            explanation.competitor_positions,
        )
    )
    own = ""
    if target != assigned:
        name = _groups.short_names(explanation)[assigned]
        no_cluster = group_kinds(explanation)[assigned] != "cluster"
        own = f" (it is {name})" if no_cluster else f" (it is in {_text.drawable(name)})"
        if competitor == assigned:
            own = " (its own)"
    return [(_rows.title(explanation, row), ": ", names[target]), (f"against {names[competitor]}", "", own)]
