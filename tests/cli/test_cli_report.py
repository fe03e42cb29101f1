"""neonxai report: one page of what neonxai explain finds."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neonxai.cli import report as command


@pytest.fixture
def tables(tmp_path, wine):
    """Tables of all kinds, in the folder that the shell runs in."""
    wine.write_csv(tmp_path / "wine.csv")
    wine.write_parquet(tmp_path / "wine.parquet")
    wine[[3, 80, 170]].write_csv(tmp_path / "centers.csv")
    (tmp_path / "penguins.csv").write_bytes((files("palmerpenguins") / "data" / "penguins.csv").read_bytes())
    iris = load_iris(as_frame=True)
    frame = iris.data.assign(species=[f"00{kind}" for kind in iris.target], plant=range(1000, 1150))
    frame.to_csv(tmp_path / "iris.csv", index=False)
    model = make_pipeline(StandardScaler(), KMeans(3, n_init=3, random_state=0)).fit(wine.to_pandas())
    skops.io.dump(model, tmp_path / "model.skops")
    return tmp_path


@pytest.fixture
def facts(monkeypatch):
    """The facts of the pages that are made."""
    made = []
    original = command.facts_of

    def kept(*args):
        made.append(original(*args))
        return made[-1]

    monkeypatch.setattr(command, "facts_of", kept)
    return made


COMMANDS = {
    "k-means": ("wine.csv", "--clusters", "3"),
    "k-means of raw columns": ("wine.parquet", "--clusters", "3", "--scale", "none", "--beta", "inf"),
    "categories": ("penguins.csv", "--clusters", "3", "--drop", "year"),
    "labels": ("iris.csv", "--labels", "species", "--id", "plant", "--scale", "minmax", "--gamma", "2"),
    "centers": ("wine.csv", "--centers", "centers.csv", "--columns", "alcohol,hue,proline"),
    "model": ("wine.csv", "--model", "model.skops"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_the_page_and_the_lines_that_make_it_again(shell, tables, facts, words):
    result = shell("report", *words, "-o", "page.html")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1].startswith("Wrote the report to page.html (")
    (made,) = facts
    assert made.source.name == words[0]
    assert made.title == f"{words[0]}: 3 clusters"
    page = Path("page.html").read_text(encoding="utf-8")
    lines = dict(made.commands)
    assert lines["shell"].split()[:3] == ["neonxai", "report", words[0]]
    again = shell(*lines["shell"].split()[1:], "--overwrite", "--quiet")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "")
    assert Path("page.html").read_text(encoding="utf-8") == page
    # And in Python: the same rows, clusters and relevances.
    Path("page.html").unlink()
    space: dict[str, object] = {}
    exec(lines["python"], space)  # noqa: S102  (our own)
    e = space["e"]
    own = made.rows.own
    names = [made.features[i].name for i in own.top[:, 0]]
    found = e.relevance[np.arange(len(e)), [e.feature_names.index(name) for name in names]]
    assert np.allclose(found, own.relevance[:, 0], rtol=1e-5)
    assert [made.clusters[k].name for k in made.rows.clusters] == [str(name) for name in e.labels]
    assert Path("page.html").exists()


def test_values_are_those_of_the_file(shell, tables, facts, wine):
    shell("report", "wine.csv", "--clusters", "3", "--quiet")
    (made,) = facts
    alcohol = next(feature for feature in made.features if feature.name == "alcohol")
    assert np.allclose(alcohol.column.numbers, wine["alcohol"].to_numpy(), rtol=1e-6)
    assert Path("report.html").exists()
    frame = wine.to_pandas()
    for k, cluster in enumerate(made.clusters):
        for trait in cluster.traits:
            own = frame[made.features[trait.feature].name][made.rows.clusters == k]
            assert float(trait.typical.split()[0]) == pytest.approx(own.median(), rel=1e-3)


def test_names_of_rows_and_notes(shell, tables, facts):
    result = shell("report", "iris.csv", "--labels", "species", "--id", "plant", "--title", "Irises")
    (made,) = facts
    assert made.rows.names[:2] == ("1000", "1001")
    assert made.title == "Irises"
    notes = [doubt.text for doubt in made.warnings if doubt.kind == "note"]
    assert notes
    for note in notes:
        assert f"Note: {note}" in result.stdout
    for doubt in made.warnings:
        assert doubt.kind == "note" or f"Warning: {doubt.title}. {doubt.text}" in result.stdout.replace(
            "\n", " "
        )
    assert made.reading.agreement < 1


def test_decisions_are_shown_as_explain_shows_them(shell, tables):
    shown = shell("report", "penguins.csv", "--clusters", "3").stdout
    explained = shell("explain", "penguins.csv", "--clusters", "3").stdout
    decided = explained.split("Clusters, with the 3 columns")[0]
    assert shown.startswith(decided.rstrip())


def test_an_output_that_exists_stays(shell, tables):
    Path("mine.html").write_text("mine", encoding="utf-8")
    result = shell("report", "wine.csv", "--clusters", "3", "-o", "mine.html")
    assert result.exit_code == 3
    assert result.stderr == (
        "neonxai: --out mine.html: the file exists. Add --overwrite, or choose another name.\n"
    )
    assert Path("mine.html").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-o", "report.pdf"), "--out report.pdf: a report is a page of HTML, but its ending is .pdf."),
        (("-o", "report"), "--out report: a report is a page of HTML, but it has no ending."),
        (("-o", "nowhere/report.html"), "there is no folder"),
        (("--clusters", "3", "--labels", "x"), "both --clusters and --labels are given"),
        (("--beta", "-1"), "--beta -1: it is negative"),
    ],
)
def test_bad_usage_is_an_error_before_any_work(shell, tables, monkeypatch, words, message):
    monkeypatch.setattr(command, "explain", None)  # would fail
    words = words if "--clusters" in words else ("--clusters", "3", *words)
    result = shell("report", "wine.csv", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not list(Path.cwd().glob("*.html"))


def test_bad_data_are_the_errors_of_explain(shell, tables):
    Path("bad.csv").write_text("a,b\n1,2\n3,x\n5,6\n", encoding="utf-8")
    reported, explained = (shell(name, "bad.csv", "--clusters", "2") for name in ("report", "explain"))
    assert reported.exit_code == explained.exit_code == 2
    assert reported.stderr == explained.stderr != ""


def test_without_the_packages_it_says_which(shell, tables, monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "plotly" else 1)
    result = shell("report", "wine.csv", "--clusters", "3")
    assert result.exit_code == 1
    assert 'made with plotly, missing here. Install them with: pip install "neonxai[report]"' in result.stderr


def test_open_opens_it(shell, tables, monkeypatch):
    opened = []
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    shell("report", "wine.csv", "--clusters", "3", "--open", "-o", "my page.html")
    assert opened == [(Path.cwd() / "my page.html").as_uri()]
    shell("report", "wine.csv", "--clusters", "3", "-o", "other.html")
    assert len(opened) == 1
