"""A model of the user's own, and the columns that it takes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from neonxai.cli.columns import Selection
from neonxai.cli.errors import ShellError
from neonxai.cli.names import listed
from neonxai.transforms.registry import UnknownStepError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neonxai.cli.values import Values

__all__ = ["check_model", "described", "frame_for", "match_columns", "not_explained"]


def check_model(model: Any, what: str) -> None:
    """Check that a model is fitted; whether it is a clustering that is known shows when it is explained.

    Parameters
    ----------
    model : object
        What was loaded.
    what : str
        The file, for messages.

    Raises
    ------
    ShellError
        If it has a ``fit`` that was not called.
    """
    if not hasattr(model, "fit"):
        return
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ShellError(
            what, f"its {type(model).__qualname__} is not fitted", "Fit it, and save it again."
        ) from error
    except TypeError:
        # No estimator of scikit-learn's kind, which can't tell.
        return


def described(model: Any) -> str:
    """Say what a model is, in words.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> described(make_pipeline(StandardScaler(), KMeans(2)))
    'Pipeline of StandardScaler, KMeans'
    """
    kind = type(model).__qualname__
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list):
        return kind
    parts = [step for _, step in steps if step not in (None, "passthrough")]
    return f"{kind} of {', '.join(described(part) for part in parts)}"


def match_columns(
    model: Any, selection: Selection, what: str, data: str
) -> tuple[Selection, tuple[str, ...], list[str]]:
    """Choose the columns that a model takes, in its order.

    Parameters
    ----------
    model : object
        The model.
    selection : Selection
        The columns chosen by the user.
    what, data : str
        The files of the model and of the data, for messages.

    Returns
    -------
    selection : Selection
        The columns that are used.
    ignored : tuple of str
        Chosen columns that the model does not know.
    notes : list of str
        No sentence, or one.

    Raises
    ------
    ShellError
        If columns of the model are missing or left out, or there are more or fewer than it takes.
    """
    known = _known_names(model)
    if known is None:
        count = getattr(model, "n_features_in_", None)
        if count is not None and count != len(selection.used):
            raise ShellError(
                what,
                f"it was fitted to {count} columns without names, but {len(selection.used)} of {data} are "
                f"used: {listed(selection.used)}",
                "Choose those that it was fitted to with --columns, in its order, or leave others out with "
                "--drop.",
            )
        said = (
            f"{what.partition(' ')[2]} does not know the names of its columns, so they are taken in this "
            f"order: {listed(selection.used)}; --columns chooses another."
        )
        return selection, (), [said]
    _check_names(known, selection, what, data)
    ignored = tuple(name for name in selection.used if name not in known)
    dropped = (*selection.dropped, *ignored)
    told = []
    if ignored:
        named = what.partition(" ")[2]
        told = [f"{named} was fitted without these columns, so they are ignored: {listed(ignored)}."]
    return Selection(known, dropped, selection.key), ignored, told


def _known_names(model: Any) -> tuple[str, ...] | None:
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = getattr(model, "feature_names", None)
    return None if names is None else tuple(map(str, names))


def _check_names(known: Sequence[str], selection: Selection, what: str, data: str) -> None:
    lacking = [name for name in known if name not in selection.used]
    missing = [name for name in lacking if name not in selection.dropped]
    if missing:
        many, them = ("columns", "them") if len(missing) > 1 else ("the column", "it")
        raise ShellError(
            what,
            f"it was fitted to {many} that {data} does not have: {listed(missing)}",
            f"Add {them}, or rename columns: {data} has {listed([*selection.used, *selection.dropped])}.",
        )
    if lacking:
        many, them = ("columns", "them") if len(lacking) > 1 else ("the column", "it")
        raise ShellError(
            what,
            f"it was fitted to {many} that --columns, --drop or --id leaves out: {listed(lacking)}",
            f"Use {them} too.",
        )


def frame_for(values: Values, what: str) -> Any:
    """The columns in the kind of frame in which a model's own steps find what is missing.

    Steps of scikit-learn know a missing text as NaN, which pandas has, and polars has not.

    Parameters
    ----------
    values : Values
        The columns.
    what : str
        The file of the model, for the message.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The latter where a text is missing.

    Raises
    ------
    ShellError
        If a text is missing, and pandas is not installed.
    """
    gaps = [name for name in values.categories if name in values.missing]
    if not gaps:
        return values.frame
    if find_spec("pandas") is None:
        raise ShellError(
            what,
            f"values are missing in columns of text ({listed(gaps)}), which its steps know only in frames of "
            "pandas, and that is not installed",
            "Install it with: pip install pandas",
        )
    import pandas as pd

    columns: dict[str, Any] = {}
    for name, column in zip(values.names, values.frame, strict=True):
        columns[name] = column.to_numpy()
        if column.dtype == pl.String:
            columns[name] = np.array([np.nan if word is None else word for word in column], dtype=object)
    return pd.DataFrame(columns)


def not_explained(error: Exception, what: str) -> ShellError:
    """Say in the shell's words why a model is not explained.

    Parameters
    ----------
    error : Exception
        What the library said.
    what : str
        The file of the model.

    Returns
    -------
    ShellError
    """
    text = " ".join(str(error).split())
    if isinstance(error, UnknownStepError):
        cause = text.partition(". ")[0]
        return ShellError(what, cause, 'Python can explain it at that step\'s output, with pull_back="stop".')
    cause, known, _ = text.partition(" Any clustering can be explained by its labels")
    if known:
        remedy = "A clustering that is not known can be explained by its labels, with --labels COLUMN."
        return ShellError(what, cause, remedy)
    if isinstance(error, TypeError):
        return ShellError(what, text)
    seen = f"it cannot be explained ({type(error).__name__}: {text})"
    return ShellError(what, seen, "Was it saved whole, and with the versions of packages that are installed?")
