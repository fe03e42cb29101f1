"""The fast forms of what networks need, with the extra ``fast`` (numba); without it, NumPy does the same.

A kernel flags the rows for which its bound on the rounding error says that too many digits are lost. Its
caller computes these by the network itself.
"""

from functools import cache
from importlib.util import find_spec


@cache
def available() -> bool:
    """Whether numba is installed. Does not import it."""
    return find_spec("numba") is not None


__all__ = ["available"]
