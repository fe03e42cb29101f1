"""What ``neonxai explain`` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from neonxai.cli.columns import Selection
    from neonxai.explanation import Explanation

__all__ = ["Result"]


@dataclass(frozen=True, eq=False)
class Result:
    """What was found, with everything that was decided on the way.

    Attributes
    ----------
    explanation : Explanation
        Of all rows, on the scaled columns.
    values : array of shape (n_rows, n_columns)
        The columns in the user's units.
    selection : Selection
        The columns used and dropped.
    keys : polars.Series or None
        The names of the rows, under the name of their column.
    ignored : tuple of str
        Columns of the file of centers that were not used.
    notes : tuple of str
        What the user should know, one sentence each.
    """

    explanation: Explanation
    values: NDArray[np.float64]
    selection: Selection
    keys: pl.Series | None
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
