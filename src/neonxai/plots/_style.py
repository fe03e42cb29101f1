"""What the pictures share: colors, font sizes, figures, and the check of what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.font_manager import FontProperties

from neonxai.explanation import Explanation
from neonxai.plots import _text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Of ColorBrewer's RdBu, which stay apart for every common kind of color blindness. The blue is the second
# one: the last is as dark as the red, and without color they would be the same.
RED = "#b2182b"
BLUE = "#4393c3"
GREY = "#8c8c8c"
PALE = "#b9b9b9"
DIVERGING = "RdBu_r"
SEQUENTIAL = "Reds"
UNIFORM = "viridis"  # for values: perceptually uniform, also to the color-blind, and without color
EMPTY = "#e6e6e6"

# Okabe and Ito's colors for the color-blind, the faint ones last.
_FEW = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7f7f7f", "#f0e442")
_SMALLEST_MARKED = 3.5  # points

Color = tuple[float, float, float]
_MARKERS = ("o", "s", "^", "D", "v", "P", "h", "p")


class Extent(NamedTuple):
    """The size of Axes in points."""

    width: float
    height: float


def check_explanation(explanation: object) -> Explanation:
    """Return `explanation` if it is one with at least one row, its arrays as NumPy's.

    Raises
    ------
    TypeError
        If it is no `Explanation`.
    ValueError
        If it has no rows.
    """
    if not isinstance(explanation, Explanation):
        message = (
            f"explanation is a {type(explanation).__name__}, but plots draw a neonxai.Explanation; "
            "pass what neonxai.explain(model, X) returns."
        )
        raise TypeError(message)
    if len(explanation) == 0:
        raise ValueError("The explanation has 0 rows, so there is nothing to draw; select at least one row.")
    return explanation.to_numpy()


def check_max_features(max_features: object, argument: str = "max_features") -> int:
    """Return `max_features` if it is a whole number of at least 1.

    Raises
    ------
    TypeError, ValueError
        If it is no whole number, or below 1.
    """
    if isinstance(max_features, bool) or not isinstance(max_features, int | np.integer):
        message = (
            f"{argument}={max_features!r} is no whole number; give how many "
            f"{argument.removeprefix('max_')} to show, such as 20."
        )
        raise TypeError(message)
    if max_features < 1:
        message = f"{argument}={max_features} leaves nothing to show; give 1 or more."
        raise ValueError(message)
    return int(max_features)


def number_bars(ax: Axes, amounts: Sequence[float], size: float) -> None:
    """Write what bars amount to in a column at the right of `ax`, where it lies on none of them."""
    for y, text in enumerate(_text.compared(list(amounts))):
        ax.annotate(
            text,
            (1, y),
            xycoords=ax.get_yaxis_transform(),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=size,
            annotation_clip=False,
        )


def check_two(axes: Sequence[Axes], what: str, panels: str) -> tuple[Axes, Axes]:
    """Return two Axes, given in a sequence or an array.

    Raises
    ------
    ValueError
        If they are not two.
    """
    given = list(np.ravel(np.asarray(axes, dtype=object)))
    if len(given) != 2:
        message = (
            f"axes holds {len(given)} Axes, but {what} has two panels, {panels}; "
            'give two, such as those of plt.subplots(1, 2, layout="constrained").'
        )
        raise ValueError(message)
    return given[0], given[1]


def sign_colors(values: NDArray[Any]) -> list[str]:
    """Color each value: red speaks for the cluster, blue against it.

    Examples
    --------
    >>> sign_colors(np.array([0.5, -2.0]))
    ['#b2182b', '#4393c3']
    """
    return [RED if value >= 0 else BLUE for value in values]


def palette(count: int) -> list[Color]:
    """Choose `count` different colors: eight that are safe for the color-blind, then a rainbow."""
    rainbow = mpl.colormaps["turbo"](np.linspace(0.03, 0.97, max(0, count - len(_FEW))))
    return [mpl.colors.to_rgb(color) for color in (*_FEW[:count], *rainbow)]


def markers(count: int) -> list[str]:
    """Choose `count` markers to go with the colors, so that neighbors differ without color, too.

    Examples
    --------
    >>> "".join(markers(9)), "".join(markers(20))[8:16]
    ('os^DvPhps', 's^DvPhpo')
    """
    n = len(_MARKERS)  # the second eight colors have them one further, and so on: no pair comes twice soon
    return [_MARKERS[(k + k // n) % n] for k in range(count)]


def group_label(kind: str, name: object) -> str:
    """Name a cluster or a class in a sentence.

    Examples
    --------
    >>> group_label("cluster", 2), group_label("class", "Barolo"), group_label("cluster", "Cluster A")
    ('cluster 2', 'class Barolo', 'Cluster A')
    """
    text = _text.drawable(name)
    return text if text.lower().startswith(kind) else f"{kind} {text}"


def mark_negative(ax: Axes, values: NDArray[Any], cell: Extent) -> None:
    """Strike cells below 0, where they are large enough for it: without color both signs look alike.

    Cells of less than a twentieth of the largest are nearly white, and need no sign.
    """
    side = min(cell)
    if side < _SMALLEST_MARKED:
        return
    peak = np.nanmax(np.abs(values), initial=0.0)
    rows, columns = np.nonzero(np.nan_to_num(values) < -0.05 * peak)
    faint = np.abs(values[rows, columns]) < 0.6 * peak
    ax.scatter(
        columns,
        rows,
        s=(0.45 * side) ** 2,
        marker="_",
        c=np.where(faint, "black", "white"),
        linewidths=float(np.clip(0.08 * side, 0.4, 1.5)),
    )


def base_size() -> float:
    """Return the user's own size of tick labels in points, the measure of everything else."""
    return float(FontProperties(size=mpl.rcParams["ytick.labelsize"]).get_size_in_points())


def size_for(lines: int, room: float) -> float:
    """Choose the font size at which so many lines fit into `room` points, at most the user's own."""
    return float(np.clip(0.62 * room / lines, 4.0, base_size()))


def extent(ax: Axes) -> Extent:
    """Measure Axes that are given. A layout engine may yet shrink them, so leave some air."""
    box = ax.get_window_extent()
    points = 72.0 / ax.figure.dpi
    return Extent(box.width * points, box.height * points)


def new_axes(columns: int, size: Extent, **options: Any) -> tuple[Figure, NDArray[Any]]:
    """Make a figure of `size` points that shows itself in notebooks and leaves no label outside."""
    figure, axes = plt.subplots(
        1,
        columns,
        figsize=(size.width / 72, size.height / 72),
        layout="constrained",
        squeeze=False,
        **options,
    )
    return figure, axes[0]
