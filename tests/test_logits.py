"""Logits alone are those of the explanations: whatever the model, the question and the kind of rows."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler

from every_model import CASES, data
from neonxai import Centroids, ClusterExplainer, forward
from neonxai.networks import CentroidNetwork

WINE = StandardScaler().fit_transform(load_wine().data)
TEXTS = ["red and sweet", "dry, red", "white and dry", "white, sweet", "red, red"] * 3
MODELS = {
    "k-means": (KMeans(6, n_init=2, random_state=0), WINE, {}),
    "k-means, beta=inf": (KMeans(6, n_init=2, random_state=0), WINE, {"beta": np.inf}),
    "soft": (KMeans(6, n_init=2, random_state=0), WINE, {"pooling": "soft"}),
    "shapley": (KMeans(4, n_init=2, random_state=0), WINE[:, :5], {"method": "shapley"}),
    "integrated": (KMeans(4, n_init=2, random_state=0), WINE, {"method": "integrated"}),
    "a tree": (BisectingKMeans(6, random_state=0), WINE, {}),
    "behind PCA": (make_pipeline(PCA(4), KMeans(5, n_init=2, random_state=0)), WINE, {}),
    "behind a curve": (make_pipeline(PowerTransformer(), KMeans(5, n_init=2, random_state=0)), WINE, {}),
    "sparse": (KMeans(5, n_init=2, random_state=0), csr_array(np.where(WINE > 0, WINE, 0)), {}),
    "sparse, dense beside": (BisectingKMeans(5, random_state=0), csr_array(np.where(WINE > 0, WINE, 0)), {}),
    "texts": (make_pipeline(TfidfVectorizer(), KMeans(3, random_state=0)), TEXTS, {}),
}


def assert_same(explainer, X, **asked):
    e = explainer.explain(X, **asked)
    found = explainer.logits(X, **asked)
    assert found.dtype == e.logits.dtype
    # Rounding: at most 1e-11 of the evidence of the products, which may nearly cancel in the logit.
    size = max(1.0, np.abs(e.logits).max())
    np.testing.assert_allclose(found, e.logits, rtol=1e-10, atol=1e-11 * size)
    all_of_it = forward.forward(explainer, X, **asked)
    names = np.array(explainer.cluster_names_)
    assert names[all_of_it.targets].tolist() == e.targets.tolist()
    assert names[all_of_it.labels].tolist() == e.labels.tolist()
    unequal = names[all_of_it.competitors] != e.competitors
    assert not unequal.any()


@pytest.mark.parametrize("name", MODELS)
def test_all_questions(name):
    model, X, options = MODELS[name]
    explainer = ClusterExplainer(model, **options).fit(X)
    clusters = np.array(explainer.cluster_names_)
    n_rows = len(X) if isinstance(X, list) else X.shape[0]
    some = np.random.default_rng(0).choice(clusters, n_rows)
    assert_same(explainer, X)
    assert_same(explainer, X, target=some)
    assert_same(explainer, X, target=clusters[1], against=clusters[0])
    with pytest.raises(ValueError, match="against itself"):
        explainer.logits(X, target=clusters[1], against=clusters[1])
    with pytest.raises(ValueError, match="is not a cluster of this model"):
        explainer.logits(X, target=7)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_model(case):
    X, y = data("wine")
    model = case.fit(X, y)
    explainer = ClusterExplainer(model).fit(X)
    assert_same(explainer, X)
    moved = X + np.random.default_rng(1).normal(scale=0.5, size=X.shape)
    assert_same(explainer, moved)
    if len(explainer.cluster_names_) > 1 and explainer.network_.default_target is None:
        assert_same(explainer, moved, target=explainer.cluster_names_[1])


def test_by_hand():
    """Centers 0, 4 and 10, x = 3: d = 9, 1, 49; it is in cluster 1."""
    explainer = ClusterExplainer(Centroids([[0.0], [4.0], [10.0]], cluster_names=["a", "b", "c"])).fit(
        [[3.0]]
    )
    assert explainer.logits([[3.0]]).tolist() == [9 - 1]
    assert explainer.logits([[3.0]] * 3, target=["a", "b", "c"]).tolist() == [1 - 9, 9 - 1, 1 - 49]
    assert explainer.logits([[3.0]], target="a", against="c").tolist() == [49 - 9]


def test_frames_float32_and_parts():
    explainer = ClusterExplainer(KMeans(6, n_init=2, random_state=0)).fit(WINE)
    whole = explainer.logits(WINE)
    frame = pd.DataFrame(WINE, columns=[f"x{i}" for i in range(13)])
    assert np.array_equal(explainer.logits(frame), whole)
    single = explainer.logits(WINE.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, whole, rtol=1e-5, atol=1e-5)
    for rows in (slice(0, 1), slice(50, 120)):
        np.testing.assert_allclose(explainer.logits(WINE[rows]), whole[rows], rtol=1e-12)
    with pytest.raises(ValueError, match="too large for float32"):
        ClusterExplainer(Centroids([[0.0], [1e25]])).fit([[0.0]]).logits(np.float32([[1e24]]))
    with pytest.raises(ValueError, match="X has 12 features, but"):
        explainer.logits(WINE[:, :12])


def test_nothing_is_sent_back(monkeypatch):
    """A network that can't redistribute has logits."""
    explainer = ClusterExplainer(KMeans(6, n_init=2, random_state=0)).fit(WINE)
    monkeypatch.setattr(CentroidNetwork, "redistribute", None)
    assert len(explainer.logits(WINE, target=2)) == len(WINE)


def test_logits_of_another_question_are_rejected(monkeypatch):
    """The sign forgotten for rows that are not in the cluster."""
    explainer = ClusterExplainer(KMeans(6, n_init=2, random_state=0)).fit(WINE)
    right = forward.forward
    monkeypatch.setattr(
        "neonxai.explainer.forward", lambda *asked: (f := right(*asked))._replace(logits=np.abs(f.logits))
    )
    with pytest.raises(AssertionError):
        assert_same(explainer, WINE, target=1)
