"""Which permutations of the features are walked through: random ones, spread over the depths of the walks."""

from collections.abc import Sequence

import numpy as np

from neonxai.arrays import Ints

# Background rows that walk through the same permutations. Fewer at a time would make vectors too short.
MOST_TOGETHER = 8


def background_blocks(n_background: int) -> Ints:
    """Cut a background into blocks of at most 8 rows, alike in size: where each begins, and the end.

    Examples
    --------
    >>> background_blocks(20)
    array([ 0,  7, 14, 20])
    """
    n_blocks = -(-n_background // MOST_TOGETHER)
    sizes = np.full(n_blocks, n_background // n_blocks)
    sizes[: n_background % n_blocks] += 1
    return np.concatenate([np.zeros(1, dtype=np.intp), np.cumsum(sizes)])


def permutations(
    n_features: int, n_permutations: int, n_blocks: int, random_state: int | Sequence[int]
) -> Ints:
    """Draw permutations to be walked through there and back, other ones for each block of the background.

    Each one is uniformly distributed, so that means over them are unbiased. What a feature gains depends
    on how many others come before or after it, so on its depth: how far it is from the nearer end. In the
    permutations of one block each feature has depths from all of ``n_permutations`` strata, as in a Latin
    hypercube [McKay1979]_. The variance of a mean over n such samples is below that over n − 1 independent
    ones, whatever is averaged [Owen1997]_; usually it is far below, and a standard error that takes them for
    independent is too large.

    Parameters
    ----------
    n_features : int
        D.
    n_permutations : int
        For each block.
    n_blocks : int
        Blocks of the background.
    random_state : int or sequence of int
        Of the generator.

    Returns
    -------
    int array of shape (n_blocks, n_permutations, n_features)
        Features in the order of the walk.

    Examples
    --------
    >>> walks = permutations(12, 3, 1, 0)[0]
    >>> places = walks.argsort(axis=1)  # where a feature is in each
    >>> depths = np.minimum(places, 11 - places)  # 0 to 5: two for each of three strata, more or less
    >>> bool((np.ptp(depths, axis=0) >= 2).all())
    True
    """
    rng = np.random.default_rng(random_state)
    shape, half = (n_blocks, n_permutations, n_features), n_features // 2
    strata = np.broadcast_to(np.arange(n_permutations)[:, None], shape)
    depths = rng.permuted(strata, axis=1) + rng.random(shape)
    # By depth; the first two are at the ends, and so on, inwards.
    inwards = depths.argsort(axis=2)
    first, second = inwards[:, :, : 2 * half : 2], inwards[:, :, 1 : 2 * half : 2]
    turned = rng.random(first.shape) < 0.5
    walks = np.empty(shape, dtype=np.intp)
    walks[:, :, :half] = np.where(turned, second, first)
    walks[:, :, n_features - half :] = np.where(turned, first, second)[:, :, ::-1]
    if n_features % 2:
        walks[:, :, half] = inwards[:, :, -1]
    return walks
