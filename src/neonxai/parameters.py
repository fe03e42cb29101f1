"""What may be asked of an explainer."""

from typing import Any

import numpy as np

_METHODS = ("neon", "shapley", "integrated")
_POOLINGS = ("min", "soft")
_PULL_BACKS = ("input", "codes", "stop")
_NUMBER = (int, float, np.integer, np.floating)
_WHOLE = (int, np.integer)


def check_parameters(explainer: Any) -> None:
    """Raise an error unless what was given to an explainer beside the model is possible."""
    if explainer.method not in _METHODS:
        raise ValueError(f"method={explainer.method!r} is not known; choose one of {', '.join(_METHODS)}.")
    if explainer.pooling not in ("auto", *_POOLINGS):
        raise ValueError(f"pooling={explainer.pooling!r} is not known; choose 'auto', 'min' or 'soft'.")
    if explainer.pull_back not in _PULL_BACKS:
        raise ValueError(
            f"pull_back={explainer.pull_back!r} is not known; choose one of {', '.join(_PULL_BACKS)}."
        )
    _check_game(explainer)
    gamma = explainer.gamma
    if gamma != "auto" and (not isinstance(gamma, _NUMBER) or isinstance(gamma, bool) or not gamma > 0):
        raise ValueError(
            f"gamma={gamma!r:.30} is not possible: γ is 1 / squared width of a neighborhood. Choose a "
            "number > 0, inf for the nearest point alone, or 'auto'."
        )
    beta = explainer.beta
    if isinstance(beta, str):
        if beta != "auto":
            raise ValueError(f"beta={beta!r} is not known; choose a number ≥ 0, inf or 'auto'.")
    elif not isinstance(beta, _NUMBER) or isinstance(beta, bool):
        raise TypeError(f"beta={beta!r} is not a number. Choose a number ≥ 0, inf or 'auto'.")
    elif not beta >= 0 or (beta != np.inf and beta > np.finfo(np.float64).max):
        raise ValueError(
            f"beta={beta!r:.30} is not possible: β weighs rivals by exp(−β h), and the farther must not "
            "weigh more. Choose a number ≥ 0, inf or 'auto'."
        )


def _check_game(explainer: Any) -> None:
    """Raise an error unless the background, and how it is played against, are possible."""
    for name, least in (("n_permutations", 2), ("random_state", 0)):
        number = getattr(explainer, name)
        if not isinstance(number, _WHOLE) or isinstance(number, bool) or number < least:
            raise ValueError(f"{name}={number!r:.30} is not possible; choose a whole number ≥ {least}.")
    tol = explainer.tol
    if tol is not None and (not isinstance(tol, _NUMBER) or isinstance(tol, bool) or not tol > 0):
        raise ValueError(
            f"tol={tol!r:.30} is not possible: it is the standard error that is good enough, as a share of "
            "Σ|R|. Choose a number > 0, or None for all permutations."
        )
    background = explainer.background
    if background is None:
        return
    if explainer.method == "neon":
        raise ValueError(
            'background= has no meaning for method="neon", whose roots lie between the clusters. Leave it '
            'out, or choose method="shapley" or "integrated".'
        )
    is_number = isinstance(background, _NUMBER)
    if is_number and (not isinstance(background, _WHOLE) or isinstance(background, bool) or background < 1):
        raise ValueError(
            f"background={background!r:.30} is not possible; choose a whole number ≥ 1 of rows to sample, or "
            "give the rows."
        )


def check_pooling(beta: float, pooling: str) -> None:
    """Raise a ValueError if β is too small for soft pooling."""
    if pooling == "soft" and beta < np.finfo(np.float64).tiny:
        raise ValueError(
            f"beta={beta:g} has no soft pooling: −(1/β) log Σ exp(−β h) is infinite there. "
            'Choose a positive beta, or pooling="min".'
        )
