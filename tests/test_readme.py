"""The README's Python runs as it stands, and prints what it says."""

import contextlib
import io
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")  # from SHAP
def test_the_code_runs_and_prints_what_is_shown(tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    namespace = {}
    printed = ""
    compared = 0
    for language, text in BLOCKS:
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(text, README.name, "exec"), namespace)  # noqa: S102  # our own text
            printed = out.getvalue()
        elif language == "text":
            # The rounding error in the head line is whatever this machine's BLAS makes it.
            error = r"within \S+"
            assert re.sub(error, "", printed).split() == re.sub(error, "", text).split()
            compared += 1
    plt.close("all")
    assert compared == 1
    e, relevance = namespace["e"], namespace["relevance"].numpy()
    np.testing.assert_allclose(e.relevance, relevance, rtol=1e-9, atol=1e-9)
    assert (tmp_path / "wine.npz").exists()


def test_there_are_two_setup_commands():
    commands = [text.strip() for language, text in BLOCKS if language == "sh"]
    setups = [command for command in commands if command.startswith("python -m pip install")]
    assert setups == [
        'python -m pip install ".[cli]" && neonxai demo',
        'python -m pip install -e ".[test]" -c constraints.txt && pytest',
    ]
