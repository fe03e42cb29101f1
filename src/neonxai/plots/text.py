"""One document: its words, colored by what they say."""

from __future__ import annotations

import unicodedata
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, ScaledTranslation

from neonxai.plots import _rows, _style, _text, _words
from neonxai.plots._parts import title_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

    from neonxai.explanation import Explanation

_TITLE = 1.1  # its size, relative to the words'
_LINE = 1.75  # the height of a line, in font sizes
_SMALLEST = 6.0  # points
_TIGHT = 0.95  # of the width: on the screen's pixels letters can be wider than in the font
_FAINT = 0.02  # of the largest: less has no color


class _Piece(NamedTuple):
    """Letters without a space, drawn at once, and their relevance."""

    text: str
    width: float
    relevance: float


_Chunk = list[_Piece]  # pieces without a space between them
_Line = list[_Chunk]


def text(
    explanation: Explanation,
    row: int | str = 0,
    text: str | None = None,
    *,
    term_of: Callable[[str], str] | None = None,
    max_lines: int = 40,
    ax: Axes | None = None,
) -> Axes:
    """Draw a document, its words colored by their relevance.

    Red words speak for the cluster, blue ones, which are underlined, against it. A term's relevance is shared
    alike by the places where it stands, that of a term of several words by the words. So the words together,
    what is absent, absorbed and not found, which the title gives, are the logit.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of n documents and D terms.
    row : int or str, default 0
        The position of the document, from −n to n − 1, or, a string, its name in ``explanation.index``.
    text : str, optional
        The document. By default that in `explanation.data`, if it holds texts; mostly it is what a vectorizer
        made of them.
    term_of : callable, optional
        Which term a word is: the stem, if the vectorizer stems. By default the word as it stands or, if that
        is no term, in small letters. A word is a run of letters and digits.
    max_lines : int, default 40
        How many lines to draw. Of a longer text, it is the part that has the most relevance, regardless of
        sign; the title says so.
    ax : Axes, optional
        Where to draw; lines are as long as it is wide, smaller and fewer where it is low. By default, a new
        figure is made.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `explanation` is no Explanation, `row` neither a whole number nor a string, there is no text, or
        `max_lines` is no whole number.
    ValueError
        If `row` is not one row, or `max_lines` below 1.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.pipeline import make_pipeline
    >>> notes = ["red and sweet", "dry, red", "white and dry", "white, sweet"]
    >>> e = neonxai.explain(make_pipeline(TfidfVectorizer(), KMeans(2, n_init=1, random_state=0)), notes)
    >>> ax = e.plot.text(0, notes[0])
    >>> [word.get_text() for word in ax.texts], len(ax.patches)
    (['red', 'and', 'sweet'], 2)
    """
    explanation = _style.check_explanation(explanation)
    row = _rows.find(explanation, row)
    marked = _words.mark(explanation, row, text, term_of)
    max_lines = _style.check_max_features(max_lines, "max_lines")
    title = _facts(explanation, row, marked)
    if ax is None:
        size = _style.base_size()
        room = 50 * size
        lines = _lines(marked, _TIGHT * room, size)
        height = _LINE * size * min(len(lines), max_lines)
        _, (ax,) = _style.new_axes(1, _style.Extent(room + 2 * size, height + 6.5 * size))
    else:
        given = _style.extent(ax)
        size, room = _style.base_size(), given.width
        while True:
            lines = _lines(marked, _TIGHT * room, size)
            titles = _TITLE * size * 1.3 * (2 + len(_text.wrapped(title, room, _TITLE * size).splitlines()))
            fitting = max(1, int((given.height - titles) / (_LINE * size)))
            if len(lines) <= min(fitting, max_lines) or size <= _SMALLEST:
                break
            size = max(_SMALLEST, 0.9 * size)
        max_lines = min(max_lines, fitting)
    first, lines, total = _strongest(lines, max_lines)
    if len(lines) < total:
        title += f"; lines {first + 1} to {first + len(lines)} of {total}"
    _draw(ax, marked, lines, room, size)
    heads = [_text.fit_ends(*line, room, _TITLE * size) for line in title_of(explanation, row)]
    heads += _text.wrapped(title, room, _TITLE * size).splitlines()
    ax.set_title(_text.escaped("\n".join(heads)), fontsize=_TITLE * size, loc="left")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_axis_off()
    return ax


class MarkedText(NamedTuple):
    """A document for notebooks: HTML, in which everything is escaped.

    Attributes
    ----------
    html : str
        A ``<div>``.
    """

    html: str

    def _repr_html_(self) -> str:
        return self.html


def text_html(
    explanation: Explanation,
    row: int | str = 0,
    text: str | None = None,
    *,
    term_of: Callable[[str], str] | None = None,
) -> MarkedText:
    """Write a document as HTML, its words colored by their relevance; a notebook shows it.

    As `text`, of which this is the whole, with the words' relevance as their tooltips. Colors of the page are
    inherited, so that it can be read on a light or a dark one.

    Parameters
    ----------
    explanation, row, text, term_of
        As for `text`.

    Returns
    -------
    MarkedText

    Raises
    ------
    TypeError, ValueError
        As `text`.

    Examples
    --------
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 1.0]]), [[0.0, 1.0]])
    >>> e.plot.text_html(0, "x0 < x1").html.count("<span title=")
    2
    """
    explanation = _style.check_explanation(explanation)
    row = _rows.find(explanation, row)
    marked = _words.mark(explanation, row, text, term_of)
    peak = _peak(marked)
    parts, end = [], 0
    for word in marked.words:
        parts.append(escape(marked.text[end : word.start]))
        letters = escape(marked.text[word.start : word.stop])
        share = word.relevance / peak
        if abs(share) < _FAINT:
            parts.append(letters)
        else:
            red, green, blue = (round(255 * c) for c in mpl.colors.to_rgb(_sign_color(share)))
            line = "" if share > 0 else ";text-decoration:underline"
            parts.append(
                f'<span title="{word.relevance:+.3g}" style="background:rgba({red},{green},{blue},'
                f'{0.75 * abs(share):.2f}){line}">{letters}</span>'
            )
        end = word.stop
    parts.append(escape(marked.text[end:]))
    heads = [escape("".join(line)) for line in title_of(explanation, row)]
    heads.append(escape(_facts(explanation, row, marked)))
    return MarkedText(
        f'<div><p>{"<br>".join(heads)}</p><p dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere">'
        f"{''.join(parts)}</p></div>"
    )


def _sign_color(value: float) -> str:
    return _style.sign_colors(np.array([value]))[0]


def _peak(marked: _words.Marked) -> float:
    return max((abs(word.relevance) for word in marked.words), default=0.0) or 1.0


def _facts(explanation: Explanation, row: int, marked: _words.Marked) -> str:
    """What the logit is made of."""
    base = float(np.broadcast_to(explanation.base_value, len(explanation))[row])
    absent = 0.0 if explanation.absent is None else float(explanation.absent[row])
    amounts = {
        "words": sum(word.relevance for word in marked.words),
        f"{marked.n_lost} terms that are not found": marked.lost,
        "absent terms": absent,
        "absorbed": float(explanation.absorbed[row]),
        "base value": base,
    }
    there = {name: amount for name, amount in amounts.items() if amount or name == "words"}
    written = _text.compared(list(there.values()))
    shown = ", ".join(f"{name} {amount}" for name, amount in zip(there, written, strict=True))
    return f"logit {_text.number(explanation.logits[row])}: {shown}"


def _lines(marked: _words.Marked, room: float, size: float) -> list[_Line]:
    """Break a text at its spaces into lines of at most `room` points; line breaks of its own stay."""
    space = _space(size)
    lines: list[_Line] = []
    for paragraph in _paragraphs(marked, room, size):
        line: _Line = []
        used = 0.0
        for chunk in paragraph:
            wide = sum(piece.width for piece in chunk)
            if line and used + space + wide > room:
                lines.append(line)
                line, used = [], 0.0
            used += wide + (space if line else 0.0)
            line.append(chunk)
        lines.append(line)
    return lines


def _space(size: float) -> float:
    """A wide one, as colored words need; and letters on the screen's pixels can be wider than measured."""
    return 0.45 * size


def _paragraphs(marked: _words.Marked, room: float, size: float) -> list[_Line]:
    """Cut a text into paragraphs, those into chunks at spaces, and those into words and what is between."""
    bounds = sorted({0, len(marked.text), *(at for word in marked.words for at in word[:2])})
    relevance = {word.start: word.relevance for word in marked.words}
    widths: dict[str, _Piece] = {}

    def piece(raw: str, amount: float) -> _Piece:
        if raw not in widths:
            shown = _text.drawable(raw)
            widths[raw] = _Piece(shown, _text.width(shown, size), 0.0)
        return widths[raw]._replace(relevance=amount)

    paragraphs: list[_Line] = [[[]]]
    for start, stop in pairwise(bounds):
        run = marked.text[start:stop]
        if start in relevance:
            paragraphs[-1][-1].append(piece(run, relevance[start]))
            continue
        for character_run in _spaced(run):
            if character_run.isspace():
                if "\n" in character_run and any(paragraphs[-1]):
                    paragraphs.append([[]])
                elif paragraphs[-1][-1]:
                    paragraphs[-1].append([])
            else:
                paragraphs[-1][-1].append(piece(character_run, 0.0))
    return [
        [_narrowed(chunk, room, size) for chunk in paragraph if chunk]
        for paragraph in paragraphs
        if any(paragraph)
    ]


def _spaced(run: str) -> list[str]:
    r"""Cut where spaces begin and end.

    Examples
    --------
    >>> _spaced(", \n(")
    [',', ' \n', '(']
    """
    cuts = [i for i in range(1, len(run)) if run[i].isspace() != run[i - 1].isspace()]
    return [run[a:b] for a, b in pairwise([0, *cuts, len(run)]) if a < b]


def _narrowed(chunk: _Chunk, room: float, size: float) -> _Chunk:
    """Shorten what is wider than a line."""
    if sum(piece.width for piece in chunk) <= room:
        return chunk
    short = _text.fit("".join(piece.text for piece in chunk), room, size)
    return [_Piece(short, _text.width(short, size), sum(piece.relevance for piece in chunk))]


def _strongest(lines: list[_Line], most: int) -> tuple[int, list[_Line], int]:
    """Choose the lines beside each other with the most relevance, of either sign."""
    total = len(lines)
    if total <= most:
        return 0, lines, total
    amounts = [sum(abs(piece.relevance) for chunk in line for piece in chunk) for line in lines]
    sums = np.convolve(amounts, np.ones(most), "valid")
    first = int(sums.argmax())
    return first, lines[first : first + most], total


def _draw(ax: Axes, marked: _words.Marked, lines: list[_Line], room: float, size: float) -> None:
    # In points from the upper left corner of the Axes, so that words keep their distances however a layout
    # moves or stretches it.
    corner: Any = ax.transAxes  # matplotlib's stubs ask for one that is affine by its type
    place = Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans + ScaledTranslation(0, 1, corner)
    space = _space(size)
    peak, leftwards = _peak(marked), _runs_left(marked.text)
    for number, line in enumerate(lines):
        x, y = 0.0, -(number + 0.5) * _LINE * size
        for chunk in line:
            for piece in chunk:
                share = piece.relevance / peak
                ink, fill = _colors(share)
                word = ax.text(
                    0.0,
                    y,
                    _text.escaped(piece.text),
                    fontsize=size,
                    color=ink,
                    ha="left",
                    va="center_baseline",
                    transform=place,
                )
                # As it will be drawn: on the screen's pixels letters can be wider than in the font.
                wide = max(piece.width, word.get_window_extent().width * 72 / ax.figure.dpi)
                left = room - x - wide if leftwards else x
                word.set_x(left)
                if fill is not None:
                    _mark(ax, (left, y, wide), fill, ink if share < 0 else None, size, place)
                x += wide
            x += space
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)


def _colors(share: float) -> tuple[Any, Any]:
    """The color of the letters, and that behind them, None for the page's."""
    if abs(share) < _FAINT:
        return mpl.rcParams["text.color"], None
    fill = mpl.colormaps[_style.DIVERGING](0.5 + 0.5 * share)
    return "black" if np.dot(fill[:3], (0.299, 0.587, 0.114)) > 0.5 else "white", fill


def _mark(
    ax: Axes, at: tuple[float, float, float], fill: Any, stroke: Any, size: float, place: Transform
) -> None:
    """Color a word, and underline it if there is a stroke."""
    x, y, wide = at
    ax.add_patch(
        Rectangle(
            (x - 0.06 * size, y - 0.7 * size),
            wide + 0.12 * size,
            1.4 * size,
            facecolor=fill,
            linewidth=0,
            transform=place,
            clip_on=False,
        )
    )
    if stroke is not None:
        ax.plot(
            [x, x + wide],
            [y - 0.52 * size] * 2,
            color=stroke,
            linewidth=0.09 * size,
            transform=place,
            clip_on=False,
            solid_capstyle="butt",
        )


def _runs_left(text: str) -> bool:
    """Whether most letters run from right to left."""
    kinds = [unicodedata.bidirectional(character) for character in text if character.isalpha()]
    return 2 * sum(kind in {"R", "AL"} for kind in kinds) > len(kinds)
