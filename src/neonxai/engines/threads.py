"""As many threads as the matrix products would take, each with products of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from threadpoolctl import ThreadpoolController


def _blas() -> ThreadpoolController:
    # Looked up anew: libraries are loaded as they are needed.
    return ThreadpoolController().select(user_api="blas")


def n_threads() -> int:
    """How many threads the matrix products take: what the environment or threadpoolctl allow."""
    return max((library["num_threads"] for library in _blas().info()), default=1)


_limited = Lock()


@contextmanager
def serial_products() -> Iterator[None]:
    """Keep matrix products on the thread that asks for them.

    Many small products from several threads, each shared among threads again, wait for each other: ten times
    slower when another process keeps a core busy. The limit is the process's: while one caller has it, others
    come and go without touching it. (Two that each restored what they had found could leave it behind.)
    """
    if not _limited.acquire(blocking=False):
        yield
        return
    try:
        with _blas().limit(limits=1):
            yield
    finally:
        _limited.release()
