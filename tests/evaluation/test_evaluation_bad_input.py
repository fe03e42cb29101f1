"""What can't be evaluated is refused: the value seen, the cause, the remedy."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer

from neonxai import Centroids, ClusterExplainer
from neonxai.evaluation import (
    compare,
    deletion_curve,
    insertion_curve,
    randomisation_check,
    recovery,
    stability,
)

X = np.array([[0.0, 0.0], [1.0, 0.0], [4.0, 2.0], [4.0, 1.0]])
EXPLAINER = ClusterExplainer(Centroids([[0, 0], [4, 2]])).fit(X)


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"replacement": "zero"}, ValueError, "replacement='zero' is not known; choose one of mean"),
        ({"replacement": [1.0]}, ValueError, r"replacement has shape \(1,\); it has to be \(2,\)"),
        ({"replacement": [1.0, np.nan]}, ValueError, "replacement contains NaN"),
        ({"replacement": {"a": 1}}, TypeError, "replacement is a dict"),
        ({"replacement": "cluster", "background": X[:2]}, ValueError, "row 0, cluster 1, has no row"),
        ({"background": [[1.0]]}, ValueError, "background has 1 features"),
        ({"background": csr_array(X)}, TypeError, "background is sparse"),
        ({"order": "first"}, ValueError, "order='first' is not known"),
        ({"n_steps": 0}, ValueError, "n_steps=0 is not possible"),
        ({"n_steps": 2.5}, ValueError, "n_steps=2.5 is not possible"),
        ({"n_draws": True}, ValueError, "n_draws=True is not possible"),
        ({"relevance": X[:2]}, ValueError, r"relevance has shape \(2, 2\); it has to be \(4, 2\)"),
        ({"relevance": X[0]}, ValueError, "relevance has shape"),
        ({"relevance": np.where(X == 1, np.nan, X)}, ValueError, "contains nan in row 1, column 0"),
        ({"relevance": csr_array(X)}, TypeError, "relevance is sparse"),
        ({"relevance": "neon"}, TypeError, "relevance is a str"),
        ({"relevance": EXPLAINER.explain(X[:3])}, ValueError, "explanation has 3 rows, but X has 4"),
        ({"target": 7}, ValueError, "target=.*7"),
    ],
)
@pytest.mark.parametrize("curve_of", [deletion_curve, insertion_curve])
def test_curves(curve_of, asked, error, message):
    with pytest.raises(error, match=message):
        curve_of(EXPLAINER, X, **asked)


def test_explainers_and_rows():
    with pytest.raises(TypeError, match="explainer is a KMeans, but a fitted"):
        deletion_curve(KMeans(2), X)
    with pytest.raises(NotFittedError):
        deletion_curve(ClusterExplainer(KMeans(2)), X)
    with pytest.raises(TypeError, match=r"X is sparse \(csr_array\).*toarray"):
        deletion_curve(EXPLAINER, csr_array(X))
    with pytest.raises((TypeError, ValueError), match="X is no table of finite numbers"):
        deletion_curve(EXPLAINER, ["a text", "another"])
    with pytest.raises(ValueError, match=r"no table of finite numbers.*row 2"):
        deletion_curve(EXPLAINER, [[0, 0], [1, 1], [np.nan, 0]])
    with pytest.raises(ValueError, match="X has 3 features, but the explainer has 2"):
        deletion_curve(EXPLAINER, np.zeros((2, 3)))


def test_columns_of_categories_and_codes():
    frame = pd.DataFrame({"a": [0.0, 0.5, 4.0, 5.0], "b": list("uvuv")})
    steps = make_column_transformer((PowerTransformer(), ["a"]), (OneHotEncoder(), ["b"]))
    explainer = ClusterExplainer(make_pipeline(steps, KMeans(2, random_state=0))).fit(frame)
    with pytest.raises(TypeError, match=r"no table of finite numbers.*b"):
        deletion_curve(explainer, frame)
    numbers = frame.assign(b=[0, 1, 0, 1])
    model = make_pipeline(steps, KMeans(2, random_state=0))
    assert np.isfinite(deletion_curve(ClusterExplainer(model).fit(numbers), numbers, replacement="rows").area)
    with pytest.raises(ValueError, match=r"Relevance is about 3 columns.*pull_back='input'"):
        deletion_curve(ClusterExplainer(model, pull_back="codes").fit(numbers), numbers)


def test_compare():
    with pytest.raises(ValueError, match="A method is called 'random'"):
        compare(EXPLAINER, X, {"random": X})
    with pytest.raises(ValueError, match=r"methods\['flat'\] has shape \(4,\)"):
        compare(EXPLAINER, X, {"flat": X[:, 0]})


@pytest.mark.parametrize(
    ("informative", "asked", "message"),
    [
        ([2], {}, "informative contains 2, but features are counted from 0 to 1"),
        ([-1], {}, "informative contains -1"),
        ([True], {}, r"mask of shape \(1,\)"),
        (["x0"], {}, "can't be read"),
        ([0.5], {}, "can't be read"),
        ([0, 1], {}, "2 of 2 features"),
        ([False, False], {}, "0 of 2 features"),
        ([0], {"top": 0}, "top=0 is not possible"),
        ([0], {"top": 3}, "top=3 is not possible"),
        ([0], {"statistic": "max"}, "statistic='max' is not known"),
    ],
)
def test_recovery(informative, asked, message):
    with pytest.raises(ValueError, match=message):
        recovery(X, informative, **asked)


def test_recovery_of_names_and_of_nothing():
    with pytest.raises(ValueError, match="'x7', which is no feature; they are called 'x0', 'x1'"):
        recovery(EXPLAINER.explain(X), ["x7"])
    with pytest.raises(ValueError, match=r"shape \(0, 2\)"):
        recovery(np.empty((0, 2)), [0])


def test_stability():
    for asked, message in (
        ({"kind": "shaking"}, "kind='shaking' is not known; choose one of noise"),
        ({"of": "features"}, "of='features'"),
        ({"scale": -1}, "scale=-1 is not possible"),
        ({"scale": "1"}, "scale='1' is not possible"),
        ({"n_repeats": 0}, "n_repeats=0"),
    ):
        with pytest.raises(ValueError, match=message):
            stability(EXPLAINER, X, **asked)
    with pytest.raises(TypeError, match=r"A Centroids can't be fitted anew.*kind='noise'"):
        stability(EXPLAINER, X, kind="resampling")
    with pytest.raises(ValueError, match=r"A DBSCAN has no random_state.*resampling"):
        stability(DBSCAN(eps=2, min_samples=2), X, kind="refitting")
    with pytest.raises(ValueError, match="X has 1 feature"):
        stability(KMeans(2), X[:, :1])


def test_randomisation():
    def factory(given):
        return EXPLAINER

    for asked, message in (
        ({"labels": [0, 1, 0, 1], "centers": X}, "both given"),
        ({"labels": [0, 1]}, r"labels have shape \(2,\), but there are 4 rows"),
        ({"centers": [[0, 0]]}, "centers have shape"),
        ({"centers": [[0], [1]]}, "centers have shape"),
        ({"n_repeats": 0}, "n_repeats=0"),
    ):
        with pytest.raises(ValueError, match=message):
            randomisation_check(factory, X, **asked)
    with pytest.raises(TypeError, match="returned a NoneType"):
        randomisation_check(lambda given: None, X)
    with pytest.raises(ValueError, match="X has 1 feature"):
        randomisation_check(factory, X[:, :1])


def test_columns_in_another_order():
    """Relevance belongs to the columns that it is named after; where it has no names, that is asked for."""
    frame = pd.DataFrame(X, columns=["a", "b"])
    explainer = ClusterExplainer(Centroids([[0, 0], [4, 2]])).fit(frame)
    e = explainer.explain(frame)
    R = pd.DataFrame(e.relevance, columns=["a", "b"])
    turned = frame[["b", "a"]]
    right = deletion_curve(explainer, frame, R.to_numpy())
    assert right.logits.tolist() != deletion_curve(explainer, frame, R.to_numpy()[:, ::-1]).logits.tolist()
    for rows, relevance in (
        (frame, R),
        (frame, R[["b", "a"]]),
        (turned, R),
        (turned, R[["b", "a"]]),
        (turned, e),
    ):
        assert deletion_curve(explainer, rows, relevance).logits.tolist() == right.logits.tolist()
    with pytest.raises(ValueError, match=r"relevance has no names of columns.*\('a', ...\)"):
        deletion_curve(explainer, turned, R.to_numpy())
    with pytest.raises(ValueError, match="relevance is no frame of the columns of X"):
        deletion_curve(explainer, frame, R.rename(columns={"a": "c"}))
    found = compare(explainer, turned, {"values": lambda rows: rows, "same": R})
    same = compare(explainer, frame, {"values": frame.to_numpy()})
    assert found.deletion["values"].areas.tolist() == same.deletion["values"].areas.tolist()
    assert found.deletion["same"].areas.tolist() == found.deletion["neon"].areas.tolist()
    with pytest.raises(ValueError, match=r"methods\['values'\] has no names"):
        compare(explainer, turned, {"values": lambda rows: rows.to_numpy()})
    other = ClusterExplainer(Centroids([[0, 0], [2, 4]])).fit(turned).explain(turned)
    assert deletion_curve(explainer, frame, other).logits.tolist() == right.logits.tolist()


def test_one_row_is_no_background():
    for kind in ("mean", "rows"):
        with pytest.raises(ValueError, match="X has one row, which is no background"):
            deletion_curve(EXPLAINER, X[:1], replacement=kind)
    assert deletion_curve(EXPLAINER, X[:1], background=X).logits[0] == 20
