"""Arrays of the libraries that can be had without a GPU, and of devices that NumPy must not touch."""

from __future__ import annotations

from contextlib import contextmanager
from unittest import mock

import array_api_strict as strict
import jax
import numpy as np
import torch

from neonxai.tensors import Tensor

KINDS = {
    "torch": torch.asarray,
    "jax": jax.numpy.asarray,
    "array-api-strict": strict.asarray,
}
ELSEWHERE = strict.Device("device1")  # its arrays refuse to become NumPy's


def elsewhere(X):
    """On a device that is not the CPU, as far as can be had here."""
    return strict.asarray(np.array(X), device=ELSEWHERE)


@contextmanager
def not_the_host():
    """In which even arrays on the CPU are explained as those of a device are, by their own library."""
    with mock.patch.object(Tensor, "host", None):
        yield


def same_kind(array, like):
    return type(array) is type(like) and array.device == like.device
