"""Ridge regression from batches equals the regression on all rows at once."""

import pytest
import torch

from models.ridge import Ridge


def rows(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 6, generator=generator) @ torch.randn(6, 6, generator=generator) + 3
    return x, x @ torch.randn(6, 2, generator=generator) - 1 + 0.5 * torch.randn(count, 2, generator=generator)


def test_batches_give_what_all_rows_at_once_give():
    """Compared with the normal equations written out, with the penalty in units of the mean input variance."""
    x, y = rows(500)
    ridge = Ridge(6, 2)
    for start in range(0, 500, 70):
        ridge.add(x[start : start + 70], y[start : start + 70])
    fit = ridge.solve(0.1)
    centred, target = (values.double() - values.double().mean(0) for values in (x, y))
    covariance = centred.T @ centred / 500
    penalty = 0.1 * covariance.diagonal().mean() * torch.eye(6, dtype=torch.float64)
    weight = torch.linalg.inv(covariance + penalty) @ (centred.T @ target / 500)
    torch.testing.assert_close(fit.weight, weight.T, rtol=1e-4, atol=1e-5)
    predicted = x.double() @ fit.weight.T + fit.bias
    torch.testing.assert_close(predicted.mean(0), y.double().mean(0), rtol=1e-5, atol=1e-5)
    explained = 1 - (y - predicted).square().sum() / target.square().sum()
    assert fit.explained == pytest.approx(float(explained), abs=1e-4)


def test_a_linear_target_is_found_exactly_without_penalty():
    x, _ = rows(100)
    truth = torch.arange(12.0).view(6, 2)
    ridge = Ridge(6, 2)
    ridge.add(x, x @ truth + 7)
    fit = ridge.solve(0.0)
    torch.testing.assert_close(fit.weight.float(), truth.T, rtol=1e-3, atol=1e-3)
    assert fit.explained == pytest.approx(1, abs=1e-6)


def test_too_few_rows_are_refused():
    ridge = Ridge(6, 2)
    ridge.add(*rows(5))
    with pytest.raises(ValueError, match="5 rows cannot determine 6 inputs; give more photographs"):
        ridge.solve()
