r"""Evidence between centroids: the two forms of ‖x − b‖² − ‖x − a‖², and which pair of centroids to look at.

The *products* form expands the squares, in coordinates whose origin is amid the centroids: one matrix product
for all centroids, with a rounding error of about eps · (‖μ‖² + 2‖x‖‖μ‖). The *pair* form,
Σ_i (b_i − a_i)((b_i − x_i) + (a_i − x_i)), has an error of about eps · Σ_i |term_i|, also where the two
centroids are close together and far from the rest. So: products to find the pair, then the pair's own form.

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


def pair_terms(x: torch.Tensor, own: torch.Tensor, rival: torch.Tensor) -> torch.Tensor:
    """Return Z_i = (x_i − rival_i)² − (x_i − own_i)² without loss of digits; shapes broadcast."""
    return (rival - own) * ((rival - x) + (own - x))


def pair_evidence(
    x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor, rival: torch.Tensor
) -> torch.Tensor:
    """Return Σ_i Z_i of one pair of clusters per row, shape (n_rows,); its gradient is 2(μ_own − μ_rival)."""
    return pair_terms(x, centers[own], centers[rival]).sum(1)


def nearest_rival(x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """Return the nearest cluster apart from the given one, shape (n_rows,)."""
    return scores(x.detach(), centers).scatter(1, own[:, None], torch.inf).argmin(1)


def nearest_pair(x: torch.Tensor, centers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the nearest and the second nearest cluster of each row; ties go to the lower index."""
    # Detached: an index has no gradient, and the graph need not keep (n_rows, n_clusters) values.
    x = x.detach()
    distances = scores(x, centers)
    own = distances.argmin(1)
    rival = distances.scatter(1, own[:, None], torch.inf).argmin(1)
    # The two may be closer to each other than the products resolve; the pair's own form knows the order.
    evidence = pair_evidence(x, centers, own, rival)
    swap = (evidence < 0) | ((evidence == 0) & (rival < own))
    return torch.where(swap, rival, own), torch.where(swap, own, rival)
