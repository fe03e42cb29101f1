"""Columns of categories and with missing values: explained as a pipeline in Python is."""

import json
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

import neonxai
from neonxai.cli.preprocessing import recipe
from neonxai.cli.scaling import Scale
from neonxai.cli.values import Values

SCALERS = {
    "standard": StandardScaler(),
    "minmax": MinMaxScaler(),
    "robust": RobustScaler(),
    "none": "passthrough",
}
NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]
WORDS = ["species", "island", "sex"]
COLUMNS = [*WORDS[:2], *NUMBERS[:4], "sex", "year"]
K3 = ("--clusters", 3)


@pytest.fixture(scope="module")
def penguins():
    """344 penguins, of which 2 were not measured and 11 have no sex."""
    content = (files("palmerpenguins") / "data" / "penguins.csv").read_bytes()
    return pl.read_csv(content, null_values="NA")


@pytest.fixture
def penguins_csv(penguins):
    """As they are published: missing values are written as NA."""
    penguins.write_csv("penguins.csv", null_value="NA")


def pipeline(frame, scale):
    """What the shell says that it does, by hand."""

    def weight(name):
        shares = np.array(frame[name].value_counts()["count"]) / len(frame)
        return (1 - (shares**2).sum()) ** -0.5 if scale == "standard" else 0.5**0.5

    return ColumnTransformer(
        [("numbers", make_pipeline(SimpleImputer(strategy="median"), SCALERS[scale]), NUMBERS)]
        + [(name, OneHotEncoder(sparse_output=False), [name]) for name in WORDS],
        transformer_weights={name: weight(name) for name in WORDS},
    )


def same(table, e):
    """Whether a table holds an explanation: to 1e-11 of its largest entry, as sums run in another order."""
    close = {"rtol": 0, "atol": 1e-11 * np.abs(e.relevance).max()}
    return (
        table["cluster"].to_list() == e.labels.tolist()
        and np.allclose(table["logit"], e.logits, **close)
        and np.allclose(table.select(e.feature_names), e.relevance, **close)
    )


@pytest.mark.parametrize("scale", SCALERS)
def test_what_is_written_is_what_a_pipeline_in_python_explains(shell, penguins, penguins_csv, scale):
    words = (*K3, "--scale", scale, "--out", "why.parquet", "--quiet")
    result = shell("explain", "penguins.csv", *words)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    table = pl.read_parquet("why.parquet")
    assert table.columns == ["cluster", "competitor", "logit", "probability", *COLUMNS]
    frame = penguins.with_columns(pl.col(NUMBERS).cast(float).fill_null(np.nan))
    front = pipeline(frame, scale).fit(frame)
    model = KMeans(3, n_init=10, random_state=0).fit(front.transform(frame))
    e = neonxai.ClusterExplainer(model, preprocessing=front).fit(frame).explain(frame)
    assert same(table, e)
    other = "minmax" if scale == "standard" else "standard"
    front = pipeline(frame, other).fit(frame)
    model = KMeans(3, n_init=10, random_state=0).fit(front.transform(frame))
    assert not same(table, neonxai.ClusterExplainer(model, preprocessing=front).fit(frame).explain(frame))
    total = table.select(COLUMNS).to_numpy().sum(axis=1)
    assert np.allclose(total, table["logit"], rtol=0, atol=1e-12 * np.abs(e.relevance).max())


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "arrow", "jsonl"])
def test_every_format_says_the_same(shell, penguins, ending):
    write = {"tsv": lambda path: penguins.write_csv(path, separator="\t"), "arrow": penguins.write_ipc}
    write |= {"jsonl": penguins.write_ndjson}
    write.get(ending, getattr(penguins, f"write_{ending}", None))(f"x.{ending}")
    penguins.write_csv("reference.csv", null_value="NA")
    for name in ("reference.csv", f"x.{ending}"):
        assert shell("explain", name, *K3, "--out", f"{name}.parquet").exit_code == 0
    assert Path("reference.csv.parquet").read_bytes() == Path(f"x.{ending}.parquet").read_bytes()


def test_every_decision_is_told(shell, penguins_csv):
    told = shell("explain", "penguins.csv", *K3).stdout
    for said in (
        "Read penguins.csv: 344 rows, 8 columns.\n",
        f"Pipeline: numbers ({', '.join(NUMBERS)}): missing ones are the column's median; "
        "then scale standard, each column minus its mean, divided by its standard deviation.\n",
        "Pipeline: categories (species 3, island 3, sex 2 + missing): one-hot, divided so that a column's "
        "variance is 1, as that of numbers is.\n",
        "Note: Missing values: bill_length_mm 2, bill_depth_mm 2, flipper_length_mm 2, body_mass_g 2, "
        "sex 11, of 344 rows; a number is taken for the median of its column, a category for one of "
        "its own.\n",
    ):
        assert said in told
    assert "Scale standard" not in told
    told = shell("explain", "penguins.csv", *K3, "--columns", "species,sex", "--scale", "robust").stdout
    assert "Pipeline: numbers" not in told
    assert "one-hot, divided by √2, so that rows of different values are at distance 1.\n" in told


def test_json(shell, penguins, penguins_csv):
    facts = json.loads(shell("explain", "penguins.csv", *K3, "--json", "--out", "why.csv").stdout)
    assert facts["features"] == COLUMNS
    assert facts["missing"] == dict.fromkeys(NUMBERS[:4], 2) | {"sex": 11}
    assert facts["pipeline"]["numbers"] == NUMBERS
    assert facts["pipeline"]["median_for_missing"] == NUMBERS[:4]
    sex = facts["pipeline"]["categories"]["sex"]
    assert (sex["values"], sex["missing_is_one"], sex["codes"]) == (2, True, 3)
    labels = pl.read_csv("why.csv")["cluster"]
    for c in facts["clusters"]:
        rows = penguins.filter(labels == c["cluster"])
        assert c["mean"]["year"] == pytest.approx(rows["year"].mean(), rel=1e-12)
        assert c["mean"]["body_mass_g"] == pytest.approx(rows["body_mass_g"].mean(), rel=1e-12)
        assert c["mean"]["species"] is None
        species = c["typical"]["species"]
        assert species["share"] == pytest.approx((rows["species"] == species["value"]).mean())
        gains = {
            name: (rows["species"] == name).mean() - (penguins["species"] == name).mean()
            for name in penguins["species"].unique()
        }
        assert species["value"] == max(gains, key=gains.get)
        assert species["share_of_all"] == pytest.approx((penguins["species"] == species["value"]).mean())
    assert set(facts["clusters"][0]["mean_relevance"]) == set(COLUMNS)


def test_complete_numbers_have_no_pipeline(shell, wine_csv):
    facts = json.loads(shell("explain", wine_csv, *K3, "--json").stdout)
    assert (facts["pipeline"], facts["missing"]) == (None, {})
    assert all(c["typical"] == {} for c in facts["clusters"])
    told = shell("explain", wine_csv, *K3).stdout
    assert "Pipeline" not in told
    assert "than all rows" not in told


@pytest.mark.parametrize("words", [(), ("--summary",)])
@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_tables(shell, penguins_csv, monkeypatch, words, width):
    monkeypatch.setenv("COLUMNS", str(width))
    told = shell("explain", "penguins.csv", *K3, *words).stdout
    table = [line for line in told[told.index("β") :].splitlines()[1:] if not line.startswith("Note: ")]
    assert max(map(len, table)) <= width
    if words:  # a line for each column, whatever its codes
        firsts = [line.split()[0] for line in table if line.strip()]
        assert firsts.count("species") == firsts.count("rows") == (2 if width == 40 else 1)
    elif width >= 80:
        assert re.search(r"species +\+\d\S+ +Gentoo 100% +36%", told)
        assert "or the category that it has more of than all rows, with its share" in " ".join(told.split())


def test_a_value_that_is_mostly_missing_in_a_cluster(shell):
    rows = 20
    frame = pl.DataFrame(
        {"x": [0.0] * rows + [9.0] * rows, "word": ["a", "b"] * (rows // 2) + [None] * rows, "y": 1.5}
    )
    frame.write_parquet("x.parquet")
    result = shell("explain", "x.parquet", "--clusters", 2, "--json")
    assert {c["typical"]["word"]["value"] for c in json.loads(result.stdout)["clusters"]} == {None, "a"}
    assert re.search(
        r"word +\+\d\S+ +missing 100% +50%", shell("explain", "x.parquet", "--clusters", 2).stdout
    )


def test_summary_file(shell, penguins, penguins_csv):
    words = (*K3, "--out")
    assert shell("explain", "penguins.csv", *words, "rows.parquet").exit_code == 0
    assert shell("explain", "penguins.csv", *words, "clusters.parquet", "--summary").exit_code == 0
    rows, clusters = pl.read_parquet("rows.parquet"), pl.read_parquet("clusters.parquet")
    assert clusters.columns[-8:] == COLUMNS
    means = rows.group_by("cluster").agg(pl.col(COLUMNS).mean()).sort("cluster")
    assert np.allclose(means.select(COLUMNS), clusters.select(COLUMNS), rtol=1e-10, atol=1e-12)


def test_labels_of_mixed_columns(shell, penguins, penguins_csv):
    words = ("--labels", "species", "--json", "--out", "why.parquet")
    result = shell("explain", "penguins.csv", *words)
    facts, table = json.loads(result.stdout), pl.read_parquet("why.parquet")
    assert facts["model"] == "labels"
    assert facts["agreement"] > 0.95
    assert table["cluster"].to_list() == penguins["species"].to_list()
    frame = penguins.drop("species").with_columns(pl.col(NUMBERS).cast(float).fill_null(np.nan))
    front = recipe(Values(frame), Scale.STANDARD).transformer()
    with_gaps = neonxai.ClusterExplainer(neonxai.Labels(penguins["species"].to_list()), preprocessing=front)
    e = with_gaps.fit(frame).explain(frame, labels=penguins["species"].to_list())
    assert same(table, e)
    assert facts["gamma"] > 0
    total = table.select("absorbed", *e.feature_names).to_numpy().sum(axis=1)
    assert np.allclose(total, table["logit"], rtol=0, atol=1e-11 * np.abs(e.relevance).max())
    told = shell("explain", "penguins.csv", "--labels", "species").stdout
    assert "Clusters: the labels in species, 3 clusters.\n" in told
    assert re.search(r"γ = \d", told)


def test_noise_among_labels_of_mixed_columns(shell, penguins):
    noisy = penguins.with_columns(group=pl.when(pl.col("sex").is_null()).then(-1).otherwise("year"))
    noisy.drop("year", "sex").write_csv("x.csv")
    facts = json.loads(shell("explain", "x.csv", "--labels", "group", "--json", "--quiet").stdout)
    assert facts["noise"] == -1
    assert "noise is beyond " in shell("explain", "x.csv", "--labels", "group").stdout


def test_a_category_that_copies_the_labels_is_pointed_out(shell, penguins):
    copied = penguins.with_columns(code=pl.col("species").str.slice(0, 2))
    copied.write_csv("x.csv")
    facts = json.loads(shell("explain", "x.csv", "--labels", "species", "--json", "--quiet").stdout)
    assert any("One value for each label" in note and "code" in note for note in facts["notes"])
    penguins.write_csv("x.csv")
    facts = json.loads(shell("explain", "x.csv", "--labels", "species", "--json", "--quiet").stdout)
    assert not any("One value for each label" in note for note in facts["notes"])


def test_centers_of_mixed_columns(shell, penguins, penguins_csv):
    """A penguin of each species is its own nearest center."""
    chosen = [0, 200, 300]
    penguins[chosen].with_columns(colony=pl.lit("x")).write_csv("c.csv")
    words = ("--centers", "c.csv", "--out", "why.parquet", "--json")
    facts = json.loads(shell("explain", "penguins.csv", *words).stdout)
    assert facts["ignored_in_centers"] == ["colony"]
    table = pl.read_parquet("why.parquet")
    assert table["cluster"][chosen].to_list() == [0, 1, 2]
    # Half-way between two centers the evidence is 0, so at a center it is their squared distance.
    frame = penguins.with_columns(pl.col(NUMBERS).cast(float).fill_null(np.nan))
    z = pipeline(frame, "standard").fit_transform(frame)[chosen]
    between = ((z[0] - z[int(table["competitor"][0])]) ** 2).sum()
    assert table["logit"][0] == pytest.approx(between, rel=1e-12)


CENTERS = {
    "no such category": (
        {"island": ["Dream", "Ross"]},
        "holds 'Ross', a value that penguins.csv does not have, in",
    ),
    "a missing category": ({"sex": ["male", None]}, "column 'sex' holds a missing value in line 3"),
    "a missing number": ({"year": [2007, None]}, "column 'year' holds a missing value in line 3"),
    "a word for a number": (
        {"year": ["2007", "late"]},
        "column 'year' holds text, not numbers: 'late' in line 3",
    ),
}


@pytest.mark.parametrize("case", CENTERS)
def test_centers_of_no_use(shell, penguins, penguins_csv, case):
    change, said = CENTERS[case]
    penguins[[0, 200]].with_columns(**{k: pl.Series(v) for k, v in change.items()}).write_csv("c.csv")
    result = shell("explain", "penguins.csv", "--centers", "c.csv")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "neonxai: --centers c.csv: " in result.stderr
    assert said in result.stderr


@pytest.mark.parametrize(
    ("gaps", "scale"),
    [(True, "standard"), (True, "minmax"), (True, "robust"), (True, "none"), (False, "minmax")],
)
def test_numbers_alone(shell, wine, from_python, gaps, scale):
    """Gaps become medians: the same as a file in which somebody has filled them in."""
    values = wine["hue"].to_list()
    if gaps:
        values[3] = values[5] = None
    holes = wine.with_columns(hue=pl.Series(values))
    filled = holes.with_columns(pl.col("hue").fill_null(pl.col("hue").median()))
    for name, frame in (("holes", holes), ("filled", filled)):
        frame.write_parquet(f"{name}.parquet")
        words = ("--scale", scale, "--out", f"{name}.why.parquet")
        assert shell("explain", f"{name}.parquet", *K3, *words).exit_code == 0
    a, b = pl.read_parquet("holes.why.parquet"), pl.read_parquet("filled.why.parquet")
    assert a.columns == b.columns
    largest = np.abs(b.select(wine.columns).to_numpy()).max()
    assert np.allclose(a.to_numpy(), b.to_numpy(), rtol=0, atol=1e-11 * largest)
    told = shell("explain", "holes.parquet", *K3, "--scale", scale).stdout
    assert ("Missing values: hue 2, of 178 rows" in told) == gaps


def test_a_column_that_is_mostly_missing_is_pointed_out(shell, wine):
    for count, said in ((90, True), (88, False)):
        rare = [None] * count + wine["hue"].to_list()[count:]
        wine.with_columns(hue=pl.Series(rare)).write_csv("x.csv")
        told = shell("explain", "x.csv", *K3).stdout
        assert ("missing in hue; leave out what is hardly known, with --drop hue." in told) == said


def test_yes_and_no_are_numbers_or_categories_to_the_same_end(shell, wine):
    """0 and 1 divided by their deviation are as far apart as their codes are."""
    wine.with_columns(red=(pl.col("hue") > 1).cast(pl.Int8)).write_csv("number.csv")
    word = pl.when(pl.col("hue") > 1).then(pl.lit("red")).otherwise(pl.lit("white"))
    wine.with_columns(red=word).write_csv("word.csv")
    tables = []
    for scale in ("standard", "minmax", "none"):
        for name in ("number", "word"):
            words = ("--scale", scale, "--out", f"{name}.parquet", "--overwrite")
            assert shell("explain", f"{name}.csv", *K3, *words).exit_code == 0
            tables.append(pl.read_parquet(f"{name}.parquet"))
        largest = np.abs(tables[-1].select(wine.columns).to_numpy()).max()
        assert np.allclose(tables[-2].to_numpy(), tables[-1].to_numpy(), rtol=0, atol=1e-11 * largest)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5), (0.04,) * 25])
def test_a_category_counts_as_much_as_a_number(shares):
    words = [f"v{i}" for i, share in enumerate(shares) for _ in range(round(200 * share))]
    frame = pl.DataFrame({"word": words, "number": np.random.default_rng(0).normal(size=200)})
    made = recipe(Values(frame), Scale.STANDARD)
    z = made.transformer().fit_transform(frame)
    variances = z.var(axis=0)
    assert variances[0] == pytest.approx(1)  # the number
    assert variances[1:].sum() == pytest.approx(1)  # the codes
    z = recipe(Values(frame), Scale.MINMAX).transformer().fit_transform(frame)
    distances = np.unique(pdist(z[:, 1:], "sqeuclidean").round(12))
    assert distances.tolist() == [0, 1]  # to rows of the same value, and of others


def test_rare_categories_share_a_code(shell):
    rng = np.random.default_rng(0)
    words = [f"city{int(i)}" for i in rng.zipf(1.5, size=2000) % 90]
    frame = pl.DataFrame({"city": words, "size": rng.normal(size=2000)})
    different = frame["city"].n_unique()
    assert 20 < different <= 100
    frame.write_csv("x.csv")
    told = shell("explain", "x.csv", *K3)
    assert told.exit_code == 0
    assert f"Pipeline: categories (city {different} as 20): one-hot, " in told.stdout


def test_kinds_of_categories(shell):
    """Words, categories, blanks, yes and no with gaps: all are categories, and told apart."""
    n = 60
    frame = pl.DataFrame(
        {
            "x": np.arange(n) % 7 * 1.5,
            "word": pl.Series(["a", "b", " "] * (n // 3)),
            "kind": pl.Series(["u", "v"] * (n // 2), dtype=pl.Categorical),
            "level": pl.Series(["hi", "lo"] * (n // 2), dtype=pl.Enum(["lo", "mid", "hi"])),
            "open": pl.Series([True, False, None] * (n // 3)),
            "sure": pl.Series([True, False] * (n // 2)),
        }
    )
    frame.write_parquet("x.parquet")
    facts = json.loads(shell("explain", "x.parquet", *K3, "--json").stdout)
    found = {name: (c["values"], c["missing_is_one"]) for name, c in facts["pipeline"]["categories"].items()}
    assert found == {"word": (2, True), "kind": (2, False), "level": (2, False), "open": (2, True)}
    assert facts["pipeline"]["numbers"] == ["x", "sure"]
    assert facts["missing"] == {"word": 20, "open": 20}


def test_one_value_alone_matters_to_nothing(shell, wine):
    wine.with_columns(place=pl.lit("Alba"), when=pl.lit(2000)).write_csv("x.csv")
    result = shell("explain", "x.csv", *K3, "--out", "why.csv")
    assert result.exit_code == 0
    assert "Note: Of one value alone, so that nothing depends on it: place.\n" in result.stdout
    assert "Note: Without spread, so only centered and not divided: when.\n" in result.stdout
    assert set(pl.read_csv("why.csv")["place"]) == {0.0}


REFUSED = {
    "names": (
        [f"n{i}" for i in range(60)],
        "holds text with 60 different values in 60 rows, too many for cat",
    ),
    "nearly names": ([f"n{i % 49}" for i in range(60)], "holds text with 49 different values in 60 rows"),
    "names in few rows": (["ann", "bob", "cyd"], "holds text with 3 different values in 3 rows"),
    "too many": ([f"n{i % 30}" for i in range(300)], "holds text with 30 different values in 300 rows"),
    "dates": (
        ["2020-01-01", "2020-01-02"] * 30,
        "holds dates, not numbers or categories: '2020-01-01' in line 2",
    ),
    "times": (["2020-01-01T10:00:00Z", "2020-02-01 11:00"] * 30, "holds dates, not numbers or categories"),
    "days": (["1.2.2020", "24.12.2021"] * 30, "holds dates, not numbers or categories: '1.2.2020'"),
    "a word among numbers": (["1", "2", "x"] * 20, "holds text, not numbers: 'x' in line 4"),
    "an infinite number": (["1", "NA", "inf"] * 20, "holds inf in line 4"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_columns_that_are_refused(shell, case):
    values, said = REFUSED[case]
    frame = pl.DataFrame({"x": np.arange(len(values)) % 5 * 1.5, "odd": values})
    frame.write_csv("x.csv")
    result = shell("explain", "x.csv", "--clusters", 2)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("neonxai: x.csv: column 'odd' ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr
    assert "--drop odd" in result.stderr
    assert shell("explain", "x.csv", "--clusters", 2, "--drop", "odd").exit_code == 0


ACCEPTED = {
    "as many as are few": [f"n{i % 20}" for i in range(60)],
    "one for 20 rows": [f"n{i % 30}" for i in range(600)],
    "a number among words": ["1", "x", "y"] * 20,
    "a word that looks like a gap": ["none", "-", "x"] * 20,
    "version numbers": ["1.2.3", "1.2.4"] * 30,
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_columns_that_are_categories(shell, case):
    values = ACCEPTED[case]
    frame = pl.DataFrame({"x": np.arange(len(values)) % 5 * 1.5, "odd": values})
    frame.write_csv("x.csv")
    facts = json.loads(shell("explain", "x.csv", "--clusters", 2, "--json").stdout)
    assert list(facts["pipeline"]["categories"]) == ["odd"]
    assert facts["pipeline"]["categories"]["odd"]["values"] == frame["odd"].n_unique()
    assert facts["missing"] == {}


EVIL = "x\x1b[31mRED\nnl"


@pytest.mark.parametrize("words", [(), ("--summary",), ("--json",)])
def test_strange_names_and_categories(shell, penguins, words):
    names = {
        "sex": EVIL,
        "island": "num__bers",
        "year": "categories",
        "species": "numbers",
        "body_mass_g": "a,b",
    }
    odd = penguins.with_columns(sex=pl.col("sex") + EVIL).rename(names)
    odd.write_csv("x.csv")
    result = shell("explain", "x.csv", *K3, "--out", "why.parquet", *words)
    assert result.exit_code == 0
    for stream in (result.stdout, result.stderr):
        assert all(line.isprintable() for line in stream.split("\n"))
    if not words:
        assert pl.read_parquet("why.parquet").columns[4:] == odd.columns
    elif words == ("--json",):
        facts = json.loads(result.stdout)
        assert set(facts["pipeline"]["categories"]) == {"numbers", "num__bers", EVIL}
        told = [c["typical"][EVIL]["value"] for c in facts["clusters"]]
        assert any(value is not None and value.endswith(EVIL) for value in told)


def test_the_same_command_writes_the_same_bytes(shell, penguins_csv):
    before = Path("penguins.csv").read_bytes()
    for name in ("a.csv", "b.csv"):
        assert shell("explain", "penguins.csv", *K3, "--out", name).exit_code == 0
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert Path("penguins.csv").read_bytes() == before


def test_too_few_different_rows(shell):
    """Rows that only differ where a value is missing and another is the median are the same row."""
    Path("x.csv").write_text("a,b\n" + "1,x\n" * 9 + "NA,x\n" * 5)
    result = shell("explain", "x.csv", "--clusters", 2)
    assert "--clusters 2: x.csv has only 1 different row. " in result.stderr
