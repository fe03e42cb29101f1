"""``--labels``: clusterings of others, explained as `neonxai.explain_labels` does, and told as they are."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.cluster import DBSCAN
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

import neonxai

FACTS = ["cluster", "competitor", "logit", "probability"]
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
IRIS = load_iris()
X = StandardScaler().fit_transform(IRIS.data)
NOISY = DBSCAN(eps=0.5).fit(X).labels_


@pytest.fixture(scope="module")
def flowers():
    """150 flowers with their species, as words and as numbers, and two clusters and noise by DBSCAN."""
    frame = pl.DataFrame(IRIS.data, schema=COLUMNS)
    species = IRIS.target_names[IRIS.target].tolist()
    return frame.with_columns(
        species=pl.Series(species), kind=pl.Series(IRIS.target * 10), found=pl.Series(NOISY)
    )


def only(frame, labels):
    return frame.select(*COLUMNS[:2], labels, *COLUMNS[2:])


def same(table, e, labels):
    """Whether a table that the shell wrote holds an explanation, to rounding: 1e-11 of the largest entry.

    Rounding: the shell's numbers lie by columns, so that sums over features run in another order.
    """
    close = {"rtol": 0, "atol": 1e-11 * np.abs(e.relevance).max()}
    return (
        table.columns == [*FACTS, "absorbed", *COLUMNS]
        and table["cluster"].to_list() == labels.to_list()
        and table["competitor"].to_list() == e.competitors.tolist()
        and np.allclose(table["logit"], e.logits, **close)
        and np.allclose(table["probability"], e.probabilities, rtol=1e-10, atol=0)
        and np.allclose(table["absorbed"], e.absorbed, **close)
        and np.allclose(table.select(COLUMNS), e.relevance, **close)
    )


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("column", ["species", "kind", "found"])
def test_what_is_written_is_what_python_explains(shell, flowers, ending, column):
    frame = only(flowers, column)
    {"csv": frame.write_csv, "parquet": frame.write_parquet, "jsonl": frame.write_ndjson}[ending](
        f"iris.{ending}"
    )
    result = shell("explain", f"iris.{ending}", "--labels", column, "--out", "why.parquet")
    assert (result.exit_code, result.stderr) == (0, "")
    table = pl.read_parquet("why.parquet")
    e = neonxai.explain_labels(flowers[column].to_numpy(), X)
    assert same(table, e, flowers[column])
    others = neonxai.explain_labels(flowers[column].to_numpy(), X, gamma=np.inf)
    assert not same(table, others, flowers[column])  # the comparison can fail
    total = table.select("absorbed", *COLUMNS).to_numpy().sum(axis=1)
    assert np.allclose(total, table["logit"], rtol=0, atol=1e-12 * np.abs(e.relevance).max())


@pytest.mark.parametrize(("word", "gamma"), [("inf", np.inf), ("0.5", 0.5), ("auto", "auto")])
@pytest.mark.parametrize("noise", ["", "-1", "0"])
def test_gamma_and_noise(shell, flowers, word, gamma, noise):
    only(flowers, "found").write_csv("iris.csv")
    words = ("--labels", "found", "--gamma", word, "--noise", noise, "--beta", 0.2, "--out", "why.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the library's own does not come through
        result = shell("explain", "iris.csv", *words, "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    called = None if noise == "" else int(noise)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        e = neonxai.explain_labels(NOISY, X, gamma=gamma, noise=called, beta=0.2)
    table = pl.read_parquet("why.parquet")
    assert np.allclose(table["logit"], e.logits, rtol=0, atol=1e-11 * np.abs(e.relevance).max())
    assert facts["noise"] == called
    assert facts["agreement"] == e.agreement
    assert facts["negative_logits"] == np.count_nonzero(e.logits < 0)
    assert facts["gamma_auto"] == (word == "auto")
    if word != "auto":
        assert facts["gamma"] == ("inf" if word == "inf" else gamma)
    assert (facts["model"], facts["labels"], facts["seed"]) == ("labels", "found", None)
    assert facts["dropped"] == ["found"]
    assert [c["cluster"] for c in facts["clusters"]] == [-1, 0, 1]
    absorbed = [e.absorbed[np.equal(NOISY, k)].mean() for k in (-1, 0, 1)]
    assert [c["mean_absorbed"] for c in facts["clusters"]] == pytest.approx(absorbed, rel=1e-9, abs=1e-12)


def test_text_that_is_noise(shell, flowers):
    named = np.where(NOISY == -1, "none of them", np.where(NOISY == 0, "small", "large"))
    flowers.select(*COLUMNS, segment=pl.Series(named.tolist())).write_csv("iris.csv")
    words = ("iris.csv", "--labels", "segment", "--out", "why.parquet", "--overwrite")
    told = shell("explain", *words, "--noise", "none of them").stdout
    assert "Clusters: the labels in segment, 2 clusters, and noise, none of them.\n" in told
    assert re.search(r"^ none of them \(noise\) +34 ", told, re.MULTILINE)
    e = neonxai.explain_labels(named, X, noise="none of them")
    assert same(pl.read_parquet("why.parquet"), e, pl.Series(named.tolist()))
    plain = shell("explain", *words).stdout
    assert "3 clusters.\n" in plain
    assert "noise" not in plain.lower()


def test_noise_is_told_apart(shell, flowers):
    only(flowers, "found").write_parquet("iris.parquet")
    told = shell("explain", "iris.parquet", "--labels", "found").stdout
    e = neonxai.explain_labels(NOISY, X)
    network = neonxai.Labels(NOISY).on(X).network
    assert "Clusters: the labels in found, 2 clusters, and noise, -1.\n" in told
    assert f"γ = {network.gamma:.4g} (auto: " in told
    assert f"noise is beyond {network.threshold:.4g} from all.\n" in told
    assert re.search(r"^ +-1 \(noise\) +34 ", told, re.MULTILINE)
    assert "Noise: how far its rows are" in told
    # Its columns are those in which its rows are far from their cluster, by the mean over its rows.
    strongest = COLUMNS[int(np.argmax(e.relevance[NOISY == -1].mean(axis=0)))]
    assert re.search(rf"\(noise\) +34 .* {strongest} +\+", told)
    # Of the rows that are not where their label says, the noise among them has negative logits alone.
    network_says = network.evidence(X)[0] - 1
    beyond = np.count_nonzero((network_says == -1) & (NOISY != -1))
    assert np.count_nonzero(e.logits < 0) == np.count_nonzero(network_says != NOISY) - beyond == 3
    assert "Note: 3 rows have negative logits: they are nearer to the competitor than to the cluster" in told
    assert f"Note: {beyond} rows of clusters are so far from all clusters that the network would call" in told
    summary = shell("explain", "iris.parquet", "--labels", "found", "--summary").stdout
    assert re.search(r"^ cluster +-1 \(noise\) +0 +1 ?\n rows +34 ", summary, re.MULTILINE)


def test_high_agreement_is_told_without_a_warning(shell, flowers):
    only(flowers, "species").write_csv("iris.csv")
    told = shell("explain", "iris.csv", "--labels", "species").stdout
    e = neonxai.explain_labels(flowers["species"].to_numpy(), X)
    count = round(e.agreement * 150)
    assert 135 < count < 150
    assert "Read iris.csv: 150 rows, 5 columns.\n" in told
    assert f"Used 4 columns: {', '.join(COLUMNS)}.\n" in told
    assert "Left out" not in told
    assert "Clusters: the labels in species, 3 clusters.\n" in told
    assert "a network stands in for it: " in told
    assert f"Agreement: {e.agreement:.1%}, {count} of 150 rows are where their label says.\n" in told
    assert f"Note: {np.count_nonzero(e.logits < 0)} rows have negative logits: " in told
    assert f"β = {e.beta:.4g} (auto: 1 / mean logit of the rows where the network puts them)" in told
    assert "agreement this low" not in told


@pytest.mark.parametrize("gamma", ["auto", "inf"])
def test_low_agreement_is_told_in_a_sentence(shell, flowers, gamma, capfd):
    shuffled = np.random.default_rng(0).permutation(IRIS.target)
    flowers.select(*COLUMNS, segment=pl.Series(shuffled)).write_csv("iris.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        result = shell("explain", "iris.csv", "--labels", "segment", "--gamma", gamma)
    assert result.exit_code == 0
    agreement = float(re.search(r"Agreement: (\S+)%", result.stdout)[1]) / 100
    assert agreement < 0.6
    assert "Note: An agreement this low means that the labels are not about which rows are" in result.stdout
    assert ("or try another --gamma, such as inf" in result.stdout) == (gamma == "auto")
    assert (result.stderr, capfd.readouterr().err) == ("", "")
    assert "Warning" not in result.stdout
    quiet = shell("explain", "iris.csv", "--labels", "segment", "--json", "--quiet")
    facts = json.loads(quiet.stdout)
    assert any("agreement this low" in note for note in facts["notes"])
    assert facts["agreement"] == pytest.approx(agreement, abs=6e-4) or gamma == "inf"
    assert quiet.stderr == ""


def test_columns_and_names_of_rows(shell, flowers):
    frame = flowers.with_columns(name=pl.Series([f"f{i:03}" for i in range(150)]))
    frame.write_csv("iris.csv")
    words = ("--labels", "species", "--id", "name", "--drop", "kind,found", "--out", "why.csv")
    result = shell("explain", "iris.csv", *words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Left out 2 columns: kind, found.\nKept as names of rows: name.\n" in result.stdout
    table = pl.read_csv("why.csv")
    assert table.columns == ["name", *FACTS, "absorbed", *COLUMNS]
    assert table["name"][7] == "f007"
    assert same(table.drop("name"), neonxai.explain_labels(frame["species"].to_numpy(), X), frame["species"])
    chosen = ("--columns", "petal_width,sepal_width", "--out", "two.parquet")
    assert shell("explain", "iris.csv", "--labels", "species", *chosen).exit_code == 0
    two = pl.read_parquet("two.parquet")
    assert two.columns == [*FACTS, "absorbed", "petal_width", "sepal_width"]
    e = neonxai.explain_labels(frame["species"].to_numpy(), X[:, [3, 1]])
    assert np.allclose(two["logit"], e.logits, rtol=0, atol=1e-11 * np.abs(e.relevance).max())


def test_scale(shell, flowers):
    only(flowers, "species").write_csv("iris.csv")
    words = ("--labels", "species", "--scale", "none", "--out", "why.parquet")
    assert shell("explain", "iris.csv", *words).exit_code == 0
    e = neonxai.explain_labels(flowers["species"].to_numpy(), IRIS.data)
    assert same(pl.read_parquet("why.parquet"), e, flowers["species"])


def test_summary_file(shell, flowers):
    only(flowers, "found").rename({"sepal_width": "mean_absorbed"}).write_csv("iris.csv")
    words = ("--labels", "found", "--summary", "--out", "clusters.csv")
    assert shell("explain", "iris.csv", *words).exit_code == 0
    table = pl.read_csv("clusters.csv")
    facts = ["cluster", "rows", "competitor", "mean_logit", "mean_probability", "mean_absorbed_"]
    names = [name if name != "sepal_width" else "mean_absorbed" for name in COLUMNS]
    assert table.columns == facts + names
    assert table["cluster"].to_list() == [-1, 0, 1]
    total = table.select("mean_absorbed_", *names).to_numpy().sum(axis=1)
    assert np.allclose(total, table["mean_logit"], rtol=0, atol=1e-10)


KINDS = {
    "whole numbers with a point": ("csv", ["1.0", "2.0", "-1.0"], [1, 2, -1], -1),
    "whole numbers between blanks": ("csv", [" 1", "2 ", "-1"], [1, 2, -1], -1),
    "leading zeros": ("csv", ["007", "07", "7"], ["007", "07", "7"], None),
    "numbers and text": ("csv", ["1", "2b", "-1"], ["1", "2b", "-1"], None),
    "words for nothing": ("csv", ["NA", "none", "-"], ["NA", "none", "-"], None),
    "dates": ("csv", ["2020-01-01", "x", "y"], ["2020-01-01", "x", "y"], None),
    "floats": ("parquet", [1.0, 2.0, -1.0], [1, 2, -1], -1),
    "floats with fractions": ("parquet", [0.5, 2.0, -1.0], [0.5, 2.0, -1.0], None),
    "numbers as text": ("parquet", ["1", "2", "-1"], ["1", "2", "-1"], "-1"),
    "huge numbers": ("parquet", [3, 2**64 - 1, 5], ["3", str(2**64 - 1), "5"], None),
    "yes and no": ("parquet", [True, False, True], [True, False, True], None),
}


@pytest.mark.parametrize("case", KINDS)
def test_kinds_of_labels(shell, flowers, case):
    ending, given, expected, noise = KINDS[case]
    options = {"dtype": pl.UInt64} if case == "huge numbers" else {}
    frame = flowers.select(*COLUMNS, segment=pl.Series(given * 50, **options))
    getattr(frame, f"write_{ending}")(f"iris.{ending}")
    words = (f"iris.{ending}", "--labels", "segment", "--json", "--quiet", "--out", "why.parquet")
    result = shell("explain", *words)
    assert (result.exit_code, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert facts["noise"] == noise
    assert [c["cluster"] for c in facts["clusters"]] == sorted(set(expected))
    written = pl.read_parquet("why.parquet")["cluster"].to_list()
    assert written == expected * 50
    assert [type(label) for label in written[:3]] == [type(label) for label in expected]


def test_categories(shell, flowers):
    flowers.select(*COLUMNS, pl.col("species").cast(pl.Categorical)).write_parquet("iris.parquet")
    words = ("--labels", "species", "--out", "why.parquet")
    assert shell("explain", "iris.parquet", *words).exit_code == 0
    assert pl.read_parquet("why.parquet")["cluster"].to_list() == flowers["species"].to_list()


def test_notes_on_copies_and_single_rows(shell, flowers):
    def notes(frame):
        frame.write_csv("x.csv")
        return json.loads(shell("explain", "x.csv", "--labels", "species", "--json", "--quiet").stdout)[
            "notes"
        ]

    plain = notes(only(flowers, "species"))
    assert not any("copy" in note or "one row" in note for note in plain)
    copied = notes(flowers.select(*COLUMNS, "species", "kind"))
    assert "One value for each label, as a copy of the labels would have: kind; leave out copies." in copied
    almost = flowers.with_columns(kind=pl.Series([10, *flowers["kind"][1:]]))
    assert not any("copy" in note for note in notes(almost.select(*COLUMNS, "species", "kind")))
    alone = only(flowers, "species").with_columns(species=pl.Series(["x", "y", *flowers["species"][2:]]))
    told = next(note for note in notes(alone) if "one row" in note)
    assert told == "2 clusters have one row each, which has no others to be near to, and counts as agreeing."


@pytest.mark.parametrize("words", [(), ("--summary",)])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_long_labels_fit(shell, flowers, monkeypatch, words, width):
    monkeypatch.setenv("COLUMNS", str(width))
    long = {0: "big spenders of the north", 10: "no segment at all", 20: "late adopters"}
    frame = flowers.select(*COLUMNS, segment=pl.col("kind").replace_strict(long))
    frame.write_csv("iris.csv")
    options = ("--labels", "segment", "--noise", "no segment at all")
    told = shell("explain", "iris.csv", *options, *words).stdout
    lines = told[told.index("β") :].splitlines()[1:]
    lines = [line for line in lines if not line.startswith("Note: ")]  # not folded in a pipe
    assert max(map(len, lines)) <= width
    assert "no seg…at all" in told or "no seg…t all (noise)" in told
    assert not re.search(r"\d…", told)


@pytest.mark.parametrize("width", [30, 40, 50])
def test_labels_of_several_words_are_whole_in_narrow_summaries(shell, flowers, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    named = {0: "a b c d e f", 10: "g h i j k l", 20: "m n o p q r"}
    frame = flowers.select(*COLUMNS, segment=pl.col("kind").replace_strict(named))
    frame.write_csv("iris.csv")
    told = shell("explain", "iris.csv", "--labels", "segment", "--summary").stdout.partition("β")[2]
    assert all(name in told for name in [*named.values(), *COLUMNS])


def test_the_same_command_writes_the_same_bytes(shell, flowers):
    only(flowers, "found").write_csv("iris.csv")
    before = Path("iris.csv").read_bytes()
    for name in ("a.csv", "b.csv"):
        assert shell("explain", "iris.csv", "--labels", "found", "--out", name).exit_code == 0
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert Path("iris.csv").read_bytes() == before


def test_rows_of_the_same_values_keep_their_own_labels(shell, flowers):
    twice = pl.concat([flowers, flowers.with_columns(species=pl.col("species").reverse())])
    only(twice, "species").write_csv("iris.csv")
    assert shell("explain", "iris.csv", "--labels", "species", "--out", "why.parquet").exit_code == 0
    assert pl.read_parquet("why.parquet")["cluster"].to_list() == twice["species"].to_list()


def test_help(shell):
    told = " ".join(shell("explain", "--help").stdout.split())
    assert "--labels COLUMN Instead: a column of DATA with the cluster of each row" in told
    assert "--noise LABEL Of --labels: " in told
    assert "--gamma auto|NUMBER|inf Of --labels: " in told


def test_a_label_that_may_be_a_gap_is_pointed_out(shell, tmp_path):
    frame = pl.DataFrame(
        {"lab": ["NA", "b", "b", "NA"] * 5, "x": [0.0, 5.0, 5.5, 0.5] * 5, "y": [1.0, 2.0] * 10}
    )
    frame.write_csv("regions.csv")
    told = " ".join(shell("explain", "regions.csv", "--labels", "lab").stdout.split())
    assert "'NA' is a label like any other" in told or "NA is a label like any other" in told
    assert "--noise NA" in told
    silent = " ".join(shell("explain", "regions.csv", "--labels", "lab", "--noise", "NA").stdout.split())
    assert "like any other" not in silent
