"""The stages in order, for one tile of rows: evidence, pooling, redistribution."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from neonxai.arrays import Floats, Ints
from neonxai.engines import Progress, for_each_tile, n_threads, tile_rows
from neonxai.networks import Network
from neonxai.networks.base import Layer
from neonxai.networks.closure import close_sums
from neonxai.networks.linear import LinearNetwork
from neonxai.networks.pooling import Pooled, min_pool_or_pair, pair_pool, probabilities, soft_pool
from neonxai.networks.present import close_present
from neonxai.networks.sparse_rows import sparse_evidence, sparse_redistribute

# Multiplications of a row that outweigh the interpreter's share, and of all rows that take some 0.1 s.
_COSTLY = 1 << 14
_WORTH_THREADS = 1 << 28
_FEW_ROWS = 64


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked about each row; clusters by their positions.

    Attributes
    ----------
    targets : int array of shape (n_rows,), or None
        The cluster to explain; by default the network's ``default_target``, or the row's own label.
    rivals : int array of shape (n_rows,), or None
        The one rival to compare with.
    labels : int array of shape (n_rows,), or None
        The rows' labels, where they are known to the asker.
    """

    targets: Ints | None = None
    rivals: Ints | None = None
    labels: Ints | None = None

    def of(self, tile: slice) -> "Question":
        """Return the part that is about a tile of rows."""
        return Question(
            *(None if asked is None else asked[tile] for asked in (self.targets, self.rivals, self.labels))
        )


@dataclass(frozen=True, eq=False)
class Answer:
    """An explanation of a tile of rows; clusters by their positions. Attributes as in `Explanation`."""

    relevance: NDArray[np.float64]
    logits: NDArray[np.float64]
    absorbed: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    labels: Ints
    targets: Ints
    competitors: Ints
    magnitudes: NDArray[np.float64]  # the largest number that went into a row, for the check of overflow
    base_values: NDArray[np.float64] | None = None  # None: 0
    standard_errors: NDArray[np.float64] | None = None


def propagate(network: Network, X: Floats, question: Question, *, beta: float, pooling: str) -> Answer:
    """Explain a tile of rows.

    Parameters
    ----------
    network : Network
        The clustering.
    X : array of shape (n_rows, n_features)
        Rows.
    question : Question
        About these rows.
    beta : float
        β.
    pooling : {"min", "soft"}
        Layer 2.
    """
    layer, labels, targets, pooled = pooled_evidence(network, X, question, beta=beta, pooling=pooling)
    relevance, absorbed = layer.redistribute(X, targets, pooled.coefficients)
    absorbed += pooled.absorbed
    total = close_sums(relevance, pooled.logits - absorbed)
    return Answer(
        relevance,
        pooled.logits,
        absorbed,
        probabilities(pooled.logits, beta),
        labels,
        targets,
        pooled.competitors,
        np.maximum(total, np.abs(pooled.logits)),
    )


def pooled_evidence(
    network: Network, X: Floats, question: Question, *, beta: float, pooling: str
) -> tuple[Layer, Ints, Ints, Pooled]:
    """Go forward through both layers: (layer 1 for these rows, labels, targets, what layer 2 gives).

    Parameters
    ----------
    network, X, question, beta, pooling
        As for `propagate`.
    """
    layer = network.prepare(X)
    assigned, evidence = layer.evidence(X, beta=beta)
    labels = labels_of(network, X, assigned, question.labels)
    targets = question.targets
    if targets is None:
        targets = labels if network.default_target is None else np.full(len(X), network.default_target)
    if not np.array_equal(targets, assigned):
        evidence = layer.evidence(X, targets, beta=beta)[1]
    return layer, labels, targets, _pool(network, evidence, question, targets, assigned, beta, pooling)


def propagate_sparse(
    network: LinearNetwork, X: csr_array, question: Question, *, beta: float, pooling: str
) -> tuple[Answer, NDArray[np.float64]]:
    """Explain a tile of sparse rows, in memory that goes with what is present in them.

    Parameters
    ----------
    network, question, beta, pooling
        As for `propagate`.
    X : csr_array of shape (n_rows, n_features)
        Rows.

    Returns
    -------
    answer : Answer
        Its ``relevance`` has the shape (n_present,), in the order of ``X.data``.
    absent : array of shape (n_rows,)
        What the entries that are absent from a row account for.
    """
    labels, targets, pooled = pooled_evidence_sparse(network, X, question, beta=beta, pooling=pooling)
    relevance, absent, absorbed = sparse_redistribute(network, X, targets, pooled.coefficients)
    absorbed = absorbed + pooled.absorbed
    sizes = close_present(relevance, X.indptr, absent, pooled.logits - absorbed)
    answer = Answer(
        relevance,
        pooled.logits,
        absorbed,
        probabilities(pooled.logits, beta),
        labels,
        targets,
        pooled.competitors,
        np.maximum(sizes, np.abs(pooled.logits)),
    )
    return answer, absent


def pooled_evidence_sparse(
    network: LinearNetwork, X: csr_array, question: Question, *, beta: float, pooling: str
) -> tuple[Ints, Ints, Pooled]:
    """Go forward with sparse rows: (labels, targets, what layer 2 gives); as for `propagate_sparse`."""
    assigned, evidence = sparse_evidence(network, X, beta=beta)
    labels = assigned if question.labels is None else question.labels
    targets = labels if question.targets is None else question.targets
    if not np.array_equal(targets, assigned):
        evidence = sparse_evidence(network, X, targets, beta=beta)[1]
    return labels, targets, _pool(network, evidence, question, targets, assigned, beta, pooling)


def _pool(
    network: Network,
    evidence: NDArray[np.float64],
    question: Question,
    targets: Ints,
    assigned: Ints,
    beta: float,
    pooling: str,
) -> Pooled:
    """Layer 2."""
    if question.rivals is not None:
        return pair_pool(evidence, question.rivals)
    evidence = _among_rivals(network, evidence)
    if pooling == "soft":
        return soft_pool(evidence, beta)
    return min_pool_or_pair(evidence, targets, assigned, beta)


def labels_of(network: Network, X: Floats, assigned: Ints, told: Ints | None) -> Ints:
    """What the clustering says about rows, as far as it is known; else what the network says.

    Parameters
    ----------
    network : Network
        The clustering.
    X : array of shape (n_rows, n_features)
        Rows.
    assigned : int array of shape (n_rows,)
        What the network says.
    told : int array of shape (n_rows,), or None
        What the asker says, who knows best.
    """
    if told is not None:
        return told
    known = network.known_labels(X)
    return assigned if known is None else np.where(known >= 0, known, assigned)


def _among_rivals(network: Network, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out the bystanders, unless nobody would be left."""
    bystanders = list(network.bystanders)
    if bystanders and network.n_clusters - len(bystanders) > 1:
        evidence[:, bystanders] = np.inf
    return evidence


def survey(network: Network, X: Floats) -> tuple[NDArray[np.float64], Ints, Ints | None]:
    """Look at rows that the explainer is fitted to.

    Parameters
    ----------
    network : Network
        The clustering.
    X : array of shape (n_rows, n_features)
        Rows.

    Returns
    -------
    logits : array of shape (n_rows,)
        f_c of the cluster that the network assigns each row to, by min-pooling.
    assigned : int array of shape (n_rows,)
        These clusters.
    known : int array of shape (n_rows,), or None
        What the clustering has said, −1 where nothing; None where the network is the clustering.
    """
    logits = np.empty(len(X))
    assigned = np.empty(len(X), dtype=np.intp)
    known = None if network.known_labels(X[:1]) is None else np.empty(len(X), dtype=np.intp)

    def work(tile: slice) -> None:
        rows = X[tile]
        assigned[tile], evidence = network.evidence(rows)
        if known is not None and (told := network.known_labels(rows)) is not None:
            known[tile] = told
        logits[tile] = _among_rivals(network, evidence).min(axis=1)

    for_each_tile_of(network, work, len(X))
    return logits, assigned, known


def contrast(network: Network, clusters: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What tells clusters apart: each prototype, explained for its cluster against each of the others.

    Parameters
    ----------
    network : Network
        A clustering with prototypes.
    clusters : int array of shape (n_asked,)
        The clusters.

    Returns
    -------
    contrasts : array of shape (n_asked, n_asked, n_features)
        Relevance; 0 on the diagonal, NaN for a cluster without a prototype.
    separations : array of shape (n_asked, n_asked)
        Evidence.
    """
    prototypes = network.prototypes
    if prototypes is None:
        raise ValueError("This model has no prototypes, centers or medoids, to compare.")
    X = prototypes[clusters]
    lacking = np.flatnonzero(np.isnan(X).any(axis=1))
    X[lacking] = 0.0
    layer = network.prepare(X)
    evidence = layer.evidence(X, clusters)[1]
    contrasts = np.zeros((len(clusters), len(clusters), network.n_features))
    separations = np.zeros((len(clusters), len(clusters)))
    for place, rival in enumerate(clusters):
        coefficients = np.zeros((len(clusters), network.n_clusters))
        coefficients[:, rival] = np.not_equal(clusters, rival)
        contrasts[:, place] = layer.redistribute(X, clusters, coefficients)[0]
        separations[:, place] = np.where(np.not_equal(clusters, rival), evidence[:, rival], 0.0)
    contrasts[lacking] = separations[lacking] = np.nan
    return contrasts, separations


def for_each_tile_of(
    network: Network, work: Callable[[slice], None], n_rows: int, progress: Progress | None = None
) -> None:
    """Call ``work`` on tiles of rows of a size that suits the network, in threads where they pay."""
    n_clusters, n_features = network.n_clusters, network.n_features
    step = tile_rows(4 * n_clusters + 6 * n_features, n_clusters * n_features)
    threads = n_threads() if network.cost > _COSTLY and n_rows * network.cost > _WORTH_THREADS else 1
    if threads > 1:
        step = min(step, max(_FEW_ROWS, -(-n_rows // (4 * threads))))
    for_each_tile(work, n_rows, step, progress, threads=threads)


def overflow_is_checked() -> np.errstate:
    """Silence NumPy's warning: `check_overflow` says which row it was."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def check_overflow(values: NDArray[np.float64], dtype: np.dtype[np.floating], rows: int | Ints) -> None:
    """Raise a ValueError that names the first row whose numbers are too large for its dtype, or NaN.

    Parameters
    ----------
    values : array of shape (n_rows,)
        The largest number of each row.
    dtype : dtype
        What it has to fit into.
    rows : int or int array of shape (n_rows,)
        The first one's number, or all their numbers.
    """
    fits = values <= np.finfo(dtype).max  # False for NaN too
    if not fits.all():
        found = int(np.argmin(fits))
        row = rows + found if isinstance(rows, int) else rows[found]
        safe = "about 1e150" if dtype == np.float64 else "about 1e18, or pass float64"
        raise ValueError(
            f"The evidence of row {row} is too large for {dtype}: squared "
            f"distances overflow. Rescale the data and the model (differences are safe up to {safe})."
        )
