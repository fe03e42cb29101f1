"""Rows in CSR: what dense rows give, entry by entry, and one number for what is absent."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csr_array

from neonxai.networks import CentroidNetwork, DiagonalGaussianNetwork, LinearNetwork, sparse_rows
from neonxai.networks.pooling import min_pool
from neonxai.networks.present import close_present
from neonxai.networks.sparse_rows import (
    as_linear,
    canonical_rows,
    sparse_evidence,
    sparse_redistribute,
)

RNG = np.random.default_rng(5)


@pytest.fixture(params=[False, True], ids=["NumPy", "kernel"], autouse=True)
def kernel(request, monkeypatch):
    """Sum up by NumPy, and by the kernel, however little there is."""
    if request.param:
        pytest.importorskip("numba")
    monkeypatch.setattr(sparse_rows, "_WORTH_A_KERNEL", -1.0 if request.param else np.inf)


N_ROWS, N_FEATURES, N_CLUSTERS = 90, 60, 7


def documents(density=0.1):
    X = sparse.random_array((N_ROWS, N_FEATURES), density=density, rng=RNG, format="csr")
    X.data -= 0.2  # of either sign
    return X


def far_column():
    """A column that every row has, 1e8 times its spread away."""
    dense = documents().toarray()
    dense[:, 0] = 1e8 + RNG.random(N_ROWS)
    return csr_array(dense)


def empty_rows():
    X = csr_array(sparse.diags_array((np.arange(N_ROWS) % 3 > 0).astype(float)) @ documents())
    X.eliminate_zeros()
    return X


def stored_zeros():
    X = documents(0.3)
    X.data[::4] = 0.0
    return X


def long_indices():
    X = documents()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


ROWS = {
    "a tenth": documents(),
    "a few": documents(0.01),
    "all": documents(1.0),
    "float32": documents().astype(np.float32),
    "empty rows": empty_rows(),
    "nothing at all": csr_array((N_ROWS, N_FEATURES)),
    "stored zeros": stored_zeros(),
    "int64 indices": long_indices(),
    "a far column": far_column(),
}

CENTERS = RNG.random((N_CLUSTERS, N_FEATURES)) * (RNG.random((N_CLUSTERS, N_FEATURES)) < 0.3)
FACTOR = RNG.standard_normal((N_FEATURES, N_FEATURES)) / np.sqrt(N_FEATURES)
WEIGHTS = (CENTERS - CENTERS.mean(axis=0)) @ (FACTOR.T @ FACTOR)
OFFSETS = RNG.standard_normal(N_CLUSTERS)
CLOSE = CENTERS.copy()
CLOSE[1] = CLOSE[0] + 1e-7 * RNG.random(N_FEATURES)
FAR = CENTERS.copy()
FAR[:, 0] += 1e8
NETWORKS = {
    "k-means": LinearNetwork(2 * CENTERS, CENTERS, probabilistic=False),
    "a metric, and offsets": LinearNetwork(WEIGHTS, CENTERS, OFFSETS),
    "weights of few digits": LinearNetwork(WEIGHTS.astype(np.float32), CENTERS, OFFSETS),
    "a close pair": LinearNetwork(2 * CLOSE, CLOSE, probabilistic=False),
    "far centers": LinearNetwork(2 * FAR, FAR, probabilistic=False),
    "two clusters": LinearNetwork(2 * CENTERS[:2], CENTERS[:2], probabilistic=False),
}
each_network = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
each_rows = pytest.mark.parametrize("X", ROWS.values(), ids=ROWS)


def row_of(X):
    return np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))


def by_row(X, values):
    return np.bincount(row_of(X), values, minlength=X.shape[0])


def present(X):
    mask = np.zeros(X.shape, dtype=bool)
    mask[row_of(X), X.indices] = True
    return mask


def some_coefficients(n_rows, network, clusters):
    a = RNG.random((n_rows, network.n_clusters)) ** 8  # some rivals matter, most hardly
    a[np.arange(n_rows), clusters] = 0.0
    return a


def check_against_dense(network, X, redistribute=sparse_redistribute):
    """Entry by entry what the dense network says, and the rest in one number."""
    dense = X.toarray().astype(np.float64)
    clusters = network.evidence(dense)[0]
    a = some_coefficients(X.shape[0], network, clusters)
    relevance, absent, absorbed = redistribute(network, X, clusters, a)
    wanted, wanted_absorbed = network.redistribute(dense, clusters, a)
    scale = np.abs(wanted).sum(axis=1)
    assert np.all(np.abs(relevance - wanted[row_of(X), X.indices]) <= 1e-10 * scale[row_of(X)])
    assert np.all(np.abs(absent - np.where(present(X), 0.0, wanted).sum(axis=1)) <= 1e-10 * scale)
    np.testing.assert_allclose(absorbed, wanted_absorbed, rtol=1e-12, atol=1e-14)


def check_conservation(network, X, redistribute=sparse_redistribute):
    """Σ present + absent + absorbed = Σ a h, which come from different sums."""
    clusters, h = sparse_evidence(network, X)
    a = some_coefficients(X.shape[0], network, clusters)
    relevance, absent, absorbed = redistribute(network, X, clusters, a)
    total = by_row(X, relevance) + absent + absorbed
    wanted = np.einsum("nk,nk->n", a, np.where(np.isinf(h), 0.0, h))
    scale = by_row(X, np.abs(relevance)) + np.abs(absent) + np.abs(absorbed)
    assert np.all(np.abs(total - wanted) <= 1e-12 * scale)


@each_rows
@each_network
def test_evidence_is_that_of_dense_rows(network, X):
    for beta in (0.0, 3.0, np.inf):
        clusters, h = sparse_evidence(network, X, beta=beta)
        wanted_clusters, wanted = network.evidence(X.toarray(), beta=beta)
        assert np.array_equal(clusters, wanted_clusters)
        np.testing.assert_allclose(h, wanted, rtol=1e-10)
    asked = np.arange(X.shape[0]) % network.n_clusters
    given, h = sparse_evidence(network, X, asked)
    assert np.array_equal(given, asked)
    np.testing.assert_allclose(h, network.evidence(X.toarray(), asked)[1], rtol=1e-10)


@each_rows
@each_network
def test_relevance_is_that_of_dense_rows(network, X):
    check_against_dense(network, X)


@each_rows
@each_network
def test_conservation(network, X):
    check_conservation(network, X)


def _without_absent(network, X, clusters, a):
    relevance, absent, absorbed = sparse_redistribute(network, X, clusters, a)
    return relevance, np.zeros_like(absent), absorbed


def _absent_spread(network, X, clusters, a):
    """Conserves, but gives the present entries what the absent ones account for."""
    relevance, absent, absorbed = sparse_redistribute(network, X, clusters, a)
    count = np.maximum(np.diff(X.indptr), 1)
    return relevance + (absent / count)[row_of(X)], np.zeros_like(absent), absorbed


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        (check_against_dense, _without_absent),
        (check_conservation, _without_absent),
        (check_against_dense, _absent_spread),
    ],
)
def test_a_broken_redistribution_is_rejected(check, broken):
    with pytest.raises(AssertionError):
        check(NETWORKS["k-means"], ROWS["a tenth"], broken)


def test_exactly():
    """By fractions: one row, one pair, one feature at a time."""
    mu, w, v = CENTERS[:3], WEIGHTS[:3], OFFSETS[:3]
    network = LinearNetwork(w, mu, v)
    X = ROWS["a tenth"][:20]
    clusters, h = sparse_evidence(network, X)
    a = some_coefficients(20, network, clusters)
    relevance, absent, _ = sparse_redistribute(network, X, clusters, a)
    for n, c in enumerate(clusters):
        x = X[[n]].toarray()[0]
        parts = [Fraction(0)] * N_FEATURES
        for k in {0, 1, 2} - {int(c)}:
            z = [
                (Fraction(w[c, i]) - Fraction(w[k, i]))
                * (Fraction(x[i]) - (Fraction(mu[c, i]) + Fraction(mu[k, i])) / 2)
                for i in range(N_FEATURES)
            ]
            assert h[n, k] == pytest.approx(float(sum(z) + Fraction(v[c]) - Fraction(v[k])), rel=1e-10)
            parts = [part + Fraction(a[n, k]) * z_i for part, z_i in zip(parts, z, strict=True)]
        here = X.indices[X.indptr[n] : X.indptr[n + 1]]
        scale = float(sum(map(abs, parts)))
        np.testing.assert_allclose(
            relevance[X.indptr[n] : X.indptr[n + 1]], [float(parts[i]) for i in here], atol=1e-13 * scale
        )
        rest = float(sum(parts) - sum(parts[i] for i in here))
        assert absent[n] == pytest.approx(rest, abs=1e-13 * scale)


def test_ties_are_ties():
    """No present term tells the first three centers apart: h is 0, and the lowest index wins."""
    centers = np.zeros((4, N_FEATURES))
    centers[:3, :3] = 0.1 * np.eye(3)
    centers[3] = 9.0
    X = ROWS["a tenth"].toarray()
    X[:, :3] = 0.0
    clusters, h = sparse_evidence(as_linear(CentroidNetwork(centers)), csr_array(X))
    assert not clusters.any()
    assert not h[:, 1:3].any()


def test_rows_do_not_depend_on_each_other():
    network, X = NETWORKS["a metric, and offsets"], ROWS["stored zeros"]
    clusters, _ = sparse_evidence(network, X)
    a = some_coefficients(N_ROWS, network, clusters)
    relevance, absent, _ = sparse_redistribute(network, X, clusters, a)
    for part in (slice(0, 1), slice(17, 40), slice(89, 90)):
        rows = X[part]
        assert np.array_equal(sparse_evidence(network, rows)[0], clusters[part])
        alone, alone_absent, _ = sparse_redistribute(network, rows, clusters[part], a[part])
        whole = relevance[X.indptr[part.start] : X.indptr[part.stop]]
        np.testing.assert_allclose(alone, whole, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(alone_absent, absent[part], rtol=1e-12, atol=1e-15)


def test_the_network_is_the_same_afterwards():
    network = LinearNetwork(WEIGHTS, CENTERS, OFFSETS)
    X = ROWS["a tenth"]
    before = [array.copy() for array in (X.data, X.indices, X.indptr)]
    dense = network.evidence(X.toarray())[1]
    check_against_dense(network, X)
    assert np.array_equal(network.evidence(X.toarray())[1], dense)
    assert type(network) is LinearNetwork
    for array, old in zip((X.data, X.indices, X.indptr), before, strict=True):
        assert np.array_equal(array, old)


def test_many_clusters_and_entries_take_several_blocks():
    centers = RNG.random((3000, N_FEATURES))
    check_against_dense(LinearNetwork(2 * centers, centers), ROWS["a tenth"])


def test_k_means_is_linear():
    linear = as_linear(CentroidNetwork(CENTERS))
    X = ROWS["a tenth"]
    clusters, h = sparse_evidence(linear, X, beta=1.0)
    wanted_clusters, wanted = CentroidNetwork(CENTERS).evidence(X.toarray(), beta=1.0)
    assert np.array_equal(clusters, wanted_clusters)
    np.testing.assert_allclose(h, wanted, rtol=1e-10)
    assert linear.default_pooling == "min"
    assert linear.default_beta is None
    assert as_linear(linear) is linear
    assert (
        as_linear(DiagonalGaussianNetwork(CENTERS, np.ones_like(CENTERS), np.ones(N_CLUSTERS) / N_CLUSTERS))
        is None
    )


def test_what_is_stored_twice_is_summed():
    data, row, column = [1.0, 2.0, 4.0, 0.0], [0, 0, 0, 1], [3, 1, 3, 2]
    shape = (2, 5)
    unsorted = csr_array((data[:3], column[:3], [0, 3, 3]), shape=shape)
    before = unsorted.indices.copy()
    for X in (unsorted, sparse.coo_array((data, (row, column)), shape=shape)):
        rows = canonical_rows(X)
        assert rows.has_canonical_format
        np.testing.assert_array_equal(rows.toarray()[0], [0, 2, 0, 5, 0])
    assert rows.nnz == 3  # the stored zero is there
    assert np.array_equal(unsorted.indices, before)
    assert unsorted.nnz == 3


@pytest.mark.parametrize(
    "kind", ["csr_matrix", "csc_array", "coo_matrix", "lil_array", "dok_array", "bsr_array"]
)
def test_any_format(kind):
    X = ROWS["a tenth"]
    rows = canonical_rows(getattr(sparse, kind)(X))
    assert isinstance(rows, csr_array)
    np.testing.assert_array_equal(rows.toarray(), X.toarray())


def test_types_of_numbers():
    X = ROWS["a tenth"]
    assert canonical_rows(X.astype(np.float32)).dtype == np.float32
    for dtype in (bool, np.int8, np.uint64, np.longdouble):
        assert canonical_rows((X * 100).astype(dtype)).dtype == np.float64
    same = canonical_rows(X)
    assert same.data is X.data or np.shares_memory(same.data, X.data)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (csr_array([[0.0, 1.0], [np.nan, 0.0]]), "contains nan in row 1, column 0"),
        (csr_array([[0.0, np.inf], [1.0, 0.0]]), "contains inf in row 0, column 1"),
        (csr_array([[1j, 0.0]]), "dtype complex128"),
        (csr_array((0, 4)), r"shape \(0, 4\)"),
        (sparse.coo_array(np.ones(3)), r"shape \(3,\)"),
    ],
)
def test_unfit_rows(X, message):
    with pytest.raises(ValueError, match=message):
        canonical_rows(X)


def test_rounding_is_closed_and_faults_are_not():
    X = ROWS["empty rows"]
    network = NETWORKS["k-means"]
    clusters, h = sparse_evidence(network, X)
    pooled = min_pool(h, 2.0)
    relevance, absent, absorbed = sparse_redistribute(network, X, clusters, pooled.coefficients)
    scale = by_row(X, np.abs(relevance)) + np.abs(absent)
    sums = pooled.logits * (1 + 1e-12 * RNG.random(N_ROWS))
    sums[4] += 1e-6 * scale[4]
    total = close_present(relevance, X.indptr, absent, sums)
    np.testing.assert_allclose(total, scale, rtol=1e-10)
    left = np.abs(by_row(X, relevance) + absent - sums) / scale
    assert left[4] == pytest.approx(1e-6, rel=1e-3)
    assert np.all(np.delete(left, 4) < 1e-15)
    assert not absorbed.any()
