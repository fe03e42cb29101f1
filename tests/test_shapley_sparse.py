"""Shapley values and integrated shares of sparse rows."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder

from neonxai import ClusterExplainer, Explanation
from neonxai.networks import CentroidNetwork, LinearNetwork, sparse_shapley
from neonxai.networks.additive import pieces
from neonxai.networks.integrated import integrated
from neonxai.networks.shapley import shapley
from neonxai.networks.sparse_integrated import integrated_sparse
from neonxai.networks.sparse_rows import as_linear
from neonxai.networks.sparse_shapley import shapley_sparse
from neonxai.networks.walking import Rules, enumerated
from shapley_reference import many_values

RNG = np.random.default_rng(3)
N_TERMS = 60
PLAYED = np.sort(RNG.choice(N_TERMS, 6, replace=False))
CENTERS = RNG.normal(size=(4, N_TERMS))
METRIC = np.eye(N_TERMS) + 0.3 / N_TERMS
NETWORKS = {
    "k-means": CentroidNetwork(CENTERS),
    "linear": LinearNetwork(CENTERS @ METRIC, CENTERS, RNG.normal(size=4), probabilistic=True),
}
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])
LAYER_2 = {"min": ("min", 1.0), "soft": ("soft", 0.3), "soft, no end": ("soft", np.inf)}


def rows_of(n, columns, rng, filling=0.6):
    """Rows with some of these terms."""
    rows = np.zeros((n, N_TERMS))
    rows[:, columns] = rng.exponential(size=(n, len(columns))) * (rng.random((n, len(columns))) < filling)
    return rows


X, B = rows_of(5, PLAYED, RNG), rows_of(4, PLAYED, RNG)
TARGETS, RIVALS = np.array([0, 1, 2, 3, 1]), np.array([3, 0, 1, 2, 2])


class Embedded:
    """A network of which only some columns are varied; the others are 0, and their absence speaks."""

    def __init__(self, network, columns):
        self.network, self.columns, self.n_clusters = network, columns, network.n_clusters

    def evidence(self, Z, clusters):
        full = np.zeros((len(Z), N_TERMS))
        full[:, self.columns] = Z
        return self.network.evidence(full, clusters)


def check_same(found, wanted):
    """1e-10 of Σ|R|, as all families promise."""
    size = np.abs(wanted).sum(axis=1, keepdims=True)
    assert (np.abs(found - wanted) <= 1e-10 * size).all()


@pytest.mark.parametrize("rivals", [None, RIVALS], ids=["all", "one"])
@pytest.mark.parametrize("layer_2", LAYER_2.values(), ids=LAYER_2)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_it_is_the_definition(network, layer_2, rivals):
    pooling, beta = layer_2
    asked = {"weights": WEIGHTS, "pooling": pooling, "beta": beta}
    embedded = Embedded(network, PLAYED)
    wanted = np.zeros(X.shape)
    wanted[:, PLAYED] = many_values(embedded, X[:, PLAYED], TARGETS, B[:, PLAYED], rivals, **asked)
    linear = as_linear(network)
    found = shapley_sparse(linear, csr_array(X), TARGETS, csr_array(B), rivals=rivals, **asked)
    values = found.values.toarray()
    check_same(values, wanted)
    assert found.standard_error.nnz == found.values.nnz
    assert not found.standard_error.data.any()
    base = shapley(network, X, TARGETS, B, rivals=rivals, **asked).base_value
    np.testing.assert_allclose(found.base_value, base, rtol=1e-12, atol=1e-12)
    # Broken subjects: terms that only the background has left out; a background of nothing; other weights.
    without_absent = np.where(X != 0.0, values, 0.0)
    empty = shapley_sparse(linear, csr_array(X), TARGETS, csr_array(0.0 * B), rivals=rivals, **asked)
    others = asked | {"weights": WEIGHTS[::-1]}
    uneven = shapley_sparse(linear, csr_array(X), TARGETS, csr_array(B), rivals=rivals, **others)
    for broken in (without_absent, empty.values.toarray(), uneven.values.toarray()):
        with pytest.raises(AssertionError):
            check_same(broken, wanted)


MANY = np.sort(RNG.choice(N_TERMS, 14, replace=False))
MANY_X, MANY_B = rows_of(12, MANY, RNG, 0.9), rows_of(4, MANY, RNG, 0.9)
MANY_TARGETS = np.arange(12) % 4


def exact(network, pooling, beta):
    """All 2^14 coalitions of the terms that are played with."""
    values = np.zeros(MANY_X.shape)
    rules = Rules(pooling, beta, np.zeros(0, int), np.zeros(0, int), None)
    for row, own in enumerate(MANY_TARGETS):
        against = np.delete(np.arange(4), own)
        terms, rests = pieces(network, np.vstack([MANY_B, MANY_X[row : row + 1]]), own, against, MANY_B[0])
        rests = rests + np.delete(terms, MANY, axis=1)[:, :, 0].sum(axis=1)
        of_background, of_row = terms[:, MANY, :4], terms[:, MANY, 4:]
        values[row, MANY] = enumerated(of_row, of_background, rests, WEIGHTS, rules)[:, 0]
    return values


def check_errors(found, wanted):
    """Deviations are on average what standard errors say, or less, as permutations are spread evenly.

    Their squares are compared, not each with its own error, which is coarse where few walks gain anything.
    """
    told = np.mean([values.standard_error.power(2).sum() for values in found])
    actual = np.mean([np.square(values.values.toarray() - wanted).sum() for values in found])
    assert 0.6 < np.sqrt(actual / told) < 1.2


@pytest.mark.parametrize("layer_2", LAYER_2.values(), ids=LAYER_2)
def test_many_terms_are_walked_through(layer_2):
    pooling, beta = layer_2
    network = NETWORKS["linear"]
    wanted = exact(network, pooling, beta)
    sparse = network, csr_array(MANY_X), MANY_TARGETS, csr_array(MANY_B)
    asked = {"weights": WEIGHTS, "pooling": pooling, "beta": beta}
    found = [shapley_sparse(*sparse, **asked, n_permutations=8, random_state=seed) for seed in range(20)]
    check_errors(found, wanted)
    too_small = [one._replace(standard_error=0.5 * one.standard_error) for one in found]
    for broken, truth in ((found, wanted[:, ::-1]), (too_small, wanted)):
        with pytest.raises(AssertionError):
            check_errors(broken, truth)
    mean = np.mean([one.values.toarray() for one in found], axis=0)
    size = np.abs(wanted).sum(axis=1)
    assert (np.abs(mean - wanted).max(axis=1) < 0.01 * size).all()


def test_one_rival_is_a_difference():
    network = NETWORKS["linear"]
    rivals = (MANY_TARGETS + 1) % 4
    asked = {"weights": WEIGHTS, "rivals": rivals}
    found = shapley_sparse(network, csr_array(MANY_X), MANY_TARGETS, csr_array(MANY_B), **asked)
    tilts = network.weights[MANY_TARGETS] - network.weights[rivals]
    check_same(found.values.toarray(), (MANY_X - WEIGHTS @ MANY_B) * tilts)
    assert not found.standard_error.data.any()
    with pytest.raises(AssertionError):
        check_same(found.values.toarray(), (MANY_X - MANY_B.mean(axis=0)) * tilts)


def test_blocks_of_any_size(monkeypatch):
    asked = {"weights": WEIGHTS, "pooling": "soft", "beta": 0.7}
    sparse = NETWORKS["linear"], csr_array(MANY_X), MANY_TARGETS, csr_array(MANY_B)
    whole = shapley_sparse(*sparse, **asked)
    for size in (1, 7, 100):
        monkeypatch.setattr(sparse_shapley, "_BLOCK_VALUES", size)
        check_same(shapley_sparse(*sparse, **asked).values.toarray(), whole.values.toarray())


def test_a_row_does_not_depend_on_its_neighbors():
    asked = {"weights": WEIGHTS, "tol": 0.01, "n_permutations": 64}

    def values(rows, **others):
        sparse = csr_array(MANY_X[rows]), MANY_TARGETS[rows], csr_array(MANY_B)
        return shapley_sparse(NETWORKS["linear"], *sparse, **asked, **others).values.toarray()

    everyone = np.arange(len(MANY_X))
    whole = values(everyone)
    np.testing.assert_array_equal(values(everyone[::-1])[::-1], whole)
    for row in everyone[:3]:
        np.testing.assert_array_equal(values([row])[0], whole[row])
    assert not np.array_equal(values(everyone, random_state=1), whole)


def test_rows_stop_by_their_errors():
    sparse = NETWORKS["linear"], csr_array(MANY_X), MANY_TARGETS, csr_array(MANY_B)
    rough = shapley_sparse(*sparse, weights=WEIGHTS, tol=0.02, n_permutations=512)
    fine = shapley_sparse(*sparse, weights=WEIGHTS, n_permutations=512)

    def shares(found):
        return found.standard_error.max(axis=1).toarray() / np.abs(found.values.toarray()).sum(axis=1)

    assert (shares(rough) < 0.02).all()
    assert np.median(shares(rough)) > 3.0 * np.median(shares(fine))


def test_stored_zeros_empty_rows_and_rows_of_the_background():
    zero = csr_array(([0.0, 2.0], [3, 5], [0, 2, 2]), shape=(2, N_TERMS))
    network, targets = NETWORKS["linear"], np.array([0, 1])
    asked = {"weights": np.ones(1)}
    found = shapley_sparse(network, zero, targets, csr_array(zero[:1]), **asked)
    assert not found.values.toarray()[0].any()  # it is the background itself
    alone = shapley_sparse(network, zero, targets, csr_array((1, N_TERMS)), **asked)
    assert not alone.values.toarray()[1].any()  # neither has anything
    assert alone.values.toarray()[0].nonzero()[0].tolist() == [5]


@pytest.mark.parametrize("rivals", [None, RIVALS], ids=["all", "one"])
@pytest.mark.parametrize("layer_2", LAYER_2.values(), ids=LAYER_2)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_integrated_is_the_dense_one(network, layer_2, rivals):
    asked = dict(zip(("pooling", "beta"), layer_2, strict=True), rivals=rivals)
    mean = WEIGHTS @ B
    wanted = integrated(network, X, TARGETS, mean, **asked)
    found = integrated_sparse(as_linear(network), csr_array(X), TARGETS, csr_array(mean[None]), **asked)
    check_same(found.values.toarray(), wanted.values)
    size = np.abs(wanted.values).sum(axis=1)
    assert (np.abs(found.absorbed - wanted.absorbed) <= 1e-10 * size).all()
    assert (np.abs(found.base_value - wanted.base_value) <= 1e-10 * size).all()
    with pytest.raises(AssertionError):
        check_same(np.where(X != 0.0, found.values.toarray(), 0.0), wanted.values)


COUNTS = RNG.poisson(0.2 + 1.5 * (RNG.integers(3, size=90)[:, None] == np.arange(40) % 3), (90, 40))
SPARSE = csr_array(COUNTS.astype(float))
PRESENT = COUNTS > 0
MODELS = {
    "k-means": KMeans(3, n_init=1, random_state=0),
    "scaled": make_pipeline(MaxAbsScaler(), KMeans(3, n_init=1, random_state=0)),
    "tf-idf": make_pipeline(TfidfTransformer(), KMeans(4, n_init=1, random_state=0)),
    "reduced": make_pipeline(TruncatedSVD(5, random_state=0), KMeans(3, n_init=1, random_state=0)),
}
QUESTIONS = {"own": {}, "target": {"target": 1}, "against": {"target": 1, "against": 2}}


def explainer(model=MODELS["k-means"], rows=SPARSE, **asked):
    return ClusterExplainer(model, **{"method": "shapley", "n_permutations": 4, **asked}).fit(rows)


def check_conserved(e):
    total = e.relevance.sum(axis=1) + e.absent + e.absorbed + e.base_value
    size = abs(e.relevance).sum(axis=1) + np.abs(e.absent) + np.abs(e.absorbed) + np.abs(e.base_value)
    assert (np.abs(total - e.logits) <= 1e-10 * size).all()
    assert (e.conservation_error() <= 1e-10 * size).all()


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("pooling", ["min", "soft"])
@pytest.mark.parametrize("method", ["shapley", "integrated"])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_sparse_rows_end_to_end(model, method, pooling, asked):
    game = explainer(model, method=method, pooling=pooling)
    e, dense = game.explain(SPARSE[:30], **asked), game.explain(SPARSE[:30], dense=True, **asked)
    assert isinstance(e.relevance, csr_array)
    np.testing.assert_array_equal(e.relevance.indices, SPARSE[:30].indices)
    check_conserved(e)
    with pytest.raises(AssertionError):
        check_conserved(replace(e, absent=np.zeros(30)))
    neon = ClusterExplainer(model, pooling=pooling).fit(SPARSE).explain(SPARSE[:30], **asked)
    np.testing.assert_allclose(e.logits, neon.logits, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(e.competitors, neon.competitors)
    # The dense answer has the same permutations.
    here = PRESENT[:30]
    absent = np.where(here, 0.0, dense.relevance).sum(axis=1)
    check_same(
        np.column_stack([e.relevance.toarray(), e.absent]),
        np.column_stack([np.where(here, dense.relevance, 0.0), absent]),
    )
    assert np.any(absent)
    assert dense.absent is None
    if method == "integrated":
        assert e.standard_error is None
        return
    np.testing.assert_array_equal(e.standard_error.indices, e.relevance.indices)
    np.testing.assert_allclose(
        e.standard_error.toarray(), np.where(here, dense.standard_error, 0.0), rtol=1e-12, atol=1e-15
    )
    assert (e.standard_error.data.max() == 0.0) == ("against" in asked)


def test_sparse_and_dense_games_agree_within_errors():
    """Other permutations, but the same game: dense rows walk with all features."""
    sparse = explainer(n_permutations=32)
    dense = explainer(sparse.model_, SPARSE.toarray(), n_permutations=32, background=sparse.background_)
    ours, theirs = sparse.explain(SPARSE, dense=True), dense.explain(SPARSE.toarray())
    told = np.square(ours.standard_error).mean() + np.square(theirs.standard_error).mean()
    assert 0.6 < np.sqrt(np.square(ours.relevance - theirs.relevance).mean() / told) < 1.2
    np.testing.assert_allclose(ours.base_value, theirs.base_value, rtol=1e-12)
    one = {"target": 1, "against": 2}
    check_same(
        sparse.explain(SPARSE, dense=True, **one).relevance,
        dense.explain(SPARSE.toarray(), **one).relevance,
    )


def test_rows_are_the_same_in_any_form_and_company():
    game = explainer()
    e = game.explain(SPARSE)
    for given in (csr_matrix(SPARSE), SPARSE.tocsc(), SPARSE.tocoo()):
        np.testing.assert_array_equal(game.explain(given).relevance.data, e.relevance.data)
    alone = game.explain(SPARSE[7:8])
    np.testing.assert_allclose(alone.relevance.data, e[7].relevance.data, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(alone.standard_error.data, e[7].standard_error.data, rtol=1e-12, atol=1e-12)


def test_no_row_is_made_dense(monkeypatch):
    game = explainer()

    def toarray(self, *_, **__):
        raise AssertionError(f"{self.shape} is made dense")

    monkeypatch.setattr(csr_array, "toarray", toarray)
    game.explain(SPARSE)
    with pytest.raises(AssertionError, match="made dense"):
        game.explain(SPARSE, dense=True)


def test_a_list_of_documents():
    documents = [" ".join(np.repeat([f"w{i:02d}" for i in range(40)], row)) for row in COUNTS]
    words = TfidfVectorizer()
    game = explainer(make_pipeline(words, KMeans(3, n_init=1, random_state=0)), documents)
    e = game.explain(documents[:10])
    check_conserved(e)
    assert set(e[:1].to_frame("pandas")["term"]) == set(documents[0].split())
    direct = explainer(
        game.model_[-1], game.model_[0].transform(documents), background=game.background_, beta=game.beta_
    )
    given = csr_array(game.model_[0].transform(documents[:10]))
    np.testing.assert_allclose(direct.explain(given).relevance.data, e.relevance.data, rtol=1e-9, atol=1e-12)


def test_codes_of_categories_go_back_to_their_columns():
    """A sparse step in front of columns whose codes are added up: a dense answer, without standard errors."""
    table = np.random.default_rng(0).integers(4, size=(60, 5)).astype(float)
    game = explainer(make_pipeline(OneHotEncoder(), KMeans(3, n_init=1, random_state=0)), table)
    e = game.explain(table)
    assert e.relevance.shape == table.shape
    assert e.standard_error is None
    size = np.abs(e.relevance).sum(axis=1) + np.abs(e.base_value)
    assert (e.conservation_error() <= 1e-10 * size).all()


@pytest.mark.parametrize("key", [3, slice(2, 9), PRESENT[:, 0]], ids=["one", "slice", "mask"])
def test_slices_keep_their_errors(key):
    e = explainer().explain(SPARSE)
    some = e[key]
    check_conserved(some)
    wanted = np.atleast_2d(e.standard_error.toarray()[key])
    np.testing.assert_array_equal(some.standard_error.toarray(), wanted)
    assert e.to_numpy() is e
    repr(some)
    some._repr_html_()


def test_files(tmp_path):
    game = explainer()
    e = game.explain(SPARSE)
    e.save(tmp_path / "e")
    loaded = Explanation.load(tmp_path / "e")
    for name in ("relevance", "standard_error"):
        ours, theirs = getattr(e, name), getattr(loaded, name)
        assert isinstance(theirs, csr_array)
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))
    check_conserved(loaded)
    game.save(tmp_path / "game")
    again = ClusterExplainer.load(tmp_path / "game").explain(SPARSE)
    np.testing.assert_array_equal(again.relevance.data, e.relevance.data)
    np.testing.assert_array_equal(again.standard_error.data, e.standard_error.data)
    replace(e, standard_error=e.standard_error[:5]).save(tmp_path / "broken")
    with pytest.raises(ValueError, match="no whole explanation"):
        Explanation.load(tmp_path / "broken")


def test_input_is_left_alone():
    given = SPARSE.copy()
    game = explainer()
    background = game.background_.copy()
    game.explain(given)
    np.testing.assert_array_equal(given.data, SPARSE.data)
    np.testing.assert_array_equal(given.indices, SPARSE.indices)
    np.testing.assert_array_equal(game.background_, background)


def test_bad_input(tmp_path):
    diagonal = make_pipeline(
        TruncatedSVD(3, random_state=0), GaussianMixture(2, covariance_type="diag", random_state=0)
    )
    with pytest.raises(TypeError, match='Choose method="neon"'):
        explainer(diagonal)
    with pytest.raises(TypeError, match='Choose method="neon"'):
        explainer(BisectingKMeans(3, random_state=0))
    mixture = GaussianMixture(2, covariance_type="diag", reg_covar=1e-2, random_state=0).fit(COUNTS)
    with pytest.raises(TypeError, match="DiagonalGaussianNetwork is not known to be linear in sparse rows"):
        explainer(mixture, COUNTS.astype(float)).explain(SPARSE)
    with pytest.raises(TypeError, match="would summarise sparse rows"):
        explainer(background=KMeans(5))
    with pytest.raises(ValueError, match="background= has 2 rows of 39 features"):
        explainer(background=SPARSE[:2, :39])
    wrong = SPARSE.copy()
    wrong.data[3] = np.nan
    with pytest.raises(ValueError, match="X contains nan in row 0"):
        explainer().explain(wrong)
    with pytest.raises(ValueError, match="out= is for dense relevance"):
        explainer().explain(SPARSE, out=tmp_path / "out")
    with pytest.raises(ValueError, match="against itself"):
        explainer().explain(SPARSE, target=1, against=1)
