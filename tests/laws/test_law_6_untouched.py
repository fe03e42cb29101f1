"""Law 6: inputs and models stay as they were, also after an error; nothing is global; threads share."""

from __future__ import annotations

import multiprocessing
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import broken
import numpy as np
import pandas as pd
import pytest
from material import blobs, load_and_transform, neon, real
from sklearn.base import clone
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.neighbors import NearestCentroid

import neonxai


def state(thing):
    """Everything that an object holds, down to the bytes, in a form that compares by value."""
    if isinstance(thing, np.ndarray):
        return ("array", thing.dtype.str, thing.shape, thing.strides, thing.flags.writeable, thing.tobytes())
    if isinstance(thing, dict):
        return {key: state(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [type(thing).__name__, *(state(value) for value in thing)]
    if isinstance(thing, np.random.RandomState):
        return state(list(thing.get_state()))
    if hasattr(thing, "__dict__") and not isinstance(thing, type):
        return (type(thing).__name__, state(vars(thing)))
    return repr(thing)


def surroundings():
    """What a library could change for everybody."""
    return (
        state(list(np.random.get_state())),  # noqa: NPY002 - the global generator is what must stay untouched
        np.geterr(),
        np.get_printoptions(),
        list(warnings.filters),
    )


def check_untouched(explain_function, model, X):
    """No byte of data, model or surroundings differs after the call; errors are passed on."""
    before = state(model), state(X), surroundings()
    try:
        explain_function(model, X)
    finally:
        assert state(X) == before[1], "the data were changed"
        assert state(model) == before[0], "the model was changed"
        assert surroundings() == before[2], "something global was changed"


def check_threads(explain_function, X, n_threads=8):
    """Many threads, one explainer, the same bits."""
    slices = [slice(start, start + 50) for start in range(0, len(X), 50)]
    one_by_one = [explain_function(X[s]) for s in slices]
    with ThreadPoolExecutor(n_threads) as pool:
        together = list(pool.map(lambda s: explain_function(X[s]), slices * 3))
    for i, e in enumerate(together):
        expected = one_by_one[i % len(slices)]
        np.testing.assert_array_equal(e.labels, expected.labels)
        np.testing.assert_array_equal(e.relevance, expected.relevance)


MODELS = {
    "KMeans": KMeans(4, n_init=1, random_state=0),
    "MiniBatchKMeans": MiniBatchKMeans(4, n_init=1, random_state=np.random.RandomState(0)),
    "BisectingKMeans": BisectingKMeans(4, random_state=0),
    "NearestCentroid": NearestCentroid(),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", MODELS)
def test_fitted_models_and_data(name, dtype):
    X, y = real("wine")
    X = X.astype(dtype)
    check_untouched(neonxai.explain, clone(MODELS[name]).fit(X, y), X)


@pytest.mark.parametrize("name", ["KMeans", "BisectingKMeans"])
def test_an_unfitted_model_is_fitted_elsewhere(name):
    X, _ = real("wine")
    check_untouched(neonxai.explain, clone(MODELS[name]), X)


def test_bare_centers():
    centers, X = blobs()
    check_untouched(lambda c, X: neon(c, X, 0.5), centers, X)
    check_untouched(lambda c, X: neon(c, X, 0.5), np.asfortranarray(centers), np.asfortranarray(X))
    check_untouched(neonxai.explain, neonxai.Centroids(centers), X)


def test_frames():
    X, _ = real("wine")
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])
    copy = frame.copy(deep=True)
    model = KMeans(3, n_init=1, random_state=0).fit(frame)
    before = state(model)
    neonxai.explain(model, frame)
    pd.testing.assert_frame_equal(frame, copy, check_exact=True)
    assert state(model) == before


def _with_nan(X):
    return np.where(np.arange(X.size).reshape(X.shape) == 40, np.nan, X)


FAILURES = {
    "nan": (_with_nan, {}),
    "a column too few": (lambda X: X[:, 1:], {}),
    "no rows": (lambda X: X[:0], {}),
    "no such cluster": (lambda X: X, {"target": 17}),
    "itself": (lambda X: X, {"target": 1, "against": 1}),
    "negative beta": (lambda X: X, {"beta": -1.0}),
    "unknown pooling": (lambda X: X, {"pooling": "max"}),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_after_an_error(failure):
    X, _ = real("wine")
    model = KMeans(4, n_init=1, random_state=0).fit(X)
    spoil, options = FAILURES[failure]
    with pytest.raises((ValueError, TypeError)):
        check_untouched(lambda model, X: neonxai.explain(model, X, **options), model, spoil(X))


def test_an_explainer_is_as_before_after_explaining_and_failing():
    centers, X = blobs()
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(X)
    first = explainer.explain(X)
    before = state(explainer)
    explainer.explain(X[:7])
    with pytest.raises(ValueError, match=r"NaN|nan"):
        explainer.explain(_with_nan(X))
    assert state(explainer) == before
    np.testing.assert_array_equal(explainer.explain(X).relevance, first.relevance)


def test_results_are_not_windows_into_the_data():
    """Changing the rows afterwards does not change what was said about them."""
    centers, X = blobs()
    e = neon(centers, X, 0.5)
    said = e.relevance.copy(), e.logits.copy(), e.probabilities.copy()
    X *= 2
    centers *= 3
    for now, then in zip((e.relevance, e.logits, e.probabilities), said, strict=True):
        np.testing.assert_array_equal(now, then)


def test_an_explainer_keeps_its_own_centers():
    centers, X = blobs()
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers), beta=0.5).fit(X)
    before = explainer.transform(X)
    centers *= 3
    np.testing.assert_array_equal(explainer.transform(X), before)


def test_threads_share_an_explainer():
    X, _ = real("digits")
    model = KMeans(10, n_init=1, random_state=0).fit(X)
    check_threads(neonxai.ClusterExplainer(model).fit(X).explain, X)


def test_other_processes_get_the_same(tmp_path):
    """By pickle, as joblib sends it, and by file."""
    centers, X = blobs()
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(centers)).fit(X)
    path = tmp_path / "explainer.npz"
    explainer.save(path)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pickled = pool.submit(explainer.transform, X)
        loaded = pool.submit(load_and_transform, str(path), X)
        np.testing.assert_array_equal(pickled.result(), explainer.transform(X))
        np.testing.assert_array_equal(loaded.result(), explainer.transform(X))


class Forgetful:
    """Keeps the batch on itself between two steps, as a shared explainer must not."""

    def __init__(self, centers, n_threads):
        self.centers = centers
        self.all_here = threading.Barrier(n_threads, timeout=60)

    def explain(self, X):
        self.batch = X
        if threading.current_thread() is not threading.main_thread():
            self.all_here.wait()
        return broken.textbook(self.centers, self.batch, 0.5)


def test_the_textbook_passes():
    centers, X = blobs()
    check_untouched(lambda c, X: broken.textbook(c, X, 0.5), centers, X)
    check_threads(lambda X: broken.textbook(centers, X, 0.5), X)


def test_a_batch_kept_on_the_explainer_is_rejected():
    centers, X = blobs(400)
    with pytest.raises(AssertionError):
        check_threads(Forgetful(centers, 8).explain, X)


def test_recentering_the_callers_data_is_rejected():
    centers, X = blobs()
    with pytest.raises(AssertionError, match="the data were changed"):
        check_untouched(lambda c, X: broken.in_place(c, X, 0.5), centers, X)


def test_a_change_before_an_error_is_rejected():
    def fails_late(centers, X):
        broken.in_place(centers, X, 0.5)
        raise ValueError("too late")

    with pytest.raises(AssertionError, match="the data were changed"):
        check_untouched(fails_late, *blobs())


def test_fitting_the_callers_model_is_rejected():
    X, _ = real("wine")
    with pytest.raises(AssertionError, match="the model was changed"):
        check_untouched(lambda model, X: model.fit(X), KMeans(3, n_init=1, random_state=0), X)


def test_drawing_from_the_global_generator_is_rejected():
    centers, X = blobs()
    kept = np.random.get_state()  # noqa: NPY002 - see `surroundings`
    with pytest.raises(AssertionError, match="global"):
        check_untouched(lambda c, X: np.random.rand(), centers, X)  # noqa: NPY002 - the mistake under test
    np.random.set_state(kept)  # noqa: NPY002 - see `surroundings`
