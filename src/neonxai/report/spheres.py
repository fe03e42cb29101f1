"""Whether clusters of k-means are as round as k-means takes them to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neonxai.explanation import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neonxai.explanation import Explanation

_MOST_FEATURES = 200  # a covariance matrix of that size takes a moment
_LEAST_ROWS = 20
# How much more of a cluster's spread lies in its longest direction than in that of a sphere. k-means
# minimises the spread within clusters; to cut a Gaussian through its middle, across a direction with the part
# s of its variance, takes away 2s/π of it. So beyond this, a cut takes away 19 points more than it does of a
# sphere of so many rows: k-means gains by cutting such clusters, or by giving their ends to others. Of two
# features, one is then at least twice as wide as the other, in its standard deviation.
_EXCESS = 0.3
# Standard deviations beyond which hardly a row lies: a cluster whose longest direction doesn't reach the
# border to its nearest rival with so many is not cut, however long it is.
_REACH = 3.0
# Of the contrasts, what other weights would be needed for. Centers of k-means are the means of their rows but
# for its tolerance, those of MiniBatchKMeans are some percent off.
_MISFIT = 0.05


@dataclass(frozen=True)
class Shape:
    """How long a cluster is.

    Attributes
    ----------
    share : float
        The part of its variance that lies in its longest direction: the largest eigenvalue of the covariance
        of its rows, divided by their sum.
    sphere : float
        As much as it would be of a sphere of so many rows and features, about:
        (1 + √(n_features / n_rows))² / n_features, the edge of the Marchenko-Pastur law.
    reach : float
        The standard deviation in that direction, divided by the distance from the center to the border to the
        nearest other center, which is half of that between the two.
    """

    share: float
    sphere: float
    reach: float

    @property
    def is_long(self) -> bool:
        """Whether it is clearly no sphere, and that matters."""
        return self.share - self.sphere > _EXCESS and _REACH * self.reach >= 1


def shapes(explanation: Explanation, rows: Sequence[NDArray[np.intp]]) -> dict[int, Shape]:
    """Measure the clusters of k-means in the unit in which it measured distances.

    Parameters
    ----------
    explanation : Explanation
        Of all rows.
    rows : sequence of int arrays
        Those of each cluster.

    Returns
    -------
    dict of int to Shape
        Of the clusters with at least 20 rows, and more than features. Empty where the model is not known
        to be k-means, or its distances don't lie in the columns of the data, each divided by a number.
    """
    data = cells.as_matrix(explanation.data) if _may_be_k_means(explanation) else None
    if data is None or not isinstance(data, np.ndarray) or data.shape[1] != explanation.n_features:
        return {}
    weights = metric(explanation, data, rows)
    separations = explanation.separations
    if weights is None or separations is None:
        return {}
    used = np.flatnonzero(weights > 0)
    if not 1 < len(used) <= _MOST_FEATURES:
        return {}
    found = {}
    for cluster, own in enumerate(rows):
        if len(own) < max(_LEAST_ROWS, len(used) + 1):
            continue
        points = data[np.ix_(own, used)] * np.sqrt(weights[used])
        spread = np.linalg.eigvalsh(np.atleast_2d(np.cov(points.T)))
        if spread.sum() > 0:
            sphere = (1 + np.sqrt(len(used) / len(own))) ** 2 / len(used)
            rivals = np.delete(separations[cluster], cluster)
            with np.errstate(divide="ignore"):
                reach = float(np.sqrt(spread[-1] / rivals.min()) * 2)
            found[cluster] = Shape(float(spread[-1] / spread.sum()), float(min(sphere, 1.0)), reach)
    return found


def _may_be_k_means(e: Explanation) -> bool:
    """Evidence against the nearest rival, nothing absorbed, and contrasts that are squared differences."""
    contrasts = e.contrasts
    if contrasts is None or e.pooling != "min" or e.agreement is not None or np.any(e.absorbed):
        return False
    if np.any(e.targets != e.labels):
        return False
    return bool(
        (contrasts >= 0).all() and np.allclose(contrasts, contrasts.transpose(1, 0, 2), rtol=1e-9, atol=0)
    )


def metric(
    explanation: Explanation, data: NDArray[np.floating], rows: Sequence[NDArray[np.intp]]
) -> NDArray[np.float64] | None:
    """What each squared difference counts in the distances of k-means: 1 / variance behind a StandardScaler.

    It is w_i in R_i = w_i (x_i − μ_ki)² − w_i (x_i − μ_ci)², the relevance of a row of cluster c against k,
    which is linear in x_i: with the contrasts Z_i = w_i (μ_ci − μ_ki)², R_i at the mean of c's rows is Z_i
    where the center is the mean of its rows. So w_i = Σ Z_i / Σ (difference of means)² over the pairs of
    clusters.

    Returns
    -------
    array of shape (n_features,) or None
        None if the contrasts are not explained by that: centers are not means, or steps have mixed columns.
    """
    contrasts = explanation.contrasts
    assert contrasts is not None  # noqa: S101  (for the type checker)
    present = [k for k, own in enumerate(rows) if len(own)]
    means = np.array([data[rows[k]].mean(axis=0, dtype=np.float64) for k in present])
    differences = (means[:, None] - means[None]) ** 2
    known = contrasts[np.ix_(present, present)]
    norms = (differences**2).sum(axis=(0, 1))
    weights = (known * differences).sum(axis=(0, 1)) / np.where(norms > 0, norms, np.inf)
    left = np.abs(known - weights * differences).sum()
    return np.asarray(weights) if left <= _MISFIT * known.sum() else None
