"""NEON for k-means: the logit, sent back to the features."""

from typing import SupportsIndex

import torch

from neonxai.torch.checks import as_beta, as_clusters, check_finite, check_rows, first_not_finite
from neonxai.torch.evidence import working_dtype
from neonxai.torch.kmeans import KMeans
from neonxai.torch.neuralized import NeuralizedKMeans
from neonxai.torch.redistribution import Redistribution

_BLOCK_BYTES = 1 << 25  # of temporaries at a time, 32 MiB


def neon(
    model: KMeans | NeuralizedKMeans,
    X: torch.Tensor,
    beta: float | torch.Tensor | str,
    *,
    cluster: SupportsIndex | torch.Tensor | None = None,
) -> torch.Tensor:
    r"""Relevance of each feature for the cluster that each row is in [Kauffmann2024]_.

    .. math::
        R_i = \sum_{k \ne c} p_k \frac{f_c}{h_k} Z_{ik}, \quad
        p_k = \frac{e^{-\beta h_k}}{\sum_{j \ne c} e^{-\beta h_j}}, \quad
        Z_{ik} = (x_i - \mu_{ki})^2 - (x_i - \mu_{ci})^2

    with f_c / h_k = 1 where h_k = f_c, so that it is defined on decision boundaries and for duplicate
    centroids. The sum over the features is the logit f_c. Computed without gradient, in float64, block by
    block; rows whose digits cancel are computed again pair by pair, in double-double arithmetic.

    In float64 Σ_i |error of R_i| is at most 1e-10 of Σ_i |R_i|, for any β: the differences of evidence that β
    multiplies are resolved far below the rounding of the evidence itself. Rivals that tie exactly share
    exactly alike. Narrower dtypes add their own rounding; on MPS, which has no float64, it is 1e-5.

    Parameters
    ----------
    model : KMeans or NeuralizedKMeans
        Fitted.
    X : floating tensor of shape (n_rows, n_features)
        Rows.
    beta : float, tensor with one element, or "auto"
        How far beyond the nearest competitor the explanation looks, in 1 / unit of the logit: 0 all
        competitors alike, inf the nearest only. "auto" is `beta_heuristic` of *this* X, which makes the
        relevance of a row depend on the other rows: pass ``beta_heuristic(model, X_train)`` to avoid that.
    cluster : int or int64 tensor of shape (n_rows,), optional
        The cluster t to explain. Where a row is not assigned to it, the one pair of t and the assigned c
        counts, whatever β: Z_i = (x_i − μ_ci)² − (x_i − μ_ti)², which sums to f_t < 0.

    Returns
    -------
    tensor of shape (n_rows, n_features)
        Relevance, in the unit of the logit, with the dtype and device of X.

    Raises
    ------
    TypeError
        If the model, X, beta or cluster is of a kind that is not supported.
    ValueError
        If the model is not fitted, X has the wrong shape or device, no rows, or values that are NaN, infinite
        or too large to be squared, if beta is negative, NaN or an unknown word, or if there is no such
        cluster.

    Examples
    --------
    >>> import math, torch
    >>> model = KMeans.from_centroids([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]])
    >>> x = torch.tensor([[0.5, 1.0]])  # h_1 = 2, h_2 = 8, so f = 2 and f / h_2 = 1/4
    >>> neon(model, x, beta=math.inf)  # Z_1 = (2, 0)
    tensor([[2., 0.]])
    >>> neon(model, x, beta=0)  # (Z_1 + Z_2 / 4) / 2 with Z_2 = (0, 8)
    tensor([[1., 1.]])
    >>> neon(model, x, beta=0, cluster=2)  # −Z_2
    tensor([[-0., -8.]])
    """
    kmeans = _kmeans_of(model)
    if isinstance(beta, str) and beta != "auto":
        raise ValueError(f'Unknown beta {beta!r}; beta is a number from 0 to inf, or "auto".')
    strength = None if isinstance(beta, str) else as_beta(beta)
    centroids = kmeans.centroids
    check_rows(X, centroids, "X")
    check_finite(X, "X")
    targets = None if cluster is None else as_clusters(cluster, X, kmeans.n_clusters)
    if strength is None:
        strength = as_beta(beta_heuristic(kmeans, X))

    relevance = torch.empty_like(X, requires_grad=False)
    with torch.no_grad():
        redistribution = Redistribution.between(centroids, X.dtype)
        for rows in _blocks(X, kmeans.n_clusters):
            relevance[rows] = redistribution.relevance(
                X[rows], strength, None if targets is None else targets[rows]
            )
    overflow = first_not_finite(relevance)
    if overflow is not None:
        row, _ = overflow
        raise ValueError(
            f"The squared distances of row {row} overflow {X.dtype}: the largest magnitudes are "
            f"{X[row].abs().max().item():g} in the row and {centroids.abs().max().item():g} in the "
            "centroids. Rescale the data, or use a wider dtype."
        )
    return relevance


def beta_heuristic(model: KMeans | NeuralizedKMeans, X: torch.Tensor) -> torch.Tensor:
    r"""β that suits the scale of the data: 1 / mean of the logits f_c.

    Parameters
    ----------
    model : KMeans or NeuralizedKMeans
        Fitted.
    X : floating tensor of shape (n_rows, n_features)
        Rows, usually those of the fit.

    Returns
    -------
    tensor of shape ()
        With the dtype and device of X; inf if all rows lie on decision boundaries.

    Raises
    ------
    TypeError
        If the model is no k-means of this package, or X no floating tensor.
    ValueError
        If the model is not fitted, or X has the wrong shape or device, no rows, or values that are NaN or
        infinite.

    Examples
    --------
    >>> import torch
    >>> model = KMeans.from_centroids([[0.0], [2.0]])
    >>> beta_heuristic(model, torch.tensor([[0.0], [0.5], [1.5]]))  # 1 / mean of 4, 2 and 2
    tensor(0.3750)
    """
    kmeans = _kmeans_of(model)
    check_rows(X, kmeans.centroids, "X")
    check_finite(X, "X")
    with torch.no_grad():
        wide = working_dtype(X.device)
        total = torch.stack([kmeans(X[rows].to(wide)).sum() for rows in _blocks(X, kmeans.n_clusters)]).sum()
        return (X.shape[0] / total).to(X.dtype)


def _kmeans_of(model: object) -> KMeans:
    kmeans = model.kmeans if isinstance(model, NeuralizedKMeans) else model
    if not isinstance(kmeans, KMeans):
        raise TypeError(
            f"The model must be a KMeans or NeuralizedKMeans of neonxai.torch; got {type(model).__name__}. "
            "Wrap centroids with KMeans.from_centroids(centroids); other models: neonxai.explain."
        )
    kmeans.check_fitted()
    return kmeans


def _blocks(X: torch.Tensor, n_clusters: int) -> list[slice]:
    """Cut the rows so that about fourteen (rows, K) and six (rows, D) float64 temporaries fit the budget."""
    step = max(1, _BLOCK_BYTES // (8 * (14 * n_clusters + 6 * X.shape[1])))
    return [slice(start, start + step) for start in range(0, X.shape[0], step)]
