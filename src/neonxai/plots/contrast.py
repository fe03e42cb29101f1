"""What tells clusters apart: all pairs, or one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from neonxai.plots import _groups, _style, _text
from neonxai.plots._order import Order, by_distance, check_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_TITLE = 1.1  # its size, relative to the labels'
_SMALLEST = 5.0  # points, of the texts in cells
_SMALLEST_NAMES = 6.0  # points; below, not every cluster is named
_ROUNDING = 1e-10  # of the parts: less is no absorbed evidence


def contrast(
    explanation: Explanation,
    cluster: Any = None,
    rival: Any = None,
    *,
    max_features: int = 12,
    order: Order = "similarity",
    ax: Axes | None = None,
) -> Axes:
    """Draw what tells clusters apart, at their prototypes (centers, means or medoids): all pairs, or one.

    Without `cluster`, a table of all pairs: the darker a cell, the more evidence there is for the line's
    cluster against the column's; for k-means ‖μ_c − μ_k‖². Where they fit, each cell has the evidence, and
    above it the feature that makes most of it. With `cluster`, bars: the features that tell it from `rival`,
    those of `Explanation.contrast`, the largest first; the others are one bar, and what no feature accounts
    for has a grey one. Noise has no prototype, and is left out.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of K clusters and D features.
    cluster : cluster name, optional
        Which cluster; by default all pairs.
    rival : cluster name, optional
        What to tell it from; by default the cluster against which it has the least evidence.
    max_features : int, default 12
        Of one pair: how many features get a bar of their own.
    order : {"similarity", "given"}, default "similarity"
        Of all pairs: clusters that are near each other side by side [Bar-Joseph2001]_, or in the order that
        they have.
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
        If `explanation` is no Explanation, or `max_features` no whole number.
    ValueError
        If there is no table of contrasts, a cluster is not known, has no prototype, or is its own rival,
        there is a rival without a cluster, `order` is not known, or `max_features` below 1.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 1.0]]), [[0.5, 7.0]])
    >>> e.plot.contrast().images[0].get_array().tolist()
    [[None, 5.0], [5.0, None]]
    >>> [float(bar.get_width()) for bar in e.plot.contrast(0, 1).patches]
    [4.0, 1.0]
    """
    explanation = _style.check_explanation(explanation)
    check_order(order)
    max_features = _style.check_max_features(max_features)
    if explanation.contrasts is None:
        explanation.contrast()  # which says why there is none, and the remedy
    if cluster is None:
        if rival is not None:
            message = f"rival={rival!r} is given without a cluster; give both, cluster=... and rival=..."
            raise ValueError(message)
        return _draw_all(explanation, order, ax)
    own = _groups.find(explanation, cluster)
    _check_prototype(explanation, own, "cluster")
    if rival is None:
        other = _nearest(explanation, own)
    else:
        other = _groups.find(explanation, rival, "rival")
        _check_prototype(explanation, other, "rival")
    if other == own:
        raise ValueError(f"cluster={cluster!r} is its own rival; give two clusters that differ.")
    return _draw_pair(explanation, own, other, max_features, ax)


def _tables(explanation: Explanation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    assert explanation.contrasts is not None  # noqa: S101  # `contrast` has checked it
    assert explanation.separations is not None  # noqa: S101
    return explanation.contrasts, explanation.separations


def _check_prototype(explanation: Explanation, position: int, argument: str) -> None:
    if np.isnan(_tables(explanation)[0][position]).all():
        name = explanation.cluster_names[position]
        message = (
            f"{argument}={name!r} has no prototype to compare, as noise has none. Choose another cluster, or "
            "look at the rows, such as e[e.labels == ...].plot.heatmap()."
        )
        raise ValueError(message)


def _nearest(explanation: Explanation, own: int) -> int:
    evidence = _tables(explanation)[1][own].copy()
    evidence[own] = np.inf
    evidence[np.isnan(_tables(explanation)[0]).all(axis=(1, 2))] = np.inf
    return int(np.nanargmin(evidence))


def _draw_pair(explanation: Explanation, own: int, other: int, max_features: int, ax: Axes | None) -> Axes:
    contrasts, separations = _tables(explanation)
    parts, evidence = contrasts[own, other], float(separations[own, other])
    ranked = np.argsort(-np.abs(parts), kind="stable")
    kept, others = ranked[:max_features], ranked[max_features:]
    amounts, rest = [*parts[kept]], []
    if others.size:
        amounts.append(parts[others].sum())
        rest.append(f"{others.size} other {explanation.feature_kind}{'s' if others.size > 1 else ''}")
    colors = _style.sign_colors(np.array(amounts))
    absorbed = evidence - parts.sum()
    if abs(absorbed) > _ROUNDING * (np.abs(parts).sum() + abs(evidence)):
        amounts.append(absorbed)
        rest.append("absorbed")
        colors.append(_style.GREY)
    names = [str(explanation.feature_names[i]) for i in kept]
    count = len(amounts)

    if ax is None:
        size = _style.base_size()
        name_room = max(_text.widest(map(_text.drawable, names), size), _text.widest(rest, size)) + 0.01
        name_room, room = min(name_room, 28 * size), 26 * size
        _, (ax,) = _style.new_axes(1, _style.Extent(name_room + room + 8 * size, (1.75 * count + 8) * size))
    else:
        given = _style.extent(ax)
        size = _style.size_for(count + 3, given.height)
        name_room, room = min(0.4 * given.width, 28 * size), 0.45 * given.width

    labels = [_text.escaped(label) for label in _text.fit_names(names, name_room, size)]
    ax.barh(range(count), amounts, height=0.7, color=colors, zorder=2)
    ax.axvline(0, color=_style.GREY, linewidth=0.8, zorder=3)
    ax.margins(x=0.04)
    ax.set_yticks(range(count), [*labels, *rest])
    ax.set_ylim(count - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(labelsize=size)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.locator_params(axis="x", nbins=int(np.clip(room / (5 * size), 1, 5)))
    _style.number_bars(ax, amounts, size)
    full = _groups.full_names(explanation)
    first = _text.fit_ends(full[own], " against ", full[other], room + 3 * size, _TITLE * size)
    second = f"evidence {_text.number(evidence)}, at its prototype"
    second = _text.fit(second, room + 3 * size, _TITLE * size)
    ax.set_title(_text.escaped(f"{first}\n{second}"), fontsize=_TITLE * size, loc="left")
    ax.set_xlabel(_text.wrapped("relevance (red for, blue against)", room, size), fontsize=size)
    return ax


def _draw_all(explanation: Explanation, order: str, ax: Axes | None) -> Axes:
    contrasts, separations = _tables(explanation)
    lines = np.flatnonzero(~np.isnan(contrasts).all(axis=(1, 2)))
    if order == "similarity":
        both = separations[np.ix_(lines, lines)]
        both = np.maximum(
            (both + both.T) / 2, 0.0
        )  # a narrow mixture can have less than 0 against a wide one
        np.fill_diagonal(both, 0.0)
        lines = lines[by_distance(both)]
    table = separations[np.ix_(lines, lines)].astype(np.float64)
    np.fill_diagonal(table, np.nan)
    full = _groups.short_names(explanation)
    names = [full[k] for k in lines]
    count = len(lines)
    tops = [
        [
            "" if own == other else str(explanation.feature_names[np.abs(contrasts[own, other]).argmax()])
            for other in lines
        ]
        for own in lines
    ]

    if ax is None:
        size = _style.base_size()
        side = float(np.clip(7.5 * size * count, 24 * size, max(24 * size, 700.0)))
        cell = _style.Extent(side / count, side / count)
        name_room = 14 * size
        beside = _text.widest(_text.fit_names(names, name_room, size), size)
        _, (ax,) = _style.new_axes(1, _style.Extent(side + beside + 14 * size, side + beside + 9 * size))
    else:
        given = _style.extent(ax)
        size = float(np.clip(given.width / 26, 4.5, _style.base_size()))
        name_room = 0.25 * min(given)
        beside = _text.widest(_text.fit_names(names, name_room, size), size)
        cell = _style.Extent(
            max(given.width - beside - 11 * size, 0.3 * given.width) / count,
            max(given.height - beside - 6 * size, 0.3 * given.height) / count,
        )
    peak = float(np.nanmax(np.abs(table), initial=0.0)) or 1.0
    image = ax.imshow(
        np.ma.masked_invalid(table),
        cmap=mpl.colormaps[_style.SEQUENTIAL].with_extremes(bad=_style.EMPTY),
        vmin=min(0.0, float(np.nanmin(table, initial=0.0))),
        vmax=peak,
        aspect="auto",
        interpolation="nearest",
    )
    _write_cells(ax, image, table, tops, cell, size)
    _name_axes(ax, names, name_room, cell, size)
    bar = ax.figure.colorbar(
        image, ax=ax, pad=0.02, aspect=float(np.clip(cell.height * count / (1.4 * size), 8, 60))
    )
    bar.ax.tick_params(labelsize=size)
    bar.ax.locator_params(nbins=5)
    bar.outline.set_visible(False)
    bar.set_label(_text.wrapped("evidence (unit of the logit)", cell.height * count, size), fontsize=size)
    title = "what tells clusters apart: evidence for the line's against the column's, at its prototype"
    title = _text.wrapped(title, cell.width * count + 6 * size, _TITLE * size)
    ax.set_title(title, fontsize=_TITLE * size)
    return ax


def _write_cells(
    ax: Axes,
    image: Any,
    table: NDArray[np.float64],
    tops: list[list[str]],
    cell: _style.Extent,
    size: float,
) -> None:
    """Write the strongest feature and the evidence into each cell, if all of them can be read."""
    numbers = [["" if np.isnan(v) else _text.number(float(f"{v:.3g}")) for v in line] for line in table]
    # Names are shortened to the cell; twelve letters of them are enough to know a feature by.
    wide = max(_text.widest({n for line in numbers for n in line}, 10.0) / 10.0, 5.5)
    size = min(0.9 * size, 0.9 * cell.width / wide, 0.36 * cell.height)
    if size < _SMALLEST:
        return
    fills: NDArray[Any] = np.asarray(image.cmap(image.norm(np.nan_to_num(table))))
    bright = fills[..., :3] @ np.array([0.299, 0.587, 0.114]) > 0.5
    for y, line in enumerate(tops):
        for x, name in enumerate(line):
            if not name:
                continue
            short = _text.fit(_text.drawable(name), 0.92 * cell.width, size)
            ax.text(
                x,
                y,
                _text.escaped(f"{short}\n{numbers[y][x]}"),
                ha="center",
                va="center",
                fontsize=size,
                color="black" if bright[y, x] else "white",
            )


def _name_axes(ax: Axes, names: list[object], room: float, cell: _style.Extent, size: float) -> None:
    labels = [_text.escaped(name) for name in _text.fit_names(names, room, size)]
    turned = _text.widest(labels, size) > cell.width - 0.6 * size
    for axis, pitch, rotation in ((ax.xaxis, cell.width, 90 if turned else 0), (ax.yaxis, cell.height, 0)):
        step = 1 if axis is ax.xaxis and not turned else int(np.ceil(1.4 * size / pitch))
        axis.set_ticks(range(0, len(labels), step), labels[::step], rotation=rotation)
    ax.tick_params(labelsize=size, length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("against cluster", fontsize=size)
    ax.set_ylabel("cluster", fontsize=size)
