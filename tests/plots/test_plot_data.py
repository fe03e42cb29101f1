"""Plots of sparse rows and of raw tables."""

from dataclasses import replace

import numpy as np
import pytest

from explained_data import CENTERS, FRAMES, X, explain_raw, explain_sparse, part_of, raw

each_kind = pytest.mark.parametrize("kind", FRAMES)


@pytest.fixture
def e():
    return explain_sparse(X, CENTERS)


def test_a_document_is_drawn(e):
    row = int(np.diff(X.indptr).argmax())
    values_ax, ax = e.plot.sample(row, max_features=4)
    lengths = [bar.get_width() for bar in ax.patches]
    assert sum(lengths) == pytest.approx(e.logits[row], rel=1e-12)
    labels = [label.get_text() for label in values_ax.get_yticklabels()]
    assert labels[4:] == [f"{len(part_of(e, row)) - 4} other terms", "absent terms"]
    strongest = np.abs(part_of(e, row)).argmax()
    here = X.indptr[row] + strongest
    assert labels[0] == f"t{X.indices[here]} = {X.data[here]:.4g}"
    assert lengths[-1] == e.absent[row]
    assert "document" in values_ax.get_title(loc="right")
    assert "82 documents" in " ".join(values_ax.get_xlabel().split())


def test_an_empty_document_is_drawn(e):
    _, ax = e.plot.sample(-1)
    assert [bar.get_width() for bar in ax.patches] == [pytest.approx(e.logits[-1], rel=1e-12)]


def test_heatmap_and_map_of_sparse_rows(e):
    ax = e.plot.heatmap(max_features=6, order="given")
    kept = np.sort(np.argsort(-e.summary_values(by=None, statistic="mean_abs"))[:6])
    cells = np.asarray(ax.images[0].get_array())
    np.testing.assert_array_equal(cells[:, :-1], e.summary_values()[:, kept])
    absent = [e.absent[e.label_positions == k].mean() for k in range(e.n_clusters)]
    np.testing.assert_allclose(cells[:, -1], absent, rtol=1e-12)
    assert ax.get_xticklabels()[-1].get_text() == "absent terms"
    assert "82 documents, the 6 most relevant of 50 terms" in " ".join(ax.get_title().split())
    places = [
        np.sort(np.vstack([p.get_offsets() for p in one.plot.map(doubt=0).collections]), axis=0)
        for one in (e, replace(e, data=X.toarray()))
    ]
    np.testing.assert_allclose(
        np.abs(np.sum(places[0], axis=0)), np.abs(np.sum(places[1], axis=0)), atol=1e-9
    )
    np.testing.assert_allclose((places[0] ** 2).sum(axis=0), (places[1] ** 2).sum(axis=0), rtol=1e-9)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_map_of_few_sparse_rows(e, rows):
    assert "PCA 1" in e[:rows].plot.map().get_xlabel()
    same = e[[0] * rows]
    assert same.plot.map().get_xlabel() == "PCA 1 (no variance)"


@each_kind
def test_a_raw_row_is_drawn(kind):
    e = explain_raw(raw(kind))
    values_ax, ax = e.plot.sample(0, order="given")
    labels = [label.get_text() for label in values_ax.get_yticklabels()]
    assert labels == [
        "age = 31",
        "income = 1.5",
        "city = Zürich",
        "note = " + "x" * 23 + "…",
        "member = True",
    ]
    assert sum(bar.get_width() for bar in ax.patches) == pytest.approx(e.logits[0], rel=1e-12)
    dots = [line for line in values_ax.lines if line.get_marker() == "o"]
    assert [dot.get_ydata()[0] for dot in dots] == [0, 1]  # age and income have a range
    labels = [label.get_text() for label in e.plot.sample(1, order="given")[0].get_yticklabels()]
    assert labels[:3] == ["age = 25", "income = missing", "city = missing"]
    assert e.plot.map().get_xlabel().startswith("PCA 1 of relevance (")


def test_features_are_found_in_the_data_by_name():
    e = explain_raw(raw("polars"))
    e = replace(e, data=raw("polars").select("note", "age"))
    labels = [label.get_text() for label in e.plot.sample(1, order="given")[0].get_yticklabels()]
    assert labels == ["age = 25", "income", "city", "note = short", "member"]
