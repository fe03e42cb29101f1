"""What ``neonxai explain`` shows: what it decided, and the clusters as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from neonxai.cli.describe import cluster_facts
from neonxai.cli.names import listed, shorten
from neonxai.cli.request import parse_beta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neonxai.cli.describe import ClusterFacts
    from neonxai.cli.explain import Result
    from neonxai.cli.request import Request
    from neonxai.cli.screen import Screen
    from neonxai.explanation import Explanation

__all__ = ["plain_table", "report"]

_STRONGEST: Final = 3
_MAX_FEATURES: Final = 40
_MAX_NAME: Final = 22  # with it the table of clusters fits 80 columns
_CLUSTERS_ABREAST: Final = 6


def report(request: Request, result: Result, screen: Screen) -> None:
    """Show what was decided and what was found.

    Parameters
    ----------
    request : Request
        What was asked.
    result : Result
        What was found.
    screen : Screen
        Where to.
    """
    e = result.explanation
    _say_decisions(request, result, screen)
    clusters = cluster_facts(e, result.values)
    if request.summary:
        for table in _summary_tables(e, clusters):
            screen.show(table)
        if len(e.feature_names) > _MAX_FEATURES:
            rest = len(e.feature_names) - _MAX_FEATURES
            screen.say(f"… and {rest} columns of less relevance; --out FILE holds them all.")
    else:
        screen.show(_cluster_table(e, clusters, result.values.mean(axis=0)))
    if request.out is not None:
        content = f"{len(clusters)} clusters" if request.summary else f"{len(e)} rows"
        screen.say(f"Wrote {content} to {request.out}")


def plain_table(title: str, caption: str) -> Table:
    """Return an empty table in the house's style, fit for 80 columns."""
    return Table(
        title=Text(title),
        caption=Text(caption),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title_justify="left",
        caption_justify="left",
        title_style="bold",
    )


def _say_decisions(request: Request, result: Result, screen: Screen) -> None:
    e = result.explanation
    used, dropped = result.selection.used, result.selection.dropped
    screen.say(f"Read {request.data}: {len(e)} rows, {len(used) + len(dropped)} columns.")
    screen.say(f"Used {_columns(len(used))}: {listed(used)}.")
    if dropped:
        screen.say(f"Left out {_columns(len(dropped))}: {listed(dropped)}.")
    screen.say(f"Scale {request.scale}: {request.scale.description}.")
    if request.centers is None:
        screen.say(f"Clusters: k-means, K = {len(e.cluster_names)}, best of 10 starts, seed {request.seed}.")
    else:
        scaled = "" if request.scale == "none" else ", scaled as the data are"
        screen.say(
            f"Clusters: {len(e.cluster_names)} centers of {request.centers}, in the data's units{scaled}."
        )
    auto = " (auto: 1 / mean logit of the rows)" if parse_beta(request.beta) == "auto" else ""
    beta = "∞" if math.isinf(e.beta) else f"{e.beta:.4g}"
    screen.say(f"Relevance: NEON, {e.pooling}-pooling, β = {beta}{auto}.")
    for note in result.notes:
        screen.say(f"Note: {note}", style="yellow")


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _cluster_table(e: Explanation, clusters: Sequence[ClusterFacts], overall: np.ndarray) -> Table:
    table = plain_table(
        f"Clusters, with the {_STRONGEST} columns that speak most for each",
        "prob.: mean probability. relevance: mean over the cluster's rows, in the unit of the logit. "
        "mean, all: the column's mean in the cluster and over all rows, in the units of the file.",
    )
    for header in ("cluster", "rows", "prob.", "rival"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("column", min_width=8)
    for header in ("relevance", "mean", "all"):
        table.add_column(header, justify="right", no_wrap=True)
    for c in clusters:
        head = [
            str(c.name),
            str(c.size),
            _real(c.probability, ".2f"),
            "-" if c.rival is None else str(c.rival),
        ]
        strongest = c.strongest(_STRONGEST)
        if not strongest:
            table.add_row(*head, "none", "", "", "", end_section=True)
        for place, i in enumerate(strongest):
            table.add_row(
                *(head if place == 0 else [""] * len(head)),
                _name(e.feature_names[i]),
                f"{c.relevance[i]:+#.3g}",
                f"{c.means[i]:.4g}",
                f"{overall[i]:.4g}",
                end_section=place == len(strongest) - 1,
            )
    return table


def _summary_tables(e: Explanation, clusters: Sequence[ClusterFacts]) -> list[Table]:
    """Return the mean relevances, columns × clusters, a few clusters abreast so that 80 columns suffice."""
    relevance = np.array([c.relevance for c in clusters])
    filled = np.nan_to_num(relevance)
    order = np.argsort(-np.abs(filled).max(axis=0), kind="stable")[:_MAX_FEATURES]
    tables = []
    for start in range(0, len(clusters), _CLUSTERS_ABREAST):
        block = clusters[start : start + _CLUSTERS_ABREAST]
        table = plain_table(
            "Mean relevance of each column for each cluster",
            "In the unit of the logit; + speaks for the cluster, - against it. Strongest columns first.",
        )
        table.add_column("cluster\nrows")
        for c in block:
            table.add_column(f"{c.name}\n{c.size}", justify="right", no_wrap=True)
        for i in order:
            table.add_row(_name(e.feature_names[i]), *(_real(float(c.relevance[i]), "+#.3g") for c in block))
        tables.append(table)
    return tables


def _name(feature: str) -> Text:
    # The one cell that a narrow terminal may cut; numbers must stay whole.
    return Text(shorten(feature, _MAX_NAME), no_wrap=True, overflow="ellipsis")


def _real(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "-"
