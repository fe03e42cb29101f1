"""Metrics of Quantus on a clustering: worked by hand, and equal to ours where they measure the same."""

import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler

from neonxai import Centroids, ClusterExplainer
from neonxai.evaluation import deletion_curve, to_quantus

pytest.importorskip("torch")
WINE = StandardScaler().fit_transform(load_wine().data)
CORNERS = ClusterExplainer(Centroids([[0, 0], [4, 2]])).fit([[0, 0]])


class _Nothing(types.ModuleType):
    """A module with every class."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@pytest.fixture(scope="module")
def quantus():
    """Of torchvision, which may be built for another PyTorch, Quantus needs the names of some classes."""
    with pytest.MonkeyPatch.context() as patch:
        try:
            import torchvision  # noqa: F401
        except (ImportError, RuntimeError):
            for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
                del sys.modules[name]
            for name in ("", ".models", ".models.vgg", ".models.resnet"):
                patch.setitem(sys.modules, "torchvision" + name, _Nothing("torchvision" + name))
        return pytest.importorskip("quantus")


def pixel_flipping(quantus, given, baseline):
    metric = quantus.PixelFlipping(
        normalise=False, perturb_baseline=baseline, disable_warnings=True, features_in_step=1
    )
    return np.array(metric(**given))


def test_pixel_flipping_by_hand(quantus):
    """From (0, 0), R = (16, 4): by way of (3, 0), f = 5 − 9, to (3, 3), f = 2 − 18."""
    assert pixel_flipping(quantus, to_quantus(CORNERS, [[0, 0]]), 3.0).tolist() == [[-4, -16]]
    reversed_ = to_quantus(CORNERS, [[0, 0]], [[4.0, 16.0]])
    assert pixel_flipping(quantus, reversed_, 3.0).tolist() == [[17 - 9, -16]]  # by way of (0, 3)


@pytest.mark.parametrize("kind", ["k-means", "mixture", "pipeline of a frame"])
def test_pixel_flipping_is_the_deletion_curve(quantus, kind):
    X = WINE
    model = KMeans(4, n_init=2, random_state=0)
    if kind == "mixture":
        model = GaussianMixture(3, covariance_type="diag", random_state=0)
    elif kind != "k-means":
        X = pd.DataFrame(WINE, columns=[f"c{i}" for i in range(13)])
        model = make_pipeline(PowerTransformer(), model)
    explainer = ClusterExplainer(model).fit(X)
    R = explainer.transform(X)
    total = {}
    for name, relevance in (
        ("own", R),
        ("reversed", -R),
        ("random", np.random.default_rng(0).random(R.shape)),
    ):
        found = pixel_flipping(quantus, to_quantus(explainer, X, relevance), 0.0)
        curve = deletion_curve(explainer, X, relevance, replacement=np.zeros(13))
        # float32 rows: 7 digits of evidence around 100.
        np.testing.assert_allclose(found.mean(axis=0), curve.logits[1:], rtol=0, atol=1e-3)
        total[name] = found.mean()
    assert total["own"] < total["random"] < total["reversed"]


def test_sparseness_and_complexity_by_hand(quantus):
    """Of (16, 4): Gini's index (2·1 − 3)·4 + (2·2 − 3)·16 over 2·20; the entropy of (0.8, 0.2)."""
    given = to_quantus(CORNERS, [[0, 0]])
    sparseness = quantus.Sparseness(disable_warnings=True)(**given)
    assert sparseness == pytest.approx([12 / 40], abs=1e-6)
    complexity = quantus.Complexity(disable_warnings=True)(**given)
    assert complexity == pytest.approx([-0.8 * np.log(0.8) - 0.2 * np.log(0.2)], abs=1e-6)
    constant = to_quantus(CORNERS, [[0, 0]], [[1.0, 1.0 + 1e-9]])
    assert quantus.Sparseness(disable_warnings=True)(**constant) == pytest.approx([0.0], abs=1e-6)
    assert quantus.Complexity(disable_warnings=True)(**constant) == pytest.approx([np.log(2)], abs=1e-6)


def test_faithfulness_correlation_of_two_clusters(quantus):
    """f is linear, and what deletion of some features to 0 takes away is exactly the sum of their w_i x_i."""
    explainer = ClusterExplainer(KMeans(2, n_init=2, random_state=0)).fit(WINE)
    centers = explainer.model_.cluster_centers_
    w = 2 * (centers - centers[::-1])[explainer.model_.labels_]
    metric = quantus.FaithfulnessCorrelation(
        nr_runs=30, subset_size=4, perturb_baseline=0.0, disable_warnings=True, return_aggregate=False
    )
    np.random.seed(0)  # noqa: NPY002  # where Quantus draws from
    np.testing.assert_allclose(metric(**to_quantus(explainer, WINE[:20], (w * WINE)[:20])), 1.0, atol=1e-5)
    np.testing.assert_allclose(metric(**to_quantus(explainer, WINE[:20], -(w * WINE)[:20])), -1.0, atol=1e-5)


def test_sensitivity_explains_changed_rows(quantus):
    """Relevance that is the same for all rows is not sensitive; ours is."""
    explainer = ClusterExplainer(KMeans(3, n_init=2, random_state=0)).fit(WINE)
    given = to_quantus(explainer, WINE[:5])
    metric = quantus.MaxSensitivity(nr_samples=3, disable_warnings=True, normalise=False)
    np.random.seed(0)  # noqa: NPY002  # where Quantus draws from
    assert np.all(np.array(metric(**given)) > 0)
    flat = {
        **given,
        "explain_func": lambda model, inputs, targets, **_: np.arange(13.0) + np.zeros(inputs.shape),
    }
    flat["a_batch"] = np.arange(13.0) + np.zeros((5, 1, 13))
    assert np.array(metric(**flat)).tolist() == [0] * 5


def test_the_model_and_targets():
    import torch

    explainer = ClusterExplainer(KMeans(3, n_init=2, random_state=0)).fit(WINE)
    e = explainer.explain(WINE, target=1)
    given = to_quantus(explainer, WINE, e)
    assert given["y_batch"].tolist() == [1] * len(WINE)
    assert np.array_equal(given["a_batch"][:, 0], e.relevance)
    assert given["x_batch"].shape == given["a_batch"].shape == (178, 1, 13)
    logits = given["model"](torch.tensor(given["x_batch"])).numpy()
    np.testing.assert_allclose(logits[:, 1], e.logits, rtol=1e-12, atol=1e-12)
    assert np.array_equal(logits.argmax(axis=1), e.label_positions)
    given["a_batch"] += 1  # Quantus changes what it gets
    assert not np.array_equal(given["a_batch"][:, 0], e.relevance)


def test_bad_input():
    with pytest.raises(ValueError, match="explanation has 3 rows, but X has 178"):
        to_quantus(CORNERS, np.zeros((178, 2)), CORNERS.explain(np.zeros((3, 2))))
    with pytest.raises(ValueError, match="relevance has shape"):
        to_quantus(CORNERS, [[0, 0]], [[1.0]])
    with pytest.raises(TypeError, match="explainer is a KMeans"):
        to_quantus(KMeans(2), [[0, 0]])


def test_without_torch(monkeypatch):
    monkeypatch.setattr("neonxai.evaluation.quantus.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"neonxai\[quantus\]"):
        to_quantus(CORNERS, [[0, 0]])


def test_the_documentations_example(quantus):
    """The lines of docs/evaluation.md, as they are."""
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    block = next(block for block in text.split("```python\n") if block.startswith("import quantus")).split(
        "```"
    )[0]
    explainer = ClusterExplainer(KMeans(3, n_init=2, random_state=0)).fit(WINE)
    known = {"given": to_quantus(explainer, WINE[:20])}
    exec(block, known)  # noqa: S102
    curve = deletion_curve(explainer, WINE[:20], replacement=np.zeros(13))
    np.testing.assert_allclose(np.mean(known["curves"], axis=0), curve.logits[1:], rtol=0, atol=1e-3)
    assert len(known["sparseness"]) == len(known["sensitivity"]) == 20
