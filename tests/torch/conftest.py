"""NEON's equations written slowly, in numpy and in exact arithmetic; no torch here."""

import importlib.util
import json
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

GOLDEN = Path(__file__).parents[1] / "golden"

collect_ignore_glob = ["test_*.py"] if importlib.util.find_spec("torch") is None else []


def neon_by_weights(X, centers, beta):
    """Per row: explicit W and b of layer 1, shares, and the midpoint rule w∘(x − m)/h. No simplification.

    Returns relevance, logits, labels and Σ_k a_k Σ_i |Z_ik|, against which errors of ε in h are to be seen.
    """
    n_clusters = len(centers)
    W = np.array([[2 * (centers[c] - centers[k]) for k in range(n_clusters)] for c in range(n_clusters)])
    b = np.array(
        [
            [(centers[k] ** 2).sum() - (centers[c] ** 2).sum() for k in range(n_clusters)]
            for c in range(n_clusters)
        ]
    )
    relevance, logits, labels, magnitudes = [], [], [], []
    for x in X:
        h = W @ x + b
        f_all = [min(h[c, k] for k in range(n_clusters) if k != c) for c in range(n_clusters)]
        c = int(np.argmax(f_all))
        f = f_all[c]
        rivals = [k for k in range(n_clusters) if k != c]
        if beta == math.inf:
            p = {k: float(h[c, k] == f) for k in rivals}
        else:
            p = {k: math.exp(-beta * (h[c, k] - f)) for k in rivals}
        total = sum(p.values())
        R, magnitude = np.zeros(len(x)), 0.0
        for k in rivals:
            Z = W[c, k] * (x - (centers[c] + centers[k]) / 2)
            ratio = 1.0 if h[c, k] == f else f / h[c, k]
            R += p[k] / total * ratio * Z
            magnitude += p[k] / total * ratio * np.abs(Z).sum()
        relevance.append(R)
        logits.append(f)
        labels.append(c)
        magnitudes.append(magnitude)
    return np.array(relevance), np.array(logits), np.array(labels), np.array(magnitudes)


def relative_error(relevance, X, centers, beta):
    """Σ_i |R_i − exact R_i| / Σ_i |exact R_i| per row, the exact ones from fractions and 50 digits."""
    with mpmath.workdps(50):
        return np.array([_row_error(*pair, centers, beta) for pair in zip(relevance, X, strict=True)])


def _row_error(relevance, x, centers, beta):
    exact = _exact_row(x, centers, beta)
    scale = mpmath.fsum(abs(r) for r in exact)
    error = mpmath.fsum(abs(mpmath.mpf(float(r)) - e) for r, e in zip(relevance, exact, strict=True))
    return 0.0 if error == 0 else float(error / scale) if scale else math.inf


def _exact_row(x, centers, beta):
    x = [Fraction(float(v)) for v in x]
    mu = [[Fraction(float(v)) for v in row] for row in centers]
    Z = [[(a - m) ** 2 for a, m in zip(x, row, strict=True)] for row in mu]
    d = [sum(z) for z in Z]
    c = d.index(min(d))
    h = {k: d[k] - d[c] for k in range(len(d)) if k != c}
    f = min(h.values())
    if beta == math.inf:
        p = {k: mpmath.mpf(int(v == f)) for k, v in h.items()}
    else:
        p = {k: mpmath.exp(-mpmath.mpf(beta) * _mpf(v - f)) for k, v in h.items()}
    total = mpmath.fsum(p.values())
    a = {k: p[k] / total * (1 if h[k] == f else _mpf(f / h[k])) for k in h}
    return [mpmath.fsum(a[k] * _mpf(Z[k][i] - Z[c][i]) for k in h) for i in range(len(x))]


def _mpf(value):
    return mpmath.mpf(value.numerator) / value.denominator


@pytest.fixture
def slow_neon() -> Callable:
    return neon_by_weights


@pytest.fixture
def exact_error() -> Callable:
    return relative_error


@pytest.fixture(params=["wine_k3", "digits_k10", "iris_k2"])
def golden(request) -> dict[str, np.ndarray]:
    with np.load(GOLDEN / f"{request.param}.npz") as file:
        return dict(file)


@pytest.fixture
def golden_pooling() -> dict:
    return json.loads((GOLDEN / "soft_pooling.json").read_text())


@pytest.fixture
def wine_readme() -> dict:
    return json.loads((GOLDEN / "wine_readme.json").read_text())
