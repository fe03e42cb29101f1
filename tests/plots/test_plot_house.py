"""What holds for every plot: it draws where it is told to, and leaves the rest of the world alone."""

from __future__ import annotations

import copy
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from neonxai import plots

PLOTS = {
    "sample": (2, lambda e, axes: plots.sample(e, 2, axes=axes)),
    "map": (1, lambda e, axes: plots.map(e, np.arange(len(e)) % 3, ax=axes)),
    "heatmap": (1, lambda e, axes: plots.heatmap(e, ax=axes)),
    "waterfall": (1, lambda e, axes: plots.waterfall(e, 2, ax=axes)),
    "beeswarm": (1, lambda e, axes: plots.beeswarm(e, 1, ax=axes)),
    "contrast": (1, lambda e, axes: plots.contrast(e, ax=axes)),
    "pair": (1, lambda e, axes: plots.contrast(e, 0, 2, ax=axes)),
    "distributions": (2, lambda e, axes: plots.distributions(e, 1, max_features=2, axes=axes)),
    "image": (2, lambda e, axes: plots.image(e, 2, shape=(1, 13), axes=axes)),
    "text": (1, lambda e, axes: plots.text(e, 2, "hue, and ash; no alcohol, but proline", ax=axes)),
}
BLOCKED = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(params=PLOTS)
def plot(request):
    return PLOTS[request.param]


def test_given_axes_are_used_and_returned(wine, plot):
    panels, draw = plot
    figure, axes = plt.subplots(1, panels, layout="constrained")
    empty = copy.copy(figure.axes)
    assert not any(ax.has_data() for ax in empty)
    before = plt.get_fignums()
    returned = draw(wine, axes)
    assert np.ravel(np.array(returned, dtype=object)).tolist() == empty
    assert all(ax.has_data() for ax in empty)
    assert plt.get_fignums() == before


def test_a_new_figure_is_laid_out_and_known_to_pyplot(wine, plot):
    returned = plot[1](wine, None)
    figure = np.ravel(np.array(returned, dtype=object))[0].figure
    assert plt.get_fignums() == [figure.number]
    assert type(figure.get_layout_engine()).__name__ == "ConstrainedLayoutEngine"


def test_one_panel_beside_others(wine, plot, find_faults):
    panels, draw = plot
    figure, axes = plt.subplots(2, 2, figsize=(14, 10), layout="constrained")
    draw(wine, axes[0] if panels == 2 else axes[0, 1])
    assert not axes[1, 0].has_data()
    assert find_faults(figure) == []


def test_a_subfigure_will_do(wine, plot, find_faults):
    panels, draw = plot
    figure = plt.figure(figsize=(14, 6), layout="constrained")
    left, _ = figure.subfigures(1, 2)
    draw(wine, left.subplots(1, panels))
    assert find_faults(figure) == []


def test_shared_axes_will_do(wine, find_faults):
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(9, 5), layout="constrained")
    values_ax, _ = plots.sample(wine, axes=axes)
    assert any("proline" in label.get_text() for label in values_ax.get_yticklabels())
    assert find_faults(figure) == []


def test_settings_are_left_alone(wine, plot):
    before = copy.deepcopy(dict(mpl.rcParams))
    plot[1](wine, None)
    assert dict(mpl.rcParams) == before


def test_the_explanation_is_left_alone(wine, plot):
    before = {name: np.copy(getattr(wine, name)) for name in ("relevance", "logits", "labels", "data")}
    plot[1](wine, None)
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(wine, name), array)


def test_nothing_is_shown(wine, plot, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("a plot called show"))
    plot[1](wine, None)


def test_the_same_picture_twice(wine, plot):
    def pixels():
        figure = np.ravel(np.array(plot[1](wine, None), dtype=object))[0].figure
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba()).copy()

    np.testing.assert_array_equal(pixels(), pixels())


def test_only_explanations_are_drawn(wine, plot):
    with pytest.raises(TypeError, match=r"explanation is a ndarray, but plots draw a neonxai.Explanation"):
        plot[1](wine.relevance, None)


def test_no_rows_are_refused(wine, plot):
    with pytest.raises(ValueError, match="0 rows"):
        plot[1](wine[:0], None)


def test_the_methods_draw_the_same(wine):
    _, ax = wine.plot.sample(4, max_features=3, order="given")
    assert [p.get_width() for p in ax.patches] == [
        p.get_width() for p in plots.sample(wine, 4, max_features=3, order="given")[1].patches
    ]
    assert wine.plot.map(wine.labels).get_legend() is not None
    statistic = wine.plot.heatmap(statistic="share", max_features=2).images[0].get_array()
    np.testing.assert_array_equal(
        statistic, plots.heatmap(wine, statistic="share", max_features=2).images[0].get_array()
    )


def test_without_matplotlib_the_error_gives_the_remedy():
    code = BLOCKED + "import neonxai\nimport neonxai.plots"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("ImportError: neonxai.plots")
    assert 'pip install "neonxai[plot]"' in done.stderr.strip().splitlines()[-1]


def test_neonxai_itself_does_not_import_matplotlib():
    code = "import sys, neonxai; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = "import sys, neonxai.plots; sys.exit('matplotlib' in sys.modules)"  # and this check can fail
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1
