"""The cards of clusters, against pandas and the definitions."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler

from neonxai.report import gather
from neonxai.report.columns import Values, compared, distribution, read_numbers, typical
from neonxai.report.numbers import in_words
from neonxai.report.page import render
from report_material import blobs, dense, explained, penguins, penguins_pipeline


@pytest.fixture(scope="module")
def birds():
    frame = penguins()
    explainer, e = explained(penguins_pipeline(), frame)
    return frame, e, gather(e, explainer=explainer)


def said(values: pd.Series) -> str:
    """Median and middle half of numbers, by pandas."""
    gaps = f"; {values.isna().sum()} missing" if values.isna().any() else ""
    quartiles = values.quantile([0.5, 0.25, 0.75])
    return "{} ({} to {})".format(*map(in_words, quartiles)) + gaps


def check_traits(frame, e, report):
    for k, cluster in enumerate(report.clusters):
        own = frame[e.labels == e.cluster_names[k]]
        rest = frame[e.labels != e.cluster_names[k]]
        rival = frame[e.labels == e.cluster_names[cluster.rival.cluster]]
        for traits, others in ((cluster.traits, rest), (cluster.rival.traits, rival)):
            for trait in traits:
                name = report.features[trait.feature].name
                if frame[name].dtype == np.float64:
                    assert (trait.typical, trait.rest) == (said(own[name]), said(others[name]))
                    higher = own[name].median() - others[name].median()
                    assert trait.direction == {1: "higher", -1: "lower", 0: "differs"}[int(np.sign(higher))]
                else:
                    shares = [part[name].value_counts(normalize=False) / len(part) for part in (own, others)]
                    known = [part[name].value_counts(normalize=True) for part in (own, others)]
                    word = trait.typical.rpartition("%")[0].rpartition(" ")[0]
                    excess = known[0].sub(known[1], fill_value=0)
                    assert excess[word] == excess.max()
                    texts = (trait.typical, trait.rest)
                    for text, share, part in zip(texts, shares, (own, others), strict=True):
                        gaps = part[name].isna().sum()
                        end = f"; {gaps} missing" if gaps else ""
                        assert text == f"{word} {share.get(word, 0.0):.0%}{end}"
                    more = shares[0][word] - shares[1].get(word, 0)
                    assert trait.direction == {1: "more", -1: "less", 0: ""}[int(np.sign(more))]


def test_typical_values_are_those_of_pandas(birds):
    frame, e, report = birds
    check_traits(frame, e, report)
    texts = [t.typical for c in report.clusters for t in c.traits]
    assert any("missing" in text for text in texts)
    assert any("%" in text for text in texts)
    with pytest.raises(AssertionError):
        check_traits(frame.assign(bill_depth_mm=frame["bill_depth_mm"] + 1), e, report)


def test_traits_are_the_largest_means(birds):
    _, e, report = birds
    for k, cluster in enumerate(report.clusters):
        means = e.relevance[e.labels == k].mean(axis=0)
        order = np.argsort(-means)[:5]
        assert [t.feature for t in cluster.traits] == [i for i in order if means[i] > 0]
        assert np.allclose([t.relevance for t in cluster.traits], means[[t.feature for t in cluster.traits]])
        assert np.allclose(
            [t.share for t in cluster.traits], [t.relevance for t in cluster.traits] / np.abs(means).sum()
        )
        rows = e.labels == k
        counts = np.bincount(e.competitors[rows], minlength=3)
        assert cluster.rival.cluster == counts.argmax()
        assert cluster.rival.share == counts.max() / rows.sum()
        assert cluster.rival.evidence == e.separations[k, counts.argmax()]
        pair = e.contrasts[k, counts.argmax()]
        assert [t.feature for t in cluster.rival.traits] == [i for i in np.argsort(-pair)[:5] if pair[i] > 0]
        assert (cluster.evidence, cluster.probability) == (
            e.logits[rows].mean(),
            e.probabilities[rows].mean(),
        )
        assert cluster.n_borderline == (e.probabilities[rows] < 0.6).sum()


def test_distributions_count_every_row(birds):
    frame, e, report = birds
    for feature in report.features:
        values, column = feature.values, frame[feature.name]
        counts = values.counts.sum(axis=1) + values.missing
        assert counts.tolist() == [c.n_rows for c in report.clusters]
        assert values.missing == tuple(column[e.labels == k].isna().sum() for k in range(3))
        if values.names:
            for k in range(3):
                told = dict(zip(values.names, values.counts[k].tolist(), strict=True))
                own = column[e.labels == k].value_counts()
                assert told == {name: own.get(name, 0) for name in values.names}
        else:
            for k in range(3):
                own = column[(e.labels == k) & column.notna()]
                assert values.counts[k].tolist() == np.histogram(own, values.edges)[0].tolist()


def test_rows_hold_the_values(birds):
    frame, _, report = birds
    for feature in report.features:
        column, values = feature.column, frame[feature.name]
        if column.codes is None:
            assert np.array_equal(column.numbers, values.to_numpy(np.float32), equal_nan=True)
        else:
            told = [None if code == 65535 else column.names[code] for code in column.codes]
            assert told == [None if pd.isna(value) else value for value in values]


def test_typical_rows_are_near_the_mean_and_borderline_ones_near_the_border(birds):
    _, e, report = birds
    for k, cluster in enumerate(report.clusters):
        rows = np.flatnonzero(e.labels == k)
        own = dense(e)[rows]
        distances = ((own - own.mean(axis=0)) ** 2).sum(axis=1)
        assert list(cluster.typical) == rows[np.argsort(distances, kind="stable")[:3]].tolist()
        assert list(cluster.borderline) == rows[np.argsort(e.logits[rows], kind="stable")[:3]].tolist()
        # They are no extremes, which have the largest evidence.
        middle = np.quantile(e.logits[rows], [0.1, 0.9])
        assert (
            (e.logits[list(cluster.typical)] > middle[0]) & (e.logits[list(cluster.typical)] < middle[1])
        ).all()


def test_values_in_the_units_of_the_user():
    wine = load_wine(as_frame=True).data
    scaled = StandardScaler().set_output(transform="pandas").fit_transform(wine)
    e = explained(KMeans(3, n_init=3, random_state=0), scaled)[1]
    check_traits(wine, e, gather(e, values=wine))
    check_traits(scaled, e, gather(e))
    shuffled = wine[wine.columns[::-1]]  # by name
    assert gather(e, values=shuffled).clusters == gather(e, values=wine).clusters


def test_values_of_every_type():
    iris = load_iris(as_frame=True).data
    e = explained(KMeans(3, n_init=3, random_state=0), iris)[1]
    truths = (iris > iris.median()).astype("boolean")
    truths.iloc[::10] = pd.NA
    for values in (truths, truths.astype(object), truths.to_numpy(object)):
        shown = gather(e, values=values).features[2].values
        assert (shown.names, sum(shown.missing)) == (("False", "True"), 15)
    assert gather(e, values=iris.to_numpy().tolist()).clusters == gather(e).clusters
    endless = iris.replace(iris.iloc[7, 2], np.inf)
    with pytest.raises(ValueError, match=r"infinite value of 'petal length \(cm\)'.*NaN where nothing"):
        gather(e, values=endless)


def test_an_outlier_is_explained_and_an_inlier_by_the_opposite():
    wine = StandardScaler().fit_transform(load_wine().data)
    e = explained(LocalOutlierFactor(contamination=0.05), wine)[1]
    report = gather(e)
    inlier, outlier = report.clusters
    assert (inlier.name, outlier.name) == ("1", "-1")
    assert report.title == "178 rows: inliers and outliers"
    assert "<bdi>cluster" not in (page := render(report))
    assert page.count("<bdi>outliers</bdi>") > 1
    assert outlier.evidence == pytest.approx(e.logits[e.labels == -1].mean())
    assert inlier.evidence == pytest.approx(-e.logits[e.labels == 1].mean())
    assert (inlier.rival.cluster, outlier.rival.cluster) == (1, 0)
    assert inlier.traits == ()  # every feature speaks for the outlier, and the threshold against
    assert len(outlier.traits) == 5
    assert np.array_equal(report.rows.own.logits, e.logits.astype(np.float32))
    # Certainty is of the cluster that a row is in, on cards and in rows.
    assert (report.rows.probabilities >= 0.5).all()
    for k, cluster in enumerate(report.clusters):
        own = report.rows.probabilities[report.rows.clusters == k]
        assert cluster.probability == pytest.approx(own.mean(), rel=1e-6)
        assert cluster.n_borderline == (own < 0.6).sum()


def test_documents_by_the_presence_of_terms():
    from report_material import KINDS, documents

    _, e = KINDS["documents"]()
    report = gather(e, values=documents())
    for k, cluster in enumerate(report.clusters):
        for trait in cluster.traits:
            term = report.features[trait.feature].name
            has = np.array([term in text.split() for text in documents()])
            assert trait.typical == f"present {has[e.labels == k].mean():.0%}"
            assert trait.rest == f"present {has[e.labels != k].mean():.0%}"


def test_words_of_numbers():
    assert typical(read_numbers(np.array([0.0, 1.0, 1.0, 1.0])), np.arange(4)) == "1 75%"
    numbers = read_numbers(np.array([0.0, 1.0, 1.0, 0.0, 0.0, np.nan]))
    assert compared(numbers, np.arange(3), np.arange(3, 6)) == ("more", "1 67%", "1 0%; 1 missing")
    gone = Values(np.array([1.0, 2.0, 3.0, np.nan]))
    assert compared(gone, np.array([3]), np.arange(3)) == ("", "all missing", "2 (1.5 to 2.5)")
    assert compared(gone, np.arange(0), np.arange(3)) == ("", "", "2 (1.5 to 2.5)")
    same = Values(np.array([1.0, 2.0, 3.0, 0.0, 2.0, 9.0]))
    assert compared(same, np.arange(3), np.arange(3, 6))[0] == "differs"


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(10.0),
        np.arange(1000.0),
        np.append(np.arange(100.0), 1e9),
        np.random.default_rng(0).lognormal(3, 2, 500),
        np.array([1.0, 1.0 + 1e-16, 1.0 + 3e-16, 1.0 + 6e-16]),
        np.array([-1e300, 0.0, 1e300]),
        np.repeat([1.0, 2.0, 50.0], [100, 1, 1]),
    ],
)
def test_every_number_is_in_a_bin(numbers):
    with np.errstate(over="ignore"):
        counts = distribution(Values(numbers), [np.arange(len(numbers))])
    assert counts.counts.sum() == len(numbers)
    assert len(counts.edges) <= 27
    assert (np.diff(counts.edges) > 0).all()
    assert counts.ends == (numbers.min(), numbers.max())
    if np.array_equal(numbers, np.arange(10.0)):
        assert counts.counts.tolist() == [[1] * 10]


def test_many_categories():
    words = np.array([f"word{i % 30}" for i in range(90)], dtype=object)
    frame = pd.DataFrame({"word": words, "x": blobs(90, 1, 2)[:, 0]})
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = make_column_transformer((OneHotEncoder(), ["word"]), ("passthrough", ["x"]))
    e = explained(make_pipeline(columns, KMeans(2, n_init=1, random_state=0)), frame)[1]
    report = gather(e)
    values = report.features[0].values
    assert len(values.names) == 21
    assert values.names[-1] == "other"
    assert values.counts.sum() == 90
    assert len(report.features[0].column.names) == 30
    broken = replace(e, cluster_names=e.cluster_names[::-1])
    assert gather(broken).clusters != report.clusters
