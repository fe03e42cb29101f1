"""All rows at a glance: where the clusters lie, and how they agree with known classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array, issparse
from sklearn.decomposition import PCA

from neonxai.explanation import cells
from neonxai.explanation.groups import group_kinds
from neonxai.plots import _groups, _style, _text
from neonxai.plots._legend import Entry, Group, draw, plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from neonxai.explanation import Explanation

_COMPONENTS = 2
_CROSS = "x"
_MANY_ROWS = 5000  # beyond: one picture instead of that many vector outlines in PDF and SVG


class _Classes(NamedTuple):
    """Known classes: their names in order, and each row's position among them."""

    names: list[object]
    codes: NDArray[np.intp]


class _Slots(NamedTuple):
    """The place of every cluster and of every class in the palette."""

    clusters: NDArray[np.intp]
    classes: NDArray[np.intp]

    def colors(self) -> list[_style.Color]:
        return _style.palette(int(max([*self.clusters, *self.classes])) + 1)


def map(  # noqa: A001 - the public name is neonxai.plots.map
    explanation: Explanation,
    classes: ArrayLike | None = None,
    *,
    doubt: float = 0.05,
    ax: Axes | None = None,
) -> Axes:
    """Draw every row on a plane: filled with the color of its cluster, edged with the color of its class.

    Rows near a boundary, whose probability is near one half, have a ring around them. Noise is crosses, grey
    or in the color of the class.

    The plane is spanned by the two principal components of `explanation.data`, in its own units, so features
    of large numbers dominate it; or of the relevance, where the data are not all numbers. It is for the eye
    alone: no explanation uses it. With one feature, the plane is that feature and the logit; with one row, or
    rows all alike, everything is at the origin.

    With `classes`, every cluster is matched to one class at most, and every class to one cluster, such that
    the most rows agree (the Hungarian method). A cluster and its class share a color: a row with an edge of
    another color is one on which they differ, and lies on top of those that agree. What has no row in common
    is not matched. The legend has the classes in the order of their names. Markers differ, too, for the eye
    that sees no color, or a print without. Without classes, a cluster's color and marker do not depend on
    which rows are drawn.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of n rows.
    classes : array-like of shape (n,), optional
        A known class per row: numbers, strings, or any other names. None may be missing.
    doubt : float, default 0.05
        How near to one half a probability is that puts a row in doubt; 0 for no rings.
    ax : Axes, optional
        Where to draw. Use a figure with ``layout="constrained"``, which makes room for the legend outside, or
        save it with ``bbox_inches="tight"``. By default, a new figure is made.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `explanation` is no Explanation, or `doubt` no number.
    ValueError
        If `classes` has the wrong length, more than one dimension, or a missing value, or `doubt` is not
        between 0 and 0.5.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0], [2.0]]), [[0.0], [0.5], [2.0]])
    >>> ax = e.plot.map(classes=["low", "low", "high"])
    >>> print(*[text.get_text() for text in ax.get_legend().get_texts()], sep="; ")
    clusters (rows); cluster 0 (2); cluster 1 (1); classes (ring); class high (1); class low (2)
    """
    explanation = _style.check_explanation(explanation)
    doubtful = _doubtful(explanation, doubt)
    known = None if classes is None else _check_classes(classes, len(explanation))
    places, axis_names = _project(explanation)
    noise = np.array([kind == "noise" for kind in group_kinds(explanation)])
    slots = _match(explanation.label_positions, noise, known)
    entries = _entries(explanation, known, slots, noise)
    if doubtful.any():
        ring = Entry("", "near a boundary", int(doubtful.sum()), "none", _ink(), "o")
        entries[0].entries.append(ring)

    if ax is None:
        size = _style.base_size()
        legend = plan(entries, _style.Extent(34 * size, 28 * size), size)
        _, (ax,) = _style.new_axes(1, _style.Extent(42 * size + legend.width, 34 * size))
    else:
        given = _style.extent(ax)
        size = float(np.clip(given.width / 26, 4.5, _style.base_size()))
        legend = plan(entries, _style.Extent(0.55 * given.width, 0.9 * given.height), size)

    many = len(explanation) > _MANY_ROWS
    area = float(np.clip(9000 / len(explanation), 4, 36)) * (size / 10) ** 2
    side = float(np.sqrt(area))
    colors = np.array(slots.colors())
    place = slots.clusters[explanation.label_positions]
    face = colors[place]
    edge = colors[slots.classes[known.codes]] if known else np.full_like(face, to_rgb(ax.get_facecolor()))
    lost = noise[explanation.label_positions]
    shapes = np.where(lost, _CROSS, np.array(_style.markers(explanation.n_clusters))[place])
    differs = slots.classes[known.codes] != place if known else np.zeros(len(place), dtype=bool)
    differs &= ~lost
    for shape, apart in dict.fromkeys(zip(shapes.tolist(), differs.tolist(), strict=True)):
        rows = (shapes == shape) & (differs == apart)
        if shape == _CROSS:  # which has lines, and no face
            strokes: dict[str, Any] = {"c": edge[rows] if known else _style.GREY, "linewidths": 0.2 * side}
        else:
            rim = 0.3 if known is None else 0.27 * side
            strokes = {"c": face[rows], "edgecolors": edge[rows], "linewidths": rim}
        ax.scatter(
            places[rows, 0],
            places[rows, 1],
            s=area,
            marker=shape,
            rasterized=many,
            zorder=2 if apart else 1,  # what is looked for is never covered by what is as expected
            **strokes,
        )
    if doubtful.any():
        ax.scatter(
            places[doubtful, 0],
            places[doubtful, 1],
            s=3.2 * area,
            marker="o",
            facecolors="none",
            edgecolors=_ink(),
            linewidths=0.16 * side,
            rasterized=many,
            zorder=3,
            gid="near a boundary",
        )
    extent = _style.extent(ax)
    ax.set_xlabel(_axis_label(axis_names[0], extent.width, size), fontsize=size)
    ax.set_ylabel(_axis_label(axis_names[1], extent.height, size), fontsize=size)
    ax.tick_params(labelsize=size)
    ax.locator_params(nbins=5)
    ax.spines[["top", "right"]].set_visible(False)
    draw(legend, ax)
    return ax


def _ink() -> Any:
    return mpl.rcParams["text.color"]  # black, but for dark styles


def _doubtful(explanation: Explanation, doubt: float) -> NDArray[np.bool_]:
    """Which rows have a probability near one half."""
    if isinstance(doubt, bool) or not isinstance(doubt, int | float | np.number):
        raise TypeError(f"doubt={doubt!r} is no number; give one between 0 and 0.5, such as 0.05.")
    if not 0 <= doubt <= 0.5:
        raise ValueError(
            f"doubt={doubt} is not between 0 and 0.5: a probability is no farther from one half."
        )
    return np.asarray(np.abs(explanation.probabilities - 0.5) < doubt)


def _check_classes(classes: ArrayLike, n: int) -> _Classes:
    array = np.asarray(classes)
    if array.shape != (n,):
        message = (
            f"classes has shape {array.shape}, but the explanation has {n} rows; "
            f"give one class per row, shape ({n},)."
        )
        raise ValueError(message)
    values = list(array)
    names = list(dict.fromkeys(values))
    absent = [name for name in names if _is_missing(name)]
    if absent:
        row = next(i for i, value in enumerate(values) if _is_missing(value))
        message = (
            f"classes has {absent[0]!r} in row {row}, which is no class; select the rows that have one "
            "(e[mask], classes[mask]) or name it, such as 'unknown'."
        )
        raise ValueError(message)
    try:
        names.sort()
    except TypeError:  # of several kinds, such as 1 and "a"
        names.sort(key=lambda name: (type(name).__name__, str(name)))
    position = {name: i for i, name in enumerate(names)}
    return _Classes(names, np.fromiter((position[value] for value in values), dtype=np.intp, count=n))


def _is_missing(value: Any) -> bool:
    """Whether `value` is None, or one that differs from itself: NaN, NaT; or does not know: pandas.NA."""
    if value is None:
        return True
    differs = value != value  # noqa: PLR0124 - what makes NaN a NaN
    return not isinstance(differs, bool | np.bool_) or bool(differs)


def _project(explanation: Explanation) -> tuple[NDArray[np.float64], tuple[str, str]]:
    """Return places (n, 2) and what the axes show."""
    data, of = cells.as_matrix(explanation.data), ""
    if data is None:
        data, of = explanation.relevance, " of relevance"
    if not issparse(data) or min(data.shape) <= _COMPONENTS:
        data = np.asarray(data.toarray() if issparse(data) else data, dtype=np.float64)
    n_rows = data.shape[0]
    if data.shape[1] == 1:
        name = _text.drawable(explanation.feature_names[0]) + of.replace(" of", ":")
        return np.column_stack([data[:, 0], explanation.logits]), (name, "logit")
    if n_rows == 1 or _are_alike(data):
        return np.zeros((n_rows, 2)), (
            f"PCA 1{of} (no variance)",
            f"PCA 2{of} (no variance)",
        )
    # Sparse rows are centered without being written out.
    solver = "arpack" if issparse(data) else "auto"
    pca = PCA(n_components=_COMPONENTS, svd_solver=solver, random_state=0)
    places = pca.fit_transform(data)
    first, second = pca.explained_variance_ratio_
    return places, (
        f"PCA 1{of} ({first:.1%} of variance)",
        f"PCA 2{of} ({second:.1%} of variance)",
    )


def _are_alike(data: NDArray[np.float64] | csr_array) -> bool:
    if issparse(data):
        return not (data.max(axis=0) - data.min(axis=0)).count_nonzero()
    return bool((data == data[0]).all())


def _match(labels: NDArray[np.intp], noise: NDArray[np.bool_], known: _Classes | None) -> _Slots:
    """Give every cluster and class a place in the palette; what is matched shares one, and comes first.

    Noise comes last, and is matched with nothing: it has no color of its own.
    """
    real, n_clusters = np.flatnonzero(~noise), len(noise)
    clusters = np.empty(n_clusters, dtype=np.intp)
    clusters[noise] = np.arange(len(real), n_clusters)
    if known is None:
        clusters[real] = np.arange(len(real))
        return _Slots(clusters, np.arange(0))
    table = np.zeros((n_clusters, len(known.names)), dtype=np.intp)
    np.add.at(table, (labels, known.codes), 1)
    table = table[real]
    pairs = [(k, c) for k, c in zip(*linear_sum_assignment(table, maximize=True), strict=True) if table[k, c]]
    places, classes = np.full(len(real), -1), np.full(len(known.names), -1)
    for slot, (k, c) in enumerate(pairs):
        places[k] = classes[c] = slot
    free = len(pairs)
    places[places < 0] = np.arange(free, len(real))
    clusters[real] = places
    classes[classes < 0] = n_clusters + np.arange(len(known.names) - free)
    return _Slots(clusters, classes)


def _entries(
    explanation: Explanation, known: _Classes | None, slots: _Slots, noise: NDArray[np.bool_]
) -> list[Group]:
    """List the clusters that have rows, and the classes by name, in the colors of the matching."""
    colors, markers = slots.colors(), _style.markers(explanation.n_clusters)
    sizes = np.bincount(explanation.label_positions, minlength=explanation.n_clusters)
    names = _groups.full_names(explanation)
    clusters = [
        Entry("", names[k], int(sizes[k]), "none", _style.GREY, _CROSS)
        if noise[k]
        else Entry("", names[k], int(sizes[k]), colors[slot], "none", markers[slot])
        for k, slot in sorted(enumerate(slots.clusters), key=lambda place: noise[place[0]])
        if sizes[k]
    ]
    if known is None:
        return [Group("clusters (rows)", clusters)]
    totals = np.bincount(known.codes, minlength=len(known.names))
    classes = [
        Entry("class", known.names[c], int(totals[c]), "none", colors[slots.classes[c]], "o")
        for c in range(len(known.names))
    ]
    return [Group("clusters (rows)", clusters), Group("classes (ring)", classes)]


def _axis_label(text: str, room: float, size: float) -> str:
    return _text.escaped(_text.wrapped(text, room, size))
