"""Explain any clustering: which input features put each point where it is, exactly."""

from importlib.metadata import version

from neonxai.explainer import ClusterExplainer, explain
from neonxai.explanation import Explanation
from neonxai.sources import Centroids

__all__ = ["Centroids", "ClusterExplainer", "Explanation", "explain"]
__version__ = version("neonxai")
