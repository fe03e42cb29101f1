"""Pipelines that go wrong easily: what writes, drops, joins, depends on other rows, or moves the origin."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)

import neonxai

RNG = np.random.default_rng(0)
X = np.vstack([RNG.normal(m, 1, (60, 4)) for m in ([0, 0, 5, 0], [5, 0, 0, 1], [0, 5, 0, -1])])
FRAME = pd.DataFrame(X, columns=list("abcd"))
MIXED = pd.DataFrame({"cat": RNG.choice(["u", "v"], 60), "n": RNG.normal(size=60), "m": RNG.normal(size=60)})
TEXTS = ["the red fox", "a red hen", "the lazy dog", "a lazy fox", "dog and hen", "red dog"] * 3


def kmeans(k=3):
    return KMeans(k, n_init=2, random_state=0)


def conserves(e):
    sizes = np.abs(e.relevance).sum(axis=1) + np.abs(e.logits) + np.abs(e.absorbed)
    return bool(np.all(e.conservation_error() <= 1e-9 * sizes))


@pytest.mark.parametrize(
    "front", [[PCA(3), Normalizer()], [StandardScaler(), PCA(2), Normalizer("l1")]], ids=str
)
def test_the_origin_does_not_matter_to_a_normalizer_behind_a_projection(front):
    near = neonxai.explain(make_pipeline(*front, kmeans()), X)
    far = neonxai.explain(make_pipeline(*map(clone, front), kmeans()), X + 1e4)
    assert np.allclose(near.relevance, far.relevance, rtol=1e-6, atol=1e-6)
    assert not np.any(near.absorbed)
    assert conserves(far)


def test_a_normalizer_behind_a_shift_of_the_origin():
    """SVD has no mean to take away, and the scaler before it has: then there may be no pre-image of 0."""
    wide = ColumnTransformer([("s", MinMaxScaler(), [0, 1, 2, 3])])
    pipe = make_pipeline(
        FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())]), TruncatedSVD(5), Normalizer()
    )
    for front in (wide, pipe):
        model = make_pipeline(clone(front), TruncatedSVD(2, random_state=0), Normalizer(), kmeans()).fit(X)
        e = neonxai.explain(model, X)
        assert np.array_equal(e.labels, model.predict(X))
        assert conserves(e)


def test_rows_may_not_get_lost():
    gaps = FRAME.copy()
    gaps.iloc[3:30, 1] = np.nan
    pipe = make_pipeline(FunctionTransformer(lambda frame: frame.dropna()), StandardScaler(), kmeans()).fit(
        FRAME
    )
    explainer = neonxai.ClusterExplainer(pipe).fit(FRAME)
    with pytest.raises(ValueError, match=r"make 153 rows of 180"):
        explainer.explain(gaps)


def doubled(A):
    A *= 2
    return A


@pytest.mark.parametrize(
    "front",
    [
        ColumnTransformer([("s", StandardScaler(copy=False), slice(0, 4))]),
        FeatureUnion([("s", StandardScaler(copy=False)), ("m", MinMaxScaler(copy=False))]),
        FunctionTransformer(doubled),
    ],
    ids=["columns", "union", "function"],
)
@pytest.mark.parametrize(
    "kind", [np.array, lambda A: pd.DataFrame(A, columns=list("abcd"))], ids=["array", "frame"]
)
def test_what_works_in_place_works_on_a_copy(front, kind):
    pipe = make_pipeline(clone(front), PowerTransformer(copy=False), kmeans()).fit(kind(X.copy()))
    given = kind(X.copy())
    e = neonxai.explain(pipe, given)
    assert np.array_equal(np.asarray(given), X)
    assert np.array_equal(e.labels, pipe.predict(kind(X.copy())))


def test_polars_in_place():
    frame = pl.from_pandas(FRAME)
    pipe = make_pipeline(PowerTransformer(copy=False), kmeans()).fit(frame)
    assert np.array_equal(neonxai.explain(pipe, frame).labels, pipe.predict(frame))


def test_data_belong_to_the_names():
    """As many outputs as inputs, by chance."""
    pipe = make_pipeline(StandardScaler(), KernelPCA(4, kernel="rbf"), kmeans()).fit(FRAME)
    e = neonxai.explain(pipe, FRAME, pull_back="stop")
    assert e.feature_names == tuple(f"kernelpca{i}" for i in range(4))
    assert np.allclose(e.data, pipe[:-1].transform(FRAME))
    by_array = make_pipeline(StandardScaler(), KernelPCA(4, kernel="rbf"), kmeans()).fit(X)
    explainer = neonxai.ClusterExplainer(by_array, pull_back="stop").fit(X)
    assert explainer.explain(X).feature_names == explainer.feature_names_ == e.feature_names
    front = ColumnTransformer(
        [("c", OneHotEncoder(sparse_output=False), ["cat"]), ("n", "passthrough", ["n"])]
    )
    codes = neonxai.explain(make_pipeline(front, kmeans()), MIXED, pull_back="codes")
    assert codes.feature_names == ("n", "cat_u", "cat_v")
    assert set(np.unique(np.asarray(codes.data)[:, 1:])) == {0.0, 1.0}


def batch_centered(A):
    return A - np.mean(A, axis=0)


def by_the_first(A):
    return A * A[:, [0]]


def test_functions_are_looked_at_closely():
    with pytest.raises(ValueError, match=r"something else of a row when other rows are with it"):
        neonxai.explain(make_pipeline(FunctionTransformer(batch_centered), kmeans()), X)
    pipe = make_pipeline(FunctionTransformer(by_the_first), kmeans()).fit(X)
    sorted_rows = X.copy()
    sorted_rows[:170, 0] = 1.0
    for rows in (X, X[:1], sorted_rows):
        with pytest.raises(ValueError, match=r"is not element-wise"):
            neonxai.explain(pipe, rows)
    stopped = neonxai.explain(pipe, X, pull_back="stop")
    assert np.allclose(stopped.data, by_the_first(X))


def cycle(A):
    A = np.asarray(A, dtype=float)
    return np.column_stack([np.sin(A), np.cos(A)])


def lower(A):
    return [text.lower() for text in A] if isinstance(A, list) else A.apply(lambda column: column.str.lower())


def test_functions_of_one_column_and_of_text():
    front = ColumnTransformer(
        [("cycle", FunctionTransformer(cycle), ["a"]), ("rest", "passthrough", list("bcd"))]
    )
    e = neonxai.explain(make_pipeline(front, kmeans()), FRAME)
    assert e.feature_names == tuple("abcd")
    assert conserves(e)
    words = make_pipeline(FunctionTransformer(lower), TfidfVectorizer(), kmeans()).fit(TEXTS)
    e = neonxai.explain(words, TEXTS)
    assert "fox" in e.feature_names
    assert np.array_equal(e.labels, words.predict(TEXTS))
    text = make_pipeline(FunctionTransformer(lower), OneHotEncoder(sparse_output=False))
    mixed = ColumnTransformer([("c", text, ["cat"]), ("n", FunctionTransformer(), ["n", "m"])])
    assert conserves(neonxai.explain(make_pipeline(mixed, kmeans()), MIXED))
    labelled = pd.DataFrame(X)  # whose columns are called 0, 1, 2, 3
    chosen = FunctionTransformer(lambda frame: frame[[0, 1, 2, 3]].abs())
    assert conserves(neonxai.explain(make_pipeline(chosen, kmeans()), labelled))


def test_the_same_column_twice():
    front = ColumnTransformer(
        [("a", make_pipeline(PCA(2), PowerTransformer()), [0, 0, 1]), ("b", "passthrough", [2, 3])]
    )
    assert conserves(neonxai.explain(make_pipeline(front, kmeans()), X))


def test_columns_left_out_have_no_prototype():
    wide = FRAME.assign(flat=7.0 + 0.01 * RNG.normal(size=len(FRAME)))
    pipe = make_pipeline(VarianceThreshold(0.5), StandardScaler(), kmeans()).fit(wide)
    explainer = neonxai.ClusterExplainer(pipe).fit(wide)
    assert np.isnan(explainer.prototypes_[:, 4]).all()
    assert np.isfinite(explainer.prototypes_[:, :4]).all()
    gap = wide.copy()
    gap.loc[3, "flat"] = np.nan  # which nobody looks at
    assert np.array_equal(explainer.explain(gap).relevance[:, :4], explainer.explain(wide).relevance[:, :4])


def test_text_goes_through_one_column_transformer_to_the_next():
    first = ColumnTransformer([("n", SimpleImputer(), ["n", "m"])], remainder="passthrough")
    second = ColumnTransformer([("n", StandardScaler(), [0, 1]), ("c", OneHotEncoder(), [2])])
    pipe = make_pipeline(first, second, kmeans()).fit(MIXED)
    e = neonxai.explain(pipe, MIXED)
    assert np.array_equal(e.labels, pipe.predict(MIXED))
    assert np.any(e.relevance[:, 0])
    named = clone(first).set_output(transform="pandas")
    by_name = ColumnTransformer(
        [("n", StandardScaler(), ["n__n"]), ("c", OneHotEncoder(), ["remainder__cat"])]
    )
    e = neonxai.explain(make_pipeline(named, by_name, kmeans()), MIXED)
    assert not np.any(e.relevance[:, 2])
    bent = ColumnTransformer([("n", make_pipeline(PCA(2), PowerTransformer()), [0, 1])])
    assert conserves(neonxai.explain(make_pipeline(first, bent, kmeans()), MIXED))


def test_gaps_where_nobody_looks():
    quantiles = ColumnTransformer([("p", QuantileTransformer(n_quantiles=20), list("abcd"))])
    some = ColumnTransformer([("q", "passthrough", [0, 2])])
    pipe = make_pipeline(quantiles, some, kmeans()).fit(FRAME)
    gap = FRAME.copy()
    gap.loc[5, "b"] = np.nan
    assert np.array_equal(neonxai.explain(pipe, gap).labels, pipe.predict(gap))


@pytest.mark.parametrize(
    "front",
    [
        KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"),
        SimpleImputer(),
        make_pipeline(StandardScaler(), MinMaxScaler(clip=True)),
        ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2, 3])]),
        make_pipeline(PCA(3), Normalizer()),
    ],
    ids=lambda front: type(front).__name__,
)
def test_a_fitted_explainer_goes_to_another_process(front):
    explainer = neonxai.ClusterExplainer(make_pipeline(clone(front), kmeans())).fit(X)
    expected = explainer.explain(X)
    for again in (pickle.loads(pickle.dumps(explainer)), deepcopy(explainer)):  # noqa: S301  # our own
        found = again.explain(X)
        assert np.array_equal(found.relevance, expected.relevance)
        assert np.array_equal(again.prototypes_, explainer.prototypes_, equal_nan=True)


def test_other_columns_may_be_there_where_columns_are_picked():
    front = ColumnTransformer([("s", StandardScaler(), list("abcd"))])
    pipe = make_pipeline(make_pipeline(front), kmeans()).fit(FRAME)
    explainer = neonxai.ClusterExplainer(pipe).fit(FRAME)
    wider = explainer.explain(FRAME.assign(z="other"))
    assert np.array_equal(wider.relevance, explainer.explain(FRAME).relevance)


def test_a_table_is_no_text():
    words = make_pipeline(TfidfVectorizer(), kmeans()).fit(TEXTS)
    with pytest.raises(TypeError, match=r"TfidfVectorizer, takes texts.*X\['text'\]"):
        neonxai.explain(words, pd.DataFrame({"text": TEXTS}))


def test_text_among_numbers_is_named():
    front = ColumnTransformer([("n", "passthrough", ["n"]), ("c", "passthrough", ["cat"])])
    explainer = neonxai.ClusterExplainer(make_pipeline(front, kmeans()))
    with pytest.raises(ValueError, match=r"could not convert string to float: '[uv]'.*'cat'"):
        explainer.fit(MIXED)
    numbers = MIXED.assign(cat=1.0)
    explainer.fit(numbers)
    with pytest.raises(ValueError, match=r"there is text, column 'cat', where numbers belong"):
        explainer.explain(MIXED)
