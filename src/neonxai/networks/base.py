"""What every network family is: two operations, evidence and its redistribution."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from neonxai.arrays import Floats, Ints

N = TypeVar("N", bound=type["Network"])

_FAMILIES: dict[str, type["Network"]] = {}


class Layer(ABC):
    """Layer 1 of the network: two operations, evidence and its redistribution."""

    @abstractmethod
    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows of data.
        clusters : array of shape (n_rows,), optional
            The cluster c whose evidence is asked for, row by row. By default the one that the clustering
            assigns the row to.
        beta : float
            The β that the evidence will be pooled with. The shares exp(−β h_k) have β times the error of h_k,
            so a large one may call for more digits.

        Returns
        -------
        clusters : array of shape (n_rows,)
            The clusters c.
        evidence : float64 array of shape (n_rows, n_clusters)
            h_k(x), in the unit of the model's dissimilarity; +inf in the column of c itself, so that no
            pooling over rivals ever picks it. Not negative where c is the assigned cluster.
        """

    @abstractmethod
    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward: R_i = Σ_k a_k Z_ik with Z_k = (x − m_k) ∘ (mean gradient of h_k from m_k to x).

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows of data.
        clusters : array of shape (n_rows,)
            The cluster c that each row is explained for.
        coefficients : float64 array of shape (n_rows, n_clusters)
            a_k: how much of each rival's evidence to send back; 0 in the column of c.

        Returns
        -------
        relevance : float64 array of shape (n_rows, n_features)
            Σ_i R_i = Σ_k a_k (h_k − h_k(m_k)).
        absorbed : float64 array of shape (n_rows,)
            Σ_k a_k h_k(m_k): evidence that belongs to no feature.
        """


class Network(Layer):
    """A clustering, rewritten as a two-layer neural network with the same output.

    Layer 1 gives, for a row in cluster c and each rival k, the evidence h_k(x) for c against k. Layer 2 is a
    min-pooling over the rivals, f_c(x) = min_{k≠c} h_k(x) (`neonxai.networks.pooling`), positive exactly
    where the clustering assigns x to c. A family supplies layer 1, forward and backward; everything else
    (pooling, contrast, streaming, summaries, plots) is written once for all families.

    Evidence, not dissimilarities, is the primitive: d_k − d_c loses all its digits when both are large, and
    only the family knows how to compute the difference without them.

    Implementations are immutable: threads may share one. Both operations work on a tile of rows and may
    allocate a few arrays of shape (n_rows, n_clusters) and (n_rows, n_features). They compute in float64
    whatever the dtype of X. ``neonxai.testing.check_network`` tests an implementation.
    """

    @property
    @abstractmethod
    def n_clusters(self) -> int:
        """K, the number of clusters."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """D, the number of input features."""

    @property
    def default_pooling(self) -> str:
        """The pooling that ``pooling="auto"`` stands for: "min" or "soft"."""
        return "min"

    @property
    def default_beta(self) -> float | None:
        """The β that ``beta="auto"`` stands for; None: 1 / mean logit."""
        return None

    @property
    def default_target(self) -> int | None:
        """The cluster that is explained unless another is asked for; None: the one a row is assigned to."""
        return None

    @property
    def bystanders(self) -> tuple[int, ...]:
        """Clusters that are no rivals to the others unless asked for, such as noise."""
        return ()

    @property
    def cost(self) -> int:
        """About how many multiplications a row takes, to decide whether threads are worth their start."""
        return self.n_clusters * self.n_features

    @property
    def prototypes(self) -> NDArray[np.float64] | None:
        """A typical point of each cluster, shape (n_clusters, n_features); NaN where a cluster has none."""
        return None

    def prepare(self, X: Floats) -> Layer:
        """Layer 1 for one tile of rows, where its operations have work in common.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows. All calls of the result must be about these.

        Returns
        -------
        Layer
            The network itself, where there is nothing to prepare.
        """
        return self

    def known_labels(self, X: Floats) -> Ints | None:
        """What the clustering itself has said about rows, where the network only stands in for it.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            Rows of data.

        Returns
        -------
        int array of shape (n_rows,), or None
            The cluster of each row that took part in the clustering, recognised by its values, and −1 for
            new rows. None: the network is the clustering.
        """
        return None

    @abstractmethod
    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays that define the network, for storage without pickle."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> "Network":
        """Rebuild the network from `to_state`'s arrays."""


def family(name: str) -> Callable[[N], N]:
    """Name a network class, so that a saved explainer finds it again (class decorator).

    Raises
    ------
    ValueError
        If the name belongs to another class.
    """

    def register(cls: N) -> N:
        if _FAMILIES.setdefault(name, cls) is not cls:
            raise ValueError(f"The network family {name!r} is {_FAMILIES[name].__qualname__} already.")
        return cls

    return register


def family_name(network: Network) -> str:
    """Return the registered name of a network's class.

    Raises
    ------
    TypeError
        If its class is not registered.
    """
    for name, cls in _FAMILIES.items():
        if type(network) is cls:
            return name
    raise TypeError(
        f"{type(network).__qualname__} has no registered family name, so a saved file could not be read "
        "again. Decorate the class with neonxai.networks.family(NAME)."
    )


def network_from_state(name: str, state: Mapping[str, NDArray[np.generic]]) -> Network:
    """Rebuild a network from its family's name and arrays.

    Raises
    ------
    ValueError
        If no family of that name is registered.
    """
    if name not in _FAMILIES:
        raise ValueError(
            f"Unknown network family {name!r}; known are {sorted(_FAMILIES)}. "
            "Import the package that defines it first."
        )
    return _FAMILIES[name].from_state(state)
