"""The reference has every public name; the pages are in its tables of contents; citations have references."""

import importlib
import importlib.util
import re
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PUBLIC = ["", ".plots", ".report", ".evaluation", ".torch", ".networks", ".sources", ".transforms"]
PUBLIC += [".testing"]
# Shown where they are used most; the other modules hand them on.
ELSEWHERE = {"neonxai.sources": {"Centroids", "FuzzyCentroids", "Labels"}}


def load(name):
    """A module of docs/_ext, which needs no Sphinx until it is set up."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


citations, formulas, gallery_links = load("citations"), load("formulas"), load("gallery_links")


def listed(page):
    """The names in a reference page, by module."""
    found = {}
    for module, table in re.findall(
        r"^\.\. currentmodule:: (\S+)\n\n\.\. autosummary::\n   :toctree: generated\n\n(.*?)```",
        page,
        flags=re.MULTILINE | re.DOTALL,
    ):
        found.setdefault(module, []).extend(table.split())
    return found


def unlisted(page):
    """Public names that the page lacks, and names on it that are not public."""
    names = listed(page)
    missing, strangers = [], []
    for ending in PUBLIC:
        module = importlib.import_module(f"neonxai{ending}")
        public = {name for name in module.__all__ if not isinstance(getattr(module, name), types.ModuleType)}
        public -= ELSEWHERE.get(module.__name__, set())
        shown = names.get(module.__name__, [])
        missing += [f"{module.__name__}.{name}" for name in sorted(public - set(shown))]
        strangers += [f"{module.__name__}.{name}" for name in sorted(set(shown) - public)]
    return missing, strangers


def test_every_public_name_is_in_the_reference():
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    assert unlisted(page) == ([], [])
    assert unlisted(page.replace("   explain_labels\n", "")) == (["neonxai.explain_labels"], [])
    assert unlisted(page.replace("   CentroidNetwork\n", "   Centroid\n")) == (
        ["neonxai.networks.CentroidNetwork"],
        ["neonxai.networks.Centroid"],
    )


def test_every_public_name_has_a_docstring():
    for module, names in listed((DOCS / "api.md").read_text(encoding="utf-8")).items():
        for name in names:
            thing = getattr(importlib.import_module(module), name)
            assert len(thing.__doc__ or "") > 20, f"{module}.{name}"


KNOWN = ["Kauffmann2024"]


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("by [Kauffmann2024].", r"by [\[Kauffmann2024\]](#reference-kauffmann2024)."),
        ("by [Nobody1999].", "by [Nobody1999]."),
        ("[Kauffmann2024]: a method", r"[\[Kauffmann2024\]](#reference-kauffmann2024): a method"),
        ("[Kauffmann2024](references.md)", "[Kauffmann2024](references.md)"),
        ("`[Kauffmann2024]`", "`[Kauffmann2024]`"),
    ],
)
def test_citations_of_pages_become_links(text, linked):
    assert citations.linked_page(text, KNOWN) == linked


def test_citations_of_docstrings_become_links():
    assert citations.linked_docstring("as in [Kauffmann2024]_", KNOWN) == (
        "as in :ref:`[Kauffmann2024] <reference-kauffmann2024>`"
    )
    assert citations.linked_docstring("as in [Nobody1999]_", KNOWN) == "as in [Nobody1999]_"


def cited(text):
    return set(re.findall(r"\[([A-Z][\w-]*(?:19|20)\d\d)\]", text))


def test_every_citation_has_a_reference():
    known = set(citations.keys((DOCS / "references.md").read_text(encoding="utf-8")))
    assert known >= {"Kauffmann2024", "Bach2015"}
    files = [*DOCS.glob("*.md"), *(ROOT / "src").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    for file in files:
        assert cited(file.read_text(encoding="utf-8")) <= known, file
    assert not cited("[Nobody1999]") <= known


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("R_i = Σ_k a_k Z_ik", "R<i> = Σ<k> a<k> Z<ik>"),
        ("f_c = min_{k≠c} h_k", "f<c> = min<k≠c> h<k>"),
        ("2x_i − μ_ki²", "2x<i> − μ<ki>²"),
        ("Z̃_k, ḡ_k, α⊥_i, b_∖S, u_(j)", "Z̃<k>, ḡ<k>, α⊥<i>, b<∖S>, u<(j)>"),
        ("2^D and r^(−2/(m−1))", "2[D] and r[−2/(m−1)]"),
        ("n_samples, labels_, bill_length_mm, x_train, from_cmeans", None),
    ],
)
def test_indices_and_powers_of_formulas(text, marked):
    brackets = {"text": "{}", "index": "<{}>", "power": "[{}]"}
    shown = "".join(brackets[kind].format(part) for kind, part in formulas.pieces(text))
    assert shown == (marked or text)


def test_links_to_examples_lead_to_their_pages():
    text = "[a](gallery/tables/wine.py) [b](gallery/GALLERY_HEADER.rst) [c](images/a.png)"
    assert gallery_links.linked(text) == (
        "[a](auto_gallery/tables/wine.rst) [b](auto_gallery/index.rst) [c](images/a.png)"
    )
