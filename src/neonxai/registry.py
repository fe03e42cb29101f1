"""Foreign classes, recognised by name: a library that is not installed must not be imported to ask for it."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[F]):
    """Functions by the class that they are about.

    Examples
    --------
    >>> greetings = Registry()
    >>> @greetings.register("builtins.int")
    ... def of_numbers(number):
    ...     return "1, 2, 3"
    >>> greetings.find(True)  # subclasses are recognised, too
    (<function of_numbers at ...>, <class 'int'>)
    >>> greetings.find("text"), greetings.paths()
    (None, ('builtins.int',))
    """

    def __init__(self) -> None:
        # By library and class, "sklearn.KMeans": modules move between releases, these do not.
        self._functions: dict[str, F] = {}
        self._paths: dict[str, str] = {}

    def register(self, *paths: str) -> Callable[[F], F]:
        """Register a function for classes (decorator).

        Parameters
        ----------
        *paths : str
            Where each class is imported from. Its first and last part count, the library and the class. A
            later registration replaces an earlier one.
        """

        def add(function: F) -> F:
            for path in paths:
                self._functions[_key(path)], self._paths[_key(path)] = function, path
            return function

        return add

    def forget(self, path: str) -> None:
        """Take a registration back."""
        del self._functions[_key(path)], self._paths[_key(path)]

    def paths(self) -> tuple[str, ...]:
        """Where all classes are imported from, sorted."""
        return tuple(sorted(self._paths.values()))

    def of_path(self, path: str) -> F:
        """The function of a class that is known to be registered."""
        return self._functions[_key(path)]

    def find(self, thing: object) -> tuple[F, type] | None:
        """The function for an object's class or the nearest of its bases, and this class."""
        for cls in type(thing).__mro__:
            function = self._functions.get(_key(f"{cls.__module__}.{cls.__qualname__}"))
            if function is not None:
                return function, cls
        return None


def _key(path: str) -> str:
    return f"{path.partition('.')[0]}.{path.rpartition('.')[2]}"
