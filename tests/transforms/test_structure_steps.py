"""Steps made of steps: the parts, each given what `select` takes out, make up the whole."""

import pickle
from dataclasses import replace

import numpy as np
import palmerpenguins
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array, issparse
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

import neonxai.transforms.encoders
import neonxai.transforms.text  # noqa: F401  # registers
from neonxai.transforms.registry import UnknownStepError, read
from neonxai.transforms.steps import Branches, Chain, Shares
from neonxai.transforms.structure import Columns

WINE = load_wine(as_frame=True).data
PENGUINS = palmerpenguins.load_penguins().dropna()
NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def dense(values):
    return np.asarray(values.toarray() if issparse(values) else values, dtype=float)


def walk(transformer, X):
    """Transform by the parts only."""
    if isinstance(transformer, Pipeline | ColumnTransformer | FeatureUnion):
        step = read(transformer, X.shape[1] if len(X.shape) == 2 else 1, "step")
    else:
        return transformer.transform(X)
    if isinstance(step, Chain):
        for _, inner in step.steps:
            X = walk(inner, X)
        return X
    return assembled(step, X)


def assembled(step, X):
    assert isinstance(step, Branches)
    parts = []
    for part in step.parts:
        taken = X if part.columns is None else part.select(X)
        output = taken if part.transformer is None else walk(part.transformer, taken)
        parts.append(dense(output) * part.weight)
    return np.hstack(parts)


def check_parts(transformer, X):
    np.testing.assert_array_equal(walk(transformer, X), dense(transformer.transform(X)))


# Of the 13 columns of wine: the ways to name some of them. "hue" is 10, "alcohol" is 0.
CHOICES = {
    "names": ["hue", "alcohol", "ash"],
    "name_array": np.array(["hue", "alcohol"]),
    "name_slice": slice("ash", "hue"),
    "name_slice_open": slice("hue", None),
    "name_slice_to": slice(None, "ash"),
    "name_index": WINE.columns[3:5],
    "positions": [10, 0, 2],
    "negative": [-1, 3],
    "position_array": np.array([4, 1]),
    "position_tuple": (4, 1),
    "mask": [i % 3 == 1 for i in range(13)],
    "mask_array": np.arange(13) > 8,
    "slice": slice(2, 9, 3),
    "slice_negative": slice(-3, None),
}
BY_NAME = {name for name in CHOICES if name.startswith("name")}


def column_transformer(columns, **options):
    return ColumnTransformer([("scaled", StandardScaler(), columns)], **options)


FRAMES = {
    "pandas": lambda frame: frame,
    "polars": lambda frame: pl.DataFrame(frame.to_dict("list")),
    "numpy": lambda frame: frame.to_numpy(),
}


@pytest.mark.parametrize(
    ("choice", "kind"),
    [(c, k) for c in CHOICES for k in FRAMES if k != "numpy" or c not in BY_NAME],  # an array has no names
)
@pytest.mark.parametrize("remainder", ["drop", "passthrough", MinMaxScaler()], ids=str)
def test_parts_of_columns_chosen_in_any_way_make_up_the_whole(kind, choice, remainder):
    X = FRAMES[kind](WINE)
    transformer = column_transformer(CHOICES[choice], remainder=remainder).fit(X)
    check_parts(transformer, X)
    parts = read(transformer, 13, "columns").parts
    assert len(parts) == 1 + (remainder != "drop")
    means = WINE.to_numpy()[:, list(parts[0].columns)].mean(axis=0)
    np.testing.assert_allclose(parts[0].transformer.mean_, means, rtol=1e-12)
    if remainder != "drop":
        assert sorted(parts[0].columns + parts[1].columns) == list(range(13))


def test_positions_are_as_chosen():
    def positions(choice):
        return read(column_transformer(CHOICES[choice]).fit(WINE), 13, "columns").parts[0].columns

    assert positions("names") == (10, 0, 2)
    assert positions("name_slice") == tuple(range(2, 11))  # the last name is within
    assert positions("negative") == (12, 3)
    assert positions("mask") == (1, 4, 7, 10)
    assert positions("slice") == (2, 5, 8)


def test_a_function_chooses():
    by_type = make_column_selector(dtype_include="number")
    transformer = ColumnTransformer(
        [
            ("sizes", StandardScaler(), by_type),
            ("codes", OneHotEncoder(), make_column_selector(dtype_exclude="number")),
        ]
    ).fit(PENGUINS)
    check_parts(transformer, PENGUINS)
    sizes, codes = read(transformer, 8, "columns").parts
    assert sizes.columns == (2, 3, 4, 5, 7)
    assert codes.columns == (0, 1, 6)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_frame_of_other_order_and_more_columns_is_read_by_name(kind):
    make = FRAMES[kind]
    transformer = column_transformer(["hue", "ash"], remainder="passthrough").fit(make(WINE))
    X = make(WINE[WINE.columns[::-1]].assign(more=1.0))
    np.testing.assert_array_equal(
        assembled(read(transformer, 13, "columns"), X), dense(transformer.transform(X))
    )


def test_a_frame_of_another_library_and_none():
    transformer = column_transformer([10, 2], remainder="passthrough").fit(WINE)
    step = read(transformer, 13, "columns")
    expected = transformer.transform(WINE)
    np.testing.assert_array_equal(assembled(step, FRAMES["polars"](WINE)), expected)
    taken = step.parts[0].select(pa.Table.from_pandas(WINE, preserve_index=False))
    np.testing.assert_array_equal(np.column_stack([taken["hue"], taken["ash"]]), WINE[["hue", "ash"]])
    with pytest.warns(UserWarning, match="feature names"):  # of the scaler, as ColumnTransformer lets it
        np.testing.assert_array_equal(assembled(step, WINE.to_numpy()), expected)
    transformer = column_transformer([10, 2]).fit(WINE.to_numpy())
    rows = WINE.to_numpy().tolist()
    np.testing.assert_array_equal(
        assembled(read(transformer, 13, "columns"), rows), transformer.transform(rows)
    )


def test_a_frame_whose_names_are_numbers_is_read_by_position():
    X = WINE.set_axis(range(5, 18), axis="columns")
    check_parts(column_transformer([10, 2], remainder="passthrough").fit(X), X)


def test_sparse_columns():
    X = csr_array(WINE.to_numpy())
    check_parts(
        ColumnTransformer([("a", StandardScaler(with_mean=False), [3, 1])], remainder="passthrough").fit(X), X
    )


def test_parts_get_the_kind_of_frame_that_the_whole_gets():
    transformer = column_transformer(["hue", "ash"]).fit(WINE)
    select = read(transformer, 13, "columns").parts[0].select
    odd = WINE.iloc[::2]
    assert select(odd).equals(odd[["hue", "ash"]])  # with its index
    assert select(FRAMES["polars"](WINE)).equals(FRAMES["polars"](WINE[["hue", "ash"]]))
    assert pickle.loads(pickle.dumps(select)) == select  # noqa: S301  # made here


@pytest.mark.parametrize("kind", FRAMES)
def test_a_single_name_or_position_is_a_flat_column_of_texts(kind):
    X = FRAMES[kind](PENGUINS[["island", "species"]])
    for column in (1, -1) if kind == "numpy" else ("species", 1, -1):
        transformer = ColumnTransformer(
            [("words", CountVectorizer(), column), ("letters", TfidfVectorizer(analyzer="char"), column)]
        ).fit(X)
        check_parts(transformer, X)
        part = read(transformer, 2, "columns").parts[0]
        assert part.columns == (1,)
        assert len(part.select(X).shape) == 1


def test_what_is_dropped_empty_or_left_over():
    transformer = ColumnTransformer(
        [
            ("nothing", StandardScaler(), []),
            ("none", StandardScaler(), [False] * 13),
            ("away", "drop", ["ash", "hue"]),
            ("same", "passthrough", ["magnesium", "ash"]),
            ("scaled", StandardScaler(), slice(3, 5)),
        ],
        remainder="passthrough",
        verbose_feature_names_out=False,
        sparse_threshold=0,
    ).fit(WINE)
    check_parts(transformer, WINE)
    parts = read(transformer, 13, "columns").parts
    assert [part.name for part in parts] == ["same", "scaled", "remainder"]
    assert parts[0].transformer is None
    assert parts[2].transformer is None
    assert parts[2].columns == (0, 1, *range(5, 10), 11, 12)  # ash and hue are named, if only to drop one


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_frames_as_outputs(output):
    transformer = column_transformer(["hue"], remainder="passthrough").set_output(transform=output).fit(WINE)
    check_parts(transformer, WINE)
    assert read(transformer, 13, "columns").parts[1].transformer is None


def test_nothing_is_left_over():
    transformer = column_transformer(slice(None), remainder=StandardScaler()).fit(WINE)
    assert [part.name for part in read(transformer, 13, "columns").parts] == ["scaled"]
    check_parts(transformer, WINE)


def test_weights():
    transformer = ColumnTransformer(
        [("a", StandardScaler(), ["ash"]), ("b", "passthrough", ["hue"])],
        remainder=MinMaxScaler(),
        transformer_weights={"a": 3, "b": 0.5, "remainder": 0.25},
    ).fit(WINE)
    check_parts(transformer, WINE)
    assert [part.weight for part in read(transformer, 13, "columns").parts] == [3.0, 0.5, 0.25]
    union = FeatureUnion([("a", PCA(2)), ("b", StandardScaler())], transformer_weights={"b": 2.0}).fit(WINE)
    assert [part.weight for part in read(union, 13, "union").parts] == [1.0, 2.0]
    check_parts(union, WINE)


def test_union():
    union = FeatureUnion([("a", PCA(2)), ("b", "drop"), ("c", "passthrough"), ("d", StandardScaler())]).fit(
        WINE
    )
    parts = read(union, 13, "union").parts
    assert [(part.name, part.columns, part.select) for part in parts] == [(n, None, None) for n in "acd"]
    assert parts[1].transformer is None
    check_parts(union, WINE)


def test_steps_that_pass_through_are_left_out():
    pipe = Pipeline([("a", StandardScaler()), ("b", None), ("c", "passthrough"), ("d", PCA(2))]).fit(WINE)
    assert [name for name, _ in read(pipe, 13, "pipe").steps] == ["a", "d"]
    check_parts(pipe, WINE)
    assert read(Pipeline([("a", "passthrough")]), 13, "pipe").steps == ()


@pytest.mark.parametrize("kind", FRAMES)
def test_nested(kind):
    X = FRAMES[kind](PENGUINS[["species", *NUMBERS, "sex"]])
    numbers = make_pipeline(
        SimpleImputer(), FeatureUnion([("s", StandardScaler()), ("p", make_pipeline(PCA(2), "passthrough"))])
    )
    inner = ColumnTransformer([("scaled", MinMaxScaler(), [1, 0])], remainder="passthrough")
    transformer = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", numbers, slice(1, 3)),
                ("texts", Pipeline([("t", TfidfVectorizer())]), 0),
                ("codes", OneHotEncoder(), [-1]),
                ("inner", inner, [4, 3]),
            ],
            sparse_threshold=0,
            transformer_weights={"numbers": 2.0},
        ),
        "passthrough",
        ColumnTransformer([("scaled", StandardScaler(), slice(0, 4))], remainder="passthrough"),
    ).fit(X)
    check_parts(transformer, X)


def test_what_is_frozen_is_read():
    encoder = OrdinalEncoder().fit(PENGUINS[["species"]])
    assert isinstance(read(FrozenEstimator(encoder), 1, "frozen"), Shares)
    pipe = make_pipeline(StandardScaler()).fit(WINE)
    assert read(FrozenEstimator(pipe), 13, "frozen").steps[0][1] is pipe[0]
    frozen = ColumnTransformer([("e", FrozenEstimator(encoder), ["species"])]).fit(PENGUINS)
    check_parts(frozen, PENGUINS)
    with pytest.raises(UnknownStepError, match="Odd"):
        read(FrozenEstimator(Odd()), 1, "frozen")


class Odd(FunctionTransformer):
    """With a transform that is not known."""

    def transform(self, X):
        return X


def test_a_function_is_no_passage():
    transformer = ColumnTransformer(
        [
            ("log", FunctionTransformer(np.log1p), ["ash"]),
            ("same", FunctionTransformer(), ["hue"]),
            ("odd", Odd(), [3]),
        ]
    ).fit(WINE)
    assert [part.transformer is None for part in read(transformer, 13, "columns").parts] == [
        False,
        True,
        False,
    ]
    check_parts(transformer, WINE)


def test_columns_that_are_missing_or_too_many():
    transformer = column_transformer(["hue", "ash"]).fit(WINE)
    select = read(transformer, 13, "columns").parts[0].select
    for make in (FRAMES["pandas"], FRAMES["polars"]):
        with pytest.raises(ValueError, match=r"missing: 'ash'. A step was fitted to them, and the frame has"):
            select(make(WINE.drop(columns="ash")))
    with pytest.raises(ValueError, match="gets 14 columns and was fitted to 13"):
        read(transformer, 14, "columns")
    with pytest.raises(NotFittedError):
        read(column_transformer(["hue"]), 13, "columns")


def broken(step, number, **changes):
    parts = [replace(part, **changes) if i == number else part for i, part in enumerate(step.parts)]
    return Branches(tuple(parts))


@pytest.mark.parametrize(
    "changes",
    [
        {"select": Columns((1, 2))},
        {"select": Columns((0, 2), ("hue", "ash"))},
        {"weight": 1.0},
        {"transformer": None},
    ],
    ids=["shifted", "misnamed", "unweighted", "passed"],
)
def test_broken_parts_are_rejected(changes):
    transformer = column_transformer(["alcohol", "ash"], transformer_weights={"scaled": 2.0}).fit(WINE)
    step = read(transformer, 13, "columns")
    expected = transformer.transform(WINE)
    np.testing.assert_array_equal(assembled(step, WINE), expected)
    with pytest.raises((AssertionError, ValueError)):  # the scaler itself refuses columns of other names
        np.testing.assert_array_equal(assembled(broken(step, 0, **changes), WINE), expected)


def test_parts_in_another_order_are_rejected():
    transformer = column_transformer(["hue"], remainder="passthrough").fit(WINE)
    step = read(transformer, 13, "columns")
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(
            assembled(Branches(step.parts[::-1]), WINE), transformer.transform(WINE)
        )
