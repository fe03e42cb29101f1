"""Projections: linear maps to other axes, most of them of the deviations from a mean."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, issparse
from sklearn.utils.validation import check_is_fitted

from neonxai.arrays import Doubles
from neonxai.networks.affine import AffineMap
from neonxai.transforms.registry import UnknownStepError, register


def _doubles(values: ArrayLike) -> Doubles:
    return np.asarray(values, dtype=np.float64)


@register("sklearn.decomposition.PCA", "sklearn.decomposition.IncrementalPCA")
def principal_components(transformer: Any, _: int) -> AffineMap:
    """Project, z = C (x − mean), divided by the root of each component's variance if whitened; back by Cᵀ.

    Parameters
    ----------
    transformer : PCA or IncrementalPCA
        Fitted, to dense or sparse rows.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> pca = principal_components(PCA(1).fit([[0.0, 1.0], [4.0, 1.0]]), 2)
    >>> pca.preimages(pca(np.array([[3.0, 5.0]])))
    array([[3., 1.]])
    """
    check_is_fitted(transformer)
    components, mean = _doubles(transformer.components_), _doubles(transformer.mean_)
    scale = np.ones(len(components))
    if transformer.whiten:
        variance = np.asarray(transformer.explained_variance_)
        # As transform does it: a component without variance is not blown up without bounds.
        scale = np.maximum(np.sqrt(_doubles(variance)), np.finfo(variance.dtype).eps)
    matrix = components / scale[:, None]
    return AffineMap(matrix, -matrix @ mean, components.T * scale, mean)


@register("sklearn.decomposition.TruncatedSVD")
def truncated_svd(transformer: Any, n_inputs: int) -> AffineMap:
    """Project, z = C x; back by Cᵀ.

    Parameters
    ----------
    transformer : TruncatedSVD
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    components = _doubles(transformer.components_)
    return AffineMap(components, np.zeros(len(components)), components.T, np.zeros(n_inputs))


@register("sklearn.decomposition.FastICA")
def independent_components(transformer: Any, n_inputs: int) -> AffineMap:
    """Unmix, z = C (x − mean), where it whitens, or else z = C x; back by the mixing matrix.

    Parameters
    ----------
    transformer : FastICA
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    components = _doubles(transformer.components_)
    mean = _doubles(transformer.mean_) if transformer.whiten else np.zeros(n_inputs)
    return AffineMap(components, -components @ mean, _doubles(transformer.mixing_), mean)


@register("sklearn.decomposition.FactorAnalysis")
def factor_analysis(transformer: Any, _: int) -> AffineMap:
    """Expect the factors z = (I + W Ψ⁻¹ Wᵀ)⁻¹ W Ψ⁻¹ (x − mean), of loadings W and variances Ψ of noise.

    There is no inverse: each z has the pre-image that is nearest to the mean.

    Parameters
    ----------
    transformer : FactorAnalysis
        Fitted.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    loadings, mean = _doubles(transformer.components_), _doubles(transformer.mean_)
    weighed = loadings / _doubles(transformer.noise_variance_)
    matrix = _doubles(np.linalg.solve(np.eye(len(loadings)) + weighed @ loadings.T, weighed))
    return AffineMap.of(matrix, center=mean)


@register(
    "sklearn.random_projection.GaussianRandomProjection", "sklearn.random_projection.SparseRandomProjection"
)
def random_projection(transformer: Any, n_inputs: int) -> AffineMap:
    """Project, z = C x; back by the pseudo-inverse of C.

    Parameters
    ----------
    transformer : GaussianRandomProjection or SparseRandomProjection
        Fitted.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    components = transformer.components_
    dense = _doubles(components.toarray() if issparse(components) else components)
    known = getattr(transformer, "inverse_components_", None)
    inverse = np.linalg.pinv(dense) if known is None else _doubles(known)
    matrix = csr_array(components, dtype=np.float64) if issparse(components) else dense
    return AffineMap(matrix, np.zeros(len(dense)), inverse, np.zeros(n_inputs))


@register("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")
def discriminant_axes(transformer: Any, _: int) -> AffineMap:
    """Project, z = Wᵀ (x − mean) or, with solver "eigen", z = Wᵀ x, to the first axes W of the scalings.

    There is no inverse: each z has the pre-image that is nearest to the mean of the classes' means.

    Parameters
    ----------
    transformer : LinearDiscriminantAnalysis
        Fitted.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    ValueError
        If it has no transform, for its solver.
    """
    check_is_fitted(transformer)
    if transformer.solver not in ("svd", "eigen"):
        raise ValueError(
            f"LinearDiscriminantAnalysis(solver={transformer.solver!r}) has no transform. Refit it with "
            'solver="svd" or "eigen".'
        )
    n_axes = len(transformer.explained_variance_ratio_)
    matrix = _doubles(transformer.scalings_).T[:n_axes]
    mean = _doubles(transformer.priors_) @ _doubles(transformer.means_)
    # Nearest to 0, they would depend on where the zeros of the columns' units are.
    return AffineMap.of(matrix, None if transformer.solver == "svd" else matrix @ mean, center=mean)


@register("sklearn.neighbors.NeighborhoodComponentsAnalysis")
def neighborhood_components(transformer: Any, _: int) -> AffineMap:
    """Project, z = C x; each z has the pre-image that is nearest to 0.

    Parameters
    ----------
    transformer : NeighborhoodComponentsAnalysis
        Fitted.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    return AffineMap.of(_doubles(transformer.components_))


@register(
    "sklearn.cross_decomposition.PLSRegression",
    "sklearn.cross_decomposition.PLSCanonical",
    "sklearn.cross_decomposition.CCA",
)
def partial_least_squares(transformer: Any, _: int) -> AffineMap:
    """Project, z = Rᵀ ((x − mean) / std); back by the loadings P, with Rᵀ P = I: x = mean + std ∘ (P z).

    Parameters
    ----------
    transformer : PLSRegression, PLSCanonical or CCA
        Fitted.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    mean, spread = _doubles(transformer._x_mean), _doubles(transformer._x_std)  # noqa: SLF001  # no public name
    matrix = _doubles(transformer.x_rotations_).T / spread
    return AffineMap(matrix, -matrix @ mean, _doubles(transformer.x_loadings_) * spread[:, None], mean)


@register("sklearn.cross_decomposition.PLSSVD")
def partial_least_squares_svd(transformer: Any, _: int) -> AffineMap:
    """Project, z = Wᵀ ((x − mean) / std); each z has the pre-image that is nearest to the mean.

    Parameters
    ----------
    transformer : PLSSVD
        Fitted.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    check_is_fitted(transformer)
    mean, spread = _doubles(transformer._x_mean), _doubles(transformer._x_std)  # noqa: SLF001  # no public name
    matrix = _doubles(transformer.x_weights_).T / spread
    return AffineMap.of(matrix, center=mean)


@register("sklearn.cluster.FeatureAgglomeration")
def feature_means(transformer: Any, n_inputs: int) -> AffineMap:
    """Average, z_j = the mean of x_i over the columns i of group j; back by giving it to each of them.

    Parameters
    ----------
    transformer : FeatureAgglomeration
        Fitted, with ``pooling_func=np.mean``.
    n_inputs : int
        The number of columns that it gets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    UnknownStepError
        If it pools otherwise.

    Examples
    --------
    >>> from sklearn.cluster import FeatureAgglomeration
    >>> groups = FeatureAgglomeration(2).fit([[1.0, 9.0, 1.0], [2.0, 0.0, 2.0]])
    >>> feature_means(groups, 3)(np.array([[2.0, 7.0, 4.0]]))
    array([[3., 7.]])
    """
    check_is_fitted(transformer)
    if transformer.pooling_func is not np.mean:
        raise UnknownStepError(
            f"FeatureAgglomeration(pooling_func={transformer.pooling_func!r}) is not covered: it is not "
            "known how relevance gets back through it. Refit it with pooling_func=np.mean, or explain at its "
            'output, with pull_back="stop".'
        )
    groups = np.asarray(transformer.labels_)
    sizes = np.bincount(groups)
    members = csr_array((np.ones(n_inputs), (groups, np.arange(n_inputs))), (len(sizes), n_inputs))
    means = csr_array((1.0 / sizes[groups], (groups, np.arange(n_inputs))), members.shape)
    return AffineMap(means, np.zeros(len(sizes)), csr_array(members.T), np.zeros(n_inputs))
