r"""The way back through both layers, in matrix products, and again pair by pair where digits cancel.

With the coefficients a_k = p_k f_c / h_k and a_c = −Σ_{k≠c} a_k, in coordinates recentred amid the centroids,

.. math:: R = \sum_k a_k (x - \mu_k)^2 = \sum_k a_k \mu_k^2 - 2x \circ \sum_k a_k \mu_k

because the a_k sum to 0. Its rounding error is about eps · Σ_k |a_k| s_k with the size of the terms that
cancel, s_k = ‖μ_k‖² + ‖μ_c‖² + 2‖x‖(‖μ_k‖ + ‖μ_c‖).
"""

import math
from dataclasses import dataclass
from typing import Self

import torch

from neonxai.torch.careful import careful_evidence, weighted_terms
from neonxai.torch.evidence import contenders, origin_of, pair_terms, score_errors, working_dtype

# The error bound counts this many eps: against `_by_pairs`, errors reached 1.7 eps, and 0.3 in most data.
_ROUNDING = 4.0


def tolerance_for(dtype: torch.dtype, working: torch.dtype) -> float:
    """Return the share of Σ|R_i| that an error may reach before a row is computed again.

    A third of the promised 1e-10 in float64; 1e-7 is what narrower dtypes can express; float32 as the working
    dtype has no room to spare.
    """
    if dtype == torch.float64:
        return 3e-11
    return 1e-7 if working == torch.float64 else 1e-5


@dataclass(frozen=True, eq=False)
class Redistribution:
    """What the way back needs of the centroids, prepared once.

    Parameters
    ----------
    centers : tensor of shape (n_clusters, n_features)
        In the working dtype, in their own coordinates, as is everything called "own" coordinates.
    origin : tensor of shape (n_features,)
        The origin of the recentred coordinates.
    local, squared : tensors of shape (n_clusters, n_features)
        The recentred centers, and their elementwise squares.
    sizes : tensor of shape (n_clusters, 3)
        ‖μ_k‖², ‖μ_k‖ and 1: a @ sizes gives the sums that the error bound is made of.
    tolerance : float
        The share of Σ|R_i| beyond which an error matters.
    """

    centers: torch.Tensor
    origin: torch.Tensor
    local: torch.Tensor
    squared: torch.Tensor
    sizes: torch.Tensor
    tolerance: float

    @classmethod
    def between(cls, centroids: torch.Tensor, dtype: torch.dtype) -> Self:
        """Prepare for centroids of shape (n_clusters, n_features) and relevance of the given dtype."""
        centers = centroids.to(working_dtype(centroids.device))
        origin = origin_of(centers)
        local = centers - origin
        squared = local.square()
        norms = squared.sum(1)
        sizes = torch.stack([norms, norms.sqrt(), torch.ones_like(norms)], dim=1)
        return cls(centers, origin, local, squared, sizes, tolerance_for(dtype, centers.dtype))

    def relevance(self, x: torch.Tensor, beta: float, targets: torch.Tensor | None) -> torch.Tensor:
        """Return the relevance of a block of rows.

        Parameters
        ----------
        x : tensor of shape (n_rows, n_features)
            Rows, in own coordinates and any floating dtype.
        beta : float
            From 0 to inf.
        targets : int64 tensor of shape (n_rows,), optional
            The clusters to explain; by default the assigned ones.
        """
        x = x.to(self.centers.dtype)
        relevance, own, doubtful = self._by_products(x - self.origin, beta)
        rows = doubtful.nonzero()[:, 0]
        if len(rows):
            relevance[rows], own[rows] = self._by_pairs(x[rows], own[rows], beta)
        if targets is not None:
            other = (targets != own).nonzero()[:, 0]
            relevance[other] = pair_terms(x[other], self.centers[targets[other]], self.centers[own[other]])
        return relevance

    def _by_products(self, y: torch.Tensor, beta: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Relevance, assignment and doubt, for recentred rows."""
        distances = torch.addmm(self.sizes[:, 0], y, self.local.T, alpha=-2.0)
        smallest, own = distances.min(1, keepdim=True)
        evidence = distances.sub_(smallest).scatter_(1, own, torch.inf)
        logit, nearest = evidence.min(1, keepdim=True)
        shares = softmin_shares(evidence - logit, beta)
        coefficients = shares * ratios(evidence, logit)

        # The nearest rival apart: its ratio is 1 by definition, so an error of the logit does not reach it.
        nearest_share = coefficients.gather(1, nearest)
        coefficients.scatter_(1, nearest, 0.0)
        rest = coefficients @ self.sizes
        total = rest[:, 2:] + nearest_share
        coefficients.scatter_(1, nearest, nearest_share).scatter_(1, own, -total)
        relevance = coefficients @ self.squared - 2 * y * (coefficients @ self.local)

        own_size, nearest_size = self.sizes[own[:, 0]], self.sizes[nearest[:, 0]]
        double_norm = 2 * torch.linalg.vector_norm(y, dim=1)
        nearest_terms = _cancelling(own_size + nearest_size, double_norm)
        rest_terms = _cancelling(rest + rest[:, 2:] * own_size, double_norm)
        doubtful = self._doubtful(
            nearest_terms=nearest_terms,
            rest_terms=rest_terms,
            rest_coefficients=rest[:, 2],
            nearest_share=nearest_share[:, 0],
            logit=logit[:, 0],
            beta=beta,
            scale=relevance.abs().sum(1),
        )
        errors = score_errors(y, self.sizes[:, 0])
        errors += errors.gather(1, own)
        doubtful |= (evidence <= errors).any(1)
        # A tie that rounding has broken would hand a whole share to one of the tied rivals.
        sensitive = beta * errors.gather(1, nearest)[:, 0] > 1e-3
        doubtful |= sensitive & (contenders(evidence, errors).sum(1) > 1)
        return relevance, own[:, 0], doubtful

    def _doubtful(
        self,
        *,
        nearest_terms: torch.Tensor,
        rest_terms: torch.Tensor,
        rest_coefficients: torch.Tensor,
        nearest_share: torch.Tensor,
        logit: torch.Tensor,
        beta: float,
        scale: torch.Tensor,
    ) -> torch.Tensor:
        """Tell which rows may have lost more digits than promised. All tensors have the shape (n_rows,).

        Three ways for rounding to reach R: the products themselves; the ratios f_c / h_k of the other rivals,
        whose relative error is that of h ≥ f_c; the shares p_k, whose relative error is β times that of h.
        """
        tiny = torch.finfo(scale.dtype).tiny
        noise = self._rounding * (nearest_terms + rest_terms / rest_coefficients.clamp(min=tiny))
        strength = min(beta, 1 / tiny**0.25)  # so that 0 · β is 0 for β = inf
        products = self._rounding * (nearest_share * nearest_terms + rest_terms)
        ratio_errors = noise / logit.clamp(min=tiny) * rest_terms
        share_errors = strength * noise * (rest_terms + (1 - nearest_share) * nearest_share * nearest_terms)
        bound = products + ratio_errors + share_errors
        # NaN is not trusted; a logit within the noise may have the wrong sign.
        trusted: torch.Tensor = (bound <= self.tolerance * scale) & (logit > noise)
        return ~trusted

    @property
    def _rounding(self) -> float:
        return _ROUNDING * float(torch.finfo(self.centers.dtype).eps)

    def _by_pairs(self, x: torch.Tensor, own: torch.Tensor, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Relevance and assignment, for rows in own coordinates, with every Z_ik from differences."""
        everything = torch.ones(len(x), len(self.centers), dtype=torch.bool, device=x.device)
        own, evidence, excess = careful_evidence(x, self.centers, own, everything, search=True)
        logit = evidence.amin(1, keepdim=True)
        coefficients = softmin_shares(excess, beta) * ratios(evidence, logit)
        return weighted_terms(x, self.centers, own, coefficients), own


def _cancelling(sizes: torch.Tensor, double_norm: torch.Tensor) -> torch.Tensor:
    return sizes[:, 0] + double_norm * sizes[:, 1]


def softmin_shares(excess: torch.Tensor, beta: float) -> torch.Tensor:
    """p_k ∝ exp(−β (h_k − f_c)) over the finite h_k − f_c; β = inf shares among the ties."""
    if beta == math.inf:
        shares = (excess == 0).to(excess.dtype)
    else:
        # The own cluster's inf is masked afterwards, because 0 · inf is not a number.
        shares = torch.exp(-beta * excess).masked_fill_(torch.isinf(excess), 0.0)
    return shares / shares.sum(1, keepdim=True)


def ratios(evidence: torch.Tensor, logit: torch.Tensor) -> torch.Tensor:
    """r_k = f_c / h_k, 1 where h_k = f_c, also where both are 0."""
    return torch.where(evidence == logit, 1.0, logit / evidence)
