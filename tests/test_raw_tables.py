"""What pipelines get: the caller's own rows, as they came, in the expected order of columns."""

import datetime as dt
import importlib.util
import subprocess
import sys

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from neonxai import frames

COLUMNS = {
    "age": [31.0, None, 57.0, 44.0],
    "city": ["Bonn", "Rom", "Bonn", None],
    "since": [dt.date(2020, 1, 1 + i) for i in range(4)],
    "visits": [3, 1, 4, 1],
}
NAMES = list(COLUMNS)
MAKE = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
TEXTS = ["to be", "or not", "to be"]


def cells(frame):
    """Rows of plain values, None where one is missing."""
    frame = nw.from_native(frame)
    return [tuple(None if pd.isna(value) else value for value in row) for row in frame.iter_rows()]


EXPECTED = list(zip(*COLUMNS.values(), strict=True))


def check_rows(read):
    """All values arrive, in the expected order of columns, whatever the order and kind of the frame."""
    for kind, make in MAKE.items():
        shuffled = make({name: COLUMNS[name] for name in reversed(NAMES)})
        for frame in (make(COLUMNS), shuffled):
            table = read(frame, NAMES)
            assert (table.names, table.kind) == (tuple(NAMES), kind)
            assert (table.n_rows, table.n_columns, table.is_documents) == (4, 4, False)
            assert cells(table.native) == EXPECTED
            assert cells(table.part(slice(1, 3))) == EXPECTED[1:3]
            assert type(table.part(slice(0, 1))) is type(table.native)


def test_every_value_arrives():
    check_rows(frames.read_raw)


def test_a_reading_that_leaves_the_order_is_rejected():
    with pytest.raises(AssertionError):
        check_rows(lambda X, names: frames.read_raw(X))


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_the_callers_own_frame_is_kept(kind):
    frame = MAKE[kind](COLUMNS)
    assert frames.read_raw(frame).native is frame
    assert frames.read_raw(frame, NAMES).native is frame
    assert frames.read_raw(nw.from_native(frame)).native is frame


@pytest.mark.parametrize("kind", MAKE)
def test_parts_look_at_the_callers_memory(kind):
    columns = {"a": np.arange(5.0), "b": np.ones(5), "c": np.arange(5.0)}
    frame = MAKE[kind](columns)
    part = frames.read_raw(frame).part(slice(1, 4))
    assert np.shares_memory(part["a"].to_numpy(), frame["a"].to_numpy())
    assert part["a"].to_numpy().tolist() == [1.0, 2.0, 3.0]
    copied = frames.read_raw(MAKE[kind]({"a": list(range(5))})).part(slice(1, 4))
    assert not np.shares_memory(copied["a"].to_numpy(), frame["a"].to_numpy())


def test_polars_columns_are_put_into_order_without_a_copy():
    frame = pl.DataFrame({"a": np.arange(5.0), "b": np.ones(5)})
    native = frames.read_raw(frame, ["b", "a"]).native
    assert native.columns == ["b", "a"]
    assert np.shares_memory(native["a"].to_numpy(), frame["a"].to_numpy())


def test_pandas_keeps_index_and_labels():
    index = pd.Index(["u", "v"], name="who")
    frame = pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=[7, 8, 9], index=index)
    table = frames.read_raw(frame, ["9", "7", "8"])
    assert table.names == ("9", "7", "8")
    assert table.native.columns.tolist() == [9, 7, 8]
    assert table.native.to_numpy().tolist() == [[3, 1, 2], [6, 4, 5]]
    assert table.index.equals(index)
    assert frame.columns.tolist() == [7, 8, 9]
    assert frames.read_raw(pl.DataFrame({"a": [1]})).index is None


def test_an_arrow_table_becomes_a_frame_that_scikit_learn_takes():
    source = pd.DataFrame(COLUMNS, index=list("stuv"))  # stored as a column, which no metadata hides again
    arrow = pa.Table.from_pandas(source)
    table = frames.read_raw(arrow)
    assert type(table.native) is pd.DataFrame
    assert table.names == (*NAMES, "__index_level_0__") == tuple(table.native.columns)
    assert (table.kind, table.index) == ("pyarrow", None)
    batch = pa.RecordBatch.from_pydict(COLUMNS)
    assert cells(frames.read_raw(batch).native) == EXPECTED


def test_without_pandas_an_arrow_table_becomes_a_polars_frame(monkeypatch):
    found = importlib.util.find_spec
    absent = {"pandas"}
    monkeypatch.setattr(frames.raw, "find_spec", lambda name: None if name in absent else found(name))
    table = frames.read_raw(pa.table(COLUMNS), NAMES[::-1])
    assert type(table.native) is pl.DataFrame
    assert table.native.columns == NAMES[::-1]
    assert table.kind == "pyarrow"
    absent.add("polars")
    with pytest.raises(ImportError, match=r"neither is installed. Install one, or pass an array"):
        frames.read_raw(pa.table(COLUMNS))


MIXED = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "visits"]),
        ("city", OneHotEncoder(), ["city"]),
    ]
)


@pytest.mark.parametrize("kind", MAKE)
def test_a_pipeline_takes_the_parts(kind):
    """Without a warning, and with the result of the whole."""
    frame = MAKE[kind](COLUMNS)
    table = frames.read_raw(frame, ["city", "visits", "age"], allow_extra=True)
    assert table.names == ("city", "visits", "age")
    model = make_pipeline(MIXED, KMeans(2, n_init=1, random_state=0)).fit(table.native)
    whole = model[:-1].transform(table.native)
    parts = [model[:-1].transform(table.part(slice(i, i + 2))) for i in (0, 2)]
    assert np.array_equal(np.vstack(parts), whole)
    assert whole.shape == (4, 5)  # two numbers, and three codes: two cities and none


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize(
    ("names", "allow_extra", "message"),
    [
        (["age", "city", "since"], False, r"not expected: 'visits'. Select or rename"),
        ([*NAMES, "height"], False, r"missing: 'height'. Select or rename"),
        ([*NAMES, "height"], True, r"missing: 'height'. Select or rename"),
        (["age", "City"], False, r"missing: 'City'; not expected: 'city', 'since', 'visits'"),
        (["age", "City"], True, r"missing: 'City'. Select"),
    ],
)
def test_other_columns_are_named(kind, names, allow_extra, message):
    with pytest.raises(ValueError, match=message):
        frames.read_raw(MAKE[kind](COLUMNS), names, allow_extra=allow_extra)


ARRAYS = {
    "float64 with gaps": np.array([[1.0, np.nan], [np.inf, 2.0]]),
    "int8": np.arange(6, dtype=np.int8).reshape(3, 2),
    "bool": np.array([[True, False]]),
    "text": np.array([["a", "b"]]),
    "objects": np.array([[1.5, "a"], [None, "b"]], dtype=object),
    "dates": np.array([["2020", "2021"]], "M8[D]"),
    "by columns": np.asfortranarray(np.arange(6.0).reshape(3, 2)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_kept_as_they_are(name):
    X = ARRAYS[name]
    table = frames.read_raw(X, ["u", "v"])
    assert table.native is X
    assert (table.n_rows, table.n_columns) == X.shape
    assert (table.names, table.kind, table.index, table.is_documents) == (None, None, None, False)
    part = table.part(slice(0, 1))
    assert np.shares_memory(part, X)
    assert part.shape == (1, 2)


def test_lists_of_rows_keep_numbers_beside_text():
    table = frames.read_raw([[1, "a"], [2.5, "b"]])
    assert table.native.tolist() == [[1, "a"], [2.5, "b"]]
    assert not table.is_documents
    assert frames.read_raw([[1, 2], [3, 4]]).native.dtype.kind == "i"
    assert frames.read_raw(([1.0, None],)).native.tolist() == [[1.0, None]]
    assert not frames.read_raw([["to be"], ["or not"]]).is_documents


SPARSE = [
    "csr_matrix",
    "csr_array",
    "csc_matrix",
    "csc_array",
    "coo_matrix",
    "coo_array",
    "dok_array",
    "lil_array",
]


@pytest.mark.parametrize("make", SPARSE)
def test_sparse_matrices_become_csr_arrays(make):
    dense = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
    X = getattr(sparse, make)(dense)
    table = frames.read_raw(X, ["a", "b", "c"])
    assert type(table.native) is sparse.csr_array
    assert (table.n_rows, table.n_columns, table.is_documents) == (2, 3, False)
    assert table.part(slice(1, 2)).toarray().tolist() == [[1.0, 0.0, 3.0]]
    if make.startswith("csr"):
        assert np.shares_memory(table.native.data, X.data)
        assert np.shares_memory(table.native.indices, X.indices)
    if make == "csr_array":
        assert table.native is X


def test_a_sparse_matrix_is_not_put_in_order_for_the_caller():
    X = sparse.csr_matrix((np.array([1.0, 2.0, 4.0]), np.array([1, 0, 0]), np.array([0, 3])), shape=(1, 2))
    table = frames.read_raw(X)
    assert X.nnz == 3
    assert X.indices.tolist() == [1, 0, 0]
    assert table.native.toarray().tolist() == [[6.0, 1.0]]


DOCUMENTS = {
    "list": (TEXTS, None, None),
    "tuple": (tuple(TEXTS), None, None),
    "array": (np.array(TEXTS), None, None),
    "array of objects": (np.array(TEXTS, dtype=object), None, None),
    "array of strings": (np.array(TEXTS, np.dtypes.StringDType()), None, None),
    "pandas": (pd.Series(TEXTS, name="text", index=[7, 8, 9]), "pandas", ("text",)),
    "pandas, of objects": (pd.Series(TEXTS, dtype=object), "pandas", None),
    "pandas, of Arrow": (pd.Series(TEXTS, dtype="string[pyarrow]"), "pandas", None),
    "polars": (pl.Series("text", TEXTS), "polars", ("text",)),
    "polars, without a name": (pl.Series(TEXTS), "polars", None),
    "pyarrow": (pa.array(TEXTS), "pyarrow", None),
    "pyarrow, in chunks": (pa.chunked_array([TEXTS[:2], TEXTS[2:]]), "pyarrow", None),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name):
    X, kind, names = DOCUMENTS[name]
    table = frames.read_raw(X)
    assert table.is_documents
    assert (table.n_rows, table.n_columns, table.kind, table.names) == (3, 1, kind, names)
    assert list(table.part(slice(1, 3))) == ["or not", "to be"]
    assert (table.index is not None) == (kind == "pandas")
    words = TfidfVectorizer().fit_transform(TEXTS)
    found = TfidfVectorizer().fit_transform(table.part(slice(None)))
    assert (words != found).nnz == 0
    assert frames.read_raw(X, ["text"]).is_documents
    with pytest.raises(ValueError, match=r"X has 1 features, but the pipeline is expecting 2 .*'a', 'b'"):
        frames.read_raw(X, ["a", "b"])


def test_a_list_of_documents_is_not_the_callers():
    """It may grow while it is explained."""
    texts = list(TEXTS)
    table = frames.read_raw(texts)
    texts.append("more")
    assert len(table.native) == table.n_rows == 3


NO_TEXT = r"no text in row 1, but {}.*Put an empty text there, or leave the row out"


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (["a", None], NO_TEXT.format(r"None \(NoneType\)")),
        (["a", 2.5], NO_TEXT.format(r"2.5 \(float\)")),
        (["a", ["b"]], NO_TEXT.format(r"\['b'\] \(list\)")),
        (np.array(["a", np.nan], dtype=object), NO_TEXT.format(r"nan \(float\)")),
        (pd.Series(["a", None]), NO_TEXT.format(r"(None|nan)")),
        (pd.Series(["a", 3], dtype=object), NO_TEXT.format(r"3 \(int\)")),
        (pl.Series(["a", None]), NO_TEXT.format(r"None \(NoneType\)")),
        (pa.array(["a", None]), NO_TEXT.format(r"None \(NoneType\)")),
    ],
)
def test_documents_that_are_none_are_named(X, message):
    with pytest.raises(ValueError, match=message):
        frames.read_raw(X)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.arange(3.0), ValueError, r"not two-dimensional: its shape is \(3,\).*X.reshape\(-1, 1\)"),
        ([1.0, 2.0], ValueError, r"its shape is \(2,\).*X.reshape\(1, -1\)"),
        ([{"a": 1}, {"a": 2}], ValueError, r"its shape is \(2,\)"),
        (np.array([b"a", b"b"]), ValueError, r"its shape is \(2,\).*one text for each row"),
        (np.zeros((2, 2, 2)), ValueError, r"its shape is \(2, 2, 2\)"),
        (np.float64(3), ValueError, r"its shape is \(\)"),
        (sparse.coo_array(np.arange(3.0)), ValueError, r"its shape is \(3,\)"),
        ([[1, 2], [3]], ValueError, r"a list whose rows differ in length.*NaN or None"),
        (np.zeros((0, 2)), ValueError, r"0 sample\(s\) \(rows\) and 2 columns.*at least one"),
        (np.zeros((2, 0)), ValueError, r"2 sample\(s\) \(rows\) and 0 columns.*at least one"),
        ([], ValueError, r"0 sample\(s\) \(rows\).*at least one"),
        (np.array([], dtype="U1"), ValueError, r"0 sample\(s\) \(documents\)"),
        (pd.DataFrame({"a": []}), ValueError, r"0 sample\(s\).*at least one row"),
        (pl.DataFrame(), ValueError, r"0 sample\(s\).*at least one row"),
        (pd.DataFrame(index=[0]), ValueError, r"0 columns.*at least one column"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, r"same name: 'a' \(columns 0 and 1\)"),
        (pl.LazyFrame({"a": [1]}), TypeError, r"lazy frame.*X.collect\(\)"),
        (nw.from_native(pl.LazyFrame({"a": [1]})), TypeError, r"lazy frame.*X.collect\(\)"),
        ((row for row in [[1.0]]), TypeError, r"is a generator.*only once.*list\(X\)"),
        (map(str, [1]), TypeError, r"is a map.*only once.*list\(X\)"),
        ({"a": [1]}, TypeError, r"is a dict.*pandas.DataFrame\(X\)"),
        ({"a", "b"}, TypeError, r"is a set.*no order.*list\(X\)"),
        ("to be", TypeError, r"is a str.*single text.*\[X\]"),
        (None, ValueError, r"NoneType.*Pass an array or a frame"),
        (pd.Series([1, 2]), TypeError, r"one column of type int64, a pandas Series.*X.to_frame\(\)"),
        (pd.Series(["a"], dtype="category"), TypeError, r"category, a pandas Series.*X.to_frame\(\)"),
        (pd.Series([[1], [2]]), TypeError, r"object, a pandas Series.*X.to_frame\(\)"),
        (pl.Series([1, 2]), TypeError, r"Int64, a polars Series.*X.to_frame\(\)"),
        (pa.array([1, 2]), TypeError, r"int64, a pyarrow Series.*pyarrow.table"),
        (np.matrix([[1.0]]), TypeError, r"numpy.matrix.*numpy.asarray\(X\)"),
        (
            np.ma.masked_equal([[1.0, 9.0]], 9.0),
            ValueError,
            r"masked value at \(0, 1\).*X.filled\(numpy.nan\).*SimpleImputer",
        ),
    ],
)
def test_what_is_no_table_is_refused(X, error, message):
    with pytest.raises(error, match=message):
        frames.read_raw(X)


@pytest.mark.parametrize("X", [np.zeros((2, 3)), sparse.csr_array(np.eye(3)), [[1, "a", 2.5]]])
def test_another_number_of_columns_is_refused(X):
    with pytest.raises(ValueError, match=r"X has 3 features, but the scaler is expecting 2 .*: 'a', 'b'"):
        frames.read_raw(X, ["a", "b"], what="the scaler")
    assert frames.read_raw(X, ["a", "b", "c"]).n_columns == 3


def test_no_frame_library_is_imported_for_an_array():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['pandas', 'polars', 'pyarrow']))\n"
        "import numpy as np; from neonxai import frames\n"
        "assert frames.read_raw(np.eye(2)).part(slice(0, 1)).tolist() == [[1.0, 0.0]]\n"
        "assert frames.read_raw(['a']).is_documents\n"
        "assert frames.read([[1, 2]]).values.tolist() == [[1.0, 2.0]]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
