"""Bars in docstrings are absolute values, Σ_i |R_i|, and not reStructuredText's substitutions, which none has."""

from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform


class AbsoluteValues(SphinxTransform):
    """Turn what was read as a substitution back into its text."""

    default_priority = 200  # before docutils looks for definitions of substitutions, at 220

    def apply(self, **_kwargs: Any) -> None:
        """Change the document."""
        for node in list(self.document.findall(nodes.substitution_reference)):
            node.replace_self(nodes.Text(f"|{node.astext()}|"))


def setup(app: Any) -> dict[str, bool]:
    """Register the transform with Sphinx."""
    app.add_transform(AbsoluteValues)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
