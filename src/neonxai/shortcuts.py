"""`explain` and `explain_labels`: one call from a clustering to its explanation."""

from typing import Any

from neonxai.engines import Progress
from neonxai.explainer import ClusterExplainer
from neonxai.explanation import Explanation
from neonxai.sources import Labels


def explain(
    model: Any,
    X: Any,
    *,
    beta: float | str = "auto",
    pooling: str = "auto",
    gamma: float | str = "auto",
    method: str = "neon",
    preprocessing: Any = None,
    pull_back: str = "input",
    background: Any = None,
    n_permutations: int = 32,
    random_state: int = 0,
    tol: float | None = None,
    target: Any = None,
    against: Any = None,
    progress: Progress | bool | None = None,
) -> Explanation:
    """Explain why each row of X is in its cluster: ``ClusterExplainer(model, ...).fit(X).explain(X, ...)``.

    (With ``labels=`` of the rows, where the model has nothing but labels.)

    Parameters
    ----------
    model : estimator
        A clustering, fitted or not, or a pipeline that ends in one; see `ClusterExplainer`.
    X : array-like, frame or array of another library of shape (n_samples, n_features)
        Data in the unit that the model knows. What comes in comes out: NumPy's arrays, frames, PyTorch's
        tensors and other libraries' arrays (see `ClusterExplainer.explain`). For a clustering that only has
        labels (``labels_`` without a ``predict``), the very rows that were clustered.
    beta, pooling, gamma, method, preprocessing, pull_back
        As for `ClusterExplainer`.
    background, n_permutations, random_state, tol
        As for `ClusterExplainer`, for ``method="shapley"`` and ``method="integrated"``.
    target, against, progress
        As for `ClusterExplainer.explain`.

    Returns
    -------
    Explanation

    Raises
    ------
    TypeError, ValueError
        As for `ClusterExplainer.fit` and `ClusterExplainer.explain`.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris(as_frame=True).data
    >>> e = explain(KMeans(2, random_state=0), iris)
    >>> e.summary(by=None, statistic="share").round(2)
                 feature  share
    0  sepal length (cm)   0.11
    1   sepal width (cm)   0.02
    2  petal length (cm)   0.74
    3   petal width (cm)   0.13
    """
    explainer = ClusterExplainer(
        model,
        beta=beta,
        pooling=pooling,
        gamma=gamma,
        method=method,
        preprocessing=preprocessing,
        pull_back=pull_back,
        background=background,
        n_permutations=n_permutations,
        random_state=random_state,
        tol=tol,
    ).fit(X)
    return explainer.explain(X, target=target, against=against, labels=explainer.labels_, progress=progress)


def explain_labels(
    labels: Any,
    X: Any,
    *,
    noise: Any = -1,
    beta: float | str = "auto",
    pooling: str = "auto",
    gamma: float | str = "auto",
    method: str = "neon",
    preprocessing: Any = None,
    pull_back: str = "input",
    background: Any = None,
    n_permutations: int = 32,
    random_state: int = 0,
    tol: float | None = None,
    target: Any = None,
    against: Any = None,
    progress: Progress | bool | None = None,
) -> Explanation:
    """Explain any clustering of which nothing is known but its labels.

    A network of support points stands in for it: a row belongs to the cluster whose members are nearest
    (`neonxai.networks.SupportNetwork`). How well it does is in ``agreement``.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        The cluster of each row: numbers or strings, from any algorithm or any hand.
    X : array-like or frame of shape (n_samples, n_features)
        The rows, in the unit in which they were clustered: nearness counts.
    noise : int, str or None
        The label of rows that belong to no cluster, if there are any. Such a row is explained by how far it
        is from the nearest cluster.
    beta, pooling, gamma, method, preprocessing, pull_back, background, n_permutations, random_state, tol
        As for `ClusterExplainer`. The network of support points is no sum over the features, so that it has
        no ``method`` but "neon"; others are refused.
    target, against, progress
        As for `ClusterExplainer.explain`.

    Returns
    -------
    Explanation
        Its ``labels`` are the given ones. A negative logit says that another cluster is nearer.

    Raises
    ------
    TypeError, ValueError
        As for `Labels`, `ClusterExplainer.fit` and `ClusterExplainer.explain`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris(as_frame=True)
    >>> e = explain_labels(iris.target_names[iris.target], iris.data)
    >>> e.cluster_names, round(e.agreement, 2)
    (('setosa', 'versicolor', 'virginica'), 0.96)
    """
    model = Labels(labels, noise=noise)
    return explain(
        model,
        X,
        beta=beta,
        pooling=pooling,
        gamma=gamma,
        method=method,
        preprocessing=preprocessing,
        pull_back=pull_back,
        background=background,
        n_permutations=n_permutations,
        random_state=random_state,
        tol=tol,
        target=target,
        against=against,
        progress=progress,
    )
