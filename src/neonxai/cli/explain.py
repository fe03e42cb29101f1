"""``neonxai explain``: cluster the rows of a file, or take their labels, and say what put each where."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn.cluster import KMeans

import neonxai
from neonxai.cli import describe, notes, show, written
from neonxai.cli.columns import numbers_of, select
from neonxai.cli.errors import ExitCode, ShellError
from neonxai.cli.labels import given_labels
from neonxai.cli.names import listed
from neonxai.cli.request import parse_beta, parse_clusters, parse_gamma
from neonxai.cli.result import Result, StandIn
from neonxai.cli.scaling import flat_columns, scaler
from neonxai.cli.tables import check_writable, read_table, write_table
from neonxai.networks import SupportNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neonxai.cli.columns import Selection
    from neonxai.cli.labels import GivenLabels
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
    """Read, choose, scale, cluster and explain.

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
    given = None if selection.labels is None else given_labels(data, selection.labels, request.noise)
    values = numbers_of(data, selection.used)
    keys = None if selection.key is None else data.keys(selection.key)
    if keys is not None and request.out is not None and not request.summary:
        check_writable(keys, request.out, f"--id {selection.key}")
    centers, ignored = (None, ()) if request.centers is None else _centers(request, selection, data)
    scaling = scaler(request.scale)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = scaling.fit_transform(values)
        points = None if centers is None else scaling.transform(centers)
    _check_size(scaled, selection.used, data.what, request)
    if points is not None:
        _check_size(points, selection.used, f"--centers {request.centers}", request)
    said = notes.about_columns(values, selection, request)
    said += [] if given is None else notes.about_labels(given, values, selection)
    flat = flat_columns(values, request.scale)
    if len(flat):
        names = listed([selection.used[i] for i in flat])
        said.append(f"Without spread, so only centered and not divided: {names}.")
    frame = pl.DataFrame(dict(zip(selection.used, np.asarray(scaled).T, strict=True)))
    if given is not None:
        explanation, stand_in = _explain_labels(given, frame, request, data, screen)
        said += notes.about_logits(explanation, stand_in)
        return Result(explanation, values, selection, keys, (), tuple(said), stand_in)
    count = len(points) if points is not None else parse_clusters(request.clusters or "")
    with screen.progress(frame.height * frame.width * count) as progress:
        if points is None:
            model, warned = _cluster(np.ascontiguousarray(scaled), frame, request)
            said += warned
        else:
            model = neonxai.Centroids(points)
        explanation = _explain(model, frame, request, data, progress)[0]
    if points is None:
        said += notes.about_two_clusters(explanation)
    return Result(explanation, values, selection, keys, ignored, tuple(said))


def _centers(
    request: Request, selection: Selection, data: DataFile
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the centers in the units of the file, and the columns of theirs that are not used."""
    assert request.centers is not None  # noqa: S101  (for the type checker)
    table = read_table(request.centers, "--centers")
    missing = [name for name in selection.used if name not in table.frame.columns]
    if missing:
        columns = "column" if len(missing) == 1 else "columns"
        raise ShellError(
            table.what,
            f"it lacks the {columns} {listed(missing)} of {data.what}",
            "Leave such columns of the data out with --drop, or choose those of the centers with --columns.",
        )
    if table.frame.height < 2:
        raise ShellError(
            table.what, "it has one center, but a cluster is explained against its rivals", "Give 2 or more."
        )
    ignored = tuple(name for name in table.frame.columns if name not in selection.used)
    return numbers_of(table, selection.used), ignored


def _check_size(scaled: NDArray[np.float64], names: tuple[str, ...], what: str, request: Request) -> None:
    # Overflow: the input was finite. Squares must fit as well, since distances are made of them.
    usable = (np.abs(scaled) < 1e150).all(axis=0)
    if not usable.all():
        name = names[int(np.argmin(usable))]
        raise ShellError(
            what,
            f"column {name!r} holds numbers too large to compute with (scale {request.scale})",
            "Give it in another unit, such as millions.",
        )


def _cluster(points: NDArray[np.float64], frame: pl.DataFrame, request: Request) -> tuple[KMeans, list[str]]:
    count = parse_clusters(request.clusters or "")
    distinct = frame.height if count <= frame.height else 0
    if distinct:
        distinct = frame.head(10 * count).n_unique()
        distinct = distinct if distinct >= count else frame.n_unique()
    if count > distinct:
        seen = f"{frame.height} rows" if count > frame.height else f"{distinct} different rows"
        raise ShellError(f"--clusters {count}", f"{request.data} has only {seen}", "Give a smaller number.")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = KMeans(count, n_init=10, random_state=request.seed).fit(points)
    return model, [f"k-means: {str(warning.message).splitlines()[0]}" for warning in caught]


def _explain_labels(
    given: GivenLabels, frame: pl.DataFrame, request: Request, data: DataFile, screen: Screen
) -> tuple[Explanation, StandIn]:
    model = neonxai.Labels(given.values, noise=given.noise)
    work = frame.height * frame.width * frame.height  # every row is a point that stands in for its cluster
    with screen.progress(work, "Comparing") as progress, warnings.catch_warnings():
        # A note says so instead, and what it means here.
        warnings.simplefilter("ignore", neonxai.LowAgreementWarning)
        explanation, explainer = _explain(model, frame, request, data, progress)
    network = explainer.network_
    assert isinstance(network, SupportNetwork)  # noqa: S101  (for the type checker)
    return explanation, StandIn(given.noise, network.gamma, network.threshold)


def _explain(
    model: Any,
    frame: pl.DataFrame,
    request: Request,
    data: DataFile,
    progress: Callable[[int, int], None] | None,
) -> tuple[Explanation, neonxai.ClusterExplainer]:
    try:
        explainer = neonxai.ClusterExplainer(
            model, beta=parse_beta(request.beta), gamma=parse_gamma(request.gamma)
        ).fit(frame)
        explanation = explainer.explain(frame, labels=explainer.labels_, progress=progress)
    except ValueError as error:
        # Python counts the rows of an array; the user sees the lines of a file.
        cause = re.sub(r"\brow (\d+)\b", lambda found: data.place(int(found[1])), str(error))
        raise ShellError(data.what, cause) from error
    return explanation, explainer


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
