"""What happens to columns of numbers with gaps, and of categories, before clustering.

A category becomes a code per value (one-hot), divided by √2: rows of the same value are at distance 0, and
rows of different values at distance 1, whatever the values, as false and true are where they count as 0 and
1. The scale of ``minmax`` is kept by that. For ``standard``, the codes of a column are divided by one number
more, so that their variances Σ_v p_v (1 − p_v) / 2 sum to 1, p_v being the share of value v: then a column of
categories counts as much as one of numbers, the mean squared distance of two rows being 2 in either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from neonxai.cli.scaling import Scale, scaler

if TYPE_CHECKING:
    from neonxai.cli.values import Values

__all__ = ["Category", "Recipe", "recipe"]

_MAX_CODES: Final = 20  # of a column


@dataclass(frozen=True)
class Category:
    """How a column of categories is encoded.

    Attributes
    ----------
    name : str
        The column.
    n_values : int
        Its different values.
    with_missing : bool
        Whether some are missing, which is one more value.
    n_codes : int
        The codes: one for each value, or, of too many, one for each of the most frequent, and one for all the
        others together.
    weight : float
        What the codes, 0 and 1, are multiplied by.
    """

    name: str
    n_values: int
    with_missing: bool
    n_codes: int
    weight: float

    @property
    def is_grouped(self) -> bool:
        """Whether values share a code."""
        return self.n_codes < self.n_values + self.with_missing


@dataclass(frozen=True)
class Recipe:
    """What happens to the columns.

    Attributes
    ----------
    scale : Scale
        Of the numbers.
    numbers : tuple of str
        The columns of numbers.
    imputed : tuple of str
        Those of them in which missing values become the median. No column says that a value was missing: it
        would count such a column twice.
    categories : tuple of Category
        The columns of categories.
    """

    scale: Scale
    numbers: tuple[str, ...]
    imputed: tuple[str, ...]
    categories: tuple[Category, ...]

    def transformer(self) -> Any:
        """Make the unfitted transformer of frames with these columns; numbers come first in its outputs."""
        steps = [SimpleImputer(strategy="median")] * bool(self.imputed)
        steps += [scaler(self.scale)] if self.scale is not Scale.NONE else []
        numbers = make_pipeline(*steps) if steps else "passthrough"
        codes = OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=_MAX_CODES, sparse_output=False
        )
        parts = [("numbers", numbers, list(self.numbers))] * bool(self.numbers)
        # Not named after the columns: a step's name may not hold "__".
        parts += [(f"category{i}", codes, [c.name]) for i, c in enumerate(self.categories)]
        weights = {f"category{i}": c.weight for i, c in enumerate(self.categories)}
        return ColumnTransformer(parts, transformer_weights=weights)


def recipe(values: Values, scale: Scale) -> Recipe:
    """Settle what happens to columns of numbers with gaps, and of categories.

    Parameters
    ----------
    values : Values
        The columns.
    scale : Scale
        What to do to the numbers once none is missing.

    Returns
    -------
    Recipe

    Examples
    --------
    >>> import polars as pl
    >>> from neonxai.cli.values import Values
    >>> values = Values(pl.DataFrame({"age": [1.0, 3.0, np.nan, 2.0], "sex": ["f", "m", "f", "m"]}))
    >>> made = recipe(values, Scale.STANDARD)
    >>> made.categories  # the codes' variances sum to 2 · ½ · ½ = ½, and 1.414² · ½ = 1
    (Category(name='sex', n_values=2, with_missing=False, n_codes=2, weight=1.414...),)
    >>> recipe(values, Scale.MINMAX).transformer().fit_transform(values.frame).round(2)
    array([[0.  , 0.71, 0.  ],
           [1.  , 0.  , 0.71],
           [0.5 , 0.71, 0.  ],
           [0.5 , 0.  , 0.71]])
    """
    imputed = tuple(name for name in values.numbers if name in values.missing)
    categories = tuple(_category(values, name, scale) for name in values.categories)
    return Recipe(scale, values.numbers, imputed, categories)


def _category(values: Values, name: str, scale: Scale) -> Category:
    counts = np.sort(values.frame[name].value_counts()["count"].to_numpy())[::-1]
    n_values = len(counts) - (name in values.missing)
    if len(counts) > _MAX_CODES:
        counts = np.append(counts[: _MAX_CODES - 1], counts[_MAX_CODES - 1 :].sum())
    shares = counts / counts.sum()
    variance = float((shares * (1 - shares)).sum())
    divisor = variance if scale is Scale.STANDARD and variance > 0 else 2.0
    return Category(name, n_values, name in values.missing, len(counts), divisor**-0.5)
