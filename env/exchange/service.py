"""The paper exchange as a process of its own: order entry for OMS partitions on one side, market shards on the other.

Every order, cancel, session and slice is on record before it has an effect, and a restart replays the record: orders
that were acknowledged are known, fills come out the same with the same execution ids, and reports that nobody confirmed
wait for their session. Of a slice only the rows of instruments with open orders are recorded, with its sequence and
time: the core keeps nothing of other rows, so a replay can't tell the difference. A slice on record is not matched
again; one that is not comes again from the market.

A slice is acknowledged to its market shard once every session has confirmed the reports that existed when it was done;
a session that is away is waited for. Where the slice caused no report and none is outstanding, the acknowledgement says
so (``ack_quiet``), and nobody need ask the OMS for fills.
"""

from __future__ import annotations

import functools
import pathlib
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from actors.calendars import session_bounds
from actors.decimals import money_text
from actors.errors import AlphaMindError, Conflict, ConfigurationError, InputError, ProtocolError, Unavailable
from actors.journal import open_journal
from actors.market.ticks import MarketSlice, decode_market_slice
from actors.messages import ExecutionReport, Instrument, ReportType, decoder
from actors.service import Service
from actors.wire import Handler, Request, WireClient
from configs.schema import Configuration
from env.exchange.host import ExchangeHost
from env.exchange.order_entry import OrderEntrySession, not_open
from env.exchange.paper import PaperExchange
from env.exchange.records import CancelEntered, Entry, ExchangeRules, OrderEntered, ReplaceEntered, SessionOpened
from env.exchange.requests import (
    CancelRequest,
    OpenOrdersRequest,
    OrderRequest,
    ReplaceRequest,
    ReportAck,
    SessionRequest,
)
from env.exchange.session_orders import SessionReport

_decode_session_request = decoder(SessionRequest)
_decode_order_request = decoder(OrderRequest)
_decode_replace_request = decoder(ReplaceRequest)
_decode_cancel_request = decoder(CancelRequest)
_decode_report_ack = decoder(ReportAck)
_decode_open_orders_request = decoder(OpenOrdersRequest)


class _Debt(NamedTuple):
    """A slice that the market waits for.

    Attributes:
        sequence: The slice's sequence.
        reports: Up to where each session's reports have to be confirmed before.
        quiet: Whether it was matched just now and there is no report that is not confirmed: it caused none.
    """

    sequence: int
    reports: dict[str, int]
    quiet: bool


class PaperExchangeService(Service):
    """The paper exchange's process.

    Args:
        name: Its name, ``venue``.
        directory: The run's directory.
        configuration: The configuration; ``venue`` holds fees and participation.
        instruments: The instrument master.
        markets: Names of the market shards by index.
    """

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        configuration: Configuration,
        instruments: tuple[Instrument, ...],
        *,
        markets: tuple[str, ...],
    ) -> None:
        super().__init__(name, directory)
        self._journal_section = configuration.journal
        self._markets = markets
        self._rules = ExchangeRules(
            instruments=instruments,
            maker_fee_bps=str(configuration.venue.maker_fee_bps),
            taker_fee_bps=str(configuration.venue.taker_fee_bps),
            participation=str(configuration.venue.participation),
            shards=len(markets),
        )
        self._host: ExchangeHost | None = None
        self._sessions: dict[str, OrderEntrySession] = {}
        self._matched = dict.fromkeys(range(len(markets)), 0)
        self._debts: dict[int, _Debt] = {}
        self._clients: list[WireClient] = []

    def handlers(self) -> Mapping[str, Handler]:
        """Return the order entry protocol."""
        return {
            "session": self._open_session,
            "order": self._enter_order,
            "replace": self._enter_replacement,
            "cancel": self._enter_cancel,
            "report_ack": self._confirm_reports,
            "open_orders": self._open_orders,
        }

    async def recover(self) -> None:
        """Replay the journal.

        Raises:
            ConfigurationError: The number of market shards is not the one that the run began with.
        """
        journal = open_journal(self._journal_section, self.directory, self.name, self.name)
        self._host = ExchangeHost(
            self._new_exchange(),
            journal,
            send=self._hand_out,
            on_failure=self._note_failure,
        )
        if not journal.immediate:
            self.server.after_batch.append(self._host.commit)
        recorded: ExchangeRules | None = None

        def take(entry: Entry) -> None:
            nonlocal recorded
            if isinstance(entry, ExchangeRules):
                recorded = entry
            elif isinstance(entry, SessionOpened):
                self._sessions.setdefault(entry.session, OrderEntrySession(entry.session, 0)).epoch = entry.epoch
            elif isinstance(entry, MarketSlice):
                self._matched[entry.shard] = entry.sequence

        for name, reports in (await self._host.recover(take)).items():
            self._sessions[name].recall(reports)
        if recorded is not None and recorded.shards != self._rules.shards:
            raise ConfigurationError(
                "the number of market shards can't change within a run",
                field="market.shards",
                value=self._rules.shards,
                rule=f"{recorded.shards}, as when the run began",
                remedy="set it back or begin a new run",
            )
        if recorded != self._rules:
            self._host.enter(self._rules, 0)
            self._host.commit()

    def _new_exchange(self) -> PaperExchange:
        return PaperExchange(msgspec.structs.replace(self._rules, instruments=()), session_bounds)

    @property
    def host(self) -> ExchangeHost:
        """The core with its journal.

        Raises:
            Unavailable: It has not recovered yet.
        """
        if self._host is None:
            raise Unavailable(f"{self.name} has not recovered yet")
        return self._host

    async def connect(self) -> None:
        """Follow every market shard."""
        for shard, market in enumerate(self._markets):
            client = WireClient(self.peers.peer(market), self.name, functools.partial(self._follow, shard))
            self._clients.append(client)
            client.start()

    async def stop(self) -> None:
        """Leave the market, stop listening and close the journal."""
        for client in self._clients:
            await client.close()
        await super().stop()
        if self._host is not None:
            self._host.close()

    def status(self) -> dict[str, Any]:
        """Return orders, fills, volume by currency, sessions and the newest slice of every market shard."""
        exchange = self.host.exchange
        return {
            "open_orders": exchange.open_orders,
            "orders": exchange.orders_accepted,
            "fills": exchange.fills,
            "volume": {currency: money_text(amount) for currency, amount in exchange.turnover.items()},
            "sessions": {
                session.name: {
                    "epoch": session.epoch,
                    "connected": session.connected,
                    "last_report": session.last_report,
                    "unacked_reports": session.unacknowledged,
                }
                for session in self._sessions.values()
            },
            "slices": {market: self._matched[shard] for shard, market in enumerate(self._markets)},
        }

    def _open_session(self, request: Request) -> bytes:
        wanted = _decode_session_request(request.body)
        if not wanted.session:
            raise InputError("a session needs a name", field="session", value="", rule="the partition's name")
        session = self._sessions.get(wanted.session)
        if session is not None and wanted.epoch < session.epoch:
            session.check(wanted.epoch)
        self.host.commit()
        known = 0 if session is None else session.last_report
        if not 0 <= wanted.last_report <= known:
            raise Conflict(
                f"session {wanted.session} asks for reports that the exchange never sent",
                field="last_report",
                value=wanted.last_report,
                rule=f"0 to {known}",
                remedy="the exchange's journal and the partition's are not of the same run: restore both",
                code="SESSION_AHEAD",
            )
        if session is None or wanted.epoch > session.epoch:
            self.host.enter(SessionOpened(wanted.session, wanted.epoch), 0)
            self.host.commit()
            if session is None:
                session = self._sessions[wanted.session] = OrderEntrySession(wanted.session, wanted.epoch)
            session.epoch = wanted.epoch
        if wanted.last_report < session.acknowledged:
            session.restore(self._regenerate(session, wanted.last_report))
        session.acknowledge(wanted.last_report)
        displaced = session.attach(request)
        if displaced is not None and not any(other.uses(displaced) for other in self._sessions.values()):
            displaced.close()
        session.resend()
        self._settle()
        return msgspec.msgpack.encode({"last_report": session.last_report})

    def _enter_order(self, request: Request) -> None:
        entry = _decode_order_request(request.body)
        self._require_session(request, entry.session, entry.epoch)
        if self.host.exchange.knows(entry.session, entry.order):
            self._answer(request)
        else:
            self._enter(request, OrderEntered(entry.session, entry.order), entry.order.time)
            self.metrics.count("orders_total")

    def _enter_replacement(self, request: Request) -> None:
        entry = _decode_replace_request(request.body)
        self._require_session(request, entry.session, entry.epoch)
        if self.host.exchange.has_answered(entry.session, entry.replace):
            self._answer(request)
        else:
            self._enter(request, ReplaceEntered(entry.session, entry.replace), entry.replace.time)

    def _enter_cancel(self, request: Request) -> None:
        entry = _decode_cancel_request(request.body)
        self._require_session(request, entry.session, entry.epoch)
        self._enter(request, CancelEntered(entry.session, entry.order_id, entry.time), entry.time)

    def _enter(self, request: Request, entry: Entry, at: int) -> None:
        self.host.enter(entry, at, functools.partial(request.reply, b""))

    def _answer(self, request: Request, body: bytes = b"") -> None:
        """Answer once everything that the answer rests on is on record."""
        self.host.after_commit(functools.partial(request.reply, body))

    def _confirm_reports(self, request: Request) -> None:
        ack = _decode_report_ack(request.body)
        session = self._sessions.get(ack.session)
        if session is not None and session.uses(request.connection):
            session.acknowledge(ack.sequence)
            self._settle()

    def _open_orders(self, request: Request) -> None:
        wanted = _decode_open_orders_request(request.body)
        self._answer(request, msgspec.msgpack.encode(self.host.exchange.orders(wanted.session)))

    def _require_session(self, request: Request, name: str, epoch: int) -> None:
        """Refuse what does not come over the connection that holds the session.

        What was under way on a former connection is not taken any more: its session was opened again without it.
        """
        session = self._sessions.get(name)
        if session is None or not session.connected:
            raise not_open(name)
        session.check(epoch)
        if not session.uses(request.connection):
            raise not_open(name)

    async def _follow(self, shard: int) -> None:
        """Subscribe to a shard's slices from the last one on record: the market may not know that it is done."""
        body = {"name": self.name, "stage": 0, "from_sequence": max(1, self._matched[shard])}
        try:
            await self._clients[shard].subscribe(
                "subscribe", msgspec.msgpack.encode(body), functools.partial(self._take_slice, shard)
            )
        except Unavailable:
            raise
        except AlphaMindError as error:
            self.host.fail(f"{self._markets[shard]} refused the subscription: {error}")
            raise

    def _take_slice(self, shard: int, body: bytes) -> None:
        if self.failure is not None:
            return
        self.server.begin_batch()  # all reports of a slice leave in one write a session
        try:
            self._match_slice(shard, decode_market_slice(body))
        except Exception as error:
            self.host.fail(f"slice of {self._markets[shard]} not matched: {error}")
            self.log.exception("slice not matched", market=self._markets[shard])
        finally:
            self.server.end_batch()

    def _match_slice(self, shard: int, market: MarketSlice) -> None:
        done = self._matched[shard]
        if market.shard != shard or market.sequence > done + 1:
            raise ProtocolError(
                "slice out of order",
                field="sequence",
                value=f"shard {market.shard}, {market.sequence}",
                rule=f"shard {shard}, {done + 1}",
                remedy="restart the exchange: it asks for what it misses",
            )
        if market.sequence <= done:
            self.host.after_commit(functools.partial(self._owe, shard, market.sequence, False))
            return
        started = time.perf_counter_ns()
        owe = functools.partial(self._owe, shard, market.sequence, True)
        self.host.enter(self.host.exchange.relevant(market), market.time, owe)
        self._matched[shard] = market.sequence
        self.metrics.observe("match_seconds", time.perf_counter_ns() - started)

    def _owe(self, shard: int, sequence: int, is_new: bool) -> None:
        """Owe the market a confirmation of a slice, and give it as soon as that may be."""
        reports = {session.name: session.last_report for session in self._sessions.values() if session.unacknowledged}
        self._debts[shard] = _Debt(sequence, reports, quiet=is_new and not reports)
        self._settle()

    def _hand_out(self, reports: list[SessionReport]) -> None:
        fills = 0
        for name, report in reports:
            self._sessions[name].send(report)
            fills += report.type is ReportType.TRADE
        self.metrics.count("fills_total", fills)

    def _settle(self) -> None:
        """Confirm the slices of which every report is on record."""
        for shard, debt in list(self._debts.items()):
            if all(self._sessions[name].acknowledged >= last for name, last in debt.reports.items()):
                del self._debts[shard]
                method = "ack_quiet" if debt.quiet else "ack"
                self._clients[shard].notify(method, msgspec.msgpack.encode(debt.sequence))

    def measure(self) -> None:
        """Set ``unacked_reports``, reports that no session has confirmed yet, which is the ``queue_length``, too."""
        unacknowledged = sum(session.unacknowledged for session in self._sessions.values())
        self.metrics.gauge("unacked_reports", unacknowledged)
        self.metrics.gauge("queue_length", unacknowledged)

    def _regenerate(self, session: OrderEntrySession, after: int) -> list[ExecutionReport]:
        """Replay the journal for reports that were confirmed and forgotten."""
        self.log.warning("session went back to older reports", session=session.name, last_report=after)
        return [
            report
            for name, report in self.host.replay(self._new_exchange())
            if name == session.name and after < report.sequence <= session.acknowledged
        ]

    def _note_failure(self, failure: str) -> None:
        self.failure = failure
        self.log.error("the exchange stops trading", problem=failure)
