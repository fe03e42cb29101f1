"""Names of columns and clusters, made fit for a line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from neonxai.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["listed", "shorten"]

_MAX_LISTED: Final = 30
_MAX_NAME: Final = 30


def shorten(name: str, width: int = _MAX_NAME) -> str:
    """Shorten a long name in its middle, since names may differ at both ends, and keep it on one line.

    Examples
    --------
    >>> shorten("od280/od315_of_diluted_wines", 15)
    'od280/o…d_wines'
    """
    name = printable(name)
    if len(name) <= width:
        return name
    left = width // 2
    return f"{name[:left]}…{name[len(name) - (width - left - 1) :]}"


def listed(names: Sequence[str]) -> str:
    """Names separated by commas, the middle of many only counted; those that would not be seen in quotes.

    Examples
    --------
    >>> listed(["a", "", "b"])
    "a, '', b"
    >>> listed([str(i) for i in range(40)])[:60]
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, … 10 more '
    """
    if len(names) <= _MAX_LISTED:
        return ", ".join(map(_visible, names))
    half = _MAX_LISTED // 2
    # Both ends, since the column that should not be there is often the last one.
    ends = [*map(_visible, names[:half]), f"… {len(names) - 2 * half} more …", *map(_visible, names[-half:])]
    return ", ".join(ends)


def _visible(name: str) -> str:
    short = shorten(name)
    return short if name and name == name.strip() else f"'{short}'"
