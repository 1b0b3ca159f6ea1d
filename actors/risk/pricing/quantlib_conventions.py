"""The words of interest rates as QuantLib has them. Only to be used within ``valuation_on``."""

from __future__ import annotations

import datetime

import QuantLib as ql

from actors.risk.pricing.conventions import DayCount, Frequency, Holidays, Index, Roll
from actors.risk.pricing.curves import Curve
from actors.risk.pricing.quantlib_session import ql_date

COUNTS = {
    DayCount.ACTUAL_360: ql.Actual360(),
    DayCount.ACTUAL_365: ql.Actual365Fixed(),
    DayCount.ACTUAL_ACTUAL: ql.ActualActual(ql.ActualActual.ISMA),
    DayCount.THIRTY_360: ql.Thirty360(ql.Thirty360.BondBasis),
}
CALENDARS = {
    Holidays.NONE: ql.NullCalendar(),
    Holidays.TARGET: ql.TARGET(),
    Holidays.NEW_YORK: ql.UnitedStates(ql.UnitedStates.GovernmentBond),
    Holidays.LONDON: ql.UnitedKingdom(),
}
ROLLS = {
    Roll.UNADJUSTED: ql.Unadjusted,
    Roll.FOLLOWING: ql.Following,
    Roll.MODIFIED_FOLLOWING: ql.ModifiedFollowing,
}
PERIODS = {
    Frequency.ANNUAL: ql.Period(1, ql.Years),
    Frequency.SEMIANNUAL: ql.Period(6, ql.Months),
    Frequency.QUARTERLY: ql.Period(3, ql.Months),
}
FREQUENCIES = {
    Frequency.ANNUAL: ql.Annual,
    Frequency.SEMIANNUAL: ql.Semiannual,
    Frequency.QUARTERLY: ql.Quarterly,
}
PAYMENT_LAGS = {Index.SOFR: 2, Index.ESTR: 1}
"""Business days from the end of a period of an overnight swap to its payment."""


def curve_handle(curve: Curve) -> ql.YieldTermStructureHandle:
    """Return a curve as QuantLib has it, of the same values on every day."""
    days = [ql_date(day) for day in (curve.date, *curve.days)]
    return ql.YieldTermStructureHandle(ql.DiscountCurve(days, [1.0, *curve.discounts], ql.Actual365Fixed()))


def ql_index(index: Index, forecast: ql.YieldTermStructureHandle | None = None) -> ql.IborIndex:
    """Return an index whose coming rates are those of a curve."""
    handle = forecast or ql.YieldTermStructureHandle()
    if index is Index.TERM_SOFR_3M:
        count, holidays = ql.Actual360(), ql.UnitedStates(ql.UnitedStates.SOFR)
        term = ql.Period(3, ql.Months)
        return ql.IborIndex("TermSOFR", term, 2, ql.USDCurrency(), holidays, ql.ModifiedFollowing, False, count, handle)
    return _INDICES[index](handle)


def fixed_leg(index: Index) -> tuple[ql.Period, ql.DayCounter]:
    """Return how often the fixed leg of a swap on an index pays, and how it counts days."""
    euribor = index in (Index.EURIBOR_3M, Index.EURIBOR_6M)
    return PERIODS[Frequency.ANNUAL], COUNTS[DayCount.THIRTY_360 if euribor else DayCount.ACTUAL_360]


def schedule(
    start: datetime.date, end: datetime.date, every: ql.Period, calendar: ql.Calendar, roll: int
) -> ql.Schedule:
    """Return the days between which periods run, counted back from the end: a period that is short is the first."""
    return ql.Schedule(ql_date(start), ql_date(end), every, calendar, roll, roll, ql.DateGeneration.Backward, False)


_INDICES = {Index.SOFR: ql.Sofr, Index.ESTR: ql.Estr, Index.EURIBOR_3M: ql.Euribor3M, Index.EURIBOR_6M: ql.Euribor6M}
