"""What bonds are worth, by a curve or by a yield."""

from __future__ import annotations

import dataclasses
import datetime

import QuantLib as ql

from actors.errors import InputError
from actors.risk.pricing.conventions import DayCount, Frequency, Index
from actors.risk.pricing.quantlib_conventions import (
    CALENDARS,
    COUNTS,
    FREQUENCIES,
    PERIODS,
    ROLLS,
    curve_handle,
    ql_index,
    schedule,
)
from actors.risk.pricing.quantlib_session import fixings_of, ql_date, valuation_on
from actors.risk.pricing.rates_contracts import FixedBond, FloatingBond
from actors.risk.pricing.rates_market import RatesMarket


@dataclasses.dataclass(frozen=True)
class BondMeasures:
    """What a trader asks of a bond; prices are of 100 of the face on the settlement day.

    Attributes:
        clean: Price without accrued interest.
        dirty: Price with it.
        accrued: The accrued interest.
        yield_to_maturity: Per year, as a fraction, compounded as often as the bond pays; of a floating one with the
            rates that the curve has for it.
        macaulay_duration: Mean time to payments, in years, each weighted by its value.
        modified_duration: Relative fall of the dirty price for a rise of 1 of the yield.
        convexity: Second derivative of the dirty price by the yield, as a fraction of it, in years squared.
    """

    clean: float
    dirty: float
    accrued: float
    yield_to_maturity: float
    macaulay_duration: float
    modified_duration: float
    convexity: float


def bond_value(contract: FixedBond | FloatingBond, market: RatesMarket) -> tuple[float, BondMeasures]:
    """Return what a bond's payments are worth on the market's day, in units of its face, and its measures.

    Raises:
        InputError: It has matured, the curve ends before it does, or a rate that was set before is missing.
    """
    _alive(contract, market.date)
    with valuation_on(market.date):
        engine = ql.DiscountingBondEngine(curve_handle(market.discount))
        if isinstance(contract, FixedBond):
            bond = _fixed(contract)
            bond.setPricingEngine(engine)
            return float(bond.NPV()), _measures(bond, bond.cleanPrice(), contract)
        index = ql_index(contract.index, curve_handle(market.index_curve))
        with fixings_of(index, market.fixings):
            floating = _floating(contract, index)
            floating.setPricingEngine(engine)
            return float(floating.NPV()), _measures(floating, floating.cleanPrice(), contract)


def bond_at_yield(contract: FixedBond, date: datetime.date, rate: float) -> BondMeasures:
    """Return the measures of a bond that is traded at a yield.

    Args:
        contract: The bond.
        date: Day of the trade.
        rate: Yield per year, as a fraction, compounded as often as the bond pays.

    Raises:
        InputError: It has matured.
    """
    _alive(contract, date)
    with valuation_on(date):
        bond = _fixed(contract)
        clean = bond.cleanPrice(rate, _count(contract), ql.Compounded, _frequency(contract), bond.settlementDate())
        return _measures(bond, clean, contract)


def bond_at_price(contract: FixedBond, date: datetime.date, clean: float) -> BondMeasures:
    """Return the measures of a bond that is traded at a clean price of 100 of its face.

    Raises:
        InputError: It has matured, or no yield gives this price.
    """
    _alive(contract, date)
    with valuation_on(date):
        try:
            return _measures(_fixed(contract), clean, contract)
        except RuntimeError:
            raise InputError("no yield gives this price", field="clean", value=clean, rule="a price") from None


def _alive(contract: FixedBond | FloatingBond, date: datetime.date) -> None:
    with valuation_on(date):
        settlement = CALENDARS[contract.holidays].advance(ql_date(date), contract.settlement_days, ql.Days)
        if settlement >= ql_date(contract.maturity):
            raise InputError(
                "a bond that has matured can't be priced",
                field="maturity",
                value=contract.maturity.isoformat(),
                rule=f"after the settlement day, {settlement.ISO()}",
                remedy="book what it pays back",
            )


def _measures(bond: ql.Bond, clean: float, contract: FixedBond | FloatingBond) -> BondMeasures:
    count, often, day = _count(contract), _frequency(contract), bond.settlementDate()
    terms = count, ql.Compounded, often
    rate = bond.bondYield(ql.BondPrice(clean, ql.BondPrice.Clean), *terms, day, 1e-14, 200)
    by = ql.InterestRate(rate, *terms)
    accrued = bond.accruedAmount(day)
    return BondMeasures(
        clean=float(clean),
        dirty=float(clean + accrued),
        accrued=float(accrued),
        yield_to_maturity=float(rate),
        macaulay_duration=float(ql.BondFunctions.duration(bond, by, ql.Duration.Macaulay, day)),
        modified_duration=float(ql.BondFunctions.duration(bond, by, ql.Duration.Modified, day)),
        convexity=float(ql.BondFunctions.convexity(bond, by, day)),
    )


def _fixed(contract: FixedBond) -> ql.FixedRateBond:
    roll, issue = ROLLS[contract.roll], ql_date(contract.start)
    terms = contract.settlement_days, contract.face, _days(contract), [contract.coupon], _count(contract)
    return ql.FixedRateBond(*terms, roll, 100.0, issue, CALENDARS[contract.holidays])


def _floating(contract: FloatingBond, index: ql.IborIndex) -> ql.FloatingRateBond:
    return ql.FloatingRateBond(
        contract.settlement_days, contract.face, _days(contract), index, index.dayCounter(), ROLLS[contract.roll],
        spreads=[contract.spread], issueDate=ql_date(contract.start),
    )  # fmt: skip


def _days(contract: FixedBond | FloatingBond) -> ql.Schedule:
    """Return unadjusted days: payments roll, periods do not."""
    every = PERIODS[contract.frequency] if isinstance(contract, FixedBond) else ql_index(contract.index).tenor()
    calendar = CALENDARS[contract.holidays]
    return schedule(contract.start, contract.maturity, every, calendar, ql.Unadjusted)


def _count(contract: FixedBond | FloatingBond) -> ql.DayCounter:
    if isinstance(contract, FloatingBond):
        return ql_index(contract.index).dayCounter()
    if contract.day_count is DayCount.ACTUAL_ACTUAL:
        return ql.ActualActual(ql.ActualActual.ISMA, _days(contract))
    return COUNTS[contract.day_count]


def _frequency(contract: FixedBond | FloatingBond) -> int:
    if isinstance(contract, FixedBond):
        return int(FREQUENCIES[contract.frequency])
    half = contract.index is Index.EURIBOR_6M
    return int(FREQUENCIES[Frequency.SEMIANNUAL if half else Frequency.QUARTERLY])
