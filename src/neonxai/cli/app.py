"""The commands and their options (Typer)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import neonxai
from neonxai.cli.group import Shell
from neonxai.cli.options import (  # noqa: TC001  (Typer reads the annotations)
    Beta,
    Centers,
    Clusters,
    Columns,
    Data,
    Drop,
    Gamma,
    GivenMissing,
    GivenScale,
    Key,
    Labels,
    ModelFile,
    Noise,
    Overwrite,
    Quiet,
    Seed,
    Trust,
)
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
  neonxai report wine.csv --clusters 3
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

_REPORT_EXAMPLES = """\b
Examples:
  neonxai report wine.csv --clusters 3
  neonxai report penguins.csv --clusters 3 --drop year --out penguins.html
  neonxai report customers.csv --labels segment --id customer --open
  neonxai report customers.csv --model segments.skops --title Segments

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
    data: Data,
    *,
    clusters: Clusters = None,
    centers: Centers = None,
    labels: Labels = None,
    model: ModelFile = None,
    trust: Trust = None,
    noise: Noise = None,
    gamma: Gamma = None,
    columns: Columns = None,
    drop: Drop = None,
    key: Key = None,
    scale: GivenScale = None,
    missing: GivenMissing = None,
    beta: Beta = "auto",
    seed: Seed = 0,
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
    overwrite: Overwrite = False,
    summary: Annotated[
        bool,
        typer.Option(
            "--summary",
            help="Show, and write to --out, one row per cluster: the mean relevance of each column.",
        ),
    ] = False,
    quiet: Quiet = False,
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


@app.command(
    "report",
    short_help="The same as one page to look at and to send to others.",
    epilog=_REPORT_EXAMPLES + _EXIT_CODES,
)
def _report(
    data: Data,
    *,
    clusters: Clusters = None,
    centers: Centers = None,
    labels: Labels = None,
    model: ModelFile = None,
    trust: Trust = None,
    noise: Noise = None,
    gamma: Gamma = None,
    columns: Columns = None,
    drop: Drop = None,
    key: Key = None,
    scale: GivenScale = None,
    missing: GivenMissing = None,
    beta: Beta = "auto",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page, an .html file.")] = Path(
        "report.html"
    ),
    overwrite: Overwrite = False,
    title: Annotated[
        str | None,
        typer.Option("--title", metavar="TEXT", help="The heading of the page.", show_default=False),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    quiet: Quiet = False,
) -> None:
    """Explain as "neonxai explain" does, and write one page that shows it all.

    The page holds everything that it needs: send it to somebody who has nothing
    installed. It says what the clusters are, what tells them apart, why a row is
    where it is, which rows are in doubt, and what there is to distrust.
    """
    from neonxai.cli.report import run
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
        out=None,
        overwrite=overwrite,
        summary=False,
        quiet=quiet,
        json=False,
    )
    run(request, out, Screen(quiet=quiet), title=title, show=show)


def shell() -> None:
    """Run the shell on ``sys.argv``.

    Raises
    ------
    SystemExit
        Always, with one of the codes of :mod:`neonxai.cli`.
    """
    app()
