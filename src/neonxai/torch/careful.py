"""Evidence in double-double arithmetic, for the rows where rounding could decide.

Evidence counts as tied, and as 0, within 2¹⁴ eps² of the size of its terms (2⁻⁹⁰ in float64): real ties
always, because the errors are less, and of what is no tie only what differs in the 27th digit.
"""

from collections.abc import Iterator

import torch

from neonxai.torch.double_double import DoubleDouble, add, multiply, sum_columns, two_sum

_PAIR_BYTES = 1 << 25  # of temporaries at a time, 32 MiB
_PAIR_TEMPORARIES = 24  # of the shape (pairs, n_features), at most


def careful_evidence(
    x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor, wanted: torch.Tensor, *, search: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return own clusters, their evidence, and what it exceeds the smallest evidence of its row by.

    Parameters
    ----------
    x : tensor of shape (n_rows, n_features)
        Rows.
    centers : tensor of shape (n_clusters, n_features)
    own : int64 tensor of shape (n_rows,)
        The cluster of each row.
    wanted : bool tensor of shape (n_rows, n_clusters)
        The pairs to look at, with the row's own cluster and at least one other.
    search : bool
        Move each row to the nearest of the wanted clusters; ties choose the lower index.

    Returns
    -------
    own : int64 tensor of shape (n_rows,)
    evidence, excess : tensors of shape (n_rows, n_clusters)
        +inf for the own cluster and where not wanted. Ties with the smallest evidence have exactly its
        value, and an excess of 0.
    """
    high, low, size = _all_pairs(x, centers, own, wanted)
    value = _settled(high, low, size)
    # Seen from a nearer center the differences are resolved better still, hence the repetition.
    for _ in range(4 if search else 0):
        nearest = value.argmin(1)
        moved = (nearest != own).nonzero()[:, 0]
        if not len(moved):
            break
        own = own.index_put((moved,), nearest[moved])
        again = _all_pairs(x[moved], centers, own[moved], wanted[moved])
        high[moved], low[moved], size[moved] = again
        value[moved] = _settled(*again)
    if search:
        value.clamp_(min=0.0)  # differences beyond the 27th digit may contradict each other

    own_column = own[:, None]
    for matrix in (high, value):
        matrix.scatter_(1, own_column, torch.inf)
    first = value.argmin(1, keepdim=True)
    rival = _excess(high, low, first).argmin(1, keepdim=True)  # what rounds alike may still differ
    excess = _excess(high, low, rival)
    tied = excess <= _tie(size + size.gather(1, rival))
    return own, torch.where(tied, value.gather(1, rival), value), excess.masked_fill_(tied, 0.0)


def weighted_terms(
    x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Return Σ_k a_k Z_ik, shape (n_rows, n_features), for weights a of shape (n_rows, n_clusters)."""
    result = torch.zeros_like(x)
    for rows, rivals in _parts(weights != 0, x.shape[1]):
        (terms, _), _ = _terms(x[rows], centers[own[rows]], centers[rivals])
        result.index_add_(0, rows, terms.mul_(weights[rows, rivals][:, None]))
    return result


def _all_pairs(
    x: torch.Tensor, centers: torch.Tensor, own: torch.Tensor, wanted: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Σ_i Z_ik as high and low, and the size of its terms, shapes (n_rows, n_clusters)."""
    high = x.new_full(wanted.shape, torch.inf)
    low, size = x.new_zeros(wanted.shape), x.new_zeros(wanted.shape)
    for rows, rivals in _parts(wanted, x.shape[1]):
        terms, sizes = _terms(x[rows], centers[own[rows]], centers[rivals])
        high[rows, rivals], low[rows, rivals] = sum_columns(terms)
        size[rows, rivals] = sizes.sum(1)
    return high, low, size


def _terms(x: torch.Tensor, own: torch.Tensor, rival: torch.Tensor) -> tuple[DoubleDouble, torch.Tensor]:
    """Z_i = (b_i − a_i)((b_i − x_i) + (a_i − x_i)), and |b_i − a_i|(|b_i − x_i| + |a_i − x_i|)."""
    to_rival, to_own, width = two_sum(rival, -x), two_sum(own, -x), two_sum(rival, -own)
    size = (to_rival[0].abs() + to_own[0].abs()) * width[0].abs()
    return multiply(add(to_rival, to_own), width), size


def _parts(wanted: torch.Tensor, n_features: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Row and cluster of the wanted pairs, some at a time."""
    step = max(1, _PAIR_BYTES // (8 * _PAIR_TEMPORARIES * max(1, n_features)))
    for pairs in torch.split(wanted.nonzero(), step):
        yield pairs[:, 0], pairs[:, 1]


def _excess(high: torch.Tensor, low: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    return (high - high.gather(1, reference)) + (low - low.gather(1, reference))


def _settled(high: torch.Tensor, low: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    value = high + low
    return value.masked_fill_(value.abs() <= _tie(size), 0.0)


def _tie(size: torch.Tensor) -> torch.Tensor:
    # Where the size overflows nothing counts as tied: an overflow must not pass for a 0.
    return torch.nan_to_num(2.0**14 * torch.finfo(size.dtype).eps ** 2 * size, nan=0.0, posinf=0.0)
