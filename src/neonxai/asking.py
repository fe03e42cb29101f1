"""What is asked of a fitted explainer, read and checked: rows, and clusters by their positions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from neonxai.names import check_order, index_of, positions_of
from neonxai.propagation import Question
from neonxai.transforms.rows import Rows


def read_question(explainer: Any, X: Any, target: Any, against: Any, labels: Any) -> tuple[Rows, Question]:
    """Read what `ClusterExplainer.explain` takes, which describes the parameters.

    Raises
    ------
    ValueError
        If the data is unfit, a cluster is not known, or labels are given to a model that assigns rows itself.
    """
    check_is_fitted(explainer)
    rows = explainer.entrance_.read(X)
    if rows.n_columns != explainer.n_features_in_:
        raise ValueError(
            f"X has {rows.n_columns} features, but ClusterExplainer is expecting {explainer.n_features_in_} "
            "features as input. Pass the columns that were clustered."
        )
    for asked, argument in ((target, "target"), (against, "against"), (labels, "labels")):
        check_order(index_of(asked), rows.index, argument)
    names = explainer.cluster_names_
    told = read_clusters(labels, names, rows.n_rows, "labels")
    if told is not None and explainer.agreement_ is None:
        raise ValueError(
            f"labels= were given, but {type(explainer.model_).__qualname__} assigns rows itself. Leave them "
            "out, or choose the clusters to explain by target=."
        )
    targets = read_clusters(target, names, rows.n_rows, "target")
    return rows, Question(targets, read_clusters(against, names, rows.n_rows, "against"), told)


def read_clusters(
    asked: Any, names: tuple[Any, ...], n_samples: int, argument: str
) -> NDArray[np.intp] | None:
    """Turn names of clusters into their positions, one per row; None stays None.

    Raises
    ------
    ValueError
        If there are not as many as rows, or one is not known.

    Examples
    --------
    >>> read_clusters("b", ("a", "b"), 3, "target")
    array([1, 1, 1])
    """
    if asked is None:
        return None
    given = np.asarray(asked)
    if given.ndim == 0:
        given = np.broadcast_to(given, n_samples)
    if given.shape != (n_samples,):
        raise ValueError(
            f"{argument} has shape {given.shape}, but there are {n_samples} rows. Give one cluster, "
            "or one for each row."
        )
    try:
        return positions_of(given, names)
    except ValueError as error:
        raise ValueError(f"{argument}={error}") from error
