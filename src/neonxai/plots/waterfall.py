"""One row, step by step: from nothing said to the logit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from neonxai.plots import _rows, _style, _text
from neonxai.plots._parts import Parts, base_of, parts_of, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_TITLE = 1.1  # its size, relative to the labels'


def waterfall(
    explanation: Explanation,
    row: int | str = 0,
    *,
    values: Any = None,
    max_features: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw how a row's evidence adds up, from the boundary with its competitor to its place in its cluster.

    Bars follow one upon the other, the largest first: to the right and red where a feature speaks for the
    cluster, to the left and blue where it speaks against it. They start at 0, which is the boundary with the
    competitor (at the base value, with a bar of its own, where relevance counts from a background), and end
    at the logit, Σ_i R_i + absorbed + base value = f_c(x) [Kauffmann2024]_, which is the last bar. Features
    beyond `max_features` are one bar; what belongs to no feature, absorbed or absent, has a grey one where it
    is not 0.

    The competitor is the explanation's: for another one, explain against it,
    ``explainer.explain(X, against=rival).plot.waterfall(row)``.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of n rows and D features.
    row : int or str, default 0
        The position of the row, from −n to n − 1, or, a string, its name in ``explanation.index``.
    values : array-like or frame of shape (n, D), optional
        The same rows, in the same order, in the units to be shown. By default `explanation.data`.
    max_features : int, default 12
        How many features get a bar of their own: those with the largest relevance, regardless of sign.
    ax : Axes, optional
        Where to draw. Use a figure with ``layout="constrained"``, which makes room for the names, or save it
        with ``bbox_inches="tight"``. By default, a new figure is made.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `explanation` is no Explanation, `row` neither a whole number nor a string, `max_features` no whole
        number, or a column of `values` not numeric.
    ValueError
        If `row` is out of range or not one row's name, `values` do not fit, or `max_features` is below 1.

    Examples
    --------
    With centers (0, 0) and (2, 1), the point (0, 1) has d = (1, 4): 4 from the first feature, −1 from the
    second.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 1.0]]), [[0.0, 1.0]])
    >>> ax = e.plot.waterfall()
    >>> [(float(bar.get_x()), float(bar.get_width())) for bar in ax.patches]
    [(0.0, 4.0), (4.0, -1.0), (0.0, 3.0)]
    """
    explanation = _style.check_explanation(explanation)
    row = _rows.find(explanation, row)
    data = _rows.read_values(explanation, values)
    parts = parts_of(explanation, row, _style.check_max_features(max_features))
    base, logit = base_of(explanation, row), float(explanation.logits[row])
    starts = base + np.concatenate([[0.0], np.cumsum(parts.amounts)[:-1]])
    before = ["base value"] if base else []
    names = [str(explanation.feature_names[i]) for i in parts.features]
    places = _rows.columns(explanation, data, parts.features)
    ends = [f" = {text}" if text else "" for text in _rows.texts(data, row, places)]
    count = len(before) + len(parts.amounts) + 1

    if ax is None:
        size = _style.base_size()
        whole = [_text.width(_text.drawable(name), size) for name in names]
        name_room = max(
            [a + _text.width(b, size) for a, b in zip(whole, ends, strict=True)]
            + [_text.widest(parts.rest, size)],
            default=0.0,
        )
        name_room, room = min(name_room + 0.01, 28 * size), 30 * size
        height = (1.75 * count + 8) * size
        _, (ax,) = _style.new_axes(1, _style.Extent(name_room + room + 8 * size, height))
    else:
        given = _style.extent(ax)
        size = _style.size_for(count + 3, given.height)
        name_room, room = min(0.4 * given.width, 28 * size), 0.45 * given.width

    labels = [_text.escaped(label) for label in _text.fit_names(names, name_room, size, suffixes=ends)]
    ax.set_yticks(range(count), [*before, *labels, *parts.rest, "logit"])
    ax.set_ylim(count - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(labelsize=size)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    _draw(ax, parts, starts, base, logit, len(before), size)
    ax.locator_params(axis="x", nbins=int(np.clip(room / (5 * size), 1, 5)))
    line = title_of(explanation, row)
    titles = [_text.fit_ends(*part, room + 3 * size, _TITLE * size) for part in line]
    ax.set_title(_text.escaped("\n".join(titles)), fontsize=_TITLE * size, loc="left")
    ax.set_xlabel(_text.wrapped("evidence, summed up from top to bottom", room, size), fontsize=size)
    return ax


def _draw(
    ax: Axes, parts: Parts, starts: NDArray[np.float64], base: float, logit: float, first: int, size: float
) -> None:
    ink = mpl.rcParams["text.color"]
    ends = starts + parts.amounts
    lines = first + np.arange(len(parts.amounts))
    # In one go and in order: the base value, the parts, the logit.
    left = [*([0.0] * first), *starts, 0.0]
    widths = [*([base] * first), *parts.amounts, logit]
    colors = [*([_style.GREY] * first), *parts.colors, ink]
    ax.barh(range(len(widths)), widths, left=left, height=0.7, color=colors, zorder=2)
    for line, end in zip(lines, ends, strict=True):
        ax.plot([end, end], [line - 0.35, line + 1.35], color=_style.GREY, linewidth=0.8, zorder=1)
    if first:
        ax.plot([base, base], [-0.35, 1.35], color=_style.GREY, linewidth=0.8, zorder=1)
    ax.axvline(0, color=_style.GREY, linewidth=0.8, zorder=3)
    low, high = min(0.0, base, *ends), max(0.0, base, *ends)
    air = 0.04 * ((high - low) or 1.0)
    ax.set_xlim(low - air * (low < 0), high + air * (high > 0))
    _style.number_bars(ax, widths, size)
