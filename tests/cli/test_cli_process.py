"""The shell as a process of its own: streams, exit codes, missing packages, pipes, interrupts."""

import json
import os
import subprocess
import sys

import pytest
import typer

import neonxai


def _run(*words, **options):
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_explain(wine_csv, tmp_path):
    out = tmp_path / "why.csv"
    result = _run("-m", "neonxai", "explain", wine_csv, "--clusters", 3, "--out", out, "--json", "--quiet")
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["output"] == str(out)
    assert out.exists()


def test_version_and_help():
    assert _run("-m", "neonxai", "--version").stdout == f"neonxai {neonxai.__version__}\n"
    shown = _run("-m", "neonxai")
    assert shown.returncode == 0
    assert shown.stdout.startswith("Usage: neonxai ")


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--clusters", "1"], 2), (["--clusters", "3", "--out", "exists.csv"], 3), (["--nope"], 2)],
)
def test_errors(wine_csv, tmp_path, words, code):
    (tmp_path / "exists.csv").touch()
    result = _run("-m", "neonxai", "explain", wine_csv, *words, cwd=tmp_path)
    assert result.returncode == code
    assert result.stdout == ""
    assert result.stderr.startswith("neonxai: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("missing", ["typer", "rich", "polars", "matplotlib"])
def test_without_the_extra(missing):
    """One line on stderr that says what to install, whichever package is missing."""
    hide = f"import sys; sys.modules[{missing!r}] = None; import neonxai.cli; neonxai.cli.main()"
    result = _run("-c", hide)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"neonxai: missing packages: the shell needs {missing}. Install them with: "
        'pip install "neonxai[cli]"\n'
    )


def test_the_library_does_not_load_the_shell():
    code = "import sys, neonxai; print({'typer', 'rich', 'polars', 'neonxai.cli'} & set(sys.modules))"
    assert _run("-c", code).stdout == "set()\n"


def test_a_terminal_without_greek(wine_csv):
    result = _run("-m", "neonxai", "explain", wine_csv, "--clusters", 3, env={"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0
    assert "? = 0." in result.stdout


def test_a_reader_that_leaves_early(wine_csv):
    with subprocess.Popen(
        [sys.executable, "-m", "neonxai", "explain", str(wine_csv), "--clusters", "20"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["pipe.csv", "--clusters", "3"], "pipe.csv"),
        (["wine.csv", "--centers", "pipe.csv"], "--centers pipe.csv"),
        (["wine.csv", "--clusters", "3", "--out", "pipe.csv", "--overwrite"], "--out pipe.csv"),
    ],
)
def test_a_named_pipe_is_refused_at_once(wine_csv, tmp_path, words, where):
    os.mkfifo(tmp_path / "pipe.csv")
    result = _run("-m", "neonxai", "explain", *words, cwd=tmp_path)  # waiting for the pipe would time out
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"neonxai: {where}: it is a ")
    assert "pipe" in result.stderr.removeprefix(f"neonxai: {where}")
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "pipe.csv").is_fifo()


@pytest.mark.parametrize("error", [KeyboardInterrupt, typer.Abort])  # newer and older versions of Typer
def test_an_interrupt_is_told(shell, wine_csv, monkeypatch, error):
    def interrupted(*_):
        raise error

    monkeypatch.setattr("neonxai.cli.explain.explain", interrupted)
    result = shell("explain", wine_csv, "--clusters", 3)
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "neonxai: interrupted\n")


def test_an_interrupt_while_loading():
    code = (
        "import sys, neonxai.cli\n"
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'neonxai.cli.app': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "neonxai.cli.main()"
    )
    result = _run("-c", code)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "neonxai: interrupted\n")
