"""The words of a text, and what each of them says."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neonxai.explanation import cells
from neonxai.plots import _parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from neonxai.explanation import Explanation

_WORD = re.compile(r"\w+")
_PART = re.compile(r"[^\W\d_]+|\d+")


class Word(NamedTuple):
    """A word's place in its text, and its relevance; 0 for what is no term."""

    start: int
    stop: int
    relevance: float


class Marked(NamedTuple):
    """A text, its words, and the relevance of terms that are not found in it."""

    text: str
    words: list[Word]
    lost: float
    n_lost: int


def mark(
    explanation: Explanation, row: int, text: str | None, term_of: Callable[[str], str] | None
) -> Marked:
    """Hand out the relevance of a row's terms to the words of its text.

    A term's relevance is shared alike by the places where it stands; that of a term of several words, by the
    words. So all words together, and what is not found, have the relevance of all terms that are present.

    Raises
    ------
    TypeError
        If the text is none.
    """
    text = _text_of(explanation, row) if text is None else text
    if not isinstance(text, str):
        raise TypeError(f"text={text!r:.50} is a {type(text).__name__}; give the document as a string.")
    features, relevance = _parts.relevance_of(explanation, row)
    terms = {
        str(explanation.feature_names[i]): float(r)
        for i, r in zip(features, relevance, strict=True)
        if r != 0
    }
    matches = [match for word in _WORD.finditer(text) for match in _parts_of(word, terms, term_of)]
    plain = [match.group() for match in matches]
    forms = [plain, [word.lower() for word in plain]] if term_of is None else [[term_of(w) for w in plain]]
    amounts = np.zeros(len(matches))
    found = _places(terms, forms)
    for term, places in found.items():
        for run in places:
            amounts[run] += terms[term] / (len(places) * len(run))
    words = [Word(m.start(), m.end(), float(r)) for m, r in zip(matches, amounts, strict=True)]
    lost = [amount for term, amount in terms.items() if term not in found]
    return Marked(text, words, float(sum(lost)), len(lost))


def _parts_of(
    word: re.Match[str], terms: Mapping[str, float], term_of: Callable[[str], str] | None
) -> list[re.Match[str]]:
    """A word, or its parts, as of snake_case, if those are terms and it is none."""
    whole = word.group()
    if term_of is not None or whole in terms or whole.lower() in terms:
        return [word]
    parts = list(_PART.finditer(word.string, word.start(), word.end()))
    return parts if any(p.group() in terms or p.group().lower() in terms for p in parts) else [word]


def _places(terms: Mapping[str, float], forms: list[list[str]]) -> dict[str, list[list[int]]]:
    """Where each term stands, the positions of its words: as written, or else in small letters.

    Terms of several words may skip single letters, which scikit-learn's vectorizers drop.
    """
    longest = max((len(term.split()) for term in terms), default=1)
    everything = list(range(len(forms[0])))
    found = _runs(terms, forms, everything, longest)
    if longest > 1:
        letters = [i for i in everything if len(forms[0][i]) > 1]
        skipped = _runs(terms, forms, letters, longest)
        found = skipped | found
    return found


def _runs(
    terms: Mapping[str, float], forms: list[list[str]], words: list[int], longest: int
) -> dict[str, list[list[int]]]:
    """Find terms in the words beside each other."""
    found = defaultdict(list)
    for n in range(1, longest + 1):
        for first in range(len(words) - n + 1):
            run = words[first : first + n]
            for form in forms:
                term = " ".join(form[i] for i in run)
                if term in terms:
                    found[term].append(run)
                    break
    return dict(found)


def _text_of(explanation: Explanation, row: int) -> str:
    data = explanation.data
    if cells.n_columns(data) == 1:
        (value,) = cells.values_of(data, row, [0])
        if isinstance(value, str):
            return value
    message = (
        "explanation.data holds no texts, but what a vectorizer made of them, or a table; give the document, "
        "text=documents[row]."
    )
    raise TypeError(message)
