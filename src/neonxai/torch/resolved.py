"""Which centroids are the nearest, and by how much, where rounding does not decide."""

from typing import Any

import torch

from neonxai.torch.careful import careful_evidence
from neonxai.torch.evidence import contenders, origin_of, pair_evidence, score_errors, scores


def nearest(x: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
    """Return the nearest cluster of each row, shape (n_rows,); exact ties go to the lower index."""
    own, _ = _resolve(x, centers, None, 1.0)
    return own


def logit(x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor | None = None) -> torch.Tensor:
    """Return the evidence against the nearest rival, shape (n_rows,), differentiable.

    By default for the nearest cluster.
    """
    own, evidence = _resolve(x, centers, own, 1.0)
    rival = evidence.argmin(1)
    pair = pair_evidence(x, centers, own, rival)
    # The gradient comes from the pair, the value from what has been resolved: exactly 0 at an exact tie.
    return evidence.gather(1, rival[:, None])[:, 0] + (pair - pair.detach())


def all_evidence(x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor | None = None) -> torch.Tensor:
    """Return the evidence against every rival, shape (n_rows, n_clusters), differentiable; +inf for itself.

    By default for the nearest cluster. The relative error is about 1e-10 at most.
    """
    own, evidence = _resolve(x, centers, own, 1e-10)
    distances = scores(x, centers)
    difference = distances - distances.gather(1, own[:, None])
    return evidence + (difference - difference.detach())


def _resolve(
    x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor | None, tolerance: float
) -> tuple[torch.Tensor, torch.Tensor]:
    results: tuple[torch.Tensor, torch.Tensor] = resolved_evidence(
        x.detach(), centers.detach(), own, tolerance
    )
    return results


# An operator of its own, because the number of doubtful rows is not known to a compiled graph or to vmap.
@torch.library.custom_op(
    "neonxai::resolved_evidence",
    mutates_args=(),
    schema="(Tensor x, Tensor centers, Tensor? own, float tolerance) -> (Tensor, Tensor)",
)
def resolved_evidence(
    x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor | None, tolerance: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return clusters, shape (n_rows,), and their evidence, (n_rows, n_clusters), +inf for the own cluster.

    Parameters
    ----------
    x : tensor of shape (n_rows, n_features)
        Rows, in the working dtype.
    centers : tensor of shape (n_clusters, n_features)
        In the same dtype.
    own : int64 tensor of shape (n_rows,), optional
        The cluster of each row; by default the nearest, of which ties choose the lower index.
    tolerance : float
        The relative error that evidence may have; 1 asks for its sign. Whatever it is, the own cluster is
        the nearest, and the smallest evidence of each row and what ties with it are right to the last digits.
    """
    distances = scores(x, centers)
    origin = origin_of(centers)
    errors = score_errors(x - origin, (centers - origin).square().sum(1))
    search = own is None
    own = distances.argmin(1) if own is None else own.clone()
    evidence = _relative_to(own, distances)
    errors += errors.gather(1, own[:, None])
    doubtful = contenders(evidence, errors)
    doubtful &= doubtful.sum(1, keepdim=True) > 1
    doubtful |= tolerance * evidence.abs() <= errors

    rows = doubtful.any(1).nonzero()[:, 0]
    if len(rows):
        wanted = doubtful[rows].scatter_(1, own[rows, None], value=True)
        nearer, careful, _ = careful_evidence(x[rows], centers, own[rows], wanted, search=search)
        own[rows] = nearer
        evidence[rows] = torch.where(wanted, careful, _relative_to(nearer, distances[rows]))
        doubtful[rows] = wanted
    rival = evidence.argmin(1, keepdim=True)
    pair = pair_evidence(x, centers, own, rival[:, 0])[:, None]
    evidence.scatter_(1, rival, torch.where(doubtful.gather(1, rival), evidence.gather(1, rival), pair))
    return own, evidence


def _relative_to(own: torch.Tensor, distances: torch.Tensor) -> torch.Tensor:
    return (distances - distances.gather(1, own[:, None])).scatter_(1, own[:, None], torch.inf)


@resolved_evidence.register_fake
def _(
    x: torch.Tensor,
    centers: torch.Tensor,
    own: torch.Tensor | None,  # noqa: ARG001  # the operator's signature
    tolerance: float,  # noqa: ARG001
) -> tuple[torch.Tensor, torch.Tensor]:
    return x.new_empty(x.shape[0], dtype=torch.long), x.new_empty(x.shape[0], centers.shape[0])


def _batched(
    info: Any, in_dims: tuple[int | None, ...], x: Any, centers: Any, own: Any, tolerance: float
) -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[int, int]]:
    """Rule for vmap: one batch of rows, or one after the other where the centers differ."""

    def first(tensor: torch.Tensor, dim: int | None) -> torch.Tensor:
        if dim is None:
            return tensor.expand(info.batch_size, *tensor.shape)
        return tensor.movedim(dim, 0)

    rows, clusters = first(x, in_dims[0]), None if own is None else first(own, in_dims[2])
    if in_dims[1] is None:
        flat = None if clusters is None else clusters.flatten()
        nearer, evidence = resolved_evidence(rows.flatten(0, 1), centers, flat, tolerance)
        shape = rows.shape[:2]
        return (nearer.reshape(shape), evidence.reshape(*shape, centers.shape[0])), (0, 0)
    one_by_one = zip(
        rows, first(centers, in_dims[1]), [None] * len(rows) if clusters is None else clusters, strict=True
    )
    results = [resolved_evidence(*each, tolerance) for each in one_by_one]
    return (torch.stack([r[0] for r in results]), torch.stack([r[1] for r in results])), (0, 0)


resolved_evidence.register_vmap(_batched)
