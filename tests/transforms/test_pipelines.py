"""Pipelines explained in the columns that they start from."""

import numpy as np
import palmerpenguins
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)

import neonxai
from neonxai.transforms import Shares, UnknownStepError, register
from neonxai.transforms.registry import _readers

WINE = load_wine(as_frame=True).data
IRIS = load_iris(as_frame=True).data


def kmeans(k=3):
    return KMeans(k, n_init=2, random_state=0)


def penguins():
    return palmerpenguins.load_penguins().drop(columns="year")


def penguin_pipeline():
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
    front = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("categories", categories, ["species", "island", "sex"]),
        ]
    )
    return Pipeline([("columns", front), ("clusters", kmeans(4))])


def close(a, b, rtol=1e-9):
    scale = np.abs(a).max()
    return np.abs(a - b).max() <= rtol * scale


def test_all_components_of_a_pca_change_nothing():
    plain = neonxai.explain(make_pipeline(StandardScaler(), kmeans()), WINE)
    turned = neonxai.explain(make_pipeline(StandardScaler(), PCA(), kmeans()), WINE)
    assert np.array_equal(plain.labels, turned.labels)
    assert close(plain.relevance, turned.relevance)
    fewer = neonxai.explain(make_pipeline(StandardScaler(), PCA(3), kmeans()), WINE)
    assert not close(plain.relevance, fewer.relevance, 1e-2)


def test_a_scaler_is_the_model_on_scaled_rows():
    scaler = StandardScaler().fit(WINE)
    model = kmeans().fit(scaler.transform(WINE))
    pipe = Pipeline([("scale", scaler), ("cluster", model)])
    inside = neonxai.explain(pipe, WINE)
    outside = neonxai.explain(model, scaler.transform(WINE))
    assert close(inside.relevance, outside.relevance)
    assert close(inside.logits, outside.logits)
    assert inside.beta == pytest.approx(outside.beta, rel=1e-9)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_unit_of_a_column_changes_nothing_behind_a_scaler(unit):
    other = WINE.assign(proline=WINE["proline"] * unit)
    for middle in ([], [PCA(3)], [PowerTransformer()]):
        make = lambda middle=middle: make_pipeline(StandardScaler(), *middle, kmeans())  # noqa: E731
        a, b = neonxai.explain(make(), WINE), neonxai.explain(make(), other)
        assert close(a.relevance, b.relevance, 1e-7)


def test_a_permutation_of_columns_permutes_relevance():
    pipe = make_pipeline(StandardScaler(), PCA(4), PowerTransformer(), kmeans())
    order = np.random.default_rng(0).permutation(WINE.shape[1])
    explainer = neonxai.ClusterExplainer(pipe.fit(WINE)).fit(WINE)
    again = explainer.explain(WINE.iloc[:, order])
    assert np.array_equal(explainer.explain(WINE).relevance, again.relevance)
    fresh = neonxai.explain(make_pipeline(StandardScaler(), PCA(4), kmeans()), WINE.iloc[:, order])
    direct = neonxai.explain(make_pipeline(StandardScaler(), PCA(4), kmeans()), WINE)
    assert close(fresh.relevance, direct.relevance[:, order], 1e-7)


def test_prototypes_and_contrasts_are_in_the_users_columns():
    pipe = make_pipeline(StandardScaler(), PCA(5), kmeans()).fit(WINE)
    explainer = neonxai.ClusterExplainer(pipe).fit(WINE)
    centers = pipe[:-1].inverse_transform(pipe[-1].cluster_centers_)
    assert close(explainer.prototypes_, centers)
    contrasts = explainer.contrast()
    z = pipe[-1].cluster_centers_
    evidence = ((z[:, None] - z) ** 2).sum(axis=2)
    assert close(contrasts.sum(axis=2), evidence)
    e = explainer.explain_prototypes()
    assert close(e.data, centers)
    assert e.feature_names == tuple(WINE.columns)
    assert e.labels.tolist() == [0, 1, 2]


def test_prototypes_behind_steps_that_are_not_affine():
    pipe = make_pipeline(PowerTransformer(), kmeans()).fit(WINE)
    explainer = neonxai.ClusterExplainer(pipe).fit(WINE)
    assert close(explainer.prototypes_, pipe[0].inverse_transform(pipe[-1].cluster_centers_))
    assert explainer.explain_prototypes().labels.tolist() == [0, 1, 2]
    mixed = neonxai.ClusterExplainer(penguin_pipeline()).fit(penguins())
    known = ~np.isnan(mixed.prototypes_).any(axis=0)
    assert known.tolist() == [False, False, True, True, True, True, False]  # categories have no mean
    frame = penguins()
    masses = frame.groupby(mixed.model_.predict(frame))["body_mass_g"].mean()
    assert np.allclose(mixed.prototypes_[:, 5], masses, rtol=0.01)  # the imputed median counts too


def test_a_category_has_one_number_and_its_codes_on_request():
    frame = penguins()
    pipe = penguin_pipeline().fit(frame)
    e = neonxai.explain(pipe, frame)
    codes = neonxai.explain(pipe, frame, pull_back="codes")
    assert e.feature_names == tuple(frame.columns)
    assert "species_Adelie" in codes.feature_names
    assert "species" not in codes.feature_names
    for column in ("species", "island", "sex"):
        its = [i for i, name in enumerate(codes.feature_names) if name.startswith(f"{column}_")]
        assert len(its) == frame[column].nunique()
        together = codes.relevance[:, its].sum(axis=1)
        assert np.allclose(together, e.relevance[:, list(frame.columns).index(column)], atol=1e-12)
    assert np.array_equal(e.logits, codes.logits)


def test_a_missing_value_keeps_its_relevance_in_its_column():
    frame = penguins()
    indicated = make_pipeline(SimpleImputer(add_indicator=True), kmeans(2))
    numbers = frame.select_dtypes("number")
    e = neonxai.explain(indicated.fit(numbers), numbers)
    assert e.feature_names == tuple(numbers.columns)
    assert np.isnan(e.data[3]).all()
    assert np.isfinite(e.relevance).all()
    assert e.conservation_error().max() <= 1e-9 * np.abs(e.relevance).sum(axis=1).max()


def test_a_union_adds_up():
    """Twice the same branch: twice the dissimilarity, in the columns once."""
    once = make_pipeline(StandardScaler(), kmeans())
    twice = make_pipeline(FeatureUnion([("a", StandardScaler()), ("b", StandardScaler())]), kmeans())
    a, b = neonxai.explain(once, WINE), neonxai.explain(twice, WINE)
    assert close(2 * a.relevance, b.relevance)


def test_weights_of_branches_count():
    columns = list(WINE.columns)
    weighed = ColumnTransformer([("all", StandardScaler(), columns)], transformer_weights={"all": 3.0})
    a = neonxai.explain(make_pipeline(StandardScaler(), kmeans()), WINE)
    b = neonxai.explain(make_pipeline(weighed, kmeans()), WINE)
    assert close(9 * a.relevance, b.relevance)


def test_columns_that_are_not_used_have_no_relevance():
    front = ColumnTransformer([("some", StandardScaler(), ["alcohol", "hue"])])
    e = neonxai.explain(make_pipeline(front, kmeans()), WINE)
    used = [name in ("alcohol", "hue") for name in WINE.columns]
    assert np.any(e.relevance[:, used])
    assert not np.any(e.relevance[:, ~np.array(used)])
    e = neonxai.explain(make_pipeline(VarianceThreshold(1.0), kmeans()), WINE)
    assert not np.any(e.relevance[:, WINE.var(ddof=0).to_numpy() < 1.0])


@pytest.mark.parametrize(
    "model", [GaussianMixture(3, random_state=0), AgglomerativeClustering(3), KernelDensity()]
)
@pytest.mark.parametrize("middle", [[], [PCA(3)], [PCA(3), QuantileTransformer(n_quantiles=30)]])
def test_other_families_stand_behind_steps_too(model, middle):
    pipe = make_pipeline(StandardScaler(), *middle, model).fit(WINE)
    e = neonxai.explain(pipe, WINE)
    z = pipe[:-1].transform(WINE)
    direct = neonxai.explain(pipe[-1], z)
    assert np.array_equal(e.labels, direct.labels)
    assert close(e.logits, direct.logits)
    assert np.allclose(e.relevance.sum(axis=1) + e.absorbed, e.logits, rtol=1e-9, atol=1e-9)
    if not middle:
        assert close(e.relevance, direct.relevance)


def test_kinds_of_frames_come_back():
    frame = penguins()
    pipe = penguin_pipeline()
    numbers = pipe[0].transformers[0][1]
    front = [("n", numbers, list(frame.columns[2:6])), ("c", OneHotEncoder(), ["species", "island", "sex"])]
    pipe = make_pipeline(ColumnTransformer(front), kmeans(4))  # a gap is a category: None, NaN or null
    by_pandas = neonxai.explain(pipe, frame.set_index(frame.index + 100))
    by_polars = neonxai.explain(pipe, pl.from_pandas(frame))
    by_arrow = neonxai.explain(pipe, pl.from_pandas(frame).to_arrow())
    assert close(by_pandas.relevance, by_polars.relevance)
    assert close(by_pandas.relevance, by_arrow.relevance)
    assert list(by_pandas.to_frame().index[:2]) == [100, 101]
    for e, module in ((by_pandas, "pandas"), (by_polars, "polars"), (by_arrow, "pyarrow")):
        assert type(e.to_frame()).__module__.startswith(module)
        assert type(e.summary()).__module__.startswith(module)


def test_columns_may_come_in_any_order():
    frame = penguins()
    explainer = neonxai.ClusterExplainer(penguin_pipeline()).fit(frame)
    shuffled = explainer.explain(frame[frame.columns[::-1]])
    assert shuffled.feature_names == tuple(frame.columns)
    assert np.array_equal(shuffled.relevance, explainer.explain(frame).relevance)


def test_a_part_is_as_the_whole():
    frame = pd.concat([penguins()] * 30, ignore_index=True)
    explainer = neonxai.ClusterExplainer(penguin_pipeline()).fit(frame)
    whole = explainer.explain(frame)
    assert explainer.entrance_.rows_per_part > 300
    explainer.entrance_.rows_per_part = 301
    parts = explainer.explain(frame)
    assert close(whole.relevance, parts.relevance, 1e-12)
    assert np.array_equal(whole.labels, parts.labels)


def test_frozen_and_nested_pipelines():
    inner = make_pipeline(PCA(4), kmeans())
    nested = make_pipeline(make_pipeline(StandardScaler()), inner).fit(WINE)
    flat = make_pipeline(StandardScaler(), PCA(4), kmeans()).fit(WINE)
    a, b = neonxai.explain(nested, WINE), neonxai.explain(FrozenEstimator(flat), WINE)
    assert np.array_equal(a.relevance, b.relevance)


def test_an_affine_pipeline_is_stored_as_a_network(tmp_path):
    pipe = make_pipeline(StandardScaler(), PCA(4), kmeans())
    explainer = neonxai.ClusterExplainer(pipe).fit(WINE)
    explainer.save(tmp_path / "wine.npz")
    again = neonxai.ClusterExplainer.load(tmp_path / "wine.npz")
    assert np.array_equal(again.explain(WINE).relevance, explainer.explain(WINE).relevance)
    assert again.feature_names_ == tuple(WINE.columns)
    other = neonxai.ClusterExplainer(make_pipeline(PowerTransformer(), kmeans())).fit(WINE)
    with pytest.raises(TypeError, match=r"skops\.io\.dump"):
        other.save(tmp_path / "other.npz")


def test_transform_and_its_names():
    frame = penguins()
    explainer = neonxai.ClusterExplainer(penguin_pipeline()).set_output(transform="pandas")
    relevance = explainer.fit(frame).transform(frame)
    assert list(relevance.columns) == list(frame.columns)
    assert close(relevance.to_numpy(), explainer.explain(frame).relevance)


def test_labels_behind_preprocessing():
    frame = penguins()
    front = penguin_pipeline()[:-1]
    labels = frame["species"]
    e = neonxai.explain_labels(
        labels, frame.drop(columns="species"), preprocessing=_numbers_and("island", "sex")
    )
    assert e.feature_names == tuple(frame.columns[1:])
    assert e.agreement > 0.95
    fitted = neonxai.explain_labels(labels, frame, preprocessing=front.fit(frame))
    assert fitted.feature_names == tuple(frame.columns)
    with pytest.raises(ValueError, match="Put it there"):
        neonxai.ClusterExplainer(penguin_pipeline(), preprocessing=front).fit(frame)


def _numbers_and(*categories):
    return ColumnTransformer(
        [
            (
                "n",
                make_pipeline(SimpleImputer(), StandardScaler()),
                make_column_selector(dtype_include="number"),
            ),
            ("c", OneHotEncoder(), list(categories)),
        ]
    )


# Steps that nobody knows


class Doubled(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return np.hstack([np.asarray(X) ** 3, np.asarray(X)])

    def get_feature_names_out(self, input_features=None):
        return np.array(
            [f"{kind}{i}" for kind in ("cube", "same") for i in range(self.n_features_in_)], object
        )


def test_an_unknown_step_is_named_and_can_be_registered():
    pipe = Pipeline([("double", Doubled()), ("scale", StandardScaler()), ("cluster", kmeans())]).fit(IRIS)
    with pytest.raises(UnknownStepError, match=r"(?s)'double'.*Doubled.*pull_back=\"stop\".*register"):
        neonxai.explain(pipe, IRIS)
    stopped = neonxai.explain(pipe, IRIS, pull_back="stop")
    assert stopped.feature_names == tuple(pipe[0].get_feature_names_out())
    direct = neonxai.explain(pipe[1:], pipe[0].transform(IRIS))
    assert close(stopped.relevance, direct.relevance)
    path = f"{Doubled.__module__}.Doubled"
    register(path)(lambda transformer, n: Shares.by_owner(np.arange(2 * n) % n, n))
    try:
        known = neonxai.explain(pipe, IRIS)
    finally:
        _readers.forget(path)
    assert known.feature_names == tuple(IRIS.columns)
    assert close(known.relevance, stopped.relevance[:, :4] + stopped.relevance[:, 4:])


def test_stopping_leaves_other_branches_alone():
    front = ColumnTransformer([("odd", Doubled(), [0, 1]), ("scale", StandardScaler(), [2, 3])])
    e = neonxai.explain(make_pipeline(front, kmeans()), IRIS, pull_back="stop")
    assert set(e.feature_names) == {
        "petal length (cm)",
        "petal width (cm)",
        "cube0",
        "cube1",
        "same0",
        "same1",
    }


def test_a_function_must_be_element_wise():
    fine = make_pipeline(FunctionTransformer(np.log1p), kmeans())
    e = neonxai.explain(fine, WINE)
    direct = neonxai.explain(kmeans(), np.log1p(WINE))
    assert close(e.relevance, direct.relevance)
    for bad in (lambda X: X - np.mean(X, axis=1, keepdims=True), lambda X: np.asarray(X)[:, ::-1]):
        with pytest.raises(ValueError, match=r"is not element-wise.*depends on"):
            neonxai.explain(make_pipeline(FunctionTransformer(bad), kmeans()), WINE.to_numpy())


def test_normalizing_behind_a_projection():
    """(A e) / ‖A e‖ = A (e / ‖A e‖): the same relevance as that of rows divided beforehand."""
    pipe = make_pipeline(PCA(3), Normalizer(), kmeans()).fit(IRIS.to_numpy())
    rows = IRIS.to_numpy()
    e = neonxai.explain(pipe, rows)
    assert np.array_equal(e.labels, pipe.predict(rows))
    z = pipe[0].transform(rows)
    scaled = (rows - pipe[0].mean_) / np.linalg.norm(z, axis=1, keepdims=True)
    turned = KMeans(3).fit(scaled)
    turned.cluster_centers_ = pipe[-1].cluster_centers_ @ pipe[0].components_
    projector = pipe[0].components_.T @ pipe[0].components_
    direct = neonxai.explain(turned, scaled @ projector, beta=e.beta)
    assert close(e.logits, direct.logits)


def test_the_rule_for_mixtures_before_other_steps():
    """Where contributions don't cancel it is LRP's z-rule, and it never explodes where they do."""
    from neonxai.networks.affine import AffineMap
    from neonxai.transforms.back import shared_by_contribution

    mixing = AffineMap.of(np.array([[1.0, 2.0], [1.0, -1.0]]))
    deviations = np.array([[3.0, 1.0], [1.0, 1.0]])
    relevance, lost = shared_by_contribution(np.array([[5.0, 0.0], [0.0, 4.0]]), mixing, deviations)
    assert np.allclose(relevance[0], [3.0, 2.0])  # 3 and 2 of 5
    assert np.allclose(relevance[1], [2.0, 2.0])  # 1 − 1 = 0: by size
    assert not np.any(lost)


# Bad input


def test_unseen_categories_name_the_step_and_the_column():
    frame = penguins()
    explainer = neonxai.ClusterExplainer(penguin_pipeline()).fit(frame)
    frame.loc[3, "island"] = "Atlantis"
    with pytest.raises(ValueError, match=r"onehotencoder.*Atlantis.*'island'"):
        explainer.explain(frame)


def test_missing_and_surplus_columns_are_named():
    explainer = neonxai.ClusterExplainer(make_pipeline(StandardScaler(), PowerTransformer(), kmeans())).fit(
        WINE
    )
    with pytest.raises(ValueError, match="missing: 'hue'"):
        explainer.explain(WINE.drop(columns="hue"))
    with pytest.raises(ValueError, match="not expected: 'extra'"):
        explainer.explain(WINE.assign(extra=1.0))


def test_text_where_numbers_belong():
    frame = penguins().dropna()
    with pytest.raises(ValueError, match=r"StandardScaler.*'species'"):
        neonxai.explain(make_pipeline(StandardScaler(), kmeans()), frame)
    fitted = make_pipeline(StandardScaler(), PowerTransformer(), kmeans()).fit(WINE)
    explainer = neonxai.ClusterExplainer(fitted).fit(WINE)
    with pytest.raises((TypeError, ValueError), match=r"powertransformer|standardscaler"):
        explainer.explain(WINE.astype({"hue": str}).assign(hue="red"))


def test_missing_values_name_the_column():
    gap = WINE.copy()
    gap.loc[5, "hue"] = np.nan
    for steps in ([StandardScaler()], [StandardScaler(), PowerTransformer()]):
        explainer = neonxai.ClusterExplainer(make_pipeline(*steps, kmeans())).fit(WINE)
        with pytest.raises(ValueError, match=r"row 5, column 'hue'"):
            explainer.explain(gap)


def test_missing_values_in_front_of_labels():
    gap = WINE.copy()
    gap.loc[5, "hue"] = np.nan
    for front in (StandardScaler(), PowerTransformer()):
        with pytest.raises(ValueError, match=r"NaN in row 5, column 'hue'"):
            neonxai.explain_labels(load_wine().target, gap, preprocessing=front)


def test_unfitted_and_unsuitable_pipelines():
    with pytest.raises(TypeError, match="must end in a clustering"):
        neonxai.explain(make_pipeline(StandardScaler(), PCA()).fit(WINE), WINE)
    with pytest.raises(TypeError, match="'passthrough'"):
        neonxai.explain(Pipeline([("a", StandardScaler()), ("b", "passthrough")]), WINE)
    half = Pipeline([("scale", StandardScaler()), ("cluster", kmeans().fit(WINE))])
    with pytest.raises(NotFittedError, match="StandardScaler"):
        neonxai.explain(half, WINE)
    with pytest.raises(ValueError, match="pull_back='far'"):
        neonxai.explain(half, WINE, pull_back="far")
    with pytest.raises(ValueError, match=r"make 3 columns.*fitted on 13"):
        neonxai.explain(Pipeline([("p", PCA(3).fit(WINE)), ("k", kmeans().fit(WINE))]), WINE)


def test_inputs_and_models_stay_as_they_are():
    import joblib

    frame = penguins()
    pipe = penguin_pipeline().fit(frame)
    hasty = make_pipeline(StandardScaler(copy=False), PowerTransformer(copy=False), kmeans())
    hasty.fit(WINE.to_numpy().copy())
    for model, data in ((pipe, frame), (hasty, WINE.to_numpy().copy())):
        before = joblib.hash(model), joblib.hash(data)
        neonxai.explain(model, data)
        assert (joblib.hash(model), joblib.hash(data)) == before


def test_preprocessing_that_ends_in_a_step_without_a_fit_is_fitted():
    target = load_wine().target
    e = neonxai.explain_labels(target, WINE, preprocessing=make_pipeline(StandardScaler(), Normalizer()))
    assert e.feature_names == tuple(WINE.columns)


def test_a_picture_of_the_frame_that_was_explained():
    import matplotlib.pyplot as plt

    frame = penguins()
    e = neonxai.explain(penguin_pipeline(), frame)
    inches = frame.assign(bill_length_mm=frame["bill_length_mm"] / 25.4)
    names_ax, _ = e.plot.sample(0, values=inches)
    told = [label.get_text() for label in names_ax.get_yticklabels()]
    plt.close("all")
    assert "species = Adelie" in told
    assert any(text.startswith("bill_length_mm = 1.5") for text in told)
    with pytest.raises(ValueError, match="missing: 'sex'"):
        e.plot.sample(0, values=frame.drop(columns="sex"))
