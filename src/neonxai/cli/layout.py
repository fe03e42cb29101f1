"""Tables in the house's style that fit the terminal: fewer columns where it is narrow, and numbers whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["abreast", "fitting", "plain_table"]

_MARGIN: Final = 2  # both edges of a plain table
_GAP: Final = 2  # between two of its columns, unless told


def plain_table(title: str, caption: str, gap: int = _GAP) -> Table:
    """Return an empty table in the house's style, with a gap of so many blanks between columns."""
    return Table(
        title=Text(title),
        caption=Text(caption),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, gap - 1, 0, 0),
        title_justify="left",
        caption_justify="left",
        title_style="bold",
    )


def fitting(
    widths: Mapping[str, int], room: int, less_important: Sequence[str], gap: int = _GAP
) -> list[str]:
    """Choose the columns of a plain table that fit next to each other.

    Parameters
    ----------
    widths : mapping of str to int
        The least width of each column, in characters.
    room : int
        The width of the terminal, in characters.
    less_important : sequence of str
        Columns that may be left out, the first ones first.
    gap : int, default=2
        Blanks between two columns.

    Returns
    -------
    list of str
        Columns, in their order; the important ones even if they do not fit.

    Examples
    --------
    >>> fitting({"cluster": 7, "mean": 4, "all": 3}, 20, ["all"])
    ['cluster', 'mean', 'all']
    >>> fitting({"cluster": 7, "mean": 4, "all": 3}, 19, ["all"])
    ['cluster', 'mean']
    """
    kept = list(widths)
    for name in less_important:
        if _MARGIN + sum(widths[k] for k in kept) + gap * (len(kept) - 1) <= room:
            break
        kept.remove(name)
    return kept


def abreast(first: int, others: int, room: int, most: int) -> int:
    """How many columns of width ``others`` fit beside one of width ``first``: at least 1.

    Examples
    --------
    >>> abreast(12, 8, 80, 6), abreast(12, 8, 44, 6), abreast(12, 8, 20, 6)
    (6, 3, 1)
    """
    return min(most, max(1, (room - _MARGIN - first) // (others + _GAP)))
