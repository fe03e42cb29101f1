"""What the user should know about the data and the clustering, though nothing is wrong: the notes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from neonxai.agreement import LOW_AGREEMENT
from neonxai.cli.columns import quoted
from neonxai.cli.names import listed, shorten
from neonxai.cli.scaling import flat_columns
from neonxai.cli.values import MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.cli.columns import Selection
    from neonxai.cli.labels import GivenLabels
    from neonxai.cli.request import Request
    from neonxai.cli.result import StandIn
    from neonxai.cli.values import Values
    from neonxai.explanation import Explanation

__all__ = [
    "about_columns",
    "about_labels",
    "about_logits",
    "about_missing",
    "about_spread",
    "about_targets",
    "about_two_clusters",
]

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


def about_targets(explanation: Explanation) -> list[str]:
    """Say if rows are explained for another cluster than their own, as by models that detect outliers.

    Parameters
    ----------
    explanation : Explanation
        Of rows, each for the cluster that the model is about.

    Returns
    -------
    list of str
        No sentence, or one.
    """
    if np.array_equal(explanation.targets, explanation.labels):
        return []
    target = shorten(str(explanation.targets[0]))
    return [
        f"Every row is explained for {target}, also those that are not in it: these have negative logits, "
        "and relevances above 0 speak against where they are."
    ]


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


def about_spread(values: Values, request: Request) -> list[str]:
    """Name the columns that say the same of all rows.

    Parameters
    ----------
    values : Values
        The used columns.
    request : Request
        What was asked.

    Returns
    -------
    list of str
        A sentence for numbers and one for categories, if there are such.
    """
    said = []
    if values.numbers:
        numbers = values.matrix
        if not values.are_plain:
            numbers = values.frame.select(values.numbers).to_numpy()
            numbers = np.where(np.isnan(numbers), np.nanmedian(numbers, axis=0), numbers)
        flat = [values.numbers[i] for i in flat_columns(numbers, request.scale)]
        if flat:
            said.append(f"Without spread, so only centered and not divided: {listed(flat)}.")
    same = [name for name in values.categories if values.frame[name].n_unique() == 1]
    if same:
        said.append(f"Of one value alone, so that nothing depends on it: {listed(same)}.")
    return said


def about_missing(values: Values) -> list[str]:
    """Count the missing values, and name the columns that mostly lack them.

    Parameters
    ----------
    values : Values
        The used columns.

    Returns
    -------
    list of str
        No sentence, or up to two.

    Examples
    --------
    >>> import polars as pl
    >>> from neonxai.cli.values import Values
    >>> about_missing(Values(pl.DataFrame({"age": [1.0, np.nan, 2.0], "sex": ["f", "m", None]})))
    ['Missing values: age 1, sex 1, of 3 rows; a number is taken for the median of its column, a category for
    one of its own.']
    """
    if not values.missing:
        return []
    n_rows = values.frame.height
    counts = listed([f"{name} {count}" for name, count in values.missing.items()])
    taken = []
    if any(name in values.missing for name in values.numbers):
        taken.append("a number is taken for the median of its column")
    if any(name in values.missing for name in values.categories):
        taken.append("a category for one of its own" if taken else "a category is taken for one of its own")
    said = [f"Missing values: {counts}, of {n_rows} rows; {', '.join(taken)}."]
    mostly = [name for name, count in values.missing.items() if 2 * count > n_rows]
    if mostly:
        said.append(
            f"More than half of the values are missing in {listed(mostly)}; leave out what is hardly known, "
            f"with --drop {quoted(mostly)}."
        )
    return said


def about_labels(given: GivenLabels, values: Values) -> list[str]:
    """Name columns that are the labels in other words, and labels that may be gaps; count clusters of one.

    Parameters
    ----------
    given : GivenLabels
        The labels.
    values : Values
        The used columns.

    Returns
    -------
    list of str
        A sentence for each of these, if there is anything to say.

    Examples
    --------
    >>> import polars as pl
    >>> from neonxai.cli.labels import GivenLabels
    >>> from neonxai.cli.values import Values
    >>> given = GivenLabels(np.array(["a", "b", "c", "a"]), noise=None, singles=0)
    >>> frame = pl.DataFrame({"code": [7.0, 8.0, 9.0, 7.0], "size": [1.5, 1.5, 2.5, 1.5]})
    >>> about_labels(given, Values(frame))
    ['One value for each label, as a copy of the labels would have: code; leave out copies.']
    """
    said = []
    codes = np.unique(given.values, return_inverse=True)[1]
    again = [name for name in values.names if _one_to_one(values.codes(name), codes)]
    if again:
        names = listed(again)
        said.append(
            f"One value for each label, as a copy of the labels would have: {names}; leave out copies."
        )
    words = [name for name in np.unique(given.values).tolist() if str(name).strip().lower() in MISSING]
    if words and given.noise not in words:
        listed_words = listed([str(word) for word in words])
        said.append(
            f"Among words, {listed_words} is a label like any other. If it says that there is none, drop "
            f"such rows, or name it as noise, --noise {words[0]}."
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
