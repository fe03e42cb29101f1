"""Models in files, read with skops and never unpickled."""

from __future__ import annotations

import warnings
import zipfile
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from neonxai.cli.columns import quoted
from neonxai.cli.errors import ExitCode, ShellError
from neonxai.cli.formats import ends_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_saved", "load_saved"]

_PICKLES: Final = frozenset({".pkl", ".pickle", ".p", ".joblib", ".jl", ".sav", ".dill", ".cloudpickle"})
_PICKLED: Final = {
    b"\x80": "a pickle",
    b"\x1f\x8b": "compressed by gzip, as pickles of joblib are",
    b"\x78": "compressed by zlib, as pickles of joblib are",
    b"BZh": "compressed by bzip2, as pickles of joblib are",
    b"\xfd7zXZ": "compressed by xz, as pickles of joblib are",
    b"\x5d\x00": "compressed by lzma, as pickles of joblib are",
    b"\x04\x22\x4d\x18": "compressed by lz4, as pickles of joblib are",
}
_SAVE: Final = "Save the model with skops.io.dump(model, 'model.skops')."
_SCHEMA: Final = "schema.json"
_LEAST: Final = (
    0,
    16,
)  # of skops: the loading of files is as safe as its checks, which grew with its versions


def check_saved(path: Path, option: str) -> None:
    """Check that a file of a model can be read and seems to be one of skops, without loading anything.

    Parameters
    ----------
    path : Path
        The file.
    option : str
        The option that named it, for the message.

    Raises
    ------
    ShellError
        If it is missing, a folder, a pipe or a device, not readable, empty, cut short, a pickle, or another
        thing than skops writes.
    """
    what = f"{option} {path}"
    if path.suffix.lower() in _PICKLES:
        raise _pickle_refused(what, "by its ending it is a pickle")
    head, _ = ends_of(path, what)
    kind = next((kind for start, kind in _PICKLED.items() if head.startswith(start)), None)
    if kind is not None:
        raise _pickle_refused(what, f"it is {kind}")
    if not head.startswith(b"PK\x03\x04"):
        raise ShellError(what, f"it is no file of skops: it starts with {head[:12]!r}", _SAVE)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise ShellError(
            what, "the file is truncated or damaged: its end is missing", "Copy or write it again."
        ) from error
    if _SCHEMA not in names:
        raise ShellError(what, f"it is a zip archive, but none of skops: it has no {_SCHEMA}", _SAVE)


def load_saved(path: Path, option: str, trust: str | None) -> tuple[Any, list[str]]:
    """Load a model, if all types in it are trusted.

    Parameters
    ----------
    path : Path
        A file that `check_saved` has found to be of skops.
    option : str
        The option that named it, for the message.
    trust : str or None
        The value of ``--trust``: names of types, separated by commas.

    Returns
    -------
    model : object
        The model.
    notes : list of str
        What was warned of, one sentence each, such as that another version of scikit-learn saved it.

    Raises
    ------
    ShellError
        If skops is missing or too old, the file is damaged, a type in it is not trusted, or there is no such
        type here.
    """
    what = f"{option} {path}"
    _check_skops(what)
    import skops.io

    given = [] if trust is None else _types(trust)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = skops.io.get_untrusted_types(file=path)
        except Exception as error:  # a hostile schema fails anywhere in skops, with anything
            raise _damaged(what, error) from error
        _check_types(what, found, given)
        try:
            model = skops.io.load(path, trusted=[name for name in found if name in given])
        except (ImportError, AttributeError) as error:
            raise ShellError(
                what,
                f"something in it is not there to be loaded ({_brief(error)})",
                "Install the package and the version that the model was saved with.",
            ) from error
        except Exception as error:  # as above
            raise _damaged(what, error) from error
    said = list(dict.fromkeys(f"{path}: {_brief(warning.message)}" for warning in caught))
    return model, [line if line.endswith((".", "!", "?")) else f"{line}." for line in said]


def _check_skops(what: str) -> None:
    if find_spec("skops") is None:
        seen = "the package skops, which reads it, is missing"
    else:
        version = metadata.version("skops")
        numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
        if numbers >= _LEAST:
            return
        seen = f"skops {version} is too old to be relied on for what it lets through"
    least = ".".join(map(str, _LEAST))
    raise ShellError(what, seen, f'Install it with: pip install "skops>={least}"', ExitCode.FAILURE)


def _check_types(what: str, found: list[str], given: list[str]) -> None:
    unknown = [name for name in found if name not in given]
    if unknown:
        many, them = ("types that are", "them") if len(unknown) > 1 else ("a type that is", "it")
        raise ShellError(
            what,
            f"it holds {many} not trusted, since loading {them} can run any code: {', '.join(unknown)}",
            f"If you know {them}, and where the file comes from, add --trust {quoted([*given, *unknown])}",
        )


def _types(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    odd = next((name for name in names if not all(part.isidentifier() for part in name.split("."))), None)
    if odd is not None:
        raise ShellError(
            f"--trust {text}",
            f"{odd!r} is no name of a type",
            "Give names as the message on types that are not trusted has them, separated by commas.",
        )
    return names


def _pickle_refused(what: str, seen: str) -> ShellError:
    return ShellError(
        what, f"{seen}, and loading a pickle can run any code in it, so neonxai loads none", _SAVE
    )


def _damaged(what: str, error: Exception) -> ShellError:
    return ShellError(
        what, f"it is damaged, or not written by skops ({type(error).__name__}: {_brief(error)})", _SAVE
    )


def _brief(text: object) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= 300 else f"{words[:299]}…"
