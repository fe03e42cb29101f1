"""Files of arrays and plain text: NumPy's .npz, written at once or not at all, and never a pickle."""

import json
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VERSION = 2  # 1: explanations of dense relevance, and of arrays of floats
_HEADER = "neonxai"


@contextmanager
def replacing(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path beside ``path``, which takes its place when the block ends without an error.

    Nobody ever sees half a file, and an old one stays until the new one is whole.

    Raises
    ------
    FileExistsError
        If the file exists and ``overwrite`` is false.
    """
    path = Path(path)
    check_free(path, overwrite=overwrite)
    # A folder of its own: unique among threads and processes, and the file in it gets the usual permissions.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".neonxai-") as folder:
        temporary = Path(folder) / f"file{path.suffix}"
        yield temporary
        if overwrite:
            temporary.replace(path)
            return
        try:
            path.hardlink_to(temporary)  # fails if the file came into being meanwhile
        except FileExistsError:
            raise _taken(path) from None
        except OSError:  # a file system without links
            temporary.rename(path)


def check_free(path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Check that a file can take its place, before the work that fills it.

    Raises
    ------
    FileExistsError
        If the file exists and ``overwrite`` is false.
    FileNotFoundError
        If its folder does not exist.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise _taken(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} for {path.name}. Make it first.")


def _taken(path: Path) -> FileExistsError:
    return FileExistsError(
        f"{path} exists already. Ask for it to be overwritten (overwrite=True), or choose another name."
    )


def write(
    path: str | os.PathLike[str],
    content: str,
    fields: Mapping[str, Any],
    arrays: Mapping[str, NDArray[np.generic]],
    *,
    overwrite: bool = False,
) -> None:
    """Store arrays and JSON fields in one file.

    Parameters
    ----------
    path : path
        Where to; written under exactly this name.
    content : str
        What the file holds, checked when it is read again.
    fields : mapping
        What JSON can hold.
    arrays : mapping of str to array
        Of any dtype but object.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    FileExistsError
        If the file exists and ``overwrite`` is false.
    """
    header = json.dumps({"content": content, "version": _VERSION, "fields": fields}, ensure_ascii=False)
    with replacing(path, overwrite=overwrite) as temporary, temporary.open("xb") as file:
        np.savez(file, allow_pickle=False, **{_HEADER: np.array(header)}, **arrays)


def read(
    path: str | os.PathLike[str],
    content: str,
    *,
    fields: Collection[str],
    arrays: Collection[str] | None,
    added: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]]:
    """Read what `write` stored: (fields, arrays). Runs no code from the file.

    Parameters
    ----------
    path : path
        The file.
    content : str
        What it must hold.
    fields : collection of str
        The JSON fields that it must have, and no others.
    arrays : collection of str or None
        The arrays that it may have; None for any.
    added : mapping, optional
        Further JSON fields, with the values that they have in older files, which lack them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a file of ours, is damaged, holds something else, or needs a pickle to be read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            header = _header(archive)
            if header["content"] == content and header["version"] <= _VERSION:
                return _fields(header, fields, added or {}), _arrays(archive, arrays)
    except _DAMAGE as error:
        cause = str(error) or type(error).__name__
        raise ValueError(
            f"{path} is not a file saved by neonxai or is damaged ({cause}). Files are .npz archives without "
            "pickled objects; a pickle or joblib file is not loaded, because loading one can run any code."
        ) from error
    if header["content"] != content:
        raise ValueError(
            f"{path} holds a saved {header['content']}, not {content}. Load it with {header['content']}.load."
        )
    raise ValueError(f"{path} was saved by a newer neonxai (format {header['version']}). Update neonxai.")


# All that zipfile, NumPy's reader and JSON raise over damaged or crafted bytes.
_DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    OSError,
    RuntimeError,
    MemoryError,
    RecursionError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


def _header(archive: zipfile.ZipFile) -> dict[str, Any]:
    header = json.loads(str(_array(archive, f"{_HEADER}.npy")))
    kinds = {"content": str, "version": int}
    if not (isinstance(header, dict) and all(isinstance(header[key], kind) for key, kind in kinds.items())):
        raise ValueError("its header is of another kind")
    return header


def _fields(header: dict[str, Any], names: Collection[str], added: Mapping[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = header["fields"]
    fields = {**added, **stored}
    if set(fields) != {*names, *added}:
        raise ValueError(f"its fields are {list(stored)!r:.200}")
    return fields


def _arrays(archive: zipfile.ZipFile, names: Collection[str] | None) -> dict[str, NDArray[np.generic]]:
    arrays = {}
    for member in archive.namelist():
        name = member.removesuffix(".npy")
        if name == _HEADER:
            continue
        if names is not None and name not in names:
            raise ValueError(f"it has an unknown part {member!r:.100}")
        arrays[name] = _array(archive, member)
    return arrays


def _array(archive: zipfile.ZipFile, member: str) -> NDArray[np.generic]:
    # Stored as they are, parts are no larger than the file; inflating one could fill the memory.
    if archive.getinfo(member).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"its part {member!r:.100} is compressed")
    with archive.open(member) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    return np.asarray(array)
