"""Outlier models that are not covered are refused, with the value seen, the cause and the remedy."""

import numpy as np
import pytest
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from scipy.sparse import csr_array
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KernelDensity, LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from neonxai import sources
from neonxai.networks import DensityOutlierNetwork, DistanceOutlierNetwork, LocalOutlierNetwork

X = StandardScaler().fit_transform(load_wine().data)[:50]


class _Own(OneClassSVM):
    def predict(self, X):
        return -super().predict(X)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (KernelDensity(kernel="tophat"), r"kernel='tophat'.*Refit it with kernel=\"gaussian\""),
        (KernelDensity(metric="manhattan"), r"KernelDensity\(metric='manhattan'\) is not covered.*Refit"),
        (OneClassSVM(kernel="linear"), r"kernel='linear'.*Refit it with kernel=\"rbf\""),
        (NearestNeighbors(metric="cosine"), r"NearestNeighbors\(metric='cosine'\).*Refit"),
        (NearestNeighbors(p=1), r"metric='manhattan'"),
        (
            NearestNeighbors(metric="minkowski", metric_params={"w": np.ones(13)}),
            r"metric_params=.*'w': array",
        ),
        (NearestNeighbors(n_neighbors=50), r"n_neighbors=50 .*less than .* 50"),
        (LocalOutlierFactor(metric="chebyshev"), r"LocalOutlierFactor\(metric='chebyshev'\)"),
        (KNN(metric="l1"), r"KNN\(metric='l1'\)"),
        (LOF(p=3), r"LOF\(metric='minkowski', metric_params=\{'p': 3\}\)"),
    ],
)
def test_what_is_not_covered_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        sources.neuralize(model.fit(X))


@pytest.mark.parametrize(
    "model", [KernelDensity(), OneClassSVM(), NearestNeighbors(), LocalOutlierFactor(), KNN(), LOF()]
)
def test_an_unfitted_model_is_refused(model):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        sources.neuralize(model)


@pytest.mark.parametrize("model", [OneClassSVM(), NearestNeighbors(), LocalOutlierFactor()])
def test_sparse_data_are_refused(model):
    with pytest.raises(ValueError, match=r"sparse matrix of shape.*toarray"):
        sources.neuralize(model.fit(csr_array(X)))


def test_other_ways_to_decide_are_refused():
    with pytest.raises(TypeError, match=r"a predict of its own \(_Own\.predict\)"):
        sources.neuralize(_Own().fit(X))
    model = KNN().fit(X)
    model.contamination = object()
    with pytest.raises(TypeError, match=r"contamination=<object.*Refit it with a number"):
        sources.neuralize(model)
    model = OneClassSVM().fit(X)
    model.offset_ = np.array([-0.5])
    with pytest.raises(ValueError, match=r"offset -0\.5.*every row an inlier"):
        sources.neuralize(model)
    model = KNN().fit(X)
    model.method = "mode"
    with pytest.raises(ValueError, match="method='mode'"):
        sources.neuralize(model)


POINTS = np.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DensityOutlierNetwork(POINTS, [1, 1], gamma=1), r"weights.*3 support points.*shape \(2,\)"),
        (lambda: DensityOutlierNetwork(POINTS, [1, -1, 1], gamma=1), "weights must be numbers ≥ 0"),
        (lambda: DensityOutlierNetwork(POINTS, np.zeros(3), gamma=1), "not all 0"),
        (lambda: DensityOutlierNetwork(POINTS, np.ones(3), gamma=0), "gamma must be positive"),
        (lambda: DensityOutlierNetwork(POINTS, np.ones(3), gamma=1, threshold=np.nan), "must be finite"),
        (lambda: DensityOutlierNetwork(POINTS, np.ones(3), gamma=1, tied="x"), "tied='x'"),
        (lambda: DensityOutlierNetwork(POINTS * np.nan, np.ones(3), gamma=1), "finite matrix"),
        (lambda: DistanceOutlierNetwork(POINTS, [0.5, np.nan]), "weights must be a list"),
        (lambda: DistanceOutlierNetwork(POINTS, [1.0], method="magic"), "method='magic'"),
        (lambda: DistanceOutlierNetwork(POINTS, [1.0], leaf_size=0), "leaf_size=0"),
        (lambda: LocalOutlierNetwork(POINTS, np.ones(2), np.ones(3), 1), "reach must be finite"),
        (lambda: LocalOutlierNetwork(POINTS, np.ones(3), np.full(3, np.inf), 1), "density must be finite"),
    ],
)
def test_bad_networks_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
