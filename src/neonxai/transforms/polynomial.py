"""Monomials: each is shared out by its exponents."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils.validation import check_is_fitted

from neonxai.transforms.registry import register
from neonxai.transforms.steps import Shares


@register("sklearn.preprocessing.PolynomialFeatures")
def polynomial(transformer: Any, n_inputs: int) -> Shares:
    """Share each monomial out to its factors by their exponents.

    Output j is y_j = Π_i x_i^p_ji. LRP's z-rule hands its relevance out by gradient × input, and

        x_i ∂y_j/∂x_i = p_ji y_j,   Σ_i x_i ∂y_j/∂x_i = (Σ_i p_ji) y_j   (Euler: y_j is homogeneous),

    so that the share of input i is T_ji = p_ji / Σ_i p_ji whatever the row: x₁ x₂ goes to both in halves,
    x₁² x₂ in thirds, and each input has its own powers. The shares are those of the Shapley values for
    exponents 0 and 1, relative to the input 0. The output 1 is a constant of no input and has the share 0.

    Parameters
    ----------
    transformer : PolynomialFeatures
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> features = PolynomialFeatures(2).fit([[2.0, 3.0]])
    >>> polynomial(features, 2).matrix.toarray()  # 1, a, b, a², ab, b²
    array([[0. , 0. ],
           [1. , 0. ],
           [0. , 1. ],
           [1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    check_is_fitted(transformer)
    exponents = csr_array(
        transformer.powers_, shape=(transformer.n_output_features_, n_inputs), dtype=np.float64
    )
    degrees = exponents.sum(axis=1)
    exponents.data /= np.repeat(degrees, np.diff(exponents.indptr))
    return Shares(exponents)
