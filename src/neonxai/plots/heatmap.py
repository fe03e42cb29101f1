"""What every cluster is made of: clusters × features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import Formatter

from neonxai.plots import _groups, _style, _text
from neonxai.plots._order import Order, by_similarity, check_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_QUANTITIES = {
    "mean": "mean relevance (unit of the logit)",
    "mean_abs": "mean |relevance| (unit of the logit)",
    "share": "share of |relevance| (sums to 1)",
}
_SMALLEST_NUMBERS = 5.0  # points; below, cells have no numbers
_SMALLEST_NAMES = 6.0  # points; below, not every row or column is named


class _Table(NamedTuple):
    """What is drawn, and its inscriptions."""

    values: NDArray[np.float64]
    sizes: NDArray[np.intp]
    title: str
    rows: list[object]
    columns: list[str]
    cells: list[list[str]]
    n_features: int
    """How many of the columns are features; the others are what no feature accounts for."""

    @property
    def peak(self) -> float:
        """The largest amount of a feature, which has the darkest color."""
        return float(np.nanmax(np.abs(self.values[:, : self.n_features]), initial=0.0)) or 1.0


class _Plan(NamedTuple):
    """Sizes in points."""

    size: float
    name_room: float
    cluster_room: float
    cell: _style.Extent


def heatmap(
    explanation: Explanation,
    *,
    statistic: Literal["mean", "mean_abs", "share"] = "mean",
    max_features: int = 30,
    order: Order = "similarity",
    ax: Axes | None = None,
) -> Axes:
    """Draw the relevance of every feature for every cluster, averaged over the rows assigned to it.

    Averages of signed relevance ("mean") run from blue (against the cluster) over white (0) to red (for it);
    "mean_abs" and "share" from white to red. The numbers are written into the cells where all of them fit;
    where they don't, a stroke says what is below 0. A cluster without rows is grey and hatched. Beside the
    name of a cluster stands how many rows it has.

    What belongs to no feature has columns of its own behind a gap, where there is any: what is absent (of
    sparse relevance), what is absorbed, and the base value. With "mean" a line of all of them adds up to the
    cluster's mean logit. Where they are beyond the scale of colors, which is the features', the color bar has
    a tip. "share" is of the features alone, and has none of them.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of K clusters and D features.
    statistic : {"mean", "mean_abs", "share"}, default "mean"
        As in `Explanation.summary`.
    max_features : int, default 30
        How many features to show: those with the largest mean |relevance| over all rows. Features that are 0
        in every row are left out. The title says when some are.
    order : {"similarity", "given"}, default "similarity"
        Clusters with similar features beside each other, and features that matter to the same clusters
        [Bar-Joseph2001]_; noise, and clusters without rows, come last. Or clusters and features in the order
        that they have.
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
        If `explanation` is no Explanation, or `max_features` no whole number.
    ValueError
        If `statistic` or `order` is not known, or `max_features` below 1.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 0.0]]), [[0.5, 7.0], [0.0, 1.0], [2.0, 3.0]])
    >>> ax = e.plot.heatmap()
    >>> ax.images[0].get_array().tolist()
    [[3.0], [4.0]]
    >>> print(ax.get_title())
    mean relevance of 3 rows, without 1 feature of no relevance
    """
    explanation = _style.check_explanation(explanation)
    check_order(order)
    table = _table(explanation, statistic, _style.check_max_features(max_features), order)
    if ax is None:
        plan = _plan_figure(table)
        _, (ax,) = _style.new_axes(1, _figure_size(table, plan))
    else:
        plan = _plan_given(table, _style.extent(ax))

    image = _draw_cells(ax, table, statistic)
    for k in np.flatnonzero(table.sizes == 0):
        ax.add_patch(
            Rectangle(
                (-0.5, k - 0.5),
                len(table.columns),
                1,
                facecolor="none",
                edgecolor="0.6",
                hatch="///",
                linewidth=0,
            )
        )
    if not _draw_numbers(ax, image, table, plan):
        _style.mark_negative(ax, table.values, plan.cell)
    if table.n_features < len(table.columns):
        ax.axvline(table.n_features - 0.5, color=ax.get_facecolor(), linewidth=0.3 * plan.size)
    _label_axes(ax, table, plan)
    height = plan.cell.height * len(table.rows)
    bar = ax.figure.colorbar(
        image,
        ax=ax,
        pad=0.02,
        aspect=float(np.clip(height / (1.4 * plan.size), 8, 60)),
        extend=_beyond(table),
    )
    bar.ax.tick_params(labelsize=plan.size)
    bar.ax.locator_params(nbins=5)
    bar.outline.set_visible(False)
    bar.set_label(
        _text.wrapped(_QUANTITIES[statistic], height + 2 * plan.size, plan.size),
        fontsize=plan.size,
    )
    return ax


def _table(explanation: Explanation, statistic: str, max_features: int, order: str) -> _Table:
    values = explanation.summary_values(by="cluster", statistic=statistic)
    rows = explanation.row_kind if len(explanation) == 1 else f"{explanation.row_kind}s"
    title = f"{_QUANTITIES.get(statistic, statistic).split(' (')[0]} of {len(explanation)} {rows}"
    kept, left_out = _choose_features(explanation, max_features)
    title += left_out
    if asked := _groups.asked(explanation):
        title += f", {asked}"
    sizes = np.bincount(explanation.label_positions, minlength=explanation.n_clusters)
    names, lines = _groups.short_names(explanation), np.arange(len(sizes))
    if order == "similarity":
        kept, lines = _ordered(values, kept, sizes, np.array([name == "noise" for name in names]))
    others = {} if statistic == "share" else _others(explanation, statistic, sizes)
    shown = np.column_stack([values[:, kept], *others.values()])[lines]
    columns = [*(str(explanation.feature_names[i]) for i in kept), *others]
    return _Table(
        shown, sizes[lines], title, [names[k] for k in lines], columns, _numbers(shown, len(kept)), len(kept)
    )


def _choose_features(explanation: Explanation, max_features: int) -> tuple[NDArray[np.intp], str]:
    """Choose those of largest mean |relevance|, in their order, and say what is left out."""
    matter = explanation.summary_values(by=None, statistic="mean_abs")
    total, kind = explanation.n_features, explanation.feature_kind
    alive = np.flatnonzero(matter)
    if not alive.size:
        alive = np.arange(total)  # an explanation without any relevance is still drawn
    if alive.size > max_features:
        kept = np.sort(np.argsort(-matter, kind="stable")[:max_features])
        return kept, f", the {max_features} most relevant of {total} {kind}s"
    none = total - alive.size
    return alive, f", without {none} {kind}{'s' if none > 1 else ''} of no relevance" if none else ""


def _ordered(
    values: NDArray[np.float64], kept: NDArray[np.intp], sizes: NDArray[np.intp], noise: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Order features, and clusters, by similarity; clusters without rows, and noise, come last."""
    first = np.flatnonzero((sizes > 0) & ~noise)
    last = np.flatnonzero((sizes == 0) | noise)
    there = values[sizes > 0][:, kept]
    return (
        kept[by_similarity(there.T)],
        np.concatenate([first[by_similarity(values[first][:, kept])], last]),
    )


def _others(
    explanation: Explanation, statistic: str, sizes: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """Average what belongs to no feature, where there is any."""
    found = {
        f"absent {explanation.feature_kind}s": explanation.absent,
        "absorbed": explanation.absorbed,
        "base value": np.broadcast_to(explanation.base_value, len(explanation)),
    }
    result = {}
    for name, amounts in found.items():
        if amounts is not None and np.any(amounts):
            weights = np.abs(amounts) if statistic == "mean_abs" else amounts
            sums = np.bincount(explanation.label_positions, weights=weights, minlength=len(sizes))
            result[name] = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)
    return result


def _numbers(values: NDArray[np.float64], n_features: int | None = None) -> list[list[str]]:
    """Write all with as many decimals as give the largest (of the features) two digits: to be compared.

    Examples
    --------
    >>> _numbers(np.array([[3.21, -0.04], [0.5, np.nan]]))
    [['3.2', '0.0'], ['0.5', '']]
    """
    peak = np.nanmax(np.abs(values[:, :n_features]), initial=0.0)
    if peak == 0 or 1e-3 <= peak < 1e5:
        decimals = int(np.clip(1 - np.floor(np.log10(peak or 1.0)), 0, 4))
        form = f"{{:.{decimals}f}}"
        rounded = np.round(values, decimals) + 0.0  # −0.0 + 0.0 is 0.0: no "-0.0"
    else:
        form, rounded = "{:.0e}", values
    return [
        ["" if np.isnan(v) else Formatter.fix_minus(form.format(v)) for v in row] for row in rounded.tolist()
    ]


def _cluster_names(table: _Table, room: float, size: float) -> list[str]:
    counts = [f" ({n})" for n in table.sizes]
    return _text.fit_names(table.rows, room, size, suffixes=counts)


def _plan_figure(table: _Table) -> _Plan:
    """Give the cells the room that their numbers need, up to a figure of about 13 × 13 inches."""
    size = _style.base_size()
    rows, columns = len(table.rows), len(table.columns)
    numbers = _text.widest({cell for row in table.cells for cell in row}, 0.9 * size)
    width = np.clip(columns * max(1.25 * numbers, 2 * size), 20 * size, max(20 * size, 780))
    height = np.clip(rows * 2.2 * size, 9 * size, max(9 * size, 780))
    cell = _style.Extent(float(width) / columns, float(height) / rows)
    size = float(np.clip(0.8 * min(cell), _SMALLEST_NAMES, size))
    return _Plan(size, 26 * size, 20 * size, cell)


def _figure_size(table: _Table, plan: _Plan) -> _style.Extent:
    size = plan.size
    names = _text.fit_names(table.columns, plan.name_room, size)
    below = 2 * size if _lie_flat(names, plan) else _text.widest(names, size)
    beside = _text.widest(_cluster_names(table, plan.cluster_room, size), size)
    return _style.Extent(
        plan.cell.width * len(table.columns) + beside + 12 * size,
        plan.cell.height * len(table.rows) + below + 6 * size,
    )


def _plan_given(table: _Table, given: _style.Extent) -> _Plan:
    """Choose the largest font, by a cautious guess of what a layout will leave for the cells."""
    rows, columns = len(table.rows), len(table.columns)
    name_room, cluster_room = 0.4 * given.height, 0.3 * given.width
    size = _style.base_size()
    while True:
        beside = _text.widest(_cluster_names(table, cluster_room, size), size)
        below = _text.widest(_text.fit_names(table.columns, name_room, size), size)
        width = min(1.2 * given.width - beside - 10 * size, 0.85 * given.width)
        height = min(1.2 * given.height - below - 5 * size, 0.95 * given.height)
        cell = _style.Extent(max(width, 1.0) / columns, max(height, 1.0) / rows)
        if size <= max(0.8 * min(cell), _SMALLEST_NAMES):
            return _Plan(size, name_room, cluster_room, cell)
        size = max(0.9 * size, _SMALLEST_NAMES)


def _lie_flat(names: list[str], plan: _Plan) -> bool:
    """Whether the names of the features fit below their columns without being turned."""
    return _text.widest(names, plan.size) <= plan.cell.width - 0.6 * plan.size


def _draw_cells(ax: Axes, table: _Table, statistic: str) -> AxesImage:
    diverging = statistic == "mean"
    colors = mpl.colormaps[_style.DIVERGING if diverging else _style.SEQUENTIAL].with_extremes(
        bad=_style.EMPTY
    )
    return ax.imshow(
        np.ma.masked_invalid(table.values),
        cmap=colors,
        vmin=-table.peak if diverging else 0.0,
        vmax=table.peak,
        aspect="auto",
        interpolation="nearest",
    )


def _beyond(table: _Table) -> str:
    """Which ends of the scale what belongs to no feature is beyond."""
    others = table.values[:, table.n_features :]
    above = bool(np.nanmax(others, initial=0.0) > table.peak)
    below = bool(np.nanmin(others, initial=0.0) < -table.peak)
    return {(True, True): "both", (True, False): "max", (False, True): "min"}.get((above, below), "neither")


def _draw_numbers(ax: Axes, image: AxesImage, table: _Table, plan: _Plan) -> bool:
    """Write the numbers into the cells, if all of them fit, and tell whether they do."""
    per_point = _text.widest({cell for row in table.cells for cell in row}, 10.0) / 10.0
    if per_point == 0:
        return False
    size = min(0.9 * plan.size, 0.85 * plan.cell.width / per_point, 0.6 * plan.cell.height)
    if size < _SMALLEST_NUMBERS:
        return False
    fills: NDArray[Any] = np.asarray(image.cmap(image.norm(table.values)))
    bright = fills[..., :3] @ np.array([0.299, 0.587, 0.114]) > 0.5
    for y, row in enumerate(table.cells):
        for x, cell in enumerate(row):
            color = "black" if bright[y, x] else "white"
            ax.text(x, y, cell, ha="center", va="center", fontsize=size, color=color)
    return True


def _label_axes(ax: Axes, table: _Table, plan: _Plan) -> None:
    size = plan.size
    names = _text.fit_names(table.columns, plan.name_room, size)
    clusters = _cluster_names(table, plan.cluster_room, size)
    turned = not _lie_flat(names, plan)
    for axis, labels, pitch, rotation in (
        (ax.xaxis, names, plan.cell.width, 90 if turned else 0),
        (ax.yaxis, clusters, plan.cell.height, 0),
    ):
        # Where lines would lie on each other, every second one, or third, is named.
        step = 1 if axis is ax.xaxis and not turned else int(np.ceil(1.25 * size / pitch))
        axis.set_ticks(
            range(0, len(labels), step), [_text.escaped(label) for label in labels[::step]], rotation=rotation
        )
    ax.tick_params(labelsize=size, length=0)
    ax.spines[:].set_visible(False)
    ax.set_ylabel("cluster (rows)", fontsize=size)
    ax.set_title(
        _text.escaped(
            _text.wrapped(table.title, plan.cell.width * len(table.columns) + 8 * size, 1.1 * size)
        ),
        fontsize=1.1 * size,
    )
