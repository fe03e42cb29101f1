"""Recognising arrays of other libraries, and handing arrays to and fro."""

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neonxai.tensors.operations import Operations, operations_of

# DLPack's numbers of devices whose memory the processor reads: its own, and that pinned for CUDA and ROCm.
_HOST_DEVICES = (1, 3, 11)
# How each library copies an array to the CPU, for messages.
_TO_CPU = {
    "torch": "X.cpu()",
    "cupy": "cupy.asnumpy(X)",
    "jax.numpy": "jax.device_get(X)",
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """An array of another library, as a user passes it.

    Attributes
    ----------
    native : array
        The array, outside of any graph of gradients; of the library's own dtype.
    operations : Operations
        What can be done with it.
    """

    native: Any
    operations: Operations

    @classmethod
    def of(cls, X: Any, namespace: Any) -> Self:
        """Take an array of a known library.

        Raises
        ------
        TypeError
            If it is one of PyTorch's sparse tensors.
        """
        if namespace.__name__ == "torch":
            if X.layout != namespace.strided:
                raise TypeError(
                    f"X is a sparse tensor ({X.layout}), which is not supported. Pass X.to_dense(), or the "
                    "rows as a scipy.sparse.csr_array, which is explained without being written out."
                )
            X = X.detach()
        return cls(X, operations_of(namespace, X))

    @property
    def dtype_name(self) -> str:
        """The dtype's name in the standard, such as "float32"."""
        return str(self.native.dtype).rpartition(".")[2]

    @property
    def answer_dtype(self) -> str:
        """What an answer is: float32 for floats up to that, and where it is the widest; otherwise float64."""
        is_narrow = "float" in self.dtype_name and self.dtype_name != "float64"
        return "float32" if is_narrow or not self.operations.has_float64 else "float64"

    @cached_property
    def host(self) -> NDArray[Any] | None:
        """The array's own memory, seen by NumPy; None where NumPy can't look.

        Floats narrower than float32, some of which NumPy does not know, are copied into float32 without loss.
        """
        try:
            device = int(self.native.__dlpack_device__()[0])
        except (BufferError, ValueError):  # the standard's and PyTorch's, for a device that DLPack has not
            return None
        if device not in _HOST_DEVICES:
            return None
        native = self.native
        if "float" in self.dtype_name and self.dtype_name not in ("float32", "float64"):
            native = self.operations.cast(native, "float32")
        try:
            return np.asarray(native)
        except RuntimeError:  # a device that lies in the host's memory, and is none of NumPy's business
            return None

    @property
    def to_cpu(self) -> str:
        """How to copy the array to the CPU, for messages."""
        return _TO_CPU.get(self.operations.namespace.__name__, "a copy of X on the CPU")

    def own(self, values: Any) -> Any:
        """Turn NumPy's floats into an array of the library, in their memory where it can use that.

        Parameters
        ----------
        values : array or object
            Numbers; anything else, such as sparse arrays, text and None, stays as it is.
        """
        if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
            return values
        if self._is_host(values) and values.dtype.name == self.dtype_name:
            return self.native
        if not self.operations.has_float64:
            values = values.astype(np.float32, copy=False)
        if not values.flags.writeable:  # DLPack can't always say so
            values = values.copy()
        return self.operations.namespace.from_dlpack(np.ascontiguousarray(values))

    def _is_host(self, values: NDArray[Any]) -> bool:
        """Whether these are the array's values where they are."""
        host = self.host
        if host is None:
            return False
        return values is host or values.__array_interface__ == host.__array_interface__


def namespace_of(X: Any) -> Any:
    """The functions of an array's library, or None for anything of NumPy or that is no array.

    Parameters
    ----------
    X : object
        Anything. An array is one of PyTorch or CuPy, or has ``__array_namespace__`` and DLPack.

    Examples
    --------
    >>> namespace_of(np.zeros(2)) is None, namespace_of([0.0, 0.0]) is None
    (True, True)
    """
    if isinstance(X, np.ndarray | np.generic | list):
        return None
    # These two are older than the standard, and do not say that they nearly follow it.
    for name, kind in (("torch", "Tensor"), ("cupy", "ndarray")):
        library = sys.modules.get(name)
        if library is not None and isinstance(X, getattr(library, kind, ())):
            return library
    if hasattr(X, "__array_namespace__") and hasattr(X, "__dlpack_device__"):
        return X.__array_namespace__()
    return None


def recognize(X: Any) -> Tensor | None:
    """An array of another library; None for anything else.

    Raises
    ------
    TypeError
        If it is one of PyTorch's sparse tensors.
    """
    namespace = namespace_of(X)
    return None if namespace is None else Tensor.of(X, namespace)


def host_copy(X: Any) -> Any:
    """A NumPy array of an array of another library, wherever it is; anything else as it is.

    The one place where anything is copied from a device. On the CPU it is the array's own memory.
    """
    tensor = recognize(X)
    if tensor is None:
        return X
    if tensor.host is not None:
        return tensor.host
    name = tensor.operations.namespace.__name__
    if name == "torch":
        return tensor.native.cpu().numpy()
    if name == "cupy":
        return tensor.native.get()
    if name.startswith("jax"):
        return np.asarray(tensor.native)
    return np.from_dlpack(tensor.native, device="cpu")


def take_rows(X: Any, rows: slice | NDArray[Any]) -> Any:
    """Some rows of an array of any library, where it is.

    Parameters
    ----------
    X : array
        Of one or two dimensions.
    rows : slice or array
        A slice, a mask or indices; NumPy's.
    """
    namespace = namespace_of(X)
    if namespace is None:
        return X[rows]
    if isinstance(rows, slice):
        start, stop, step = rows.indices(X.shape[0])
        if step > 0:
            return X[start : max(start, stop) : step, ...]
    operations = operations_of(namespace, X)
    with operations.context():
        return operations.take(X, operations.from_numpy(np.arange(X.shape[0])[rows]))
