"""Fitted distributions: published values, laws, and the numbers that other ways of reckoning give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from actors.errors import InputError
from actors.risk.measures.parametric import CornishFisher, Normal, StudentT

FINE = np.linspace(0, 1, 2_000_001)[1:-1]


def shortfall(quantiles: np.ndarray, confidence: float) -> float:
    """Expected shortfall as the mean of the quantiles of the tail, by the midpoint rule."""
    return float(quantiles[FINE >= confidence].mean())


@pytest.mark.parametrize(
    ("confidence", "value_at_risk", "expected_shortfall"),
    [(0.95, 1.6448536, 2.0627128), (0.975, 1.9599640, 2.3378027), (0.99, 2.3263479, 2.6652142)],
)
def test_the_standard_normal_has_the_tabulated_tail(
    confidence: float, value_at_risk: float, expected_shortfall: float
) -> None:
    tail = Normal(0, 1).tail(confidence)
    assert tail.value_at_risk == pytest.approx(value_at_risk, abs=1e-7)
    assert tail.expected_shortfall == pytest.approx(expected_shortfall, abs=1e-6)


@pytest.mark.parametrize("freedom", [1.5, 3.0, 4.0, 30.0])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_a_t_tail_is_that_of_its_quantile_function(freedom: float, confidence: float) -> None:
    tail = StudentT(1.0, 2.0, freedom).tail(confidence)
    assert tail.value_at_risk == pytest.approx(1 + 2 * stats.t.ppf(confidence, freedom))
    beyond = 1 + 2 * stats.t.expect(lambda x: x, (freedom,), lb=stats.t.ppf(confidence, freedom)) / (1 - confidence)
    assert tail.expected_shortfall == pytest.approx(beyond, rel=1e-6)


@pytest.mark.parametrize("freedom", [1.5, 3.0, 6.0])
def test_the_fitted_t_is_as_likely_as_any_that_a_general_optimiser_finds(freedom: float) -> None:
    losses = 0.001 + 0.01 * np.random.default_rng(5).standard_t(freedom, 600)
    ours = StudentT.fit(losses)
    theirs = stats.t.fit(losses / losses.std())
    scale = losses.std()
    found = stats.t.logpdf(losses, ours.freedom, ours.location, ours.scale).sum()
    other = stats.t.logpdf(losses, theirs[0], theirs[1] * scale, theirs[2] * scale).sum()
    assert found >= other - 1e-4
    assert ours.freedom == pytest.approx(theirs[0], rel=1e-3)


def test_a_t_that_is_fitted_to_evenly_spread_losses_is_as_good_as_normal() -> None:
    losses = stats.norm.ppf((np.arange(500) + 0.5) / 500)
    found, normal = StudentT.fit(losses).tail(0.99), Normal.fit(losses).tail(0.99)
    assert found.value_at_risk == pytest.approx(normal.value_at_risk, rel=0.01)


def test_losses_without_a_mean_have_no_expected_shortfall() -> None:
    wild = np.concatenate([np.random.default_rng(1).standard_normal(400), 10.0 ** np.arange(3, 103)])
    with pytest.raises(InputError, match="too heavy") as caught:
        StudentT.fit(wild)
    assert caught.value.rule == "more than 1" and caught.value.remedy is not None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "losses",
    [
        np.full(50, 0.1),
        np.append(np.zeros(99), 5.0),
        np.append(1e-9 * np.random.default_rng(0).standard_normal(99), 5.0),
        1e200 * np.random.default_rng(0).standard_normal(99),
    ],
    ids=["constant", "one outlier", "one outlier among nearly constant ones", "beyond all bounds"],
)
def test_losses_that_no_t_fits_are_refused(losses: np.ndarray) -> None:
    with pytest.raises(InputError) as caught:
        StudentT.fit(losses)
    assert caught.value.field == "losses"


@given(st.floats(-5, 5), st.floats(0.01, 10), st.sampled_from([0.9, 0.95, 0.99]))
def test_cornish_fisher_without_skewness_and_kurtosis_is_normal(mean: float, deviation: float, level: float) -> None:
    found, normal = CornishFisher(mean, deviation, 0, 0).tail(level), Normal(mean, deviation).tail(level)
    assert found.value_at_risk == pytest.approx(normal.value_at_risk)
    assert found.expected_shortfall == pytest.approx(normal.expected_shortfall)


@pytest.mark.parametrize(("skewness", "kurtosis"), [(0.5, 1.0), (-0.5, 2.0), (0.8, 4.0), (0.0, 3.0)])
def test_the_cornish_fisher_tail_is_that_of_its_quantile_function(skewness: float, kurtosis: float) -> None:
    z = stats.norm.ppf(FINE)
    quantiles = z + (z**2 - 1) * skewness / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36
    tail = CornishFisher(0, 1, skewness, kurtosis).tail(0.99)
    assert tail.value_at_risk == pytest.approx(np.interp(0.99, FINE, quantiles), rel=1e-4)
    assert tail.expected_shortfall == pytest.approx(shortfall(quantiles, 0.99), rel=1e-3)


@pytest.mark.parametrize(("skewness", "kurtosis"), [(3.0, 1.0), (-2.5, 2.0), (1.0, 0.0)])
def test_an_expansion_whose_quantiles_do_not_ascend_is_refused(skewness: float, kurtosis: float) -> None:
    with pytest.raises(InputError, match="does not hold") as caught:
        CornishFisher(0, 1, skewness, kurtosis).tail(0.99)
    assert "student_t" in str(caught.value.remedy)


@given(st.floats(-1.5, 1.5), st.floats(-1, 8))
def test_where_the_expansion_is_not_refused_its_quantiles_ascend(skewness: float, kurtosis: float) -> None:
    distribution = CornishFisher(0, 1, skewness, kurtosis)
    try:
        distribution.tail(0.95)
    except InputError:
        return
    z = np.linspace(stats.norm.ppf(0.95), 4, 500)
    assert (np.diff(distribution._corrected(z)) > 0).all()


@pytest.mark.parametrize("kind", [Normal, StudentT, CornishFisher])
def test_a_sample_stands_for_its_distribution(kind: type) -> None:
    losses = np.random.default_rng(2).standard_t(5, 800)
    distribution = kind.fit(losses)
    sample = distribution.sample()
    assert len(sample) == 1_000 and (np.diff(sample) > 0).all()
    assert np.quantile(sample, 0.95) == pytest.approx(distribution.tail(0.95).value_at_risk, rel=0.02)


@pytest.mark.parametrize("horizon", [1, 4, 9])
def test_risk_grows_with_the_root_of_the_horizon(horizon: int) -> None:
    losses = np.random.default_rng(3).standard_normal(500)
    losses -= losses.mean()
    one, more = Normal.fit(losses).tail(0.99), Normal.fit(losses, horizon).tail(0.99)
    assert more.value_at_risk == pytest.approx(one.value_at_risk * math.sqrt(horizon))
    skewed = np.random.default_rng(3).gamma(2, 1, 500)
    far = CornishFisher.fit(skewed, horizon)
    assert far.skewness == pytest.approx(CornishFisher.fit(skewed).skewness / math.sqrt(horizon))


@pytest.mark.parametrize("kind", [StudentT, CornishFisher])
def test_losses_that_do_not_vary_are_refused(kind: type) -> None:
    with pytest.raises(InputError, match="do not vary"):
        kind.fit(np.full(50, 3.0))
