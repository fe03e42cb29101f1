"""Scalers, projections and selectors: the affine map is what the step does, forth and back."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import FeatureAgglomeration
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical, PLSRegression
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.decomposition import (
    NMF,
    PCA,
    FactorAnalysis,
    FastICA,
    IncrementalPCA,
    KernelPCA,
    SparsePCA,
    TruncatedSVD,
)
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectorMixin,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn.tree import DecisionTreeClassifier

# The readers are registered where their files are imported.
from neonxai.transforms import elementwise, projections, scalers, selectors
from neonxai.transforms.checks import check_step, check_transform
from neonxai.transforms.registry import UnknownStepError, is_known, read
from neonxai.transforms.steps import AffineMap

assert elementwise
DATA = {loader.__name__[5:]: loader(return_X_y=True) for loader in (load_wine, load_breast_cancer, load_iris)}

SCALERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    StandardScaler(with_mean=False, with_std=False),
    StandardScaler(copy=False),
    MinMaxScaler(),
    MinMaxScaler((-3, 7)),
    MaxAbsScaler(),
    RobustScaler(),
    RobustScaler(with_centering=False),
    RobustScaler(with_scaling=False),
    RobustScaler(with_centering=False, with_scaling=False),
    RobustScaler(quantile_range=(10, 70), unit_variance=True),
]
PROJECTIONS = [
    PCA(3),
    PCA(),
    PCA(3, whiten=True),
    PCA(2, svd_solver="arpack", random_state=0),
    PCA(2, svd_solver="covariance_eigh", whiten=True),
    PCA(0.8),
    IncrementalPCA(3, batch_size=40),
    IncrementalPCA(3, batch_size=40, whiten=True),
    TruncatedSVD(2, random_state=0),
    TruncatedSVD(2, algorithm="arpack", random_state=0),
    FactorAnalysis(2),
    FactorAnalysis(3, rotation="varimax"),
    FastICA(2, random_state=0, tol=1e-2, max_iter=1000),
    FastICA(2, random_state=0, tol=1e-2, max_iter=1000, whiten="arbitrary-variance"),
    GaussianRandomProjection(3, random_state=0),
    GaussianRandomProjection(3, random_state=0, compute_inverse_components=True),
    SparseRandomProjection(4, random_state=0),
    SparseRandomProjection(4, random_state=0, density=0.5, dense_output=True),
    LinearDiscriminantAnalysis(),
    LinearDiscriminantAnalysis(n_components=1),
    LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1),
    NeighborhoodComponentsAnalysis(2, init="pca", max_iter=2, random_state=0),
    PLSRegression(2),
    PLSRegression(2, scale=False),
    PLSCanonical(1),
    CCA(1),
    PLSSVD(1),
    FeatureAgglomeration(3),
]
SELECTORS = [
    SelectKBest(k=2),
    SelectKBest(k="all"),
    SelectPercentile(percentile=50),
    SelectFpr(alpha=1e-4),
    SelectFdr(alpha=1e-4),
    SelectFwe(alpha=1e-4),
    GenericUnivariateSelect(mode="k_best", param=3),
    SelectFromModel(DecisionTreeClassifier(random_state=0)),
    SelectFromModel(LogisticRegression(max_iter=20), max_features=2, threshold=-np.inf),
    RFE(DecisionTreeClassifier(random_state=0), n_features_to_select=2),
    RFECV(DecisionTreeClassifier(random_state=0), cv=2),
    SequentialFeatureSelector(GaussianNB(), n_features_to_select=2, cv=2),
    VarianceThreshold(0.1),
]
STEPS = SCALERS + PROJECTIONS + SELECTORS


def fit(transformer, X, y=None):
    with warnings.catch_warnings():
        # About convergence and rank: what is found is read, whatever it is.
        warnings.simplefilter("ignore")
        return clone(transformer).fit(X.copy(), y)


def data(name, transformer):
    X, y = DATA[name]
    if isinstance(transformer, RFE | RFECV | SequentialFeatureSelector | NeighborhoodComponentsAnalysis):
        X, y = X[:, :8][::3], y[::3]
    return X, y


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("transformer", STEPS, ids=str)
def test_the_map_is_the_step(transformer, name):
    X, y = data(name, transformer)
    fitted = fit(transformer, X, y)
    check_transform(fitted, X)
    step = read(fitted, X.shape[1], "step")
    assert isinstance(step, AffineMap)
    assert step.n_inputs == X.shape[1]
    if hasattr(fitted, "get_feature_names_out") and not isinstance(fitted, FunctionTransformer):
        assert step.n_outputs == len(fitted.get_feature_names_out())


@pytest.mark.parametrize("transformer", [*SCALERS, PCA(2), PCA(whiten=True), VarianceThreshold()], ids=str)
def test_constant_columns(transformer):
    X = np.column_stack([DATA["iris"][0], np.full(150, 7.0), np.zeros(150)])
    check_transform(fit(transformer, X), X)


def test_a_component_without_variance_is_whitened_as_the_step_does_it():
    X = np.column_stack([DATA["iris"][0], np.zeros(150)])
    fitted = PCA(whiten=True, svd_solver="full").fit(X)
    fitted.explained_variance_[-1] = 0.0
    step = read(fitted, 5, "pca")
    moved = X + np.array([0, 0, 0, 0, 1e-20])
    np.testing.assert_allclose(step(moved), fitted.transform(moved), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "transformer",
    [
        StandardScaler(with_mean=False),
        MaxAbsScaler(),
        RobustScaler(with_centering=False),
        PCA(2, svd_solver="arpack", random_state=0),
        IncrementalPCA(2, batch_size=50),
        TruncatedSVD(2, random_state=0),
        SparseRandomProjection(3, random_state=0),
        SelectKBest(k=2),
        VarianceThreshold(0.1),
    ],
    ids=str,
)
def test_sparse_rows(transformer):
    X, y = DATA["iris"]
    X = csr_array(np.where(X > 2, X, 0.0))
    check_transform(fit(transformer, X, y), X)


@pytest.mark.parametrize("transformer", [StandardScaler(), PCA(2), SelectKBest(k=2)], ids=str)
@pytest.mark.parametrize("kind", ["default", "pandas"])
def test_frames(transformer, kind):
    X, y = DATA["wine"]
    frame = pd.DataFrame(X, index=np.arange(len(X))[::-1]).add_prefix("feature ")
    check_transform(fit(transformer, frame, y).set_output(transform=kind), frame)


@pytest.mark.parametrize("transformer", [StandardScaler(), PCA(2, whiten=True), MinMaxScaler()], ids=str)
def test_single_precision(transformer):
    X = DATA["wine"][0].astype(np.float32)
    fitted = fit(transformer, X)
    assert fitted.transform(X).dtype == np.float32
    check_transform(fitted, X)


@pytest.mark.parametrize("transformer", [StandardScaler(), MinMaxScaler(), RobustScaler()], ids=str)
def test_missing_values_stay_in_their_column(transformer):
    X = DATA["wine"][0].copy()
    X[::7, 3] = np.nan
    check_transform(fit(transformer, X), X)
    # As an imputer that comes next leaves it out.
    X[:, 5] = np.nan
    fitted = fit(transformer, X)
    check_transform(fitted, X)
    X[:, 5] = 0.0
    others = np.arange(13) != 5
    z = read(fitted, 13, "scaler")(X)
    np.testing.assert_allclose(z[:, others], fitted.transform(X)[:, others], rtol=1e-12, atol=1e-12)
    assert not z[:, 5].any()


def test_scalers_keep_the_digits_of_data_far_from_the_origin():
    X = DATA["iris"][0] + 1e8
    for transformer in (StandardScaler().fit(X), RobustScaler().fit(X)):
        z = read(transformer, 4, "scaler")(X)
        np.testing.assert_allclose(z, transformer.transform(X), rtol=0, atol=1e-13)
    # Its own transform, x times the scale plus an offset, has lost 8 digits.
    z = read(MinMaxScaler((-1, 1)).fit(X), 4, "scaler")(X)
    np.testing.assert_allclose(z, 2.0 * (X - X.min(axis=0)) / np.ptp(X, axis=0) - 1.0, rtol=0, atol=1e-13)


def test_independent_components_of_white_data():
    X = PCA(4, whiten=True).fit_transform(DATA["wine"][0])
    fitted = fit(FastICA(random_state=0, whiten=False), X)
    check_transform(fitted, X)
    assert not np.any(read(fitted, 4, "ica").offset)


def test_the_formulas():
    """By the definitions, not by what scikit-learn computes."""
    X, y = DATA["wine"]
    means = X.mean(axis=0)
    step = read(StandardScaler().fit(X), 13, "scaler")
    np.testing.assert_allclose(step(X), (X - means) / X.std(axis=0), rtol=1e-12, atol=1e-12)
    axes = np.linalg.eigh(np.cov(X.T))[1][:, ::-1][:, :2]
    step = read(PCA(2).fit(X), 13, "pca")
    projected = (X - means) @ axes
    np.testing.assert_allclose(np.abs(step(X)), np.abs(projected), rtol=1e-9, atol=1e-8)
    assert set(np.flatnonzero(read(SelectKBest(k=2).fit(X, y), 13, "best").matrix.toarray().sum(axis=0))) == {
        6,
        12,
    }  # flavanoids and proline, known as the best two


@pytest.mark.parametrize("transformer", [FactorAnalysis(2), LinearDiscriminantAnalysis(), PLSSVD(2)], ids=str)
def test_pre_images_do_not_depend_on_where_a_unit_has_its_zero(transformer):
    X, y = DATA["iris"]
    y = np.column_stack([y, y == 1]) if isinstance(transformer, PLSSVD) else y
    shift = np.array([273.15, -40.0, 1e3, 5.0])
    maps = [read(fit(transformer, rows, y), 4, "step") for rows in (X, X + shift)]
    z = maps[0](X)
    np.testing.assert_allclose(maps[1].preimages(z), maps[0].preimages(z) + shift, rtol=0, atol=1e-6)


def test_pre_images_of_the_eigen_solver_are_nearest_to_the_mean():
    X, y = DATA["iris"]
    step = read(LinearDiscriminantAnalysis(solver="eigen").fit(X, y), 4, "lda")
    assert np.abs(step.preimages(step(X)) - X.mean(axis=0)).max() < np.ptp(X, axis=0).max()
    center = X.mean(axis=0)[None]
    np.testing.assert_allclose(step.preimages(step(center)), center, rtol=1e-10)


class Halves(SelectorMixin, BaseEstimator):
    """A selector of another library."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def _get_support_mask(self):
        return np.arange(self.n_features_in_) % 2 == 0


class Doubled(Halves):
    """One that does something else with what it selects."""

    def transform(self, X):
        return 2.0 * super().transform(X)


def test_selectors_of_others_are_known_unless_they_transform_otherwise():
    X = DATA["wine"][0]
    check_transform(Halves().fit(X), X)
    assert not is_known(Doubled().fit(X))
    with pytest.raises(AssertionError, match="recognition: no reader is registered for Doubled"):
        check_transform(Doubled().fit(X), X)


def test_a_model_fitted_before():
    X, y = DATA["wine"]
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    check_transform(SelectFromModel(tree, prefit=True), X)


@pytest.mark.parametrize(
    "unfitted",
    [s for s in STEPS if not isinstance(s, FunctionTransformer)],
    ids=str,
)
def test_what_is_not_fitted_is_refused(unfitted):
    with pytest.raises(NotFittedError, match="not fitted"):
        read(clone(unfitted), 4, "step")


@pytest.mark.parametrize("unknown", [SparsePCA(2), NMF(2), KernelPCA(2)], ids=str)
def test_what_is_not_affine_is_not_known(unknown):
    assert not is_known(unknown)


def test_what_has_no_map_is_refused():
    X, y = DATA["iris"]
    with pytest.raises(UnknownStepError, match=r"pooling_func=<function median.*pooling_func=np\.mean"):
        read(FeatureAgglomeration(2, pooling_func=np.median).fit(X), 4, "groups")
    with pytest.raises(ValueError, match=r"solver='lsqr'.*solver=\"svd\""):
        read(LinearDiscriminantAnalysis(solver="lsqr").fit(X, y), 4, "lda")


def wrong_offset(step):
    return replace(step, offset=step.offset + 1e-6)


def wrong_factor(step):
    return replace(step, matrix=step.matrix * (1 + 1e-8))


def wrong_way_back(step):
    return replace(step, inverse=step.inverse * 1.001)


def wrong_origin(step):
    return replace(step, origin=step.origin + 0.01)


def other_outputs(step):
    return replace(step, matrix=step.matrix[::-1])


def fewer_outputs(step):
    return replace(
        step, matrix=step.matrix[:-1], offset=step.offset[:-1], inverse=np.asarray(step.inverse)[:, :-1]
    )


FAULTS = {
    wrong_offset: "values",
    wrong_factor: "values",
    wrong_way_back: "pre-images",
    wrong_origin: "pre-images",
    other_outputs: "values",
    fewer_outputs: "outputs",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("transformer", [PCA(3), FactorAnalysis(3), LinearDiscriminantAnalysis()], ids=str)
def test_broken_maps_are_rejected(transformer, fault):
    X, y = DATA["wine"]
    fitted = fit(transformer, X, y)
    step = read(fitted, 13, "step")
    check_step(step, fitted, X)
    if fault is wrong_origin and not hasattr(fitted, "inverse_transform"):
        check_step(fault(step), fitted, X)  # another pre-image, as good as any
        return
    with pytest.raises(AssertionError, match=FAULTS[fault]):
        check_step(fault(step), fitted, X)


def test_a_parameter_changed_behind_the_readers_back_is_seen():
    X, _ = DATA["wine"]
    fitted = StandardScaler().fit(X)
    step = scalers.standard(fitted, 13)
    fitted.mean_ = fitted.mean_ + 1e-4
    with pytest.raises(AssertionError, match="values: A x"):
        check_step(step, fitted, X)


def test_readers_are_plain_functions():
    X, y = DATA["iris"]
    assert projections.principal_components(PCA(2).fit(X), 4).n_outputs == 2
    assert selectors.selected(SelectKBest(k=3).fit(X, y), 4).n_outputs == 3
