"""The core with its journal: every input is on record before it has an effect, and its reports leave only then."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterator

from actors.errors import JournalError, Unavailable
from actors.journal import Journal
from actors.market.ticks import MarketSlice
from actors.messages import ExecutionReport, encode
from env.exchange.paper import PaperExchange
from env.exchange.records import (
    KIND_OF,
    SCHEMA_VERSION,
    CancelEntered,
    Entry,
    ExchangeRules,
    OrderEntered,
    ReplaceEntered,
    decode_entry,
)
from env.exchange.session_orders import SessionReport

Done = Callable[[], None]

_PAUSE_EVERY = 512
_RECALLED = 10_000


class ExchangeHost:
    """Runs the core of the paper exchange and keeps its journal.

    Args:
        exchange: The core, as it is before the first record.
        journal: Its journal. Where it is not ``immediate`` all inputs of one turn of the loop share one
            ``Journal.flush``, and what they cause waits for it.
        send: Takes the reports that an input caused, in order, once it is on record.
        on_failure: Called when nothing may go on: the journal failed, or the state is not what is on record.

    Attributes:
        failure: Why nothing is taken any more; ``None`` while all is well.
    """

    def __init__(
        self,
        exchange: PaperExchange,
        journal: Journal,
        send: Callable[[list[SessionReport]], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self.exchange = exchange
        self.journal = journal
        self._send = send
        self._on_failure = on_failure
        self.failure: str | None = None
        self._uncommitted: list[tuple[list[SessionReport], Done | None]] = []

    async def recover(self, take: Callable[[Entry], None]) -> dict[str, list[ExecutionReport]]:
        """Rebuild the state from the journal; nothing is sent.

        Args:
            take: Is told every input once it has had its effect.

        Returns:
            The newest reports of each session; older ones are made again by ``replay``.

        Raises:
            JournalCorrupt: A record is not what was written, or of a kind that is not known here.
        """
        newest: defaultdict[str, deque[ExecutionReport]] = defaultdict(lambda: deque(maxlen=_RECALLED))
        for count, record in enumerate(self.journal.read(), 1):
            entry = decode_entry(record)
            for name, report in apply(self.exchange, entry):
                newest[name].append(report)
            take(entry)
            if count % _PAUSE_EVERY == 0:
                await asyncio.sleep(0)
        return {name: list(reports) for name, reports in newest.items()}

    def replay(self, scratch: PaperExchange) -> Iterator[SessionReport]:
        """Make every report again from the first, with a core that is not at work."""
        self.commit()
        for record in self.journal.read():
            yield from apply(scratch, decode_entry(record))

    def enter(self, entry: Entry, at: int, done: Done | None = None) -> None:
        """Put an input on record, let it have its effect, send the reports, then call ``done``.

        The caller has asked whether it may follow what is there: what is on record has to be applicable.

        Args:
            entry: The input.
            at: The trading clock, UTC nanoseconds.
            done: Called once the input is as durable as was configured.

        Raises:
            Unavailable: The journal failed before; nothing was changed.
            JournalError: It failed now; nothing was changed.
        """
        if self.failure is not None:
            raise Unavailable(f"the exchange takes nothing: {self.failure}")
        try:
            self.journal.append(at, KIND_OF[type(entry)], encode(entry), SCHEMA_VERSION)
        except JournalError as error:
            self.fail(f"journal not usable: {error}")
            raise
        try:
            reports = apply(self.exchange, entry)
        except Exception as error:
            self.fail(f"record {self.journal.last_sequence} could not be applied: {error}")
            raise
        if self.journal.immediate:
            self._let_out(reports, done)
            return
        if not self._uncommitted:
            asyncio.get_running_loop().call_soon(self._commit_later)
        self._uncommitted.append((reports, done))

    def after_commit(self, done: Done) -> None:
        """Call ``done`` once everything entered so far is as durable as was configured."""
        if self._uncommitted:
            self._uncommitted.append(([], done))
        else:
            done()

    def commit(self) -> None:
        """Flush the journal and let out what waited for it.

        Raises:
            JournalError: The journal failed: what was entered may not be on record, and nobody hears of it.
        """
        waiting, self._uncommitted = self._uncommitted, []
        if not waiting:
            return
        try:
            self.journal.flush()
        except JournalError as error:
            self.fail(f"journal not usable: {error}")
            raise
        for reports, done in waiting:
            self._let_out(reports, done)

    def _commit_later(self) -> None:
        try:
            self.commit()
        except JournalError:
            pass  # those who wait hear nothing: whether their input counts, only the journal's next owner knows

    def _let_out(self, reports: list[SessionReport], done: Done | None) -> None:
        if reports:
            self._send(reports)
        if done is not None:
            done()

    def fail(self, failure: str) -> None:
        """Take nothing any more."""
        if self.failure is None:
            self.failure = failure
            self._on_failure(failure)

    def close(self) -> None:
        """Close the journal; the state stays on record."""
        try:
            self.commit()
        finally:
            self.journal.close()


def apply(exchange: PaperExchange, entry: Entry) -> list[SessionReport]:
    """Give one journaled input to the core and return the reports that it causes."""
    if isinstance(entry, OrderEntered):
        return exchange.submit(entry.session, entry.order)
    if isinstance(entry, MarketSlice):
        return exchange.match(entry)
    if isinstance(entry, ReplaceEntered):
        return exchange.replace(entry.session, entry.replace)
    if isinstance(entry, CancelEntered):
        return exchange.cancel(entry.session, entry.order_id, entry.time)
    if isinstance(entry, ExchangeRules):
        exchange.adopt(entry)
    return []
