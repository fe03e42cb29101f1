"""What the shell says when it cannot go on, and the exit codes."""

from __future__ import annotations

from enum import IntEnum

from neonxai.text import printable

__all__ = ["ExitCode", "ShellError"]


class ExitCode(IntEnum):
    """The exit codes of the shell; :mod:`neonxai.cli` has the table."""

    OK = 0
    FAILURE = 1
    BAD_INPUT = 2
    OUTPUT_EXISTS = 3
    INTERRUPTED = 130


class ShellError(Exception):
    """A failure that the user can repair: what failed, why, and what to do.

    Parameters
    ----------
    what : str
        The option or file at fault.
    cause : str
        What is wrong with it, with the value seen.
    remedy : str, default=""
        What to do, one or more whole sentences.
    code : ExitCode, default=ExitCode.BAD_INPUT
        The exit code of the process.

    Examples
    --------
    >>> str(ShellError("--clusters 1", "a clustering needs at least 2 clusters", "Give a larger number."))
    'neonxai: --clusters 1: a clustering needs at least 2 clusters. Give a larger number.'
    """

    def __init__(self, what: str, cause: str, remedy: str = "", code: ExitCode = ExitCode.BAD_INPUT) -> None:
        super().__init__(printable(f"neonxai: {what}: {cause.rstrip('.')}. {remedy}".rstrip()))
        self.code = code
