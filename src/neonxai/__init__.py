"""Explain any clustering: which input features put each point where it is, exactly."""

from importlib.metadata import version

from neonxai.agreement import LowAgreementWarning
from neonxai.explainer import ClusterExplainer
from neonxai.explanation import Explanation
from neonxai.shortcuts import explain, explain_labels
from neonxai.sources import Centroids, FuzzyCentroids, Labels

__all__ = [
    "Centroids",
    "ClusterExplainer",
    "Explanation",
    "FuzzyCentroids",
    "Labels",
    "LowAgreementWarning",
    "explain",
    "explain_labels",
]
__version__ = version("neonxai")
