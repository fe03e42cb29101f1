"""Spark ML's clusterings, by real PySpark models on one local session."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris, load_wine
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai.sources import Source, neuralize
from neonxai.testing import check_network

WINE = StandardScaler().fit_transform(load_wine().data)
DATA = {"wine": WINE, "iris": load_iris().data}
# Spark adds 2.2e-16 to every density; with few features none is so small that it matters.
DENSE = {"wine": WINE[:, [0, 6, 9]], "iris": load_iris().data}


@pytest.fixture(scope="session")
def frames(spark):
    """Each data set as a Spark frame with one column of vectors, in one partition."""
    from pyspark.ml.linalg import Vectors

    def frame(X):
        rows = [(Vectors.dense(row),) for row in X.tolist()]
        return spark.createDataFrame(rows, ["features"]).coalesce(1).cache()

    return {
        "wine": frame(WINE),
        "iris": frame(DATA["iris"]),
        "wine, 3": frame(DENSE["wine"]),
        "iris, 3": frame(DENSE["iris"]),
    }


def clustering(name, **options):
    return getattr(import_module("pyspark.ml.clustering"), name)(seed=1, **options)


def predictions(model, frame):
    return np.array([row.prediction for row in model.transform(frame).select("prediction").collect()])


def check_model(model, X, labels):
    """`check_source` for a model that is a proxy: every call of it fills a cache in Python."""
    before = str(model.extractParamMap()), model.uid
    source = neuralize(model)
    check_network(source.network, X)
    assert np.array_equal(np.array(source.cluster_names)[source.network.evidence(X)[0]], labels)
    assert (str(model.extractParamMap()), model.uid) == before


def check_explanation(model, X, labels, **options):
    """What a user sees: Spark's labels, and a relevance that sums to the logit with what is absorbed."""
    e = neonxai.explain(model, X, **options)
    assert np.array_equal(e.labels, labels)
    scale = np.abs(e.relevance).sum(axis=1) + np.abs(e.absorbed)
    assert np.all(e.conservation_error() <= 1e-10 * scale)
    return e


@pytest.mark.parametrize("name", DATA)
def test_kmeans(frames, name):
    model = clustering("KMeans", k=4, maxIter=8).fit(frames[name])
    labels = predictions(model, frames[name])
    check_model(model, DATA[name], labels)
    check_explanation(model, DATA[name], labels)


@pytest.mark.parametrize("name", DATA)
def test_bisecting_kmeans(frames, name):
    model = clustering("BisectingKMeans", k=7, maxIter=5).fit(frames[name])
    labels = predictions(model, frames[name])
    check_model(model, DATA[name], labels)
    check_explanation(model, DATA[name], labels)


def test_the_tree_is_not_its_leaves(frames):
    """Why bisecting k-means needs its tree: rows that are nearer to another leaf exist in real data."""
    model = clustering("BisectingKMeans", k=7, maxIter=5).fit(frames["wine"])
    nearest = neonxai.explain(neonxai.Centroids(model.clusterCenters()), WINE).labels
    assert np.any(nearest != predictions(model, frames["wine"]))


@pytest.mark.parametrize("name", DENSE)
def test_gaussian_mixture(frames, name):
    frame, X = frames[f"{name}, 3"], DENSE[name]
    model = clustering("GaussianMixture", k=3, maxIter=15).fit(frame)
    labels = predictions(model, frame)
    check_model(model, X, labels)
    wanted = np.array(
        [row.probability.toArray() for row in model.transform(frame).select("probability").collect()]
    )
    for k in range(3):
        e = check_explanation(model, X, labels, beta=1.0, pooling="soft", target=k)
        np.testing.assert_allclose(e.probabilities, wanted[:, k], atol=1e-8, rtol=0)


def test_other_labels_are_rejected(frames):
    model = clustering("KMeans", k=3, maxIter=2).fit(frames["iris"])
    labels = predictions(model, frames["iris"])
    for check in (check_model, check_explanation):
        check(model, DATA["iris"], labels)
        with pytest.raises(AssertionError):
            check(model, DATA["iris"], (labels + 1) % 3)


def test_a_gaussian_mixture_of_many_features_assigns_the_same(frames):
    """Where Spark's summand of 2.2e-16 moves its probabilities, but not far enough for its clusters."""
    model = clustering("GaussianMixture", k=3, maxIter=10).fit(frames["wine"])
    check_explanation(model, WINE, predictions(model, frames["wine"]))


@pytest.mark.parametrize(
    ("estimator", "options", "message"),
    [
        (
            "KMeans",
            {"k": 3, "distanceMeasure": "cosine", "maxIter": 1},
            r"KMeansModel with distanceMeasure='cosine'",
        ),
        (
            "BisectingKMeans",
            {"k": 2, "distanceMeasure": "cosine", "maxIter": 1},
            r"BisectingKMeansModel with distanceMeasure='cosine'.*Normalizer",
        ),
    ],
)
def test_what_is_not_covered_is_refused(frames, estimator, options, message):
    model = clustering(estimator, **options).fit(frames["iris"])
    with pytest.raises(ValueError, match=message):
        neuralize(model)


# What Spark can't easily be brought to do, by stand-ins: classes of the same names, modules and methods.


def stand_in(name, module="pyspark.ml.clustering", **members):
    return type(name, (), {"__module__": module, **members})()


def matrix(values):
    return SimpleNamespace(toArray=lambda: np.asarray(values, dtype=np.float64))


def mixture(weights, means, covariances):
    gaussians = [
        SimpleNamespace(mean=matrix(m), cov=matrix(c)) for m, c in zip(means, covariances, strict=True)
    ]
    return stand_in("GaussianMixtureModel", weights=weights, gaussians=gaussians)


def node(index, center, *children):
    return SimpleNamespace(
        index=lambda: index,
        center=lambda: matrix(center),
        children=lambda: list(children),
        isLeaf=lambda: not children,
    )


def bisecting(root, leaves):
    """The model's way to its tree: a private field of the Java object."""
    field = SimpleNamespace(
        getName=lambda: "org$apache$parentModel",
        setAccessible=lambda accessible: None,
        get=lambda model: SimpleNamespace(root=lambda: root),
    )
    java = SimpleNamespace(getClass=lambda: SimpleNamespace(getDeclaredFields=lambda: [field]))
    return stand_in(
        "BisectingKMeansModel",
        getDistanceMeasure=lambda self: "euclidean",
        clusterCenters=lambda self: leaves,
        _java_obj=java,
    )


def test_posteriors_are_those_of_the_mixture():
    """Against SciPy's densities, with unequal weights and covariances."""
    rng = np.random.default_rng(0)
    factors, means = rng.standard_normal((3, 4, 4)), 2 * rng.standard_normal((3, 4))
    covariances = factors @ factors.transpose(0, 2, 1) + 0.2 * np.eye(4)
    weights = [0.5, 0.2, 0.3]
    X = 2 * rng.standard_normal((50, 4))
    joint = np.column_stack(
        [w * multivariate_normal(m, c).pdf(X) for w, m, c in zip(weights, means, covariances, strict=True)]
    )
    posterior = joint / joint.sum(axis=1, keepdims=True)
    e = neonxai.explain(mixture(weights, means, covariances), X, beta=1.0, pooling="soft")
    assert np.array_equal(e.labels, joint.argmax(axis=1))
    # Relative to 1 − p, so that log-odds far out count too.
    np.testing.assert_allclose(e.probabilities, posterior.max(axis=1), rtol=1e-12)
    wrong = neonxai.explain(mixture(weights[::-1], means, covariances), X, beta=1.0, pooling="soft")
    assert np.abs(wrong.probabilities - posterior.max(axis=1)).max() > 1e-3


def test_a_direction_without_extent_is_left_out():
    """Spark's densities ignore it: the same as without the column."""
    flat = [np.diag([1.0, 0.0, 4.0]), np.diag([2.0, 0.0, 1.0])]
    means = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 2.0]])
    X = np.random.default_rng(1).standard_normal((20, 3))
    full = neonxai.explain(mixture([0.5, 0.5], means, flat), X, beta=1.0)
    kept = [0, 2]
    reduced = [c[np.ix_(kept, kept)] for c in flat]
    without = neonxai.explain(mixture([0.5, 0.5], means[:, kept], reduced), X[:, kept], beta=1.0)
    np.testing.assert_allclose(full.relevance[:, kept], without.relevance, rtol=1e-12, atol=1e-12)
    assert not full.relevance[:, 1].any()


def test_inner_nodes_with_one_child_decide_nothing():
    leaves = [[0.0], [6.0], [9.0]]
    right = node(-3, [7.0], node(-4, [7.0], node(1, [6.0]), node(2, [9.0])))
    root = node(-1, [4.0], node(-2, [4.0], node(0, [0.0]), right))
    source = neuralize(bisecting(root, leaves))
    X = np.array([[-1.0], [3.4], [3.6], [7.4], [7.6], [20.0]])
    assert isinstance(source, Source)
    # 3.5 lies between 0 and 7, 7.5 between 6 and 9.
    assert source.network.evidence(X)[0].tolist() == [0, 0, 1, 1, 2, 2]
    check_network(source.network, X)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (
            mixture([1.0, 0.0], [[0.0], [1.0]], [[[1.0]], [[1.0]]]),
            ValueError,
            r"Component 1 .* has weight 0.*fewer than 2",
        ),
        (
            mixture([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[0.0]]]),
            ValueError,
            r"covariance of component 1 has no extent.*eigenvalue is 0",
        ),
        (mixture([1.0], [[0.0]], [[[1.0]]]), ValueError, r"1 cluster only"),
        (bisecting(node(0, [0.0]), [[0.0]]), ValueError, r"1 cluster only"),
        (
            stand_in("KMeansModel", "pyspark.mllib.clustering", clusterCenters=[]),
            TypeError,
            r"pyspark\.mllib\.clustering\.KMeansModel is not covered.*Centroids\(model\.clusterCenters\)",
        ),
        (stand_in("GaussianMixtureModel", "pyspark.mllib.clustering"), TypeError, r"mllib.*not covered"),
        (stand_in("BisectingKMeansModel", "pyspark.mllib.clustering"), TypeError, r"mllib.*not covered"),
        (
            stand_in(
                "BisectingKMeansModel",
                getDistanceMeasure=lambda self: "euclidean",
                clusterCenters=lambda self: [[0.0], [1.0]],
                _java_obj="model-1",
            ),
            TypeError,
            r"tree of this BisectingKMeansModel can't be reached.*explain_labels.*Centroids",
        ),
    ],
)
def test_what_can_not_be_explained_is_refused(model, error, message):
    with pytest.raises(error, match=message):
        neuralize(model)
