"""From an explanation to the facts of its report."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

from neonxai.explanation import cells
from neonxai.names import positions_of
from neonxai.report.answers import answer
from neonxai.report.cards import BORDERLINE, Groups, cluster_card, examples, pair_of, strongest
from neonxai.report.columns import Features, cut, distribution, read_texts, read_values, shown
from neonxai.report.doubts import doubts
from neonxai.report.facts import Certainty, Doubt, Feature, Reading, Report, Rows, Source, counted
from neonxai.report.numbers import codes, in_words, singles
from neonxai.report.origin import commands_of, described
from neonxai.report.places import places
from neonxai.report.sampling import room, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from neonxai.explainer import ClusterExplainer
    from neonxai.explanation import Explanation
    from neonxai.report.facts import Cluster, Model

_MOST_FEATURES = 200  # described in full
_MOST_TABLE = 4_000  # features × clusters described in full
_ALL_FEATURES = 1_000  # of so many, all are named; of more, those that are mentioned
_MOST_CELLS = 400_000  # values in the page
_MOST_TEXT = 600_000  # characters of documents
_LONGEST_TEXT = 200
_EXAMPLES = 3
_N_BINS = 20


def gather(
    explanation: Explanation,
    *,
    explainer: ClusterExplainer | None = None,
    values: Any = None,
    names: Iterable[Any] | None = None,
    title: str | None = None,
    source: str | None = None,
    model: Model | None = None,
    notes: Sequence[str] = (),
    commands: Sequence[tuple[str, str]] | None = None,
    n_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Put together what a report says.

    Parameters
    ----------
    explanation : Explanation
        Of at least one row.
    explainer : ClusterExplainer, optional
        What made it. With it the report answers why a row is in its cluster rather than in each of its
        nearest rivals, and names the model.
    values : array-like or frame of shape (n_samples, n_features), optional
        The same rows in the units to be shown, where the clustering has seen others, such as scaled ones. Of
        documents, the texts: with them the report shows how each begins, and can compare with rivals.
    names : sequence of n_samples names, optional
        What rows are called; by default the index of a pandas frame, or else their positions.
    title : str, optional
        The heading.
    source : str, optional
        What the data is called.
    model : Model, optional
        What is said about the clustering; by default what the explainer's says of itself.
    notes : sequence of str
        Further sentences among the warnings.
    commands : sequence of (str, str), optional
        How to reproduce it: "shell" or "python", and the lines.
    n_rows : int, optional
        How many rows are in the page, at most; of more, some of each cluster are chosen. By default 10,000,
        or fewer if there are more than 20 clusters: so that a page of 30 features takes less than 5 MB.
    progress : callable(done, total), optional
        Called as questions against rivals are answered.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If there is no row, or names or values are not those of as many rows.

    Examples
    --------
    >>> import neonxai
    >>> centers = neonxai.Centroids([[0.0, 0.0], [2.0, 0.0]])
    >>> report = gather(neonxai.explain(centers, [[0.5, 7.0], [0.0, 1.0], [2.0, 3.0]]))
    >>> first = report.clusters[0]
    >>> first.n_rows, first.traits[0].typical, first.traits[0].direction
    (2, '0.25 (0.125 to 0.375)', 'lower')
    """
    e = explanation.to_numpy()
    if not e.n_samples:
        raise ValueError(
            "The explanation has no rows, so that there is nothing to report. Explain at least one."
        )
    row_names = _row_names(e, names)
    features = Features(e, read_values(e, values))
    texts = read_texts(e, values)
    groups = _groups(e)
    sizes = groups.explanation.summary_values(None, "mean_abs")
    ranking = _ranking(sizes, e.n_clusters)
    shares = sizes / sizes.sum() if sizes.sum() > 0 else np.zeros_like(sizes)

    n_most, n_answers = room(e.n_clusters)
    n_rows = n_most if n_rows is None else n_rows
    n_examples = min(_EXAMPLES, n_rows // (8 * e.n_clusters))
    chosen = [examples(groups, k, n_examples) for k in range(e.n_clusters)]
    kept = np.concatenate([rows for pair in chosen for rows in pair])
    rows = sample(e.label_positions, kept, n_rows)
    part = e[rows]
    data = part.data if e.row_kind == "row" else None if texts is None else cells.take(texts, rows)
    question = answer(part, explainer, groups.noise, data, n_answers, progress)

    mentioned = _mentioned(groups, question.features(), ranking)
    place = np.zeros(e.n_features, dtype=np.intp)
    place[mentioned] = np.arange(len(mentioned))
    where, axes = places(e, features, rows, ranking.tolist(), shares)
    clusters = tuple(
        cluster_card(
            groups, k, features, place, [tuple(np.searchsorted(rows, some).tolist()) for some in chosen[k]]
        )
        for k in range(e.n_clusters)
    )
    model = model or described(explainer, e.n_clusters)
    return Report(
        title=title or _title(source, e, clusters),
        version=_version(),
        made=datetime.now(tz=UTC).date().isoformat(),
        source=Source(source, e.n_samples, e.n_features, len(rows), _numbered(row_names)),
        model=model,
        reading=_reading(e),
        certainty=_certainty(groups.explanation),
        warnings=(*doubts(groups, len(rows)), *(Doubt("note", "Note", text) for text in notes)),
        clusters=clusters,
        features=_features(groups, features, mentioned, ranking, rows, sizes, shares),
        ranking=tuple(place[ranking].tolist()),
        rows=Rows(
            names=tuple(row_names[i] for i in rows),
            texts=() if texts is None else _beginnings(texts, rows),
            axes=axes,
            places=where,
            clusters=codes(part.label_positions),
            targets=codes(part.target_positions),
            nearest=codes(part.competitor_positions),
            probabilities=singles(groups.explanation.probabilities[rows]),
            own=question.own.stored(place),
            rivals=codes(question.rivals),
            against=question.against.stored(place),
        ),
        commands=tuple(commands_of(e, explainer) if commands is None else commands),
    )


def _groups(e: Explanation) -> Groups:
    own = e
    # For another cluster than its own a row is explained by the pair of the two, which speaks for its own
    # with the opposite sign.
    other = e.targets != e.labels
    rivals = np.where(e.competitor_positions == e.label_positions, e.target_positions, e.competitor_positions)
    if other.any():
        sign = np.where(other, -1.0, 1.0)
        relevance: Any = e.relevance
        turned = (
            relevance.multiply(sign[:, None]).tocsr() if issparse(relevance) else relevance * sign[:, None]
        )
        own = replace(
            e,
            relevance=turned,
            logits=e.logits * sign,
            probabilities=np.where(other, 1.0 - e.probabilities, e.probabilities),
        )
    labels = e.label_positions
    order = np.argsort(labels, kind="stable")
    rows = tuple(np.split(order, np.cumsum(np.bincount(labels, minlength=e.n_clusters))[:-1]))
    return Groups(own, rows, rivals, own.summary_values(), _noise(e))


def _noise(e: Explanation) -> NDArray[np.bool_]:
    """Which clusters are none: only where labels are all that is known, and those without a prototype."""
    noise: NDArray[np.bool_] = np.zeros(e.n_clusters, dtype=np.bool_)
    if e.agreement is not None and e.separations is not None:
        noise[:] = np.isnan(e.separations).all(axis=1)
    elif e.agreement is not None and -1 in e.cluster_names:
        noise[positions_of(np.array([-1]), e.cluster_names)] = True
    return np.zeros_like(noise) if noise.all() else noise


def _ranking(sizes: NDArray[np.float64], n_clusters: int) -> NDArray[np.intp]:
    """The features to describe in full, the largest mean |relevance| first."""
    count = min(len(sizes), _MOST_FEATURES, max(_N_BINS, _MOST_TABLE // n_clusters))
    some = np.sort(np.argpartition(-sizes, count - 1)[:count])
    return some[np.argsort(-sizes[some], kind="stable")]


def _mentioned(groups: Groups, answered: NDArray[np.intp], ranking: NDArray[np.intp]) -> NDArray[np.intp]:
    """All features that a report speaks of, in the order of the data."""
    if groups.explanation.n_features <= _ALL_FEATURES:
        return np.arange(groups.explanation.n_features)
    found = [answered, ranking]
    for cluster, means in enumerate(groups.means):
        found.append(np.array(strongest(means), dtype=np.intp))
        rival = groups.rival_of(cluster)
        if rival is not None:
            pair = strongest(pair_of(groups, cluster, rival[0])[1])
            found.append(np.array(pair, dtype=np.intp))
    return np.unique(np.concatenate(found))


def _features(
    groups: Groups,
    features: Features,
    mentioned: NDArray[np.intp],
    ranking: NDArray[np.intp],
    rows: NDArray[np.intp],
    sizes: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> tuple[Feature, ...]:
    names = groups.explanation.feature_names
    ranked = {int(feature): rank for rank, feature in enumerate(ranking)}
    n_columns = _MOST_CELLS // len(rows)
    found = []
    for i in mentioned.tolist():
        described_in_full = i in ranked
        values = features.values(i) if described_in_full else None
        found.append(
            Feature(
                name=names[i],
                mean_abs=float(sizes[i]),
                share=float(shares[i]),
                by_cluster=tuple(groups.means[:, i].tolist()) if described_in_full else (),
                values=None if values is None else distribution(values, groups.rows),
                column=shown(values, rows) if values is not None and ranked[i] < n_columns else None,
            )
        )
    return tuple(found)


def _row_names(e: Explanation, names: Iterable[Any] | None) -> list[str]:
    if names is None:
        names = range(e.n_samples) if e.index is None else e.index
    found = [cut(str(name), 100) for name in names]
    if len(found) != e.n_samples:
        raise ValueError(
            f"names has {len(found)} names, but {e.n_samples} rows were explained: give each one."
        )
    return found


def _numbered(names: list[str]) -> bool:
    """Whether rows are called by their positions."""
    return all(name == str(position) for position, name in enumerate(names))


def _beginnings(texts: Any, rows: NDArray[np.intp]) -> tuple[str, ...]:
    """How documents begin."""
    longest = min(_LONGEST_TEXT, max(20, _MOST_TEXT // len(rows)))
    found = cells.column(cells.take(texts, rows), 0).values
    return tuple(cut(" ".join(str(text).split()), longest) for text in found)


def _title(source: str | None, e: Explanation, clusters: Sequence[Cluster]) -> str:
    what = f"{e.n_samples:,} {e.row_kind}{'' if e.n_samples == 1 else 's'}" if source is None else source
    return f"{what}: {counted(clusters)}"


def _version() -> str:
    import neonxai

    return neonxai.__version__


def _reading(e: Explanation) -> Reading:
    """How numbers are to be read."""
    if isinstance(e.base_value, np.ndarray) or e.base_value != 0:
        method = "counted from a background (base value)"
    elif e.agreement is not None:
        method = "NEON, by a network of the nearest rows that stands in for the clustering"
    else:
        method = "NEON, from the border between clusters"
    soft = e.pooling == "soft"
    return Reading(
        method=method,
        beta=float(e.beta),
        pooling=e.pooling,
        agreement=e.agreement,
        row_word=e.row_kind,
        feature_word=e.feature_kind,
        unit="log-odds"
        if soft and e.beta == 1
        else "the model's own unit (of k-means: squared distance, after any scaling)",
        certainty="It is the model's own probability of the cluster."
        if soft and e.beta == 1
        else "It is a membership that follows from the evidence."
        if soft
        else "It is 0.5 on the border, and no chance of being right.",
        probability="the membership 1 / (1 + exp(−β · evidence)), for a mixture with β = 1 its own "
        "probability of the cluster"
        if soft
        else "1 / (1 + exp(−β · evidence)): it orders rows by how far they "
        "are from the border, one half being on it, and is no chance of being right",
    )


def _certainty(e: Explanation) -> Certainty:
    low = 0.5 if e.probabilities.min() >= 0.5 else 0.0
    counts, edges = np.histogram(e.probabilities.astype(np.float64), _N_BINS, range=(low, 1.0))
    near = int((e.probabilities < BORDERLINE).sum())
    share = near / e.n_samples
    return Certainty(
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        threshold=BORDERLINE,
        n_borderline=near,
        text=f"{near:,} of {e.n_samples:,} {e.row_kind}s ({share:.1%}) are borderline, with a "
        f"certainty below {in_words(BORDERLINE)}.",
    )
