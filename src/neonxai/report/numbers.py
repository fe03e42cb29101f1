"""Numbers as a page holds them: in single precision, as short codes, and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = float(np.finfo(np.float32).max) * 0.99  # rounding its digits must not make it infinite
_SMALLEST = 1e-30  # what is a millionth of it is still a usual number


def singles(numbers: Any) -> NDArray[np.floating]:
    """In single precision; in double where it has no place for the largest.

    Examples
    --------
    >>> [singles(np.array(largest)).dtype.name for largest in ([0.5, 1e-90], [0.5, 1e90], [1e-90, np.nan])]
    ['float32', 'float64', 'float64']
    """
    found = np.asarray(numbers)
    largest = float(np.max(np.abs(found), initial=0.0, where=np.isfinite(found)))
    fits = largest == 0 or _SMALLEST < largest < _LARGEST
    result: NDArray[np.floating] = found.astype(np.float32 if fits else np.float64)
    return result


def codes(positions: NDArray[Any]) -> NDArray[Any]:
    """In 16 bits, or in 32 where these are too few.

    Examples
    --------
    >>> codes(np.array([3, 65535])).dtype, codes(np.array([65536])).dtype
    (dtype('uint16'), dtype('uint32'))
    """
    wide = positions.size > 0 and int(positions.max()) > 0xFFFF
    return positions.astype(np.uint32 if wide else np.uint16)


def in_words(number: float) -> str:
    """Four digits that count, without an exponent where the number is of a usual size.

    Examples
    --------
    >>> [in_words(number) for number in (48.8333, 5076.0, 1234567.0, -0.0001236, 2e15, -0.0)]
    ['48.83', '5076', '1234567', '-0.0001236', '2e+15', '0']
    """
    size = abs(number)
    if size == 0:
        return "0"
    if 1e-5 <= size < 1e4:
        decimals = 3 - int(np.floor(np.log10(size)))
        text = f"{number:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{number:.0f}" if 1e4 <= size < 1e9 else f"{number:.4g}"
