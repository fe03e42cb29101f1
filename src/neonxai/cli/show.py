"""What ``neonxai explain`` shows: what it decided, and the clusters as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.text import Text

from neonxai.cli.describe import cluster_facts, typical_values
from neonxai.cli.layout import abreast, fitting, plain_table
from neonxai.cli.names import listed, shorten
from neonxai.cli.request import parse_beta, parse_gamma

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from rich.table import Table

    from neonxai.cli.describe import ClusterFacts, Typical
    from neonxai.cli.preprocessing import Category, Recipe
    from neonxai.cli.request import Request
    from neonxai.cli.result import Result, StandIn
    from neonxai.cli.screen import Screen
    from neonxai.explanation import Explanation

__all__ = ["decisions", "report"]

_STRONGEST: Final = 3
_MAX_FEATURES: Final = 40
_MAX_NAME: Final = 22  # with it the table of clusters fits 80 columns
_LEAST_NAME: Final = 8
_LEAST_SUMMARY_NAME: Final = 12
_MAX_CLUSTER: Final = 12
_MAX_WORD: Final = 12
_CLUSTERS_ABREAST: Final = 6
_NAME: Final = "column"
_MEANINGS: Final = {
    "prob.": "mean probability",
    "relevance": "mean over the cluster's rows, in the unit of the logit",
    "mean": "the column's mean in the cluster, in the units of the file",
    "all": "its mean over all rows",
}
_OF_CATEGORIES: Final = {
    "mean": "the column's mean in the cluster, in the units of the file, or the category that it has more of "
    "than all rows, with its share",
    "all": "the mean, or the share, over all rows",
}


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
    decisions(request, result, screen)
    clusters = cluster_facts(e, result.values.matrix)
    if request.summary:
        for table in _summary_tables(e, clusters, _noise(result), screen.width):
            screen.show(table)
        if len(e.feature_names) > _MAX_FEATURES:
            rest = len(e.feature_names) - _MAX_FEATURES
            screen.say(f"… and {rest} columns of less relevance; --out FILE holds them all.")
    else:
        screen.show(_cluster_table(e, clusters, result, screen.width))
    if request.out is not None:
        content = f"{len(clusters)} clusters" if request.summary else f"{len(e)} rows"
        screen.say(f"Wrote {content} to {request.out}")


def decisions(request: Request, result: Result, screen: Screen) -> None:
    """Say what was decided on the way, and what there is to note.

    Parameters
    ----------
    request, result, screen
        As for `report`.
    """
    e = result.explanation
    used, dropped, key = result.selection.used, result.selection.dropped, result.selection.key
    labels = result.selection.labels
    screen.say(f"Read {request.data}: {len(e)} rows, {len(used) + len(dropped)} columns.")
    screen.say(f"Used {_columns(len(used))}: {listed(used)}.")
    kept = [] if key is None or request.summary else [key]
    ignored = result.ignored if request.model is not None else ()  # a note says so
    left_out = [name for name in dropped if name not in {*kept, labels, *ignored}]
    if left_out:
        screen.say(f"Left out {_columns(len(left_out))}: {listed(left_out)}.")
    if kept:
        screen.say(f"Kept as names of rows: {listed(kept)}.")
    if result.recipe is not None:
        _say_recipe(result.recipe, screen)
    elif request.model is None:
        screen.say(f"Scale {request.scale}: {request.scale.description}.")
    if request.model is not None:
        screen.say(f"Clusters: {len(e.cluster_names)}, by {request.model}, {_article(result.model)}.")
    elif result.stand_in is not None:
        screen.say(f"Clusters: the labels in {listed([str(labels)])}, {_counted(e, result.stand_in)}.")
    elif request.centers is None:
        screen.say(f"Clusters: k-means, K = {len(e.cluster_names)}, best of 10 starts, seed {request.seed}.")
    else:
        scaled = "" if request.scale == "none" else ", scaled as the data are"
        screen.say(
            f"Clusters: {len(e.cluster_names)} centers of {request.centers}, in the data's units{scaled}."
        )
    if result.stand_in is not None:
        _say_stand_in(e, result.stand_in, request, screen)
    if result.ignored and request.centers is not None:
        screen.say(f"Ignored in {request.centers}: {listed(result.ignored)}.")
    where = " where the network puts them" if result.stand_in else ""
    auto = f" (auto: 1 / mean logit of the rows{where})" if parse_beta(request.beta) == "auto" else ""
    screen.say(f"Relevance: NEON, {e.pooling}-pooling, β = {_greek(e.beta)}{auto}.")
    for note in result.notes:
        screen.say(f"Note: {note}", style="yellow")


def _say_recipe(recipe: Recipe, screen: Screen) -> None:
    """Say what was made of which columns."""
    if recipe.numbers:
        imputed = "" if not recipe.imputed else "missing ones are the column's median; then "
        screen.say(
            f"Pipeline: numbers ({listed(recipe.numbers)}): {imputed}scale {recipe.scale}, "
            f"{recipe.scale.description}."
        )
    if recipe.categories:
        counts = listed([_encoded(c) for c in recipe.categories])
        screen.say(f"Pipeline: categories ({counts}): one-hot, {recipe.scale.of_codes}.")


def _encoded(c: Category) -> str:
    missing = " + missing" if c.with_missing else ""
    grouped = f" as {c.n_codes}" if c.is_grouped else ""
    return f"{c.name} {c.n_values}{missing}{grouped}"


def _article(kind: str) -> str:
    return f"{'an' if kind[:1] in 'AEIO' else 'a'} {kind}"


def _counted(e: Explanation, stand_in: StandIn) -> str:
    n_clusters = e.n_clusters - (stand_in.noise is not None)
    clusters = "1 cluster" if n_clusters == 1 else f"{n_clusters} clusters"
    noise = "" if stand_in.noise is None else f", and noise, {shorten(str(stand_in.noise))}"
    return f"{clusters}{noise}"


def _say_stand_in(e: Explanation, stand_in: StandIn, request: Request, screen: Screen) -> None:
    """Say what stands in for the clustering, and how well."""
    n = len(e)
    auto = " (auto: the labels are likeliest there)" if parse_gamma(request.gamma) == "auto" else ""
    beyond = f"; noise is beyond {stand_in.threshold:.4g} from all" if stand_in.noise is not None else ""
    unknown = "What made them" if request.model is None else "More than its labels"
    screen.say(
        f"{unknown} is not known, so a network stands in for it: a row belongs to the cluster whose rows "
        f"are nearest, γ = {_greek(stand_in.gamma)}{auto}{beyond}."
    )
    assert e.agreement is not None  # noqa: S101  (for the type checker)
    screen.say(
        f"Agreement: {e.agreement:.1%}, {round(e.agreement * n)} of {n} rows are where their label says."
    )


def _greek(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.4g}"


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _cluster_table(e: Explanation, clusters: Sequence[ClusterFacts], result: Result, room: int) -> Table:
    matrix = result.values.matrix
    there = ~np.isnan(matrix)
    overall = np.where(there, matrix, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    typical = typical_values(e, result.values)
    lines = [
        line
        for c, common in zip(clusters, typical, strict=True)
        for line in _lines(e, c, overall, common, _noise(result))
    ]
    widths = {
        header: _LEAST_NAME if header == _NAME else max(len(header), *(len(line[header]) for line in lines))
        for header in lines[0]
    }
    shown = fitting(widths, room, ("all", "mean", "prob.", "rival", "rows"))
    left_out = [header for header in widths if header not in shown]
    meanings = _MEANINGS | (_OF_CATEGORIES if result.values.categories else {})
    said = [f"{header}: {said}." for header, said in meanings.items() if header in shown]
    if _noise(result) is not None:
        said.append("Noise: how far its rows are from the nearest cluster.")
    if left_out:
        said.append(f"Not shown for want of width: {', '.join(left_out)}.")
    table = plain_table(f"Clusters, with the {_STRONGEST} columns that speak most for each", " ".join(said))
    for header in shown:
        if header == _NAME:
            table.add_column(header, min_width=_LEAST_NAME)
        else:
            table.add_column(header, justify="right", no_wrap=True)
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        cells = (_name(line[header]) if header == _NAME else Text(line[header]) for header in shown)
        table.add_row(*cells, end_section=following is None or bool(following["cluster"]))
    return table


def _lines(
    e: Explanation,
    c: ClusterFacts,
    overall: NDArray[np.float64],
    typical: Mapping[str, Typical],
    noise: Any,
) -> list[dict[str, str]]:
    """Return the lines of a cluster: its own figures in the first, and one of its strongest columns each."""
    own = {
        "cluster": _cluster(c.name, noise),
        "rows": str(c.size),
        "prob.": _real(c.probability, ".2f"),
        "rival": "-" if c.rival is None else _cluster(c.rival, noise),
    }
    strongest = c.strongest(_STRONGEST)
    if not strongest:
        return [own | {_NAME: "none", "relevance": "", "mean": "", "all": ""}]
    return [
        (own if place == 0 else dict.fromkeys(own, ""))
        | {
            _NAME: e.feature_names[i],
            "relevance": f"{c.relevance[i]:+#.3g}",
            **_middle(c.means[i], overall[i], typical.get(e.feature_names[i])),
        }
        for place, i in enumerate(strongest)
    ]


def _middle(mean: float, overall: float, common: Typical | None) -> dict[str, str]:
    if common is None:
        return {"mean": _real(mean, ".4g"), "all": f"{overall:.4g}"}
    word = "missing" if common.value is None else shorten(common.value, _MAX_WORD)
    return {"mean": f"{word} {common.share:.0%}", "all": f"{common.share_of_all:.0%}"}


def _summary_tables(e: Explanation, clusters: Sequence[ClusterFacts], noise: Any, room: int) -> list[Table]:
    """Return the mean relevances, columns × clusters, so many clusters abreast as there is room for."""
    relevance = np.array([c.relevance for c in clusters])
    filled = np.nan_to_num(relevance)
    order = np.argsort(-np.abs(filled).max(axis=0), kind="stable")[:_MAX_FEATURES]
    heads = [f"{_cluster(c.name, noise)}\n{c.size}" for c in clusters]
    cells = [[_real(float(c.relevance[i]), "+#.3g") for i in order] for c in clusters]
    widest = max(
        len(part) for head, body in zip(heads, cells, strict=True) for part in (*head.splitlines(), *body)
    )
    step = abreast(_LEAST_SUMMARY_NAME, widest, room, _CLUSTERS_ABREAST)
    tables = []
    for start in range(0, len(clusters), step):
        table = plain_table(
            "Mean relevance of each column for each cluster",
            "In the unit of the logit; + speaks for the cluster, - against it. Strongest columns first.",
        )
        table.add_column("cluster\nrows")
        for head in heads[start : start + step]:
            table.add_column(Text(head), justify="right", no_wrap=True)
        for place, i in enumerate(order):
            table.add_row(_name(e.feature_names[i]), *(body[place] for body in cells[start : start + step]))
        tables.append(table)
    return tables


def _noise(result: Result) -> Any:
    return None if result.stand_in is None else result.stand_in.noise


def _cluster(name: Any, noise: Any) -> str:
    shown = shorten(str(name), _MAX_CLUSTER)
    return f"{shown} (noise)" if name == noise and shown.lower() != "noise" else shown


def _name(feature: str) -> Text:
    # The one cell that a narrow terminal may cut; numbers must stay whole.
    return Text(shorten(feature, _MAX_NAME), no_wrap=True, overflow="ellipsis")


def _real(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "-"
