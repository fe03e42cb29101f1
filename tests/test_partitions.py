"""Clusterings known by their labels: each keeps its labels, and what is not covered is refused."""

import warnings

import hdbscan
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    OPTICS,
    AgglomerativeClustering,
    Birch,
    FeatureAgglomeration,
    SpectralClustering,
)
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai import sources
from neonxai.testing import check_network, check_source

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "h5py not installed", UserWarning)
    from tslearn.clustering import KernelKMeans
    from tslearn.utils import to_time_series_dataset

# tslearn tells whoever passes a table that its rows are taken for series.
pytestmark = pytest.mark.filterwarnings("ignore:2-Dimensional data passed:UserWarning")
LOW = pytest.mark.filterwarnings("ignore:The network that stands in for the clustering:UserWarning")
DATA = {
    "iris": StandardScaler().fit_transform(load_iris().data),
    "wine": StandardScaler().fit_transform(load_wine().data),
    "cancer": StandardScaler().fit_transform(load_breast_cancer().data),
}
# Model, data, and what it makes of them: rows of noise, clusters.
MODELS = {
    "DBSCAN, iris": (DBSCAN(eps=0.6), "iris", 26, 2),
    "DBSCAN, wine": (DBSCAN(eps=2.2), "wine", 55, 2),
    "DBSCAN, cancer": (DBSCAN(eps=3.0), "cancer", 121, 1),
    "HDBSCAN, iris": (HDBSCAN(copy=True), "iris", 2, 2),
    "HDBSCAN, wine": (HDBSCAN(copy=True), "wine", 58, 2),
    "HDBSCAN, cancer": (HDBSCAN(copy=True), "cancer", 337, 2),
    "hdbscan, iris": (hdbscan.HDBSCAN(), "iris", 2, 2),
    "hdbscan, wine": (hdbscan.HDBSCAN(), "wine", 70, 2),
    "OPTICS, iris": (OPTICS(min_samples=10), "iris", 19, 3),
    "OPTICS, cancer": (OPTICS(min_samples=10), "cancer", 555, 1),
    "AgglomerativeClustering, iris": (AgglomerativeClustering(3), "iris", 0, 3),
    "AgglomerativeClustering, wine": (AgglomerativeClustering(3, linkage="average"), "wine", 0, 3),
    "AgglomerativeClustering, cancer": (AgglomerativeClustering(4, linkage="complete"), "cancer", 0, 4),
    "SpectralClustering, iris": (SpectralClustering(3, random_state=0), "iris", 0, 3),
    "SpectralClustering, wine": (
        SpectralClustering(3, affinity="nearest_neighbors", random_state=0),
        "wine",
        0,
        3,
    ),
    "Birch, iris": (Birch(n_clusters=3, threshold=0.4), "iris", 0, 3),
    "Birch, wine": (Birch(n_clusters=3, threshold=1.0), "wine", 0, 3),
    "Birch, cancer": (Birch(n_clusters=AgglomerativeClustering(4), threshold=1.5), "cancer", 0, 4),
    "KernelKMeans, iris": (KernelKMeans(3, kernel="rbf", random_state=0), "iris", 0, 3),
    "KernelKMeans, wine": (
        KernelKMeans(3, kernel="rbf", kernel_params={"gamma": 0.05}, random_state=0),
        "wine",
        0,
        3,
    ),
}


def fitted(name):
    model, data, n_noise, n_clusters = MODELS[name]
    X = DATA[data]
    model = clone(model).fit(X)
    noise = model.labels_ == -1
    assert (noise.sum(), len(set(model.labels_[~noise]))) == (n_noise, n_clusters), "not what is stated above"
    return model, X


@LOW
@pytest.mark.parametrize("name", MODELS)
def test_the_labels_are_the_models(name):
    model, X = fitted(name)
    before = joblib.hash(vars(model))
    rows = X.copy()
    e = neonxai.explain(model, X)
    assert np.array_equal(e.labels, model.labels_)
    assert np.array_equal(e.targets, model.labels_)
    scale = np.abs(e.relevance).sum(axis=1) + np.abs(e.absorbed)
    assert np.all(e.conservation_error() <= 1e-10 * scale)
    assert joblib.hash(vars(model)) == before, "the model was changed"
    assert np.array_equal(X, rows)
    if isinstance(model, Birch):
        assert e.agreement is None
        assert np.all(e.logits >= 0)
    else:
        assert e.agreement > 0.85
        # Rows that the stand-in would put elsewhere, also into noise, are those with a negative logit.
        assigned = np.array(e.cluster_names)[neonxai.ClusterExplainer(model).fit(X).network_.evidence(X)[0]]
        sizes = np.array([np.sum(model.labels_ == label) for label in model.labels_])
        assert e.agreement == pytest.approx(np.mean((assigned == model.labels_)[sizes > 1]))
        assert np.all(assigned[e.logits < 0] != model.labels_[e.logits < 0])


@LOW
@pytest.mark.parametrize("name", ["DBSCAN, iris", "DBSCAN, wine", "HDBSCAN, wine", "OPTICS, iris"])
def test_a_negative_logit_says_that_another_cluster_is_nearer(name):
    """Noise is no rival to a cluster: where only that is nearer, the logit is positive."""
    model, X = fitted(name)
    explainer = neonxai.ClusterExplainer(model).fit(X)
    e = explainer.explain(X, labels=model.labels_)
    assigned = np.array(e.cluster_names)[explainer.network_.evidence(X)[0]]
    overruled = (assigned != model.labels_) & ((assigned != -1) | (model.labels_ == -1))
    beyond = (assigned == -1) & (model.labels_ != -1)
    np.testing.assert_array_equal((e.logits < 0)[~beyond], overruled[~beyond])
    if beyond.any():
        against_noise = explainer.explain(X[beyond], target=model.labels_[beyond], against=-1)
        assert np.all(against_noise.logits < 0)


@pytest.mark.parametrize("name", MODELS)
def test_the_networks_contract(name):
    model, X = fitted(name)
    source = sources.neuralize(model)
    network = (source.on(X) if isinstance(source, neonxai.Labels) else source).network
    check_network(network, np.vstack([X[::9], X[:5] + 0.1]))


@LOW
@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith("Birch")])
def test_it_is_its_labels_explained(name):
    """And the other way round: the explanation is that of the labels, by the same γ."""
    model, X = fitted(name)
    explainer = neonxai.ClusterExplainer(model).fit(X)
    noise = None if isinstance(model, KernelKMeans) else -1
    wanted = neonxai.explain_labels(model.labels_, X, gamma=explainer.network_.gamma, noise=noise)
    assert np.array_equal(neonxai.explain(model, X).relevance, wanted.relevance)


@LOW
@pytest.mark.parametrize("name", ["DBSCAN, iris", "AgglomerativeClustering, wine", "KernelKMeans, iris"])
def test_saved_it_still_knows_the_rows(name, tmp_path):
    model, X = fitted(name)
    explainer = neonxai.ClusterExplainer(model).fit(X)
    explainer.save(tmp_path / "partition.neon")
    loaded = neonxai.ClusterExplainer.load(tmp_path / "partition.neon")
    # Rows of the same values have the same label in these.
    assert np.array_equal(loaded.explain(X).labels, model.labels_)
    assert np.array_equal(loaded.transform(X), explainer.transform(X))


@LOW
@pytest.mark.parametrize("name", ["DBSCAN, wine", "OPTICS, iris", "Birch, wine", "KernelKMeans, iris"])
def test_an_unfitted_model_is_cloned_and_fitted(name):
    model, data, *_ = MODELS[name]
    fresh = clone(model)
    e = neonxai.explain(fresh, DATA[data])
    assert np.array_equal(e.labels, fitted(name)[0].labels_)
    assert not hasattr(fresh, "labels_")


@pytest.mark.parametrize("model", [row[0] for row in MODELS.values()], ids=MODELS)
def test_an_unfitted_model_is_no_source(model):
    with pytest.raises(NotFittedError):
        sources.neuralize(clone(model))


@LOW
@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize(
    "model", [DBSCAN(eps=0.6), AgglomerativeClustering(3), Birch(n_clusters=3, threshold=0.4)]
)
def test_frames_keep_their_names(model, kind):
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    pandas = pd.DataFrame(DATA["iris"], columns=names)
    frame = pandas if kind == "pandas" else pl.DataFrame(DATA["iris"], schema=names)
    model = clone(model).fit(pandas)
    wanted = neonxai.explain(model, DATA["iris"])
    other_order = frame[names[::-1]] if kind == "pandas" else frame.select(names[::-1])
    e = neonxai.explain(model, other_order)
    assert e.feature_names == tuple(names)
    assert e.frame == kind
    assert np.array_equal(e.labels, model.labels_)
    np.testing.assert_allclose(e.relevance, wanted.relevance, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="missing: 'petal width'"):
        neonxai.explain(model, pandas[names[:3]])


# What is not covered.

ROWS = DATA["iris"][::3]
OTHER = {
    "DBSCAN manhattan": DBSCAN(eps=1.5, metric="manhattan"),
    "DBSCAN cosine": DBSCAN(eps=0.1, metric="cosine"),
    "DBSCAN p": DBSCAN(eps=1.5, metric="minkowski", p=1),
    "DBSCAN callable": DBSCAN(eps=1.5, metric=lambda a, b: np.abs(a - b).max()),
    "HDBSCAN manhattan": HDBSCAN(metric="manhattan", copy=True),
    "OPTICS p": OPTICS(p=1),
    "OPTICS chebyshev": OPTICS(metric="chebyshev"),
    "AgglomerativeClustering l1": AgglomerativeClustering(3, metric="l1", linkage="average"),
    "AgglomerativeClustering cosine": AgglomerativeClustering(3, metric="cosine", linkage="average"),
    "hdbscan manhattan": hdbscan.HDBSCAN(metric="manhattan"),
    "SpectralClustering laplacian": SpectralClustering(3, affinity="laplacian", random_state=0),
}


@pytest.mark.parametrize("name", OTHER)
def test_other_metrics_are_refused(name):
    model = clone(OTHER[name]).fit(ROWS)
    with pytest.raises(
        ValueError, match=r"is not covered.*Euclidean distance.*explain_labels\(model\.labels_, X\)"
    ):
        neonxai.explain(model, ROWS)


@LOW
def test_the_remedy_for_other_metrics_works():
    model = DBSCAN(eps=1.5, metric="manhattan").fit(ROWS)
    e = neonxai.explain_labels(model.labels_, ROWS)
    assert np.array_equal(e.labels, model.labels_)


@pytest.mark.parametrize("kind", ["DBSCAN", "AgglomerativeClustering", "HDBSCAN", "SpectralClustering"])
def test_precomputed_distances_are_refused(kind):
    squares = ((ROWS[:, None] - ROWS) ** 2).sum(axis=2)
    model = {
        "DBSCAN": DBSCAN(eps=0.6, metric="precomputed"),
        "AgglomerativeClustering": AgglomerativeClustering(3, metric="precomputed", linkage="average"),
        "HDBSCAN": HDBSCAN(metric="precomputed", copy=True),
        "SpectralClustering": SpectralClustering(3, affinity="precomputed", random_state=0),
    }[kind]
    model.fit(np.exp(-squares) if kind == "SpectralClustering" else np.sqrt(squares))
    with pytest.raises(ValueError, match=r"'precomputed'.*is not covered"):
        neonxai.explain(model, ROWS)


@pytest.mark.parametrize(
    "model",
    [
        DBSCAN(eps=0.6, metric="l2"),
        DBSCAN(eps=0.36, metric="sqeuclidean"),
        DBSCAN(eps=0.6, metric="minkowski", p=2),
        OPTICS(p=2, min_samples=10),
        AgglomerativeClustering(3, metric="l2", linkage="average"),
        HDBSCAN(metric="l2", copy=True),
    ],
    ids=repr,
)
@LOW
def test_euclidean_distance_by_other_names_is_covered(model):
    model = clone(model).fit(DATA["iris"])
    assert np.array_equal(neonxai.explain(model, DATA["iris"]).labels, model.labels_)


@pytest.mark.parametrize("kernel", ["linear", "cosine", "gak"])
def test_other_kernels_are_refused(kernel):
    rows = ROWS[:12]
    model = KernelKMeans(2, kernel=kernel, random_state=0).fit(rows)
    with pytest.raises(
        ValueError, match=rf'KernelKMeans\(kernel=\'{kernel}\'\) is not covered.*Use kernel="rbf"'
    ):
        neonxai.explain(model, rows)


def test_other_rows_than_the_clustered_ones_are_refused():
    model = DBSCAN(eps=0.6).fit(DATA["iris"])
    with pytest.raises(ValueError, match=r"150 labels for 10 rows.*very rows that were clustered"):
        neonxai.explain(model, DATA["iris"][:10])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (DBSCAN(eps=1e-3), r"All 150 labels are noise \(-1\).*other parameters"),
        (DBSCAN(eps=100.0), "All 150 labels are 0.*at least two clusters"),
        (AgglomerativeClustering(1), "All 150 labels are 0"),
        (Birch(n_clusters=1), "1 cluster only"),
    ],
    ids=repr,
)
def test_one_cluster_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        neonxai.explain(model, DATA["iris"])


@LOW
def test_clusters_of_features_are_no_clusters_of_rows():
    """A subclass of AgglomerativeClustering; with as many rows as features its labels would even fit."""
    X = DATA["wine"][:13]
    with pytest.raises((TypeError, ValueError), match=r"clusters (of )?features"):
        neonxai.explain(FeatureAgglomeration(3).fit(X), X)


# Birch: its own predict.


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("n_clusters", [2, 3, 7, None])
def test_birch_is_its_predict_on_new_rows(data, n_clusters):
    X = DATA[data]
    model = Birch(n_clusters=n_clusters, threshold=1.0 if data != "iris" else 0.4).fit(X)
    new = (X + np.random.default_rng(0).standard_normal(X.shape))[:150]
    if n_clusters is not None:
        check_source(model, new, model.predict(new))
    assert np.array_equal(neonxai.explain(model, new).labels, model.predict(new))


def test_birch_without_its_labels():
    model = Birch(n_clusters=3, threshold=0.4, compute_labels=False).fit(DATA["iris"])
    assert not hasattr(model, "labels_")
    assert np.array_equal(neonxai.explain(model, DATA["iris"]).labels, model.predict(DATA["iris"]))


def test_a_stand_in_for_birch_would_not_be_exact():
    """Why it has a network of its own: support points of the rows disagree with it."""
    model, X = fitted("Birch, cancer")
    stand_in = neonxai.Labels(model.labels_).on(X)
    assigned = np.array(stand_in.cluster_names)[stand_in.network.evidence(X)[0]]
    assert not np.array_equal(assigned, model.labels_)


# tslearn: how a user passes rows.


@pytest.mark.parametrize("shape", ["table", "series", "list"])
def test_series_of_one_channel_are_rows(shape):
    X = DATA["iris"]
    given = {"table": X, "series": to_time_series_dataset(X), "list": X.tolist()}[shape]
    model = KernelKMeans(3, kernel="rbf", random_state=0).fit(given)
    explainer = neonxai.ClusterExplainer(model).fit(X)
    assert np.array_equal(neonxai.explain(model, X).labels, model.labels_)
    assert explainer.network_.gamma == 1 / 4


def test_the_kernels_own_width_is_used():
    X = DATA["iris"]
    model = KernelKMeans(3, kernel="rbf", kernel_params={"gamma": 0.7}, random_state=0).fit(X)
    assert neonxai.ClusterExplainer(model).fit(X).network_.gamma == 0.7
    assert neonxai.ClusterExplainer(model, gamma=2.0).fit(X).network_.gamma == 2.0
