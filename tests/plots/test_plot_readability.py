"""No label is cut off or covered, on a figure of the plot's own and on given Axes, small and large."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot as plt

from neonxai import plots

CASES = [
    "wine",
    "thirty clusters",
    "cancer",
    "digits",
    "two features",
    "one feature",
    "long names",
    "odd names",
]
KINDS = ["sample", "map", "heatmap"]
SMALL, LARGE = (4, 3), (14, 10)


def draw(kind, explanation, classes, size=None):
    panels = 2 if kind == "sample" else 1
    axes = None
    if size is not None:
        _, axes = plt.subplots(1, panels, figsize=size, layout="constrained")
    if kind == "sample":
        return plots.sample(explanation, 3, axes=axes)[0].figure
    if kind == "map":
        return plots.map(explanation, classes, ax=axes).figure
    return plots.heatmap(explanation, ax=axes).figure


@pytest.mark.parametrize("size", [None, SMALL, LARGE], ids=["own", "400 px", "1400 px"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_every_text_can_be_read(cases, find_faults, case, kind, size):
    explanation, classes = cases(case)
    assert find_faults(draw(kind, explanation, classes, size)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_at_the_users_larger_font(cases, find_faults, kind):
    explanation, classes = cases("cancer")
    with plt.rc_context({"font.size": 18}):
        assert find_faults(draw(kind, explanation, classes)) == []


def test_the_eye_sees_a_name_cut_off(find_faults):
    _, ax = plt.subplots(figsize=(3, 2))
    ax.set_yticks([0], ["a name that is far too long to fit beside the axes"])
    assert any(fault.startswith("outside: 'a name") for fault in find_faults(ax.figure))


def test_the_eye_sees_names_on_each_other(find_faults):
    _, ax = plt.subplots(figsize=(3, 2))
    ax.set_yticks(range(60), [f"name {i}" for i in range(60)])
    assert any(fault.startswith("overlap: 'name 3' and 'name 4'") for fault in find_faults(ax.figure))


def test_the_eye_sees_a_sample_spoilt(wine, find_faults):
    values_ax, _ = plots.sample(wine)
    values_ax.figure.set_layout_engine("none")
    assert any("od280" in fault for fault in find_faults(values_ax.figure))


def test_the_numbers_of_the_heatmap_stay_in_their_cells(cases):
    for case, size in (("wine", None), ("digits", None), ("two features", SMALL), ("cancer", LARGE)):
        explanation, classes = cases(case)
        figure = draw("heatmap", explanation, classes, size)
        figure.canvas.draw()
        ax = figure.axes[0]
        assert len(ax.texts) == ax.images[0].get_array().size
        for text in ax.texts:
            x, y = text.get_position()
            cell = ax.transData.transform([(x - 0.5, y + 0.5), (x + 0.5, y - 0.5)])
            box = text.get_window_extent()
            assert cell[0, 0] <= box.x0 < box.x1 <= cell[1, 0]
            assert cell[0, 1] <= box.y0 < box.y1 <= cell[1, 1]


def test_a_heatmap_without_room_has_no_numbers(cases):
    assert not draw("heatmap", *cases("thirty clusters"), SMALL).axes[0].texts


@pytest.mark.parametrize("size", [None, SMALL, LARGE], ids=["own", "400 px", "1400 px"])
@pytest.mark.parametrize("case", ["wine", "long names", "odd names"])
@pytest.mark.parametrize("kind", ["sample", "heatmap"])
def test_every_text_can_be_read_where_a_cluster_is_asked_for(cases, find_faults, case, kind, size):
    explanation, classes = cases(case)
    asked = explanation.cluster_names[(explanation.label_positions[3] + 1) % explanation.n_clusters]
    other = replace(
        explanation,
        targets=np.full_like(explanation.targets, asked),
        competitors=explanation.labels,
        index=np.array([f"customer {i}, of whom there is a lot to say" for i in range(len(explanation))]),
    )
    assert find_faults(draw(kind, other, classes, size)) == []
