"""Public checks for parts that others write: whether a network, or a source, keeps the laws.

Each check returns nothing, and raises an AssertionError that says which law is broken and where.
"""

from typing import Any

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai import sources
from neonxai.networks import Network, network_from_state
from neonxai.networks.base import family_name
from neonxai.transforms.checks import check_transform

__all__ = ["check_network", "check_source", "check_transform"]

# Two computations of one number, each with a rounding error of a few dozen ulp.
_TOLERANCE = 1e-12


def check_network(network: Network, X: ArrayLike) -> None:
    """Check that a network keeps its contract on some rows.

    - evidence: +inf for the row's own cluster alone, not negative for the assigned cluster; asked for the
      assigned clusters by name, the same; for two clusters, antisymmetric;
    - redistribution: conserves, Σ_i R_i + absorbed = Σ_k a_k h_k, is linear in the coefficients, and sends
      nothing back for coefficients of 0;
    - rows do not depend on each other; X is left untouched; a read-only X is accepted;
    - rebuilt from its state, the network gives the same bits.

    Parameters
    ----------
    network : Network
        The network to check.
    X : array-like of shape (n_rows, n_features)
        Rows, some dozens, of the kind that the network was made for.

    Raises
    ------
    AssertionError
        If a law is broken.

    Examples
    --------
    >>> from neonxai.networks import CentroidNetwork
    >>> check_network(CentroidNetwork([[0.0, 0.0], [3.0, 1.0], [1.0, 4.0]]), [[0.5, 1.0], [2.0, 2.0]])
    """
    rows = np.array(X, dtype=np.float64)
    before = rows.copy()
    rows.flags.writeable = False
    clusters, evidence = network.evidence(rows)
    _check_evidence(network, rows, clusters, evidence)
    rng = np.random.default_rng(0)
    coefficients = rng.random(evidence.shape)
    coefficients[np.arange(len(rows)), clusters] = 0.0
    relevance = _check_conservation(network, rows, clusters, evidence, coefficients)
    _check_linearity(network, rows, clusters, coefficients, relevance)
    for row in range(min(len(rows), 8)):
        one = network.redistribute(rows[[row]], clusters[[row]], coefficients[[row]])[0]
        _check_close(one[0], relevance[row], relevance[row], f"row {row} alone is explained differently")
    assert np.array_equal(rows, before), "X was changed"
    _check_state(network, rows, evidence)


def _check_evidence(
    network: Network, X: NDArray[np.float64], clusters: NDArray[np.intp], evidence: NDArray[np.float64]
) -> None:
    n_rows = len(X)
    assert evidence.shape == (n_rows, network.n_clusters), f"evidence has shape {evidence.shape}"
    assert clusters.shape == (n_rows,), f"clusters have shape {clusters.shape}"
    own = np.zeros(evidence.shape, dtype=bool)
    own[np.arange(n_rows), clusters] = True
    assert np.array_equal(evidence == np.inf, own), "evidence must be +inf for the row's own cluster alone"
    assert np.all(evidence >= 0), "evidence for the assigned cluster must not be negative"
    again = network.evidence(X, clusters)[1]
    finite = np.where(own, 0.0, evidence)
    _check_close(np.where(own, 0.0, again), finite, finite, "evidence for the assigned clusters, asked for")
    rivals = np.where(own, np.inf, evidence).argmin(axis=1)
    reverse = network.evidence(X, rivals)[1][np.arange(n_rows), clusters]
    forward = evidence[np.arange(n_rows), rivals]
    _check_close(-reverse, forward, finite, "evidence for k against c must be minus that for c against k")


def _check_conservation(
    network: Network,
    X: NDArray[np.float64],
    clusters: NDArray[np.intp],
    evidence: NDArray[np.float64],
    coefficients: NDArray[np.float64],
) -> NDArray[np.float64]:
    relevance, absorbed = network.redistribute(X, clusters, coefficients)
    assert relevance.shape == X.shape, f"relevance has shape {relevance.shape}"
    assert absorbed.shape == clusters.shape, f"absorbed has shape {absorbed.shape}"
    wanted = np.einsum("nk,nk->n", coefficients, np.where(np.isinf(evidence), 0.0, evidence))
    total = relevance.sum(axis=1) + absorbed
    _check_close(
        total, wanted, np.column_stack([relevance, absorbed]), "conservation: Σ R + absorbed = Σ a h"
    )
    return relevance


def _check_linearity(
    network: Network,
    X: NDArray[np.float64],
    clusters: NDArray[np.intp],
    coefficients: NDArray[np.float64],
    relevance: NDArray[np.float64],
) -> None:
    nothing, absorbed = network.redistribute(X, clusters, np.zeros_like(coefficients))
    assert not np.any(nothing), "coefficients of 0 must send nothing back"
    assert not np.any(absorbed), "coefficients of 0 must absorb nothing"
    single = np.zeros_like(relevance)
    for k in range(network.n_clusters):
        alone = np.zeros_like(coefficients)
        alone[:, k] = coefficients[:, k]
        single += network.redistribute(X, clusters, alone)[0]
    _check_close(single, relevance, relevance, "redistribution must be linear in the coefficients")


def _check_state(network: Network, X: NDArray[np.float64], evidence: NDArray[np.float64]) -> None:
    state = {name: np.array(value) for name, value in network.to_state().items()}
    assert all(not value.dtype.hasobject for value in state.values()), "the state must not hold objects"
    rebuilt = network_from_state(family_name(network), state)
    assert np.array_equal(rebuilt.evidence(X)[1], evidence), "rebuilt from its state, the network differs"


def _check_close(
    found: NDArray[np.float64], wanted: NDArray[np.float64], parts: NDArray[np.float64], law: str
) -> None:
    """Compare row by row, relative to what the row's numbers were summed up from."""
    scale = np.abs(parts).reshape(len(parts), -1).sum(axis=1) if parts.ndim > 1 else np.abs(parts).sum()
    error = np.abs(found - wanted)
    error = error.reshape(len(error), -1).max(axis=1)
    worst = int(np.argmax(error - _TOLERANCE * scale))
    assert np.all(error <= _TOLERANCE * scale), (
        f"{law}: off by {error[worst]:.3g} in row {worst}, where the numbers are about "
        f"{np.broadcast_to(scale, error.shape)[worst]:.3g}"
    )


def check_source(model: Any, X: Any, labels: ArrayLike) -> None:
    """Check that a fitted model is recognised, and its network is the same clustering.

    - it is recognised, and its network passes `check_network`;
    - the network's assignment of the rows is ``labels``, under the names that the source gives;
    - the model is left untouched by it.

    Parameters
    ----------
    model : object
        A fitted model.
    X : array-like of shape (n_rows, n_features)
        Rows.
    labels : array-like of shape (n_rows,)
        The model's own assignment of them, from its ``predict`` or whatever it has.

    Raises
    ------
    AssertionError
        If a law is broken.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> X = [[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0]]
    >>> model = KMeans(2, random_state=0).fit(X)
    >>> check_source(model, X, model.predict(X))
    """
    before = joblib.hash(vars(model))
    source = sources.neuralize(model)
    rows = np.asarray(X, dtype=np.float64)
    if isinstance(source, sources.Labels):
        source = source.on(rows)
    names = source.cluster_names
    check_network(source.network, rows)
    assigned = [names[k] for k in source.network.evidence(rows)[0]]
    wrong = [
        row for row, (a, b) in enumerate(zip(assigned, np.asarray(labels).tolist(), strict=True)) if a != b
    ]
    assert not wrong, f"{len(wrong)} rows are assigned differently; the first: {wrong[:5]}"
    assert joblib.hash(vars(model)) == before, "the model was changed"
