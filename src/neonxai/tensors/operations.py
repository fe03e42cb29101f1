"""The functions that array libraries spell differently, in the terms of the array API standard.

Operators, ``abs``, ``exp``, ``log``, ``sqrt``, ``isfinite``, ``where``, ``sum``, ``any``, ``all``, ``argmin``
are the same everywhere, and are called on the ``namespace`` itself. That leaves a dozen, for which
array-api-compat would be one more dependency.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Operations:
    """What is done to arrays of one library on one device; here in the standard's own spelling.

    Attributes
    ----------
    namespace : module
        The library's functions.
    device : object
        Where its arrays are.
    """

    namespace: Any
    device: Any

    @cached_property
    def has_float64(self) -> bool:
        """Whether there is float64 on the device: not in JAX, unless it was enabled, nor on Apple's GPUs."""
        return "float64" in self.namespace.__array_namespace_info__().dtypes(device=self.device)

    def context(self) -> AbstractContextManager[Any]:
        """In which new arrays come to the device."""
        return nullcontext()

    def from_numpy(self, values: NDArray[Any]) -> Any:
        """Copy to the device."""
        return self.namespace.asarray(np.array(values), device=self.device)

    def arange(self, n: int) -> Any:
        """0, 1, ..., n − 1."""
        return self.namespace.arange(n, device=self.device)

    def cast(self, values: Any, dtype: str) -> Any:
        """Values as "float64", "float32", "int64"; themselves where they are."""
        return self.namespace.astype(values, getattr(self.namespace, dtype), copy=False)

    def take(self, values: Any, rows: Any) -> Any:
        """Some rows of an array of one or two dimensions."""
        return self.namespace.take(values, rows, axis=0)

    def nonzero(self, mask: Any) -> tuple[Any, ...]:
        """The indices along each axis."""
        return tuple(self.namespace.nonzero(mask))

    def smallest(self, values: Any) -> Any:
        """The minimum of each row."""
        return self.namespace.min(values, axis=1)

    def largest(self, values: Any) -> Any:
        """The maximum of a vector."""
        return self.namespace.max(values)

    def ranks(self, values: Any) -> Any:
        """For each row, where its largest value is, the next one, and so on."""
        return self.namespace.argsort(-values, axis=1)

    def running_sum(self, values: Any) -> Any:
        """Sums of a vector up to each place, this included."""
        return self.namespace.cumulative_sum(values)

    def concatenate(self, parts: Sequence[Any], axis: int = 0) -> Any:
        """Put arrays one after the other."""
        return parts[0] if len(parts) == 1 else self.namespace.concat(tuple(parts), axis=axis)


class TorchOperations(Operations):
    """PyTorch's spelling."""

    @cached_property
    def has_float64(self) -> bool:
        """See `Operations`."""
        return bool(self.device.type != "mps")

    def cast(self, values: Any, dtype: str) -> Any:
        """See `Operations`."""
        return values.to(getattr(self.namespace, dtype))

    def take(self, values: Any, rows: Any) -> Any:
        """See `Operations`."""
        return self.namespace.index_select(values, 0, rows)

    def nonzero(self, mask: Any) -> tuple[Any, ...]:
        """See `Operations`."""
        return tuple(self.namespace.nonzero(mask, as_tuple=True))

    def smallest(self, values: Any) -> Any:
        """See `Operations`."""
        return self.namespace.amin(values, 1)

    def running_sum(self, values: Any) -> Any:
        """See `Operations`."""
        return self.namespace.cumsum(values, 0)


class CupyOperations(Operations):
    """CuPy's spelling, which was NumPy's before there was a standard; a device is a context there."""

    @property
    def has_float64(self) -> bool:
        """See `Operations`."""
        return True

    def context(self) -> AbstractContextManager[Any]:
        """See `Operations`."""
        context: AbstractContextManager[Any] = self.device
        return context

    def from_numpy(self, values: NDArray[Any]) -> Any:
        """See `Operations`."""
        with self.context():
            return self.namespace.asarray(np.array(values))

    def arange(self, n: int) -> Any:
        """See `Operations`."""
        with self.context():
            return self.namespace.arange(n)

    def cast(self, values: Any, dtype: str) -> Any:
        """See `Operations`."""
        return values.astype(dtype, copy=False)

    def running_sum(self, values: Any) -> Any:
        """See `Operations`."""
        return self.namespace.cumsum(values)

    def concatenate(self, parts: Sequence[Any], axis: int = 0) -> Any:
        """See `Operations`."""
        return parts[0] if len(parts) == 1 else self.namespace.concatenate(tuple(parts), axis=axis)


def operations_of(namespace: Any, array: Any) -> Operations:
    """The operations of an array's library, on its device."""
    special = {"torch": TorchOperations, "cupy": CupyOperations}
    return special.get(namespace.__name__, Operations)(namespace, array.device)
