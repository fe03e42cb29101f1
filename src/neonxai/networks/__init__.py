"""The mathematics: clusterings as neural networks, one file per family."""

from neonxai.networks.base import Network, family, network_from_state
from neonxai.networks.centroid import CentroidNetwork
from neonxai.networks.diagonal import DiagonalGaussianNetwork
from neonxai.networks.folding import fold, linear_form
from neonxai.networks.fuzzy import FuzzyNetwork
from neonxai.networks.gaussian import GaussianNetwork
from neonxai.networks.linear import LinearNetwork
from neonxai.networks.outlier_density import DensityOutlierNetwork
from neonxai.networks.outlier_neighbors import DistanceOutlierNetwork, LocalOutlierNetwork
from neonxai.networks.support import SupportNetwork
from neonxai.networks.tree import CentroidTreeNetwork

__all__ = [
    "CentroidNetwork",
    "CentroidTreeNetwork",
    "DensityOutlierNetwork",
    "DiagonalGaussianNetwork",
    "DistanceOutlierNetwork",
    "FuzzyNetwork",
    "GaussianNetwork",
    "LinearNetwork",
    "LocalOutlierNetwork",
    "Network",
    "SupportNetwork",
    "family",
    "fold",
    "linear_form",
    "network_from_state",
]
