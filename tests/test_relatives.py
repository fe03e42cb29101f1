"""Relatives of k-means in other libraries: the same rows in the same clusters, or refused with the reason.

cuML and dask-ML are represented by stand-ins: classes of the same names, modules and attributes.
"""

from importlib import import_module

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.cluster import AffinityPropagation, KMeans, MeanShift
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import pairwise_distances_argmin
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai.sources import Source, neuralize, register
from neonxai.testing import check_network, check_source

DATA = {
    "wine": StandardScaler().fit_transform(load_wine().data),
    "iris": load_iris().data,
    "digits": load_digits().data[:300],
}
each_data = pytest.mark.parametrize("X", DATA.values(), ids=DATA)


def check_explanation(model, X, labels):
    """What a user sees: the same labels, and a relevance that sums to the logit."""
    e = neonxai.explain(model, X.astype(np.float64))
    assert np.array_equal(e.labels, labels)
    scale = np.abs(e.relevance).sum(axis=1)
    assert np.all(e.conservation_error() <= 1e-10 * np.maximum(scale, 1e-300))
    assert (e.logits >= 0).all()


# scikit-learn


@each_data
def test_affinity_propagation(X):
    model = AffinityPropagation(damping=0.8, random_state=0, max_iter=400).fit(X[:150])
    check_source(model, X, model.predict(X))
    check_explanation(model, X, model.predict(X))


def test_affinity_propagation_of_sparse_rows():
    X = DATA["digits"][:80]
    model = AffinityPropagation(damping=0.8, random_state=0, max_iter=400).fit(sparse.csr_matrix(X))
    assert sparse.issparse(model.cluster_centers_)
    assert np.array_equal(neonxai.explain(model, X).labels, model.predict(X))


@pytest.mark.parametrize("name", ["wine", "iris"])
def test_mean_shift(name):
    X = DATA[name]
    bandwidth = 0.5 * np.median(np.linalg.norm(X - X.mean(axis=0), axis=1)) + 0.3 * np.linalg.norm(X.std(0))
    model = MeanShift(bandwidth=bandwidth).fit(X[::3])
    assert len(model.cluster_centers_) > 1
    check_source(model, X, model.predict(X))
    check_explanation(model, X, model.predict(X))


def test_mean_shift_has_orphans_that_predict_does_not_know():
    X = np.vstack([DATA["iris"], [[30.0, 30.0, 30.0, 30.0]]])
    model = MeanShift(bandwidth=1.0, cluster_all=False, min_bin_freq=3, bin_seeding=True).fit(X)
    assert model.labels_[-1] == -1
    e = neonxai.explain(model, X)
    assert np.array_equal(e.labels, model.predict(X))
    assert e.labels[-1] != -1


def test_the_names_of_features_are_kept():
    iris = load_iris(as_frame=True)
    model = MeanShift(bandwidth=1.0).fit(iris.data)
    assert neuralize(model).feature_names == tuple(iris.data.columns)


# kmedoids


def kmedoids(**options):
    return import_module("kmedoids").KMedoids(random_state=0, **options)


@each_data
@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "l2"])
@pytest.mark.parametrize("method", ["fasterpam", "alternate"])
def test_medoids(X, metric, method):
    """The nearest medoid is the same by the distance and by its square, whichever was summed up."""
    model = kmedoids(n_clusters=4, metric=metric, method=method).fit(X)
    check_source(model, X, model.labels_)
    check_explanation(model, X, model.labels_)
    # predict gives the medoids' row numbers.
    assert np.array_equal(model.medoid_indices_[neonxai.explain(model, X).labels], model.predict(X))


# FAISS


def test_medoids_of_a_frame_are_fitted_to_its_values():
    """The package takes a frame's columns for its rows, and fails."""
    import pandas as pd

    frame = pd.DataFrame(DATA["wine"], columns=[f"f{i}" for i in range(13)])
    e = neonxai.explain(kmedoids(n_clusters=3, metric="euclidean"), frame)
    assert e.feature_names == tuple(frame.columns)
    assert np.array_equal(e.labels, kmedoids(n_clusters=3, metric="euclidean").fit(DATA["wine"]).labels_)


@pytest.fixture(scope="module")
def faiss():
    library = import_module("faiss")
    library.omp_set_num_threads(1)
    return library


def check_index(faiss, index, X, labels):
    """`check_source` for an object that is a pointer: its bytes are in FAISS's own form."""
    before = faiss.serialize_index(index)
    source = neuralize(index)
    check_network(source.network, X[::5].astype(np.float64))
    assert source.cluster_names == tuple(range(source.network.n_clusters))
    assert np.array_equal(faiss.serialize_index(index), before)
    check_explanation(index, X, labels)


@each_data
def test_faiss_kmeans(faiss, X):
    X = X.astype(np.float32)
    model = faiss.Kmeans(X.shape[1], 4, seed=3, min_points_per_centroid=1)
    model.train(X)
    check_source(model, X, model.assign(X)[1])
    check_explanation(model, X, model.assign(X)[1])


def test_faiss_kmeans_of_progressive_dimensions(faiss):
    X = DATA["digits"].astype(np.float32)
    model = faiss.Kmeans(X.shape[1], 4, seed=3, progressive_dim_steps=3, min_points_per_centroid=1)
    model.train(X)
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(model.centroids)
    check_explanation(model, X, index.search(X, 1)[1].ravel())


@each_data
@pytest.mark.parametrize("kind", ["IndexFlatL2", "IndexFlat"])
def test_faiss_flat(faiss, X, kind):
    X = X.astype(np.float32)
    index = getattr(faiss, kind)(X.shape[1])
    index.add(X[::20])
    check_index(faiss, index, X, index.search(X, 1)[1].ravel())


@each_data
@pytest.mark.parametrize("kind", ["IVF5,Flat", "IVF5,SQ8", "IVF5,PQ2x4np"])
def test_faiss_cells(faiss, X, kind):
    """The cells are the quantizer's, however the vectors inside are coded."""
    X = X[:, : X.shape[1] // 2 * 2].astype(np.float32)
    index = faiss.index_factory(X.shape[1], kind)
    index.cp.min_points_per_centroid = 1
    index.train(X)
    check_index(faiss, index, X, index.quantizer.search(X, 1)[1].ravel())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda faiss, X: trained(faiss.Kmeans(4, 3, spherical=True), X),
            ValueError,
            r"Kmeans\(spherical=True\) compares by METRIC_INNER_PRODUCT.*Centroids\(kmeans\.centroids\)",
        ),
        (lambda faiss, X: faiss.Kmeans(4, 3), NotFittedError, r"no centroids yet.*train"),
        (lambda faiss, X: faiss.IndexFlatL2(4), NotFittedError, r"IndexFlatL2 has no vectors yet.*add"),
        (lambda faiss, X: faiss.IndexFlatIP(4), ValueError, r"IndexFlatIP compares by METRIC_INNER_PRODUCT"),
        (lambda faiss, X: faiss.IndexFlat(4, faiss.METRIC_L1), ValueError, r"METRIC_L1.*METRIC_L2"),
        (lambda faiss, X: faiss.IndexFlat(4, faiss.METRIC_Canberra), ValueError, r"compares by metric 20"),
        (lambda faiss, X: faiss.index_factory(4, "IVF3,Flat"), NotFittedError, r"no cells yet.*train"),
        (
            lambda faiss, X: trained(faiss.index_factory(4, "IVF3,Flat", faiss.METRIC_INNER_PRODUCT), X),
            ValueError,
            r"quantizer of faiss\.IndexIVFFlat compares by METRIC_INNER_PRODUCT",
        ),
        (
            lambda faiss, X: trained(faiss.index_factory(4, "IVF3_HNSW8,Flat"), X),
            ValueError,
            r"approximate.*neonxai\.Centroids\(index\.quantizer",
        ),
        (lambda faiss, X: one_vector(faiss), ValueError, r"1 cluster only"),
        (lambda faiss, X: faiss.IndexPQ(4, 2, 4), TypeError, r"faiss\.swigfaiss.*IndexPQ"),
    ],
)
def test_faiss_that_is_not_covered(faiss, make, error, message):
    with pytest.raises(error, match=message):
        neuralize(make(faiss, DATA["iris"].astype(np.float32)))


def trained(model, X):
    model.train(X)
    return model


def one_vector(faiss):
    index = faiss.IndexFlatL2(4)
    index.add(np.ones((1, 4), np.float32))
    return index


def test_the_remedy_for_spherical_kmeans_is_right(faiss):
    """Centroids of length 1: the nearest is the one with the largest product."""
    X = DATA["digits"].astype(np.float32)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    model = trained(faiss.Kmeans(64, 5, spherical=True, seed=1, min_points_per_centroid=1), X)
    e = neonxai.explain(neonxai.Centroids(model.centroids), X)
    assert np.array_equal(e.labels, model.assign(X)[1])


# cuML and dask-ML, by stand-ins


class ArrayElsewhere:
    """A stand-in for a CuPy array: no NumPy until it is asked to `get`."""

    def __init__(self, values):
        self.values = np.asarray(values, dtype=np.float32)

    def __array__(self, *_):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def get(self):
        return self.values


class FrameElsewhere(ArrayElsewhere):
    """A stand-in for a cuDF frame, whose `get` gives columns."""

    def get(self, column):
        raise KeyError(column)

    def to_numpy(self):
        return self.values


class Lazy:
    """A stand-in for a Dask array."""

    def __init__(self, values):
        self.values = values

    def compute(self):
        return self.values


class StandInKMeans:
    """What cuML's and dask-ML's KMeans have in common, as far as it is looked at."""

    def __init__(self, centers=None):
        if centers is not None:
            self.cluster_centers_ = centers

    def fit(self, X, y=None):
        return self

    def get_params(self, deep=True):
        return {}

    def predict(self, X):
        pytest.fail("the source needs no prediction")


STAND_INS = {
    "cuml": ("cuml.cluster.kmeans", ArrayElsewhere),
    "cuml, frame": ("cuml.cluster.kmeans", FrameElsewhere),
    "cuml, dask": ("cuml.dask.cluster.kmeans", ArrayElsewhere),
    "cuml, array": ("cuml.cluster.kmeans", np.asarray),
    "dask_ml": ("dask_ml.cluster.k_means", np.asarray),
    "dask_ml, lazy": ("dask_ml.cluster.k_means", lambda centers: Lazy(np.asarray(centers))),
    "dask_ml, lazy and elsewhere": ("dask_ml.cluster.k_means", lambda centers: Lazy(ArrayElsewhere(centers))),
}


def stand_in(module):
    """The class, as if it were defined there, and its `predict` with it."""
    return type("KMeans", (StandInKMeans,), {"__module__": module, "predict": StandInKMeans.predict})


@each_data
@pytest.mark.parametrize("kind", STAND_INS)
def test_stand_ins(X, kind):
    module, container = STAND_INS[kind]
    centers = KMeans(4, n_init=1, random_state=0).fit(X).cluster_centers_.astype(np.float32)
    model = stand_in(module)(container(centers))
    labels = pairwise_distances_argmin(X, centers.astype(np.float64))
    check_source(model, X, labels)


@pytest.mark.parametrize("module", ["cuml.cluster.kmeans", "dask_ml.cluster.k_means"])
def test_stand_ins_that_are_not_fitted(module):
    with pytest.raises(NotFittedError, match=r"no cluster_centers_ yet.*fit"):
        neuralize(stand_in(module)())


# What is refused


def distances(X):
    return np.linalg.norm(X[:, None] - X, axis=2)


class NextDoor(MeanShift):
    def predict(self, X):
        return super().predict(X) + 1


@pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__name__}")
@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (
            lambda X: AffinityPropagation(affinity="precomputed", random_state=0).fit(-distances(X)),
            ValueError,
            r"affinity='precomputed'.*neonxai\.explain_labels\(model\.labels_, X\)",
        ),
        (lambda X: AffinityPropagation(), NotFittedError, r"AffinityPropagation has no cluster_centers_"),
        (
            lambda X: AffinityPropagation(max_iter=1, convergence_iter=1, random_state=0).fit(X),
            ValueError,
            r"AffinityPropagation has found no centers.*max_iter",
        ),
        (lambda X: MeanShift(), NotFittedError, r"MeanShift has no cluster_centers_ yet.*fit"),
        (lambda X: MeanShift(bandwidth=99.0).fit(X), ValueError, r"1 cluster only"),
        (lambda X: NextDoor(bandwidth=1.0).fit(X), TypeError, r"a predict of its own.*NextDoor\.predict"),
        (
            lambda X: kmedoids(n_clusters=3).fit(distances(X)),
            ValueError,
            r"metric='precomputed'.*neonxai\.explain_labels\(model\.labels_, X\)",
        ),
        (
            lambda X: kmedoids(n_clusters=3, metric="manhattan").fit(X),
            ValueError,
            r"metric='manhattan'.*explain_labels",
        ),
        (
            lambda X: kmedoids(n_clusters=3, metric="euclidean"),
            NotFittedError,
            r"KMedoids has no cluster_centers_ yet",
        ),
    ],
)
def test_what_is_not_covered_is_refused(model, error, message):
    with pytest.raises(error, match=message):
        neuralize(model(DATA["iris"]))


# The checks above can fail


class Shuffled(BaseEstimator):
    """Reads its centers in another order than its labels."""

    def __init__(self, centers=None):
        self.centers = centers


Shuffled.__module__ = "brokenlibrary.cluster"


def test_a_source_of_other_clusters_is_rejected():
    from neonxai.networks import CentroidNetwork

    X = DATA["iris"]
    model = kmedoids(n_clusters=3, metric="euclidean").fit(X)
    register("brokenlibrary.Shuffled")(
        lambda broken: Source(CentroidNetwork(broken.centers[::-1]), tuple(range(len(broken.centers))))
    )
    broken = Shuffled(model.cluster_centers_)
    with pytest.raises(AssertionError, match="assigned differently"):
        check_source(broken, X, model.labels_)
    with pytest.raises(AssertionError):
        check_explanation(neonxai.Centroids(model.cluster_centers_[::-1]), X, model.labels_)
