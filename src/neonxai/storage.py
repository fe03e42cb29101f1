"""Files of arrays and plain text: NumPy's .npz, written at once or not at all, and never a pickle."""

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VERSION = 1
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
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{path} exists already. Ask for it to be overwritten (overwrite=True), or choose another name."
        )
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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


def read(path: str | os.PathLike[str], content: str) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]]:
    """Read what `write` stored: (fields, arrays). Runs no code from the file.

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
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        header = json.loads(str(arrays.pop(_HEADER)))
    except (ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is not a file saved by neonxai, or it is damaged ({error}). Files are .npz archives "
            "without pickled objects; a pickle or joblib file is not loaded, because loading one can run "
            "any code."
        ) from error
    if header["content"] != content:
        raise ValueError(
            f"{path} holds a saved {header['content']}, not {content}. Load it with {header['content']}.load."
        )
    if header["version"] > _VERSION:
        raise ValueError(f"{path} was saved by a newer neonxai (format {header['version']}). Update neonxai.")
    return header["fields"], arrays
