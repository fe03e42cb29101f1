"""Beeswarm, distributions and contrast: what is drawn of clusters is what the explanation says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import neonxai
from explained_data import CENTERS, FRAMES, X, explain_raw, explain_sparse, raw
from neonxai import plots
from neonxai.plots._order import by_distance, by_similarity


def swarms(ax):
    return [np.asarray(points.get_offsets()) for points in ax.collections]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_a_point_for_each_row_at_its_relevance(wine):
    rows = np.flatnonzero(wine.labels == 1)
    ax = plots.beeswarm(wine, 1, max_features=5)
    ranked = np.argsort(-np.abs(wine.relevance[rows]).mean(axis=0), kind="stable")[:5]
    assert names(ax) == [wine.feature_names[i] for i in ranked]
    for line, (swarm, feature) in enumerate(zip(swarms(ax), ranked, strict=True)):
        np.testing.assert_array_equal(swarm[:, 0], wine.relevance[rows, feature])
        assert np.abs(swarm[:, 1] - line).max() <= 0.5
    assert ax.get_title(loc="left").startswith(f"cluster 1: {len(rows)} rows, the 5 most relevant of 13")


def test_colors_are_values(wine):
    ax = plots.beeswarm(wine, 1, max_features=1)
    (points,) = ax.collections
    feature = wine.feature_names.index(names(ax)[0])
    values = wine.data[wine.labels == 1, feature]
    low, high = np.quantile(wine.data[:, feature], [0.05, 0.95])
    bright = points.get_facecolors()[:, :3] @ [0.299, 0.587, 0.114]
    inside = (values > low) & (values < high)
    order = np.argsort(values[inside], kind="stable")
    assert (np.diff(bright[inside][order]) >= -0.01).all()  # viridis rises in brightness
    assert np.ptp(bright) > 0.3


@pytest.mark.parametrize("n", [1, 5, 30_000])
def test_any_number_of_rows(n):
    rows = np.random.default_rng(0).normal(size=(n, 3))
    e = neonxai.explain(neonxai.Centroids([[0.0] * 3, [99.0] * 3]), rows)
    ax = plots.beeswarm(e, 0)
    assert {len(swarm) for swarm in swarms(ax)} == {min(n, 2000)}
    assert ("2,000 of them drawn at random" in " ".join(ax.get_title(loc="left").split())) == (n > 2000)
    again = swarms(plots.beeswarm(e, 0))
    for one, other in zip(swarms(ax), again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_points_do_not_lie_on_each_other(wine):
    for swarm in swarms(plots.beeswarm(wine, 1)):
        assert len({tuple(np.round(place, 9)) for place in swarm.tolist()}) == len(swarm)


def test_terms_that_are_present():
    e = explain_sparse(X, CENTERS)
    cluster = e.labels[0]
    rows = np.flatnonzero(e.labels == cluster)
    ax = plots.beeswarm(e, cluster, max_features=3)
    for swarm, name in zip(swarms(ax), names(ax), strict=True):
        column = e.relevance[rows][:, [int(name[1:])]].tocoo()
        np.testing.assert_array_equal(np.sort(swarm[:, 0]), np.sort(column.data))


@pytest.mark.parametrize("kind", FRAMES)
def test_what_is_no_number_is_hollow(kind, find_faults):
    e = explain_raw(raw(kind))
    e = replace(e, labels=np.full(4, "a"), targets=np.full(4, "a"), competitors=np.full(4, "b"))
    ax = plots.beeswarm(e, "a")
    fills = dict(zip(names(ax), (points.get_facecolors() for points in ax.collections), strict=True))
    assert (fills["city"] == 1).all()
    assert (fills["age"] == 1).all(axis=1).tolist() == [False, False, True, False]
    assert find_faults(ax.figure) == []
    panels = plots.distributions(e, "a")
    assert len(panels) == 5
    assert find_faults(panels[0].figure) == []


@pytest.mark.parametrize("plot", [plots.beeswarm, plots.distributions])
def test_bad_clusters(wine, plot):
    with pytest.raises(ValueError, match="cluster=7 is not a cluster of this model"):
        plot(wine, 7)
    with pytest.raises(ValueError, match=r"cluster=1 has none of the .* rows.*such as 0, 2"):
        plot(wine[wine.labels != 1], 1)
    with pytest.raises(ValueError, match="max_features=0"):
        plot(wine, 1, max_features=0)


def test_shares_are_those_of_the_rows(wine):
    panels = plots.distributions(wine, 2, max_features=4)
    inside = wine.labels == 2
    for ax in panels:
        feature = wine.feature_names.index(ax.get_title(loc="left").split("\n")[0])
        own, rest = (stairs.get_data() for stairs in ax.patches)
        np.testing.assert_array_equal(own.edges, rest.edges)
        for stairs, group in ((own, inside), (rest, ~inside)):
            counts = np.histogram(wine.data[group, feature], own.edges)[0]
            np.testing.assert_allclose(stairs.values, counts / group.sum())
            assert stairs.values.sum() == pytest.approx(1)


def people():
    """Two groups, told apart by a number, with a category, a few children, and gaps."""
    frame = pd.DataFrame(
        {
            "age": np.r_[np.linspace(20, 30, 20), np.linspace(60, 80, 20)],
            "city": (["Bern"] * 15 + [None] * 5 + ["Oslo"] * 20),
            "children": [0, 1] * 10 + [2, 3] * 10,
        }
    )
    points = np.column_stack([frame["age"], frame["children"], frame["children"]]).astype(float)
    e = neonxai.explain(neonxai.Centroids([[25.0, 0.5, 0.5], [70.0, 2.5, 2.5]]), points)
    return replace(e, data=frame, feature_names=tuple(frame.columns), frame="pandas")


def test_categories_gaps_and_few_values(find_faults):
    panels = {ax.get_title(loc="left").split("\n")[0]: ax for ax in plots.distributions(people(), 0)}
    city = panels["city"]
    assert [label.get_text() for label in city.get_yticklabels()] == ["Oslo", "Bern"]
    assert [bar.get_width() for bar in city.patches] == [0.0, 0.75, 1.0, 0.0]
    assert " ".join(city.get_xlabel().split()) == "missing: 25.0% here, 0.0% elsewhere"
    children = [bar.get_height() for bar in panels["children"].patches]
    assert children == [0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5]
    assert panels["age"].get_xlabel() == ""
    assert find_faults(city.figure) == []


def test_texts_have_no_distribution():
    e = replace(explain_sparse(X, CENTERS), data=["a text"] * X.shape[0])
    with pytest.raises(ValueError, match="no column for any of the 50 terms"):
        plots.distributions(e, e.labels[0])


def test_the_table_of_contrasts(wine):
    ax = plots.contrast(wine, order="given")
    table = np.ma.filled(ax.images[0].get_array(), np.nan)
    expected = wine.separations.copy()
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_array_equal(table, expected)
    assert len(ax.texts) == 6
    for text in ax.texts:
        x, y = map(int, text.get_position())
        name, number = text.get_text().split("\n")
        head, _, tail = name.partition("…")  # long names are shortened to their cells
        full = wine.feature_names[wine.contrasts[y, x].argmax()]
        assert full.startswith(head)
        assert full.endswith(tail)
        assert float(number) == pytest.approx(wine.separations[y, x], rel=5e-3)


@pytest.mark.parametrize("rival", [None, 2])
def test_one_pair(wine, rival):
    other = int(np.argsort(wine.separations[0])[1]) if rival is None else rival
    ax = plots.contrast(wine, 0, rival, max_features=3)
    widths = [bar.get_width() for bar in ax.patches]
    largest = np.argsort(-wine.contrasts[0, other], kind="stable")
    np.testing.assert_array_equal(widths[:3], wine.contrasts[0, other][largest[:3]])
    assert sum(widths) == pytest.approx(wine.separations[0, other], rel=1e-12)
    assert names(ax)[3] == "10 other features"
    assert ax.get_title(loc="left").startswith(f"cluster 0 against cluster {other}\n")


def test_noise_has_no_contrast():
    rows = [[0.0, 0.0], [0.1, 0.0], [5.0, 0.0], [5.1, 0.0], [2.5, 9.0]]
    e = neonxai.explain_labels([0, 0, 1, 1, -1], rows)
    ax = plots.contrast(e, order="given")
    assert names(ax) == ["0", "1"]
    with pytest.raises(ValueError, match="cluster=-1 has no prototype"):
        plots.contrast(e, -1)
    with pytest.raises(ValueError, match="rival=-1 has no prototype"):
        plots.contrast(e, 0, -1)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((None, 1), "rival=1 is given without a cluster"),
        ((1, 1), "cluster=1 is its own rival"),
        ((0, 9), "rival=9 is not a cluster"),
        ((9,), "cluster=9 is not a cluster"),
    ],
)
def test_bad_pairs(wine, asked, message):
    with pytest.raises(ValueError, match=message):
        plots.contrast(wine, *asked)


def test_without_contrasts_the_remedy_is_given(wine):
    with pytest.raises(ValueError, match="There is no table of contrasts"):
        plots.contrast(replace(wine, contrasts=None, separations=None))


def path_length(values, order):
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    return np.linalg.norm(np.diff(unit[order], axis=0), axis=1).sum()


def test_neighbors_are_alike():
    rng = np.random.default_rng(0)
    angles = rng.permutation(np.linspace(0.0, 1.5, 20))
    values = np.column_stack([np.cos(angles), np.sin(angles)]) * rng.uniform(1, 9, size=(20, 1))
    order = by_similarity(values)
    assert sorted(order.tolist()) == list(range(20))
    # On an arc the best order is the angles', one way or the other; size does not count.
    assert np.all(np.diff(angles[order]) > 0) or np.all(np.diff(angles[order]) < 0)
    assert path_length(values, order) < 0.2 * path_length(values, np.arange(20))
    places = rng.permutation(12).astype(float)
    order = by_distance(np.abs(places[:, None] - places))
    assert set(np.abs(np.diff(places[order]))) == {1.0}


def test_the_heatmap_is_ordered_and_says_what_it_leaves_out(cases):
    digits, _ = cases("digits")
    given, ordered = (plots.heatmap(digits, order=order) for order in ("given", "similarity"))
    before, after = (np.asarray(ax.images[0].get_array()) for ax in (given, ordered))
    assert before.shape == after.shape
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(np.sort(before.ravel()), np.sort(after.ravel()))
    assert path_length(after, np.arange(10)) < path_length(before, np.arange(10))
    clusters = {label.get_text(): line for label, line in zip(given.get_yticklabels(), before, strict=True)}
    columns = [label.get_text() for label in given.get_xticklabels()]
    for label, line in zip(ordered.get_yticklabels(), after, strict=True):
        cells = dict(zip(columns, clusters[label.get_text()], strict=True))
        assert [cells[tick.get_text()] for tick in ordered.get_xticklabels()] == line.tolist()
    dead = int((digits.relevance == 0).all(axis=0).sum())
    title = " ".join(plots.heatmap(digits, max_features=64).get_title().split())
    assert title.endswith(f"without {dead} features of no relevance")
    assert dead > 1


def test_a_line_of_the_heatmap_is_the_mean_logit(wine):
    e = replace(wine, absorbed=wine.absorbed - 0.5, base_value=0.25, logits=wine.logits - 0.25)
    ax = plots.heatmap(e, order="given")
    means = [e.logits[e.labels == k].mean() for k in range(3)]
    np.testing.assert_allclose(np.asarray(ax.images[0].get_array()).sum(axis=1), means, rtol=1e-12)
    assert [label.get_text() for label in ax.get_xticklabels()][-2:] == ["absorbed", "base value"]
    assert "absorbed" not in [label.get_text() for label in plots.heatmap(wine).get_xticklabels()]
    assert plots.heatmap(e, statistic="share").images[0].get_array().shape == (3, 13)


def test_noise_comes_last_and_what_is_below_zero_is_struck():
    rows = [[0.0, 0.0], [0.1, 0.0], [5.0, 0.0], [5.1, 0.0], [2.5, 9.0]]
    e = neonxai.explain_labels([0, 0, 1, 1, -1], rows)
    assert names(plots.heatmap(e))[-1] == "noise (1)"
    wide = np.random.default_rng(0).normal(size=(40, 60))
    e = neonxai.explain(neonxai.Centroids(wide[:12]), wide)
    ax = plots.heatmap(e, max_features=60, ax=plt.subplots(figsize=(5, 3), layout="constrained")[1])
    assert not ax.texts  # no room for numbers
    cells = np.asarray(ax.images[0].get_array())
    y, x = np.nonzero(cells < -0.05 * np.abs(cells).max())
    assert len(x) > 3
    (strokes,) = ax.collections
    assert sorted(map(tuple, strokes.get_offsets().tolist())) == sorted(zip(x, y, strict=True))
