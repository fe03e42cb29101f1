"""What a fitted model becomes."""

from dataclasses import dataclass
from typing import Any

from neonxai.names import check_cluster_names
from neonxai.networks import Network


@dataclass(frozen=True)
class Source:
    """What a fitted model is to us.

    Attributes
    ----------
    network : Network
        The clustering as a network.
    cluster_names : tuple
        What the model calls its clusters, in the network's order: all numbers or all strings.
    feature_names : tuple of str, or None
        The columns that the model was fitted on, where it knows their names.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, or the names don't fit the network.
    """

    network: Network
    cluster_names: tuple[Any, ...]
    feature_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check that everything fits together, and that there is a rival at all."""
        if self.network.n_clusters < 2:
            raise ValueError(
                f"A clustering of {self.network.n_clusters} cluster only can't be explained: "
                "a cluster is explained against its rivals, so at least two are needed."
            )
        names = check_cluster_names(self.cluster_names, self.network.n_clusters)
        object.__setattr__(self, "cluster_names", names)
        if self.feature_names is not None and len(self.feature_names) != self.network.n_features:
            raise ValueError(
                f"There are {len(self.feature_names)} feature names for {self.network.n_features} features."
            )
