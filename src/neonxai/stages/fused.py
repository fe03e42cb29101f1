"""Explaining a tile of rows in one pass, where a kernel covers the question; the rest by the network."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from neonxai import kernels
from neonxai.arrays import Floats, Ints
from neonxai.networks import CentroidNetwork, Network
from neonxai.stages.propagation import Question

# Multiplications from which on loading a kernel, half a second, is made up for over a few calls. Nothing but
# the question decides, so that the same question has the same answer, to the last bit, in every process.
_WORTH_LOADING = 1 << 26
_TILE_LIMIT = 1 << 14  # values of a row, and its products and shares: 8 MiB a thread for a tile of 64 rows


@dataclass(frozen=True, eq=False)
class Room:
    """Where a tile's results go, in the dtype of the answer. Attributes as in `Explanation`."""

    relevance: Floats
    logits: Floats
    probabilities: Floats
    labels: Ints
    competitors: Ints

    @classmethod
    def like(cls, room: Self, n_rows: int) -> Self:
        """Room for so many rows, in the dtypes of another."""
        values = {field.name: getattr(room, field.name) for field in fields(cls)}
        return cls(**{name: np.empty((n_rows, *to.shape[1:]), to.dtype) for name, to in values.items()})

    def put(self, rows: Ints, found: "Room") -> None:
        """Take over some rows' results."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(found, field.name)


@dataclass(frozen=True, eq=False)
class FusedCentroids:
    """K-means' default question: the assigned cluster, all rivals, min-pooling.

    Parameters
    ----------
    network : CentroidNetwork
        The clustering.
    beta : float
        β.
    """

    network: CentroidNetwork
    beta: float

    def explain(self, X: Floats, room: Room) -> Ints:
        """Explain rows.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows of any strides, float32 or float64.
        room : Room
            Gets the results.

        Returns
        -------
        array of indices
            Rows that are left to the network: for those the kernel lacks digits, or their numbers are too
            large or not finite.
        """
        rows = self._pass(X, room, self._backward(room.relevance.dtype))
        if len(rows) and room.relevance.dtype != np.float64:
            again = Room.like(room, len(rows))
            left = self._pass(X[rows], again, self._backward(np.dtype(np.float64)))
            room.put(rows, again)
            rows = rows[left]
        return rows

    def _backward(self, dtype: np.dtype[np.floating]) -> Floats:
        """The centers' coefficients in a precision."""
        d = self.network.differences
        double = d.minus_twice_local_and_squared
        return double if dtype == np.float64 else d.single_minus_twice_local_and_squared

    def _pass(self, X: Floats, room: Room, backward: Floats) -> Ints:
        """Let the kernel explain rows, and return those for which it lacks digits."""
        from neonxai.kernels.centroid import explain_rows

        d = self.network.differences
        X = X.view()
        X.flags.writeable = False  # one type of array, so that one form is compiled
        lossy = np.empty(len(X), dtype=np.bool_)
        explain_rows(
            X,
            d.origin,
            d.minus_twice_local,
            d.squares,
            backward,
            d.rounding,
            min(self.beta, float(np.finfo(np.float64).max)),
            float(np.finfo(room.relevance.dtype).max),
            room.relevance,
            room.logits,
            room.probabilities,
            room.labels,
            room.competitors,
            lossy,
        )
        return np.flatnonzero(lossy)


def fused(
    network: Network, question: Question, n_rows: int, *, beta: float, pooling: str
) -> FusedCentroids | None:
    """Return what explains the rows in one pass, or None where nothing does or it would not pay.

    Parameters
    ----------
    network, question, beta, pooling
        As for `propagate`.
    n_rows : int
        How many rows there are.
    """
    if type(network) is not CentroidNetwork or pooling != "min":
        return None
    if any(asked is not None for asked in (question.targets, question.rivals, question.labels)):
        return None
    pays = n_rows * network.cost > _WORTH_LOADING
    pays &= 3 * network.n_features + network.n_clusters <= _TILE_LIMIT
    return FusedCentroids(network, beta) if pays and kernels.available() else None
