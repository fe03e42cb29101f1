"""Arrays of other libraries (PyTorch, CuPy, JAX, whatever has the array API), none of which is imported."""

from neonxai.tensors.native import Tensor, host_copy, namespace_of, recognize, take_rows
from neonxai.tensors.operations import Operations

__all__ = ["Operations", "Tensor", "host_copy", "namespace_of", "recognize", "take_rows"]
