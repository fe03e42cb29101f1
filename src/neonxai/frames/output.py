"""Frames made for the user, of the kind that the user has."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import narwhals as nw
from numpy.typing import ArrayLike

from neonxai.frames.native import KINDS


def build(kind: str, columns: Mapping[str, ArrayLike], index: object = None) -> Any:
    """Make a frame of the given kind.

    Parameters
    ----------
    kind : {"pandas", "polars", "pyarrow"}
        The library.
    columns : mapping of str to array-like
        Columns of equal length.
    index : object, optional
        A pandas index; ignored elsewhere.

    Raises
    ------
    ValueError
        If the kind is not one of the three.
    ImportError
        If its library is not installed.
    """
    if kind not in KINDS:
        raise ValueError(f"Unknown kind of frame {kind!r}; choose one of {', '.join(KINDS)}.")
    try:
        frame = nw.from_dict(dict(columns), backend=kind).to_native()  # type: ignore[arg-type]  # a checked str
    except ModuleNotFoundError as error:
        raise ImportError(f"A {kind} frame was asked for, but {kind} is not installed.") from error
    if kind == "pandas" and index is not None:
        frame.index = index
    return frame


def default_kind() -> str:
    """Return the first kind of frame whose library is installed.

    Raises
    ------
    ImportError
        If none is.
    """
    for kind in KINDS:
        if find_spec(kind) is not None:
            return kind
    raise ImportError(
        "No data frame library is installed. Install pandas, polars or pyarrow, or use the arrays "
        "(relevance, logits, labels, ...) themselves."
    )
