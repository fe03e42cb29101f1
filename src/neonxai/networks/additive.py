"""Evidence as a sum over features: what each one adds to h_k, where no two of them act together."""

from functools import singledispatch

import numpy as np

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.base import Network
from neonxai.networks.centroid import CentroidNetwork
from neonxai.networks.diagonal import DiagonalGaussianNetwork
from neonxai.networks.folded import ScaledNetwork
from neonxai.networks.folded_rivals import FoldedRivalsNetwork
from neonxai.networks.linear import LinearNetwork


@singledispatch
def pieces(
    network: Network,
    X: Floats,  # noqa: ARG001  # these are the contract's
    own: int,  # noqa: ARG001
    rivals: Ints,  # noqa: ARG001
) -> tuple[Doubles, Doubles]:
    """Split evidence into what each feature adds: h_k(x) = Σ_i g_ki(x_i) + r_k.

    Each g_ki depends on x_i alone, and is at most quadratic in it. Features come before rows, so that sums
    over features run through contiguous rows. Register a family of your own with ``@pieces.register``.

    Parameters
    ----------
    network : Network
        A clustering whose evidence is additive in the features.
    X : array of shape (n_rows, n_features)
        Rows: a tile of them, as the result is n_features times as large as their evidence.
    own : int
        The cluster c that is explained.
    rivals : int array of shape (n_rivals,)
        The rivals k.

    Returns
    -------
    terms : array of shape (n_rivals, n_features, n_rows)
        g_ki(x_i), in the unit of the evidence.
    rests : array of shape (n_rivals,)
        r_k, which no feature has a part in.

    Raises
    ------
    TypeError
        If features act together in the network's evidence, or it is not known how it splits.

    Examples
    --------
    >>> import numpy as np
    >>> network = CentroidNetwork([[0.0, 0.0], [2.0, 1.0]])
    >>> terms, rests = pieces(network, np.array([[0.5, 7.0]]), 0, np.array([1]))
    >>> terms[0, :, 0]  # (0.5 − 2)² − 0.5², and (7 − 1)² − 7²
    array([  2., -13.])
    """
    raise TypeError(
        f"The evidence of a {type(network).__qualname__} is no sum over the features, so that switching one "
        "feature is not one addition. Shapley values and integrated shares are for k-means and other "
        "centroids, Gaussians with a common or a diagonal covariance, and these behind scalers, or (but for "
        'diagonal ones) behind PCA and other affine steps. Choose method="neon" for this model.'
    )


@pieces.register
def _(network: CentroidNetwork, X: Floats, own: int, rivals: Ints) -> tuple[Doubles, Doubles]:
    mu = network.centers
    return _product(X, mu[own], mu[rivals], mu[own] - mu[rivals]), np.zeros(len(rivals))


@pieces.register
def _(network: LinearNetwork, X: Floats, own: int, rivals: Ints) -> tuple[Doubles, Doubles]:
    mu, w = network.centers, network.weights
    terms = _product(X, mu[own], mu[rivals], 0.5 * (w[own] - w[rivals]))
    return terms, network.root_evidence(np.full(len(rivals), own), rivals)


@pieces.register
def _(network: DiagonalGaussianNetwork, X: Floats, own: int, rivals: Ints) -> tuple[Doubles, Doubles]:
    mu, precisions = network.means, network.precisions
    apart = mu[own] - mu[rivals]
    bend, stretch = precisions[rivals] - precisions[own], precisions[rivals] + precisions[own]
    u = _product(X, mu[own], mu[rivals], np.full(apart.shape, 0.5))
    terms = bend[:, :, None] * u
    terms += (stretch * apart)[:, :, None]
    terms *= u
    terms *= 0.5
    rests = (bend * apart**2).sum(axis=1) / 8.0 + (network.constants[rivals] - network.constants[own])
    return terms, rests


@pieces.register
def _(network: ScaledNetwork, X: Floats, own: int, rivals: Ints) -> tuple[Doubles, Doubles]:
    affine = network.affine
    inner, rests = pieces(network.inner, affine(X), own, rivals)
    if affine.is_in_place:
        return inner, rests
    terms = np.zeros((len(rivals), affine.n_inputs, len(X)))
    for output in np.flatnonzero(affine.columns >= 0):
        terms[:, affine.columns[output]] += inner[:, output]
    constant = affine.columns < 0
    if constant.any():
        anywhere, _ = pieces(network.inner, affine(affine.origin[None]), own, rivals)
        rests = rests + anywhere[:, constant, 0].sum(axis=1)
    return terms, rests


@pieces.register
def _(network: FoldedRivalsNetwork, X: Floats, own: int, rivals: Ints) -> tuple[Doubles, Doubles]:
    inner, affine = network.inner, network.affine
    if not isinstance(inner, CentroidNetwork):
        # Fuzzy evidence is a power of distances, in which all features act together.
        return pieces(inner, X, own, rivals)
    slopes = affine.pull(2.0 * (inner.centers[own] - inner.centers[rivals]))
    terms = slopes[:, :, None] * np.subtract(X, affine.origin, dtype=np.float64).T
    at_origin, rests = pieces(inner, affine(affine.origin[None]), own, rivals)
    return terms, rests + at_origin.sum(axis=1)[:, 0]


def _product(X: Floats, own: Doubles, rivals: Doubles, tilts: Doubles) -> Doubles:
    """((x − μ_c) + (x − μ_k)) ∘ tilt, shape (n_rivals, n_features, n_rows): from differences alone."""
    apart = np.subtract(X, own, dtype=np.float64).T
    apart = np.ascontiguousarray(apart + apart)
    terms: Doubles = apart + (own - rivals)[:, :, None]
    terms *= tilts[:, :, None]
    return terms
