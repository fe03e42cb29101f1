"""Why each row shown is in its cluster: against all rivals together, and against each of its nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, issparse

from neonxai.explanation import cells
from neonxai.report.facts import Answers
from neonxai.report.numbers import codes, singles

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neonxai.explainer import ClusterExplainer
    from neonxai.explanation import Explanation

    Progress = Callable[[int, int], None]

TOP = 8  # features of a row against all rivals
_TOP_RIVAL = 6  # and against one
_MOST_RIVALS = 16  # in a list to choose from
_CHECKED = 100  # rows that show whether the explainer is the right one
_SAME = 1e-4  # rows in single precision are answered in that
_OTHER = "The explainer is not the one that explained these rows"
_RANKED = 24  # rivals of a cluster among which those of a row are looked for


@dataclass(frozen=True, eq=False)
class Found:
    """The parts of logits, as `Answers` has them, but with features by their positions in the explanation."""

    logits: NDArray[Any]
    top: NDArray[np.intp]
    relevance: NDArray[Any]
    others: NDArray[np.float64]
    further: tuple[tuple[str, NDArray[Any]], ...]

    def stored(self, place: NDArray[np.intp]) -> Answers:
        """The same in short numbers.

        Parameters
        ----------
        place : int array of shape (n_features,)
            Where each feature is in the report.
        """
        return Answers(
            singles(self.logits),
            codes(place[self.top]),
            singles(self.relevance),
            singles(self.others),
            tuple((name, singles(values)) for name, values in self.further),
        )


@dataclass(frozen=True, eq=False)
class Question:
    """What a page can answer about rows.

    Attributes
    ----------
    own : Found
        Against all rivals, n rows.
    rivals : int array of shape (n, m)
        Clusters, the nearest first.
    against : Found
        Against each of them, n rows × m rivals.
    """

    own: Found
    rivals: NDArray[np.intp]
    against: Found

    def features(self) -> NDArray[np.intp]:
        """All features that are mentioned."""
        return np.union1d(self.own.top, self.against.top).astype(np.intp)


def answer(
    explanation: Explanation,
    explainer: ClusterExplainer | None,
    noise: NDArray[np.bool_],
    data: Any,
    n_answers: int,
    progress: Progress | None = None,
) -> Question:
    """Gather the answers for all rows of an explanation.

    Parameters
    ----------
    explanation : Explanation
        Of the rows to show, as NumPy's arrays.
    explainer : ClusterExplainer or None
        What made it; None if it is not at hand, and no other questions can be asked.
    noise : bool array of shape (n_clusters,)
        Which clusters are none. They are nobody's rivals.
    data : array, csr_array, frame, series or list of n rows
        The rows as the explainer takes them; None if they are not at hand.
    n_answers : int
        How many rows × rivals to answer for, at most.
    progress : callable(done, total), optional
        Called as questions are answered.

    Raises
    ------
    ValueError
        If the explainer finds another logit for a row than the explanation has.
    """
    e = explanation
    n_top = min(TOP, e.n_features)
    own = one_answer(e, n_top)
    n_clusters = int((~noise).sum())
    n_rivals = min(n_clusters - 1, n_answers // e.n_samples, _MOST_RIVALS)
    # Against a single rival is against all.
    if explainer is None or data is None or n_rivals < 1 or n_clusters < 3:
        return Question(own, np.empty((e.n_samples, 0), dtype=np.intp), _stack([own], e.n_samples, 0))
    asked: dict[str, Any] = {"target": e.targets}
    if e.agreement is not None:
        asked["labels"] = e.labels
    _check_same(e, explainer, data, asked)
    names = np.array(e.cluster_names)
    rivals = _nearest(e, explainer, data, asked, noise, n_rivals)
    found = []
    for place in range(n_rivals):
        pair = explainer.explain(data, against=names[rivals[:, place]], **asked).to_numpy()
        found.append(one_answer(pair, min(_TOP_RIVAL, e.n_features)))
        if progress is not None:
            progress(place + 1, n_rivals)
    order = np.argsort(np.stack([a.logits for a in found], axis=1), axis=1, kind="stable")
    against = _stack(found, e.n_samples, n_rivals)
    return Question(own, np.take_along_axis(rivals, order, axis=1), _ordered(against, order))


def _check_same(e: Explanation, explainer: ClusterExplainer, data: Any, asked: dict[str, Any]) -> None:
    few = slice(0, _CHECKED)
    asked = {name: values[few] for name, values in asked.items()}
    try:
        logits = np.asarray(explainer.logits(cells.take(data, few), **asked))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{_OTHER}, which it refuses: {error}") from error
    wrong = ~np.isclose(logits, e.logits[few], rtol=_SAME, atol=_SAME * np.abs(e.logits[few]).max())
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"{_OTHER}: their first difference is row {row}, to which it gives the logit {logits[row]:.6g}, "
            f"not {e.logits[row]:.6g}. Leave explainer= out, or give the one that made the explanation, "
            "without against=, which a page asks itself; "
            'where steps in front hide the rows from it (pull_back="stop"), there is none to ask.'
        )


def _nearest(
    e: Explanation,
    explainer: ClusterExplainer,
    data: Any,
    asked: dict[str, Any],
    noise: NDArray[np.bool_],
    n_rivals: int,
) -> NDArray[np.intp]:
    """The nearest rivals of each row, those with the least evidence against them; shape (n, n_rivals)."""
    candidates = _candidates(e, noise)
    if candidates.shape[1] > n_rivals:
        names = np.array(e.cluster_names)
        evidence = [
            np.asarray(explainer.logits(data, against=names[candidates[:, place]], **asked))
            for place in range(candidates.shape[1])
        ]
        order = np.argsort(np.stack(evidence, axis=1), axis=1, kind="stable")[:, :n_rivals]
        candidates = np.take_along_axis(candidates, order, axis=1)
    return candidates


def _candidates(e: Explanation, noise: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Rivals of each row among which the nearest are looked for; shape (n, n_candidates).

    The nearest of all is among them, and others are chosen by how near their prototypes are, or by how many
    rows they are the nearest rival of.
    """
    targets, nearest = e.target_positions, e.competitor_positions
    k = e.n_clusters
    distance = e.separations
    if distance is None:
        pairs = np.bincount(targets * k + nearest, minlength=k * k).reshape(k, k)
        distance = -(pairs + pairs.T).astype(np.float64)
    distance = np.where(np.isnan(distance), 0.0, distance)
    distance[:, noise] = np.inf
    distance[np.arange(k), np.arange(k)] = np.inf
    count = min(int((~noise).sum()) - 1, _RANKED)
    own = distance[targets]
    own[np.arange(len(targets)), nearest] = np.where(noise[nearest], np.inf, -np.inf)
    return np.argsort(own, axis=1, kind="stable")[:, :count]


def one_answer(explanation: Explanation, n_top: int) -> Found:
    """The features with the largest |relevance| of each row, and what else there is of its logit.

    Parameters
    ----------
    explanation : Explanation
        Of n rows.
    n_top : int
        How many.

    Examples
    --------
    >>> import neonxai
    >>> centers = neonxai.Centroids([[0.0, 0.0, 0.0], [2.0, 1.0, 0.0]])
    >>> a = one_answer(neonxai.explain(centers, [[0.5, 0.0, 1.0]], beta=1.0), 1)
    >>> a.top, a.relevance, a.others, a.logits
    (array([[0]]), array([[2.]]), array([1.]), array([3.]))
    """
    e = explanation
    relevance: Any = e.relevance
    if issparse(relevance):
        top, largest, total = _sparse_top(relevance, n_top)
    else:
        total = relevance.sum(axis=1, dtype=np.float64)
        size = -np.abs(relevance)
        some = np.argpartition(size, n_top - 1, axis=1)[:, :n_top]
        some.sort(axis=1)  # so that of equal ones the first comes first
        inner = np.argsort(np.take_along_axis(size, some, axis=1), axis=1, kind="stable")
        top = np.take_along_axis(some, inner, axis=1)
        largest = np.take_along_axis(relevance, top, axis=1)
    further = {
        f"absent {e.feature_kind}s": e.absent,
        "belongs to no feature": e.absorbed,
        "base value": np.broadcast_to(e.base_value, e.n_samples),
    }
    others = total - largest.sum(axis=1, dtype=np.float64)
    # What rounding leaves of a sum is no other feature's.
    others[np.abs(others) <= 1e-9 * np.abs(largest).sum(axis=1)] = 0.0
    return Found(
        logits=e.logits,
        top=top,
        relevance=largest,
        others=others,
        further=tuple(
            (name, values) for name, values in further.items() if values is not None and values.any()
        ),
    )


def _sparse_top(
    relevance: csr_array, n_top: int
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[np.float64]]:
    n = relevance.shape[0]
    row = np.repeat(np.arange(n), np.diff(relevance.indptr))
    order = np.lexsort((relevance.indices, -np.abs(relevance.data), row))
    rank = np.arange(len(row)) - relevance.indptr[row]
    there = rank < n_top
    top = np.zeros((n, n_top), dtype=np.intp)
    largest = np.zeros((n, n_top), dtype=relevance.dtype)
    top[row[there], rank[there]] = relevance.indices[order[there]]
    largest[row[there], rank[there]] = relevance.data[order[there]]
    return top, largest, np.asarray(relevance.sum(axis=1, dtype=np.float64))


def _stack(found: list[Found], n: int, n_rivals: int) -> Found:
    """Put the answers against several rivals side by side."""
    used = found[:n_rivals]
    names = list(dict.fromkeys(name for a in used for name, _ in a.further))
    nothing = np.zeros(n)
    return Found(
        logits=_side(n, [a.logits for a in used]),
        top=_side(n, [a.top for a in used], found[0].top),
        relevance=_side(n, [a.relevance for a in used], found[0].relevance),
        others=_side(n, [a.others for a in used]),
        further=tuple((name, _side(n, [dict(a.further).get(name, nothing) for a in used])) for name in names),
    )


def _side(n: int, parts: list[Any], like: Any = None) -> NDArray[Any]:
    if parts:
        return np.stack(parts, axis=1)
    return np.empty((n, 0)) if like is None else np.empty((n, 0, like.shape[1]), dtype=like.dtype)


def _ordered(answers: Found, order: NDArray[np.intp]) -> Found:
    """The same with the rivals of each row in another order."""

    def put(values: NDArray[Any]) -> NDArray[Any]:
        places = order if values.ndim == 2 else order[:, :, None]
        return np.take_along_axis(values, places, axis=1)

    return Found(
        put(answers.logits),
        put(answers.top),
        put(answers.relevance),
        put(answers.others),
        tuple((name, put(values)) for name, values in answers.further),
    )
