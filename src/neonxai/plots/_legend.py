"""A legend that fits beside its Axes, however many entries and however long their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from matplotlib.lines import Line2D

from neonxai.plots import _style, _text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 1.5  # the height of a line, in font sizes
_HANDLE = 2.6  # the width of a marker and the gaps around it, in font sizes
_SHORT = 12.0  # the width to which labels are shortened before the font shrinks, in font sizes
_SMALLEST = 6.0  # points
_MOST = 40  # entries of a kind, on any figure


class Entry(NamedTuple):
    """One line: a group of rows and how they are marked."""

    kind: str
    name: object
    rows: int
    face: _style.Color | str
    edge: _style.Color | str
    marker: str


class Group(NamedTuple):
    """Entries of one kind, under a title that is shown where there are several groups."""

    title: str
    entries: list[Entry]


class Legend(NamedTuple):
    """What to draw, and how wide it will be."""

    entries: list[Entry]
    labels: list[str]
    columns: int
    size: float
    width: float


def plan(groups: list[Group], room: _style.Extent, size: float) -> Legend:
    """Choose the largest font, and the columns, at which the labels fit `room`, shortened if need be.

    Where entries are too many for the smallest readable font, those of the fewest rows are counted in one.
    Where there are columns enough, every group begins one of its own.
    """
    lists = [_largest(group.entries, _MOST) for group in groups]
    titled = len(groups) > 1
    while True:
        lines = max(1, int(room.height / (_LINE * size)))
        widest = _text.widest((label for entries in lists for label in _labels(entries, 1e9, size)), size)
        possible = max(1, int(room.width / (min(widest, _SHORT * size) + _HANDLE * size)))
        if sum(map(len, lists)) + len(lists) * titled <= lines * possible:
            break
        if size <= _SMALLEST:
            most = lines * possible // len(lists) - titled
            lists = [_largest(entries, max(2, most)) for entries in lists]
            break
        size = max(_SMALLEST, 0.9 * size)
    if titled:
        lists = [[_title(group.title), *entries] for group, entries in zip(groups, lists, strict=True)]
    lists, columns = _columns(lists, lines, possible)
    column = room.width / columns - _HANDLE * size
    labels = [label for entries in lists for label in _labels(entries, column, size)]
    width = columns * (_text.widest(labels, size) + _HANDLE * size)
    return Legend([entry for entries in lists for entry in entries], labels, columns, size, width)


def _columns(lists: list[list[Entry]], lines: int, possible: int) -> tuple[list[list[Entry]], int]:
    """Count the columns, and fill up the lists such that each begins one, unless that takes too many."""
    columns = -(-sum(map(len, lists)) // lines)
    apart = [-(-len(entries) // lines) for entries in lists]
    if columns == 1 or len(lists) == 1 or not columns <= sum(apart) <= max(columns, possible):
        return lists, columns
    height = max(-(-len(entries) // n) for entries, n in zip(lists, apart, strict=True))
    filled = [
        entries + [_title("")] * (n * height - len(entries)) for entries, n in zip(lists, apart, strict=True)
    ]
    return filled, sum(apart)


def _title(text: str) -> Entry:
    """Make a line without a marker."""
    return Entry("", text, 0, "none", "none", "")


def _largest(entries: list[Entry], most: int) -> list[Entry]:
    """Keep the largest groups of rows, in their order, and count the others in a last entry."""
    if len(entries) <= most:
        return entries
    ranked = sorted(range(len(entries)), key=lambda i: -entries[i].rows)
    kept, others = sorted(ranked[: most - 1]), ranked[most - 1 :]
    rest = Entry("", f"{len(others)} more", sum(entries[i].rows for i in others), "none", "none", "o")
    return [*(entries[i] for i in kept), rest]


def _labels(entries: list[Entry], room: float, size: float) -> list[str]:
    names = [_style.group_label(entry.kind, entry.name) for entry in entries if entry.marker]
    counts = [f" ({entry.rows})" for entry in entries if entry.marker]
    fitted = iter(_text.fit_names(names, room, size, suffixes=counts))
    return [next(fitted) if entry.marker else _text.fit(str(entry.name), room, size) for entry in entries]


def draw(legend: Legend, ax: Axes) -> None:
    """Put the legend outside, to the right of `ax`, where it covers nothing."""
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=entry.marker or "none",
            markersize=0.75 * legend.size,
            markerfacecolor=entry.face,
            markeredgecolor=entry.edge,
            markeredgewidth=0.18 * legend.size,
        )
        for entry in legend.entries
    ]
    ax.legend(
        handles,
        [_text.escaped(label) for label in legend.labels],
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        ncols=legend.columns,
        fontsize=legend.size,
        frameon=False,
        borderaxespad=0.0,
        handlelength=1.0,
        handletextpad=0.4,
        columnspacing=1.0,
        labelspacing=0.3,
    )
