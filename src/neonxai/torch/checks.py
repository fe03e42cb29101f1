"""What every public function of this package asks of its arguments."""

import math
import operator
from numbers import Real
from typing import SupportsIndex, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike

TensorLike: TypeAlias = torch.Tensor | ArrayLike


def as_float_tensor(values: TensorLike, name: str) -> torch.Tensor:
    """Return values as a real floating tensor; a tensor stays on its device, the rest is copied.

    Raises
    ------
    TypeError
        If the values are complex or no numbers.
    """
    if isinstance(values, torch.Tensor):
        tensor = values.detach()
    elif isinstance(values, list | tuple):
        tensor = torch.tensor(values)
    else:
        # torch.tensor copies: as_tensor would share, and warns about, read-only arrays.
        tensor = torch.tensor(np.asarray(values))
    if tensor.is_complex():
        raise TypeError(
            f"{name} is complex ({tensor.dtype}), and distances need real numbers. Pass {name}.real."
        )
    return tensor if tensor.is_floating_point() else tensor.to(torch.get_default_dtype())


def check_rows(x: object, centroids: torch.Tensor, name: str = "x") -> None:
    """Check type, shape, dtype and device of a batch; never its values, so that it compiles.

    Raises
    ------
    TypeError
        If it is no floating tensor.
    ValueError
        If it is not of shape (n_rows, n_features) or lies on another device than the centroids.
    """
    if not isinstance(x, torch.Tensor):
        raise TypeError(
            f"{name} must be a torch.Tensor; got {type(x).__name__}. Use torch.as_tensor({name})."
        )
    if not x.is_floating_point():
        raise TypeError(
            f"{name} must hold floating-point numbers; got {x.dtype}. Use {name}.float() or .double()."
        )
    if x.dim() != 2:
        hint = f" Pass one row as {name}[None]." if x.dim() == 1 else ""
        raise ValueError(f"{name} must have the shape (n_rows, n_features); got {tuple(x.shape)}.{hint}")
    if x.shape[1] != centroids.shape[1]:
        raise ValueError(
            f"{name} has {x.shape[1]} features, but the centroids have {centroids.shape[1]}. "
            "Pass the columns that k-means was fitted on."
        )
    if x.device != centroids.device:
        raise ValueError(
            f"{name} is on {x.device}, but the centroids are on {centroids.device}. "
            f"Move one of them: model.to({name}.device)."
        )


def check_finite(x: torch.Tensor, name: str) -> None:
    """Check that there are rows and that no value is NaN or infinite.

    Raises
    ------
    ValueError
        If there are no rows, or naming the first bad value's row and column.
    """
    if x.shape[0] == 0:
        raise ValueError(f"{name} has no rows. Pass at least one.")
    place = first_not_finite(x)
    if place is not None:
        row, column = place
        raise ValueError(
            f"{name} has the value {x[row, column].item()} in row {row}, column {column}. "
            "Distances need finite numbers: impute or drop such rows."
        )


def first_not_finite(x: torch.Tensor) -> tuple[int, int] | None:
    """Return row and column of the first NaN or infinity in a matrix; None if there is none."""
    # A sum takes no memory; only where it is not finite, perhaps by overflow, are the values looked at.
    if bool(torch.isfinite(x.detach().sum())):
        return None
    bad = (~torch.isfinite(x)).nonzero()
    return None if len(bad) == 0 else (int(bad[0, 0]), int(bad[0, 1]))


def check_centroids(centroids: torch.Tensor) -> None:
    """Check that centroids are finite, of shape (n_clusters, n_features), and at least two.

    Raises
    ------
    ValueError
    """
    if centroids.dim() != 2:
        raise ValueError(
            f"The centroids must have the shape (n_clusters, n_features); got {tuple(centroids.shape)}."
        )
    as_n_clusters(centroids.shape[0])
    check_finite(centroids, "centroids")


def as_integer(value: object) -> int | None:
    """Return what has an index, an int or an integer of numpy, as an int; None for the rest and for bools."""
    if isinstance(value, bool | torch.Tensor) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except TypeError:  # an array that is no integer has the method, too
        return None


def as_n_clusters(n_clusters: object) -> int:
    """Return the number of clusters as an int that leaves room for a competitor.

    Raises
    ------
    ValueError
    """
    number = as_integer(n_clusters)
    if number is None or number < 2:
        raise ValueError(
            f"n_clusters must be an integer of at least 2; got {n_clusters!r}. "
            "A logit is evidence against a competitor, which a single cluster lacks."
        )
    return number


def as_clusters(cluster: SupportsIndex | torch.Tensor, x: torch.Tensor, n_clusters: int) -> torch.Tensor:
    """Return one cluster per row, shape (n_rows,), from an integer or a tensor.

    Raises
    ------
    TypeError
        If it is neither an integer nor a tensor of dtype int64.
    ValueError
        If its shape is wrong or there is no such cluster.
    """
    one = as_integer(cluster)
    if one is not None:
        if not 0 <= one < n_clusters:
            raise ValueError(f"Unknown cluster {one}; the clusters are 0 to {n_clusters - 1}.")
        return torch.full((x.shape[0],), one, dtype=torch.long, device=x.device)
    if not isinstance(cluster, torch.Tensor) or cluster.dtype != torch.long:
        kind = cluster.dtype if isinstance(cluster, torch.Tensor) else type(cluster).__name__
        raise TypeError(f"cluster must be an integer or a tensor of dtype torch.int64; got {kind}.")
    if cluster.shape != (x.shape[0],):
        raise ValueError(
            f"cluster must hold one cluster for each of the {x.shape[0]} rows, shape ({x.shape[0]},); "
            f"got {tuple(cluster.shape)}."
        )
    # The range can't be looked at in a compiled graph; there an unknown cluster fails in gather.
    if not torch.compiler.is_compiling():
        bad = (cluster < 0) | (cluster >= n_clusters)
        if bool(bad.any()):
            row = int(bad.nonzero()[0, 0])
            raise ValueError(
                f"Unknown cluster {int(cluster[row])} in row {row}; the clusters are 0 to {n_clusters - 1}."
            )
    return cluster.to(x.device)


def as_beta(beta: object) -> float:
    """Return β as a float from a number or a tensor with one element.

    Raises
    ------
    TypeError
        If it is not one real number.
    ValueError
        If it is negative or NaN.
    """
    if isinstance(beta, torch.Tensor) and beta.numel() == 1 and not beta.is_complex():
        value = float(beta.item())
    elif isinstance(beta, Real):
        value = float(beta)
    else:
        shown = f"a tensor of shape {tuple(beta.shape)}" if isinstance(beta, torch.Tensor) else repr(beta)
        raise TypeError(f"beta must be one real number, from 0 to inf; got {shown}.")
    if math.isnan(value) or value < 0:
        raise ValueError(f"beta must be from 0 (the mean) to inf (the nearest only); got {value}.")
    return value
