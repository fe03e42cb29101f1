"""No text of the other plots is cut off or covered, on a figure of the plot's own and on given Axes."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

import neonxai
from neonxai import plots

CASES = ["wine", "thirty clusters", "digits", "two features", "long names", "odd names"]
SIZES = {"own": None, "300 × 250 px": (3, 2.5), "1400 px": (14, 10)}
ROW = 3


def text_of(e):
    return " ".join(map(str, e.feature_names)) + ". The $end$\n(of a 😀 שלום text)."


KINDS = {
    "waterfall": (1, lambda e, axes: plots.waterfall(e, ROW, ax=axes)),
    "beeswarm": (1, lambda e, axes: plots.beeswarm(e, e.labels[ROW], ax=axes)),
    "contrast": (1, lambda e, axes: plots.contrast(e, ax=axes)),
    "pair": (1, lambda e, axes: plots.contrast(e, e.labels[ROW], ax=axes)),
    "distributions": (2, lambda e, axes: plots.distributions(e, e.labels[ROW], axes=axes)),
    "image": (2, lambda e, axes: plots.image(e, ROW, shape=shape_of(e), axes=axes)),
    "text": (1, lambda e, axes: plots.text(e, ROW, text_of(e), ax=axes)),
}


def shape_of(e):
    return (8, 8) if e.n_features == 64 else (1, e.n_features)


def draw(kind, e, size):
    panels, plot = KINDS[kind]
    axes = None
    if size is not None:
        _, axes = plt.subplots(1, panels, figsize=size, layout="constrained")
    return np.ravel(np.array(plot(e, axes), dtype=object))[0].figure


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_every_text_can_be_read(cases, find_faults, case, kind, size):
    explanation, _ = cases(case)
    assert find_faults(draw(kind, explanation, SIZES[size])) == []


@pytest.fixture(scope="module")
def many():
    """Explanations of 500 features × 100 clusters, and of fewer features, whose contrasts are at hand."""
    rng = np.random.default_rng(0)
    wide, narrow = (rng.normal(size=(400, d)) for d in (500, 90))
    return tuple(neonxai.explain(neonxai.Centroids(rows[:100]), rows) for rows in (wide, narrow))


BROAD = ("waterfall", "beeswarm", "contrast", "pair", "distributions", "image")


@pytest.mark.parametrize("size", ["own", "300 × 250 px"])
@pytest.mark.parametrize("kind", [*BROAD, "heatmap", "map"])
def test_many_features_and_clusters(many, find_faults, kind, size):
    e = many[kind in ("contrast", "pair")]
    ax = None if size == "own" else plt.subplots(figsize=SIZES[size], layout="constrained")[1]
    if kind in BROAD:
        plt.close("all")
        figure = draw(kind, e, SIZES[size])
    else:
        figure = getattr(e.plot, kind)(ax=ax).figure
    assert find_faults(figure) == []


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_dark_page(cases, find_faults, kind):
    with plt.style.context("dark_background"):
        assert find_faults(draw(kind, cases("wine")[0], None)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_eye_sees_them_spoilt(cases, find_faults, kind):
    figure = draw(kind, cases("wine")[0], None)
    figure.set_layout_engine("none")
    figure.set_size_inches(1.5, 1.5)
    assert len(find_faults(figure)) > 2
