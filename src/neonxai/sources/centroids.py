"""Nothing but centers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neonxai import frames
from neonxai.names import check_cluster_names
from neonxai.networks import CentroidNetwork
from neonxai.sources.registry import register
from neonxai.sources.source import Source


class Centroids:
    """A clustering given by its centers: each row belongs to the nearest one, by Euclidean distance.

    Parameters
    ----------
    centers : array-like or frame of shape (n_clusters, n_features)
        The centers, in the unit of the data. The columns of a frame name the features.
    cluster_names : sequence, optional
        All numbers or all strings; by default 0, 1, ...

    Raises
    ------
    ValueError
        If the centers are not a finite matrix of numbers, or the names are not as many, or not different.

    Examples
    --------
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0], [2.0]], cluster_names=["low", "high"]), [[0.5], [3.0]])
    >>> e.labels.tolist()
    ['low', 'high']
    """

    def __init__(self, centers: ArrayLike, cluster_names: Sequence[Any] | None = None) -> None:
        try:
            table = frames.read(centers)
        except (TypeError, ValueError) as error:
            raise type(error)(f"The centers can't be used. {error}") from error
        self.centers = np.array(table.values, copy=True)
        self.feature_names = table.names
        names = range(len(self.centers)) if cluster_names is None else cluster_names
        self.cluster_names = check_cluster_names(names, len(self.centers))

    def __repr__(self) -> str:
        return f"Centroids({self.centers.shape[0]} centers × {self.centers.shape[1]} features)"


@register("neonxai.Centroids")
def _centroids(model: Centroids) -> Source:
    return Source(CentroidNetwork(model.centers), model.cluster_names, model.feature_names)
