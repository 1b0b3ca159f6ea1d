"""Estimators of covariance."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.covariance

from actors.errors import InputError
from actors.portfolio.construction.checks import check_definite, covariance_matrix
from actors.portfolio.construction.covariance import Estimator, estimate, factor_covariance, principal_components
from tests.actors.portfolio.construction.builders import returns, symbols


@pytest.mark.parametrize("estimator", list(Estimator))
def test_every_estimator_gives_a_covariance_of_about_the_sample(estimator: Estimator) -> None:
    found = covariance_matrix(estimate(returns(), estimator), symbols(12))
    check_definite(found, symbols(12))
    sample = np.cov(returns(), rowvar=False)
    assert np.sqrt(np.diag(found)) == pytest.approx(np.sqrt(np.diag(sample)), rel=0.15)
    assert np.linalg.norm(found - sample) < 0.5 * np.linalg.norm(sample)


@pytest.mark.parametrize("estimator", [Estimator.LEDOIT_WOLF, Estimator.OAS, Estimator.FACTOR])
def test_with_fewer_periods_than_assets_what_is_shrunk_is_not_singular(estimator: Estimator) -> None:
    found = covariance_matrix(estimate(returns(40, 25), estimator), symbols(40))
    check_definite(found, symbols(40))


def test_shrinkage_is_that_of_scikit_learn() -> None:
    sample = returns()
    assert estimate(sample, Estimator.LEDOIT_WOLF) == pytest.approx(sklearn.covariance.ledoit_wolf(sample)[0])
    assert estimate(sample, Estimator.OAS) == pytest.approx(sklearn.covariance.oas(sample)[0])


def test_a_factor_covariance_is_what_least_squares_leave() -> None:
    sample = returns()
    factors = sample[:, :2] + 0.002 * np.random.default_rng(1).standard_normal((250, 2))
    found = factor_covariance(sample, factors)
    design = np.column_stack([np.ones(250), factors])
    slopes = np.linalg.lstsq(design, sample, rcond=None)[0][1:].T
    common = slopes @ np.cov(factors, rowvar=False) @ slopes.T
    assert found - np.diag(np.diag(found)) == pytest.approx(common - np.diag(np.diag(common)), abs=1e-9)
    assert np.diag(found) == pytest.approx(sample.var(axis=0, ddof=1), rel=0.02)


def test_factors_stand_out_of_noise() -> None:
    assert principal_components(returns(60, 500)).shape == (500, 3)
    assert principal_components(np.random.default_rng(0).standard_normal((500, 20))).shape[1] <= 2


@pytest.mark.parametrize("factors", [np.zeros(250), np.zeros((249, 2)), np.zeros((250, 0)), np.zeros((250, 249))])
def test_what_are_no_factors_is_refused(factors: np.ndarray) -> None:
    with pytest.raises(InputError) as caught:
        factor_covariance(returns(), factors)
    assert caught.value.field == "factors"


def test_a_factor_that_is_missing_is_named() -> None:
    factors = returns()[:, :2].copy()
    factors[7, 1] = np.nan
    with pytest.raises(InputError) as caught:
        factor_covariance(returns(), factors)
    assert caught.value.field == "factors[factor 1, 7]"
