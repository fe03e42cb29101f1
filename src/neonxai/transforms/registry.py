"""Which preprocessing steps are known, and what each is."""

from collections.abc import Callable
from typing import Any, TypeAlias

from neonxai.registry import Registry
from neonxai.transforms.steps import Step

Reader: TypeAlias = Callable[[Any, int], Step]

_readers: Registry[Reader] = Registry()


class UnknownStepError(TypeError):
    """A step of which it is not known how relevance gets back through it."""


def register(*paths: str) -> Callable[[Reader], Reader]:
    """Register a function that says what fitted transformers of some classes are (decorator).

    Parameters
    ----------
    *paths : str
        Where each class is imported from, such as "sklearn.preprocessing.StandardScaler". A transformer is
        recognised by the first and the last part, the library and the class. A later registration
        replaces an earlier one.

    Returns
    -------
    decorator
        Of a function (transformer, n_inputs) → `AffineMap`, `Shares`, or another of ``Step``.

    Examples
    --------
    >>> import neonxai
    >>> @neonxai.transforms.register("mylab.CubeRoot")
    ... def cube_root(transformer, n_inputs):
    ...     return neonxai.transforms.Shares.one_to_one(n_inputs)
    """
    return _readers.register(*paths)


def supported() -> tuple[str, ...]:
    """Return where all classes that are recognised are imported from, sorted."""
    return _readers.paths()


def is_known(transformer: object) -> bool:
    """Say whether a reader is registered for a transformer's class."""
    return _find(transformer) is not None


def _find(transformer: object) -> Reader | None:
    found = _readers.find(transformer)
    if found is None:
        return None
    function, cls = found
    # A subclass with a transform of its own is another step.
    owner = next((c for c in type(transformer).__mro__ if "transform" in vars(c)), cls)
    same = owner.__module__.partition(".")[0] == cls.__module__.partition(".")[0]
    return function if same else None


def read(transformer: Any, n_inputs: int, name: str) -> Step:
    """Say what a fitted transformer is.

    Parameters
    ----------
    transformer : object
        A fitted transformer.
    n_inputs : int
        The number of columns that it gets.
    name : str
        What the step is called in its pipeline, for messages.

    Raises
    ------
    UnknownStepError
        If no reader is registered for its class; the message shows how to register one.
    """
    function = _find(transformer)
    if function is None:
        kind = type(transformer)
        path = f"{kind.__module__}.{kind.__qualname__}"
        raise UnknownStepError(
            f"Step {name!r} is a {path}, and it is not known how relevance gets back through it. Explain at "
            'its output, with pull_back="stop"; or say what it is, for example that each output is made of '
            f'the input in its place:\n\n    @neonxai.transforms.register("{path}")\n'
            "    def _(transformer, n_inputs):\n"
            "        return neonxai.transforms.Shares.one_to_one(n_inputs)\n\n"
            "neonxai.transforms.supported() lists the steps that are known."
        )
    return function(transformer, n_inputs)
