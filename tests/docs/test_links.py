"""Links of the documentation lead somewhere; and the checks of links reject what doesn't."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def load(name):
    """A script of docs/, as a module."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, ROOT / "docs" / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


links = load("_checks/links.py")
pages = load("_checks/pages.py")


def test_the_repository_has_no_broken_link():
    assert links.check(ROOT) == []


@pytest.fixture
def checkout(tmp_path):
    """A small checkout in which all is well."""
    (tmp_path / "docs" / "images").mkdir(parents=True)
    (tmp_path / "src").mkdir()
    (tmp_path / "docs" / "images" / "a.png").touch()
    (tmp_path / "README.md").write_text(
        "# Us\n\n[guide](docs/guide.md#how-it-s-done), [here](#us), ![](docs/images/a.png), "
        "[out](https://example.org/a_(b)?c#d)\n",
        encoding="utf-8",
    )
    (tmp_path / "docs" / "guide.md").write_text(
        "# Guide\n\n## How it `s` done\n\n```md\n[no link](gone.md)\n```\n", encoding="utf-8"
    )
    (tmp_path / "src" / "code.py").write_text('"""See docs/guide.md."""\n', encoding="utf-8")
    return tmp_path


def test_a_good_checkout_passes(checkout):
    assert links.check(checkout) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("docs/guide.md", "[x](gone.md)", "gone.md: there is no such file"),
        ("docs/guide.md", "![x](images/gone.png)", "images/gone.png: there is no such file"),
        ("docs/guide.md", "[x](../README.md#them)", "README.md#them: there is no such heading"),
        ("docs/guide.md", "[x](#nowhere)", "#nowhere: there is no such heading"),
        (
            "docs/guide.md",
            "# In a fence\n\n```\n# no heading\n```\n[x](#no-heading)",
            "there is no such heading",
        ),
        ("src/code.py", '"""docs/gone.md derives it."""', "docs/gone.md: there is no such page"),
        ("README.md", "<https://github/x>", "https://github/x: there is no such host"),
        ("src/code.py", "# https://", "https://: there is no such host"),
    ],
)
def test_a_broken_link_is_found(checkout, file, text, complaint):
    place = checkout / file
    place.write_text(place.read_text(encoding="utf-8") + "\n" + text + "\n", encoding="utf-8")
    found = links.check(checkout)
    assert len(found) == 1
    assert complaint in found[0]


def test_an_empty_folder_is_no_checkout(tmp_path):
    assert "is no checkout" in links.check(tmp_path)[0]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Which method is truest?", "which-method-is-truest"),
        ("How wide: γ", "how-wide-γ"),
        ("The extra `fast`", "the-extra-fast"),
        ("[A link](x.md) in it", "a-link-in-it"),
    ],
)
def test_anchors_are_githubs(heading, anchor):
    assert links.anchor(heading) == anchor


GOOD = (
    '<html><link rel="canonical" href="https://example.org/"><img src="a.png"><script src="a.js"></script>'
    '<h1 id="top">A</h1><a href="#top">up</a><a href="folder/b.html#it">b</a>'
    '<a href="https://example.org">out</a><a href="mailto:a@example.org">write</a></html>'
)


@pytest.fixture
def site(tmp_path):
    """A small site in which all is well."""
    (tmp_path / "folder").mkdir()
    for name in ("a.png", "a.js"):
        (tmp_path / name).touch()
    (tmp_path / "a.css").write_text(
        "p { background: url(a.png) } /* https://example.org */", encoding="utf-8"
    )
    (tmp_path / "index.html").write_text(GOOD, encoding="utf-8")
    (tmp_path / "folder" / "b.html").write_text(
        '<p id="it"><a href="../index.html">a</a></p>', encoding="utf-8"
    )
    return tmp_path


def test_a_good_site_passes(site):
    assert pages.check(site) == []


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ('<script src="https://cdn.example.org/x.js"></script>', "loads https://cdn.example.org/x.js"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "loads //example.org/x.css"),
        ('<img src="http://example.org/x.png">', "loads http://example.org/x.png"),
        ("<style>@import 'https://example.org/x.css';</style>", "loads https://example.org/x.css"),
        ('<p style="background: url(https://example.org/x.png)">', "loads https://example.org/x.png"),
        ('<a href="gone.html">x</a>', "gone.html: there is no such file"),
        ('<img src="gone.png">', "gone.png: there is no such file"),
        ('<a href="#gone">x</a>', "#gone: there is no such place"),
        ('<a href="folder/b.html#gone">x</a>', "folder/b.html#gone: there is no such place"),
    ],
)
def test_a_bad_page_is_found(site, html, complaint):
    (site / "index.html").write_text(GOOD + html, encoding="utf-8")
    found = pages.check(site)
    assert len(found) == 1
    assert complaint in found[0]


def test_a_style_that_loads_from_elsewhere_is_found(site):
    (site / "a.css").write_text("@font-face { src: url('https://example.org/f.woff') }", encoding="utf-8")
    assert "loads https://example.org/f.woff" in pages.check(site)[0]


def test_no_pages_is_an_error(tmp_path):
    assert "there are no pages" in pages.check(tmp_path)[0]
