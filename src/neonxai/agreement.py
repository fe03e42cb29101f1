"""How well a network that stands in for a clustering agrees with it."""

import inspect
import warnings

import numpy as np

from neonxai.arrays import Ints

LOW_AGREEMENT = 0.9  # below it there is a warning


class LowAgreementWarning(UserWarning):
    """The network that stands in for a clustering often disagrees with it."""


def agreement_of(assigned: Ints, given: Ints) -> float:
    """The share of rows that the network assigns as the clustering does.

    Rows that are alone in their cluster don't count, as each of them is its own only support.

    Examples
    --------
    >>> agreement_of(np.array([0, 1, 1, 1, 0]), np.array([0, 0, 1, 1, 2]))  # 2 is alone
    0.75
    """
    _, inverse, sizes = np.unique(given, return_inverse=True, return_counts=True)
    counting = sizes[inverse] > 1
    return float((assigned == given)[counting].mean()) if counting.any() else 1.0


def warn_if_low(agreement: float | None) -> None:
    """Warn the caller of this package of a low agreement."""
    if agreement is None or agreement >= LOW_AGREEMENT:
        return
    warnings.warn(
        f"The network that stands in for the clustering agrees with it on only {agreement:.1%} of "
        "the rows: the labels say something else than who is near whom in X. Explanations of "
        "the other rows are weak. Is X what was clustered, scaled as it was then? If so, try another "
        "gamma, for example gamma=float('inf').",
        LowAgreementWarning,
        stacklevel=_level_of_the_caller(),
    )


def _level_of_the_caller() -> int:
    """How many frames up the first one is that is not of this package: what a warning is about."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "neonxai":
        frame, level = frame.f_back, level + 1
    return level
