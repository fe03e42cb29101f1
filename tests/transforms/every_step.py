"""Every step that is known, one at least: for the tests, and for the table in the documentation.

``python tests/transforms/every_step.py`` writes the table.
"""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import FeatureAgglomeration, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical, PLSRegression
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA, FactorAnalysis, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # what it says
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
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
from sklearn.tree import DecisionTreeClassifier

from neonxai.networks.affine import AffineMap
from neonxai.transforms import Branches, Chain, RowScale, Shares, Terms, supported
from neonxai.transforms.registry import read

PAGE = Path(__file__).parents[2] / "docs" / "pipelines.md"
WINE, CLASSES = (array[::3] for array in load_wine(return_X_y=True))
WINE = StandardScaler().fit_transform(WINE)[:, :6]
GAPS = np.where(np.random.default_rng(0).random(WINE.shape) < 0.1, np.nan, WINE)
WORDS = pd.DataFrame(
    {"color": np.array(["red", "white", "rose"])[CLASSES], "size": np.array(["small", "large"])[CLASSES % 2]}
)
TEXTS = [f"{color} wine in {size} bottles" for color, size in WORDS.itertuples(index=False)]
COUNTS = CountVectorizer().fit_transform(TEXTS)


def logistic():
    return LogisticRegression(max_iter=1000)


STEPS = [
    (StandardScaler(), WINE),
    (MinMaxScaler(), WINE),
    (MinMaxScaler(clip=True), WINE),
    (MaxAbsScaler(), WINE),
    (RobustScaler(), WINE),
    (PCA(3), WINE),
    (PCA(3, whiten=True), WINE),
    (IncrementalPCA(3), WINE),
    (TruncatedSVD(3, random_state=0), WINE),
    (FactorAnalysis(2), WINE),
    (FastICA(3, random_state=0, whiten="unit-variance"), WINE),
    (GaussianRandomProjection(3, random_state=0), WINE),
    (SparseRandomProjection(3, random_state=0), WINE),
    (LinearDiscriminantAnalysis(), WINE),
    (NeighborhoodComponentsAnalysis(2, random_state=0, max_iter=20), WINE),
    (PLSRegression(2), WINE),
    (PLSCanonical(1), WINE),
    (CCA(1), WINE),
    (PLSSVD(1), WINE),
    (FeatureAgglomeration(3), WINE),
    (VarianceThreshold(), WINE),
    (SelectKBest(k=3), WINE),
    (SelectPercentile(percentile=50), WINE),
    (SelectFpr(), WINE),
    (SelectFdr(), WINE),
    (SelectFwe(), WINE),
    (GenericUnivariateSelect(mode="k_best", param=3), WINE),
    (SelectFromModel(DecisionTreeClassifier(random_state=0)), WINE),
    (RFE(logistic(), n_features_to_select=3), WINE),
    (RFECV(logistic(), cv=2, min_features_to_select=2), WINE),
    (SequentialFeatureSelector(logistic(), n_features_to_select=2, cv=2), WINE),
    (PowerTransformer(), WINE),
    (QuantileTransformer(n_quantiles=20), WINE),
    (FunctionTransformer(np.cbrt), WINE),
    (Binarizer(), WINE),
    (KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"), WINE),
    (SplineTransformer(), WINE),
    (PolynomialFeatures(2), WINE),
    (Normalizer(), WINE),
    (SimpleImputer(add_indicator=True), GAPS),
    (KNNImputer(), GAPS),
    (IterativeImputer(random_state=0, max_iter=3, tol=1.0), GAPS),
    (MissingIndicator(features="all"), GAPS),
    (OneHotEncoder(), WORDS),
    (OrdinalEncoder(), WORDS),
    (TargetEncoder(cv=2, random_state=0), WORDS),
    (CountVectorizer(), TEXTS),
    (TfidfVectorizer(), TEXTS),
    (HashingVectorizer(n_features=64), TEXTS),
    (TfidfTransformer(), COUNTS),
    (ColumnTransformer([("scale", StandardScaler(), [0, 1])], remainder="passthrough"), WINE),
    (FeatureUnion([("scale", StandardScaler()), ("reduce", PCA(2))]), WINE),
    (make_pipeline(StandardScaler(), PCA(2)), WINE),
    (FrozenEstimator(StandardScaler().fit(WINE)), WINE),
]


def pipeline(step: BaseEstimator, X: object) -> Pipeline:
    """The step in front of k-means, fitted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = clone(step).fit(X, CLASSES)  # one by one: PLS fits and transforms classes, too
        model = KMeans(3, n_init=1, random_state=0).fit(fitted.transform(X))
    return Pipeline([("step", fitted), ("cluster", model)])


def kind(step: BaseEstimator, X: object) -> str:
    """What a step is, in words."""
    n_inputs = 1 if isinstance(X, list) else X.shape[1]
    found = read(step, n_inputs, "step")
    if isinstance(found, Shares):
        if found.is_code:
            return "codes add up to their column"
        owners = np.diff(found.matrix.indptr)
        return "products are shared by their exponents" if owners.max() > 1 else "stays with the column"
    return {
        AffineMap: "folded into the network, exactly",
        RowScale: "divides the row: folded with what is affine in front, stays with the column elsewhere",
        Terms: "each term is a column",
        Chain: "step by step",
        Branches: "parts side by side, added up",
    }[type(found)]


def table() -> str:
    """The table of steps, by what becomes of relevance."""
    rows: dict[str, list[str]] = {}
    for step, X in STEPS:
        name = type(step).__name__
        changed = "clip=True" if getattr(step, "clip", False) else ""
        fitted = pipeline(step, X)[0]
        label = f"`{name}({changed})`" if changed else f"`{name}`"
        if label not in rows.setdefault(kind(fitted, X), []):
            rows[kind(fitted, X)].append(label)
    lines = ["| relevance | steps |", "|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {', '.join(steps)} |" for what, steps in rows.items())])


def covered() -> set[str]:
    """The classes of scikit-learn that are known, less those that are in no step here."""
    names = {type(step).__name__ for step, _ in STEPS}
    return {path.rpartition(".")[2] for path in supported() if path.startswith("sklearn.")} - names


def page() -> str:
    """The page with the table as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    return re.sub(
        r"(<!-- steps -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{table()}\n{m[2]}", text, flags=re.DOTALL
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
