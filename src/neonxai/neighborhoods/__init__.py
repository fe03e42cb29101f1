"""Who is near a row: the nearest points, soft distances to groups of points, points recognised again.

Knows neither clusters nor relevance; `neonxai.networks` are built on it.
"""

from neonxai.neighborhoods.bandwidth import likely_bandwidth
from neonxai.neighborhoods.dense import DenseSearcher
from neonxai.neighborhoods.nearest import NEGLECTED, NearestSearcher
from neonxai.neighborhoods.points import Groups, LeftOut, Neighborhood, Searcher
from neonxai.neighborhoods.recognition import KnownRows
from neonxai.neighborhoods.search import METHODS, Method, NeighborSearch

__all__ = [
    "METHODS",
    "NEGLECTED",
    "DenseSearcher",
    "Groups",
    "KnownRows",
    "LeftOut",
    "Method",
    "NearestSearcher",
    "NeighborSearch",
    "Neighborhood",
    "Searcher",
    "likely_bandwidth",
]
