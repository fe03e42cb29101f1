import math

import mpmath
import numpy as np
import pytest
import torch

from neonxai.torch import soft_max, soft_min

DOUBLE = torch.float64


def test_figures_of_the_reference(golden_pooling):
    x = torch.tensor(golden_pooling["x"], dtype=DOUBLE)
    for pool, name in ((soft_min, "soft_min"), (soft_max, "soft_max")):
        for beta, expected in golden_pooling[name].items():
            # 1e-12: the reference subtracts two logarithms, ours one; both are within a few ulp of 3.
            np.testing.assert_allclose(pool(x, float(beta)), expected, rtol=0, atol=1e-12)


def test_the_reference_rejects_a_swapped_sign(golden_pooling):
    x = torch.tensor(golden_pooling["x"], dtype=DOUBLE)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(soft_max(x, 1.0), golden_pooling["soft_min"]["1.0"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("beta", [1e-300, 1e-12, 1e-3, 0.7, 1.0, 30.0, 1e4, 1e300])
def test_is_the_log_mean_exp(beta):
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    with mpmath.workdps(700):  # exp(−1e-300 x) differs from 1 in the 300th digit
        for row, got in zip(x.tolist(), soft_min(x, beta).tolist(), strict=True):
            low = min(row)
            mean = mpmath.fsum(mpmath.exp(-mpmath.mpf(beta) * (mpmath.mpf(v) - low)) for v in row) / len(row)
            # A few ulp of the values; no digits are lost for small β, where the two logarithms cancel.
            assert got == pytest.approx(float(low - mpmath.log(mean) / beta), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_limits(dim):
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(1), dtype=DOUBLE)
    assert torch.equal(soft_min(x, math.inf, dim), x.min(dim).values)
    assert torch.equal(soft_max(x, math.inf, dim), x.max(dim).values)
    torch.testing.assert_close(soft_min(x, 0, dim), x.mean(dim))
    torch.testing.assert_close(soft_max(x, torch.tensor(0.0), dim), x.mean(dim))


def test_infinite_values_count_without_weight():
    x = torch.tensor([1.0, math.inf], dtype=DOUBLE)
    assert soft_min(x, 2.0).item() == pytest.approx(1 + math.log(2) / 2, rel=1e-15)
    assert soft_min(x, math.inf).item() == 1.0
    assert soft_min(-x, 2.0).item() == -math.inf
    assert soft_max(x, 2.0).item() == math.inf
    assert soft_min(torch.tensor([math.inf, math.inf]), 2.0).item() == math.inf


@pytest.mark.parametrize("beta", [0.0, 1e-3, 0.5, 40.0])
@pytest.mark.parametrize("pool", [soft_min, soft_max])
def test_gradient(pool, beta):
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(2), dtype=DOUBLE, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: pool(v, beta), (x,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_dtype_is_kept(dtype):
    result = soft_min(torch.tensor([0.0, 1.0], dtype=dtype), 1.0)
    assert result.dtype == dtype
    expected = -math.log((1 + math.exp(-1)) / 2)
    assert result.item() == pytest.approx(expected, rel=4 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("pool", [soft_min, soft_max])
def test_bad_input(pool):
    x = torch.zeros(2, 3)
    for beta in (-1.0, math.nan, -math.inf, torch.tensor(-0.1)):
        with pytest.raises(ValueError, match="beta must be from 0"):
            pool(x, beta)
    for beta in ("1", None, torch.zeros(2), 1j):
        with pytest.raises(TypeError, match="one real number"):
            pool(x, beta)
    with pytest.raises(ValueError, match="nothing to pool"):
        pool(torch.zeros(2, 0), 1.0)
    with pytest.raises(ValueError, match="nothing to pool"):
        pool(torch.tensor(1.0), 1.0)
    with pytest.raises(TypeError, match=r"floating-point tensor; got torch\.int64"):
        soft_min(torch.zeros(2, dtype=torch.long), 1.0)
