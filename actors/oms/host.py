"""A partition at work: an input goes on record, is applied, and only then are its effects let out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from actors.clock import DataClock
from actors.errors import AlphaMindError, JournalError, JournalFenced, NotFound, PeerLost, Unavailable
from actors.journal.journal import Journal
from actors.memory import building_state
from actors.messages import ExecutionReport, OmsEvent, ReportType, encode
from actors.metrics import Metrics
from actors.oms import gate
from actors.oms.effects import Effects
from actors.oms.event_stream import EventStream
from actors.oms.inputs import (
    KIND_OF,
    SCHEMA_VERSION,
    Input,
    Observation,
    Price,
    StateChange,
    TimeReached,
    VenueReport,
)
from actors.oms.kill_word import KillWord
from actors.oms.partition import Partition
from actors.oms.reconciliation import Reconciliation
from actors.oms.releasing import sessions_for
from actors.oms.report_validity import is_plausible
from actors.oms.revaluation import moved_marks
from actors.oms.sessions import SessionTimes
from actors.oms.snapshot_keeping import SnapshotKeeping
from actors.oms.venue import StandingOrder, Venue, VenueMessage
from actors.oms.watching import concerned
from actors.oms.word_watch import WordWatch
from actors.oms.working_order import split_venue_id

Done = Callable[[Effects], None]

_PAUSE_EVERY = 512
_TRADE, _REJECTED = ReportType.TRADE, ReportType.REJECTED


class PartitionHost:
    """One partition with its journal, its event stream and its session with the venue.

    Orders that come while the session is not open are put on record, acknowledged as ``pending_new`` and held: they are
    sent once the session is reconciled, in their order.

    Args:
        index: The partition's number.
        journal: Its journal, whose lease it holds.
        venue: Its door to the venue.
        clock: The trading clock.
        metrics: The service's numbers.
        log: The service's log.
        on_failure: Called when nothing may go on: the lease is lost, or the state is not what is on record.
        retained: Number of events that are kept for subscribers.
        snapshot_records: Records after which a snapshot is kept at the next quiet moment; ``None``: never.
        left_out: Sequences of records that are left out of a replay, as they can't be applied.
        sessions: Knows the sessions of orders that a report releases; ``None``: they are not on record.
    """

    def __init__(
        self,
        index: int,
        journal: Journal,
        venue: Venue,
        clock: DataClock,
        metrics: Metrics,
        log: Any,
        on_failure: Callable[[Exception], None],
        retained: int = 10_000,
        snapshot_records: int | None = None,
        left_out: Collection[int] = (),
        sessions: SessionTimes | None = None,
    ) -> None:
        self.partition = Partition(index, self._look)
        self.journal = journal
        self.venue = venue
        self.clock = clock
        self.stream = EventStream(self.replay, retained, lambda: journal.first_sequence == 1)
        self._metrics = metrics
        self._log = log.bind(partition=self.partition.name)
        self._snapshots = SnapshotKeeping(self.partition, journal, snapshot_records, self._log)
        self._on_failure = on_failure
        self._left_out = frozenset(left_out)
        self._sessions = sessions
        self._ended = False
        self._watch: WordWatch | None = None
        self.on_short: Callable[[], None] = lambda: None
        self._uncommitted: list[tuple[Effects, Done | None]] = []
        self._debts: list[tuple[set[str], Callable[[], None]]] = []
        self._reconciliation = Reconciliation(venue, clock, journal.lease.epoch, self.execute, self._log)

    def _look(self, candidate: gate.Candidate) -> gate.Refusal | None:
        started = time.perf_counter_ns()
        refusal = gate.look(candidate)
        self._metrics.observe("gate_seconds", time.perf_counter_ns() - started)
        if candidate.safeguards.budget.wanted:
            self.on_short()
        return refusal

    async def recover(self) -> None:
        """Rebuild the state from the newest snapshot and the journal behind it; nothing is sent.

        Of the effects only the newest events are kept.

        Raises:
            JournalCorrupt: A record is not what was written.
        """
        with building_state():
            self.partition, first = self._snapshots.restore(self._look)
            partition, stream = self.partition, self.stream
            partition.left_out = self._left_out
            stream.last = partition.last_event
            old = self.journal.last_sequence - stream.retained  # nobody is told of what these did
            for count, record in enumerate(self.journal.read(first, losses=True)):
                partition.silent = record.sequence <= old
                effects = partition.replay(record)
                if partition.silent:
                    stream.last = partition.last_event
                else:
                    stream.publish(effects.events)
                if count % _PAUSE_EVERY == 0:
                    await asyncio.sleep(0)
            partition.silent = False
        self._reconciliation.recall(self.partition)
        self.clock.advance(self.partition.time)

    def replay(self) -> Iterator[OmsEvent]:
        """Make every event again from the first, beside the partition that is at work.

        Raises:
            NotFound: Retention has deleted the first record: what follows it would give another history.
        """
        if self.journal.first_sequence > 1:
            raise NotFound("the journal's first records were deleted", value=self.journal.first_sequence)
        scratch = Partition(self.partition.index)
        scratch.left_out = self._left_out
        for record in self.journal.read(losses=True):
            yield from scratch.replay(record).events

    def start(self) -> None:
        """Open the session with the venue in the background."""
        self.venue.start(self.partition.name, self.journal.lease.epoch, self)

    def execute(self, record: Input, done: Done | None = None) -> None:
        """Put an input on record, apply it, let its effects out, then call ``done`` with them.

        The caller has asked whether the input may follow what is there: what is on record has to be applicable.

        Raises:
            Unavailable: The journal could not take it, or the partition has ended; nothing was changed.
            PeerLost: A newer owner holds the lease: the service ends, and only that owner knows whether it counts.
        """
        if self._ended:
            raise Unavailable("this partition has ended", remedy="connect again", code="SERVICE_ENDED")
        if self._watch is not None and self._watch.has_news() and type(record) is not StateChange:
            self.heed()
        try:
            self.journal.append(record.time, KIND_OF[type(record)], encode(record), SCHEMA_VERSION)
        except JournalFenced as error:
            self._end(error)
            # The record may have been written a moment before the lease went: only the new owner knows.
            raise PeerLost(
                "this partition has a new owner",
                remedy="look the request up by its key, then retry",
                code="OWNER_REPLACED",
            ) from error
        except JournalError as error:
            self._log.error("input refused: the journal can't take it", problem=str(error))
            raise Unavailable(
                "the journal can't be written; nothing was changed",
                field=error.field,
                value=error.value,
                remedy=error.remedy or "send the same request again later",
                code="JOURNAL_UNAVAILABLE",
            ) from error
        try:
            effects = self.partition.apply(record)
        except Exception as error:
            self._end(error)
            raise
        if self.journal.immediate:
            self._let_out(effects, done)
            return
        if not self._uncommitted:
            asyncio.get_running_loop().call_soon(self.commit)
        self._uncommitted.append((effects, done))

    def watch(self, word: KillWord) -> None:
        """Heed the kill switch's word from now on, before any other input; called once all else is on record."""
        self._watch = WordWatch(word, self.partition.switch, self.clock)
        self.heed()

    def heed(self) -> None:
        """Put on record what the kill switch's word says, where that is news.

        Raises what ``execute`` raises; the word stays news then.
        """
        if self._watch is not None and self._watch.has_news():
            change = self._watch.news()
            if change is not None:
                self._log.warning("kill switch heeded", state=str(change.state), principal=change.principal)
                self.execute(change)
            self._watch.heeded()

    def after_commit(self, done: Callable[[], None]) -> None:
        """Call ``done`` once everything applied so far is as durable as was configured."""
        if self._uncommitted:
            self._uncommitted.append((Effects(), lambda _: done()))
        else:
            done()

    def commit(self, sending: bool = True) -> None:
        """Flush the journal and let out what waited for it; ``sending``: also what goes to the venue."""
        waiting, self._uncommitted = self._uncommitted, []
        if not waiting:
            return
        try:
            self.journal.flush()
        except JournalError as error:  # what is applied here may not be on record: nobody may see it
            self._end(error)
            return
        for effects, done in waiting:
            self._let_out(effects, done, sending)

    def _let_out(self, effects: Effects, done: Done | None, sending: bool = True) -> None:
        for message in effects.messages if sending else ():
            self.venue.send(message)
        if effects.events:
            self.stream.publish(effects.events)
        for alarm in effects.alarms:
            self._metrics.count("alarms_total")
            self._log.error("alarm", code=alarm.code, order=alarm.order_id, report=alarm.report, text=alarm.text)
        if done is not None:
            done(effects)

    def _end(self, error: Exception) -> None:
        self._ended = True
        self._pay_debts()
        self._on_failure(error)

    # The listener of the venue.

    @property
    def last_report(self) -> int:
        """Sequence of the newest report on record."""
        return self.partition.last_report

    def take_report(self, report: ExecutionReport) -> None:
        """Put a report on record, apply it and acknowledge it; one that was taken before is only acknowledged.

        Raises:
            Unavailable: One before it is missing, or the journal can't take it.
        """
        if report.sequence <= self.partition.last_report:
            self.after_commit(lambda: self.venue.acknowledge(self.partition.last_report))
            return
        if report.sequence != self.partition.last_report + 1:
            raise Unavailable(
                "a report of the venue is missing",
                field="sequence",
                value=report.sequence,
                rule=f"{self.partition.last_report + 1}",
                code="REPORT_GAP",
            )
        if is_plausible(report.time, self.clock.now()):
            self.clock.advance(report.time)
        now = self.clock.now()
        sessions = () if self._sessions is None else sessions_for(self.partition, report.order_id, now, self._sessions)
        self.execute(VenueReport(time=now, report=report, sessions=sessions), self._report_taken)
        self._metrics.count("reports_total")
        if report.type is _TRADE:
            self._metrics.count("fills_total")
        elif report.type is _REJECTED:
            self._metrics.count("rejected_total")

    def reports_taken(self) -> None:
        """Put on record what the reports of one arrival were, once for all of them."""
        self.commit()

    def _report_taken(self, _: Effects) -> None:
        self.venue.acknowledge(self.partition.last_report)
        if self._debts:
            self._pay_debts()

    # The market.

    def follow_market(
        self, shard: int, sequence: int, now: int, prices: Sequence[Price], done: Callable[[], None]
    ) -> None:
        """Let orders follow the market and the clock; ``done`` is called once the venue has answered what they sent.

        Args:
            shard: Index of the market shard.
            sequence: The slice's sequence.
            now: The trading clock.
            prices: What the slice says of watched instruments.
            done: Called also where the partition can't go on: the market does not wait for the dead.
        """
        partition = self.partition
        sent: set[str] = set()

        def note(effects: Effects) -> None:
            sent.update(split_venue_id(message.order_id)[0] for message in effects.messages)

        try:
            moved = tuple(price for price in prices if concerned(partition, sequence, now, price))
            if moved:
                self.execute(Observation(time=now, shard=shard, sequence=sequence, prices=moved), note)
            if partition.timers.next <= now:
                self.execute(TimeReached(time=now), note)
            self.commit()
        except AlphaMindError as error:
            self._log.error("orders could not follow the market", sequence=sequence, problem=str(error))
        self._debts.append((sent, done))
        self._pay_debts()

    def _pay_debts(self) -> None:
        awaiting, debts = self.partition.awaiting, self._debts
        self._debts = []
        for orders, done in debts:
            orders &= awaiting.keys()
            if orders and not self._ended:
                self._debts.append((orders, done))
            else:
                done()

    def session_opened(self, standing: Sequence[StandingOrder]) -> None:
        """Compare what stands at the venue with what stands here, then send what the venue never got.

        Differences raise an alarm; an order that stands there and not here is taken back.
        """
        self.commit(sending=False)  # all of it is outstanding and follows below, each order before its cancel
        self._reconciliation.compare(self.partition, standing)
        self._pay_debts()
        awaiting = len(self.partition.awaiting)
        self._log.info("session opened", standing=len(standing), awaiting=awaiting, last_report=self.last_report)

    def request_failed(self, message: VenueMessage, error: AlphaMindError) -> None:
        """Note that the venue did not take a message: it is sent again where it may be taken later, else given up."""
        self._log.warning("the venue did not take a request", order=message.order_id, problem=str(error))
        if not self._ended:
            self._reconciliation.refused(message, error)

    def fenced(self, error: AlphaMindError) -> None:
        """End: a newer owner holds the session."""
        self._end(error)

    def ask_again(self) -> None:
        """Send again what the venue owed an answer to at the last call already; called once in ``venue_timeout``."""
        self._pay_debts()
        asked = self._reconciliation.ask_again(self.partition)
        if asked:
            self._metrics.count("asked_again_total", asked)

    def revalue(self, price_of: Callable[[int], int]) -> None:
        """Put on record what positions are worth by now, where a limit asks for it; called once in a while."""
        prices = moved_marks(self.partition.safeguards.totals, price_of)
        if prices and not self._ended:
            try:
                # No slice of the market: orders that watch it have seen these prices, or are about to.
                self.execute(Observation(time=self.clock.now(), shard=0, sequence=0, prices=prices))
            except AlphaMindError as error:
                self._log.error("positions not revalued", problem=str(error))

    def keep_snapshot(self) -> None:
        """Keep a snapshot where it is time for one; called once in a while."""
        if not self._ended:
            self._snapshots.tick()

    async def close(self) -> None:
        """Close the session and the journal; the state stays on record."""
        await self.venue.close()
        await self._snapshots.close()
        try:
            self.journal.close()
        except JournalError as error:
            self._log.error("journal not closed cleanly", problem=str(error))
