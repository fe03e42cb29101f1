"""Foreign models → networks: one file per library, each recognised without importing it.

A model is recognised by its class, looked up by name. To support another
one, write a function from the fitted model to a `Source`, and register it:

>>> from neonxai.networks import CentroidNetwork
>>> from neonxai.sources import Source, register
>>> @register("mylibrary.cluster.MyKMeans")
... def my_kmeans(model):
...     return Source(CentroidNetwork(model.centers), cluster_names=tuple(range(len(model.centers))))

``neonxai.testing.check_source`` tests such a function on a model.
"""

from neonxai.sources import faiss, gaussian, outliers, partitions, pyod, relatives, sklearn, spark, torch
from neonxai.sources.centroids import Centroids
from neonxai.sources.fuzzy import FuzzyCentroids
from neonxai.sources.labels import Labels
from neonxai.sources.registry import check_unfitted, is_fitted, neuralize, register, supported
from neonxai.sources.source import Source

__all__ = [
    "Centroids",
    "FuzzyCentroids",
    "Labels",
    "Source",
    "check_unfitted",
    "faiss",
    "gaussian",
    "is_fitted",
    "neuralize",
    "outliers",
    "partitions",
    "pyod",
    "register",
    "relatives",
    "sklearn",
    "spark",
    "supported",
    "torch",
]
