"""Fitted explainers in files: what is stored of them, and how one is made of it again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neonxai import sources, storage
from neonxai.networks import network_from_state
from neonxai.networks.base import family_name
from neonxai.parameters import check_parameters
from neonxai.stages.background import Background
from neonxai.stages.games import check_additive
from neonxai.transforms.rows import NoSteps

if TYPE_CHECKING:
    from neonxai.explainer import ClusterExplainer

_STORED = ("family", "beta", "pooling", "method", "agreement", "feature_names", "cluster_names")
# What files lack that are older than games.
_GAME = {"n_permutations": 32, "random_state": 0, "tol": None}
_BACKGROUND, _WEIGHTS = "background", "background_weights"


class Stored(NamedTuple):
    """What a file holds."""

    parameters: dict[str, Any]
    source: sources.Source
    agreement: float | None
    background: Background | None


def write(explainer: ClusterExplainer, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Store a fitted explainer; see `ClusterExplainer.save`."""
    if not isinstance(explainer.entrance_, NoSteps):
        raise TypeError(
            "An explainer of a pipeline with steps that are not affine, or that leave columns out, can't "
            "be stored: these steps are foreign objects, which only a pickle could hold. Store the "
            "pipeline itself, for example with skops.io.dump, and make the explainer again."
        )
    named = hasattr(explainer, "feature_names_in_")
    fields = {
        "family": family_name(explainer.network_),
        "beta": explainer.beta_,
        "pooling": explainer.pooling_,
        "method": explainer.method,
        "agreement": explainer.agreement_,
        "feature_names": explainer.feature_names_ if named else None,
        "cluster_names": explainer.cluster_names_,
        **{name: _plain(getattr(explainer, name)) for name in _GAME},
    }
    arrays = explainer.network_.to_state()
    if explainer.background_ is not None and explainer.background_weights_ is not None:
        arrays = arrays | {_BACKGROUND: explainer.background_, _WEIGHTS: explainer.background_weights_}
    storage.write(path, "ClusterExplainer", fields, arrays, overwrite=overwrite)


def read(cls: type[ClusterExplainer], path: str | os.PathLike[str]) -> Stored:
    """Read an explainer; see `ClusterExplainer.load`."""
    fields, arrays = storage.read(path, "ClusterExplainer", fields=_STORED, arrays=None, added=_GAME)
    try:
        background = None if fields["method"] == "neon" else _background(arrays)
        network = network_from_state(fields["family"], arrays)
        parameters = {name: fields[name] for name in ("beta", "pooling", "method", *_GAME)}
        check_parameters(cls(network, **parameters))
        names = None if fields["feature_names"] is None else tuple(map(str, fields["feature_names"]))
        source = sources.Source(network, tuple(fields["cluster_names"]), names)
        if background is not None:
            check_additive(network)
            background.check(network.n_features)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise ValueError(f"{os.fspath(path)} holds no whole explainer: {error}.") from error
    return Stored(parameters, source, fields["agreement"], background)


def _background(arrays: dict[str, Any]) -> Background:
    """Take the background out of what is stored. In older files all its rows count alike."""
    rows, weights = np.asarray(arrays.pop(_BACKGROUND), np.float64), arrays.pop(_WEIGHTS, None)
    return Background.of(rows) if weights is None else Background(rows, np.asarray(weights, np.float64))


def _plain(number: Any) -> Any:
    """A NumPy number as Python's, which JSON takes."""
    return number.item() if isinstance(number, np.generic) else number
