"""Forwards, futures and forward rate agreements: what is delivered later, at a price that is agreed on now.

By cost of carry (J. Hull 2018, 10th edition, chapter 5): with S the spot, I the present value of income until delivery,
P and P* the discount factors of the currency that is paid and of what is delivered (of a share its dividends, of a
currency its own rate, of a commodity its convenience less storage), F = (S - I) P* / P. With rates that are known,
prices of futures and forwards are the same (J. Cox, J. Ingersoll and S. Ross 1981).
"""

from __future__ import annotations

import dataclasses
import datetime

from actors.errors import InputError
from actors.risk.pricing.contracts import finite, of_the_day, positive
from actors.risk.pricing.curves import Curve
from actors.risk.pricing.rates_contracts import Period, Side
from actors.risk.pricing.rates_market import RatesMarket


@dataclasses.dataclass(frozen=True, kw_only=True)
class Forward:
    """Delivers one unit of something for an agreed price, which is paid on that day.

    Of a currency: one unit of the foreign for so many of the domestic one.

    Attributes:
        delivery: The day.
        price: The agreed price.
    """

    delivery: datetime.date
    price: float

    def __post_init__(self) -> None:
        """Check the terms."""
        finite("price", self.price)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Future(Forward):
    """The same on an exchange, which pays every day what its price has moved: ``price`` is its last settlement.

    Attributes:
        multiplier: Units that one contract delivers, positive.
    """

    multiplier: float = 1.0

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        positive("multiplier", self.multiplier)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ForwardRateAgreement(Period):
    """Exchanges at its start what a fixed and a floating rate of one period to come would pay at its end.

    Attributes:
        side: Whether the fixed rate is paid or received.
        rate: The fixed rate, simple, by actual days over 360, as a fraction.
        notional: What rates are paid on, positive.
    """

    side: Side
    rate: float
    notional: float

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        positive("notional", self.notional)
        finite("rate", self.rate)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ForwardMarket:
    """What a forward's price follows from.

    Attributes:
        spot: What one unit costs now, positive.
        discount: Curve of the currency that is paid; its date is the day.
        carry: Curve of what is delivered: the foreign currency's, or one of the dividend or convenience yield;
            ``None``: it earns nothing.
        income: Days and amounts that one unit pays before delivery, such as dividends; negative for storage.
        observed: The day on which the spot was seen; ``None``: that of the curves. An older one is refused.

    Raises:
        InputError: A number that is none, or curves of two days.
    """

    spot: float
    discount: Curve
    carry: Curve | None = None
    income: tuple[tuple[datetime.date, float], ...] = ()
    observed: datetime.date | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        positive("spot", self.spot)
        if self.carry is not None and self.carry.date != self.discount.date:
            raise InputError(
                "curves of two days",
                field="carry.date",
                value=self.carry.date.isoformat(),
                rule=f"that of the discount curve, {self.discount.date.isoformat()}",
            )
        for day, amount in self.income:
            finite(f"income[{day.isoformat()}]", amount)
        of_the_day("observed", self.observed, self.date)

    @property
    def date(self) -> datetime.date:
        """The day."""
        return self.discount.date

    def forward(self, day: datetime.date) -> float:
        """Return the price for delivery on a day at which nothing is paid now."""
        income = sum(amount * self.discount.discount(paid) for paid, amount in self.income if self.date < paid <= day)
        earned = 1.0 if self.carry is None else self.carry.discount(day)
        return (self.spot - income) * earned / self.discount.discount(day)


def forward_value(contract: Forward, market: ForwardMarket) -> tuple[float, float]:
    """Return what whoever buys is ahead by, and the fair price; of a future undiscounted, for it is paid today.

    Raises:
        InputError: Delivery is over, or a curve ends before it.
    """
    if contract.delivery <= market.date:
        raise _over("delivery", contract.delivery, market.date)
    fair = market.forward(contract.delivery)
    if isinstance(contract, Future):
        return contract.multiplier * (fair - contract.price), fair
    return (fair - contract.price) * market.discount.discount(contract.delivery), fair


def agreement_value(contract: ForwardRateAgreement, market: RatesMarket) -> tuple[float, float]:
    """Return a forward rate agreement's net present value, in units of its notional, and the fair rate.

    Raises:
        InputError: It has begun, which settles it, or a curve ends before it does.
    """
    if contract.start <= market.date:
        raise _over("start", contract.start, market.date)
    fair = market.index_curve.forward(contract.start, contract.maturity)
    years = (contract.maturity - contract.start).days / 360
    sign = 1 if contract.side is Side.PAYER else -1
    ahead = sign * contract.notional * years * (fair - contract.rate)
    return ahead * market.discount.discount(contract.maturity), fair


def _over(field: str, day: datetime.date, today: datetime.date) -> InputError:
    return InputError(
        "what has been settled can't be priced",
        field=field,
        value=day.isoformat(),
        rule=f"after {today.isoformat()}",
        remedy="book what it paid",
    )
