"""Steps made of steps: pipelines, columns apart, unions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from neonxai.frames import some
from neonxai.transforms.registry import read, register
from neonxai.transforms.steps import Branch, Branches, Chain, Step


@dataclass(frozen=True)
class Columns:
    """Takes columns out of whatever holds them, as a ColumnTransformer does.

    Parameters
    ----------
    positions : tuple of int
        Where they are in an array, dense or CSR, and in a frame if there are no names.
    names : tuple of str, optional
        What they are called: in a frame, they are found by it, in any order and among any others.
    is_flat : bool
        Whether it is one column, to be handed on as a flat array or a series.

    Examples
    --------
    >>> import numpy as np
    >>> Columns((2, 0))(np.array([[1, 2, 3], [4, 5, 6]]))
    array([[3, 1],
           [6, 4]])
    >>> Columns((2,), is_flat=True)(np.array([[1, 2, 3], [4, 5, 6]]))
    array([3, 6])
    """

    positions: tuple[int, ...]
    names: tuple[str, ...] | None = None
    is_flat: bool = False

    def __call__(self, X: Any) -> Any:
        """Take the columns.

        Raises
        ------
        ValueError
            If a frame misses one of them.
        """
        frame = nw.from_native(X, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            if not hasattr(X, "shape"):
                X = check_array(X, ensure_all_finite="allow-nan", dtype=object)
            return X[:, self.positions[0] if self.is_flat else list(self.positions)]
        keys: list[Any] = list(self.positions if self.names is None else self.names)
        missing = [key for key in keys if isinstance(key, str) and key not in frame.columns]
        if missing:
            raise ValueError(
                f"Columns are missing: {some(missing)}. A step was fitted to them, and the frame has "
                f"{some(frame.columns)}. Add or rename the columns."
            )
        return frame[:, keys[0] if self.is_flat else keys].to_native()


@register("sklearn.pipeline.Pipeline")
def pipeline(transformer: Any, _: int) -> Chain:
    """Chain its steps.

    Parameters
    ----------
    transformer : Pipeline
        Of fitted transformers; those of "passthrough" or None are left out.
    """
    return Chain(
        tuple(
            (name, step) for name, step in transformer.steps if step is not None and not isinstance(step, str)
        )
    )


@register("sklearn.compose.ColumnTransformer")
def column_transformer(transformer: Any, n_inputs: int) -> Branches:
    """Put side by side what its columns go to, in the order of its outputs.

    Columns may have been given by position, by name, by a mask or a slice of either, or by a function of the
    frame; positions are among the columns that it was fitted to. A part that is dropped or has no columns has
    no outputs and is left out. Whether outputs are sparse, and how they are called, changes nothing here.

    Parameters
    ----------
    transformer : ColumnTransformer
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    ValueError
        If it was fitted to another number of columns.
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.compose import ColumnTransformer
    >>> from sklearn.preprocessing import StandardScaler
    >>> transformer = ColumnTransformer([("sizes", StandardScaler(), slice(1, 3))], remainder="passthrough")
    >>> parts = column_transformer(transformer.fit(np.eye(4)), 4).parts
    >>> [(part.name, part.columns) for part in parts]
    [('sizes', (1, 2)), ('remainder', (0, 3))]
    """
    check_is_fitted(transformer)
    n_columns = transformer.n_features_in_
    if n_inputs != n_columns:
        raise ValueError(
            f"A ColumnTransformer gets {n_inputs} columns and was fitted to {n_columns}. Pass it these, in "
            "the same order."
        )
    names = getattr(transformer, "feature_names_in_", None)
    names = None if names is None else [str(name) for name in names]
    weights = transformer.transformer_weights or {}
    parts = []
    used: set[int] = set()
    for name, step, columns in transformer.transformers_:
        # What is left over is counted, not read: to read this list warns in some releases of scikit-learn. No
        # other part can have this name, and it is the last.
        is_rest = name == "remainder"
        positions = _others(used, n_columns) if is_rest else _positions(columns, names, n_columns)
        used.update(positions)
        if not positions or _is_dropped(step):
            continue
        labels = None if names is None else tuple(names[i] for i in positions)
        select = Columns(positions, labels, is_flat=not is_rest and bool(np.isscalar(columns)))
        parts.append(Branch(name, _passed(step), positions, select, _weight(weights, name)))
    return Branches(tuple(parts))


@register("sklearn.pipeline.FeatureUnion")
def feature_union(transformer: Any, _: int) -> Branches:
    """Put its transformers side by side, each of which gets all columns.

    Parameters
    ----------
    transformer : FeatureUnion
        Of fitted transformers.
    """
    weights = transformer.transformer_weights or {}
    return Branches(
        tuple(
            Branch(name, _passed(step), weight=_weight(weights, name))
            for name, step in transformer.transformer_list
            if not _is_dropped(step)
        )
    )


@register("sklearn.frozen.FrozenEstimator")
def frozen(transformer: Any, n_inputs: int) -> Step:
    """Look at what was frozen.

    Raises
    ------
    UnknownStepError
        If its class is not known.
    """
    step = transformer.estimator
    return read(step, n_inputs, type(step).__name__)


def _is_dropped(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "drop")


def _passed(step: Any) -> Any:
    """None for what passes its columns through."""
    # A fit puts a function transformer without a function in the place of "passthrough".
    is_function = type(step).__name__ == "FunctionTransformer"
    passes = step.func is None if is_function else isinstance(step, str)
    return None if passes else step


def _weight(weights: Mapping[str, float | None], name: str) -> float:
    weight = weights.get(name)
    return 1.0 if weight is None else float(weight)


def _others(used: set[int], n_columns: int) -> tuple[int, ...]:
    return tuple(i for i in range(n_columns) if i not in used)


def _positions(columns: Any, names: list[str] | None, n_columns: int) -> tuple[int, ...]:
    """Where the columns are that a ColumnTransformer was given, in any of the ways that it takes."""
    everything = range(n_columns)
    if isinstance(columns, slice):
        if names is not None and any(isinstance(end, str) for end in (columns.start, columns.stop)):
            # Of names, the last is within, as in pandas.
            first = 0 if columns.start is None else names.index(columns.start)
            last = n_columns - 1 if columns.stop is None else names.index(columns.stop)
            columns = slice(first, last + 1)
        return tuple(everything[columns])
    keys = np.atleast_1d(np.asarray(columns))
    if keys.dtype.kind == "b":
        return tuple(np.flatnonzero(keys).tolist())
    if names is not None and any(isinstance(key, str) for key in keys):
        return tuple(names.index(key) for key in keys)
    return tuple(everything[int(key)] for key in keys)  # from the end, if negative
