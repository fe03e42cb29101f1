"""A notebook in a real kernel: explanations as tables, pictures inline, a bar for long work."""

from __future__ import annotations

import base64
import io

import pytest
from matplotlib.image import imread

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

CELLS = {
    "explain": """
import warnings; warnings.simplefilter("error")
import neonxai
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
X = load_wine(as_frame=True).data
names = {"proline": "<script>alert(1)</script>"}  # unscaled, it decides most
e = neonxai.explain(KMeans(3, n_init=1, random_state=0), X.rename(columns=names))
e
""",
    "waterfall": "e.plot.waterfall(3);",
    "all": """
e.plot.sample(3); e.plot.map(); e.plot.heatmap(); e.plot.beeswarm(0); e.plot.contrast()
e.plot.distributions(0); e.plot.image(3, shape=(1, 13));
""",
    "text": 'e.plot.text_html(3, "alcohol <b>ash</b>")',
    "progress": """
import neonxai.progress
neonxai.progress._DELAY = 0.0
_ = neonxai.explain(neonxai.Centroids(X.to_numpy()[:3]), X.to_numpy(), progress=True)
warnings.simplefilter("default")  # the kernel's own, as it stops, are none of ours
""",
}


@pytest.fixture(scope="module")
def outputs():
    """What each cell shows, by its name."""
    import nbclient
    import nbformat
    from traitlets.config import Config

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip()) for source in CELLS.values()]
    )
    # Over a socket of this machine alone, without ports.
    config = Config({"KernelManager": {"transport": "ipc"}})
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("MPLBACKEND", raising=False)  # the kernel chooses: inline
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", config=config).execute()
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


def pictures(shown):
    return [output.data["image/png"] for output in shown if "image/png" in output.get("data", {})]


def test_an_explanation_is_a_table(outputs):
    (shown,) = outputs["explain"]
    html = shown.data["text/html"]
    assert "<table" in html
    assert "<caption" in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert shown.data["text/plain"].startswith("Explanation of 178 rows")


def test_pictures_come_inline_and_once(outputs):
    (picture,) = pictures(outputs["waterfall"])
    pixels = imread(io.BytesIO(base64.b64decode(picture)))
    assert pixels.shape[0] > 100
    assert pixels[..., :3].std() > 0.05  # not blank
    assert len(pictures(outputs["all"])) == 7
    assert all(output.output_type == "display_data" for output in outputs["all"])


def test_a_document_is_html(outputs):
    (shown,) = outputs["text"]
    assert "&lt;b&gt;" in shown.data["text/html"]
    assert "<span" in shown.data["text/html"]


def test_there_is_a_bar(outputs):
    text = "".join(output.get("text", "") for output in outputs["progress"])
    widgets = [output for output in outputs["progress"] if "text/html" in output.get("data", {})]
    assert "Explaining" in text or widgets
