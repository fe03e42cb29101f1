"""Networks behind an affine map: what all of them share, and those where the map mixes no inputs."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from neonxai.arrays import Doubles, Floats, Ints
from neonxai.neighborhoods.moments import Behind, Products
from neonxai.neighborhoods.recognition import precision
from neonxai.networks.affine import AffineMap
from neonxai.networks.base import Layer, Network, family, family_name, network_from_state
from neonxai.networks.recognizing import RecognizingNetwork


class FoldedNetwork(Network):
    """A network h over z, as one over e with z = A e + b: h̃_k(e) = h_k(A e + b).

    Evidence is the network's own. Families differ in how they send it back, which is always from the
    pre-image m̃_k of the root m_k, with the gradient in e: Z̃_k = (Aᵀ ḡ_k) ∘ (e − m̃_k).

    Parameters
    ----------
    inner : Network
        The network over z.
    affine : AffineMap
        z = A e + b.

    Raises
    ------
    ValueError
        If the map does not give as many values as the network takes.
    """

    def __init__(self, inner: Network, affine: AffineMap) -> None:
        if affine.n_outputs != inner.n_features:
            raise ValueError(
                f"A map that gives {affine.n_outputs} values can't be in front of {inner!r}, which takes "
                f"{inner.n_features}."
            )
        self._inner, self._affine = inner, affine

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._inner!r} of {self.n_features} inputs)"

    @property
    def inner(self) -> Network:
        """The network over z."""
        return self._inner

    @property
    def affine(self) -> AffineMap:
        """The map."""
        return self._affine

    @property
    def n_clusters(self) -> int:
        """K, the number of clusters."""
        return self._inner.n_clusters

    @property
    def n_features(self) -> int:
        """E, the number of inputs of the map."""
        return self._affine.n_inputs

    @property
    def default_pooling(self) -> str:
        """The network's."""
        return self._inner.default_pooling

    @property
    def default_beta(self) -> float | None:
        """The network's."""
        return self._inner.default_beta

    @property
    def default_target(self) -> int | None:
        """The network's."""
        return self._inner.default_target

    @property
    def bystanders(self) -> tuple[int, ...]:
        """The network's."""
        return self._inner.bystanders

    @property
    def cost(self) -> int:
        """The network's, and what the map takes there and back."""
        return self._inner.cost + 2 * self._affine.n_entries

    @property
    def prototypes(self) -> NDArray[np.float64] | None:
        """Pre-images of the network's."""
        prototypes = self._inner.prototypes
        return None if prototypes is None else self._affine.preimages(prototypes)

    def known_labels(self, X: Floats) -> Ints | None:
        """See `Network.known_labels`."""
        if isinstance(self._inner, RecognizingNetwork):
            return self._inner.known_labels(self._affine(X), self.doubt(X))
        return self._inner.known_labels(self._affine(X))

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Layer 1, forward; see `Network.evidence`."""
        z = self._affine(X)
        if isinstance(self._inner, RecognizingNetwork):
            return self._inner.evidence(z, clusters, beta=beta, doubt=self.doubt(X))
        return self._inner.evidence(z, clusters, beta=beta)

    @abstractmethod
    def prepare(self, X: Floats) -> Layer:
        """See `Network.prepare`."""

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Layer 1, backward; see `Network.redistribute`."""
        return self.prepare(X).redistribute(X, clusters, coefficients)

    def doubt(self, X: Floats) -> Doubles:
        """How far off z may be in a copy of X, by its own rounding and by that of the map.

        Matrix products round differently for one row and for many, so that it is not 0 for X itself.
        """
        sizes = np.maximum(np.abs(self._affine.localize(X)), np.abs(X))
        return np.asarray((precision(X) * sizes) @ self._magnitudes.T)

    @cached_property
    def _magnitudes(self) -> Doubles | csr_array:
        return abs(self._affine.matrix)

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the network's arrays and those of the map."""
        inner = {f"inner.{name}": values for name, values in self._inner.to_state().items()}
        affine = {f"affine.{name}": values for name, values in self._affine.to_state().items()}
        return {"inner": np.array(family_name(self._inner)), **inner, **affine}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the network from `to_state`'s arrays."""
        inner, affine = (
            {name.removeprefix(part): values for name, values in state.items() if name.startswith(part)}
            for part in ("inner.", "affine.")
        )
        return cls(network_from_state(str(state["inner"]), inner), AffineMap.from_state(affine))


class MixingNetwork(FoldedNetwork):
    """A network behind a map that mixes inputs."""

    @cached_property
    def products(self) -> Products:
        """(v A) ∘ (v Qᵀ), which is what a square of z is in e."""
        return Products(self._affine.matrix, self._affine.inverse.T)

    def look(self, X: Floats) -> tuple[Doubles, Behind]:
        """Map rows: z, and what z does not say about them."""
        local = self._affine.localize(X)
        z = self._affine.of_local(local)
        if self._affine.is_one_to_one:
            rest = np.zeros(local.shape)
        else:
            rest = local
            rest -= self._affine.local_preimages(z)
        return z, Behind(self.products, rest)


@family("scaled")
class ScaledNetwork(FoldedNetwork):
    """A network behind scalers and selectors: each z_j = A_ji e_i + b_j depends on one input alone.

    Then A_ji (e_i − m̃_i) = z_j − m_j, and an input's relevance is the sum of that of its outputs,
    Z̃_ik = Σ_j Z_jk, for every family.

    Parameters
    ----------
    inner : Network
        The network over z.
    affine : AffineMap
        A map that mixes nothing.

    Raises
    ------
    ValueError
        If the map mixes inputs, or gives another number of values than the network takes.

    Examples
    --------
    >>> import numpy as np
    >>> from neonxai.networks.centroid import CentroidNetwork
    >>> inches = AffineMap.scaling([1 / 2.54])
    >>> network = ScaledNetwork(CentroidNetwork([[1.0], [5.0]]), inches)
    >>> x = np.array([[5.08]])
    >>> clusters, evidence = network.evidence(x)
    >>> evidence  # 3² − 1² square inches
    array([[inf,  8.]])
    >>> network.prototypes
    array([[ 2.54],
           [12.7 ]])
    """

    def __init__(self, inner: Network, affine: AffineMap) -> None:
        super().__init__(inner, affine)
        if affine.is_mixing:
            raise ValueError(
                "The map mixes inputs, so that outputs' relevance can't be handed to one of them."
            )
        columns = affine.columns
        outputs = np.flatnonzero(columns >= 0)
        shape = (affine.n_outputs, affine.n_inputs)
        self._owners = csr_array((np.ones(len(outputs)), (outputs, columns[outputs])), shape)
        self._constant = np.flatnonzero(columns < 0)

    def prepare(self, X: Floats) -> Layer:
        """See `Network.prepare`."""
        z = self._affine(X)
        if isinstance(self._inner, RecognizingNetwork):
            return _ScaledLayer(self, self._inner.prepare(z, self.doubt(X)), z)
        return _ScaledLayer(self, self._inner.prepare(z), z)

    def handed_over(self, relevance: Doubles, absorbed: Doubles) -> tuple[Doubles, Doubles]:
        """Relevance of the inputs, and absorbed what belongs to none, from relevance of the outputs."""
        if self._affine.is_in_place:
            return relevance, absorbed
        if len(self._constant):
            absorbed = absorbed + relevance[:, self._constant].sum(axis=1)
        return np.asarray(relevance @ self._owners), absorbed


@dataclass(frozen=True, eq=False)
class _ScaledLayer(Layer):
    """Layer 1 for rows that have been mapped."""

    network: ScaledNetwork
    layer: Layer
    z: Doubles

    def evidence(
        self, X: Floats, clusters: Ints | None = None, *, beta: float = 0.0
    ) -> tuple[Ints, NDArray[np.float64]]:
        return self.layer.evidence(self.z, clusters, beta=beta)

    def redistribute(
        self, X: Floats, clusters: Ints, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.network.handed_over(*self.layer.redistribute(self.z, clusters, coefficients))
