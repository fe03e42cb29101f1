"""The fast forms of what networks need, with the extra ``fast`` (numba); without it, NumPy does the same.

A kernel flags the rows for which its bound on the rounding error says that too many digits are lost. Its
caller computes these by the network itself.
"""

from functools import cache
from importlib.util import find_spec
from sys import modules


@cache
def available() -> bool:
    """Whether numba is installed. Does not import it."""
    return find_spec("numba") is not None


def loaded() -> bool:
    """Whether a kernel has been loaded in this process, so that another call costs nothing."""
    return "neonxai.kernels.centroid" in modules


__all__ = ["available", "loaded"]
