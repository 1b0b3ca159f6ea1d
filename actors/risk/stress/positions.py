"""What a book holds, as stress tests see it: something that has a value in a shocked market."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Protocol

from actors.errors import InputError
from actors.risk.pricing.contracts import Barrier, BarrierKind, Basket, Contract, European, finite, not_negative
from actors.risk.pricing.market import Market
from actors.risk.pricing.options import price
from actors.risk.stress.factors import KEY_TENORS, Factor, FactorKind, tenor_text
from actors.risk.stress.market import ShockedMarket

LOWEST_CHANGE = -1 + 1e-9
"""Change of a price down to which options are valued: none has a model at a price of 0."""


class Revaluable(Protocol):
    """A position that can be valued in any market; bonds and swaps join a book by this."""

    @property
    def name(self) -> str:
        """What the position is called; one of its kind in a book."""

    @property
    def currency(self) -> str:
        """Currency of ``value`` and ``notional``."""

    @property
    def notional(self) -> float:
        """What its share of the book is measured in: how much of its underlying it stands for, 0 or more."""

    @property
    def needs(self) -> frozenset[Factor]:
        """Factors without whose move a replay of the past would say nothing of the position."""

    def value(self, market: ShockedMarket) -> float:
        """Return the value of the whole position, in its currency.

        Raises:
            InputError: The market lacks something; the position then counts as missing, with this as the reason.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearPosition:
    """Shares, funds, futures or cash: as much gained or lost as the price moves.

    Attributes:
        name: What it is called.
        symbol: What it is in; ``None`` for cash.
        amount: Signed market value today; of a future that of what it is on.
        currency: Currency of the amount.
        funded: Whether the amount was paid. Of a future it was not: only its profit is in the foreign currency.

    Raises:
        InputError: An amount that is no number.
    """

    name: str
    symbol: str | None
    amount: float
    currency: str
    funded: bool = True

    def __post_init__(self) -> None:
        """Check the amount."""
        finite(f"{self.name}.amount", self.amount)

    @property
    def notional(self) -> float:
        """Its size."""
        return abs(self.amount)

    @property
    def needs(self) -> frozenset[Factor]:
        """The price of its symbol."""
        return frozenset() if self.symbol is None else frozenset({Factor(FactorKind.EQUITY, self.symbol)})

    def value(self, market: ShockedMarket) -> float:
        """Return the amount after the price has moved; of what is not funded the profit."""
        change = 0.0 if self.symbol is None else market.price_change(self.symbol)
        return self.amount * (1 + change) if self.funded else self.amount * change


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptionPosition:
    """Options of one contract, revalued in full.

    A barrier that the shocked price has touched has done what it does: an option that ends there is worth its rebate,
    one that begins there is European.

    Attributes:
        name: What it is called.
        symbol: The underlying.
        contract: Its terms.
        quantity: Units of the underlying, negative where short.
        currency: Currency of price and strike.
        reference: Price of the underlying that the notional is told at.
        volatility: The option's own implied volatility; ``None``: that of its underlying.
        other: The second asset of a basket.

    Raises:
        InputError: A number that is none, or a second asset where there is none or the other way round.
    """

    name: str
    symbol: str
    contract: Contract
    quantity: float
    currency: str
    reference: float
    volatility: float | None = None
    other: str | None = None

    def __post_init__(self) -> None:
        """Check the terms."""
        finite(f"{self.name}.quantity", self.quantity)
        not_negative(f"{self.name}.reference", self.reference)
        if isinstance(self.contract, Basket) is not (self.other is not None):
            raise InputError(
                "a second asset is for baskets alone", field=f"{self.name}.other", value=self.other, rule="a basket"
            )

    @property
    def notional(self) -> float:
        """Units times the price of the underlying."""
        return abs(self.quantity) * self.reference

    @property
    def needs(self) -> frozenset[Factor]:
        """The prices of what it is on."""
        return frozenset(Factor(FactorKind.EQUITY, symbol) for symbol in (self.symbol, self.other) if symbol)

    def years(self, market: ShockedMarket) -> float:
        """Return the years until it expires."""
        return (self.contract.expiry - market.date).days / 365.0

    def value(self, market: ShockedMarket) -> float:
        """Return the value of all units."""
        return self.quantity * self._price(market)

    def _price(self, market: ShockedMarket) -> float:
        here = self.market(market, self.symbol, self.volatility)
        if self.other is not None:
            second = self.market(market, self.other, None)
            correlation = market.correlation(self.symbol, self.other)
            return price(self.contract, here, second, correlation)
        contract = self.contract
        if isinstance(contract, Barrier) and _touched(contract, here.spot):
            if contract.kind in (BarrierKind.UP_OUT, BarrierKind.DOWN_OUT):
                return contract.rebate
            contract = European(right=contract.right, strike=contract.strike, expiry=contract.expiry)
        return price(contract, here)

    def market(self, market: ShockedMarket, symbol: str, volatility: float | None) -> Market:
        """Return the market of one of its underlyings.

        Raises:
            InputError: No price or volatility, or the option has expired.
        """
        change, today = market.price_change(symbol), market.price_today(symbol)
        years = self.years(market)
        return Market(
            date=market.date,
            spot=today * (1 + max(change, LOWEST_CHANGE)),
            volatility=market.volatility(symbol, years, volatility),
            rate=market.rate(self.currency, years),
            dividend=market.market.dividends.get(symbol, 0.0),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeyRatePosition:
    """Bonds, swaps or a whole rates book, by what they lose where key rates rise.

    With s the shifts of the key rates and S their mean, weighted by the size of their ``dv01``:

        profit = -sum(dv01 s / 0.0001) + convexity S^2 / 2

    which is exact to second order for parallel moves.

    Attributes:
        name: What it is called.
        currency: Currency of the rates and of all amounts.
        notional: Its size.
        dv01: Loss by key tenor (years) where that key rate rises by a basis point.
        present_value: What it is worth today.
        convexity: Second derivative of the value to a parallel move, money per rate squared.

    Raises:
        InputError: A tenor that is no key, or an amount that is no number.
    """

    name: str
    currency: str
    notional: float
    dv01: Mapping[float, float]
    present_value: float = 0.0
    convexity: float = 0.0

    def __post_init__(self) -> None:
        """Check tenors and amounts."""
        not_negative(f"{self.name}.notional", self.notional)
        finite(f"{self.name}.present_value", self.present_value)
        finite(f"{self.name}.convexity", self.convexity)
        for tenor, amount in self.dv01.items():
            finite(f"{self.name}.dv01.{tenor:g}", amount)
            if tenor not in KEY_TENORS:
                keys = ", ".join(map(tenor_text, KEY_TENORS))
                raise InputError("no key tenor", field=f"{self.name}.dv01", value=tenor, rule=keys)

    @property
    def needs(self) -> frozenset[Factor]:
        """The rates of its currency."""
        return frozenset({Factor(FactorKind.RATE, self.currency)})

    def value(self, market: ShockedMarket) -> float:
        """Return its value after the rates have moved."""
        shifts = {tenor: market.rate_shift(self.currency, tenor) for tenor in self.dv01}
        size = math.fsum(map(abs, self.dv01.values()))
        mean = math.fsum(abs(self.dv01[one]) * shift for one, shift in shifts.items()) / size if size else 0.0
        first = -math.fsum(self.dv01[one] * shift for one, shift in shifts.items()) / 1e-4
        return self.present_value + first + self.convexity * mean**2 / 2


def _touched(contract: Barrier, spot: float) -> bool:
    from_below = contract.kind in (BarrierKind.UP_IN, BarrierKind.UP_OUT)
    return spot >= contract.barrier if from_below else spot <= contract.barrier
