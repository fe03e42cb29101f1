"""Which preprocessing steps are known, and what each is."""

from collections.abc import Callable
from typing import Any, TypeAlias

from neonxai.transforms.steps import Step

Reader: TypeAlias = Callable[[Any, int], Step]

# By library and class, "sklearn.PCA": modules move between releases, these do not.
_READERS: dict[str, Reader] = {}
_PATHS: dict[str, str] = {}


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

    def add(function: Reader) -> Reader:
        for path in paths:
            key = _key(path)
            _READERS[key], _PATHS[key] = function, path
        return function

    return add


def supported() -> tuple[str, ...]:
    """Return where all classes that are recognised are imported from, sorted."""
    return tuple(sorted(_PATHS.values()))


def _key(path: str) -> str:
    return f"{path.partition('.')[0]}.{path.rpartition('.')[2]}"


def is_known(transformer: object) -> bool:
    """Say whether a reader is registered for a transformer's class."""
    return _find(transformer) is not None


def _find(transformer: object) -> Reader | None:
    # By name and not by type: a library that is not installed must not be imported in order to ask for it.
    for cls in type(transformer).__mro__:
        function = _READERS.get(_key(f"{cls.__module__}.{cls.__qualname__}"))
        if function is not None:
            # A subclass with a transform of its own is another step.
            owner = next((c for c in type(transformer).__mro__ if "transform" in vars(c)), cls)
            same = owner.__module__.partition(".")[0] == cls.__module__.partition(".")[0]
            return function if same else None
    return None


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
