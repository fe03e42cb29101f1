"""What is written for other readers, and would look odd on a page."""

from typing import Any

from docutils import nodes
from formulas import pieces
from sphinx.transforms import SphinxTransform

_SETTINGS = {"index": nodes.subscript, "power": nodes.superscript}
_AS_IT_IS = (
    nodes.literal,
    nodes.literal_block,
    nodes.doctest_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.title,
    *_SETTINGS.values(),
)


def set_formula(text: str) -> list[nodes.Node]:
    """Return a text's nodes, with indices and powers in their places, also in each other."""
    return [
        nodes.Text(part) if kind == "text" else _SETTINGS[kind]("", "", *set_formula(part))
        for kind, part in pieces(text)
    ]


class Formulas(SphinxTransform):
    """Formulas are written in plain letters, R_i = Σ_k a_k Z_ik; on a page an index is set as one."""

    default_priority = 800

    def apply(self, **_kwargs: Any) -> None:
        """Set indices and powers in all text that is not code."""
        for node in list(self.document.findall(nodes.Text)):
            if not isinstance(node.parent, _AS_IT_IS) and len(pieces(node.astext())) > 1:
                node.parent.replace(node, set_formula(node.astext()))


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
    app.add_transform(Formulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
