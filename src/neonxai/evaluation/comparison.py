"""Several explanations of the same rows, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neonxai import frames
from neonxai.arrays import Doubles
from neonxai.evaluation.curve import Curve
from neonxai.evaluation.deck import read_deck
from neonxai.evaluation.flipping import deletion_curve, insertion_curve
from neonxai.evaluation.relevances import relevance_for
from neonxai.explainer import ClusterExplainer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RANDOM = "random"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Curves of several methods.

    Attributes
    ----------
    deletion, insertion : dict of str to Curve
        By the methods' names.
    frame : {"pandas", "polars", "pyarrow"} or None
        The kind of frame that came in.
    """

    deletion: dict[str, Curve]
    insertion: dict[str, Curve]
    frame: str | None = None

    def columns(self) -> dict[str, list[Any]]:
        """The columns of `table`.

        ``deletion`` (lower is better) and ``insertion`` (higher is better) are areas in the logit's unit.
        ``deletion_gain`` is the mean over rows of the random order's area minus the method's: as both are of
        the same rows, its standard error is smaller than those of the areas.
        """
        chance = self.deletion[_RANDOM].areas
        gains = {name: chance - curve.areas for name, curve in self.deletion.items()}
        return {
            "method": list(self.deletion),
            "deletion": [curve.area for curve in self.deletion.values()],
            "deletion_error": [curve.standard_error for curve in self.deletion.values()],
            "insertion": [curve.area for curve in self.insertion.values()],
            "insertion_error": [curve.standard_error for curve in self.insertion.values()],
            "deletion_gain": [float(gain.mean()) for gain in gains.values()],
            "deletion_gain_error": [_standard_error(gain) for gain in gains.values()],
        }

    def table(self, kind: str | None = None) -> Any:
        """One row for each method, as a frame.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            By default the kind that came in, else the first that is installed.

        Raises
        ------
        ImportError
            If no library of frames is installed.
        """
        return frames.build(kind or self.frame or frames.default_kind(), self.columns())

    def plot(self, axes: Any = None) -> "tuple[Axes, Axes]":
        """Draw all curves: deletion on the left, insertion on the right; needs matplotlib.

        Parameters
        ----------
        axes : two Axes, optional
            Where to draw; by default a new figure.
        """
        from neonxai.evaluation.drawing import draw_curves
        from neonxai.plots import _style

        left, right = _style.new_axes(2, _style.Extent(640.0, 270.0))[1] if axes is None else axes
        return draw_curves(self.deletion, left), draw_curves(self.insertion, right)


def compare(
    explainer: ClusterExplainer,
    X: Any,
    methods: Mapping[str, Any] | None = None,
    *,
    replacement: Any = "mean",
    background: Any = None,
    n_steps: int | None = None,
    n_draws: int = 5,
    random_state: Any = 0,
) -> Comparison:
    """Compare methods by `deletion_curve` and `insertion_curve`, on the same rows and replacements.

    Parameters
    ----------
    explainer : ClusterExplainer
        A fitted one: its clustering's logit is followed, whatever the method.
    X : array-like or frame of shape (n_samples, n_features)
        Rows of numbers.
    methods : mapping of str to callable, array or Explanation, optional
        Relevance of the shape of X, or a function that makes it of X. The explainer's own is there by the
        name of its ``method``, such as "neon", unless another has this name, and "random", an order drawn for
        each row, always.
    replacement, background, n_steps, n_draws
        As for `deletion_curve`.
    random_state : int
        For all that is drawn.

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError, ValueError
        As `deletion_curve`; and if a method is called "random".

    Examples
    --------
    >>> import neonxai
    >>> explainer = neonxai.ClusterExplainer(neonxai.Centroids([[0, 0], [4, 2]])).fit([[0, 0]])
    >>> both = compare(explainer, [[0, 0]], {"reversed": [[4, 16]]}, replacement=[3, 2])
    >>> {name: curve.area for name, curve in both.deletion.items() if name != "random"}
    {'neon': 0.0, 'reversed': 8.0}
    """
    deck = read_deck(explainer, X)
    methods = dict(methods or {})
    if _RANDOM in methods:
        raise ValueError(f"A method is called {_RANDOM!r}, as the comparison with chance is. Rename it.")
    rng = np.random.default_rng(random_state)
    explained = explainer.explain(X)
    given = {
        name: relevance_for(method(X) if callable(method) else method, deck, f"methods[{name!r}]")
        for name, method in {explainer.method: explained, **methods}.items()
    }
    given[_RANDOM] = rng.random(deck.values.shape)
    rows = deck.framed(deck.values) if deck.is_reordered else X  # as all relevance is now
    seed = int(rng.integers(1 << 31))  # one for all: the same draws of replacements
    deletion, insertion = {}, {}
    for name, relevance in given.items():
        asked = {
            "replacement": replacement,
            "background": background,
            "n_steps": n_steps,
            "n_draws": n_draws,
            "target": explained.targets,
        }
        deletion[name] = deletion_curve(explainer, rows, relevance, random_state=seed, **asked)
        insertion[name] = insertion_curve(explainer, rows, relevance, random_state=seed, **asked)
    return Comparison(deletion, insertion, explained.frame)


def _standard_error(values: Doubles) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
