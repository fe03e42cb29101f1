"""The plots as methods of an explanation: ``e.plot.sample(0)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from neonxai.plots.beeswarm import beeswarm
from neonxai.plots.contrast import contrast
from neonxai.plots.distributions import distributions
from neonxai.plots.heatmap import heatmap
from neonxai.plots.image import image
from neonxai.plots.map import map as cluster_map
from neonxai.plots.sample import sample
from neonxai.plots.text import MarkedText, text_html
from neonxai.plots.text import text as document
from neonxai.plots.waterfall import waterfall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

    def waterfall(
        self, row: int | str = 0, *, values: Any = None, max_features: int = 12, ax: Axes | None = None
    ) -> Axes:
        """Draw how a row's evidence adds up; see `neonxai.plots.waterfall`."""
        return waterfall(self.explanation, row, values=values, max_features=max_features, ax=ax)

    def map(self, classes: ArrayLike | None = None, *, doubt: float = 0.05, ax: Axes | None = None) -> Axes:
        """Draw all rows on a plane; see `neonxai.plots.map`."""
        return cluster_map(self.explanation, classes, doubt=doubt, ax=ax)

    def heatmap(
        self,
        *,
        statistic: Literal["mean", "mean_abs", "share"] = "mean",
        max_features: int = 30,
        order: Literal["similarity", "given"] = "similarity",
        ax: Axes | None = None,
    ) -> Axes:
        """Draw clusters × features; see `neonxai.plots.heatmap`."""
        return heatmap(self.explanation, statistic=statistic, max_features=max_features, order=order, ax=ax)

    def beeswarm(
        self,
        cluster: Any,
        *,
        values: Any = None,
        max_features: int = 10,
        max_rows: int = 2000,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw a cluster's features in every row; see `neonxai.plots.beeswarm`."""
        return beeswarm(
            self.explanation, cluster, values=values, max_features=max_features, max_rows=max_rows, ax=ax
        )

    def distributions(
        self, cluster: Any, *, values: Any = None, max_features: int = 6, axes: Sequence[Axes] | None = None
    ) -> tuple[Axes, ...]:
        """Draw a cluster's features against the rest; see `neonxai.plots.distributions`."""
        return distributions(self.explanation, cluster, values=values, max_features=max_features, axes=axes)

    def contrast(
        self,
        cluster: Any = None,
        rival: Any = None,
        *,
        max_features: int = 12,
        order: Literal["similarity", "given"] = "similarity",
        ax: Axes | None = None,
    ) -> Axes:
        """Draw what tells clusters apart; see `neonxai.plots.contrast`."""
        return contrast(self.explanation, cluster, rival, max_features=max_features, order=order, ax=ax)

    def image(
        self,
        row: int | str = 0,
        *,
        shape: tuple[int, ...],
        values: Any = None,
        axes: Sequence[Axes] | None = None,
    ) -> tuple[Axes, Axes]:
        """Draw a row of pixels; see `neonxai.plots.image`."""
        return image(self.explanation, row, shape=shape, values=values, axes=axes)

    def text(
        self,
        row: int | str = 0,
        text: str | None = None,
        *,
        term_of: Callable[[str], str] | None = None,
        max_lines: int = 40,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw a document's words; see `neonxai.plots.text`."""
        return document(self.explanation, row, text, term_of=term_of, max_lines=max_lines, ax=ax)

    def text_html(
        self, row: int | str = 0, text: str | None = None, *, term_of: Callable[[str], str] | None = None
    ) -> MarkedText:
        """Write a document's words as HTML; see `neonxai.plots.text_html`."""
        return text_html(self.explanation, row, text, term_of=term_of)
