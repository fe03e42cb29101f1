"""Networks behind affine maps, against the slow form, each other, and themselves before folding."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

import folding_reference as slow
from folding_material import (
    ASKED,
    CLOSE,
    FAMILIES,
    MAPS,
    SCORED,
    SOME,
    WINE,
    assert_close,
    centroid,
    components,
    explained,
    fuzzy,
    labels,
    means,
    scaler,
    slow_map,
    union,
)
from neonxai import storage
from neonxai.networks import CentroidNetwork, GaussianNetwork, Network, fold, linear_form, network_from_state
from neonxai.networks.affine import AffineMap
from neonxai.networks.base import family_name
from neonxai.networks.folded import ScaledNetwork
from neonxai.testing import check_network


def check_against_pairs(network, case, affine, rows, back=slow.send_back):
    """Relevance for any target and coefficients is what the parts of the evidence send back."""
    X = WINE[rows]
    rng = np.random.default_rng(0)
    for clusters in (network.evidence(X)[0], rng.integers(0, 3, len(X))):
        coefficients = rng.random((len(X), 3))
        coefficients[np.arange(len(X)), clusters] = 0.0
        found, absorbed = network.redistribute(X, clusters, coefficients)
        for n, row in enumerate(rows):
            parts, e = case.parts(int(row)), X[n]
            wanted = sum(
                coefficients[n, k] * slow.relevance_of(parts(affine(e), clusters[n], k), e, affine, back)
                for k in range(3)
                if k != clusters[n]
            )
            np.testing.assert_allclose(found[n], wanted, atol=CLOSE * np.abs(wanted).sum(), rtol=0)
        h = network.evidence(X, clusters)[1]
        total = np.einsum("nk,nk->n", coefficients, np.where(np.isinf(h), 0.0, h))
        sizes = np.abs(found).sum(axis=1) + np.abs(absorbed)
        np.testing.assert_allclose((found.sum(axis=1) + absorbed - total) / sizes, 0.0, atol=1e-12)


def check_against_scores(network, case, affine, rows, back=slow.send_back):
    X = WINE[rows]
    clusters = np.ones(len(X), dtype=np.intp)
    found = network.redistribute(X, clusters, np.tile([1.0, 0.0], (len(X), 1)))[0]
    for n, row in enumerate(rows):
        wanted = slow.relevance_of(case.parts(int(row))(affine(X[n])), X[n], affine, back)
        np.testing.assert_allclose(found[n], wanted, atol=CLOSE * np.abs(wanted).sum(), rtol=0)


def check_for(name):
    return check_against_scores if name in SCORED else check_against_pairs


@pytest.mark.parametrize("affine", MAPS)
@pytest.mark.parametrize("name", FAMILIES)
def test_relevance_is_the_slow_one(name, affine):
    affine = MAPS[affine]()
    case = FAMILIES[name](affine(WINE))
    check_for(name)(fold(case.network, affine), case, slow_map(affine), ASKED)


@pytest.mark.parametrize("mistake", slow.MISTAKES)
@pytest.mark.parametrize("affine", ["two components", "all components"])
@pytest.mark.parametrize("name", FAMILIES)
def test_mistakes_are_found(name, affine, mistake):
    affine = MAPS[affine]()
    case = FAMILIES[name](affine(WINE))
    with pytest.raises(AssertionError):
        check_for(name)(fold(case.network, affine), case, slow_map(affine), ASKED, mistake)


@pytest.mark.parametrize("name", ["gaussian", "diagonal", "fuzzy", "density"])
def test_the_gradient_at_the_end_is_found(name):
    affine = components(2)
    case = FAMILIES[name](affine(WINE))
    with pytest.raises(AssertionError):
        check_for(name)(fold(case.network, affine), case, slow_map(affine), ASKED, slow.gradient_at_the_end)


@pytest.mark.parametrize("affine", MAPS)
@pytest.mark.parametrize("name", FAMILIES)
def test_folded_networks_keep_their_contract(name, affine):
    affine = MAPS[affine]()
    network = FAMILIES[name](affine(WINE)).network
    folded = fold(network, affine)
    check_network(folded, WINE[::6])
    # And what the network says about itself.
    assert (folded.n_clusters, folded.n_features) == (network.n_clusters, WINE.shape[1])
    for told in ("default_pooling", "default_beta", "default_target", "bystanders"):
        assert getattr(folded, told) == getattr(network, told)
    if network.prototypes is None:
        assert folded.prototypes is None
    else:
        np.testing.assert_allclose(affine(folded.prototypes), network.prototypes, atol=1e-9)
    known = network.known_labels(affine(WINE))
    if known is None:
        assert folded.known_labels(WINE) is None
    else:
        np.testing.assert_array_equal(folded.known_labels(WINE), known)
        assert np.count_nonzero(known >= 0) >= len(SOME)


@pytest.mark.parametrize("name", FAMILIES)
def test_evidence_is_that_of_the_mapped_row(name):
    affine = components(3)
    network = FAMILIES[name](affine(WINE)).network
    clusters, evidence = network.evidence(affine(WINE))
    found, folded = fold(network, affine).evidence(WINE)
    np.testing.assert_array_equal(found, clusters)
    finite = np.isfinite(evidence)
    np.testing.assert_allclose(
        folded[finite], evidence[finite], rtol=1e-9, atol=1e-12 * evidence[finite].max()
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_the_identity_changes_nothing(name):
    network = FAMILIES[name](WINE).network
    assert fold(network, AffineMap.selection(np.arange(5), 5)) is network
    # Neither does one that looks as if it mixed.
    turned = AffineMap.of(np.linalg.qr(np.random.default_rng(0).random((5, 5)))[0])
    back = AffineMap(turned.inverse, np.zeros(5), turned.matrix, np.zeros(5))
    assert_close(explained(fold(fold(network, turned), back), WINE[ASKED]), explained(network, WINE[ASKED]))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    "second", [lambda: components(2, scaler()(WINE)), lambda: scaler(scaler()(WINE) + 3.0)]
)
def test_folded_twice_is_folded_by_both(name, second):
    first, second = scaler(), second()
    both = first.then(second)
    network = FAMILIES[name](both(WINE)).network
    twice = fold(fold(network, second), first)
    assert_close(explained(twice, WINE[ASKED]), explained(fold(network, both), WINE[ASKED]))


@pytest.mark.parametrize("name", FAMILIES)
def test_behind_a_scaler_relevance_is_that_of_scaled_rows(name):
    network = FAMILIES[name](scaler()(WINE)).network
    found = explained(fold(network, scaler()), WINE[ASKED])
    assert_close(found, explained(network, scaler()(WINE[ASKED])), 1e-13)
    # The same map as one that may mix.
    dense = scaler()
    object.__setattr__(dense, "is_mixing", True)
    assert_close(explained(fold(network, dense), WINE[ASKED]), found)


@pytest.mark.parametrize("name", [n for n in FAMILIES if n not in {"diagonal", "gaussian", "linear"}])
def test_all_components_are_no_component(name):
    """Distances don't change under rotation, and so neither does anything that is made of them."""
    plain = FAMILIES[name](scaler()(WINE)).network
    turned = FAMILIES[name](components(5)(WINE)).network
    found = explained(fold(turned, components(5)), WINE[ASKED])
    assert_close(found, explained(fold(plain, scaler()), WINE[ASKED]))


def test_a_pipeline_of_scikit_learn():
    X = load_iris().data
    scale = StandardScaler().fit(X)
    model = KMeans(3, n_init=1, random_state=0).fit(scale.transform(X))
    pca = PCA().fit(scale.transform(X))
    rotated = KMeans(3, n_init=1, init=pca.transform(model.cluster_centers_)).fit(
        pca.transform(scale.transform(X))
    )
    first = AffineMap.scaling(1 / scale.scale_, center=scale.mean_)
    both = first.then(AffineMap.of(pca.components_, center=pca.mean_))
    assert_close(
        explained(fold(CentroidNetwork(rotated.cluster_centers_), both), X[::7]),
        explained(fold(CentroidNetwork(model.cluster_centers_), first), X[::7]),
        1e-9,
    )


# Files.


@pytest.mark.parametrize("affine", MAPS)
@pytest.mark.parametrize("name", FAMILIES)
def test_saved_and_read_again_the_same_bits(name, affine, tmp_path):
    affine = MAPS[affine]()
    network = fold(FAMILIES[name](affine(WINE)).network, affine)
    storage.write(tmp_path / "network.npz", "network", {"family": family_name(network)}, network.to_state())
    fields, arrays = storage.read(tmp_path / "network.npz", "network", fields=["family"], arrays=None)
    again = network_from_state(fields["family"], arrays)
    assert type(again) is type(network)
    for ours, theirs in zip(explained(again, WINE), explained(network, WINE), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(again.evidence(WINE)[1], network.evidence(WINE)[1])


# Bad input, and families of others.


def test_centers_without_a_preimage_are_refused():
    affine = union()
    mu = means(affine(WINE))
    assert fold(CentroidNetwork(mu), affine).n_clusters == 3
    mu[1, 6] += 0.1
    for network in (CentroidNetwork(mu), GaussianNetwork(mu, np.tile(np.eye(7), (3, 1, 1)), np.zeros(3))):
        with pytest.raises(ValueError, match=r'column 6 of what these give, by 0\..*pull_back="stop"'):
            fold(network, affine)
    with pytest.raises(ValueError, match="never lead"):
        linear_form(CentroidNetwork(mu), affine)


def test_columns_that_no_row_can_change():
    constant = AffineMap(np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([0.0, 3.0]), np.eye(2) / 2, np.zeros(2))
    with pytest.raises(ValueError, match="never lead"):
        fold(CentroidNetwork([[0.0, 3.0], [1.0, 4.0]]), constant)
    folded = fold(CentroidNetwork([[0.0, 3.0], [1.0, 3.0]]), constant)
    check_network(folded, [[0.3, 5.0], [0.1, -2.0]])
    assert not explained(folded, np.array([[0.3, 5.0]]))[0][:, 1].any()


def test_centers_in_float32_have_preimages():
    affine = union()
    mu = means(affine(WINE)).astype(np.float32)
    assert fold(CentroidNetwork(mu), affine).n_clusters == 3


def test_another_number_of_columns_is_refused():
    with pytest.raises(ValueError, match=r"gives 2 values can't be folded into Centroid.* takes 5"):
        fold(centroid(WINE).network, components(2))


class Foreign(Network):
    """Somebody else's network, which wraps ours."""

    def __init__(self, inner):
        self.inner = inner

    n_clusters = property(lambda self: self.inner.n_clusters)
    n_features = property(lambda self: self.inner.n_features)

    def evidence(self, X, clusters=None, *, beta=0.0):
        return self.inner.evidence(X, clusters, beta=beta)

    def redistribute(self, X, clusters, coefficients):
        return self.inner.redistribute(X, clusters, coefficients)

    def to_state(self):
        return self.inner.to_state()

    @classmethod
    def from_state(cls, state):
        return cls(CentroidNetwork.from_state(state))


def test_a_foreign_family_is_scaled_but_not_mixed():
    network = centroid(scaler()(WINE)).network
    ours = explained(fold(network, scaler()), WINE[ASKED])
    assert_close(explained(fold(Foreign(network), scaler()), WINE[ASKED]), ours)
    with pytest.raises(TypeError, match=r'Foreign gets back .* pull_back="stop"; or register'):
        fold(Foreign(centroid(components(2)(WINE)).network), components(2))


def test_a_map_that_mixes_is_no_scaler():
    with pytest.raises(ValueError, match="mixes inputs"):
        ScaledNetwork(centroid(components(2)(WINE)).network, components(2))


def test_linear_form_is_the_same_network():
    for name in ("centroid", "linear"):
        for affine in (scaler(), components(3)):
            network = FAMILIES[name](affine(WINE)).network
            assert_close(
                explained(linear_form(network, affine), WINE[ASKED]),
                explained(fold(network, affine), WINE[ASKED]),
            )
    with pytest.raises(TypeError, match="FuzzyNetwork is not linear"):
        linear_form(fuzzy(WINE).network, scaler())


def test_prototypes_that_lack_stay_lacking():
    affine = components(2)
    folded = fold(labels(2.0, noise=1)(affine(WINE)).network, affine)
    assert np.isnan(folded.prototypes).all(axis=1).tolist() == [False, True, False]
