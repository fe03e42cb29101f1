"""Networks that know the rows that they were made of."""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.networks.base import Layer, Network


class RecognizingNetwork(Network):
    """A network for which a row that it was made of is another matter than a new one.

    Rows are recognised by their values. Where these were computed from others, as behind an affine map,
    rounding may have changed them by more than a copy in text would: ``doubt``, an array of the shape of X,
    says by how much.
    """

    @abstractmethod
    def evidence(
        self,
        X: Floats,
        clusters: Ints | None = None,
        *,
        beta: float = 0.0,
        doubt: Doubles | None = None,
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Network.evidence`."""

    @abstractmethod
    def prepare(self, X: Floats, doubt: Doubles | None = None) -> Layer:
        """See `Network.prepare`."""

    @abstractmethod
    def known_labels(self, X: Floats, doubt: Doubles | None = None) -> Ints | None:
        """See `Network.known_labels`."""
