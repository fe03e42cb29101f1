"""What the shell points out though nothing is wrong, and which columns it lists."""

import json
import shlex

import numpy as np
import polars as pl
import pytest

from neonxai.cli.names import listed

LOOKS = "looks like a label or an identifier"
K3 = ("--clusters", 3)


def notes(shell, frame, *words):
    frame.write_parquet("x.parquet")
    return json.loads(shell("explain", "x.parquet", "--json", "--quiet", *words).stdout)["notes"]


def test_listed_keeps_both_ends():
    names = [f"c{i}" for i in range(31)]
    assert listed(names[:30]) == ", ".join(names[:30])
    told = listed(names).split(", ")
    assert told == [*names[:15], "… 1 more …", *names[16:]]
    assert listed(["a", "", " b"]) == "a, '', ' b'"


def test_all_of_fourteen_columns_are_told(shell, wine):
    wine.with_columns(target=pl.lit(0.0)).write_csv("x.csv")
    told = f"columns: {', '.join(listed([name]) for name in wine.columns)}, target."
    assert f"Used 14 {told}" in shell("explain", "x.csv", *K3).stdout
    refused = shell("explain", "x.csv", *K3, "--drop", "nope").stderr
    assert f"Its columns are {told.removeprefix('columns: ')}" in refused


@pytest.mark.parametrize("name", ["target", "ID", "Index", "class", "Label", "CLUSTER", "y"])
def test_columns_named_like_labels(shell, wine, name):
    frame = wine.with_columns(pl.lit(1.5).alias(name))
    told = f"column '{name}' {LOOKS}; leave it out with --drop {name}."
    assert told in notes(shell, frame, *K3)
    assert f"Note: {told}\n" in shell("explain", "x.parquet", *K3).stdout
    assert not any(LOOKS in note for note in notes(shell, frame, *K3, "--drop", name))
    assert not any(LOOKS in note for note in notes(shell, frame, *K3, "--id", name))


@pytest.mark.parametrize("rows", [20, 21])
def test_whole_numbers_that_are_all_different(shell, wine, rows):
    frame = wine[:rows].with_columns(
        sample=pl.Series(np.random.default_rng(0).permutation(rows) * 3),
        twice=pl.Series([*range(rows - 1), 0]),
        half=pl.Series(np.arange(rows) + 0.5),
    )
    assert frame["proline"].n_unique() < rows
    told = [note for note in notes(shell, frame, *K3) if LOOKS in note]
    assert told == ([f"column 'sample' {LOOKS}; leave it out with --drop sample."] if rows > 20 else [])


def test_the_remedy_is_a_whole_one(shell, wine):
    """Pasted in place of the options that were given, it silences the note and undoes nothing."""
    odd = {"y": pl.lit(0.5), "id": pl.lit(0.1), "a, b": pl.lit("text"), "name": pl.lit("text")}
    frame = wine.with_columns(**odd)
    (told,) = [n for n in notes(shell, frame, *K3, "--drop", "a, b", "--id", "name") if "like" in n]
    assert told.startswith("columns y, id look like labels or identifiers; leave them out with --drop ")
    drop = shlex.split(told.rstrip(".").partition("out with ")[2])
    assert drop[1] == '"a, b",y,id'
    assert not any("like" in note for note in notes(shell, frame, *K3, *drop, "--id", "name"))


def test_the_remedy_where_drop_would_not_do(shell, wine):
    frame = wine.select(y="ash", id="hue")
    (told,) = [n for n in notes(shell, frame, *K3) if "like" in n]
    assert told.endswith("; leave them out with --drop if that is so.")
    (told,) = [n for n in notes(shell, frame, *K3, "--columns", "y") if "like" in n]
    assert told.endswith("; leave it out of --columns.")


def test_two_clusters_have_one_mean_relevance(shell, wine, wine_csv):
    def told(*words):
        facts = json.loads(shell("explain", wine_csv, "--json", *words).stdout)
        relevance = [list(c["mean_relevance"].values()) for c in facts["clusters"]]
        means = [np.array(list(c["mean"].values())) for c in facts["clusters"]]
        said = [note for note in facts["notes"] if note.startswith("With two clusters, the mean relevance")]
        return relevance, means, said

    (first, second), means, said = told("--clusters", 2, "--scale", "none")
    # At the optimum both are the squared difference of the means; k-means stops within a tolerance of it.
    squared = (means[0] - means[1]) ** 2
    assert np.allclose(first, squared, rtol=0, atol=1e-3 * squared.max())
    assert np.allclose(second, squared, rtol=0, atol=1e-3 * squared.max())
    assert len(said) == 1
    assert told("--clusters", 3)[2] == []
    wine[[0, 100]].write_csv("c.csv")  # centers that are not the means of their rows
    (first, second), _, said = told("--centers", "c.csv")
    assert not np.allclose(first, second, rtol=0.1)
    assert said == []
