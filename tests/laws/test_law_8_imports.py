"""Law 8: `import neonxai` pulls in no optional dependency, and arrays are explained without any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OPTIONAL = [
    "matplotlib", "torch", "pandas", "polars", "pyarrow", "typer", "rich", "shap", "captum", "numba",
    "jax", "cupy", "array_api_strict", "plotly", "jinja2",
    "quantus", "hdbscan", "kmedoids", "tslearn", "faiss", "skfuzzy", "pyod", "pyspark",
]  # fmt: skip

# scikit-learn looks for pandas by importing it, and takes a "no": what our dependencies ask for is theirs.
DEPENDENCIES = {"numpy", "scipy", "sklearn", "narwhals", "joblib", "threadpoolctl"}

# Before anything else in a fresh interpreter: whoever asks for an optional package is told there is none,
# and is written down.
BLOCK = """
import sys

requests = set()

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            frame = sys._getframe(1)
            while "importlib" in frame.f_globals.get("__name__", ""):
                frame = frame.f_back
            requests.add((frame.f_globals.get("__name__", "").split(".")[0], name.split(".")[0]))
            raise ModuleNotFoundError(f"No module named {{name!r}} (blocked)", name=name)

sys.meta_path.insert(0, Absent())
"""

IMPORT = """
import importlib
importlib.import_module({module!r})
"""

PRINT_REQUESTS = """
import json
print(json.dumps(sorted(requests)))
"""

EXPLAIN = """
import numpy as np
from sklearn.cluster import KMeans
import neonxai

X = np.array([[0.0, 0.0], [4.0, 0.0], [1.0, 2.0]])
centers = np.array([[0.0, 0.0], [4.0, 0.0]])
e = neonxai.explain(neonxai.Centroids(centers), X, beta=1.0)
# (x - mu_k)^2 - (x - mu_c)^2, feature by feature
assert e.relevance.tolist() == [[16.0, 0.0], [16.0, 0.0], [8.0, 0.0]], e.relevance
e = neonxai.explain(KMeans(2, n_init=1, random_state=0).fit(X), X)
assert e.conservation_error().max() < 1e-12
e.summary(by="cluster")
"""


def run(code: str, path: str = "") -> str:
    """Run `code` in a fresh interpreter and return what it printed; its failure is ours."""
    environment = dict(
        os.environ, PYTHONPATH=os.pathsep.join(filter(None, [path, os.environ.get("PYTHONPATH", "")]))
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_light(code, path=""):
    """`code` runs where no optional package exists, and nobody but a dependency of ours even asks for one."""
    printed = run(BLOCK.format(blocked=OPTIONAL) + code + PRINT_REQUESTS, path)
    heavy = {(who, what) for who, what in json.loads(printed) if who not in DEPENDENCIES}
    assert not heavy, f"pulled in: {sorted(heavy)}"


def check_imports_no_more_than(module, base, path=""):
    """With all installed: `import module` brings in no optional package that `import base` does not."""
    listing = "import json, sys\nprint(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    imported, allowed = (
        set(json.loads(run(IMPORT.format(module=m) + listing, path))) for m in (module, base)
    )
    assert module in imported
    heavy = (imported - allowed) & set(OPTIONAL)
    assert not heavy, f"import {module} pulls in {sorted(heavy)}"


def test_the_package_is_light():
    check_light("import neonxai\n")
    check_imports_no_more_than("neonxai", "sklearn.cluster")


def test_arrays_are_explained_without_any_of_them():
    check_light(EXPLAIN)


def test_the_block_blocks():
    """Or the tests above would say nothing."""
    for name in OPTIONAL:
        with pytest.raises(AssertionError, match="blocked"):
            check_light(f"import {name}")


@pytest.fixture
def packages(tmp_path):
    """One that imports an optional dependency at its top, and one that tries to and hides it."""
    Path(tmp_path, "heavyweight.py").write_text("import polars\n", encoding="utf-8")
    hidden = "try:\n    import polars\nexcept ImportError:\n    pass\n"
    Path(tmp_path, "secretive.py").write_text(hidden, encoding="utf-8")
    return str(tmp_path)


@pytest.mark.parametrize("module", ["heavyweight", "secretive"])
def test_a_heavy_import_is_rejected(packages, module):
    with pytest.raises(AssertionError, match="polars"):
        check_light(f"import {module}\n", packages)
    with pytest.raises(AssertionError, match="polars"):
        check_imports_no_more_than(module, "sklearn.cluster", packages)
