"""What models of several libraries have in common."""

from typing import Any


def feature_names(model: Any) -> tuple[str, ...] | None:
    """Return the names of the columns that a model was fitted on, where it knows them."""
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else tuple(str(name) for name in names)


def check_predict(
    model: Any,
    library: str = "sklearn",
    *,
    rule: str = "the nearest center",
    remedy: str = "neonxai.Centroids(model.cluster_centers_)",
    methods: tuple[str, ...] = ("predict",),
) -> None:
    """Refuse a subclass that assigns rows in a way of its own: the network would be another clustering.

    Parameters
    ----------
    model : object
        The model.
    library : str
        The package whose methods are known.
    rule : str
        What they assign rows by.
    remedy : str
        What explains this rule, whatever the class.
    methods : tuple of str
        The methods; one that the class does not have is left alone.

    Raises
    ------
    TypeError
        If one of them belongs to a class of another package.
    """
    for method in methods:
        owner = next((cls for cls in type(model).__mro__ if method in vars(cls)), None)
        if owner is not None and owner.__module__.partition(".")[0] != library:
            raise TypeError(
                f"{type(model).__qualname__} assigns rows by a {method} of its own "
                f"({owner.__qualname__}.{method}), which may not be {rule}. If it is, explain {remedy}; if "
                "not, register a source for it with neonxai.sources.register."
            )
