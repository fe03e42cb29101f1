"""The columns made ready for clustering, and the clusterings that are made or given in their terms."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn.cluster import KMeans

from neonxai.cli.errors import ShellError
from neonxai.cli.names import listed
from neonxai.cli.preprocessing import recipe
from neonxai.cli.request import parse_clusters
from neonxai.cli.scaling import scaler
from neonxai.cli.tables import read_table
from neonxai.cli.values import center_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.cli.request import Request
    from neonxai.cli.tables import DataFile
    from neonxai.cli.values import Values

__all__ = ["Prepared", "cluster", "prepare", "read_centers"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Rows made ready for clustering.

    Attributes
    ----------
    points : array of shape (n_rows, n_outputs)
        What is clustered.
    frame : polars.DataFrame
        What is explained: the points where all columns are numbers without gaps, else the columns themselves.
    transformer : object or None
        From the frame to the points, fitted; None where they are the same.
    centers : array of shape (n_clusters, n_outputs) or None
        Centers that are given, treated as the rows are.
    """

    points: NDArray[np.float64]
    frame: pl.DataFrame
    transformer: Any
    centers: NDArray[np.float64] | None


def prepare(values: Values, centers: Values | None, request: Request, what: str) -> Prepared:
    """Fill gaps, encode categories and scale numbers.

    Parameters
    ----------
    values : Values
        The used columns.
    centers : Values or None
        The same columns of centers that are given.
    request : Request
        The arguments, checked.
    what : str
        The file, for messages.

    Returns
    -------
    Prepared

    Raises
    ------
    ShellError
        If a number is too large to compute with.
    """
    plain = values.are_plain
    transformer = scaler(request.scale) if plain else recipe(values, request.scale).transformer()
    with np.errstate(over="ignore", invalid="ignore"):
        points = np.asarray(transformer.fit_transform(values.matrix if plain else values.frame))
        others = None
        if centers is not None:
            others = np.asarray(transformer.transform(centers.matrix if plain else centers.frame))
    _check_size(points, values.numbers, what, request)
    if others is not None:
        _check_size(others, values.numbers, f"--centers {request.centers}", request)
    if not plain:
        return Prepared(points, values.frame, transformer, others)
    return Prepared(points, pl.DataFrame(dict(zip(values.names, points.T, strict=True))), None, others)


def _check_size(points: NDArray[np.float64], numbers: tuple[str, ...], what: str, request: Request) -> None:
    # Overflow: the input was finite. Squares must fit as well, since distances are made of them. Numbers come
    # before the codes of categories.
    usable = (np.abs(points[:, : len(numbers)]) < 1e150).all(axis=0)
    if not usable.all():
        name = numbers[int(np.argmin(usable))]
        raise ShellError(
            what,
            f"column {name!r} holds numbers too large to compute with (scale {request.scale})",
            "Give it in another unit, such as millions.",
        )


def read_centers(request: Request, values: Values, data: DataFile) -> tuple[Values, tuple[str, ...]]:
    """Read the file of ``--centers``.

    Parameters
    ----------
    request : Request
        The arguments, checked.
    values : Values
        The used columns of the data.
    data : DataFile
        The data.

    Returns
    -------
    centers : Values
        The same columns, in the units of the file.
    ignored : tuple of str
        The columns of the centers that are not used.

    Raises
    ------
    ShellError
        If it lacks a column, has fewer than two centers, or a value in it is of no use.
    """
    assert request.centers is not None  # noqa: S101  (for the type checker)
    table = read_table(request.centers, "--centers")
    missing = [name for name in values.names if name not in table.frame.columns]
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
    ignored = tuple(name for name in table.frame.columns if name not in values.names)
    return center_values(table, values, data.what), ignored


def cluster(prepared: Prepared, request: Request) -> tuple[KMeans, list[str]]:
    """Cluster by k-means.

    Parameters
    ----------
    prepared : Prepared
        The rows.
    request : Request
        The arguments, checked.

    Returns
    -------
    model : sklearn.cluster.KMeans
        Fitted to the points.
    notes : list of str
        What it warned of.

    Raises
    ------
    ShellError
        If there are fewer different rows than clusters.
    """
    count = parse_clusters(request.clusters or "")
    points = np.ascontiguousarray(prepared.points)
    n_rows = len(points)
    distinct = n_rows if count <= n_rows else 0
    if distinct:
        rows = pl.DataFrame(points)
        distinct = rows.head(10 * count).n_unique()
        distinct = distinct if distinct >= count else rows.n_unique()
    if count > distinct:
        seen, kind = (n_rows, "row") if count > n_rows else (distinct, "different row")
        kind += "" if seen == 1 else "s"
        raise ShellError(
            f"--clusters {count}", f"{request.data} has only {seen} {kind}", "Give a smaller number."
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = KMeans(count, n_init=10, random_state=request.seed).fit(points)
    return model, [f"k-means: {str(warning.message).splitlines()[0]}" for warning in caught]
