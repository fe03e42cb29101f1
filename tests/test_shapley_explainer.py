"""`ClusterExplainer` with method="shapley" and "integrated"."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN, BisectingKMeans, KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, PowerTransformer, StandardScaler

import neonxai
from neonxai import ClusterExplainer, Explanation
from shapley_reference import many_values

IRIS, WINE = load_iris().data, load_wine().data


def iris_model():
    return make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0))


def explainer(model=None, X=IRIS, **asked):
    return ClusterExplainer(model or iris_model(), **{"method": "shapley", **asked}).fit(X)


MODELS = {
    "k-means": KMeans(3, n_init=1, random_state=0),
    "scaled": iris_model(),
    "PCA": make_pipeline(StandardScaler(), PCA(3), KMeans(3, n_init=1, random_state=0)),
    "diagonal": GaussianMixture(3, covariance_type="diag", random_state=0),
    "tied": GaussianMixture(3, covariance_type="tied", random_state=0),
    "a step that is not affine": make_pipeline(PowerTransformer(), KMeans(3, n_init=1, random_state=0)),
}
QUESTIONS = {"own": {}, "target": {"target": 1}, "against": {"target": 1, "against": 2}}


def check_conserved(e):
    total = e.relevance.sum(axis=1) + e.absorbed + e.base_value
    size = np.abs(e.relevance).sum(axis=1) + np.abs(e.absorbed) + np.abs(e.base_value)
    assert (np.abs(total - e.logits) <= 1e-10 * size).all()
    np.testing.assert_allclose(e.conservation_error(), np.abs(total - e.logits), atol=1e-12 * size.max())


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("method", ["shapley", "integrated"])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_everything_adds_up_to_the_same_logit(model, method, asked):
    game = explainer(model, method=method)
    e = game.explain(IRIS, **asked)
    check_conserved(e)
    neon = ClusterExplainer(model).fit(IRIS).explain(IRIS, **asked)
    np.testing.assert_allclose(e.logits, neon.logits, rtol=1e-12)
    np.testing.assert_array_equal(e.labels, neon.labels)
    np.testing.assert_array_equal(e.competitors, neon.competitors)
    if method == "shapley":
        np.testing.assert_array_equal(e.absorbed, 0.0)
        with pytest.raises(AssertionError):
            check_conserved(replace(e, base_value=0.0))


@pytest.mark.parametrize("pooling", ["min", "soft"])
@pytest.mark.parametrize("name", ["k-means", "scaled", "PCA", "diagonal", "tied"])
def test_it_is_the_definition(name, pooling):
    background = IRIS[[0, 20, 60, 77, 110, 149]]
    game = explainer(MODELS[name], background=background, pooling=pooling)
    e = game.explain(IRIS[::30])
    wanted = many_values(
        game.network_, IRIS[::30], e.target_positions, background, pooling=pooling, beta=game.beta_
    )
    np.testing.assert_allclose(e.relevance, wanted, rtol=0, atol=1e-10 * np.abs(wanted).sum(axis=1).max())
    np.testing.assert_array_equal(e.standard_error, 0.0)


def test_many_features_are_walked_through():
    game = explainer(make_pipeline(StandardScaler(), KMeans(4, n_init=1, random_state=0)), WINE)
    e = game.explain(WINE)
    check_conserved(e)
    assert e.standard_error.shape == WINE.shape
    assert (e.standard_error >= 0).all()
    assert 0 < np.median(e.standard_error) < 0.1 * np.median(np.abs(e.relevance).sum(axis=1))
    # The kernel plays for all rows, NumPy for one: the same walks, rounded differently.
    np.testing.assert_allclose(game.explain(WINE[5:6]).relevance[0], e.relevance[5], rtol=1e-12, atol=1e-12)
    rough = explainer(game.model_, WINE, tol=0.05, n_permutations=500).explain(WINE)
    assert (rough.standard_error.max(axis=1) < 0.05 * np.abs(rough.relevance).sum(axis=1)).all()


def test_backgrounds():
    default = explainer()
    assert default.background_.shape == (50, 4)
    np.testing.assert_array_equal(default.background_, explainer().background_)
    assert not np.array_equal(default.background_, explainer(random_state=1).background_)
    rows = {tuple(row) for row in IRIS}
    assert all(tuple(row) in rows for row in default.background_)
    np.testing.assert_array_equal(explainer(background=1000).background_, IRIS)
    assert explainer(background=7).background_.shape == (7, 4)
    frame = pd.DataFrame(IRIS, columns=list("abcd"))
    model = iris_model().fit(frame)
    reference = frame[["d", "c", "b", "a"]].iloc[:9]  # columns are found by their names
    game = ClusterExplainer(model, method="shapley", background=reference).fit(frame)
    np.testing.assert_array_equal(game.background_, IRIS[:9])
    transformed = explainer(MODELS["a step that is not affine"], background=IRIS[:9])
    np.testing.assert_allclose(
        transformed.background_, transformed.model_[0].transform(IRIS[:9]), rtol=1e-9, atol=1e-12
    )


def test_behind_other_steps_values_are_pulled_back():
    """Values of what the power makes are those of the columns, as each column goes through by itself."""
    model = MODELS["a step that is not affine"]
    e = explainer(model).explain(IRIS)
    fitted = explainer(model).model_
    behind = explainer(fitted[1], fitted[0].transform(IRIS))
    np.testing.assert_allclose(
        e.relevance, behind.explain(fitted[0].transform(IRIS)).relevance, rtol=0, atol=1e-8
    )
    # Codes of a column are added up, and their errors depend on each other.
    bins = KBinsDiscretizer(4, encode="onehot-dense", quantile_method="averaged_inverted_cdf")
    coded = explainer(make_pipeline(bins, KMeans(3, n_init=1, random_state=0))).explain(IRIS)
    assert coded.standard_error is None
    assert coded.relevance.shape == IRIS.shape
    check_conserved(coded)


def test_float32():
    e = explainer(MODELS["k-means"]).explain(IRIS.astype(np.float32))
    assert {a.dtype for a in (e.relevance, e.base_value, e.standard_error)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("key", [3, slice(2, 9), IRIS[:, 0] > 6], ids=["one", "slice", "mask"])
def test_rows_keep_their_base_values(key):
    e = explainer().explain(IRIS)
    some = e[key]
    check_conserved(some)
    np.testing.assert_array_equal(some.base_value, np.atleast_1d(e.base_value[key]))
    np.testing.assert_array_equal(some.standard_error, np.atleast_2d(e.standard_error[key]))


@pytest.mark.parametrize("method", ["shapley", "integrated"])
def test_saving(method, tmp_path):
    game = explainer(method=method, n_permutations=np.int64(5), tol=0.25)
    e = game.explain(IRIS)
    e.save(tmp_path / "e")
    loaded = Explanation.load(tmp_path / "e")
    np.testing.assert_array_equal(loaded.base_value, e.base_value)
    np.testing.assert_array_equal(loaded.relevance, e.relevance)
    assert (loaded.standard_error is None) == (method == "integrated")
    game.save(tmp_path / "game")
    again = ClusterExplainer.load(tmp_path / "game")
    assert (again.method, again.n_permutations, again.tol, again.random_state) == (method, 5, 0.25, 0)
    np.testing.assert_array_equal(again.background_, game.background_)
    np.testing.assert_array_equal(again.explain(IRIS).relevance, e.relevance)


def test_a_stored_background_must_fit(tmp_path):
    game = explainer()
    game.background_ = game.background_[:, :2]
    game.save(tmp_path / "game")
    with pytest.raises(ValueError, match="background has the shape"):
        ClusterExplainer.load(tmp_path / "game")


# SHAP's own warnings, about what it uses of Matplotlib and NumPy, are none of ours.
@pytest.mark.filterwarnings(
    "ignore::PendingDeprecationWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)
def test_shap_and_plots_take_it():
    e = explainer().explain(IRIS[:6])
    shown = e.to_shap()
    np.testing.assert_allclose(shown.values.sum(axis=1) + shown.base_values, e.logits, rtol=1e-12)
    e.plot.sample(0)
    assert repr(e)
    assert neonxai.explain(iris_model(), IRIS, method="shapley").standard_error is not None


def test_a_clustering_summarises_the_background():
    """Its centers count by their sizes, as if each of their rows were there."""
    model = KMeans(3, n_init=1, random_state=0)
    summary = KMeans(5, n_init=1, random_state=1)
    game = explainer(model, background=summary)
    assert not hasattr(summary, "cluster_centers_")
    fitted = KMeans(5, n_init=1, random_state=1).fit(IRIS)
    sizes = np.bincount(fitted.labels_)
    np.testing.assert_array_equal(game.background_, fitted.cluster_centers_)
    np.testing.assert_allclose(game.background_weights_, sizes / 150, rtol=1e-15)
    repeated = explainer(model, background=np.repeat(fitted.cluster_centers_, sizes, axis=0))
    for method in ("shapley", "integrated"):
        few, many = (g.set_params(method=method).explain(IRIS[::20]) for g in (game, repeated))
        check_conserved(few)
        size = np.abs(many.relevance).max()
        np.testing.assert_allclose(few.relevance, many.relevance, rtol=0, atol=1e-12 * size)
        np.testing.assert_allclose(few.base_value, many.base_value, rtol=0, atol=1e-12 * size)
    alike = explainer(model, background=fitted.cluster_centers_).explain(IRIS[::20])
    assert np.abs(alike.base_value - few.base_value).max() > 1e-3 * size


def test_a_summary_is_made_behind_steps_that_are_not_affine():
    model = MODELS["a step that is not affine"]
    game = explainer(model, background=KMeans(5, n_init=1, random_state=1))
    transformed = KMeans(5, n_init=1, random_state=1).fit(game.model_[0].transform(IRIS))
    np.testing.assert_allclose(game.background_, transformed.cluster_centers_, rtol=1e-9, atol=1e-12)
    check_conserved(game.explain(IRIS))


def test_weights_are_stored(tmp_path):
    game = explainer(background=KMeans(5, n_init=1, random_state=1))
    game.save(tmp_path / "game")
    again = ClusterExplainer.load(tmp_path / "game")
    np.testing.assert_array_equal(again.background_weights_, game.background_weights_)
    np.testing.assert_array_equal(again.explain(IRIS).relevance, game.explain(IRIS).relevance)
    for broken, message in (
        (game.background_weights_[1:], "no positive weight for each"),
        (-game.background_weights_, "no positive weight for each"),
        (2 * game.background_weights_, "sum to 2"),
    ):
        game.background_weights_ = broken
        game.save(tmp_path / "game", overwrite=True)
        with pytest.raises(ValueError, match=message):
            ClusterExplainer.load(tmp_path / "game")
        game.background_weights_ = again.background_weights_


def test_shortcuts_pass_on_what_a_game_needs():
    asked = {"method": "shapley", "background": 20, "n_permutations": 5, "random_state": 3, "tol": 0.1}
    model = make_pipeline(StandardScaler(), KMeans(4, n_init=1, random_state=0))
    e = neonxai.explain(model, WINE, **asked)
    np.testing.assert_array_equal(e.relevance, explainer(model, WINE, **asked).explain(WINE).relevance)
    with pytest.raises(TypeError, match="no sum over the features"):
        neonxai.explain_labels(np.arange(150) // 50, IRIS, **asked)


def test_prototypes():
    e = explainer().explain_prototypes()
    check_conserved(e)
    assert e.base_value.shape == (3,)


BAD = [
    ({"n_permutations": 1}, ValueError, "n_permutations=1 is not possible"),
    ({"n_permutations": 2.5}, ValueError, r"n_permutations=2\.5"),
    ({"random_state": -1}, ValueError, "random_state=-1"),
    ({"random_state": True}, ValueError, "random_state=True"),
    ({"tol": 0.0}, ValueError, r"tol=0\.0"),
    ({"tol": "small"}, ValueError, "tol='small'"),
    ({"background": 0}, ValueError, "background=0"),
    ({"background": 0.5}, ValueError, r"background=0\.5"),
    ({"background": IRIS[:, :2]}, ValueError, "background= has 150 rows of 2 features"),
    ({"background": IRIS[:5], "method": "neon"}, ValueError, "background= has no meaning"),
    ({"background": KMeans}, TypeError, r"Pass an instance, KMeans\(50\)"),
    ({"background": KMeans(2, n_init=1).fit(IRIS)}, ValueError, "is fitted, but"),
    ({"background": DBSCAN()}, TypeError, "has no cluster_centers_"),
    ({"method": "lime"}, ValueError, "method='lime' is not known; choose one of neon, shapley, integrated"),
]


@pytest.mark.parametrize(
    ("asked", "kind", "message"), BAD, ids=[str(next(iter(case[0].items())))[:30] for case in BAD]
)
def test_bad_input(asked, kind, message):
    with pytest.raises(kind, match=message):
        explainer(**asked)


def test_models_whose_features_act_together():
    for model in (GaussianMixture(3, random_state=0), BisectingKMeans(3, random_state=0)):
        with pytest.raises(TypeError, match='Choose method="neon"'):
            explainer(model)
