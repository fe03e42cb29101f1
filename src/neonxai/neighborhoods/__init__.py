"""Who is near a row: the nearest points, soft distances to groups of points, points recognised again.

Knows neither clusters nor relevance; `neonxai.networks` are built on it.
"""

from neonxai.neighborhoods.bandwidth import likely_bandwidth
from neonxai.neighborhoods.dense import DenseSearcher
from neonxai.neighborhoods.moments import Behind, Moments, Products
from neonxai.neighborhoods.nearest import NEGLECTED, NearestSearcher
from neonxai.neighborhoods.points import Groups, LeftOut, Neighborhood, Searcher
from neonxai.neighborhoods.recognition import KnownRows
from neonxai.neighborhoods.search import METHODS, Method, NeighborSearch

__all__ = [
    "METHODS",
    "NEGLECTED",
    "Behind",
    "DenseSearcher",
    "Groups",
    "KnownRows",
    "LeftOut",
    "Method",
    "Moments",
    "NearestSearcher",
    "NeighborSearch",
    "Neighborhood",
    "Products",
    "Searcher",
    "likely_bandwidth",
]
