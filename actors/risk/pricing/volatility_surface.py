"""A volatility surface without arbitrage, whatever the strike and the day.

J. Gatheral and A. Jacquier (2014), "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14(1): total variance
w at the log moneyness k = ln(K / F), with theta that at the money,

    w(k, theta) = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)),
    phi(theta) = eta / (theta^gamma (1 + theta)^(1 - gamma)).

With 0 < gamma <= 1/2, |rho| < 1, eta (1 + |rho|) <= 2 and theta that does not fall in time there is neither butterfly
nor calendar arbitrage (section 4). Between expiries theta and the logarithms of forwards and discount factors are
linear in time, so that this holds on each day.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping

import numpy as np

from actors.encoding import Message
from actors.errors import InputError
from actors.risk.pricing import black_scholes
from actors.risk.pricing.black_scholes import Array, Numbers
from actors.risk.pricing.contracts import Right, positive
from actors.risk.pricing.market import DAYS_A_YEAR, Market


class VolatilitySurface(Message, frozen=True):
    """Implied volatilities by strike and expiry; see the module for the formula.

    Attributes:
        date: The day.
        spot: Price of the underlying, positive.
        expiries: Ascending, after ``date``.
        forwards: Price for delivery on each.
        discounts: Discount factor of each.
        variances: Total variance at the money of each: theta, positive, not falling.
        rho: Skew, from -1 to 1; negative where low strikes are dearer.
        eta: Curvature.
        gamma: How fast the skew fades in time.

    Raises:
        InputError: Naming the expiry or the number with which there is arbitrage.
    """

    date: datetime.date
    spot: float
    expiries: tuple[datetime.date, ...]
    forwards: tuple[float, ...]
    discounts: tuple[float, ...]
    variances: tuple[float, ...]
    rho: float
    eta: float
    gamma: float = 0.5

    def __post_init__(self) -> None:
        """Check that there is no arbitrage."""
        positive("spot", self.spot)
        positive("eta", self.eta)
        if not (abs(self.rho) < 1 and self.eta * (1 + abs(self.rho)) <= 2 + 1e-12):
            raise InputError(
                "a skew with arbitrage",
                field="rho",
                value=self.rho,
                rule=f"eta (1 + |rho|) of 2 at most, with eta {self.eta:.6g}",
                remedy="take less skew or less curvature",
            )
        if not 0 < self.gamma <= 0.5:
            raise InputError("a skew with arbitrage", field="gamma", value=self.gamma, rule="above 0, 1/2 at most")
        if not self.expiries or {len(self.forwards), len(self.discounts), len(self.variances)} != {len(self.expiries)}:
            raise InputError("no surface", field="expiries", value=len(self.expiries), rule="one number of each a day")
        day, least = self.date, 0.0
        numbers = zip(self.expiries, self.forwards, self.discounts, self.variances, strict=True)
        for expiry, forward, discount, variance in numbers:
            positive(f"forwards[{expiry.isoformat()}]", forward)
            positive(f"discounts[{expiry.isoformat()}]", discount)
            positive(f"variances[{expiry.isoformat()}]", variance)
            if expiry <= day:
                raise InputError(
                    "expiries that do not ascend", field="expiries", value=expiry.isoformat(), rule=f"after {day}"
                )
            if variance < least:
                raise InputError(
                    "a calendar spread that costs nothing",
                    field=f"variances[{expiry.isoformat()}]",
                    value=variance,
                    rule=f"at least that of {day.isoformat()}, {least:.6g}, at every strike",
                    remedy="raise the volatility of this expiry, or lower that of the one before",
                )
            day, least = expiry, variance

    def volatility(self, strike: Numbers, expiry: datetime.date) -> Array:
        """Return implied volatilities of strikes on a day; see ``at`` for errors."""
        forward, _, theta = self.at(expiry)
        years = (expiry - self.date).days / DAYS_A_YEAR
        return np.asarray(np.sqrt(self.total_variance(np.log(np.asarray(strike) / forward), theta) / years))

    def price(self, strike: Numbers, expiry: datetime.date, right: Right) -> Array:
        """Return prices of European options; see ``at`` for errors."""
        forward, discount, _ = self.at(expiry)
        years = (expiry - self.date).days / DAYS_A_YEAR
        sigma = self.volatility(strike, expiry)
        return discount * black_scholes.prices(forward, strike, years, sigma, 0.0, 0.0, right.sign)

    def total_variance(self, moneyness: Numbers, theta: Numbers) -> Array:
        """Return total variances at log moneyness where that at the money is ``theta``."""
        return ssvi(moneyness, theta, self.rho, self.eta, self.gamma)

    def density(self, strike: Array, expiry: datetime.date) -> Array:
        """Return the risk-neutral density of the underlying's price on a day, per unit of it.

        Gatheral and Jacquier (2014), equation 2.1 and lemma 2.2, with derivatives in closed form.
        """
        forward, _, theta = self.at(expiry)
        k = np.log(strike / forward)
        phi = self.eta / (theta**self.gamma * (1 + theta) ** (1 - self.gamma))
        root = np.sqrt((phi * k + self.rho) ** 2 + 1 - self.rho**2)
        w = theta / 2 * (1 + self.rho * phi * k + root)
        first = theta / 2 * phi * (self.rho + (phi * k + self.rho) / root)
        second = theta / 2 * phi**2 * (1 - self.rho**2) / root**3
        g = (1 - k * first / (2 * w)) ** 2 - first**2 / 4 * (1 / w + 0.25) + second / 2
        below = -k / np.sqrt(w) - np.sqrt(w) / 2
        return np.asarray(g * np.exp(-below * below / 2) / np.sqrt(2 * np.pi * w) / strike)

    def at(self, expiry: datetime.date) -> tuple[float, float, float]:
        """Return forward, discount factor and total variance at the money of a day.

        Raises:
            InputError: The day is over, or after the last expiry.
        """
        if not self.date < expiry <= self.expiries[-1]:
            raise InputError(
                "the surface has no volatility on this day",
                field="expiry",
                value=expiry.isoformat(),
                rule=f"after {self.date.isoformat()}, {self.expiries[-1].isoformat()} at the latest",
                remedy="build the surface from quotes that reach as far as the option",
            )
        days = [0, *((one - self.date).days for one in self.expiries)]
        at = (expiry - self.date).days
        forward = math.exp(np.interp(at, days, np.log([self.spot, *self.forwards])))
        discount = math.exp(np.interp(at, days, np.log([1.0, *self.discounts])))
        return forward, discount, float(np.interp(at, days, [0.0, *self.variances]))

    def market(self, strike: float, expiry: datetime.date) -> Market:
        """Return the market in which an option of one strike and expiry is priced; see ``at`` for errors."""
        forward, discount, _ = self.at(expiry)
        years = (expiry - self.date).days / DAYS_A_YEAR
        rate = -math.log(discount) / years
        dividend = rate - math.log(forward / self.spot) / years
        volatility = float(self.volatility(strike, expiry))
        return Market(date=self.date, spot=self.spot, volatility=volatility, rate=rate, dividend=dividend)

    def parallel(self, shift: float) -> VolatilitySurface:
        """Return the surface with the volatility at the money of every expiry moved by ``shift``.

        Raises:
            InputError: Naming the expiry that this gives a calendar arbitrage.
        """
        return self.by_expiry(dict.fromkeys(self.expiries, shift))

    def by_expiry(self, shifts: Mapping[datetime.date, float]) -> VolatilitySurface:
        """Return the surface with the volatility at the money of some expiries moved.

        Raises:
            InputError: Naming an expiry that the surface does not have, or that this gives a calendar arbitrage.
        """
        for expiry in shifts:
            if expiry not in self.expiries:
                rule = f"one of {', '.join(day.isoformat() for day in self.expiries)}"
                raise InputError("no such expiry", field="shifts", value=expiry.isoformat(), rule=rule)
        moved = []
        for expiry, variance in zip(self.expiries, self.variances, strict=True):
            years = (expiry - self.date).days / DAYS_A_YEAR
            sigma = math.sqrt(variance / years) + shifts.get(expiry, 0.0)
            positive(f"volatility[{expiry.isoformat()}]", sigma)
            moved.append(sigma * sigma * years)
        return self._with(tuple(moved), self.rho)

    def skewed(self, shift: float) -> VolatilitySurface:
        """Return the surface with ``rho`` moved: down makes low strikes dearer, volatilities at the money stay.

        Raises:
            InputError: With this skew there is arbitrage.
        """
        return self._with(self.variances, self.rho + shift)

    def _with(self, variances: tuple[float, ...], rho: float) -> VolatilitySurface:
        kept = self.date, self.spot, self.expiries, self.forwards, self.discounts
        return VolatilitySurface(*kept, variances, rho, self.eta, self.gamma)


def ssvi(moneyness: Numbers, theta: Numbers, rho: float, eta: float, gamma: float) -> Array:
    """Return total variances; see the module for the formula."""
    k, theta = np.asarray(moneyness, np.float64), np.asarray(theta, np.float64)
    phi = eta / (theta**gamma * (1 + theta) ** (1 - gamma))
    return np.asarray(theta / 2 * (1 + rho * phi * k + np.sqrt((phi * k + rho) ** 2 + 1 - rho * rho)))
