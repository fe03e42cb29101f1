"""What can be done with an `Explanation`."""

import pickle
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.preprocessing import MinMaxScaler

import neonxai
from neonxai import Explanation

mpl.use("Agg")
WINE = MinMaxScaler().fit_transform(load_wine().data)
NAMES = load_wine().feature_names
MODEL = KMeans(3, n_init=1, random_state=2).fit(WINE)
FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def make(kind, names=NAMES):
    return FRAMES[kind](dict(zip(names, WINE.T, strict=True)))


def columns(table):
    return list(table.column_names if isinstance(table, pa.Table) else table.columns)


def values(table, name):
    return np.asarray(table[name])


@pytest.fixture
def e():
    return neonxai.explain(MODEL, WINE, beta=1)


def test_rows_by_index_slice_mask_and_list(e):
    for key, rows in [
        (60, [60]),
        (-1, [177]),
        (np.int64(3), [3]),
        (slice(2, 9, 3), [2, 5, 8]),
        (e.labels == 2, np.flatnonzero(e.labels == 2)),
        ([5, 1, 5], [5, 1, 5]),
        ([], []),
    ]:
        part = e[key]
        for name in (
            "relevance",
            "logits",
            "labels",
            "targets",
            "competitors",
            "probabilities",
            "data",
            "absorbed",
        ):
            assert np.array_equal(getattr(part, name), getattr(e, name)[rows]), (key, name)
        assert len(part) == len(rows)
        assert part.feature_names == e.feature_names


def test_iteration_ends(e):
    assert [int(one.labels[0]) for one in e[:4]] == e.labels[:4].tolist()


@pytest.mark.parametrize("key", [178, -179, (1, 2), np.zeros(5, bool), "a", 1.5])
def test_rows_that_are_not_there(e, key):
    with pytest.raises(IndexError):
        e[key]


def test_conservation_error_sees_a_loss(e):
    assert e.conservation_error().max() < 1e-14
    broken = Explanation(**{**vars(e), "relevance": e.relevance * 1.01})
    np.testing.assert_allclose(broken.conservation_error(), 0.01 * e.logits, rtol=1e-6)


def test_summary_by_hand(e):
    mean = e.summary()
    for k in range(3):
        np.testing.assert_allclose(mean[k], e.relevance[e.labels == k].mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(mean[k].sum(), e.logits[e.labels == k].mean(), rtol=1e-12)
    absolute = e.summary(statistic="mean_abs")
    np.testing.assert_allclose(absolute[1], np.abs(e.relevance[e.labels == 1]).mean(axis=0), rtol=1e-12)
    share = e.summary(statistic="share")
    np.testing.assert_allclose(share, absolute / absolute.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(e.summary(by=None), e.relevance.mean(axis=0), rtol=1e-12)
    sizes = np.bincount(e.labels)
    np.testing.assert_allclose(sizes @ mean / sizes.sum(), e.summary(by=None), rtol=1e-12)


def test_summary_over_many_blocks_is_the_same():
    many = neonxai.explain(MODEL, np.tile(WINE, (400, 1)), beta=1)
    np.testing.assert_allclose(many.summary(), neonxai.explain(MODEL, WINE, beta=1).summary(), rtol=1e-12)


def test_summary_of_an_empty_cluster_is_nan():
    e = neonxai.explain(neonxai.Centroids([[0.0], [1.0], [99.0]]), [[0.1], [0.8]], beta=1)
    assert np.isnan(e.summary()[2]).all()
    assert np.isfinite(e.summary()[:2]).all()


@pytest.mark.parametrize("kind", FRAMES)
def test_summary_is_the_kind_of_frame_that_came_in(kind):
    e = neonxai.explain(MODEL, make(kind), beta=1)
    table = e.summary()
    assert type(table) is type(make(kind))
    if kind == "pandas":
        assert table.index.name == "cluster"
        assert table.index.tolist() == [0, 1, 2]
        assert table.columns.tolist() == NAMES
    else:
        assert columns(table) == ["cluster", *NAMES]
    np.testing.assert_array_equal(values(table, "proline"), e.summary_values()[:, 12])
    overall = e.summary(by=None, statistic="share")
    assert columns(overall) == ["feature", "share"]
    assert list(values(overall, "feature")) == NAMES
    assert values(overall, "share").sum() == pytest.approx(1)


@pytest.mark.parametrize("arguments", [{"by": "row"}, {"statistic": "median"}])
def test_summary_of_an_unknown_kind(e, arguments):
    with pytest.raises(ValueError, match="is not known; choose"):
        e.summary(**arguments)


@pytest.mark.parametrize("kind", FRAMES)
def test_to_frame_is_the_kind_that_came_in(kind):
    e = neonxai.explain(neonxai.Centroids(MODEL.cluster_centers_, ["a", "b", "c"]), make(kind), beta=1)
    table = e.to_frame()
    assert type(table) is type(make(kind))
    assert columns(table) == ["cluster", "competitor", "logit", "probability", *NAMES]
    np.testing.assert_array_equal(values(table, "logit"), e.logits)
    np.testing.assert_array_equal(values(table, "proline"), e.relevance[:, 12])
    assert list(values(table, "cluster")) == e.labels.tolist()
    assert list(values(table, "competitor")) == e.competitors.tolist()
    assert set(e.labels) == {"a", "b", "c"}


@pytest.mark.parametrize("kind", FRAMES)
def test_to_frame_of_an_array(e, kind):
    assert type(e.to_frame(kind)) is type(make(kind))
    np.testing.assert_array_equal(values(e.to_frame(kind), "x3"), e.relevance[:, 3])
    assert isinstance(e.to_frame(), pd.DataFrame)


def test_to_frame_of_an_unknown_kind(e):
    with pytest.raises(ValueError, match="Unknown kind of frame 'excel'; choose one of pandas"):
        e.to_frame("excel")


def test_features_keep_their_names_when_they_clash():
    names = ["logit", "cluster", "cluster_", *NAMES[3:]]
    e = neonxai.explain(MODEL, make("pandas", names), beta=1)
    table = e.to_frame()
    assert table.columns.tolist()[:4] == ["cluster__", "competitor", "logit_", "probability"]
    np.testing.assert_array_equal(table["logit"], e.relevance[:, 0])
    np.testing.assert_array_equal(table["logit_"], e.logits)
    assert columns(neonxai.explain(MODEL, make("polars", names), beta=1).summary())[0] == "cluster__"


def test_absorbed_is_a_column_where_something_is():
    e = neonxai.explain(MODEL, make("pandas"), beta=2, pooling="soft")
    table = e.to_frame()
    total = table[NAMES].sum(axis=1) + table["absorbed"]
    np.testing.assert_allclose(total, table["logit"], atol=1e-14)


def test_the_index_of_a_pandas_frame_is_kept():
    frame = make("pandas").set_axis([f"wine {i}" for i in range(178)])
    e = neonxai.explain(MODEL, frame)
    assert e.to_frame().index.equals(frame.index)
    assert e[[5, 3]].to_frame().index.tolist() == ["wine 5", "wine 3"]
    assert e[7].to_frame().index.tolist() == ["wine 7"]


def test_float32_stays_float32():
    e = neonxai.explain(MODEL, WINE.astype(np.float32))
    for name in ("relevance", "logits", "probabilities", "absorbed", "data"):
        assert getattr(e, name).dtype == np.float32, name
    assert neonxai.explain(MODEL, make("polars").cast(pl.Float32)).relevance.dtype == np.float32


def test_the_data_is_not_copied():
    assert neonxai.explain(MODEL, WINE).data is WINE


# SHAP's own warnings, about what it uses of Matplotlib and NumPy, are none of ours.
@pytest.mark.filterwarnings(
    "ignore::PendingDeprecationWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)
@pytest.mark.parametrize("pooling", ["min", "soft"])
def test_shap_draws_it(pooling):
    import matplotlib.pyplot as plt
    import shap

    e = neonxai.explain(MODEL, make("pandas"), beta=2, pooling=pooling)
    explanation = e.to_shap()
    np.testing.assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, e.logits, atol=1e-13)
    for draw, part in [
        (shap.plots.bar, explanation),
        (shap.plots.beeswarm, explanation),
        (shap.plots.waterfall, explanation[60]),
    ]:
        plt.figure()
        draw(part, show=False)
        labels = [label.get_text() for axes in plt.gcf().axes for label in axes.get_yticklabels()]
        strongest = NAMES[int(np.abs(np.atleast_2d(part.values)).mean(axis=0).argmax())]
        assert any(strongest in label for label in labels), draw
        plt.close("all")


def test_repr_says_what_is_in_it(e):
    text = repr(e)
    assert "178 rows × 13 features, 3 clusters" in text
    assert "min-pooling, β = 1" in text
    assert len(text.splitlines()) == 7
    strongest = e.feature_names[int(np.abs(e.summary()[1]).argmax())]
    assert f"{strongest} {e.summary()[1].max():+.3g}" in text.splitlines()[5]


def test_repr_says_what_was_asked():
    assert "evidence for cluster 2," in repr(neonxai.explain(MODEL, WINE, target=2))
    assert "clusters that were asked for" in repr(neonxai.explain(MODEL, WINE, target=np.arange(178) % 3))
    assert "evidence for" not in repr(neonxai.explain(MODEL, WINE))
    assert "1 row × 13" in repr(neonxai.explain(MODEL, WINE)[0])


def test_repr_of_soft_pooling_counts_what_is_absorbed():
    text = repr(neonxai.explain(MODEL, WINE, pooling="soft", beta=0.01))
    assert "Σ relevance + absorbed = logit" in text


def test_text_cannot_steer_the_terminal():
    model = neonxai.Centroids(pd.DataFrame({"a\n\x1b[31mRED": [0.0, 1.0]}), ["x\x1b]0;title\x07", "y"])
    text = repr(neonxai.explain(model, [[0.1], [0.9]]))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.splitlines()) == 6


def test_repr_is_short_for_many_clusters_and_none():
    rng = np.random.default_rng(0)
    many = neonxai.explain(neonxai.Centroids(rng.random((300, 4))), rng.random((2000, 4)))
    assert len(repr(many).splitlines()) == 15
    assert "more clusters" in repr(many)
    assert "0 rows" in repr(many[[]])


def test_html_is_escaped_and_well_formed():
    names = ["<script>alert(1)</script>", "a & b", '"quoted"']
    model = neonxai.Centroids([[0.0, 0.0, 0.0], [2.0, 1.0, 1.0]], ["<b>", "&"])
    e = neonxai.explain(model, pd.DataFrame([[0.5, 0.0, 1.0], [3.0, 3.0, 3.0]], columns=names))
    html = e._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html
    assert "a &amp; b" in html
    opened = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag != "br":
                opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Parser().feed(html)
    assert not opened


def test_html_counts_rivals_and_doubt():
    X = np.array([[0.0], [0.1], [0.99], [2.0], [4.1], [9.0]])
    e = neonxai.explain_labels([0, 0, 0, 1, 2, -1], X, beta=1.0, gamma=float("inf"))
    cells = [line.replace("&nbsp;", " ") for line in e._repr_html_().split("<tr>")[2:]]
    for line in cells:
        name = line.split("<th scope='row'>")[1].split("</th>")[0]
        assert name.endswith("(noise)") == (name.split()[0] == "-1")
        here = e.labels == int(name.split()[0])
        seen = [cell.split("</td>")[0] for cell in line.split("<td>")[1:]]
        rival, share = seen[2].split(" ")
        assert seen[0] == f"{here.sum()} ({here.mean():.0%})"
        assert int(seen[1]) == (np.abs(e.probabilities[here] - 0.5) < 0.05).sum()
        assert share == f"({(e.competitors[here] == int(rival)).mean():.0%})"
        assert float(seen[3]) == pytest.approx(e.logits[here].mean(), rel=1e-3, abs=1e-9)
    assert len(cells) == 4
    assert "<caption" in e._repr_html_()
    assert "<caption" in e[:0]._repr_html_()


@pytest.mark.parametrize("kind", [None, *FRAMES])
def test_save_and_load_give_the_same_bits(tmp_path, kind):
    e = neonxai.explain(MODEL, WINE if kind is None else make(kind))
    e.save(tmp_path / "e.npz")
    again = Explanation.load(tmp_path / "e.npz")
    for name, value in vars(e).items():
        if isinstance(value, np.ndarray):
            assert getattr(again, name).dtype == value.dtype
            assert getattr(again, name).tobytes() == value.tobytes(), name
        elif name == "index":
            assert np.array_equal(np.asarray(again.index), np.asarray(value)) or value is None
        else:
            assert getattr(again, name) == value, name
    assert repr(again) == repr(e)
    if kind is not None:
        assert type(again.to_frame()) is type(make(kind))


def test_saving_overwrites_only_when_asked(tmp_path, e):
    path = tmp_path / "e.anything"
    e.save(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="exists already"):
        e[:3].save(path)
    assert path.read_bytes() == before
    e[:3].save(path, overwrite=True)
    assert len(Explanation.load(path)) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["e.anything"]


def test_row_names_that_need_a_pickle_are_refused(tmp_path):
    frame = make("pandas").set_axis(pd.MultiIndex.from_arrays([range(178), range(178)]))
    e = neonxai.explain(MODEL, frame)
    with pytest.raises(TypeError, match="rows' names are MultiIndex"):
        e.save(tmp_path / "e.npz")
    assert not list(tmp_path.iterdir())


def test_loading_what_is_not_an_explanation(tmp_path, e):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        Explanation.load(tmp_path / "nothing.npz")
    explainer = neonxai.ClusterExplainer(MODEL).fit(WINE)
    explainer.save(tmp_path / "explainer.npz")
    with pytest.raises(ValueError, match=r"holds a saved ClusterExplainer, not Explanation"):
        Explanation.load(tmp_path / "explainer.npz")
    e.save(tmp_path / "e.npz")
    whole = (tmp_path / "e.npz").read_bytes()
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    for name, content in {
        "empty": b"",
        "text": b"hello, world",
        "truncated": whole[: len(whole) // 2],
        "pickle": pickle.dumps({"a": 1}),
        "other": (tmp_path / "other.npz").read_bytes(),
        "lone array": Path(_saved_array(tmp_path)).read_bytes(),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="is not a file saved by neonxai or is damaged"):
            Explanation.load(tmp_path / name)


def _saved_array(folder):
    np.save(folder / "array.npy", np.arange(3))
    return folder / "array.npy"


def test_it_is_frozen(e):
    with pytest.raises(AttributeError):
        e.beta = 2
