"""Where an explanation comes from: the model in words, and the lines that make the report again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neonxai.report.facts import Model

if TYPE_CHECKING:
    from neonxai.explainer import ClusterExplainer
    from neonxai.explanation import Explanation

_MOST_PARAMETERS = 20
_LONGEST = 60


def described(explainer: ClusterExplainer | None, n_clusters: int) -> Model:
    """Name a model and its parameters, as it says itself.

    Examples
    --------
    >>> import neonxai
    >>> from sklearn.cluster import KMeans
    >>> explainer = neonxai.ClusterExplainer(KMeans(2, random_state=0)).fit([[0.0], [1.0], [5.0]])
    >>> described(explainer, 2)
    Model(name='KMeans', parameters=(('n_clusters', '2'), ('random_state', '0')), n_clusters=2)
    """
    if explainer is None:
        return Model(None, (), n_clusters)
    model = explainer.model_
    return Model(_name(model), _parameters(model), n_clusters)


def _name(model: Any) -> str:
    steps = getattr(model, "steps", None)
    kind = type(model).__qualname__
    if not isinstance(steps, list):
        return kind
    return f"{kind} of {', '.join(_name(step) for _, step in steps if step not in (None, 'passthrough'))}"


def _parameters(model: Any) -> tuple[tuple[str, str], ...]:
    """Those of the last step that are not as they are by default."""
    steps = getattr(model, "steps", None)
    last = steps[-1][1] if isinstance(steps, list) else model
    if not hasattr(last, "get_params"):
        return ()
    given = last.get_params(deep=False)
    try:
        usual = type(last)().get_params(deep=False)
    except TypeError:  # it can't be made without parameters, so that all are told
        usual = {}
    found = [
        (name, " ".join(repr(value).split()))
        for name, value in given.items()
        if name not in usual or not _same(value, usual[name])
    ]
    return tuple((name, text) for name, text in found if len(text) <= _LONGEST)[:_MOST_PARAMETERS]


def _same(value: Any, usual: Any) -> bool:
    return type(value) is type(usual) and bool(np.array_equal(value, usual))


def commands_of(e: Explanation, explainer: ClusterExplainer | None = None) -> list[tuple[str, str]]:
    """The lines of Python that explain and report."""
    asked = {"beta": repr(e.beta).replace("inf", 'float("inf")')}
    if e.pooling == "soft":
        asked["pooling"] = '"soft"'
    if explainer is not None:
        usual = type(explainer)(explainer.model).get_params(deep=False)
        for name, value in explainer.get_params(deep=False).items():
            if name not in ("model", *asked) and not _same(value, usual[name]):
                asked[name] = repr(value) if isinstance(value, str | int | float) else name
    lines = [
        "import neonxai",
        "# model: the clustering; X: the rows",
        f"explainer = neonxai.ClusterExplainer(model, {', '.join(map('='.join, asked.items()))}).fit(X)",
        'explainer.explain(X).to_html("report.html", explainer=explainer)',
    ]
    return [("python", "\n".join(lines))]
