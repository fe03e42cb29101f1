"""The map's colors tell clusters and classes, and a matched pair of them shares one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib.colors import to_hex
from sklearn.decomposition import PCA

import neonxai
from neonxai import plots

RINGS = "near a boundary"


def line(n_clusters, labels, cluster_names=None):
    """Rows that lie on the centers 0, 10, 20, …, so that clusters are what the test wants."""
    X = 10.0 * np.asarray(labels, dtype=float)[:, None] + [[0.0, 1.0]]
    centers = np.column_stack([10.0 * np.arange(n_clusters), np.ones(n_clusters)])
    return neonxai.explain(neonxai.Centroids(centers, cluster_names=cluster_names), X)


def drawn(ax):
    """Face and edge color by place; rows alike lie on each other."""
    faces, edges, places = [], [], []
    for points in ax.collections:
        if points.get_gid() == RINGS:
            continue
        faces += [to_hex(color) for color in points.get_facecolors()]
        edges += [to_hex(color) for color in points.get_edgecolors()]
        places += points.get_offsets().tolist()
    return np.array(faces), np.array(edges), np.array(places)


def lines(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def entries(ax):
    """The lines of the legend but for titles, what fills up a column, and the rings."""
    titles = ("clusters (rows)", "classes (ring)")
    return [line for line in lines(ax) if line and line not in titles and not line.startswith(RINGS)]


def best_agreement(labels, classes, n_clusters):
    """The most rows that any one-to-one matching makes agree, tried out."""
    table = np.zeros((n_clusters, n_clusters), dtype=int)
    np.add.at(table, (labels, classes), 1)
    return max(sum(table[k, c] for k, c in enumerate(order)) for order in permutations(range(n_clusters)))


def agreeing(ax):
    faces, edges, _ = drawn(ax)
    return int((faces == edges).sum())


def test_a_permutation_of_the_clusters_matches_wholly():
    labels = np.arange(40) % 4
    classes = np.array([2, 3, 1, 0])[labels]
    assert agreeing(plots.map(line(4, labels), classes)) == 40


@pytest.mark.parametrize("seed", range(5))
def test_the_matching_is_the_best_there_is(seed):
    labels, classes = np.random.default_rng(seed).integers(5, size=(2, 60))
    ax = plots.map(line(5, labels), classes)
    assert agreeing(ax) == best_agreement(labels, classes, 5)


def test_another_matching_is_noticed():
    labels, classes = np.random.default_rng(0).integers(5, size=(2, 60))
    assert (labels == classes).sum() < best_agreement(
        labels, classes, 5
    )  # what no matching at all would reach


def test_every_row_has_its_own_color_where_it_is(wine):
    ax = plots.map(wine)
    found = by_place(ax)
    places = PCA(2, random_state=0).fit_transform(wine.data).tolist()
    assert set(found) == set(map(tuple, places))
    pairs = {(k, found[tuple(place)]) for k, place in zip(wine.labels.tolist(), places, strict=True)}
    assert len(pairs) == len({face for _, face in pairs}) == 3


def by_place(ax):
    faces, _, places = drawn(ax)
    return {tuple(place): face for place, face in zip(places.tolist(), faces, strict=True)}


def test_axes_say_how_much_they_explain(wine):
    first, second = PCA(2).fit(wine.data).explained_variance_ratio_
    ax = plots.map(wine)
    assert ax.get_xlabel() == f"PCA 1 ({first:.1%} of variance)"
    assert ax.get_ylabel() == f"PCA 2 ({second:.1%} of variance)"


def test_without_classes_a_part_has_the_colors_of_the_whole(wine):
    part = wine[wine.labels != 0]
    whole, some = ({entry.split(" (")[0]: look for entry, look in looks(plots.map(e))} for e in (wine, part))
    assert some == {name: whole[name] for name in ("cluster 1", "cluster 2")}


def looks(ax):
    """The color and the marker of each cluster in the legend."""
    handles = ax.get_legend().legend_handles
    return [
        (name, (to_hex(handle.get_markerfacecolor()), handle.get_marker()))
        for name, handle in zip(lines(ax), handles, strict=True)
        if name in entries(ax)
    ]


@pytest.mark.parametrize(
    ("n_clusters", "n_classes"), [(2, 2), (2, 7), (7, 2), (30, 4), (4, 30), (30, 30), (60, 50)]
)
def test_more_of_one_kind_than_of_the_other(n_clusters, n_classes, find_faults):
    labels = np.arange(300) % n_clusters
    classes = (np.arange(300) // 2) % n_classes
    ax = plots.map(line(n_clusters, labels), [f"class {c}" for c in classes])
    faces, edges, _ = drawn(ax)
    assert len(set(faces)) == n_clusters
    assert len(set(edges)) == n_classes
    assert 1 <= len(set(faces) & set(edges)) <= min(n_clusters, n_classes)
    assert find_faults(ax.figure) == []


def test_what_shares_no_row_shares_no_color():
    labels = np.array([0, 0, 0, 1, 1, 2])
    ax = plots.map(line(3, labels), ["a", "a", "a", "a", "a", "b"])
    faces, edges, places = drawn(ax)
    assert (faces == edges)[np.argsort(places[:, 0])].tolist() in (
        [True, True, True, False, False, True],
        [True, False, False, True, True, True],  # the other direction of the same component
    )
    ax = plots.map(line(3, np.array([0, 0, 1])), ["a", "b", "a"])  # cluster 2 has no row: it matches nothing
    assert len(entries(ax)) == 4


def test_markers_differ_too():
    ax = plots.map(line(12, np.arange(24) % 12))
    assert len(ax.collections) == 8
    shapes = [marker for _, (_, marker) in looks(ax)]
    assert len(set(shapes[:8])) == 8
    assert all(a != b for a, b in pairwise(shapes))
    assert len({look for _, look in looks(ax)}) == 12


def test_too_many_for_the_legend_are_counted():
    labels = np.repeat(np.arange(200), np.arange(200) % 3 + 1)
    ax = plots.map(line(200, labels))
    counts = [int(entry.rsplit("(", 1)[1][:-1]) for entry in entries(ax)]
    assert sum(counts) == len(labels)
    assert entries(ax)[-1].split(" (")[0] == f"{200 - len(counts) + 1} more"
    assert set(counts[:-1]) == {3}


def test_one_feature_lies_against_the_logit(cases):
    explanation, _ = cases("one feature")
    ax = plots.map(explanation)
    _, _, places = drawn(ax)
    there = np.column_stack([explanation.data[:, 0], explanation.logits])
    assert {tuple(place) for place in places.tolist()} == {tuple(place) for place in there.tolist()}
    assert (ax.get_xlabel(), ax.get_ylabel()) == (r"price in US\$", "logit")


@pytest.mark.parametrize("labels", [[1], [1, 1, 1]])
def test_rows_all_alike_lie_at_the_origin(labels):
    _, _, places = drawn(plots.map(line(2, labels)))
    assert not places.any()


@pytest.mark.parametrize(
    "kind", [list, np.array, pd.Series, pl.Series, pa.array, lambda c: pa.chunked_array([c]), pd.Categorical]
)
def test_classes_of_any_kind(kind):
    ax = plots.map(line(2, [0, 0, 1, 1]), kind(["b", "b", "a", "a"]))
    assert entries(ax) == ["cluster 0 (2)", "cluster 1 (2)", "class a (2)", "class b (2)"]
    assert agreeing(ax) == 4


def test_the_legend_has_a_title_per_group_and_classes_by_name():
    labels = np.array([0, 0, 1, 1, 2, 2])
    classes = ["c", "c", "a", "a", "b", "b"]
    ax = plots.map(line(3, labels), classes)
    assert lines(ax) == [
        "clusters (rows)", "cluster 0 (2)", "cluster 1 (2)", "cluster 2 (2)",
        "classes (ring)", "class a (2)", "class b (2)", "class c (2)",
    ]  # fmt: skip
    handles = dict(zip(lines(ax), ax.get_legend().legend_handles, strict=True))
    for cluster, name in (("cluster 0", "class c"), ("cluster 1", "class a"), ("cluster 2", "class b")):
        assert to_hex(handles[f"{cluster} (2)"].get_markerfacecolor()) == to_hex(
            handles[f"{name} (2)"].get_markeredgecolor()
        )
    assert handles["clusters (rows)"].get_marker() == "none"
    assert lines(plots.map(line(3, labels))) == ["cluster 0 (2)", "cluster 1 (2)", "cluster 2 (2)"]


@pytest.mark.parametrize(("n_clusters", "n_classes"), [(20, 3), (3, 20), (10, 10)])
def test_each_group_begins_a_column_where_there_is_room(n_clusters, n_classes):
    ax = plots.map(line(n_clusters, np.arange(60) % n_clusters), np.arange(60) % n_classes)
    ax.figure.canvas.draw()
    top = {text.get_text(): text.get_window_extent().y1 for text in ax.get_legend().get_texts()}
    assert abs(top["clusters (rows)"] - top["classes (ring)"]) < 1
    assert len(entries(ax)) == n_clusters + n_classes


def is_never_covered(ax):
    """Whether what differs is drawn after what agrees."""
    depth = {True: [], False: []}
    for points in (p for p in ax.collections if p.get_gid() != RINGS):
        same = (points.get_facecolors() == points.get_edgecolors()).all(axis=1)
        for agree in np.unique(same):
            depth[bool(agree)].append(points.get_zorder())
    return max(depth[True]) < min(depth[False])


def test_rows_that_differ_lie_on_top(cases):
    explanation, classes = cases("digits")  # ten clusters: of several markers
    ax = plots.map(explanation, classes)
    assert len(ax.collections) > 2
    assert is_never_covered(ax)
    top = (points for points in ax.collections if points.get_gid() != RINGS)
    max(top, key=lambda points: points.get_zorder()).set_zorder(0)
    assert not is_never_covered(ax)


def test_classes_of_several_kinds():
    ax = plots.map(line(2, [0, 0, 1]), np.array([1, "a", (2, 3)], dtype=object))
    assert sorted(entries(ax)[2:]) == ["class (2, 3) (1)", "class 1 (1)", "class a (1)"]


@pytest.mark.parametrize(
    "missing",
    [
        [0.0, 1.0, np.nan],
        ["a", "b", None],
        np.array(["2020-01-01", "2020-01-02", "NaT"], dtype="datetime64[D]"),
        pd.Series(["a", "b", pd.NA], dtype="string"),
        pl.Series(["a", "b", None]),
        pl.Series([1, 2, None]),
        pa.array([1, 2, None]),
    ],
)
def test_missing_classes_are_refused(missing):
    with pytest.raises(ValueError, match=r"in row 2, which is no class"):
        plots.map(line(2, [0, 1, 1]), missing)


@pytest.mark.parametrize(
    ("classes", "seen"), [([0], r"\(1,\)"), ([[0], [1], [1]], r"\(3, 1\)"), (3, r"\(\)")]
)
def test_classes_of_the_wrong_shape(classes, seen):
    with pytest.raises(ValueError, match=rf"classes has shape {seen}, but the explanation has 3 rows"):
        plots.map(line(2, [0, 1, 1]), classes)


def rings(ax):
    """The places that have a ring."""
    found = [points.get_offsets() for points in ax.collections if points.get_gid() == RINGS]
    return {tuple(place) for places in found for place in places.tolist()}


@pytest.mark.parametrize("doubt", [0.0, 0.05, 0.2])
def test_rows_near_a_boundary_have_a_ring(wine, doubt):
    ax = plots.map(wine, doubt=doubt)
    near = np.abs(wine.probabilities - 0.5) < doubt
    places = PCA(2, random_state=0).fit_transform(wine.data)
    assert rings(ax) == set(map(tuple, places[near].tolist()))
    assert (f"{RINGS} ({near.sum()})" in lines(ax)) == near.any()
    assert (
        0 < (np.abs(wine.probabilities - 0.5) < 0.05).sum() < len(wine)
    )  # so that it is no matter of course


@pytest.mark.parametrize(
    ("doubt", "error", "message"),
    [
        (0.6, ValueError, "doubt=0.6 is not between"),
        (-1, ValueError, "doubt=-1"),
        ("a", TypeError, "no number"),
    ],
)
def test_bad_doubts(wine, doubt, error, message):
    with pytest.raises(error, match=message):
        plots.map(wine, doubt=doubt)


def with_noise():
    X = np.array([[0.0, 0.0], [0.1, 0.0], [5.0, 0.0], [5.1, 0.0], [2.5, 9.0], [2.0, -8.0]])
    return neonxai.explain_labels([0, 0, 1, 1, -1, -1], X)


@pytest.mark.parametrize("classes", [None, ["a", "a", "b", "b", "a", "c"]])
def test_noise_is_drawn_as_noise(classes, find_faults):
    e = with_noise()
    ax = plots.map(e, classes, doubt=0)
    (cross,) = (p for p in ax.collections if is_cross(p))
    np.testing.assert_allclose(
        np.sort(cross.get_offsets(), axis=0),
        np.sort(PCA(2, random_state=0).fit_transform(e.data)[4:], axis=0),
    )
    assert "noise (2)" in lines(ax)
    assert not any("-1" in line or "−1" in line for line in lines(ax))
    assert looks(ax)[0][0] == "cluster 0 (2)"  # noise comes last, though its label comes first
    greys = {to_hex(color) for color in cross.get_edgecolors()}
    assert (greys == {"#8c8c8c"}) == (classes is None)
    assert find_faults(ax.figure) == []


def is_cross(points):
    (path,) = points.get_paths()
    return len(path.vertices) == 4 and not np.array_equal(path.vertices[0], path.vertices[-1])


def test_the_eye_tells_crosses_from_squares():
    _, ax = plots._style.new_axes(1, plots._style.Extent(100, 100))
    assert is_cross(ax[0].scatter([0], [0], marker="x"))
    assert not is_cross(ax[0].scatter([0], [0], marker="s"))


def test_another_name_of_noise_is_noise():
    e = with_noise()
    named = replace(
        e, cluster_names=("rest", "x", "y"), **{
            name: np.array(["rest", "x", "y"])[getattr(e, f"{name[:-1]}_positions")]
            for name in ("labels", "targets", "competitors")
        }
    )  # fmt: skip
    assert "noise (2)" in lines(plots.map(named))
