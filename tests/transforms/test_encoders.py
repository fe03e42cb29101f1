"""Codes and monomials: who owns which output, against what the transformers do."""

import numpy as np
import palmerpenguins
import pytest
from scipy.sparse import csr_array, issparse
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PolynomialFeatures, TargetEncoder

from neonxai.transforms.encoders import one_hot, ordinal, target
from neonxai.transforms.polynomial import polynomial
from neonxai.transforms.registry import is_known, read
from neonxai.transforms.steps import Shares

COLUMNS = ["species", "island", "sex", "year"]


@pytest.fixture(scope="module")
def penguins():
    return palmerpenguins.load_penguins()


def dense(values):
    return np.asarray(values.toarray() if issparse(values) else values)


def check_shares(step, transformer, X):
    """Each output has an owner where it depends on an input, and depends on no other than its owners."""
    output = dense(transformer.transform(X))
    assert step.matrix.shape == (output.shape[1], X.shape[1])
    shares = step.matrix.toarray()
    assert np.all(shares >= 0)
    sums = shares.sum(axis=1)
    assert np.all((np.abs(sums - 1) < 1e-12) | (sums == 0))
    rng = np.random.default_rng(0)
    for i in range(X.shape[1]):
        values = X.to_numpy(dtype=object) if hasattr(X, "to_numpy") else X.copy()
        values[:, i] = rng.permutation(values[:, i])
        if hasattr(X, "columns"):
            values = type(X)(values, columns=X.columns).astype(X.dtypes)
        other = dense(transformer.transform(values))
        changed = ~np.array(
            [np.array_equal(*pair, equal_nan=True) for pair in zip(output.T, other.T, strict=True)]
        )
        np.testing.assert_array_equal(changed, shares[:, i] > 0, err_msg=f"input {i}")


ONE_HOT = {
    "plain": {},
    "dense": {"sparse_output": False},
    "first": {"drop": "first"},
    "if_binary": {"drop": "if_binary"},
    "array": {"drop": ["Adelie", "Dream", "male", 2008]},
    "array_nan": {"drop": ["Adelie", "Dream", np.nan, 2008]},
    "min_frequency": {"min_frequency": 70},
    "min_share": {"min_frequency": 0.3},
    "max_categories": {"max_categories": 2},
    "infrequent_first": {"min_frequency": 70, "drop": "first"},
    "infrequent_array": {"min_frequency": 70, "drop": ["Adelie", "Dream", "male", 2008]},
    "infrequent_if_binary": {"max_categories": 2, "drop": "if_binary"},
    "nothing_is_infrequent": {"min_frequency": 1, "drop": "first"},
    "ignore": {"handle_unknown": "ignore"},
    "infrequent_if_exist": {"handle_unknown": "infrequent_if_exist", "max_categories": 3},
    "ignore_first": {"handle_unknown": "ignore", "drop": "first"},
    "combiner": {"feature_name_combiner": lambda feature, category: "same"},
}


@pytest.mark.parametrize("kind", ONE_HOT)
def test_each_code_is_owned_by_the_input_it_is_made_of(kind, penguins):
    X = penguins[COLUMNS]
    encoder = OneHotEncoder(**ONE_HOT[kind]).fit(X)
    step = one_hot(encoder, 4)
    assert step.is_code
    assert step.invert is None
    check_shares(step, encoder, X)


def test_codes_are_owned_as_their_names_say(penguins):
    encoder = OneHotEncoder(drop="if_binary").fit(penguins[COLUMNS])
    owners = [COLUMNS.index(name.split("_")[0]) for name in encoder.get_feature_names_out()]
    np.testing.assert_array_equal(one_hot(encoder, 4).matrix.indices, owners)
    assert owners == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]  # sex is female, male or not known


def test_categories_that_are_listed_and_one_that_nobody_has():
    X = np.array([["a", "x"], ["b", "y"]], dtype=object)
    encoder = OneHotEncoder(categories=[["a", "b", "c"], ["x", "y"]]).fit(X)
    np.testing.assert_array_equal(one_hot(encoder, 2).matrix.toarray(), [[1, 0]] * 3 + [[0, 1]] * 2)


def test_an_input_may_have_no_code_at_all():
    X = np.array([["a", "x"], ["a", "y"]], dtype=object)
    encoder = OneHotEncoder(drop="first").fit(X)
    np.testing.assert_array_equal(one_hot(encoder, 2).matrix.toarray(), [[0, 1]])


def test_unknown_categories_change_no_owner(penguins):
    X = penguins[COLUMNS].copy()
    encoder = OneHotEncoder(handle_unknown="ignore").fit(X[X["species"] != "Gentoo"])
    check_shares(one_hot(encoder, 4), encoder, X)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"min_frequency": 70},
        {"encoded_missing_value": -1},
        {"handle_unknown": "use_encoded_value", "unknown_value": -2},
    ],
)
def test_ordinal_codes_are_one_to_one(options, penguins):
    X = penguins[COLUMNS]
    encoder = OrdinalEncoder(**options).fit(X)
    step = ordinal(encoder, 4)
    assert not step.is_code
    check_shares(step, encoder, X)


@pytest.mark.parametrize("smooth", ["auto", 5.0])
def test_means_of_a_number_or_of_two_classes_are_one_to_one(smooth, penguins):
    known = penguins.dropna()
    X = known[["species", "island", "year"]]
    for y in (known["body_mass_g"] + 0.25, known["sex"]):
        encoder = TargetEncoder(smooth=smooth).fit(X, y)
        step = target(encoder, 3)
        assert not step.is_code
        check_shares(step, encoder, X)


def test_means_of_several_classes_are_in_the_order_of_inputs(penguins):
    X = penguins[["island", "sex", "year"]]
    encoder = TargetEncoder().fit(X, penguins["species"])
    step = target(encoder, 3)
    assert step.is_code
    np.testing.assert_array_equal(step.matrix.indices, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    check_shares(step, encoder, X)


def test_shifted_owners_are_rejected(penguins):
    X = penguins[COLUMNS]
    encoder = OneHotEncoder().fit(X)
    owners = one_hot(encoder, 4).matrix.indices
    check_shares(Shares.by_owner(owners, 4), encoder, X)
    with pytest.raises(AssertionError, match="input 0"):
        check_shares(Shares.by_owner(np.roll(owners, 1), 4), encoder, X)


def test_classes_first_is_rejected(penguins):
    X = penguins[["island", "sex", "year"]]
    encoder = TargetEncoder().fit(X, penguins["species"])
    with pytest.raises(AssertionError, match="input 0"):
        check_shares(Shares.by_owner(np.tile(np.arange(3), 3), 3), encoder, X)


def test_a_column_too_few_is_rejected(penguins):
    X = penguins[COLUMNS]
    encoder = OneHotEncoder(drop="first").fit(X)
    with pytest.raises(AssertionError):
        check_shares(one_hot(OneHotEncoder().fit(X), 4), encoder, X)


POLYNOMIALS = {
    "squares": PolynomialFeatures(2),
    "cubes": PolynomialFeatures(3),
    "high_only": PolynomialFeatures((2, 4)),
    "products": PolynomialFeatures(3, interaction_only=True),
    "no_constant": PolynomialFeatures(2, include_bias=False),
    "fortran": PolynomialFeatures(3, order="F"),
    "first_degree": PolynomialFeatures(1),
    "constant": PolynomialFeatures(0),
}


def gradient_times_input(transformer, x):
    """Of each output, by central differences."""
    step = 1e-4 * np.diag(x)
    upper, lower = transformer.transform(x + step), transformer.transform(x - step)
    return ((upper - lower) / 2e-4).T  # (n_outputs, n_inputs); the step is relative to x


def check_gradient(step, transformer, X):
    assert step.matrix.shape == (transformer.transform(X).shape[1], X.shape[1])
    for x in X[:3]:
        outputs = transformer.transform(x[None])[0]
        expected = gradient_times_input(transformer, x)
        scale = expected.sum(axis=1, keepdims=True)
        shares = np.divide(
            expected,
            scale,
            out=np.zeros_like(expected),
            where=np.abs(scale) > 1e-6 * np.abs(outputs)[:, None],
        )
        # Differences of a polynomial of degree p ≤ 4: relative error of about p² step² and eps / step.
        np.testing.assert_allclose(step.matrix.toarray(), shares, atol=1e-6)


@pytest.mark.parametrize("kind", POLYNOMIALS)
def test_shares_of_monomials_are_gradient_times_input(kind):
    X = load_wine().data[:, :4]
    transformer = POLYNOMIALS[kind].fit(X)
    step = polynomial(transformer, 4)
    check_gradient(step, transformer, X)
    check_shares(step, transformer, X)
    sums = step.matrix.toarray().sum(axis=1)
    np.testing.assert_array_equal(sums == 0, ~transformer.powers_.any(axis=1))
    assert not step.is_code


def test_equal_shares_of_factors_are_rejected():
    X = load_wine().data[:, :2]
    transformer = PolynomialFeatures(3).fit(X)
    factors = (transformer.powers_ > 0).astype(float)
    factors /= np.maximum(1, factors.sum(axis=1, keepdims=True))
    with pytest.raises(AssertionError):
        check_gradient(Shares(csr_array(factors)), transformer, X)


@pytest.mark.parametrize(
    "transformer", [OneHotEncoder(), OrdinalEncoder(), TargetEncoder(), PolynomialFeatures()]
)
def test_unfitted(transformer):
    assert is_known(transformer)
    with pytest.raises(NotFittedError):
        read(transformer, 2, "step")
