"""``neonxai demo`` reproduces the nine wines of the method's reference implementation."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

import neonxai
from neonxai.cli.demo import Study, _table, study

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "wine_readme.json").read_text())["misclassified"]
ROWS = [wine["row"] for wine in GOLDEN]
FILES = {"map.png", "heatmap.png", "relevance.csv", "explanation.npz", *(f"sample-{row}.png" for row in ROWS)}


def _agrees(done: Study) -> bool:
    """Whether a study has the nine wines, to the digits that the reference prints."""
    e = done.explanation
    if done.misfits.tolist() != ROWS:
        return False
    found = [
        {
            "row": row,
            "cluster": int(e.labels[row]),
            "true": int(done.classes[row]),
            "logit": round(float(e.logits[row]), 4),
            "probability": round(float(e.probabilities[row]), 2),
            "relevance_sum": round(float(e.relevance[row].sum()), 4),
        }
        for row in ROWS
    ]
    return found == GOLDEN


def test_the_nine_wines():
    done = study()
    assert _agrees(done)
    e = done.explanation
    raw = np.array(done.numbers)[e.labels]
    assert not _agrees(replace(done, explanation=replace(e, labels=raw)))  # k-means' own numbers are others
    assert not _agrees(replace(done, explanation=replace(e, relevance=e.relevance * 1.01)))
    assert not _agrees(replace(done, explanation=replace(e, probabilities=e.probabilities**2)))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One run of the demo, for all tests that look at it."""
    from typer.testing import CliRunner

    from neonxai.cli.app import app

    folder = tmp_path_factory.mktemp("demo") / "neonxai-demo"
    return CliRunner().invoke(app, ["demo", "--out", str(folder)], env={"COLUMNS": "80"}), folder


def test_the_table_shows_the_nine_with_their_figures(demo):
    result, _ = demo
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    done = study()
    heads = [
        i for i, line in enumerate(lines) if len(line.split()) >= 8 and "".join(line.split()[:2]).isdigit()
    ]
    assert [int(lines[i].split()[0]) for i in heads] == ROWS
    for i, wine in zip(heads, GOLDEN, strict=True):
        cells = lines[i].split()
        assert cells[:4] == [
            str(wine["row"]),
            str(wine["cluster"]),
            f"{wine['probability']:.2f}",
            str(wine["true"]),
        ]
        assert cells[4:6] == [f"{wine['relevance_sum']:.4f}", f"{wine['logit']:.4f}"]
        relevance = np.sort(done.explanation.relevance[wine["row"]])
        assert cells[7] == f"{relevance[-1]:+#.2g}"
        assert cells[9] == f"{relevance[0]:+#.2g}"
        against = [line.split()[-1] for line in lines[i + 1 : i + 3] if " -0." in line]
        assert against == [f"{value:+#.2g}" for value in relevance[1:3] if value < 0]
    head = next(line for line in lines if line.split()[:1] == ["row"])
    assert head.split() == ["row", "cluster", "prob.", "class", "Σ", "rel.", "logit", "for", "against"]
    assert "-0.0043" in result.stdout  # two digits that count, however small
    assert not re.search(r"[+-]0\.0+\b", result.stdout)
    assert "Clusters are numbered as the classes that they match" in result.stdout
    assert max(len(line) for line in lines if str(demo[1]) not in line) <= 80


def test_a_narrow_terminal_shows_fewer_columns_and_whole_numbers():
    def figures(width):
        console = Console(width=width, file=io.StringIO())
        console.print(_table(study(), width))
        shown = console.file.getvalue()
        assert max(map(len, shown.splitlines())) <= width
        return re.findall(r"[+-]0\.\d+(?!…)\b", shown), shown

    everything, told = figures(80)
    assert "Σ rel.  logit" in told
    assert len(everything) > 40
    for width in (40, 50, 60, 70):
        found, told = figures(width)
        assert sorted(found) == sorted(everything)
        assert (" logit " in told) == (width >= 60)
        assert ("Σ rel.  logit" in told) == (width >= 70)


def test_the_files(demo):
    _, folder = demo
    assert {path.name for path in folder.iterdir()} == FILES
    for path in folder.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
    done = study()
    table = pl.read_csv(folder / "relevance.csv")
    e = neonxai.Explanation.load(folder / "explanation.npz")
    assert table.columns == ["cluster", "competitor", "logit", "probability", *e.feature_names]
    assert np.array_equal(table.select(e.feature_names).to_numpy(), e.relevance)
    assert np.array_equal(e.relevance, done.explanation.relevance)
    assert table["cluster"].to_list() == done.explanation.labels.tolist()
    pictures = {path.read_bytes() for path in folder.glob("sample-*.png")}
    assert len(pictures) == len(ROWS)  # each its own


def test_a_folder_with_results_is_kept_unless_asked(shell):
    Path("d").mkdir()
    Path("d/map.png").write_text("precious")
    Path("d/sample-7.png").write_text("precious")
    Path("d/notes.txt").write_text("mine")
    result = shell("demo", "--out", "d")
    assert result.exit_code == 3
    assert result.stdout == ""  # before any work
    assert result.stderr.startswith(
        "neonxai: --out d: the folder already has map.png, sample-7.png. Add --overwrite"
    )
    assert Path("d/map.png").read_text() == "precious"
    assert shell("demo", "--out", "d", "--overwrite").exit_code == 0
    assert Path("d/map.png").read_bytes().startswith(b"\x89PNG")
    assert Path("d/notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("out", "said"), [("file", "it is a file, not a folder"), ("no/d", "there is no folder")]
)
def test_bad_folders(shell, out, said):
    Path("file").touch()
    result = shell("demo", "--out", out)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"neonxai: --out {out}: {said}") or said in result.stderr
    assert result.stderr.count("\n") == 1
