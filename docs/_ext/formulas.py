"""Formulas are written in plain letters, R_i = Σ_k a_k Z_ik: where their indices and powers are."""

import re

# A letter, with a mark on it or not, or a short function; then an index of few letters, or in braces.
_INDEX = (
    r"(?<![A-Za-zα-ω_])(?P<base>(?:min|max|mean|smin|smax|[^\W\d_]|[ΣΠ∫])[\u0300-\u036f]?⊥?)"
    r"_(?P<index>\{[^{}]*\}|\([a-z]\)|∖?[A-Za-zα-ωΑ-Ω0-9]{1,3}(?![A-Za-zα-ω0-9_]))"
)
_POWER = r"\^(?P<power>\((?:[^()]|\([^()]*\))*\)|[A-Za-zα-ω0-9½]{1,2}(?![A-Za-z0-9_]))"
_FORMULA = re.compile(f"{_INDEX}|{_POWER}")


def pieces(text: str) -> list[tuple[str, str]]:
    """Split a text into what is on the line, below it ("index") and above it ("power").

    >>> pieces("R_i = 2^D")
    [('text', 'R'), ('index', 'i'), ('text', ' = 2'), ('power', 'D')]
    """
    found = []
    end = 0
    for match in _FORMULA.finditer(text):
        before = text[end : match.start()] + (match["base"] or "")
        if before:
            found.append(("text", before))
        if match["index"] is not None:
            found.append(("index", match["index"].strip("{}")))
        else:
            power = match["power"]
            found.append(("power", power[1:-1] if power.startswith("(") else power))
        end = match.end()
    if end < len(text):
        found.append(("text", text[end:]))
    return found
