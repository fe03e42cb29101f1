"""What is written for other readers, and would look odd on a page."""

from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform


class AbsoluteValues(SphinxTransform):
    """Bars in docstrings are absolute values, Σ_i |R_i|, and not substitutions, which none of them has."""

    default_priority = 200  # before docutils looks for definitions of substitutions, at 220

    def apply(self, **_kwargs: Any) -> None:
        """Turn what was read as a substitution back into its text."""
        for node in list(self.document.findall(nodes.substitution_reference)):
            node.replace_self(nodes.Text(f"|{node.astext()}|"))


class EndsOfBlocks(SphinxTransform):
    """A session in Markdown ends in an empty line, by which doctest knows its end."""

    default_priority = 200

    def apply(self, **_kwargs: Any) -> None:
        """Take the empty line away."""
        for node in list(self.document.findall(nodes.literal_block)):
            text = node.astext()
            if text.endswith("\n") and len(node.children) == 1:
                node.rawsource = text.rstrip("\n")
                node.children[0] = nodes.Text(node.rawsource)
                node.children[0].parent = node


def setup(app: Any) -> dict[str, bool]:
    """Register the transforms with Sphinx."""
    app.add_transform(AbsoluteValues)
    app.add_transform(EndsOfBlocks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
