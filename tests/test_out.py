"""Results in files that are mapped into memory."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer

import neonxai
from neonxai import kernels

WINE = load_wine().data
MODEL = KMeans(3, n_init=1, random_state=0).fit(WINE)
ARRAYS = ["absorbed", "competitors", "labels", "logits", "probabilities", "relevance"]


def assert_equal(e, usual):
    for name in (*ARRAYS, "targets", "base_value"):
        np.testing.assert_array_equal(getattr(e, name), getattr(usual, name), err_msg=name)


@pytest.mark.parametrize("names", [None, ["left", "right", "middle"]])
@pytest.mark.parametrize("target", [None, 1])
def test_the_same_as_in_memory(tmp_path, names, target):
    model = neonxai.Centroids(MODEL.cluster_centers_, names)
    explainer = neonxai.ClusterExplainer(model).fit(WINE)
    target = target if target is None else explainer.cluster_names_[target]
    e = explainer.explain(WINE, target, out=tmp_path / "deep" / "wine")
    assert_equal(e, explainer.explain(WINE, target))
    written = sorted(path.stem for path in (tmp_path / "deep" / "wine").iterdir())
    assert written == sorted([*ARRAYS, "targets"] if target is not None else ARRAYS)
    for name in written:
        stored = np.load(tmp_path / "deep" / "wine" / f"{name}.npy", mmap_mode="r")
        np.testing.assert_array_equal(stored, getattr(e, name))
    assert_equal(e[10:20], explainer.explain(WINE[10:20], target))
    e.save(tmp_path / "wine.npz")


@pytest.mark.parametrize("method", ["neon", "shapley", "integrated"])
def test_behind_steps_and_by_games(tmp_path, method):
    model = make_pipeline(PowerTransformer(), KMeans(3, n_init=1, random_state=0)).fit(WINE)
    explainer = neonxai.ClusterExplainer(model, method=method).fit(WINE)
    assert_equal(explainer.explain(WINE, out=tmp_path / "wine"), explainer.explain(WINE))


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "wine").mkdir()
    (tmp_path / "wine" / "mine").write_text("mine")
    explainer = neonxai.ClusterExplainer(MODEL).fit(WINE)
    with pytest.raises(FileExistsError, match=r"wine.* exists, and nothing is overwritten\. Choose a new"):
        explainer.explain(WINE, out=tmp_path / "wine")
    assert [path.name for path in (tmp_path / "wine").iterdir()] == ["mine"]


def test_sparse_relevance_is_refused(tmp_path):
    rows = csr_array(np.eye(6))
    explainer = neonxai.ClusterExplainer(KMeans(2, n_init=1, random_state=0)).fit(rows)
    with pytest.raises(ValueError, match="out= is for dense relevance"):
        explainer.explain(rows, out=tmp_path / "rows")
    e = explainer.explain(rows, out=tmp_path / "dense", dense=True)
    np.testing.assert_array_equal(e.relevance, explainer.explain(rows, dense=True).relevance)


@pytest.mark.parametrize("by_kernel", [False, True])
def test_the_result_takes_no_memory(tmp_path, monkeypatch, by_kernel):
    monkeypatch.setattr("neonxai.stages.fused._WORTH_LOADING", 0)
    if by_kernel:
        pytest.importorskip("numba")
    else:
        monkeypatch.setattr(kernels, "available", lambda: False)
    rng = np.random.default_rng(0)
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (1_000_000, 13))
    X[:] = rng.random((1, 13), dtype=np.float32)
    explainer = neonxai.ClusterExplainer(MODEL).fit(WINE)
    explainer.explain(X[:1000])

    def peak(**asked):
        tracemalloc.start()
        explainer.explain(X, **asked)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(out=tmp_path / "out") < 24 * 2**20
    assert peak() > X.nbytes  # the broken subject: a result in memory
