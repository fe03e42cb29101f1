"""Progress of long work: told to whoever asks, or shown as a bar where somebody watches."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neonxai.engines import Progress

__all__ = ["told"]

_DELAY = 1.0  # seconds; what is done by then needs no bar


@contextmanager
def told(progress: Progress | bool | None) -> Iterator[Progress | None]:  # noqa: FBT001  # as it was asked
    """Make what is told about progress from what was asked for.

    Parameters
    ----------
    progress : callable(done, n_rows), bool or None
        True: a bar of tqdm, of the notebook's own widgets where there are some, on stderr elsewhere; it
        appears after a second, goes when the work is done, and is not drawn at all where nobody watches:
        neither a terminal nor a notebook. A callable is called. False or None: nothing is told.

    Yields
    ------
    callable or None

    Raises
    ------
    ImportError
        If a bar is asked for, and tqdm is not installed.
    TypeError
        If it is none of these.

    Examples
    --------
    >>> with told(print) as tell:
    ...     tell(5, 10)
    5 10
    """
    if progress is None or progress is False:
        yield None
    elif progress is not True:
        if not callable(progress):
            raise TypeError(
                f"progress={progress!r} cannot be told anything. Give True for a bar, or a function of the "
                "rows done and the rows there are."
            )
        yield progress
    else:
        make = _bar()
        if not _is_watched():
            yield None
            return
        with make(desc="Explaining", unit=" rows", unit_scale=True, leave=False, delay=_DELAY) as bar:

            def tell(done: int, n_rows: int) -> None:
                bar.total = n_rows
                bar.update(done - bar.n)

            yield tell


def _bar() -> Any:
    """The bar that fits: in a notebook its widgets, if it has any; text elsewhere."""
    try:
        import tqdm
    except ImportError as error:
        raise ImportError(
            "progress=True draws a bar with tqdm, which cannot be imported. Remedy: "
            'pip install "neonxai[progress]"'
        ) from error
    if _is_notebook() and find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm_notebook

        return tqdm_notebook
    return tqdm.tqdm


def _is_watched() -> bool:
    return _is_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _is_notebook() -> bool:
    """Whether this runs in the kernel of a notebook; IPython is asked only if it is there."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")
