"""Which rows are shown of many, and how large a page gets."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from neonxai.report import gather
from neonxai.report.page import render
from neonxai.report.sampling import sample
from report_material import blobs, documents, explained

MOST = 5_000_000


def size(report) -> int:
    return len(render(report).encode())


@pytest.mark.parametrize(
    ("sizes", "n_rows"), [([900, 90, 10], 100), ([500, 500], 101), ([5000, 3, 1, 1], 50)]
)
def test_clusters_are_shown_by_their_size(sizes, n_rows):
    clusters = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    kept = np.array([0, 5, 9])
    chosen = sample(clusters, kept, n_rows)
    assert len(np.unique(chosen)) == len(chosen)
    assert n_rows <= len(chosen) <= n_rows + len(kept)
    assert set(kept) <= set(chosen)
    shown = np.bincount(clusters[chosen], minlength=len(sizes))
    fair = np.array(sizes) * n_rows / sum(sizes)
    few = np.minimum(sizes, min(10, n_rows // len(sizes)))
    assert (shown >= np.maximum(few, np.floor(0.7 * fair))).all()
    assert np.array_equal(sample(clusters, kept, n_rows), chosen)
    assert np.array_equal(sample(clusters, kept, len(clusters)), np.arange(len(clusters)))


def test_more_clusters_than_rows_to_show():
    chosen = sample(np.arange(500).repeat(3), np.arange(0), 100)
    assert len(chosen) == 100


@pytest.fixture(scope="module")
def many():
    X = blobs(12_000, 30, 8, 6.0)
    return explained(KMeans(8, n_init=1, random_state=0), X)


def test_a_page_of_10_000_rows_has_room_for_its_charts(many):
    explainer, e = many
    report = gather(e, explainer=explainer)
    assert report.source.n_shown in range(10_000, 10_000 + 6 * 8 + 1)
    assert report.rows.rivals.shape[1] == 3
    assert all(feature.column is not None for feature in report.features)
    assert 4_000_000 < size(report) < MOST


def test_a_page_of_20_clusters_has_all_rows():
    X = np.random.default_rng(0).normal(size=(10_000, 30))
    e = explained(KMeans(20, n_init=1, random_state=0, max_iter=3), X)
    report = gather(e[1], explainer=e[0])
    assert (report.source.n_shown, report.rows.rivals.shape[1]) == (10_000, 2)
    assert size(report) < MOST


def test_a_page_of_100_clusters_has_fewer_rows():
    e = explained(KMeans(100, n_init=1, random_state=0, max_iter=5), blobs(7_500, 30, 100, 6.0))
    report = gather(e[1], explainer=e[0])
    assert 6_800 <= report.source.n_shown <= 6_800 + 600
    assert report.rows.rivals.shape[1] == 2
    assert size(report) < MOST


def test_a_page_of_300_clusters_has_shorter_cards():
    e = explained(KMeans(300, n_init=1, random_state=0, max_iter=2), blobs(12_000, 30, 300, 6.0))
    report = gather(e[1], explainer=e[0])
    assert {len(cluster.traits) for cluster in report.clusters} == {2}
    assert report.rows.rivals.shape[1] == 1
    assert size(report) < MOST


def test_all_numbers_but_rows_are_of_all_rows(many):
    explainer, e = many
    report = gather(e, explainer=explainer, n_rows=400)
    assert report.source.n_shown < 500
    assert [c.n_rows for c in report.clusters] == np.bincount(e.labels).tolist()
    assert sum(report.certainty.counts) == 12_000
    assert all(feature.values.counts.sum() == 12_000 for feature in report.features)
    for k, cluster in enumerate(report.clusters):
        names = [int(report.rows.names[i]) for i in cluster.borderline]
        rows = np.flatnonzero(e.labels == k)
        assert names == rows[np.argsort(e.logits[rows], kind="stable")[:3]].tolist()
        assert e.labels[[int(report.rows.names[i]) for i in cluster.typical]].tolist() == [k] * 3
    assert report.rows.rivals.shape[1] == 7


def test_progress_is_told(many):
    explainer, e = many
    seen = []
    gather(e[:100], explainer=explainer, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 7) for i in range(1, 8)]


def test_documents_and_many_features_stay_small():
    texts = documents(1000)
    rng = np.random.default_rng(0)
    texts = [f"{text} {' '.join(map(str, rng.integers(1000, 99_999, 60)))}" for text in texts]
    explainer, e = explained(make_pipeline(TfidfVectorizer(), KMeans(3, n_init=1, random_state=0)), texts)
    report = gather(e, explainer=explainer, values=texts)
    assert e.n_features > 30_000
    assert len(report.ranking) == 200
    assert all(len(text) <= 200 for text in report.rows.texts)
    assert size(report) < MOST
    with pytest.raises(AssertionError):
        assert size(gather(e, explainer=explainer, values=texts)) < 10_000
