"""Evidence in whole numbers: what walks with min-pooling add and compare, in 32 bits.

Sums and minima of whole numbers are exact, so a walk in them has the rounding of its terms alone. What is
rounded is not the evidence but how far features move it from that of the background's first row, as a game
is about nothing but differences: one in which little changes is as exact, relative to that, as any other.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from neonxai.arrays import Bools, Doubles, Ints

# Evidence is below 2²⁹ units, so that differences and sums of two have room in 32 bits.
_BITS = 29
# What is out of reach is so far above the least: moves are less than a third of that, up and down.
ABOVE_ALL = 2**29
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
    reach : array of shape (n_rivals, n_rows)
        Gets Σ_i |(s_ki + q_ki δ_i) δ_i|.
    """
    totals[:], reach[:] = 0.0, 0.0
    for slope, bend, x in zip(slopes.T, bends.T, apart, strict=True):
        moves = (slope[:, None] + bend[:, None] * x) * x
        totals += moves
        reach += np.abs(moves, out=moves)


class Measures(NamedTuple):
    """What evidence is measured in.

    Attributes
    ----------
    units : array of shape (n_rows,)
        For each row a power of two.
    rests : array of shape (n_rivals, n_rows)
        How far evidence at the origin is above the least; −1 for rivals out of reach.
    """

    units: Doubles
    rests: Doubles


def measures(at_origin: Doubles, of_background: Doubles, of_rows: Doubles, barred: Bools) -> Measures:
    """Choose a unit for each row, from which rivals can be the nearest.

    A coalition of a row and the rest of a background row move rival k by at most A_k, the sum of both
    reaches. Rival k is out of reach if r_k − A_k is above some r_j + A_j: it is the nearest for no coalition.
    The others are at most 2 A above the least, for the largest of their A_k, so that their evidence is below
    3 A. Rows that reach no farther than the background mostly have the same unit.

    Parameters
    ----------
    at_origin : array of shape (n_rivals,)
        r_k, evidence where nothing has moved.
    of_background, of_rows : arrays of shape (n_rivals, n_background) and (n_rivals, n_rows)
        Reach, as in `survey`.
    barred : bool array of shape (n_rivals, n_rows)
        Who is no rival.

    Raises
    ------
    OverflowError
        If evidence is not finite.

    Examples
    --------
    >>> reach = np.array([[1.0], [1.0], [5.0]])
    >>> found = measures(np.array([0.0, 3.0, 90.0]), reach, reach, np.zeros((3, 1), bool))
    >>> float(found.units[0] * 2**29)  # 3 · (1 + 1) < 8
    8.0
    >>> found.rests[:, 0]
    array([ 0.,  3., -1.])
    """
    most = of_background.max(axis=1, keepdims=True)
    moved = most + np.maximum(of_rows, most)
    rests = at_origin[:, None]
    nearest = np.where(barred, np.inf, rests + moved).min(axis=0)
    out = barred | (rests - moved > nearest)
    largest = 3.0 * np.where(out, 0.0, moved).max(axis=0)
    if not np.isfinite(largest).all():
        raise OverflowError(
            "Evidence that is not finite has no Shapley values: rows, the background or the model's clusters "
            "are so far apart that evidence is beyond what float64 holds. Scale the columns."
        )
    units = np.ldexp(1.0, np.maximum(np.frexp(largest)[1] - _BITS, _SMALLEST))
    above = rests - np.where(out, np.inf, rests).min(axis=0)
    above[out] = -1.0
    return Measures(np.asarray(units), above)


def fits(reach: Doubles, unit: float) -> Bools:
    """Which rivals evidence can be counted for in a unit; others are out of reach for all that have the unit.

    Parameters
    ----------
    reach : array of shape (n_rivals, n_background)
        Of the background.
    unit : float
        One of the units.
    """
    return np.asarray(3.0 * reach.max(axis=1) < unit * 2**_BITS)


def of_one_unit(of_rows: Doubles) -> Iterator[tuple[float, Ints]]:
    """Each unit, and which rows have it.

    Examples
    --------
    >>> list(of_one_unit(np.array([0.5, 2.0, 0.5])))
    [(0.5, array([0, 2])), (2.0, array([1]))]
    """
    for unit in np.unique(of_rows):
        yield float(unit), np.flatnonzero(of_rows == unit)


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
