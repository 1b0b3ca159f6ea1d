"""What swaps, caps and swaptions are worth."""

from __future__ import annotations

import QuantLib as ql

from actors.errors import InputError
from actors.risk.pricing.quantlib_conventions import PAYMENT_LAGS, curve_handle, fixed_leg, ql_index, schedule
from actors.risk.pricing.quantlib_session import fixings_of, ql_date, valuation_on
from actors.risk.pricing.rates_contracts import Cap, CapKind, InterestRateSwap, Side, Swaption
from actors.risk.pricing.rates_market import RatesMarket, VolatilityModel


def swap_value(contract: InterestRateSwap, market: RatesMarket) -> tuple[float, float]:
    """Return a swap's net present value, in units of its notional, and the fixed rate that would make it 0.

    Raises:
        InputError: It has ended, a curve ends before it does, or a rate that was set before is missing.
    """
    _alive(contract, market)
    with valuation_on(market.date):
        index = ql_index(contract.index, curve_handle(market.index_curve))
        with fixings_of(index, market.fixings):
            swap = _swap(contract, index)
            swap.setPricingEngine(ql.DiscountingSwapEngine(curve_handle(market.discount)))
            return float(swap.NPV()), float(swap.fairRate())


def cap_value(contract: Cap, market: RatesMarket) -> float:
    """Return what a cap or floor is worth, in units of its notional.

    F. Black (1976), or with normal volatilities L. Bachelier (1900), for each of its periods.

    Raises:
        InputError: As of ``swap_value``, or the market has no volatility.
    """
    _alive(contract, market)
    volatility = market.known_volatility()
    with valuation_on(market.date):
        index = ql_index(contract.index, curve_handle(market.index_curve))
        with fixings_of(index, market.fixings):
            calendar = index.fixingCalendar()
            days = schedule(contract.start, contract.maturity, index.tenor(), calendar, ql.ModifiedFollowing)
            leg = ql.IborLeg([contract.notional], days, index)
            option = (ql.Cap if contract.kind is CapKind.CAP else ql.Floor)(leg, [contract.strike])
            curve, quote = curve_handle(market.discount), ql.QuoteHandle(ql.SimpleQuote(volatility))
            if market.model is VolatilityModel.NORMAL:
                option.setPricingEngine(ql.BachelierCapFloorEngine(curve, quote))
            else:
                option.setPricingEngine(ql.BlackCapFloorEngine(curve, quote, ql.Actual365Fixed(), market.displacement))
            return float(option.NPV())


def swaption_value(contract: Swaption, market: RatesMarket) -> tuple[float, float]:
    """Return what a swaption is worth, in units of the swap's notional, and the swap's fair rate.

    F. Black (1976), or with normal volatilities L. Bachelier (1900), on the rate of the swap.

    Raises:
        InputError: It has expired, a curve ends before its swap does, or the market has no volatility.
    """
    volatility = market.known_volatility()
    if contract.expiry <= market.date:
        raise InputError(
            "an option that has expired can't be priced",
            field="expiry",
            value=contract.expiry.isoformat(),
            rule=f"after {market.date.isoformat()}",
            remedy="settle it, or price the swap that it has become",
        )
    with valuation_on(market.date):
        index = ql_index(contract.swap.index, curve_handle(market.index_curve))
        with fixings_of(index, market.fixings):
            curve, quote = curve_handle(market.discount), ql.QuoteHandle(ql.SimpleQuote(volatility))
            swap = _swap(contract.swap, index)
            swap.setPricingEngine(ql.DiscountingSwapEngine(curve))
            option = ql.Swaption(swap, ql.EuropeanExercise(ql_date(contract.expiry)))
            if market.model is VolatilityModel.NORMAL:
                option.setPricingEngine(ql.BachelierSwaptionEngine(curve, quote))
            else:
                option.setPricingEngine(ql.BlackSwaptionEngine(curve, quote, ql.Actual365Fixed(), market.displacement))
            return float(option.NPV()), float(swap.fairRate())


def _swap(contract: InterestRateSwap, index: ql.IborIndex) -> ql.Swap:
    side = ql.Swap.Payer if contract.side is Side.PAYER else ql.Swap.Receiver
    every, count = fixed_leg(contract.index)
    calendar, roll = index.fixingCalendar(), ql.ModifiedFollowing
    fixed = schedule(contract.start, contract.maturity, every, calendar, roll)
    if contract.index.overnight:
        lag = PAYMENT_LAGS[contract.index]
        terms = side, contract.notional, fixed, contract.rate, count, index, contract.spread, lag
        return ql.OvernightIndexedSwap(*terms, ql.Following, calendar)
    floating = schedule(contract.start, contract.maturity, index.tenor(), calendar, roll)
    fixed_terms = side, contract.notional, fixed, contract.rate, count
    return ql.VanillaSwap(*fixed_terms, floating, index, contract.spread, index.dayCounter())


def _alive(contract: InterestRateSwap | Cap, market: RatesMarket) -> None:
    if contract.maturity <= market.date:
        raise InputError(
            "what has ended can't be priced",
            field="maturity",
            value=contract.maturity.isoformat(),
            rule=f"after {market.date.isoformat()}",
            remedy="book its last payments",
        )
