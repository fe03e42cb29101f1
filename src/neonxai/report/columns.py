"""The values of features in the units of the data: numbers, categories, or whether a term is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

from neonxai import frames
from neonxai.explanation import cells
from neonxai.report.facts import MISSING, Column, Distribution
from neonxai.report.numbers import codes, in_words, singles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_BINS = 24
_MOST_NAMES = 20
_MOST_CATEGORIES = 1000  # of more, a row's category is not in the page: such a column is free text, or names
_LONGEST = 60
_FAR = 4.0  # middle halves beyond the middle half: farther values are counted in the outermost bins


@dataclass(frozen=True, eq=False)
class Values:
    """A feature's values in all rows: numbers, or codes of categories.

    Attributes
    ----------
    numbers : float64 array of shape (n,) or None
        NaN where nothing is.
    codes : int array of shape (n,) or None
        Places in ``names``, -1 where nothing is. Beside numbers where these are two at most.
    names : tuple of str
        The categories, or the two numbers.
    counted : int or None
        The category whose share is told; None for the most frequent one.
    """

    numbers: NDArray[np.float64] | None
    codes: NDArray[np.intp] | None = None
    names: tuple[str, ...] = ()
    counted: int | None = None

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where nothing is."""
        if self.codes is not None:
            return self.codes < 0
        assert self.numbers is not None  # noqa: S101  (one of the two is there)
        return np.isnan(self.numbers)


def read_texts(explanation: Explanation, values: Any) -> Any:
    """Return the texts of documents, a list or a series, where they are at hand; None if not.

    Raises
    ------
    ValueError
        If there are other texts than documents.
    """
    if explanation.row_kind != "document":
        return None
    texts = explanation.data if values is None else values
    if issparse(texts) or cells.n_columns(texts) != 1:
        return None
    if cells.n_rows(texts) != explanation.n_samples:
        raise ValueError(
            f"values has {cells.n_rows(texts)} texts, but {explanation.n_samples} documents were explained. "
            "Give the same ones."
        )
    return texts


def read_values(explanation: Explanation, values: Any) -> Any:
    """Return what to tell of every row: `explanation.data`, or the same rows in other units.

    Raises
    ------
    ValueError, TypeError
        If there are other rows or columns than were explained.
    """
    if values is None or explanation.row_kind == "document":
        return explanation.data
    told = np.array(values, dtype=object) if isinstance(values, list | tuple) else values
    if cells.column_names(values) is not None:
        told = frames.read_raw(values, explanation.feature_names, what="the explanation").native
    shape = cells.n_rows(told), cells.n_columns(told)
    if shape != (explanation.n_samples, explanation.n_features):
        raise ValueError(
            f"values has {shape[0]} rows and {shape[1]} columns, but {explanation.n_samples} rows with "
            f"{explanation.n_features} features were explained. Give the same rows, in the units to be shown."
        )
    return told


class Features:
    """The features of an explanation, with their values where these are known.

    Parameters
    ----------
    explanation : Explanation
        Of NumPy's arrays.
    data : array, csr_array, frame, series or list
        The rows in the units to be shown.
    """

    def __init__(self, explanation: Explanation, data: Any) -> None:
        self._e, self._data = explanation, data
        self._known: dict[int, Values | None] = {}
        # A column for each feature; else the features are codes of some column, or a text's terms.
        self._direct = cells.n_columns(data) == explanation.n_features
        self._places = {name: place for place, name in enumerate(cells.column_names(data) or ())}
        relevance: Any = explanation.relevance
        self._relevance = relevance.tocsc() if issparse(relevance) else None

    def values(self, feature: int | np.intp) -> Values | None:
        """The values of a feature; None where the data have no such column."""
        feature = int(feature)
        if feature not in self._known:
            self._known[feature] = self._read(feature)
        return self._known[feature]

    def _read(self, feature: int) -> Values | None:
        place = feature if self._direct else self._places.get(self._e.feature_names[feature])
        if self._relevance is not None:
            return self._presence(feature, place)
        if place is None:
            return None
        column = cells.column(self._data, place)
        if column.missing.all():
            return None
        if not column.is_numbers:
            return _categories(column)
        if np.isinf(column.values).any():
            raise ValueError(
                f"Row {int(np.isinf(column.values).argmax())} has an infinite value of "
                f"{self._e.feature_names[feature]!r}, which has no place on a page. Give numbers in values=, "
                "NaN where nothing is known."
            )
        return read_numbers(column.values)

    def _presence(self, feature: int, place: int | None) -> Values:
        matrix = self._relevance
        assert matrix is not None  # noqa: S101  (for the type checker)
        there = np.zeros(self._e.n_samples, dtype=np.intp)
        there[matrix.indices[matrix.indptr[feature] : matrix.indptr[feature + 1]]] = 1
        numbers = None
        if place is not None and issparse(self._data):
            numbers = np.asarray(cells.column(self._data, place).values, dtype=np.float64)
        return Values(numbers, there, ("absent", "present"), counted=1)


def read_numbers(values: NDArray[Any]) -> Values:
    """Numbers; of at most two different ones the share of the larger says more than a median.

    Examples
    --------
    >>> read_numbers(np.array([0.0, 1.0, 1.0, np.nan])).codes
    array([ 0,  1,  1, -1])
    """
    numbers = values.astype(np.float64)
    there = ~np.isnan(numbers)
    # Three different numbers are mostly among the first few, so that sorting all is rarely needed.
    if len(np.unique(numbers[:100][there[:100]])) > 2:
        return Values(numbers)
    different = np.unique(numbers[there])
    if len(different) > 2:
        return Values(numbers)
    found = np.where(there, np.searchsorted(different, numbers), -1)
    return Values(numbers, found, tuple(in_words(number) for number in different), len(different) - 1)


def _categories(column: cells.Column) -> Values:
    words = np.array([str(value) for value in column.values[~column.missing]], dtype=object)
    different, inverse, counts = np.unique(words, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    found = np.full(len(column.missing), -1, dtype=np.intp)
    found[~column.missing] = rank[inverse]
    return Values(None, found, tuple(cut(different[i]) for i in order))


def cut(text: str, longest: int = _LONGEST) -> str:
    """Shorten a text to what a page has room for.

    Examples
    --------
    >>> cut("a long story", 7)
    'a long…'
    """
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def distribution(values: Values, groups: Sequence[NDArray[np.intp]]) -> Distribution:
    """Count the values of a feature in each cluster.

    Parameters
    ----------
    values : Values
        Of all rows.
    groups : sequence of int arrays
        The rows of each cluster.

    Returns
    -------
    Distribution
        Numbers in at most 25 bins, those that are far away in the first or the last; of categories the 20
        most frequent ones, and "other".
    """
    missing = tuple(int(values.missing[rows].sum()) for rows in groups)
    said = tuple(typical(values, rows) for rows in groups)
    if values.codes is not None:
        names = values.names
        found = values.codes
        if len(names) > _MOST_NAMES:
            names = (*names[:_MOST_NAMES], "other")
            found = np.minimum(found, _MOST_NAMES)
        counts = [np.bincount(found[rows][found[rows] >= 0], minlength=len(names)) for rows in groups]
        return Distribution((), names, np.array(counts, dtype=np.uint32), missing, said)
    assert values.numbers is not None  # noqa: S101  (one of the two is there)
    numbers = values.numbers[~values.missing]
    edges, ends = _edges(numbers), (float(numbers.min()), float(numbers.max()))
    counts = []
    for rows in groups:
        own = values.numbers[rows]
        own = np.clip(own[~np.isnan(own)], edges[0], edges[-1])
        counts.append(np.histogram(own, edges)[0])
    return Distribution(tuple(edges.tolist()), (), np.array(counts, dtype=np.uint32), missing, said, ends)


def _edges(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    low, first, third, high = np.quantile(numbers, (0.0, 0.25, 0.75, 1.0))
    width = _FAR * (third - first)
    if width > 0:
        low, high = max(low, first - width), min(high, third + width)
    if high - low >= 1 and np.array_equal(numbers, np.round(numbers)):
        # As many whole numbers in each bin, or bins would be full and empty by turns.
        width = int(np.ceil((high - low + 1) / _BINS))
        return np.arange(np.floor(low), np.ceil(high) + width + 1, width) - 0.5
    edges = np.linspace(low, high, _BINS + 1)
    # Of numbers that differ in their last digits alone, edges would coincide.
    return edges if (np.diff(edges) > 0).all() else np.array([low, np.nextafter(high, np.inf)])


def shown(values: Values, rows: NDArray[np.intp]) -> Column | None:
    """The values in the rows that are shown; None for more categories than there is room for."""
    if values.numbers is not None:
        return Column(singles(values.numbers[rows]), None, ())
    assert values.codes is not None  # noqa: S101  (one of the two is there)
    if len(values.names) > _MOST_CATEGORIES:
        return None
    found = values.codes[rows]
    return Column(None, codes(np.where(found < 0, MISSING, found)), values.names)


def typical(values: Values, rows: NDArray[np.intp], counted: int | None = None) -> str:
    """Say what is usual in some rows, in words.

    Parameters
    ----------
    values : Values
        Of all rows.
    rows : int array
        Which.
    counted : int, optional
        The category to count; by default the most frequent one.

    Returns
    -------
    str
        Of numbers the median and the middle half, of categories a share; and how many are missing.

    Examples
    --------
    >>> typical(Values(np.array([1.0, 2.0, 3.0, 4.0, 9.0, np.nan])), np.arange(6))
    '3 (2 to 4); 1 missing'
    >>> typical(Values(None, np.array([0, 0, 1, -1]), ("red", "blue")), np.arange(4))
    'red 50%; 1 missing'
    """
    if not len(rows):
        return ""
    n_missing = int(values.missing[rows].sum())
    gaps = f"; {n_missing:,} missing" if n_missing else ""
    if n_missing == len(rows):
        return "all missing"
    if values.codes is not None:
        which = values.counted if counted is None else counted
        if which is None:
            which = _excess(values, rows, rows[:0])
        share = float((values.codes[rows] == which).mean())
        return f"{values.names[which]} {share:.0%}{gaps}"
    assert values.numbers is not None  # noqa: S101  (one of the two is there)
    own = values.numbers[rows]
    first, middle, third = np.quantile(own[~np.isnan(own)], (0.25, 0.5, 0.75))
    return f"{in_words(middle)} ({in_words(first)} to {in_words(third)}){gaps}"


def _excess(values: Values, rows: NDArray[np.intp], others: NDArray[np.intp]) -> int:
    """The category whose share in some rows is most above that in others."""
    if values.counted is not None:
        return values.counted
    assert values.codes is not None  # noqa: S101  (for the type checker)
    own, rest = (
        np.bincount(found[found >= 0], minlength=len(values.names)) / max(len(found), 1)
        for found in (values.codes[rows], values.codes[others])
    )
    return int((own - rest).argmax())


def compared(values: Values, rows: NDArray[np.intp], others: NDArray[np.intp]) -> tuple[str, str, str]:
    """Compare some rows with others: (direction, what is typical, what is typical of the others).

    Examples
    --------
    >>> compared(Values(np.array([1.0, 2.0, 3.0, 7.0, 8.0, 9.0])), np.arange(3), np.arange(3, 6))
    ('lower', '2 (1.5 to 2.5)', '8 (7.5 to 8.5)')
    """
    if not len(rows):
        return "", "", typical(values, others)
    counted = None if values.codes is None else _excess(values, rows, others)
    words = typical(values, rows, counted), typical(values, others, counted)
    if values.missing[rows].all() or not len(others) or values.missing[others].all():
        return "", *words
    if values.codes is not None:
        own, rest = ((values.codes[which] == counted).mean() for which in (rows, others))
        return "more" if own > rest else "less" if own < rest else "", *words
    assert values.numbers is not None  # noqa: S101  (one of the two is there)
    own, rest = (np.nanmedian(values.numbers[which]) for which in (rows, others))
    return "higher" if own > rest else "lower" if own < rest else "differs", *words
