"""Mixtures, discriminant analysis and naive Bayes: the network is the model, and what isn't is refused."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import GaussianNB

import neonxai
from gaussian_models import DATA, LDA, MODELS, QDA, fit
from neonxai.networks.pooling import soft_pool
from neonxai.sources import neuralize
from neonxai.testing import check_network, check_source


def log_joint(model, X):
    """log P(k, x) up to a term common to the row, as scikit-learn computes it."""
    if isinstance(model, GaussianMixture | BayesianGaussianMixture):
        return model._estimate_weighted_log_prob(X)
    if isinstance(model, GaussianNB):
        return model.predict_joint_log_proba(X)
    scores = model.decision_function(X)
    return scores if scores.ndim == 2 else np.column_stack([np.zeros(len(X)), scores])


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", MODELS)
def test_the_network_is_the_model(name, data):
    X, y = DATA[data]
    model = fit(MODELS[name], X, y)
    check_source(model, X, model.predict(X))
    clusters, evidence = neuralize(model).network.evidence(X, beta=1.0)
    logits = soft_pool(evidence, 1.0).logits
    joint, rows = log_joint(model, X), np.arange(len(X))
    rivals = joint.copy()
    rivals[rows, clusters] = -np.inf
    expected = joint[rows, clusters] - logsumexp(rivals, axis=1)
    np.testing.assert_allclose(logits, expected, rtol=1e-8, atol=1e-8)
    probability = model.predict_proba(X)[rows, clusters]
    # 1 − P has the error 1e-16 of P: above 1 − 1e-7 it has less than the digits asked for.
    unrounded = probability < 1 - 1e-7
    expected = np.log(probability[unrounded]) - np.log1p(-probability[unrounded])
    np.testing.assert_allclose(logits[unrounded], expected, rtol=1e-8, atol=1e-8)


def test_classes_and_columns_keep_their_names():
    iris = load_iris(as_frame=True)
    species = iris.target_names[iris.target]
    for model in (LDA(), QDA(), GaussianNB()):
        e = neonxai.explain(model.fit(iris.data, species), iris.data, pooling="soft", beta=1.0)
        assert e.cluster_names == ("setosa", "versicolor", "virginica")
        assert e.feature_names == tuple(iris.data.columns)
        assert e.labels.tolist() == model.predict(iris.data).tolist()
        best = model.predict_proba(iris.data).max(axis=1)
        np.testing.assert_allclose(e.probabilities, best, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("model", [GaussianMixture(3, random_state=0), LDA(), GaussianNB()], ids=str)
def test_float32_models_are_explained_in_float64(model):
    X, y = DATA["wine"]
    X = X.astype(np.float32)
    model.fit(X, y)
    source = neuralize(model)
    assert np.array_equal(np.take(source.cluster_names, source.network.evidence(X)[0]), model.predict(X))
    check_network(source.network, X)


def test_many_constant_columns():
    """Pixels that are always 0: the covariance of LDA is singular, and they get no relevance."""
    X, y = load_digits(return_X_y=True)
    model = LDA().fit(X[:900], y[:900])
    check_source(model, X, model.predict(X))
    relevance = neonxai.explain(model, X, pooling="soft", beta=1.0).relevance
    assert not relevance[:, X[:900].std(axis=0) == 0].any()


def test_an_intercept_set_by_hand_is_part_of_the_model():
    X, y = DATA["iris"]
    model = LDA().fit(X, y)
    before = model.predict(X)
    model.intercept_ = model.intercept_ + np.array([0.0, 0.0, 25.0])
    assert np.mean(model.predict(X) != before) > 0.2
    check_source(model, X, model.predict(X))


@pytest.mark.parametrize("name", ["tied", "full", "LDA svd", "QDA svd", "naive Bayes"])
def test_models_fitted_far_from_the_origin(name):
    """By 1e6, where these models themselves keep about ten digits of the data."""
    X, y = DATA["wine"]
    shift = 1e6
    options = {"pooling": "soft", "beta": 1.0}
    near = neonxai.explain(fit(MODELS[name], X, y), X, **options)
    model = MODELS[name]
    if isinstance(model, GaussianMixture):  # its fit squares, and does not survive: move what was fitted
        model.means_ = model.means_ + shift
    else:
        fit(model, X + shift, y)
    far = neonxai.explain(model, X + shift, **options)
    assert np.array_equal(far.labels, near.labels)
    scale = np.abs(near.relevance).sum(axis=1, keepdims=True)
    assert np.all(np.abs(far.relevance - near.relevance) <= 1e-6 * scale)


@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
def test_log_priors_keep_their_digits_far_from_the_origin(solver):
    """The intercepts that hold them too have lost theirs."""
    X, y = DATA["wine"]
    model = LDA(solver=solver).fit(X + 1e5, y)
    offsets = neuralize(model).network.offsets
    np.testing.assert_allclose(offsets - offsets[0], np.log(model.priors_ / model.priors_[0]), rtol=1e-14)


@pytest.mark.parametrize("name", ["tied", "full"])
def test_a_mixture_moved_far_away_is_the_same(name):
    """By 2²⁷ ≈ 1e8, of which rows and means on a grid of 2⁻²⁰ lose nothing."""
    X = np.round(DATA["wine"][0] * 2**20) / 2**20
    model = fit(MODELS[name], X)
    model.means_ = np.round(model.means_ * 2**20) / 2**20
    near = neonxai.explain(model, X, pooling="soft", beta=1.0)
    model.means_ = model.means_ + 2**27
    far = neonxai.explain(model, X + 2**27, pooling="soft", beta=1.0)
    scale = np.abs(near.relevance).sum(axis=1, keepdims=True)
    assert np.all(np.abs(far.relevance - near.relevance) <= 1e-12 * scale)


def test_by_default_the_logit_is_the_log_odds():
    X = DATA["iris"][0]
    model = GaussianMixture(3, random_state=0).fit(X)
    explainer = neonxai.ClusterExplainer(model).fit(X)
    assert (explainer.pooling_, explainer.beta_) == ("soft", 1.0)
    e = explainer.explain(X, target=2)
    np.testing.assert_allclose(e.probabilities, model.predict_proba(X)[:, 2], rtol=1e-9, atol=1e-300)


class Rotated(GaussianMixture):
    def predict(self, X):
        return (super().predict(X) + 1) % 2


class Biased(LDA):
    def decision_function(self, X):
        return super().decision_function(X) + 1.0


X2 = np.array(
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [4.0, 0.0], [4.0, 1.0], [5.0, 1.0], [0.0, 7.0], [1.0, 8.0]]
)
Y2 = np.array([0, 0, 0, 1, 1, 1, 2, 2])


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (GaussianMixture(1), ValueError, "1 cluster only.*at least two"),
        (Rotated(2), TypeError, r"predict of its own \(Rotated\.predict\).*most probable.*GaussianNetwork"),
        (Biased(), TypeError, r"decision_function of its own \(Biased\.decision_function\)"),
        (GaussianNB(priors=[0.5, 0.5, 0.0]), ValueError, "Cluster 2 has a prior of 0.*positive priors"),
        (LDA(priors=[0.5, 0.0, 0.5]), ValueError, "Cluster 1 has a prior of 0.*positive priors"),
        (QDA(priors=[0.0, 0.5, 0.5], reg_param=0.1), ValueError, "Cluster 0 has a prior of 0"),
    ],
    ids=str,
)
def test_what_is_not_covered_is_refused(model, error, message):
    with np.errstate(divide="ignore"):  # log 0, in scikit-learn
        model.fit(X2, Y2)
    with pytest.raises(error, match=message):
        neuralize(model)


@pytest.mark.parametrize("model", [GaussianMixture(2), BayesianGaussianMixture(), LDA(), QDA(), GaussianNB()])
def test_unfitted_models_are_refused(model):
    with pytest.raises(NotFittedError):
        neuralize(model)


def test_collapsed_clusters_are_refused():
    X = X2.copy()
    X[Y2 == 1, 0] = 4.0
    bayes = GaussianNB(var_smoothing=0.0).fit(X, Y2)
    with pytest.raises(ValueError, match=r"Cluster 1 has a variance of 0.*larger var_smoothing"):
        neuralize(bayes)
    quadratic = QDA(reg_param=0.1).fit(X, Y2)
    quadratic.scalings_[2] = quadratic.scalings_[2] * [1.0, 0.0]
    with pytest.raises(ValueError, match=r"Cluster 2 has a variance of 0.*reg_param"):
        neuralize(quadratic)
    mixture = GaussianMixture(2, random_state=0).fit(X2)
    mixture.weights_ = np.array([1.0, 0.0])
    with pytest.raises(ValueError, match=r"Cluster 1 has a weight of 0.*fewer components"):
        neuralize(mixture)
