"""An explanation at a glance, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from neonxai.text import printable

if TYPE_CHECKING:
    from neonxai.explanation import Explanation

_MAX_CLUSTERS = 10
_MAX_FEATURES = 3
_MAX_NAME = 28


@dataclass(frozen=True)
class _Cluster:
    name: str
    size: int
    mean_logit: float
    mean_absorbed: float
    features: tuple[tuple[str, float], ...]  # the strongest, with their mean relevance


def text_overview(explanation: Explanation) -> str:
    """Return a few lines: what was explained, and each cluster with its strongest features."""
    lines = [*_head(explanation), ""]
    clusters = _clusters(explanation)
    width = max([len(c.name) for c in clusters] + [len("cluster")])
    absorbs = np.any(explanation.absorbed)
    extra = f"  {'absorbed':>8}" if absorbs else ""
    lines.append(
        f"{'cluster':<{width}}  {'rows':>8}  {'mean logit':>10}{extra}  strongest features (mean relevance)"
    )
    for c in clusters:
        features = ", ".join(f"{name} {value:+.3g}" for name, value in c.features)
        extra = f"  {c.mean_absorbed:>+8.3g}" if absorbs else ""
        lines.append(f"{c.name:<{width}}  {c.size:>8,}  {c.mean_logit:>10.4g}{extra}  {features}")
    return "\n".join(lines + _rest(explanation))


def html_overview(explanation: Explanation) -> str:
    """Return the same as a table for notebooks. All names are escaped."""
    absorbs = np.any(explanation.absorbed)
    extra = "<th scope='col'>absorbed</th>" if absorbs else ""
    rows = "".join(
        f"<tr><th scope='row'>{escape(c.name)}</th><td>{c.size:,}</td><td>{c.mean_logit:.4g}</td>"
        + (f"<td>{c.mean_absorbed:+.3g}</td><td>" if absorbs else "<td>")
        + ", ".join(f"{escape(name)}&nbsp;{value:+.3g}" for name, value in c.features)
        + "</td></tr>"
        for c in _clusters(explanation)
    )
    head = "<br>".join(escape(line) for line in _head(explanation))
    rest = "".join(f"<p>{escape(line)}</p>" for line in _rest(explanation))
    return (
        f"<div><p>{head}</p><table><thead><tr><th scope='col'>cluster</th><th scope='col'>rows</th>"
        f"<th scope='col'>mean logit</th>{extra}"
        "<th scope='col'>strongest features (mean relevance)</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{rest}</div>"
    )


def _head(e: Explanation) -> list[str]:
    error = float(e.conservation_error().max()) if len(e) else 0.0
    total = "Σ relevance + absorbed" if np.any(e.absorbed) else "Σ relevance"
    rows = "row" if e.n_samples == 1 else "rows"
    lines = [
        f"Explanation of {e.n_samples:,} {rows} × {e.n_features:,} features, {e.n_clusters:,} clusters",
        f"{e.pooling}-pooling, β = {e.beta:.4g}; {total} = logit within {error:.1g}",
    ]
    if np.any(e.targets != e.labels):
        asked = {_short(str(name)) for name in np.unique(e.targets).tolist()}
        which = f"cluster {asked.pop()}" if len(asked) == 1 else "clusters that were asked for"
        lines.append(f"evidence for {which}, by the cluster that a row is assigned to")
    if e.agreement is not None:
        lines.append(f"the network agrees with the clustering on {e.agreement:.1%} of the rows")
    return lines


def _clusters(e: Explanation) -> list[_Cluster]:
    sizes = np.bincount(e.label_positions, minlength=e.n_clusters)
    means = e.summary_values()
    logits = np.bincount(e.label_positions, weights=e.logits, minlength=e.n_clusters)
    absorbed = np.bincount(e.label_positions, weights=e.absorbed, minlength=e.n_clusters)
    result = []
    for k in np.flatnonzero(sizes)[:_MAX_CLUSTERS]:
        strongest = np.argsort(-np.abs(means[k]), kind="stable")[:_MAX_FEATURES]
        features = tuple((_short(e.feature_names[i]), float(means[k, i])) for i in strongest)
        result.append(
            _Cluster(
                _short(str(e.cluster_names[k])),
                int(sizes[k]),
                float(logits[k] / sizes[k]),
                float(absorbed[k] / sizes[k]),
                features,
            )
        )
    return result


def _rest(e: Explanation) -> list[str]:
    hidden = len(np.unique(e.labels)) - _MAX_CLUSTERS
    return [f"… and {hidden:,} more clusters"] if hidden > 0 else []


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"
