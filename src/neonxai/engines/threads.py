"""As many threads as the matrix products would take, each with products of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_users = 0
_limit = None


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def n_threads() -> int:
    """How many threads the matrix products take: what the environment or threadpoolctl allow."""
    return max((library["num_threads"] for library in _blas().info()), default=1)


@contextmanager
def serial_products() -> Iterator[None]:
    """Keep matrix products on the thread that asks for them.

    Many small products from several threads, each shared among threads again, wait for each other: ten times
    slower when another process keeps a core busy. The limit is the process's, so the first to come sets it
    and the last to leave lifts it.
    """
    global _users, _limit  # noqa: PLW0603  # the limit is global in the BLAS libraries
    with _lock:
        if not _users:
            _limit = _blas().limit(limits=1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users and _limit is not None:
                _limit.restore_original_limits()
                _limit = None
