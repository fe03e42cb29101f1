"""The commands and their options (Typer)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import neonxai
from neonxai.cli.group import Shell
from neonxai.cli.scaling import Missing, Scale  # noqa: TC001  (Typer reads the annotations)
from neonxai.cli.screen import Screen

__all__ = ["app", "shell"]

_EXIT_CODES = """\b
Exit codes:
  0    all went well
  1    an unexpected failure, or packages of neonxai[cli] are missing
  2    bad usage or bad input: an option, a file or a value in it
  3    an output exists and would be overwritten
  130  interrupted from the keyboard"""


# A "\b" keeps Click from wrapping the lines of a paragraph.
_NEONXAI_EXAMPLES = """\b
Examples:
  neonxai demo
  neonxai explain wine.csv --clusters 3 --drop target
  neonxai explain customers.csv --labels segment
  neonxai explain --help

"""
_DEMO_EXAMPLES = """\b
Examples:
  neonxai demo
  neonxai demo --out wine-study --overwrite

"""
_EXPLAIN_EXAMPLES = """\b
Examples:
  neonxai explain wine.csv --clusters 3
  neonxai explain wine.csv --clusters 3 --drop target --id name --out why.csv
  neonxai explain wine.csv --clusters 3 --summary --out clusters.csv
  neonxai explain new.csv --centers centers.csv --scale none --beta inf
  neonxai explain customers.csv --labels segment --noise unassigned
  neonxai explain customers.csv --model segments.skops
  neonxai explain wine.csv --clusters 3 --json --quiet | jq .clusters

"""

app = typer.Typer(
    cls=Shell,
    name="neonxai",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:  # noqa: FBT001  (Typer calls it)
    if asked:
        typer.echo(f"neonxai {neonxai.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog=_NEONXAI_EXAMPLES + _EXIT_CODES)
def _neonxai(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001  (its callback does the work)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[  # noqa: ARG001  (taken out before parsing; here for the help)
        bool,
        typer.Option(
            "--debug", help="Show the traceback of a failure, as NEONXAI_DEBUG=1 does. May stand anywhere."
        ),
    ] = False,
) -> None:
    """Explain any clustering: which columns put each row where it is, exactly."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("demo", short_help="The wine study: nine wines, and why.", epilog=_DEMO_EXAMPLES + _EXIT_CODES)
def _demo(
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder for figures and relevances; made if it is not there."
        ),
    ] = Path("neonxai-demo"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the files of an earlier demo.")
    ] = False,
) -> None:
    """The wine study: cluster 178 wines, and explain the nine that are not with their class.

    Takes a few seconds. Shows the nine wines as a table, and writes map.png,
    heatmap.png, a sample-ROW.png for each of the nine, relevance.csv and
    explanation.npz to DIR.
    """
    from neonxai.cli.demo import run

    run(out, Screen(), overwrite=overwrite)


@app.command(
    "explain",
    short_help="Cluster a table, or take its labels; say what put each row where.",
    epilog=_EXPLAIN_EXAMPLES + _EXIT_CODES,
)
def _explain(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A table: .csv .tsv .parquet .arrow .feather .ipc .jsonl .ndjson",
            show_default=False,
        ),
    ],
    *,
    clusters: Annotated[
        str | None,
        typer.Option(
            "--clusters",
            metavar="K",
            help="Cluster into K by k-means (best of 10 starts).",
            show_default=False,
        ),
    ] = None,
    centers: Annotated[
        Path | None,
        typer.Option(
            "--centers",
            metavar="FILE",
            help="Instead: centers that you have, a row each, in the units of DATA "
            "(they are scaled as the data are). Columns are matched by name; "
            "further columns of FILE are ignored, and listed.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="COLUMN",
            help="Instead: a column of DATA with the cluster of each row, numbers or text, from any "
            "algorithm or any hand. It is taken out of the other columns; these explain it.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="Instead: a clustering or a Pipeline that you have fitted, saved with skops.io.dump. Its "
            "columns are matched by name.",
            show_default=False,
        ),
    ] = None,
    trust: Annotated[
        str | None,
        typer.Option(
            "--trust",
            metavar="TYPE,TYPE",
            help="Of --model: types in FILE that may be loaded beside those that skops trusts. Loading one "
            "can run any code, so name only what you know.",
            show_default=False,
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            "--noise",
            metavar="LABEL",
            help="Of --labels: what the rows of no cluster are called; '' if all are clusters. "
            "By default -1, where labels are whole numbers.",
            show_default=False,
        ),
    ] = None,
    gamma: Annotated[
        str | None,
        typer.Option(
            "--gamma",
            metavar="auto|NUMBER|inf",
            help="Of --labels: how near rows must be to count, 1 / squared width; inf the nearest row of "
            "each cluster only, auto (the default) where the labels are likeliest.",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B,C", help="Use these columns.", show_default=False)
    ] = None,
    drop: Annotated[
        str | None,
        typer.Option("--drop", metavar="A,B", help="Use all columns but these.", show_default=False),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="COLUMN",
            help="Names of the rows, of any type: left out of the clustering, and written first to --out.",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[
        Scale | None,
        typer.Option("--scale", help="What to do to each column beforehand.", show_default="standard"),
    ] = None,
    missing: Annotated[
        Missing | None,
        typer.Option(
            "--missing",
            help="What a missing value is: a number the column's median and a category one of its own, or an "
            "error.",
            show_default="impute",
        ),
    ] = None,
    beta: Annotated[
        str,
        typer.Option(
            "--beta",
            metavar="auto|NUMBER|inf",
            help="How far beyond the nearest rival the explanation looks: 0 all rivals alike, "
            "inf the nearest only, auto 1 / mean logit.",
        ),
    ] = "auto",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of k-means.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write cluster, competitor, logit, probability and a relevance per column for every row "
            "(and what no column accounts for, absorbed, for --labels); "
            "the ending says in which format. Without it nothing is written.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it exists.")] = False,
    summary: Annotated[
        bool,
        typer.Option(
            "--summary",
            help="Show, and write to --out, one row per cluster: the mean relevance of each column.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show nothing but errors.")] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print a JSON summary to stdout and nothing else; messages go to stderr."
        ),
    ] = False,
) -> None:
    """Cluster the rows of DATA, and say which columns put each row where it is.

    Or take a clustering that you have: its centers, a column with its labels, or
    the fitted model.

    The relevances of a row sum to its logit: how much nearer its cluster is than
    the nearest rival, as the difference of two squared distances on the scaled
    columns. Columns are numbers (true and false count as 1 and 0), or text of few
    different values, which are encoded; missing values are filled in. Leave out
    names and dates with --drop.
    """
    from neonxai.cli.explain import run
    from neonxai.cli.request import Request

    request = Request(
        data=data,
        clusters=clusters,
        centers=centers,
        labels=labels,
        model=model,
        trust=trust,
        noise=noise,
        gamma=gamma,
        columns=columns,
        drop=drop,
        key=key,
        given_scale=scale,
        given_missing=missing,
        beta=beta,
        seed=seed,
        out=out,
        overwrite=overwrite,
        summary=summary,
        quiet=quiet,
        json=as_json,
    )
    run(request, Screen(quiet=quiet, as_json=as_json))


def shell() -> None:
    """Run the shell on ``sys.argv``.

    Raises
    ------
    SystemExit
        Always, with one of the codes of :mod:`neonxai.cli`.
    """
    app()
