"""The one place where failures become messages and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from neonxai.cli.errors import ExitCode, ShellError
from neonxai.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Shell"]

_INTERRUPTED = "neonxai: interrupted"


class Shell(TyperGroup):
    """A group of commands that turns every failure into one message and an exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **options: Any) -> Any:
        """Run a command and exit."""
        given = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in given or os.environ.get("NEONXAI_DEBUG", "0") not in {"", "0"}
        # Taken out here, so that it may stand anywhere on the line.
        given = [word for word in given if word != "--debug"]
        options |= {"args": given, "prog_name": "neonxai", "standalone_mode": False}
        try:
            code = super().main(**options)
        except Exception as error:  # noqa: BLE001  (the last stop: a message for everyone, the traceback on request)
            if debug:
                sys.stderr.write("\n".join(map(printable, traceback.format_exc().split("\n"))))
            message, code = _told(error)
            sys.stderr.write(f"{printable(message)}\n")
        else:
            # Newer versions of Typer return this code where older ones raise Abort.
            if code == ExitCode.INTERRUPTED:
                sys.stderr.write(f"{_INTERRUPTED}\n")
        raise SystemExit(code if isinstance(code, int) else ExitCode.OK)


def _told(error: Exception) -> tuple[str, ExitCode]:
    """Return the message and the exit code for a failure."""
    if isinstance(error, ShellError):
        return str(error), error.code
    if isinstance(error, typer.Abort):
        return _INTERRUPTED, ExitCode.INTERRUPTED
    # Errors of usage are known by what they can do: Typer brings them along in modules that vary by version.
    describe = getattr(error, "format_message", None)
    if callable(describe):
        path = getattr(getattr(error, "ctx", None), "command_path", "neonxai")
        cause = str(describe()).rstrip(".")
        cause += "" if cause.endswith("?") else "."
        return f'neonxai: usage: {cause} See "{path} --help".', ExitCode.BAD_INPUT
    cause = " ".join(str(error).split()).rstrip(".") or "no message"
    remedy = "This should not happen; please report it with what --debug shows."
    return f"neonxai: {type(error).__name__}: {cause}. {remedy}", ExitCode.FAILURE
