"""Steps whose outputs have an owner: they depend on it, and on no other input."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # makes the next import possible
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
)

# The readers are registered where their files are imported.
from neonxai.transforms import elementwise, imputers, scalers
from neonxai.transforms.checks import check_step, check_transform, rolled
from neonxai.transforms.registry import is_known, read
from neonxai.transforms.steps import Branch, Branches, Chain, RowScale, Shares, Terms

assert imputers
assert scalers
# Some columns of it, and above 0: Box-Cox takes no others.
DATA = {
    loader.__name__[5:]: 0.01 + loader().data[::2, :12]
    for loader in (load_wine, load_breast_cancer, load_iris)
}
RELEASE = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def with_gaps(X):
    """Rows with holes; a column without any, and one that is empty at the end."""
    holes = np.random.default_rng(0).random(X.shape) < 0.1
    holes[:, 0] = False
    return np.column_stack([np.where(holes, np.nan, X), np.full(len(X), np.nan)])


def cube(X):
    return X**3


def by_row(X):
    return X / X.sum(axis=1, keepdims=True)


def scaled(X, by):
    return X**2 / by


def unscaled(X, by):
    return np.sqrt(X * by)


ELEMENTWISE = [
    PowerTransformer(),
    PowerTransformer(standardize=False),
    PowerTransformer("box-cox"),
    PowerTransformer("box-cox", standardize=False, copy=False),
    QuantileTransformer(n_quantiles=20),
    QuantileTransformer(n_quantiles=20, output_distribution="normal", copy=False),
    MinMaxScaler(clip=True),
    MinMaxScaler((-1, 2), clip=True, copy=False),
    FunctionTransformer(np.log1p),
    FunctionTransformer(np.log1p, inverse_func=np.expm1),
    FunctionTransformer(cube, inverse_func=np.cbrt, validate=True),
    FunctionTransformer(scaled, inverse_func=unscaled, kw_args={"by": 3}, inv_kw_args={"by": 3}),
    Binarizer(threshold=1.5),
    KNNImputer(),
    IterativeImputer(max_iter=2, random_state=0),
    KBinsDiscretizer(4, encode="ordinal", strategy="uniform"),
    *([MaxAbsScaler(clip=True)] if RELEASE >= (1, 8) else []),
]
CODES = [
    KBinsDiscretizer(4, strategy="uniform"),
    KBinsDiscretizer(3, strategy="quantile"),
    KBinsDiscretizer(3, encode="onehot-dense", strategy="kmeans", dtype=np.float32),
]
SPLINES = [
    SplineTransformer(),
    SplineTransformer(3, 2, include_bias=False),
    SplineTransformer(5, 2, extrapolation="periodic"),
    SplineTransformer(4, 1, knots="quantile", extrapolation="linear", sparse_output=True, include_bias=False),
]
IMPUTERS = [
    *[SimpleImputer(strategy=s) for s in ("mean", "median", "most_frequent")],
    SimpleImputer(strategy="constant", fill_value=-9.0, keep_empty_features=True),
    SimpleImputer(add_indicator=True),
    SimpleImputer(add_indicator=True, keep_empty_features=True, copy=False),
    MissingIndicator(),
    MissingIndicator(features="all"),
    MissingIndicator(sparse=True),
]


def fit(transformer, X):
    with warnings.catch_warnings():
        # About bins too narrow and values far out: what is found is read, whatever it is.
        warnings.simplefilter("ignore")
        return clone(transformer).fit(X.copy())


def n_names(fitted, X):
    return len(fitted.get_feature_names_out([f"x{i}" for i in range(X.shape[1])]))


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("transformer", ELEMENTWISE + CODES + SPLINES, ids=str)
def test_outputs_depend_on_their_owners(transformer, name):
    X = DATA[name]
    fitted = fit(transformer, X)
    check_transform(fitted, X)
    step = read(fitted, X.shape[1], "step")
    assert isinstance(step, Shares)
    assert step.is_code == any(transformer is other for other in CODES)
    assert step.to_verify == isinstance(transformer, FunctionTransformer)
    if not isinstance(transformer, FunctionTransformer):
        assert step.matrix.shape[0] == n_names(fitted, X)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("transformer", IMPUTERS, ids=str)
def test_gaps(transformer, name):
    X = with_gaps(DATA[name])
    fitted = fit(transformer, X)
    check_transform(fitted, X)
    assert read(fitted, X.shape[1], "step").matrix.shape[0] == n_names(fitted, X)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
@pytest.mark.parametrize("add_indicator", [False, True])
@pytest.mark.parametrize("keep_empty_features", [False, True])
@pytest.mark.parametrize("kind", [SimpleImputer, KNNImputer, IterativeImputer])
def test_imputers_keep_and_mark_the_same_columns(kind, keep_empty_features, add_indicator):
    X = with_gaps(DATA["iris"])
    options = {"add_indicator": add_indicator, "keep_empty_features": keep_empty_features}
    fitted = fit(kind(**options), X)
    step = read(fitted, 5, "imputer")
    kept = [0, 1, 2, 3, 4] if keep_empty_features else [0, 1, 2, 3]
    marked = [1, 2, 3, 4] if add_indicator else []
    assert step.matrix.indices.tolist() == kept + marked
    z = np.asarray(fitted.transform(X))
    assert z.shape[1] == len(kept) + len(marked)
    back = step.invert(z)
    assert np.array_equal(back[:, kept], z[:, : len(kept)])
    assert keep_empty_features or np.isnan(back[:, 4]).all()


@pytest.mark.parametrize("imputer", [KNNImputer(), IterativeImputer(max_iter=2, random_state=0)], ids=str)
def test_only_imputed_values_depend_on_other_columns(imputer):
    X = with_gaps(DATA["wine"])[:, :-1]
    fitted = fit(imputer, X)
    there = ~np.isnan(X)
    before, after = fitted.transform(X), fitted.transform(rolled(X, 0))
    assert np.array_equal(before[there], X[there])
    assert np.array_equal(after[:, 1:][there[:, 1:]], X[:, 1:][there[:, 1:]])
    # The convention that its docstring states is one: they are not element-wise, and the check says so.
    assert not np.array_equal(before[:, 1:], after[:, 1:])
    with pytest.raises(AssertionError, match="locality"):
        check_transform(fitted, X)


def test_other_markers_of_gaps():
    X = np.where(np.isnan(with_gaps(DATA["wine"])[:, :-1]), -1.0, DATA["wine"])
    check_transform(fit(SimpleImputer(missing_values=-1, add_indicator=True), X), X)
    check_transform(fit(MissingIndicator(missing_values=-1), X), X)
    texts = np.array([["a", "x"], ["b", None], ["a", "y"], [None, "y"], ["c", "z"]], dtype=object)
    for options in ({"strategy": "most_frequent"}, {"strategy": "constant", "fill_value": "none"}):
        check_transform(SimpleImputer(missing_values=None, **options).fit(texts), texts)


@pytest.mark.filterwarnings("ignore:Currently, when `keep_empty_feature=False`")
@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_an_empty_column_is_filled_with_the_constant_or_left_out_as_the_release_does_it():
    X = with_gaps(DATA["iris"])
    fitted = fit(SimpleImputer(strategy="constant", fill_value=2.0), X)
    assert read(fitted, 5, "imputer").matrix.shape[0] == (4 if RELEASE >= (1, 8) else 5)
    check_transform(fitted, X)


@pytest.mark.parametrize(
    "transformer",
    [QuantileTransformer(n_quantiles=20), Binarizer(), SimpleImputer(), SimpleImputer(add_indicator=True)],
    ids=str,
)
def test_sparse_rows(transformer):
    X = DATA["iris"].copy()
    X[::9, 2] = 0.0
    if isinstance(transformer, SimpleImputer):
        X[::7, 1] = np.nan
    X = csr_array(X)
    check_transform(fit(transformer, X), X)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    "transformer", [PowerTransformer(), KBinsDiscretizer(3, encode="onehot-dense")], ids=str
)
def test_frames(transformer, frame):
    names = ["a", "b", "c", "d"]
    rows = frame(dict(zip(names, DATA["iris"].T, strict=True)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = clone(transformer).fit(rows)
    kind = "pandas" if frame is pd.DataFrame else "polars"
    check_transform(fitted.set_output(transform=kind), rows)
    # The way back takes and gives arrays, whatever the output is set to.
    z = fitted.transform(rows).to_numpy()
    assert type(read(fitted, 4, "step").invert(z)) is np.ndarray


def test_a_frame_is_rolled_whatever_its_index():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]}, index=[7, 7, 2])
    assert rolled(frame, 1).to_numpy().tolist() == [[1, 6], [2, 4], [3, 5]]
    assert frame["b"].tolist() == [4, 5, 6]


def test_constant_columns():
    X = np.column_stack([DATA["iris"], np.full(75, 2.0)])
    for transformer in (*ELEMENTWISE, *CODES):
        if not (isinstance(transformer, PowerTransformer) and transformer.method == "box-cox"):
            check_transform(fit(transformer, X), X)


def test_there_and_back():
    X = DATA["wine"]
    for transformer in ELEMENTWISE[:4]:
        fitted = fit(transformer, X)
        z = np.array(fitted.transform(X.copy()))
        kept = z.copy()
        back = read(fitted, 12, "step").invert(z)
        np.testing.assert_allclose(back, X, rtol=1e-6)
        assert np.array_equal(z, kept)


def test_ranks_amid_a_jump_lead_back_to_its_value():
    X = np.column_stack([np.repeat([0.0, 1.0, 2.0, 3.0], [30, 5, 5, 5])])
    fitted = fit(QuantileTransformer(n_quantiles=20), X)
    back = read(fitted, 1, "ranks").invert(np.array([[0.1], [0.5]]))
    np.testing.assert_array_equal(back, [[0.0], [0.0]])


def test_what_has_no_way_back_is_nan():
    bent = PowerTransformer(standardize=False).fit(DATA["wine"])
    bent.lambdas_[:] = -0.5  # all outputs are below 2
    back = read(bent, 12, "power").invert(np.full((1, 12), [1.0, 2.5] * 6))
    np.testing.assert_allclose(back, [[3.0, np.nan] * 6])
    clipped = MinMaxScaler(clip=True).fit([[1.0], [3.0]])
    np.testing.assert_allclose(read(clipped, 1, "clip").invert(np.array([[0.5], [1.5]])), [[2.0], [np.nan]])
    step = read(FunctionTransformer(np.abs, inverse_func=np.negative), 2, "size")
    np.testing.assert_array_equal(step.invert(np.array([[3.0, -2.0]])), [[-3.0, np.nan]])
    empty = read(fit(SimpleImputer(), with_gaps(DATA["iris"])), 5, "imputer")
    assert np.isnan(empty.invert(np.ones((2, 4)))[:, 4]).all()
    assert read(Binarizer(), 4, "binarizer").invert is None


def test_mixtures_of_bins():
    """Centers are no codes, but means of codes."""
    X = np.array([[0.0, 5.0], [8.0, 5.0], [4.0, 5.0], [2.0, 5.0]])
    for encode, mixture in (
        ("onehot-dense", [[0.25, 0.75, 0, 0, 1], [0, 0, 0, 0, 0]]),
        ("ordinal", [[0.75, 0]]),
    ):
        fitted = fit(KBinsDiscretizer(4, encode=encode, strategy="uniform"), X)  # middles 1, 3, 5, 7
        step = read(fitted, 2, "bins")
        back = step.invert(np.array(mixture))
        np.testing.assert_array_equal(back[0], [2.5, np.nan])
        assert np.isnan(back[1:]).all()
        np.testing.assert_allclose(step.invert(fitted.transform(X))[:, 0], [1, 7, 5, 3])


def test_no_function_is_the_identity():
    step = read(FunctionTransformer(), 12, "nothing")
    assert isinstance(step, Chain)
    assert step.steps == ()


def test_functions_of_rows_are_found_out():
    X = DATA["wine"]
    with pytest.raises(AssertionError, match=r"locality: outputs .* change with input 0"):
        check_transform(FunctionTransformer(by_row).fit(X), X)


def test_an_inverse_that_is_none_says_so():
    X = DATA["wine"]
    transformer = FunctionTransformer(cube, inverse_func=np.sqrt, check_inverse=False).fit(X)
    assert np.isnan(read(transformer, 12, "cube").invert(2.0 * np.ones((1, 12)))).all()
    with pytest.raises(AssertionError, match="inverse: the way back"):
        check_step(replace(read(transformer, 12, "cube"), invert=np.sqrt), transformer, X)


@pytest.mark.parametrize(
    "unfitted",
    [
        t
        for t in (*ELEMENTWISE, *CODES, *SPLINES, *IMPUTERS)
        if not isinstance(t, FunctionTransformer | Binarizer)
    ],
    ids=str,
)
def test_what_is_not_fitted_is_refused(unfitted):
    with pytest.raises(NotFittedError, match="not fitted"):
        read(clone(unfitted), 4, "step")


def test_isotonic_regression_is_not_known():
    assert not is_known(IsotonicRegression())


def owners_shifted(step):
    return replace(step, matrix=csr_array(np.roll(step.matrix.toarray(), 1, axis=1)))


def outputs_shifted(step):
    return replace(step, matrix=csr_array(np.roll(step.matrix.toarray(), 1, axis=0)))


def shared_with_a_stranger(step):
    shares = step.matrix.toarray()
    return replace(step, matrix=csr_array(0.5 * (shares + np.roll(shares, 1, axis=1))))


def without_an_owner(step):
    shares = step.matrix.toarray()
    shares[1] = 0.0
    return replace(step, matrix=csr_array(shares))


def half_shares(step):
    return replace(step, matrix=step.matrix * 0.5)


def negative_shares(step):
    return replace(step, matrix=-step.matrix)


def an_output_more(step):
    return replace(step, matrix=csr_array(step.matrix.toarray()[[0, *range(step.matrix.shape[0])]]))


def wrong_way_back(step):
    return replace(step, invert=lambda z: 1.5 * step.invert(z))


def too_few_inputs(step):
    return replace(step, invert=lambda z: step.invert(z)[:, :-1])


FAULTS = {
    owners_shifted: "locality",
    outputs_shifted: "locality",
    shared_with_a_stranger: "ownership",
    without_an_owner: "locality",
    half_shares: "add up to 1",
    negative_shares: "negative",
    an_output_more: "outputs",
    wrong_way_back: "inverse",
    too_few_inputs: "inverse",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "transformer",
    [PowerTransformer(), KBinsDiscretizer(3, strategy="uniform"), SimpleImputer(add_indicator=True)],
    ids=str,
)
def test_broken_shares_are_rejected(transformer, fault):
    X = DATA["iris"].copy()
    if isinstance(transformer, SimpleImputer):
        X[::7, 0] = np.nan
    fitted = fit(transformer, X)
    step = read(fitted, 4, "step")
    check_step(step, fitted, X)
    with pytest.raises(AssertionError, match=FAULTS[fault]):
        check_step(fault(step), fitted, X)


class Norm:
    """Divides rows by their norm, and optionally breaks a rule."""

    def __init__(self, extra=0.0):
        self.extra = extra

    def transform(self, X):
        return X / np.linalg.norm(X, axis=1, keepdims=True) + self.extra


class Letters:
    """Counts two letters."""

    def transform(self, documents):
        return np.array([[text.count("a"), text.count("b")] for text in documents])


def test_the_other_kinds_of_steps_are_checked_too():
    X = DATA["wine"]
    check_step(RowScale(), Norm(), X)
    with pytest.raises(AssertionError, match="a scale for each row"):
        check_step(RowScale(), Norm(1e-6), X)
    check_step(Terms(2), Letters(), ["abba", "b"])
    with pytest.raises(AssertionError, match="outputs: transform gives 2, the step was read to have 3"):
        check_step(Terms(3), Letters(), ["abba", "b"])
    bent, clipped = fit(PowerTransformer(), X), MinMaxScaler(clip=True)
    clipped.fit(bent.transform(X))
    check_step(Chain((("bent", bent), ("clipped", clipped))), None, X)
    with pytest.raises(AssertionError, match="recognition"):
        check_step(Chain((("bent", bent), ("norm", Norm()))), None, X)


class Side:
    """The power of some columns, next to others."""

    def __init__(self, bent):
        self.bent = bent

    def transform(self, X):
        return np.hstack([2.0 * self.bent.transform(X[:, :4]), X[:, 4:6]])


def test_branches_are_checked():
    X = DATA["wine"]
    bent = fit(PowerTransformer(), X[:, :4])
    first = Branch("bent", bent, (0, 1, 2, 3), weight=2.0)
    check_step(Branches((first, Branch("rest", None, (4, 5)))), Side(bent), X)
    check_step(Branches((first, Branch("rest", None, (4, 5), lambda rows: rows[:, 4:6]))), Side(bent), X)
    for second, law in ((Branch("rest", None, (4, 6)), "branches"), (Branch("rest", None, (4,)), "outputs")):
        with pytest.raises(AssertionError, match=law):
            check_step(Branches((first, second)), Side(bent), X)


def test_readers_are_plain_functions():
    assert elementwise.binarized(Binarizer(), 3).matrix.shape == (3, 3)
