"""Every metric: worked by hand, with bad explanations that it rejects, and broken forms that are rejected."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

from neonxai import Centroids, ClusterExplainer, evaluation

WINE = StandardScaler().fit_transform(load_wine().data)
KMEANS = KMeans(3, n_init=3, random_state=0).fit(WINE)
CORNERS = ClusterExplainer(Centroids([[0, 0], [4, 2]])).fit([[0, 0]])
# At (0, 0, 0), R_i = (b_i − x_i)² − x_i² = b_i² − 2 b_i x_i = (16, 4, 1).
THREE = ClusterExplainer(Centroids([[0, 0, 0], [4, 2, 1]])).fit([[0, 0, 0]])
CHANCE = np.random.default_rng(3)


def bad(R):
    return {"random": CHANCE.random(R.shape), "reversed": -R, "constant": np.ones_like(R)}


class OfFixedNoise(np.random.Generator):
    """Draws of normal numbers are these: the first row goes 1.8 deviations along the first feature."""

    def standard_normal(self, size=None):
        noise = np.zeros(size)
        noise[0, 0] = 1.8
        return noise


class Bad(ClusterExplainer):
    """An explainer whose relevance says nothing."""

    def explain(self, X, *asked, **options):
        e = super().explain(X, *asked, **options)
        return replace(e, relevance=self.made_up(np.asarray(e.relevance)))


class Random(Bad):
    def made_up(self, R):
        return CHANCE.random(R.shape)


class Constant(Bad):
    def made_up(self, R):
        return np.ones_like(R)


class EverReversed(Bad):
    """Each explanation is the reverse of the one before."""

    sign = 1

    def made_up(self, R):
        EverReversed.sign *= -1
        return EverReversed.sign * R


def check_deletion():
    curve = evaluation.deletion_curve(CORNERS, [[0, 0]], replacement=[3, 2])
    assert curve.logits.tolist() == [20, -4, -12]
    assert curve.area == (20 - 4) / 4 + (-4 - 12) / 4
    explainer = ClusterExplainer(KMEANS).fit(WINE)
    R = explainer.transform(WINE)
    areas = {n: evaluation.deletion_curve(explainer, WINE, each).areas for n, each in bad(R).items()}
    own = evaluation.deletion_curve(explainer, WINE).areas
    for each in areas.values():
        gain = each - own
        assert gain.mean() > 4 * gain.std() / np.sqrt(len(gain))


def check_insertion():
    curve = evaluation.insertion_curve(CORNERS, [[0, 0]], replacement=[3, 2])
    assert curve.logits.tolist() == [-12, 12, 20]
    assert curve.area == 0 + 32 / 4
    explainer = ClusterExplainer(KMEANS).fit(WINE)
    R = explainer.transform(WINE)
    own = evaluation.insertion_curve(explainer, WINE).areas
    for each in bad(R).values():
        gain = own - evaluation.insertion_curve(explainer, WINE, each).areas
        assert gain.mean() > 4 * gain.std() / np.sqrt(len(gain))


def check_recovery():
    """Mean |R| is (3, 1, 2, 0): of the first two, one is among the two largest; 3 of 4 pairs are in order."""
    R = np.array([[3.0, 1.0, -2.0, 0.0], [-3.0, 1.0, -2.0, 0.0]])
    found = evaluation.recovery(R, [0, 1])
    assert (found.recall, found.auc) == (1 / 2, 3 / 4)
    true = np.zeros((50, 40))
    true[:, :8] = 1 + CHANCE.random((50, 8))
    own = evaluation.recovery(true, range(8), statistic="mean")
    assert (own.recall, own.auc) == (1, 1)
    # By chance 8/40 and ½; the standard deviation of the latter is √((8 + 32 + 1) / (12 · 8 · 32)) = 0.12.
    for name, each in bad(true).items():
        found = evaluation.recovery(each, range(8), statistic="mean")
        assert found.recall < 0.75, name
        assert found.auc <= 0.5 + 3 * 0.12, name
    assert (found.recall, found.auc) == (8 / 40, 0.5)  # constant


def check_stability():
    """With x_0 = 3.6, R = (16 − 8 · 3.6, 4, 1): ranks 3, 2, 1 become 1, 3, 2, and r = 1 − 6 · 6 / 24 = −½.

    The other row stays as it is; the first one leaves its cluster, as Σ R < 0.
    """
    rows = [[0, 0, 0], [4, 2, 1]]
    noise = OfFixedNoise(np.random.PCG64())
    found = evaluation.stability(THREE, rows, scale=1.0, n_repeats=1, random_state=noise)
    assert found.correlations.tolist() == [(-0.5 + 1) / 2]
    assert found.agreement.tolist() == [0.5]
    own = evaluation.stability(ClusterExplainer(KMEANS), WINE, scale=0.01)
    assert own.correlation > 0.98
    assert abs(evaluation.stability(Random(KMEANS), WINE, scale=0.01).correlation) < 0.1
    assert np.isnan(evaluation.stability(Constant(KMEANS), WINE, scale=0.01).correlation)
    repeated = evaluation.stability(EverReversed(KMEANS), WINE, scale=0.01, n_repeats=1)
    assert repeated.correlation < -0.98


def check_randomisation():
    """Relevance (3, 2, 1) becomes (1, 2, 3), r = −1, then (3, 1, 2): 1 − 6 · 2 / 24 = ½."""
    orders = iter([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [3.0, 1.0, 2.0]])

    def factory(given):
        R = np.array([next(orders)] * 4)
        return lambda rows: R

    found = evaluation.randomisation_check(factory, np.zeros((4, 3)), n_repeats=2)
    assert found.correlations.tolist() == [-1, 0.5]
    assert found.correlation == -0.25
    # Always the same model, whatever the columns are; only β is settled anew.
    frozen = evaluation.randomisation_check(lambda X: ClusterExplainer(KMEANS).fit(X), WINE)
    assert frozen.correlation > 0.9
    true = evaluation.randomisation_check(
        lambda X: ClusterExplainer(KMeans(3, n_init=1, random_state=0)).fit(X), WINE
    )
    assert true.correlation < 0.5
    flat = evaluation.randomisation_check(lambda X: np.ones_like, WINE)
    assert np.isnan(flat.correlation)


CHECKS = {
    "deletion_curve": check_deletion,
    "insertion_curve": check_insertion,
    "recovery": check_recovery,
    "stability": check_stability,
    "randomisation_check": check_randomisation,
}


def test_every_metric_is_checked():
    found = {name for name in evaluation.__all__ if hasattr(getattr(evaluation, name), "metric")}
    assert found == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_metric(name):
    CHECKS[name]()


def backwards(ranks_of):
    return lambda relevance, rng, *, descending: ranks_of(relevance, rng, descending=not descending)


def blind(ranks_of):
    return lambda relevance, rng, *, descending: ranks_of(np.ones_like(relevance), rng, descending=descending)


def plain_mean(weights):
    return lambda steps: np.full(len(steps), 1 / len(steps))


def unsigned(correlations):
    return lambda a, b: np.abs(correlations(a, b))


def of_values(correlations):
    return lambda a, b: np.array([np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)])


def downwards(rankdata):
    return lambda scores: rankdata(-scores)


def always_one(correlations):
    return lambda a, b: np.ones(len(a))


BROKEN = [
    ("deletion_curve", "flipping", "ranks_of", backwards),
    ("deletion_curve", "flipping", "ranks_of", blind),
    ("deletion_curve", "flipping", "trapezoid_weights", plain_mean),
    ("insertion_curve", "flipping", "ranks_of", backwards),
    ("insertion_curve", "flipping", "ranks_of", blind),
    ("insertion_curve", "flipping", "trapezoid_weights", plain_mean),
    ("recovery", "recovery", "rankdata", downwards),
    ("recovery", "recovery", "relevance_of", lambda relevance_of: lambda R: -(relevance_of(R) ** 3) + 30),
    ("stability", "stability", "row_correlations", unsigned),
    ("stability", "stability", "row_correlations", of_values),
    ("stability", "stability", "row_correlations", always_one),
    ("randomisation_check", "randomisation", "row_correlations", unsigned),
    ("randomisation_check", "randomisation", "row_correlations", always_one),
]


@pytest.mark.filterwarnings("ignore:invalid value")  # of a broken correlation of constants
@pytest.mark.parametrize(("name", "module", "part", "broken"), BROKEN)
def test_broken_metrics_are_rejected(name, module, part, broken, monkeypatch):
    home = sys.modules[f"neonxai.evaluation.{module}"]
    monkeypatch.setattr(home, part, broken(getattr(home, part)))
    with pytest.raises(AssertionError):
        CHECKS[name]()
