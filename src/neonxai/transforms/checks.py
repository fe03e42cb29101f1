"""A public check for readers that others write: whether a step is what it was read as."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse

from neonxai.arrays import Doubles
from neonxai.networks.affine import AffineMap
from neonxai.transforms.registry import is_known, read
from neonxai.transforms.steps import Branch, Branches, Chain, RowScale, Shares, Step, Terms
from neonxai.transforms.values import as_numbers, rolled

# Two ways to compute one number, of data that may lie far from the origin; a way there and back through a
# function whose slope is small.
_TOLERANCE, _ROUND_TRIP = 1e-10, 1e-7


def check_transform(transformer: Any, X: Any) -> None:
    """Check that a fitted transformer is recognised and read rightly.

    - it is recognised, and has as many outputs as it was read to have;
    - an affine step: A x + b is what ``transform`` gives; Q z + q is what ``inverse_transform`` gives, if
      there is one; and it is mapped to z again;
    - shares: none is negative, and they add up to 1 or 0 for each output; an input moved among the rows
      changes no output that it has no share in, and all that it has one in, unless they are constant; the
      way back leads to inputs that are mapped to the same outputs;
    - a scale for each row: outputs are inputs times one number for each row;
    - steps of several: each of them.

    Steps that keep relevance with a column by convention, though other columns have a say in its outputs, are
    rejected as not local: imputation by neighbors where values are missing, terms' weights with a norm.

    Parameters
    ----------
    transformer : object
        A fitted transformer.
    X : array, sparse array or data frame of shape (n_rows, n_columns), or list of documents
        Rows, some dozens, as ``transform`` takes them. Columns should vary.

    Raises
    ------
    AssertionError
        If a law is broken; the message names it.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> X = np.array([[1.0, 5.0], [3.0, 6.0], [4.0, 1.0]])
    >>> check_transform(StandardScaler().fit(X), X)
    """
    kind = type(transformer)
    _require(is_known(transformer), f"recognition: no reader is registered for {kind.__qualname__}")
    check_step(read(transformer, _n_columns(X), kind.__qualname__), transformer, X)


def check_step(step: Step, transformer: Any, X: Any) -> None:
    """Check that a fitted transformer is what ``step`` says, as `check_transform` does.

    Parameters
    ----------
    step : AffineMap, Shares, RowScale, Terms, Chain or Branches
        What a reader returned.
    transformer : object
        The fitted transformer.
    X : array, sparse array or data frame of shape (n_rows, n_columns), or list of documents
        Rows.

    Raises
    ------
    AssertionError
        If a law is broken; the message names it.

    Examples
    --------
    >>> from sklearn.preprocessing import MaxAbsScaler
    >>> X = np.array([[1.0, 5.0], [2.0, 6.0], [4.0, 1.0]])
    >>> check_step(AffineMap.scaling([0.25, 0.25]), MaxAbsScaler().fit(X), X)
    Traceback (most recent call last):
    ...
    AssertionError: values: A x + b must be what transform gives; off by 0.417 in row 0, output 1
    """
    if isinstance(step, AffineMap):
        _check_affine(step, transformer, X)
    elif isinstance(step, Shares):
        _check_shares(step, transformer, X)
    elif isinstance(step, RowScale):
        _check_row_scale(transformer, X)
    elif isinstance(step, Terms):
        _check_width(step.n_terms, _transformed(transformer, X))
    elif isinstance(step, Chain):
        for _, part in step.steps:
            check_transform(part, X)
            X = part.transform(deepcopy(X))
    else:
        _check_branches(step, transformer, X)


def _check_affine(step: AffineMap, transformer: Any, X: Any) -> None:
    rows = as_numbers(X)
    e: Doubles = np.asarray(_dense(rows))
    made = transformer.transform(deepcopy(X))
    z = np.asarray(_dense(made), dtype=np.float64)
    _check_width(step.n_outputs, z)
    tolerance = max(_TOLERANCE, 1e3 * _epsilon(made))
    size, offset = abs(step.matrix), np.abs(step.offset)
    _check_close(
        step(rows),
        z,
        tolerance * (np.abs(e) @ size.T + offset),
        "values: A x + b must be what transform gives",
    )
    z = z[~np.isnan(z).any(axis=1)]
    back = step.preimages(z)
    if hasattr(transformer, "inverse_transform") and len(z):
        scale = np.abs(z) @ abs(step.inverse).T + np.abs(step.origin)
        own = _dense(transformer.inverse_transform(z.copy()))
        _check_close(back, own, tolerance * scale, "pre-images: Q z + q must be what inverse_transform gives")
    scale = np.abs(back) @ size.T + offset
    _check_close(step(back), z, tolerance * scale, "pre-images: A (Q z + q) + b must be z")


def _check_shares(step: Shares, transformer: Any, X: Any) -> None:
    shares: Doubles = step.matrix.toarray()
    z = _transformed(transformer, X)
    _check_width(len(shares), z)
    _require(shares.shape[1] == _n_columns(X), f"shares are of {shares.shape[1]} inputs")
    _require(bool(np.all(shares >= 0.0)), "shares must not be negative")
    totals = shares.sum(axis=1)
    is_whole = np.isclose(totals, 1.0, rtol=1e-12, atol=0.0) | ~np.any(shares, axis=1)
    _require(bool(np.all(is_whole)), f"shares of an output must add up to 1 or be 0, not {totals[~is_whole]}")
    is_constant = _same(z, np.roll(z, 1, axis=0))
    for i in range(shares.shape[1]):
        moved = rolled(X, i)
        still = _same(z, _transformed(transformer, moved))
        has_share = shares[:, i] > 0.0
        wrong = np.flatnonzero(~still & ~has_share)
        _require(
            not len(wrong), f"locality: outputs {wrong} change with input {i}, which has no share in them"
        )
        wrong = np.flatnonzero(still & has_share & ~is_constant & (not _is_constant(X, i)))
        _require(not len(wrong), f"ownership: input {i} has a share in outputs {wrong}, which ignore it")
    if step.invert is not None:
        _check_inverse(step.invert, transformer, X, z)


def _check_inverse(invert: Callable[[Doubles], Doubles], transformer: Any, X: Any, z: Any) -> None:
    # Frames and sparse arrays would have to be made anew from the inputs.
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "fiu":
        return
    # An imputer's way back leads from what was filled in to a row that has it.
    marker = getattr(transformer, "missing_values", np.nan)
    complete = ~np.any(np.isnan(X) | (marker == X), axis=1)
    outputs = np.array(z, dtype=np.float64)
    outputs.flags.writeable = False
    inputs = invert(outputs)
    _require(inputs.shape == X.shape, f"inverse: the way back gives shape {inputs.shape}, not {X.shape}")
    filled = np.where(np.isnan(inputs), X, inputs)
    again = np.asarray(_transformed(transformer, filled), dtype=np.float64)
    scale = np.broadcast_to(np.abs(outputs).max(axis=0, initial=0.0), outputs.shape)
    law = "inverse: the way back must lead to inputs with these outputs"
    _check_close(again[complete], outputs[complete], _ROUND_TRIP * scale[complete], law)


def _check_row_scale(transformer: Any, X: Any) -> None:
    x, z = (
        np.asarray(_dense(values), dtype=np.float64) for values in (X, transformer.transform(deepcopy(X)))
    )
    _check_width(x.shape[1], z)
    squares = np.einsum("ni,ni->n", x, x)
    factors = np.divide(np.einsum("ni,ni->n", x, z), squares, out=np.zeros(len(x)), where=squares > 0)
    scale = np.abs(z).max(axis=1, keepdims=True) * np.ones_like(z)
    _check_close(
        z, factors[:, None] * x, _TOLERANCE * scale, "a scale for each row: z must be a multiple of x"
    )


def _check_branches(step: Branches, transformer: Any, X: Any) -> None:
    made = [_check_branch(branch, X) for branch in step.parts]
    z = _transformed(transformer, X)
    _check_width(sum(part.shape[1] for part in made), z)
    if made:
        together = np.hstack(made)
        _require(
            bool(np.all(_same(together, z))), "branches: side by side, they must be what transform gives"
        )


def _check_branch(branch: Branch, X: Any) -> Any:
    """Check a part, and return its outputs."""
    own = branch.select(X) if branch.select is not None else X
    if branch.select is None and branch.columns is not None:
        own = X[:, list(branch.columns)]
    if branch.transformer is None:
        made = _dense(own)
    else:
        check_transform(branch.transformer, own)
        made = _transformed(branch.transformer, own)
    return made if branch.weight == 1.0 else branch.weight * made


def _is_constant(X: Any, column: int) -> bool:
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    values = frame[:, column].to_numpy() if isinstance(frame, nw.DataFrame) else _dense(X[:, [column]])
    return bool(np.all(_same(values, np.roll(values, 1, axis=0))))


def _n_columns(X: Any) -> int:
    shape = np.shape(X) if not hasattr(X, "shape") else X.shape
    return int(shape[1]) if len(shape) > 1 else 1


def _transformed(transformer: Any, X: Any) -> Any:
    # A copy: with copy=False, some transform in place.
    return _dense(transformer.transform(deepcopy(X)))


def _dense(values: Any) -> Any:
    """An array of whatever kind a step makes: numbers, or texts still."""
    if issparse(values):
        return values.toarray()
    frame = nw.from_native(values, pass_through=True)
    return frame.to_numpy() if isinstance(frame, nw.DataFrame) else np.asarray(values)


def _epsilon(values: Any) -> float:
    kind = getattr(values, "dtype", None)
    return float(np.finfo(kind).eps) if isinstance(kind, np.dtype) and kind.kind == "f" else 0.0


def _same(a: Any, b: Any) -> Any:
    """For each column, whether two arrays are the same in all rows, missing values alike."""
    both_missing = (a != a) & (b != b)  # noqa: PLR0124  # true of NaN alone, in arrays of objects too
    return np.all((a == b) | both_missing, axis=0)


def _check_width(n_outputs: int, z: Any) -> None:
    _require(
        z.shape[1] == n_outputs,
        f"outputs: transform gives {z.shape[1]}, the step was read to have {n_outputs}",
    )


def _check_close(found: Doubles, wanted: ArrayLike, allowed: Doubles, law: str) -> None:
    wanted = np.asarray(wanted, dtype=np.float64)
    # NaN in both is no error; in one alone, it is not less than what is allowed.
    error = np.where(np.isnan(found) & np.isnan(wanted), 0.0, np.abs(found - wanted))
    wrong = np.argwhere(~(error <= np.nan_to_num(allowed)))
    if len(wrong):
        row, column = (int(i) for i in wrong[0])
        raise AssertionError(f"{law}; off by {error[row, column]:.3g} in row {row}, output {column}")


def _require(holds: bool, law: str) -> None:  # noqa: FBT001  # what it is about
    if not holds:
        raise AssertionError(law)
