"""Rows that stand for the absence of features: given, sampled, or the centers of a clustering of many."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from neonxai.arrays import Doubles
from neonxai.stages.machine import parts
from neonxai.transforms.rows import Entrance, Rows

# Rows that are sampled, unless others are given.
_DEFAULT_SIZE = 50
# How far the sum of weights may be from 1.
_UNSUMMED = 1e-9


@dataclass(frozen=True, eq=False)
class Background:
    """Rows as the network takes them, and how much each counts.

    Attributes
    ----------
    rows : array of shape (n_background, n_features)
        The rows.
    weights : array of shape (n_background,)
        Positive, with the sum 1.
    """

    rows: Doubles
    weights: Doubles

    @classmethod
    def of(cls, rows: Doubles) -> "Background":
        """Rows that all count alike."""
        return cls(rows, np.full(len(rows), 1.0 / len(rows)))

    def check(self, n_features: int) -> None:
        """Raise a ValueError unless it fits a network."""
        rows, weights = self.rows, self.weights
        if rows.ndim != 2 or rows.shape[1] != n_features or not len(rows):
            raise ValueError(f"its background has the shape {rows.shape}, not (n, {n_features})")
        if not np.isfinite(rows).all():
            raise ValueError("its background is no array of finite numbers")
        if weights.shape != (len(rows),) or not (weights > 0.0).all():
            raise ValueError(f"its background has {len(rows)} rows, but no positive weight for each")
        if not abs(weights.sum() - 1.0) <= _UNSUMMED:
            raise ValueError(f"the weights of its background sum to {weights.sum()}, not to 1")


def make_background(entrance: Entrance, fitted: Rows, given: Any, random_state: int) -> Background:
    """Take the background through the steps in front of the network.

    Parameters
    ----------
    entrance : Entrance
        These steps.
    fitted : Rows
        Rows to sample from, or to summarise.
    given : int, rows, unfitted clustering or None
        How many of them (all, in order, if there are no more), or others, or what makes their summary.
    random_state : int
        Which are sampled.

    Raises
    ------
    TypeError
        If the clustering is a class, or finds no centers; or the network takes sparse rows.
    ValueError
        If there are no rows, or they have other columns; or the clustering is fitted.
    """
    fitted.check()
    if is_clustering(given):
        _check_clustering(given)
        found = []
        for _, values, _ in parts(entrance, fitted):
            if issparse(values):
                raise TypeError(
                    f"background={given!r:.60} would summarise sparse rows, whose centers are not "
                    "sparse. Pass how many rows to sample, such as background=50, or rows."
                )
            found.append(np.asarray(values, dtype=np.float64))
        return summarize(given, np.concatenate(found))
    rows, size = fitted, _DEFAULT_SIZE
    if given is not None and np.ndim(given) == 0:
        size = int(given)
    elif given is not None:
        rows = entrance.read(given)
        size = rows.n_rows
        if rows.n_columns != fitted.n_columns or not size:
            raise ValueError(
                f"background= has {size} rows of {rows.n_columns} features; it must have at least one, "
                f"of the {fitted.n_columns} features that were clustered."
            )
    chosen = np.arange(rows.n_rows)
    if size < rows.n_rows:
        chosen = np.sort(np.random.default_rng(random_state).choice(rows.n_rows, size, replace=False))
    found = []
    for start, values, _ in parts(entrance, rows):
        here = values[chosen[(chosen >= start) & (chosen < start + values.shape[0])] - start]
        found.append(here.toarray() if issparse(here) else np.asarray(here))
    return Background.of(np.concatenate(found).astype(np.float64))


def is_clustering(given: Any) -> bool:
    """Whether a background is given as a clustering."""
    return hasattr(given, "fit") and hasattr(given, "get_params")


def summarize(clustering: Any, rows: Doubles) -> Background:
    """Return the centers of a clustering of rows, weighted by how many rows each has.

    Parameters
    ----------
    clustering : estimator
        Unfitted; a clone of it is fitted, and must have ``cluster_centers_`` and ``labels_`` then.
    rows : array of shape (n_rows, n_features)
        The rows.

    Raises
    ------
    TypeError
        If it has none.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> found = summarize(KMeans(2, random_state=0), np.array([[0.0], [2.0], [1.0], [9.0]]))
    >>> order = found.rows[:, 0].argsort()
    >>> found.rows[order, 0], found.weights[order]
    (array([1., 9.]), array([0.75, 0.25]))
    """
    fitted = clone(clustering).fit(rows)
    centers, labels = (getattr(fitted, name, None) for name in ("cluster_centers_", "labels_"))
    if centers is None or labels is None:
        raise TypeError(
            f"background={clustering!r:.60} has no cluster_centers_ and labels_ after it was fitted, so that "
            "it summarises no rows. Pass one that has, such as sklearn.cluster.KMeans(50), or rows."
        )
    sizes = np.bincount(labels[labels >= 0], minlength=len(centers))
    kept = sizes > 0
    return Background(np.asarray(centers, np.float64)[kept], sizes[kept] / sizes.sum())


def _check_clustering(given: Any) -> None:
    """Raise an error unless a clustering is an unfitted one."""
    if isinstance(given, type):
        raise TypeError(f"background={given.__name__} is a class. Pass an instance, {given.__name__}(50).")
    try:
        check_is_fitted(given)
    except NotFittedError:
        return
    raise ValueError(
        f"background={given!r:.60} is fitted, but it is fitted again, to what the network takes. Pass an "
        "unfitted one, sklearn.base.clone(...) of it, or its cluster_centers_ as rows."
    )
