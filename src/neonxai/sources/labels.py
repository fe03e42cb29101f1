"""Nothing but labels: a network of support points stands in for the clustering."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai import frames
from neonxai.arrays import Ints
from neonxai.names import check_cluster_names, check_order, index_of
from neonxai.networks.support import SupportNetwork
from neonxai.sources.source import Source

_SMALLEST_SPREAD, _LARGEST_SPREAD = 1e-280, 1e290  # in squared units


class Labels:
    """A clustering of which nothing is known but what it said about some rows.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        The cluster of each row, in the order of the rows: all numbers or all strings.
    noise : int, str or None
        The label of rows that belong to no cluster; −1 is what density-based clusterings call them. None:
        every label is a cluster.
    gamma : float
        γ of the model, where it has one; None: to be chosen.
    feature_names : sequence of str, optional
        The columns that were clustered, where the model knows their names.

    Raises
    ------
    ValueError
        If labels are missing or of different kinds, or there are not two clusters, or one and noise.

    Examples
    --------
    >>> import neonxai
    >>> X = [[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0]]
    >>> model = neonxai.Labels(["left", "left", "right", "right"])
    >>> neonxai.explain(model, X, gamma=float("inf")).relevance  # the other in its cluster is 1 away in x1
    array([[16., -1.],
           [16., -1.],
           [16., -1.],
           [16., -1.]])
    """

    def __init__(
        self,
        labels: ArrayLike,
        *,
        noise: int | str | None = -1,
        gamma: float | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.labels = np.array(_read(labels), copy=True)
        self.index = index_of(labels)
        self.gamma = gamma
        self.feature_names = None if feature_names is None else tuple(feature_names)
        names, self.positions = np.unique(self.labels, return_inverse=True)
        self.cluster_names = check_cluster_names(names, len(names))
        if noise == -1 and "-1" in self.cluster_names:
            noise = "-1"  # read from a text file
        self.noise = noise
        if noise is not None and noise != -1 and noise not in self.cluster_names:
            raise ValueError(
                f"noise={noise!r} is none of the labels, which are {frames.some(self.cluster_names)}. Name "
                "the label of rows that belong to no cluster, or leave it out."
            )
        n_clusters = len(names) - (self.noise_position is not None)
        if n_clusters == 0:
            raise ValueError(
                f"All {len(self.labels)} labels are noise ({noise!r}): there is no cluster to explain. "
                "Choose other parameters for the clustering or, if that label is a cluster, pass noise=None."
            )
        if len(names) < 2:
            raise ValueError(
                f"All {len(self.labels)} labels are {self.cluster_names[0]!r}. A cluster is explained "
                "against its rivals, so at least two clusters, or one and noise, are needed."
            )

        if len(names) == len(self.labels) > 2:
            raise ValueError(
                f"All {len(self.labels)} labels are different: no two rows are in one cluster, so there is "
                "nothing that its members have in common. Is this a column of names?"
            )

    def __repr__(self) -> str:
        return f"Labels({len(self.labels)} rows in {len(self.cluster_names)} groups)"

    @property
    def noise_position(self) -> int | None:
        """Where noise is in ``cluster_names``, if there is any."""
        return self.cluster_names.index(self.noise) if self.noise in self.cluster_names else None

    def on(self, X: NDArray[np.floating], gamma: float | str = "auto", index: Any = None) -> Source:
        """The network whose support points are the clustered rows.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            The rows that the labels belong to.
        gamma : float or "auto"
            γ; "auto" is the model's own, where it has one, and else the leave-one-out likelihood's choice.
        index : object, optional
            The rows' names, of a pandas frame.

        Raises
        ------
        ValueError
            If the rows are not as many as the labels, or have other names.
        """
        if len(X) != len(self.labels):
            raise ValueError(
                f"There are {len(self.labels)} labels for {len(X)} rows of X. The clustering is known by its "
                "labels alone, so fit(X) needs the very rows that were clustered, in their order; other rows "
                "can be explained afterwards, by ClusterExplainer(...).fit(X).explain(other)."
            )
        check_order(self.index, index, "labels")
        chosen = self.gamma if isinstance(gamma, str) else float(gamma)
        _check_spread(X)
        network = SupportNetwork.of_labels(X, self.positions, gamma=chosen, noise=self.noise_position)
        return Source(network, self.cluster_names, self.feature_names)


def _check_spread(X: NDArray[np.floating]) -> None:
    """Refuse rows whose squares leave the range of floats."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        spread = float(X.var(axis=0, dtype=np.float64).sum())
    if not _SMALLEST_SPREAD < spread < _LARGEST_SPREAD and np.any(X[0] != X):
        raise ValueError(
            f"The rows are too far from each other or too close for squared distances in float64: their "
            f"squared spread is {spread:.3g}. Rescale the data."
        )


def _read(labels: ArrayLike) -> NDArray[Any]:
    """Return labels as an array of numbers or strings, none missing."""
    # NumPy would turn a list of names and None, or of names and numbers, into names.
    array = np.asarray(labels) if hasattr(labels, "dtype") else np.array(labels, dtype=object)
    if array.ndim != 1 or not array.size:
        raise ValueError(
            f"labels have shape {array.shape}. Give one label for each row, in a flat list"
            + ("; they come before the rows: explain_labels(labels, X)." if array.ndim == 2 else ".")
        )
    if np.ma.isMaskedArray(labels):
        _refuse_missing(np.flatnonzero(np.ma.getmaskarray(labels)), "masked")
    if array.dtype.kind in "OT":
        plain = array.tolist()
        _refuse_missing(np.flatnonzero([_is_missing(label) for label in plain]), "None or NaN")
        kinds = {_kind(label) for label in plain}
        if len(kinds) > 1:
            raise ValueError(
                f"labels are of different kinds: {', '.join(sorted(kinds))}. Convert them all to numbers or "
                "all to strings."
            )
        array = np.array(plain)
    elif array.dtype.kind == "f":
        _refuse_missing(np.flatnonzero(np.isnan(array)), "NaN")
    if array.dtype.kind not in "biufU":
        raise ValueError(
            f"labels are of type {array.dtype}, the first {array.tolist()[0]!r}. Convert them to numbers or "
            "strings."
        )
    return array


def _is_missing(label: Any) -> bool:
    """None, NaN or whatever a data frame has for it: what is not equal to itself."""
    if label is None:
        return True
    differs = label != label  # noqa: PLR0124
    # pandas' missing value answers with itself.
    return bool(differs) if isinstance(differs, bool | np.bool_) else True


def _kind(label: Any) -> str:
    if isinstance(label, str):
        return "str"
    if isinstance(label, bool | np.bool_):
        return "bool"
    return "number" if isinstance(label, Real) else type(label).__name__


def _refuse_missing(rows: Ints, what: str) -> None:
    if len(rows):
        count = "The label" if len(rows) == 1 else f"{len(rows)} labels"
        raise ValueError(
            f"{count} of row{'s' * (len(rows) > 1)} {frames.some(rows.tolist())} "
            f"{'is' if len(rows) == 1 else 'are'} missing ({what}). Drop these rows from the labels and "
            "from X, or give them a label of their own, which noise= can name."
        )
