"""The live risk of all accounts: exposures with every fill and price, tail losses when they are due."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

from actors.clock import DAY
from actors.errors import InputError
from actors.messages import BookingEvent, Instrument, OmsEvent
from actors.oms.touched import touched_by
from actors.portfolio.ledger import Ledger
from actors.portfolio.marks import Marks
from actors.risk.live.exposure_book import ExposureBook, FirmBook
from actors.risk.live.feed_watch import FeedWatch
from actors.risk.live.greeks_book import GreeksBook, ListedOption
from actors.risk.live.high_water import HighWater, Profits
from actors.risk.live.open_hours import OpenHours
from actors.risk.live.option_revaluation import Job, OptionRevaluation
from actors.risk.live.tails import Tails, measure_tails
from actors.risk.live.tail_schedule import Measured, TailSchedule
from actors.risk.live.totals import Totals
from actors.risk.returns import ReturnHistory
from actors.risk.stress import price_jumps
from configs.schema import Configuration


class LiveRisk:
    """Keeps exposures, tail losses, peaks and the age of prices of every account and of the firm.

    Args:
        ledger: The books.
        marks: The last prices.
        instruments: The instrument master.
        history: The returns that value at risk looks back on.
        configuration: The whole configuration.
        options: The options among the instruments, by id.

    Attributes:
        book: The exposures.
        greeks: The Greeks of the options held.
        options: What they would have gained in the past, and gain under stress.
        jumps: The stress scenarios.
        tails: The newest tail losses by account, the firm's under ``None``.
        water: Peaks, and where the day began.
        hours: When markets are open.
        feed: How long the feed has been silent.
        touched: The accounts that changed, by a fill or a price, since the last slice was settled.
    """

    def __init__(
        self,
        ledger: Ledger,
        marks: Marks,
        instruments: Sequence[Instrument],
        history: ReturnHistory,
        configuration: Configuration,
        options: Mapping[int, ListedOption] | None = None,
    ) -> None:
        section = configuration.risk
        self.book = ExposureBook(ledger, marks, instruments)
        self.greeks = GreeksBook(options or {}, instruments, marks.prices)
        self.jumps = price_jumps(section.stress, instruments)
        self.options = OptionRevaluation(options or {}, instruments, marks.prices, self.jumps)
        self.tails: TailSchedule[str | None, Tails] = TailSchedule(
            self.measure, section.refresh_seconds, section.large_move
        )
        self.water = HighWater()
        self.hours = OpenHours()
        self.calendars = sorted({instrument.calendar for instrument in instruments})
        self.feed = FeedWatch(configuration.feed, self.calendars, self.hours)
        self._section = section
        self._rules_ask = any(rule.confidence is not None or rule.scenario is not None for rule in section.rules)
        self._history = history
        self._ledger = ledger
        self._marks = marks
        self.touched: set[str] = set()
        self._profits: dict[str, int] = {}
        self._partial: set[str | None] = set()
        self._revalued = 0
        self._newest: tuple[int, int, Mapping[int, int], Tails] | None = None

    def take(self, event: OmsEvent, now: int) -> str | None:
        """Follow an event that the ledger has taken; return the account that it changed."""
        account = self.book.take(event, now)
        if account is not None:
            self.touched.add(account)
            fill = getattr(event, "fill", None)
            if fill is not None:
                books = self._ledger.books(account)
                touched = [instrument for _, instrument in touched_by(books, fill)]
                if self.greeks:
                    for instrument in touched:
                        self.greeks.hold(account, instrument, books.position(instrument))
                self._moved((account,), touched)
            elif self.greeks and isinstance(event, BookingEvent):
                self._hold_all(account)
        return account

    def tick(self, instruments: Sequence[int], time: int) -> None:
        """Follow new prices, at market time ``time``."""
        if self.greeks:
            self.greeks.tick(instruments, time)
        touched = self.book.tick(instruments)
        self._moved(touched, instruments)
        self.touched |= touched

    def reread(self, now: int) -> None:
        """Read everything anew."""
        self.book.reread(self.book.accounts(), now)
        if self.greeks:
            for account in self.book.accounts():
                self._hold_all(account)
            self.greeks.tick(list(self._marks.prices), now)
        self.touched.update(self.book.accounts())

    def _hold_all(self, account: str) -> None:
        books = self._ledger.books(account)
        for instrument in {position.instrument for position in books.positions()}:
            self.greeks.hold(account, instrument, books.position(instrument))

    def settle(self) -> None:
        """Take note of the profits at the end of a slice: all its prices and fills are in."""
        for account in self.touched:
            self._profits[account] = self.book.account(account).profit

    def profits(self, sequence: int, time: int) -> Profits | None:
        """Return the profits as of the last slice for the record, ``None`` where nobody has any yet."""
        if not self._profits:
            return None
        firm: dict[str, int] = {}
        for account, profit in self._profits.items():
            currency = self._ledger.currency(account)
            firm[currency] = firm.get(currency, 0) + profit
        return Profits(sequence, time, dict(self._profits), firm)

    def refresh(self, time: int, sequence: int) -> bool:
        """Measure tail losses where they are due and their inputs moved; return whether all scopes are to be looked at.

        Where no rule is about them they wait until they are asked for, and are then as new as if they had not.
        """
        tails, history = self.tails, self._history.count
        whole = tails.round_is_due(time)
        if not self._rules_ask:
            return whole
        if self._partial and self._revalued != self.options.version:
            whole = True  # what was left out may be in now
        self._revalued = self.options.version
        wanted: Iterable[str | None] = (None, *self.book.accounts()) if whole else tails.hurried()
        for scope in wanted:
            totals = self.totals(scope)
            if totals is not None and (
                totals.values or tails.of(scope) is not None
            ):  # who never held anything can wait
                tails.refresh(scope, totals, history + self.options.version, time, sequence)
                self._note_partial(scope)
        return whole

    def measured(self, account: str | None, time: int, sequence: int) -> Measured[Tails]:
        """Return the newest tail losses of an account, or of the firm; measured now where they are due.

        Raises:
            InputError: The firm's accounts are in several currencies.
            NotFound: There is no such account.
        """
        found = self.tails.of(account)
        if found is None or self.tails.is_due(account, time):
            totals = self.totals(account)
            if totals is None:
                raise InputError(
                    "the accounts are kept in several currencies", field="account", rule="name one account"
                )
            self.tails.refresh(account, totals, self._history.count + self.options.version, time, sequence)
            self._note_partial(account)
            found = self.tails.of(account)
            assert found is not None
        return found

    def firm(self) -> FirmBook | None:
        """Return the sums over all accounts; ``None`` where they are in several currencies."""
        firm = self.book.firm
        return next(iter(firm.values())) if len(firm) == 1 else None

    def totals(self, account: str | None) -> Totals | None:
        """Return the exposures of an account, or the firm's after netting; ``None`` where the firm has no one sum."""
        if account is not None:
            return self.book.account(account).own
        firm = self.firm()
        return None if firm is None else firm.netted

    def measure(self, exposures: Mapping[int, int]) -> Tails:
        """Measure what a book stands to lose; the same book, as that of a firm with one account, only once."""
        section, count, version = self._section, self._history.count, self.options.version
        if self._newest is None or self._newest[:2] != (count, version) or self._newest[2] != exposures:
            tails = measure_tails(
                exposures,
                self._history.returns(),
                count,
                section.confidence,
                section.minimum_window,
                self.jumps,
                self.options,
            )
            self._newest = count, version, exposures, tails
        return self._newest[3]

    def revaluation(self, time: int, clock: float = 0.0) -> Job | None:
        """Return the options that are to be revalued, as of market time ``time``; ``None`` where none are.

        What failed is due again by ``clock``, seconds.
        """
        if not self.greeks or not time:
            return None
        held = {one for account in self.book.accounts() for one in self._ledger.books(account).net_positions()}
        return self.options.job(sorted(held), self._history.returns(), self._history.count, _date(time), clock)

    def unrevalued(self, account: str | None, time: int) -> list[int]:
        """Return the options that the newest tail losses of a scope leave out, as they have yet to be revalued.

        Expired ones never will be; measures leave them out for good.
        """
        measured = self.tails.of(account)
        if measured is None or not measured.result.unstressed:
            return []
        date = _date(time)
        return [option for option in measured.result.unstressed if not self.options.expired(option, date)]

    def stale(self, account: str | None, time: int) -> tuple[int, int] | None:
        """Return the instrument whose price is the oldest by the hours of its market, and its age in nanoseconds.

        ``None`` where nothing is held, or where no calendar is known yet.
        """
        prices = self.book.prices if account is None else self.book.account(account).prices
        oldest: tuple[int, int] | None = None
        for calendar, instrument, last in prices.oldest():
            age = self.hours.between(calendar, last, time)
            if age is not None and (oldest is None or age > oldest[1]):
                oldest = instrument, age
        return oldest

    def foreign(self, account: str | None) -> Totals | None:
        """Return the exposures in other currencies, translated; ``None`` where the firm has no one sum."""
        holder = self.firm() if account is None else self.book.account(account)
        return None if holder is None else holder.foreign

    def untranslated(self, account: str | None) -> dict[str, int]:
        """Return what an account, or the firm, has in currencies without a rate, 1e-8 units of each."""
        firm, found = self.firm(), dict[str, int]()
        for book in (firm.accounts if firm is not None else []) if account is None else [self.book.account(account)]:
            for currency, amount in book.untranslated().items():
                found[currency] = found.get(currency, 0) + amount
        return dict(sorted(found.items()))

    def missing_share(self, account: str | None) -> float:
        """Return the share of the gross exposure that counts at its cost, for want of a price, or not at all.

        What has no rate is counted as if its currency were the account's.
        """
        own, foreign, prices = self.totals(account), self.foreign(account), self._marks.prices
        if own is None or foreign is None:
            return 0.0
        missing = left_out = sum(self.untranslated(account).values())
        for totals in (own, foreign):
            missing += sum(abs(value) for instrument, value in totals.values.items() if instrument not in prices)
        gross = own.gross + foreign.gross + left_out
        return missing / gross if gross else 0.0

    def _note_partial(self, scope: str | None) -> None:
        measured = self.tails.of(scope)
        if measured is not None and measured.result.unstressed:
            self._partial.add(scope)
        else:
            self._partial.discard(scope)

    def _moved(self, accounts: Iterable[str], instruments: Sequence[int]) -> None:
        any_account = False
        for account in accounts:
            any_account = True
            self.tails.moved(account, self.book.account(account).own, instruments)
        if any_account:
            totals = self.totals(None)
            if totals is not None:
                self.tails.moved(None, totals, instruments)


def _date(time: int) -> datetime.date:
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=time // DAY)
