"""Names of columns and clusters, made fit for a line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["listed", "printable", "shorten"]

_MAX_LISTED: Final = 12
_MAX_NAME: Final = 30


def printable(text: str) -> str:
    r"""Replace what is not printable, so that no file's content breaks lines or steers the terminal.

    Examples
    --------
    >>> printable("a\nb\x1b[31m")
    'a�b�[31m'
    """
    return "".join(mark if mark.isprintable() else "�" for mark in text)


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
