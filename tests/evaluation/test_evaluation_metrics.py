"""Recovery, stability, randomisation: worked by hand, and on what is bad."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_wine, make_blobs
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai import Centroids, ClusterExplainer, Labels, evaluation
from neonxai.evaluation import Metric, correlation, randomisation_check, recovery, stability
from neonxai.evaluation.correlation import row_correlations
from neonxai.evaluation.matching import match_clusters

WINE = StandardScaler().fit_transform(load_wine().data)
KMEANS = KMeans(3, n_init=3, random_state=0).fit(WINE)
EXPLAINER = ClusterExplainer(KMEANS).fit(WINE)


# Recovery.


def test_recovery_by_hand():
    """Mean |R| is (3, 1, 2, 0)."""
    R = [[3.0, 1.0, -2.0, 0.0], [-3.0, 1.0, -2.0, 0.0]]
    found = recovery(R, [0, 1])
    assert found.scores.tolist() == [3, 1, 2, 0]
    assert (found.recall, found.auc, found.top) == (0.5, 0.75, 2)
    assert recovery(R, [0, 1], top=3).recall == 1
    assert recovery(R, [True, False, False, False]).auc == 1
    signed = recovery(R, [0, 1], statistic="mean")
    assert signed.scores.tolist() == [0, 1, -2, 0]
    assert (signed.recall, signed.auc) == (0.75, (0.5 + 1 + 1 + 1) / 4)  # x0 and x3 tie for the second place


def test_constant_relevance_recovers_by_chance():
    found = recovery(np.ones((5, 8)), [0, 1])
    assert (found.recall, found.auc) == (2 / 8, 0.5)


def test_planted_features_are_found_and_reversed_ones_are_not():
    rng = np.random.default_rng(0)
    X, _ = make_blobs(200, 3, centers=4, random_state=1)
    X = np.hstack([rng.normal(size=(200, 9)), X])
    frame = pd.DataFrame(X, columns=[f"noise {i}" for i in range(9)] + ["p", "q", "r"])
    e = neonxai.explain(KMeans(4, n_init=3, random_state=0), frame)
    found = recovery(e, ["p", "q", "r"])
    assert (found.recall, found.auc) == (1, 1)
    wrong = recovery(-np.abs(e.relevance), [9, 10, 11], statistic="mean")
    assert (wrong.recall, wrong.auc) == (0, 0)


def test_auc_is_that_of_scikit_learn():
    rng = np.random.default_rng(2)
    R = np.round(rng.normal(size=(3, 40)), 1)
    known = rng.random(40) < 0.3
    expected = roc_auc_score(known, np.abs(R).mean(axis=0))
    assert recovery(R, known).auc == pytest.approx(expected, rel=1e-12)


# What stability is made of.


def test_row_correlations_are_spearmans(monkeypatch):
    monkeypatch.setattr(correlation, "_TILE_VALUES", 40)
    rng = np.random.default_rng(0)
    a, b = np.round(rng.normal(size=(2, 20, 9)), 1)
    expected = [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(row_correlations(a, b), expected, rtol=0, atol=1e-14)
    a[3] = 1
    assert np.isnan(row_correlations(a, b)[3])
    assert not np.isnan(np.delete(row_correlations(a, b), 3)).any()


def test_matching_is_the_best_of_all():
    rng = np.random.default_rng(1)
    a, b = rng.integers(4, size=(2, 60))
    partners = match_clusters(a, b, 4, 4)
    best = max(np.mean(np.array(order)[a] == b) for order in itertools.permutations(range(4)))
    assert np.mean(partners[a] == b) == best
    assert match_clusters(a, a, 4, 6).tolist() == [0, 1, 2, 3]


# Stability.


@pytest.mark.parametrize("of", ["rows", "clusters"])
def test_what_does_not_change_is_stable(of):
    found = stability(EXPLAINER, WINE, scale=0.0, of=of)
    np.testing.assert_allclose(found.correlations, 1.0, rtol=1e-14)
    assert found.agreement.tolist() == [1] * 5
    assert (found.kind, found.of) == ("noise", of)


def test_more_noise_is_less_stable():
    found = [stability(EXPLAINER, WINE, scale=scale).correlation for scale in (0.01, 0.1, 1.0, 10.0)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.98
    assert found[-1] < 0.5


@pytest.mark.parametrize("kind", ["resampling", "refitting"])
def test_clusters_of_other_fits_are_matched(kind):
    """The clusters come in another order, of which nothing is to be seen: half of all rows would differ."""
    X, _ = make_blobs(150, 5, centers=4, random_state=3)
    model = KMeans(4, n_init=3, random_state=0)
    found = stability(model, X, kind=kind)
    assert found.correlations.min() > 0.85
    assert found.agreement.min() == 1
    assert not hasattr(model, "cluster_centers_")
    names = [KMeans(4, n_init=3, random_state=seed).fit_predict(X) for seed in range(4)]
    assert min(np.mean(names[0] == other) for other in names) < 0.5


def test_a_structureless_fit_is_less_stable():
    uniform = np.random.default_rng(0).random((150, 5))
    blobs, _ = make_blobs(150, 5, centers=4, random_state=3)
    model = KMeans(4, n_init=1)
    unstable = stability(model, uniform, kind="refitting")
    stable = stability(model.set_params(n_init=5), blobs, kind="refitting")
    assert unstable.correlation < 0.8 < stable.correlation
    assert unstable.agreement.mean() < 0.8 < stable.agreement.mean()


def test_refits_of_a_pipeline_of_a_frame_with_columns_in_another_order():
    frame = pd.DataFrame(WINE, columns=[f"c{i}" for i in range(13)])
    steps = make_column_transformer((StandardScaler(), ["c3", "c1"]), remainder="passthrough")
    explainer = ClusterExplainer(make_pipeline(steps, KMeans(3, n_init=5, random_state=0))).fit(frame)
    found = stability(explainer, frame[frame.columns[::-1]], kind="refitting", n_repeats=2)
    assert found.correlation > 0.95
    assert explainer.model.steps[-1][1].random_state == 0


def test_refitting_to_other_rows_with_another_number_of_clusters():
    X, _ = make_blobs(80, 3, centers=3, random_state=3)
    found = stability(DBSCAN(eps=2.5), X, kind="resampling", n_repeats=2)
    assert np.all(found.correlations > 0.5)
    assert np.all((found.agreement >= 0) & (found.agreement <= 1))


# Randomisation.


def of_centers(centers):
    return ClusterExplainer(Centroids(centers)).fit(WINE)


def of_columns(X):
    return ClusterExplainer(KMeans(3, n_init=1, random_state=0)).fit(X)


def of_labels(labels):
    return ClusterExplainer(Labels(labels), gamma=1.0).fit(WINE)


def test_own_explanations_depend_on_the_model():
    assert abs(randomisation_check(of_columns, WINE).correlation) < 0.5
    by_centers = randomisation_check(of_centers, WINE, centers=KMEANS.cluster_centers_)
    assert by_centers.shuffled == "centers"
    assert abs(by_centers.correlation) < 0.5


@pytest.mark.filterwarnings("ignore::neonxai.LowAgreementWarning")  # as it should be, of shuffled labels
def test_explanations_of_labels_depend_on_the_labels():
    assert abs(randomisation_check(of_labels, WINE, labels=KMEANS.labels_, n_repeats=2).correlation) < 0.5


def test_an_explanation_that_knows_no_model_is_caught():
    found = randomisation_check(lambda centers: np.abs, WINE, centers=KMEANS.cluster_centers_)
    np.testing.assert_allclose(found.correlations, 1.0, rtol=1e-14)
    frozen = randomisation_check(lambda X: EXPLAINER, WINE)
    np.testing.assert_allclose(frozen.correlations, 1.0, rtol=1e-14)


def test_the_factory_gets_what_is_shuffled():
    seen = []

    def factory(centers):
        seen.append(centers)
        return of_centers(centers)

    randomisation_check(factory, WINE, centers=KMEANS.cluster_centers_, n_repeats=2)
    assert np.array_equal(seen[0], KMEANS.cluster_centers_)
    for shuffled in seen[1:]:
        assert not np.array_equal(shuffled, seen[0])
        assert np.array_equal(np.sort(shuffled, axis=0), np.sort(seen[0], axis=0))


# All.


@pytest.mark.parametrize(
    "name", ["deletion_curve", "insertion_curve", "recovery", "stability", "randomisation_check"]
)
def test_metrics_describe_themselves(name):
    metric = getattr(evaluation, name).metric
    assert isinstance(metric, Metric)
    assert metric.direction == ("lower" if name in ("deletion_curve", "randomisation_check") else "higher")
    assert metric.range[0] < metric.range[1]
    assert metric.description.endswith(".")
    if metric.source is not None:
        references = Path(__file__).parents[2] / "docs" / "references.md"
        assert f"\n{metric.source}\n" in references.read_text(encoding="utf-8")


@pytest.mark.parametrize("extra", ["matplotlib", "torch", "quantus"])
def test_extras_are_not_imported(extra):
    code = f"import sys, neonxai.evaluation; sys.exit({extra!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
