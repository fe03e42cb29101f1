"""What tells clusters apart, prototypes, rows in doubt; and summaries that add up."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from sklearn.preprocessing import StandardScaler

import neonxai

WINE = StandardScaler().fit_transform(load_wine().data)
NAMES = load_wine().feature_names
IRIS = load_iris()
FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
MODELS = {
    "k-means": KMeans(3, n_init=1, random_state=0).fit(WINE),
    "tied": GaussianMixture(3, covariance_type="tied", random_state=0).fit(WINE),
    "full": GaussianMixture(3, covariance_type="full", random_state=0, reg_covar=0.1).fit(WINE),
    "labels": neonxai.Labels(load_wine().target),
}


def make(kind, names=NAMES):
    return FRAMES[kind](dict(zip(names, WINE.T, strict=True)))


def check_contrast(contrasts, centers):
    """For k-means: feature by feature the squared difference of two centers, to the last digits."""
    expected = (centers[:, None] - centers[None]) ** 2
    np.testing.assert_allclose(contrasts, expected, rtol=1e-12, atol=1e-14 * expected.max())


def test_centers_are_told_apart_by_their_squared_differences():
    model = MODELS["k-means"]
    check_contrast(neonxai.explain(model, WINE).contrast(), model.cluster_centers_)
    with pytest.raises(AssertionError):
        check_contrast(2 * neonxai.explain(model, WINE).contrast(), model.cluster_centers_)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_contrast_is_the_prototype_explained_against_one_rival(model):
    explainer = neonxai.ClusterExplainer(model).fit(WINE)
    e = explainer.explain(WINE)
    for c in range(3):
        for k in range(3):
            if c == k:
                assert not e.contrasts[c, k].any()
                continue
            pair = explainer.explain(explainer.prototypes_[[c]], target=c, against=k)
            scale = np.abs(pair.relevance).sum()
            np.testing.assert_allclose(e.contrasts[c, k], pair.relevance[0], atol=1e-12 * scale)
            np.testing.assert_allclose(e.separations[c, k], pair.logits[0], atol=1e-12 * scale)


def test_mixtures_are_told_apart_by_their_own_precisions():
    """Tied: half the squared Mahalanobis distance of two means, split as (μ_c − μ_k) ∘ P (μ_c − μ_k) / 2."""
    model = MODELS["tied"]
    e = neonxai.explain(model, WINE)
    delta = model.means_[:, None] - model.means_[None]
    expected = delta * (delta @ model.precisions_) / 2
    np.testing.assert_allclose(e.contrast(), expected, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("kind", FRAMES)
def test_the_table_is_the_kind_of_frame_that_came_in(kind):
    names = ["cluster", *NAMES[1:]]
    table = neonxai.explain(MODELS["k-means"], make(kind, names)).contrast()
    assert isinstance(table, type(make(kind)))
    columns = list(table.column_names if kind == "pyarrow" else table.columns)
    assert columns == ["cluster_", "rival", "evidence", *names]
    centers = MODELS["k-means"].cluster_centers_
    assert np.asarray(table["cluster_"]).tolist() == [0, 0, 1, 1, 2, 2]
    assert np.asarray(table["rival"]).tolist() == [1, 2, 0, 2, 0, 1]
    np.testing.assert_allclose(np.asarray(table["evidence"])[0], ((centers[0] - centers[1]) ** 2).sum())
    np.testing.assert_allclose(np.asarray(table["hue"])[3], (centers[1, 10] - centers[2, 10]) ** 2)


def test_what_belongs_to_no_feature_is_shown():
    table = neonxai.explain(MODELS["full"], make("pandas")).contrast()
    total = table[NAMES].sum(axis=1) + table["absorbed"]
    np.testing.assert_allclose(total, table["evidence"], rtol=1e-12)
    assert (table["absorbed"].abs() > 1).any()
    assert "absorbed" not in neonxai.explain(MODELS["k-means"], make("pandas")).contrast()


def test_noise_has_no_prototype():
    X = StandardScaler().fit_transform(IRIS.data)
    explainer = neonxai.ClusterExplainer(DBSCAN(eps=0.8, min_samples=4).fit(X)).fit(X)
    e = explainer.explain(X)
    assert e.cluster_names == (-1, 0, 1)
    assert np.isnan(e.contrasts[0]).all()
    assert np.isfinite(e.contrasts[1:]).all()
    prototypes = explainer.explain_prototypes()
    assert prototypes.targets.tolist() == [0, 1]
    assert all((row == X).all(axis=1).any() for row in prototypes.data)


def test_medoids_are_nearest_to_all_others():
    e = neonxai.ClusterExplainer(neonxai.Labels(IRIS.target)).fit(IRIS.data)
    for k in range(3):
        members = IRIS.data[IRIS.target == k]
        sums = ((members[:, None] - members[None]) ** 2).sum(axis=(1, 2))
        medoid = ((e.prototypes_[k] - members) ** 2).sum(axis=1).sum()
        assert medoid == pytest.approx(sums.min())


def test_prototypes_are_explained_for_their_own_clusters():
    explainer = neonxai.ClusterExplainer(MODELS["k-means"]).fit(make("pandas"))
    e = explainer.explain_prototypes()
    assert e.targets.tolist() == e.labels.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(e.data, MODELS["k-means"].cluster_centers_)
    assert isinstance(e.to_frame(), pd.DataFrame)
    assert isinstance(e.summary(), pd.DataFrame)


def test_some_clusters_of_many():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 300))
    model = neonxai.Centroids(X[:200], [f"c{i}" for i in range(200)])  # 200² · 300 values are too many
    explainer = neonxai.ClusterExplainer(model).fit(X[:50])
    with pytest.raises(ValueError, match=r"200 clusters × 300 features are too many.*contrast\("):
        explainer.explain(X[:5]).contrast()
    found = explainer.contrast(["c7", "c3"])
    check_contrast(found, X[[7, 3]])
    with pytest.raises(ValueError, match="'c777' is not a cluster"):
        explainer.contrast(["c7", "c777"])


def test_outlier_scores_have_no_prototypes():
    explainer = neonxai.ClusterExplainer(KernelDensity().fit(WINE)).fit(WINE)
    with pytest.raises(ValueError, match="no centers, means or medoids"):
        explainer.explain_prototypes()
    with pytest.raises(ValueError, match="no prototypes"):
        explainer.contrast()
    with pytest.raises(ValueError, match="no table of contrasts: the model has no centers, means or medoids"):
        explainer.explain(WINE[:3]).contrast()


def test_contrasts_survive_files(tmp_path):
    explainer = neonxai.ClusterExplainer(MODELS["full"]).fit(WINE)
    e = explainer.explain(WINE)
    e.save(tmp_path / "e.npz")
    np.testing.assert_array_equal(neonxai.Explanation.load(tmp_path / "e.npz").contrast(), e.contrast())
    explainer.save(tmp_path / "x.npz")
    loaded = neonxai.ClusterExplainer.load(tmp_path / "x.npz")
    np.testing.assert_array_equal(loaded.explain(WINE).contrast(), e.contrast())


def test_rows_in_doubt_come_first():
    e = neonxai.explain(MODELS["k-means"], WINE)
    doubt = e.borderline(7)
    assert len(doubt) == 7
    assert (np.diff(doubt.logits) >= 0).all()
    assert doubt.logits.max() <= np.sort(e.logits)[6]
    distances = ((doubt.data[:, None] - MODELS["k-means"].cluster_centers_) ** 2).sum(axis=2)
    nearest_two = np.sort(np.argsort(distances, axis=1)[:, :2], axis=1)
    between = np.sort(np.stack([doubt.targets, doubt.competitors], axis=1), axis=1)
    assert np.array_equal(between, nearest_two)
    assert len(e.borderline(10_000)) == len(WINE)
    wanted = neonxai.explain(MODELS["labels"], WINE, target=1)  # of either sign
    assert np.array_equal(np.sort(np.abs(wanted.logits))[:9], np.abs(wanted.borderline(9).logits))
    assert len(e.borderline(0)) == 0
    for n in (-1, 2.5, None):
        with pytest.raises(ValueError, match=f"n={n} rows can't be chosen"):
            e.borderline(n)


def check_summaries(e, summary):
    """They add up: features to the logit, clusters to all rows, and shares to one."""
    total = summary(e, by=None, statistic="mean").sum() + e.absorbed.mean()
    assert total == pytest.approx(e.logits.mean(), rel=1e-10)
    weights = np.bincount(e.label_positions, minlength=e.n_clusters) / len(e)
    for k in range(e.n_clusters):
        own = e.label_positions == k
        total = summary(e, by="cluster", statistic="mean")[k].sum() + e.absorbed[own].mean()
        assert total == pytest.approx(e.logits[own].mean(), rel=1e-10)
    for statistic in ("mean", "mean_abs"):
        together = weights @ summary(e, by="cluster", statistic=statistic)
        np.testing.assert_allclose(together, summary(e, by=None, statistic=statistic), rtol=1e-10, atol=1e-12)
    for by in ("cluster", None):
        shares, sizes = summary(e, by=by, statistic="share"), summary(e, by=by, statistic="mean_abs")
        np.testing.assert_allclose(shares, sizes / sizes.sum(axis=-1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_summaries_add_up(model):
    check_summaries(neonxai.explain(model, WINE), neonxai.Explanation.summary_values)


def test_summaries_that_do_not_add_up_are_rejected():
    def median(e, by, statistic):
        values = {"mean": e.relevance, "mean_abs": np.abs(e.relevance), "share": np.abs(e.relevance)}[
            statistic
        ]
        groups = [np.median(values[e.label_positions == k], axis=0) for k in range(e.n_clusters)]
        return np.stack(groups) if by == "cluster" else np.median(values, axis=0)

    with pytest.raises(AssertionError):
        check_summaries(neonxai.explain(MODELS["full"], WINE), median)
