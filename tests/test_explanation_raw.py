"""Explanations of raw tables: categories, text, missing values."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import neonxai
from explained_data import FRAMES, N_RAW, RAW, explain_raw, raw, rewrite
from neonxai import Explanation, frames
from neonxai.explanation import cells, packing

mpl.use("Agg")
each_kind = pytest.mark.parametrize("kind", FRAMES)


@each_kind
def test_rows_of_a_frame(kind):
    e = explain_raw(raw(kind), frame=kind, index=raw(kind).index if kind == "pandas" else None)
    for key in ([2, 0], slice(2, 0, -2), np.array([True, False, True, False])):
        rows = np.arange(4)[key]
        part = e[key]
        assert isinstance(part.data, type(raw(kind)))
        notes = part.data["note"]
        assert (notes.to_pylist() if kind == "pyarrow" else notes.to_list()) == [RAW["note"][i] for i in rows]
    assert cells.n_rows(e[1].data) == 1
    assert cells.n_rows(e[[]].data) == 0
    if kind == "pandas":
        assert e[[2, 0]].data.index.tolist() == ["y", "w"]


@each_kind
def test_cells_of_a_frame(kind):
    data = raw(kind)
    assert cells.values_of(data, 0, range(5)) == [31, 1.5, "Zürich", "x" * 300, True]
    assert cells.values_of(data, 1, [2, 1]) == [None, None]
    assert cells.values_of(data, 2, [0]) == [None]
    assert [cells.column(data, i).is_numbers for i in range(5)] == [True, True, False, False, False]
    assert cells.as_matrix(data) is None
    array = cells.as_array(data)
    assert array.shape == (4, 5)
    assert array.dtype == object
    assert array[0].tolist() == cells.values_of(data, 0, range(5))


@each_kind
def test_frames_in_files(tmp_path, kind):
    e = explain_raw(raw(kind), frame=kind, index=raw(kind).index if kind == "pandas" else None)
    e.save(tmp_path / "e.npz")
    again = Explanation.load(tmp_path / "e.npz").data
    assert isinstance(again, type(e.data))
    assert cells.column_names(again) == list(RAW)
    for row in range(N_RAW):
        *others, member = cells.values_of(e.data, row, range(5))
        *found, text = cells.values_of(again, row, range(5))
        assert found == others
        assert text == str(member)  # what is no number comes back as text
    if kind == "pandas":
        assert again.index.tolist() == list("wxyz")


@each_kind
def test_a_frame_of_numbers_comes_back_as_an_array(tmp_path, kind):
    numbers = np.random.default_rng(0).random((N_RAW, 5))
    frame = FRAMES[kind](dict(zip(RAW, numbers.T, strict=True)))
    explain_raw(frame).save(tmp_path / "e.npz")
    again = Explanation.load(tmp_path / "e.npz").data
    assert again.tobytes() == np.ascontiguousarray(numbers).tobytes()


def test_without_its_library_a_frame_comes_back_as_objects(tmp_path, monkeypatch):
    explain_raw(raw("polars")).save(tmp_path / "e.npz")

    def build(*_):
        raise ImportError

    monkeypatch.setattr(frames, "build", build)
    again = Explanation.load(tmp_path / "e.npz").data
    assert again.shape == (4, 5)
    assert again[:, 2].tolist() == RAW["city"]
    assert again[0, 1] == 1.5


DOCUMENTS = ["to be", "", "日本語 \ud800", "a\x00"]


@pytest.mark.parametrize(
    "data", [DOCUMENTS, np.array(DOCUMENTS, dtype=object), pd.Series(DOCUMENTS, dtype=object)], ids=type
)
def test_documents(tmp_path, data):
    points = np.random.default_rng(1).random((N_RAW, 1))
    e = replace(neonxai.explain(neonxai.Centroids([[0.0], [1.0]]), points, beta=1.0), data=data)
    assert cells.values_of(e[[2, 0]].data, 0, [0]) == [DOCUMENTS[2]]
    e.save(tmp_path / "e.npz")
    assert Explanation.load(tmp_path / "e.npz").data == DOCUMENTS
    e = replace(e, data=["one", "two", "three", "four"])
    labels = [label.get_text() for label in e.plot.sample(2)[0].get_yticklabels()]
    assert labels == ["x0 = three"]


@pytest.mark.parametrize("dtype", [np.int8, np.bool_, np.uint64, np.float32, np.float64])
def test_arrays_of_other_numbers(tmp_path, dtype):
    data = (10 * np.random.default_rng(0).random((N_RAW, 5))).astype(dtype)
    e = explain_raw(data)
    e.save(tmp_path / "e.npz")
    again = Explanation.load(tmp_path / "e.npz").data
    assert again.dtype == dtype
    assert again.tobytes() == data.tobytes()
    assert cells.as_array(e[1:3].data).shape == (2, 5)


def test_arrays_of_objects(tmp_path):
    data = np.array(list(zip(*RAW.values(), strict=True)), dtype=object)
    e = explain_raw(data)
    assert e[2].data.tolist() == [data[2].tolist()]
    assert [cells.column(data, i).is_numbers for i in range(5)] == [True, True, False, False, False]
    e.save(tmp_path / "e.npz")
    again = Explanation.load(tmp_path / "e.npz").data
    assert again[:, 3].tolist() == RAW["note"]
    assert again[:, 2].tolist() == RAW["city"]
    assert again[3, 0] == 40


CRAFTED_TEXT = {
    "ends beyond the text": lambda h, a: a["data.2.ends"].__setitem__(-1, 10**9),
    "ends in another order": lambda h, a: a["data.2.ends"].__setitem__(0, 9),
    "ends of another type": lambda h, a: a.update({"data.2.ends": a["data.2.ends"].astype(float)}),
    "fewer ends": lambda h, a: a.update({"data.2.ends": a["data.2.ends"][1:]}),
    "bytes that are no text": lambda h, a: a["data.3.text"].__setitem__(5, 255),
    "a column too few": lambda h, a: h["fields"]["layout"]["data"]["types"].pop(),
    "names too few": lambda h, a: h["fields"]["layout"]["data"]["names"].pop(),
    "names that are none": lambda h, a: h["fields"]["layout"]["data"].update(names=[[], 1, 2, 3, 4]),
    "no columns": lambda h, a: (
        h["fields"]["layout"]["data"].update(types=[]),
        [a.pop(k) for k in list(a) if k[:4] == "data"],
    ),
    "numbers of another length": lambda h, a: a.update({"data.0": np.zeros(3)}),
    "numbers that are text": lambda h, a: a.update({"data.0": np.array(list("abcd"))}),
}


@pytest.mark.parametrize("change", CRAFTED_TEXT.values(), ids=CRAFTED_TEXT)
def test_crafted_tables_are_refused(tmp_path, change):
    explain_raw(raw("polars")).save(tmp_path / "e.npz")
    rewrite(tmp_path / "e.npz", lambda header, arrays: None)
    assert len(Explanation.load(tmp_path / "e.npz")) == N_RAW
    rewrite(tmp_path / "e.npz", change)
    with pytest.raises(ValueError, match="no whole explanation"):
        Explanation.load(tmp_path / "e.npz")


@each_kind
def test_no_part_of_a_file_is_of_objects(kind):
    arrays, _ = packing.pack("data", raw(kind))
    assert all(not array.dtype.hasobject for array in arrays.values())


@pytest.mark.filterwarnings("ignore")  # SHAP's own
@each_kind
def test_shap_gets_the_values(kind):
    data = explain_raw(raw(kind)).to_shap().data
    assert data[0].tolist() == [31, 1.5, "Zürich", "x" * 300, True]
    assert data[1, 2] is None
