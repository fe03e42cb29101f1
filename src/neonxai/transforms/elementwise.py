"""Steps each of whose outputs is a function of one column, but not an affine one."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neonxai.arrays import Doubles
from neonxai.transforms.inverses import own_inverse
from neonxai.transforms.registry import register
from neonxai.transforms.steps import Chain, Shares


@register("sklearn.preprocessing.PowerTransformer")
def power(transformer: Any, n_inputs: int) -> Shares:
    """Bend each column, z_i = f_i(x_i) with an increasing f_i by Box-Cox or Yeo-Johnson; back by f_i⁻¹.

    Parameters
    ----------
    transformer : PowerTransformer
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    return Shares.one_to_one(n_inputs, invert=own_inverse(transformer))


@register("sklearn.preprocessing.QuantileTransformer")
def quantile(transformer: Any, n_inputs: int) -> Shares:
    """Rank each column, z_i = F_i(x_i) or the normal quantile of it; back by the quantiles.

    Where F_i jumps, which it does at values of many rows, all ranks in between lead back to this value.

    Parameters
    ----------
    transformer : QuantileTransformer
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    return Shares.one_to_one(n_inputs, invert=own_inverse(transformer, is_exact=False))


@register("sklearn.preprocessing.Binarizer")
def binarized(_: Any, n_inputs: int) -> Shares:
    """Compare, z_i = 1 if x_i > threshold, or else 0, from which x_i isn't known.

    Parameters
    ----------
    _ : Binarizer
        It has no state.
    n_inputs : int
        The number of columns that it gets.
    """
    return Shares.one_to_one(n_inputs)


@register("sklearn.preprocessing.FunctionTransformer")
def function(transformer: Any, n_inputs: int) -> Chain | Shares:
    """Apply a function, taken to be z_i = f_i(x_i), which is to be verified on data; without one, z = x.

    The way back is ``inverse_func`` wherever f leads from there to z again, and unknown elsewhere.

    Parameters
    ----------
    transformer : FunctionTransformer
        It has no state.
    n_inputs : int
        The number of columns that it gets.

    Examples
    --------
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> step = function(FunctionTransformer(np.square, inverse_func=np.sqrt), 2)
    >>> step.to_verify
    True
    >>> step.invert(np.array([[9.0, -1.0]]))
    array([[ 3., nan]])
    """
    if transformer.func is None:
        return Chain(())
    if transformer.inverse_func is None:
        return Shares.one_to_one(n_inputs, to_verify=True)

    def invert(outputs: Doubles) -> Doubles:
        with np.errstate(all="ignore"):
            inputs = transformer.inverse_func(outputs.copy(), **(transformer.inv_kw_args or {}))
            again = transformer.func(np.array(inputs), **(transformer.kw_args or {}))
        is_one = np.isclose(np.asarray(again), outputs, rtol=1e-6, atol=1e-12)
        return np.where(is_one, np.asarray(inputs, dtype=np.float64), np.nan)

    return Shares.one_to_one(n_inputs, invert=invert, to_verify=True)


@register("sklearn.preprocessing.KBinsDiscretizer")
def binned(transformer: Any, n_inputs: int) -> Shares:
    """Sort into bins: z_i is the bin of x_i, as its number or as its code, one output for each bin.

    The way back leads to the middle of the bin, m_ib, and from mixtures of codes to Σ_b z_ib m_ib / Σ_b z_ib,
    or from a number between two bins to what lies between their middles.

    Parameters
    ----------
    transformer : KBinsDiscretizer
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.preprocessing import KBinsDiscretizer
    >>> bins = KBinsDiscretizer(2, strategy="uniform").fit([[0.0], [4.0]])  # middles 1 and 3
    >>> step = binned(bins, 1)
    >>> step.matrix.toarray()
    array([[1.],
           [1.]])
    >>> step.invert(np.array([[0.0, 1.0], [0.5, 0.5]]))
    array([[3.],
           [2.]])
    """
    check_is_fitted(transformer)
    with np.errstate(invalid="ignore"):
        # A constant column has one bin without ends, and no middle.
        middles = [0.5 * (edges[1:] + edges[:-1]) for edges in transformer.bin_edges_]
    if transformer.encode == "ordinal":

        def of_numbers(outputs: Doubles) -> Doubles:
            columns = zip(outputs.T, middles, strict=True)
            return np.column_stack([np.interp(z, np.arange(len(m)), m) for z, m in columns])

        return Shares.one_to_one(n_inputs, invert=of_numbers)

    owners = np.repeat(np.arange(n_inputs), [len(m) for m in middles])
    members = Shares.by_owner(owners, n_inputs).matrix
    values = members.multiply(np.concatenate(middles)[:, None]).tocsr()

    def of_codes(outputs: Doubles) -> Doubles:
        weights, sums = outputs @ members, outputs @ values
        middle: Doubles = np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)
        return middle

    return Shares.by_owner(owners, n_inputs, invert=of_codes, is_code=True)


@register("sklearn.preprocessing.SplineTransformer")
def splines(transformer: Any, n_inputs: int) -> Shares:
    """Expand in splines, z_ib = B_ib(x_i), as many for each input.

    Parameters
    ----------
    transformer : SplineTransformer
        Fitted; without its bias, each input has one spline less.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    return Shares.by_owner(np.repeat(np.arange(n_inputs), transformer.n_features_out_ // n_inputs), n_inputs)
