"""Sparse rows from end to end: what is present, what is absent, and all of it."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, Normalizer

import neonxai

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(0.3 + 2.0 * (RNG.integers(3, size=120)[:, None] == np.arange(40) % 3), (120, 40))
X = csr_array(COUNTS.astype(float))
DOCUMENTS = [" ".join(np.repeat([f"w{i:02d}" for i in range(40)], row)) for row in COUNTS]


MODELS = [
    KMeans(3, n_init=2, random_state=0),
    MiniBatchKMeans(3, n_init=2, random_state=0),
    BisectingKMeans(3, random_state=0),
    make_pipeline(MaxAbsScaler(), KMeans(3, n_init=2, random_state=0)),
    make_pipeline(TfidfTransformer(), KMeans(3, n_init=2, random_state=0)),
    make_pipeline(TruncatedSVD(5, random_state=0), KMeans(3, n_init=2, random_state=0)),
    make_pipeline(
        TfidfTransformer(), TruncatedSVD(5, random_state=0), Normalizer(), KMeans(3, n_init=2, random_state=0)
    ),
    make_pipeline(TruncatedSVD(3, random_state=0), GaussianMixture(2, reg_covar=1e-2, random_state=0)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: repr(model).partition("(")[0])
def test_sparse_is_dense_where_something_is(model):
    explainer = neonxai.ClusterExplainer(model).fit(X)
    sparse, dense = explainer.explain(X), explainer.explain(X, dense=True)
    assert isinstance(sparse.relevance, csr_array)
    assert isinstance(dense.relevance, np.ndarray)
    assert np.array_equal(sparse.labels, explainer.model_.predict(X))
    assert np.array_equal(sparse.labels, dense.labels)
    scale = np.abs(dense.relevance).sum(axis=1)
    is_present = COUNTS > 0
    present = np.where(is_present, dense.relevance, 0.0)
    assert np.all(np.abs(sparse.relevance.toarray() - present).max(axis=1) <= 1e-10 * scale)
    absent = np.where(is_present, 0.0, dense.relevance).sum(axis=1)
    assert np.any(absent)
    assert np.all(np.abs(sparse.absent - absent) <= 1e-10 * scale)
    assert np.all(sparse.conservation_error() <= 1e-9 * scale)
    assert np.all(dense.conservation_error() <= 1e-9 * scale)


def test_a_list_of_documents_is_its_matrix():
    model = KMeans(3, n_init=2, random_state=0)
    words = CountVectorizer()
    e = neonxai.explain(make_pipeline(words, model).fit(DOCUMENTS), DOCUMENTS)
    counted = words.transform(DOCUMENTS)
    direct = neonxai.explain(model, csr_array(counted))
    assert e.feature_names == tuple(words.get_feature_names_out())
    assert np.allclose(e.relevance.toarray(), direct.relevance.toarray(), rtol=1e-12, atol=1e-12)
    table = e[:2].to_frame("pandas")
    assert list(table.columns) == ["document", "cluster", "term", "relevance"]
    assert set(table["term"][table["document"] == 0]) == set(DOCUMENTS[0].split())


def test_a_dense_table_has_a_dense_answer():
    frame_like = X.toarray()
    e = neonxai.explain(
        make_pipeline(FunctionTransformer(csr_array), KMeans(3, n_init=2, random_state=0)), frame_like
    )
    assert isinstance(e.relevance, np.ndarray)


def test_dense_rows_have_nothing_absent():
    model = KMeans(3, n_init=2, random_state=0).fit(X.toarray())
    assert neonxai.explain(model, X.toarray()).absent is None


def test_labels_need_dense_rows():
    with pytest.raises(TypeError, match=r"needs dense rows.*TruncatedSVD"):
        neonxai.explain_labels(COUNTS.argmax(axis=1) % 3, X)


def test_a_gap_is_named():
    gap = X.copy()
    gap.data[5] = np.nan
    row = int(np.searchsorted(gap.indptr, 5, side="right")) - 1
    with pytest.raises(ValueError, match=rf"nan in row {row}, column {gap.indices[5]}"):
        neonxai.explain(KMeans(3, n_init=2, random_state=0).fit(X), gap)
