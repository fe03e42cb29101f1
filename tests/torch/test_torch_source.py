"""`neonxai.explain` knows the PyTorch k-means, and both ways agree."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai.testing import check_source
from neonxai.torch import KMeans, NeuralizedKMeans, neon

WINE = StandardScaler().fit_transform(load_wine().data)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("wrap", [lambda model: model, NeuralizedKMeans], ids=["KMeans", "NeuralizedKMeans"])
def test_both_ways_agree(wrap, dtype):
    X = torch.tensor(WINE, dtype=dtype)
    model = KMeans(4, n_init=1, random_state=0).fit(X)
    e = neonxai.explain(wrap(model), X.numpy(), beta=0.5)
    assert np.array_equal(e.labels, model.decision(X).numpy())
    scale = np.abs(e.relevance).sum(axis=1, keepdims=True)
    error = np.abs(neon(model, X, 0.5).numpy() - e.relevance) / scale
    assert error.max() < (1e-12 if dtype == torch.float64 else 1e-6)  # some ulp of two orders of summation
    check_source(wrap(model), X.numpy(), model.decision(X).numpy())


def test_half_precision_centroids_are_read_as_they_are():
    model = KMeans(2).fit(torch.tensor([[0.0], [1.0], [9.0]], dtype=torch.bfloat16))
    e = neonxai.explain(model, [[0.0], [9.0]])
    assert e.logits.tolist() == [81.0 - 0.25, 72.25]


def test_unfitted():
    with pytest.raises(NotFittedError, match="no centroids yet"):
        neonxai.explain(KMeans(2), WINE)
