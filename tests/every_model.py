"""Every model that neonxai explains, on two real data sets: what `docs/models.md` is made from.

A row of the table needs a model for each data set, how the model itself labels the rows, and words for what
the network has exactly. Whether that is so is tested here; how far a stand-in agrees is measured here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import cluster, discriminant_analysis, mixture, naive_bayes, neighbors, svm
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai import sources

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = Path(__file__).parent.parent / "docs" / "models.md"
DATA = ("wine", "cancer")
CENTER = "nearest center"
ODDS = "log-odds of the membership"
SCORE = "outlier score"
LABELS = "labels of the clustered rows"


@cache
def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Standardised rows and classes."""
    X, y = {"wine": load_wine, "cancer": load_breast_cancer}[name](return_X_y=True)
    return StandardScaler().fit_transform(X), y


@dataclass(frozen=True)
class Case:
    """A model, and what is claimed of it."""

    name: str
    fit: Callable[[np.ndarray, np.ndarray], Any]
    exact: str
    labels: Callable[[Any, np.ndarray], np.ndarray] | None = None

    def predicted(self, model: Any, X: np.ndarray) -> np.ndarray:
        """How the model itself labels the rows."""
        if self.labels is not None:
            return self.labels(model, X)
        return model.labels_ if self.exact == LABELS else model.predict(X)


def _sk(module: Any, cls: str, exact: str, variant: str = "", **options: Any) -> Case:
    def fit(X: np.ndarray, y: np.ndarray) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence
            return getattr(module, cls)(**options).fit(X, y)

    return Case(f"scikit-learn `{cls}`{variant}", fit, exact)


def _density(X: np.ndarray, scale: float) -> float:
    """A radius: so many times the mean distance to the fourth neighbor."""
    return scale * neighbors.NearestNeighbors(n_neighbors=4).fit(X).kneighbors()[0][:, -1].mean()


def _dbscan(X: np.ndarray, y: np.ndarray) -> Any:
    return cluster.DBSCAN(eps=_density(X, 0.9), min_samples=4).fit(X)


def _hdbscan_package(X: np.ndarray, y: np.ndarray) -> Any:
    import hdbscan

    return hdbscan.HDBSCAN(min_cluster_size=6, min_samples=2).fit(X)


def _kernel_kmeans(X: np.ndarray, y: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that it could use, and of two dimensions
        from tslearn.clustering import KernelKMeans

        return KernelKMeans(3, kernel="rbf", random_state=0).fit(X)


def _kmedoids(X: np.ndarray, y: np.ndarray) -> Any:
    import kmedoids

    return kmedoids.KMedoids(3, metric="euclidean", method="fasterpam", random_state=0).fit(X)


def _faiss_kmeans(X: np.ndarray, y: np.ndarray) -> Any:
    import faiss

    model = faiss.Kmeans(X.shape[1], 4, seed=1, verbose=False, min_points_per_centroid=1)
    model.train(X.astype(np.float32))
    return model


def _faiss_index(X: np.ndarray, y: np.ndarray) -> Any:
    import faiss

    index = faiss.IndexFlatL2(X.shape[1])
    index.add(X[::25].astype(np.float32))
    return index


def _faiss_labels(model: Any, X: np.ndarray) -> np.ndarray:
    index = getattr(model, "index", model)
    return index.search(X.astype(np.float32), 1)[1][:, 0]


def _tensor(X: np.ndarray) -> Any:
    import torch

    return torch.tensor(X)


def _torch_kmeans(X: np.ndarray, y: np.ndarray) -> Any:
    from neonxai.torch import KMeans

    return KMeans(3, random_state=0).fit(_tensor(X))


def _cmeans(X: np.ndarray, y: np.ndarray) -> Any:
    import skfuzzy

    return skfuzzy.cmeans(X.T, 3, 1.5, error=1e-9, maxiter=300, seed=0)


def _pyod(cls: str) -> Callable[[np.ndarray, np.ndarray], Any]:
    def fit(X: np.ndarray, y: np.ndarray) -> Any:
        from importlib import import_module

        return getattr(import_module(f"pyod.models.{cls.lower()}"), cls)().fit(X)

    return fit


def _relative(module: str) -> Callable[[np.ndarray, np.ndarray], Any]:
    """No such library here: a class of its name, with the attributes that its KMeans has."""

    def fit(X: np.ndarray, y: np.ndarray) -> Any:
        real = cluster.KMeans(3, n_init=1, random_state=0).fit(X)
        stand_in = type("KMeans", (), {"__module__": module, "predict": lambda self, X: real.predict(X)})()
        stand_in.cluster_centers_ = real.cluster_centers_
        return stand_in

    return fit


def _outlier(model: Any, X: np.ndarray) -> np.ndarray:
    """No threshold: each row is as much of an outlier as its score says."""
    return np.full(len(X), -1)


CASES = [
    _sk(cluster, "KMeans", CENTER, n_clusters=3, n_init=1, random_state=0),
    _sk(cluster, "MiniBatchKMeans", CENTER, n_clusters=3, n_init=1, random_state=0),
    _sk(cluster, "BisectingKMeans", "descent of the tree", n_clusters=5, random_state=0),
    _sk(cluster, "AffinityPropagation", CENTER, damping=0.8, random_state=0),
    _sk(cluster, "MeanShift", CENTER, bandwidth=3.5),
    _sk(neighbors, "NearestCentroid", CENTER),
    _sk(cluster, "Birch", "nearest subcluster", n_clusters=4, threshold=1.0),
    *(
        _sk(
            mixture,
            cls,
            ODDS,
            f", {kind}",
            n_components=3,
            covariance_type=kind,
            random_state=0,
            reg_covar=1e-3,
        )
        for cls in ("GaussianMixture", "BayesianGaussianMixture")
        for kind in ("spherical", "diag", "tied", "full")
    ),
    _sk(discriminant_analysis, "LinearDiscriminantAnalysis", ODDS),
    _sk(discriminant_analysis, "QuadraticDiscriminantAnalysis", ODDS, reg_param=0.01),
    _sk(naive_bayes, "GaussianNB", ODDS),
    Case("scikit-learn `DBSCAN`", _dbscan, LABELS),
    _sk(cluster, "HDBSCAN", LABELS, min_cluster_size=6, min_samples=2, copy=True),
    _sk(cluster, "OPTICS", LABELS, min_samples=4, xi=0.02, min_cluster_size=6),
    _sk(cluster, "AgglomerativeClustering", LABELS, n_clusters=3),
    _sk(cluster, "SpectralClustering", LABELS, n_clusters=3, affinity="nearest_neighbors", random_state=0),
    Case("hdbscan `HDBSCAN`", _hdbscan_package, LABELS),
    Case("tslearn `KernelKMeans`, Gaussian kernel", _kernel_kmeans, LABELS),
    Case("any labels: `explain_labels`", lambda X, y: neonxai.Labels(y), LABELS, lambda m, X: m.labels),
    Case("kmedoids `KMedoids`, Euclidean", _kmedoids, CENTER, lambda m, X: m.labels_),
    Case("FAISS `Kmeans`", _faiss_kmeans, CENTER, _faiss_labels),
    Case("FAISS `IndexFlatL2`", _faiss_index, CENTER, _faiss_labels),
    Case("scikit-fuzzy `cmeans`", _cmeans, ODDS, lambda m, X: m[1].argmax(axis=0)),
    Case("cuML `KMeans` (tested by its attributes)", _relative("cuml.cluster.kmeans"), CENTER),
    Case("dask-ML `KMeans` (tested by its attributes)", _relative("dask_ml.cluster.k_means"), CENTER),
    Case("`neonxai.torch.KMeans`", _torch_kmeans, CENTER, lambda m, X: m.estimator_.predict(X)),
    Case(
        "`neonxai.Centroids`, any array",
        lambda X, y: neonxai.Centroids(X[::60]),
        CENTER,
        lambda m, X: ((X[:, None] - m.centers) ** 2).sum(axis=2).argmin(axis=1),
    ),
    _sk(svm, "OneClassSVM", SCORE, gamma="scale", nu=0.1),
    Case(
        "scikit-learn `LocalOutlierFactor`",
        lambda X, y: neighbors.LocalOutlierFactor().fit(X),
        SCORE,
        lambda m, X: np.where(m.negative_outlier_factor_ < m.offset_, -1, 1),
    ),
    Case(
        "scikit-learn `KernelDensity`, Gaussian",
        lambda X, y: neighbors.KernelDensity().fit(X),
        SCORE,
        _outlier,
    ),
    Case(
        "scikit-learn `NearestNeighbors`", lambda X, y: neighbors.NearestNeighbors().fit(X), SCORE, _outlier
    ),
    Case("PyOD `KNN`", _pyod("KNN"), SCORE, lambda m, X: m.labels_),
    Case("PyOD `LOF`", _pyod("LOF"), SCORE, lambda m, X: m.labels_),
]
SPARK = {"KMeansModel": CENTER, "BisectingKMeansModel": "descent of the tree", "GaussianMixtureModel": ODDS}


def spark_data(name: str) -> np.ndarray:
    """Few columns: Spark's mixtures are exact where no density is below 1e-16. And not around 0.

    There its bisecting k-means, which steps from a center by a part of its norm, finds no second cluster.
    """
    return data(name)[0][:, :3] + 1.0


def fit_spark(session: Any, cls: str, X: np.ndarray) -> tuple[Any, np.ndarray]:
    """A model of Spark ML, and its own predictions."""
    from pyspark.ml import clustering
    from pyspark.ml.linalg import Vectors

    frame = session.createDataFrame([(Vectors.dense(row),) for row in X.tolist()], ["features"]).coalesce(1)
    estimator = getattr(clustering, cls.removesuffix("Model"))(k=3, seed=1, maxIter=5)
    model = estimator.fit(frame)
    rows = model.transform(frame).select("prediction").collect()
    return model, np.array([row.prediction for row in rows])


def check(case_name: str, exact: str, model: Any, X: np.ndarray, labels: np.ndarray) -> SimpleNamespace:
    """Explain all rows: labels are the model's own, and everything adds up. Returns what the table shows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of low agreement, which the table shows
        e = neonxai.explain(model, X)
    assert np.array_equal(e.labels, labels), f"{case_name} labels {np.sum(e.labels != labels)} rows otherwise"
    scale = np.abs(e.relevance).sum(axis=1) + np.abs(e.absorbed)
    assert np.all(e.conservation_error() <= 1e-10 * scale), f"{case_name} does not conserve"
    source = sources.neuralize(model)
    stands_in = isinstance(source, neonxai.Labels)
    assert stands_in == (e.agreement is not None) == (exact == LABELS)
    network = (source.on(X) if stands_in else source).network
    return SimpleNamespace(network=type(network).__name__, agreement=e.agreement)


def row(name: str, exact: str, results: list[SimpleNamespace]) -> str:
    """A line of the table."""
    (network,) = {result.network for result in results}
    agreements = [result.agreement for result in results]
    stand_in = "—" if agreements[0] is None else "yes: " + ", ".join(f"{a:.0%}" for a in agreements)
    return f"| {name} | `{network}` | {exact} | {stand_in} |"


def main() -> None:
    """Write the table anew: ``python tests/every_model.py``."""
    from conftest import local_session

    lines = []
    for case in CASES:
        results = []
        for name in DATA:
            X, y = data(name)
            model = case.fit(X, y)
            results.append(check(case.name, case.exact, model, X, case.predicted(model, X)))
        lines.append(row(case.name, case.exact, results))
    session = local_session()
    for cls, exact in SPARK.items():
        fitted = [(spark_data(name), *fit_spark(session, cls, spark_data(name))) for name in DATA]
        results = [check(cls, exact, model, X, labels) for X, model, labels in fitted]
        lines.append(row(f"Spark ML `{cls}`", exact, results))
    session.stop()
    text = TABLE.read_text(encoding="utf-8")
    head, rest = text.split("| --- | --- | --- | --- |\n")
    tail = rest[rest.index("\n\n") :]
    TABLE.write_text(head + "| --- | --- | --- | --- |\n" + "\n".join(lines) + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
