"""Pictures of curves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from neonxai.evaluation.curve import Curve
from neonxai.plots import _style, _text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Told apart without color, too.
_DASHES: Final[tuple[Any, ...]] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (4, 1.5, 1, 1.5, 1, 1.5)),
    (0, (8, 3)),
    (0, (1, 4)),
    (0, (5, 1)),
)
_SIZE = _style.Extent(340.0, 240.0)


def draw_curves(curves: Mapping[str, Curve], ax: "Axes | None" = None) -> "Axes":
    """Draw curves of one kind on the same Axes, named in a legend where there are several.

    Parameters
    ----------
    curves : mapping of str to Curve
        By name.
    ax : Axes, optional
        Where to draw; by default a new figure. Use one with ``layout="constrained"``, which makes room for
        the legend above.
    """
    if ax is None:
        ax = _style.new_axes(1, _SIZE)[1][0]
    names = _text.fit_names(list(curves), 0.55 * _style.extent(ax).width, _style.base_size())
    for k, (name, curve) in enumerate(zip(names, curves.values(), strict=True)):
        color, dash = _style.palette(len(curves))[k], _DASHES[k % len(_DASHES)]
        ax.plot(curve.steps, curve.logits, linestyle=dash, color=color, label=_text.escaped(name) or None)
    ax.axhline(0.0, color=_style.PALE, linewidth=0.8, zorder=0)
    kind = next(iter(curves.values())).kind
    ax.set_xlabel("features replaced" if kind == "deletion" else "features put back")
    ax.set_ylabel("mean logit of the rows' own clusters")
    if len(curves) > 1:
        # Curves go from one corner to the other, and leave no room inside.
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=2,
            frameon=False,
            borderaxespad=0.0,
            columnspacing=1.0,
            handlelength=2.4,
        )
    return ax
