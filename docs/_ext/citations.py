"""Citations such as [Kauffmann2024] lead to ``references.md``, from the pages and from docstrings.

The pages name their sources in plain brackets, which read well as Markdown anywhere, and docstrings as
``[Kauffmann2024]_``. In the built pages both become links. A docstring that cites what the references do not
have is left as it is, so that Sphinx warns of it.
"""

import re
from pathlib import Path
from typing import Any

_ENTRY = re.compile(r"^\[([\w-]+\d{4})\]\n: ", flags=re.MULTILINE)
_IN_PAGES = re.compile(r"(?<![\[`\w])\[([\w-]+\d{4})\](?![(\[_`])")
_IN_DOCSTRINGS = re.compile(r"\[([\w-]+\d{4})\]_")


def keys(references: str) -> list[str]:
    """Return the keys that the text of ``references.md`` has entries for, in its order."""
    return _ENTRY.findall(references)


def label(key: str) -> str:
    """Return the label of an entry in the built pages."""
    return f"reference-{key.lower()}"


def with_labels(references: str) -> str:
    """Put a label in front of each entry of ``references.md``."""
    return _ENTRY.sub(lambda found: f"({label(found[1])})=\n**[{found[1]}]** ", references)


def linked_page(text: str, known: list[str]) -> str:
    """Make links of the known citations of a page in Markdown."""

    def link(found: re.Match[str]) -> str:
        return f"[\\[{found[1]}\\]](#{label(found[1])})" if found[1] in known else found[0]

    return _IN_PAGES.sub(link, text)


def linked_docstring(line: str, known: list[str]) -> str:
    """Make links of the known citations in a line of a docstring."""

    def link(found: re.Match[str]) -> str:
        return f":ref:`[{found[1]}] <{label(found[1])}>`" if found[1] in known else found[0]

    return _IN_DOCSTRINGS.sub(link, line)


def setup(app: Any) -> dict[str, bool]:
    """Register the two changes with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")  # whose event is connected to
    known = keys((Path(app.srcdir) / "references.md").read_text(encoding="utf-8"))

    def read(_app: Any, name: str, source: list[str]) -> None:
        if name == "references":
            source[0] = with_labels(source[0])
        elif str(app.env.doc2path(name)).endswith(".md"):
            source[0] = linked_page(source[0], known)

    def document(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
        lines[:] = [linked_docstring(line, known) for line in lines]

    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", document)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
