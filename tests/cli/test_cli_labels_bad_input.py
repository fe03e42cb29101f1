"""Labels of no use: one message with the column, the cause and the remedy."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

HALVES = [0] * 20 + [1] * 20


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(0, 1, (20, 2)), rng.normal(6, 1, (20, 2))])
    return pl.DataFrame(rows, schema=["a", "b"])


def refused(result, *said):
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("neonxai: ")
    assert result.stderr.count("\n") == 1  # one line, and so no traceback
    for part in said:
        assert part in result.stderr


OPTIONS = {
    "and clusters": (("--clusters", 2), "usage: both --clusters and --labels are given. Give one of them."),
    "and centers": (("--centers", "x.csv"), "usage: both --centers and --labels are given"),
    "and a model": (("--model", "x.csv"), "usage: both --labels and --model are given. Give one of them."),
    "and both": (
        ("--centers", "x.csv", "--clusters", 2),
        "usage: --clusters, --centers and --labels are given. Give one of them.",
    ),
    "also a name": (("--id", "seg"), "usage: column 'seg' is named by both --id and --labels"),
    "also a column": (("--columns", "a,seg"), "usage: column 'seg' is named by both --columns and --labels"),
    "nothing left": (("--drop", "a,b"), "--drop: no column of x.csv is left to use"),
    "gamma a word": (("--gamma", "big"), "--gamma big: it is not a number. Give auto, inf, or a number abo"),
    "gamma NaN": (("--gamma", "nan"), "--gamma nan: it is not a number (NaN)"),
    "gamma 0": (("--gamma", "0"), "--gamma 0: it is not above 0, so that near rows would count no more"),
    "gamma below 0": (("--gamma", "-inf"), "--gamma -inf: it is not above 0"),
    "noise unknown": (("--noise", "2"), "--noise 2: no row has this label. The labels are 0, 1."),
    "noise a word": (("--noise", "none"), "--noise none: no row has this label. The labels are 0, 1."),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(shell, points, case):
    points.with_columns(seg=pl.Series(HALVES)).write_csv("x.csv")
    words, said = OPTIONS[case]
    refused(shell("explain", "x.csv", "--labels", "seg", *words), f"neonxai: {said}")
    assert shell("explain", "x.csv", "--labels", "seg", "--noise", "-1").exit_code == 0  # what it is anyway
    assert shell("explain", "x.csv", "--labels", "seg", "--drop", "seg").exit_code == 0  # both leave it out


@pytest.mark.parametrize("option", [("--noise", "0"), ("--gamma", "inf")])
def test_options_of_labels_without_labels(shell, points, option):
    points.write_csv("x.csv")
    refused(
        shell("explain", "x.csv", "--clusters", 2, *option),
        f"neonxai: usage: {option[0]} is about labels, but --labels is not given. Leave it out.",
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sef", "--labels: x.csv has no column 'sef'. Did you mean 'seg'? Its columns are a, b, seg."),
        ("a,b", "--labels: it takes one column, not 2. Columns: a, b, seg."),
        ("", "--labels: it takes one column, not 0."),
    ],
)
def test_columns_that_are_not_there(shell, points, name, said):
    points.with_columns(seg=pl.Series(HALVES)).write_csv("x.csv")
    refused(shell("explain", "x.csv", "--labels", name), f"neonxai: {said}")


def test_a_near_miss_of_the_noise(shell, points):
    points.with_columns(seg=pl.Series(["unassigned"] * 20 + ["a", "b"] * 10)).write_csv("x.csv")
    refused(
        shell("explain", "x.csv", "--labels", "seg", "--noise", "Unasigned"),
        "--noise Unasigned: no row has this label. Did you mean 'unassigned'? The labels are a, b, unass",
    )


LABELS = {
    "one label": ([7] * 40, "--labels seg: all 40 rows have the same label, 7, but a cluster is explained"),
    "all noise": ([-1] * 40, "--labels seg: all 40 rows have the label -1, which is noise, so there is no"),
    "all different": (list(range(40)), "--labels seg: all 40 rows have labels of their own, such as 0, so"),
    "all names": (
        [f"r{i}" for i in range(40)],
        "have labels of their own, such as 'r0', so it seems to name",
    ),
    "noise and all different": (
        [-1] * 20 + list(range(20)),
        "--labels seg: beside noise, all 20 rows have labels of their own, such as ",
    ),
    "too long": (
        ["x" * 251] + ["a", "b", "c"] * 13,
        "--labels seg: the label in line 2 has 251 characters: 'x",
    ),
    "missing": (
        [0, 1, None, 1] + [0] * 36,
        "x.csv: column 'seg' holds the labels, but 1 label is missing, in line 4.",
    ),
    "many missing": (
        [None] * 7 + [0, 1, 2] * 11,
        "but 7 labels are missing, in lines 2, 3, 4, 5, 6 and 2 more. Fill in or delete such rows; those of",
    ),
    "missing words": (["a", None] + ["b", "a"] * 19, "but 1 label is missing, in line 3."),
    "missing and blank": (["a", None, " "] + ["b"] * 37, "but 2 labels are missing, in lines 3 and 4."),
    "NA among numbers": (["0", "NA", "nan"] + ["1"] * 37, "but 2 labels are missing, in lines 3 and 4."),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_in_text_files(shell, points, case):
    labels, said = LABELS[case]
    points.with_columns(seg=pl.Series(labels)).write_csv("x.csv")
    refused(shell("explain", "x.csv", "--labels", "seg", "--out", "why.csv"), said)
    assert not Path("why.csv").exists()


BINARY = {
    "missing": (pl.Series([None, *HALVES[1:]]), "but 1 label is missing, in row 0 (the first is 0)."),
    "NaN": (pl.Series([0.0, np.nan, *HALVES[2:]], strict=False), "but 1 label is missing, in row 1 (the fi"),
    "all missing": (pl.Series([None] * 40), "but 40 labels are missing, in rows 0, 1, 2, 3, 4 and 35 more ("),
    "infinite": (
        pl.Series([np.inf, *HALVES[1:]], strict=False),
        "column 'seg' holds inf in row 0 (the first",
    ),
    "lists": (pl.Series([[1]] * 40), "--labels seg: it holds list(int64), not numbers or text."),
    "bytes": (pl.Series([b"a", b"b"] * 20), "--labels seg: it holds binary, not numbers or text."),
}


@pytest.mark.parametrize("case", BINARY)
def test_labels_in_binary_files(shell, points, case):
    labels, said = BINARY[case]
    points.with_columns(seg=labels).write_parquet("x.parquet")
    refused(shell("explain", "x.parquet", "--labels", "seg"), said)


def test_missing_labels_in_json_lines(shell, points):
    points.with_columns(seg=pl.Series([None, *HALVES[1:]])).write_ndjson("x.jsonl")
    Path("x.jsonl").write_text("\n\n" + Path("x.jsonl").read_text())
    refused(shell("explain", "x.jsonl", "--labels", "seg"), "but 1 label is missing, in line 3.")


def test_the_only_column(shell):
    pl.DataFrame({"seg": HALVES}).write_csv("x.csv")
    refused(
        shell("explain", "x.csv", "--labels", "seg"),
        "--labels: no column of x.csv is left to use. There must be columns besides",
    )


def test_text_in_another_column(shell, points):
    notes = pl.Series([f"note {i}" for i in range(40)])
    points.with_columns(seg=pl.Series(HALVES), note=notes).write_csv("x.csv")
    refused(shell("explain", "x.csv", "--labels", "seg"), "column 'note' holds text with 40", "--drop note")


@pytest.mark.parametrize("label", [-1, 0])
def test_one_cluster_and_noise_will_do(shell, points, label):
    points.with_columns(seg=pl.Series(HALVES) - 1).write_csv("x.csv")
    result = shell("explain", "x.csv", "--labels", "seg", "--noise", label)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"Clusters: the labels in seg, 1 cluster, and noise, {label}.\n" in result.stdout


def test_rows_that_are_all_alike(shell):
    """Nothing tells the labels apart, and it is said so."""
    pl.DataFrame({"a": [1.0] * 40, "seg": HALVES}).write_csv("x.csv")
    result = shell("explain", "x.csv", "--labels", "seg", "--out", "why.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Note: An agreement this low" in result.stdout
    assert pl.read_csv("why.csv")["a"].to_list() == [0.0] * 40
