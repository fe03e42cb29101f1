"""The base install explains, with none of the extras there, and says what to install for the rest."""

import subprocess
import sys
from importlib.util import find_spec

EXTRAS = ("matplotlib", "plotly", "jinja2", "torch", "pandas", "polars", "pyarrow", "typer", "rich", "shap")
present = [name for name in (*EXTRAS, "tqdm") if find_spec(name) is not None]
assert not present, f"not a base install: {present}"

import numpy as np  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.datasets import load_wine  # noqa: E402

import neonxai  # noqa: E402

X = load_wine().data
explanation = neonxai.explain(KMeans(3, n_init=1, random_state=2), X)
assert np.all(explanation.conservation_error() <= 1e-12 * np.abs(explanation.relevance).sum(axis=1))
print(explanation)

for module, extra in (("neonxai.plots", "plot"), ("neonxai.torch", "torch")):
    code = f"import {module}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode != 0, f"{module} was imported without its extra"
    assert f"neonxai[{extra}]" in run.stderr, run.stderr

shell = subprocess.run([sys.executable, "-m", "neonxai", "demo"], capture_output=True, text=True, check=False)
assert shell.returncode == 1, shell
assert "neonxai[cli]" in shell.stderr, shell.stderr
assert "Traceback" not in shell.stderr, shell.stderr
