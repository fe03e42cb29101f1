"""Nothing but centers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neonxai import frames
from neonxai.networks import CentroidNetwork
from neonxai.sources.registry import Source, register


class Centroids:
    """A clustering given by its centers: each row belongs to the nearest one, by Euclidean distance.

    Parameters
    ----------
    centers : array-like or frame of shape (n_clusters, n_features)
        The centers, in the unit of the data. The columns of a frame name the features.
    cluster_names : sequence, optional
        Numbers or strings; by default 0, 1, ...

    Raises
    ------
    ValueError
        If the centers are not a finite matrix of numbers, or the names are not as many, or not different.

    Examples
    --------
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0], [2.0]], cluster_names=["low", "high"]), [[0.5], [3.0]])
    >>> [e.cluster_names[k] for k in e.labels]
    ['low', 'high']
    """

    def __init__(self, centers: ArrayLike, cluster_names: Sequence[Any] | None = None) -> None:
        try:
            table = frames.read(centers)
        except (TypeError, ValueError) as error:
            raise type(error)(f"The centers can't be used. {error}") from error
        self.centers = np.array(table.values, copy=True)
        self.feature_names = table.names
        n_clusters = len(self.centers)
        self.cluster_names = tuple(range(n_clusters)) if cluster_names is None else plain(cluster_names)
        if len(self.cluster_names) != n_clusters or len(set(self.cluster_names)) != n_clusters:
            raise ValueError(
                f"cluster_names={list(self.cluster_names)!r} don't name {n_clusters} centers: give each a "
                "name of its own."
            )

    def __repr__(self) -> str:
        return f"Centroids({self.centers.shape[0]} centers × {self.centers.shape[1]} features)"


def plain(names: Sequence[Any]) -> tuple[Any, ...]:
    """Turn NumPy's scalars into Python's, which every frame and JSON take."""
    return tuple(name.item() if isinstance(name, np.generic) else name for name in names)


@register("neonxai.Centroids")
def _centroids(model: Centroids) -> Source:
    return Source(CentroidNetwork(model.centers), model.cluster_names, model.feature_names)
