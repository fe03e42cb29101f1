"""The two-layer network whose output is that of k-means."""

from typing import SupportsIndex

import torch
from torch import nn

from neonxai.torch.checks import as_clusters, check_rows
from neonxai.torch.evidence import working_dtype
from neonxai.torch.kmeans import KMeans
from neonxai.torch.resolved import all_evidence, logit


class NeuralizedKMeans(nn.Module):
    r"""k-means, rewritten without retraining as a neural network [Kauffmann2024]_.

    .. math::
        h_{ck}(x) = w_{ck} \cdot x + b_{ck}, \quad w_{ck} = 2(\mu_c - \mu_k), \quad
        b_{ck} = \|\mu_k\|^2 - \|\mu_c\|^2; \qquad f_c(x) = \min_{k \ne c} h_{ck}(x)

    f_c is positive exactly where k-means assigns x to c. The gradient of f_c is w_{ck*}, k* the nearest
    competitor: gradient × input is w∘x, which sums to f_c − b; `neon` at β = ∞ is w∘(x − m) with the midpoint
    m = (μ_c + μ_k*)/2, which sums to f_c.

    The weights are never stored: ``forward`` works from the centroids, in K·D instead of K²·D values.

    Parameters
    ----------
    kmeans : KMeans
        Becomes a submodule: fitting, loading or moving it fits, loads or moves this network.

    Raises
    ------
    TypeError
        If it is no `KMeans`.

    Examples
    --------
    >>> import torch
    >>> network = NeuralizedKMeans(KMeans.from_centroids([[0.0], [2.0], [5.0]]))
    >>> x = torch.tensor([[0.5]])
    >>> network.evidence(x)  # 1.5² − 0.5², 4.5² − 0.5²
    tensor([[inf,  2., 20.]])
    >>> network(x), network(x, cluster=1)
    (tensor([2.]), tensor([-2.]))
    >>> network.weight[0], network.bias[0]  # of cluster 0 against 1 and 2
    (tensor([[ -4.], [-10.]]), tensor([ 4., 25.]))
    """

    def __init__(self, kmeans: KMeans) -> None:
        super().__init__()
        if not isinstance(kmeans, KMeans):
            raise TypeError(
                f"NeuralizedKMeans needs a neonxai.torch.KMeans; got {type(kmeans).__name__}. "
                "Wrap centroids with KMeans.from_centroids(centroids)."
            )
        self.kmeans = kmeans

    @property
    def weight(self) -> torch.Tensor:
        """w_ck, computed on demand, shape (n_clusters, n_clusters − 1, n_features); k ≠ c in order."""
        own, rival = self._pairs()
        return 2 * (own - rival)

    @property
    def bias(self) -> torch.Tensor:
        """b_ck, computed on demand, shape (n_clusters, n_clusters − 1); k ≠ c in order."""
        own, rival = self._pairs()
        dtype = working_dtype(own.device)
        wide_own, wide_rival = own.to(dtype), rival.to(dtype)
        return ((wide_rival - wide_own) * (wide_rival + wide_own)).sum(-1).to(own.dtype)

    def forward(self, x: torch.Tensor, cluster: SupportsIndex | torch.Tensor | None = None) -> torch.Tensor:
        """Return the logit f_c of each row.

        Differentiable in x; compiles without graph breaks.

        Parameters
        ----------
        x : floating tensor of shape (n_rows, n_features)
            Rows; a row with NaN gives NaN.
        cluster : int or int64 tensor of shape (n_rows,), optional
            The cluster c. By default the assigned one, which has the largest f_c.

        Returns
        -------
        tensor of shape (n_rows,)
            In the squared unit of x and the dtype of x; negative where a row is not assigned to ``cluster``.

        Raises
        ------
        TypeError
            If x is no floating tensor, or cluster neither an integer nor a tensor of int64.
        ValueError
            If k-means is not fitted, x has the wrong shape or device, or there is no such cluster.
        """
        if cluster is None:
            logits: torch.Tensor = self.kmeans(x)
            return logits
        wide, centers = self._widen(x)
        return logit(wide, centers, as_clusters(cluster, x, centers.shape[0])).to(x.dtype)

    def evidence(self, x: torch.Tensor, cluster: SupportsIndex | torch.Tensor | None = None) -> torch.Tensor:
        """Return layer 1: the evidence h_k for each row's cluster c against every other.

        Parameters
        ----------
        x : floating tensor of shape (n_rows, n_features)
            Rows.
        cluster : int or int64 tensor of shape (n_rows,), optional
            The cluster c. By default the assigned one.

        Returns
        -------
        tensor of shape (n_rows, n_clusters)
            h_k, in the squared unit of x and the dtype of x; +inf in the column of c itself. Relative errors
            are at most about 1e-10, or what the dtype of x can hold.

        Raises
        ------
        TypeError, ValueError
            As `forward`.
        """
        wide, centers = self._widen(x)
        own = None if cluster is None else as_clusters(cluster, x, centers.shape[0])
        return all_evidence(wide, centers, own).to(x.dtype)

    def _widen(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.kmeans.check_fitted()
        check_rows(x, self.kmeans.centroids)
        dtype = working_dtype(x.device)
        return x.to(dtype), self.kmeans.centroids.to(dtype)

    def _pairs(self) -> tuple[torch.Tensor, torch.Tensor]:
        """μ_c, shape (K, 1, D), and μ_k for k ≠ c, shape (K, K − 1, D)."""
        self.kmeans.check_fitted()
        centroids = self.kmeans.centroids
        n_clusters = centroids.shape[0]
        others = torch.arange(n_clusters - 1, device=centroids.device).repeat(n_clusters, 1)
        others += others >= torch.arange(n_clusters, device=centroids.device)[:, None]
        return centroids[:, None], centroids[others]
