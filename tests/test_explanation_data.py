"""Explanations of sparse rows."""

import tracemalloc
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse
from scipy.sparse import csr_array

import neonxai
from explained_data import CENTERS, FRAMES, RNG, X, explain_sparse, part_of, rewrite, terms_of
from neonxai import Explanation

mpl.use("Agg")
each_kind = pytest.mark.parametrize("kind", FRAMES)


@pytest.fixture
def e():
    return explain_sparse(X, CENTERS)


def check_conserves(e):
    parts = [np.abs(part_of(e, row)).sum() for row in range(len(e))]
    assert np.all(e.conservation_error() <= 1e-12 * (np.array(parts) + np.abs(e.absent)))


# sparse relevance


def test_everything_adds_up(e):
    check_conserves(e)
    assert np.abs(e.absent).mean() > 0.1  # there is something to lose


def test_what_drops_the_absent_is_rejected(e):
    with pytest.raises(AssertionError):
        check_conserves(replace(e, absent=np.zeros_like(e.absent)))


def test_float32_is_summed_up_in_float64():
    X = csr_array(np.ones((1, 50_000)))
    e = replace(
        explain_sparse(X, np.vstack([np.zeros(50_000), np.full(50_000, 0.1)]), dtype=np.float32),
        logits=np.array([0.0]),
        absent=np.zeros(1),
    )
    each = float(np.float32(e.relevance.data[0]))
    assert e.conservation_error()[0] == pytest.approx(50_000 * abs(each), rel=1e-12)


@pytest.mark.parametrize(
    "key", [3, -1, slice(2, 9, 3), slice(None, None, -1), [5, 1, 5], [], np.arange(82) % 7 == 2]
)
def test_rows(e, key):
    rows = np.atleast_1d(np.arange(82)[key]).astype(int)
    part = e[key]
    assert len(part) == len(rows)
    for name in ("relevance", "data"):
        assert np.array_equal(getattr(part, name).toarray(), getattr(e, name).toarray()[rows])
        assert isinstance(getattr(part, name), csr_array)
    for name in ("absent", "logits", "labels"):
        assert np.array_equal(getattr(part, name), getattr(e, name)[rows])
    if len(part):
        check_conserves(part)


def test_borderline_rows(e):
    part = e.borderline(5)
    assert np.array_equal(part.logits, np.sort(np.abs(e.logits))[:5])
    check_conserves(part)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_summary(dtype):
    e = explain_sparse(X, CENTERS, dtype=dtype)
    dense = e.relevance.toarray().astype(np.float64)
    mean, absolute, share = (e.summary_values(statistic=s) for s in ("mean", "mean_abs", "share"))
    for k, name in enumerate(e.cluster_names):
        rows = e.labels == name
        assert rows.any()
        np.testing.assert_allclose(
            mean[k], dense[rows].mean(axis=0), rtol=1e-6 if dtype == np.float32 else 1e-12
        )
        np.testing.assert_allclose(absolute[k], np.abs(dense[rows]).mean(axis=0), rtol=1e-6)
        total = mean[k].sum() + e.absent[rows].mean()
        np.testing.assert_allclose(total, e.logits[rows].mean(), rtol=1e-5 if dtype == np.float32 else 1e-12)
    np.testing.assert_allclose(share.sum(axis=1), 1.0)
    np.testing.assert_allclose(e.summary(by=None), dense.mean(axis=0), rtol=1e-6)
    assert isinstance(e.summary(), np.ndarray)


def test_summary_without_rows_is_nan(e):
    assert np.isnan(e[[]].summary_values()).all()


def columns_of(table):
    return list(table.column_names if isinstance(table, pa.Table) else table.columns)


@each_kind
def test_a_summary_in_a_frame_is_long(e, kind):
    table = replace(e, frame=kind).summary()
    assert isinstance(table, type(FRAMES[kind]({"a": [1]})))
    assert columns_of(table) == ["cluster", "term", "mean"]
    values = e.summary_values()
    assert len(table) == np.count_nonzero(values)
    rows = list(zip(*(np.asarray(table[name]).tolist() for name in columns_of(table)), strict=True))
    assert rows[0] == ("c0", f"t{values[0].argmax()}", values[0].max())
    assert rows == sorted(rows, key=lambda row: (row[0], -row[2]))
    overall = replace(e, frame=kind).summary(by=None, statistic="share")
    assert columns_of(overall) == ["term", "share"]
    assert len(overall) == 50


@each_kind
def test_the_table_is_long(e, kind):
    table = e.to_frame(kind)
    assert isinstance(table, type(FRAMES[kind]({"a": [1]})))
    assert columns_of(table) == ["document", "cluster", "term", "relevance"]
    found = [np.asarray(table[name]).tolist() for name in columns_of(table)]
    wanted = [
        (row, str(e.targets[row]), f"t{i}", value)
        for row in range(82)
        for value, i in sorted(
            zip(part_of(e, row), terms_of(e, row), strict=True),
            key=lambda pair: -pair[0],
        )
    ]
    assert list(zip(*found, strict=True)) == wanted
    assert len(wanted) == e.relevance.nnz  # stored zeros too


def test_rows_in_a_table_have_their_names(e):
    named = replace(e, index=pd.Index([f"doc {i}" for i in range(82)]), frame="pandas")[[7, 3]]
    table = named.to_frame()
    assert table["document"].unique().tolist() == ["doc 7", "doc 3"]
    assert table["document"].tolist().count("doc 7") == len(part_of(e, 7))
    plain = replace(e, row_kind="row").to_frame("polars")
    assert plain.columns == ["row", "cluster", "feature", "relevance"]


def test_a_wide_table_is_refused(e):
    with pytest.raises(ValueError, match=r"absent is only known as a sum, e\.absent"):
        e.to_frame(form="wide")
    with pytest.raises(ValueError, match="form='tall' is not known; choose one of auto, wide, long"):
        e.to_frame(form="tall")


@each_kind
def test_a_long_table_of_dense_relevance(kind):
    dense = neonxai.explain(neonxai.Centroids(CENTERS[:, :3]), X.toarray()[:5, :3], beta=1.0)
    table = dense.to_frame(kind, form="long")
    assert columns_of(table) == ["row", "cluster", "feature", "relevance"]
    values = np.asarray(table["relevance"]).reshape(5, 3)
    np.testing.assert_array_equal(values, -np.sort(-dense.relevance, axis=1))
    assert np.asarray(table["row"]).tolist() == np.repeat(np.arange(5), 3).tolist()
    assert columns_of(dense.to_frame(kind))[:4] == ["cluster", "competitor", "logit", "probability"]


def test_text_and_html_name_documents(e):
    text = repr(e)
    assert "82 documents × 50 terms" in text
    assert "Σ relevance + absent = logit" in text
    lines = text.splitlines()
    assert lines[3].split()[:5] == ["cluster", "documents", "mean", "logit", "absent"]
    mean = e.absent[e.labels == "c0"].mean()
    assert f"{mean:+.3g}" in lines[4]
    values = e.summary_values()[0]
    best = int(np.abs(values).argmax())
    assert f"t{best} {values[best]:+.3g}" in lines[4]
    html = e._repr_html_()
    assert "<th scope='col'>absent</th>" in html
    assert f"{mean:+.3g}" in html
    assert "absent" not in repr(replace(e, absent=np.zeros(82)))


@pytest.mark.filterwarnings("ignore")  # SHAP's own
def test_shap(e, monkeypatch):
    some = e[:6].to_shap()
    assert some.values.shape == (6, 50)
    np.testing.assert_allclose(some.values.sum(axis=1) + some.base_values, e.logits[:6], rtol=1e-12)
    np.testing.assert_array_equal(some.data, X.toarray()[:6])
    monkeypatch.setattr("neonxai.explanation.shap_values._MOST_DENSE", 50 * 10)
    e[:10].to_shap()
    with pytest.raises(ValueError, match=r"11 rows × 50 features are too many.*e\[:100\]"):
        e[:11].to_shap()


def test_nothing_takes_the_memory_of_dense_rows(tmp_path):
    n, d = 3000, 40_000  # 960 MB as an array of float64
    X = sparse.random_array((n, d), density=1e-3, rng=RNG, format="csr")
    e = explain_sparse(X, X[:5].toarray(), frame="pandas")
    tracemalloc.start()
    repr(e)
    e.summary()
    e.to_frame()
    e[::2].borderline(50)
    e.plot.sample(0)
    e.plot.heatmap()
    e.plot.map()
    e.save(tmp_path / "e.npz")
    Explanation.load(tmp_path / "e.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.1 * 8 * n * d


# files


def same_table(a, b):
    assert isinstance(a, csr_array)
    for part in ("data", "indices", "indptr"):
        assert getattr(a, part).dtype == getattr(b, part).dtype
        assert getattr(a, part).tobytes() == getattr(b, part).tobytes()
    assert a.shape == b.shape


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("indices", [np.int32, np.int64])
def test_sparse_files_have_the_same_bits(tmp_path, dtype, indices):
    e = explain_sparse(X, CENTERS, dtype=dtype)
    for table in (e.relevance, e.data):
        table.indices, table.indptr = table.indices.astype(indices), table.indptr.astype(indices)
    e.save(tmp_path / "e.npz")
    again = Explanation.load(tmp_path / "e.npz")
    same_table(again.relevance, e.relevance)
    same_table(again.data, e.data)
    assert again.absent.tobytes() == e.absent.tobytes()
    assert again.row_kind == "document"
    assert repr(again) == repr(e)


CRAFTED = {
    "an index beyond the features": lambda h, a: a["relevance.indices"].__setitem__(0, 50),
    "a negative index": lambda h, a: a["relevance.indices"].__setitem__(0, -1),
    "indices out of order": lambda h, a: a.update({"relevance.indices": a["relevance.indices"][::-1]}),
    "rows that begin before they end": lambda h, a: a["relevance.indptr"].__setitem__(1, 10**6),
    "rows too few": lambda h, a: a.update({"data.indptr": a["data.indptr"][:-1]}),
    "values that are text": lambda h, a: a.update({"data.values": a["data.values"].astype(str)}),
    "no absent": lambda h, a: a.pop("absent"),
    "absent of another length": lambda h, a: a.update({"absent": np.zeros(3)}),
    "no indices": lambda h, a: a.pop("data.indices"),
    "a part too many": lambda h, a: a.update({"data.more": np.zeros(3)}),
    "an unknown form": lambda h, a: h["fields"]["layout"]["data"].update(form="evil"),
    "a form that is a list": lambda h, a: h["fields"]["layout"]["data"].update(form=["csr"]),
    "no layout of data": lambda h, a: h["fields"]["layout"].pop("data"),
    "a layout that is text": lambda h, a: h["fields"].update(layout="csr"),
    "documents of nothing": lambda h, a: h["fields"].update(row_kind="<b>"),
}


@pytest.mark.parametrize("change", CRAFTED.values(), ids=CRAFTED)
def test_crafted_sparse_files_are_refused(tmp_path, e, change):
    e.save(tmp_path / "e.npz")
    rewrite(tmp_path / "e.npz", lambda header, arrays: None)
    assert len(Explanation.load(tmp_path / "e.npz")) == 82
    rewrite(tmp_path / "e.npz", change)
    with pytest.raises(ValueError, match="no whole explanation"):
        Explanation.load(tmp_path / "e.npz")


def test_older_files_are_read(tmp_path):
    e = neonxai.explain(neonxai.Centroids(CENTERS[:, :3], list("abcd")), X.toarray()[:, :3])
    e.save(tmp_path / "e.npz")

    def make_old(header, arrays):
        assert header["version"] == 2
        header["version"] = 1
        del header["fields"]["row_kind"], header["fields"]["layout"]

    rewrite(tmp_path / "e.npz", make_old)
    again = Explanation.load(tmp_path / "e.npz")
    assert again.absent is None
    assert again.row_kind == "row"
    for name in ("relevance", "data", "logits"):
        assert getattr(again, name).tobytes() == getattr(e, name).tobytes()
