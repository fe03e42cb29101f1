"""Nothing but labels: whatever they are made of, and whatever is wrong with them."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

import neonxai
from neonxai import ClusterExplainer, Labels, explain_labels

IRIS = load_iris()
X = IRIS.data[::3]
INTS = IRIS.target[::3]
STRINGS = IRIS.target_names[INTS]
SIX = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [7.0, 7.0], [7.0, 8.0], [8.0, 7.0]])
NAN = float("nan")
LOW = pytest.mark.filterwarnings("ignore:The network that stands in for the clustering:UserWarning")

KINDS = {
    "int64": (INTS, (0, 1, 2)),
    "int8": (INTS.astype(np.int8), (0, 1, 2)),
    "uint64": (INTS.astype(np.uint64), (0, 1, 2)),
    "list of ints": (INTS.tolist(), (0, 1, 2)),
    "list of NumPy ints": (list(INTS), (0, 1, 2)),
    "tuple": (tuple(INTS.tolist()), (0, 1, 2)),
    "objects, ints": (np.array(INTS.tolist(), dtype=object), (0, 1, 2)),
    "objects, NumPy ints": (np.array(list(INTS), dtype=object), (0, 1, 2)),
    "objects, NumPy floats": (np.array(list(INTS.astype(float)), dtype=object), (0.0, 1.0, 2.0)),
    "objects, NumPy strings": (np.array(list(STRINGS), dtype=object), ("setosa", "versicolor", "virginica")),
    "floats": (INTS / 2, (0.0, 0.5, 1.0)),
    "bools": (INTS > 0, (False, True)),
    "objects, NumPy bools": (np.array(list(INTS > 0), dtype=object), (False, True)),
    "strings": (STRINGS, ("setosa", "versicolor", "virginica")),
    "list of strings": (STRINGS.tolist(), ("setosa", "versicolor", "virginica")),
    "variable strings": (
        STRINGS.astype(np.dtypes.StringDType()),
        ("setosa", "versicolor", "virginica"),
    ),
    "pandas": (pd.Series(INTS, index=INTS + 100), (0, 1, 2)),
    "pandas object of NumPy ints": (pd.Series(list(INTS), dtype=object), (0, 1, 2)),
    "pandas strings": (pd.Series(STRINGS), ("setosa", "versicolor", "virginica")),
    "pandas categories": (pd.Series(STRINGS, dtype="category"), ("setosa", "versicolor", "virginica")),
    "pandas categories, an unused one": (
        pd.Categorical(STRINGS, ["virginica", "none", "versicolor", "setosa"]),
        ("setosa", "versicolor", "virginica"),
    ),
    "pandas categories of ints": (pd.Series(INTS, dtype="category"), (0, 1, 2)),
    "pandas Int64": (pd.Series(INTS, dtype="Int64"), (0, 1, 2)),
    "pandas boolean": (pd.Series(INTS > 0, dtype="boolean"), (False, True)),
    "pandas Index": (pd.Index(INTS), (0, 1, 2)),
    "polars": (pl.Series(INTS), (0, 1, 2)),
    "polars strings": (pl.Series(STRINGS.tolist()), ("setosa", "versicolor", "virginica")),
    "polars categories": (
        pl.Series(STRINGS.tolist(), dtype=pl.Categorical),
        ("setosa", "versicolor", "virginica"),
    ),
    "polars booleans": (pl.Series(INTS > 0), (False, True)),
    "pyarrow": (pa.array(INTS), (0, 1, 2)),
    "pyarrow dictionary": (
        pa.chunked_array([pa.array(STRINGS.tolist()).dictionary_encode()]),
        ("setosa", "versicolor", "virginica"),
    ),
    "masked, none is": (np.ma.array(INTS), (0, 1, 2)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_every_kind(kind):
    labels, names = KINDS[kind]
    e = explain_labels(labels, X)
    plain = np.asarray(labels).tolist()
    assert e.cluster_names == names
    assert [type(name) for name in e.cluster_names] == [type(name) for name in names]
    assert e.labels.tolist() == plain
    assert e.targets.tolist() == plain
    # The same explanation, whatever the names.
    codes = np.array([names.index(label) for label in plain])
    wanted = explain_labels(codes, X)
    assert np.array_equal(e.relevance, wanted.relevance)
    assert e.agreement == wanted.agreement
    assert e.agreement > 0.9


def test_one_label_in_a_row_of_frames_is_enough_of_a_frame():
    frame = pd.DataFrame(X, columns=IRIS.feature_names, index=[f"row {i}" for i in range(len(X))])
    e = explain_labels(pd.Series(STRINGS), frame)
    assert e.feature_names == tuple(IRIS.feature_names)
    assert list(e.to_frame().index) == list(frame.index)


MISSING = {
    "None": ([0, None, 1, 1], "row 1 is missing"),
    "NaN": ([0.0, 1.0, NAN, NAN], "2 labels of rows 2, 3 are missing"),
    "NaN among ints": (np.array([0, 1, NAN, 1]), "row 2 is missing"),
    "None among strings": (["a", "b", None, "b"], "row 2 is missing"),
    "NaN among strings": (["a", NAN, "b", "b"], "row 1 is missing"),
    "NaN among strings, objects": (np.array(["a", NAN, "b"], dtype=object), "row 1 is missing"),
    "pandas strings": (pd.Series(["a", None, "b"]), "row 1 is missing"),
    "pandas Int64": (pd.Series([0, 1, None], dtype="Int64"), "row 2 is missing"),
    "pandas string": (pd.Series(["a", pd.NA, "b"], dtype="string"), "row 1 is missing"),
    "pandas boolean": (pd.Series([True, False, None], dtype="boolean"), "row 2 is missing"),
    "pandas categories": (pd.Series(["a", "b", None], dtype="category"), "row 2 is missing"),
    "pandas objects": (pd.Series([0, pd.NA, 1], dtype=object), "row 1 is missing"),
    "NaT": ([pd.NaT, 1, 2], "row 0 is missing"),
    "masked": (np.ma.array([0, 1, 1], mask=[False, True, False]), "row 1 is missing"),
    "masked strings": (np.ma.array(["a", "b", "b"], mask=[False, False, True]), "row 2 is missing"),
    "polars": (pl.Series([0, None, 1]), "row 1 is missing"),
    "polars strings": (pl.Series(["a", None, "b"]), "row 1 is missing"),
    "pyarrow": (pa.array([0, None, 1]), "row 1 is missing"),
    "many": ([None] * 7 + [1], r"7 labels of rows 0, 1, 2, 3, 4 and 2 more are missing"),
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_labels_are_refused_with_their_rows(kind):
    labels, message = MISSING[kind]
    with pytest.raises(ValueError, match=message) as raised:
        Labels(labels)
    assert "Drop these rows from the labels and from X" in str(raised.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], r"shape \(0,\).*one label for each row"),
        ([[0], [1]], r"shape \(2, 1\).*one label for each row"),
        (pd.DataFrame({"label": [0, 1]}), r"shape \(2, 1\)"),
        ([(0, 1), (1, 2)], r"shape \(2, 2\)"),
        (3, r"shape \(\)"),
        ("abc", r"shape \(\)"),
        (None, r"shape \(\)"),
        ({0, 1}, r"shape \(\)"),
        ([0, "a", 0], "different kinds"),
        (["a", -1, "b", "a"], "different kinds"),
        (np.array([0, "a"], dtype=object), "different kinds: number, str"),
        (np.array([True, 2], dtype=object), "different kinds: bool, number"),
        ([b"a", b"b"], "Convert them to numbers or strings"),
        ([1j, 2j], "complex128.*Convert them to numbers or strings"),
        (np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"), "datetime64.*Convert them"),
        (pd.Series(pd.to_datetime(["2020-01-01", None])), "Convert them|missing"),
        ([dt.date(2020, 1, 1), dt.date(2020, 1, 2)], "Convert them to numbers or strings"),
        ([7, 7, 7], "All 3 labels are 7.*at least two clusters, or one and noise"),
        (["a", "a"], "All 2 labels are 'a'"),
        ([-1, -1], r"All 2 labels are noise \(-1\).*noise=None"),
    ],
)
def test_labels_that_say_nothing_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        Labels(labels)


def test_only_noise_by_another_name():
    with pytest.raises(ValueError, match=r"All 2 labels are noise \('out'\)"):
        Labels(["out", "out"], noise="out")


@pytest.mark.parametrize("n", [5, 7])
def test_as_many_labels_as_rows(n):
    with pytest.raises(
        ValueError, match=rf"There are {n} labels for 6 rows of X.*very rows that were clustered"
    ):
        explain_labels([0, 1] * 3 + [0] if n == 7 else [0, 1, 0, 1, 0], SIX)


def test_a_model_of_labels_needs_the_clustered_rows_for_fit_only():
    explainer = ClusterExplainer(Labels([0, 0, 0, 1, 1, 1])).fit(SIX)
    assert explainer.explain(SIX[:2] + 0.1).labels.tolist() == [0, 0]
    with pytest.raises(ValueError, match="6 labels for 2 rows"):
        ClusterExplainer(Labels([0, 0, 0, 1, 1, 1])).fit(SIX[:2])


def test_one_cluster_and_noise():
    labels = [0, 0, 0, 0, 0, -1]
    rows = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 2.0], [9.0, 1.0]])
    e = explain_labels(labels, rows, gamma=np.inf, beta=1.0)
    assert e.agreement == 1.0
    assert e.cluster_names == (-1, 0)
    assert e.labels.tolist() == labels
    assert e.competitors.tolist() == [-1] * 5 + [0]
    # The nearest member of the outlier is (1, 1): 8 away in the first feature.
    assert e.relevance[5].tolist() == [64.0, 0.0]
    threshold = -e.absorbed[5]
    assert 1.0 < threshold < 64.0
    assert e.logits[5] == 64.0 - threshold
    # For the cluster a row's nearest member speaks against it, 1 away, and τ for it.
    np.testing.assert_allclose(e.relevance[:5].sum(axis=1), -1.0)
    np.testing.assert_allclose(e.absorbed[:5], threshold)
    assert e.conservation_error().max() == 0.0


def test_a_cluster_of_one_point_is_its_own_support():
    e = explain_labels([0, 0, 0, 1, 1, 2], SIX, gamma=np.inf, beta=np.inf)
    assert e.agreement == 1.0
    # (8, 7) against (7, 7): nothing lacks to itself, 1 to the other.
    assert e.labels[5] == 2
    assert e.logits[5] == 1.0
    assert e.relevance[5].tolist() == [1.0, 0.0]
    assert e.competitors[5] == 1


def test_noise_is_no_rival_unless_asked_for():
    labels = np.array([0, 0, 0, 1, 1, 1, -1])
    rows = np.vstack([SIX, [[2.0, 2.0]]])
    explainer = ClusterExplainer(Labels(labels), gamma=np.inf, beta=1.0).fit(rows)
    e = explainer.explain(rows)
    assert e.labels.tolist() == labels.tolist()
    assert set(e.competitors[:6].tolist()) == {0, 1}
    assert e.competitors[6] == 0
    assert e.relevance[6].tolist() in ([4.0, 1.0], [1.0, 4.0], [2.5, 2.5])
    asked = explainer.explain(rows[:6], against=-1)
    assert asked.competitors.tolist() == [-1] * 6
    assert np.all(asked.logits > 0)


def test_noise_none_makes_it_a_cluster():
    labels = [0, 0, 0, -1, -1, -1]
    e = explain_labels(labels, SIX, noise=None)
    assert e.cluster_names == (-1, 0)
    assert e.competitors.tolist() == [-1] * 3 + [0] * 3
    assert np.array_equal(e.relevance, explain_labels([1, 1, 1, 0, 0, 0], SIX).relevance)
    assert explain_labels(labels, SIX).absorbed.any()


@LOW
@pytest.mark.parametrize("gamma", ["auto", np.inf])
def test_noise_by_any_name_is_the_same(gamma):
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, size=len(X))
    wanted = explain_labels(labels, X, gamma=gamma)
    names = np.array(["thrown out", "c", "a", "b"])
    e = explain_labels(names[labels + 1], X, noise="thrown out", gamma=gamma)
    np.testing.assert_allclose(e.relevance, wanted.relevance, rtol=1e-9, atol=1e-12)
    assert np.array_equal(e.competitors, names[wanted.competitors + 1])
    floats = explain_labels(labels.astype(float), X, gamma=gamma)
    assert np.array_equal(floats.relevance, wanted.relevance)


@LOW
def test_conflicting_duplicates_keep_the_labels_they_were_given():
    rows = np.vstack([SIX, SIX[:1]])
    labels = [0, 0, 0, 1, 1, 1, 1]
    e = explain_labels(labels, rows, gamma=np.inf, beta=1.0)
    assert e.labels.tolist() == labels
    assert e.targets.tolist() == labels
    assert e.logits[0] > 0 > e.logits[6]
    np.testing.assert_allclose(e.relevance[0], -e.relevance[6])
    # Where labels are recognised by values, the first one's counts.
    explainer = ClusterExplainer(Labels(labels), gamma=np.inf, beta=1.0).fit(rows)
    assert explainer.explain(rows).labels.tolist() == [0, 0, 0, 1, 1, 1, 0]
    assert explainer.agreement_ == e.agreement == pytest.approx(6 / 7)


def test_labels_of_new_rows():
    explainer = ClusterExplainer(Labels(["low"] * 3 + ["high"] * 3), beta=1.0).fit(SIX)
    new = SIX + 0.25
    network = explainer.explain(new)
    assert network.labels.tolist() == ["low"] * 3 + ["high"] * 3
    told = explainer.explain(new, labels=["high"] + ["low"] * 2 + ["high"] * 3)
    assert told.labels[0] == "high"
    assert told.targets[0] == "high"
    assert told.logits[0] == pytest.approx(-network.logits[0])
    np.testing.assert_allclose(told.relevance[0], -network.relevance[0])
    assert np.array_equal(told.relevance[1:], network.relevance[1:])
    with pytest.raises(ValueError, match="labels='middle' is not a cluster of this model"):
        explainer.explain(new, labels=["middle"] * 6)
    with pytest.raises(ValueError, match="labels has shape"):
        explainer.explain(new, labels=["low"] * 5)


def test_labels_of_new_rows_are_refused_by_a_model_that_assigns_them():
    explainer = ClusterExplainer(KMeans(2, n_init=1, random_state=0)).fit(SIX)
    with pytest.raises(ValueError, match="labels= were given, but KMeans assigns rows itself"):
        explainer.explain(SIX, labels=[0] * 6)


def test_low_agreement_is_warned_about():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=len(X))
    with pytest.warns(UserWarning, match=r"agrees with it on only \d+\.\d% of the rows.*scaled") as caught:
        e = explain_labels(labels, X)
    assert len(caught) == 1
    assert e.agreement < 0.9
    share = float(np.mean(e.logits >= 0))
    assert e.agreement == pytest.approx(share, abs=0.02)


def test_x_that_is_not_what_was_clustered_is_warned_about():
    order = np.random.default_rng(0).permutation(len(X))
    with pytest.warns(UserWarning, match="Is X what was clustered"):
        explain_labels(INTS, X[order])


def test_a_disagreeing_row_is_explained_against_the_nearest_rival_alone():
    rows = np.vstack([SIX, [[0.5, 0.5]]])
    with pytest.warns(UserWarning, match="agrees with it on only"):
        e = explain_labels([0, 0, 0, 1, 1, 1, 1], rows, gamma=np.inf, beta=1.0)
    assert e.labels[6] == 1
    assert e.competitors[6] == 0
    # ½² + ½² to the nearest of 0 against 6½² + 6½² to the nearest of its own.
    assert e.logits[6] == 0.5 - 84.5
    assert e.relevance[6].tolist() == [-42.0, -42.0]


@pytest.mark.parametrize("gamma", [0, -1.0, NAN, "wide", True, None, [1.0], 1j])
def test_bad_gamma(gamma):
    with pytest.raises((ValueError, TypeError), match=r"gamma=.*Choose a number > 0"):
        explain_labels([0, 0, 0, 1, 1, 1], SIX, gamma=gamma)


@pytest.mark.parametrize("gamma", [1, np.float32(1.0), np.int64(1), 1.0])
def test_good_gamma(gamma):
    e = explain_labels([0, 0, 0, 1, 1, 1], SIX, gamma=gamma)
    assert np.array_equal(e.relevance, explain_labels([0, 0, 0, 1, 1, 1], SIX, gamma=1.0).relevance)


def test_gamma_is_refused_where_it_has_no_meaning():
    with pytest.raises(ValueError, match=r'gamma=1\.0 has no meaning for KMeans.*Leave gamma="auto"'):
        neonxai.explain(KMeans(2, n_init=1, random_state=0), SIX, gamma=1.0)


def test_targets_and_rivals_by_name():
    explainer = ClusterExplainer(Labels(STRINGS)).fit(X)
    e = explainer.explain(X[:3], target="virginica", against="setosa")
    assert set(e.targets) == {"virginica"}
    assert np.all(e.logits < 0)
    with pytest.raises(ValueError, match="target='rose' is not a cluster"):
        explainer.explain(X[:3], target="rose")
    with pytest.raises(ValueError, match="against itself"):
        explainer.explain(X[:3], against="setosa")


def test_labels_and_rows_are_left_untouched():
    labels = np.array([0, 0, 0, 1, 1, 1])
    before = labels.copy()
    labels.flags.writeable = False
    rows = SIX.copy()
    rows.flags.writeable = False
    explain_labels(labels, rows)
    assert np.array_equal(labels, before)
    assert np.array_equal(rows, SIX)


def test_an_explainer_of_labels_is_cloned_like_any():
    explainer = clone(ClusterExplainer(Labels(INTS), gamma=2.0))
    assert np.array_equal(explainer.fit(X).labels_, INTS)


@pytest.mark.parametrize("scale", [1e150, 1e154, 1e160, 1e200])
def test_too_large_rows_are_refused_in_words(scale):
    try:
        e = explain_labels([0, 0, 0, 1, 1, 1], SIX * scale)
    except ValueError as error:
        assert "Rescale the data" in str(error)  # noqa: PT017  # either is right
    else:
        assert np.isfinite(e.relevance).all()
        assert e.agreement == 1.0


@pytest.mark.parametrize("far", [1e155, 1e200])
@pytest.mark.parametrize("gamma", ["auto", np.inf])
def test_a_new_row_that_is_too_far_is_refused_in_words(far, gamma):
    explainer = ClusterExplainer(Labels([0, 0, 0, 1, 1, 1]), gamma=gamma).fit(SIX)
    with pytest.raises(ValueError, match=r"evidence of row 1 is too large.*Rescale"):
        explainer.explain([[0.0, 0.0], [far, 0.0]])


def test_labels_in_another_order_than_the_rows_are_refused():
    """A Series and a frame have row names: labels of other rows are never taken for theirs."""
    frame = pd.DataFrame(SIX, index=list("abcdef"))
    labels = pd.Series([0, 0, 0, 1, 1, 1], index=frame.index)
    wanted = explain_labels(labels, frame)
    with pytest.raises(ValueError, match=r"row 0 is 'f' in labels and 'a' in X.*labels\.loc\[X\.index\]"):
        explain_labels(labels[::-1], frame)
    again = explain_labels(labels[::-1].loc[frame.index], frame)
    assert np.array_equal(again.relevance, wanted.relevance)
    assert explain_labels(labels[::-1], np.asarray(frame)).labels.tolist() == [1, 1, 1, 0, 0, 0]


def test_the_warning_is_about_the_callers_line():
    X = np.random.default_rng(0).standard_normal((60, 3))
    with pytest.warns(neonxai.LowAgreementWarning) as caught:
        explain_labels(np.arange(60) % 2, X)
    assert caught[0].filename == __file__
    with pytest.warns(neonxai.LowAgreementWarning) as caught:
        ClusterExplainer(Labels(np.arange(60) % 2)).fit(X)
    assert caught[0].filename == __file__


def test_labels_of_some_other_rows_are_refused():
    """As many, and most of them the same: one has been dropped here, and another there."""
    frame = pd.DataFrame(np.vstack([SIX, SIX + 0.1]))
    labels = pd.Series([0, 0, 0, 1, 1, 1] * 2)
    assert explain_labels(labels, frame).agreement == 1.0
    with pytest.raises(ValueError, match=r"row 3 is 3 in labels and 4 in X.*labels\.loc\[X\.index\]"):
        explain_labels(labels.drop(index=10), frame.drop(index=3))
    # Names that count from 0 are none: the order counts.
    plain = labels.drop(index=3).reset_index(drop=True)
    assert explain_labels(plain, frame.drop(index=3)).labels.tolist() == plain.tolist()
    explainer = ClusterExplainer(Labels(labels)).fit(frame)
    for argument in ("labels", "target", "against"):
        with pytest.raises(ValueError, match=f"{argument} and X name their rows differently"):
            explainer.explain(frame, **{argument: labels[::-1]})


def test_rows_alone_in_their_cluster_do_not_count_as_agreement():
    """Each is its own only support: that it agrees says nothing."""
    X = np.random.default_rng(0).standard_normal((60, 3))
    labels = np.r_[np.arange(10) % 2, np.arange(2, 52)]
    with pytest.warns(neonxai.LowAgreementWarning):
        e = explain_labels(labels, X)
    assert e.agreement < 0.9


def test_labels_are_a_copy():
    given = np.repeat([0, 1], 3)
    model = Labels(given)
    given[:] = 0
    assert explain_labels(model.labels, SIX).labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_noise_read_from_a_text_file_is_noise():
    assert Labels(["-1", "0", "0", "1"]).noise_position == 0
    assert Labels(["-1", "0", "0", "1"], noise=None).noise_position is None


def test_what_is_wrong_with_a_model_is_said_before_it_is_fitted():
    from sklearn.cluster import DBSCAN, AffinityPropagation, AgglomerativeClustering, SpectralClustering
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.neighbors import KernelDensity

    for model, message in [
        (DBSCAN(metric="precomputed"), "metric='precomputed'.*is not covered"),
        (DBSCAN(metric="minkowski", metric_params={"p": 1}), r"p=1.*is not covered"),
        (DBSCAN(metric="minkowski", metric_params={"w": [1, 2]}), r"metric_params=\{'w'.*is not covered"),
        (AgglomerativeClustering(metric="precomputed", linkage="single"), "is not covered"),
        (SpectralClustering(affinity="precomputed"), "is not covered"),
        (AffinityPropagation(affinity="precomputed"), "is not covered"),
        (KernelDensity(kernel="tophat"), "tophat"),
        (LinearDiscriminantAnalysis(), r"needs classes to be fitted.*fit\(X, y\)"),
    ]:
        model.fit = None  # whoever calls it fails in another way
        with pytest.raises(ValueError, match=message):
            neonxai.explain(model, SIX)
