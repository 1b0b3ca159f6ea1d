"""The OMS as a service: hosts the partitions of one shard, recovers them, and answers clients over the data plane."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from actors.clock import DataClock
from actors.errors import NotFound
from actors.journal import open_journal, read_journal
from actors.market.ticks import MarketSlice
from actors.messages import Instrument
from actors.oms.authorisation import authorised
from actors.oms.budget_requests import BudgetRequests
from actors.oms.control_methods import ControlMethods, heed_for_ever
from actors.oms.host import PartitionHost
from actors.oms.hosting import HostedPartitions
from actors.oms.kill_word import KillWord, word_path
from actors.oms.limit_methods import LimitMethods
from actors.oms.opening import changed_terms, expected_fee_rate, first_limits, new_accounts
from actors.oms.observing import prices_of
from actors.oms.order_methods import OrderMethods
from actors.oms.reference_prices import ReferencePrices
from actors.oms.sessions import SessionTimes
from actors.oms.state import partition_name
from actors.oms.stream_methods import StreamMethods
from actors.oms.venue import PLAIN, Capabilities, Venue
from actors.oms.wire_venue import WireVenue
from actors.service import Service
from actors.wire import Handler
from configs.schema import Configuration


class OmsService(Service):
    """One shard of the order management system.

    It hosts partition ``p`` where ``p % shards == shard`` and accounts of the configuration, or a journal of an earlier
    time, belong to it. An account that neither knows is refused (``ACCOUNT_UNKNOWN``).

    Args:
        name: ``oms-<shard>``.
        directory: The run's directory.
        configuration: The whole configuration.
        instruments: The instrument master.
        shard: Index of this shard.
        shards: Number of shards.
        markets: Names of the market shards, in order.
        venue: Name of the venue's service.
        connect_venue: Makes a session's door to the venue, given the client's name; by default to ``venue``.
        capabilities: What the venue does natively.
        events_retained: Number of events that each partition keeps for subscribers.
    """

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        configuration: Configuration,
        instruments: tuple[Instrument, ...],
        *,
        shard: int,
        shards: int,
        markets: tuple[str, ...],
        venue: str = "venue",
        connect_venue: Callable[[str], Venue] | None = None,
        capabilities: Capabilities = PLAIN,
        events_retained: int = 10_000,
    ) -> None:
        self.configuration = configuration
        self.instruments = instruments
        self.clock = DataClock()
        self.prices = ReferencePrices(name, markets, self.clock, self._follow_market)
        self._capabilities = capabilities
        self.word = KillWord(word_path(directory))
        self.hosted = HostedPartitions(name, shard, shards, configuration.oms.partitions, lambda: self.failure)
        self._venue = venue
        self._connect_venue = connect_venue
        self._events_retained = events_retained
        self._asking: asyncio.Task[None] | None = None
        self._heeding: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        super().__init__(name, directory)
        self._budgets = BudgetRequests(self.peers, name, self.hosted, self.log)

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods of the data plane by name."""
        self._streams = StreamMethods(self.hosted, self.log)
        sessions = self._sessions = SessionTimes(self.instruments)
        self._limits = LimitMethods(self.hosted, self.clock, self.prices, sessions, self.log)
        return authorised(
            {
                **OrderMethods(self.hosted, self.clock, self.prices, sessions, self.metrics, self.log).handlers(),
                **self._streams.handlers(),
                **ControlMethods(self.hosted, self.clock, self.word, self.log).handlers(),
                **self._limits.handlers(),
            }
        )

    async def recover(self) -> None:
        """Open and replay the journals of all partitions, then put on record what the configuration adds.

        Raises:
            Conflict: The journals were written with other instruments (code ``INSTRUMENTS_CHANGED``).
            JournalError: A journal can't be used.
        """
        owned = {self.hosted.partition_of(account.id) for account in self.configuration.accounts}
        for index in self.hosted.indices():
            if index in owned or self._has_journal(index):
                host = self.hosted.hosts[index] = self._open(index)
                await host.recover()
        fee_rate = expected_fee_rate(self.configuration.venue)
        for host in self.hosted.hosts.values():
            self._bring_up_to_date(host, fee_rate)
            host.watch(self.word)
            host.partition.safeguards.budget.ask()  # what was wanted before this start is not wanted any more
            host.on_short = self._budgets.ask

    def _bring_up_to_date(self, host: PartitionHost, fee_rate: int) -> None:
        partition, now = host.partition, self.clock.now()
        records = changed_terms(partition, self.instruments, fee_rate, self._capabilities, now)
        if not partition.limits_version:
            neighbours = [other.partition for other in self.hosted.hosts.values()]
            records += first_limits(self.configuration.risk, neighbours, now)
        accounts = [
            account
            for account in self.configuration.accounts
            if self.hosted.partition_of(account.id) == partition.index
        ]
        for record in [*records, *new_accounts(partition, accounts, now)]:
            host.execute(record)
        host.commit()

    def _has_journal(self, index: int) -> bool:
        try:
            read_journal(self.configuration.journal, self.directory, _journal_name(index)).close()
        except NotFound:
            return False
        return True

    def _open(self, index: int) -> PartitionHost:
        section = self.configuration.journal
        client = f"{self.name}/{partition_name(index)}"
        if self._connect_venue is None:
            venue: Venue = WireVenue(self.peers.peer(self._venue), client)
        else:
            venue = self._connect_venue(client)
        return PartitionHost(
            index,
            open_journal(section, self.directory, _journal_name(index), self.name),
            venue,
            self.clock,
            self.metrics,
            self.log,
            on_failure=self._fail,
            retained=self._events_retained,
            snapshot_records=section.snapshot_records,
            left_out=[
                int(number)
                for name, _, number in (record.partition(":") for record in self.configuration.oms.left_out)
                if name == partition_name(index)
            ],
            sessions=self._sessions,
        )

    async def connect(self) -> None:
        """Open the sessions with the venue, follow the market, and begin to ask for answers that stay out."""
        for host in self.hosted.hosts.values():
            host.start()
        self.prices.start(self.peers)
        if not all(host.journal.immediate for host in self.hosted.hosts.values()):
            self.server.after_batch.append(self._commit)
        self._limits.note_needs()
        self._asking = asyncio.get_running_loop().create_task(self._ask_again())
        self._heeding = asyncio.get_running_loop().create_task(heed_for_ever(self.hosted, self.log))

    def _follow_market(self, market: MarketSlice, acknowledge: Callable[[], None]) -> None:
        """Let the partitions' orders follow a slice; it is acknowledged once the venue has what they sent."""
        now = self.clock.now()
        concerned = [
            host for host in self.hosted.hosts.values() if host.partition.watching or host.partition.timers.next <= now
        ]
        if not concerned:
            acknowledge()
            return
        left = len(concerned)

        def done() -> None:
            nonlocal left
            left -= 1
            if not left:
                acknowledge()

        ticks = market.ticks()
        for host in concerned:
            prices = prices_of(ticks, host.partition.watching) if market.rows else []
            host.follow_market(market.shard, market.sequence, now, prices, done)

    def _commit(self) -> None:
        """Put on record what a batch of requests brought, once for all of it, before its answers leave."""
        for host in self.hosted.hosts.values():
            host.commit()

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(self.configuration.oms.venue_timeout)
            for host in self.hosted.hosts.values():
                for step in (host.ask_again, functools.partial(host.revalue, self.prices.price), host.keep_snapshot):
                    try:
                        step()
                    except Exception as error:  # the other steps, partitions and rounds go on
                        self.log.exception("a regular step failed", partition=host.partition.name, problem=str(error))

    async def stop(self) -> None:
        """Stop listening, close the sessions and the journals."""
        for task in (self._asking, self._heeding):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._asking = self._heeding = None
        self._streams.close()
        await super().stop()
        await self.prices.close()
        await self._budgets.close()
        for host in self.hosted.hosts.values():
            await host.close()
        self.word.close()

    def _fail(self, error: Exception) -> None:
        """End for good: nothing is answered, sent or acknowledged any more."""
        if self.failure is None:
            self.failure = str(error)
            self.log.error("the OMS ends", problem=self.failure)
            self._ending = asyncio.get_running_loop().create_task(self.stop())

    def measure(self) -> None:
        """Set ``open_orders`` and ``queue_length``: the orders that the venue owes an answer."""
        partitions = [host.partition for host in self.hosted.hosts.values()]
        self.metrics.gauge("open_orders", sum(len(partition.standing) for partition in partitions))
        self.metrics.gauge("queue_length", sum(len(partition.awaiting) for partition in partitions))

    def status(self) -> dict[str, Any]:
        """Return the trading clock and, for each partition, what it holds and whether its venue is there."""
        partitions = [host.partition for host in self.hosted.hosts.values()]
        return {
            "time": self.clock.now(),
            "orders": sum(len(partition.orders) for partition in partitions),
            "rejected": sum(partition.rejected for partition in partitions),
            "fills": sum(len(partition.fills) for partition in partitions),
            "market_sequences": list(self.prices.sequences),
            "partitions": {
                host.partition.name: {
                    "accounts": sorted(host.partition.accounts),
                    "orders": len(host.partition.orders),
                    "open_orders": len(host.partition.standing),
                    "alarms": len(host.partition.alarms),
                    "last_event": host.partition.last_event,
                    "last_report": host.partition.last_report,
                    "limits_version": host.partition.limits_version,
                    "states": host.partition.switch.states(),
                    "epoch": host.journal.lease.epoch,
                    "venue_open": host.venue.is_open,
                }
                for host in self.hosted.hosts.values()
            },
        }


def _journal_name(index: int) -> str:
    return f"oms-{partition_name(index)}"
