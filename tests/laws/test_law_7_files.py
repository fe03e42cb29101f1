"""Law 7: saved and loaded, the same bits; loading runs no code."""

from __future__ import annotations

import dataclasses
import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from material import blobs, real
from sklearn.cluster import BisectingKMeans, KMeans

import neonxai

COLUMNS = ["alcohol", "hue", "Säure", "proline", "magnesium"]


class Payload:
    """An object whose unpickling leaves a mark."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def same_bits(actual, expected):
    """Equal in value, type and bytes; NaN equals NaN."""
    if isinstance(expected, np.ndarray):
        assert isinstance(actual, np.ndarray)
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        assert actual.tobytes() == expected.tobytes()
    elif isinstance(expected, tuple):
        assert actual == expected
        assert [type(a) for a in actual] == [type(b) for b in expected]
    else:
        assert np.array_equal([actual], [expected], equal_nan=isinstance(expected, float))
        assert type(actual) is type(expected)


def check_explanation_round_trip(save, load, e, path):
    save(e, path)
    back = load(path)
    assert type(back) is type(e)
    for field in dataclasses.fields(e):
        if not field.name.startswith("_"):
            same_bits(getattr(back, field.name), getattr(e, field.name))
    np.testing.assert_array_equal(back.conservation_error(), e.conservation_error())


def check_explainer_round_trip(save, load, explainer, X, path):
    save(explainer, path)
    back = load(path)
    for name in ("beta_", "pooling_", "feature_names_", "cluster_names_"):
        same_bits(getattr(back, name), getattr(explainer, name))
    before, after = explainer.explain(X), back.explain(X)
    for name in ("relevance", "logits", "labels", "competitors", "probabilities", "absorbed"):
        same_bits(getattr(after, name), getattr(before, name))


def check_refuses(load, path, mark):
    """An error that says something, and not one instruction of the file carried out."""
    try:
        load(path)
    except (ValueError, TypeError) as error:
        said = str(error)
    else:
        said = ""
    assert not mark.exists(), "the file ran code"
    assert len(said) > 20, "the file was accepted, or refused without a reason"


def explanations():
    centers, X = blobs()
    named = neonxai.Centroids(centers, cluster_names=["north", "süd", "east", "west"])
    return {
        "plain": neonxai.explain(neonxai.Centroids(centers), X),
        "named": neonxai.explain(named, X, target="süd"),
        "float32": neonxai.explain(
            neonxai.Centroids(centers.astype(np.float32)), X.astype(np.float32), beta=np.inf
        ),
        "soft": neonxai.explain(named, X, beta=0.1, pooling="soft"),
        "some rows": neonxai.explain(named, X)[3:9],
    }


@pytest.mark.parametrize("kind", ["plain", "named", "float32", "soft", "some rows"])
def test_explanation(kind, tmp_path):
    e = explanations()[kind]
    check_explanation_round_trip(type(e).save, type(e).load, e, tmp_path / "e.npz")


@pytest.mark.parametrize("kind", ["Centroids", "named", "KMeans", "BisectingKMeans", "soft", "float32"])
def test_explainer(kind, tmp_path):
    centers, X = blobs()
    wine, _ = real("wine")
    explainers = {
        "Centroids": lambda: (neonxai.ClusterExplainer(neonxai.Centroids(centers)), X),
        "named": lambda: (
            neonxai.ClusterExplainer(neonxai.Centroids(centers, cluster_names=list("dacb"))),
            X,
        ),
        "KMeans": lambda: (neonxai.ClusterExplainer(KMeans(3, n_init=1, random_state=0)), wine),
        "BisectingKMeans": lambda: (neonxai.ClusterExplainer(BisectingKMeans(5, random_state=0)), wine),
        "soft": lambda: (neonxai.ClusterExplainer(neonxai.Centroids(centers), beta=0.1, pooling="soft"), X),
        "float32": lambda: (
            neonxai.ClusterExplainer(neonxai.Centroids(centers.astype(np.float32))),
            X.astype(np.float32),
        ),
    }
    explainer, rows = explainers[kind]()
    explainer.fit(rows)
    load = neonxai.ClusterExplainer.load
    check_explainer_round_trip(neonxai.ClusterExplainer.save, load, explainer, rows, tmp_path / "x.npz")


def test_an_output_that_exists_is_kept_unless_asked(tmp_path):
    e = explanations()["plain"]
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(blobs()[0])).fit(blobs()[1])
    for thing in (e, explainer):
        path = tmp_path / "kept.npz"
        path.write_bytes(b"precious")
        with pytest.raises((ValueError, OSError), match="overwrite"):
            thing.save(path)
        assert path.read_bytes() == b"precious"
        thing.save(path, overwrite=True)
        type(thing).load(path)
        path.unlink()


def with_payload(path, member, mark):
    """Replace one member of a saved file by an array that holds a pickle."""
    poison = BytesIO()
    np.lib.format.write_array(poison, np.array([Payload(mark)], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert member in members
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, poison.getvalue() if name == member else content)


def saved(kind, path):
    _, X = blobs()
    explainer = neonxai.ClusterExplainer(KMeans(3, n_init=1, random_state=0)).fit(X)
    thing = explainer if kind == "explainer" else explainer.explain(X)
    thing.save(path)
    return type(thing).load


@pytest.mark.parametrize("kind", ["explainer", "explanation"])
def test_pickles_inside_are_refused_wherever_they_are(kind, tmp_path):
    path, mark = tmp_path / "x.npz", tmp_path / "mark"
    load = saved(kind, path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    original = path.read_bytes()
    for name in names:
        path.write_bytes(original)
        with_payload(path, name, mark)
        check_refuses(load, path, mark)


@pytest.mark.parametrize("kind", ["explainer", "explanation"])
def test_other_files_are_refused(kind, tmp_path):
    path, mark = tmp_path / "x.npz", tmp_path / "mark"
    load = saved(kind, path)
    original = path.read_bytes()
    other = saved("explanation" if kind == "explainer" else "explainer", tmp_path / "other.npz")
    assert other is not load
    contents = {
        "a pickle": pickle.dumps(Payload(mark)),
        "empty": b"",
        "truncated": original[: len(original) // 2],
        "text": b"alcohol,hue\n1,2\n",
        "the other kind": (tmp_path / "other.npz").read_bytes(),
    }
    for content in contents.values():
        path.write_bytes(content)
        check_refuses(load, path, mark)


def test_a_missing_file_is_named(tmp_path):
    for load in (neonxai.ClusterExplainer.load, type(explanations()["plain"]).load):
        with pytest.raises((ValueError, OSError), match=r"nowhere\.npz"):
            load(tmp_path / "nowhere.npz")


def _careless_load(path):
    """Unpickles what it finds."""
    with np.load(path, allow_pickle=True) as archive:
        return {name: archive[name] for name in archive.files}


def test_a_loader_that_unpickles_is_rejected(tmp_path):
    path, mark = tmp_path / "x.npz", tmp_path / "mark"
    saved("explanation", path)
    with zipfile.ZipFile(path) as archive:
        name = archive.namelist()[0]
    with_payload(path, name, mark)
    with pytest.raises(AssertionError, match="ran code"):
        check_refuses(_careless_load, path, mark)


def test_a_loader_that_accepts_anything_is_rejected(tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(b"")
    with pytest.raises(AssertionError, match="accepted"):
        check_refuses(lambda path: None, path, tmp_path / "mark")


def _through_float32(e, path):
    dataclasses.replace(e, relevance=e.relevance.astype(np.float32).astype(np.float64)).save(path)


def test_a_lossy_file_is_rejected(tmp_path):
    e = explanations()["plain"]
    with pytest.raises(AssertionError):
        check_explanation_round_trip(_through_float32, type(e).load, e, tmp_path / "e.npz")


def test_a_forgetful_explainer_file_is_rejected(tmp_path):
    """Forgets β and takes the one of the rows at hand."""
    centers, X = blobs()
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(X)

    def load(path):
        return neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(X[:9])

    with pytest.raises(AssertionError):
        check_explainer_round_trip(type(explainer).save, load, explainer, X, tmp_path / "x.npz")
