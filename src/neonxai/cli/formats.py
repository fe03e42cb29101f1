"""Which file formats the shell knows, and whether a file is what its ending says."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from neonxai.cli.errors import ShellError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SUPPORTED", "check_file", "ends_of", "format_of"]

_ENDINGS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
SUPPORTED: Final = " ".join(_ENDINGS)
_PICKLES: Final = frozenset({".pkl", ".pickle", ".p", ".joblib", ".jl"})
_TITLES: Final = {"csv": "CSV", "tsv": "TSV", "parquet": "Parquet", "arrow": "Arrow", "jsonl": "JSON Lines"}
_MAGIC: Final = (
    (b"PAR1", "parquet", "a Parquet file"),
    (b"ARROW1", "arrow", "an Arrow file"),
    (b"\xff\xff\xff\xff", "arrow", "an Arrow stream"),
    (b"FEA1", None, "a Feather file of version 1"),
    (b"PK\x03\x04", None, "a zip archive (as .xlsx, .npz and .zip files are)"),
    (b"\x1f\x8b", None, "compressed by gzip"),
    (b"\x28\xb5\x2f\xfd", None, "compressed by zstandard"),
    (b"\x93NUMPY", None, "a NumPy file"),
    (b"\x89HDF", None, "an HDF5 file"),
    (b"SQLite format 3", None, "an SQLite database"),
    (b"\xff\xfe", None, "text in UTF-16"),
    (b"\xfe\xff", None, "text in UTF-16"),
)
_PICKLE_START: Final = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))


def format_of(path: Path, option: str = "") -> str:
    """Tell the format from the ending of a path.

    Parameters
    ----------
    path : Path
        The file, which need not exist.
    option : str, default=""
        The option that named it, for the message.

    Returns
    -------
    str
        One of ``csv tsv parquet arrow jsonl``.

    Raises
    ------
    ShellError
        If the ending is not known, or is that of a pickle.

    Examples
    --------
    >>> from pathlib import Path
    >>> format_of(Path("wine.Feather"))
    'arrow'
    """
    what = f"{option} {path}".strip()
    ending = path.suffix.lower()
    if ending in _PICKLES:
        raise _pickle_refused(what)
    if ending not in _ENDINGS:
        seen = (
            f"the ending {path.suffix!r} is not one that neonxai knows"
            if ending
            else "the file name has no ending"
        )
        raise ShellError(what, seen, f"Supported are {SUPPORTED}.")
    return _ENDINGS[ending]


def check_file(path: Path, option: str = "") -> str:
    """Check that a file can be read and is what its ending says, from its first and last bytes.

    Parameters
    ----------
    path : Path
        The file to be read.
    option : str, default=""
        The option that named it, for the message.

    Returns
    -------
    str
        Its format, as :func:`format_of` tells it.

    Raises
    ------
    ShellError
        If it is missing, a folder, a pipe or a device, not readable, empty, cut short, a pickle, or of
        another format.
    """
    what = f"{option} {path}".strip()
    kind = format_of(path, option)
    head, tail = ends_of(path, what)
    _check_magic(what, kind, head)
    if kind == "parquet" and tail[-4:] not in {b"PAR1", b"PARE"}:
        raise ShellError(what, "the Parquet file is truncated: its end is missing", "Copy or write it again.")
    if kind == "arrow" and head.startswith(b"ARROW1") and tail[-6:] != b"ARROW1":
        raise ShellError(what, "the Arrow file is truncated: its end is missing", "Copy or write it again.")
    return kind


def ends_of(path: Path, what: str) -> tuple[bytes, bytes]:
    """Read the first 64 and the last 8 bytes of a file.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        The file as messages name it.

    Returns
    -------
    first, last : bytes
        As many as there are.

    Raises
    ------
    ShellError
        If it is missing, a folder, a pipe or a device, not readable, or empty.
    """
    try:
        _check_kind(what, path.stat().st_mode)
        with path.open("rb") as stream:
            head = stream.read(64)
            size = stream.seek(0, 2)
            stream.seek(max(0, size - 8))
            tail = stream.read(8)
    except FileNotFoundError as error:
        raise ShellError(
            what, "no such file", f"Check the path; the folder is {path.absolute().parent}."
        ) from error
    except OSError as error:
        raise ShellError(what, f"it cannot be read ({error.strerror})", "Check its permissions.") from error
    if size == 0:
        raise ShellError(what, "the file is empty (0 bytes)", "Write it again.")
    return head, tail


def _check_kind(what: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise ShellError(what, "it is a folder", "Name one file.")
    if not stat.S_ISREG(mode):
        # Reading one might wait forever, and a file is read more than once.
        seen = "a named pipe" if stat.S_ISFIFO(mode) else "a device or a socket"
        raise ShellError(what, f"it is {seen}, not a file", "Write its content to a file, and name that.")


def _check_magic(what: str, kind: str, head: bytes) -> None:
    if head.startswith(_PICKLE_START):
        raise _pickle_refused(what)
    for magic, owner, title in _MAGIC:
        if head.startswith(magic):
            if owner == kind:
                return
            remedy = "Rename it to what it is." if owner else f"Supported are {SUPPORTED}."
            raise ShellError(what, f"it is not {_TITLES[kind]}, as its ending says, but {title}", remedy)
    if kind in {"parquet", "arrow"}:
        raise ShellError(
            what,
            f"it is not {_TITLES[kind]}, as its ending says: it starts with {head[:12]!r}",
            "Rename it to what it is, or write it again.",
        )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if kind == "jsonl" and not start.startswith(b"{"):
        raise ShellError(
            what,
            f"it is not JSON Lines, as its ending says: it starts with {start[:12]!r}",
            'Each line must be one object, such as {"alcohol": 14.2, "ash": 2.4}.',
        )
    if kind in {"csv", "tsv"} and start.startswith((b'{"', b"[{")):
        raise ShellError(
            what, f"it is not {_TITLES[kind]}, as its ending says, but JSON", "Rename it to what it is."
        )


def _pickle_refused(what: str) -> ShellError:
    return ShellError(
        what,
        "it is a pickle, and loading a pickle can run any code in it, so neonxai loads none",
        f"Export the data to one of {SUPPORTED}.",
    )
