"""Which models are known, and how each becomes a network."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from neonxai.networks import Network
from neonxai.registry import Registry
from neonxai.sources.labels import Labels
from neonxai.sources.source import Source

Neuralizer: TypeAlias = Callable[[Any], Source | Labels]

_neuralizers: Registry[Neuralizer] = Registry()


def register(*paths: str) -> Callable[[Neuralizer], Neuralizer]:
    """Register a function that turns fitted models of some classes into a `Source` (decorator).

    Parameters
    ----------
    *paths : str
        Where each class is imported from, such as "sklearn.cluster.KMeans". A model is recognised by the
        first and the last part, the library and the class; subclasses are recognised too. A later
        registration replaces an earlier one.
    """
    return _neuralizers.register(*paths)


def supported() -> tuple[str, ...]:
    """Return where all classes that are recognised are imported from, sorted."""
    return _neuralizers.paths()


def _find(model: object) -> Neuralizer:
    if isinstance(model, type):
        raise TypeError(f"{model.__qualname__} is a class, not a model. Make one: {model.__qualname__}(...).")
    # scikit-fuzzy's cmeans returns a bare tuple (cntr, u, u0, d, jm, p, fpc).
    if type(model) is tuple and len(model) == 7 and all(getattr(part, "ndim", 0) == 2 for part in model[:4]):
        return _neuralizers.of_path("skfuzzy.cmeans")
    found = _neuralizers.find(model)
    if found is not None:
        return found[0]
    kind = type(model)
    if hasattr(model, "shape") or isinstance(model, list | tuple):
        hint = "The model comes first: explain(model, X); bare centers are Centroids(array). "
    elif hasattr(model, "transform") and not hasattr(model, "predict"):
        hint = "It transforms and does not cluster: a pipeline must end in a clustering. "
    else:
        hint = ""
    raise TypeError(
        f"Don't know how to explain a model of type {kind.__module__}.{kind.__qualname__}. {hint}"
        "Any clustering can be explained by its labels: neonxai.explain_labels(labels, X); and what assigns "
        "rows to their nearest center exactly: neonxai.Centroids(array of centers). Others can be added with "
        f"neonxai.sources.register. Supported are {', '.join(supported())}."
    )


def neuralize(model: object) -> Source | Labels:
    """Rewrite a fitted model as a network.

    Parameters
    ----------
    model : object
        A fitted model of a registered class, or a `Network`.

    Returns
    -------
    Source or Labels
        `Labels`, where nothing is known of the clustering but its labels of the rows it was fitted to; these
        rows make it a Source (`Labels.on`).

    Raises
    ------
    TypeError
        If the model's class is not known; the message lists what is.
    ValueError
        If its parameters are not covered, such as a metric that is not Euclidean, or if it has one cluster.
    sklearn.exceptions.NotFittedError
        If it has not been fitted.
    """
    if isinstance(model, Network):
        return Source(model, tuple(range(model.n_clusters)))
    return _find(model)(model)


def is_fitted(model: object) -> bool:
    """Say whether a model can be neuralized as it is, rather than after a ``fit``.

    Raises
    ------
    TypeError
        If its class is not known, in which case fitting it would be work lost.
    """
    if isinstance(model, Network):
        return True
    _find(model)
    if not (hasattr(model, "fit") and hasattr(model, "get_params")):
        return True
    if hasattr(model, "decision_function") and type(model).__module__.startswith("pyod."):
        return hasattr(model, "decision_scores_")  # its neighbor search ends with an underscore before
    if not hasattr(model, "__sklearn_tags__"):
        return True  # not of scikit-learn's kind: its source says whether it is fitted
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    return True


def check_unfitted(model: Any, y: Any) -> None:
    """Look at what can be known before a model is fitted: its parameters, and whether it needs classes.

    Raises
    ------
    TypeError, ValueError
        As `neuralize` would after the fit; or if the model needs y.
    """
    with suppress(NotFittedError):  # as it should be
        neuralize(model)
    if y is None and hasattr(model, "__sklearn_tags__") and model.__sklearn_tags__().target_tags.required:
        name = type(model).__qualname__
        raise ValueError(
            f"{name} needs classes to be fitted. Fit it yourself, explain({name}(...).fit(X, y), X), or pass "
            f"them: ClusterExplainer({name}(...)).fit(X, y)."
        )
