"""SHAP's own plots draw what `to_shap` gives."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from matplotlib import pyplot as plt

import neonxai
from explained_data import CENTERS, X, explain_sparse
from neonxai.evaluation import deletion_curve

pytestmark = pytest.mark.filterwarnings("ignore")  # SHAP's own


def shap_plots():
    """SHAP's plots; the package has its own way of importing them."""
    return import_module("shap").plots


DRAWN = {
    "waterfall": lambda s: shap_plots().waterfall(s[0], show=False),
    "beeswarm": lambda s: shap_plots().beeswarm(s, show=False),
    "bar": lambda s: shap_plots().bar(s, show=False),
    "heatmap": lambda s: shap_plots().heatmap(s, show=False),
    "scatter": lambda s: shap_plots().scatter(s[:, 0], show=False),
    "violin": lambda s: shap_plots().violin(s, show=False),
    "decision": lambda s: shap_plots().decision(s.base_values[0], s.values, show=False),
}


@pytest.mark.parametrize("name", DRAWN)
def test_it_is_drawn(wine, name):
    DRAWN[name](wine[wine.labels == 1].to_shap())
    figure = plt.gcf()
    figure.canvas.draw()
    assert any(ax.has_data() for ax in figure.axes)
    assert np.asarray(figure.canvas.buffer_rgba())[..., :3].std() > 5  # not blank


def test_the_waterfall_ends_at_the_logit(wine):
    shown = wine[3].to_shap()[0]
    assert shown.base_values + shown.values.sum() == pytest.approx(wine.logits[3], rel=1e-9)
    shap_plots().waterfall(shown, show=False)
    texts = [text.get_text() for ax in plt.gcf().axes for text in ax.findobj(plt.Text)]
    assert any(f"{wine.logits[3]:.3f}" in text for text in texts)


def test_documents_are_drawn():
    e = explain_sparse(X, CENTERS)
    shap_plots().beeswarm(e[e.labels == e.labels[0]].to_shap(), show=False)
    assert plt.gcf().axes[0].has_data()


def test_curves_draw_on_given_axes(wine):
    centers = neonxai.Centroids(np.array([wine.data[wine.labels == k].mean(axis=0) for k in range(3)]))
    curve = deletion_curve(neonxai.ClusterExplainer(centers).fit(wine.data), wine.data)
    _, (left, right) = plt.subplots(1, 2)
    assert curve.plot(right) is right
    assert not left.has_data()
    np.testing.assert_array_equal(right.lines[0].get_ydata(), curve.logits)
