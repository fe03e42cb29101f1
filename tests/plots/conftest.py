"""What the plots are tried on, and the mechanical eye that looks at them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.preprocessing import minmax_scale

import neonxai

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

ODD_NAMES = (
    "price 😀", "$x_1^2$", "שלום עולם", "中文特征名", "US$ per $", "سلام", "line\nbreak", "_under_^hat",
    "\\frac{%}",
)  # fmt: skip
LONG_NAMES = tuple(
    f"the_measurement_{c}_which_is_described_in_full_in_its_name_{c}_{i}" for i, c in enumerate("abcdefgh")
)


@pytest.fixture(autouse=True)
def _quiet_backend() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


def explained(X, n_clusters, feature_names=None, cluster_names=None) -> neonxai.Explanation:
    model = KMeans(n_clusters, n_init=1, random_state=0).fit(X)
    e = neonxai.explain(neonxai.Centroids(model.cluster_centers_, cluster_names=cluster_names), X)
    return e if feature_names is None else replace(e, feature_names=tuple(feature_names))


def noise(n: int, n_features: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, n_features))


def _wine(n_clusters):
    wine = load_wine()
    e = explained(minmax_scale(wine.data), n_clusters, wine.feature_names)
    return e, np.array(wine.target_names)[wine.target]


def _cancer():
    cancer = load_breast_cancer()
    e = explained(minmax_scale(cancer.data), 2, cancer.feature_names, ("mostly benign", "mostly malignant"))
    return e, cancer.target


def _digits():
    digits = load_digits()
    return explained(digits.data, 10, digits.feature_names), digits.target


CASES = {
    "wine": lambda: _wine(3),
    "thirty clusters": lambda: _wine(30),
    "cancer": _cancer,
    "digits": _digits,
    "two features": lambda: (explained(noise(60, 2), 2), None),
    "one feature": lambda: (explained(noise(60, 1), 3, ["price in US$"]), np.arange(60) % 2),
    "long names": lambda: (
        explained(noise(100, 8), 4, LONG_NAMES, [f"{name} cluster" for name in LONG_NAMES[:4]]),
        [f"{LONG_NAMES[i % 6]} class" for i in range(100)],
    ),
    "odd names": lambda: (
        explained(noise(90, 9), 3, ODD_NAMES, ("😀 up", "$", "שלום")),
        np.array(["中", "$a_b$", "c\td"])[np.arange(90) % 3],
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def cases():
    """Explanations, and classes of their rows, by name; made once."""
    made: dict[str, tuple[neonxai.Explanation, object]] = {}

    def get(name: str):
        if name not in made:
            made[name] = CASES[name]()
        return made[name]

    return get


@pytest.fixture
def wine(cases) -> neonxai.Explanation:
    return cases("wine")[0]


def shown_texts(figure: Figure) -> list[Text]:
    """Every text that the canvas has drawn: ticks outside the view are kept by matplotlib, but not drawn."""
    hidden = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * (high - low)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low - slack <= tick.get_loc() <= high + slack:
                    hidden |= {tick.label1, tick.label2}
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden]


def faults(figure: Figure) -> list[str]:
    """Name every text that leaves the figure, and every two that lie on each other, by more than a pixel."""
    figure.canvas.draw()
    texts = shown_texts(figure)
    boxes = np.array([text.get_window_extent().extents for text in texts])
    low, high = boxes[:, :2], boxes[:, 2:]
    outside = (low < -1).any(axis=1) | (high > np.array(figure.canvas.get_width_height()) + 1).any(axis=1)
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    touching = np.triu((shared > 1).all(axis=2), k=1)
    return [f"outside: {texts[i].get_text()!r}" for i in np.flatnonzero(outside)] + [
        f"overlap: {texts[i].get_text()!r} and {texts[j].get_text()!r}" for i, j in np.argwhere(touching)
    ]


@pytest.fixture
def find_faults():
    return faults
