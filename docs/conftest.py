"""The pages' examples are run by the tests; the gallery and Sphinx's own files by the build."""

from collections.abc import Iterator

import pytest

collect_ignore = ["conf.py", "_checks", "_ext", "_build", "generated", "gallery", "auto_gallery"]


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    """Matplotlib warns of the 21st open figure: a page starts with none, and leaves none."""
    from matplotlib import pyplot as plt

    plt.switch_backend("Agg")  # drawn, and shown to nobody; here alone, not in the processes of other tests
    plt.close("all")
    yield
    plt.close("all")
