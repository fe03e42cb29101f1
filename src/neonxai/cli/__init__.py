"""The shell: ``neonxai demo``, ``neonxai explain`` and ``neonxai report``.

Exit codes, the same for every command:

====  ==========================================================================
code  meaning
====  ==========================================================================
0     all went well
1     an unexpected failure, or the packages of ``neonxai[cli]`` are missing
2     bad usage or bad input: an option, a file or a value in it
3     an output exists and would be overwritten (``--overwrite`` allows it)
130   interrupted from the keyboard
====  ==========================================================================

Every failure is one message on stderr, ``neonxai: <what>: <cause>. <remedy>``; ``--debug`` (or the
environment variable ``NEONXAI_DEBUG=1``) adds the traceback.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]

_NEEDED = ("typer", "rich", "polars", "matplotlib")


def main() -> None:
    """Run the shell on ``sys.argv`` and exit with one of the codes of this module.

    Raises
    ------
    SystemExit
        Always; its code is 0, 1, 2, 3 or 130.
    """
    # A terminal that cannot print β or Σ should show a "?", not fail.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"neonxai: missing packages: the shell needs {', '.join(missing)}. "
            'Install them with: pip install "neonxai[cli]"\n'
        )
        raise SystemExit(1)
    try:
        from neonxai.cli.app import shell

        shell()
    except KeyboardInterrupt:  # while the packages are loaded, which takes a while; later Typer sees it first
        sys.stderr.write("neonxai: interrupted\n")
        raise SystemExit(130) from None
