"""Full revaluation of American options under many scenarios: the part that one process works out.

By the exercise boundary as a fixed point: L. Andersen, M. Lake and D. Offengenden (2016), "High-performance American
option pricing", Journal of Computational Finance 20(1), as QuantLib has it. Where an option may be worth exercising in
between two boundaries (a rate below 0 and a dividend yield below it, or of calls the other way round), by finite
differences; where early exercise is never worth anything, in closed form.

A value depends on prices in units of the strike and on time by way of the total variance, rate and yield alone. All
options are therefore one option: on a strike of 1 over one year.
"""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import QuantLib as ql

from actors.errors import AlphaMindError, InputError, Unavailable
from actors.risk.pricing import black_scholes
from actors.risk.pricing.black_scholes import Array
from actors.risk.pricing.quantlib_session import ql_date, valuation_on
from actors.risk.pricing.revaluation import OptionBook, Scenarios

_DAY = datetime.date(2001, 1, 1)
_YEAR = 365
_GRID = 400
"""Steps of time, and of price, of finite differences where there are two boundaries."""


@dataclasses.dataclass(frozen=True)
class FailedChunk:
    """Options that could not be revalued.

    Attributes:
        options: Numbers of the first option and of the one after the last.
        error: Why.
    """

    options: tuple[int, int]
    error: AlphaMindError


@dataclasses.dataclass(frozen=True)
class Revaluation:
    """Values of options in scenarios, and which are missing.

    Attributes:
        values: Of one unit of each option; shape (scenarios, options), NaN where missing.
        failed: What is missing, ascending; empty where nothing is.
    """

    values: Array
    failed: tuple[FailedChunk, ...] = ()

    @property
    def missing(self) -> float:
        """Share of the options that have no value, from 0 to 1."""
        return sum(end - first for first, end in (chunk.options for chunk in self.failed)) / self.values.shape[1]

    def totals(self, quantity: Array) -> Array:
        """Return the value of the whole book in each scenario, shape (scenarios,).

        Args:
            quantity: Units of each option, shape (options,).

        Raises:
            Unavailable: Some options are missing; it names the first ones, why, and how large a share there is.
        """
        if self.failed:
            chunk = self.failed[0]
            first, end = chunk.options
            raise Unavailable(
                f"{self.missing:.1%} of the options have no value: {chunk.error.message}",
                field=f"options[{first}:{end}]",
                value=f"{chunk.error.field}: {chunk.error.value}" if chunk.error.field else None,
                rule=chunk.error.rule or "every option has a value",
                remedy="mend these and revalue again, or take known_totals, which says what is missing",
            )
        return np.asarray(self.values @ quantity)

    def known_totals(self, quantity: Array) -> tuple[Array, float]:
        """Return the value of what could be revalued, shape (scenarios,), and the share of options that is missing."""
        known = np.isfinite(self.values).all(axis=0)
        return np.asarray(self.values[:, known] @ quantity[known]), self.missing


def american_values(book: OptionBook, scenarios: Scenarios, first: int = 0, end: int | None = None) -> Array:
    """Return what one unit of some American options is worth in each scenario, shape (scenarios, end - first).

    Args:
        book: The options; quantities do not count.
        scenarios: Joint markets.
        first: Number of the first option to revalue.
        end: Number of the one after the last; ``None``: all.

    Raises:
        InputError: Naming the option and the number that is missing or can't be.
    """
    chosen = range(len(book.strike))[first:end]
    _check(book, scenarios, chosen)
    values = np.empty((len(scenarios.spot), len(chosen)))
    with valuation_on(_DAY):
        unit = _UnitOption()
        for column, option in enumerate(chosen):
            values[:, column] = _one(unit, book, scenarios, option)
    return values


def assembled(scenarios: int, options: int, chunks: dict[tuple[int, int], Array | AlphaMindError]) -> Revaluation:
    """Return the whole of chunks, each by the numbers of its first option and of the one after its last."""
    values = np.full((scenarios, options), np.nan)
    failed = []
    for (first, end), found in sorted(chunks.items(), key=lambda chunk: chunk[0]):
        if isinstance(found, AlphaMindError):
            failed.append(FailedChunk((first, end), found))
        else:
            values[:, first:end] = found
    return Revaluation(values, tuple(failed))


class _UnitOption:
    """Both options on a strike of 1 over one year, and what they depend on. Only within ``valuation_on``."""

    def __init__(self) -> None:
        today, count = ql_date(_DAY), ql.Actual365Fixed()
        self._numbers = [ql.SimpleQuote(number) for number in (1.0, 0.2, 0.0, 0.0)]
        spot, volatility, rate, dividend = (ql.QuoteHandle(number) for number in self._numbers)
        self._process = ql.BlackScholesMertonProcess(
            spot,
            ql.YieldTermStructureHandle(ql.FlatForward(today, dividend, count)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, rate, count)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, count)),
        )
        scheme = ql.QdFpAmericanEngine.fastScheme()
        exercise = ql.AmericanExercise(today, today + _YEAR)
        self._boundary, self._differences = {}, {}
        for sign, right in ((1.0, ql.Option.Call), (-1.0, ql.Option.Put)):
            for options, engine in (
                (self._boundary, ql.QdFpAmericanEngine(self._process, scheme)),
                (self._differences, ql.FdBlackScholesVanillaEngine(self._process, _GRID, _GRID, 2)),
            ):
                options[sign] = ql.VanillaOption(ql.PlainVanillaPayoff(right, 1.0), exercise)
                options[sign].setPricingEngine(engine)

    def value(self, sign: float, spot: float, deviation: float, rate: float, dividend: float) -> float:
        """Return a value; arguments are totals over the year."""
        for quote, number in zip(self._numbers, (spot, deviation, rate, dividend), strict=True):
            quote.setValue(number)
        earned, paid = (rate, dividend) if sign < 0 else (dividend, rate)  # a call is a put in the other currency
        two_boundaries = paid < earned < 0
        option = (self._differences if two_boundaries else self._boundary)[sign]
        return float(option.NPV())


def _one(unit: _UnitOption, book: OptionBook, scenarios: Scenarios, option: int) -> Array:
    underlying, strike, years = book.underlying[option], float(book.strike[option]), float(book.years[option])
    sign, dividend = float(book.sign[option]), float(book.dividend[option])
    spot, volatility = scenarios.spot[:, underlying], scenarios.volatility[:, underlying]
    values = black_scholes.prices(spot, strike, years, volatility, scenarios.rate, dividend, sign)
    early = (scenarios.rate > 0) | (dividend < 0) if sign < 0 else (scenarios.rate < 0) | (dividend > 0)
    deviation, rates = volatility * np.sqrt(years), scenarios.rate * years
    for row in np.flatnonzero(early):
        given = float(spot[row]) / strike, float(deviation[row]), float(rates[row]), dividend * years
        try:
            values[row] = strike * unit.value(sign, *given)
        except RuntimeError as error:
            raise InputError(
                f"option {option} can't be valued in scenario {row}",
                field=f"options[{option}]",
                value=f"spot {spot[row]:g}, strike {strike:g}, years {years:g}, volatility {volatility[row]:g}, "
                f"rate {scenarios.rate[row]:g}, dividend {dividend:g}",
                rule=str(error).splitlines()[0],
            ) from None
    return values


def _check(book: OptionBook, scenarios: Scenarios, chosen: range) -> None:
    underlyings = scenarios.spot.shape[1]
    black_scholes.checked(rate=scenarios.rate)
    for option in chosen:
        underlying = int(book.underlying[option])
        if not 0 <= underlying < underlyings:
            raise InputError(
                f"option {option} is on an underlying that the scenarios do not have",
                field=f"underlying[{option}]",
                value=underlying,
                rule=f"0 to {underlyings - 1}",
            )
        for name, values, positive in (
            (f"strike[{option}]", book.strike[option], True),
            (f"years[{option}]", book.years[option], True),
            (f"dividend[{option}]", book.dividend[option], False),
            ("spot", scenarios.spot[:, underlying], True),
            ("volatility", scenarios.volatility[:, underlying], True),
        ):
            array = np.atleast_1d(np.asarray(values, np.float64))
            fine = np.isfinite(array) & ((array > 0) if positive else True)
            if not fine.all():
                at = int(np.argmin(fine))
                where = name if "[" in name else f"{name}[{at}, {underlying}]"
                rule = "positive and finite" if positive else "finite"
                told = "has expired" if name.startswith("years") and array[at] <= 0 else f"has no {name.split('[')[0]}"
                raise InputError(
                    f"option {option} {told}",
                    field=where,
                    value=float(array[at]),
                    rule=rule,
                    remedy="settle what has expired, and mend or leave out what has no price",
                )
        if book.sign[option] not in (1.0, -1.0):
            raise InputError(
                f"option {option} is neither call nor put",
                field=f"sign[{option}]",
                value=float(book.sign[option]),
                rule="+1 or -1",
            )
