"""Every supported model becomes a network; everything else is refused with the reason."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans, SpectralBiclustering
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai import sources
from neonxai.testing import check_source

DATA = {
    "wine": StandardScaler().fit_transform(load_wine().data),
    "iris": load_iris().data,
    "digits": load_digits().data[:400],
}
MODELS = {
    "KMeans": KMeans(4, n_init=1, random_state=0),
    "MiniBatchKMeans": MiniBatchKMeans(4, n_init=1, random_state=0),
    "BisectingKMeans": BisectingKMeans(9, random_state=0),
}


@pytest.mark.parametrize("X", DATA.values(), ids=DATA)
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_network_is_the_model(model, X):
    model.fit(X)
    check_source(model, X, model.predict(X))


def test_the_tree_is_not_its_leaves():
    """Why BisectingKMeans needs its own network: rows that are nearer to another leaf exist in real data."""
    X = DATA["digits"]
    model = BisectingKMeans(9, random_state=0).fit(X)
    nearest = neonxai.explain(neonxai.Centroids(model.cluster_centers_), X).labels
    assert np.any(nearest != model.predict(X))
    assert np.array_equal(neonxai.explain(model, X).labels, model.predict(X))


def test_nearest_centroid_keeps_its_class_names():
    iris = load_iris()
    model = NearestCentroid().fit(iris.data, iris.target_names[iris.target])
    e = neonxai.explain(model, iris.data)
    assert e.cluster_names == ("setosa", "versicolor", "virginica")
    assert e.labels.tolist() == model.predict(iris.data).tolist()


def test_shrunken_centroids_are_the_model():
    iris = load_iris()
    model = NearestCentroid(shrink_threshold=0.5).fit(iris.data, iris.target)
    assert np.array_equal(neonxai.explain(model, iris.data).labels, model.predict(iris.data))


@pytest.mark.parametrize(("dtype", "shift"), [(np.float64, 1e8), (np.float32, 1e4)])
def test_far_from_the_origin_the_labels_of_the_fit_hold(dtype, shift):
    """There scikit-learn's own ``predict`` loses its digits, and no longer agrees with its ``labels_``."""
    X = (np.random.default_rng(0).standard_normal((3000, 5)) + shift).astype(dtype)
    model = KMeans(6, n_init=1, random_state=0).fit(X)
    assert np.mean(model.predict(X) != model.labels_) > 0.1
    exact = ((X[:, None].astype(np.longdouble) - model.cluster_centers_) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(neonxai.explain(model, X).labels, exact)
    # The centers have been rounded since the labels were given.
    assert np.mean(exact != model.labels_) < 0.01


def test_an_unfitted_model_is_cloned_and_fitted():
    model = KMeans(3, n_init=1, random_state=2)
    explainer = neonxai.ClusterExplainer(model).fit(DATA["wine"])
    assert not hasattr(model, "cluster_centers_")
    assert explainer.model is model
    assert np.array_equal(explainer.model_.cluster_centers_, model.fit(DATA["wine"]).cluster_centers_)


def test_an_unfitted_classifier_gets_its_classes():
    iris = load_iris()
    explainer = neonxai.ClusterExplainer(NearestCentroid()).fit(iris.data, iris.target)
    expected = NearestCentroid().fit(iris.data, iris.target).predict(iris.data)
    assert np.array_equal(explainer.explain(iris.data).labels, expected)


def test_a_fitted_model_is_explained_as_it_is():
    model = KMeans(3, n_init=1, random_state=2).fit(DATA["wine"][:100])
    explainer = neonxai.ClusterExplainer(model).fit(DATA["wine"])
    assert explainer.model_ is model
    assert np.array_equal(explainer.network_.centers, model.cluster_centers_)


def test_a_frozen_model_is_thawed():
    model = KMeans(3, n_init=1, random_state=2).fit(DATA["wine"])
    frozen = neonxai.explain(FrozenEstimator(model), DATA["wine"])
    assert np.array_equal(frozen.relevance, neonxai.explain(model, DATA["wine"]).relevance)


def test_a_network_is_a_model():
    network = neonxai.networks.CentroidNetwork([[0.0, 0.0], [2.0, 0.0]])
    assert neonxai.explain(network, [[0.5, 1.0]], beta=1).relevance.tolist() == [[2.0, 0.0]]


def test_a_subclass_is_recognised():
    class Mine(KMeans):
        pass

    model = Mine(3, n_init=1, random_state=2).fit(DATA["wine"])
    assert np.array_equal(neonxai.explain(model, DATA["wine"]).labels, model.labels_)


def test_a_subclass_with_a_predict_of_its_own_is_refused():
    class Rotated(KMeans):
        def predict(self, X):
            return (super().predict(X) + 1) % 3

    model = Rotated(3, n_init=1, random_state=2).fit(DATA["wine"])
    with pytest.raises(TypeError, match=r"a predict of its own.*Rotated\.predict.*Centroids"):
        neonxai.explain(model, DATA["wine"])


def test_recognising_imports_nothing():
    code = (
        "import sys, neonxai; neonxai.sources.supported();"
        "assert 'sklearn.cluster' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (
            SpectralBiclustering(),
            TypeError,
            r"sklearn\.cluster\._bicluster\.SpectralBiclustering.*explain_labels.*Supported are.*KMeans",
        ),
        (KMeans, TypeError, r"KMeans is a class, not a model"),
        ("kmeans", TypeError, r"builtins\.str"),
        (None, TypeError, r"NoneType"),
        (np.zeros((3, 4)), TypeError, r"ndarray.*The model comes first"),
        (make_pipeline(StandardScaler(), PCA(2)), TypeError, r"PCA.*must end in a clustering"),
        (KMeans(1, n_init=1), ValueError, r"of 1 cluster only.*at least two"),
        (BisectingKMeans(1), ValueError, r"1 cluster only"),
        (NearestCentroid(metric="manhattan"), ValueError, r"metric='manhattan'.*Euclidean.*Refit"),
        (NearestCentroid(priors="empirical"), ValueError, r"unequal priors.*Refit"),
        (neonxai.Centroids([[1.0, 2.0]]), ValueError, r"1 cluster only"),
    ],
)
def test_what_is_not_covered_is_refused(model, error, message):
    X = DATA["iris"][20:]
    y = load_iris().target[20:]
    with pytest.raises(error, match=message):
        neonxai.ClusterExplainer(model).fit(X[:, : 2 if isinstance(model, neonxai.Centroids) else 4], y)


def test_an_unknown_class_is_refused_before_it_is_fitted():
    class Slow(SpectralBiclustering):
        def fit(self, X, y=None):
            pytest.fail("fitted, although it can't be explained")

    with pytest.raises(TypeError, match="Don't know how to explain"):
        neonxai.explain(Slow(), DATA["iris"])


def test_a_source_asked_for_an_unfitted_model_says_so():
    with pytest.raises(NotFittedError):
        sources.neuralize(KMeans(3))


@pytest.mark.parametrize(
    ("centers", "names", "message"),
    [
        ([[0.0, np.nan], [1.0, 1.0]], None, r"The centers can't be used.*NaN in row 0, column 1"),
        ([0.0, 1.0], None, r"The centers can't be used.*1D array"),
        ([["a", "b"], ["c", "d"]], None, r"The centers can't be used.*'a' in row 0, column 0"),
        ([[0.0], [1.0]], ["a"], r"cluster_names has 1 names for 2 clusters"),
        ([[0.0], [1.0]], ["a", "a"], r"a name of its own"),
    ],
)
def test_bad_centers_are_refused(centers, names, message):
    with pytest.raises(ValueError, match=message):
        neonxai.Centroids(centers, names)


def test_centroids_copy_their_centers():
    centers = np.array([[0.0, 0.0], [2.0, 0.0]])
    model = neonxai.Centroids(centers)
    centers[:] = 7.0
    assert model.centers.tolist() == [[0.0, 0.0], [2.0, 0.0]]


def test_centroids_of_a_frame_name_the_features():
    import polars as pl

    model = neonxai.Centroids(pl.DataFrame({"b": [0.0, 2.0], "a": [0.0, 0.0]}))
    frame = pl.DataFrame({"a": [7.0], "b": [0.5]})
    e = neonxai.explain(model, frame, beta=1)
    assert e.feature_names == ("b", "a")
    assert e.relevance.tolist() == [[2.0, 0.0]]
