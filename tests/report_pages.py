"""Reports made by hand, for what is told of the page and not of the facts in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neonxai.report import facts as f
from neonxai.report.facts import shortened


def kept(values) -> np.ndarray:
    """What the page has of an array: float32 with as many digits as are stored."""
    return shortened(np.asarray(values, dtype="<f4"))


def _answers(parts, others) -> f.Answers:
    """The answer of given parts (..., D), of which the three largest are told apart."""
    top = np.argsort(-np.abs(parts), axis=-1, kind="stable")[..., :3]
    relevance = np.take_along_axis(parts, top, axis=-1)
    rest = parts.sum(axis=-1) - relevance.sum(axis=-1)
    return f.Answers(
        kept(parts.sum(axis=-1) + others),
        top.astype("<u2"),
        kept(relevance),
        kept(rest),
        (("absorbed", kept(np.broadcast_to(others, rest.shape))),),
    )


def _trait(feature: int, share: float, direction: str = "higher") -> f.Trait:
    return f.Trait(feature, 2.0 * share, share, direction, "39.1 (36 to 41)", "47.5 (45 to 50)")


def made(n_rows: int = 60, n_clusters: int = 3, *, n_features: int = 4, noise: bool = False) -> f.Report:
    """A report whose numbers are random, consistent, and the same each time."""
    random = np.random.default_rng(0)
    labels = (np.arange(n_rows) % n_clusters).astype("<u2")
    places = random.normal(size=(n_rows, 2)) + 4 * np.column_stack([labels % 3, labels // 3])
    parts = random.normal(0.8, 1.0, size=(n_rows, n_features))
    own = _answers(parts, 0.25)
    rivals = np.array([[k for k in range(n_clusters) if k != label][:2] for label in labels], dtype="<u2")
    against = _answers(random.normal(1.0, 1.0, size=(*rivals.shape, n_features)), -0.5)
    probabilities = kept(1 / (1 + np.exp(-np.abs(own.logits))))
    features = []
    for place in range(n_features):
        numbers = kept(random.normal(40, 5, size=n_rows).round(1))
        edges = np.linspace(numbers.min(), numbers.max(), 9)
        counts = np.array([np.histogram(numbers[labels == k], edges)[0] for k in range(n_clusters)], "<u4")
        values = f.Distribution(tuple(edges.tolist()), (), counts, (0,) * n_clusters, ("39",) * n_clusters)
        means = tuple(float(parts[labels == k, place].mean()) for k in range(n_clusters))
        mean_abs = float(np.abs(parts[:, place]).mean())
        column = f.Column(numbers, None, ())
        features.append(f.Feature(f"feature {place}", mean_abs, 1 / n_features, means, values, column))
    codes = (np.arange(n_rows) % 2).astype("<u2")
    names = ("no", "yes")
    counts = np.array(
        [[int(np.sum(codes[labels == k] == c)) for c in (0, 1)] for k in range(n_clusters)], dtype="<u4"
    )
    features[-1] = replace(
        features[-1],
        values=f.Distribution((), names, counts, (0,) * n_clusters, ("yes 50%",) * n_clusters),
        column=f.Column(None, codes, names),
    )
    clusters = tuple(
        f.Cluster(
            name=str(k),
            n_rows=int(np.sum(labels == k)),
            share=float(np.mean(labels == k)),
            noise=noise and k == 0,
            evidence=1.0,
            probability=0.8,
            n_borderline=2,
            traits=(_trait(0, 0.5), _trait(1, 0.3, "lower"), _trait(2, 0.2, "differs")),
            rival=f.Rival((k + 1) % n_clusters, 0.9, 3.0, (_trait(1, 0.7), _trait(3, 0.3, "more"))),
            typical=tuple(range(k, 3 * n_clusters, n_clusters)),
            borderline=tuple(range(3 * n_clusters + k, 6 * n_clusters, n_clusters)),
        )
        for k in range(n_clusters)
    )
    edges = np.linspace(0.5, 1, 21)
    return f.Report(
        title=f"made.csv: {n_clusters} clusters",
        version="0.1.0",
        made="2026-01-31",
        source=f.Source("made.csv", n_rows, n_features, n_rows, numbered=False),
        model=f.Model("KMeans", (("n_clusters", str(n_clusters)),), n_clusters),
        reading=f.Reading(
            "NEON", 0.5, "min", 0.98, "row", "feature", "squared units", "", "squashed evidence"
        ),
        certainty=f.Certainty(
            tuple(edges.tolist()),
            tuple(np.histogram(probabilities, edges)[0].tolist()),
            0.6,
            int(np.sum(probabilities < 0.6)),
            "Some rows are borderline.",
        ),
        warnings=(f.Doubt("tiny", "A tiny cluster", "Cluster 2 has few rows."),),
        clusters=clusters,
        features=tuple(features),
        ranking=tuple(range(n_features)),
        rows=f.Rows(
            names=tuple(f"row-{i}" for i in range(n_rows)),
            texts=(),
            axes=("direction 1", "direction 2"),
            places=kept(places),
            clusters=labels,
            targets=labels,
            nearest=rivals[:, 0].copy(),
            probabilities=probabilities,
            own=own,
            rivals=rivals,
            against=against,
        ),
        commands=(
            ("shell", "neonxai report made.csv --clusters 3"),
            ("python", "import neonxai\nneonxai.demo"),
        ),
    )


def renamed(report: f.Report, name: str) -> f.Report:
    """The same report with `name` wherever a name or a text from outside can be."""
    column = f.Column(None, np.zeros(len(report.rows.names), "<u2"), (name, name))
    values = replace(report.features[-1].values, names=(name, name), typical=(name,) * len(report.clusters))
    features = [replace(feature, name=name) for feature in report.features]
    features[-1] = replace(features[-1], values=values, column=column)

    def traits(old):
        return tuple(replace(trait, typical=name, rest=name) for trait in old)

    clusters = tuple(
        replace(c, name=name, traits=traits(c.traits), rival=replace(c.rival, traits=traits(c.rival.traits)))
        for c in report.clusters
    )
    return replace(
        report,
        title=name,
        source=replace(report.source, name=name),
        model=replace(report.model, name=name, parameters=((name, name),)),
        reading=replace(report.reading, row_word="row"),
        warnings=(f.Doubt("note", name, name),),
        certainty=replace(report.certainty, text=name),
        clusters=clusters,
        features=tuple(features),
        rows=replace(
            report.rows,
            names=(name,) * len(report.rows.names),
            texts=(name,) * len(report.rows.names),
            axes=(name, name),
        ),
        commands=(("shell", name), ("python", name)),
    )
