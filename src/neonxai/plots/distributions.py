"""One cluster: how its features are distributed in it, against the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from neonxai.explanation import cells
from neonxai.plots import _groups, _rows, _style, _text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_MOST_BINS = 24
_FEW_VALUES = 12  # so many different ones are bars of their own, as numbers of children are
_MOST_CATEGORIES = 7
_ABREAST = 3
_PANEL = (17.0, 11.0)  # width and height, in font sizes
_FILL = "#56b4e9"  # pale enough for a line on it to be seen; red and blue speak for and against elsewhere


def distributions(
    explanation: Explanation,
    cluster: Any,
    *,
    values: Any = None,
    max_features: int = 6,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Draw how the features that matter most to a cluster are distributed in it, and in the other rows.

    A panel for each feature, with its mean relevance in the cluster. Numbers: the share of the cluster's rows
    in each bin, filled, and that of the other rows, as a line, in the same bins. Categories, and numbers of
    few different values: two bars for each, the rarest together as "other". Missing values count among the
    rows; how many there are stands below.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of n rows and D features.
    cluster : cluster name
        Which one.
    values : array-like or frame of shape (n, D), optional
        The same rows, in the same order, in the units to be shown. By default `explanation.data`.
    max_features : int, default 6
        How many features: those with the largest mean |relevance| in the cluster, of which the data has a
        column.
    axes : sequence of Axes, optional
        Where to draw, one for each feature, which says how many there are; what is too many stays empty. By
        default, a new figure is made.

    Returns
    -------
    tuple of Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `explanation` is no Explanation, or `max_features` no whole number.
    ValueError
        If `cluster` is not known or has no rows, `values` do not fit, `max_features` is below 1, or the data
        has no column for any feature, as texts have none for their terms.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> X = [[0.0, 5.0], [0.0, 5.0], [1.0, 5.0], [2.0, 5.0]]
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 5.0], [2.0, 5.0]]), X)
    >>> first, _ = e.plot.distributions(0)
    >>> [round(float(bar.get_height()), 2) for bar in first.patches]  # at 0, 1, 2: inside, then outside
    [0.67, 0.33, 0.0, 0.0, 0.0, 1.0]
    """
    explanation = _style.check_explanation(explanation)
    position, rows = _groups.find_rows(explanation, cluster)
    max_features = _style.check_max_features(max_features)
    data = _rows.read_values(explanation, values)
    given = None if axes is None else list(np.ravel(np.asarray(axes, dtype=object)))
    most = max_features if given is None else len(given)
    relevance = explanation.summary_values("cluster", "mean")[position]
    ranked = np.argsort(-explanation.summary_values("cluster", "mean_abs")[position], kind="stable")
    places = dict(zip(ranked.tolist(), _rows.columns(explanation, data, ranked), strict=True))
    features = [i for i in ranked.tolist() if places[i] is not None][:most]
    if not features:
        message = (
            f"The data has no column for any of the {explanation.n_features} {explanation.feature_kind}s, so "
            "there is nothing to count; give their values, values=..., or draw the relevance, beeswarm(...)."
        )
        raise ValueError(message)
    inside = np.zeros(len(explanation), dtype=bool)
    inside[rows] = True
    panels = _new_panels(len(features)) if given is None else given[: len(features)]
    amounts = _text.compared([float(relevance[i]) for i in features])
    for ax, feature, amount in zip(panels, features, amounts, strict=True):
        column = cells.column(data, places[feature])
        if given is None:
            size, room = _style.base_size(), _PANEL[0] * _style.base_size()
        else:
            extent = _style.extent(ax)
            size = float(np.clip(extent.width / 18, 4.5, _style.base_size()))
            room = 0.8 * extent.width
        _draw_panel(ax, column, inside, room, size)
        name = _text.fit(_text.drawable(explanation.feature_names[feature]), room, size)
        ax.set_title(_text.escaped(f"{name}\nmean relevance {amount}"), fontsize=size, loc="left")
    _draw_legend(panels[min(len(panels), _columns(len(features))) - 1], explanation, position, inside, size)
    return tuple(panels)


def _columns(count: int) -> int:
    return min(count, _ABREAST)


def _new_panels(count: int) -> list[Axes]:
    size = _style.base_size()
    columns = _columns(count)
    lines = -(-count // columns)
    width, height = columns * (_PANEL[0] + 7) + 14, lines * (_PANEL[1] + 8)
    figure, axes = plt.subplots(
        lines,
        columns,
        figsize=(width * size / 72, height * size / 72),
        layout="constrained",
        squeeze=False,
    )
    for ax in axes.ravel()[count:]:
        figure.delaxes(ax)
    return list(axes.ravel()[:count])


def _draw_panel(ax: Axes, column: cells.Column, inside: NDArray[np.bool_], room: float, size: float) -> None:
    there = ~column.missing
    if column.is_numbers:
        there &= np.isfinite(column.values.astype(np.float64))
        numbers = np.where(there, column.values, 0).astype(np.float64)
        different = np.unique(numbers[there])
        if len(different) <= _FEW_VALUES:
            bars = [_text.number(value) for value in different]
            _draw_bars(
                ax, bars, _shares(np.searchsorted(different, numbers), len(bars), there, inside), room, size
            )
        else:
            _draw_histogram(ax, numbers, there, inside)
            ax.locator_params(axis="x", nbins=int(np.clip(room / (5 * size), 1, 4)))
            ax.tick_params(axis="x", labelsize=size)
    else:
        names, codes = _categories(column)
        _draw_bars(ax, names, _shares(codes, len(names), there, inside), room, size, lying=True)
    shares = ax.xaxis if ax.yaxis_inverted() else ax.yaxis
    shares.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.locator_params(axis="x" if ax.yaxis_inverted() else "y", nbins=3)
    ax.tick_params(labelsize=size)
    ax.spines[["top", "right"]].set_visible(False)
    gaps = [float((~there[group]).mean()) if group.any() else 0.0 for group in (inside, ~inside)]
    if any(gaps):
        label = f"missing: {gaps[0]:.1%} here, {gaps[1]:.1%} elsewhere"
        ax.set_xlabel(_text.wrapped(label, room, size), fontsize=size)


def _shares(
    codes: NDArray[np.intp], count: int, there: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Which share of the rows inside, and of those outside, has each value: shape (2, count)."""
    return np.array(
        [
            np.bincount(codes[group & there], minlength=count) / max(int(group.sum()), 1)
            for group in (inside, ~inside)
        ]
    )


def _categories(column: cells.Column) -> tuple[list[str], NDArray[np.intp]]:
    """Name the most frequent categories, and the others together; and each row's."""
    texts = np.array([str(value) for value in column.values], dtype=object)
    names, codes = np.unique(texts[~column.missing].astype(str), return_inverse=True)
    full = np.zeros(len(texts), dtype=np.intp)
    counts = np.bincount(codes, minlength=len(names))
    ranked = np.argsort(-counts, kind="stable")
    place = np.empty(len(names), dtype=np.intp)
    place[ranked] = np.arange(len(names))
    shown = [str(names[i]) for i in ranked]
    if len(shown) > _MOST_CATEGORIES:
        place = np.minimum(place, _MOST_CATEGORIES - 1)
        rest = len(shown) - _MOST_CATEGORIES + 1
        shown = [*shown[: _MOST_CATEGORIES - 1], f"{rest} others"]
    full[~column.missing] = place[codes]
    return shown, full


def _draw_histogram(
    ax: Axes, numbers: NDArray[np.float64], there: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> None:
    edges = np.histogram_bin_edges(numbers[there], bins="auto")
    if len(edges) - 1 > _MOST_BINS:
        edges = np.histogram_bin_edges(numbers[there], bins=_MOST_BINS)
    for group, is_inside in ((inside, True), (~inside, False)):
        shares = np.histogram(numbers[group & there], edges)[0] / max(int(group.sum()), 1)
        ax.stairs(
            shares,
            edges,
            fill=is_inside,
            facecolor=_FILL if is_inside else "none",
            edgecolor="none" if is_inside else mpl.rcParams["text.color"],
            linewidth=0 if is_inside else 1.2,
        )


def _draw_bars(
    ax: Axes,
    names: Sequence[str],
    shares: NDArray[np.float64],
    room: float,
    size: float,
    *,
    lying: bool = False,
) -> None:
    """Draw two bars for each value, standing or lying."""
    places = np.arange(len(names))
    for bars, shift, fill, edge in (
        (shares[0], -0.2, _FILL, "none"),
        (shares[1], 0.2, "none", mpl.rcParams["text.color"]),
    ):
        draw = ax.barh if lying else ax.bar
        draw(places + shift, bars, 0.36, color=fill, edgecolor=edge, linewidth=1.0)
    if lying:
        labels = _text.fit_names(names, 0.5 * room, size)
        ax.set_yticks(places, [_text.escaped(label) for label in labels])
        ax.set_ylim(len(names) - 0.5, -0.5)
        return
    labels = _text.fit_names(names, room / 4, size)
    step = int(np.ceil(len(names) * (_text.widest(labels, size) + 0.6 * size) / (0.9 * room)))
    ax.set_xticks(places[::step], [_text.escaped(label) for label in labels[::step]])


def _draw_legend(
    ax: Axes, explanation: Explanation, position: int, inside: NDArray[np.bool_], size: float
) -> None:
    name = _text.fit(_groups.full_names(explanation)[position], 12 * size, size)
    counts = int(inside.sum()), int((~inside).sum())
    handles = [
        Patch(facecolor=_FILL, label=_text.escaped(f"{name} ({counts[0]:,})")),
        Patch(facecolor="none", edgecolor=mpl.rcParams["text.color"], label=f"the rest ({counts[1]:,})"),
    ]
    ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize=size,
        frameon=False,
        borderaxespad=0.0,
    )
