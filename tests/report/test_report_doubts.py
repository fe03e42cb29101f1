"""Each doubt is told of data that have it, and of none that have not."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.cluster import DBSCAN, HDBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

import neonxai
from neonxai.report import gather
from neonxai.report.spheres import metric, shapes
from report_material import blobs, explained, penguins, penguins_pipeline

WINE = load_wine().data
LONG = np.array([[0.6, -0.6], [-0.4, 0.8]])  # stretches a sphere to 6 times its width


def k_means(k: int) -> KMeans:
    return KMeans(k, n_init=3, random_state=0)


def told(model, X, **parameters) -> dict[str, str]:
    """The doubts, by kind; never two of a kind."""
    report = gather(explained(model, X, **parameters)[1])
    kinds = [doubt.kind for doubt in report.warnings]
    assert len(kinds) == len(set(kinds))
    return {doubt.kind: f"{doubt.title}. {doubt.text}" for doubt in report.warnings}


def line(n_each: int, *centers: float) -> np.ndarray:
    """Rows of clusters along a line, of standard deviation 1, as quantiles have them: without chance."""
    spread = norm.ppf((np.arange(n_each) + 0.5) / n_each)
    return np.concatenate([spread + center for center in centers])[:, None]


def test_good_data_raise_no_doubt():
    assert told(k_means(5), blobs(500, 4, 5)) == {}
    assert told(GaussianMixture(3, random_state=0), blobs(300, 3, 3)) == {}
    assert told(DBSCAN(2.0), blobs(300, 3, 3)) == {}
    assert told(penguins_pipeline(), penguins()) == {}


@pytest.mark.parametrize("scaler", [StandardScaler, MinMaxScaler, RobustScaler])
@pytest.mark.parametrize("inside", [True, False])
def test_scaled_features_are_not_unscaled(scaler, inside):
    model = make_pipeline(scaler(), k_means(3)) if inside else k_means(3)
    assert "unscaled" not in told(model, WINE if inside else scaler().fit_transform(WINE))


def test_unscaled_features():
    text = told(k_means(3), WINE)["unscaled"]
    e = explained(k_means(3), WINE)[1]
    share = np.abs(e.relevance[:, 12]).sum() / np.abs(e.relevance).sum()
    spread = WINE.std(axis=0)
    assert f"x12 has {share:.1%} of the relevance" in text
    wider = spread[12] / np.median(spread[:12])
    assert f"{wider:.1f} times as wide as those of the other 12 features" in text
    assert "StandardScaler" in text
    # Two of them together, and behind steps that don't change that.
    grams = blobs(300, 6, 3) * [1, 1, 1, 1, 1000, 1000]
    assert "x4 and x5 have" in told(k_means(3), grams)["unscaled"].replace("x5 and x4", "x4 and x5")
    assert "unscaled" in told(make_pipeline(PCA(2), k_means(3)), WINE)
    # Full covariances know no unit.
    assert "unscaled" not in told(GaussianMixture(3, random_state=0, reg_covar=1e-9), WINE)


def test_unscaled_features_beside_gaps_and_categories():
    sizes = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    birds = penguins()[["species", *sizes]]
    numbers = make_pipeline(SimpleImputer(), k_means(3))
    assert "body_mass_g has" in told(numbers, birds[sizes])["unscaled"]
    mixed = make_column_transformer((SimpleImputer(), sizes), (OneHotEncoder(), ["species"]))
    assert "the other 3 features of numbers." in told(make_pipeline(mixed, k_means(3)), birds)["unscaled"]
    scaled = make_pipeline(StandardScaler(), SimpleImputer(), k_means(3))
    assert "unscaled" not in told(scaled, birds[sizes])


def test_a_feature_that_alone_matters_is_not_unscaled():
    noise = np.random.default_rng(0).normal(size=(4000, 3))
    rows = np.column_stack([line(2000, 0.0, 50.0), noise])
    rows /= rows.std(axis=0)
    e = explained(k_means(2), rows)[1]
    assert np.abs(e.relevance[:, 0]).sum() / np.abs(e.relevance).sum() > 0.95
    assert "unscaled" not in told(k_means(2), rows)


def near(distance: float) -> float:
    """The part of rows near the border of two Gaussians so many standard deviations apart; 0: of one, cut."""
    z = norm.ppf((np.arange(100_000) + 0.5) / 100_000) + distance / 2
    evidence = np.abs(z)
    return float((evidence <= np.log(1.5) * evidence.mean()).mean())


def test_the_shares_that_the_text_names():
    assert near(0) == pytest.approx(0.25, abs=0.005)
    assert near(3) == pytest.approx(0.18, abs=0.005)
    assert near(4) == pytest.approx(0.12, abs=0.005)
    even = (np.arange(1000) + 0.5) / 1000
    assert (even <= np.log(1.5) * even.mean()).mean() == pytest.approx(0.20, abs=0.005)


def test_one_cluster_cut_in_two():
    text = told(k_means(2), line(500, 0.0))["near_tied"]
    assert "clusters 0 and 1 (25% of 500)" in text or "clusters 0 and 1 (26% of 500)" in text
    assert "Compare with fewer clusters" in text
    assert "near_tied" not in told(k_means(2), line(250, 0.0, 4.0))
    assert "near_tied" not in told(k_means(2), line(5, 0.0))  # too few to tell


def test_centers_that_coincide():
    rows = blobs(200, 3, 2, 0.5)
    middle = rows.mean(axis=0)
    assert "clusters 0 and 1 (100% of 200)" in told(neonxai.Centroids([middle, middle]), rows)["near_tied"]
    # A pair is measured by its own: that others are far away doesn't make it one.
    apart = np.vstack([rows, [[600.0, 600.0, 600.0]] * 100])
    assert "near_tied" not in told(k_means(3), apart)


def test_a_mixture_counts_by_its_probabilities():
    rows = line(300, 0.0, 0.5)
    model = GaussianMixture(2, means_init=[[0.0], [0.5]], max_iter=1, tol=10.0, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows)
    e = explained(model, rows)[1]
    share = (e.probabilities < 0.6).mean()
    assert share > 0.2
    text = told(model, rows)["near_tied"]
    assert f"clusters 0 and 1 ({share:.0%} of 600)" in text
    assert "a probability below 0.6" in text
    assert "near_tied" not in told(GaussianMixture(2, random_state=0), line(300, 0.0, 4.0))


def test_low_agreement():
    rng = np.random.default_rng(0)
    X = blobs(100, 2, 2)
    model = neonxai.Labels(rng.integers(0, 2, 100))
    report = gather(explained(model, X)[1])
    text = {doubt.kind: doubt.text for doubt in report.warnings}["low_agreement"]
    assert f"{1 - report.reading.agreement:.1%} of the rows" in text
    assert "low_agreement" not in told(neonxai.Labels(k_means(2).fit_predict(X)), X)


def test_tiny_clusters():
    rows = np.vstack([blobs(200, 2, 2), [[90.0, 90.0]]])
    text = told(k_means(3), rows)["tiny"]
    assert "(1 row), of 201 rows" in text
    assert "tiny" not in told(k_means(2), rows[:-1])
    # Small, but as many as there are clusters to share the rows.
    assert "tiny" not in told(KMeans(20, n_init=1, random_state=0), blobs(400, 3, 20, 0.1))
    # A small part of many rows.
    many = np.vstack([blobs(2000, 2, 2), np.array([[90.0, 90.0]]) + blobs(15, 2, 1) / 10])
    assert "(15 rows), of 2,015 rows" in told(k_means(3), many)["tiny"]
    # Few new rows need not be in all clusters.
    e = explained(k_means(3), rows)[1]
    assert not [d for d in gather(e[:5]).warnings if d.kind == "tiny"]
    e = explained(k_means(3), blobs(300, 2, 3))[1]
    assert not [d for d in gather(e[e.labels == 1]).warnings if d.kind == "tiny"]


def test_long_clusters_of_k_means():
    long = blobs(600, 2, 3) @ LONG
    e = explained(k_means(3), long)[1]
    text = told(k_means(3), long)["non_spherical"]
    shares = {}
    for k in range(3):
        spread = np.linalg.eigvalsh(np.cov(long[e.labels == k].T))
        shares[k] = spread[-1] / spread.sum()
        expected = (1 + np.sqrt(2 / (e.labels == k).sum())) ** 2 / 2
        nearest = np.sqrt(np.delete(e.separations[k], k).min())
        reaches = 3 * np.sqrt(spread[-1]) >= nearest / 2
        assert (f"cluster {k} (" in text) == (shares[k] - expected > 0.3 and reaches)
    longest = max(shares, key=shares.get)
    assert f"cluster {longest} ({shares[longest]:.0%}; of a sphere" in text
    assert "GaussianMixture" in text
    assert "non_spherical" not in told(k_means(3), blobs(600, 2, 3))
    assert "non_spherical" not in told(GaussianMixture(3, random_state=0), long)  # it looks for long ones


@pytest.mark.parametrize("d", [2, 5, 20, 60])
@pytest.mark.parametrize("n_each", [30, 70, 300])
def test_spheres_are_never_long(d, n_each):
    rng = np.random.default_rng(d * n_each)
    rows = np.concatenate([rng.normal(size=(n_each, d)) + 40 * k for k in range(4)])
    e = explained(k_means(4), rows)[1]
    groups = [np.flatnonzero(e.labels == k) for k in range(4)]
    found = shapes(e, groups)
    assert len(found) == (4 if n_each > d else 0)
    assert not any(shape.is_long for shape in found.values())
    # And the longest direction of a sphere has about as much as `sphere` says.
    for shape in found.values():
        assert shape.share <= 1.1 * shape.sphere
        assert shape.share >= 0.75 * shape.sphere or d == 2  # where the law, of many features, says too much


def test_the_metric_is_found_behind_a_scaler():
    rows = blobs(300, 3, 3) * [1.0, 10.0, 1000.0]
    model = make_pipeline(StandardScaler(), KMeans(3, n_init=3, random_state=0, tol=0))
    e = explained(model, rows)[1]
    groups = [np.flatnonzero(e.labels == k) for k in range(3)]
    assert np.allclose(metric(e, rows, groups), 1 / rows.var(axis=0), rtol=1e-6)
    broken = replace(e, contrasts=e.contrasts + e.contrasts.mean(axis=(0, 1)))
    assert metric(broken, rows, groups) is None


def test_long_clusters_far_apart_are_well_parted():
    rows = np.random.default_rng(0).normal(size=(400, 3)) * [1.0, 8.0, 1.0]
    rows[200:, 0] += 100
    e = explained(k_means(2), rows)[1]
    found = shapes(e, [np.flatnonzero(e.labels == k) for k in range(2)])
    assert all(shape.share > 0.9 and shape.reach < 1 / 3 for shape in found.values())
    assert "non_spherical" not in told(k_means(2), rows)
    rows[200:, 0] -= 70
    assert "non_spherical" in told(k_means(2), rows)


def test_noise():
    scattered = np.random.default_rng(0).uniform(-30, 30, (60, 2))
    rows = np.vstack([blobs(200, 2, 2, 0.5), scattered])
    e = explained(HDBSCAN(min_cluster_size=20, copy=True), rows)[1]
    count = int((e.labels == -1).sum())
    assert count > 26
    text = told(HDBSCAN(min_cluster_size=20, copy=True), rows)["noise"]
    assert f"{count} of 260 rows are noise" in text
    clusters = gather(e).clusters
    assert [c.name for c in clusters if c.noise] == ["-1"]
    assert {t.direction for c in clusters if c.noise for t in c.traits} == {"differs"}
    few = np.vstack([blobs(200, 2, 2, 0.5), [[90.0, 0.0]]])
    assert "noise" not in told(DBSCAN(3.0), few)


def test_outliers_are_neither_tiny_nor_near_tied():
    assert told(LocalOutlierFactor(contamination=0.01), StandardScaler().fit_transform(WINE)) == {}


def test_sampled():
    e = explained(k_means(5), blobs(500, 4, 5))[1]
    (doubt,) = gather(e, n_rows=100).warnings
    assert (doubt.kind, doubt.title) == ("sampled", "100 of 500 rows are shown")
    assert gather(e, n_rows=500).warnings == ()


def test_notes_are_told():
    e = explained(k_means(5), blobs(500, 4, 5))[1]
    (doubt,) = gather(e, notes=["Two columns were left out."]).warnings
    assert (doubt.kind, doubt.text) == ("note", "Two columns were left out.")
