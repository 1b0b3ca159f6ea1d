"""What a strategy may see and do while it runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence

from actors.errors import InputError, NotFound
from actors.features.annualization import periods_per_year
from actors.messages import Bar, Instrument, Prediction
from actors.strategy.account_view import AccountView
from actors.strategy.desk import Desk
from actors.strategy.market_view import MarketView


class Context(Desk):
    """A strategy's view of the world and its hands.

    Instruments are named by symbol or id. Prices are whole numbers of the instrument's price increment, quantities of
    its lot, money of 1e-8 currency units (``alphamind.MONEY_UNIT``), times are UTC nanoseconds. Positions and orders
    are the strategy's own; cash and equity are those of its account, which other strategies may share.

    Args:
        strategy: The strategy's name.
        instruments: What it sees.
        market: Prices and bars.
        account: Its account.
        forecasts: Newest forecast by instrument id.
        period_length: Gives the length in nanoseconds of the periods of an instrument's forecasts.

    Attributes:
        strategy: The strategy's name.
        instruments: What it sees.
        time: The trading clock: known time of the newest data that have arrived.
    """

    def __init__(
        self,
        strategy: str,
        instruments: Sequence[Instrument],
        market: MarketView,
        account: AccountView,
        forecasts: Mapping[int, Prediction],
        period_length: Callable[[int], int],
    ) -> None:
        super().__init__(strategy, account)
        self.instruments = tuple(instruments)
        self._market = market
        self._forecasts = forecasts
        self._period_length = period_length
        self._by_id = {instrument.id: instrument for instrument in instruments}
        self._by_symbol: dict[str, list[Instrument]] = {}
        for instrument in sorted(instruments, key=lambda one: one.valid_from):
            self._by_symbol.setdefault(instrument.symbol, []).append(instrument)
        self._equity = 0
        self._equity_stamp = (-1, -1)

    def instrument(self, instrument: str | int) -> Instrument:
        """Return an instrument by symbol or id; of several that bore the symbol the one that bears it now, or the last.

        Raises:
            NotFound: The strategy does not see it; names the nearest symbol.
        """
        found: Instrument | None
        if isinstance(instrument, str):
            namesakes = self._by_symbol.get(instrument, [])
            bearing = [one for one in namesakes if one.valid_from <= self.time < one.valid_to]
            candidates = bearing or namesakes
            found = candidates[-1] if candidates else None
        else:
            found = self._by_id.get(instrument)
        if found is None:
            near = difflib.get_close_matches(str(instrument), list(self._by_symbol), n=1, cutoff=0.5)
            raise NotFound(
                f"{self.strategy} sees no such instrument",
                field="instrument",
                value=instrument,
                rule=f"one of its {len(self._by_symbol)} symbols or their ids",
                remedy=f"did you mean {near[0]}?" if near else None,
            )
        return found

    @property
    def cash(self) -> int:
        """Cash of the account in its currency, 1e-8 units."""
        return self._account.books.cash(self._account.currency)

    @property
    def equity(self) -> int:
        """Cash of the account and its positions at their last prices (at cost where there is none), 1e-8 units.

        Raises:
            InputError: The account holds another currency besides its own.
        """
        stamp = (self._account.books.bookings, self._market.revision)
        if stamp != self._equity_stamp:  # many callbacks of one step ask, and each answer takes all positions
            self._equity = self._reckon_equity()
            self._equity_stamp = stamp
        return self._equity

    def _reckon_equity(self) -> int:
        foreign = [currency for currency in self._account.books.currencies() if currency != self._account.currency]
        if any(self._account.books.cash(currency) for currency in foreign):
            raise InputError(
                "equity over several currencies needs exchange rates, which there are none of",
                field="account",
                value=self._account.account,
                rule=f"cash in {self._account.currency} only",
                code="CURRENCY_NOT_CONVERTIBLE",
            )
        return self._account.books.equity(self._market.prices, self._account.currency)

    def last_price(self, instrument: str | int) -> int:
        """Return the last price in increments, 0 before the first: a close, a trade, or the middle of a quote."""
        return self._market.prices.get(self.instrument(instrument).id, 0)

    def bars(self, instrument: str | int, count: int) -> list[Bar]:
        """Return up to ``count`` newest bars, oldest first; ``market.bars_kept`` of the configuration bounds it."""
        return self._market.bars(self.instrument(instrument).id, count)

    def forecast(self, instrument: str | int) -> Prediction | None:
        """Return the newest volatility forecast, or ``None`` before the first."""
        return self._forecasts.get(self.instrument(instrument).id)

    def periods_per_year(self, instrument: str | int) -> float:
        """Return how many of the instrument's forecast periods make a year, to annualise a forecast's variances."""
        found = self.instrument(instrument)
        return periods_per_year(self._period_length(found.id), found.calendar)
