"""The kernel of sparse rows gives what NumPy gives."""

import numpy as np
import pytest
from scipy import sparse

pytest.importorskip("numba")

from neonxai.networks import CentroidNetwork, LinearNetwork, sparse_rows
from neonxai.networks.sparse_rows import as_linear, canonical_rows, sparse_redistribute

RNG = np.random.default_rng(3)
N_ROWS, N_FEATURES, N_CLUSTERS = 80, 200, 9
CENTERS = RNG.normal(size=(N_CLUSTERS, N_FEATURES)) + 3.0
NETWORKS = {
    "centroid": as_linear(CentroidNetwork(CENTERS)),
    "even": LinearNetwork(2.0 * CENTERS, CENTERS),
    "uneven": LinearNetwork(2.0 * CENTERS + RNG.normal(size=N_FEATURES), CENTERS),
}


def documents(dtype, indices):
    """Rows of any number of terms, one without."""
    X = sparse.random_array((N_ROWS, N_FEATURES), density=0.1, rng=np.random.default_rng(1), format="csr")
    X.data -= 0.3
    X.data[X.indptr[4] : X.indptr[5]] = 0.0
    X.eliminate_zeros()
    X = canonical_rows(X.astype(dtype))
    X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    X.data.flags.writeable = False
    return X


def check_same(redistribute, network, X, monkeypatch):
    """Within rounding of all that a row sums up."""
    rng = np.random.default_rng(2)
    clusters, coefficients = rng.integers(N_CLUSTERS, size=N_ROWS), rng.normal(size=(N_ROWS, N_CLUSTERS))
    coefficients[np.arange(N_ROWS), clusters] = 0.0
    monkeypatch.setattr(sparse_rows, "_WORTH_A_KERNEL", np.inf)
    plain = sparse_redistribute(network, X, clusters, coefficients)
    monkeypatch.setattr(sparse_rows, "_WORTH_A_KERNEL", -1)
    fast = redistribute(network, X, clusters, coefficients)
    size = sum(np.abs(part).max() for part in plain)
    for of_fast, of_plain in zip(fast, plain, strict=True):
        np.testing.assert_allclose(of_fast, of_plain, rtol=0, atol=1e-14 * size)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("indices", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kernel_is_the_reference(network, dtype, indices, monkeypatch):
    check_same(sparse_redistribute, network, documents(dtype, indices), monkeypatch)


def test_a_broken_subject_is_rejected(monkeypatch):
    def without_what_is_absent(*given):
        relevance, absent, absorbed = sparse_redistribute(*given)
        return relevance, 0.0 * absent, absorbed

    with pytest.raises(AssertionError):
        check_same(without_what_is_absent, NETWORKS["even"], documents(np.float64, np.int32), monkeypatch)


def test_sizes_are_what_numpy_sums_up(monkeypatch):
    """They decide which rows are computed again, pair by pair."""
    X, network = documents(np.float64, np.int32), sparse_rows._SparseRows(NETWORKS["uneven"])
    rng = np.random.default_rng(4)
    clusters, coefficients = rng.integers(N_CLUSTERS, size=N_ROWS), rng.normal(size=(N_ROWS, N_CLUSTERS))
    weights = np.abs(coefficients)
    _, _, sizes = network._combined_by_kernel(X, clusters, coefficients, weights)
    np.testing.assert_allclose(sizes, network._present_sizes(X, clusters, weights), rtol=1e-12)
