"""The same game, played by the shap package."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from neonxai import ClusterExplainer
from shapley_reference import logit

shap = pytest.importorskip("shap")


def standardised(data, n_clusters):
    X = StandardScaler().fit_transform(data)
    model = KMeans(n_clusters, n_init=1, random_state=0).fit(X)
    return X, ClusterExplainer(model, method="shapley", background=X[::4]).fit(X)


def play(kind, game, x, cluster, **asked):
    """SHAP's answer for one row; the cluster is fixed."""
    background = game.background_
    masker = shap.maskers.Independent(background, max_samples=len(background))
    subject = kind(
        lambda Z: logit(game.network_, Z, cluster),
        masker,
        **({} if kind is shap.ExactExplainer else {"seed": 0}),
    )
    return subject(x[None], silent=True, **asked)


@pytest.mark.parametrize("row", [0, 60, 120])
def test_exactly_on_iris(row):
    X, game = standardised(load_iris().data, 3)
    e = game.explain(X[row : row + 1])
    theirs = play(shap.ExactExplainer, game, X[row], int(e.targets[0]))
    np.testing.assert_allclose(e.relevance, theirs.values, rtol=0, atol=1e-10 * np.abs(e.relevance).sum())
    assert e.base_value[0] == pytest.approx(theirs.base_values[0], rel=1e-10)


def test_within_the_error_on_wine():
    X, game = standardised(load_wine().data, 6)
    game.set_params(n_permutations=128)
    rows = X[[3, 100]]
    e = game.explain(rows)
    for row, x in enumerate(rows):
        exact = play(shap.ExactExplainer, game, x, int(e.targets[row]))
        apart = np.abs(e.relevance[row] - exact.values[0])
        assert (apart <= 5 * e.standard_error[row] + 1e-10).all()
        # 32 pairs of walks: twice our standard error.
        walked = play(shap.PermutationExplainer, game, x, int(e.targets[row]), max_evals=32 * 27)
        apart = np.abs(e.relevance[row] - walked.values[0])
        assert (apart <= 5 * np.sqrt(5) * e.standard_error[row] + 1e-10).all()
