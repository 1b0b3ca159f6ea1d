"""The market that a book is stressed in: levels of today, and the same under a scenario."""

from __future__ import annotations

import bisect
import dataclasses
import datetime
import itertools
from collections.abc import Mapping

from actors.errors import InputError
from actors.risk.pricing.contracts import finite, positive
from actors.risk.stress.correlation import Correlations, stressed
from actors.risk.stress.factors import CORRELATION, EQUITY, VOLATILITY, Factor, FactorKind, key_weight, pair
from actors.risk.stress.shocks import Shock


@dataclasses.dataclass(frozen=True, kw_only=True)
class StressMarket:
    """Levels of today.

    Attributes:
        date: The day.
        base: Currency that all profits are told in.
        prices: Price by symbol, in the symbol's currency.
        volatilities: Implied volatility by symbol, per year, as a fraction.
        dividends: Dividend yield by symbol, per year; 0 where there is none.
        rates: Continuous zero rates by currency and years, per year; linear in between, flat beyond.
        exchange: Units of the base currency for one unit of another.
        correlations: Of the prices' returns, where known.

    Raises:
        InputError: A number that is none.
    """

    date: datetime.date
    base: str
    prices: Mapping[str, float] = dataclasses.field(default_factory=dict)
    volatilities: Mapping[str, float] = dataclasses.field(default_factory=dict)
    dividends: Mapping[str, float] = dataclasses.field(default_factory=dict)
    rates: Mapping[str, Mapping[float, float]] = dataclasses.field(default_factory=dict)
    exchange: Mapping[str, float] = dataclasses.field(default_factory=dict)
    correlations: Correlations | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, levels in (("price", self.prices), ("volatility", self.volatilities), ("exchange", self.exchange)):
            for key, level in levels.items():
                positive(f"{name}.{key}", level)
        for symbol, dividend in self.dividends.items():
            finite(f"dividend.{symbol}", dividend)
        for currency, curve in self.rates.items():
            if not curve:
                raise InputError("no rates", field=f"rates.{currency}", value="empty", rule="a rate by years")
            for years, rate in curve.items():
                positive(f"rates.{currency}", years)
                finite(f"rates.{currency}.{years:g}", rate)

    def known_factors(self) -> set[Factor]:
        """Return what moves in this market, without key tenors."""
        found = {EQUITY, VOLATILITY, CORRELATION}
        found |= {Factor(FactorKind.EQUITY, symbol) for symbol in self.prices}
        found |= {Factor(FactorKind.VOLATILITY, symbol) for symbol in self.volatilities}
        found |= {Factor(FactorKind.RATE, currency) for currency in self.rates}
        for currency in self.exchange:
            if currency != self.base:
                found |= {Factor(FactorKind.FX, currency + self.base), Factor(FactorKind.FX, self.base + currency)}
        if self.correlations is not None:
            pairs = itertools.combinations(sorted(self.correlations.symbols), 2)
            found |= {pair(*symbols) for symbols in pairs}
        return found


class ShockedMarket:
    """A market under the changes of a scenario; without any it is today's.

    Args:
        market: Levels of today.
        shocks: Change by factor.
        only: Let only this one of the factors move, as far as it does among the others.

    Attributes:
        used: Factors that a value that was asked for has moved with.
    """

    def __init__(self, market: StressMarket, shocks: Mapping[Factor, Shock], only: Factor | None = None) -> None:
        self.market = market
        self.used: set[Factor] = set()
        self._shocks = shocks
        self._only = only
        kinds = {factor.kind for factor in shocks}
        self._moves_rates = FactorKind.RATE in kinds
        self._moves_volatilities = FactorKind.VOLATILITY in kinds
        self._moves_correlations = FactorKind.CORRELATION in kinds
        self._correlations: Correlations | None = None

    @property
    def date(self) -> datetime.date:
        """The day."""
        return self.market.date

    def price_change(self, symbol: str) -> float:
        """Return the relative change of a symbol's price; of a pair of currencies that of its exchange rate."""
        shock = self._own(Factor(FactorKind.EQUITY, symbol))
        if shock is None and len(symbol) == 6 and self.market.base in (symbol[:3], symbol[3:]):
            if {symbol[:3], symbol[3:]} <= {self.market.base, *self.market.exchange}:
                return self.exchange(symbol[:3]) / self._today(symbol[:3]) / (
                    self.exchange(symbol[3:]) / self._today(symbol[3:])
                ) - 1  # fmt: skip
        if shock is None:
            shock = self._own(EQUITY)
        return 0.0 if shock is None or not self._active(shock[0]) else shock[1].size

    def price_today(self, symbol: str) -> float:
        """Return the price of a symbol before it moves.

        Raises:
            InputError: There is none.
        """
        return self._level("price", self.market.prices, symbol)

    def price(self, symbol: str) -> float:
        """Return the price of a symbol; raises as ``price_today`` does."""
        return self.price_today(symbol) * (1 + self.price_change(symbol))

    def volatility(self, symbol: str, years: float, today: float | None = None) -> float:
        """Return the implied volatility of an underlying for an expiry.

        Args:
            symbol: The underlying.
            years: Until expiry.
            today: The level that moves, where it is not the underlying's own.

        Raises:
            InputError: There is none, or it would not stay positive.
        """
        level = self._level("volatility", self.market.volatilities, symbol) if today is None else today
        if not self._moves_volatilities:
            return level
        shock = self._own(Factor(FactorKind.VOLATILITY, symbol)) or self._own(VOLATILITY)
        if shock is not None and self._active(shock[0]):
            level = shock[1].applied(level)
        for factor, by_tenor in self._keys(FactorKind.VOLATILITY, symbol):
            weight = key_weight(years, factor.tenor or 0.0)
            if weight and self._active(factor):
                level = dataclasses.replace(by_tenor, size=weight * by_tenor.size).applied(level)
        if not level > 0:
            raise InputError(
                f"the volatility of {symbol} would not stay positive",
                field=f"volatility.{symbol}",
                value=f"{level:.4f}",
                rule="a positive number",
                remedy="shock it by a share of itself, in %",
            )
        return level

    def rate_shift(self, currency: str, years: float) -> float:
        """Return by how much a zero rate has moved."""
        if not self._moves_rates:
            return 0.0
        shift = 0.0
        parallel = self._own(Factor(FactorKind.RATE, currency))
        if parallel is not None and self._active(parallel[0]):
            shift += parallel[1].size
        for factor, shock in self._keys(FactorKind.RATE, currency):
            weight = key_weight(years, factor.tenor or 0.0)
            if weight and self._active(factor):
                shift += weight * shock.size
        return shift

    def rate(self, currency: str, years: float) -> float:
        """Return the continuous zero rate of a currency; one that is not given counts as 0."""
        curve = self.market.rates.get(currency)
        return (0.0 if curve is None else _between(curve, years)) + self.rate_shift(currency, years)

    def exchange(self, currency: str) -> float:
        """Return how many units of the base currency one unit of a currency is.

        Raises:
            InputError: There is no such rate.
        """
        today, base = self._today(currency), self.market.base
        if currency == base:
            return today
        direct = self._own(Factor(FactorKind.FX, currency + base))
        if direct is not None and self._active(direct[0]):
            today *= 1 + direct[1].size
        inverse = self._own(Factor(FactorKind.FX, base + currency))
        if inverse is not None and self._active(inverse[0]):
            today /= 1 + inverse[1].size
        return today

    def correlation(self, one: str, other: str) -> float:
        """Return the correlation of two symbols.

        Raises:
            InputError: It is not known.
        """
        if self._correlations is None:
            today = self.market.correlations
            if today is None or not {one, other} <= set(today.symbols):
                wanted = f"{one}/{other}"
                raise InputError(
                    f"no correlation of {wanted}", field="correlations", value=wanted, rule="one of each pair"
                )
            moving = {factor: shock for factor, shock in self._shocks.items() if factor.kind is FactorKind.CORRELATION}
            active = {factor: shock for factor, shock in moving.items() if self._only in (None, factor)}
            self._correlations = stressed(today, active).correlations if active else today
        if self._moves_correlations:
            own = pair(one, other)
            found = self._own(own) or self._own(CORRELATION)
            if found is not None:
                self.used.add(found[0])
        return self._correlations.of(one, other)

    def _own(self, factor: Factor) -> tuple[Factor, Shock] | None:
        shock = self._shocks.get(factor)
        return None if shock is None else (factor, shock)

    def _keys(self, kind: FactorKind, name: str) -> list[tuple[Factor, Shock]]:
        return [
            (factor, shock)
            for factor, shock in self._shocks.items()
            if factor.kind is kind and factor.name == name and factor.tenor is not None
        ]

    def _active(self, factor: Factor) -> bool:
        self.used.add(factor)
        return self._only is None or self._only == factor

    def _today(self, currency: str) -> float:
        if currency == self.market.base:
            return 1.0
        return self._level("exchange", self.market.exchange, currency)

    @staticmethod
    def _level(name: str, levels: Mapping[str, float], key: str) -> float:
        level = levels.get(key)
        if level is None:
            there = ", ".join(sorted(levels)[:20])
            raise InputError(f"no {name} of {key}", field=f"{name}.{key}", value=key, rule=there or "none is given")
        return level


def _between(curve: Mapping[float, float], years: float) -> float:
    tenors = sorted(curve)
    place = bisect.bisect_left(tenors, years)
    if place == 0 or place == len(tenors):
        return curve[tenors[min(place, len(tenors) - 1)]]
    before, after = tenors[place - 1], tenors[place]
    weight = (years - before) / (after - before)
    return (1 - weight) * curve[before] + weight * curve[after]
