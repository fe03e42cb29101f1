"""Reasons to trust a clustering or its explanation less, in plain words: what was seen, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import issparse

from neonxai.agreement import LOW_AGREEMENT
from neonxai.explanation import cells
from neonxai.report.cards import BORDERLINE
from neonxai.report.facts import Doubt
from neonxai.report.numbers import in_words
from neonxai.report.spheres import shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from neonxai.explanation import Explanation
    from neonxai.report.cards import Groups

_NAMED = 3
_LONGEST = 40

# Columns on one scale, standardised or brought to one range, differ in their standard deviations by less than
# 10: a rare yes among 100 rows has 0.1 of the range, a column of halves 0.5. In squared distances, 10 counts
# 100.
_WIDER = 10.0
_MOST = 0.9  # of the relevance
# Of raw columns, those with the spread have the relevance too; behind a scaler the narrow ones have more for
# it.
_FAVORED = 3.0

# The rows of two clusters between them, with less evidence than 0.41 of its mean there (see
# `cards.BORDERLINE`). Of one Gaussian that k-means cuts through its middle that is 25 %, of an even spread 20
# %; of two Gaussians whose centers are 3 standard deviations apart 18 %, and of 4 apart 12 %.
_NEAR = float(np.log(BORDERLINE / (1 - BORDERLINE)))
_TIED = 0.2
_LEAST_BETWEEN = 20  # of fewer rows, a fifth is too few to tell from chance

_FEW = 5  # of fewer rows there is no middle half
_SMALL, _UNEVEN = 0.01, 0.1  # of all rows, and of an even part of them
_NOISY = 0.1  # of the rows


def doubts(groups: Groups, n_shown: int) -> list[Doubt]:
    """Look for everything that may be wrong.

    Parameters
    ----------
    groups : Groups
        All rows, by clusters.
    n_shown : int
        How many of them are in the page.
    """
    e = groups.explanation
    units = unscaled(e)
    found = [*units, *low_agreement(e), *noisy(groups)]
    if not np.any(e.targets != e.labels):  # as of outliers, which are few and lie at a threshold
        found += [*near_tied(groups), *tiny(groups)]
        # The unit alone makes clusters long, as long as features are not scaled.
        found += [] if units else non_spherical(groups)
    return [*found, *sampled(e, n_shown)]


def unscaled(e: Explanation) -> list[Doubt]:
    """Features of a far larger scale than the others have nearly all of the relevance."""
    spread = _spreads(e)
    sizes = e.summary_values(None, "mean_abs")
    numbers = np.flatnonzero(~np.isnan(spread))
    if len(numbers) < 2 or not sizes.sum() > 0:
        return []
    order = numbers[np.argsort(-sizes[numbers], kind="stable")]
    shares = sizes[order] / sizes.sum()
    count = int(np.searchsorted(np.cumsum(shares), _MOST)) + 1
    large, others = order[:count], order[count:]
    others = others[spread[others] > 0]
    if not len(others) or not len(large):
        return []
    wider = float(np.median(spread[large]) / np.median(spread[others]))
    relative = np.sum(sizes[others]) / np.sum(spread[others] ** 2)
    if wider < _WIDER or relative > _FAVORED * np.sum(sizes[large]) / np.sum(spread[large] ** 2):
        return []
    part, rest = f"{shares[:count].sum():.1%}", _count(len(others), e.feature_kind)
    part = "more than 99.9%" if part == "100.0%" else part  # others have some
    rest += " of numbers" if len(numbers) < e.n_features else ""
    names = _listed(e.feature_names[i] for i in large)
    verb, its = ("has", "its") if count == 1 else ("have", "their")
    return [
        Doubt(
            "unscaled",
            "Features of large numbers decide nearly everything",
            f"{names} {verb} {part} of the relevance, and {its} values spread {in_words(wider)} times as "
            f"wide as those of the other {rest}. Distances are made of squared "
            "differences, so that a feature in a small unit counts for more. Unless that is meant, scale the "
            "columns before clustering: a StandardScaler in front of the model; in the shell that is what "
            "--scale standard does.",
        )
    ]


def _spreads(e: Explanation) -> NDArray[np.float64]:
    """The standard deviation of each feature, whatever is missing; NaN where it has no numbers."""
    found = np.full(e.n_features, np.nan)
    if e.n_samples < 2 or issparse(e.data) or cells.n_columns(e.data) != e.n_features:
        return found
    for i in range(e.n_features):
        column = cells.column(e.data, i)
        if column.is_numbers and not column.missing.all():
            found[i] = column.values[~column.missing].std(dtype=np.float64)
    return found


def low_agreement(e: Explanation) -> list[Doubt]:
    """The network that stands in for the clustering often disagrees with it."""
    if e.agreement is None or e.agreement >= LOW_AGREEMENT:
        return []
    return [
        Doubt(
            "low_agreement",
            f"The explanation agrees with the clustering on {e.agreement:.0%} of the {e.row_kind}s only",
            "Nothing but the labels is known of the clustering, so a network stands in for it that asks "
            f"whose {e.row_kind}s are nearest. It puts {1 - e.agreement:.1%} of the {e.row_kind}s elsewhere "
            f"than their label does; {LOW_AGREEMENT:.0%} agreement is the least to rely on. Use the columns "
            "and the scale that the labels were made with, or try another gamma; otherwise trust the "
            "explanations little.",
        )
    ]


def noisy(groups: Groups) -> list[Doubt]:
    """Many rows are in no cluster."""
    e = groups.explanation
    count = int(groups.sizes[groups.noise].sum())
    if not e.n_samples or count / e.n_samples < _NOISY:
        return []
    return [
        Doubt(
            "noise",
            f"{count / e.n_samples:.0%} of the {e.row_kind}s are in no cluster",
            f"{count:,} of {e.n_samples:,} {e.row_kind}s are noise: too far from others to belong to a "
            "cluster. They are explained by what keeps them away from the nearest one, and say nothing about "
            "what the clusters are. If that is more than you expect, let clusters be smaller or sparser "
            "(min_cluster_size, min_samples, eps).",
        )
    ]


def near_tied(groups: Groups) -> list[Doubt]:
    """Pairs of clusters without a gap between them."""
    e = groups.explanation
    own = e.label_positions
    pair = np.minimum(own, groups.rivals) * e.n_clusters + np.maximum(own, groups.rivals)
    usable = ~(groups.noise[own] | groups.noise[groups.rivals])
    evidence = np.maximum(e.logits.astype(np.float64), 0.0)
    tied: list[tuple[float, str]] = []
    for code in np.unique(pair[usable]):
        between = evidence[usable & (pair == code)]
        if len(between) < _LEAST_BETWEEN:
            continue
        # A mixture's probabilities are such; elsewhere only the shape of what lies between tells.
        far = _NEAR * (1.0 / e.beta if e.pooling == "soft" else between.mean())
        near = float((between <= far).mean())
        if near >= _TIED:
            names = " and ".join(_name(e, k) for k in divmod(int(code), e.n_clusters))
            tied.append((-near, f"{names} ({near:.0%} of {len(between):,})"))
    if not tied:
        return []
    worst = _listed((text for _, text in sorted(tied)), cut=False)
    usual = (
        f"a probability below {BORDERLINE}"
        if e.pooling == "soft"
        else f"less than {_NEAR:.0%} of their mean evidence. It is 25% where k-means cuts one round cluster "
        "in two, and 12% between two whose centers are 4 standard deviations apart"
    )
    return [
        Doubt(
            "near_tied",
            "Clusters without a gap between them",
            f"Of the {e.row_kind}s between these, many are near the border: clusters {worst}. "
            f"(Near: {usual}.) The border between such clusters is a convention. Compare with fewer "
            "clusters, and read what is near the border as belonging to both.",
        )
    ]


def tiny(groups: Groups) -> list[Doubt]:
    """Clusters of few rows, in which a mean says little."""
    e = groups.explanation
    clusters = np.flatnonzero(~groups.noise)
    # Of few rows altogether, no cluster can have many; and new rows need not be in all clusters.
    if e.n_samples < 2 * _FEW * len(clusters):
        return []
    sizes = groups.sizes[clusters]
    even = e.n_samples / len(clusters)
    # A cluster without rows is one that none of these is in, as of a part of an explanation.
    small = clusters[
        (sizes > 0) & ((sizes < _FEW) | ((sizes < _SMALL * e.n_samples) & (sizes < _UNEVEN * even)))
    ]
    if not len(small):
        return []
    named = _listed(
        (f"{_name(e, k)} ({_count(groups.sizes[k], e.row_kind)})" for k in small), most=2 * _NAMED, cut=False
    )
    one = len(small) == 1
    return [
        Doubt(
            "tiny",
            "A tiny cluster" if one else "Tiny clusters",
            f"{'Cluster' if one else 'Clusters'} {named}, of {_count(e.n_samples, e.row_kind)}. What is "
            f"typical of {'it' if one else 'them'} rests on these few, and may be chance. Are they outliers, "
            "or mistakes in the data? If so, take them out and cluster again; otherwise look at each.",
        )
    ]


def non_spherical(groups: Groups) -> list[Doubt]:
    """Clusters around centers, as those of k-means, that are much longer than wide."""
    e = groups.explanation
    long = {k: shape for k, shape in shapes(e, groups.rows).items() if shape.is_long}
    if not long:
        return []
    worst = sorted(long, key=lambda k: long[k].sphere - long[k].share)
    shares = (f"cluster {_name(e, k)} ({long[k].share:.0%}; of a sphere {long[k].sphere:.0%})" for k in worst)
    named = _listed(shares, cut=False)
    which = "one cluster is" if len(long) == 1 else f"{len(long)} of {e.n_clusters} clusters are"
    return [
        Doubt(
            "non_spherical",
            "Clusters are long, and distances to centers look for round ones",
            f"{which[0].upper()}{which[1:]} much longer than wide. The part of the spread that lies in the "
            f"longest direction: {named}. Distance to a center, as k-means measures it, is alike in all "
            "directions, so it cuts long clusters, or gives their ends to others. Compare with a "
            "GaussianMixture, whose clusters may be long, or with HDBSCAN; and leave out features that say "
            "the same as others.",
        )
    ]


def sampled(e: Explanation, n_shown: int) -> list[Doubt]:
    """Not all rows are in the page."""
    if n_shown >= e.n_samples:
        return []
    return [
        Doubt(
            "sampled",
            f"{n_shown:,} of {e.n_samples:,} {e.row_kind}s are shown",
            f"The map and the search have {n_shown:,} {e.row_kind}s, drawn at random from each cluster by "
            "its size, with the typical and the borderline ones of each. All other numbers are of all "
            f"{e.n_samples:,}.",
        )
    ]


def _name(e: Explanation, cluster: int) -> str:
    return _short(str(e.cluster_names[cluster]))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _listed(names: Iterable[str], most: int = _NAMED, *, cut: bool = True) -> str:
    every: Sequence[str] = [_short(name) if cut else name for name in names]
    if len(every) > most:
        return f"{', '.join(every[:most])} and {len(every) - most} more"
    return " and ".join(filter(None, [", ".join(every[:-1]), every[-1]]))


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
