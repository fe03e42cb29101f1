"""What tells clusters apart, as a table."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neonxai import frames
from neonxai.names import free_name

SMALL_TABLE = 1 << 20  # values in the table of contrasts that every explanation has: 8 MiB
_ROUNDING = 1e-10  # of the parts: less is no absorbed evidence


def contrast_table(
    contrasts: NDArray[np.float64],
    separations: NDArray[np.float64],
    cluster_names: tuple[Any, ...],
    feature_names: tuple[str, ...],
    kind: str | None,
) -> Any:
    """Lay out the contrasts: a row for each cluster and rival, sorted by cluster, then by rival.

    Parameters
    ----------
    contrasts : array of shape (n_clusters, n_clusters, n_features)
        Relevance of each cluster's prototype for it against each rival.
    separations : array of shape (n_clusters, n_clusters)
        Its evidence.
    cluster_names, feature_names : tuple
        Names.
    kind : {"pandas", "polars", "pyarrow"} or None
        The kind of frame; None for the array itself.

    Returns
    -------
    frame or array
        Columns ``cluster``, ``rival``, ``evidence``; ``absorbed`` where the features don't sum up to the
        evidence; then the features. A feature that has one of these names keeps it.
    """
    if kind is None:
        return contrasts
    own, rival = np.nonzero(~np.eye(len(cluster_names), dtype=bool))
    parts, evidence = contrasts[own, rival], separations[own, rival]
    absorbed = evidence - parts.sum(axis=1)
    facts: dict[str, ArrayLike] = {
        "cluster": [cluster_names[c] for c in own],
        "rival": [cluster_names[k] for k in rival],
        "evidence": evidence,
    }
    if np.any(np.abs(absorbed) > _ROUNDING * (np.abs(parts).sum(axis=1) + np.abs(evidence))):
        facts["absorbed"] = absorbed
    columns = {free_name(name, feature_names): column for name, column in facts.items()}
    columns.update(zip(feature_names, parts.T, strict=True))
    return frames.build(kind, columns)
