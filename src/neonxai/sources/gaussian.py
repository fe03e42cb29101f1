"""scikit-learn's Gaussians: mixtures, discriminant analysis and naive Bayes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma
from sklearn.utils.validation import check_is_fitted

from neonxai.arrays import Doubles
from neonxai.networks import DiagonalGaussianNetwork, GaussianNetwork, LinearNetwork, Network
from neonxai.sources.models import check_predict, feature_names
from neonxai.sources.registry import register
from neonxai.sources.source import Source


def _check(model: Any, fitted: str, *methods: str) -> None:
    check_predict(
        model,
        rule="that of the most probable Gaussian",
        remedy="a network of its parameters (neonxai.networks.GaussianNetwork, DiagonalGaussianNetwork or "
        "LinearNetwork)",
        methods=("predict", *methods),
    )
    check_is_fitted(model, fitted)


def _positive(name: str, values: ArrayLike, clusters: ArrayLike, remedy: str) -> Doubles:
    """Return the values of every cluster as float64, or raise a ValueError naming one that is not above 0."""
    array = np.asarray(values, dtype=np.float64)
    bad = np.argwhere(~(array > 0.0))
    if len(bad):
        where = tuple(bad[0])
        raise ValueError(
            f"Cluster {np.asarray(clusters)[where[0]]!s} has a {name} of {array[where]:g}: no row is ever "
            f"compared with it, or all are. {remedy}"
        )
    return array


def _gaussians(model: Any, means: Doubles, log_weights: Doubles) -> Network:
    """Return the network of a mixture, from the Cholesky factors of its precisions.

    ``log_weights`` holds whatever is added to ½ log det P_k.
    """
    factors = np.asarray(model.precisions_cholesky_, dtype=np.float64)
    kind = model.covariance_type
    if kind == "tied":
        # Weights may differ from P μ by a vector common to all: amid the means they have all their digits.
        local = means - np.median(means, axis=0)
        return LinearNetwork((local @ factors) @ factors.T, means, log_weights)
    if kind == "full":
        log_det = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        return GaussianNetwork(means, factors, -log_weights - log_det)
    if kind == "spherical":
        factors = np.repeat(factors[:, None], means.shape[1], axis=1)
    return DiagonalGaussianNetwork(means, factors**2, -log_weights - np.log(factors).sum(axis=1))


@register("sklearn.mixture.GaussianMixture")
def gaussian_mixture(model: Any) -> Source:
    """Explain by the most probable component; the soft logit is the log-odds of ``predict_proba``."""
    _check(model, "precisions_cholesky_")
    names = tuple(range(len(model.means_)))
    remedy = "Refit with fewer components."
    weights = _positive("weight", model.weights_, names, remedy)
    means = np.asarray(model.means_, dtype=np.float64)
    return Source(_gaussians(model, means, np.log(weights)), names, feature_names(model))


@register("sklearn.mixture.BayesianGaussianMixture")
def bayesian_gaussian_mixture(model: Any) -> Source:
    """Explain by the most responsible component: Gaussians, with expected log-weights and log-precisions.

    Up to what is common to all, log ρ_k = log N(x; m_k, Σ_k) + E[log π_k] + ½ (Σ_i ψ((ν_k − i)/2) − D log ν_k
    − D / κ_k), with the degrees of freedom ν, the precision κ of the means and the digamma function ψ.
    """
    _check(model, "precisions_cholesky_")
    means = np.asarray(model.means_, dtype=np.float64)
    n_clusters, n_features = means.shape
    freedom = np.broadcast_to(np.asarray(model.degrees_of_freedom_, dtype=np.float64), n_clusters)
    spread = digamma(0.5 * (freedom[:, None] - np.arange(n_features))).sum(axis=1)
    spread -= n_features * (np.log(freedom) + 1.0 / model.mean_precision_)
    log_weights = _expected_log_weights(model) + 0.5 * spread
    return Source(_gaussians(model, means, log_weights), tuple(range(n_clusters)), feature_names(model))


def _expected_log_weights(model: Any) -> Doubles:
    """E[log π_k] under the Dirichlet distribution, or the stick-breaking of the Dirichlet process."""
    if model.weight_concentration_prior_type != "dirichlet_process":
        return np.asarray(digamma(model.weight_concentration_), dtype=np.float64)
    taken, left = (np.asarray(a, dtype=np.float64) for a in model.weight_concentration_)
    total = digamma(taken + left)
    log_left = np.cumsum(digamma(left) - total)
    return np.asarray(digamma(taken) - total + np.concatenate([[0.0], log_left[:-1]]), dtype=np.float64)


@register("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")
def linear_discriminant_analysis(model: Any) -> Source:
    """Explain by the most probable class, named by ``classes_``; ``n_components`` has no part in it."""
    _check(model, "coef_", "decision_function")
    remedy = "Refit with positive priors, or without that class."
    log_priors = np.log(_positive("prior", model.priors_, model.classes_, remedy))
    means = np.asarray(model.means_, dtype=np.float64)
    weights, intercepts = np.asarray(model.coef_, dtype=np.float64), np.asarray(model.intercept_)
    if len(means) == 2:
        # One row: the difference of the two classes.
        weights = np.vstack([0.0 * weights, weights])
        intercepts = np.append(0.0, intercepts)
    # The log-priors are in the intercepts, but with fewer digits the farther the data is from the origin.
    tilt, middle = weights - weights[0], 0.5 * (means + means[0])
    found = intercepts - intercepts[0] + np.einsum("kd,kd->k", tilt, middle)
    size = np.abs(intercepts) + abs(intercepts[0]) + np.einsum("kd,kd->k", np.abs(tilt), np.abs(middle))
    unsure = 1e3 * np.finfo(np.asarray(model.coef_).dtype).eps * size
    offsets = log_priors - log_priors[0]
    # Farther apart: a covariance close to singular, or an intercept set by hand. It is what predict uses.
    offsets = np.where(np.abs(found - offsets) <= unsure, offsets, found)
    return Source(LinearNetwork(weights, means, offsets), tuple(model.classes_), feature_names(model))


@register("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis")
def quadratic_discriminant_analysis(model: Any) -> Source:
    """Explain by the most probable class, named by ``classes_``."""
    _check(model, "rotations_", "decision_function")
    remedy = "Refit with positive priors, or without that class."
    priors = _positive("prior", model.priors_, model.classes_, remedy)
    means = np.asarray(model.means_, dtype=np.float64)
    factors, constants = np.zeros((*means.shape, means.shape[1])), -np.log(priors)
    for k, (rotation, variances) in enumerate(zip(model.rotations_, model.scalings_, strict=True)):
        remedy = "Refit with a larger reg_param, or with shrinkage."
        scaling = _positive("variance", [variances], [model.classes_[k]], remedy)[0]
        factors[k, :, : len(scaling)] = rotation / np.sqrt(scaling)
        constants[k] += 0.5 * np.log(scaling).sum()
    return Source(GaussianNetwork(means, factors, constants), tuple(model.classes_), feature_names(model))


@register("sklearn.naive_bayes.GaussianNB")
def gaussian_naive_bayes(model: Any) -> Source:
    """Explain by the most probable class, named by ``classes_``."""
    _check(model, "var_", "_joint_log_likelihood")
    remedy = "Refit with positive priors, on data with all classes."
    priors = _positive("prior", model.class_prior_, model.classes_, remedy)
    remedy = "Leave out features that are constant in a class, or refit with a larger var_smoothing."
    variances = _positive("variance", model.var_, model.classes_, remedy)
    constants = 0.5 * np.log(variances).sum(axis=1) - np.log(priors)
    network = DiagonalGaussianNetwork(model.theta_, 1.0 / variances, constants)
    return Source(network, tuple(model.classes_), feature_names(model))
