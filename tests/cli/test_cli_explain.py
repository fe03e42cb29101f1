"""``neonxai explain`` finds what Python finds, from every format and into every format."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai.cli.describe import cluster_facts

FACTS = ["cluster", "competitor", "logit", "probability"]
WRITE = {
    "csv": pl.DataFrame.write_csv,
    "tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    "parquet": pl.DataFrame.write_parquet,
    "arrow": pl.DataFrame.write_ipc,
    "feather": pl.DataFrame.write_ipc,
    "ipc": pl.DataFrame.write_ipc,
    "jsonl": pl.DataFrame.write_ndjson,
    "ndjson": pl.DataFrame.write_ndjson,
}
READ = {
    "csv": pl.read_csv,
    "tsv": lambda path: pl.read_csv(path, separator="\t"),
    "parquet": pl.read_parquet,
    "arrow": pl.read_ipc,
    "feather": pl.read_ipc,
    "ipc": pl.read_ipc,
    "jsonl": pl.read_ndjson,
    "ndjson": pl.read_ndjson,
}


def _same(table: pl.DataFrame, e: neonxai.Explanation, names: list[str]) -> bool:
    """Whether a table that the shell wrote holds an explanation, to rounding.

    Rounding: Python may lay out the same numbers by rows where the shell has columns, which changes the order
    of sums; 1e-12 of the largest entry is some thousand ulp, and far below any other effect.
    """
    relevance = table.select(names).to_numpy()
    close = {"rtol": 0, "atol": 1e-12 * np.abs(e.relevance).max()}
    return (
        table.columns == FACTS + names
        and table["cluster"].to_list() == e.labels.tolist()
        and table["competitor"].to_list() == e.competitors.tolist()
        and np.allclose(table["logit"], e.logits, **close)
        and np.allclose(table["probability"], e.probabilities, rtol=1e-12, atol=0)
        and np.allclose(relevance, e.relevance, **close)
    )


@pytest.mark.parametrize("ending", WRITE)
def test_every_format_is_read(shell, wine, from_python, tmp_path, ending):
    WRITE[ending](wine, tmp_path / f"wine.{ending}")
    result = shell("explain", f"wine.{ending}", "--clusters", 3, "--out", "why.parquet")
    assert (result.exit_code, result.stderr) == (0, "")
    table = pl.read_parquet("why.parquet")
    assert _same(table, from_python(wine, 3), wine.columns)
    assert not _same(table, from_python(wine, 3, beta=1.0), wine.columns)  # the comparison can fail


@pytest.mark.parametrize("ending", READ)
def test_every_format_is_written_with_the_same_bits(shell, wine, wine_csv, ending):
    assert shell("explain", wine_csv, "--clusters", 3, "--out", "why.parquet").exit_code == 0
    assert shell("explain", wine_csv, "--clusters", 3, "--out", f"why_too.{ending}").exit_code == 0
    truth, table = pl.read_parquet("why.parquet"), READ[ending](f"why_too.{ending}")
    assert table.columns == truth.columns
    assert np.array_equal(table.to_numpy(), truth.to_numpy())


@pytest.mark.parametrize("ends", ["\r", "\r\n"])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_line_ends_of_other_systems(shell, wine, from_python, tmp_path, ending, ends):
    separator = {"csv": ",", "tsv": "\t"}[ending]
    lines = wine.write_csv(separator=separator).replace("\n", ends)
    (tmp_path / f"wine.{ending}").write_bytes(lines.encode())
    result = shell("explain", f"wine.{ending}", "--clusters", 3, "--out", "why.parquet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert _same(pl.read_parquet("why.parquet"), from_python(wine, 3), wine.columns)


def test_a_carriage_return_in_quotation_marks_is_no_line_end(shell, wine, from_python):
    odd = wine.with_columns(pl.lit("one\rtwo").alias("note"))
    odd.write_csv("odd.csv")
    result = shell("explain", "odd.csv", "--clusters", 3, "--drop", "note", "--out", "a.parquet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert _same(pl.read_parquet("a.parquet"), from_python(wine, 3), wine.columns)


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow", "jsonl"])
def test_a_path_is_never_a_pattern(shell, wine, from_python, ending):
    for name, frame in (("x[1]", wine), ("x*", wine), ("x2", wine * 2), ("x1", wine * 3)):
        with Path(f"{name}.{ending}").open("wb") as stream:
            WRITE[ending](frame, stream)
    for name in ("x[1]", "x*"):
        result = shell("explain", f"{name}.{ending}", "--clusters", 3, "--out", "a.parquet", "--overwrite")
        assert (result.exit_code, result.stderr) == (0, "")
        assert _same(pl.read_parquet("a.parquet"), from_python(wine, 3), wine.columns)


def test_names_with_quotation_marks(shell, wine):
    named = wine.rename({"hue": 'hue "5"'})
    named.write_csv("named.csv")
    assert shell("explain", "named.csv", "--clusters", 3, "--out", "a.parquet").exit_code == 0
    assert pl.read_parquet("a.parquet").columns == FACTS + named.columns


def test_an_arrow_stream_is_read(shell, wine, from_python, tmp_path):
    table = wine.to_arrow()
    with (
        pa.OSFile(str(tmp_path / "wine.arrow"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as stream,
    ):
        stream.write_table(table)
    assert shell("explain", "wine.arrow", "--clusters", 3, "--out", "why.parquet").exit_code == 0
    assert _same(pl.read_parquet("why.parquet"), from_python(wine, 3), wine.columns)


@pytest.mark.parametrize("scale", ["standard", "minmax", "robust", "none"])
@pytest.mark.parametrize(("word", "beta"), [("auto", "auto"), ("0", 0.0), ("0.5", 0.5), ("inf", np.inf)])
def test_scale_and_beta(shell, wine, wine_csv, from_python, scale, word, beta):
    words = ("--clusters", 4, "--scale", scale, "--beta", word, "--seed", 7, "--out", "why.parquet")
    result = shell("explain", wine_csv, *words)
    assert result.exit_code == 0
    table = pl.read_parquet("why.parquet")
    assert _same(table, from_python(wine, 4, scale=scale, beta=beta, seed=7), wine.columns)
    assert f"Scale {scale}: " in result.stdout
    assert "seed 7" in result.stdout


def test_relevances_in_the_file_sum_to_the_logit(shell, wine, wine_csv):
    assert shell("explain", wine_csv, "--clusters", 5, "--out", "why.csv").exit_code == 0
    table = pl.read_csv("why.csv")
    total = table.select(wine.columns).to_numpy().sum(axis=1)
    assert np.allclose(total, table["logit"], rtol=0, atol=1e-12 * table["logit"].max())
    assert table["logit"].min() >= 0


def test_columns_and_their_order(shell, wine, wine_csv, from_python):
    chosen = ["proline", "alcohol", "hue"]
    result = shell(
        "explain", wine_csv, "--clusters", 3, "--columns", "proline, alcohol,hue", "--out", "a.parquet"
    )
    assert result.exit_code == 0
    assert _same(pl.read_parquet("a.parquet"), from_python(wine.select(chosen), 3), chosen)
    assert "Used 3 columns: proline, alcohol, hue." in result.stdout
    assert "Left out 10 columns: " in result.stdout


def test_drop_leaves_out_text_gaps_and_unnamed_columns(shell, wine, from_python):
    odd = wine.with_columns(pl.lit("Barolo").alias("name"), pl.lit(None).alias("gap"), pl.lit(1).alias(""))
    odd.write_csv("odd.csv")
    for drop in ("name,gap,", 'gap,"name",'):
        result = shell(
            "explain", "odd.csv", "--clusters", 3, "--drop", drop, "--out", "a.parquet", "--overwrite"
        )
        assert (result.exit_code, result.stderr) == (0, "")
        assert _same(pl.read_parquet("a.parquet"), from_python(wine, 3), wine.columns)


def test_a_name_with_a_comma(shell, wine, from_python):
    named = wine.rename({"hue": "hue, dark"}).with_columns(pl.lit("x").alias("a,b"))
    named.write_csv("named.csv")
    assert (
        shell("explain", "named.csv", "--clusters", 3, "--drop", "a,b", "--out", "a.parquet").exit_code == 0
    )
    names = [name for name in named.columns if name != "a,b"]
    assert _same(pl.read_parquet("a.parquet"), from_python(wine, 3), names)
    words = ("--clusters", 2, "--columns", 'ash,"hue, dark"', "--out", "b.parquet")
    assert shell("explain", "named.csv", *words).exit_code == 0
    assert pl.read_parquet("b.parquet").columns == [*FACTS, "ash", "hue, dark"]


def test_columns_named_like_the_facts(shell, from_python):
    iris = load_iris().data
    frame = pl.DataFrame(iris, schema=["cluster", "logit", "rows", "absorbed"])
    frame.write_csv("iris.csv")
    assert shell("explain", "iris.csv", "--clusters", 3, "--out", "why.parquet").exit_code == 0
    table = pl.read_parquet("why.parquet")
    assert table.columns == ["cluster_", "competitor", "logit_", "probability", *frame.columns]
    e = from_python(frame, 3)
    assert np.allclose(table["cluster"], e.relevance[:, 0], rtol=0, atol=1e-12 * np.abs(e.relevance).max())
    assert table["cluster_"].to_list() == e.labels.tolist()
    words = ("--summary", "--out", "clusters.csv")
    assert shell("explain", "iris.csv", "--clusters", 3, *words).exit_code == 0
    assert pl.read_csv("clusters.csv").columns[:5] == [
        "cluster_",
        "rows_",
        "competitor",
        "mean_logit",
        "mean_probability",
    ]


def test_booleans_count_as_0_and_1_and_blanks_around_numbers_are_ignored(shell, wine, from_python):
    frame = wine.select("ash", "hue").with_columns((pl.col("hue") > 1).alias("red"))
    lines = ["ash,hue,red", *(f"{ash}, {hue} ,{str(red).lower()}" for ash, hue, red in frame.rows())]
    Path("blanks.csv").write_text("\ufeff" + "\r\n".join(lines) + "\r\n\r\n")
    assert shell("explain", "blanks.csv", "--clusters", 2, "--out", "why.parquet").exit_code == 0
    assert _same(pl.read_parquet("why.parquet"), from_python(frame, 2), frame.columns)


def test_text_late_in_the_file_may_be_dropped(shell, wine, from_python):
    long = pl.concat([wine] * 60).with_columns(note=pl.Series([1] * (60 * 178 - 1) + [None]))
    long.write_csv("long.csv")
    Path("long.csv").write_text(Path("long.csv").read_text().rstrip("\n") + "late\n")
    words = ("--clusters", 2, "--drop", "note", "--out", "why.parquet")
    assert shell("explain", "long.csv", *words).exit_code == 0
    assert _same(pl.read_parquet("why.parquet"), from_python(long.drop("note"), 2), wine.columns)


def test_centers_are_in_the_units_of_the_data_and_matched_by_name(shell, wine, wine_csv):
    scaling = StandardScaler().fit(wine.to_numpy())
    X = scaling.transform(wine.to_numpy())
    model = KMeans(3, n_init=1, random_state=0).fit(X)
    raw = pl.DataFrame(scaling.inverse_transform(model.cluster_centers_), schema=wine.columns)
    raw.with_columns(name=pl.lit("text is ignored")).select("name", *reversed(wine.columns)).write_csv(
        "c.csv"
    )
    result = shell("explain", wine_csv, "--centers", "c.csv", "--out", "why.parquet")
    assert result.exit_code == 0
    assert "Clusters: 3 centers of c.csv, in the data's units, scaled as the data are." in result.stdout
    assert "Ignored in c.csv: name.\n" in result.stdout
    assert json.loads(shell("explain", wine_csv, "--centers", "c.csv", "--json").stdout)[
        "ignored_in_centers"
    ] == ["name"]
    raw.write_csv("only.csv")
    assert "Ignored" not in shell("explain", wine_csv, "--centers", "only.csv").stdout
    assert _same(pl.read_parquet("why.parquet"), neonxai.explain(model, X), wine.columns)


def test_a_center_without_rows(shell, wine_csv, wine):
    far = pl.DataFrame([[1e6] * 13], schema=wine.columns, orient="row")
    pl.concat([wine[[0, 100]], far]).write_csv("c.csv")
    result = shell("explain", wine_csv, "--centers", "c.csv", "--summary", "--out", "clusters.csv", "--json")
    assert result.exit_code == 0
    empty = json.loads(result.stdout)["clusters"][2]
    assert (empty["rows"], empty["competitor"], empty["mean_logit"]) == (0, None, None)
    assert set(empty["mean_relevance"].values()) == {None}
    assert pl.read_csv("clusters.csv")["alcohol"].is_null().to_list() == [False, False, True]
    shown = shell("explain", wine_csv, "--centers", "c.csv")
    assert shown.exit_code == 0
    assert "none" in shown.stdout


def test_one_row_against_centers(shell, wine):
    wine[:1].write_csv("one.csv")
    wine[[0, 100]].write_csv("c.csv")
    words = ("--centers", "c.csv", "--scale", "none", "--beta", 1, "--out", "why.csv")
    assert shell("explain", "one.csv", *words).exit_code == 0
    table = pl.read_csv("why.csv")
    distance = ((wine[0].to_numpy() - wine[100].to_numpy()) ** 2).sum()
    assert table["cluster"].to_list() == [0]
    # The row is center 0 itself, so its logit is the squared distance of the two centers.
    assert table["logit"][0] == pytest.approx(distance, rel=1e-13)


@pytest.mark.parametrize("scale", ["standard", "minmax", "robust", "none"])
def test_constant_columns(shell, wine, scale):
    wine.with_columns(same=pl.lit(7.0)).write_csv("same.csv")
    result = shell("explain", "same.csv", "--clusters", 3, "--scale", scale, "--out", "why.csv")
    assert result.exit_code == 0
    assert pl.read_csv("why.csv")["same"].to_list() == [0.0] * len(wine)
    assert ("Without spread" in result.stdout) == (scale != "none")


def test_summary_file_is_the_mean_per_cluster(shell, wine, wine_csv, from_python):
    assert (
        shell("explain", wine_csv, "--clusters", 3, "--summary", "--out", "clusters.parquet").exit_code == 0
    )
    table = pl.read_parquet("clusters.parquet")
    e = from_python(wine, 3)
    for k in range(3):
        row, member = table.row(k, named=True), e.labels == k
        assert (row["cluster"], row["rows"]) == (k, member.sum())
        assert row["competitor"] == np.bincount(e.competitors[member]).argmax()
        assert row["mean_logit"] == pytest.approx(e.logits[member].mean(), rel=1e-12)
        assert row["mean_probability"] == pytest.approx(e.probabilities[member].mean(), rel=1e-12)
        mean = e.relevance[member].mean(axis=0)
        assert [row[name] for name in wine.columns] == pytest.approx(mean.tolist(), rel=1e-10)


def test_the_same_command_writes_the_same_bytes(shell, wine_csv):
    for name in ("a.csv", "b.csv"):
        assert shell("explain", wine_csv, "--clusters", 6, "--out", name).exit_code == 0
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert shell("explain", wine_csv, "--clusters", 6, "--seed", 1, "--out", "c.csv").exit_code == 0
    assert Path("a.csv").read_bytes() != Path("c.csv").read_bytes()


def test_inputs_are_left_as_they_were(shell, wine_csv):
    before = wine_csv.read_bytes()
    assert shell("explain", wine_csv, "--clusters", 3, "--out", "why.csv").exit_code == 0
    assert wine_csv.read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["why.csv", "wine.csv"]


def test_clusters_with_names(wine):
    """Facts are looked up by position, and told by name, whatever the names are."""
    rows = wine.to_numpy()
    plain = neonxai.explain(neonxai.Centroids(rows[[0, 100, 150]]), rows, beta=1.0)
    for names in (["old", "new", "mid"], [2, 0, 1]):
        named = neonxai.explain(neonxai.Centroids(rows[[0, 100, 150]], cluster_names=names), rows, beta=1.0)
        for p, n in zip(cluster_facts(plain, rows), cluster_facts(named, rows), strict=True):
            assert (n.name, n.size, n.rival) == (names[p.name], p.size, names[p.rival])
            assert (n.logit, n.probability) == (p.logit, p.probability)
            assert np.array_equal(n.relevance, p.relevance)
            assert np.array_equal(n.means, p.means)
