"""A partition at work: an input goes on record, is applied, and only then are its effects let out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from actors.clock import DataClock
from actors.errors import AlphaMindError, JournalError, JournalFenced, PeerLost, Unavailable
from actors.journal.journal import Journal
from actors.messages import ExecutionReport, OmsEvent, ReportType, encode
from actors.metrics import Metrics
from actors.oms import gate
from actors.oms.effects import Effects
from actors.oms.event_stream import EventStream
from actors.oms.inputs import KIND_OF, SCHEMA_VERSION, Discrepancy, Input, VenueReport, decode_input
from actors.oms.partition import Partition
from actors.oms.venue import StandingOrder, Venue, VenueCancel

Done = Callable[[Effects], None]

_PAUSE_EVERY = 512


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
        durable: Whether effects wait for ``Journal.flush``; all inputs of one turn of the loop then share one flush.
        on_failure: Called when nothing may go on: the lease is lost, or the state is not what is on record.
        retained: Number of events that are kept for subscribers.
    """

    def __init__(
        self,
        index: int,
        journal: Journal,
        venue: Venue,
        clock: DataClock,
        metrics: Metrics,
        log: Any,
        durable: bool,
        on_failure: Callable[[Exception], None],
        retained: int = 10_000,
    ) -> None:
        self.partition = Partition(index, self._look)
        self.journal = journal
        self.venue = venue
        self.clock = clock
        self.stream = EventStream(self.replay, retained)
        self._metrics = metrics
        self._log = log.bind(partition=self.partition.name)
        self._durable = durable
        self._on_failure = on_failure
        self._ended = False
        self._uncommitted: list[tuple[Effects, Done | None]] = []
        self._unanswered: set[str] = set()
        self._discrepancies: set[tuple[str, str]] = set()

    def _look(self, candidate: gate.Candidate) -> gate.Refusal | None:
        started = time.perf_counter_ns()
        refusal = gate.look(candidate)
        self._metrics.observe("gate_seconds", time.perf_counter_ns() - started)
        return refusal

    async def recover(self) -> None:
        """Rebuild the state from the journal; of the effects only the newest events are kept, nothing is sent.

        Raises:
            JournalCorrupt: A record is not what was written.
        """
        count = 0
        for record in self.journal.read():
            self.stream.publish(self.partition.apply(decode_input(record)).events)
            count += 1
            if count % _PAUSE_EVERY == 0:
                await asyncio.sleep(0)
        self._discrepancies = {(alarm.code, alarm.order_id) for alarm in self.partition.alarms if not alarm.report}
        self.clock.advance(self.partition.time)

    def replay(self) -> Iterator[OmsEvent]:
        """Make every event again from the first, beside the partition that is at work."""
        scratch = Partition(self.partition.index)
        for record in self.journal.read():
            yield from scratch.apply(decode_input(record)).events

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
        if not self._durable:
            self._let_out(effects, done)
            return
        if not self._uncommitted:
            asyncio.get_running_loop().call_soon(self.commit)
        self._uncommitted.append((effects, done))

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
        self.clock.advance(report.time)
        self.execute(VenueReport(time=self.clock.now(), report=report), self._report_taken)
        self._metrics.count("reports_total")
        if report.type is ReportType.TRADE:
            self._metrics.count("fills_total")
        elif report.type is ReportType.REJECTED:
            self._metrics.count("rejected_total")

    def _report_taken(self, _: Effects) -> None:
        self.venue.acknowledge(self.partition.last_report)

    def session_opened(self, standing: Sequence[StandingOrder]) -> None:
        """Compare what stands at the venue with what stands here, then send what the venue never got.

        Differences raise an alarm; an order that stands there and not here is taken back.
        """
        self.commit(sending=False)  # all of it is outstanding and follows below, each order before its cancel
        partition, there = self.partition, {order.order_id: order for order in standing}
        for order_id, order in there.items():
            working = partition.standing.get(order_id)
            if working is None:
                self._differ("VENUE_ORDER_UNKNOWN", order_id, "it stands at the venue and not here; it is taken back")
                self.venue.send(VenueCancel(order_id=order_id, time=self.clock.now()))
            elif working.order.filled_quantity != order.filled_quantity:
                text = f"filled {order.filled_quantity} lots at the venue, {working.order.filled_quantity} here"
                self._differ("VENUE_FILLS_DIFFER", order_id, text)
        for order_id, working in list(partition.standing.items()):
            if working.confirmed and order_id not in there:
                self._differ("VENUE_ORDER_MISSING", order_id, "it stands here and not at the venue")
        for order_id in partition.awaiting:
            self._send_again(order_id)
        self._log.info(
            "session opened", standing=len(there), awaiting=len(partition.awaiting), last_report=self.last_report
        )

    def request_failed(self, order_id: str, error: AlphaMindError) -> None:
        """Note that the venue did not take an order or cancel; it is sent again, as long as it may be taken later."""
        self._log.warning("the venue did not take a request", order=order_id, problem=str(error))
        if not isinstance(error, (Unavailable, JournalError)):
            self._differ(error.code, order_id, f"the venue does not take it: {error.message}")

    def fenced(self, error: AlphaMindError) -> None:
        """End: a newer owner holds the session."""
        self._end(error)

    def ask_again(self) -> None:
        """Send again what the venue owed an answer to at the last call already; called once in ``venue_timeout``."""
        if self.venue.is_open:
            for order_id in self._unanswered & self.partition.awaiting.keys():
                self._log.warning("no answer from the venue; asked again", order=order_id)
                self._metrics.count("asked_again_total")
                self._send_again(order_id)
        self._unanswered = set(self.partition.awaiting)

    def _send_again(self, order_id: str) -> None:
        for message in self.partition.outstanding(order_id):
            self.venue.send(message)

    def _differ(self, code: str, order_id: str, text: str) -> None:
        if (code, order_id) not in self._discrepancies:
            self.execute(Discrepancy(time=self.clock.now(), code=code, order_id=order_id, text=text))
            self._discrepancies.add((code, order_id))

    async def close(self) -> None:
        """Close the session and the journal; the state stays on record."""
        await self.venue.close()
        try:
            self.journal.close()
        except JournalError as error:
            self._log.error("journal not closed cleanly", problem=str(error))
