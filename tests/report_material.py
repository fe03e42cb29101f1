"""Explanations of every kind that a report is made of, and a check of its facts against what they sum to."""

import warnings
from collections.abc import Callable
from importlib.resources import files

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, issparse
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris, load_wine, make_blobs
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import neonxai
from neonxai.report import Report

# What float32 leaves of a number, and 17 of its 23 bits of digits.
SINGLE, SHORT = 1e-6, 4e-6

Explained = tuple[neonxai.ClusterExplainer, neonxai.Explanation]


def explained(model, X, **parameters) -> Explained:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", neonxai.LowAgreementWarning)
        explainer = neonxai.ClusterExplainer(model, **parameters).fit(X)
    return explainer, explainer.explain(X, labels=explainer.labels_)


def penguins() -> pd.DataFrame:
    return pd.read_csv(str(files("palmerpenguins") / "data" / "penguins.csv")).drop(columns="year")


def penguins_pipeline():
    sizes = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), sizes),
        (OneHotEncoder(), ["species", "island", "sex"]),
    )
    return make_pipeline(columns, KMeans(3, n_init=10, random_state=0))


def blobs(n: int, d: int, k: int, spread: float = 1.0) -> np.ndarray:
    return make_blobs(n, d, centers=k, cluster_std=spread, random_state=0)[0]


def documents(n: int = 60) -> list[str]:
    words = [
        "red",
        "sweet",
        "dry",
        "white",
        "wine",
        "oak",
        "berry",
        "fruit",
        "apple",
        "lemon",
        "long",
        "nose",
    ]
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(words[:7] if i % 2 else words[5:], 8)) for i in range(n)]


def _k_means(k: int) -> KMeans:
    return KMeans(k, n_init=3, random_state=0)


def _wine() -> pd.DataFrame:
    wine = load_wine(as_frame=True).data
    return StandardScaler().set_output(transform="pandas").fit_transform(wine)


def _one_row() -> Explained:
    explainer, e = explained(_k_means(3), blobs(60, 4, 3))
    return explainer, e[7]


def _sparse() -> csr_array:
    rng = np.random.default_rng(0)
    return csr_array(rng.random((80, 400)) * (rng.random((80, 400)) < 0.05))


KINDS: dict[str, Callable[[], Explained]] = {
    "k-means": lambda: explained(_k_means(3), _wine()),
    "array": lambda: explained(_k_means(3), _wine().to_numpy()),
    "single precision": lambda: explained(_k_means(3), _wine().to_numpy(np.float32)),
    "mixture": lambda: explained(GaussianMixture(3, random_state=0), load_iris(as_frame=True).data),
    "noise": lambda: explained(HDBSCAN(min_cluster_size=10, copy=True), _wine()),
    "noise and clusters": lambda: explained(DBSCAN(1.0), np.vstack([blobs(200, 2, 4, 0.4), [[50.0, 50.0]]])),
    "labels": lambda: explained(AgglomerativeClustering(3), _wine()),
    "categories and gaps": lambda: explained(penguins_pipeline(), penguins()),
    "documents": lambda: explained(make_pipeline(TfidfVectorizer(), _k_means(3)), documents()),
    "sparse": lambda: explained(_k_means(3), _sparse()),
    "outliers": lambda: explained(LocalOutlierFactor(contamination=0.05), _wine()),
    "2 clusters, 2 features": lambda: explained(_k_means(2), blobs(100, 2, 2)),
    "100 clusters": lambda: explained(KMeans(100, n_init=1, random_state=0), blobs(1000, 5, 100, 0.3)),
    "numbers beyond single precision": lambda: explained(_k_means(3), blobs(60, 4, 3) * 1e60),
    "numbers below it": lambda: explained(_k_means(3), blobs(60, 4, 3) * 1e-60),
    "1 row": _one_row,
    "1 feature": lambda: explained(_k_means(2), blobs(50, 1, 2)),
    "5,000 features": lambda: explained(_k_means(3), blobs(60, 5000, 3)),
    "shapley": lambda: explained(_k_means(3), blobs(60, 4, 3), method="shapley"),
}


def dense(e: neonxai.Explanation) -> np.ndarray:
    return e.relevance.toarray() if issparse(e.relevance) else e.relevance


def check_report(report: Report, e: neonxai.Explanation) -> None:
    """All numbers of a report of all rows follow from the explanation."""
    assert report.source.n_rows == report.source.n_shown == len(e)
    assert [c.n_rows for c in report.clusters] == [int((e.labels == name).sum()) for name in e.cluster_names]
    assert [c.name for c in report.clusters] == [str(name) for name in e.cluster_names]
    assert sum(report.certainty.counts) == len(e)
    own, relevance = report.rows.own, dense(e)
    place = np.array([e.feature_names.index(feature.name) for feature in report.features])
    scale = np.abs(relevance).sum(axis=1) + np.abs(e.logits) + sum(np.abs(v) for _, v in own.further)
    total = own.relevance.sum(axis=1) + own.others + sum(values for _, values in own.further)
    assert (np.abs(total - e.logits) <= 10 * SINGLE * scale).all()
    found = np.take_along_axis(relevance, place[own.top], axis=1)
    there = own.relevance != 0
    assert (np.abs(np.where(there, found, 0) - own.relevance) <= SINGLE * scale[:, None]).all()
    # No other feature has more.
    rest = np.abs(relevance)
    np.put_along_axis(rest, place[own.top], 0.0, axis=1)
    assert (rest.max(axis=1) <= np.abs(own.relevance).min(axis=1) + SINGLE * scale).all()
    sizes = np.abs(relevance.astype(np.float64)).mean(axis=0)
    assert np.allclose([f.mean_abs for f in report.features], sizes[place], rtol=1e-9)
    ranked = [report.features[i].mean_abs for i in report.ranking]
    assert ranked == sorted(ranked, reverse=True)
    assert np.isclose(ranked[0], sizes.max())
    for cluster in report.clusters:
        shown = [*cluster.typical, *cluster.borderline]
        assert {report.clusters[k].name for k in report.rows.clusters[shown]} <= {cluster.name}
    answers, n_rivals = report.rows.against, report.rows.rivals.shape[1]
    total = answers.relevance.sum(axis=2) + answers.others + sum(values for _, values in answers.further)
    assert (
        np.abs(total - answers.logits)
        <= 10
        * SINGLE
        * (
            np.abs(answers.relevance).sum(axis=2)
            + np.abs(answers.logits)
            + sum(np.abs(v) for _, v in answers.further)
            + scale[:, None]
        )
    ).all()
    assert (np.diff(answers.logits, axis=1) >= -SINGLE * scale[:, None]).all() or n_rivals < 2
    assert not (report.rows.rivals == report.rows.targets[:, None]).any()
