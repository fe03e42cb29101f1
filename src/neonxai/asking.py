"""What is asked of a fitted explainer, read and checked: rows, and clusters by their positions."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from neonxai import devices
from neonxai.names import check_order, index_of, positions_by_row
from neonxai.stages.propagation import Question
from neonxai.tensors import Tensor
from neonxai.transforms.rows import Rows


def read_question(
    explainer: Any, X: Any, target: Any, against: Any, labels: Any
) -> tuple[Tensor | None, Rows, Question]:
    """Read what `ClusterExplainer.explain` takes, which describes the parameters.

    Returns
    -------
    tensor : Tensor or None
        The rows, where they are an array of another library.
    rows : Rows
    question : Question

    Raises
    ------
    ValueError
        If the data is unfit, a cluster is not known, or labels are given to a model that assigns rows itself.
    """
    check_is_fitted(explainer)
    tensor, rows = devices.network_rows(explainer, X)
    if rows.n_columns != explainer.n_features_in_:
        raise ValueError(
            f"X has {rows.n_columns} features, but ClusterExplainer is expecting {explainer.n_features_in_} "
            "features as input. Pass the columns that were clustered."
        )
    for asked, argument in ((target, "target"), (against, "against"), (labels, "labels")):
        check_order(index_of(asked), rows.index, argument)
    names = explainer.cluster_names_
    told = positions_by_row(labels, names, rows.n_rows, "labels")
    if told is not None and explainer.agreement_ is None:
        raise ValueError(
            f"labels= were given, but {type(explainer.model_).__qualname__} assigns rows itself. Leave them "
            "out, or choose the clusters to explain by target=."
        )
    targets = positions_by_row(target, names, rows.n_rows, "target")
    return tensor, rows, Question(targets, positions_by_row(against, names, rows.n_rows, "against"), told)
