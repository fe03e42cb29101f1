"""The commands in docs/shell.md print what is shown there."""

import re
import shlex
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
from sklearn.datasets import load_iris

PAGE = Path(__file__).parents[2] / "docs" / "shell.md"
EXAMPLES = re.findall(
    r"```console\n\$ neonxai (.*?)\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL
)
# The page's code that makes a file; other code on it only shows how.
SAVING = re.search(r"```python\n(import pandas.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """The files that the examples are about."""
    monkeypatch.chdir(tmp_path)
    iris = load_iris()
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in iris.feature_names]
    frame = pl.DataFrame(iris.data, schema=names)
    frame.with_columns(species=pl.Series(iris.target_names[iris.target].tolist())).write_csv("iris.csv")
    Path("penguins.csv").write_bytes((files("palmerpenguins") / "data" / "penguins.csv").read_bytes())
    exec(SAVING[1], {})  # noqa: S102  (the page's own)


def as_shown(printed: str, shown: str) -> bool:
    """Whether the words are the same; the page folds long lines, which a pipe does not."""
    return printed.split() == shown.split()


@pytest.mark.parametrize(("command", "shown"), EXAMPLES)
def test_what_is_shown_is_what_is_printed(shell, inputs, command, shown):
    result = shell(*shlex.split(command))
    assert (result.exit_code, result.stderr) == (0, "")
    assert as_shown(result.stdout, shown)
    assert not as_shown(result.stdout, shown.replace("rows", "row"))  # the comparison can fail


def test_there_are_examples():
    assert len(EXAMPLES) == PAGE.read_text(encoding="utf-8").count("```console") == 4
