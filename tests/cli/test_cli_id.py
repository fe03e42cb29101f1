"""``--id``: the names of the rows go to ``--out`` as they are, and never into the clustering."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

FACTS = ["cluster", "competitor", "logit", "probability"]
K3 = ("--clusters", 3)
READ = {
    "csv": pl.read_csv,
    "tsv": lambda path: pl.read_csv(path, separator="\t"),
    "parquet": pl.read_parquet,
    "arrow": pl.read_ipc,
    "jsonl": pl.read_ndjson,
}


def written(shell, *words, out="why.parquet"):
    result = shell("explain", *words, "--out", out, "--overwrite")
    assert (result.exit_code, result.stderr) == (0, "")
    return READ[out.rpartition(".")[2]](out)


@pytest.fixture
def without(shell, wine_csv):
    """What is written for the wines without names."""
    return written(shell, wine_csv, *K3)


@pytest.mark.parametrize("ending", READ)
def test_the_names_come_first_in_every_format(shell, wine, without, ending):
    names = [f"wine {i // 2}" for i in range(178)]  # not unique
    named = wine.with_columns(name=pl.Series(names)).select("alcohol", "name", pl.exclude("alcohol", "name"))
    named.write_parquet("named.parquet")
    table = written(shell, "named.parquet", *K3, "--id", "name", out=f"out.{ending}")
    assert table.columns == ["name", *FACTS, *wine.columns]
    assert table["name"].to_list() == names
    assert np.array_equal(table.drop("name").to_numpy(), without.to_numpy())


@pytest.mark.parametrize("ending", ["csv", "tsv"])
@pytest.mark.parametrize("name", ["", "key", "a,b", 'say "key"'])
def test_names_in_text_files_stay_as_they_are_written(shell, wine, without, ending, name):
    keys = [f"{i:04}" for i in range(177)] + ["12e5"]
    frame = wine.select(pl.Series(name, keys), pl.all())
    frame.write_csv(f"wine.{ending}", separator={"csv": ",", "tsv": "\t"}[ending])
    table = written(shell, f"wine.{ending}", *K3, "--id", name)
    assert table.columns == [name, *FACTS, *wine.columns]
    assert table[name].to_list() == keys
    assert np.array_equal(table.drop(name).to_numpy(), without.to_numpy())


def test_whole_numbers_stay_numbers(shell, wine):
    for other in (1.0, "text"):  # with text in it, the whole file is read as text
        frame = wine.select(pl.Series("id", range(178)), pl.all()).with_columns(other=pl.lit(other))
        frame.write_csv("wine.csv")
        table = written(shell, "wine.csv", *K3, "--id", "id", "--drop", "other")
        assert table["id"].to_list() == list(range(178))
        assert table["id"].dtype == pl.Int64


def test_pandas_index(shell, wine, without):
    """What `DataFrame.to_csv` writes first, and reads back to."""
    wine.to_pandas().to_csv("pandas.csv")
    told = shell("explain", "pandas.csv", *K3)
    assert "--drop ''" in told.stderr
    assert "--id ''" in told.stderr
    table = written(shell, "pandas.csv", *K3, "--id", "", out="why.csv")
    assert table.columns == ["", *FACTS, *wine.columns]
    assert np.array_equal(table[:, 1:].to_numpy(), without.to_numpy())
    assert Path("why.csv").read_text().splitlines()[1].startswith("0,")
    assert "Kept as names of rows: ''.\n" in shell("explain", "pandas.csv", *K3, "--id", "").stdout
    assert "Left out 1 column: ''.\n" in shell("explain", "pandas.csv", *K3, "--drop", "").stdout


def test_names_of_columns_that_clash(shell, wine):
    frame = wine.rename({"ash": "logit", "hue": "cluster_"})
    for key, facts in {
        "cluster": ["cluster__", "competitor", "logit_", "probability"],
        "logit_": ["cluster", "competitor", "logit__", "probability"],
        "probability": ["cluster", "competitor", "logit_", "probability_"],
    }.items():
        frame.with_columns(pl.Series(key, [f"w{i}" for i in range(178)])).write_csv("named.csv")
        table = written(shell, "named.csv", *K3, "--id", key)
        assert table.columns == [key, *facts, *frame.columns]
        assert table[key][5] == "w5"


@pytest.mark.parametrize("words", [(), ("--drop", "grower"), ("--drop", "grower,name")])
def test_what_is_told(shell, wine, words):
    frame = wine.with_columns(name=pl.lit("x"), grower=pl.lit(1.0))
    frame.write_csv("named.csv")
    result = shell("explain", "named.csv", *K3, "--id", "name", *words)
    assert f"Used {13 + (not words)} columns: " in result.stdout
    assert "Kept as names of rows: name.\n" in result.stdout
    assert ("Left out 1 column: grower.\n" in result.stdout) == bool(words)
    facts = json.loads(shell("explain", "named.csv", *K3, "--id", "name", *words, "--json").stdout)
    assert facts["id"] == "name"
    assert facts["dropped"] == (["name", "grower"] if words else ["name"])


def test_summary_leaves_the_names_out(shell, wine, wine_csv):
    truth = written(shell, wine_csv, *K3, "--summary")
    wine.with_columns(name=pl.lit("x")).write_csv("named.csv")
    words = ("named.csv", *K3, "--id", "name", "--summary")
    assert written(shell, *words).equals(truth)
    assert "Left out 1 column: name.\n" in shell("explain", *words).stdout


def test_names_of_any_type_that_the_format_can_hold(shell, wine, wine_csv, capfd):
    kinds = {
        "day": pl.Series([dt.date(2020, 1, 1)] * 178),
        "gap": pl.Series([None, "b"] * 89),
        "pair": pl.Series([[1, 2]] * 178),
        "raw": pl.Series([b"\xff"] * 178),
    }
    frame = wine.with_columns(**kinds)
    frame.write_parquet("odd.parquet")
    for name, values in kinds.items():
        others = ("--id", name, "--drop", ",".join(kinds))
        for ending in ("parquet", "arrow"):
            table = written(shell, "odd.parquet", *K3, *others, out=f"out.{ending}")
            assert table[name].to_list() == values.to_list()
    capfd.readouterr()
    for name, ending in (("pair", "csv"), ("raw", "tsv"), ("raw", "jsonl")):
        words = ("--id", name, "--drop", ",".join(kinds), "--out", f"no.{ending}")
        result = shell("explain", "odd.parquet", *K3, *words)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"neonxai: --id {name}: its values are of type ")
        assert f"which .{ending} files cannot hold. Write to a .parquet file" in result.stderr
        assert not Path(f"no.{ending}").exists()
    assert capfd.readouterr().err == ""  # nor does the writer itself print


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--id", "alcool"),
            "--id: wine.csv has no column 'alcool'. Did you mean 'alcohol'? Its columns are",
        ),
        (("--id", "ash,hue"), "--id: it takes one column, not 2"),
        (("--id", ""), "--id: it takes one column, not 0"),
        (("--id", "ash", "--columns", "hue,ash"), "usage: column 'ash' is named by both --columns and --id"),
    ],
)
def test_bad_names(shell, wine_csv, words, said):
    result = shell("explain", wine_csv.name, *K3, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"neonxai: {said}")
    assert result.stderr.count("\n") == 1


def test_no_column_is_left(shell):
    Path("x.csv").write_text("a\n1\n2\n")
    told = shell("explain", "x.csv", "--clusters", 2, "--id", "a").stderr
    assert told.startswith("neonxai: --id: no column of x.csv is left to use")
