"""One process, tile by tile: each tile's temporaries fit the processor's cache."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from typing import TypeAlias

from neonxai.engines.threads import serial_products

Progress: TypeAlias = Callable[[int, int], None]

# Measured best on 16 features × 8 clusters and 128 × 1,000: larger tiles leave the cache, smaller ones pay
# for the interpreter. A model that is itself larger than the cache is read once for every tile, so wide rows
# get tiles of a few dozen, up to a limit in memory.
_TILE_VALUES = 1 << 19  # float64 values in a tile's temporaries: 4 MiB
_LIMIT_VALUES = 1 << 22  # 32 MiB
_FEW_ROWS = 64
# OpenBLAS computes a product of up to this many multiplications on the calling thread. Larger ones are shared
# among threads, and wait for the slowest: three times slower when another process keeps a core busy. So a
# tile stays below it, unless that makes it too small.
_SERIAL_MULTIPLICATIONS = 1 << 18
_FEWEST_SERIAL_ROWS = 256


def tile_rows(values_per_row: int, multiplications_per_row: int) -> int:
    """Choose how many rows to compute together.

    Parameters
    ----------
    values_per_row : int
        About how many float64 values of temporaries a row needs.
    multiplications_per_row : int
        What a row takes of a matrix product.

    Examples
    --------
    >>> tile_rows(128, 16 * 8), tile_rows(4768, 128 * 1000), tile_rows(120_200, 20_000 * 50)
    (2048, 109, 34)
    """
    cached = _TILE_VALUES // values_per_row
    few = min(_FEW_ROWS, _LIMIT_VALUES // values_per_row)
    serial = _SERIAL_MULTIPLICATIONS // multiplications_per_row
    return max(1, few, min(cached, serial) if serial >= _FEWEST_SERIAL_ROWS else cached)


def for_each_tile(
    work: Callable[[slice], None],
    n_rows: int,
    step: int,
    progress: Progress | None = None,
    *,
    threads: int = 1,
) -> None:
    """Call ``work`` on slices that cover all rows.

    Parameters
    ----------
    work : callable(slice)
        Computes a tile, and writes its result where it belongs.
    n_rows : int
        The number of rows.
    step : int
        Rows in a tile.
    progress : callable(done, n_rows), optional
        Called after each tile, from the calling thread.
    threads : int
        How many tiles to work on at a time. With one, they are done in order, on the calling thread.

    Examples
    --------
    >>> for_each_tile(print, n_rows=10, step=4)
    slice(0, 4, None)
    slice(4, 8, None)
    slice(8, 10, None)
    """
    tiles = [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]
    done = 0
    for tile in map(_returning_its_tile(work), tiles) if threads == 1 else _in_threads(work, tiles, threads):
        done += tile.stop - tile.start
        if progress is not None:
            progress(done, n_rows)


def _returning_its_tile(work: Callable[[slice], None]) -> Callable[[slice], slice]:
    """Let work return its tile."""

    def working(tile: slice) -> slice:
        work(tile)
        return tile

    return working


def _in_threads(work: Callable[[slice], None], tiles: list[slice], threads: int) -> Iterator[slice]:
    """Do the tiles in threads, and yield each as it is done. The first error stops the rest."""
    with serial_products(), ThreadPoolExecutor(threads) as executor:
        # A context of its own for each: NumPy's error state is part of it.
        futures = [executor.submit(copy_context().run, _returning_its_tile(work), tile) for tile in tiles]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            executor.shutdown(cancel_futures=True)
