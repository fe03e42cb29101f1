"""Progress: a bar where somebody watches, silence elsewhere, and whatever a function makes of it."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr
from functools import partial

import numpy as np
import pytest
import tqdm

import neonxai
from neonxai import progress
from neonxai.progress import told

X = np.random.default_rng(0).normal(size=(50, 3))
MODEL = neonxai.Centroids(X[:3])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(progress, "_DELAY", 0.0)


@contextmanager
def terminal():
    """Somebody watches."""
    with redirect_stderr(Terminal()) as stream:
        yield stream


def explain(**options):
    return neonxai.ClusterExplainer(MODEL).fit(X).explain(X, **options)


@pytest.mark.parametrize("call", [explain, lambda **o: neonxai.explain(MODEL, X, **o)])
def test_a_function_is_told_and_a_bar_changes_nothing(call, at_once):
    seen = []
    with terminal() as shown:
        e = call(progress=lambda done, n: seen.append((done, n)))
        assert seen[-1] == (50, 50)
        assert shown.getvalue() == ""
        np.testing.assert_array_equal(call(progress=True).relevance, e.relevance)
        assert "Explaining" in shown.getvalue()


def test_labels_tell_too():
    seen = []
    neonxai.explain_labels((X[:, 0] > 0).astype(int), X, progress=lambda done, n: seen.append((done, n)))
    assert seen[-1] == (50, 50)


def test_the_bar_counts_rows_and_goes(at_once, monkeypatch):
    # Drawn every time, not ten times a second at most.
    monkeypatch.setattr(progress, "_bar", lambda: partial(tqdm.tqdm, mininterval=0))
    with terminal() as stream, told(True) as tell:
        tell(10, 40)
        tell(40, 40)
    shown = stream.getvalue()
    assert "40.0/40.0" in shown
    assert "rows/s" in shown
    assert shown.endswith("\r")  # nothing is left on the line
    assert shown.rsplit("\r", 2)[1].strip() == ""


@pytest.mark.parametrize("asked", [True, False, None])
def test_nothing_is_shown_where_nobody_watches(capfd, asked, monkeypatch):
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    with told(asked) as tell:
        assert tell is None
    explain(progress=asked)
    assert capfd.readouterr() == ("", "")


def test_short_work_has_no_bar():
    with terminal() as shown:
        explain(progress=True)
    assert shown.getvalue().strip() == ""


def fail(tell):
    tell(10, 40)
    raise ZeroDivisionError


def test_after_an_error_the_bar_is_gone(at_once):
    with terminal() as shown, pytest.raises(ZeroDivisionError), told(True) as tell:
        fail(tell)
    assert "Explaining" in shown.getvalue()
    assert shown.getvalue().rsplit("\r", 2)[1].strip() == ""


def test_what_cannot_be_told():
    with pytest.raises(TypeError, match="progress=3 cannot be told anything"):
        explain(progress=3)


def test_without_tqdm_the_error_gives_the_remedy():
    code = (
        "import sys; sys.modules['tqdm'] = None\n"
        "import neonxai\n"
        "neonxai.explain(neonxai.Centroids([[0.0], [1.0]]), [[0.1]])\n"
        "neonxai.explain(neonxai.Centroids([[0.0], [1.0]]), [[0.1]], progress=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'pip install "neonxai[progress]"' in done.stderr.strip().splitlines()[-1]


def test_neonxai_itself_does_not_import_tqdm():
    code = "import sys, neonxai; sys.exit('tqdm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = "import sys, neonxai, tqdm; sys.exit('tqdm' in sys.modules)"  # and this check can fail
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1
