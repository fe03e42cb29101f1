"""Names in single backticks: the last parts of a public name lead to it, others must at least exist.

A docstring says ``Explanation.summary`` for what is `neonxai.Explanation.summary` here. Its own arguments and
names of private parts are shown as they are. What is none of these is left to Sphinx, which warns of it.
"""

import ast
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.util.nodes import make_refnode

SOURCE = Path(__file__).parents[2] / "src" / "neonxai"


@cache
def words() -> frozenset[str]:
    """Return all names in the package: of modules, classes, functions, methods and arguments."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        parts = ("neonxai", *path.relative_to(SOURCE).with_suffix("").parts)
        found.add(".".join(part for part in parts if part != "__init__"))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                arguments = (*node.args.args, *node.args.kwonlyargs)
                found.update((node.name, *(argument.arg for argument in arguments)))
            elif isinstance(node, ast.ClassDef):
                members = [member.name for member in node.body if isinstance(member, ast.FunctionDef)]
                members += [
                    member.target.id
                    for member in node.body
                    if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
                ]
                found.add(node.name)
                found.update(f"{node.name}.{member}" for member in members)
    return frozenset(found)


def public_name(target: str, objects: list[str]) -> str | None:
    """Return the one object whose name ends with the target's parts, if there is one."""
    ending = f".{target}"
    matches = [name for name in objects if name.endswith(ending)]
    return matches[0] if len(matches) == 1 else None


def exists(target: str) -> bool:
    """Say whether a name is in the package, or an attribute of an argument of a documented class."""
    first, _, rest = target.partition(".")
    return target in words() or (first.islower() and f"{first.title()}.{rest}" in words())


def setup(app: Any) -> dict[str, bool]:
    """Register the look-up with Sphinx."""

    def find(app: Any, env: Any, node: Any, content: Any) -> Any:
        if node.get("refdomain") != "py" or node.get("reftype") != "obj":
            return None
        target = node["reftarget"]
        objects = env.get_domain("py").objects
        name = public_name(target, list(objects))
        if name is not None:
            entry = objects[name]
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, name)
        return content if exists(target) else None

    app.connect("missing-reference", find)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
