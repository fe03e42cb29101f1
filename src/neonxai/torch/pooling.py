"""Soft minimum and maximum by log-mean-exp, from the mean (β = 0) to the extreme (β = ∞)."""

import math

import torch

from neonxai.torch.checks import as_beta


def soft_min(x: torch.Tensor, beta: float | torch.Tensor, dim: int = -1) -> torch.Tensor:
    r"""Soft minimum of the N values along a dimension.

    .. math:: \operatorname{smin}_\beta(x) = -\frac1\beta \log \frac1N \sum_{j=1}^N \exp(-\beta x_j)

    The mean over N makes it the arithmetic mean for β → 0, and the minimum for β → ∞; between them it lies
    above the minimum by at most log(N)/β [Kauffmann2024]_.

    Parameters
    ----------
    x : floating tensor
        Values; infinite ones are allowed.
    beta : float or tensor with one element
        From 0 to inf, in 1 / unit of x.
    dim : int, default -1
        The dimension that is pooled.

    Returns
    -------
    tensor
        In the unit of x, without the dimension ``dim``. Differentiable in x.

    Raises
    ------
    TypeError
        If x is no floating tensor or beta no real number.
    ValueError
        If beta is negative or NaN, or if there is nothing along ``dim``.

    Examples
    --------
    >>> import math, torch
    >>> x = torch.tensor([0.0, math.log(3.0)])
    >>> soft_min(x, 1.0)  # −log((1 + 1/3) / 2) = log 1.5
    tensor(0.4055)
    >>> soft_min(x, 0.0), soft_min(x, math.inf)
    (tensor(0.5493), tensor(0.))
    """
    beta = as_beta(beta)
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, torch.Tensor) else type(x).__name__
        raise TypeError(f"x must be a floating-point tensor; got {kind}.")
    if x.dim() == 0 or x.shape[dim] == 0:
        raise ValueError(f"There is nothing to pool along dimension {dim} of shape {tuple(x.shape)}.")
    if beta == 0:
        return x.mean(dim)
    if beta == math.inf:
        return x.amin(dim)
    # A shift of x only shifts the result, so the gradient need not pass through it.
    lowest = x.detach().amin(dim, keepdim=True)
    lowest = torch.where(torch.isfinite(lowest), lowest, 0.0)
    exponents = -beta * (x - lowest)
    # −log(mean exp) cancels where all exponents are small, log1p(mean expm1) where most are large.
    small = torch.expm1(exponents).mean(dim)
    large = torch.exp(exponents).mean(dim)
    logarithm = torch.where(small > -0.5, torch.log1p(small.clamp(min=-0.75)), torch.log(large))
    return lowest.squeeze(dim) - logarithm / beta


def soft_max(x: torch.Tensor, beta: float | torch.Tensor, dim: int = -1) -> torch.Tensor:
    r"""Soft maximum of the N values along a dimension.

    .. math:: \operatorname{smax}_\beta(x) = \frac1\beta \log \frac1N \sum_{j=1}^N \exp(\beta x_j)
        = -\operatorname{smin}_\beta(-x)

    Parameters, limits and errors are those of `soft_min`.

    Parameters
    ----------
    x : floating tensor
        Values; infinite ones are allowed.
    beta : float or tensor with one element
        From 0 to inf, in 1 / unit of x.
    dim : int, default -1
        The dimension that is pooled.

    Returns
    -------
    tensor
        In the unit of x, without the dimension ``dim``.

    Examples
    --------
    >>> import math, torch
    >>> soft_max(torch.tensor([0.0, math.log(3.0)]), 1.0)  # log((1 + 3) / 2) = log 2
    tensor(0.6931)
    """
    return -soft_min(-x, beta, dim)
