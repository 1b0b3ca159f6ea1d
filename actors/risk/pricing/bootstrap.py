"""Yield curves from market quotes: the curve that gives every quote back."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

import QuantLib as ql

from actors.errors import InputError
from actors.risk.pricing.conventions import Index
from actors.risk.pricing.curve_quotes import (
    DepositQuote,
    ForwardRateQuote,
    FutureQuote,
    ParYieldQuote,
    Quote,
    SwapQuote,
)
from actors.risk.pricing.curves import Curve
from actors.risk.pricing.quantlib_conventions import PAYMENT_LAGS, curve_handle, fixed_leg, ql_index
from actors.risk.pricing.quantlib_session import ql_date, valuation_on

PRECISION = 1e-10
"""Largest distance between a quote and what the curve makes of it; rates as fractions, prices of 100."""
_ACCURACY = 1e-14


def bootstrap(
    date: datetime.date,
    index: Index,
    quotes: Sequence[Quote],
    discount: Curve | None = None,
    *,
    oldest: int = 0,
    name: str | None = None,
) -> Curve:
    """Return the curve of an index that gives every quote back within ``PRECISION``.

    P. Hagan and G. West (2006), "Interpolation methods for curve construction": piecewise constant forward rates,
    found quote by quote.

    Args:
        date: The day of the curve.
        index: What the quotes are on; its conventions are theirs.
        quotes: Deposits, futures, forward rate agreements and swaps, in any order.
        discount: The curve that swaps are discounted by where it is another one, as Euribor's are by that of ESTR.
        oldest: Days that a quote may be older than the curve.
        name: Of the curve, by default the index's.

    Raises:
        InputError: Naming the quote that is stale, ends on the same day as another, or that no curve gives back.
    """
    name = name or str(index)
    with valuation_on(date):
        curve = None if discount is None else curve_handle(discount)
        return _solved(date, name, quotes, [_helper(index, quote, curve) for quote in quotes], oldest)


def par_curve(
    date: datetime.date, quotes: Sequence[ParYieldQuote], *, oldest: int = 0, name: str = "treasury"
) -> Curve:
    """Return the curve on which bonds with par yields as coupons are worth 100.

    Raises what ``bootstrap`` raises.
    """
    with valuation_on(date):
        return _solved(date, name, quotes, [_par_bond(date, quote) for quote in quotes], oldest)


def _solved(
    date: datetime.date, name: str, quotes: Sequence[Quote], helpers: Sequence[ql.RateHelper], oldest: int
) -> Curve:
    if not quotes:
        raise InputError(f"{name}: a curve of nothing", field="quotes", value="none", rule="one quote at least")
    for quote in quotes:
        observed = quote.observed or date
        if not 0 <= (date - observed).days <= oldest:
            raise InputError(
                f"{name}: a quote of another day",
                field=f"quotes[{quote.name}].observed",
                value=observed.isoformat(),
                rule=f"{date.isoformat()}, or up to {oldest} days before",
                remedy="quote it anew, leave it out, or let older quotes count with oldest",
            )
    ordered = sorted(zip(helpers, quotes, strict=True), key=lambda pair: pair[0].pillarDate())
    for (one, first), (other, second) in zip(ordered, ordered[1:], strict=False):
        if one.pillarDate() == other.pillarDate():
            raise InputError(
                f"{name}: two quotes of the same day",
                field=f"quotes[{second.name}]",
                value=other.pillarDate().ISO(),
                rule=f"a day of its own; {first.name} has it already",
                remedy="leave out one of them",
            )
    try:
        return _built(date, name, ordered)
    except RuntimeError as error:
        raise _culprit(date, name, ordered, error) from None


def _built(date: datetime.date, name: str, ordered: Sequence[tuple[ql.RateHelper, Quote]]) -> Curve:
    helpers = [helper for helper, _ in ordered]
    solver = ql.IterativeBootstrap(_ACCURACY)
    curve = ql.PiecewiseLogLinearDiscount(ql_date(date), helpers, ql.Actual365Fixed(), solver)
    nodes = curve.nodes()[1:]
    for helper, quote in ordered:
        off = helper.impliedQuote() - helper.quote().value()
        if not math.isfinite(off) or abs(off) > PRECISION * (1 if helper.quote().value() < 1 else 100):
            raise RuntimeError(f"{quote.name} is given back with a difference of {off}")
    return Curve(date, tuple(day.to_date() for day, _ in nodes), tuple(factor for _, factor in nodes), name)


def _culprit(
    date: datetime.date, name: str, ordered: Sequence[tuple[ql.RateHelper, Quote]], error: RuntimeError
) -> InputError:
    """Return the error that names the first quote with which there is no curve any more."""
    quote = ordered[-1][1]
    for count in range(1, len(ordered) + 1):
        try:
            _built(date, name, ordered[:count])
        except RuntimeError as found:
            quote, error = ordered[count - 1][1], found
            break
    value = quote.price if isinstance(quote, FutureQuote) else getattr(quote, "rate", None)
    return InputError(
        f"{name}: no curve gives this quote back",
        field=f"quotes[{quote.name}]",
        value=value,
        rule="a quote that fits to the ones before it",
        remedy=f"look at it and its neighbours, or leave it out; QuantLib says: {str(error).splitlines()[0]}",
    )


def _helper(index: Index, quote: Quote, discount: ql.YieldTermStructureHandle | None) -> ql.RateHelper:
    match quote:
        case DepositQuote():
            if index.overnight:
                return ql.DepositRateHelper(_handle(quote.rate), ql_index(index))
            of = ql_index(index)
            count = of.dayCounter()
            terms = of.fixingDays(), of.fixingCalendar(), of.businessDayConvention(), of.endOfMonth(), count
            return ql.DepositRateHelper(_handle(quote.rate), ql.Period(quote.tenor), *terms)
        case FutureQuote():
            if index is Index.SOFR:
                return ql.SofrFutureRateHelper(quote.price, quote.month, quote.year, ql.Quarterly, quote.convexity)
            if not index.overnight:
                start = ql.IMM.nextDate(ql.Date(1, quote.month, quote.year), True)
                convexity = _handle(quote.convexity)
                return ql.FuturesRateHelper(_handle(quote.price), start, ql_index(index), convexity)
        case ForwardRateQuote() if not index.overnight:
            return ql.FraRateHelper(_handle(quote.rate), ql.Period(quote.starts, ql.Months), ql_index(index))
        case SwapQuote():
            return _swap(index, quote, discount or ql.YieldTermStructureHandle())
        case _:
            pass
    raise InputError(
        f"{index}: no such quote on this index",
        field=f"quotes[{quote.name}]",
        value=type(quote).__name__,
        rule="of overnight indices deposits and swaps, and futures on sofr; of the others forward rate agreements too",
    )


def _swap(index: Index, quote: SwapQuote, discount: ql.YieldTermStructureHandle) -> ql.RateHelper:
    tenor, floating = ql.Period(quote.tenor), ql_index(index)
    if index.overnight:
        return ql.OISRateHelper(2, tenor, _handle(quote.rate), floating, discount, False, PAYMENT_LAGS[index])
    every, count = fixed_leg(index)
    terms = floating.fixingCalendar(), every.frequency(), ql.ModifiedFollowing, count, floating
    return ql.SwapRateHelper(_handle(quote.rate), tenor, *terms, _handle(0.0), ql.Period(0, ql.Days), discount)


def _par_bond(date: datetime.date, quote: ParYieldQuote) -> ql.RateHelper:
    """Return a bond whose periods are counted from its start, in whole months whatever their days."""
    start, months = ql_date(date), ql.Period(quote.months, ql.Months)
    every, free = ql.Period(min(quote.months, 6), ql.Months), ql.Unadjusted
    days = ql.Schedule(start, start + months, every, ql.NullCalendar(), free, free, ql.DateGeneration.Forward, False)
    return ql.FixedRateBondHelper(_handle(100.0), 0, 100.0, days, [quote.rate], ql.SimpleDayCounter(), free)


def _handle(number: float) -> ql.QuoteHandle:
    return ql.QuoteHandle(ql.SimpleQuote(number))
