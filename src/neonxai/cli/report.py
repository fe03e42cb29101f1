"""``neonxai report``: what ``neonxai explain`` finds, as one page."""

from __future__ import annotations

import webbrowser
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from neonxai.cli import show as shown
from neonxai.cli.errors import ExitCode, ShellError
from neonxai.cli.explain import explain
from neonxai.cli.output import check_output
from neonxai.cli.reproduce import in_python, in_the_shell
from neonxai.report import Report, gather, write
from neonxai.report.facts import Model

if TYPE_CHECKING:
    from pathlib import Path

    from neonxai.cli.request import Request
    from neonxai.cli.result import Result
    from neonxai.cli.screen import Screen

__all__ = ["facts_of", "run"]

_NEEDED = ("jinja2", "plotly")
_ENDINGS = (".html", ".htm")


def run(request: Request, page: Path, screen: Screen, *, title: str | None, show: bool) -> None:
    """Do what ``neonxai report`` was asked to do.

    Parameters
    ----------
    request : Request
        The arguments that it shares with ``neonxai explain``.
    page : Path
        Where the page shall go.
    screen : Screen
        Where to show things.
    title : str or None
        The heading.
    show : bool
        Whether to open the page in the browser.

    Raises
    ------
    ShellError
        If an argument, a file or a value is of no use.
    """
    request.check()
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        seen = f"a report is made with {' and '.join(missing)}, missing here"
        raise ShellError(
            "missing packages", seen, 'Install them with: pip install "neonxai[report]"', ExitCode.FAILURE
        )
    what = f"--out {page}"
    if page.suffix.lower() not in _ENDINGS:
        seen = f"its ending is {page.suffix}" if page.suffix else "it has no ending"
        raise ShellError(what, f"a report is a page of HTML, but {seen}", "Name it report.html, or the like.")
    inputs = [path for path in (request.data, request.centers, request.model) if path is not None]
    check_output(page, overwrite=request.overwrite, inputs=inputs)
    result = explain(request, screen)
    e = result.explanation
    with screen.progress(e.n_samples * e.n_features * e.n_clusters, "Comparing with rivals") as progress:
        report = facts_of(request, result, page, title, progress)
    try:
        write(report, page, overwrite=request.overwrite)
    except FileExistsError as error:
        raise ShellError(
            what,
            "the file came into being meanwhile",
            "Add --overwrite, or choose another name.",
            ExitCode.OUTPUT_EXISTS,
        ) from error
    except OSError as error:
        raise ShellError(
            what, f"writing failed ({error.strerror or error})", "Free some space?", ExitCode.FAILURE
        ) from error
    shown.decisions(request, result, screen)
    for doubt in report.warnings:
        if doubt.kind != "note":
            screen.say(f"Warning: {doubt.title}. {doubt.text}", style="yellow")
    screen.say(f"Wrote the report to {page} ({page.stat().st_size / 1e6:.1f} MB); any browser opens it.")
    if show:
        webbrowser.open(page.absolute().as_uri())


def facts_of(
    request: Request, result: Result, page: Path, title: str | None = None, progress: Any = None
) -> Report:
    """Put together the facts of the page.

    Parameters
    ----------
    request : Request
        What was asked.
    result : Result
        What was found.
    page : Path
        Where the page shall go, for the commands in it.
    title : str, optional
        The heading.
    progress : callable(done, total), optional
        Called as rows are compared with rivals.
    """
    names = None if result.keys is None else ["" if key is None else str(key) for key in result.keys]
    return gather(
        result.explanation,
        explainer=result.explainer,
        values=result.values.frame,
        names=names,
        title=title,
        source=request.data.name,
        model=_model(request, result),
        notes=result.notes,
        commands=[
            ("shell", in_the_shell(request, page, title)),
            ("python", in_python(request, result, page)),
        ],
        progress=progress,
    )


def _model(request: Request, result: Result) -> Model:
    """What the clustering is, and what happens to the columns before."""
    e = result.explanation
    known: dict[str, Any] = {}
    if request.clusters is not None:
        name, known = "k-means", {"K": request.clusters, "starts": 10, "seed": request.seed}
    elif request.centers is not None:
        name = f"centers of {request.centers.name}"
    elif request.model is not None:
        name, known = result.model, {"file": request.model.name}
    else:
        name = f"the labels in {request.labels}"
    if request.model is None:
        known["scale"] = f"{request.scale}: {request.scale.description}"
    if result.recipe is not None and result.recipe.imputed:
        known["missing numbers"] = "the column's median"
    if result.recipe is not None and result.recipe.categories:
        known["categories"] = f"one-hot, {request.scale.of_codes}"
    if result.stand_in is not None:
        known["γ"] = "∞" if np.isinf(result.stand_in.gamma) else f"{result.stand_in.gamma:.4g}"
    return Model(name, tuple((key, str(value)) for key, value in known.items()), e.n_clusters)
