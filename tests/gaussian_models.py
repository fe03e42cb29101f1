"""Real data, and every Gaussian model on it, for the tests."""

from __future__ import annotations

import warnings

from sklearn.covariance import OAS
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

from neonxai.sources import neuralize


def _scaled(bunch):
    return StandardScaler().fit_transform(bunch.data), bunch.target


DATA = {
    "wine": _scaled(load_wine()),
    "iris": load_iris(return_X_y=True),
    "breast cancer": _scaled(load_breast_cancer()),
    "raw wine": load_wine(return_X_y=True),
}
KINDS = ["spherical", "diag", "tied", "full"]
PRIORS = ["dirichlet_process", "dirichlet_distribution"]
MIXTURES = {kind: GaussianMixture(4, covariance_type=kind, reg_covar=1e-3, random_state=0) for kind in KINDS}
MIXTURES |= {
    f"Bayesian {kind} {prior}": BayesianGaussianMixture(
        n_components=4,
        covariance_type=kind,
        weight_concentration_prior_type=prior,
        reg_covar=1e-3,
        max_iter=20,
        random_state=0,
    )
    for kind in KINDS
    for prior in PRIORS
}
LDA, QDA = LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
CLASSIFIERS = {
    "LDA svd": LDA(),
    "LDA lsqr": LDA(solver="lsqr"),
    "LDA eigen": LDA(solver="eigen"),
    "LDA lsqr shrunk": LDA(solver="lsqr", shrinkage="auto"),
    "LDA eigen shrunk": LDA(solver="eigen", shrinkage=0.3),
    "LDA estimator": LDA(solver="lsqr", covariance_estimator=OAS()),
    "LDA one component": LDA(n_components=1),
    "QDA svd": QDA(reg_param=0.1),
    "QDA eigen": QDA(solver="eigen", shrinkage=0.1),
    "naive Bayes": GaussianNB(),
}
MODELS = MIXTURES | CLASSIFIERS


def fit(model, X, y=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # any parameters will do
        return model.fit(X, y)


def network(name, data):
    return neuralize(fit(MODELS[name], *DATA[data])).network
