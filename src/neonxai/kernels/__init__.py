"""The fast forms of what networks need, with the extra ``fast`` (numba); without it, NumPy does the same.

A kernel flags the rows for which its bound on the rounding error says that too many digits are lost. Its
caller computes these by the network itself.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from warnings import warn


@cache
def available() -> bool:
    """Load the kernels, half a second; False without numba, and where ``NUMBA_DISABLE_JIT`` is set.

    Warns
    -----
    RuntimeWarning
        Once, if numba is installed and does not work.
    """
    if find_spec("numba") is None:
        return False
    try:
        if import_module("numba").config.DISABLE_JIT:
            return False
        import_module("neonxai.kernels.centroid")
    # Of another NumPy than numba knows; of no folder for what is compiled; of a damaged library.
    except (ImportError, RuntimeError, OSError) as error:
        warn(
            f"numba is installed, but does not load ({error}), so that NumPy does the same more slowly. "
            "Install a numba that fits NumPy, let NUMBA_CACHE_DIR name a folder that can be written to, or "
            "uninstall numba.",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


__all__ = ["available"]
