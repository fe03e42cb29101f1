"""Evidence as a sum over features: what each one adds to h_k, where no two of them act together."""

from functools import singledispatch
from typing import NamedTuple

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.base import Network
from neonxai.networks.centroid import CentroidNetwork
from neonxai.networks.diagonal import DiagonalGaussianNetwork
from neonxai.networks.folded import ScaledNetwork
from neonxai.networks.folded_rivals import FoldedRivalsNetwork
from neonxai.networks.linear import LinearNetwork


class Expansion(NamedTuple):
    """h_k(x) = Σ_i g_ki(x_i) + r_k around an origin o: g_ki(x_i) = c_ki + (s_ki + q_ki δ_i) δ_i, δ = x − o.

    Attributes
    ----------
    constants, slopes, bends : array of shape (n_rivals, n_features)
        c, s and q.
    rests : array of shape (n_rivals,)
        r_k, which no feature has a part in.
    """

    constants: Doubles
    slopes: Doubles
    bends: Doubles
    rests: Doubles

    def moves(self, apart: Doubles) -> Doubles:
        """(s + q δ) δ, shape (n_rivals, n_features, n_rows): what features add beyond the origin.

        Parameters
        ----------
        apart : array of shape (n_features, n_rows)
            δ.
        """
        moves = self.bends[:, :, None] * apart
        moves += self.slopes[:, :, None]
        moves *= apart
        return moves


@singledispatch
def expand(
    network: Network,
    origin: Doubles,  # noqa: ARG001  # these are the contract's
    own: int,  # noqa: ARG001
    rivals: Ints,  # noqa: ARG001
) -> Expansion:
    """Split evidence into what each feature adds, as a polynomial of it.

    Register a family of your own with ``@expand.register``.

    Parameters
    ----------
    network : Network
        A clustering whose evidence is additive in the features, and at most quadratic in each.
    origin : array of shape (n_features,)
        o.
    own : int
        The cluster c that is explained.
    rivals : int array of shape (n_rivals,)
        The rivals k.

    Returns
    -------
    Expansion

    Raises
    ------
    TypeError
        If features act together in the network's evidence, or it is not known how it splits.

    Examples
    --------
    >>> import numpy as np
    >>> network = CentroidNetwork([[0.0, 0.0], [2.0, 1.0]])
    >>> found = expand(network, np.array([0.5, 7.0]), 0, np.array([1]))
    >>> found.constants  # (0.5 − 2)² − 0.5², and (7 − 1)² − 7²
    array([[  2., -13.]])
    >>> found.slopes  # 2 (μ_c − μ_k)
    array([[-4., -2.]])
    """
    raise TypeError(
        f"The evidence of a {type(network).__qualname__} is no sum over the features, so that switching one "
        "feature is not one addition. Shapley values and integrated shares are for k-means and other "
        "centroids, Gaussians with a common or a diagonal covariance, and these behind scalers, or (but for "
        'diagonal ones) behind PCA and other affine steps. Choose method="neon" for this model.'
    )


@expand.register
def _(network: CentroidNetwork, origin: Doubles, own: int, rivals: Ints) -> Expansion:
    mu = network.centers
    tilts = mu[own] - mu[rivals]
    return _straight(origin, mu[own], mu[rivals], tilts, np.zeros(len(rivals)))


@expand.register
def _(network: LinearNetwork, origin: Doubles, own: int, rivals: Ints) -> Expansion:
    mu, w = network.centers, network.weights
    rests = network.root_evidence(np.full(len(rivals), own), rivals)
    return _straight(origin, mu[own], mu[rivals], 0.5 * (w[own] - w[rivals]), rests)


@expand.register
def _(network: DiagonalGaussianNetwork, origin: Doubles, own: int, rivals: Ints) -> Expansion:
    mu, precisions = network.means, network.precisions
    apart = mu[own] - mu[rivals]
    bends, stretch = precisions[rivals] - precisions[own], precisions[rivals] + precisions[own]
    # Around the middle of both means, ½ (bend u + stretch apart) u.
    u, tilts = 0.5 * ((origin - mu[own]) + (origin - mu[rivals])), stretch * apart
    rests = (bends * apart**2).sum(axis=1) / 8.0 + (network.constants[rivals] - network.constants[own])
    return Expansion(0.5 * (bends * u + tilts) * u, bends * u + 0.5 * tilts, 0.5 * bends, rests)


@expand.register
def _(network: ScaledNetwork, origin: Doubles, own: int, rivals: Ints) -> Expansion:
    affine = network.affine
    inner = expand(network.inner, affine(origin[None])[0], own, rivals)
    slopes, bends = inner.slopes * affine.factors, inner.bends * affine.factors**2
    if affine.is_in_place:
        return inner._replace(slopes=slopes, bends=bends)
    shape = len(rivals), affine.n_inputs
    found = Expansion(np.zeros(shape), np.zeros(shape), np.zeros(shape), inner.rests)
    for output in np.flatnonzero(affine.columns >= 0):
        column = affine.columns[output]
        found.constants[:, column] += inner.constants[:, output]
        found.slopes[:, column] += slopes[:, output]
        found.bends[:, column] += bends[:, output]
    return found._replace(rests=inner.rests + inner.constants[:, affine.columns < 0].sum(axis=1))


@expand.register
def _(network: FoldedRivalsNetwork, origin: Doubles, own: int, rivals: Ints) -> Expansion:
    affine = network.affine
    if not isinstance(network.inner, CentroidNetwork):
        # Fuzzy evidence is a power of distances, in which all features act together.
        return expand(network.inner, origin, own, rivals)
    inner = expand(network.inner, affine(origin[None])[0], own, rivals)
    slopes = affine.pull(inner.slopes)
    none = np.zeros_like(slopes)
    return Expansion(none, slopes, none, inner.rests + inner.constants.sum(axis=1))


def _straight(origin: Doubles, own: Doubles, rivals: Doubles, tilts: Doubles, rests: Doubles) -> Expansion:
    """((x − μ_c) + (x − μ_k)) ∘ tilt: from differences alone."""
    constants = ((origin - own) + (origin - rivals)) * tilts
    return Expansion(constants, 2.0 * tilts, np.zeros_like(tilts), rests)


def pieces(network: Network, X: Floats, own: int, rivals: Ints, origin: Doubles) -> tuple[Doubles, Doubles]:
    """What each feature of rows adds to the evidence.

    Parameters
    ----------
    network, own, rivals
        As for `expand`.
    X : array of shape (n_rows, n_features)
        Rows: a tile of them, as the result is n_features times as large as their evidence. Features come
        before rows in it, so that sums over features run through contiguous rows.
    origin : array of shape (n_features,)
        What to expand around: a row not far from these, as rounding grows with the distance.

    Returns
    -------
    terms : array of shape (n_rivals, n_features, n_rows)
        g_ki(x_i), in the unit of the evidence.
    rests : array of shape (n_rivals,)
        r_k, which no feature has a part in.

    Examples
    --------
    >>> import numpy as np
    >>> network = CentroidNetwork([[0.0, 0.0], [2.0, 1.0]])
    >>> terms, rests = pieces(network, np.array([[0.5, 7.0]]), 0, np.array([1]), np.zeros(2))
    >>> terms[0, :, 0]  # (0.5 − 2)² − 0.5², and (7 − 1)² − 7²
    array([  2., -13.])
    """
    found = expand(network, origin, own, rivals)
    terms = found.moves(differences(X, origin))
    terms += found.constants[:, :, None]
    return terms, found.rests


def differences(X: Floats, origin: Doubles) -> Doubles:
    """δ = x − o, shape (n_features, n_rows)."""
    return np.ascontiguousarray(np.subtract(X, origin, dtype=np.float64).T)
