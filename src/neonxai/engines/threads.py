"""As many threads as the matrix products would take, each with products of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


def _blas() -> ThreadpoolController:
    # Looked up anew: libraries are loaded as they are needed.
    return ThreadpoolController().select(user_api="blas")


def n_threads() -> int:
    """How many threads the matrix products take: what the environment or threadpoolctl allow."""
    return max((library["num_threads"] for library in _blas().info()), default=1)


@contextmanager
def serial_products() -> Iterator[None]:
    """Keep matrix products on the thread that asks for them.

    Many small products from several threads, each shared among threads again, wait for each other: ten times
    slower when another process keeps a core busy. The limit is the process's. Of several threads that come
    here at a time, the first sets it and lifts it, as threadpoolctl has it.
    """
    with _blas().limit(limits=1):
        yield
