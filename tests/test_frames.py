"""What comes in as data: every kind of frame and array that works, and what is refused."""

import datetime as dt

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

import neonxai
from neonxai import Centroids, ClusterExplainer

X = load_iris().data
MODEL = KMeans(3, n_init=1, random_state=0).fit(X)
EXPECTED = neonxai.explain(MODEL, X, beta=1.0).relevance
NAMES = ["a", "b", "c", "d"]


def relevance(data):
    return neonxai.explain(MODEL, data, beta=1.0).relevance


def fortran(X):
    return np.asfortranarray(X)


def strided(X):
    return np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3]


def reversed_twice(X):
    return X[::-1].copy()[::-1]


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def big_endian(X):
    return X.astype(">f8")


def objects(X):
    return X.astype(object)


def memory_mapped(X, tmp_path):
    np.save(tmp_path / "x.npy", X)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


@pytest.mark.parametrize(
    "layout", [fortran, strided, reversed_twice, read_only, big_endian, objects, np.ndarray.tolist]
)
def test_arrays_of_any_layout(layout):
    np.testing.assert_allclose(relevance(layout(X)), EXPECTED, rtol=1e-12, atol=1e-12)


def test_memory_mapped_arrays(tmp_path):
    np.testing.assert_allclose(relevance(memory_mapped(X, tmp_path)), EXPECTED, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
def test_float32_of_either_byte_order_stays_float32(dtype):
    result = relevance(X.astype(dtype))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, EXPECTED, atol=2e-5 * np.abs(EXPECTED).max())


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame(X),
        lambda: pd.DataFrame(X, columns=pd.MultiIndex.from_product([["x", "y"], [1, 2]])),
        lambda: pd.DataFrame(X, columns=["b", 1, 2.5, None]),
        lambda: pd.DataFrame(X, columns=NAMES).convert_dtypes(),
        lambda: pd.DataFrame(X, columns=NAMES).convert_dtypes(dtype_backend="pyarrow"),
        lambda: pd.DataFrame(X, columns=NAMES).set_index(pd.RangeIndex(150, 0, -1)),
        lambda: nw.from_native(pd.DataFrame(X, columns=NAMES)),
        lambda: pl.DataFrame(X, schema=NAMES),
        lambda: pa.table(dict(zip(NAMES, X.T, strict=True))),
        lambda: pa.RecordBatch.from_pydict(dict(zip(NAMES, X.T, strict=True))),
    ],
)
def test_frames_of_any_kind(make):
    data = make()
    e = neonxai.explain(MODEL, data, beta=1.0)
    np.testing.assert_allclose(e.relevance, EXPECTED, rtol=1e-12, atol=1e-12)
    found = data.schema.names if isinstance(data, pa.RecordBatch) else getattr(data, "column_names", None)
    columns = list(data.columns) if found is None else found
    assert e.feature_names == tuple(str(name) for name in columns)
    native = nw.to_native(data, pass_through=True)
    if isinstance(native, pd.DataFrame):
        assert e.to_frame().index.equals(native.index)
    assert e.frame in ("pandas", "polars", "pyarrow")


def test_columns_of_whole_numbers_and_truth_values():
    data = np.column_stack([X[:, 0] > 5.5, (10 * X[:, 1]).astype(int)])
    model = KMeans(2, n_init=1, random_state=0).fit(data)
    expected = neonxai.explain(model, data.astype(float), beta=1.0).relevance
    columns = {"long": data[:, 0].astype(bool), "wide": data[:, 1]}
    for make in (pd.DataFrame, pl.DataFrame, pa.table):
        assert np.array_equal(neonxai.explain(model, make(columns), beta=1.0).relevance, expected)


def test_an_explainer_fitted_on_an_array_takes_the_names_of_the_frame():
    explainer = ClusterExplainer(MODEL).fit(X)
    assert explainer.explain(pd.DataFrame(X, columns=NAMES)).feature_names == tuple(NAMES)
    assert explainer.explain(X).feature_names == ("x0", "x1", "x2", "x3")


def frame(kind=pd.DataFrame, **changes):
    return kind({name: X[:3, i] for i, name in enumerate(NAMES)} | changes)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (
            frame(b=pd.array([1.0, None, 2.0], dtype="Float64")),
            ValueError,
            r"NaN or null in row 1, column 'b'",
        ),
        (
            frame(b=pd.array([1.0, None, 2.0], dtype="float[pyarrow]")),
            ValueError,
            r"null in row 1, column 'b'",
        ),
        (frame(pl.DataFrame, c=[1.0, 2.0, None]), ValueError, r"null in row 2, column 'c'"),
        (frame(pa.table, c=[None, 2.0, 3.0]), ValueError, r"null in row 0, column 'c'"),
        (frame(pl.DataFrame, c=[1.0, np.nan, 2.0]), ValueError, r"NaN in row 1, column 'c'"),
        (frame(pl.DataFrame, c=[1.0, np.inf, 2.0]), ValueError, r"infinity \(inf\) in row 1, column 'c'"),
        (
            frame(c=pd.Categorical(["u", "v", "u"])),
            TypeError,
            r"'c' is not of a numeric type.*category.*'u'",
        ),
        (frame(c=pd.to_datetime(["2020-01-01"] * 3)), TypeError, r"'c' is not of a numeric type.*datetime64"),
        (
            frame(pl.DataFrame, c=[dt.timedelta(1)] * 3),
            TypeError,
            r"'c' is not of a numeric type.*Duration",
        ),
        (pd.DataFrame(X, columns=["a", "b", "a", "c"]), ValueError, r"same name.*name of its own"),
        (pd.DataFrame(X, columns=[1, "1", 2, 3]), ValueError, r"same name, as strings.*name of its own"),
        (pa.table([X[:, 0]] * 2, names=["a", "a"]), ValueError, r"same name"),
        (pl.DataFrame({name: [] for name in NAMES}), ValueError, r"0 sample\(s\).*at least one row"),
        (pd.DataFrame(index=range(3)), ValueError, r"3 sample\(s\).*0 columns.*at least one column"),
        (pl.LazyFrame({"a": [1.0]}), TypeError, r"lazy frame.*X.collect\(\)"),
        (pd.Series([1.0, 2.0]), TypeError, r"one column of type float64, a pandas Series.*X.to_frame\(\)"),
        (pl.Series([1.0, 2.0]), TypeError, r"one column of type Float64, a polars Series.*X.to_frame\(\)"),
        (pa.array([1.0, 2.0]), TypeError, r"one column of type double, a pyarrow Series.*pyarrow.table"),
        (([i] for i in range(3)), TypeError, r"is a generator.*only once.*list\(X\)"),
        ({"a": [1.0, 2.0]}, TypeError, r"is a dict.*pandas.DataFrame\(X\)"),
        ({1.0, 2.0}, TypeError, r"is a set.*no order.*list\(X\)"),
        ("1.0", TypeError, r"is a str, which is a single text.*\[X\]"),
        (None, ValueError, r"is a NoneType.*Pass an array or a frame"),
        (
            np.ma.masked_equal(np.array([[1.0, 2.0], [9.0, 3.0]]), 9.0),
            ValueError,
            r"masked value in row 1, column 0",
        ),
        (np.array([["2020", "2021"]], "M8[D]"), ValueError, r"dates or durations \(datetime64\[D\]\)"),
        (np.array([["1", "2"]]), ValueError, r"text: '1' in row 0, column 0"),
        ([[1.0, "2"]], ValueError, r"text: '2' in row 0, column 1"),
        (np.array([[1.0, None]]), ValueError, r"NaN or null in row 0, column 1.*Impute or drop"),
        (np.array([[1.0, 2.0], [dt.date(2020, 1, 1), 3.0]]), TypeError, r"datetime.date.*in row 1, column 0"),
        (np.array([[1.0, np.timedelta64(1, "s")]], object), TypeError, r"timedelta64.*in row 0, column 1"),
        (np.array([[1.0, 2j]]), ValueError, r"Complex data not supported: X is complex128.*imaginary"),
        ([[10**400, 1]], ValueError, r"too large for float64"),
    ],
)
def test_what_is_no_number_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        ClusterExplainer(KMeans(2)).fit(data)


def test_rows_are_counted_from_the_first_of_all():
    """Rows are looked at in blocks, but named as the user counts them."""
    n = 200_000
    data = np.zeros((n, 16))
    data[:, 0] = np.arange(n) % 2
    explainer = ClusterExplainer(Centroids(np.eye(2, 16)), beta=1.0).fit(data[:10])
    wrong = data.copy()
    wrong[150_000, 3] = np.nan
    with pytest.raises(ValueError, match="NaN in row 150000, column 3"):
        explainer.explain(wrong)
    wrong = data.copy()
    wrong[170_000, 0] = 1e200
    with pytest.raises(ValueError, match="evidence of row 170000 is too large"):
        ClusterExplainer(Centroids(np.eye(2, 16) * 1e150), beta=1.0).fit(data[:10]).explain(wrong)
    rival = np.where(explainer.explain(data).labels == 0, 1, 0)
    rival[160_000] = 1 - rival[160_000]
    with pytest.raises(ValueError, match="Row 160000 would be explained"):
        explainer.explain(data, against=rival)


NUMBERED = Centroids([[0.0], [2.0], [5.0]], [10, 20, 30])
NAMED = Centroids([[0.0], [2.0], [5.0]], ["u", "v", "w"])


@pytest.mark.parametrize(
    "target", [20, np.int32(20), [20, 20], np.array([20, 20], np.uint8), pd.Series([20, 20])]
)
def test_targets_that_are_numbers(target):
    assert neonxai.explain(NUMBERED, [[0.0], [5.0]], target=target).targets.tolist() == [20, 20]


@pytest.mark.parametrize(
    "target", ["v", np.str_("v"), ["v", "v"], pd.Series(["v", "v"]), np.array(["v", "v"], object)]
)
def test_targets_that_are_strings(target):
    assert neonxai.explain(NAMED, [[0.0], [5.0]], target=target).targets.tolist() == ["v", "v"]


def test_labels_can_be_asked_for_again():
    e = neonxai.explain(NUMBERED, [[0.0], [5.0]], beta=1.0)
    again = neonxai.explain(NUMBERED, [[0.0], [5.0]], beta=1.0, target=e.labels)
    assert e.labels.tolist() == [10, 30]
    assert np.array_equal(again.relevance, e.relevance)


@pytest.mark.parametrize("model", [NUMBERED, NAMED])
@pytest.mark.parametrize(
    "target",
    [True, 0, 1.0, 20.5, "x", [True, False], [np.nan, 20.0], [None, 20], 0j, ..., b"v", {"v": 1}, [[20, 20]]],
)
def test_targets_of_other_kinds_are_refused(model, target):
    with pytest.raises(ValueError, match=r"is not a cluster of this model. Its clusters are|has shape"):
        neonxai.explain(model, [[0.0], [5.0]], target=target)


@pytest.mark.parametrize(
    "names", [[1, "1", 2], [1, 2.0, 3], [b"a", b"b", b"c"], [None, 1, 2], [(0,), (1,), (2,)]]
)
def test_names_of_several_kinds_are_refused(names):
    with pytest.raises(ValueError, match="not all numbers or all strings"):
        Centroids([[0.0], [2.0], [5.0]], names)


def test_names_that_are_nan_are_refused():
    with pytest.raises(ValueError, match="not all numbers"):
        Centroids([[0.0], [2.0]], [np.nan, 1.0])
