"""Folding equals propagation step by step, written down slowly with what scikit-learn says of a step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler

import neonxai

X, Y = load_wine(return_X_y=True)
X = X[::3, :8]
Y = Y[::3]
STEPS = [
    StandardScaler,
    lambda: StandardScaler(with_mean=False),
    MinMaxScaler,
    MaxAbsScaler,
    RobustScaler,
    lambda: PCA(4, random_state=0),
    lambda: PCA(4, whiten=True, random_state=0),
    lambda: IncrementalPCA(4),
    lambda: TruncatedSVD(4, random_state=0),
    lambda: SelectKBest(f_classif, k=4),
]


def step_by_step(pipe, rows, clusters, coefficients, *, element_wise=0):
    """Relevance of each pair, taken back through one step after the other: rows × clusters in loops.

    A step multiplies the gradient by its Jacobian, seen by moving each input by 1, and its own
    ``inverse_transform`` takes the root back.
    """
    centers = pipe[-1].cluster_centers_
    affine = [step for _, step in pipe.steps[element_wise:-1]]
    front = rows
    for _, step in pipe.steps[:element_wise]:
        front = step.transform(front)
    relevance = np.zeros(front.shape)
    for n, own in enumerate(clusters):
        for k in range(len(centers)):
            if k == own:
                continue
            gradient = 2 * (centers[own] - centers[k])
            root = (centers[own] + centers[k]) / 2
            for step in reversed(affine):
                n_inputs = step.n_features_in_
                jacobian = step.transform(np.eye(n_inputs)) - step.transform(np.zeros((1, n_inputs)))
                gradient = jacobian @ gradient
                root = step.inverse_transform(root[None])[0]
            relevance[n] += coefficients[n, k] * gradient * (front[n] - root)
    return relevance


def coefficients_of(pipe, rows, beta):
    """a_k = p_k f / h_k, from the definition."""
    z = pipe[:-1].transform(rows)
    d = ((z[:, None] - pipe[-1].cluster_centers_) ** 2).sum(axis=2)
    clusters = d.argmin(axis=1)
    h = d - d[np.arange(len(d)), clusters][:, None]
    h[np.arange(len(d)), clusters] = np.inf
    f = h.min(axis=1, keepdims=True)
    p = np.exp(-beta * (h - f))
    return clusters, p / p.sum(axis=1, keepdims=True) * f / h


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4), st.booleans())
def test_folding_is_propagation_step_by_step(makers, bent):
    steps = [PowerTransformer()] * bent + [make() for make in makers] + [KMeans(3, n_init=1, random_state=0)]
    pipe = Pipeline([(f"step{i}", step) for i, step in enumerate(steps)]).fit(X, Y)
    e = neonxai.explain(pipe, X)
    clusters, a = coefficients_of(pipe, X, e.beta)
    slow = step_by_step(pipe, X, clusters, a, element_wise=int(bent))
    scale = np.abs(slow).sum(axis=1, keepdims=True)
    assert np.all(np.abs(e.relevance - slow) <= 1e-8 * scale)


def test_a_wrong_root_is_seen():
    pipe = Pipeline([("s", StandardScaler()), ("p", PCA(3)), ("k", KMeans(3, n_init=1, random_state=0))]).fit(
        X
    )
    e = neonxai.explain(pipe, X)
    clusters, a = coefficients_of(pipe, X, e.beta)
    pipe[1].inverse_transform = lambda root: root @ pipe[1].components_ + 0.01
    slow = step_by_step(pipe, X, clusters, a)
    with pytest.raises(AssertionError):
        assert np.all(np.abs(e.relevance - slow) <= 1e-8 * np.abs(slow).sum(axis=1, keepdims=True))
