"""The laws of invariance, for whole pipelines."""

import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA, FactorAnalysis, TruncatedSVD
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)

import neonxai

X, Y = (array[::2] for array in load_wine(return_X_y=True))
X = X[:, :8] / X[:, :8].std(axis=0)
FRONTS = {
    "scaler": lambda: [StandardScaler()],
    "robust scaler, PCA": lambda: [RobustScaler(), PCA(4, random_state=0)],
    "factors": lambda: [StandardScaler(), FactorAnalysis(3)],
    "PCA, bend": lambda: [StandardScaler(), PCA(4, random_state=0), PowerTransformer(method="yeo-johnson")],
    "splines": lambda: [MinMaxScaler(), SplineTransformer(4)],
    "products, PCA": lambda: [
        StandardScaler(),
        PolynomialFeatures(2, include_bias=False),
        PCA(5, random_state=0),
    ],
    "normalized": lambda: [StandardScaler(), PCA(4, random_state=0), Normalizer()],
}


def kmeans():
    return KMeans(3, n_init=2, random_state=0)


def explained(front, rows):
    return neonxai.explain(make_pipeline(*FRONTS[front](), kmeans()), rows)


def close(a, b, rtol=1e-6):
    return np.abs(a - b).max() <= rtol * np.abs(a).max()


@pytest.mark.parametrize("front", FRONTS)
def test_a_shift_of_the_columns_changes_nothing(front):
    """Each of these takes the mean, the median or the minimum away first."""
    shift = 1e5 * np.arange(1, 9)
    near, far = explained(front, X), explained(front, X + shift)
    assert close(near.relevance, far.relevance, 1e-5)
    assert close(near.logits, far.logits, 1e-5)


@pytest.mark.parametrize("front", FRONTS)
def test_the_unit_of_the_columns_changes_nothing(front):
    units = 10.0 ** np.linspace(-3, 3, 8)
    assert close(explained(front, X).relevance, explained(front, X * units).relevance, 1e-5)


def test_what_is_not_scaled_first_does_depend_on_the_unit():
    units = 10.0 ** np.linspace(-3, 3, 8)
    a, b = (
        neonxai.explain(make_pipeline(TruncatedSVD(3, random_state=0), kmeans()), rows)
        for rows in (X, X * units)
    )
    assert not close(a.relevance, b.relevance, 0.1)


@pytest.mark.parametrize("front", FRONTS)
def test_a_row_does_not_depend_on_the_others(front):
    pipe = make_pipeline(*FRONTS[front](), kmeans()).fit(X)
    explainer = neonxai.ClusterExplainer(pipe).fit(X)
    whole = explainer.explain(X)
    order = np.random.default_rng(0).permutation(len(X))
    assert close(explainer.explain(X[order]).relevance, whole.relevance[order], 1e-11)
    assert close(explainer.explain(X[7:8]).relevance, whole.relevance[7:8], 1e-11)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_all_data_times_s_is_relevance_times_s_squared(scale):
    """Without a scaler that undoes it."""
    make = lambda: make_pipeline(PCA(4, random_state=0), kmeans())  # noqa: E731
    a, b = neonxai.explain(make(), X), neonxai.explain(make(), X * scale)
    assert close(a.relevance * scale**2, b.relevance, 1e-8)


@pytest.mark.parametrize(
    "model",
    [kmeans(), BisectingKMeans(3, random_state=0), GaussianMixture(2, random_state=0), NearestCentroid()],
    ids=lambda model: type(model).__name__,
)
def test_why_this_one_and_not_that(model):
    pipe = make_pipeline(StandardScaler(), PCA(4, random_state=0), model).fit(X, Y)
    explainer = neonxai.ClusterExplainer(pipe).fit(X)
    first, second = explainer.cluster_names_[:2]
    e = explainer.explain(X, target=first, against=second)
    back = explainer.explain(X, target=second, against=first)
    assert close(e.logits, -back.logits, 1e-9)
    assert close(e.relevance, -back.relevance, 1e-9)


def test_an_outlier_score_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="IsolationForest"):
        neonxai.explain(make_pipeline(MaxAbsScaler(), IsolationForest()), X)
