"""``--model``: models saved with skops, explained as in Python, and loaded only if they are trusted."""

import json
import os
import pickle
import warnings
import zipfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import skops.io
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import neonxai
from neonxai.cli import saved

PENGUINS = files("palmerpenguins") / "data" / "penguins.csv"
NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def penguin_model():
    front = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["island", "sex"]),
    )
    return make_pipeline(front, KMeans(3, random_state=0, n_init=10))


@pytest.fixture(scope="module")
def fitted(wine):
    """Models of wines, by name, and of penguins."""
    frame = wine.to_pandas()
    kmeans = KMeans(3, random_state=0, n_init=10)
    return {
        "kmeans": KMeans(3, random_state=0, n_init=10).fit(frame),
        "pipeline": make_pipeline(StandardScaler(), kmeans).fit(frame),
        "pca": make_pipeline(StandardScaler(), PCA(4), KMeans(3, random_state=1, n_init=10)).fit(frame),
        "mixture": make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0)).fit(frame),
        "penguins": penguin_model().fit(pd.read_csv(PENGUINS)),
    }


def saved_as(model, path="model.skops"):
    skops.io.dump(model, path)
    return path


def refused(result, *said, code=2):
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("neonxai: ")
    assert result.stderr.count("\n") == 1
    for part in said:
        assert part in result.stderr


def same(table, e):
    """Whether a table holds an explanation: to 1e-11 of its largest entry, as sums run in another order."""
    close = {"rtol": 0, "atol": 1e-11 * np.abs(e.relevance).max()}
    return (
        table["cluster"].to_list() == e.targets.tolist()
        and np.allclose(table["logit"], e.logits, **close)
        and np.allclose(table.select(e.feature_names), e.relevance, **close)
    )


@pytest.mark.parametrize("name", ["kmeans", "pipeline", "pca", "mixture"])
def test_what_is_written_is_what_python_explains(shell, wine, wine_csv, fitted, name):
    saved_as(fitted[name])
    result = shell("explain", wine_csv, "--model", "model.skops", "--out", "why.parquet", "--json", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    table, e = pl.read_parquet("why.parquet"), neonxai.explain(fitted[name], wine.to_pandas())
    assert same(table, e)
    assert not same(table, neonxai.explain(fitted["pca" if name != "pca" else "kmeans"], wine.to_pandas()))
    facts = json.loads(result.stdout)
    assert (facts["model"], facts["file"], facts["scale"]) == ("file", "model.skops", None)
    assert (facts["seed"], facts["labels"], facts["features"]) == (None, None, wine.columns)
    assert facts["beta"] == pytest.approx(e.beta, rel=1e-10)


def test_what_is_told(shell, wine, wine_csv, fitted):
    saved_as(fitted["pca"])
    told = shell("explain", wine_csv, "--model", "model.skops").stdout
    assert "Clusters: 3, by model.skops, a Pipeline of StandardScaler, PCA, KMeans.\n" in told
    assert "Scale " not in told
    assert "k-means" not in told
    assert "Every row is explained for" not in told
    saved_as(fitted["kmeans"])
    assert (
        "Clusters: 3, by model.skops, a KMeans.\n"
        in shell("explain", wine_csv, "--model", "model.skops").stdout
    )


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_penguins(shell, fitted, ending):
    """Gaps and categories are as the pipeline knows them, from whatever file."""
    frame = pl.read_csv(PENGUINS.read_bytes(), null_values="NA")
    if ending == "csv":
        Path("x.csv").write_bytes(PENGUINS.read_bytes())
    else:
        frame.write_parquet("x.parquet") if ending == "parquet" else frame.write_ndjson("x.jsonl")
    saved_as(fitted["penguins"])
    untrusted = skops.io.get_untrusted_types(file="model.skops")
    words = ("--trust", ",".join(untrusted)) if untrusted else ()
    result = shell("explain", f"x.{ending}", "--model", "model.skops", *words, "--out", "why.parquet")
    assert (result.exit_code, result.stderr) == (0, "")
    e = neonxai.explain(fitted["penguins"], pd.read_csv(PENGUINS))
    assert same(pl.read_parquet("why.parquet"), e)
    assert "species" in pl.read_parquet("why.parquet").columns


def test_columns_are_matched_by_name(shell, wine, fitted):
    saved_as(fitted["pipeline"])
    e = neonxai.explain(fitted["pipeline"], wine.to_pandas())
    odd = wine.select(pl.lit("x").alias("note"), *reversed(wine.columns)).with_row_index("bottle")
    odd.write_csv("odd.csv")
    words = ("--model", "model.skops", "--out", "why.parquet", "--overwrite")
    result = shell("explain", "odd.csv", *words, "--id", "bottle")
    assert result.exit_code == 0
    assert "Note: model.skops was fitted without these columns, so they are ignored: note.\n" in result.stdout
    assert f"Used 13 columns: {wine.columns[0]}, " in result.stdout
    table = pl.read_parquet("why.parquet")
    assert table.columns == ["bottle", "cluster", "competitor", "logit", "probability", *wine.columns]
    assert same(table, e)
    facts = json.loads(shell("explain", "odd.csv", *words, "--json", "--drop", "note").stdout)
    assert facts["dropped"] == ["note", "bottle"]
    assert facts["ignored_by_model"] == ["bottle"]


def test_columns_that_are_missing(shell, wine, fitted):
    saved_as(fitted["pipeline"])
    words = ("--model", "model.skops")
    wine.drop("hue").rename({"ash": "Ash"}).write_csv("x.csv")
    refused(
        shell("explain", "x.csv", *words),
        "--model model.skops: it was fitted to columns that x.csv does not have: ash, hue. Add them, or",
    )
    wine.drop("hue").write_csv("x.csv")
    refused(
        shell("explain", "x.csv", *words), "it was fitted to the column that x.csv does not have: hue. Add it"
    )
    wine.write_csv("x.csv")
    refused(
        shell("explain", "x.csv", *words, "--drop", "hue,ash"),
        "it was fitted to columns that --columns, --drop or --id leaves out: ash, hue. Use them too.",
    )
    refused(shell("explain", "x.csv", *words, "--columns", "hue"), "or --id leaves out: alcohol, malic_acid")


def test_models_without_names_take_columns_in_order(shell, wine, wine_csv):
    model = KMeans(3, n_init=1, random_state=0).fit(wine.select("proline", "hue").to_numpy())
    saved_as(model)
    words = ("--model", "model.skops", "--out", "why.parquet")
    refused(
        shell("explain", wine_csv, *words),
        "--model model.skops: it was fitted to 2 columns without names, but 13 of ",
        "Choose those that it was fitted to with --columns, in its order",
    )
    result = shell("explain", wine_csv, *words, "--columns", "proline,hue")
    assert result.exit_code == 0
    assert (
        "does not know the names of its columns, so they are taken in this order: proline, hue;"
        in result.stdout
    )
    e = neonxai.explain(model, wine.select("proline", "hue").to_numpy())
    table = pl.read_parquet("why.parquet")
    assert np.allclose(table["logit"], e.logits, rtol=0, atol=1e-11 * e.logits.max())


def test_a_model_that_has_labels_alone(shell, wine, wine_csv):
    model = make_pipeline(StandardScaler(), DBSCAN(2.3)).fit(wine.to_pandas())
    saved_as(model)
    words = ("--model", "model.skops", "--out", "why.parquet", "--json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", neonxai.LowAgreementWarning)
        e = neonxai.explain(model, wine.to_pandas())
    result = shell("explain", wine_csv, *words)
    facts = json.loads(result.stdout)
    assert facts["agreement"] == e.agreement
    assert (facts["noise"], facts["model"]) == (-1, "file")
    assert same(pl.read_parquet("why.parquet"), e)
    assert "More than its labels is not known, so a network stands in for it" in result.stderr
    # Labels are of the rows that were clustered, and there is no saying which of others are which.
    wine[:100].write_csv("x.csv")
    refused(shell("explain", "x.csv", "--model", "model.skops"), "100", "178")


def test_a_copy_of_neonxai_s_own(shell, wine, wine_csv):
    """Not trusted by skops, and so by nobody who does not say so."""
    centers = neonxai.Centroids(wine[[0, 100, 150]].to_pandas(), cluster_names=["old", "new", "mid"])
    saved_as(centers)
    words = ("explain", wine_csv, "--model", "model.skops", "--out", "why.parquet")
    kind = "neonxai.sources.centroids.Centroids"
    refused(
        shell(*words),
        f"it holds a type that is not trusted, since loading it can run any code: {kind}. ",
        f"add --trust {kind}",
    )
    assert shell(*words, "--trust", kind).exit_code == 0
    assert same(pl.read_parquet("why.parquet"), neonxai.explain(centers, wine.to_pandas()))
    refused(shell(*words, "--trust", "neonxai.Centroids", "--overwrite"), f"--trust neonxai.Centroids,{kind}")


class Trap:
    """Leaves a trace where it is loaded."""

    def __reduce__(self):
        return (os.mkdir, ("trapped",))


def test_a_trap_is_not_sprung(shell, wine, wine_csv):
    trap = make_pipeline(FunctionTransformer(os.mkdir), KMeans(3, random_state=0, n_init=1))
    saved_as(trap, "trap.skops")
    refused(
        shell("explain", wine_csv, "--model", "trap.skops"),
        "--model trap.skops: it holds a type that is not trusted, since loading it can run any code: posix",
    )
    refused(
        shell("explain", wine_csv, "--model", "trap.skops", "--trust", "sklearn.cluster.KMeans"),
        "posix.mkdir",
    )
    schema = {
        "__class__": "mkdir",
        "__module__": "posix",
        "__loader__": "FunctionNode",
        "content": "mkdir",
        "__id__": 1,
        "protocol": 2,
        "_skops_version": "0.16.0",
    }
    for loader in (
        "FunctionNode",
        "TypeNode",
        "ObjectNode",
        "MethodNode",
        "OperatorFuncNode",
        "ReduceNode",
        "?",
    ):
        with zipfile.ZipFile("trap.skops", "w") as archive:
            archive.writestr("schema.json", json.dumps(schema | {"__loader__": loader}))
        refused(shell("explain", wine_csv, "--model", "trap.skops"), "--model trap.skops: it ")
    assert not Path("trapped").exists()


@pytest.mark.parametrize("name", ["x.skops", "x.pkl", "x.pickle", "x.joblib", "x.sav", "x.model", "x"])
def test_a_pickle_is_refused_and_not_loaded(shell, wine_csv, name):
    Path(name).write_bytes(pickle.dumps(Trap()))
    refused(
        shell("explain", wine_csv, "--model", name),
        f"--model {name}: ",
        "is a pickle, and loading a pickle can run any code in it, so neonxai loads none. Save the model "
        "with skops.io.dump(model, 'model.skops').",
    )
    assert not Path("trapped").exists()
    pickle.loads(Path(name).read_bytes())  # noqa: S301  (the trap does work)
    assert Path("trapped").exists()


@pytest.mark.parametrize("compress", [("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)])
def test_what_joblib_compresses_is_refused(shell, wine_csv, fitted, compress):
    import joblib

    joblib.dump(fitted["kmeans"], "x.skops", compress=compress)
    refused(
        shell("explain", wine_csv, "--model", "x.skops"),
        "x.skops: it is compressed by ",
        "so neonxai loads none",
    )


def test_files_that_are_no_models(shell, wine_csv, fitted, tmp_path):
    def told(name, *said):
        refused(shell("explain", wine_csv, "--model", name), f"--model {name}: ", *said)

    told("nope.skops", "no such file. Check the path")
    Path("folder.skops").mkdir()
    told("folder.skops", "it is a folder")
    Path("empty.skops").touch()
    told("empty.skops", "the file is empty (0 bytes)")
    os.mkfifo("pipe.skops")
    told("pipe.skops", "it is a named pipe")
    told(wine_csv, "it is no file of skops: it starts with b'alcohol,mali'")
    content = Path(saved_as(fitted["pipeline"])).read_bytes()
    for size in (10, 1000, len(content) - 10):
        Path("cut.skops").write_bytes(content[:size])
        told("cut.skops", "the file is truncated or damaged: its end is missing")
    start = content.index(b"\x93NUMPY")
    Path("odd.skops").write_bytes(content[:start] + b"\0" * 64 + content[start + 64 :])
    told("odd.skops", "it is damaged, or not written by skops (")
    np.savez("x.npz", a=1)
    told("x.npz", "it is a zip archive, but none of skops: it has no schema.json")
    for schema in (b"", b"{", b"[]", b"{}", b"[" * 100_000, b'{"protocol": 99}', b'{"protocol": 2}', b"\xff"):
        with zipfile.ZipFile("bad.skops", "w") as archive:
            archive.writestr("schema.json", schema)
        told("bad.skops", "it is damaged, or not written by skops (")
    told(saved_as({"centers": np.eye(3)}), "Don't know how to explain a model of type builtins.dict")


def test_models_of_no_use(shell, wine, wine_csv, fitted):
    def told(model, *said):
        refused(shell("explain", wine_csv, "--model", saved_as(model)), "--model model.skops: ", *said)

    told(KMeans(3), "its KMeans is not fitted. Fit it, and save it again.")
    told(make_pipeline(StandardScaler(), KMeans(3)), "its Pipeline is not fitted")
    classes = LogisticRegression(max_iter=10_000).fit(StandardScaler().fit_transform(wine), wine["hue"] > 1)
    told(
        classes,
        "Don't know how to explain a model of type sklearn.linear_model._logistic.LogisticRegression. ",
        "can be explained by its labels, with --labels COLUMN.",
    )
    broken = KMeans(3, n_init=1).fit(wine.to_pandas())
    del broken.cluster_centers_
    told(broken, "cluster_centers_")


def test_another_version_is_a_note(shell, wine, wine_csv, fitted, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("sklearn.base.__version__", "1.5.9")
        saved_as(fitted["pipeline"])
    result = shell("explain", wine_csv, "--model", "model.skops", "--json")
    assert result.exit_code == 0
    notes = json.loads(result.stdout)["notes"]
    assert any("1.5.9" in note and "StandardScaler" in note for note in notes)
    assert all("\n" not in note for note in notes)


def test_data_that_the_model_cannot_take(shell, wine, wine_csv, fitted):
    """Its own words, with the line of the file."""
    words = ("--model", saved_as(fitted["kmeans"]))
    wine.with_columns(hue=pl.Series([None, *wine["hue"][1:]])).write_csv("x.csv")
    refused(
        shell("explain", "x.csv", *words),
        "x.csv by --model model.skops: X contains NaN in line 2, column 'hue'",
    )
    wine.with_columns(hue=pl.lit("pale")).write_csv("x.csv")
    refused(shell("explain", "x.csv", *words), "model.skops: Column 'hue' is not of a numeric type")
    Path("y.csv").write_text(PENGUINS.read_text().replace("Torgersen", "Ross"))
    words = ("--model", saved_as(fitted["penguins"]), "--trust", "numpy.dtype")
    refused(shell("explain", "y.csv", *words), "Found unknown categories ['Ross']")


def test_outliers(shell, wine, wine_csv):
    model = make_pipeline(StandardScaler(), LocalOutlierFactor(novelty=True)).fit(wine.to_pandas())
    kinds = ",".join(skops.io.get_untrusted_types(file=saved_as(model)))
    assert kinds
    words = ("--model", "model.skops", "--trust", kinds, "--out", "why.parquet")
    result = shell("explain", wine_csv, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert same(pl.read_parquet("why.parquet"), neonxai.explain(model, wine.to_pandas()))
    assert "Note: Every row is explained for -1, also those that are not in it" in result.stdout


OPTIONS = {
    "clusters": (("--clusters", 3), "both --clusters and --model are given. Give one of them."),
    "centers": (("--centers", "wine.csv"), "both --centers and --model are given"),
    "labels": (("--labels", "hue"), "both --labels and --model are given"),
    "scale": (("--scale", "standard"), "both --model and --scale are given, but the model's own steps"),
    "missing": (("--missing", "impute"), "both --model and --missing are given, but the model's own steps"),
    "noise": (("--noise", "0"), "--noise is about labels, but --labels is not given"),
    "no type": (("--trust", "a b"), "--trust a b: 'a b' is no name of a type"),
    "no types": (("--trust", ""), "is no name of a type"),
    "out": (("--out", "model.skops"), "--out model.skops: the ending '.skops' is not one"),
    "gamma": (("--gamma", "2"), "gamma=2.0 has no meaning for "),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(shell, wine_csv, fitted, case):
    words, said = OPTIONS[case]
    saved_as(fitted["pipeline"])
    refused(shell("explain", wine_csv, "--model", "model.skops", *words), said)


@pytest.mark.parametrize(
    ("version", "said"), [(None, "skops, which reads it, is missing"), ("0.11.0", "is too old")]
)
def test_without_skops(shell, wine_csv, fitted, monkeypatch, version, said):
    saved_as(fitted["kmeans"])
    if version is None:
        monkeypatch.setattr(saved, "find_spec", lambda _: None)
    else:
        monkeypatch.setattr(saved.metadata, "version", lambda _: version)
    result = shell("explain", wine_csv, "--model", "model.skops")
    refused(result, said, 'Install it with: pip install "skops>=', code=1)


def test_without_pandas(shell, fitted, monkeypatch):
    saved_as(fitted["penguins"])
    Path("x.csv").write_bytes(PENGUINS.read_bytes())
    monkeypatch.setattr("neonxai.cli.models.find_spec", lambda _: None)
    result = shell("explain", "x.csv", "--model", "model.skops", "--trust", "numpy.dtype")
    refused(result, "values are missing in columns of text (sex)", "pip install pandas")


EVIL = "x\x1b[31mRED\nnl"


def test_strange_names(shell, wine, wine_csv):
    odd = wine.rename({"hue": EVIL})
    odd.write_csv("x.csv")
    saved_as(KMeans(3, n_init=1, random_state=0).fit(odd.to_pandas()), f"{EVIL}.skops")
    for words in (("x.csv",), (wine_csv,), ("x.csv", "--trust", EVIL), ("x.csv", "--drop", f'"{EVIL}"')):
        result = shell("explain", *words, "--model", f"{EVIL}.skops")
        assert result.exit_code == (0 if words == ("x.csv",) else 2)
        for stream in (result.stdout, result.stderr):
            assert all(line.isprintable() for line in stream.split("\n"))
