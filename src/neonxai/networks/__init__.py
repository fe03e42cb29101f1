"""The mathematics: clusterings as neural networks, one file per family."""

from neonxai.networks.base import Network, family, network_from_state
from neonxai.networks.centroid import CentroidNetwork
from neonxai.networks.tree import CentroidTreeNetwork

__all__ = ["CentroidNetwork", "CentroidTreeNetwork", "Network", "family", "network_from_state"]
