"""Tiles in threads: all rows once, errors seen, progress told, the matrix products' threads given back."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import neonxai
from neonxai.engines import for_each_tile, n_threads, threads, tile_rows, tiles
from neonxai.networks import SupportNetwork
from neonxai.stages import propagation
from neonxai.stages.propagation import Question, propagate

THREADS = [1, 2, 5]


def products():
    """How many threads each matrix library takes now.

    Those of OpenMP, such as FAISS has, count by thread: NumPy's is another, and what counts here.
    """
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return [each["num_threads"] for each in libraries if each.get("threading_layer") != "openmp"]


@pytest.fixture(autouse=True)
def several_threads():
    """Matrix products have three threads, so that a limit of one is seen, and must be lifted."""
    with threadpool_limits(3, user_api="blas"):
        assert set(products()) == {3}
        yield
        assert set(products()) == {3}


def check_every_row_once(for_each, n_rows, step, n_workers):
    """Each row is worked on once, and progress rises to n_rows, told from the calling thread."""
    seen = np.zeros(n_rows, dtype=int)
    told = []
    tellers = set()

    def work(tile):
        seen[tile] += 1

    def progress(done, total):
        told.append((done, total))
        tellers.add(threading.get_ident())

    for_each(work, n_rows, step, progress, threads=n_workers)
    assert np.all(seen == 1)
    done = [d for d, _ in told]
    assert done == sorted(set(done))
    assert len(told) == -(-n_rows // step)
    assert told[-1] == (n_rows, n_rows) if n_rows else not told
    assert {total for _, total in told} <= {n_rows}
    assert tellers <= {threading.get_ident()}


@pytest.mark.parametrize("n_workers", THREADS)
@pytest.mark.parametrize(("n_rows", "step"), [(0, 3), (1, 1), (1, 10), (10, 3), (12, 4), (100, 1)])
def test_every_row_once(n_rows, step, n_workers):
    check_every_row_once(for_each_tile, n_rows, step, n_workers)


def without_the_rest(work, n_rows, step, progress=None, *, threads=1):
    whole = n_rows - n_rows % step
    for_each_tile(work, whole, step, progress, threads=threads)


def telling_tiles(work, n_rows, step, progress=None, *, threads=1):
    for_each_tile(
        work, n_rows, step, lambda done, n: progress(-(-done // step), -(-n // step)), threads=threads
    )


def telling_from_threads(work, n_rows, step, progress=None, *, threads=1):
    def both(tile):
        work(tile)
        progress(tile.stop, n_rows)

    for_each_tile(both, n_rows, step, threads=threads)


@pytest.mark.parametrize("broken", [without_the_rest, telling_tiles, telling_from_threads])
def test_broken_engines_are_rejected(broken):
    with pytest.raises(AssertionError):
        check_every_row_once(broken, 100, 7, 4)


def test_one_thread_works_in_order_on_the_calling_thread():
    order = []
    for_each_tile(lambda tile: order.append((tile.start, threading.get_ident())), 10, 3)
    assert order == [(start, threading.get_ident()) for start in (0, 3, 6, 9)]


def test_several_threads_work_at_the_same_time():
    """Two tiles wait for each other: one after the other would never end."""
    meeting = threading.Barrier(2, timeout=60)
    for_each_tile(lambda tile: meeting.wait(), 2, 1, threads=2)


@pytest.mark.parametrize("n_workers", THREADS)
def test_an_error_in_a_tile_is_raised_and_stops_the_rest(n_workers):
    done = []

    def work(tile):
        if tile.start == 3:
            raise ArithmeticError("tile 3")
        time.sleep(0.001)
        done.append(tile.start)

    with pytest.raises(ArithmeticError, match="tile 3"):
        for_each_tile(work, 2000, 1, threads=n_workers)
    assert 3 not in done
    assert len(done) < 1999
    after = len(done)
    time.sleep(0.02)
    assert len(done) == after, "tiles are worked on after the error was raised"


@pytest.mark.parametrize("n_workers", THREADS)
def test_an_error_in_progress_is_raised(n_workers):
    def progress(done, n_rows):
        raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        for_each_tile(lambda tile: None, 100, 1, progress, threads=n_workers)


def test_products_are_serial_within_threads_only():
    within = []
    for_each_tile(lambda tile: within.append(products()), 4, 1, threads=2)
    assert all(set(found) == {1} for found in within)
    within.clear()
    for_each_tile(lambda tile: within.append(products()), 2, 1)
    assert all(set(found) == {3} for found in within)


@pytest.mark.parametrize("fault", ["work", "progress"])
def test_products_are_given_back_after_an_error(fault):
    def fail(*_):
        raise ArithmeticError

    work, progress = (fail, None) if fault == "work" else (lambda tile: None, fail)
    with pytest.raises(ArithmeticError):
        for_each_tile(work, 10, 1, progress, threads=2)
    assert set(products()) == {3}


def test_products_are_given_back_when_another_thread_is_the_last_to_leave():
    """Threadpoolctl lets one thread alone change OpenBLAS: what another does is silently nothing."""
    is_in, may_leave = threading.Event(), threading.Event()

    def other():
        with threads.serial_products():
            is_in.set()
            may_leave.wait(60)

    thread = threading.Thread(target=other)
    with threads.serial_products():
        thread.start()
        assert is_in.wait(60)
        assert set(products()) == {1}
    may_leave.set()
    thread.join()
    assert set(products()) == {3}


def test_afterwards_other_threads_may_limit_their_products():
    """The first to change OpenBLAS owns it, to threadpoolctl, until it says that it is done."""
    code = """if True:
        import threading
        from threadpoolctl import threadpool_info, threadpool_limits
        import numpy
        from neonxai.engines import for_each_tile

        def limited():
            with threadpool_limits(1, user_api="blas"):
                found.extend(x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas")

        found = []
        with threadpool_limits(3, user_api="blas"):
            pass
        for_each_tile(lambda tile: None, 4, 1, threads=2)
        thread = threading.Thread(target=limited)
        thread.start()
        thread.join()
        assert set(found) == {1}, found
        """
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr


def test_n_threads_is_what_the_products_may_take():
    assert n_threads() == 3
    with threadpool_limits(2, user_api="blas"):
        assert n_threads() == 2


@pytest.mark.parametrize(("values", "multiplications"), [(1, 1), (10**9, 10**9), (1, 10**9), (10**9, 1)])
def test_a_tile_has_a_row_and_stays_in_memory(values, multiplications):
    rows = tile_rows(values, multiplications)
    assert rows >= 1
    assert rows == 1 or rows * values <= tiles._LIMIT_VALUES


# A network in threads.


def problem(n=700, n_points=300, n_features=5):
    rng = np.random.default_rng(0)
    members = rng.integers(4, size=n_points)
    members[:4] = range(4)
    points = rng.standard_normal((n_points, n_features)) + 2 * rng.standard_normal((4, n_features))[members]
    X = np.vstack([points, rng.standard_normal((n - n_points, n_features))])
    return SupportNetwork(points, members, gamma=0.5, noise=3, threshold=4.0), X


def in_threads(monkeypatch, n_workers):
    """Let every network be worth threads."""
    monkeypatch.setattr(propagation, "_COSTLY", 0)
    monkeypatch.setattr(propagation, "_WORTH_THREADS", 0)
    monkeypatch.setattr(propagation, "_FEW_ROWS", 16)
    monkeypatch.setattr(propagation, "n_threads", lambda: n_workers)


class Watched(SupportNetwork):
    """Notes who asks it."""

    workers: set

    def prepare(self, X):
        self.workers.add(threading.get_ident())
        return super().prepare(X)


def test_threads_explain_as_one_does(monkeypatch):
    network, X = problem()
    one = neonxai.ClusterExplainer(network).fit(X)
    alone = one.explain(X)
    in_threads(monkeypatch, 4)
    watched = Watched.from_state(network.to_state())
    watched.workers = set()
    several = neonxai.ClusterExplainer(watched).fit(X)
    told = []
    e = several.explain(X, progress=lambda done, n: told.append((done, n)))
    assert watched.workers - {threading.get_ident()}, "no thread but the calling one was used"
    assert told[-1] == (len(X), len(X))
    assert several.beta_ == pytest.approx(one.beta_, rel=1e-12)
    scale = np.abs(alone.relevance).sum(axis=1) + np.abs(alone.absorbed)
    for field in ("labels", "targets", "competitors"):
        assert np.array_equal(getattr(e, field), getattr(alone, field))
    # Tiles of other sizes sum in another order: some ulp of what is summed up, then times what β makes of it.
    assert np.all(np.abs(e.relevance - alone.relevance).max(axis=1) <= 1e-12 * scale)
    assert np.all(np.abs(e.logits - alone.logits) <= 1e-12 * scale)
    assert np.all(np.abs(e.absorbed - alone.absorbed) <= 1e-12 * scale)


def test_threads_keep_the_order_of_row_by_row_questions(monkeypatch):
    network, X = problem()
    explainer = neonxai.ClusterExplainer(network, beta=0.5).fit(X)
    rng = np.random.default_rng(1)
    target = rng.integers(3, size=len(X))
    against = (target + rng.integers(1, 3, size=len(X))) % 3
    alone = explainer.explain(X, target, against)
    in_threads(monkeypatch, 4)
    e = explainer.explain(X, target, against)
    assert np.array_equal(e.targets, target)
    assert np.array_equal(e.competitors, against)
    np.testing.assert_allclose(e.logits, alone.logits, rtol=0, atol=1e-11 * np.abs(alone.logits).max())


def test_an_error_names_its_row_also_from_a_thread(monkeypatch):
    network, X = problem()
    explainer = neonxai.ClusterExplainer(network, beta=0.5).fit(X)
    in_threads(monkeypatch, 4)
    far = X.copy()
    far[611] = 1e200
    with pytest.raises(ValueError, match="evidence of row 611 is too large"):
        explainer.explain(far)
    assert set(products()) == {3}


def test_many_callers_may_share_an_explainer(monkeypatch):
    network, X = problem()
    explainer = neonxai.ClusterExplainer(network, beta=0.5).fit(X)
    wanted = explainer.explain(X).relevance
    in_threads(monkeypatch, 2)
    found = [None] * 4

    def call(i):
        found[i] = explainer.explain(X).relevance

    callers = [threading.Thread(target=call, args=(i,)) for i in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for relevance in found:
        np.testing.assert_allclose(relevance, wanted, rtol=0, atol=1e-12 * np.abs(wanted).sum(axis=1).max())


def test_cheap_networks_take_no_threads(monkeypatch):
    network, X = problem()
    monkeypatch.setattr(propagation, "n_threads", lambda: pytest.fail("asked for threads"))
    propagate(network, X, Question(), beta=1.0, pooling="min")
    neonxai.ClusterExplainer(network, beta=0.5).fit(X).explain(X)
