"""What may be asked of an explainer."""

from typing import Any

import numpy as np

_METHODS = ("neon",)
_POOLINGS = ("min", "soft")
_PULL_BACKS = ("input", "codes", "stop")
_NUMBER = (int, float, np.integer, np.floating)


def check_parameters(explainer: Any) -> None:
    """Raise an error unless ``method``, ``pooling``, ``gamma`` and ``beta`` of an explainer are possible."""
    if explainer.method not in _METHODS:
        raise ValueError(f"method={explainer.method!r} is not known; choose one of {', '.join(_METHODS)}.")
    if explainer.pooling not in ("auto", *_POOLINGS):
        raise ValueError(f"pooling={explainer.pooling!r} is not known; choose 'auto', 'min' or 'soft'.")
    if explainer.pull_back not in _PULL_BACKS:
        raise ValueError(
            f"pull_back={explainer.pull_back!r} is not known; choose one of {', '.join(_PULL_BACKS)}."
        )
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
