"""The plots as methods of an explanation: ``e.plot.sample(0)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from neonxai.plots.heatmap import heatmap
from neonxai.plots.map import map as cluster_map
from neonxai.plots.sample import sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from neonxai.explanation import Explanation


@dataclass(frozen=True)
class Plotter:
    """The functions of `neonxai.plots`, with an explanation put in; it is what ``e.plot`` gives.

    Attributes
    ----------
    explanation : Explanation
        What the methods draw.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 0.0]]), [[0.5, 7.0], [0.0, 1.0], [2.0, 3.0]])
    >>> e.plot.map().get_legend().get_texts()[0].get_text()
    'cluster 0 (2)'
    """

    explanation: Explanation

    def sample(
        self,
        row: int | str = 0,
        *,
        values: Any = None,
        max_features: int = 20,
        order: Literal["relevance", "given"] = "relevance",
        axes: Sequence[Axes] | None = None,
    ) -> tuple[Axes, Axes]:
        """Draw one row; see `neonxai.plots.sample`."""
        return sample(self.explanation, row, values=values, max_features=max_features, order=order, axes=axes)

    def map(self, classes: ArrayLike | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw all rows on a plane; see `neonxai.plots.map`."""
        return cluster_map(self.explanation, classes, ax=ax)

    def heatmap(
        self,
        *,
        statistic: Literal["mean", "mean_abs", "share"] = "mean",
        max_features: int = 30,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw clusters × features; see `neonxai.plots.heatmap`."""
        return heatmap(self.explanation, statistic=statistic, max_features=max_features, ax=ax)
