"""From a model and rows to a network: what is in front of the clustering, and the clustering itself."""

from dataclasses import dataclass
from typing import Any, Self

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from neonxai import frames, sources
from neonxai.networks import Network
from neonxai.networks.folding import fold
from neonxai.sources import Labels, Source
from neonxai.stages.machine import parts
from neonxai.transforms.preprocessing import Preprocessing, raw_table
from neonxai.transforms.rows import Entrance, NoSteps, Rows
from neonxai.transforms.split import split
from neonxai.transforms.steps import Chain


@dataclass(frozen=True, eq=False)
class Reading:
    """What is known of a fitted model.

    Attributes
    ----------
    model : object
        The fitted model.
    network : Network
        The clustering, with the affine steps in front folded into it.
    entrance : Entrance
        The other steps.
    rows : Rows
        The rows that it was fitted to.
    cluster_names : tuple
        The clusters.
    names : tuple of str or None
        The columns of X, where they have names.
    n_columns : int
        Their number.
    feature_names : tuple of str
        The columns of the answer.
    labels : array or None
        What the clustering said about the rows, where nothing else is known of it.
    """

    model: Any
    network: Network
    entrance: Entrance
    rows: Rows
    cluster_names: tuple[Any, ...]
    names: tuple[str, ...] | None
    n_columns: int
    feature_names: tuple[str, ...]
    labels: NDArray[Any] | None = None

    @classmethod
    def of_network(cls, source: Source) -> Self:
        """A network alone, without rows."""
        n = source.network.n_features
        names = source.feature_names
        empty = np.empty((0, n))
        rows = Rows(lambda part: empty[part], 0, n, names, None, None, empty.dtype, empty)
        return cls(
            source.network,
            source.network,
            NoSteps(names),
            rows,
            source.cluster_names,
            names,
            n,
            names or tuple(f"x{i}" for i in range(n)),
        )


def read_model(
    model: Any, X: Any, y: Any, *, preprocessing: Any, pull_back: str, gamma: float | str
) -> Reading:
    """Fit a model if it is not, and make it a network.

    Parameters
    ----------
    model : object
        A clustering, or a pipeline that ends in one.
    X : array-like or frame
        Rows.
    y : array-like, optional
        Classes, for an unfitted model that needs them.
    preprocessing : transformer, optional
        What is in front of a model that is no pipeline.
    pull_back : {"input", "codes", "stop"}
        How far back relevance goes.
    gamma : float or "auto"
        γ of support points.
    """
    model = _fitted(model, X, y, preprocessing)
    steps, clustering = split(model)
    if preprocessing is not None:
        steps = _in_front(preprocessing, X)
    if steps is None:
        source = sources.neuralize(clustering)
        return _without_steps(model, source, NoSteps(source.feature_names).read(X), gamma)
    source = sources.neuralize(clustering)
    names = getattr(steps.steps[0][1], "feature_names_in_", None)
    table = raw_table(steps, X, None if names is None else tuple(map(str, names)))
    entrance = Preprocessing(steps, table, pull_back)
    rows = entrance.rows_of(table)
    labels = None
    if isinstance(source, Labels):
        labels = source.labels
        z = np.concatenate([entrance.affine(values) for _, values, _ in parts(entrance, rows)])
        source = source.on(z, gamma, rows.index)
    else:
        _check_gamma(gamma, clustering)
    if entrance.affine.n_outputs != source.network.n_features:
        raise ValueError(
            f"The steps in front make {entrance.affine.n_outputs} columns, but the clustering was fitted on "
            f"{source.network.n_features}. Is this the preprocessing that the rows went through?"
        )
    network = fold(source.network, entrance.affine)
    simple: Entrance = entrance
    if entrance.is_only_affine:
        # Then the network takes the columns as they are, and nothing is left in front of it.
        simple = NoSteps(entrance.names)
        rows = simple.read(X)
    return Reading(
        model,
        network,
        simple,
        rows,
        source.cluster_names,
        entrance.names,
        table.n_columns,
        entrance.answer,
        labels,
    )


def _without_steps(model: Any, source: Source | Labels, rows: Rows, gamma: float | str) -> Reading:
    labels = None
    if isinstance(source, Labels):
        labels = source.labels
        values = rows.part(slice(None))
        if issparse(values):
            raise TypeError(
                "A clustering that is known by its labels needs dense rows: distances to all members are "
                "compared. Reduce sparse rows first, for example by TruncatedSVD in a pipeline or in "
                "preprocessing=, or pass X.toarray() if that fits into memory."
            )
        source = source.on(values, gamma, rows.index)
    else:
        _check_gamma(gamma, model)
    n_features = source.network.n_features
    if rows.n_columns != n_features:
        raise ValueError(
            f"X has {rows.n_columns} features, but the model was fitted on {n_features}. "
            "Pass the columns that were clustered."
        )
    names = source.feature_names or rows.names
    return Reading(
        model,
        source.network,
        NoSteps(names),
        rows,
        source.cluster_names,
        names,
        n_features,
        names or tuple(f"x{i}" for i in range(n_features)),
        labels,
    )


def _check_gamma(gamma: float | str, model: Any) -> None:
    if gamma != "auto":
        raise ValueError(
            f"gamma={gamma!r} has no meaning for {type(model).__qualname__}: it is explained as it "
            'is, without support points. Leave gamma="auto".'
        )


def _fitted(model: Any, X: Any, y: Any, preprocessing: Any) -> Any:
    """The model, or a fitted clone of it."""
    steps, clustering = split(model)
    if preprocessing is not None and steps is not None:
        raise ValueError(
            "preprocessing= is for models without steps of their own; this one is a pipeline. Put it there."
        )
    if sources.is_fitted(clustering):
        return model
    sources.check_unfitted(clustering, y)
    if preprocessing is not None:
        raise ValueError(
            f"The {type(clustering).__qualname__} is not fitted, so preprocessing= should be a part of it: "
            "make_pipeline(preprocessing, model)."
        )
    fitted = clone(model)
    if steps is not None:
        _fit(fitted, raw_table(steps, X, None).part(slice(None)), y)
    elif issparse(X):
        fitted.fit(X, y)
    else:
        table = frames.read(X)
        # The frame itself where scikit-learn takes it, so that the model learns the columns' names.
        takes_frames = type(clustering).__module__.startswith("sklearn.")
        fitted.fit(X if takes_frames and table.kind in ("pandas", "polars") else table.values, y)
    return fitted


def _in_front(preprocessing: Any, X: Any) -> Chain:
    """The preprocessing of a model that is no pipeline, fitted."""
    chain = Chain((("preprocessing", preprocessing),))
    if not is_fitted_transformer(preprocessing):
        fitted = clone(preprocessing)
        _fit(fitted, raw_table(chain, X, None).part(slice(None)), None)
        chain = Chain((("preprocessing", fitted),))
    return chain


def is_fitted_transformer(transformer: Any) -> bool:
    """Whether a transformer, or each step of a pipeline, is fitted."""
    if type(transformer).__name__ == "Pipeline":  # which asks its last step alone
        return all(
            is_fitted_transformer(step)
            for _, step in transformer.steps
            if step is not None and not isinstance(step, str)
        )
    try:
        check_is_fitted(transformer)
    except NotFittedError:
        return False
    return True


def _fit(estimator: Any, X: Any, y: Any) -> None:
    """Fit, and name the columns that can't be numbers if that fails."""
    try:
        estimator.fit(X, y)
    except (TypeError, ValueError) as error:
        frame = nw.from_native(X, pass_through=True)
        text = []
        if isinstance(frame, nw.DataFrame):
            text = [
                name for name, kind in frame.schema.items() if not (kind.is_numeric() or kind == nw.Boolean)
            ]
        where = f" Columns that are not numbers: {frames.some(text)}." if text else ""
        step = _failing_step(error, estimator)
        raise type(error)(f"{step}{error}{where}") from error


def _failing_step(error: BaseException, estimator: Any) -> str:
    """Which step was at work when an error came up."""
    kinds = [type(part) for part in estimator.get_params(deep=True).values() if hasattr(part, "fit")]
    trace = error.__traceback__
    found = ""
    while trace is not None:
        owner = type(trace.tb_frame.f_locals.get("self"))
        if owner in kinds and owner.__name__ not in ("Pipeline", "ColumnTransformer", "FeatureUnion"):
            found = f"{owner.__name__} can't be fitted to X: "
        trace = trace.tb_next
    return found
