"""Whether a step does what it was taken for, seen on some rows."""

from typing import Any

import narwhals as nw
import numpy as np

from neonxai.arrays import Doubles
from neonxai.networks.affine import AffineMap
from neonxai.transforms.nodes import transformed
from neonxai.transforms.steps import Shares
from neonxai.transforms.values import Lazy, as_numbers, dense, rolled

_TOLERANCE = 1e-6  # float32 parameters, and the rounding of data far from the origin


def verify_affine(
    step: AffineMap, transformer: Any, values: Lazy, name: str, inputs: tuple[str, ...]
) -> None:
    """Check that a step gives A e + b.

    Raises
    ------
    ValueError
        If it does not.
    """
    given = _numbers(values.get(), name, transformer, inputs)
    complete = np.isfinite(given).all(axis=1)
    if not complete.any():
        return
    own = dense(as_numbers(transformed(transformer, values.get(), name, inputs)))[complete]
    ours = step(given[complete])
    scale = np.abs(own).max() + np.abs(step.offset).max(initial=0.0) + np.finfo(np.float64).tiny
    if own.shape != ours.shape or np.abs(own - ours).max(initial=0.0) > _TOLERANCE * scale:
        raise ValueError(
            f"Step {name!r} ({type(transformer).__qualname__}) does not do what its attributes say: its "
            "outputs differ from the affine map that these make. Was it changed after it was fitted, or is "
            "it a class with a transform of its own? Register what it does with neonxai.transforms.register."
        )


def _numbers(values: Any, name: str, transformer: Any, inputs: tuple[str, ...]) -> Doubles:
    try:
        return dense(as_numbers(values))
    except (TypeError, ValueError) as error:
        frame = nw.from_native(values, pass_through=True)
        where = f"; its columns are {', '.join(map(repr, inputs[:5]))}" if inputs else ""
        if isinstance(frame, nw.DataFrame):
            text = next((c for c, t in frame.schema.items() if not (t.is_numeric() or t == nw.Boolean)), None)
            where = "" if text is None else f": column {text!r} holds {frame[text].dtype}"
        raise TypeError(
            f"Step {name!r} ({type(transformer).__qualname__}) takes numbers{where} ({error}). Encode text "
            "first, in a ColumnTransformer."
        ) from error


def verify_shares(step: Shares, transformer: Any, values: Lazy, name: str, inputs: tuple[str, ...]) -> None:
    """Check that no output depends on an input that has no share in it.

    Each input is permuted among the rows, and the outputs of others must not change.

    Raises
    ------
    ValueError
        If one does.
    """
    given = values.get()
    native = given.copy() if hasattr(given, "copy") else given
    before = dense(as_numbers(transformed(transformer, native, name, inputs)))
    n_outputs, n_inputs = step.matrix.shape
    if before.shape[1] != n_outputs:
        raise ValueError(
            f"Step {name!r} ({type(transformer).__qualname__}) makes {before.shape[1]} columns of "
            f"{n_inputs}, and which is made of which is not known. "
            f'Explain at its output, with pull_back="stop", or register it.'
        )
    shares = step.matrix.toarray()
    for i in range(n_inputs):
        after = dense(as_numbers(transformed(transformer, rolled(native, i), name, inputs)))
        changed = np.any((after != before) & ~(np.isnan(after) & np.isnan(before)), axis=0)
        wrong = np.flatnonzero(changed & (shares[:, i] == 0.0))
        if len(wrong):
            source, target = (inputs[j] if j < len(inputs) else f"column {j}" for j in (i, int(wrong[0])))
            raise ValueError(
                f"Step {name!r} ({type(transformer).__qualname__}) is not element-wise: its output for "
                f"{target} depends on {source} too, so relevance can't stay with its column. Register what "
                'it does with neonxai.transforms.register, or explain at its output, with pull_back="stop".'
            )
