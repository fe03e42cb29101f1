"""The PyTorch k-means of `neonxai.torch`, read without importing PyTorch."""

from typing import Any

from sklearn.exceptions import NotFittedError

from neonxai.networks import CentroidNetwork
from neonxai.sources.labels import Labels
from neonxai.sources.registry import register
from neonxai.sources.source import Source


@register("neonxai.torch.KMeans")
def kmeans(model: Any) -> Source:
    """Explain by the nearest of ``centroids``."""
    centroids = model.centroids
    if not len(centroids):
        raise NotFittedError(
            "This neonxai.torch.KMeans has no centroids yet. Call its fit(X) or load_state_dict(state) first."
        )
    return Source(CentroidNetwork(centroids.detach().cpu().double().numpy()), tuple(range(len(centroids))))


@register("neonxai.torch.NeuralizedKMeans")
def neuralized_kmeans(model: Any) -> Source | Labels:
    """Explain the k-means that was neuralized."""
    return kmeans(model.kmeans)
