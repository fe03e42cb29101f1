"""NEON against exact arithmetic, where floating point has it hardest."""

import math

import numpy as np
import pytest
import torch

from neonxai.torch import KMeans, beta_heuristic, evidence, neon, redistribution

PROMISED = {torch.float64: 1e-10, torch.float32: 1e-5}


def plain(rng):
    return rng.standard_normal((5, 4))


def far_from_the_origin(rng):
    return rng.standard_normal((5, 4)) + 1e8


def close_pair_far_from_the_rest(rng):
    centers = rng.standard_normal((5, 4))
    centers[0] += 1e4
    centers[1] = centers[0] + 1e-3 * rng.standard_normal(4)
    return centers


def close_groups_far_apart(rng):
    return 1e4 * rng.standard_normal((2, 4))[[0, 0, 0, 1, 1]] + 1e-2 * rng.standard_normal((5, 4))


def one_far_center(rng):
    centers = rng.standard_normal((5, 4))
    centers[4] *= 1e7
    return centers


def near_duplicates(rng):
    centers = rng.standard_normal((5, 4))
    centers[3] = np.nextafter(centers[2], np.inf)
    centers[1] = centers[0]
    return centers


GEOMETRIES = [
    plain,
    far_from_the_origin,
    close_pair_far_from_the_rest,
    close_groups_far_apart,
    one_far_center,
    near_duplicates,
]


def rows_between(centers, rng):
    """Rows on, near and far from centers, midpoints and boundaries."""
    i, j = rng.integers(0, len(centers), (2, 40))
    where = rng.choice([0.0, 0.25, 0.5, 0.5, 0.499999, 1.0], (40, 1))
    gap = np.abs(centers[i] - centers[j]).max(1, keepdims=True)
    noise = rng.standard_normal((40, 4)) * gap * rng.choice([0.0, 1e-9, 1e-4, 0.1, 3.0], (40, 1))
    return centers[i] + where * (centers[j] - centers[i]) + noise


def worst_error(geometry, dtype, exact_error, seed=0):
    rng = np.random.default_rng(seed)
    centers = geometry(rng)
    X = torch.tensor(rows_between(centers, rng)).to(dtype)
    model = KMeans.from_centroids(torch.tensor(centers).to(dtype))
    worst = 0.0
    for beta in (0.0, 1.0, beta_heuristic(model, X).item(), math.inf):
        errors = exact_error(neon(model, X, beta).numpy(), X.numpy(), model.centroids.numpy(), beta)
        worst = max(worst, errors.max())
    return worst


@pytest.mark.parametrize("dtype", PROMISED, ids=str)
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.__name__)
def test_relative_error(geometry, dtype, exact_error):
    for seed in range(3):
        assert worst_error(geometry, dtype, exact_error, seed) <= PROMISED[dtype]


def trust_every_row(monkeypatch):
    monkeypatch.setattr(redistribution, "_ROUNDING", 0.0)
    monkeypatch.setattr(redistribution, "score_errors", lambda y, norms: y.new_zeros(len(y), len(norms)))


def test_one_pass_of_products_is_not_enough(monkeypatch, exact_error):
    trust_every_row(monkeypatch)
    assert worst_error(close_pair_far_from_the_rest, torch.float64, exact_error) > PROMISED[torch.float64]


def test_products_around_the_origin_are_not_enough(monkeypatch, exact_error):
    trust_every_row(monkeypatch)
    for module in (redistribution, evidence):
        monkeypatch.setattr(module, "origin_of", lambda centers: torch.zeros_like(centers[0]))
    assert worst_error(far_from_the_origin, torch.float64, exact_error) > PROMISED[torch.float64]


def test_most_rows_need_one_pass_only():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(2000, 30, generator=generator, dtype=torch.float64)
    centers = torch.randn(20, 30, generator=generator, dtype=torch.float64)
    prepared = redistribution.Redistribution.between(centers, torch.float64)
    *_, doubtful = prepared._by_products(X - prepared.origin, 1.0)
    assert doubtful.sum() <= 20


def test_float32_as_working_dtype(monkeypatch, exact_error):
    # As on MPS, which has no float64.
    for module in (redistribution, evidence):
        monkeypatch.setattr(module, "working_dtype", lambda device: torch.float32)
    rng = np.random.default_rng(0)
    centers = torch.tensor(far_from_the_origin(rng) - 1e8 + 1e3, dtype=torch.float32)
    X = torch.tensor(1e3 + 2 * rng.standard_normal((40, 4)), dtype=torch.float32)
    for beta in (0.0, 1.0, 1e6, math.inf):
        relevance = neon(KMeans.from_centroids(centers), X, beta)
        errors = exact_error(relevance.numpy(), X.numpy(), centers.numpy(), beta)
        assert errors.max() <= PROMISED[torch.float32]


def test_conservation_to_the_last_digits():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(500, 8, generator=generator, dtype=torch.float64)
    model = KMeans.from_centroids(torch.randn(7, 8, generator=generator, dtype=torch.float64))
    for beta in (0.0, 1.0, math.inf):
        relevance = neon(model, X, beta)
        error = (relevance.sum(1) - model(X)).abs()
        # Eight terms and their sum: some tens of ulp of Σ|R|, or of the terms that R itself is made of.
        assert (error <= 1e-13 * relevance.abs().sum(1).clamp(min=1.0)).all()
