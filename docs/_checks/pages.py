"""The built pages, without a network: python docs/_checks/pages.py [docs/_build].

No page may load anything from elsewhere, and every link within the pages must lead to a page, and to a place
on it. (Links to other sites are followed by readers alone.)
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "link": ("href",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "use": ("href", "xlink:href"),
}
# Of a <link>, what names another page and loads nothing.
_NAMES = {"canonical", "index", "search", "next", "prev", "author", "license", "alternate", "help"}
_IN_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)")


class Page(HTMLParser):
    """What is on a page: what it loads, where it links to, and the places that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(text)
        self.loaded += _IN_STYLE.findall(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag's attributes."""
        given = {name: value for name, value in attrs if value is not None}
        self.places.update(given[name] for name in ("id", "name") if name in given)
        if tag == "link" and set(given.get("rel", "").split()) & _NAMES:
            return
        self.loaded += [given[name] for name in _LOADED.get(tag, ()) if name in given]
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


def is_elsewhere(address: str) -> bool:
    """Say whether an address is on another site."""
    return address.startswith("//") or urlsplit(address).scheme in {"http", "https", "ftp", "ws", "wss"}


def check(folder: Path) -> list[str]:
    """Return all that is wrong with the pages in a folder."""
    files = sorted(folder.rglob("*.html"))
    pages = {file.resolve(): Page(file.read_text(encoding="utf-8")) for file in files}
    found = [] if pages else [f"{folder}: there are no pages"]
    for file, page in pages.items():
        found += [f"{file}: loads {address}" for address in page.loaded if is_elsewhere(address)]
        for address in [*page.links, *page.loaded]:
            if is_elsewhere(address) or urlsplit(address).scheme:
                continue
            parts = urlsplit(address)
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                found.append(f"{file}: {address}: there is no such file")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                found.append(f"{file}: {address}: there is no such place")
    for style in sorted(folder.rglob("*.css")):
        loaded = _IN_STYLE.findall(style.read_text(encoding="utf-8"))
        found += [f"{style}: loads {address}" for address in loaded]
    return found


if __name__ == "__main__":
    built = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "_build"
    problems = check(built)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    raise SystemExit(bool(problems))
