"""Names of columns and clusters, made fit for a line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from neonxai.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["listed", "shorten"]

_MAX_LISTED: Final = 12
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
    """Names separated by commas, the later ones of many only counted.

    Examples
    --------
    >>> listed(["a", "b"])
    'a, b'
    >>> listed([str(i) for i in range(20)])
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more'
    """
    shown = ", ".join(shorten(name) for name in names[:_MAX_LISTED])
    return shown if len(names) <= _MAX_LISTED else f"{shown} and {len(names) - _MAX_LISTED} more"
