"""Names of clusters: all numbers or all strings, and each another."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonxai.tensors import host_copy

_KINDS = {bool: "b", int: "iu", float: "f", str: "U"}


def check_cluster_names(names: Iterable[Any], n_clusters: int) -> tuple[Any, ...]:
    """Return the names as plain numbers or strings.

    Raises
    ------
    ValueError
        If they are not as many as the clusters, not all of one kind, or not all different.

    Examples
    --------
    >>> check_cluster_names(np.array(["calm", "busy"]), 2)
    ('calm', 'busy')
    """
    plain = tuple(name.item() if isinstance(name, np.generic) else name for name in names)
    if len(plain) != n_clusters:
        raise ValueError(f"cluster_names has {len(plain)} names for {n_clusters} clusters: give each one.")
    kinds = {type(name) for name in plain}
    if len(kinds) > 1 or not kinds <= set(_KINDS) or any(name != name for name in plain):  # noqa: PLR0124  # NaN
        raise ValueError(
            f"cluster_names={list(plain)[:5]!r} are not all numbers or all strings. Convert them."
        )
    if len(set(plain)) != len(plain):
        twice = next(name for name in plain if plain.count(name) > 1)
        raise ValueError(f"cluster_names has {twice!r} more than once: give each cluster a name of its own.")
    return plain


def positions_of(asked: NDArray[np.generic], names: Sequence[Any]) -> NDArray[np.intp]:
    """Turn names of clusters into their positions.

    Parameters
    ----------
    asked : array of shape (n,)
        Names.
    names : sequence
        All names, checked.

    Returns
    -------
    int array of shape (n,)

    Raises
    ------
    ValueError
        If one is not a name.

    Examples
    --------
    >>> positions_of(np.array(["b", "a", "b"]), ["a", "b"])
    array([1, 0, 1])
    """
    known = np.array(names)
    kind = _KINDS[type(names[0])]
    if asked.dtype.kind == "O":
        asked = np.array(asked.tolist())  # of strings, in pandas' arrays
    if asked.dtype.kind not in kind or asked.ndim != 1:
        if asked.size:
            raise _unknown(asked.ravel()[0], names)
        return np.empty(0, dtype=np.intp)
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known, asked, sorter=order)
    found: NDArray[np.intp] = order[np.minimum(place, len(known) - 1)]
    wrong = np.flatnonzero(known[found] != asked)
    if len(wrong):
        raise _unknown(asked[wrong[0]], names)
    return found


def positions_by_row(asked: Any, names: Sequence[Any], n_rows: int, argument: str) -> NDArray[np.intp] | None:
    """Turn names of clusters into their positions, one for each row.

    Parameters
    ----------
    asked : cluster name, array-like of shape (n_rows,), or None
        One for all rows, or one for each; an array may be on any device.
    names : sequence
        All names, checked.
    n_rows : int
        How many rows there are.
    argument : str
        What was asked by, for messages.

    Raises
    ------
    ValueError
        If there are more or fewer than rows, or one is not a name.
    """
    if asked is None:
        return None
    array = np.asarray(host_copy(asked))
    if array.ndim == 0:
        array = np.broadcast_to(array, n_rows)
    if array.shape != (n_rows,):
        raise ValueError(
            f"{argument} has shape {array.shape}, but there are {n_rows} rows. Give one cluster, "
            "or one for each row."
        )
    try:
        return positions_of(array, names)
    except ValueError as error:
        raise ValueError(f"{argument}={error}") from error


def check_order(given: Any, rows: Any, argument: str) -> None:
    """Refuse values of a pandas Series that belong to other rows than they would be given to.

    Parameters
    ----------
    given : pandas.Index or None
        The row names of the values.
    rows : pandas.Index or None
        The row names of the data.
    argument : str
        What the values are called.

    Raises
    ------
    ValueError
        If the names are the same in another order, or overlap. Names of which one side just counts from 0
        say nothing, and the order counts.
    """
    if given is None or rows is None or given.equals(rows) or not given.isin(rows).any():
        return
    counted = any(type(names).__name__ == "RangeIndex" and not names.start for names in (given, rows))
    if counted and not (given.isin(rows).all() and rows.isin(given).all()):
        return
    if len(given) == len(rows):
        row = int(np.flatnonzero(np.asarray(given) != np.asarray(rows))[0])
        where = f"row {row} is {given.tolist()[row]!r} in {argument} and {rows.tolist()[row]!r} in X"
    else:
        where = f"there are {len(given)} in {argument} and {len(rows)} in X"
    raise ValueError(
        f"{argument} and X name their rows differently: {where}. Put them into one order, "
        f"{argument}.loc[X.index], or pass {argument}.to_numpy() if they are in order already."
    )


def index_of(values: Any) -> Any:
    """The row names of a pandas Series; None for anything else."""
    return getattr(values, "index", None) if hasattr(values, "iloc") else None


def free_name(name: str, taken: Sequence[str]) -> str:
    """Return the name, with underscores at its end while it is taken.

    Examples
    --------
    >>> free_name("cluster", ["age", "cluster"])
    'cluster_'
    """
    while name in taken:
        name += "_"
    return name


def _unknown(name: Any, names: Sequence[Any]) -> ValueError:
    plain = name.item() if isinstance(name, np.generic) else name
    shown = ", ".join(repr(known) for known in names[:10]) + (", ..." if len(names) > 10 else "")
    return ValueError(f"{plain!r} is not a cluster of this model. Its clusters are {shown}.")
