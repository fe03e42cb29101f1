"""One row: what its features are, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import numpy as np

from neonxai.plots import _rows, _style, _text
from neonxai.plots._parts import Parts, base_of, parts_of, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_TITLE = 1.1  # its size, relative to the labels'


def sample(
    explanation: Explanation,
    row: int | str = 0,
    *,
    values: Any = None,
    max_features: int = 20,
    order: Literal["relevance", "given"] = "relevance",
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Draw one row: its values on the left, the relevance of each on the right.

    Each value is written beside the feature's name, and a dot says where it lies between the smallest
    ("min") and the largest value ("max") of that feature over all explained rows; the thick part of the line
    holds the middle half of them. A feature that is constant there, as all are in an explanation of one row,
    has no dot, and neither have categories, texts and missing values.

    The bars on the right are red where the feature speaks for the cluster (relevance at or above 0) and blue
    where it speaks against it. Together they are the logit, Σ_i R_i + absorbed + base value = f_c(x)
    [Kauffmann2024]_: features beyond `max_features` are added up in one bar, and what belongs to no feature,
    where there is any, has a grey bar of its own. With sparse relevance only features that are present in the
    row are shown; all that are absent have one grey bar together.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of n rows and D features.
    row : int or str, default 0
        The position of the row, from −n to n − 1; negative ones count from the end. Or, a string, its name in
        ``explanation.index``: the index of the pandas frame that was explained. Numbers are always positions.
    values : array-like or frame of shape (n, D), optional
        The same rows, in the same order, in the units to be shown, where the clustering has seen scaled ones.
        By default `explanation.data`. With other units or without, an explanation of one row has no range to
        show: explain all rows and choose `row`.
    max_features : int, default 20
        How many features get a bar of their own: those with the largest relevance, regardless of sign.
    order : {"relevance", "given"}, default "relevance"
        From the largest relevance (regardless of sign) down, or in the order of the data.
    axes : sequence of two Axes, optional
        Where to draw: values, relevances. Use a figure with ``layout="constrained"``, which makes room
        for the names, or save it with ``bbox_inches="tight"``. By default, a new figure is made.

    Returns
    -------
    values_ax, relevance_ax : Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `explanation` is no Explanation, `row` neither a whole number nor a string, `max_features` no whole
        number, or a column of `values` not numeric.
    ValueError
        If `row` is out of range or not one row's name, `values` of another shape, with other columns, rows in
        another order or anything missing, `order` unknown, `max_features` below 1, or `axes` not two.

    Examples
    --------
    With centers (0, 0) and (2, 0), the point (0, 1) has d = (1, 5): the first feature makes the logit of 4.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 0.0]]), [[0.0, 1.0], [2.0, 1.0]])
    >>> _, ax = e.plot.sample(row=0)
    >>> [float(bar.get_width()) for bar in ax.patches]
    [4.0, 0.0]
    """
    explanation = _style.check_explanation(explanation)
    row = _rows.find(explanation, row)
    data = _rows.read_values(explanation, values)
    bars = _bars(explanation, row, _style.check_max_features(max_features), order)
    names = [str(explanation.feature_names[i]) for i in bars.features]
    ends, columns = _values(explanation, data, row, bars.features)
    count = len(bars.amounts)
    ranges = any(np.nanmax(column) > np.nanmin(column) for column in columns if column is not None)
    title = title_of(explanation, row)

    if axes is None:
        size = _style.base_size()
        # Measured apart, as they are fitted: together, kerning could make them narrower.
        whole = [_text.width(_text.drawable(name), size) for name in names]
        name_room = max(
            [a + _text.width(b, size) for a, b in zip(whole, ends, strict=True)],
            default=_text.widest(bars.rest, size),
        )
        name_room = min(name_room + 0.01, 28 * size)  # (a + b) − b can be a little less than a
        values_room, relevance_room = (13 if ranges else 2) * size, 24 * size
        titles = max(_text.width("".join(line), _TITLE * size) for line in title) + size
        name_room = max(name_room, min(titles, 30 * size) - values_room)
        _, (values_ax, relevance_ax) = _style.new_axes(
            2,
            _style.Extent(name_room + values_room + relevance_room + 11 * size, (1.75 * count + 11) * size),
            width_ratios=(values_room, relevance_room),
        )
    else:
        values_ax, relevance_ax = _style.check_two(axes, "a sample", "values and relevances")
        left, right = _style.extent(values_ax), _style.extent(relevance_ax)
        size = _style.size_for(count, min(left.height, right.height))
        total = left.width + right.width
        name_room, values_room, relevance_room = min(0.46 * total, 28 * size), 0.3 * total, 0.34 * total

    labels = _text.fit_names(names, name_room, size, suffixes=ends)
    labels = [_text.escaped(label) for label in labels] + bars.rest
    for ax in (values_ax, relevance_ax):
        ax.set_yticks(range(count), labels)
        ax.set_ylim(count - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.tick_params(labelsize=size)
        ax.grid(axis="y", color=_style.GREY, alpha=0.2, linewidth=0.8)
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "left"]].set_visible(False)
    relevance_ax.tick_params(axis="y", labelleft=False)

    if ranges:
        _draw_values(values_ax, columns, row)
        label = f"among {len(explanation)} {explanation.row_kind}s (thick: middle half)"
        values_ax.set_xlabel(_text.wrapped(label, values_room, size), fontsize=size)
    else:
        values_ax.set_xticks([])
        values_ax.spines["bottom"].set_visible(False)
    _draw_relevance(relevance_ax, bars, relevance_room, size)
    lines = [_text.fit_ends(*line, name_room + values_room, _TITLE * size) for line in title]
    values_ax.set_title(_text.escaped("\n".join(lines)), loc="right", fontsize=_TITLE * size)
    facts = [
        f"logit {_text.number(explanation.logits[row])}",
        f"probability {_text.number(explanation.probabilities[row])}",
    ]
    facts = [_text.fit(line, relevance_room + 4 * size, _TITLE * size) for line in facts]
    relevance_ax.set_title("\n".join(facts), loc="left", fontsize=_TITLE * size)
    label = _text.wrapped("relevance (red for, blue against)", relevance_room, size)
    relevance_ax.set_xlabel(label, fontsize=size)
    return values_ax, relevance_ax


def _bars(explanation: Explanation, row: int, max_features: int, order: str) -> Parts:
    """All that makes the logit: the parts, and the value from which they count."""
    parts, base = parts_of(explanation, row, max_features, order), base_of(explanation, row)
    if not base:
        return parts
    return Parts(
        parts.features,
        np.append(parts.amounts, base),
        [*parts.colors, _style.GREY],
        [*parts.rest, "base value"],
    )


def _values(
    explanation: Explanation, data: Any, row: int, features: NDArray[np.intp]
) -> tuple[list[str], list[NDArray[np.float64] | None]]:
    """Write the values of features in a row, and gather those of all rows, where they are numbers."""
    places = _rows.columns(explanation, data, features)
    ends = [f" = {text}" if text else "" for text in _rows.texts(data, row, places)]
    return ends, [_rows.numbers(data, place) for place in places]


def _check_axes(axes: Sequence[Axes]) -> tuple[Axes, Axes]:
    given = list(np.ravel(np.asarray(axes, dtype=object)))
    if len(given) != 2:
        message = (
            f"axes holds {len(given)} Axes, but a sample has two panels, values and relevances; "
            'give two, such as those of plt.subplots(1, 2, layout="constrained").'
        )
        raise ValueError(message)
    return given[0], given[1]


def _draw_values(ax: Axes, columns: list[NDArray[np.float64] | None], row: int) -> None:
    ink = mpl.rcParams["text.color"]  # black, but for dark styles
    for y, column in enumerate(columns):
        if column is None:
            continue
        low, first, third, high = np.nanquantile(column, (0.0, 0.25, 0.75, 1.0))
        if low == high:
            continue
        spread = high - low
        ax.plot([0, 1], [y, y], color=_style.PALE, linewidth=1, zorder=1)
        ax.plot(
            [(first - low) / spread, (third - low) / spread],
            [y, y],
            color=_style.PALE,
            linewidth=4,
            zorder=2,
            solid_capstyle="butt",
        )
        if not np.isnan(column[row]):
            ax.plot([(column[row] - low) / spread], [y], "o", color=ink, markersize=5, zorder=3)
    ax.set_xlim(-0.06, 1.06)
    ax.set_xticks([0, 1], ["min", "max"])
    lowest, highest = ax.get_xticklabels()
    lowest.set_horizontalalignment("left")
    highest.set_horizontalalignment("right")  # centered, it would reach into the next panel


def _draw_relevance(ax: Axes, bars: Parts, room: float, size: float) -> None:
    ax.barh(range(len(bars.amounts)), bars.amounts, height=0.7, color=bars.colors, zorder=2)
    ax.axvline(0, color=_style.GREY, linewidth=0.8, zorder=3)
    ax.margins(x=0.04)
    ax.locator_params(axis="x", nbins=int(np.clip(room / (5 * size), 1, 5)))
    _style.number_bars(ax, bars.amounts.tolist(), size)
