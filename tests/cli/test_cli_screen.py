"""What is shown: the decisions, tables that fit, JSON alone, or nothing."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from neonxai.cli.names import shorten
from neonxai.cli.screen import Screen


def test_every_decision_is_told(shell, wine_csv):
    result = shell("explain", wine_csv, "--clusters", 3, "--drop", "hue,ash", "--out", "why.csv")
    for said in (
        f"Read {wine_csv}: 178 rows, 13 columns.",
        "Used 11 columns: alcohol, malic_acid, ",
        "Left out 2 columns: ash, hue.",
        "Scale standard: each column minus its mean, divided by its standard deviation.",
        "Clusters: k-means, K = 3, best of 10 starts, seed 0.",
        "(auto: 1 / mean logit of the rows)",
        "Wrote 178 rows to why.csv",
    ):
        assert said in result.stdout
    assert result.stderr == ""


def test_the_table_of_clusters_says_what_speaks_for_each(shell, wine, wine_csv, from_python):
    lines = shell("explain", wine_csv, "--clusters", 3).stdout.splitlines()
    e = from_python(wine, 3)
    for k in range(3):
        member = e.labels == k
        mean = e.relevance[member].mean(axis=0)
        first = int(np.argmax(mean))
        line = next(line for line in lines if line.split()[:2] == [str(k), str(member.sum())])
        cells = line.split()
        assert cells[2] == f"{e.probabilities[member].mean():.2f}"
        assert cells[3] == str(np.bincount(e.competitors[member]).argmax())
        assert cells[4] == shorten(wine.columns[first], 22)
        assert float(cells[5]) == pytest.approx(mean[first], rel=5e-3)
        assert float(cells[6]) == pytest.approx(wine.to_numpy()[member, first].mean(), rel=5e-4)
        assert float(cells[7]) == pytest.approx(wine.to_numpy()[:, first].mean(), rel=5e-4)


@pytest.mark.parametrize("summary", [(), ("--summary",)])
@pytest.mark.parametrize("clusters", [2, 15])
def test_tables_fit_80_columns_without_escape_codes(shell, wine, summary, clusters):
    long = wine.rename(
        {name: f"[bold]{name} of all the wines\x1b[31m from Piedmont" for name in wine.columns}
    )
    long.write_parquet("long.parquet")
    result = shell("explain", "long.parquet", "--clusters", clusters, *summary)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    table = result.stdout[result.stdout.index("β") :].splitlines()[1:]
    table = [line for line in table if not line.startswith("Note: ")]  # messages in a pipe are not folded
    assert len(table) > 10
    assert max(map(len, table)) <= 80
    assert "[bold]" in result.stdout  # a name is never taken for markup


@pytest.mark.parametrize("width", [30, 36, 44, 52, 60, 68, 76])
@pytest.mark.parametrize("words", [(), ("--summary",)])
def test_narrow_terminals_get_fewer_columns_and_whole_numbers(
    shell, wine, wine_csv, monkeypatch, width, words
):
    def table(columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = shell("explain", wine_csv, "--clusters", 7, *words).stdout
        return shown[shown.index("β") :].splitlines()[1:]

    def numbers(lines):
        return {word for line in lines for word in line.split() if re.fullmatch(r"[+-]\d.*", word)}

    lines = table(width)
    assert max(map(len, lines)) <= width
    # A cut would end in "…", and only names may.
    assert not re.search(r"\d…", "\n".join(line for line in lines if "od280" not in line))
    assert numbers(lines) == numbers(table(200))  # every relevance, whole
    if not words:
        heads = next(line for line in lines if line.split()[:1] == ["cluster"]).split()
        caption = " ".join(" ".join(lines).split()).partition("Not shown for want of width: ")[2]
        left_out = caption.rstrip(". ").split(", ") if caption else []
        everything = ["cluster", "rows", "prob.", "rival", "column", "relevance", "mean", "all"]
        assert [head for head in everything if head not in left_out] == heads
        assert bool(left_out) == (width < 66)


def test_wide_tables_show_the_strongest_columns_and_say_so(shell):
    X = np.random.default_rng(0).normal(size=(30, 60))
    X[:15, 59] += 50
    pl.DataFrame(X, schema=[f"c{i}" for i in range(60)]).write_csv("wide.csv")
    result = shell("explain", "wide.csv", "--clusters", 2, "--scale", "none", "--summary")
    shown = [line.split()[0] for line in result.stdout.splitlines() if line.strip().startswith("c")]
    assert shown[:2] == ["cluster", "c59"]
    assert "and 20 columns of less relevance" in result.stdout


@pytest.mark.parametrize("words", [("--quiet",), ("--quiet", "--summary"), ("--quiet", "--out", "why.csv")])
def test_quiet_is_silent(shell, wine_csv, words):
    result = shell("explain", wine_csv, "--clusters", 3, *words)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert Path("why.csv").exists() == ("--out" in words)


def test_quiet_still_tells_errors(shell, wine_csv):
    result = shell("explain", wine_csv, "--clusters", 1000, "--quiet")
    assert result.exit_code == 2
    assert "only 178 rows" in result.stderr


def test_json_is_alone_on_stdout(shell, wine, wine_csv, from_python):
    words = ("--clusters", 3, "--drop", "ash", "--out", "why.csv", "--json")
    result = shell("explain", wine_csv, *words)
    facts = json.loads(result.stdout)
    assert "Scale standard" in result.stderr
    kept = wine.drop("ash")
    e = from_python(kept, 3)
    expected = {
        "rows": 178,
        "features": kept.columns,
        "dropped": ["ash"],
        "scale": "standard",
        "output": "why.csv",
    }
    assert {key: facts[key] for key in expected} == expected
    assert facts["beta"] == pytest.approx(e.beta, rel=1e-12)
    assert [c["rows"] for c in facts["clusters"]] == np.bincount(e.labels).tolist()
    assert sum(c["share"] for c in facts["clusters"]) == pytest.approx(1)
    for c in facts["clusters"]:
        member = e.labels == c["cluster"]
        mean = e.relevance[member].mean(axis=0)
        assert c["mean_relevance"] == pytest.approx(
            dict(zip(kept.columns, mean.tolist(), strict=True)), rel=1e-10
        )
        raw = kept.to_numpy()[member].mean(axis=0)
        assert c["mean"] == pytest.approx(dict(zip(kept.columns, raw.tolist(), strict=True)), rel=1e-12)
    quiet = shell("explain", wine_csv, *words, "--quiet", "--overwrite")
    assert (json.loads(quiet.stdout), quiet.stderr) == (facts, "")


def test_infinite_beta_is_valid_json(shell, wine_csv):
    facts = json.loads(
        shell("explain", wine_csv, "--clusters", 3, "--beta", "inf", "--json").stdout,
        parse_constant=lambda word: pytest.fail(f"{word} is not JSON"),
    )
    assert facts["beta"] == "inf"
    assert facts["output"] is None


def test_progress_needs_a_terminal_and_long_work(monkeypatch):
    with Screen().progress(10**12) as progress:
        assert progress is None  # stderr of a test is no terminal
    monkeypatch.setenv("FORCE_COLOR", "1")  # what Rich takes for a terminal
    with Screen().progress(10**12) as progress:
        progress(1, 2)
        progress(2, 2)
    with Screen().progress(10) as progress:
        assert progress is None
    with Screen(quiet=True).progress(10**12) as progress:
        assert progress is None


def test_help_tells_each_command_whole(shell):
    told = re.search(r"Commands:\n(.*?)\n\n", shell("--help").stdout, re.DOTALL)[1].splitlines()
    assert [line.split()[0] for line in told] == ["demo", "explain", "report"]
    assert all(line.endswith(".") and not line.endswith("..") for line in told)


def test_help_shows_examples_and_exit_codes(shell):
    for words in ((), ("--help",), ("demo", "--help"), ("explain", "--help"), ("-h",), ("report", "-h")):
        result = shell(*words)
        assert result.exit_code == 0
        for said in ("Examples:", "Exit codes:", "an output exists and would be overwritten"):
            assert said in result.stdout
        assert re.search(r"Examples:\n    neonxai (demo|explain|report)", result.stdout), "an example a line"
        assert max(map(len, result.stdout.splitlines())) <= 80
