"""Columns of every type, in pandas, polars and pyarrow: each becomes numbers, or is refused by name."""

import datetime as dt
import decimal
import fractions
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neonxai import ClusterExplainer, frames

DECIMALS = [decimal.Decimal(text) for text in ("0.1", "-123456789.25", "9999999999.99")]
WHOLE = [1, 0, 3]
FLOATS = [1.5, -0.25, 3.0]
TRUTH = [True, False, True]
MONEY = {"9-digit": pa.decimal32(9, 2), "128": pa.decimal128(14, 2), "256": pa.decimal256(60, 2)}
CENTS = [decimal.Decimal(text) for text in ("0.10", "-1234567.25", "999999.99")]


def series(values, dtype):
    return pd.DataFrame({"a": pd.Series(values).astype(dtype)})


def arrow_backed(values, dtype):
    return pa.table({"a": pa.array(values, dtype)}).to_pandas(types_mapper=pd.ArrowDtype)


NUMERIC = {
    **{f"pandas {t}": (series(WHOLE, t), WHOLE) for t in ("int8", "int16", "int32", "int64")},
    **{f"pandas {t}": (series(WHOLE, t), WHOLE) for t in ("uint8", "uint16", "uint32", "uint64")},
    **{f"pandas {t}": (series(FLOATS, t), FLOATS) for t in ("float16", "float32", "float64", ">f4", ">f8")},
    **{f"pandas {t}": (series(WHOLE, t), WHOLE) for t in ("Int8", "Int16", "Int32", "Int64", ">i2")},
    **{f"pandas {t}": (series(WHOLE, t), WHOLE) for t in ("UInt8", "UInt16", "UInt32", "UInt64")},
    **{f"pandas {t}": (series(FLOATS, t), FLOATS) for t in ("Float32", "Float64", "longdouble")},
    **{f"pandas {t}": (series(TRUTH, t), [1, 0, 1]) for t in ("bool", "boolean", "bool[pyarrow]")},
    **{f"pandas {t}": (series(WHOLE, t), WHOLE) for t in ("int8[pyarrow]", "uint64[pyarrow]")},
    **{f"pandas {t}": (series(FLOATS, t), FLOATS) for t in ("float[pyarrow]", "halffloat[pyarrow]")},
    **{f"pandas {t}": (series(FLOATS, t), FLOATS) for t in ("Sparse[float64]", "Sparse[float32]")},
    **{f"pandas {t}": (series(WHOLE, t), WHOLE) for t in ("Sparse[int64]", "Sparse[uint8]")},
    "pandas Sparse[bool]": (series(TRUTH, "Sparse[bool]"), [1, 0, 1]),
    "pandas object of int": (series(WHOLE, object), WHOLE),
    "pandas object of decimals": (pd.DataFrame({"a": DECIMALS}), [float(d) for d in DECIMALS]),
    "pandas object of all": (
        pd.DataFrame({"a": pd.Series([1, 2.5, decimal.Decimal("0.1"), np.float32(0.5), np.int8(3), True])}),
        [1, 2.5, 0.1, 0.5, 3, 1],
    ),
    "pandas object of fractions": (pd.DataFrame({"a": [fractions.Fraction(1, 4)] * 2}), [0.25, 0.25]),
    **{f"pandas decimal {k}": (arrow_backed(CENTS, t), [float(d) for d in CENTS]) for k, t in MONEY.items()},
    **{
        f"polars {t}": (pl.DataFrame({"a": pl.Series(WHOLE, dtype=t)}), WHOLE)
        for t in sorted(pl.datatypes.group.INTEGER_DTYPES, key=str)
    },
    **{
        f"polars {t}": (pl.DataFrame({"a": pl.Series(FLOATS, dtype=t)}), FLOATS)
        for t in (pl.Float16, pl.Float32, pl.Float64)
    },
    "polars bool": (pl.DataFrame({"a": TRUTH}), [1, 0, 1]),
    "polars decimal": (pl.DataFrame({"a": DECIMALS}), [float(d) for d in DECIMALS]),
    "polars object": (pl.DataFrame({"a": pl.Series([1, 2.5], dtype=pl.Object)}), [1, 2.5]),
    **{
        f"pyarrow {kind}{n}": (pa.table({"a": np.array(WHOLE, f"{kind}{n}")}), WHOLE)
        for kind in "iu"
        for n in (1, 2, 4, 8)
    },
    **{
        f"pyarrow {t}": (pa.table({"a": pa.array(np.array(FLOATS, d), t)}), FLOATS)
        for t, d in ((pa.float16(), "f2"), (pa.float32(), "f4"), (pa.float64(), "f8"))
    },
    "pyarrow bool": (pa.table({"a": TRUTH}), [1, 0, 1]),
    "pyarrow in chunks": (pa.table({"a": pa.chunked_array([FLOATS[:1], FLOATS[1:]])}), FLOATS),
    **{
        f"pyarrow decimal {k}": (pa.table({"a": pa.array(CENTS, t)}), [float(d) for d in CENTS])
        for k, t in MONEY.items()
    },
}


@pytest.mark.parametrize("name", NUMERIC)
def test_columns_that_are_numbers(name):
    frame, expected = NUMERIC[name]
    table = frames.read(frame)
    assert table.values[:, 0].tolist() == [float(value) for value in expected]
    assert table.values.flags.aligned
    assert table.values.dtype.isnative
    # float32 where all of a frame is; nothing else is narrower than float64.
    is_single = name in ("pandas float32", "pandas Float32", "pandas float[pyarrow]") or (
        name in ("polars Float32", "pyarrow float")
    )
    assert table.values.dtype == (np.float32 if is_single else np.float64)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=frames.KINDS)
def test_whole_numbers_beyond_2_to_the_53_are_rounded_as_numpy_rounds_them(make):
    large = np.array([2**63 + 2049, 2**64 - 1, 2**53 + 1], dtype=np.uint64)
    table = frames.read(make({"a": large, "b": [0.5] * 3}))
    assert table.values[:, 0].tolist() == large.astype(np.float64).tolist()


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=frames.KINDS)
def test_float32_beside_another_type_becomes_float64(make):
    third = np.full(2, 1 / 3, np.float32)
    assert frames.read(make({"a": third, "b": third})).values.dtype == np.float32
    mixed = frames.read(make({"a": third, "b": np.array([1, 2], np.int8)})).values
    assert mixed.tolist() == [[float(third[0]), 1.0], [float(third[0]), 2.0]]


NULLABLE = {"b1": "boolean", "f4": "Float32", "f8": "Float64"} | {
    f"{kind}{n}": f"{name}{8 * n}" for kind, name in (("i", "Int"), ("u", "UInt")) for n in (1, 2, 4, 8)
}
MAKERS = {
    "pandas": pd.DataFrame,
    "pandas, nullable": lambda columns: pd.DataFrame(columns).astype(
        {name: NULLABLE[c.dtype.str[1:]] for name, c in columns.items() if c.dtype != np.float16}
    ),
    "pandas, of Arrow": lambda columns: pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
}


@st.composite
def numeric_columns(draw):
    n_rows = draw(st.integers(1, 5))
    columns = {}
    for i in range(draw(st.integers(1, 4))):
        dtype = np.dtype(draw(st.sampled_from(["?", "i1", "i4", "i8", "u1", "u2", "u8", "f2", "f4", "f8"])))
        if dtype.kind == "b":
            values = st.booleans()
        elif dtype.kind == "f":
            values = st.floats(allow_nan=False, allow_infinity=False, width=8 * dtype.itemsize)
        else:
            values = st.integers(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
        columns[f"c{i}"] = np.array(draw(st.lists(values, min_size=n_rows, max_size=n_rows)), dtype)
    return columns


def check_same_as_the_array(read, columns, order):
    """Any numeric frame, in any order of its columns, is the array of its columns."""
    expected = np.column_stack([columns[name].astype(np.float64) for name in order])
    for make in MAKERS.values():
        frame = make({name: columns[name] for name in sorted(columns, reverse=True)})
        found = read(frame, order)
        assert found.dtype == (
            np.float32 if all(c.dtype == np.float32 for c in columns.values()) else np.float64
        )
        np.testing.assert_array_equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(numeric_columns(), st.randoms())
def test_a_frame_of_numbers_is_its_array(columns, random):
    order = list(columns)
    random.shuffle(order)
    check_same_as_the_array(lambda X, names: frames.read(X, names).values, columns, order)


@pytest.mark.parametrize(
    "broken",
    [
        lambda X, names: frames.read(X).values,  # does not put the columns into order
        lambda X, names: frames.read(X, names).values.astype(np.float32),  # narrower than the numbers
    ],
    ids=["unordered", "narrow"],
)
def test_another_reading_is_rejected(broken):
    columns = {"c0": np.array([1.0, 2.0]), "c1": np.array([2**31 - 1, 7])}
    with pytest.raises(AssertionError):
        check_same_as_the_array(broken, columns, ["c0", "c1"])


ENCODE = r"ColumnTransformer with a OneHotEncoder, which neonxai explains in this column"
DAYS = r"\(column - origin\) / one day"
LENGTHS = r"column / one day"
SPREAD = r"Spread it over several columns"
DAY, TIME, LENGTH = dt.date(2020, 1, 2), dt.time(3), dt.timedelta(days=1)
MOMENT = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
WITHOUT_ZONE = MOMENT.replace(tzinfo=None)
CODES = pa.array(["u", "v"]).dictionary_encode()

# The column; its type and first value, as the message gives them; the remedy.
REFUSED = {
    "pandas datetime": (pd.Series([WITHOUT_ZONE] * 2), r"datetime64.*Timestamp", DAYS),
    "pandas datetime with zone": (pd.Series([MOMENT] * 2), r"datetime64.*UTC.*2020-01-02", DAYS),
    "pandas date": (pd.Series([DAY] * 2), r"object.*datetime.date\(2020, 1, 2\) in row 0", DAYS),
    "pandas Arrow date": (pd.Series([DAY] * 2, dtype="date32[pyarrow]"), r"date32.*2020, 1, 2", DAYS),
    "pandas time": (pd.Series([TIME] * 2), r"object.*datetime.time\(3, 0\)", r"hours since midnight"),
    "pandas duration": (pd.Series([LENGTH] * 2), r"timedelta64.*1 days|timedelta64.*days=1", LENGTHS),
    "pandas period": (pd.Series(pd.period_range("2020", periods=2)), r"period\[D\].*2020-01-01", DAYS),
    "pandas interval": (pd.Series(pd.interval_range(0, 2)), r"interval.*Interval", r"Convert it to floats"),
    "pandas category": (pd.Series(["u", "v"], dtype="category"), r"category.*'u'", ENCODE),
    "pandas ordered category": (
        pd.Series(pd.Categorical(["u", "v"], ["v", "u"], ordered=True)),
        r"category.*'u'",
        ENCODE,
    ),
    "pandas category of numbers": (
        pd.Series([1, 2], dtype="category"),
        r"category.*value 1",
        rf"Convert it to floats.*{ENCODE}",
    ),
    "pandas str": (pd.Series(["u", "v"], dtype="str"), r"str.*'u'", ENCODE),
    "pandas string": (pd.Series(["u", "v"], dtype="string"), r"string.*'u'", ENCODE),
    "pandas Arrow string": (pd.Series(["u", "v"], dtype="string[pyarrow]"), r"string.*'u'", ENCODE),
    "pandas digits": (pd.Series(["1.5", "2"]), r"'1.5'", rf"Convert it to floats.*{ENCODE}"),
    "pandas object": (pd.Series([1, "v"], dtype=object), r"object.*'v' in row 1", ENCODE),
    "pandas object, a gap": (pd.Series([None, "v"], dtype=object), r"object|str.*'v'", ENCODE),
    "pandas object of lists": (pd.Series([[1], [2]]), r"object.*\[1\] in row 0", SPREAD),
    "pandas object of dicts": (pd.Series([{"q": 1}] * 2), r"object.*\{'q': 1\}", SPREAD),
    "pandas object of bytes": (pd.Series([b"1", b"2"]), r"object.*b'1'", r"Decode it"),
    "pandas object of durations": (
        pd.Series([np.timedelta64(1, "D"), 1.0], dtype=object),
        r"object.*in row 0",
        LENGTHS,
    ),
    "pandas object of anything": (pd.Series([object(), 1.0]), r"object.*<object object", r"Convert it to"),
    "pandas object of nothing": (
        pd.Series([None, None], dtype=object),
        r"no values at all",
        r"Leave the col",
    ),
    "pandas Arrow list": (pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int8()))), r"list", SPREAD),
    "pandas Arrow nulls": (
        pd.Series([None] * 2, dtype="null[pyarrow]"),
        r"null.*no values",
        r"Leave the col",
    ),
    "pandas complex": (pd.Series([1j, 2j]), r"complex128.*1j", r"real and its imaginary part"),
    "polars datetime": (pl.Series([WITHOUT_ZONE] * 2), r"Datetime.*2020, 1, 2", DAYS),
    "polars date": (pl.Series([DAY] * 2), r"Date.*2020, 1, 2", DAYS),
    "polars time": (pl.Series([TIME] * 2), r"Time.*datetime.time", r"hours since midnight"),
    "polars duration": (pl.Series([LENGTH] * 2), r"Duration.*timedelta", LENGTHS),
    "polars categorical": (pl.Series(["u", "v"], dtype=pl.Categorical), r"Categorical.*'u'", ENCODE),
    "polars enum": (pl.Series(["u", "v"], dtype=pl.Enum(["v", "u"])), r"Enum.*'u'", ENCODE),
    "polars string": (pl.Series(["u", "v"]), r"String.*'u'", ENCODE),
    "polars digits": (pl.Series(["1", "2"]), r"String.*'1'", rf"Convert it to floats.*{ENCODE}"),
    "polars list": (pl.Series([[1], [2]]), r"List.*\[1\]", SPREAD),
    "polars array": (pl.Series([[1, 2]] * 2, dtype=pl.Array(pl.Int8, 2)), r"Array.*\[1, 2\]", SPREAD),
    "polars struct": (pl.Series([{"q": 1}] * 2), r"Struct.*\{'q': 1\}", SPREAD),
    "polars binary": (pl.Series([b"1", b"2"]), r"Binary.*b'1'", r"Decode it"),
    "polars object": (pl.Series([1.0, "v"], dtype=pl.Object), r"Object.*'v' in row 1", ENCODE),
    "polars null": (pl.Series([None, None]), r"Null.*no values at all", r"Leave the column out"),
    "pyarrow timestamp": (pa.array([MOMENT] * 2), r"timestamp.*2020, 1, 2", DAYS),
    "pyarrow date": (pa.array([DAY] * 2), r"date32.*2020, 1, 2", DAYS),
    "pyarrow time": (pa.array([TIME] * 2), r"time64.*datetime.time", r"hours since midnight"),
    "pyarrow duration": (pa.array([LENGTH] * 2), r"duration.*timedelta", LENGTHS),
    "pyarrow dictionary": (CODES, r"dictionary.*'u'", ENCODE),
    "pyarrow string": (pa.array(["u", "v"]), r"string.*'u'", ENCODE),
    "pyarrow large string": (pa.array(["u", "v"], pa.large_string()), r"large_string.*'u'", ENCODE),
    "pyarrow list": (pa.array([[1], [2]]), r"list.*\[1\]", SPREAD),
    "pyarrow struct": (pa.array([{"q": 1}] * 2), r"struct.*\{'q': 1\}", SPREAD),
    "pyarrow map": (pa.array([[("q", 1)]] * 2, pa.map_(pa.string(), pa.int8())), r"map.*'q'", SPREAD),
    "pyarrow binary": (pa.array([b"1", b"2"]), r"binary.*b'1'", r"Decode it"),
    "pyarrow fixed binary": (pa.array([b"1", b"2"], pa.binary(1)), r"fixed_size_binary.*b'1'", r"Decode it"),
    "pyarrow null": (pa.nulls(2), r"null.*no values at all", r"Leave the column out"),
}
FRAME = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def check_refuses(read, name):
    """The message names the column, its type, its first value, and what to do."""
    column, described, remedy = REFUSED[name]
    frame = FRAME[name.partition(" ")[0]]({"fine": [1.0, 2.0], "Größe\n": column})
    with pytest.raises(
        TypeError, match=rf"Column 'Größe\\n' is not of a numeric type(?s:.)*(?:{described})(?s:.)*{remedy}"
    ):
        read(frame)


@pytest.mark.parametrize("name", REFUSED)
def test_columns_that_are_no_numbers(name):
    check_refuses(frames.read, name)


@pytest.mark.parametrize(
    "broken",
    [
        lambda frame: frame.to_numpy(),  # lets everything pass
        lambda frame: frame.to_numpy().astype(float),  # an error of NumPy's, which names no column
    ],
    ids=["nothing refused", "no column named"],
)
def test_a_reading_that_does_not_say_where_is_rejected(broken):
    with pytest.raises((AssertionError, pytest.fail.Exception, ValueError)):
        check_refuses(broken, "pandas str")


def test_what_is_shown_of_a_value_is_short_and_on_one_line():
    with pytest.raises(TypeError, match=r"Column 'a' is not of a numeric type") as caught:
        frames.read(pd.DataFrame({"a": ["first\nline \x1b[31m" + 5000 * "x"]}))
    assert len(str(caught.value)) < 500
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


GAPS = {
    "pandas float": (pd.Series([1.0, np.nan]), r"NaN or null in row 1"),
    "pandas Int64": (pd.Series([None, 1], dtype="Int64"), r"null in row 0"),
    "pandas Float64": (pd.Series([1.0, None], dtype="Float64"), r"null in row 1"),
    "pandas boolean": (pd.Series([True, None], dtype="boolean"), r"null in row 1"),
    "pandas Arrow": (pd.Series([1, None], dtype="int64[pyarrow]"), r"null in row 1"),
    "pandas Sparse": (pd.Series([1.0, np.nan], dtype="Sparse[float64]"), r"NaN or null in row 1"),
    "pandas object": (pd.Series([1, None], dtype=object), r"null in row 1"),
    "pandas object, NA": (pd.Series([pd.NA, 2.5], dtype=object), r"null in row 0"),
    "pandas object, NaN": (pd.Series([1, np.nan], dtype=object), r"NaN or null in row 1"),
    "pandas object, Decimal": (
        pd.Series([decimal.Decimal("NaN"), decimal.Decimal(1)]),
        r"NaN or null in row 0",
    ),
    "polars float": (pl.Series([1.0, None]), r"null in row 1"),
    "polars NaN": (pl.Series([np.nan, 1.0]), r"NaN in row 0"),
    "polars int": (pl.Series([1, None]), r"null in row 1"),
    "polars bool": (pl.Series([None, True]), r"null in row 0"),
    "polars Decimal": (pl.Series([decimal.Decimal(1), None]), r"null in row 1"),
    "polars Object": (pl.Series([1, None], dtype=pl.Object), r"null in row 1"),
    "pyarrow float": (pa.array([1.0, None]), r"null in row 1"),
    "pyarrow int": (pa.array([None, 1]), r"null in row 0"),
    "pyarrow decimal": (pa.array([None, decimal.Decimal(1)]), r"null in row 0"),
}


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("name", GAPS)
def test_gaps_are_named(name, width):
    column, message = GAPS[name]
    columns = {"fine": [1.0, 2.0], "gappy": column}
    frame = FRAME[name.partition(" ")[0]]({key: columns[key] for key in list(columns)[2 - width :]})
    with pytest.raises(ValueError, match=rf"{message}, column 'gappy'. Impute or drop.*SimpleImputer"):
        frames.read(frame)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (10**400, r"Column 'a' holds a number that float64 has not \(.*too large.*Rescale it"),
        (decimal.Decimal("sNaN"), r"Column 'a' holds a number that float64 has not \(.*Rescale it"),
        (decimal.Decimal("1e400"), r"infinity \(inf\) in row 1, column 'a'"),
        (np.longdouble("1e400"), r"infinity \(inf\) in row 1, column 'a'"),
    ],
)
def test_numbers_beyond_float64_are_refused(value, message):
    for frame in (
        pd.DataFrame({"a": pd.Series([1, value], dtype=object)}),
        pl.DataFrame({"a": pl.Series([1, value], dtype=pl.Object)}),
    ):
        with pytest.raises(ValueError, match=message):
            frames.read(frame)


def test_long_doubles_beyond_float64_are_refused():
    with pytest.raises(ValueError, match=r"infinity \(inf\) in row 1, column 'a'"):
        frames.read(pd.DataFrame({"a": np.array([1, "1e400"], np.longdouble), "b": [1, 2]}))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame([[1.0, 2.0, 3.0]], columns=["a", "b", "a"]), r"'a' \(columns 0 and 2\)"),
        (pd.DataFrame([[1.0, 2.0]], columns=[1, "1"]), r", as strings: '1' \(columns 0 and 1\)"),
        (pa.table([[1.0], [2.0]], names=["a", "a"]), r"'a' \(columns 0 and 1\)"),
    ],
)
def test_columns_of_one_name_are_named(frame, message):
    with pytest.raises(ValueError, match=rf"Two columns of X have the same name.*{message}.*name of its own"):
        frames.read(frame)


def test_labels_that_are_no_strings_are_turned_into_them_without_touching_the_frame():
    X = np.arange(6.0).reshape(2, 3)
    frame = pd.DataFrame(X, columns=pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)]))
    table = frames.read(frame)
    assert table.names == ("('x', 1)", "('x', 2)", "('y', 1)")
    assert np.shares_memory(table.values, frame.to_numpy())
    assert frame.columns.nlevels == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_are_not_copied(dtype):
    X = np.arange(12, dtype=dtype).reshape(4, 3)
    frame = pd.DataFrame(X)
    assert np.shares_memory(frames.read(frame).values, frame.to_numpy())
    frame = pl.from_numpy(np.asfortranarray(X))
    assert np.shares_memory(frames.read(frame).values, frame["column_1"].to_numpy())
    assert frames.read(X).values is X


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=frames.KINDS)
def test_a_single_column_is_not_copied(make):
    frame = make({"a": np.arange(5.0)})
    assert np.shares_memory(frames.read(frame).values, frame["a"].to_numpy())
    other = make({"a": np.arange(5)})
    assert not np.shares_memory(frames.read(other).values, other["a"].to_numpy())


def peak_of(read, frame):
    """The most bytes that NumPy and Python held together during a reading, beyond what was there."""
    tracemalloc.start()
    try:
        read(frame)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def check_memory(read, frame):
    """The result and one column of it are in memory; not a second copy, not an object per number."""
    n_rows, n_columns = frame.shape
    column = 8 * n_rows
    assert peak_of(read, frame) < column * (n_columns + 2) + 100_000


N, D = 20_000, 20
LARGE = {
    "int64": lambda: pd.DataFrame(np.arange(N * D).reshape(N, D)),
    "Int64": lambda: pd.DataFrame(np.arange(N * D).reshape(N, D)).convert_dtypes(),
    "int64[pyarrow]": lambda: pd.DataFrame(np.arange(N * D).reshape(N, D)).astype("int64[pyarrow]"),
    "polars": lambda: pl.from_numpy(np.arange(N * D).reshape(N, D)),
    "pyarrow": lambda: pa.table({f"c{i}": np.arange(N) + i for i in range(D)}),
    "columns of several types": lambda: pd.DataFrame(
        {f"c{i}": (np.arange(N) + i).astype(t) for i, t in enumerate(["f8", "i4", "f4", "u1"] * 5)}
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_memory_is_bounded(name):
    check_memory(frames.read, LARGE[name]())


@pytest.mark.parametrize(
    "broken",
    [
        lambda frame: frame.to_numpy(dtype=object).astype(float),
        lambda frame: frame.astype(float).to_numpy(copy=True),
    ],
    ids=["objects", "two copies"],
)
def test_larger_readings_are_rejected(broken):
    with pytest.raises(AssertionError):
        check_memory(broken, LARGE["int64"]())


NAMES = ["a", "b", "c", "d"]
IRIS = load_iris().data
INDEX = pd.Index([f"row {i}" for i in range(150)], name="flower")
AS_PANDAS = pd.DataFrame(IRIS, columns=NAMES, index=INDEX)
INPUTS = {
    "pandas": AS_PANDAS,
    "pandas, reordered": AS_PANDAS[NAMES[::-1]],
    "polars": pl.DataFrame(IRIS, schema=NAMES),
    "pyarrow": pa.table(dict(zip(NAMES, IRIS.T, strict=True))),
}


@pytest.mark.parametrize("wanted", ["pandas", "polars"])
@pytest.mark.parametrize("given_as", INPUTS)
def test_set_output(given_as, wanted):
    model = KMeans(3, n_init=1, random_state=0).fit(AS_PANDAS)
    explainer = ClusterExplainer(model, beta=1.0).fit(AS_PANDAS)
    expected = explainer.transform(IRIS)
    data = INPUTS[given_as]
    frame = explainer.set_output(transform=wanted).transform(data)
    assert type(frame) is {"pandas": pd.DataFrame, "polars": pl.DataFrame}[wanted]
    assert list(frame.columns) == NAMES
    if wanted == "pandas":
        kept = isinstance(data, pd.DataFrame)
        assert frame.index.equals(INDEX if kept else pd.RangeIndex(150))
        assert frame.index.name == ("flower" if kept else None)
    # Layouts differ, and with them the order of sums.
    np.testing.assert_allclose(frame.to_numpy(), expected, rtol=1e-12, atol=1e-12)
    assert type(explainer.set_output(transform="default").transform(data)) is np.ndarray


@pytest.mark.parametrize("wanted", ["pandas", "polars"])
def test_set_output_numbers_the_features_of_an_array(wanted):
    explainer = ClusterExplainer(KMeans(3, n_init=1, random_state=0), beta=1.0).set_output(transform=wanted)
    frame = explainer.fit_transform(IRIS)
    assert list(frame.columns) == ["x0", "x1", "x2", "x3"]
    assert list(explainer.transform(IRIS[:7]).columns) == ["x0", "x1", "x2", "x3"]


def test_set_output_in_a_pipeline_keeps_names_and_index():
    pipeline = make_pipeline(StandardScaler(), ClusterExplainer(KMeans(3, n_init=1, random_state=0)))
    frame = pipeline.set_output(transform="pandas").fit_transform(AS_PANDAS)
    assert list(frame.columns) == NAMES
    assert frame.index.equals(INDEX)
    plain = pipeline.set_output(transform="default").transform(AS_PANDAS)
    np.testing.assert_allclose(frame.to_numpy(), plain, rtol=1e-12, atol=1e-12)
