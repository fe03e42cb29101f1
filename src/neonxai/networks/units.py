"""Evidence in whole numbers: what walks with min-pooling add and compare, in 32 bits.

Sums and minima of whole numbers are exact, so a walk in them has the rounding of its terms alone. What is
rounded is not the evidence but its differences from that of the background's first row, as a game is about
nothing but differences: one in which little changes is as exact, relative to what changes, as any other.
"""

from collections.abc import Iterator

import numpy as np

from neonxai.arrays import Doubles, Ints

# Evidence is below 2²⁹ units, so that differences and sums of two have room in 32 bits.
_BITS = 29
_SMALLEST = -1000  # exponent of a unit whose reciprocal is finite


def survey(apart: Doubles, slopes: Doubles, bends: Doubles, totals: Doubles, reach: Doubles) -> None:
    """How far the features of rows move the evidence, and how far any coalition of them could.

    Parameters
    ----------
    apart : array of shape (n_features, n_rows)
        δ, as in `neonxai.networks.additive.Expansion`.
    slopes, bends : arrays of shape (n_rivals, n_features)
        Its s and q.
    totals : array of shape (n_rivals, n_rows)
        Gets Σ_i (s_ki + q_ki δ_i) δ_i.
    reach : array of shape (n_rows,)
        Gets the largest Σ_i |(s_ki + q_ki δ_i) δ_i|.
    """
    reach[:] = 0.0
    for slope, bend, total in zip(slopes, bends, totals, strict=True):
        moves = (slope[:, None] + bend[:, None] * apart) * apart
        np.add.accumulate(moves, axis=0)[-1:].sum(axis=0, out=total)
        np.maximum(reach, np.add.accumulate(np.abs(moves, out=moves), axis=0)[-1], out=reach)


def units(of_background: Doubles, of_rows: Doubles) -> Doubles:
    """What evidence is rounded to multiples of: for each row a power of two.

    What rivals have beyond the least, r_k, matters up to twice the largest sum A of what a coalition and the
    rest of a background row add: beyond, rival k is never the nearest. So evidence is below 3 A. All rows
    that reach no farther than the background have the same unit.

    Parameters
    ----------
    of_background : array of shape (n_background,)
        The reach of background rows, as `survey` has it.
    of_rows : array of shape (n_rows,)
        That of rows.

    Returns
    -------
    array of shape (n_rows,)

    Raises
    ------
    OverflowError
        If evidence is not finite.

    Examples
    --------
    >>> float(units(np.array([1.0]), np.array([0.5]))[0] * 2**29)  # 3 · (1 + 1) < 8
    8.0
    """
    most = 3.0 * (of_background.max() + np.maximum(of_rows, of_background.max()))
    if not np.isfinite(most).all():
        raise OverflowError(
            f"Evidence of {most.max()} has no Shapley values: rows, the background or the model's clusters "
            "are so far apart that their squared distance is beyond what float64 holds. Scale the columns."
        )
    return np.asarray(np.ldexp(1.0, np.maximum(np.frexp(most)[1] - _BITS, _SMALLEST)))


def of_one_unit(of_rows: Doubles) -> Iterator[tuple[float, Ints]]:
    """Each unit, and which rows have it.

    Examples
    --------
    >>> list(of_one_unit(np.array([0.5, 2.0, 0.5])))
    [(0.5, array([0, 2])), (2.0, array([1]))]
    """
    for unit in np.unique(of_rows):
        yield float(unit), np.flatnonzero(of_rows == unit)


def in_reach(above: Doubles, unit: float) -> Doubles:
    """r_k above the least, no larger than matters, in whole units."""
    return rounded(np.minimum(above, unit * (2.0 / 3.0 * 2**_BITS)), unit)


def rounded(evidence: Doubles, unit: float) -> Doubles:
    """The nearest multiples of a unit.

    Examples
    --------
    >>> rounded(np.array([0.3, 0.8, -2.0]), 0.5)
    array([ 0.5,  1. , -2. ])
    """
    whole = evidence / unit
    np.rint(whole, out=whole)
    whole *= unit
    return whole


def complete(values: Doubles, totals: Doubles) -> None:
    """Make values sum to the totals: each gets its share, by its size, of what rounding left out.

    Parameters
    ----------
    values : array of shape (n_rows, n_features)
        Changed in place.
    totals : array of shape (n_rows,)
        f − base value.

    Examples
    --------
    >>> values = np.array([[1.0, 0.0, -3.0]])
    >>> complete(values, np.array([-1.6]))
    >>> values
    array([[ 1.1,  0. , -2.7]])
    """
    sizes = np.abs(values)
    all_sizes = sizes.sum(axis=1)
    missing = totals - values.sum(axis=1)
    values += sizes * (missing / np.where(all_sizes > 0.0, all_sizes, 1.0))[:, None]
