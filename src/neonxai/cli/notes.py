"""What the user should know about the data and the clustering, though nothing is wrong: the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from neonxai.cli.columns import quoted
from neonxai.cli.names import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.cli.columns import Selection
    from neonxai.cli.request import Request
    from neonxai.explanation import Explanation

__all__ = ["about_columns", "about_two_clusters"]

_NAMES: Final = frozenset({"id", "index", "target", "class", "label", "cluster", "y"})
_FEW_ROWS: Final = 20  # in which whole numbers are easily all different
_FEW_COLUMNS: Final = 10
_SAME: Final = 1e-3  # of the largest mean relevance: less than the three digits that are shown


def about_columns(values: NDArray[np.float64], selection: Selection, request: Request) -> list[str]:
    """Name the used columns that look like labels or identifiers rather than measurements.

    Parameters
    ----------
    values : array of shape (n_rows, n_columns)
        The used columns, in the units of the file.
    selection : Selection
        The columns.
    request : Request
        What was asked; it decides what remedy is suggested.

    Returns
    -------
    list of str
        No sentence, or one.
    """
    names = [name for i, name in enumerate(selection.used) if _suspicious(name, values[:, i])]
    if not names:
        return []
    if len(names) == 1:
        seen, them = f"column {names[0]!r} looks like a label or an identifier", "it"
    else:
        seen, them = f"columns {listed(names)} look like labels or identifiers", "them"
    if request.columns is not None:
        remedy = f"leave {them} out of --columns"
    elif len(names) == len(selection.used) or len(names) > _FEW_COLUMNS:
        remedy = f"leave {them} out with --drop if that is so"
    else:
        before = [name for name in selection.dropped if name != selection.key] if request.drop else []
        remedy = f"leave {them} out with --drop {quoted([*before, *names])}"
    return [f"{seen}; {remedy}."]


def _suspicious(name: str, values: NDArray[np.float64]) -> bool:
    if name.strip().lower() in _NAMES:
        return True
    whole = len(values) > _FEW_ROWS and bool((values == np.floor(values)).all())
    return whole and len(np.unique(values)) == len(values)


def about_two_clusters(explanation: Explanation) -> list[str]:
    """Explain why two clusters of k-means have the same mean relevances, where they have.

    At the optimum of k-means each center is the mean of its rows, so that the mean relevance of feature i is
    (μ_1i - μ_2i)² for both clusters [Kauffmann2024]_.

    Parameters
    ----------
    explanation : Explanation
        Of rows, each for the cluster that k-means assigns it to.

    Returns
    -------
    list of str
        No sentence, or one.

    Examples
    --------
    >>> import neonxai
    >>> rows = np.array([[0.0], [1.0], [5.0]])
    >>> [len(about_two_clusters(neonxai.explain(neonxai.Centroids([[c], [5.0]]), rows))) for c in (0.5, 0.0)]
    [1, 0]
    """
    if len(explanation.cluster_names) != 2:
        return []
    first, second = explanation.summary_values("cluster", "mean")
    if not np.allclose(first, second, rtol=0, atol=_SAME * np.abs(first).max()):
        return []
    return [
        "With two clusters, the mean relevance is the same for both: each is explained against the other."
    ]
