"""Explanations in files: what is stored how, and whether what is read is whole."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy.sparse import csr_array, issparse

from neonxai import storage
from neonxai.explanation import cells, packing
from neonxai.names import positions_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

    E = TypeVar("E", bound=Explanation)

PER_ROW = ("logits", "labels", "targets", "competitors", "probabilities", "absorbed")
_OPTIONAL = ("index", "contrasts", "separations", "absent", "standard_error")
_BASES = "base_values"  # where each row has its own; the plain base_value is None then
_TABLES = ("relevance", "data")
# What files lack that are older than sparse relevance and raw tables.
_ADDED = {"row_kind": "row", "layout": {name: {"form": "array"} for name in _TABLES}}


def write(e: Explanation, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Store an explanation; see `Explanation.save`."""
    arrays = {name: np.asarray(getattr(e, name)) for name in PER_ROW}
    if e.index is not None:
        arrays["index"] = _storable(e.index)
    if e.contrasts is not None and e.separations is not None:
        arrays |= {"contrasts": e.contrasts, "separations": e.separations}
    if e.absent is not None:
        arrays["absent"] = e.absent
    if e.standard_error is not None:
        # Its entries are those of the relevance.
        errors: Any = e.standard_error
        arrays["standard_error"] = errors.data if issparse(errors) else errors
    facts = {name: getattr(e, name) for name in _plain(type(e))} | {"layout": {}}
    if isinstance(e.base_value, np.ndarray):
        arrays[_BASES], facts["base_value"] = e.base_value, None
    for name in _TABLES:
        parts, facts["layout"][name] = packing.pack(name, getattr(e, name))
        arrays |= parts
    storage.write(path, "Explanation", facts, arrays, overwrite=overwrite)


def read(cls: type[E], path: str | os.PathLike[str]) -> E:
    """Read an explanation; see `Explanation.load`."""
    facts, arrays = storage.read(
        path, "Explanation", fields=_plain(cls) - set(_ADDED), arrays=None, added=_ADDED
    )
    try:
        layout = facts.pop("layout")
        for name in ("feature_names", "cluster_names"):
            facts[name] = tuple(facts[name])
        packed = set().union(*(packing.parts_of(name, layout[name]) for name in _TABLES))
        _check_known(set(arrays) - packed - {*PER_ROW, *_OPTIONAL, _BASES})
        if facts["base_value"] is None:
            facts["base_value"] = arrays.pop(_BASES)
        shape = len(arrays["logits"]), len(facts["feature_names"])
        everything: dict[str, Any] = {name: arrays[name] for name in arrays if name not in packed}
        for name in _TABLES:
            everything[name] = packing.unpack(name, layout[name], arrays, shape, arrays.get("index"))
        if issparse(everything["relevance"]) and "standard_error" in everything:
            everything["standard_error"] = _like(everything["relevance"], everything["standard_error"])
        loaded = cls(**facts, **everything)
        _check(loaded)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise ValueError(f"{os.fspath(path)} holds no whole explanation: {error}.") from error
    return loaded


def _plain(cls: type[Explanation]) -> set[str]:
    """The fields that are stored as JSON."""
    return {f.name for f in fields(cls)} - {*PER_ROW, *_OPTIONAL, *_TABLES}


def _check_known(unknown: set[str]) -> None:
    if unknown:
        raise ValueError(f"it has unknown parts {sorted(unknown)!r:.100}")


def _check(e: Explanation) -> None:
    """Raise a ValueError unless all parts fit together."""
    n, d = e.n_samples, e.n_features
    for name in PER_ROW:
        array = getattr(e, name)
        kinds = "biufU" if name in ("labels", "targets", "competitors") else "f"
        _check_array(name, array, (n,), kinds)
    if not issparse(e.relevance):
        _check_array("relevance", e.relevance, (n, d), "f")
    if (e.absent is None) == issparse(e.relevance):
        raise ValueError("its sparse relevance and what is absent don't belong together")
    if cells.n_rows(e.data) != n or (e.index is not None and len(e.index) != n):
        raise ValueError(f"there are other numbers of rows or row names than {n}")
    if not (all(isinstance(name, str) for name in e.feature_names) and e.pooling in ("min", "soft")):
        raise ValueError("its names or its pooling are of another kind")
    if not (isinstance(e.beta, float) and e.beta >= 0 and isinstance(e.base_value, float | np.ndarray)):
        raise ValueError(f"beta is {e.beta!r}")
    _check_optional(e)
    if e.row_kind not in ("row", "document"):
        raise ValueError(f"row_kind is {e.row_kind!r:.50}")
    k = e.n_clusters
    for table, shape in ((e.contrasts, (k, k, d)), (e.separations, (k, k))):
        if table is not None:
            _check_array("contrasts", table, shape, "f")
    for clusters in (e.labels, e.targets, e.competitors):
        positions_of(clusters, e.cluster_names)


def _like(relevance: csr_array, entries: NDArray[Any]) -> csr_array:
    """The same entries with other numbers."""
    _check_array("standard_error", entries, relevance.data.shape, "f")
    return csr_array((entries, relevance.indices, relevance.indptr), relevance.shape)


def _check_optional(e: Explanation) -> None:
    n, d = e.n_samples, e.n_features
    if isinstance(e.base_value, np.ndarray):
        _check_array("base_value", e.base_value, (n,), "f")
    for name, array, shape in (("absent", e.absent, (n,)), ("standard_error", e.standard_error, (n, d))):
        if array is not None:
            _check_array(name, array, shape, "f")


def _check_array(name: str, array: Any, shape: tuple[int, ...], kinds: str) -> None:
    if array.shape != shape or array.dtype.kind not in kinds:
        raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}, not {shape}")


def _storable(index: Any) -> NDArray[np.generic]:
    """Turn row names into an array that needs no pickle."""
    array = np.asarray(index)
    if array.dtype.kind in "OT" and all(isinstance(name, str) for name in array):
        array = array.astype(np.str_)
    if array.dtype.kind not in "biufUM":
        raise TypeError(
            f"The rows' names are {type(index).__qualname__} of dtype {array.dtype}, which can't be stored "
            "without pickle. Save dataclasses.replace(e, index=None), or explain X.reset_index(drop=True)."
        )
    return array
