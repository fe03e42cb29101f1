"""Texts: words have the relevance of their terms, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

import neonxai
from neonxai import plots
from neonxai.plots import _words

NOTES = [
    "Red and sweet, red as a rose",
    "dry, red; very dry",
    "white and dry <b>wine</b>",
    "white, sweet & light: a sweet rose",
]


def explained(**options):
    return neonxai.explain(
        make_pipeline(TfidfVectorizer(**options), KMeans(2, n_init=1, random_state=0)), NOTES
    )


@pytest.mark.parametrize(
    "options", [{}, {"ngram_range": (1, 2)}, {"ngram_range": (2, 3)}, {"stop_words": ["and"]}]
)
@pytest.mark.parametrize("row", range(4))
def test_words_have_all_relevance(options, row):
    e = explained(**options)
    marked = _words.mark(e, row, NOTES[row], None)
    total = sum(word.relevance for word in marked.words)
    absent = e.absent[row] + e.absorbed[row]
    if options.get("ngram_range", (1, 1))[0] == 1:
        assert (marked.n_lost, marked.lost) == (0, 0.0)
    assert total + marked.lost + absent == pytest.approx(e.logits[row], rel=1e-9, abs=1e-12)


def test_a_term_is_shared_by_its_places():
    e = explained()
    words = _words.mark(e, 1, NOTES[1], None).words
    found = {NOTES[1][word.start : word.stop]: word.relevance for word in words}
    dry = e.relevance[[1]].toarray()[0, e.feature_names.index("dry")]
    assert found["dry"] == pytest.approx(dry / 2)
    assert words[0].relevance == words[3].relevance


def test_terms_that_are_not_found_are_told():
    e = explained()
    marked = _words.mark(e, 1, "nothing of it, but red", None)
    assert marked.n_lost == 2  # dry, very
    title = " ".join(plots.text(e, 1, "nothing of it, but red").get_title(loc="left").split())
    assert "2 terms that are not found" in title
    stems = {"reddish": "red", "dryness": "dry"}
    marked = _words.mark(e, 1, "reddish dryness very", lambda word: stems.get(word, word))
    assert marked.n_lost == 0


def test_words_are_colored_and_underlined():
    e = explained()
    ax = plots.text(e, 3, NOTES[3])
    marked = _words.mark(e, 3, NOTES[3], None)
    peak = max(abs(word.relevance) for word in marked.words)
    shares = [word.relevance / peak for word in marked.words if abs(word.relevance) >= 0.02 * peak]
    fills = [to_hex(patch.get_facecolor()) for patch in ax.patches]
    assert fills == [to_hex(mpl.colormaps["RdBu_r"](0.5 + 0.5 * share)) for share in shares]
    assert len(ax.lines) == sum(share < 0 for share in shares)
    assert "".join(text.get_text() for text in ax.texts) == "".join(NOTES[3].split())


def lines_of(ax):
    return sorted({round(text.get_position()[1], 3) for text in ax.texts}, reverse=True)


def test_words_stay_inside_and_apart():
    e = explained()
    text = " ".join(NOTES * 12)
    _, ax = plt.subplots(figsize=(4, 6), layout="constrained")
    plots.text(e, 0, text, ax=ax)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    right = ax.get_window_extent().x1
    assert max(box.x1 for box in boxes) <= right + 1
    assert len(lines_of(ax)) > 5
    for patch, text in zip(ax.patches, (t for t in ax.texts if t.get_text() in _found(e)), strict=False):
        assert patch.get_window_extent().height > 0.8 * text.get_window_extent().height


def _found(e):
    return set(e.feature_names)


def test_long_texts_are_cut_where_they_say_least():
    e = explained()
    text = "nothing " * 900 + "red dry sweet " + "nothing " * 900
    ax = plots.text(e, 0, text, max_lines=5)
    assert len(lines_of(ax)) == 5
    assert "red" in [word.get_text() for word in ax.texts]
    assert "lines" in ax.get_title(loc="left")
    assert "lines" not in plots.text(e, 0, NOTES[0]).get_title(loc="left")


@pytest.mark.parametrize(
    "text", ["", "   \n ", "$x_1$ & \\frac{1}", "x" * 10_000, "😀 中文 שלום שלום", "a\n\nb"]
)
def test_any_text_is_drawn(text, find_faults):
    assert find_faults(plots.text(explained(), 0, text).figure) == []


def test_right_to_left():
    ax = plots.text(explained(), 0, "שלום עולם טוב")
    places = [text.get_position()[0] for text in ax.texts]
    assert places == sorted(places, reverse=True)
    assert plots.text(explained(), 0, "a b c").texts[0].get_position()[0] == 0


class Reader(HTMLParser):
    """What a browser would show, and the elements that it would make."""

    def __init__(self):
        super().__init__()
        self.shown, self.elements = "", []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.shown += data


@pytest.mark.parametrize("row", range(4))
def test_html_shows_the_text_and_nothing_else(row):
    e = explained()
    text = NOTES[row] + ' <script>alert("1")</script> & \'q\' "'
    reader = Reader()
    reader.feed(plots.text_html(e, row, text)._repr_html_())
    assert reader.shown.endswith(text)
    assert {tag for tag, _ in reader.elements} == {"div", "p", "br", "span"}
    spans = [attrs for tag, attrs in reader.elements if tag == "span"]
    amounts = [w.relevance for w in _words.mark(e, row, text, None).words]
    peak = np.abs(amounts).max()
    assert [s["title"] for s in spans] == [f"{r:+.3g}" for r in amounts if abs(r) >= 0.02 * peak]
    assert all(("underline" in s["style"]) == s["title"].startswith("-") for s in spans)


def test_hostile_names_are_escaped_in_html():
    e = explained()
    names = np.array(["<script>", '"x"'])
    hostile = replace(
        e,
        cluster_names=tuple(names.tolist()),
        **{name: names[getattr(e, name)] for name in ("labels", "targets", "competitors")},
    )
    html = plots.text_html(hostile, 0, NOTES[0]).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_texts_in_the_data_are_found():
    e = replace(explained(), data=NOTES)
    assert plots.text(e, 2).texts[0].get_text() == "white"


def test_without_a_text_the_remedy_is_given(wine):
    with pytest.raises(TypeError, match=r"holds no texts.*text=documents\[row\]"):
        plots.text(explained(), 0)
    with pytest.raises(TypeError, match="is a int; give the document as a string"):
        plots.text(explained(), 0, 7)
    with pytest.raises(ValueError, match="max_lines=0"):
        plots.text(explained(), 0, NOTES[0], max_lines=0)
