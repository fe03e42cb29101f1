"""One row that is an image: the image, and where the relevance is in it."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from neonxai.explanation import cells
from neonxai.plots import _rows, _style, _text
from neonxai.plots._parts import title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_TITLE = 1.1  # its size, relative to the labels'


def image(
    explanation: Explanation,
    row: int | str = 0,
    *,
    shape: tuple[int, ...],
    values: Any = None,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Draw a row whose features are pixels: the image in grey on the left, its relevance on the right.

    Relevance runs from blue (against the cluster) over white (0) to red (for it), by a scale that is
    symmetric around 0. Where pixels are large enough, a stroke says what is below 0, which can be seen
    without color, too. All pixels together, and what is absorbed, are the logit. Of several channels,
    relevance is the sum, and the image their mean.

    Parameters
    ----------
    explanation : Explanation
        What to draw, of n rows and D features.
    row : int or str, default 0
        The position of the row, from −n to n − 1, or, a string, its name in ``explanation.index``.
    shape : tuple of int
        Height and width, or height, width and channels; D in all. Features are taken in this order, the last
        the fastest, as ``image.reshape(-1)`` has them.
    values : array-like or frame of shape (n, D), optional
        The images as they were, in the same order. By default `explanation.data`.
    axes : sequence of two Axes, optional
        Where to draw: image, relevance. By default, a new figure is made.

    Returns
    -------
    image_ax, relevance_ax : Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `explanation` is no Explanation, `row` neither a whole number nor a string, or `shape` not of whole
        numbers.
    ValueError
        If `shape` has not as many pixels as there are features, `row` is not one row, the data is not all
        numbers, or `axes` are not two.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 1.0]]), [[0.0, 1.0]])
    >>> _, ax = e.plot.image(shape=(2, 1))
    >>> ax.images[0].get_array().tolist()
    [[4.0], [-1.0]]
    """
    explanation = _style.check_explanation(explanation)
    row = _rows.find(explanation, row)
    shape = _check_shape(shape, explanation.n_features)
    relevance = np.zeros(explanation.n_features) + explanation[row].to_numpy().relevance.sum(axis=0)
    relevance = relevance.reshape(*shape[:2], -1).sum(axis=2)
    pixels = _pixels(explanation, row, values).reshape(*shape[:2], -1).mean(axis=2)
    if axes is None:
        size = _style.base_size()
        ratio = float(np.clip(shape[1] / shape[0], 0.25, 4.0))
        side = 20 * size
        width, height = side * max(1.0, ratio), side * max(1.0, 1 / ratio)
        _, (image_ax, relevance_ax) = _style.new_axes(
            2, _style.Extent(2 * width + 8 * size, height + 6 * size)
        )
        rooms = (width, width)
        cell = _style.Extent(width / shape[1], height / shape[0])
    else:
        image_ax, relevance_ax = _style.check_two(axes, "an image", "image and relevance")
        left, right = _style.extent(image_ax), _style.extent(relevance_ax)
        size = float(np.clip((left.width + right.width) / 40, 4.5, _style.base_size()))
        rooms = (left.width, right.width - 2 * size)
        side = 0.8 * min(right.width / shape[1], right.height / shape[0])
        cell = _style.Extent(side, side)

    peak = float(np.abs(relevance).max()) or 1.0
    image_ax.imshow(pixels, cmap="gray", interpolation="nearest")
    drawn = relevance_ax.imshow(
        relevance, cmap=_style.DIVERGING, vmin=-peak, vmax=peak, interpolation="nearest"
    )
    _style.mark_negative(relevance_ax, relevance, cell)
    for ax in (image_ax, relevance_ax):
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_color(_style.PALE)
    bar = relevance_ax.figure.colorbar(drawn, ax=relevance_ax, pad=0.02, fraction=0.05)
    bar.ax.tick_params(labelsize=size)
    bar.ax.locator_params(nbins=5)
    bar.outline.set_visible(False)
    first, second = title_of(explanation, row)
    lines = [
        _text.fit_ends(*first, rooms[0], _TITLE * size),
        _text.fit_ends(*second, rooms[0], _TITLE * size),
    ]
    image_ax.set_title(_text.escaped("\n".join(lines)), fontsize=_TITLE * size, loc="left")
    facts = _text.fit(f"logit {_text.number(explanation.logits[row])}", rooms[1], _TITLE * size)
    relevance_ax.set_title(f"relevance\n{facts}", fontsize=_TITLE * size, loc="left")
    return image_ax, relevance_ax


def _check_shape(shape: tuple[int, ...], n_features: int) -> tuple[int, ...]:
    try:
        sizes = tuple(operator.index(length) for length in shape)
    except TypeError:
        message = f"shape={shape!r} is no tuple of whole numbers; give (height, width), such as (8, 8)."
        raise TypeError(message) from None
    if len(sizes) not in (2, 3) or min(sizes) < 1 or math.prod(sizes) != n_features:
        message = (
            f"shape={sizes} is {math.prod(sizes)} pixels, but there are {n_features} features; give (height, "
            "width) or (height, width, channels) whose product they are."
        )
        raise ValueError(message)
    return sizes


def _pixels(explanation: Explanation, row: int, values: Any) -> NDArray[np.float64]:
    data = _rows.read_values(explanation, values)
    one = cells.as_matrix(cells.take(data, np.array([row])))
    if one is None or one.shape[1] != explanation.n_features:
        message = (
            "The data has no number for each of the features, so there is no image to show; give the pixels, "
            "values=images.reshape(len(images), -1)."
        )
        raise ValueError(message)
    pixels: NDArray[np.float64] = np.asarray(
        one.toarray() if hasattr(one, "toarray") else one, dtype=np.float64
    )
    return pixels.ravel()
