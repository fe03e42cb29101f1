"""A clustering and its relevance as Quantus takes them, so that its metrics judge them too."""

from importlib.util import find_spec
from typing import Any

import numpy as np

from neonxai.evaluation.deck import read_deck
from neonxai.evaluation.relevances import relevance_for
from neonxai.explainer import ClusterExplainer
from neonxai.explanation import Explanation
from neonxai.forward import forward


def to_quantus(explainer: ClusterExplainer, X: Any, relevance: Any = None) -> dict[str, Any]:
    """Return the arguments that the metrics of Quantus are called with [Hedstroem2023]_.

    The clustering is a classifier with a PyTorch module's interface, whose output is the logit f_k of every
    cluster. It has no gradient and no layers. Quantus hands it float32, so that values have about 7 digits.

    Parameters
    ----------
    explainer : ClusterExplainer
        A fitted one, of columns of numbers; in front of the clustering there may be a pipeline's steps.
    X : array-like or frame of shape (n_samples, n_features)
        Rows.
    relevance : Explanation, frame or array-like of shape (n_samples, n_features), optional
        The explanation that is judged; by default the explainer's own. An Explanation's ``targets`` are the
        clusters that are looked at; otherwise it is the assigned ones.

    Returns
    -------
    dict
        ``model``; ``x_batch`` and ``a_batch`` of shape (n_samples, 1, n_features), with one channel, as
        Quantus counts the features of the last axis; ``y_batch`` of shape (n_samples,), clusters by
        their positions in ``explainer.cluster_names_``; ``softmax`` (False: logits) and ``channel_first``;
        ``explain_func``, the explainer's own relevance, for metrics that explain changed rows.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    TypeError, ValueError
        As `deletion_curve`.

    Examples
    --------
    >>> import neonxai
    >>> explainer = neonxai.ClusterExplainer(neonxai.Centroids([[0, 0], [4, 2]])).fit([[0, 0]])
    >>> given = to_quantus(explainer, [[0, 0]])
    >>> given["a_batch"], given["y_batch"]
    (array([[[16.,  4.]]]), array([0]))
    >>> import torch
    >>> given["model"](torch.tensor([[3.0, 0.0]]))  # (1 + 4) − 9 = −4 for cluster 0
    tensor([[-4.,  4.]], dtype=torch.float64)
    """
    if find_spec("torch") is None:
        raise ImportError('Quantus judges models of PyTorch. Run: pip install "neonxai[quantus]"')
    from neonxai.evaluation.logits_module import LogitsModule

    deck = read_deck(explainer, X)
    targets = None
    if isinstance(relevance, Explanation):
        if len(relevance) != len(deck.values):
            raise ValueError(
                f"The explanation has {len(relevance)} rows, but X has {len(deck.values)}. Explain these "
                "rows."
            )
        targets = relevance.targets
    elif relevance is None:
        relevance = explainer.explain(deck.dealt(deck.values))
    names = np.array(explainer.cluster_names_)

    def explain(model: Any, inputs: Any, targets: Any, **_: Any) -> Any:  # noqa: ARG001  # as Quantus calls it
        """Explain changed rows for the same clusters."""
        changed = np.asarray(inputs, dtype=np.float64)
        rows = deck.dealt(changed.reshape(len(changed), -1))
        return explainer.explain(rows, names[np.asarray(targets)]).relevance.reshape(changed.shape)

    return {
        "model": LogitsModule(explainer, deck).eval(),
        "x_batch": deck.values[:, None].copy(),
        "y_batch": forward(explainer, deck.dealt(deck.values), targets).targets,
        "a_batch": relevance_for(relevance, deck)[:, None].copy(),
        "softmax": False,
        "channel_first": True,
        "explain_func": explain,
    }
