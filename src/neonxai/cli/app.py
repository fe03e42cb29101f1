"""The commands and their options (Typer), and the one place where failures become messages and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence  # noqa: TC003  (Typer reads the annotations)
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import neonxai
from neonxai.cli.errors import ExitCode, ShellError
from neonxai.cli.scaling import Scale
from neonxai.cli.screen import Screen
from neonxai.text import printable

__all__ = ["app", "shell"]

_INTERRUPTED = "neonxai: interrupted"

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
  neonxai explain wine.csv --clusters 3 --drop id,target --out why.parquet
  neonxai explain wine.csv --clusters 3 --summary --out clusters.csv
  neonxai explain new.csv --centers centers.csv --scale none --beta inf
  neonxai explain wine.csv --clusters 3 --json --quiet | jq .clusters

"""


class _Shell(TyperGroup):
    """A group of commands that turns every failure into one message and an exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **options: Any) -> Any:
        """Run a command and exit."""
        given = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in given or os.environ.get("NEONXAI_DEBUG", "0") not in {"", "0"}
        # Taken out here, so that it may stand anywhere on the line.
        given = [word for word in given if word != "--debug"]
        options |= {"args": given, "prog_name": "neonxai", "standalone_mode": False}
        try:
            code = super().main(**options)
        except Exception as error:  # noqa: BLE001  (the last stop: a message for everyone, the traceback on request)
            if debug:
                sys.stderr.write("\n".join(map(printable, traceback.format_exc().split("\n"))))
            message, code = _told(error)
            sys.stderr.write(f"{printable(message)}\n")
        else:
            # Newer versions of Typer return this code where older ones raise Abort.
            if code == ExitCode.INTERRUPTED:
                sys.stderr.write(f"{_INTERRUPTED}\n")
        raise SystemExit(code if isinstance(code, int) else ExitCode.OK)


def _told(error: Exception) -> tuple[str, ExitCode]:
    """Return the message and the exit code for a failure."""
    if isinstance(error, ShellError):
        return str(error), error.code
    if isinstance(error, typer.Abort):
        return _INTERRUPTED, ExitCode.INTERRUPTED
    # Errors of usage are known by what they can do: Typer brings them along in modules that vary by version.
    describe = getattr(error, "format_message", None)
    if callable(describe):
        path = getattr(getattr(error, "ctx", None), "command_path", "neonxai")
        cause = str(describe()).rstrip(".")
        return f'neonxai: usage: {cause}. See "{path} --help".', ExitCode.BAD_INPUT
    cause = " ".join(str(error).split()).rstrip(".") or "no message"
    remedy = "This should not happen; please report it with what --debug shows."
    return f"neonxai: {type(error).__name__}: {cause}. {remedy}", ExitCode.FAILURE


app = typer.Typer(
    cls=_Shell, name="neonxai", add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
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


@app.command("demo", epilog=_DEMO_EXAMPLES + _EXIT_CODES)
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


@app.command("explain", epilog=_EXPLAIN_EXAMPLES + _EXIT_CODES)
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
            "further columns of FILE are ignored.",
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
    scale: Annotated[
        Scale, typer.Option("--scale", help="What to do to each column before clustering.")
    ] = Scale.STANDARD,
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
            help="Write cluster, competitor, logit, probability and a relevance per column for every row; "
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

    The relevances of a row sum to its logit: how much nearer its cluster is than
    the nearest rival, as the difference of two squared distances on the scaled
    columns. All columns must be numbers without gaps (true and false count as
    1 and 0); leave out others with --drop.
    """
    from neonxai.cli.explain import run
    from neonxai.cli.request import Request

    request = Request(
        data=data,
        clusters=clusters,
        centers=centers,
        columns=columns,
        drop=drop,
        scale=scale,
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
