"""`ClusterExplainer` and `explain`: scikit-learn's contract, targets and rivals, β, bad input."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import neonxai
from neonxai import Centroids, ClusterExplainer

WINE = MinMaxScaler().fit_transform(load_wine().data)
NAMES = load_wine().feature_names
MODEL = KMeans(3, n_init=1, random_state=2).fit(WINE)


@parametrize_with_checks(
    [
        ClusterExplainer(KMeans(2, n_init=1, random_state=0)),
        ClusterExplainer(KMeans(3, n_init=1, random_state=0), beta=1.0, pooling="soft"),
    ],
    # Nothing fails. A check that is skipped by scikit-learn itself (array API, unless SCIPY_ARRAY_API is set)
    # is not expected to run here either: arrays of other libraries are not supported yet.
    expected_failed_checks=lambda _: {},
)
@pytest.mark.filterwarnings("ignore:Skipping check check_array_api_input")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_transform_is_the_relevance_and_set_output_works():
    explainer = ClusterExplainer(MODEL, beta=1)
    frame = pd.DataFrame(WINE, columns=NAMES, index=np.arange(178) * 2)
    relevance = explainer.fit(frame).explain(frame).relevance
    assert np.array_equal(explainer.transform(frame), relevance)
    out = (
        clone(explainer)
        .set_params(model=FrozenEstimator(MODEL))
        .set_output(transform="pandas")
        .fit_transform(frame)
    )
    assert out.columns.tolist() == NAMES
    assert out.index.tolist() == frame.index.tolist()
    assert np.array_equal(out.to_numpy(), relevance)


def test_it_works_at_the_end_of_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), ClusterExplainer(KMeans(3, n_init=1, random_state=0)))
    relevance = pipeline.fit_transform(load_wine().data)
    scaled = StandardScaler().fit_transform(load_wine().data)
    assert np.array_equal(relevance, neonxai.explain(KMeans(3, n_init=1, random_state=0), scaled).relevance)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_columns_are_matched_by_name(make):
    frame = make(dict(zip(NAMES, WINE.T, strict=True)))
    shuffled = make({name: WINE[:, NAMES.index(name)] for name in reversed(NAMES)})
    explainer = ClusterExplainer(Centroids(MODEL.cluster_centers_)).fit(frame)
    assert explainer.feature_names_ == tuple(NAMES)
    a, b = explainer.explain(frame), explainer.explain(shuffled)
    assert a.feature_names == b.feature_names == tuple(NAMES)
    assert np.array_equal(a.relevance, b.relevance)


def test_the_names_that_the_model_knows_are_used_for_an_array():
    model = KMeans(3, n_init=1, random_state=2).fit(pd.DataFrame(WINE, columns=NAMES))
    assert neonxai.explain(model, WINE).feature_names == tuple(NAMES)


def test_without_names_features_are_numbered():
    assert neonxai.explain(MODEL, WINE).feature_names == tuple(f"x{i}" for i in range(13))


def test_beta_auto_comes_from_fit_and_not_from_the_rows_explained():
    explainer = ClusterExplainer(MODEL).fit(WINE)
    assert explainer.beta_ == pytest.approx(1 / explainer.explain(WINE).logits.mean(), rel=1e-12)
    assert np.array_equal(explainer.explain(WINE[5:9]).relevance, explainer.explain(WINE).relevance[5:9])


def test_beta_interpolates_between_all_rivals_and_the_nearest():
    e0, e_inf = (neonxai.explain(MODEL, WINE, beta=beta) for beta in (0, np.inf))
    near_0, near_inf = (neonxai.explain(MODEL, WINE, beta=beta) for beta in (1e-9, 1e9))
    np.testing.assert_allclose(near_0.relevance, e0.relevance, atol=1e-8)
    np.testing.assert_allclose(near_inf.relevance, e_inf.relevance, atol=1e-12)
    assert np.abs(e0.relevance - e_inf.relevance).max() > 0.1


def test_target_and_against_are_names_of_clusters():
    names = ["a", "b", "c"]
    e = neonxai.explain(Centroids(MODEL.cluster_centers_, names), WINE, target="b", against="c", beta=1)
    mu = MODEL.cluster_centers_
    by_hand = (WINE - mu[2]) ** 2 - (WINE - mu[1]) ** 2
    np.testing.assert_allclose(e.relevance, by_hand, atol=1e-15)
    assert set(e.targets) == {"b"}
    assert set(e.competitors) == {"c"}
    assert np.array_equal(e.labels, np.array(names)[MODEL.labels_])
    assert np.array_equal(e.label_positions, MODEL.labels_)
    assert set(e.target_positions) == {1}
    assert set(e.competitor_positions) == {2}


def test_a_target_that_a_row_is_not_in_is_compared_with_its_cluster():
    e = neonxai.explain(MODEL, WINE, target=1, beta=1)
    usual = neonxai.explain(MODEL, WINE, beta=1)
    at_home = MODEL.labels_ == 1
    assert np.array_equal(e.relevance[at_home], usual.relevance[at_home])
    mu = MODEL.cluster_centers_
    away = ~at_home
    by_hand = (WINE - mu[MODEL.labels_]) ** 2 - (WINE - mu[1]) ** 2
    np.testing.assert_allclose(e.relevance[away], by_hand[away], atol=1e-15)
    assert np.all(e.logits[away] <= 0)
    assert np.array_equal(e.competitors[away], MODEL.labels_[away])


def test_targets_row_by_row():
    targets = np.arange(178) % 3
    e = neonxai.explain(MODEL, WINE, target=targets, beta=1)
    for t in range(3):
        rows = targets == t
        one = neonxai.explain(MODEL, WINE, target=t, beta=1)
        assert np.array_equal(e.relevance[rows], one.relevance[rows])


def test_soft_pooling_is_the_membership():
    beta = 3.0
    e = neonxai.explain(MODEL, WINE, beta=beta, pooling="soft")
    weights = np.exp(-beta * MODEL.transform(WINE) ** 2)
    membership = weights / weights.sum(axis=1, keepdims=True)
    rows = np.arange(178)
    np.testing.assert_allclose(e.probabilities, membership[rows, e.labels], rtol=1e-12)
    p = membership[rows, e.labels]
    np.testing.assert_allclose(e.logits, np.log(p / (1 - p)) / beta, rtol=1e-9)
    assert np.all(e.absorbed <= 0)
    other = neonxai.explain(MODEL, WINE, beta=beta, pooling="soft", target=0)
    np.testing.assert_allclose(other.probabilities, membership[:, 0], rtol=1e-10)


def test_probability_of_min_pooling():
    e = neonxai.explain(MODEL, WINE, beta=2.0)
    np.testing.assert_allclose(e.probabilities, 1 / (1 + np.exp(-2.0 * e.logits)), rtol=1e-14)
    assert np.all(neonxai.explain(MODEL, WINE, beta=0).probabilities == 0.5)
    assert np.all(neonxai.explain(MODEL, WINE, beta=np.inf).probabilities == 1.0)


def test_on_a_boundary_everything_is_finite():
    model = Centroids([[0.0, 0.0], [2.0, 0.0], [0.0, 6.0]])
    e = neonxai.explain(model, [[1.0, 0.0], [1.0, 3.0], [1.0, -1.0]], beta=1.0)
    assert e.logits.tolist() == [0.0, 0.0, 0.0]
    assert e.labels.tolist() == [0, 0, 0]
    assert np.all(np.isfinite(e.relevance))
    assert e.probabilities.tolist() == [0.5, 0.5, 0.5]
    assert np.isinf(ClusterExplainer(model).fit([[1.0, 0.0]]).beta_)  # no evidence at all to be scaled by


def test_duplicate_centers_leave_no_evidence_between_them():
    e = neonxai.explain(Centroids([[0.0, 0.0], [0.0, 0.0], [4.0, 4.0]]), [[1.0, 0.5]], beta=1.0)
    assert e.labels.tolist() == [0]
    assert e.competitors.tolist() == [1]
    assert e.logits.tolist() == [0.0]
    assert e.relevance.tolist() == [[0.0, 0.0]]


def test_progress_reaches_the_end():
    seen = []
    ClusterExplainer(MODEL).fit(WINE).explain(np.tile(WINE, (300, 1)), progress=lambda *p: seen.append(p))
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == (178 * 300, 178 * 300)


def test_refitting_forgets_the_names():
    explainer = ClusterExplainer(Centroids(MODEL.cluster_centers_)).fit(pd.DataFrame(WINE, columns=NAMES))
    explainer.fit(WINE)
    assert not hasattr(explainer, "feature_names_in_")
    assert explainer.feature_names_[0] == "x0"


def frame(**changes):
    return pd.DataFrame(WINE, columns=NAMES).assign(**changes)


def with_value(value, row=3, column=4):
    X = WINE.copy()
    X[row, column] = value
    return X


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (with_value(np.nan), ValueError, r"NaN in row 3, column 'magnesium'.*Impute or drop"),
        (with_value(-np.inf), ValueError, r"infinity \(-inf\) in row 3, column 'magnesium'"),
        (frame(ash=np.nan), ValueError, r"NaN or null in row 0, column 'ash'"),
        (
            frame(ash="heavy"),
            TypeError,
            r"Column 'ash' is not of a numeric type.*'heavy'.*leave the column out",
        ),
        (frame().drop(columns=["ash", "hue"]), ValueError, r"missing: 'ash', 'hue'"),
        (frame(extra=1.0), ValueError, r"not expected: 'extra'"),
        (frame().rename(columns={"ash": "Ash"}), ValueError, r"missing: 'ash'; not expected: 'Ash'"),
        (WINE[:, :5], ValueError, r"X has 5 features, but ClusterExplainer is expecting 13"),
        (WINE[:0], ValueError, r"0 sample"),
        (WINE[0], ValueError, r"Expected 2D array"),
        (WINE[None], ValueError, r"dim 3"),
        ([["a"] * 13], ValueError, r"'a' in row 0, column 0"),
        (np.full((2, 13), "2.x"), ValueError, r"'2\.x' in row 0, column 0"),
        (pl.LazyFrame({"a": [1.0]}), TypeError, r"lazy frame.*[Cc]ollect"),
        (WINE + 1j, ValueError, r"[Cc]omplex"),
        (None, ValueError, r"NoneType|2D array"),
    ],
)
def test_bad_data_is_refused(X, error, message):
    explainer = ClusterExplainer(MODEL).fit(frame())
    with pytest.raises(error, match=message):
        explainer.explain(X)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"beta": -1}, ValueError, r"beta=-1 is not possible.*Choose"),
        ({"beta": np.nan}, ValueError, r"beta=nan is not possible"),
        ({"beta": "big"}, ValueError, r"beta='big' is not known"),
        ({"beta": None}, TypeError, r"beta=None is not a number"),
        ({"beta": True}, TypeError, r"beta=True is not a number"),
        ({"pooling": "max"}, ValueError, r"pooling='max' is not known; choose"),
        ({"pooling": "soft", "beta": 0}, ValueError, r"beta=0 has no soft pooling"),
        ({"method": "shap"}, ValueError, r"method='shap' is not known"),
    ],
)
def test_bad_parameters_are_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        ClusterExplainer(MODEL, **parameters).fit(WINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": 3}, r"target=3 is not a cluster.*0, 1, 2"),
        ({"target": "a"}, r"target='a' is not a cluster"),
        ({"against": -1}, r"against=-1 is not a cluster"),
        ({"target": [0, 1]}, r"target has shape \(2,\), but there are 178 rows"),
        ({"target": 1, "against": 1}, r"Row 0 would be explained for cluster 1 against itself"),
        ({"against": 1}, r"Row \d+ would be explained for cluster 1 against itself"),
    ],
)
def test_bad_questions_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        neonxai.explain(MODEL, WINE, **arguments)


def test_data_that_does_not_fit_a_fitted_model_is_refused():
    with pytest.raises(ValueError, match=r"X has 5 features, but the model was fitted on 13"):
        neonxai.explain(MODEL, WINE[:, :5])


def test_overflow_is_refused():
    with pytest.raises(ValueError, match=r"evidence of row 1 is too large.*Rescale"):
        neonxai.explain(Centroids([[0.0], [1e100]]), [[1e10], [1e250]], beta=1)


def test_float32_that_overflows_is_refused_and_float64_explained():
    model = Centroids([[0.0], [1e20]])
    with pytest.raises(ValueError, match=r"row 0 is too large for float32.*or pass float64"):
        neonxai.explain(model, np.array([[1e19]], dtype=np.float32), beta=1)
    assert neonxai.explain(model, [[1e19]], beta=1).logits[0] == pytest.approx(8e39, rel=1e-12)


def test_overflow_is_refused_in_fit():
    with pytest.raises(ValueError, match=r"evidence of row 1 is too large for float64"):
        ClusterExplainer(Centroids([[0.0], [1e100]])).fit([[1e10], [1e250]])


def test_asking_before_fitting():
    with pytest.raises(NotFittedError):
        ClusterExplainer(MODEL).explain(WINE)
    with pytest.raises(NotFittedError):
        ClusterExplainer(MODEL).save("nowhere.npz")


def extra_memory(X):
    """Bytes that explaining takes at its peak beyond its result."""
    explainer = ClusterExplainer(Centroids(np.eye(8, X.shape[1])), beta=1.0).fit(X[:10])
    tracemalloc.start()
    try:
        e = explainer.explain(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return peak - sum(
        value.nbytes for name, value in vars(e).items() if isinstance(value, np.ndarray) and name != "data"
    )


def test_memory_does_not_grow_with_the_rows(monkeypatch):
    limit = 64 * 2**20
    X = np.random.default_rng(0).random((400_000, 16), dtype=np.float32)
    assert extra_memory(X) < limit
    monkeypatch.setattr("neonxai.kernels.available", lambda: False)
    assert extra_memory(X) < limit
    monkeypatch.setattr("neonxai.stages.propagation.tile_rows", lambda *_: len(X))
    assert extra_memory(X) > limit


def test_wide_rows_stay_within_the_limit_too():
    assert extra_memory(np.random.default_rng(0).random((200, 30_000))) < 64 * 2**20
