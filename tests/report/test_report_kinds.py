"""A report of every kind of explanation, its numbers against what they must be."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import KMeans

from neonxai.report import digits, gather
from neonxai.report.facts import shortened
from neonxai.report.numbers import singles
from neonxai.report.page import render
from report_material import (
    KINDS,
    SHORT,
    blobs,
    check_report,
    documents,
    explained,
    penguins,
    penguins_pipeline,
)


@pytest.fixture(scope="module", params=KINDS)
def made(request):
    explainer, e = KINDS[request.param]()
    return explainer, e, report_of(explainer, e)


def report_of(explainer, e):
    texts = documents() if e.row_kind == "document" else None
    return gather(e, explainer=explainer, values=texts)


def test_numbers(made):
    _, e, report = made
    check_report(report, e)


def test_without_an_explainer_all_but_rivals_is_there(made):
    _, e, report = made
    alone = gather(e)
    check_report(alone, e)
    assert alone.rows.rivals.shape[1] == 0
    assert traits(alone) == traits(report)
    assert alone.model.name is None


def traits(report):
    return [
        [(report.features[t.feature].name, t.relevance, t.typical) for t in c.traits] for c in report.clusters
    ]


def test_json_holds_it_all(made):
    _, _, report = made
    facts, arrays = report.to_json()
    text = json.dumps(facts, allow_nan=False)
    again = unpacked(json.loads(text), arrays)
    rows = report.rows
    for name in ("clusters", "targets", "nearest", "rivals"):
        assert np.array_equal(again["rows"][name], getattr(rows, name))
    for name in ("places", "probabilities"):
        assert np.allclose(again["rows"][name], getattr(rows, name), rtol=SHORT, atol=0)
    assert np.allclose(again["rows"]["own"]["relevance"], rows.own.relevance, rtol=SHORT, atol=0)
    assert np.array_equal(again["rows"]["against"]["top"], rows.against.top)
    for feature, read in zip(report.features, again["features"], strict=True):
        if feature.column is not None and feature.column.numbers is not None:
            numbers = feature.column.numbers
            assert np.allclose(read["column"]["numbers"], numbers, rtol=SHORT, atol=0, equal_nan=True)


@pytest.mark.parametrize("power", range(-8, 5))
def test_numbers_of_five_digits_come_back_as_they_were(power):
    numbers = np.arange(10_000, 100_000, 7) * 10.0**power
    assert [*map(digits.number, shortened(singles(numbers)).tolist())] == [*map(digits.number, numbers)]


def unpacked(value, arrays):
    """Read arrays as a page does."""
    if isinstance(value, dict) and set(value) == {"dtype", "shape", "at"}:
        kind, count = np.dtype(value["dtype"]), int(np.prod(value["shape"]))
        planes = np.frombuffer(arrays, np.uint8, count * kind.itemsize, value["at"])
        return planes.reshape(kind.itemsize, count).T.copy().view(kind).reshape(value["shape"])
    if isinstance(value, dict):
        return {name: unpacked(part, arrays) for name, part in value.items()}
    return [unpacked(part, arrays) for part in value] if isinstance(value, list) else value


def test_the_check_rejects_wrong_numbers():
    explainer, e = KINDS["k-means"]()
    report = gather(e, explainer=explainer)
    own, against = report.rows.own, report.rows.against
    broken = [
        replace(report, rows=replace(report.rows, own=replace(own, relevance=own.relevance * 1.001))),
        replace(report, rows=replace(report.rows, own=replace(own, others=-own.others))),
        replace(report, rows=replace(report.rows, own=replace(own, top=own.top[:, ::-1]))),
        replace(report, rows=replace(report.rows, against=replace(against, logits=against.logits + 0.1))),
        replace(report, rows=replace(report.rows, rivals=report.rows.targets[:, None].repeat(2, axis=1))),
        replace(report, ranking=report.ranking[::-1]),
        replace(report, clusters=report.clusters[::-1]),
    ]
    for wrong in broken:
        with pytest.raises(AssertionError):
            check_report(wrong, e)


@pytest.mark.parametrize(
    "kind", ["k-means", "noise", "labels", "categories and gaps", "documents", "mixture"]
)
def test_rivals_are_the_nearest_and_answered_as_the_explainer_does(kind):
    explainer, e = KINDS[kind]()
    report = report_of(explainer, e)
    rivals = report.rows.rivals
    if rivals.shape[1] == 0:  # noise is nobody's rival, and one rival is all
        assert sum(not c.noise for c in report.clusters) == 2
        return
    labels = {"labels": e.labels} if e.agreement is not None else {}
    data = documents() if kind == "documents" else e.data
    assert np.array_equal(rivals[:, 0], e.competitor_positions)
    for rank in range(rivals.shape[1]):
        asked = np.array(e.cluster_names)[rivals[:, rank]]
        pair = explainer.explain(data, target=e.targets, against=asked, **labels)
        assert np.allclose(report.rows.against.logits[:, rank], pair.logits, rtol=1e-5, atol=1e-6)
        relevance = pair.relevance.toarray() if e.absent is not None else pair.relevance
        found = np.take_along_axis(relevance, report.rows.against.top[:, rank].astype(int), axis=1)
        there = report.rows.against.relevance[:, rank] != 0
        shown = report.rows.against.relevance[:, rank]
        assert np.allclose(shown, np.where(there, found, 0.0), rtol=1e-5, atol=1e-6)


def test_of_many_clusters_the_nearest_rivals_are_offered():
    explainer, e = KINDS["100 clusters"]()
    report = gather(e, explainer=explainer)
    centers = explainer.model_.cluster_centers_
    distances = ((e.data[:, None] - centers) ** 2).sum(axis=2)
    distances[np.arange(len(e)), e.labels] = np.inf
    nearest = np.argsort(distances, axis=1)[:, :3]
    # Beyond the very nearest they are looked for among the nearest clusters of the row's cluster.
    assert np.array_equal(report.rows.rivals[:, 0], nearest[:, 0])
    assert (np.sort(report.rows.rivals[:, :3]) == np.sort(nearest)).all(axis=1).mean() > 0.99


def test_sources_and_names():
    frame = penguins()
    explainer, e = explained(penguins_pipeline(), frame)
    report = gather(e, explainer=explainer, source="penguins.csv", names=[f"bird {i}" for i in range(len(e))])
    assert report.title == "penguins.csv: 3 clusters"
    assert report.rows.names[3] == "bird 3"
    assert report.model.name == "Pipeline of ColumnTransformer, KMeans"
    assert report.model.parameters == (("n_clusters", "3"), ("n_init", "10"), ("random_state", "0"))
    assert gather(explainer.explain(frame.set_index(frame.index + 100))).rows.names[0] == "100"


def test_noise_is_not_counted_as_a_cluster():
    report = gather(KINDS["noise and clusters"]()[1])
    assert [cluster.noise for cluster in report.clusters] == [True, False, False, False, False]
    assert report.title == "201 rows: 4 clusters and noise"
    assert "4 clusters and noise ·" in render(report)


def test_commands_make_the_same_explanation():
    X = blobs(60, 4, 3)
    for asked in ({}, {"pooling": "soft"}, {"beta": np.inf}, {"method": "shapley", "n_permutations": 8}):
        explainer, e = explained(KMeans(3, n_init=3, random_state=0), X, **asked)
        (_, lines), *_ = gather(e, explainer=explainer).commands
        known = {"model": explainer.model, "X": X}
        exec(lines.rpartition("\n")[0], known)  # noqa: S102  (all but the page)
        again = known["explainer"].explain(X)
        assert np.allclose(again.relevance, e.relevance)
        assert np.allclose(again.probabilities, e.probabilities)


def test_other_rows_than_were_explained_are_refused():
    _, e = KINDS["k-means"]()
    with pytest.raises(ValueError, match="no rows, so that there is nothing"):
        gather(e[:0])
    with pytest.raises(ValueError, match="names has 2 names, but 178 rows"):
        gather(e, names=["a", "b"])
    with pytest.raises(ValueError, match="values has 3 rows and 13 columns, but 178 rows with 13"):
        gather(e, values=e.data[:3])
    with pytest.raises(ValueError, match="alcohol"):
        gather(e, values=e.to_frame()[list(e.feature_names[1:])])


def test_an_explainer_of_another_clustering_is_refused():
    explainer, _ = KINDS["k-means"]()
    _, e = KINDS["labels"]()
    with pytest.raises(ValueError, match="not the one that explained these rows"):
        gather(replace(e, agreement=None), explainer=explainer)
    with pytest.raises(ValueError, match="which it refuses: X has 2 features"):
        gather(explained(KMeans(3, n_init=1, random_state=0), blobs(50, 2, 3))[1], explainer=explainer)


def test_documents_without_their_texts():
    explainer, e = KINDS["documents"]()
    report = gather(e, explainer=explainer)
    assert (report.rows.texts, report.rows.rivals.shape[1]) == ((), 0)
    told = gather(e, explainer=explainer, values=documents())
    assert told.rows.texts == tuple(documents())
    assert told.rows.rivals.shape[1] == 2
    with pytest.raises(ValueError, match="values has 1 texts, but 60 documents"):
        gather(e, values=["to be"])
