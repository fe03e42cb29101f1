"""Names are drawn as they are: no mathematics, no missing glyphs, no number out of order."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from neonxai.plots import _text

ANY_TEXT = st.text(st.characters(), max_size=30)


def draws_quietly(text: str) -> bool:
    figure = plt.figure()
    figure.text(0, 0.5, text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            figure.canvas.draw()
        except (UserWarning, ValueError, UnicodeError):
            return False
        finally:
            plt.close(figure)
    return True


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(ANY_TEXT)
def test_anything_is_drawn(text):
    assert draws_quietly(_text.escaped(_text.drawable(text)))


@pytest.mark.parametrize("text", ["中文", "$x_{1$"])
def test_raw_names_would_not_be(text):
    assert not draws_quietly(text)
    assert draws_quietly(_text.escaped(_text.drawable(text)))


def test_dollars_are_seen_as_dollars():
    figure = plt.figure()
    width = {t: figure.text(0, 0, t).get_window_extent().width for t in ("$x_1^2$", r"\$x_1^2\$")}
    plain = figure.text(0, 0, "$x_1^2$", parse_math=False).get_window_extent().width
    assert width[_text.escaped("$x_1^2$")] == plain != width["$x_1^2$"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([], []),
        ([0.0, 0.0], ["0", "0"]),
        ([12.345, -0.05], ["+12.3", "≈0"]),
        ([123456.0, 0.5, 0.6], ["+123456", "≈0", "+1"]),
        ([2.5e7, 3.0e4], ["+2.50e+07", "≈0"]),
        ([-2.0e-5, 3.0e-6], ["−2.00e−05", "+3.00e−06"]),
        ([2.5e7, 6.0e4], ["+2.50e+07", "+6.00e+04"]),
        ([float("inf"), 1.0], ["+inf", "+1"]),
    ],
)
def test_compared_values_of_every_size(values, texts):
    assert _text.compared(values) == texts


@pytest.mark.parametrize("room", [80, 100, 200, 400])
def test_both_ends_are_shortened_to_fit(room):
    first, last = "a name " * 12, "a cluster " * 9
    assert _text.width(f"{first}: {last}", 10) > 400
    assert _text.width(_text.fit_ends(first, ": ", last, room, 10), 10) <= room
    assert _text.fit_ends(first, ": ", "it", room, 10).endswith(": it")
    assert _text.fit_ends("it", ": ", last, room, 10).startswith("it: ")


def test_characters_without_a_glyph_are_named():
    assert _text.drawable("ratio 中") == "ratio [U+4E2D]"
    assert _text.drawable("\ud800") == "[U+D800]"
    assert _text.drawable("größe – α²") == "größe – α²"


def test_right_to_left_names_are_marked():
    assert _text.drawable("שלום") == "\u200eשלום\u200e"
    assert _text.fit_names(["שלום"], 500, 10, suffixes=[" = −1"]) == ["\u200eשלום\u200e = −1"]


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.text(st.characters(max_codepoint=0x17F, min_codepoint=32), max_size=80), st.floats(30, 300))
def test_fitted_text_fits_and_keeps_both_ends(text, room):
    text = _text.drawable(text)
    short = _text.fit(text, room, 10)
    assert _text.width(short, 10) <= room or len(short) <= 3
    if short != text:
        head, tail = (
            short.split(_text.ELLIPSIS) if short.count(_text.ELLIPSIS) == 1 else (short[0], short[-1])
        )
        assert text.startswith(head)
        assert text.endswith(tail)
        # No character more would have fitted.
        longer = _text._cut(text, len(head) + len(tail) + 1)
        assert _text.width(longer, 10) > room


def test_names_that_look_alike_are_told_apart():
    long = [f"the beginning {'x' * k} the end" for k in range(50, 54)]
    fitted = _text.fit_names(long, 120, 10)
    assert len(set(fitted)) == 4
    assert [name[-2:] for name in fitted] == ["#0", "#1", "#2", "#3"]
    assert len({_text.fit(name, 120, 10) for name in long}) == 1  # what shortening alone would give


def test_measured_as_drawn():
    figure = plt.figure(dpi=72)
    for text in ("od280/od315_of_diluted_wines", "Wi…iW", "−0.25", "größe"):
        drawn = figure.text(0, 0, text, fontsize=20).get_window_extent().width
        # Agg hints glyphs to whole pixels, here points: half a point for each, and one for the rims.
        assert abs(_text.width(text, 20) - drawn) <= 0.5 * len(text) + 1


def test_a_paragraph_breaks_at_spaces():
    text = "mean relevance of 178 rows, the 30 most relevant of 64 features"
    broken = _text.wrapped(text, 100, 10)
    assert broken.split() == text.split()
    assert len(broken.splitlines()) > 2
    assert all(_text.width(line, 10) <= 100 for line in broken.splitlines())


def test_the_users_fonts_are_asked():
    with plt.rc_context({"font.family": ["no such font", "DejaVu Serif"]}):
        assert [str(path).rsplit("/", 1)[-1] for path in _text._font_files()] == ["DejaVuSerif.ttf"]
    with plt.rc_context({"font.family": ["no such font"]}):
        assert [str(path).rsplit("/", 1)[-1] for path in _text._font_files()] == ["DejaVuSans.ttf"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1065.0, "1065"),
        (-3.0, "−3"),
        (0.0, "0"),
        (1e9, "1e+09"),
        (float("nan"), "nan"),
        (float("-inf"), "−inf"),
    ],
)
def test_numbers(value, text):
    assert _text.number(value) == text
