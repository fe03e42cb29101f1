"""An explanation at a glance, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from neonxai.explanation.groups import group_kinds
from neonxai.text import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_MAX_CLUSTERS = 10
_MAX_FEATURES = 3
_MAX_NAME = 28
_DOUBT = 0.05  # as on the map
_LEFT = "style='text-align:left'"


@dataclass(frozen=True)
class _Cluster:
    position: int
    name: str
    size: int
    mean_logit: float
    others: tuple[float, ...]  # means of `_others`
    features: tuple[tuple[str, float], ...]  # the strongest, with their mean relevance


def text_overview(explanation: Explanation) -> str:
    """Return a few lines: what was explained, and each cluster with its strongest features."""
    lines = [*_head(explanation), ""]
    clusters = _clusters(explanation)
    width = max([len(c.name) for c in clusters] + [len("cluster")])
    extra = "".join(f"  {name:>8}" for name in _others(explanation))
    rows, features = f"{explanation.row_kind}s", f"{explanation.feature_kind}s"
    count = max(8, len(rows))
    lines.append(
        f"{'cluster':<{width}}  {rows:>{count}}  {'mean logit':>10}{extra}  strongest {features} "
        "(mean relevance)"
    )
    for c in clusters:
        features = ", ".join(f"{name} {value:+.3g}" for name, value in c.features)
        extra = "".join(f"  {value:>+8.3g}" for value in c.others)
        lines.append(f"{c.name:<{width}}  {c.size:>{count},}  {c.mean_logit:>10.4g}{extra}  {features}")
    return "\n".join(lines + _rest(explanation))


def html_overview(explanation: Explanation) -> str:
    """Return the same as a table for notebooks, with more: shares, commonest rivals, rows near a boundary.

    All names are escaped. Colors are the page's own, so that it can be read on a light or a dark one.
    """
    kinds, n = group_kinds(explanation), max(len(explanation), 1)
    columns = [
        "cluster",
        f"{explanation.row_kind}s",
        "near a boundary",
        "commonest rival",
        "mean logit",
        *_others(explanation),
    ]
    head = "".join(f"<th scope='col'>{column}</th>" for column in columns)
    head += f"<th scope='col' {_LEFT}>strongest {explanation.feature_kind}s (mean relevance)</th>"
    rows = []
    for c in _clusters(explanation):
        kind = "" if kinds[c.position] == "cluster" else f"&nbsp;({kinds[c.position]})"
        here = explanation.label_positions == c.position
        rivals = np.bincount(explanation.competitor_positions[here], minlength=explanation.n_clusters)
        rival = _short(str(explanation.cluster_names[int(rivals.argmax())]))
        doubtful = int((np.abs(explanation.probabilities[here] - 0.5) < _DOUBT).sum())
        cells = [
            f"{c.size:,}&nbsp;({c.size / n:.0%})",
            f"{doubtful:,}",
            f"{escape(rival)}&nbsp;({rivals.max() / c.size:.0%})",
            f"{c.mean_logit:.4g}",
            *(f"{value:+.3g}" for value in c.others),
        ]
        features = ", ".join(f"{escape(name)}&nbsp;{value:+.3g}" for name, value in c.features)
        rows.append(
            f"<tr><th scope='row'>{escape(c.name)}{kind}</th>"
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + f"<td {_LEFT}>{features}</td></tr>"
        )
    lines = "<br>".join(escape(line) for line in _head(explanation))
    rest = "".join(f"<p>{escape(line)}</p>" for line in _rest(explanation))
    near = f"Near a boundary: a probability within {_DOUBT:g} of one half."
    return (
        f"<div><p>{lines}</p><table><caption {_LEFT}>Clusters, and the {explanation.feature_kind}s that "
        f"speak most for each. {near}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>{rest}</div>"
    )


def _head(e: Explanation) -> list[str]:
    error = float(e.conservation_error().max()) if len(e) else 0.0
    total = " + ".join(["Σ relevance", *_others(e)])
    rows = e.row_kind if e.n_samples == 1 else f"{e.row_kind}s"
    lines = [
        f"Explanation of {e.n_samples:,} {rows} × {e.n_features:,} {e.feature_kind}s, "
        f"{e.n_clusters:,} clusters",
        f"{e.pooling}-pooling, β = {e.beta:.4g}; {total} = logit within {error:.1g}",
    ]
    if np.any(e.targets != e.labels):
        asked = {_short(str(name)) for name in np.unique(e.targets).tolist()}
        which = f"cluster {asked.pop()}" if len(asked) == 1 else "clusters that were asked for"
        lines.append(f"evidence for {which}, by the cluster that a {e.row_kind} is assigned to")
    if e.agreement is not None:
        lines.append(f"the network agrees with the clustering on {e.agreement:.1%} of the {e.row_kind}s")
    return lines


def _others(e: Explanation) -> dict[str, NDArray[np.floating]]:
    """What there is of a logit beside the relevance."""
    found = {"absent": e.absent, "absorbed": e.absorbed}
    return {name: values for name, values in found.items() if values is not None and np.any(values)}


def _clusters(e: Explanation) -> list[_Cluster]:
    sizes = np.bincount(e.label_positions, minlength=e.n_clusters)
    means = e.summary_values()
    logits = np.bincount(e.label_positions, weights=e.logits, minlength=e.n_clusters)
    others = [
        np.bincount(e.label_positions, weights=values, minlength=e.n_clusters)
        for values in _others(e).values()
    ]
    result = []
    for k in np.flatnonzero(sizes)[:_MAX_CLUSTERS]:
        strongest = _largest(np.abs(means[k]), _MAX_FEATURES)
        features = tuple((_short(e.feature_names[i]), float(means[k, i])) for i in strongest)
        result.append(
            _Cluster(
                int(k),
                _short(str(e.cluster_names[k])),
                int(sizes[k]),
                float(logits[k] / sizes[k]),
                tuple(float(sums[k] / sizes[k]) for sums in others),
                features,
            )
        )
    return result


def _largest(values: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Where the largest values are, the largest first, without sorting a million others."""
    candidates = np.arange(len(values))
    if count < len(values):
        candidates = np.flatnonzero(values >= np.partition(values, -count)[-count])
    order: NDArray[np.intp] = candidates[np.argsort(-values[candidates], kind="stable")[:count]]
    return order


def _rest(e: Explanation) -> list[str]:
    hidden = len(np.unique(e.labels)) - _MAX_CLUSTERS
    return [f"… and {hidden:,} more clusters"] if hidden > 0 else []


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"
