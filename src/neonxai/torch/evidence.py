r"""Evidence between centroids, ‖x − μ_k‖² − ‖x − μ_c‖², in three forms, each for where the last can't tell.

1. *products* expand the squares, in coordinates whose origin is amid the centroids: one matrix product for
   all centroids, with a rounding error below `score_errors`;
2. the *pair* form, Σ_i (μ_ki − μ_ci)((μ_ki − x_i) + (μ_ci − x_i)), has an error of about eps · Σ_i |term_i|,
   also where the two centroids are close together and far from the rest;
3. `neonxai.torch.careful` sums the pair form in double-double arithmetic, which tells ties from near ties.

Everything is computed in float64 whatever comes in: it also keeps autocast and TF32 out.
"""

import torch


def working_dtype(device: torch.device) -> torch.dtype:
    """Return float64, or float32 on Apple's MPS, which has no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def origin_of(centers: torch.Tensor) -> torch.Tensor:
    """Return an origin amid the centers, shape (n_features,): the median, which one far center can't move."""
    # A sort, because torch.median is refused on CUDA under torch.use_deterministic_algorithms.
    return centers.sort(dim=0).values[centers.shape[0] // 2]


def scores(x: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
    """Return ‖x − μ_k‖² − ‖x‖² in recentred coordinates, shape (n_rows, n_clusters)."""
    origin = origin_of(centers)
    local = centers - origin
    return torch.addmm(local.square().sum(1), x - origin, local.T, alpha=-2.0)


def score_errors(y: torch.Tensor, squared_norms: torch.Tensor) -> torch.Tensor:
    """Bound the rounding errors of `scores`, shape (n_rows, n_clusters), whatever the order of summation.

    Parameters
    ----------
    y : tensor of shape (n_rows, n_features)
        Recentred rows.
    squared_norms : tensor of shape (n_clusters,)
        Of the recentred centers.
    """
    rounding = (y.shape[1] + 4) * torch.finfo(y.dtype).eps
    double_norm = 2 * torch.linalg.vector_norm(y, dim=1, keepdim=True)
    return rounding * torch.addcmul(squared_norms, double_norm, squared_norms.sqrt())


def contenders(evidence: torch.Tensor, errors: torch.Tensor) -> torch.Tensor:
    """Tell which clusters may have the smallest evidence: a mask, at least one True per row without NaN."""
    return evidence - errors <= (evidence + errors).amin(1, keepdim=True)


def pair_terms(x: torch.Tensor, own: torch.Tensor, rival: torch.Tensor) -> torch.Tensor:
    """Return Z_i = (x_i − rival_i)² − (x_i − own_i)² without loss of digits; shapes broadcast."""
    return (rival - own) * ((rival - x) + (own - x))


def pair_evidence(
    x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor, rival: torch.Tensor
) -> torch.Tensor:
    """Return Σ_i Z_i of one pair of clusters per row, shape (n_rows,); its gradient is 2(μ_own − μ_rival)."""
    return pair_terms(x, centers[own], centers[rival]).sum(1)
