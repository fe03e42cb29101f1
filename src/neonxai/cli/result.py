"""What ``neonxai explain`` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from neonxai.cli.columns import Selection
    from neonxai.cli.preprocessing import Recipe
    from neonxai.cli.values import Values
    from neonxai.explainer import ClusterExplainer
    from neonxai.explanation import Explanation

__all__ = ["Result", "StandIn"]


@dataclass(frozen=True)
class StandIn:
    """What stands in for a clustering of which only labels are known.

    Attributes
    ----------
    noise : bool, int, float, str or None
        The label of the rows that belong to no cluster; None where there are none.
    gamma : float
        1 / γ is the squared width of a row's neighborhood, in squared units of the scaled columns.
    threshold : float
        The squared distance to every cluster beyond which rows are taken for noise; inf without noise.
    """

    noise: Any
    gamma: float
    threshold: float


@dataclass(frozen=True, eq=False)
class Result:
    """What was found, with everything that was decided on the way.

    Attributes
    ----------
    explanation : Explanation
        Of all rows, with a relevance for each column.
    explainer : neonxai.ClusterExplainer
        What explained them.
    values : Values
        The columns in the user's units.
    selection : Selection
        The columns used and dropped.
    keys : polars.Series or None
        The names of the rows, under the name of their column.
    ignored : tuple of str
        Columns of the file of centers that were not used; or columns of the data that the user's model does
        not know.
    notes : tuple of str
        What the user should know, one sentence each.
    stand_in : StandIn or None
        Of labels.
    recipe : Recipe or None
        Where columns were imputed or encoded.
    model : str
        What the user's model is, in words; "" without one.
    """

    explanation: Explanation
    explainer: ClusterExplainer
    values: Values
    selection: Selection
    keys: pl.Series | None
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    stand_in: StandIn | None = None
    recipe: Recipe | None = None
    model: str = ""
