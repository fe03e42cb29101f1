"""The value of coalitions: pooled evidence, averaged over a background that fills what is left out."""

import numpy as np

from neonxai.arrays import Doubles

# Pooled values in one temporary: two of them stay in a core's cache, and NumPy's share of a call is small.
BLOCK_VALUES = 1 << 15
# Sums of products of exponentials below this may have lost more than a rounding to underflow.
_DRAINED = 1e-250
# Of fewer background rows NumPy's inner loops would be too short.
_FEW_BACKGROUND = 16


def mean_pooled(present: Doubles, filled: Doubles, weights: Doubles, pooling: str, beta: float) -> Doubles:
    """v(S) = mean over b of the pooled h_k, with h_k = (what x gives in S) + (what b gives elsewhere).

    Only their sum depends on both a row and a background row, and for soft pooling not even the exponentials
    do: exp(−β h_k) is a product of two.

    Parameters
    ----------
    present : array of shape (n_rivals, n_coalitions, n_rows)
        Σ_{i∈S} g_ki(x_i) + r_k.
    filled : array of shape (n_rivals, n_coalitions, n_background)
        Σ_{i∉S} g_ki(b_i).
    weights : array of shape (n_background,) or (n_coalitions, n_background)
        Those of the background rows, for all coalitions or each.
    pooling : {"min", "soft"}
        Layer 2.
    beta : float
        β of soft pooling.

    Returns
    -------
    array of shape (n_coalitions, n_rows)
        The same bits for a row, whatever rows are beside it.

    Examples
    --------
    >>> import numpy as np
    >>> x, b = np.array([[[1.0]], [[4.0]]]), np.array([[[0.0, 9.0]], [[0.0, 0.0]]])
    >>> mean_pooled(x, b, np.array([0.5, 0.5]), "min", 1.0)  # min(1, 4) and min(10, 4)
    array([[2.5]])
    """
    _, n_coalitions, n_rows = present.shape
    n_background = filled.shape[2]
    # Which of the two runs through memory must not depend on the rows, or rounding would.
    if few := n_background < _FEW_BACKGROUND:
        if n_rows == 1:
            # A sum over a single column is rounded otherwise than that over one of many.
            return mean_pooled(np.repeat(present, 2, axis=2), filled, weights, pooling, beta)[:, :1]
        of_rows, of_background = present[:, :, None, :], filled[:, :, :, None]
    else:
        of_rows, of_background = present[:, :, :, None], filled[:, :, None, :]
    weights = np.broadcast_to(weights, (n_coalitions, n_background))
    of_each = weights[:, :, None] if few else weights[:, None, :]
    result = np.empty((n_coalitions, n_rows))
    step = max(1, BLOCK_VALUES // (n_rows * n_background))
    pool = _soft if pooling == "soft" and beta < np.inf and len(present) > 1 else _least
    for start in range(0, n_coalitions, step):
        block = slice(start, start + step)
        pooled = pool(of_rows[:, block], of_background[:, block], beta)
        pooled *= of_each[block]
        pooled.sum(axis=1 if few else 2, out=result[block])
    return result


def _least(
    present: Doubles,
    filled: Doubles,
    beta: float,  # noqa: ARG001  # as for `_soft`
) -> Doubles:
    pooled: Doubles = present[0] + filled[0]
    other = np.empty_like(pooled)
    for x, b in zip(present[1:], filled[1:], strict=True):
        np.add(x, b, out=other)
        np.minimum(pooled, other, out=pooled)
    return pooled


def _soft(present: Doubles, filled: Doubles, beta: float) -> Doubles:
    least_x, least_b = present.min(axis=0), filled.min(axis=0)
    with np.errstate(under="ignore", over="ignore"):
        of_x, of_b = np.exp(-beta * (present - least_x)), np.exp(-beta * (filled - least_b))
        sums: Doubles = of_x[0] * of_b[0]
        other = np.empty_like(sums)
        for x, b in zip(of_x[1:], of_b[1:], strict=True):
            np.multiply(x, b, out=other)
            sums += other
    drained = sums < _DRAINED
    any_drained = drained.any()
    if any_drained:
        sums[drained] = 1.0
    pooled = np.log(sums, out=sums)
    pooled /= -beta
    pooled += least_x
    pooled += least_b
    if any_drained:
        shape = (len(present), *pooled.shape)
        h = np.broadcast_to(present, shape)[:, drained] + np.broadcast_to(filled, shape)[:, drained]
        least = h.min(axis=0)
        with np.errstate(under="ignore", over="ignore"):
            pooled[drained] = least - np.log(np.exp(-beta * (h - least)).sum(axis=0)) / beta
    return pooled
