"""What can be explained on a device, and rows there as far as they have to be read."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonxai import frames, sources
from neonxai.devices.diagonal import DiagonalForm
from neonxai.devices.form import Form
from neonxai.devices.linear import LinearForm
from neonxai.networks import DiagonalGaussianNetwork
from neonxai.networks.sparse_rows import as_linear
from neonxai.sources import Labels
from neonxai.stages.machine import Machine
from neonxai.stages.propagation import overflow_is_checked
from neonxai.stages.reading import is_fitted_transformer
from neonxai.tensors import Tensor, recognize
from neonxai.transforms.rows import NoSteps, Rows
from neonxai.transforms.split import split


def model_rows(model: Any, preprocessing: Any, X: Any) -> tuple[Tensor | None, Any]:
    """Recognise rows, and say what `neonxai.stages.reading.read_model` may look at.

    Parameters
    ----------
    model : object
        A clustering, or a pipeline that ends in one.
    preprocessing : transformer or None
        What is in front of a model that is no pipeline.
    X : object
        Rows.

    Returns
    -------
    tensor : Tensor or None
        None for rows that are no array of another library.
    rows : object
        X, seen by NumPy where it is such an array; one row of ones in place of rows that NumPy can't see.

    Raises
    ------
    TypeError
        If a model that is on another device would need the rows themselves.
    """
    tensor = recognize(X)
    if tensor is None or tensor.host is not None:
        return tensor, X if tensor is None else tensor.host
    clustering = split(model)[1]
    for part, is_fitted in ((clustering, sources.is_fitted), (preprocessing, is_fitted_transformer)):
        if part is not None and not is_fitted(part):
            remedy = f"Fit it first, to {tensor.to_cpu}."
            raise _uncovered(tensor, part, "is not fitted, which the CPU would do", remedy)
    if isinstance(sources.neuralize(clustering), Labels):
        raise _uncovered(tensor, clustering, "is known by its labels alone, and explained by all its points")
    return tensor, _stand_in(tensor)


def network_rows(explainer: Any, X: Any) -> tuple[Tensor | None, Rows]:
    """Recognise and read rows; of those on another device only their form, and what is asked to explain them.

    Whether values are finite is left to `Rows.check`.

    Parameters
    ----------
    explainer : ClusterExplainer
        Fitted.
    X : object
        Rows.

    Raises
    ------
    TypeError
        If the model is not explained on that device.
    ValueError
        If X is no table.
    """
    tensor, entrance = recognize(X), explainer.entrance_
    if tensor is None or tensor.host is not None:
        return tensor, entrance.read(X if tensor is None else tensor.host, unchecked=True)
    model, network = explainer.model_, explainer.network_
    if type(entrance) is not NoSteps:
        raise _uncovered(tensor, model, "has preprocessing steps that are not affine")
    if explainer.method != "neon":
        raise _uncovered(tensor, model, f'is explained by method="{explainer.method}", which needs the CPU')
    with overflow_is_checked():
        is_covered = isinstance(network, DiagonalGaussianNetwork) or as_linear(network) is not None
    if not is_covered:
        raise _uncovered(tensor, model, f"is explained by {network!r}, which is neither linear nor diagonal")
    if not tensor.operations.has_float64:
        raise TypeError(
            f"X is on {tensor.native.device}, where {tensor.operations.namespace.__name__} has no float64, "
            "in which relevance is computed. Enable it (in JAX: jax.config.update('jax_enable_x64', True)), "
            f"or pass {tensor.to_cpu}."
        )
    return tensor, replace(entrance.read(_stand_in(tensor)), n_rows=int(tensor.native.shape[0]))


def form_of(machine: Machine, tensor: Tensor) -> Form:
    """Layer 1 of a network that `network_rows` has found possible, on the rows' device."""
    if isinstance(machine.network, DiagonalGaussianNetwork):
        return DiagonalForm.of(machine.network, tensor.operations)
    assert machine.linear is not None  # noqa: S101  # as it has been asked before
    return LinearForm.of(machine.linear, tensor.operations)


def _stand_in(tensor: Tensor) -> NDArray[Any]:
    """A row of ones that has the form of the rows; all of them, where that is no table."""
    if "complex" in tensor.dtype_name:
        raise ValueError(
            f"Complex data not supported: X is {tensor.dtype_name}. Pass real and imaginary parts."
        )
    shape = tuple(tensor.native.shape)
    is_table = len(shape) == 2 and 0 not in shape
    ones = np.ones((1, shape[1]) if is_table else shape, dtype=tensor.answer_dtype)
    return ones if is_table else frames.read(ones).values


def _uncovered(tensor: Tensor, model: Any, why: str, remedy: str = "") -> TypeError:
    name = type(model).__qualname__
    return TypeError(
        f"X is on {tensor.native.device}, and this {name} {why}. What is explained on other devices than the "
        "CPU is k-means and its like, also behind affine steps, and Gaussians with a common or a diagonal "
        f"covariance; nothing is copied unasked. {remedy or f'Pass {tensor.to_cpu}.'}"
    )
