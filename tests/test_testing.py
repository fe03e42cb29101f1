"""The public checks accept what is right, and reject what is broken."""

import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from neonxai.networks import CentroidNetwork, CentroidTreeNetwork, family
from neonxai.sources import Source, register
from neonxai.testing import check_network, check_source

WINE = StandardScaler().fit_transform(load_wine().data)
IRIS = load_iris().data
CENTERS = KMeans(4, n_init=1, random_state=0).fit(WINE).cluster_centers_


@family("test-broken")
class Broken(CentroidNetwork):
    """A base for networks with one fault each."""


class LosesRelevance(Broken):
    def redistribute(self, X, clusters, coefficients):
        relevance, absorbed = super().redistribute(X, clusters, coefficients)
        return relevance * 1.0001, absorbed


class AbsorbsFromNothing(Broken):
    def redistribute(self, X, clusters, coefficients):
        relevance, absorbed = super().redistribute(X, clusters, coefficients)
        return relevance, absorbed + 0.1


class WrongMidpoint(Broken):
    """The root at (μ_c − μ_k)/2, scaled back so that the sum is right."""

    def redistribute(self, X, clusters, coefficients):
        relevance, absorbed = super().redistribute(X, clusters, coefficients)
        return np.repeat(relevance.mean(axis=1, keepdims=True), X.shape[1], axis=1) * np.sign(X), absorbed


class NotLinear(Broken):
    """Right in its sum, but one feature takes from another by the square of the coefficients."""

    def redistribute(self, X, clusters, coefficients):
        relevance, absorbed = super().redistribute(X, clusters, coefficients)
        relevance[:, 0] += coefficients.sum(axis=1) ** 2
        relevance[:, 1] -= coefficients.sum(axis=1) ** 2
        return relevance, absorbed


class DependsOnTheBatch(Broken):
    def redistribute(self, X, clusters, coefficients):
        relevance, absorbed = super().redistribute(X, clusters, coefficients)
        shift = coefficients.sum() * 0.01 / len(X) * np.sqrt(len(X))
        relevance[:, 0] += shift
        relevance[:, 1] -= shift
        return relevance, absorbed


class OwnClusterNotMasked(Broken):
    def evidence(self, X, clusters=None, *, beta=0.0):
        clusters, h = super().evidence(X, clusters, beta=beta)
        h[np.arange(len(X)), clusters] = 0.0
        return clusters, h


class AssignsTheFarthest(Broken):
    def evidence(self, X, clusters=None, *, beta=0.0):
        if clusters is None:
            clusters = ((X[:, None] - self.centers) ** 2).sum(axis=2).argmax(axis=1)
        return super().evidence(X, clusters, beta=beta)


class NotAntisymmetric(Broken):
    def evidence(self, X, clusters=None, *, beta=0.0):
        clusters, h = super().evidence(X, clusters, beta=beta)
        return clusters, h * (1.0 + 0.1 * clusters[:, None])


class ForgetsItsState(Broken):
    def to_state(self):
        return {"centers": self.centers[::-1]}


@pytest.mark.parametrize(
    "network",
    [
        CentroidNetwork(CENTERS),
        CentroidTreeNetwork([[[0.0] * 13, [1.0] * 13], [[0.5] * 13, [2.0] * 13]], [[-1, 1], [-2, -3]]),
    ],
)
def test_sound_networks_pass(network):
    check_network(network, WINE[::5])


@pytest.mark.parametrize("broken", Broken.__subclasses__())
def test_broken_networks_are_rejected(broken):
    name = broken.__name__
    cls = family(name)(broken)
    with pytest.raises(AssertionError):
        check_network(cls(CENTERS), WINE[::5])


def test_the_faults_alone_are_what_is_rejected():
    check_network(Broken(CENTERS), WINE[::5])


@pytest.mark.parametrize("X", [WINE, IRIS], ids=["wine", "iris"])
@pytest.mark.parametrize("model", [KMeans(5, n_init=1, random_state=1), BisectingKMeans(7, random_state=1)])
def test_sources_pass(model, X):
    model.fit(X)
    check_source(model, X, model.predict(X))


def test_a_source_with_names_passes():
    iris = load_iris()
    model = NearestCentroid().fit(iris.data, iris.target_names[iris.target])
    check_source(model, iris.data, model.predict(iris.data))


class OtherKMeans:
    """A clustering of somebody else's library."""

    def __init__(self, centers):
        self.centers = centers


OtherKMeans.__module__ = "otherlibrary.cluster"


def test_a_registered_source_is_checked():
    labels = CentroidNetwork(CENTERS).evidence(WINE)[0]
    register("otherlibrary.OtherKMeans")(lambda model: Source(CentroidNetwork(model.centers), tuple("abcd")))
    check_source(OtherKMeans(CENTERS), WINE, np.array(list("abcd"))[labels])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda model: Source(CentroidNetwork(model.centers), tuple("abc")), "3 names for 4 clusters"),
        (lambda model: Source(CentroidNetwork(model.centers), tuple("abca")), "more than once"),
        (lambda model: Source(CentroidNetwork(model.centers), tuple("bacd")), "assigned differently"),
        (
            lambda model: Source(CentroidNetwork(model.centers[:, ::-1]), tuple("abcd")),
            "assigned differently",
        ),
        (lambda model: Source(LosesRelevance(model.centers), tuple("abcd")), "conservation"),
        (
            lambda model: (
                model.__dict__.update(seen=True),
                Source(CentroidNetwork(model.centers), tuple("abcd")),
            )[1],
            "the model was changed",
        ),
    ],
)
def test_broken_sources_are_rejected(fault, message):
    labels = np.array(list("abcd"))[CentroidNetwork(CENTERS).evidence(WINE)[0]]
    register("otherlibrary.OtherKMeans")(fault)
    with pytest.raises((AssertionError, ValueError), match=message):
        check_source(OtherKMeans(CENTERS), WINE, labels)
