"""Mixed tables made so that known columns drive the clusters: these come first."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, StandardScaler

import neonxai

N = 600
DRIVING = ["n1", "n4", "c2"]
OTHERS = ["n0", "n2", "n3", "n5", "c0", "c1", "c3"]


def planted(seed, missing=0.05):
    """Three clusters, told apart by two numbers and a category; the other columns are noise."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=N)
    frame = pd.DataFrame(rng.standard_normal((N, 6)), columns=[f"n{i}" for i in range(6)])
    frame["n1"] += np.array([-3.0, 0.0, 3.0])[truth]
    frame["n4"] = np.exp(frame["n4"] / 3 + np.array([0.0, 2.0, 1.0])[truth])  # skewed
    for i in range(4):
        codes = rng.integers(3, size=N)
        if i == 2:
            codes = np.where(rng.random(N) < 0.9, truth, codes)
        frame[f"c{i}"] = np.array(["red", "green", "blue"])[codes]
    for column in frame.columns:
        frame.loc[rng.random(N) < missing, column] = np.nan
    return frame[rng.permutation(frame.columns)], truth


def front(*after):
    numbers = make_pipeline(SimpleImputer(strategy="median"), *after, StandardScaler())
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False))
    return ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("categories", categories, make_column_selector(dtype_exclude="number")),
        ]
    )


def come_first(e):
    order = np.argsort(-e.summary_values(by=None))
    return {e.feature_names[i] for i in order[: len(DRIVING)]} == set(DRIVING)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "make",
    [
        lambda: make_pipeline(front(), KMeans(3, n_init=5, random_state=0)),
        lambda: make_pipeline(front(PowerTransformer()), PCA(8), KMeans(3, n_init=5, random_state=0)),
        lambda: make_pipeline(front(PowerTransformer()), GaussianMixture(3, reg_covar=0.05, random_state=0)),
        lambda: make_pipeline(front(PowerTransformer()), AgglomerativeClustering(3)),
        lambda: make_pipeline(front(), PCA(8), PowerTransformer(), KMeans(3, n_init=5, random_state=0)),
    ],
    ids=["k-means", "PCA", "mixture", "labels", "PCA and a bend"],
)
def test_what_drives_the_clusters_comes_first(make, seed):
    frame, _ = planted(seed)
    e = neonxai.explain(make(), frame)
    assert come_first(e), e.summary(by=None)


@pytest.mark.parametrize("seed", range(4))
def test_labels_behind_preprocessing(seed):
    frame, truth = planted(seed)
    e = neonxai.explain_labels(truth, frame, preprocessing=front(PowerTransformer()))
    assert come_first(e)


def test_without_a_plan_nothing_comes_first():
    frame, _ = planted(0)
    rng = np.random.default_rng(0)
    shuffled = frame.apply(rng.permutation)  # each column in an order of its own
    assert not come_first(
        neonxai.explain(make_pipeline(front(), KMeans(3, n_init=5, random_state=0)), shuffled)
    )
