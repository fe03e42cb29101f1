"""Where rows lie on the map: the plane in which they differ most in what matters to the clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

from neonxai.report.numbers import singles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neonxai.explanation import Explanation
    from neonxai.report.columns import Features, Values

_MOST_NAMES = 20  # of a category, the most frequent


def places(
    explanation: Explanation,
    features: Features,
    shown: NDArray[np.intp],
    ranking: Sequence[int],
    shares: NDArray[np.float64],
) -> tuple[NDArray[np.float32], tuple[str, str]]:
    """Lay rows out on a plane.

    Two features of numbers are the plane themselves. Otherwise it is that of the two principal components of
    the features in ``ranking``, each centered, divided by its standard deviation and multiplied by the square
    root of its share in the relevance: so a feature takes part in the map as much as in the clustering,
    whatever its unit. A category has a column for each value. A missing number is in the middle. Where values
    are not known, as those of a text's terms, relevance takes their place.

    Parameters
    ----------
    explanation : Explanation
        Of all rows.
    features : Features
        Their values.
    shown : int array of shape (n,)
        The rows to lay out.
    ranking : sequence of int
        The features to use, by position.
    shares : array of shape (n_features,)
        Each feature's part of the mean |relevance|.

    Returns
    -------
    places : float32 array of shape (n, 2)
        Where the rows lie.
    axes : (str, str)
        What the directions are.
    """
    e = explanation
    if e.n_features == 2 and not issparse(e.relevance):
        plane = [features.values(0), features.values(1)]
        if all(v is not None and v.numbers is not None and not v.missing.any() for v in plane):
            both = np.column_stack(
                [v.numbers[shown] for v in plane if v is not None and v.numbers is not None]
            )
            return singles(both), (e.feature_names[0], e.feature_names[1])
    everything: Any = e.relevance
    relevance = everything[shown][:, list(ranking)]
    relevance = relevance.toarray() if issparse(relevance) else relevance
    blocks = [
        _block(None if issparse(e.relevance) else features.values(feature), shown, relevance[:, [place]])
        * np.sqrt(shares[feature])
        for place, feature in enumerate(ranking)
    ]
    matrix = np.column_stack(blocks)
    # Of the small square matrix, since rows are many more than columns.
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    n_axes = min(2, len(values))
    main = vectors[:, ::-1][:, :n_axes]
    # The sign of a component is arbitrary: its largest weight is positive.
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(n_axes)])
    found = np.zeros((len(shown), 2))
    found[:, :n_axes] = matrix @ main
    spread = np.zeros(2)
    spread[:n_axes] = np.maximum(values[::-1][:n_axes], 0.0)
    parts = spread / max(np.maximum(values, 0.0).sum(), np.finfo(float).tiny)
    return singles(found), tuple(  # type: ignore[return-value]
        f"direction {i + 1} ({part:.0%} of the spread)" for i, part in enumerate(parts)
    )


def _block(values: Values | None, shown: NDArray[np.intp], relevance: NDArray[Any]) -> NDArray[np.float64]:
    """The columns of a feature, centered, with a variance of 1 together."""
    columns = relevance.astype(np.float64)
    if values is not None and values.numbers is not None:
        columns = values.numbers[shown][:, None]
    elif values is not None and values.codes is not None:
        count = min(len(values.names), _MOST_NAMES)
        columns = (values.codes[shown][:, None] == np.arange(count)).astype(np.float64)
    there = ~np.isnan(columns)
    means = np.where(there, columns, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    centered = np.where(there, columns - means, 0.0)
    scale = np.abs(centered).max(initial=0.0)
    if scale == 0:
        return centered
    centered /= scale  # before squares are taken of it
    return np.asarray(centered / np.sqrt((centered**2).sum() / len(shown)))
