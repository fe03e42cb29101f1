"""Folding an affine map into a network: z = A e + b, and the clustering's network over z, as one over e."""

from functools import singledispatch

import numpy as np
from scipy.spatial import cKDTree

from neonxai.arrays import Doubles
from neonxai.networks.affine import AffineMap
from neonxai.networks.base import Network
from neonxai.networks.centroid import CentroidNetwork
from neonxai.networks.diagonal import DiagonalGaussianNetwork
from neonxai.networks.folded import FoldedNetwork, ScaledNetwork
from neonxai.networks.folded_outlier import FoldedOutlierNetwork
from neonxai.networks.folded_rivals import FoldedRivalsNetwork
from neonxai.networks.folded_support import FoldedSupportNetwork
from neonxai.networks.folded_tree import FoldedTreeNetwork
from neonxai.networks.fuzzy import FuzzyNetwork
from neonxai.networks.gaussian import GaussianNetwork
from neonxai.networks.linear import LinearNetwork
from neonxai.networks.outlier import OutlierNetwork
from neonxai.networks.support import SupportNetwork
from neonxai.networks.tree import CentroidTreeNetwork

# How far A e + b may be from a center, as a share of the centers' extent; and where they are in float32.
_MISSED = 1e-9
_MISSED_SINGLE = 1e-6
# Weights of centers that are closer than this share of their extent would lose more than four digits of
# their difference.
_CLOSE = 1e-4


def fold(network: Network, affine: AffineMap) -> Network:
    """Fold an affine map into a network.

    The result takes e, with the evidence h̃_k(e) = h_k(A e + b). It is sent back as ever, from a root straight
    to e by the mean gradient on the way [Kauffmann2024]_. The root is a pre-image m̃_k of the one half-way
    between the clusters: Z̃_k = (Aᵀ ḡ_k) ∘ (e − m̃_k). ``docs/folding.md`` derives it for each family.

    Parameters
    ----------
    network : Network
        A network over z.
    affine : AffineMap
        z = A e + b.

    Returns
    -------
    Network
        A network over e. Of a map that mixes no inputs, for every family; of others, for those that
        `fold_mixing` is registered for.

    Raises
    ------
    ValueError
        If the map does not give as many values as the network takes, or a center is not among them.
    TypeError
        If it is not known how the network's family is folded.

    Examples
    --------
    >>> import numpy as np
    >>> network = CentroidNetwork([[1.0], [5.0]])  # of z = e_1 + e_2
    >>> folded = fold(network, AffineMap.of(np.array([[1.0, 1.0]])))
    >>> x = np.array([[1.0, 1.0]])
    >>> clusters, evidence = folded.evidence(x)
    >>> evidence  # z = 2: 3² − 1²
    array([[inf,  8.]])
    >>> folded.redistribute(x, clusters, np.array([[0.0, 1.0]]))[0]
    array([[4., 4.]])
    """
    if affine.n_outputs != network.n_features:
        raise ValueError(
            f"A map that gives {affine.n_outputs} values can't be folded into {network!r}, which takes "
            f"{network.n_features}."
        )
    if affine.is_identity:
        return network
    if isinstance(network, FoldedNetwork):
        return fold(network.inner, affine.then(network.affine))
    _check_preimages(landmarks(network), affine)
    return fold_mixing(network, affine) if affine.is_mixing else ScaledNetwork(network, affine)


@singledispatch
def fold_mixing(network: Network, affine: AffineMap) -> Network:
    """Fold a map that mixes inputs. Register a family of your own with ``@fold_mixing.register``.

    Parameters
    ----------
    network : Network
        A network over z.
    affine : AffineMap
        z = A e + b, where an output depends on more than one input.

    Raises
    ------
    TypeError
        If no function is registered for the network's class.
    """
    raise TypeError(
        f"It is not known how relevance of {type(network).__qualname__} gets back through steps that mix "
        f"columns ({affine.n_inputs} to {affine.n_outputs}), such as PCA. Explain at their output, with "
        'pull_back="stop"; or register the class with neonxai.networks.folding.fold_mixing.register.'
    )


@fold_mixing.register
def _(network: CentroidNetwork, affine: AffineMap) -> Network:
    weights = _centroid_weights(network, affine)
    extent = float(np.linalg.norm(weights - np.median(weights, axis=0), axis=1).max())
    nearest = cKDTree(weights).query(weights, 2)[0][:, 1] if len(weights) > 1 else np.array([np.inf])
    if nearest.min() < _CLOSE * extent:
        return FoldedRivalsNetwork(network, affine)
    # In coordinates where the origin is 0, so that centers far from 0 keep their digits.
    centers = affine.local_preimages(network.centers)
    return moved(LinearNetwork(weights, centers, probabilistic=False), affine.origin)


@fold_mixing.register
def _(network: LinearNetwork, affine: AffineMap) -> Network:
    centers = affine.local_preimages(network.centers)
    folded = LinearNetwork(
        _linear_weights(network, affine),
        centers,
        network.offsets,
        probabilistic=network.default_pooling == "soft",
    )
    return moved(folded, affine.origin)


@fold_mixing.register
def _(network: GaussianNetwork, affine: AffineMap) -> Network:
    return _folded_gaussian(network.means, network.factors, network.constants, affine)


@fold_mixing.register
def _(network: DiagonalGaussianNetwork, affine: AffineMap) -> Network:
    factors = np.stack([np.diag(np.sqrt(precisions)) for precisions in network.precisions])
    return _folded_gaussian(network.means, factors, network.constants, affine)


def _folded_gaussian(means: Doubles, factors: Doubles, constants: Doubles, affine: AffineMap) -> Network:
    folded = np.stack([affine.pull(factor.T).T for factor in factors])
    return moved(GaussianNetwork(affine.local_preimages(means), folded, constants), affine.origin)


@fold_mixing.register
def _(network: CentroidTreeNetwork, affine: AffineMap) -> Network:
    return FoldedTreeNetwork(network, affine)


@fold_mixing.register
def _(network: FuzzyNetwork, affine: AffineMap) -> Network:
    return FoldedRivalsNetwork(network, affine)


@fold_mixing.register
def _(network: SupportNetwork, affine: AffineMap) -> Network:
    return FoldedSupportNetwork(network, affine)


@fold_mixing.register
def _(network: OutlierNetwork, affine: AffineMap) -> Network:
    return FoldedOutlierNetwork(network, affine)


def linear_form(network: Network, affine: AffineMap) -> LinearNetwork:
    """Fold an affine map into scores that are linear, whatever the map: for rows that are sparse.

    Parameters
    ----------
    network : CentroidNetwork or LinearNetwork
        A network over z.
    affine : AffineMap
        z = A e + b.

    Raises
    ------
    ValueError
        As for `fold`.
    TypeError
        If the network is of another family.

    Examples
    --------
    >>> import numpy as np
    >>> linear_form(CentroidNetwork([[2.0], [8.0]]), AffineMap.scaling([2.0])).centers
    array([[1.],
           [4.]])
    """
    if not isinstance(network, CentroidNetwork | LinearNetwork):
        raise TypeError(
            f"{type(network).__qualname__} is not linear. Sparse rows are explained for k-means, and for "
            "Gaussians with a common covariance; make others dense first."
        )
    _check_preimages(network.centers, affine)
    centers = affine.preimages(network.centers)
    if isinstance(network, CentroidNetwork):
        return LinearNetwork(_centroid_weights(network, affine), centers, probabilistic=False)
    probabilistic = network.default_pooling == "soft"
    return LinearNetwork(
        _linear_weights(network, affine), centers, network.offsets, probabilistic=probabilistic
    )


def _centroid_weights(network: CentroidNetwork, affine: AffineMap) -> Doubles:
    # A vector added to all weights changes nothing.
    return affine.pull(2.0 * (network.centers - np.median(network.centers, axis=0)))


def _linear_weights(network: LinearNetwork, affine: AffineMap) -> Doubles:
    return affine.pull(network.weights - np.median(network.weights, axis=0))


def moved(network: Network, origin: Doubles) -> Network:
    """A network whose coordinates start at ``origin``, as one whose start at 0."""
    if not origin.any():
        return network
    return ScaledNetwork(network, AffineMap.scaling(np.ones(len(origin)), center=origin))


@singledispatch
def landmarks(network: Network) -> Doubles | None:
    """The points that a network's roots are made of, shape (n_points, n_features), which need pre-images."""
    prototypes = network.prototypes
    return None if prototypes is None else prototypes[~np.isnan(prototypes).any(axis=1)]


@landmarks.register
def _(network: CentroidTreeNetwork) -> Doubles:
    return network.pairs.reshape(-1, network.n_features)


@landmarks.register
def _(network: SupportNetwork) -> Doubles:
    return network.points


@landmarks.register
def _(network: OutlierNetwork) -> Doubles:
    return network.support


def _check_preimages(points: Doubles | None, affine: AffineMap) -> None:
    """Raise a ValueError unless A Q z + A q + b = z for all points."""
    if points is None or not len(points) or affine.is_onto:
        return
    missed = affine.of_local(affine.local_preimages(points))
    missed -= points
    extent = np.abs(points - np.median(points, axis=0)).max(axis=0)
    sizes = np.abs(points).max(axis=0) + np.abs(affine.level)
    rounding = abs(affine.matrix) @ (abs(affine.inverse) @ sizes) + sizes
    single = np.array_equal(points, points.astype(np.float32))
    allowed = (_MISSED_SINGLE if single else _MISSED) * extent + 1e3 * np.finfo(np.float64).eps * rounding
    if single:
        allowed += np.finfo(np.float32).eps * np.abs(points).max(axis=0)
    worst = np.abs(missed).max(axis=0)
    if np.any(worst > allowed):
        column = int(np.argmax(worst - allowed))
        raise ValueError(
            "The model's centers lie where the steps in front of it never lead: in column "
            f"{column} of what these give, by {worst[column]:.3g}. The {affine.n_outputs} columns depend on "
            "each other, and the centers were not made from rows of them, so they are nowhere in the input's "
            'units. Explain at the output of the steps, with pull_back="stop".'
        )
