"""One process, tile by tile: each tile's temporaries fit the processor's cache."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]

# Measured best on 16 features × 8 clusters and 128 × 1,000: larger tiles leave the cache, smaller ones pay
# for the interpreter. A model that is itself larger than the cache is read once for every tile, so wide rows
# get tiles of a few dozen, up to a limit in memory.
_TILE_VALUES = 1 << 19  # float64 values in a tile's temporaries: 4 MiB
_LIMIT_VALUES = 1 << 22  # 32 MiB
_FEW_ROWS = 64


def for_each_tile(
    work: Callable[[slice], None], n_rows: int, values_per_row: int, progress: Progress | None = None
) -> None:
    """Call ``work`` on slices that cover all rows, in order.

    Parameters
    ----------
    work : callable(slice)
        Computes a tile, and writes its result where it belongs.
    n_rows : int
        The number of rows.
    values_per_row : int
        About how many float64 values of temporaries ``work`` needs for each row.
    progress : callable(done, n_rows), optional
        Called after each tile, from the same thread.

    Examples
    --------
    >>> for_each_tile(print, n_rows=10, values_per_row=1_000_000)
    slice(0, 4, None)
    slice(4, 8, None)
    slice(8, 10, None)
    """
    step = max(1, _TILE_VALUES // values_per_row, min(_FEW_ROWS, _LIMIT_VALUES // values_per_row))
    for start in range(0, n_rows, step):
        stop = min(start + step, n_rows)
        work(slice(start, stop))
        if progress is not None:
            progress(stop, n_rows)
