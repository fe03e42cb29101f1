"""k-means as a module: centroids, assignment and logits."""

from typing import Any, Self, SupportsIndex

import numpy as np
import sklearn.cluster
import torch
from torch import nn

from neonxai.torch.checks import (
    TensorLike,
    as_float_tensor,
    as_n_clusters,
    check_centroids,
    check_finite,
    check_rows,
)
from neonxai.torch.evidence import working_dtype
from neonxai.torch.resolved import logit, nearest


class KMeans(nn.Module):
    r"""k-means clustering, fitted by scikit-learn, as a PyTorch module.

    ``forward`` gives the logit of the assigned cluster c, the evidence for it against its nearest competitor
    [Kauffmann2024]_:

    .. math:: f_c(x) = \min_{k \ne c} \|x - \mu_k\|^2 - \|x - \mu_c\|^2 \ge 0

    The centroids are a buffer: they follow ``.to()``, and are all that ``state_dict`` holds. A module that is
    not fitted yet takes the number of features and the dtype from the state that it loads, and keeps its own
    device.

    Parameters
    ----------
    n_clusters : int, default 8
        K, at least 2.
    **kwargs
        Options of ``sklearn.cluster.KMeans``: ``random_state``, ``n_init``, ``init``, ...

    Attributes
    ----------
    centroids : tensor of shape (n_clusters, n_features)
        The centroids μ_k. Of shape (0, 0) before ``fit``.
    estimator_ : sklearn.cluster.KMeans or None
        What ``fit`` fitted; None where the centroids came from elsewhere. Not in ``state_dict``.

    Raises
    ------
    ValueError
        If n_clusters is not an integer of at least 2.
    TypeError
        If scikit-learn does not know an option.

    Examples
    --------
    >>> import torch
    >>> model = KMeans.from_centroids([[0.0, 0.0], [2.0, 0.0]])
    >>> x = torch.tensor([[0.5, 7.0], [2.0, 0.0]])
    >>> model.decision(x)
    tensor([0, 1])
    >>> model(x)  # 1.5² + 7² − (0.5² + 7²), 2² − 0²
    tensor([2., 4.])
    """

    centroids: torch.Tensor

    def __init__(self, n_clusters: SupportsIndex = 8, **kwargs: Any) -> None:
        super().__init__()
        self.n_clusters = as_n_clusters(n_clusters)
        sklearn.cluster.KMeans(self.n_clusters, **kwargs)  # unknown options fail here, not in fit
        self.kwargs = kwargs
        self.estimator_: sklearn.cluster.KMeans | None = None
        # Empty rather than None, so that .to() before fit or load_state_dict is not forgotten.
        self.register_buffer("centroids", torch.empty(0, 0))

    @classmethod
    def from_centroids(cls, centroids: TensorLike) -> Self:
        """Build a fitted module from centroids that are known already.

        Parameters
        ----------
        centroids : tensor or array of shape (n_clusters, n_features)
            Copied; integers become torch's default dtype.

        Raises
        ------
        TypeError
            If they are complex or no numbers.
        ValueError
            If they are not two-dimensional, fewer than two, or not finite.
        """
        centroids = as_float_tensor(centroids, "centroids")
        check_centroids(centroids)
        model = cls(centroids.shape[0])
        model.centroids = centroids.clone()
        return model

    def fit(self, X: TensorLike, sample_weight: TensorLike | None = None) -> Self:
        """Fit scikit-learn's k-means on the CPU; the centroids take X's dtype and device.

        Parameters
        ----------
        X : tensor or array of shape (n_samples, n_features)
            Data. Left untouched; integers become torch's default dtype.
        sample_weight : tensor or array of shape (n_samples,), optional
            Weight of each row.

        Returns
        -------
        KMeans
            This module.

        Raises
        ------
        TypeError
            If X is complex or holds no numbers.
        ValueError
            If X is not two-dimensional, not finite, or has fewer rows than clusters.
        """
        X = as_float_tensor(X, "X")
        if X.dim() != 2:
            raise ValueError(f"X must have the shape (n_samples, n_features); got {tuple(X.shape)}.")
        check_finite(X, "X")
        # scikit-learn and numpy know neither bfloat16 nor a k-means in float16.
        rows = (X if X.dtype == torch.float64 else X.float()).numpy(force=True)
        weights = (
            None
            if sample_weight is None
            else as_float_tensor(sample_weight, "sample_weight").numpy(force=True)
        )
        estimator = sklearn.cluster.KMeans(self.n_clusters, **self.kwargs).fit(rows, sample_weight=weights)
        self.centroids = torch.tensor(np.asarray(estimator.cluster_centers_), dtype=X.dtype, device=X.device)
        self.estimator_ = estimator
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logit of each row's assigned cluster.

        Differentiable in x; compiles without graph breaks. Needs some (n_rows, n_clusters) float64 values for
        a while. Exactly 0 at an exact tie of the nearest two centroids.

        Parameters
        ----------
        x : floating tensor of shape (n_rows, n_features)
            Rows; a row with NaN gives NaN.

        Returns
        -------
        tensor of shape (n_rows,)
            f_c(x) ≥ 0, in the squared unit of x and the dtype of x.

        Raises
        ------
        TypeError
            If x is no floating tensor.
        ValueError
            If the module is not fitted, or x has the wrong shape or device.
        """
        self.check_fitted()
        check_rows(x, self.centroids)
        dtype = working_dtype(x.device)
        return logit(x.to(dtype), self.centroids.to(dtype)).to(x.dtype)

    def decision(self, x: torch.Tensor) -> torch.Tensor:
        """Return the cluster that each row is assigned to; ties go to the lower index.

        Ties are those of exact arithmetic on the numbers that x and the centroids hold.

        Parameters
        ----------
        x : floating tensor of shape (n_rows, n_features)
            Rows.

        Returns
        -------
        int64 tensor of shape (n_rows,)

        Raises
        ------
        TypeError
            If x is no floating tensor.
        ValueError
            If the module is not fitted, or x has the wrong shape or device, no rows, or values that are NaN
            or infinite.
        """
        self.check_fitted()
        check_rows(x, self.centroids)
        check_finite(x, "x")
        dtype = working_dtype(x.device)
        return nearest(x.to(dtype), self.centroids.to(dtype))

    def check_fitted(self) -> None:
        """Raise a ValueError unless there are centroids."""
        # No NotFittedError: it is an AttributeError, which nn.Module replaces when a property raises it.
        if self.centroids.shape[0] == 0:
            raise ValueError(
                "This KMeans is not fitted: it has no centroids yet. Call fit(X) or load_state_dict(state), "
                "or build it with KMeans.from_centroids(centroids)."
            )

    def extra_repr(self) -> str:
        """Return the arguments, for repr."""
        return ", ".join([f"n_clusters={self.n_clusters}", *(f"{k}={v!r}" for k, v in self.kwargs.items())])

    def _load_from_state_dict(  # torch's signature
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,  # noqa: FBT001  # torch's signature
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Give the buffer the shape that is about to be loaded; torch calls this for every submodule."""
        loaded = state_dict.get(f"{prefix}centroids")
        if isinstance(loaded, torch.Tensor) and loaded.shape[0] > 0:
            if loaded.shape[0] != self.n_clusters:
                error_msgs.append(
                    f"The state has {loaded.shape[0]} centroids, but this is KMeans(n_clusters="
                    f"{self.n_clusters}). Load it into KMeans(n_clusters={loaded.shape[0]})."
                )
                return
            if self.centroids.shape[0] == 0:
                self.centroids = torch.empty_like(loaded, device=self.centroids.device)
            self.estimator_ = None
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
