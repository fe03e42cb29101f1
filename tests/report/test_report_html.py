"""A page from an explanation, and where it goes."""

import pytest
from sklearn.cluster import KMeans

from report_material import blobs, explained


@pytest.fixture(scope="module")
def e():
    return explained(KMeans(3, n_init=3, random_state=0), blobs(60, 3, 3))[1]


def test_a_page(e):
    text = e.to_html(title="Three <b>kinds</b>")
    assert text.startswith("<!DOCTYPE html>") or text.lower().startswith("<!doctype html>")
    assert "Three &lt;b&gt;kinds&lt;/b&gt;" in text


def test_a_file(e, tmp_path):
    path = tmp_path / "why.html"
    assert e.to_html(path) is None
    first = path.read_text(encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"why\.html exists already"):
        e.to_html(path)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        e.to_html(tmp_path / "nowhere" / "why.html")
    assert path.read_text(encoding="utf-8") == first
    e.to_html(path, overwrite=True, names=[f"row {i}" for i in range(60)])
    assert path.read_text(encoding="utf-8") != first


def test_what_is_in_the_way_is_said_before_the_work(e, tmp_path, monkeypatch):
    path = tmp_path / "why.html"
    path.write_text("mine", encoding="utf-8")
    monkeypatch.setattr("neonxai.report.output.gather", None)  # would fail
    with pytest.raises(FileExistsError):
        e.to_html(path)
    assert path.read_text(encoding="utf-8") == "mine"


def test_rows_without_names_are_said_to_be_numbered(e):
    said = "Rows are numbered from 0."
    assert said in e.to_html()
    assert said not in e.to_html(names=range(1, 61))
