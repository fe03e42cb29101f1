"""A clustering with the interface of a PyTorch module; imports PyTorch."""

import numpy as np
import torch

from neonxai.evaluation.deck import Deck
from neonxai.explainer import ClusterExplainer


class LogitsModule(torch.nn.Module):
    """The logits of all clusters, for whatever `ClusterExplainer` explains; without a gradient.

    Parameters
    ----------
    explainer : ClusterExplainer
        A fitted one.
    deck : Deck
        Rows of the kind that it takes.
    """

    def __init__(self, explainer: ClusterExplainer, deck: Deck) -> None:
        super().__init__()
        self.explainer, self.deck = explainer, deck

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return f_k, shape (n_rows, n_clusters), float64, of rows, with channels or without."""
        values = x.detach().cpu().numpy().astype(np.float64)
        rows = self.deck.dealt(values.reshape(len(values), -1))
        logits = [self.explainer.logits(rows, target=name) for name in self.explainer.cluster_names_]
        return torch.from_numpy(np.column_stack(logits))
