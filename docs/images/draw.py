"""Draw the pictures of the README and of docs/plots.md: python docs/images/draw.py."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.datasets import load_digits, load_wine
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai.evaluation import compare


def scipy_pages() -> dict[str, str]:
    """SciPy's own documentation, by name."""
    pages = {}
    for part in ("ndimage", "linalg", "signal", "stats"):
        module = importlib.import_module(f"scipy.{part}")
        for name in module.__all__:
            text = inspect.getdoc(getattr(module, name)) or ""
            if callable(getattr(module, name)) and len(text) > 300:
                pages[f"{part}.{name}"] = text
    return pages


def pictures() -> dict[str, Callable[[], Any]]:
    """What draws each picture, by the name of its file."""
    wine = load_wine(as_frame=True).data
    X = StandardScaler().set_output(transform="pandas").fit_transform(wine)
    e = neonxai.explain(KMeans(3, random_state=0).fit(X), X)
    found = neonxai.explain(HDBSCAN(min_cluster_size=10, copy=True).fit(X), X)
    pixels = load_digits().data
    digits = neonxai.explain(KMeans(10, n_init=10, random_state=0).fit(pixels), pixels)
    words = TfidfVectorizer(
        stop_words="english",
        min_df=3,
        max_df=0.4,
        token_pattern="[a-z]{4,}",  # noqa: S106  # no password
        sublinear_tf=True,
    )
    pages = scipy_pages()
    model = make_pipeline(words, KMeans(5, n_init=10, random_state=0))
    texts = list(pages.values())
    documents = neonxai.explain(model, texts)
    butter = list(pages).index("signal.butter")
    explainer = neonxai.ClusterExplainer(KMeans(3, n_init=10, random_state=0)).fit(X)

    def curves() -> tuple[Axes, Axes]:
        return compare(explainer, X, {"distance from the mean": np.abs(X.to_numpy())}).plot()

    return {
        "wine-60": lambda: e.plot.sample(60, values=wine),
        "waterfall": lambda: e.plot.waterfall(60, values=wine),
        "heatmap": found.plot.heatmap,
        "beeswarm": lambda: e.plot.beeswarm(1),
        "distributions": lambda: e.plot.distributions(1, values=wine, max_features=3),
        "contrast": e.plot.contrast,
        "pair": lambda: e.plot.contrast(0, 2, max_features=6),
        "map": found.plot.map,
        "digit": lambda: digits.plot.image(3, shape=(8, 8)),
        "text": lambda: documents.plot.text(butter, texts[butter], max_lines=12),
        "curves": curves,
    }


def main() -> None:
    """Write the pictures beside this file."""
    mpl.use("Agg")
    for name, draw in pictures().items():
        first = np.ravel(np.array(draw(), dtype=object))[0]
        first.figure.savefig(Path(__file__).with_name(f"{name}.png"), dpi=110 if name == "wine-60" else 80)


if __name__ == "__main__":
    main()
