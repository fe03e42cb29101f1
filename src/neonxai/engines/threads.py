"""As many threads as the matrix products would take, each with products of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from sys import modules
from threading import Lock

from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _found(n_modules: int) -> ThreadpoolController:  # noqa: ARG001  # what the answer depends on
    return ThreadpoolController().select(user_api="blas")


def _blas() -> ThreadpoolController:
    # Looked up anew where modules have been imported since: these load libraries. It takes milliseconds.
    return _found(len(modules))


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
