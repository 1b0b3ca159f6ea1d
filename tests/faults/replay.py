"""What the journals of a run say when nobody but the pure cores reads them."""

from __future__ import annotations

import pathlib
from typing import NamedTuple


from actors.calendars import session_bounds
from actors.errors import NotFound
from actors.journal import JournalReader, Verification, read_journal
from actors.messages import ExecutionReport, VenueOrder, encode
from actors.oms.inputs import decode_input
from actors.oms.partition import Partition
from configs import Configuration
from env.exchange.host import apply
from env.exchange.paper import PaperExchange
from env.exchange.records import ExchangeRules, OrderEntered, decode_entry


class VenueReplay(NamedTuple):
    """The venue as its journal tells it.

    Attributes:
        orders: Orders as they were put on record, with their session.
        reports: Reports by session.
        standing: Filled lots by order id of all orders that can still trade.
    """

    orders: list[tuple[str, VenueOrder]]
    reports: dict[str, list[ExecutionReport]]
    standing: dict[str, int]


def replay_partitions(configuration: Configuration, directory: pathlib.Path) -> dict[int, list[bytes]]:
    """Return the events of every partition that has a journal, encoded, by the partition's number."""
    found = {}
    for index in range(configuration.oms.partitions):
        try:
            journal = read_journal(configuration.journal, directory, journal_name(index))
        except NotFound:
            continue
        found[index] = replay_partition(journal, index)
        journal.close()
    return found


def replay_partition(journal: JournalReader, index: int) -> list[bytes]:
    """Return the events that a partition's journal gives, encoded."""
    partition = Partition(index)
    return [
        encode(event) for record in journal.read(losses=True) for event in partition.apply(decode_input(record)).events
    ]


def replay_venue(configuration: Configuration, directory: pathlib.Path) -> VenueReplay:
    """Return what the venue's journal gives."""
    empty = ExchangeRules(instruments=(), maker_fee_bps="0", taker_fee_bps="0", participation="1", shards=1)
    exchange = PaperExchange(empty, session_bounds)
    orders: list[tuple[str, VenueOrder]] = []
    reports: dict[str, list[ExecutionReport]] = {}
    journal = read_journal(configuration.journal, directory, "venue")
    for record in journal.read():
        entry = decode_entry(record)
        if isinstance(entry, OrderEntered):
            orders.append((entry.session, entry.order))
        for session, report in apply(exchange, entry):
            reports.setdefault(session, []).append(report)
    journal.close()
    sessions = {session for session, _ in orders}
    standing = {state.order_id: state.filled_quantity for session in sessions for state in exchange.orders(session)}
    return VenueReplay(orders, reports, standing)


def verify_journals(configuration: Configuration, directory: pathlib.Path, names: list[str]) -> dict[str, Verification]:
    """Return what verifying each journal finds, by its name."""
    found = {}
    for name in names:
        journal = read_journal(configuration.journal, directory, name)
        found[name] = journal.verify()
        journal.close()
    return found


def journal_name(index: int) -> str:
    """Return the name of a partition's journal."""
    return f"oms-p{index:02d}"
