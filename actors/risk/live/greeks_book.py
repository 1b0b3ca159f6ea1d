"""The Greeks of all option positions: an option's are reckoned anew when its underlying has a price, and by no other.

Each position's Greeks are rounded to 1e-8 once, so that sums over positions are exact however they came about.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from actors.clock import DAY
from actors.messages import MONEY_UNIT, Instrument
from actors.risk.pricing import black_scholes
from actors.risk.pricing.contracts import Contract, European
from actors.risk.pricing.greeks import greeks
from actors.risk.pricing.market import DAYS_A_YEAR, Market


@dataclasses.dataclass(frozen=True, kw_only=True)
class ListedOption:
    """What an instrument is an option on, and the market's view of it.

    Attributes:
        contract: Its terms.
        underlying: Id of the underlying instrument, whose last price is the spot.
        volatility: Of the underlying per year, as a fraction; NaN where it is not known: then there are no Greeks.
        rate: Risk-free rate per year, continuous.
        dividend: Dividend yield per year, continuous.
    """

    contract: Contract
    underlying: int
    volatility: float
    rate: float = 0.0
    dividend: float = 0.0


class PositionGreeks(NamedTuple):
    """What moves the value of a position, or of many; integers of 1e-8.

    Attributes:
        delta_exposure: Value of the underlying that moves as much: delta times spot, currency units.
        delta: Change of the value with one currency unit of the spot.
        gamma: Change of delta with one currency unit of the spot.
        vega: Change of the value with a volatility higher by 1 (100%).
        theta: Change of the value in a year that passes; 0 for what has no day left.
        rho: Change of the value with a rate higher by 1 (100%).
    """

    delta_exposure: int = 0
    delta: int = 0
    gamma: int = 0
    vega: int = 0
    theta: int = 0
    rho: int = 0

    def plus(self, other: PositionGreeks, sign: int = 1) -> PositionGreeks:
        """Return the sum with another, or the difference for ``sign`` -1."""
        return PositionGreeks(*(one + sign * two for one, two in zip(self, other)))


NONE = PositionGreeks()
_Unit = tuple[float, ...]


class GreeksBook:
    """Greeks by account, kept up with fills and with the underlyings' prices.

    Args:
        options: The options by instrument id.
        instruments: The instrument master.
        prices: Last price in increments by instrument id, which whoever owns them keeps up.

    Attributes:
        totals: Greeks by account; options in several currencies are each counted in their own.
        by_underlying: Delta exposure by account and underlying, 1e-8 currency units.
        refreshed: How often the Greeks of one option were reckoned.
    """

    def __init__(
        self, options: Mapping[int, ListedOption], instruments: Sequence[Instrument], prices: Mapping[int, int]
    ) -> None:
        self.totals: defaultdict[str, PositionGreeks] = defaultdict(PositionGreeks)
        self.by_underlying: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.refreshed = 0
        self._options = options
        self._instruments = instruments
        self._prices = prices
        self._date = datetime.date.min
        self._held: defaultdict[int, dict[int, dict[str, int]]] = defaultdict(dict)
        self._units: dict[int, _Unit] = {}
        self._positions: dict[tuple[str, int], PositionGreeks] = {}

    def __bool__(self) -> bool:
        return bool(self._options)

    def hold(self, account: str, instrument: int, lots: int) -> None:
        """Take note of an account's position in an instrument, which need not be an option."""
        option = self._options.get(instrument)
        if option is None:
            return
        holders = self._held[option.underlying].setdefault(instrument, {})
        if lots:
            holders[account] = lots
            if instrument not in self._units:
                self._reckon(option.underlying, [instrument])
        else:
            holders.pop(account, None)
            if not holders:  # nobody reckons it while it is not held
                self._units.pop(instrument, None)
        self._count(account, instrument, lots)

    def tick(self, instruments: Iterable[int], time: int) -> None:
        """Reckon the options on underlyings that have a new price; all of them on a new day.

        Args:
            instruments: The instruments with a new price.
            time: Market time, UTC nanoseconds.
        """
        date = datetime.date(1970, 1, 1) + datetime.timedelta(days=time // DAY)
        if date != self._date:
            self._date = date
            instruments = list(self._held)
        for underlying in instruments:
            options = self._held.get(underlying)
            if options:
                self._reckon(underlying, [option for option, holders in options.items() if holders])
                for option, holders in options.items():
                    for account, lots in holders.items():
                        self._count(account, option, lots)

    def unknown(self, account: str) -> list[int]:
        """Return the options held that have no Greeks: expired, or without price or volatility of their underlying."""
        return sorted(
            option
            for options in self._held.values()
            for option, holders in options.items()
            if account in holders and option not in self._units
        )

    def _reckon(self, underlying: int, options: Sequence[int]) -> None:
        price = self._prices.get(underlying)
        for option in options:
            self._units.pop(option, None)
        alive = [
            one
            for one in options
            if self._options[one].contract.expiry > self._date and self._options[one].volatility > 0
        ]
        if price is None or self._date == datetime.date.min or not alive:
            return
        spot = price * self._instruments[underlying].price_increment / MONEY_UNIT
        european = [one for one in alive if isinstance(self._options[one].contract, European)]
        if european:
            terms = [self._options[one] for one in european]
            columns = np.array(
                [
                    (
                        one.contract.strike,
                        (one.contract.expiry - self._date).days / DAYS_A_YEAR,
                        one.volatility,
                        one.rate,
                        one.dividend,
                        one.contract.right.sign,
                    )
                    for one in terms
                ]
            ).T
            found = black_scholes.array_greeks(spot, *columns)
            rows = np.stack([found.delta, found.gamma, found.vega, found.theta, found.rho], axis=1)
            for option, row in zip(european, rows.tolist(), strict=True):
                self._units[option] = (row[0] * spot, *row)
        for option in set(alive) - set(european):
            one = self._options[option]
            market = Market(date=self._date, spot=spot, volatility=one.volatility, rate=one.rate, dividend=one.dividend)
            of_one = greeks(one.contract, market)
            self._units[option] = (
                of_one.delta * spot, of_one.delta, of_one.gamma, of_one.vega, of_one.theta or 0.0, of_one.rho
            )  # fmt: skip
        self.refreshed += len(alive)

    def _count(self, account: str, option: int, lots: int) -> None:
        before, unit = self._positions.get((account, option), NONE), self._units.get(option)
        now = NONE
        if lots and unit is not None:
            instrument = self._instruments[option]
            scale = lots * instrument.quantity_increment * instrument.multiplier
            now = PositionGreeks(*(round(one * scale) for one in unit))
        if now == before:
            return
        if now == NONE:
            del self._positions[account, option]
        else:
            self._positions[account, option] = now
        self.totals[account] = self.totals[account].plus(now).plus(before, -1)
        self.by_underlying[account][self._options[option].underlying] += now.delta_exposure - before.delta_exposure
