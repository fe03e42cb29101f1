r"""Rows in CSR through linear scores: work for the entries that are present, and one number for the others.

In a document most terms are absent, and their absence speaks, too. As h_k is linear,

.. math:: Z_{ik}(x) = Z_{ik}(0) + x_i (W_c - W_k)_i,

an absent entry has Z_ik(0), whichever row it is in, and all that are absent from a row have together
:math:`\sum_i Z_{ik}(0) - \sum_{i\,present} Z_{ik}(0)`, of which the first sum belongs to the clusters alone.
So evidence, relevance and what is absent take products over what is present; no row is ever made dense.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from scipy.sparse import csr_array

from neonxai import kernels
from neonxai.arrays import Doubles, Ints
from neonxai.engines import for_each_tile, n_threads
from neonxai.networks.base import Network
from neonxai.networks.centroid import CentroidNetwork
from neonxai.networks.dissimilarity import rounding
from neonxai.networks.doubled import row_sums, two_difference, two_product
from neonxai.networks.folded import ScaledNetwork
from neonxai.networks.folding import linear_form
from neonxai.networks.linear import LinearNetwork, midpoint_terms
from neonxai.networks.present import places_of, roundings, row_totals, squared, subtract_by_row

# As for dense rows: a row is computed again when the bound on its error exceeds this share of Σ|R|.
_RELEVANCE_TOLERANCE = 2e-13
# Float64 values in one temporary, of which there are about five per rival and entry: 512 KiB.
_BLOCK_VALUES = 1 << 16
# Entries times clusters that take NumPy fifty milliseconds. Nothing but the question decides, so that the
# same question has the same answer, to the last bit, in every process.
_WORTH_A_KERNEL = 1 << 22
_KERNEL_ROWS = 1 << 8
_TIE = 2.0**-90  # twice the working precision, but for what some operations use of it


def canonical_rows(X: Any) -> csr_array:
    """Return rows as a csr_array of floats with sorted indices, each once.

    Parameters
    ----------
    X : sparse matrix or array of shape (n_rows, n_features)
        Any format. Entries that are stored more than once are summed, zeros that are stored stay. float32
        stays float32; all else becomes float64.

    Returns
    -------
    csr_array
        It shares X's memory where that is such an array already. X itself is never changed.

    Raises
    ------
    ValueError
        If X is not two-dimensional, has no rows or columns, is complex, or holds NaN or infinity.

    Examples
    --------
    >>> twice = csr_array(([1.0, 2.0, 4.0], [1, 0, 1], [0, 3]), shape=(1, 2))
    >>> rows = canonical_rows(twice)
    >>> rows.indices, rows.data
    (array([0, 1]..., array([2., 5.]))
    """
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"X is sparse of shape {X.shape}. Pass at least one row and one column.")
    if X.dtype.kind not in "biuf":
        raise ValueError(f"X is sparse of dtype {X.dtype}. Convert it to float64.")
    rows = csr_array(X)
    dtype = np.float32 if rows.dtype == np.float32 else np.float64
    # An object of its own: SciPy notes on it what it finds out, and sorts in place.
    rows = csr_array((rows.data.astype(dtype, copy=False), rows.indices, rows.indptr), rows.shape)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    bad = np.flatnonzero(~np.isfinite(rows.data))
    if len(bad):
        row = int(np.searchsorted(rows.indptr, bad[0], side="right")) - 1
        raise ValueError(
            f"X contains {rows.data[bad[0]]} in row {row}, column {rows.indices[bad[0]]}. Impute or drop "
            "such rows before clustering and explaining."
        )
    return rows


# Tables of many terms take longer to make than a few rows to explain.
_linear_forms: WeakKeyDictionary[Network, LinearNetwork] = WeakKeyDictionary()


def as_linear(network: Network) -> LinearNetwork | None:
    """The same network with linear scores, where it has them: k-means, and any `LinearNetwork`; else None.

    It is kept as long as the network is.

    Examples
    --------
    >>> as_linear(CentroidNetwork([[0.0, 1.0], [2.0, 0.0]])).weights
    array([[0., 2.],
           [4., 0.]])
    """
    if isinstance(network, LinearNetwork):
        return network
    if network not in _linear_forms:
        if isinstance(network, CentroidNetwork):
            form = LinearNetwork(2.0 * network.centers, network.centers, probabilistic=False)
        elif isinstance(network, ScaledNetwork) and isinstance(
            network.inner, CentroidNetwork | LinearNetwork
        ):
            form = linear_form(network.inner, network.affine)
        else:
            return None
        _linear_forms[network] = form
    return _linear_forms[network]


def sparse_evidence(
    network: LinearNetwork, X: csr_array, clusters: Ints | None = None, *, beta: float = 0.0
) -> tuple[Ints, Doubles]:
    """Layer 1, forward, of rows in CSR; see `Network.evidence`.

    Parameters
    ----------
    network : LinearNetwork
        The clustering.
    X : csr_array of shape (n_rows, n_features)
        Rows with each index once, as `canonical_rows` gives them.
    clusters : int array of shape (n_rows,), optional
        The clusters c; by default those that the rows are assigned to.
    beta : float
        The β that the evidence will be pooled with.

    Returns
    -------
    clusters : int array of shape (n_rows,)
        The clusters c.
    evidence : array of shape (n_rows, n_clusters)
        h_k; +inf for c itself.

    Examples
    --------
    >>> network = LinearNetwork([[0.0, 0.0], [4.0, 2.0]], [[0.0, 0.0], [2.0, 1.0]])
    >>> sparse_evidence(network, csr_array([[0.5, 0.0]]))  # (0 − 4)(0.5 − 1) + (0 − 2)(0 − 0.5)
    (array([0]), array([[inf,  3.]]))
    """
    return _SparseRows(network).evidence(X, clusters, beta=beta)


def sparse_redistribute(
    network: LinearNetwork, X: csr_array, clusters: Ints, coefficients: Doubles
) -> tuple[Doubles, Doubles, Doubles]:
    """Layer 1, backward, of rows in CSR; see `Network.redistribute`.

    Parameters
    ----------
    network : LinearNetwork
        The clustering.
    X : csr_array of shape (n_rows, n_features)
        Rows with each index once, as `canonical_rows` gives them.
    clusters : int array of shape (n_rows,)
        The clusters c.
    coefficients : array of shape (n_rows, n_clusters)
        a_k; 0 for c itself.

    Returns
    -------
    relevance : array of shape (n_present,)
        R_i = Σ_k a_k Z_ik of the entries that are present, in the order of ``X.data``.
    absent : array of shape (n_rows,)
        Σ R_i over the entries that are absent.
    absorbed : array of shape (n_rows,)
        Evidence that belongs to no feature.

    Examples
    --------
    >>> network = LinearNetwork([[0.0, 0.0], [4.0, 2.0]], [[0.0, 0.0], [2.0, 1.0]])
    >>> sparse_redistribute(network, csr_array([[0.5, 0.0]]), np.array([0]), np.array([[0.0, 1.0]]))
    (array([2.]), array([1.]), array([0.]))
    """
    return _SparseRows(network).redistribute_present(X, clusters, coefficients)


@dataclass(frozen=True, eq=False)
class _Cells:
    """The present entries of some pairs' rows, a row of cells for each pair, filled up with nothing."""

    pairs: Ints  # (n_pairs,) which pairs
    places: Ints  # (n_pairs, width) in X.data
    filled: Any  # (n_pairs, width) bool
    present: tuple[Doubles, Doubles]  # Z_ik(x) of each, high and low; 0 where nothing is
    at_zero: tuple[Doubles, Doubles]  # Z_ik(0)


@dataclass(frozen=True, eq=False)
class _Roots:
    """Σ_i Z_ik(0) of pairs, over all features, in twice the precision."""

    high: Doubles
    low: Doubles
    magnitude: Doubles  # Σ_i |Z_ik(0)|


class _SparseRows(LinearNetwork):
    """A linear network, of rows in CSR: a view of it that shares all of its tables."""

    def __init__(self, network: LinearNetwork) -> None:
        self.__dict__ = network.__dict__  # what is made for one call is there for the next

    @cached_property
    def _weights_by_feature(self) -> Doubles:
        return np.ascontiguousarray(self._local_weights.T)

    @cached_property
    def _centers_by_feature(self) -> Doubles:
        return np.ascontiguousarray(self._local_centers.T)

    @cached_property
    def _at_zero(self) -> tuple[Doubles, Doubles]:
        """The scores of x = 0 without their offsets, −W_k·(o + μ_k)/2 in local weights; and their sizes."""
        scores, sizes = np.empty(self.n_clusters), np.empty(self.n_clusters)
        step = max(1, _BLOCK_VALUES // self.n_features)
        for start in range(0, self.n_clusters, step):
            block = slice(start, start + step)
            w = self._local_weights[block]
            root, error = two_difference(-self._origin, 0.5 * self._local_centers[block])
            high, low = two_product(root, w)
            low += error * w
            scores[block] = row_sums(high, low)
            sizes[block] = np.sqrt(np.einsum("kd,kd->k", high, high))
        return scores, sizes

    def _dissimilarities(self, X: csr_array) -> tuple[Doubles, Doubles]:
        scores, sizes = self._at_zero
        d: Doubles = np.asarray(X @ self._weights_by_feature, dtype=np.float64)
        d += scores + self._local_offsets
        np.negative(d, out=d)
        errors = np.sqrt(squared(X) @ self._largest**2) * roundings(X)
        errors += rounding(0) * (sizes + np.abs(self._local_offsets)).max()
        return d, errors[:, None]

    def _errors(self, X: csr_array, errors: Doubles) -> Doubles:
        sizes = self._at_zero[1] + np.abs(self._local_offsets)
        bound: Doubles = np.sqrt(squared(X) @ self._squares) * roundings(X)[:, None]
        bound += rounding(0) * sizes
        return bound

    def _differences(self, X: csr_array, clusters: Ints, wanted: Any) -> Doubles:
        rows, rivals = np.nonzero(wanted)
        own = clusters[rows]
        roots = self._root_sums(own, rivals)
        offset, error = self._pair_offsets(own, rivals)
        result = np.zeros(wanted.shape)
        for cells in self._cells(X, rows, own, rivals):
            j = cells.pairs
            sums = row_sums(
                np.column_stack([cells.present[0], -cells.at_zero[0], roots.high[j], offset[j]]),
                np.column_stack([cells.present[1], -cells.at_zero[1], roots.low[j], error[j]]),
            )
            sums[np.abs(sums) < _TIE * roots.magnitude[j]] = 0.0
            result[rows[j], rivals[j]] = sums
        return result

    def _root_sums(self, own: Ints, rivals: Ints) -> _Roots:
        _, first, place = np.unique(own * self.n_clusters + rivals, return_index=True, return_inverse=True)
        nothing = np.zeros((1, self.n_features))
        sums, rest, magnitude = (np.empty(len(first)) for _ in range(3))
        for block, high, low in self._pairs(nothing, np.zeros_like(first), own[first], rivals[first]):
            sums[block] = total = row_sums(high, low)
            nought = np.zeros((len(total), 1))
            rest[block] = row_sums(np.column_stack([high, -total]), np.column_stack([low, nought]))
            magnitude[block] = np.abs(high).sum(axis=1)
        return _Roots(sums[place], rest[place], magnitude[place])

    def _cells(self, X: csr_array, rows: Ints, own: Ints, rivals: Ints) -> Iterator[_Cells]:
        """Go through pairs in blocks, those of the longest rows first."""
        lengths = np.diff(X.indptr)[rows]
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            width = int(lengths[order[start]])
            pairs = order[start : start + max(1, _BLOCK_VALUES // max(1, width))]
            start += len(pairs)
            filled = np.arange(width) < lengths[pairs][:, None]
            places = np.where(filled, X.indptr[rows[pairs]][:, None] + np.arange(width), 0)
            i, c, k = X.indices[places], own[pairs][:, None], rivals[pairs][:, None]
            weights = (filled * self._weights[c, i], filled * self._weights[k, i])
            centers = (self._centers[c, i], self._centers[k, i])
            x = X.data[places]
            yield _Cells(
                pairs,
                places,
                filled,
                midpoint_terms(x, weights, centers),
                midpoint_terms(np.zeros_like(x), weights, centers),
            )

    def redistribute_present(
        self, X: csr_array, clusters: Ints, coefficients: Doubles
    ) -> tuple[Doubles, Doubles, Doubles]:
        """Relevance of what is present, sum over what is absent, and what is absorbed."""
        weights = np.abs(coefficients)
        if X.nnz * self.n_clusters > _WORTH_A_KERNEL and kernels.available():
            relevance, absent, sizes = self._combined_by_kernel(X, clusters, coefficients, weights)
            allowed = self._allowed(X, relevance, absent)
            lossy = np.flatnonzero(sizes > allowed)
        else:
            relevance, absent = self._combine_present(X, clusters, coefficients)
            allowed = self._allowed(X, relevance, absent)
            # The same sums, all signs positive: first by the largest weights, then as they are.
            lossy = np.flatnonzero(4.0 * weights.sum(axis=1) * self._crude_sizes(X) > allowed)
            sizes = self._present_sizes(X[lossy], clusters[lossy], weights[lossy])
            lossy = lossy[sizes > allowed[lossy]]
        if len(lossy):
            negligible = allowed[lossy] / (4.0 * self._crude_sizes(X[lossy]) * self.n_clusters)
            places = places_of(X, lossy)
            relevance[places], absent[lossy] = self._pairwise_present(
                X[lossy], clusters[lossy], coefficients[lossy], negligible
            )
        offsets = self._local_offsets[clusters][:, None] - self._local_offsets
        absorbed: Doubles = np.einsum("nk,nk->n", coefficients, offsets)
        if not self._even:
            absorbed += self._uneven(clusters, coefficients)
        return relevance, absent, absorbed

    def _allowed(self, X: csr_array, relevance: Doubles, absent: Doubles) -> Doubles:
        """What sums may be in size, for their rounding to be small beside relevance."""
        scale: Doubles = np.abs(absent) + row_totals(X, np.abs(relevance))
        return scale * (_RELEVANCE_TOLERANCE / rounding(0))

    def _crude_sizes(self, X: csr_array) -> Doubles:
        far = np.abs(X.data - self._origin[X.indices]) + np.abs(self._origin)[X.indices]
        crude = row_totals(X, far * self._largest[X.indices])
        crude += 2.0 * self._longest + self._at_zero[1].max()
        return crude

    def _combined_by_kernel(
        self, X: csr_array, clusters: Ints, coefficients: Doubles, weights: Doubles
    ) -> tuple[Doubles, Doubles, Doubles]:
        """As `_combine_present` and `_present_sizes`, in one pass."""
        from neonxai.kernels.present import combine_present

        relevance, absent = np.empty(X.nnz), self._all_absent(clusters, coefficients)
        scores = self._at_zero[1]
        sizes: Doubles = weights.sum(axis=1) * scores[clusters] + weights @ scores
        data, indices, indptr = X.data.view(), X.indices.view(), X.indptr.view()
        for part in (data, indices, indptr):
            part.flags.writeable = False  # one type of array, so that one form is compiled
        w, mu = self._weights_by_feature, self._centers_by_feature

        def work(tile: slice) -> None:
            begins = indptr[tile.start : tile.stop + 1]
            of_rows = clusters[tile], coefficients[tile], relevance, absent[tile], sizes[tile]
            combine_present(data, indices, begins, self._origin, w, mu, *of_rows)

        for_each_tile(work, X.shape[0], _KERNEL_ROWS, threads=n_threads())
        return relevance, absent, sizes

    def _all_absent(self, clusters: Ints, coefficients: Doubles) -> Doubles:
        """Σ_k a_k Z_ik(0) over all features."""
        scores = self._at_zero[0]
        absent: Doubles = np.einsum("nk,nk->n", coefficients, scores[clusters][:, None] - scores)
        if not self._even:
            absent -= self._uneven(clusters, coefficients)
        return absent

    def _combine_present(
        self, X: csr_array, clusters: Ints, coefficients: Doubles
    ) -> tuple[Doubles, Doubles]:
        """Σ_k a_k Z_ik of present entries, and the sum over absent ones, by products."""
        absent, relevance = self._all_absent(clusters, coefficients), np.empty(X.nnz)
        total = coefficients.sum(axis=1)
        for block, row, w, mu, a in self._gathered(X, coefficients):
            here, c = np.arange(len(row)), clusters[row]
            own_w, own_mu = w[here, c], mu[here, c]
            mixed_mu = np.einsum("ek,ek->e", a, mu)
            a *= w
            mixed_w = a.sum(axis=1)
            tilt = total[row] * own_w - mixed_w
            shift = total[row] * own_w * own_mu - np.einsum("ek,ek->e", a, mu)
            shift += own_w * mixed_mu - mixed_w * own_mu
            shift *= 0.5
            origin = self._origin[X.indices[block]]
            relevance[block] = (X.data[block] - origin) * tilt - shift
            subtract_by_row(absent, row, -origin * tilt - shift)
        return relevance, absent

    def _gathered(
        self, X: csr_array, coefficients: Doubles
    ) -> Iterator[tuple[slice, Ints, Doubles, Doubles, Doubles]]:
        """Blocks of entries: their rows, and by cluster W, μ and a, each of shape (n_entries, n_clusters)."""
        step = max(1, _BLOCK_VALUES // self.n_clusters)
        for start in range(0, X.nnz, step):
            block = slice(start, min(start + step, X.nnz))
            row = np.searchsorted(X.indptr, np.arange(start, block.stop), side="right") - 1
            feature = X.indices[block]
            yield (
                block,
                row,
                self._weights_by_feature[feature],
                self._centers_by_feature[feature],
                coefficients[row],
            )

    def _uneven(self, clusters: Ints, coefficients: Doubles) -> Doubles:
        """Σ_k a_k ½ (W_c·μ_k − W_k·μ_c): what uneven weights leave of h_k at the root."""
        own, place = np.unique(clusters, return_inverse=True)
        w, mu = self._local_weights, self._local_centers
        cycle = 0.5 * (w[own] @ mu.T - mu[own] @ w.T)
        return np.asarray(np.einsum("nk,nk->n", coefficients, cycle[place]))

    def _present_sizes(self, X: csr_array, clusters: Ints, weights: Doubles) -> Doubles:
        """What `_combine_present` sums up, all signs positive."""
        scores = self._at_zero[1]
        total = weights.sum(axis=1)
        sizes: Doubles = total * scores[clusters] + weights @ scores
        for block, row, w, mu, a in self._gathered(X, weights):
            np.abs(w, out=w)
            np.abs(mu, out=mu)
            here, c = np.arange(len(row)), clusters[row]
            own_w, own_mu = w[here, c], mu[here, c]
            mixed_mu = np.einsum("ek,ek->e", a, mu)
            a *= w
            mixed_w = a.sum(axis=1)
            shift = total[row] * own_w * own_mu + np.einsum("ek,ek->e", a, mu)
            shift += own_w * mixed_mu + mixed_w * own_mu
            origin = self._origin[X.indices[block]]
            far = np.abs(X.data[block] - origin) + np.abs(origin)
            subtract_by_row(sizes, row, -far * (total[row] * own_w + mixed_w) - shift)
        return sizes

    def _pairwise_present(
        self, X: csr_array, clusters: Ints, coefficients: Doubles, negligible: Doubles
    ) -> tuple[Doubles, Doubles]:
        """`_combine_present` of lossy rows: pairs that matter one by one, the rest by products."""
        rest = coefficients.copy()
        rows, rivals = np.nonzero(np.abs(rest) > negligible[:, None])
        shares = rest[rows, rivals]
        rest[rows, rivals] = 0.0
        relevance, absent = self._combine_present(X, clusters, rest)
        own = clusters[rows]
        roots = self._root_sums(own, rivals)
        for cells in self._cells(X, rows, own, rivals):
            j = cells.pairs
            weighted = (cells.present[0] + cells.present[1]) * shares[j][:, None]
            np.add.at(relevance, cells.places[cells.filled], weighted[cells.filled])
            left = row_sums(
                np.column_stack([-cells.at_zero[0], roots.high[j]]),
                np.column_stack([-cells.at_zero[1], roots.low[j]]),
            )
            left[np.abs(left) < _TIE * roots.magnitude[j]] = 0.0
            np.add.at(absent, rows[j], left * shares[j])
        return relevance, absent
