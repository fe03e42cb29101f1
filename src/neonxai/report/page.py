"""The page of a report: one file of HTML that asks nothing of any network.

What is text comes from a template with automatic escaping, and is there without JavaScript. Charts come
from Plotly.js, taken from the package ``plotly`` where it is installed: nothing is vendored, and nothing is
fetched. A policy in the page lets its own scripts run, by their hashes, and forbids every connection.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from neonxai.report import digits
from neonxai.report.facts import counted

if TYPE_CHECKING:
    from neonxai.report.facts import Report

# In this order they are one script: each builds on those before.
SCRIPTS = ("dom", "digits", "facts", "look", "charts", "answer", "map", "filters", "rows", "features", "main")

# With more, the map is drawn by WebGL. Plotly then writes functions at run time, which the policy has to
# allow; with fewer, SVG is fast enough, and the policy is as tight as it can be. `map.js` has the same limit.
MANY_ROWS = 2000

COLORS = 8
MARKS = 8
CARDS = 12  # that lie open; more of them are behind a line to unfold


def render(report: Report) -> str:
    """Make the page of a report.

    Parameters
    ----------
    report : Report
        The facts, as ``neonxai.report.facts`` computes them.

    Returns
    -------
    str
        A whole HTML document, UTF-8 when written.

    Raises
    ------
    ImportError
        Without Jinja or Plotly: ``pip install "neonxai[report]"``.
    """
    facts, arrays = report.to_json()
    try:
        import jinja2
    except ImportError as error:
        raise ImportError(
            'The report is laid out by Jinja, which cannot be imported. Remedy: pip install "neonxai[report]"'
        ) from error
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        number=digits.number,
        certainty=digits.certainty,
        percent=digits.percent,
        compared=digits.compared,
        shortened=digits.shortened,
        cluster_label=cluster_label,
        heat=heat,
    )
    environment.globals.update(color=color, mark=mark, open_cards=CARDS)
    style, script, library = _text("page.css"), _script(), _library()
    many_rows = len(report.rows.names) > MANY_ROWS
    text = environment.from_string(_text("page.html")).render(
        facts=facts,
        policy=_policy(style, script, library, many_rows=many_rows),
        counted=counted(report.clusters),
        style=style,
        script=script,
        library=_compressed_library(),
        packed=_packed(facts, arrays),
        described=[place for place in report.ranking if report.features[place].values is not None],
        largest=max(
            (abs(value) for f in facts["features"] for value in f["by_cluster"] if value), default=0.0
        ),
        probabilities=report.rows.probabilities.tolist(),
    )
    # A lone surrogate is no text, and could not be written to a file.
    return text.encode("utf-8", "replace").decode()


def cluster_label(cluster: dict[str, Any]) -> str:
    """Name a cluster in a sentence.

    Examples
    --------
    >>> kinds = {"noise": False, "kind": "cluster"}, {"noise": False, "kind": "outlier"}
    >>> cluster_label({"name": "2", **kinds[0]}), cluster_label({"name": "Cluster A", **kinds[0]})
    ('cluster 2', 'Cluster A')
    >>> cluster_label({"name": "-1", "noise": True}), cluster_label({"name": "-1", **kinds[1]})
    ('noise', 'outliers')
    """
    name = cluster["name"].strip() or "(no name)"
    if cluster["noise"] and name == "-1":
        return "noise"
    if cluster.get("kind") in ("inlier", "outlier"):
        return f"{cluster['kind']}s"
    return name if cluster["noise"] or name.lower().startswith("cluster") else f"cluster {name}"


def color(position: int) -> int:
    """Choose the color of a cluster by its position."""
    return position % COLORS


def mark(position: int) -> int:
    """Choose the mark of a cluster by its position, so that 64 clusters differ in mark or color.

    Examples
    --------
    >>> [(color(k), mark(k)) for k in (0, 1, 7, 8, 9)]
    [(0, 0), (1, 1), (7, 7), (0, 1), (1, 2)]
    """
    return (position + position // COLORS) % MARKS


def heat(value: float, largest: float) -> str:
    """Choose the shade of a cell: p1 to p9 for the cluster, n1 to n9 against it.

    Examples
    --------
    >>> heat(0.0, 2.0), heat(2.0, 2.0), heat(-1.0, 2.0), heat(0.0, 0.0)
    ('', 'p9', 'n5', '')
    """
    step = int(9 * abs(value) / largest + 0.5) if largest else 0
    return f"{'p' if value > 0 else 'n'}{step}" if step else ""


def _text(name: str) -> str:
    return (files("neonxai.report") / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    parts = "\n".join(_text(f"scripts/{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


@cache
def _library() -> str:
    try:
        folder = files("plotly")
    except ImportError as error:
        raise ImportError(
            "The report's charts are Plotly's, which cannot be imported. "
            'Remedy: pip install "neonxai[report]"'
        ) from error
    return (folder / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


@cache
def _compressed_library() -> str:
    return _compressed(_library().encode())


def _packed(facts: dict[str, Any], arrays: bytes) -> str:
    """Join the facts to one text: the length of the JSON in 4 bytes, the JSON, the arrays; gzip, base64."""
    text = json.dumps(facts, allow_nan=False, separators=(",", ":")).encode()
    return _compressed(len(text).to_bytes(4, "little") + text + arrays)


def _compressed(content: bytes) -> str:
    # Without a time: equal content gives an equal page.
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def _policy(style: str, script: str, library: str, *, many_rows: bool) -> str:
    """Write the Content-Security-Policy: only these scripts and styles, and no connection at all.

    Plotly adds one empty ``<style>``, which it fills by the DOM, and one for maps of the earth, which must
    be let in for nothing but to keep the browser from complaining about it.
    """
    styles = [
        style,
        "",
        *(_literal(text) for text in re.findall(r"textContent='(\.maplibregl[^']*)'", library)),
    ]
    scripts = " ".join(map(_hash, (script, library))) + (" 'unsafe-eval'" if many_rows else "")
    return (
        f"default-src 'none'; script-src {scripts}; style-src-elem {' '.join(map(_hash, styles))}; "
        "base-uri 'none'; form-action 'none'"
    )


def _literal(text: str) -> str:
    r"""Read what stands between the quotes of a string of JavaScript, with \\ and \" in it at most."""
    return re.sub(r"\\(.)", r"\1", text)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
