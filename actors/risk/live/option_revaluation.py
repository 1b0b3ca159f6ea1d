"""What options would have gained in past periods, and gain under stress: revalued in full, beside the live stream.

Revaluing a large book takes seconds, so it is not done where fills and prices are followed. A job is a snapshot of what
is to be revalued; whoever runs it (a thread, or tasks of the cluster) hands the result back, and measures use it from
then on. An option that was never revalued has no past here, and counts as not covered: it is never taken for linear.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from actors.messages import MONEY_UNIT, Instrument
from actors.risk.live.greeks_book import ListedOption
from actors.risk.measures.tails import Array
from actors.risk.pricing import black_scholes
from actors.risk.pricing.contracts import European
from actors.risk.pricing.market import DAYS_A_YEAR
from actors.risk.pricing.partial import Revaluation
from actors.risk.pricing.revaluation import OptionBook, Scenarios
from actors.risk.stress import PriceJump

MOVED = 0.005
"""Change of an underlying's price from which on its options are revalued anew."""
_LOWEST = -1 + 1e-9
"""Change of a price down to which options are valued: none has a model at a price of 0."""

RevalueAmerican = Callable[[OptionBook, Scenarios], Revaluation]


@dataclasses.dataclass(frozen=True)
class Job:
    """What is to be revalued: the same options' values today, in each past period and under each stress.

    Attributes:
        options: Instrument ids.
        american: Which of them can be exercised early; shape (options,).
        book: The options, one unit of each.
        scenarios: Today, then the past periods, then the stress scenarios.
        known: Whether the underlying's return of each past period is known; shape (periods, options).
        spots: Price of each option's underlying today.
        date: Today.
        count: Closes behind the past periods.
    """

    options: tuple[int, ...]
    american: np.typing.NDArray[np.bool_]
    book: OptionBook
    scenarios: Scenarios
    known: np.typing.NDArray[np.bool_]
    spots: tuple[float, ...]
    date: datetime.date
    count: int


@dataclasses.dataclass(frozen=True)
class _Revalued:
    spot: float
    date: datetime.date
    count: int
    past: Array
    stressed: Array


def run(job: Job, american: RevalueAmerican) -> Array:
    """Return the value of one unit of each option in each scenario, shape (scenarios, options); NaN where it failed."""
    book, scenarios = job.book, job.scenarios
    values = np.full((len(scenarios.spot), len(job.options)), np.nan)
    european = np.flatnonzero(~job.american)
    if len(european):
        of = book.underlying[european]
        values[:, european] = black_scholes.prices(
            scenarios.spot[:, of],
            book.strike[european],
            book.years[european],
            scenarios.volatility[:, of],
            scenarios.rate[:, None],
            book.dividend[european],
            book.sign[european],
        )
    early = np.flatnonzero(job.american)
    if len(early):
        parts = {name: getattr(book, name)[early] for name in OptionBook.__dataclass_fields__}
        values[:, early] = american(OptionBook(**parts), scenarios).values
    return values


class OptionRevaluation:
    """Keeps what every option held would gain, by its number.

    Args:
        options: The options by instrument id.
        instruments: The instrument master.
        prices: Last price in increments by instrument id, kept up by their owner.
        jumps: The stress scenarios.

    Attributes:
        version: Counts the results: measures of an older one are out of date.
    """

    def __init__(
        self,
        options: Mapping[int, ListedOption],
        instruments: Sequence[Instrument],
        prices: Mapping[int, int],
        jumps: Mapping[str, PriceJump],
    ) -> None:
        self.version = 0
        self._options = options
        self._instruments = instruments
        self._prices = prices
        self._jumps = dict(jumps)
        self._found: dict[int, _Revalued] = {}
        self._failing: dict[int, tuple[int, float]] = {}

    def __contains__(self, instrument: int) -> bool:
        """Return whether an instrument is an option."""
        return instrument in self._options

    @property
    def failing(self) -> list[int]:
        """The options whose newest revaluation failed."""
        return list(self._failing)

    def job(
        self, held: Iterable[int], returns: Array, count: int, date: datetime.date, clock: float = 0.0
    ) -> Job | None:
        """Return what is to be revalued now, or ``None`` where all is new enough.

        Args:
            held: Instruments that are held; those that are no options do not count.
            returns: Returns of all instruments, shape (periods, instruments).
            count: Closes behind them.
            date: Today by the market's clock.
            clock: Seconds of a clock that never goes back: what failed is not due again before it may be retried.
        """
        due = [one for one in held if one in self._options and self._is_due(one, count, date, clock)]
        if not due:
            return None
        rate = self._options[due[0]].rate
        due = [one for one in due if self._options[one].rate == rate]  # the others are the next job's
        terms = [self._options[one] for one in due]
        markets = sorted({(one.underlying, one.volatility) for one in terms})
        column = {market: index for index, market in enumerate(markets)}
        underlyings = [underlying for underlying, _ in markets]
        spot = np.array([self._spot(one) for one in underlyings])
        past = returns[:, underlyings]
        known = np.isfinite(past)
        changes = np.concatenate(
            [
                np.zeros((1, len(underlyings))),
                np.where(known, past, 0.0),
                np.array([[jump.of(one) for one in underlyings] for jump in self._jumps.values()]).reshape(
                    -1, len(underlyings)
                ),
            ]
        )
        volatility = np.array([volatility for _, volatility in markets])
        of = np.array([column[one.underlying, one.volatility] for one in terms])
        book = OptionBook(
            underlying=of,
            strike=np.array([float(one.contract.strike) for one in terms]),
            years=np.array([(one.contract.expiry - date).days / DAYS_A_YEAR for one in terms]),
            sign=np.array([float(one.contract.right.sign) for one in terms]),
            quantity=np.ones(len(terms)),
            dividend=np.array([one.dividend for one in terms]),
        )
        scenarios = Scenarios(
            spot=spot * (1 + np.maximum(changes, _LOWEST)),
            volatility=np.repeat(volatility[None, :], len(changes), axis=0),
            rate=np.full(len(changes), rate),
        )
        american = np.array([not isinstance(one.contract, European) for one in terms])
        return Job(tuple(due), american, book, scenarios, known[:, of], tuple(spot[of].tolist()), date, count)

    def take(self, job: Job, values: Array, retry_at: float = 0.0) -> list[int]:
        """Take a job's result; return the options that have none, and had not failed before.

        Args:
            job: It.
            values: Of one unit of each option in each scenario, NaN where it failed; shape (scenarios, options).
            retry_at: Seconds of the clock at which those that failed are due again, unless a close comes before.
        """
        failed = []
        periods = len(job.known)
        gains = values[1:] - values[0]
        for index, option in enumerate(job.options):
            if not np.isfinite(values[:, index]).all():
                failed.append(option)
                continue
            past = np.where(job.known[:, index], gains[:periods, index], np.nan)
            stressed = gains[periods:, index]
            self._found[option] = _Revalued(job.spots[index], job.date, job.count, past, stressed)
            self._failing.pop(option, None)
        self.version += 1
        return self._fail(failed, job.count, retry_at)

    def fail(self, job: Job, retry_at: float) -> list[int]:
        """Take note that a job failed as a whole; return the options that had not failed before.

        Only American options need more than a formula: where a job has any, the others are due again without them.
        """
        early = [option for option, american in zip(job.options, job.american, strict=True) if american]
        return self._fail(early or list(job.options), job.count, retry_at)

    def expired(self, option: int, date: datetime.date) -> bool:
        """Return whether an option has no day left: it is never revalued any more."""
        return self._options[option].contract.expiry <= date

    def returns(self, option: int, periods: int, count: int) -> Array:
        """Return what an option would have gained in each past period, as a fraction of its price now.

        Shape (periods,); NaN for periods that it was not revalued for, and all over where it has no price.
        """
        column = np.full(periods, np.nan)
        found, price = self._found.get(option), self._price(option)
        if found is None or not price:
            return column
        new = count - found.count
        kept = min(len(found.past), periods - new)
        if kept > 0:
            end = periods - new
            column[end - kept : end] = found.past[len(found.past) - kept :] / price
        return column

    def stressed(self, option: int) -> Mapping[str, float] | None:
        """Return what an option gains under each stress scenario, as a fraction of its price now; ``None``: unknown."""
        found, price = self._found.get(option), self._price(option)
        if found is None or not price:
            return None
        return dict(zip(self._jumps, (found.stressed / price).tolist(), strict=True))

    def _fail(self, options: Iterable[int], count: int, retry_at: float) -> list[int]:
        new = [option for option in options if option not in self._failing]
        self._failing.update(dict.fromkeys(options, (count, retry_at)))
        return new

    def _is_due(self, option: int, count: int, date: datetime.date, clock: float) -> bool:
        terms, found = self._options[option], self._found.get(option)
        failed_at, retry_at = self._failing.get(option, (-1, 0.0))
        if failed_at == count and clock < retry_at:
            return False
        if terms.contract.expiry <= date or math.isnan(terms.volatility) or terms.underlying not in self._prices:
            return False
        if found is None or found.count != count or found.date != date:
            return True
        return abs(self._spot(terms.underlying) / found.spot - 1) > MOVED

    def _spot(self, instrument: int) -> float:
        return self._prices[instrument] * self._instruments[instrument].price_increment / MONEY_UNIT

    def _price(self, option: int) -> float:
        price = self._prices.get(option, 0)
        return price * self._instruments[option].price_increment / MONEY_UNIT
