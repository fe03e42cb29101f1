"""Where results go: checked before any work, so that no work is lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from neonxai.cli.errors import ExitCode, ShellError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["check_folder", "check_output"]


def check_output(path: Path, *, overwrite: bool, inputs: Iterable[Path] = ()) -> None:
    """Check that a result can be written, without leaving a trace.

    Parameters
    ----------
    path : Path
        Where the result shall go.
    overwrite : bool
        Whether an existing file may be replaced.
    inputs : iterable of Path, optional
        Files that are read, and are never overwritten.

    Raises
    ------
    ShellError
        If the file exists and may not be replaced (exit code 3), or is an input, or a pipe or the like, or
        cannot be written (2).
    """
    what = f"--out {path}"
    if path.is_dir():
        raise ShellError(what, "it is a folder", "Name a file in it.")
    if any(path.resolve() == source.resolve() for source in inputs):
        raise ShellError(what, "it is an input of this very command", "Choose another name.")
    if path.exists() and not overwrite:
        raise ShellError(
            what, "the file exists", "Add --overwrite, or choose another name.", code=ExitCode.OUTPUT_EXISTS
        )
    if path.exists() and not path.is_file():
        raise ShellError(what, "it is a pipe, a device or a socket, not a file", "Choose another name.")
    check_folder(path.absolute().parent, what)


def check_folder(folder: Path, what: str) -> None:
    """Check that files can be made in a folder, by making one and removing it.

    Parameters
    ----------
    folder : Path
        The folder.
    what : str
        The option at fault, for the message.

    Raises
    ------
    ShellError
        If there is no such folder, or nothing can be written there.
    """
    if not folder.is_dir():
        cause = f"{folder} is not a folder" if folder.exists() else f"there is no folder {folder}"
        raise ShellError(what, cause, "Make it first, or choose another.")
    # Permission bits say too little: root, read-only and remote file systems.
    probe = folder / f".neonxai-{os.getpid()}.probe"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise ShellError(
            what, f"nothing can be written to {folder} ({error.strerror})", "Choose another folder."
        ) from error
