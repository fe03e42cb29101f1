"""What the user should know about the data and the clustering, though nothing is wrong: the notes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from neonxai.cli.columns import quoted
from neonxai.cli.names import listed
from neonxai.propagation import LOW_AGREEMENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.cli.columns import Selection
    from neonxai.cli.labels import GivenLabels
    from neonxai.cli.request import Request
    from neonxai.cli.result import StandIn
    from neonxai.explanation import Explanation

__all__ = ["about_columns", "about_labels", "about_logits", "about_two_clusters"]

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
        before = [name for name in selection.dropped if name not in selection.special] if request.drop else []
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


def about_labels(given: GivenLabels, values: NDArray[np.float64], selection: Selection) -> list[str]:
    """Name the columns that are the labels in other words, and count the clusters of one row.

    Parameters
    ----------
    given : GivenLabels
        The labels.
    values : array of shape (n_rows, n_columns)
        The used columns, in the units of the file.
    selection : Selection
        The columns.

    Returns
    -------
    list of str
        A sentence for each of the two, if there is anything to say.

    Examples
    --------
    >>> from neonxai.cli.columns import Selection
    >>> from neonxai.cli.labels import GivenLabels
    >>> given = GivenLabels(np.array(["a", "b", "c", "a"]), noise=None, singles=0)
    >>> values = np.array([[7.0, 1.5], [8.0, 1.5], [9.0, 2.5], [7.0, 1.5]])
    >>> about_labels(given, values, Selection(("code", "size"), ("kind",), labels="kind"))
    ['One value for each label, as a copy of the labels would have: code; leave out copies.']
    """
    said = []
    codes = np.unique(given.values, return_inverse=True)[1]
    again = [name for i, name in enumerate(selection.used) if _one_to_one(values[:, i], codes)]
    if again:
        names = listed(again)
        said.append(
            f"One value for each label, as a copy of the labels would have: {names}; leave out copies."
        )
    if given.singles:
        cluster = (
            "1 cluster has one row" if given.singles == 1 else f"{given.singles} clusters have one row each"
        )
        said.append(f"{cluster}, which has no others to be near to, and counts as agreeing.")
    return said


def _one_to_one(values: NDArray[np.float64], codes: NDArray[np.intp]) -> bool:
    different, positions = np.unique(values, return_inverse=True)
    # Of two values, such as yes and no, many an honest column is made.
    if not 2 < len(different) == codes.max() + 1:
        return False
    pairs = np.unique(positions * len(different) + codes)
    return len(pairs) == len(different)


def about_logits(explanation: Explanation, stand_in: StandIn) -> list[str]:
    """Say which explanations of labels to distrust.

    Parameters
    ----------
    explanation : Explanation
        Of rows, each for the cluster that its label says.
    stand_in : StandIn
        What stands in for the clustering.

    Returns
    -------
    list of str
        No sentence, or up to three.
    """
    agreement = explanation.agreement
    assert agreement is not None  # noqa: S101  (for the type checker)
    said = []
    count = int(np.count_nonzero(explanation.logits < 0))
    if count:
        rows = (
            "1 row has a negative logit: it is"
            if count == 1
            else f"{count} rows have negative logits: they are"
        )
        said.append(
            f"{rows} nearer to the competitor than to the cluster of the label, and the relevances say by "
            "which columns."
        )
    # Noise is no rival of clusters, so that a row farther out has a positive logit all the same.
    beyond = round((1 - agreement) * len(explanation)) - int(np.count_nonzero(explanation.logits <= 0))
    if stand_in.noise is not None and beyond > 0:
        rows = "1 row of a cluster is" if beyond == 1 else f"{beyond} rows of clusters are"
        said.append(f"{rows} so far from all clusters that the network would call them noise.")
    if agreement < LOW_AGREEMENT:
        other = "" if math.isinf(stand_in.gamma) else ", or try another --gamma, such as inf"
        said.append(
            "An agreement this low means that the labels are not about which rows are near each other in "
            f"these columns. Use the columns and the --scale that they were made with{other}; else trust the "
            "explanations little."
        )
    return said
