"""Texts to terms, weights of terms, norms of rows."""

import pickle

import numpy as np
import palmerpenguins
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import Normalizer

from neonxai.transforms.registry import is_known, read
from neonxai.transforms.steps import RowScale, Shares, Terms
from neonxai.transforms.text import term_names


@pytest.fixture(scope="module")
def notes():
    penguins = palmerpenguins.load_penguins().dropna()
    return [f"{s} penguin on {i}, {x} {x}" for s, i, x in penguins[["species", "island", "sex"]].to_numpy()]


VECTORIZERS = {
    "counts": CountVectorizer(),
    "pairs": CountVectorizer(ngram_range=(1, 2), max_features=9, binary=True),
    "characters": CountVectorizer(analyzer="char_wb", ngram_range=(2, 2)),
    "given": CountVectorizer(vocabulary=["male", "female", "biscoe"]),
    "tfidf": TfidfVectorizer(sublinear_tf=True, min_df=2),
    "hashing": HashingVectorizer(n_features=32),
}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("kind", VECTORIZERS)
def test_terms_are_counted_and_named(kind, frozen, notes):
    vectorizer = VECTORIZERS[kind].fit(notes)
    n_terms = vectorizer.transform(notes).shape[1]
    step = read(FrozenEstimator(vectorizer) if frozen else vectorizer, 1, "texts")
    assert isinstance(step, Terms)
    assert step.n_terms == n_terms
    names = term_names(FrozenEstimator(vectorizer) if frozen else vectorizer)
    assert len(set(names)) == len(names) == n_terms
    assert all(type(name) is str for name in names)


@pytest.mark.parametrize("kind", ["counts", "given", "tfidf"])
def test_a_term_is_in_the_column_of_its_name(kind, notes):
    vectorizer = VECTORIZERS[kind].fit(notes)
    row = vectorizer.transform(["male"]).toarray()[0]
    assert [term_names(vectorizer)[j] for j in np.flatnonzero(row)] == ["male"]


def test_buckets_are_numbered():
    names = term_names(HashingVectorizer(n_features=18))
    assert names[0] == "bucket 0"
    assert names[17] == "bucket 17"
    assert read(HashingVectorizer(), 1, "texts").n_terms == 2**20


def test_a_vocabulary_needs_no_fit():
    assert read(CountVectorizer(vocabulary=["a", "b"]), 1, "texts").n_terms == 2


@pytest.mark.parametrize(
    "transformer",
    [CountVectorizer(), TfidfVectorizer(), TfidfVectorizer(vocabulary=["a"]), TfidfTransformer()],
)
def test_unfitted(transformer):
    with pytest.raises(NotFittedError):
        read(transformer, 1, "texts")


def check_only_a_factor_is_shared(transformer, X):
    """A change of one column changes the others by one factor a row, and relevance may stay in place."""
    before = np.asarray(csr_array(transformer.transform(X)).toarray())
    for i in range(X.shape[1]):
        other = X.copy()
        other[:, i] += 3.0
        after = np.asarray(csr_array(transformer.transform(other)).toarray())
        rest = np.arange(X.shape[1]) != i
        a, b = before[:, rest], after[:, rest]
        factor = (a * b).sum(axis=1) / (a * a).sum(axis=1)
        np.testing.assert_allclose(b, factor[:, None] * a, rtol=1e-12, atol=1e-15)
        assert np.any(before[:, i] != after[:, i])


@pytest.mark.parametrize("norm", ["l1", "l2", None])
@pytest.mark.parametrize("use_idf", [False, True])
@pytest.mark.parametrize("sublinear_tf", [False, True])
def test_weights_are_the_terms_own_but_for_the_norm(norm, use_idf, sublinear_tf):
    counts = np.rint(load_wine().data[:, [0, 1, 4, 9]])  # counts of a kind, and none is 0
    counts[:5, 0] = counts[2:9, 2] = 0
    transformer = TfidfTransformer(norm=norm, use_idf=use_idf, sublinear_tf=sublinear_tf).fit(counts)
    step = read(transformer, 4, "weights")
    assert isinstance(step, Shares)
    assert not step.is_code
    np.testing.assert_array_equal(step.matrix.toarray(), np.eye(4))
    check_only_a_factor_is_shared(transformer, counts)
    assert (step.invert is not None) == (norm is None and not sublinear_tf)
    if step.invert is not None:
        invert = pickle.loads(pickle.dumps(step.invert))  # noqa: S301  # made here
        back = invert(transformer.transform(counts).toarray())
        np.testing.assert_allclose(back, counts, rtol=1e-14)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_a_norm_is_the_rows_own(norm):
    X = load_wine().data[:, :4]
    transformer = Normalizer(norm=norm)
    assert isinstance(read(transformer, 4, "norm"), RowScale)
    if norm != "max":  # which is the changed column itself, at times
        check_only_a_factor_is_shared(transformer, X)
    z = transformer.transform(X)
    A = np.array([[1.0, 2.0, 0.0, -1.0], [0.5, 0.0, 1.0, 3.0]])
    factor = np.linalg.norm(z, axis=1) / np.linalg.norm(X, axis=1)
    np.testing.assert_allclose(z @ A.T, factor[:, None] * (X @ A.T), rtol=1e-12)


def test_what_is_more_than_a_factor_is_rejected():
    class Softmax:
        def transform(self, X):
            return np.exp(X) / np.exp(X).sum(axis=1, keepdims=True) + X.sum(axis=1, keepdims=True)

    with pytest.raises(AssertionError):
        check_only_a_factor_is_shared(Softmax(), load_wine().data[:, [0, 1, 5]])


def test_another_transform_of_a_subclass_is_another_step():
    class Stems(CountVectorizer):
        """With an analyzer of its own."""

        def build_analyzer(self):
            return lambda text: [word[:3] for word in text.split()]

    class Squares(CountVectorizer):
        """With a transform of its own."""

        def transform(self, raw_documents):
            return super().transform(raw_documents) ** 2

    assert is_known(Stems())
    assert term_names(Stems().fit(["male female", "males"])) == ("fem", "mal")
    assert not is_known(Squares())
