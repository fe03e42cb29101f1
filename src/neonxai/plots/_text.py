"""Text that fits its place: measured, shortened in the middle, never read as mathematics."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.textpath import TextToPath
from matplotlib.ticker import Formatter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ELLIPSIS = "…"
_LEFT_TO_RIGHT = "\u200e"  # an invisible mark


def drawable(text: object) -> str:
    r"""Write `text` on one line, with every character that the current fonts lack as its code point.

    matplotlib warns about a missing glyph when it draws, long after the call that caused it, and draws the
    same box for each; ``[U+1F600]`` stays quiet and keeps two such names apart. Fonts that have the glyphs
    are chosen as everywhere in matplotlib: ``rcParams["font.family"] = ["DejaVu Sans", "Noto Sans CJK JP"]``.
    Text that runs from right to left is laid out by matplotlib; marks around it, where the font has them,
    keep the numbers beside it in their order.

    Examples
    --------
    >>> drawable("price\n(net)")
    'price (net)'
    >>> drawable("a\x00b")
    'a[U+0000]b'
    """
    line = " ".join(str(text).split())
    if line.isascii() and line.isprintable():
        return line
    fonts = [get_font(path) for path in _font_files()]

    def is_known(character: str) -> bool:
        return any(font.get_char_index(ord(character)) for font in fonts)

    mark = _LEFT_TO_RIGHT if is_known(_LEFT_TO_RIGHT) and any(map(_runs_left, line)) else ""
    return mark + "".join(c if is_known(c) else f"[U+{ord(c):04X}]" for c in line) + mark


def _runs_left(character: str) -> bool:
    return unicodedata.bidirectional(character) in {"R", "AL", "AN"}


def _font_files() -> Sequence[str]:
    """Return the files of the current font families; matplotlib falls back from one to the next."""
    files = []
    for family in FontProperties().get_family():
        try:
            files.append(findfont(FontProperties(family=[family]), fallback_to_default=False))
        except ValueError:  # this family is not installed: matplotlib, too, goes on to the next
            continue
    return files or [findfont(fontManager.defaultFamily["ttf"])]


def escaped(text: str) -> str:
    r"""Keep matplotlib from reading mathematics into `text`: every ``$`` is drawn as it is.

    Examples
    --------
    >>> print(escaped("US$ per $"))
    US\$ per \$
    """
    return text.replace("$", r"\$")


def width(text: str, size: float) -> float:
    """Measure one line of (unescaped) `text` at `size` points; the result is in points, at any resolution."""
    if not text:
        return 0.0
    measured, _, _ = TextToPath().get_text_width_height_descent(text, FontProperties(size=size), ismath=False)
    return float(measured)


def widest(texts: Iterable[str], size: float) -> float:
    """Measure the longest of `texts` in points."""
    return max((width(text, size) for text in texts), default=0.0)


def fit(text: str, room: float, size: float) -> str:
    """Shorten `text` in the middle, where names differ least, until it is at most `room` points wide.

    At least one character at either end is kept, whatever the room.

    Examples
    --------
    >>> fit("mean radius", 1000, 10)
    'mean radius'
    >>> fit("abcdefghijklmnopqrstuvwxyz", 0, 10)
    'a…z'
    """
    if len(text) <= 3 or width(text, size) <= room:
        return text
    low, high = 2, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if width(_cut(text, middle), size) <= room:
            low = middle
        else:
            high = middle - 1
    return _cut(text, low)


def _cut(text: str, kept: int) -> str:
    return text[: (kept + 1) // 2] + ELLIPSIS + text[len(text) - kept // 2 :]


def fit_names(
    names: Sequence[object], room: float, size: float, *, suffixes: Sequence[str] | None = None
) -> list[str]:
    """Fit every name with its suffix, kept whole; positions (from 0) tell names apart that look alike.

    Examples
    --------
    >>> fit_names(["mean " + "x" * 90 + " radius", "mean " + "x" * 91 + " radius"], 0, 10)
    ['m…s #0', 'm…s #1']
    >>> fit_names(["hue", "proline"], 1000, 10, suffixes=[" = 0.9", " = 1065"])
    ['hue = 0.9', 'proline = 1065']
    """
    texts = [drawable(name) for name in names]
    ends = [""] * len(texts) if suffixes is None else suffixes
    fitted = [fit(text, room - width(end, size), size) for text, end in zip(texts, ends, strict=True)]
    uses = Counter(fitted)
    for position, short in enumerate(list(fitted)):
        if uses[short] > 1:
            mark = f" #{position}"
            left = room - width(mark + ends[position], size)
            fitted[position] = fit(texts[position], left, size) + mark
    return [text + end for text, end in zip(fitted, ends, strict=True)]


def wrapped(text: str, room: float, size: float) -> str:
    """Break `text` at spaces into lines of at most `room` points; a word that is wider is shortened."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(fit(word, room, size))
    return "\n".join(lines)


def fit_ends(first: str, between: str, last: str, room: float, size: float) -> str:
    """Join two texts, of which the wider is shortened first, until the whole is at most `room` points wide.

    Examples
    --------
    >>> fit_ends("abcdefghijklmnopqrstuvwxyz", ": ", "cluster 2", 0, 10)
    'a…z: c…2'
    >>> fit_ends("CUST-0592", ": ", "cluster 2", 1000, 10)
    'CUST-0592: cluster 2'
    """
    left = room - width(between, size) - 0.1  # texts apart can be a little narrower than joined
    a, b = width(first, size), width(last, size)
    if a + b > left:
        a = min(a, max(left - b, left / 2))
        b = min(b, max(left - a, left / 2))
    return fit(first, a, size) + between + fit(last, b, size)


def number(value: float) -> str:
    """Write a value of the data: integers whole, anything else with four digits.

    Examples
    --------
    >>> number(1065.0), number(0.8612345)
    ('1065', '0.8612')
    """
    whole = math.isfinite(value) and value == round(value) and abs(value) < 1e7
    return Formatter.fix_minus(f"{value:.0f}" if whole else f"{value:.4g}")


def compared(values: Sequence[float]) -> list[str]:
    """Write values that are compared, with their signs: with the decimals that give the largest three digits.

    What rounds to nothing beside it is "≈0"; only what is nothing is "0". There are exponents where the
    largest is below 0.0001 or from a million.

    Examples
    --------
    >>> compared([0.14512, 4.39e-05, -0.02, 0.0])
    ['+0.145', '≈0', '−0.020', '0']
    >>> compared([1234.5, -8.25]), compared([3.2e-9, 1e-14])
    (['+1234', '−8'], ['+3.20e−09', '≈0'])
    """
    peak = max(map(abs, values), default=0.0)
    if peak == 0 or not math.isfinite(peak):
        return [Formatter.fix_minus(f"{value:+g}") if value else "0" for value in values]
    decimals = 2 - int(f"{peak:e}".partition("e")[2])
    form = f"{{:+.{max(decimals, 0)}f}}" if 1e-4 <= peak < 1e6 else "{:+.2e}"
    # In exponents, too, a digit behind the last of the largest is nothing beside it.
    least = 0.5 * 10.0 ** -(max(decimals, 0) if 1e-4 <= peak < 1e6 else decimals)
    nearly = "≈0" if drawable("≈0") == "≈0" else "~0"
    return [
        "0" if value == 0 else nearly if abs(value) <= least else Formatter.fix_minus(form.format(value))
        for value in values
    ]
