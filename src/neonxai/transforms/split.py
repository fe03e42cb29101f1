"""A pipeline in two: what is in front, and the clustering at its end."""

from typing import Any

from neonxai.transforms.steps import Chain


def split(model: Any) -> tuple[Chain | None, Any]:
    """Take a pipeline apart.

    Parameters
    ----------
    model : object
        A model, or a pipeline that ends in one.

    Returns
    -------
    steps : Chain or None
        What is in front of the clustering; None where there is nothing.
    clustering : object
        The last step.

    Raises
    ------
    TypeError
        If the last step is no clustering but another transformer.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> steps, clustering = split(make_pipeline(StandardScaler(), "passthrough", KMeans(3)))
    >>> [name for name, _ in steps.steps], clustering
    (['standardscaler'], KMeans(n_clusters=3))
    """
    steps: list[tuple[str, Any]] = []
    while True:
        if _is_frozen(model) and _is_pipeline(model.estimator):
            model = model.estimator
        if not _is_pipeline(model):
            break
        *front, (name, last) = model.steps
        steps += [(step, each) for step, each in front if each is not None and each != "passthrough"]
        if last is None or last == "passthrough":
            raise TypeError(
                f"The pipeline's last step {name!r} is {last!r}, which is no clustering. Explain a pipeline "
                "that ends in one."
            )
        model = last
    return (Chain(tuple(steps)) if steps else None), model


def _is_pipeline(model: Any) -> bool:
    return any(cls.__name__ == "Pipeline" and hasattr(model, "steps") for cls in type(model).__mro__)


def _is_frozen(model: Any) -> bool:
    return type(model).__name__ == "FrozenEstimator" and hasattr(model, "estimator")
