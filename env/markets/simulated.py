"""The simulated market: correlated geometric Brownian motion with changing volatility, as bars of sessions.

Nothing in it can be predicted but volatility and volume: a strategy that makes money here by direction is lucky.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.calendars import sessions
from actors.clock import DAY, MINUTE
from actors.errors import ConfigurationError, InputError
from actors.instruments import InstrumentMaster
from actors.market.ticks import RAW, UNKNOWN_INSTRUMENT, Kind, RawSlice
from actors.messages import Instrument
from configs.schema import FeedSection, InstrumentsSection
from env.markets.volatility import StochasticVolatility

Floats = npt.NDArray[np.float64]

SESSIONS_PER_YEAR = 252
OVERNIGHT_SHARE = 0.2
"""Share of a session's variance that falls into the hours before it."""

INCREMENT = 0.01
LOWEST_PRICE, HIGHEST_PRICE = 20.0, 200.0
VOLUME_PER_SESSION = 2_000_000.0
"""Shares of an instrument traded in an ordinary session."""


class _Path(NamedTuple):
    """Bars of one session, shape (bars, instruments) each; prices unrounded."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class SimulatedSource:
    """A market made from a seed.

    Each session draws from a stream of its own, seeded by the seed and its index; prices and volatilities carry over,
    so that a later session is reached by walking there (some 60 us a session of 8 instruments). Within a session
    variance and volume follow the usual U over the day; a bar's high and low are drawn from the law of the extremes of
    a Brownian bridge. A row's number is 100,000 times its session's index plus its bar's.

    Args:
        feed: ``simulated`` describes the market; ``symbols``, ``start`` and ``end`` select from it.
        instruments: The calendar that it keeps.

    Raises:
        ConfigurationError: The calendar has no sessions from ``start`` on, or the filters leave nothing.
        InputError: A symbol that the filter names does not exist.
    """

    def __init__(self, feed: FeedSection, instruments: InstrumentsSection) -> None:
        self.market = feed.simulated
        self.name = f"simulated market, seed {self.market.seed}"
        digits = max(3, len(str(self.market.instruments)))
        names = tuple(f"SIM{number:0{digits}d}" for number in range(1, self.market.instruments + 1))
        for symbol in feed.symbols:
            if symbol not in names:
                raise InputError(
                    f"the simulated market has no {symbol!r}",
                    field="feed.symbols",
                    value=symbol,
                    rule=f"{names[0]} to {names[-1]}",
                )
        self._columns = np.array([at for at, name in enumerate(names) if not feed.symbols or name in feed.symbols])
        self.symbols = tuple(names[at] for at in self._columns)
        opens, closes = self._hours(instruments.calendar)
        self._opens, self._closes = opens, closes
        self._period = self.market.bar_minutes * MINUTE
        self._bars = -(-(closes - opens) // self._period)
        first, last = _instant(feed.start), _instant(feed.end)
        self._first = 0 if first is None else int(np.searchsorted(closes, first, "right"))
        self._last = len(opens) if last is None else int(np.searchsorted(opens, last, "left"))
        if self._first >= self._last:
            raise ConfigurationError(
                "feed.start and feed.end leave no session of the simulated market",
                field="feed.start",
                value=f"{feed.start} .. {feed.end}",
                rule=f"from {self.market.start} on",
            )

    def describe(self) -> str:
        """Return seed, size and length of the market."""
        return (
            f"{self.name}: {len(self.symbols)} symbols, {self._last - self._first} sessions, "
            f"bars of {self.market.bar_minutes} minutes"
        )

    def prices(self) -> Mapping[str, Floats]:
        """Return one price of each symbol; all prices are multiples of 0.01."""
        start = np.round(self._start_prices()[self._columns], 2)
        return {symbol: start[at : at + 1] for at, symbol in enumerate(self.symbols)}

    def times(self) -> None:
        """Return nothing: the market is as long as one likes."""
        return None

    def slices(self, instruments: Sequence[Instrument], from_sequence: int = 1) -> Iterator[RawSlice]:
        """Yield one slice a bar, all instruments in it, from ``from_sequence`` on."""
        master = InstrumentMaster(instruments)
        bearers = [master.namesakes(symbol) for symbol in self.symbols]
        before = np.concatenate([[0], np.cumsum(self._bars[self._first : self._last])])
        begin = min(int(np.searchsorted(before, from_sequence - 1, "right")) - 1, self._last - self._first)
        for index, path in self._paths(self._first + begin):
            opens, period = int(self._opens[index]), self._period
            ids = np.array([_bearer(found, opens) for found in bearers], np.uint32)
            missing = {at: self.symbols[at] for at in np.flatnonzero(ids == UNKNOWN_INSTRUMENT).tolist()}
            rows = self._rows(index, path, ids)
            sequence = int(before[index - self._first])
            for bar in range(max(0, from_sequence - 1 - sequence), len(rows)):
                known = min(opens + (bar + 1) * period, int(self._closes[index]))
                yield RawSlice(sequence + bar + 1, known, rows[bar].tobytes(), dict(missing), self.name)

    def _hours(self, calendar: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        found = sessions(calendar)
        start = (self.market.start - datetime.date(1970, 1, 1)).days
        if found.always_open:
            opens = (start + np.arange(self.market.sessions, dtype=np.int64)) * DAY
            return opens, opens + DAY
        first = int(np.searchsorted(found.dates, start))
        chosen = slice(first, first + self.market.sessions)
        if first >= len(found.dates):
            raise ConfigurationError(
                f"{calendar} has no session from {self.market.start} on",
                field="feed.simulated.start",
                value=self.market.start,
                rule="a date before 2050",
            )
        return found.opens[chosen], found.closes[chosen]

    def _start_prices(self) -> Floats:
        generator = np.random.default_rng([self.market.seed, 0])
        prices: Floats = np.exp(
            generator.uniform(math.log(LOWEST_PRICE), math.log(HIGHEST_PRICE), self.market.instruments)
        )
        return prices

    def _paths(self, begin: int) -> Iterator[tuple[int, _Path]]:
        """Walk from the first session of the market and yield those from ``begin`` on."""
        market = self.market
        price = np.log(self._start_prices())
        daily = market.annual_volatility / math.sqrt(SESSIONS_PER_YEAR)
        volatility = StochasticVolatility(market.instruments, daily, np.random.default_rng([market.seed, 0, 1]))
        for index in range(self._last):
            generator = np.random.default_rng([market.seed, index + 1])
            sigma = volatility.next(generator)
            bars = int(self._bars[index])
            length = (self._closes[index] - self._opens[index]) / max(self._closes[:50] - self._opens[:50])
            shape = _u_shape(bars)
            deviation = np.sqrt((1 - OVERNIGHT_SHARE) * length * shape)[:, None] * sigma
            night = math.sqrt(OVERNIGHT_SHARE) * sigma
            shocks = self._correlated(generator, bars + 1)
            opening = price + night * shocks[0] - night**2 / 2
            closes = opening + np.cumsum(deviation * shocks[1:] - deviation**2 / 2, axis=0)
            price = closes[-1]
            if index >= begin:
                opens = np.concatenate([opening[None], closes[:-1]])
                yield index, self._bars_of(generator, opens, closes, deviation, length * shape, sigma / daily)

    def _correlated(self, generator: np.random.Generator, count: int) -> Floats:
        correlation = self.market.correlation
        draws = generator.standard_normal((count, self.market.instruments + 1))
        mixed: Floats = math.sqrt(correlation) * draws[:, :1] + math.sqrt(1 - correlation) * draws[:, 1:]
        return mixed

    def _bars_of(
        self,
        generator: np.random.Generator,
        opens: Floats,
        closes: Floats,
        deviation: Floats,
        share: Floats,
        activity: Floats,
    ) -> _Path:
        """Complete the bars of a session by their extremes (Glasserman 2004, equation 6.50) and volumes."""
        uniform = 1.0 - generator.random((2, *opens.shape))
        reach = np.sqrt((closes - opens) ** 2 - 2 * deviation**2 * np.log(uniform))
        noise = np.exp(0.4 * generator.standard_normal(opens.shape) - 0.08)
        volume = VOLUME_PER_SESSION * share[:, None] * np.sqrt(activity) * noise
        middle = (opens + closes) / 2
        return _Path(
            np.exp(opens), np.exp(middle + reach[0] / 2), np.exp(middle - reach[1] / 2), np.exp(closes), volume
        )

    def _rows(self, index: int, path: _Path, ids: npt.NDArray[np.uint32]) -> npt.NDArray[np.void]:
        bars = len(path.open)
        rows = np.zeros((bars, len(self._columns)), RAW)
        starts = self._opens[index] + np.arange(bars) * self._period
        rows["kind"] = Kind.BAR
        rows["instrument"] = ids
        rows["event_time"] = starts[:, None]
        rows["known_time"] = np.minimum(starts + self._period, self._closes[index])[:, None]
        rows["row"] = (index * 100_000 + np.arange(bars))[:, None]
        rows["reference"] = self._period
        for name, values in zip(("first", "second", "third", "fourth"), path[:4], strict=True):
            rows[name] = np.maximum(np.round(values[:, self._columns], 2), INCREMENT)
        rows["fifth"] = np.maximum(np.rint(path.volume[:, self._columns]), 1)
        return rows


def _u_shape(bars: int) -> Floats:
    """Return each bar's share of a session's variance and volume: three times as much at the ends as at noon."""
    middle = (np.arange(bars) + 0.5) / bars
    weights: Floats = 1 + 2 * (2 * middle - 1) ** 2
    weights /= weights.sum()
    return weights


def _bearer(found: Sequence[Instrument], at_time: int) -> int:
    return next((one.id for one in found if one.valid_from <= at_time < one.valid_to), UNKNOWN_INSTRUMENT)


def _instant(moment: datetime.datetime | None) -> int | None:
    if moment is None:
        return None
    return (
        round((moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()) * 1_000_000_000
    )
