"""`Curve`: how the evidence moves as features are switched."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neonxai.arrays import Doubles, Ints

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Curve:
    """The evidence for the rows' clusters, step by step.

    Attributes
    ----------
    kind : {"deletion", "insertion"}
        Whether features were replaced, or put back.
    steps : int array of shape (n_steps,)
        How many features were switched: from 0 to all.
    logits : array of shape (n_steps,)
        f of the rows' original clusters, the mean of all rows and draws, in the logit's unit.
    assigned : array of shape (n_steps,)
        The share of the rows that are assigned to their original cluster.
    areas : array of shape (n_samples,)
        For each row, the area under its own curve over the share of the features that are switched, by the
        trapezoid rule: the mean of f along the way, in the logit's unit.
    """

    kind: str
    steps: Ints
    logits: Doubles
    assigned: Doubles
    areas: Doubles

    @property
    def area(self) -> float:
        """The mean of ``areas``."""
        return float(self.areas.mean())

    @property
    def standard_error(self) -> float:
        """The standard error of ``area`` over rows, s/√n; NaN for one row."""
        n = len(self.areas)
        return float(self.areas.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")

    def __repr__(self) -> str:
        return (
            f"Curve({self.kind} of {self.steps[-1]} features, {len(self.areas)} rows: "
            f"area {self.area:.4g} ± {self.standard_error:.2g})"
        )

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the mean logit over the number of features that are switched; needs matplotlib.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; by default a new figure.
        """
        from neonxai.evaluation.drawing import draw_curves

        return draw_curves({"": self}, ax)


def trapezoid_weights(steps: Ints) -> Doubles:
    """Weights whose product with the values at the steps is the mean along the way.

    Examples
    --------
    >>> trapezoid_weights(np.array([0, 1, 2]))
    array([0.25, 0.5 , 0.25])
    """
    half = np.diff(steps / steps[-1]) / 2
    weights = np.zeros(len(steps))
    weights[:-1] += half
    weights[1:] += half
    return weights
