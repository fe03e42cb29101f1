"""Ways back from a step's outputs, where the step has one of its own."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from neonxai.arrays import Doubles


def own_inverse(transformer: Any, *, is_exact: bool = True) -> Callable[[Doubles], Doubles]:
    """Return a transformer's ``inverse_transform`` as a function of float64 rows that leaves them untouched.

    Parameters
    ----------
    transformer : object
        A fitted transformer that has ``inverse_transform``.
    is_exact : bool
        Whether to give NaN for a value that isn't an output; otherwise, its inverse is what the transformer
        says, such as the nearest.

    Returns
    -------
    callable
        From outputs of shape (n_rows, n_columns) to inputs of this shape.

    Examples
    --------
    >>> from sklearn.preprocessing import PowerTransformer
    >>> power = PowerTransformer(standardize=False).fit([[1.0], [2.0], [4.0]])
    >>> power.lambdas_[:] = -0.5  # z = 2 − 2 / √(1 + x) is below 2
    >>> own_inverse(power)(np.array([[1.0], [2.5]]))
    array([[ 3.],
           [nan]])
    """

    def invert(outputs: Doubles) -> Doubles:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # That there is no such input is said by NaN, and columns have no names here.
            warnings.simplefilter("ignore")
            # Copies: with copy=False, some work in place.
            inputs = np.array(transformer.inverse_transform(outputs.copy()), dtype=np.float64)
            if is_exact:
                inputs[~np.isfinite(inputs)] = np.nan
                again = np.asarray(transformer.transform(inputs.copy()), dtype=np.float64)
                inputs[~np.isclose(again, outputs, rtol=1e-6, atol=1e-9)] = np.nan
        return inputs

    return invert
