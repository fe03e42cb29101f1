"""What a report says: plain facts, from which a page is made without knowing any model.

Arrays of floats are in single precision, but in double where that has no place for the largest.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Codes = NDArray[np.unsignedinteger[Any]]

MISSING = 65535  # the code of a category where nothing is
BITS = 17  # of a float's 23: so five decimal digits come back as they were


@dataclass(frozen=True)
class Source:
    """The rows.

    Attributes
    ----------
    name : str or None
        What the data is called: a file's name.
    n_rows, n_features : int
        How many there are.
    n_shown : int
        How many of the rows are in the page.
    numbered : bool
        Whether rows are called by their positions, 0 the first.
    """

    name: str | None
    n_rows: int
    n_features: int
    n_shown: int
    numbered: bool


@dataclass(frozen=True)
class Model:
    """The clustering.

    Attributes
    ----------
    name : str or None
        What it is.
    parameters : tuple of (str, str)
        What it was made with.
    n_clusters : int
        How many clusters it has, noise included.
    """

    name: str | None
    parameters: tuple[tuple[str, str], ...]
    n_clusters: int


@dataclass(frozen=True)
class Reading:
    """How the explanation is to be read.

    Attributes
    ----------
    method : str
        Where relevance counts from, in words.
    beta : float
        β; None in JSON if it is infinite.
    pooling : {"min", "soft"}
        How the evidence against the rivals was pooled.
    agreement : float or None
        The share of rows that a network which stands in for the clustering assigns as it does.
    row_word, feature_word : str
        "row" or "document", "feature" or "term".
    unit : str
        The unit of evidence and relevance, in words.
    certainty : str
        What a certainty says, in a short sentence.
    probability : str
        What a probability is here, in words.
    """

    method: str
    beta: float
    pooling: str
    agreement: float | None
    row_word: str
    feature_word: str
    unit: str
    certainty: str
    probability: str


@dataclass(frozen=True)
class Certainty:
    """How far rows are from the boundaries.

    Attributes
    ----------
    edges : tuple of float
        Of the bins of probability.
    counts : tuple of int
        Rows in each bin, one fewer than edges; of all rows, not only those shown.
    threshold : float
        The probability below which a row counts as borderline.
    n_borderline : int
        How many of all rows do.
    text : str
        The same in a sentence.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    threshold: float
    n_borderline: int
    text: str


@dataclass(frozen=True)
class Doubt:
    """A reason to trust the clustering, or its explanation, less.

    Attributes
    ----------
    kind : str
        "unscaled", "near_tied", "low_agreement", "tiny", "non_spherical", "noise", "sampled" or "note".
    title : str
        A few words.
    text : str
        What was seen, in numbers, and what can be done about it.
    """

    kind: str
    title: str
    text: str


@dataclass(frozen=True)
class Trait:
    """A feature that tells a cluster from others.

    Attributes
    ----------
    feature : int
        Its place in ``Report.features``.
    relevance : float
        Its mean relevance over the cluster's rows; of a rival's traits, its part of the evidence of the
        cluster's prototype against the rival.
    share : float
        Its part of the sum of |relevance| of all features, each the mean as above.
    direction : {"higher", "lower", "more", "less", "differs", ""}
        Of numbers, where the cluster's median lies, seen from the others'; of a category, or a term's
        presence, whether there is more or less of it; "differs" if numbers differ but in their medians; ""
        where the values are not known.
    typical, rest : str
        The values in the cluster, and in the others (all other rows, or those of the rival), in the units of
        the data; "" where they are not known.
    """

    feature: int
    relevance: float
    share: float
    direction: str
    typical: str
    rest: str


@dataclass(frozen=True)
class Rival:
    """The cluster that is the nearest rival of most of a cluster's rows.

    Attributes
    ----------
    cluster : int
        Its place in ``Report.clusters``.
    share : float
        The part of the cluster's rows whose nearest rival it is.
    evidence : float
        For the cluster against this rival, at the cluster's prototype; where it has none, the mean over the
        rows of which it is the nearest rival.
    traits : tuple of Trait
        What tells the two apart.
    """

    cluster: int
    share: float
    evidence: float
    traits: tuple[Trait, ...]


@dataclass(frozen=True)
class Cluster:
    """One cluster.

    Attributes
    ----------
    name : str
        Its name.
    n_rows : int
        How many rows it has, of all.
    share : float
        Their part of all rows.
    noise : bool
        Whether it is no cluster, but the rows of none.
    evidence, probability : float
        Means over its rows; NaN (None in JSON) without rows.
    n_borderline : int
        How many of its rows are borderline.
    traits : tuple of Trait
        What makes it itself: the features that speak most for it.
    rival : Rival or None
        Its nearest rival.
    typical, borderline : tuple of int
        Places of rows among those shown: up to three of the rows most like the cluster, and of those nearest
        to a boundary.
    kind : {"cluster", "noise", "inlier", "outlier"}
        What such rows are, as `neonxai.explanation.groups` has it.
    """

    name: str
    n_rows: int
    share: float
    noise: bool
    evidence: float
    probability: float
    n_borderline: int
    traits: tuple[Trait, ...]
    rival: Rival | None
    typical: tuple[int, ...]
    borderline: tuple[int, ...]
    kind: str = "cluster"


def counted(clusters: Sequence[Cluster]) -> str:
    """Say how many clusters there are: "3 clusters and noise"."""
    if any(cluster.kind == "outlier" for cluster in clusters):
        return "inliers and outliers"
    count = sum(not cluster.noise for cluster in clusters)
    noise = " and noise" if count < len(clusters) else ""
    return f"{count:,} cluster{'' if count == 1 else 's'}{noise}"


@dataclass(frozen=True, eq=False)
class Distribution:
    """The values of a feature in each cluster, over all rows.

    Attributes
    ----------
    edges : tuple of float
        Of the bins of numbers; empty for categories.
    names : tuple of str
        The categories, the most frequent first; empty for numbers.
    counts : uint32 array of shape (n_clusters, n_bins or n_names)
        Rows of each cluster.
    missing : tuple of int
        Rows of each cluster that have no value.
    typical : tuple of str
        The values of each cluster in words, as a trait says them.
    ends : (float, float) or ()
        The smallest and the largest number. What is beyond the edges is counted in the outermost bins. Empty
        for categories.
    """

    edges: tuple[float, ...]
    names: tuple[str, ...]
    counts: NDArray[np.uint32]
    missing: tuple[int, ...]
    typical: tuple[str, ...]
    ends: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Column:
    """The values of a feature in the rows shown.

    Attributes
    ----------
    numbers : float32 array of shape (n_shown,) or None
        NaN where nothing is. None for categories.
    codes : uint16 array of shape (n_shown,) or None
        Places in ``names``; 65535 where nothing is. None for numbers.
    names : tuple of str
        The categories; empty for numbers.
    """

    numbers: Floats | None
    codes: Codes | None
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Feature:
    """A feature.

    Attributes
    ----------
    name : str
        Its name.
    mean_abs, share : float
        The mean of its |relevance| over all rows, and its part of the sum of all features'.
    by_cluster : tuple of float
        Its mean relevance, signed, over the rows of each cluster; NaN (None in JSON) without rows. Empty for
        features beyond those in ``Report.ranking``.
    values : Distribution or None
        Where the values are known.
    column : Column or None
        Where the values are known and there is room.
    """

    name: str
    mean_abs: float
    share: float
    by_cluster: tuple[float, ...]
    values: Distribution | None
    column: Column | None


@dataclass(frozen=True, eq=False)
class Answers:
    """Explanations: logit = Σ relevance + others + Σ further, for each row (and rival).

    Attributes
    ----------
    logits : float32 array of shape (n,) or (n, m)
        The evidence.
    top : uint16 array of shape (n, t) or (n, m, t)
        The features with the largest |relevance|, the largest first: places in ``Report.features``.
    relevance : float32 array of the same shape
        Their relevance. 0 where a sparse row has fewer.
    others : float32 array of the shape of logits
        The sum of all others' relevance.
    further : tuple of (str, float32 array of the shape of logits)
        What belongs to no one feature, with its name: absent terms, absorbed, base value. Only what is there.
    """

    logits: Floats
    top: Codes
    relevance: Floats
    others: Floats
    further: tuple[tuple[str, Floats], ...]


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows shown.

    Attributes
    ----------
    names : tuple of str
        What they are called.
    texts : tuple of str
        How documents begin; empty for others.
    axes : (str, str)
        What the two directions of the map are.
    places : float32 array of shape (n, 2)
        Where rows lie on the map.
    clusters, targets, nearest : uint16 array of shape (n,)
        The cluster of each row, the one that it is explained for (the same unless another was asked for), and
        the nearest rival of that.
    probabilities : float32 array of shape (n,)
        1 / (1 + exp(−β f)), for the cluster that the row is in, whichever it is explained for.
    own : Answers
        Why the row is in its cluster, against all rivals; n rows.
    rivals : uint16 array of shape (n, m)
        The m nearest rivals of each row, the nearest first.
    against : Answers
        Why the row is in its cluster rather than in a rival; n rows × m rivals.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    axes: tuple[str, str]
    places: Floats
    clusters: Codes
    targets: Codes
    nearest: Codes
    probabilities: Floats
    own: Answers
    rivals: Codes
    against: Answers


@dataclass(frozen=True, eq=False)
class Report:
    """All that a report says.

    Attributes
    ----------
    title : str
        Its heading.
    version, made : str
        The version of neonxai, and the day, as 2026-01-31.
    source, model, reading, certainty
        See there.
    warnings : tuple of Doubt
        Reasons to trust it less.
    clusters : tuple of Cluster
        In the order of the clustering.
    features : tuple of Feature
        In the order of the data. Of very many, those that are mentioned anywhere.
    ranking : tuple of int
        Places in ``features``: those described in full, the largest mean |relevance| first.
    rows : Rows
        See there.
    commands : tuple of (str, str)
        How to reproduce it: "shell" or "python", and the lines.
    """

    title: str
    version: str
    made: str
    source: Source
    model: Model
    reading: Reading
    certainty: Certainty
    warnings: tuple[Doubt, ...]
    clusters: tuple[Cluster, ...]
    features: tuple[Feature, ...]
    ranking: tuple[int, ...]
    rows: Rows
    commands: tuple[tuple[str, str], ...]

    def to_json(self) -> tuple[dict[str, Any], bytes]:
        """Return what JSON can hold, and the arrays' bytes.

        Returns
        -------
        facts : dict
            The same names; numbers that are not finite are None. An array is an object with ``dtype`` ("<f4",
            "<f8", "<u4", "<u2"), ``shape``, and ``at``, where it begins in the bytes.
        arrays : bytes
            One array after the other, each byte by byte in planes: first the lowest byte of all its
            numbers, then the second ones, and so on (they compress to three quarters of the size). Of floats
            that are no whole numbers, 17 of 23 bits of the digits are kept: a relative error below 4e-6.
        """
        arrays = bytearray()
        facts: dict[str, Any] = _plain(self, arrays)
        return facts, bytes(arrays)


def _plain(value: Any, arrays: bytearray) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name), arrays) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(part, arrays) for part in value]
    if isinstance(value, np.ndarray):
        stored = value.astype(value.dtype.newbyteorder("<"), copy=False)
        if stored.dtype == np.float32:
            stored = shortened(stored)
        place = len(arrays)
        arrays += np.ascontiguousarray(stored).view(np.uint8).reshape(-1, stored.itemsize).T.tobytes()
        return {"dtype": stored.dtype.str, "shape": list(value.shape), "at": place}
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value


def shortened(numbers: Floats) -> Floats:
    """Round to 17 bits of digits what is not a whole number.

    Parameters
    ----------
    numbers : float32 array
        Any; NaN and infinity stay.

    Examples
    --------
    >>> shortened(np.array([1 / 3, np.nan, 131073, 131073.3], dtype=np.float32))
    array([3.3333397e-01,           nan, 1.3107300e+05, 1.3107300e+05],
          dtype=float32)
    """
    dropped = 23 - BITS
    bits = np.ascontiguousarray(numbers, dtype="<f4").view("<u4")
    rounded = (bits + np.uint32(1 << (dropped - 1))) & np.uint32((0xFFFFFFFF << dropped) & 0xFFFFFFFF)
    kept = ~np.isfinite(numbers) | (numbers == np.rint(numbers))
    result: Floats = np.where(kept, bits, rounded).astype("<u4").view("<f4")
    return result.reshape(numbers.shape)
