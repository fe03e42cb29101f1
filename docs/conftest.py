"""The pages' examples are run by the tests; the gallery and Sphinx's own files by the build."""

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")  # pictures are drawn, and shown to nobody

collect_ignore = ["conf.py", "_checks", "_ext", "_build", "generated", "gallery", "auto_gallery"]


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    """Matplotlib warns of the 21st open figure: a page starts with none, and leaves none."""
    from matplotlib import pyplot as plt

    plt.close("all")
    yield
    plt.close("all")
