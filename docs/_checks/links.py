"""Links in the repository's text, without a network: python docs/_checks/links.py [FOLDER].

Every link to a file or a heading must lead somewhere, every page that code or text mentions by its path must
be there, and every address must be one that could be opened.
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)?)\)")
_MENTION = re.compile(r"\bdocs/[\w/-]+\.(?:md|py|rst)\b")
_ADDRESS = re.compile(r"https?:[^\s<>\"'`)\]}|]*")
_FENCE = re.compile(r"^(```|~~~).*?^\1", flags=re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", flags=re.MULTILINE)
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and MyST make it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    kept = "".join(c for c in text.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Return the anchors of all headings of a page in Markdown."""
    return {anchor(heading) for heading in _HEADING.findall(_FENCE.sub("", text))}


def broken_links(page: Path) -> list[str]:
    """Return the links of a page in Markdown that lead nowhere."""
    text = page.read_text(encoding="utf-8")
    found = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        if urlsplit(target).scheme:
            continue
        path, _, place = unquote(target).partition("#")
        other = page.parent / path if path else page
        if not other.exists():
            found.append(f"{page}: {target}: there is no such file")
        elif place and other.suffix == ".md" and place not in anchors(other.read_text(encoding="utf-8")):
            found.append(f"{page}: {target}: there is no such heading")
    return found


def missing_pages(file: Path, root: Path) -> list[str]:
    """Return the pages that a file mentions by their path in the repository, and that are not there."""
    mentioned = set(_MENTION.findall(file.read_text(encoding="utf-8")))
    return [
        f"{file}: {page}: there is no such page" for page in sorted(mentioned) if not (root / page).exists()
    ]


def wrong_addresses(text: str) -> list[str]:
    """Return the addresses in a text that can't be right."""
    found = []
    for address in _ADDRESS.findall(text):
        parts = urlsplit(address.rstrip(".,;:"))
        if not _HOST.fullmatch(parts.netloc.lower()):
            found.append(f"{address}: there is no such host")
    return found


def check(root: Path) -> list[str]:
    """Return all that is wrong in a checkout."""
    pages = [*sorted(root.glob("*.md")), *sorted((root / "docs").glob("*.md"))]
    code = [*sorted((root / "src").rglob("*.py")), *sorted((root / "docs" / "gallery").rglob("*.py"))]
    code += sorted((root / "benchmarks").glob("*.py"))
    found = [broken for page in pages for broken in broken_links(page)]
    for file in [*pages, *code]:
        found += missing_pages(file, root)
        found += [f"{file}: {wrong}" for wrong in wrong_addresses(file.read_text(encoding="utf-8"))]
    if not pages or not code:
        found.append(f"{root} is no checkout: it has {len(pages)} pages and {len(code)} files of code")
    return found


if __name__ == "__main__":
    problems = check(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2])
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    raise SystemExit(bool(problems))
