"""Names and messages from outside never reach the terminal raw."""

import json
from pathlib import Path

import polars as pl
import pytest
import typer

from neonxai.cli.screen import Screen
from neonxai.text import printable

EVIL = "x\x1b[31mRED\nnl"
SHOWN = "x�[31mRED�nl"
# Escape, the one-character form of "escape [", a bell, line ends of every kind, and marks that reorder text.
STEERING = ("\x1b", "\x9b", "\x07", "\r", "\x0b", "\x85", "\u2028", "\u202e", "\u2066", "\u200f")


def harmless(text: str, allowed_lines: int | None = None) -> bool:
    lines = text.split("\n")
    return all(line.isprintable() for line in lines) and allowed_lines in (None, len(lines) - 1)


def test_the_check_of_these_tests_can_fail():
    assert not harmless(EVIL)
    assert not harmless("a\nb\n", 1)
    assert harmless("a\nb\n", 2)


@pytest.mark.parametrize("mark", [*STEERING, "\n", "\t", "\0", "\udc80"])
def test_printable(mark):
    assert printable(f"a{mark}b") == "a�b"


def test_printable_keeps_what_is_text():
    text = "größe (µm) 長さ [bold] 'x' \\x1b"
    assert printable(text) == text


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "arrow", "jsonl"])
@pytest.mark.parametrize("words", [(), ("--summary",)])
def test_names_of_files_and_columns(shell, wine, ending, words):
    columns = [f"{name}{mark}[31m" for name, mark in zip(wine.columns, STEERING * 2, strict=False)]
    frame = wine.rename(dict(zip(wine.columns, columns, strict=True)))
    data, out = Path(f"{EVIL}.{ending}"), Path(f"{EVIL}-out.{ending}")
    write = {"tsv": frame.write_csv, "arrow": frame.write_ipc, "jsonl": frame.write_ndjson}
    with data.open("wb") as stream:  # polars would take the brackets for a pattern
        options = {"separator": "\t"} if ending == "tsv" else {}
        write.get(ending, getattr(frame, f"write_{ending}", None))(stream, **options)
    result = shell("explain", data, "--clusters", 3, "--drop", columns[3], "--out", out, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert harmless(result.stdout)
    assert f"Read {SHOWN}.{ending}: 178 rows, 13 columns.\n" in result.stdout
    assert f"to {SHOWN}-out.{ending}\n" in result.stdout
    assert "Left out 1 column: alcalinity_of_ash�[31m.\n" in result.stdout
    assert out.exists()


def test_json_keeps_the_names_and_escapes_them(shell, wine):
    data = f"{EVIL}.csv"
    wine.rename({"ash": EVIL}).write_csv(data)
    result = shell("explain", data, "--clusters", 3, "--json")
    assert harmless(result.stdout)
    assert harmless(result.stderr)
    facts = json.loads(result.stdout)
    assert facts["data"] == data
    assert EVIL in facts["features"]


def test_files_of_centers(shell, wine, wine_csv):
    wine[:3].write_csv(f"{EVIL}.csv")
    result = shell("explain", wine_csv, "--centers", f"{EVIL}.csv")
    assert result.exit_code == 0
    assert harmless(result.stdout)
    assert f"Clusters: 3 centers of {SHOWN}.csv, in the data's units" in " ".join(result.stdout.split())


@pytest.mark.parametrize("words", [(), ("--summary",), ("--noise", f"noise {EVIL}")])
def test_labels_and_their_column(shell, wine, words):
    clusters = pl.Series(EVIL, [f"{name} {EVIL}" for name in ("noise", "a", "b") for _ in range(59)] + ["a"])
    frame = wine.with_columns(clusters)
    frame.write_csv("labeled.csv")
    result = shell("explain", "labeled.csv", "--labels", f'"{EVIL}"', *words)
    assert result.exit_code == 0
    assert harmless(result.stdout)
    assert harmless(result.stderr, 0)
    assert f"Clusters: the labels in {SHOWN}, {3 if '--noise' in words else 4} clusters" in result.stdout


def test_the_demo_in_a_strange_folder(shell):
    result = shell("demo", "--out", EVIL)
    assert result.exit_code == 0
    assert harmless(result.stdout)
    assert f"Wrote to {SHOWN}:\n" in result.stdout


BAD = {
    "no such file": ("explain", f"{EVIL}.csv", "--clusters", 2),
    "ending": ("explain", f"x.{EVIL}", "--clusters", 2),
    "columns": ("explain", "wine.csv", "--clusters", 2, "--columns", EVIL),
    "drop": ("explain", "wine.csv", "--clusters", 2, "--drop", f"ash,{EVIL}"),
    "clusters": ("explain", "wine.csv", "--clusters", EVIL),
    "beta": ("explain", "wine.csv", "--clusters", 2, "--beta", EVIL),
    "labels": ("explain", "wine.csv", "--labels", EVIL),
    "noise": ("explain", "labeled.csv", "--labels", "kind", "--noise", EVIL),
    "gamma": ("explain", "labeled.csv", "--labels", "kind", "--gamma", EVIL),
    "out": ("explain", "wine.csv", "--clusters", 2, "--out", f"{EVIL}/why.csv"),
    "usage: option": ("explain", "wine.csv", f"--{EVIL}"),
    "usage: command": (EVIL,),
    "usage: value": ("explain", "wine.csv", "--scale", EVIL),
    "usage: seed": ("explain", "wine.csv", "--seed", EVIL),
    "demo": ("demo", "--out", f"{EVIL}/{EVIL}"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_quoted_in_errors(shell, wine, wine_csv, case):
    wine.with_columns(kind=pl.Series([0, 1] * 89)).write_csv("labeled.csv")
    result = shell(*BAD[case])
    assert (result.exit_code, result.stdout) == (2, "")
    assert harmless(result.stderr, 1)


@pytest.mark.parametrize("debug", [False, True])
def test_unexpected_errors(shell, wine_csv, monkeypatch, debug):
    def bug(*_):
        raise RuntimeError(f"cannot do {EVIL}")

    monkeypatch.setattr("neonxai.cli.explain.explain", bug)
    result = shell("explain", wine_csv, "--clusters", 3, *(["--debug"] if debug else []))
    assert result.exit_code == 1
    assert harmless(result.stderr, None if debug else 1)
    assert result.stderr.splitlines()[-1].startswith("neonxai: RuntimeError: cannot do x�[31mRED nl. ")
    assert ("Traceback" in result.stderr) == debug


def test_errors_of_usage_from_typer(shell, wine_csv, monkeypatch):
    def bad(*_):
        raise typer.BadParameter(f"no {EVIL}")

    monkeypatch.setattr("neonxai.cli.explain.explain", bad)
    result = shell("explain", wine_csv, "--clusters", 3)
    assert (result.exit_code, result.stdout) == (2, "")
    assert harmless(result.stderr, 1)


def test_every_message_of_the_screen(capsys):
    Screen().say(EVIL, style="yellow")
    assert capsys.readouterr().out == f"{SHOWN}\n"


def test_commands_that_are_suggested_can_be_pasted(shell):
    frame = pl.DataFrame({"a": [1.0, 2.0], "`rm *`, it's": ["x", "y"]})
    frame.write_csv("x.csv")
    result = shell("explain", "x.csv", "--clusters", 2)
    assert """ --drop '"`rm *`, it'"'"'s"', or encode""" in result.stderr
