"""What happens to columns of numbers before clustering, each column by itself."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Missing", "Scale", "flat_columns", "scaler"]


class Missing(StrEnum):
    """The choices of ``--missing``."""

    IMPUTE = "impute"
    REFUSE = "refuse"


class Scale(StrEnum):
    """The choices of ``--scale``."""

    STANDARD = "standard"
    MINMAX = "minmax"
    ROBUST = "robust"
    NONE = "none"

    @property
    def description(self) -> str:
        """What it does to each column, in words."""
        return _DESCRIPTIONS[self]

    @property
    def of_codes(self) -> str:
        """What it does to the codes of categories, in words."""
        if self is Scale.STANDARD:
            return "divided so that a column's variance is 1, as that of numbers is"
        return "divided by √2, so that rows of different values are at distance 1"


_DESCRIPTIONS: Final = {
    Scale.STANDARD: "each column minus its mean, divided by its standard deviation",
    Scale.MINMAX: "each column from 0 (its minimum) to 1 (its maximum)",
    Scale.ROBUST: "each column minus its median, divided by its interquartile range",
    Scale.NONE: "the columns as they are; those of large numbers weigh most",
}


def scaler(scale: Scale) -> Any:
    """Make the unfitted transformer for a scale.

    Parameters
    ----------
    scale : Scale
        The choice.

    Returns
    -------
    transformer
        Of scikit-learn; columns without spread are centered and not divided.

    Examples
    --------
    >>> import numpy as np
    >>> scaler(Scale.MINMAX).fit_transform(np.array([[1.0, 5.0], [3.0, 5.0]]))
    array([[0., 0.],
           [1., 0.]])
    """
    made: dict[Scale, Any] = {
        Scale.STANDARD: StandardScaler(),
        Scale.MINMAX: MinMaxScaler(),
        Scale.ROBUST: RobustScaler(),
        Scale.NONE: FunctionTransformer(),
    }
    return made[scale]


def flat_columns(values: NDArray[np.float64], scale: Scale) -> NDArray[np.intp]:
    """Columns that a scale cannot divide by their spread, because it is 0.

    Parameters
    ----------
    values : array of shape (n_rows, n_columns)
        Before scaling.
    scale : Scale
        The choice.

    Returns
    -------
    array of int
        Their positions; none for ``Scale.NONE``.

    Examples
    --------
    >>> import numpy as np
    >>> flat_columns(np.array([[1.0, 5.0], [3.0, 5.0]]), Scale.STANDARD)
    array([1])
    """
    if scale is Scale.NONE:
        return np.empty(0, dtype=np.intp)
    if scale is Scale.ROBUST:
        low, high = np.percentile(values, [25, 75], axis=0)
        return np.flatnonzero(low == high)
    return np.flatnonzero(values.min(axis=0) == values.max(axis=0))
