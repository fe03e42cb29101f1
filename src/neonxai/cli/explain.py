"""``neonxai explain``: cluster the rows of a file, or take a clustering, and say what put each where."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import neonxai
from neonxai.cli import describe, notes, show, written
from neonxai.cli.columns import select
from neonxai.cli.errors import ExitCode, ShellError
from neonxai.cli.labels import given_labels
from neonxai.cli.models import check_model, described, frame_for, match_columns, not_explained
from neonxai.cli.prepared import cluster, prepare, read_centers
from neonxai.cli.preprocessing import recipe
from neonxai.cli.request import parse_beta, parse_clusters, parse_gamma
from neonxai.cli.result import Result, StandIn
from neonxai.cli.saved import load_saved
from neonxai.cli.tables import check_writable, read_table, write_table
from neonxai.cli.values import any_values, values_of
from neonxai.networks import SupportNetwork
from neonxai.networks.folded import FoldedNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from neonxai.cli.columns import Selection
    from neonxai.cli.prepared import Prepared
    from neonxai.cli.request import Request
    from neonxai.cli.screen import Screen
    from neonxai.cli.tables import DataFile
    from neonxai.explanation import Explanation

__all__ = ["explain", "run"]


def run(request: Request, screen: Screen) -> None:
    """Do what ``neonxai explain`` was asked to do.

    Parameters
    ----------
    request : Request
        The arguments.
    screen : Screen
        Where to show things.

    Raises
    ------
    ShellError
        If an argument, a file or a value is of no use.
    """
    request.check()
    result = explain(request, screen)
    if request.out is not None:
        _write(written.cluster_frame(result) if request.summary else written.row_frame(result), request)
    if request.json:
        screen.json(describe.facts(request, result))
    show.report(request, result, screen)


def explain(request: Request, screen: Screen) -> Result:
    """Read, choose, prepare, cluster and explain.

    Parameters
    ----------
    request : Request
        The arguments, checked.
    screen : Screen
        Where progress is shown.

    Returns
    -------
    Result

    Raises
    ------
    ShellError
        If a file or a value in it is of no use.
    """
    data = read_table(request.data)
    selection = select(
        data.frame.columns, request.columns, request.drop, data.what, key=request.key, labels=request.labels
    )
    if request.model is not None:
        return _with_model(request, data, selection, screen)
    given = None if selection.labels is None else given_labels(data, selection.labels, request.noise)
    values = values_of(data, selection.used, refuse_missing=request.refuse_missing)
    keys = _keys(data, selection, request)
    centers, ignored = (None, ()) if request.centers is None else read_centers(request, values, data)
    prepared = prepare(values, centers, request, data.what)
    said = notes.about_columns(values.matrix, selection, request)
    said += [] if given is None else notes.about_labels(given, values)
    said += notes.about_spread(values, request)
    said += notes.about_missing(values)
    # Of labels, every row is a point that stands in for its cluster.
    count = len(prepared.points) if given is not None else _count(request, prepared)
    doing = "Clustering" if given is None else "Comparing"
    with screen.progress(prepared.points.size * count, doing) as progress:
        model: Any
        if given is not None:
            model = neonxai.Labels(given.values, noise=given.noise)
        elif prepared.centers is not None:
            model = neonxai.Centroids(prepared.centers)
        else:
            model, warned = cluster(prepared, request)
            said += warned
        explainer, explanation, warned = _explain(
            model, prepared.frame, request, data, progress, prepared.transformer
        )
    said += warned
    stand_in = _stand_in(explainer)
    if stand_in is not None:
        said += notes.about_logits(explanation, stand_in)
    if request.clusters is not None:
        said += notes.about_two_clusters(explanation)
    made = None if values.are_plain else recipe(values, request.scale)
    return Result(explanation, explainer, values, selection, keys, ignored, tuple(said), stand_in, made)


def _with_model(request: Request, data: DataFile, selection: Selection, screen: Screen) -> Result:
    """Explain a model of the user's own."""
    assert request.model is not None  # noqa: S101  (for the type checker)
    what = f"--model {request.model}"
    model, said = load_saved(request.model, "--model", request.trust)
    check_model(model, what)
    selection, ignored, told = match_columns(model, selection, what, data.what)
    values = any_values(data, selection.used)
    keys = _keys(data, selection, request)
    frame = frame_for(values, what)
    with screen.progress(values.frame.height * values.frame.width, "Reading the model") as progress:
        explainer, explanation, warned = _explain(model, frame, request, data, progress)
    said += warned
    stand_in = _stand_in(explainer)
    if stand_in is not None:
        said += notes.about_logits(explanation, stand_in)
    said += notes.about_targets(explanation)
    return Result(
        explanation,
        explainer,
        values,
        selection,
        keys,
        ignored,
        (*told, *said),
        stand_in,
        model=described(model),
    )


def _keys(data: DataFile, selection: Selection, request: Request) -> pl.Series | None:
    if selection.key is None:
        return None
    keys = data.keys(selection.key)
    if request.out is not None and not request.summary:
        check_writable(keys, request.out, f"--id {selection.key}")
    return keys


def _count(request: Request, prepared: Prepared) -> int:
    return parse_clusters(request.clusters or "") if prepared.centers is None else len(prepared.centers)


def _explain(
    model: Any,
    frame: Any,
    request: Request,
    data: DataFile,
    progress: Callable[[int, int], None] | None,
    preprocessing: Any = None,
) -> tuple[neonxai.ClusterExplainer, Explanation, list[str]]:
    """Explain all rows: by what, and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # A note says so instead, and what it means here.
        warnings.simplefilter("ignore", neonxai.LowAgreementWarning)
        try:
            explainer = neonxai.ClusterExplainer(
                model,
                beta=parse_beta(request.beta),
                gamma=parse_gamma(request.gamma),
                preprocessing=preprocessing,
            ).fit(frame)
            explanation = explainer.explain(frame, labels=explainer.labels_, progress=progress)
        except ValueError as error:
            # Python counts the rows of an array; the user sees the lines of a file.
            cause = re.sub(r"\brow (\d+)\b", lambda found: data.place(int(found[1])), str(error))
            what = data.what if request.model is None else f"{data.what} by --model {request.model}"
            raise ShellError(what, " ".join(cause.split())) from error
        except (TypeError, AttributeError, LookupError) as error:
            if request.model is None:
                raise
            raise not_explained(error, f"--model {request.model}") from error
    said = list(dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught))
    return explainer, explanation, said


def _stand_in(explainer: neonxai.ClusterExplainer) -> StandIn | None:
    if explainer.agreement_ is None:
        return None
    network = explainer.network_
    if isinstance(network, FoldedNetwork):
        network = network.inner
    assert isinstance(network, SupportNetwork)  # noqa: S101  (for the type checker)
    noise = next((explainer.cluster_names_[k] for k in network.bystanders), None)
    return StandIn(noise, network.gamma, network.threshold)


def _write(table: pl.DataFrame, request: Request) -> None:
    assert request.out is not None  # noqa: S101  (for the type checker)
    what = f"--out {request.out}"
    try:
        write_table(table, request.out, overwrite=request.overwrite)
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
