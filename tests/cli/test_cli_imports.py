"""The modules of the shell import each other one way only, those for types alone included."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from neonxai import cli

FOLDER = Path(cli.__file__).parent


def _imports(source: str) -> set[str]:
    """Names of the modules of ``neonxai.cli`` that a source imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "neonxai.cli":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("neonxai.cli."):
            found.add(node.module.split(".")[2])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[2] for a in node.names if a.name.startswith("neonxai.cli.")}
    return found


def test_no_circle():
    graph = {path.stem: _imports(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.py")}
    assert graph["describe"] >= {"request", "result"}  # imports for types are seen
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) == set(graph)
    assert order.index("result") < order.index("describe") < order.index("explain") < order.index("app")
    graph["result"] |= {"explain"}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()
