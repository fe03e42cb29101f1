"""k-means and its explanation as PyTorch modules: on any device, differentiable, inside larger models.

An extra: ``pip install "neonxai[torch]"``. ``import neonxai`` never imports it.
"""

try:
    import torch as _torch  # noqa: F401  # only to say what is missing, before the submodules do
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError(
        'neonxai.torch needs PyTorch, which is not installed. Install it with: pip install "neonxai[torch]"'
    ) from error

from neonxai.torch.kmeans import KMeans
from neonxai.torch.neon import beta_heuristic, neon
from neonxai.torch.neuralized import NeuralizedKMeans
from neonxai.torch.pooling import soft_max, soft_min

__all__ = ["KMeans", "NeuralizedKMeans", "beta_heuristic", "neon", "soft_max", "soft_min"]
