"""The value of one option: European ones in closed form, the others by QuantLib.

| contract | method |
|---|---|
| European | Black, Scholes and Merton |
| American | its exercise boundary; see ``american_option`` |
| digital | Black and Scholes |
| barrier | M. Rubinstein and E. Reiner (1991) |
| Asian, geometric | closed form; arithmetic: S. Turnbull and L. Wakeman (1991), an approximation by two moments |
| basket | R. Stulz (1982), on two assets |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import QuantLib as ql

from actors.errors import InputError
from actors.risk.pricing import black_scholes
from actors.risk.pricing.american_option import american_price
from actors.risk.pricing.contracts import (
    American,
    Asian,
    Average,
    Barrier,
    BarrierKind,
    Basket,
    BasketKind,
    Contract,
    Digital,
    European,
    Right,
)
from actors.risk.pricing.market import Market
from actors.risk.pricing.quantlib_session import ql_date, valuation_on

_YEARS = 1901, 2199
"""First and last year of QuantLib's calendar."""


def price(contract: Contract, market: Market, other: Market | None = None, correlation: float | None = None) -> float:
    """Return what one option on one unit is worth.

    Args:
        contract: The option.
        market: The market of its underlying.
        other: That of the second asset of a basket.
        correlation: Of the two assets, from -1 to 1.

    Raises:
        InputError: An option that has expired, a contract without a model, a barrier that was touched already, a
            second asset where there is none or the other way round, or a number that its model can't take.
    """
    years = market.years_to(contract)
    if not isinstance(contract, European):
        _within_calendar(contract, market)
    try:
        with np.errstate(all="ignore"):  # what overflows is told below
            found = _priced(contract, market, years, other, correlation)
    except RuntimeError as error:  # what QuantLib raises
        raise unpriceable(contract, market, str(error).splitlines()[0]) from None
    if not math.isfinite(found):
        raise unpriceable(contract, market, "a finite value")
    return found


def unpriceable(contract: Contract, market: Market, rule: str) -> InputError:
    """Return the error of an option that its model fails for, naming the number that is out of all proportion."""
    years = market.years_to(contract)
    suspects = (
        ("spot", market.spot, abs(math.log(market.spot) - math.log(contract.strike)), 20.0),
        ("volatility", market.volatility, market.volatility * math.sqrt(years), 20.0),
        ("rate", market.rate, abs(market.rate) * years, 20.0),
        ("dividend", market.dividend, abs(market.dividend) * years, 20.0),
    )
    field, value = next(
        ((name, number) for name, number, size, most in suspects if size > most), ("contract", type(contract).__name__)
    )
    return InputError(
        "the option's model fails here", field=field, value=value, rule=rule,
        remedy="check the numbers of contract and market",
    )  # fmt: skip


def _within_calendar(contract: Contract, market: Market) -> None:
    for name, day in (("expiry", contract.expiry), ("date", market.date)):
        if not _YEARS[0] <= day.year <= _YEARS[1]:
            raise InputError(
                "a day beyond the calendar", field=name, value=day.isoformat(), rule=f"{_YEARS[0]} to {_YEARS[1]}"
            )


def _priced(contract: Contract, market: Market, years: float, other: Market | None, correlation: float | None) -> float:
    if isinstance(contract, Basket):
        return _basket(contract, market, other, correlation)
    if other is not None or correlation is not None:
        raise InputError(
            "a second asset is for baskets alone", field="other", value=type(contract).__name__, rule="a basket"
        )
    if isinstance(contract, European):
        given = market.spot, contract.strike, years, market.volatility, market.rate, market.dividend
        return float(black_scholes.prices(*given, contract.right.sign))
    if isinstance(contract, American):
        return american_price(contract, market, years)
    model = _MODELS.get(type(contract))
    if model is None:
        raise InputError(
            "no model for this contract",
            field="contract",
            value=type(contract).__name__,
            rule=f"one of European, American, {', '.join(kind.__name__ for kind in _MODELS)}, Basket",
        )
    with valuation_on(market.date):
        return float(model(contract, _process(market)).NPV())


def _digital(contract: Digital, process: ql.GeneralizedBlackScholesProcess) -> ql.Instrument:
    payoff = ql.CashOrNothingPayoff(_RIGHTS[contract.right], contract.strike, contract.payout)
    option = ql.VanillaOption(payoff, ql.EuropeanExercise(ql_date(contract.expiry)))
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    return option


def _barrier(contract: Barrier, process: ql.GeneralizedBlackScholesProcess) -> ql.Instrument:
    spot, from_below = process.x0(), contract.kind in (BarrierKind.UP_IN, BarrierKind.UP_OUT)
    if (spot >= contract.barrier) if from_below else (spot <= contract.barrier):
        raise InputError(
            "the barrier is touched already",
            field="barrier",
            value=contract.barrier,
            rule=f"{'above' if from_below else 'below'} the spot, {spot}",
            remedy="price what the option has become: nothing but its rebate, or a European option",
        )
    exercise = ql.EuropeanExercise(ql_date(contract.expiry))
    kind = _BARRIERS[contract.kind]
    option = ql.BarrierOption(kind, contract.barrier, contract.rebate, _payoff(contract), exercise)
    option.setPricingEngine(ql.AnalyticBarrierEngine(process))
    return option


def _asian(contract: Asian, process: ql.GeneralizedBlackScholesProcess) -> ql.Instrument:
    today = ql.Settings.instance().evaluationDate
    days = [ql_date(day) for day in contract.fixings]
    if days[0] <= today:
        raise InputError(
            "a fixing that is over",
            field="fixings[0]",
            value=contract.fixings[0].isoformat(),
            rule="after the day of the valuation",
            remedy="give its price in past",
        )
    geometric = contract.average is Average.GEOMETRIC
    total = 1.0 if geometric else 0.0
    for known in contract.past:
        total = total * known if geometric else total + known
    kind = ql.Average.Geometric if geometric else ql.Average.Arithmetic
    exercise = ql.EuropeanExercise(ql_date(contract.expiry))
    option = ql.DiscreteAveragingAsianOption(kind, total, len(contract.past), days, _payoff(contract), exercise)
    engines = ql.AnalyticDiscreteGeometricAveragePriceAsianEngine, ql.TurnbullWakemanAsianEngine
    option.setPricingEngine(engines[0 if geometric else 1](process))
    return option


def _basket(contract: Basket, market: Market, other: Market | None, correlation: float | None) -> float:
    if other is None or correlation is None or other.date != market.date or other.rate != market.rate:
        raise InputError(
            "a basket needs its second asset",
            field="other",
            value=None if other is None else f"{other.date.isoformat()}, rate {other.rate}",
            rule=f"a market of {market.date.isoformat()} with the rate {market.rate}, and a correlation",
        )
    if not -1 <= correlation <= 1:
        raise InputError("no correlation", field="correlation", value=correlation, rule="from -1 to 1")
    with valuation_on(market.date):
        kind = ql.MaxBasketPayoff if contract.kind is BasketKind.MAXIMUM else ql.MinBasketPayoff
        option = ql.BasketOption(kind(_payoff(contract)), ql.EuropeanExercise(ql_date(contract.expiry)))
        option.setPricingEngine(ql.StulzEngine(_process(market), _process(other), correlation))
        return float(option.NPV())


def _payoff(contract: Contract) -> ql.PlainVanillaPayoff:
    return ql.PlainVanillaPayoff(_RIGHTS[contract.right], contract.strike)


def _process(market: Market) -> ql.GeneralizedBlackScholesProcess:
    today, count = ql_date(market.date), ql.Actual365Fixed()
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(market.spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, market.dividend, count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, market.rate, count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), market.volatility, count)),
    )


_RIGHTS = {Right.CALL: ql.Option.Call, Right.PUT: ql.Option.Put}
_BARRIERS = {
    BarrierKind.UP_IN: ql.Barrier.UpIn,
    BarrierKind.UP_OUT: ql.Barrier.UpOut,
    BarrierKind.DOWN_IN: ql.Barrier.DownIn,
    BarrierKind.DOWN_OUT: ql.Barrier.DownOut,
}
_MODELS: dict[type[Contract], Callable[[Any, ql.GeneralizedBlackScholesProcess], ql.Instrument]] = {
    Digital: _digital,
    Barrier: _barrier,
    Asian: _asian,
}
