"""Whether a step does what it was taken for, seen on some rows."""

from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from neonxai.arrays import Doubles
from neonxai.networks.affine import AffineMap
from neonxai.transforms.nodes import transformed
from neonxai.transforms.steps import Shares
from neonxai.transforms.values import Lazy, as_numbers, copied, dense, rolled, texts

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


class NotLocalError(ValueError):
    """A step of which an output depends on more than the inputs that have a share in it."""


def verified(step: Shares, transformer: Any, values: Lazy, name: str, inputs: tuple[str, ...]) -> Shares:
    """Check that no output depends on an input that has no share in it, nor on other rows.

    Each input is permuted among the rows, and the outputs of others must not change; half of the rows must
    become what they become among all.

    Returns
    -------
    Shares
        The step; where it has one input only, all outputs are of this one, however many they are.

    Raises
    ------
    NotLocalError
        If one does.
    """
    given = values.get()

    def outputs(rows: Any) -> NDArray[Any]:
        return texts(transformed(transformer, copied(rows), name, inputs))

    before = outputs(given)
    title = f"Step {name!r} ({type(transformer).__qualname__})"
    n_outputs, n_inputs = step.matrix.shape
    remedy = (
        'Register what it does with neonxai.transforms.register, or explain at its output, pull_back="stop".'
    )
    if n_inputs == 1:
        step = Shares.by_owner(np.zeros(before.shape[1], dtype=np.intp), 1, invert=step.invert)
    elif before.shape[1] != n_outputs:
        raise NotLocalError(
            f"{title} makes {before.shape[1]} columns of {n_inputs}, and which is made of which is not "
            f"known. {remedy}"
        )
    half = len(before) // 2
    if half and not _same(outputs(_first(given, half)), before[:half]).all():
        raise NotLocalError(
            f"{title} makes something else of a row when other rows are with it, so a row can't be explained "
            "by itself. Fit what it takes from all rows, as StandardScaler does, and use it on each."
        )
    for i in range(n_inputs) if n_inputs > 1 else ():
        changed = ~_same(outputs(rolled(given, i)), before).all(axis=0)
        wrong = np.flatnonzero(changed & (step.matrix[:, [i]].toarray()[:, 0] == 0.0))
        if len(wrong):
            source, target = (inputs[j] if j < len(inputs) else f"column {j}" for j in (i, int(wrong[0])))
            raise NotLocalError(
                f"{title} is not element-wise: its output for {target} depends on {source} too, so relevance "
                f"can't stay with its column. {remedy}"
            )
    return step


def _first(values: Any, n_rows: int) -> Any:
    return getattr(values, "iloc", values)[:n_rows]


def _same(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    equal = np.asarray(a == b, dtype=bool)
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        # A product of other rows rounds otherwise.
        equal |= np.isclose(a, b, rtol=1e-9, atol=0.0, equal_nan=True)
    missing: NDArray[np.bool_] = np.asarray((a != a) & (b != b), dtype=bool)  # noqa: PLR0124  # NaN
    return equal | missing
