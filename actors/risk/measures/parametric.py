"""Value at risk and expected shortfall from a distribution that is fitted to losses.

With m the mean and s the standard deviation of one period's losses, h periods, and z the standard normal quantile:

* normal: value at risk m h + s sqrt(h) z, expected shortfall m h + s sqrt(h) phi(z) / (1 - confidence);
* Student t: the same with the quantile and the tail mean of a t distribution whose location, scale and degrees of
  freedom are those of greatest likelihood. A. McNeil, R. Frey and P. Embrechts (2015), "Quantitative Risk Management",
  example 2.15;
* Cornish-Fisher: z is corrected for skewness and excess kurtosis. P. Zangari (1996), "A VaR methodology for portfolios
  that include options", RiskMetrics Monitor Q1. The expected shortfall is the mean of that corrected quantile function
  over the tail, in closed form. D. Maillard (2012), "A user's guide to the Cornish Fisher expansion", section 3, shows
  where the corrected quantiles are still ascending; elsewhere the measure is refused.

Beyond one period the periods are taken to be independent: variance grows with h, skewness falls with sqrt(h), excess
kurtosis with h; a t distribution keeps its degrees of freedom, which overstates the tail.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, special

from actors.errors import InputError
from actors.risk.measures.tails import Array, TailLoss

_GRID = (np.arange(1_000) + 0.5) / 1_000
_LEAST_FREEDOM, _MOST_FREEDOM = 0.5, 1_000.0
"""Degrees of freedom between which a t distribution is fitted; with the most it is as good as normal."""
_FURTHEST = 4.0
"""Standard normal quantile up to which corrected quantiles have to ascend: one loss in 30,000 is beyond it."""
_SAME, _LEAST_SCALE = 1e-12, 1e-4
"""Deviation, by the largest loss, and scale, by the deviation, at and under which there is no distribution to fit."""
_MOST_ROUNDS, _PRECISION = 500, 1e-6


class Normal:
    """A normal distribution of losses.

    Args:
        mean: Mean loss.
        deviation: Its standard deviation, 0 or more.
    """

    def __init__(self, mean: float, deviation: float) -> None:
        self.mean = mean
        self.deviation = deviation

    @classmethod
    def fit(cls, losses: Array, horizon: int = 1) -> Normal:
        """Return the distribution of ``horizon`` periods with the mean and the deviation of a sample (n >= 2)."""
        return cls(float(losses.mean()) * horizon, float(losses.std(ddof=1)) * math.sqrt(horizon))

    def tail(self, confidence: float) -> TailLoss:
        """Return value at risk and expected shortfall."""
        quantile = float(special.ndtri(confidence))
        beyond = _density(quantile) / (1 - confidence)
        return TailLoss(confidence, self.mean + self.deviation * quantile, self.mean + self.deviation * beyond)

    def sample(self) -> Array:
        """Return 1,000 equally likely losses."""
        return np.asarray(self.mean + self.deviation * special.ndtri(_GRID), np.float64)


class StudentT:
    """A t distribution of losses.

    Args:
        location: Its middle.
        scale: Its scale, positive.
        freedom: Its degrees of freedom, more than 1: with fewer it has no expected shortfall.
    """

    def __init__(self, location: float, scale: float, freedom: float) -> None:
        if not freedom > 1:
            raise InputError(
                "the losses' tail is too heavy for an expected shortfall",
                field="losses",
                value=f"{freedom:.2f} degrees of freedom",
                rule="more than 1",
                remedy="look for errors in the prices, or use another method",
            )
        self.location = location
        self.scale = scale
        self.freedom = freedom

    @classmethod
    def fit(cls, losses: Array, horizon: int = 1) -> StudentT:
        """Return the distribution of greatest likelihood of a sample (n >= 2).

        Raises:
            InputError: The losses do not vary, but for a few, or have no mean.
        """
        deviation = float(losses.std())
        if not deviation > _SAME * float(np.abs(losses).max()):
            raise InputError("the losses do not vary", field="losses", value=deviation, rule="a positive deviation")
        mean = float(losses.mean())
        try:
            location, scale, freedom = _likeliest((losses - mean) / deviation)
        except (ArithmeticError, ValueError, RuntimeError) as error:
            raise _degenerate(str(error)) from None
        if freedom > 1 and not scale > _LEAST_SCALE:
            raise _degenerate(f"a scale of {scale * deviation:.3g}")
        return cls((mean + deviation * location) * horizon, deviation * scale * math.sqrt(horizon), freedom)

    def tail(self, confidence: float) -> TailLoss:
        """Return value at risk and expected shortfall."""
        freedom = self.freedom
        quantile = float(special.stdtrit(freedom, confidence))
        logarithm = special.gammaln((freedom + 1) / 2) - special.gammaln(freedom / 2) - math.log(freedom * math.pi) / 2
        density = math.exp(float(logarithm) - (freedom + 1) / 2 * math.log1p(quantile**2 / freedom))
        beyond = density / (1 - confidence) * (freedom + quantile**2) / (freedom - 1)
        return TailLoss(confidence, self.location + self.scale * quantile, self.location + self.scale * beyond)

    def sample(self) -> Array:
        """Return 1,000 equally likely losses."""
        return np.asarray(self.location + self.scale * special.stdtrit(self.freedom, _GRID), np.float64)


class CornishFisher:
    """A normal distribution of losses, corrected for skewness and excess kurtosis.

    Args:
        mean: Mean loss.
        deviation: Its standard deviation, 0 or more.
        skewness: Positive where large losses are likelier than large gains.
        kurtosis: Excess kurtosis, 0 for a normal distribution.
    """

    def __init__(self, mean: float, deviation: float, skewness: float, kurtosis: float) -> None:
        self.mean = mean
        self.deviation = deviation
        self.skewness = skewness
        self.kurtosis = kurtosis

    @classmethod
    def fit(cls, losses: Array, horizon: int = 1) -> CornishFisher:
        """Return the distribution of ``horizon`` periods with the moments of a sample (n >= 2).

        Raises:
            InputError: The losses do not vary.
        """
        deviation = float(losses.std(ddof=1))
        if not deviation > 0:
            raise InputError("the losses do not vary", field="losses", value=deviation, rule="a positive deviation")
        mean = float(losses.mean())
        standard = (losses - mean) / float(losses.std())
        skewness, kurtosis = float((standard**3).mean()), float((standard**4).mean()) - 3
        return cls(mean * horizon, deviation * math.sqrt(horizon), skewness / math.sqrt(horizon), kurtosis / horizon)

    def tail(self, confidence: float) -> TailLoss:
        """Return value at risk and expected shortfall.

        Raises:
            InputError: Skewness and kurtosis are so large that the corrected quantiles do not ascend in the tail.
        """
        quantile = float(special.ndtri(confidence))
        if not self._ascends_from(quantile):
            raise InputError(
                "the Cornish-Fisher expansion does not hold for these losses",
                field="losses",
                value=f"skewness {self.skewness:.2f}, excess kurtosis {self.kurtosis:.2f}",
                rule="quantiles that ascend in the tail",
                remedy="use student_t or filtered_historical",
            )
        density, beyond = _density(quantile), 1 - confidence
        # Of a standard normal z: the mean of z, z^2 - 1 and z^3 over the tail, times its probability.
        first, second, third = density, quantile * density, (quantile**2 + 2) * density
        skewness, kurtosis = self.skewness, self.kurtosis
        whole = (
            first
            + skewness / 6 * second
            + kurtosis / 24 * (third - 3 * first)
            - skewness**2 / 36 * (2 * third - 5 * first)
        )
        corrected = float(self._corrected(np.array(quantile)))
        return TailLoss(confidence, self.mean + self.deviation * corrected, self.mean + self.deviation * whole / beyond)

    def sample(self) -> Array:
        """Return 1,000 equally likely losses, as far as the expansion holds."""
        return self.mean + self.deviation * self._corrected(np.asarray(special.ndtri(_GRID)))

    def _corrected(self, z: Array) -> Array:
        skewness, kurtosis = self.skewness, self.kurtosis
        return z + (z**2 - 1) * skewness / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36

    def _ascends_from(self, z: float) -> bool:
        """Return whether the slope a x^2 + b x + c of the corrected quantiles is positive from ``z`` on."""
        skewness, kurtosis = self.skewness, self.kurtosis
        a = kurtosis / 8 - skewness**2 / 6
        b = skewness / 3
        c = 1 - kurtosis / 8 + 5 * skewness**2 / 36
        turn = -b / (2 * a) if a else z
        return all(a * x**2 + b * x + c > 0 for x in (z, _FURTHEST, min(max(turn, z), _FURTHEST)))


def _likeliest(standard: Array) -> tuple[float, float, float]:
    """Return location, scale and degrees of freedom of greatest likelihood.

    By expectation and conditional maximisation either: location and scale as means with the weights that the present
    estimate gives each number, then the degrees of freedom that are likeliest with these. C. Liu and D. Rubin (1995),
    "ML estimation of the t distribution using EM and its extensions, ECM and ECME", Statistica Sinica 5.
    """
    location, scale, freedom = float(np.median(standard)), 0.8, 8.0
    for _ in range(_MOST_ROUNDS):
        before = location, scale, freedom
        distances = ((standard - location) / scale) ** 2
        weights = (freedom + 1) / (freedom + distances)
        location = float(weights @ standard / weights.sum())
        scale = math.sqrt(float(weights @ (standard - location) ** 2) / len(standard))
        distances = ((standard - location) / scale) ** 2
        freedom = _likeliest_freedom(distances, freedom)
        moved = abs(location - before[0]), abs(scale - before[1]), abs(math.log(freedom / before[2]))
        if max(moved) < _PRECISION:
            break
    return location, scale, freedom


def _likeliest_freedom(distances: Array, start: float) -> float:
    """Return the degrees of freedom of greatest likelihood for squared distances from the location, in scales."""

    def slope(logarithm: float) -> float:
        freedom = math.exp(logarithm)
        weights = (freedom + 1) / (freedom + distances)
        gamma = special.digamma((freedom + 1) / 2) - special.digamma(freedom / 2)
        return float(gamma - 1 / freedom + (-np.log1p(distances / freedom) + weights * distances / freedom).mean())

    low, high = math.log(_LEAST_FREEDOM), math.log(_MOST_FREEDOM)
    if slope(high) >= 0:
        return _MOST_FREEDOM
    if slope(low) <= 0:
        return _LEAST_FREEDOM
    middle = math.log(start)
    low, high = max(low, middle - 0.5), min(high, middle + 0.5)
    if slope(low) <= 0 or slope(high) >= 0:
        low, high = math.log(_LEAST_FREEDOM), math.log(_MOST_FREEDOM)
    return math.exp(float(optimize.brentq(slope, low, high, xtol=1e-6)))


def _degenerate(found: str) -> InputError:
    return InputError(
        "no t distribution fits the losses",
        field="losses",
        value=found,
        rule="losses that vary, all but a few of them too",
        remedy="look for errors in the prices or for prices that stand still, or use another method",
    )


def _density(z: float) -> float:
    return math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
