"""Links of pages to an example's source, as it lies in the repository, lead to the example's page."""

import re
from typing import Any

_EXAMPLE = re.compile(r"\]\(gallery/([\w/]+)\.py\)")


def linked(text: str) -> str:
    """Return a page in Markdown whose links lead to the built examples."""
    text = text.replace("](gallery/GALLERY_HEADER.rst)", "](auto_gallery/index.rst)")
    return _EXAMPLE.sub(r"](auto_gallery/\1.rst)", text)


def setup(app: Any) -> dict[str, bool]:
    """Register the change with Sphinx."""

    def read(_app: Any, _name: str, source: list[str]) -> None:
        source[0] = linked(source[0])

    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
