"""One cluster: what its features say in every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from scipy.sparse import csr_array, issparse

from neonxai.plots import _groups, _rows, _style, _text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_TITLE = 1.1  # its size, relative to the labels'
_LANE = 0.8  # the height of a feature's points, of the distance between features
_MANY_POINTS = 5000  # beyond: one picture instead of that many vector outlines in PDF and SVG
_QUANTILES = (0.05, 0.95)  # the ends of the colors: a single far value should not take all of them


class _Lane(NamedTuple):
    """A feature: the relevance of the rows that have it, and their values from 0 to 1, NaN for none."""

    name: str
    relevance: NDArray[np.float64]
    values: NDArray[np.float64]


def beeswarm(
    explanation: Explanation,
    cluster: Any,
    *,
    values: Any = None,
    max_features: int = 10,
    max_rows: int = 2000,
    ax: Axes | None = None,
) -> Axes:
    """Draw the relevance of a cluster's features, a point for each of its rows.

    To the right of 0 a feature speaks for the cluster in that row, to the left against it. The darker a
    point, the lower the feature's value there, between the values that 5 % and 95 % of all explained rows are
    below; points are hollow where there is no number: categories, texts, missing values, and features that
    are the same everywhere. Points of about the same relevance are stacked.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of n rows and D features.
    cluster : cluster name
        The rows that are assigned to it are drawn.
    values : array-like or frame of shape (n, D), optional
        All rows, in the same order, in other units. By default `explanation.data`. Only their order counts.
    max_features : int, default 10
        How many features to show: those with the largest mean |relevance| in the cluster, from the top.
    max_rows : int, default 2000
        How many rows to draw at most. Of more, so many are drawn at random, always the same; the title says
        so.
    ax : Axes, optional
        Where to draw; the color bar takes a part of it. Use a figure with ``layout="constrained"``, which
        makes room for the names, or save it with ``bbox_inches="tight"``. By default, a new figure is made.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `explanation` is no Explanation, or `max_features` or `max_rows` no whole number.
    ValueError
        If `cluster` is not known or has no rows, `values` do not fit, or a number is below 1.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 1.0]]), [[0.0, 0.0], [0.5, 1.0], [2.0, 2.0]])
    >>> ax = e.plot.beeswarm(0)
    >>> [points.get_offsets()[:, 0].tolist() for points in ax.collections]
    [[4.0, 2.0], [1.0, -1.0]]
    """
    explanation = _style.check_explanation(explanation)
    position, rows = _groups.find_rows(explanation, cluster)
    max_features = _style.check_max_features(max_features)
    drawn = _sampled(rows, _style.check_max_features(max_rows, "max_rows"))
    data = _rows.read_values(explanation, values)
    ranked = np.argsort(-explanation.summary_values("cluster", "mean_abs")[position], kind="stable")
    features = ranked[:max_features]
    lanes = _lanes(explanation, data, drawn, features)
    count = len(lanes)

    if ax is None:
        size = _style.base_size()
        name_room = min(_text.widest((_text.drawable(lane.name) for lane in lanes), size) + 0.01, 26 * size)
        room, height = 34 * size, 3.0 * count * size
        _, (ax,) = _style.new_axes(1, _style.Extent(name_room + room + 9 * size, height + 9 * size))
    else:
        given = _style.extent(ax)
        size = _style.size_for(count + 4, given.height)
        name_room, room = min(0.35 * given.width, 26 * size), 0.45 * given.width
        height = max(given.height - 9 * size, 0.4 * given.height)

    low = min((lane.relevance.min(initial=0.0) for lane in lanes), default=0.0)
    high = max((lane.relevance.max(initial=0.0) for lane in lanes), default=0.0)
    spread = (high - low) or 1.0
    point = float(np.clip(np.sqrt(40 / max(len(drawn), 1)) * 0.6 * size, 0.2 * size, 0.6 * size))
    colors = mpl.colormaps[_style.UNIFORM]
    many = len(drawn) * count > _MANY_POINTS
    ax.axvline(0, color=_style.GREY, linewidth=0.8, zorder=1)
    for line, lane in enumerate(lanes):
        offsets = _stacked(lane.relevance / spread, point / room, point / (height / count))
        known = ~np.isnan(lane.values)
        fills = np.where(
            known[:, None], colors(np.where(known, lane.values, 0.0)), mpl.colors.to_rgba(ax.get_facecolor())
        )
        ax.scatter(
            lane.relevance,
            line + offsets,
            s=point**2,
            c=fills,
            edgecolors=_style.GREY,
            linewidths=0.08 * point,
            rasterized=many,
            zorder=2,
        )
    ax.set_xlim(low - 0.05 * spread, high + 0.05 * spread)
    ax.set_ylim(count - 0.5, -0.5)
    names = _text.fit_names([lane.name for lane in lanes], name_room, size)
    ax.set_yticks(range(count), [_text.escaped(name) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.tick_params(labelsize=size)
    ax.locator_params(axis="x", nbins=int(np.clip(room / (5 * size), 1, 5)))
    ax.grid(axis="y", color=_style.GREY, alpha=0.2, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    label = _text.wrapped("relevance (right: for the cluster, left: against it)", room, size)
    ax.set_xlabel(label, fontsize=size)
    name = _text.fit(_groups.full_names(explanation)[position], 0.6 * room, _TITLE * size)
    title = name + _title(explanation, len(rows), len(drawn), count)
    title = _text.wrapped(title, room + 3 * size, _TITLE * size)
    ax.set_title(_text.escaped(title), fontsize=_TITLE * size, loc="left")
    _draw_bar(ax, lanes, height, size)
    return ax


def _title(explanation: Explanation, n: int, n_drawn: int, n_features: int) -> str:
    rows = explanation.row_kind if n == 1 else f"{explanation.row_kind}s"
    title = f": {n:,} {rows}"
    if n_drawn < n:
        title += f", {n_drawn:,} of them drawn at random"
    if n_features < explanation.n_features:
        title += f", the {n_features} most relevant of {explanation.n_features:,} {explanation.feature_kind}s"
    asked = _groups.asked(explanation)
    return f"{title}, {asked}" if asked else title


def _sampled(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Choose rows at random, always the same, in their order."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _lanes(
    explanation: Explanation, data: Any, rows: NDArray[np.intp], features: NDArray[np.intp]
) -> list[_Lane]:
    lanes = []
    places = _rows.columns(explanation, data, features)
    for feature, place in zip(features, places, strict=True):
        relevance, here = _column(explanation.relevance, rows, int(feature))
        numbers = _rows.numbers(data, place)
        values = np.full(len(here), np.nan) if numbers is None else _scaled(numbers)[here]
        lanes.append(_Lane(str(explanation.feature_names[feature]), relevance, values))
    return lanes


def _column(
    relevance: NDArray[np.floating] | csr_array, rows: NDArray[np.intp], feature: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """A feature's relevance, and in which of the rows it has one: where it is present."""
    if not issparse(relevance):
        return np.asarray(relevance[rows, feature], dtype=np.float64), rows
    some: Any = relevance[rows]
    entries = some[:, [feature]].tocoo()
    return np.asarray(entries.data, dtype=np.float64), rows[entries.row]


def _scaled(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring a column to 0 to 1; NaN where it is NaN, or everywhere if all are the same."""
    low, high = np.nanquantile(numbers, _QUANTILES)
    if low == high:
        low, high = np.nanmin(numbers), np.nanmax(numbers)
    if not np.isfinite(high - low) or low == high:
        return np.full(len(numbers), np.nan)
    scaled: NDArray[np.float64] = np.clip((numbers - low) / (high - low), 0.0, 1.0)
    return scaled


def _stacked(places: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
    """Move points that share a bin of a point's width up and down in turns, as far as the lane is high.

    Examples
    --------
    >>> _stacked(np.array([0.0, 0.0, 0.0, 0.9]), 0.1, 0.2)
    array([ 0. , -0.2,  0.2,  0. ])
    """
    bins = np.floor(places / width).astype(np.int64)
    order = np.argsort(bins, kind="stable")
    _, first, counts = np.unique(bins[order], return_index=True, return_counts=True)
    rank = np.empty(len(places), dtype=np.int64)
    rank[order] = np.arange(len(places)) - np.repeat(first, counts)
    tallest = int(counts.max(initial=1))
    step = min(height, _LANE / max(tallest - 1, 1))
    side = np.where(rank % 2 == 1, -step, step)
    return np.asarray(side * ((rank + 1) // 2), dtype=np.float64)


def _draw_bar(ax: Axes, lanes: list[_Lane], height: float, size: float) -> None:
    """Say what the colors mean, if there are any."""
    if all(np.isnan(lane.values).all() for lane in lanes):
        return
    bar = ax.figure.colorbar(
        ScalarMappable(Normalize(0.0, 1.0), _style.UNIFORM),
        ax=ax,
        pad=0.02,
        aspect=float(np.clip(height / (1.0 * size), 8, 60)),
    )
    bar.set_ticks([0.02, 0.98], labels=["low", "high"])
    low, high = bar.ax.get_yticklabels()
    low.set_verticalalignment("bottom")
    high.set_verticalalignment("top")
    bar.ax.tick_params(labelsize=size, length=0)
    bar.outline.set_visible(False)
    hollow = any(np.isnan(lane.values).any() for lane in lanes)
    text = "value (hollow: no number)" if hollow else "value"
    bar.set_label(_text.wrapped(text, height, size), fontsize=size, labelpad=0.1 * size)
