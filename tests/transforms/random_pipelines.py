"""Pipelines drawn at random from all steps that are known, and data for them: numbers, categories, gaps."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from sklearn.cluster import AgglomerativeClustering, Birch, BisectingKMeans, KMeans
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA, FactorAnalysis, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

WINE = load_wine(as_frame=True)
CLASSES = WINE.target.to_numpy()[::2]


def table():
    """Every other wine: five measurements, some missing, and two categories."""
    frame = WINE.data.iloc[::2, [0, 1, 6, 9, 12]].reset_index(drop=True)
    frame.loc[[3, 40], "malic_acid"] = np.nan
    frame.loc[7, "proline"] = np.nan
    frame["origin"] = np.array(["hill", "plain", "coast"])[CLASSES]
    frame.loc[11, "origin"] = None
    frame["shade"] = np.where(frame["color_intensity"] > 5, "dark", "light")
    return frame


AFFINE = [
    StandardScaler,
    lambda: StandardScaler(with_mean=False),
    MinMaxScaler,
    MaxAbsScaler,
    RobustScaler,
    lambda: PCA(3, random_state=0),
    lambda: PCA(4, whiten=True, random_state=0),
    lambda: IncrementalPCA(3),
    lambda: TruncatedSVD(3, random_state=0),
    lambda: FactorAnalysis(3, random_state=0),
    lambda: FastICA(3, whiten="unit-variance", random_state=0, max_iter=2000, tol=0.01),
    lambda: GaussianRandomProjection(4, random_state=0),
    lambda: SparseRandomProjection(4, random_state=0),
    lambda: SelectKBest(f_classif, k=3),
    VarianceThreshold,
]
OTHERS = [
    PowerTransformer,
    lambda: QuantileTransformer(n_quantiles=20),
    lambda: MinMaxScaler(clip=True),
    lambda: FunctionTransformer(np.cbrt),
    Normalizer,
]


def union():
    """Some columns, mixed, and all."""
    return FeatureUnion([("few", PCA(2, random_state=0)), ("all", StandardScaler())])


WIDENING = [  # at most one of them
    lambda: KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"),
    lambda: SplineTransformer(3, degree=2),
    lambda: PolynomialFeatures(2, include_bias=False),
    union,
]
CLUSTERINGS = [
    lambda: KMeans(3, n_init=2, random_state=0),
    lambda: KMeans(5, n_init=2, random_state=0),
    lambda: BisectingKMeans(4, random_state=0),
    lambda: GaussianMixture(2, covariance_type="tied", reg_covar=1e-3, random_state=0),
    lambda: GaussianMixture(2, covariance_type="full", reg_covar=1e-2, random_state=0),
    lambda: GaussianMixture(3, covariance_type="diag", reg_covar=1e-2, random_state=0),
    lambda: AgglomerativeClustering(3),
    lambda: Birch(n_clusters=3, threshold=0.3),
]
ENCODERS = [
    lambda: OneHotEncoder(sparse_output=False),
    lambda: OneHotEncoder(drop="first"),
    OrdinalEncoder,
    lambda: TargetEncoder(target_type="continuous", cv=2, random_state=0),
]


def _front(encoder, indicator):
    numbers = SimpleImputer(strategy="median", add_indicator=indicator)
    categories = Pipeline(
        [("fill", SimpleImputer(strategy="most_frequent", missing_values=pd.NA)), ("code", encoder())]
    )
    return ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("categories", categories, ["origin", "shade"]),
        ],
        sparse_threshold=0.0,
    )


@st.composite
def pipelines(draw, clusterings=CLUSTERINGS):
    """An unfitted pipeline for `table`."""
    front = _front(draw(st.sampled_from(ENCODERS)), draw(st.booleans()))
    middle = [make() for make in draw(st.lists(st.sampled_from(AFFINE + OTHERS), max_size=4))]
    if draw(st.booleans()):
        middle.insert(draw(st.integers(0, len(middle))), draw(st.sampled_from(WIDENING))())
    last = draw(st.sampled_from(clusterings))()
    steps = [front, *middle, last]
    return Pipeline([(f"step{i}", step) for i, step in enumerate(steps)])
