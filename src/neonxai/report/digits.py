"""Numbers as text, by the same rules here and in the page's `digits.js`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def minus(text: str) -> str:
    """Write minus signs as such.

    Examples
    --------
    >>> minus("-1e-05")
    '−1e−05'
    """
    return text.replace("-", "−")


def number(value: float) -> str:
    """Write a value of the data: integers whole, anything else with five digits, without zeros at the end.

    Examples
    --------
    >>> number(1065.0), number(39.099998474121094), number(-0.25), number(float("nan"))
    ('1065', '39.1', '−0.25', 'missing')
    >>> number(1234567.0), number(1234567.5)
    ('1234567', '1.2346e+06')
    """
    if not math.isfinite(value):
        return "missing"
    whole = value == round(value) and abs(value) < 1e7
    return minus(f"{value:.0f}" if whole else f"{value:.5g}")


def compared(values: Sequence[float]) -> list[str]:
    """Write evidence that is compared, with signs: with the decimals that give the largest three digits.

    What rounds to nothing beside the largest is "≈0", and only what is nothing is "0". There are
    exponents where the largest is below 0.0001 or from a million.

    Examples
    --------
    >>> compared([0.14512, 4.39e-05, -0.02, 0.0])
    ['+0.145', '≈0', '−0.020', '0']
    >>> compared([1234.5, -8.25]), compared([3.2e-9, 1e-14])
    (['+1234', '−8'], ['+3.20e−09', '≈0'])
    """
    peak = max(map(abs, values), default=0.0)
    if peak == 0:
        return ["0"] * len(values)
    decimals = 2 - int(f"{peak:.6e}".partition("e")[2])
    plain = 1e-4 <= peak < 1e6
    form = f"{{:+.{max(decimals, 0)}f}}" if plain else "{:+.2e}"
    least = 0.5 * 10.0 ** -(max(decimals, 0) if plain else decimals)
    return ["0" if v == 0 else "≈0" if abs(v) <= least else minus(form.format(v)) for v in values]


def certainty(probability: float) -> str:
    """Write a probability with three decimals, and never as what it isn't: 0 or 1.

    Examples
    --------
    >>> certainty(0.73049), certainty(0.99999), certainty(1.0), certainty(0.0001)
    ('0.730', '>0.999', '1', '<0.001')
    """
    if probability in {0.0, 1.0}:
        return f"{probability:.0f}"
    if probability >= 0.9995:
        return ">0.999"
    return "<0.001" if probability < 0.0005 else f"{probability:.3f}"


def percent(share: float) -> str:
    """Write a share in whole percent.

    Examples
    --------
    >>> percent(0.4149), percent(0.001), percent(0.0), percent(0.9999)
    ('41%', '<1%', '0%', '>99%')
    """
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{100 * share:.0f}%"


def shortened(text: str, length: int) -> str:
    """Shorten `text` in the middle, where names differ least.

    Examples
    --------
    >>> shortened("mean radius", 20), shortened("abcdefghij", 5)
    ('mean radius', 'ab…ij')
    """
    if len(text) <= length:
        return text
    return text[: length // 2] + "…" + text[len(text) - (length - 1) // 2 :]
