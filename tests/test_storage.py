"""Files: written at once or not at all, and read without trust."""

import io
import json
import threading
import zipfile

import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans

import neonxai
from neonxai import Centroids, ClusterExplainer, Explanation, storage

X = np.random.default_rng(0).random((40, 3))
E = neonxai.explain(Centroids(X[:4], ["a", "b", "c", "d"]), X)


def rewrite(path, change, compression=zipfile.ZIP_STORED):
    """Write an archive again with other parts: change(parts) edits {name: bytes} in place."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def array_bytes(value):
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def edit_header(change):
    def edit(parts):
        header = json.loads(str(np.load(io.BytesIO(parts["neonxai.npy"]))))
        header = change(header) or header
        parts["neonxai.npy"] = array_bytes(np.array(json.dumps(header)))

    return edit


def field(name, value):
    return edit_header(lambda header: header["fields"].__setitem__(name, value))


HUGE = (
    array_bytes(np.zeros(1))
    .replace(b"(1,)", b"(10000000000000,)")
    .replace(b" " * 16 + b"\n", b" " * 4 + b"\n")
)

BOTH = {
    "a header that is a list": edit_header(lambda header: [1]),
    "a header without fields": edit_header(lambda header: {"content": header["content"], "version": 1}),
    "a header of deep nesting": lambda parts: parts.update(
        {"neonxai.npy": array_bytes(np.array("[" * 100_000 + "]" * 100_000))}
    ),
    "a version that is text": edit_header(lambda header: header.update(version="x")),
    "a field too many": field("zzz", 1),
    "a negative beta": field("beta", -3.0),
    "a beta that is text": field("beta", "evil"),
    "an unknown pooling": field("pooling", "max"),
    "names for fewer clusters": field("cluster_names", ["a", "b"]),
    "an array of objects": lambda parts: parts.update(
        {next(iter(parts)).replace("neonxai", "centers"): array_bytes(np.array([{}], dtype=object))}
    ),
}
OF_EXPLANATIONS = {
    "no logits": lambda parts: parts.pop("logits.npy"),
    "a part too many": lambda parts: parts.update({"zzz.npy": array_bytes(np.zeros(3))}),
    "logits of another length": lambda parts: parts.update({"logits.npy": array_bytes(np.zeros(3))}),
    "relevance that is text": lambda parts: parts.update(
        {"relevance.npy": array_bytes(np.full((40, 3), "a"))}
    ),
    "fewer feature names": field("feature_names", ["x0"]),
    "an array larger than any memory": lambda parts: parts.update({"logits.npy": HUGE}),
    "labels that are no clusters": lambda parts: parts.update({"labels.npy": array_bytes(np.full(40, "q"))}),
}
OF_EXPLAINERS = {
    "no centers": lambda parts: parts.pop("centers.npy"),
    "centers in one dimension": lambda parts: parts.update({"centers.npy": array_bytes(np.zeros(3))}),
    "centers that are NaN": lambda parts: parts.update({"centers.npy": array_bytes(np.full((4, 3), np.nan))}),
    "an unknown family": field("family", "evil"),
}


@pytest.mark.parametrize("change", [*BOTH.values(), *OF_EXPLANATIONS.values()], ids=[*BOTH, *OF_EXPLANATIONS])
def test_crafted_explanations_are_refused(tmp_path, change):
    E.save(tmp_path / "e.npz")
    rewrite(tmp_path / "e.npz", lambda parts: None)
    assert len(Explanation.load(tmp_path / "e.npz")) == 40
    rewrite(tmp_path / "e.npz", change)
    with pytest.raises(ValueError, match=r"damaged|no whole explanation"):
        Explanation.load(tmp_path / "e.npz")


@pytest.mark.parametrize("change", [*BOTH.values(), *OF_EXPLAINERS.values()], ids=[*BOTH, *OF_EXPLAINERS])
def test_crafted_explainers_are_refused(tmp_path, change):
    ClusterExplainer(Centroids(X[:4])).fit(X).save(tmp_path / "e.npz")
    rewrite(tmp_path / "e.npz", lambda parts: None)
    ClusterExplainer.load(tmp_path / "e.npz").explain(X)
    rewrite(tmp_path / "e.npz", change)
    with pytest.raises(ValueError, match=r"damaged|no whole explainer"):
        ClusterExplainer.load(tmp_path / "e.npz")


@pytest.mark.parametrize(
    "children", [[[0, -1], [-2, -3]], [[-1, -1], [-2, -3]], [[5, -1], [-2, -3]], [[1, 1], [-1, -2]]]
)
def test_trees_that_are_none_are_refused(tmp_path, children):
    ClusterExplainer(BisectingKMeans(3, random_state=0)).fit(X).save(tmp_path / "e.npz")
    rewrite(tmp_path / "e.npz", lambda parts: parts.update({"children.npy": array_bytes(np.array(children))}))
    with pytest.raises(ValueError, match="Children must"):
        ClusterExplainer.load(tmp_path / "e.npz")


def test_a_compressed_part_is_not_inflated(tmp_path):
    E.save(tmp_path / "e.npz")
    bomb = lambda parts: parts.update({"logits.npy": array_bytes(np.zeros(10_000_000))})  # noqa: E731
    rewrite(tmp_path / "e.npz", bomb, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="is compressed"):
        Explanation.load(tmp_path / "e.npz")


def test_damage_anywhere_is_a_value_error_or_harmless(tmp_path):
    E.save(tmp_path / "e.npz")
    whole = (tmp_path / "e.npz").read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            broken[place] = rng.integers(256)
        (tmp_path / "broken.npz").write_bytes(broken)
        try:
            Explanation.load(tmp_path / "broken.npz")
        except ValueError:
            refused += 1
    assert refused > 200  # the rest hit padding, or wrote the byte that was there


def test_saving_from_many_threads_leaves_one_whole_file(tmp_path):
    path = tmp_path / "e.npz"
    errors = []

    def save():
        for _ in range(20):
            try:
                E.save(path, overwrite=True)
            except Exception as error:  # noqa: BLE001  # collected, and asserted below
                errors.append(error)

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(Explanation.load(path)) == 40
    assert [p.name for p in tmp_path.iterdir()] == ["e.npz"]


def test_a_file_that_comes_into_being_meanwhile_is_kept(tmp_path):
    path = tmp_path / "e.npz"

    def write():
        with storage.replacing(path) as temporary:
            temporary.write_text("new")
            path.write_text("precious")

    with pytest.raises(FileExistsError, match="exists already"):
        write()
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["e.npz"]


def test_a_failure_leaves_nothing_behind(tmp_path):
    def write():
        with storage.replacing(tmp_path / "e.npz") as temporary:
            temporary.write_text("half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere for e\.npz"):
        E.save(tmp_path / "nowhere" / "e.npz")


def test_long_names_are_no_problem(tmp_path):
    E.save(tmp_path / ("e" * 250))
    assert len(Explanation.load(tmp_path / ("e" * 250))) == 40
