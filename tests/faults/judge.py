"""The judge: what must hold after every fault, decided from evidence alone.

* Every acknowledged order is there once, as the order that was acknowledged; an acknowledged cancel ended its order.
* Every execution is once at the venue and once in the OMS, with the same quantity, price and fee.
* Cash and positions are the sum of deposits and fills, by arithmetic of the judge's own.
* Every journal's chain holds, and replaying the OMS's journals gives the events that were told, byte for byte.

It uses none of the books, states or tables that it judges.
"""

from __future__ import annotations

import collections
import dataclasses
import fractions
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from actors.journal import Verification
from actors.messages import (
    MONEY_UNIT,
    CashEvent,
    ExecutionReport,
    Fill,
    Instrument,
    OmsEvent,
    Order,
    OrderEvent,
    ReportType,
    Side,
    VenueOrder,
    decoder,
)
from actors.portfolio.books import BooksView
from tests.faults.load import Acknowledgement

_decode = decoder(OmsEvent)


class Violation(NamedTuple):
    """Something that must not be.

    Attributes:
        kind: ``loss``, ``double`` or ``difference``.
        text: What it is, for people.
    """

    kind: str
    text: str


@dataclasses.dataclass
class Evidence:
    """What a run left behind once it had come to rest.

    Attributes:
        acknowledged: What the clients wrote down.
        answers: The OMS's answer to ``order`` for every acknowledged (account, client order id); ``None``: no such.
        listed: Its answer to ``orders`` by account, the newest first.
        books: Its answer to ``positions`` by account.
        told: Events by partition as a subscriber got them over all breaks.
        replayed: Events by partition that the OMS's journals give when they are replayed.
        venue_orders: Orders as the venue put them on record, with their session.
        venue_reports: Reports by session that the venue's journal gives when it is replayed.
        venue_standing: Filled lots by order id of all orders that can still trade at the venue.
        verifications: What verifying each journal found, by its name.
        instruments: The instrument master.
        alarms: The alarms that the OMS raised, as its answer to ``alarms`` tells them.
        noticed: What clients and subscribers themselves found wrong.
    """

    acknowledged: Sequence[Acknowledgement]
    answers: Mapping[tuple[str, str], Order | None]
    listed: Mapping[str, Sequence[Order]]
    books: Mapping[str, BooksView]
    told: Mapping[int, Sequence[bytes]]
    replayed: Mapping[int, Sequence[bytes]]
    venue_orders: Sequence[tuple[str, VenueOrder]]
    venue_reports: Mapping[str, Sequence[ExecutionReport]]
    venue_standing: Mapping[str, int]
    verifications: Mapping[str, Verification]
    instruments: Sequence[Instrument]
    alarms: Sequence[Mapping[str, object]] = ()
    noticed: Sequence[str] = ()


@dataclasses.dataclass
class Verdict:
    """What the judge found.

    Attributes:
        counts: What was looked at.
        violations: What must not be; empty where all is well.
    """

    counts: collections.Counter[str]
    violations: list[Violation]

    def number(self, kind: str) -> int:
        """Return the number of violations of a kind."""
        return sum(violation.kind == kind for violation in self.violations)


class _Told:
    """The events that were told, read once for all checks."""

    def __init__(self, evidence: Evidence) -> None:
        self.events = {index: [_decode(body) for body in bodies] for index, bodies in evidence.told.items()}
        changes = [event for events in self.events.values() for event in events if isinstance(event, OrderEvent)]
        self.orders = {event.order.order_id: event.order for event in changes}
        self.fills = [event.fill for event in changes if event.fill is not None]
        self.deposits = [event for events in self.events.values() for event in events if isinstance(event, CashEvent)]


Check = Callable[[Evidence, _Told], Iterator[Violation]]


def judge(evidence: Evidence) -> Verdict:
    """Look at the evidence and return what holds and what does not."""
    told = _Told(evidence)
    violations = [violation for check in CHECKS for violation in check(evidence, told)]
    orders = {(entry.order.account, entry.order.client_order_id) for entry in evidence.acknowledged}
    counts = collections.Counter(
        {
            "orders_acknowledged": len(orders),
            "orders_found": sum(evidence.answers.get(key) is not None for key in orders),
            "cancels_acknowledged": sum(entry.canceled for entry in evidence.acknowledged),
            "fills": len({fill.execution_id for fill in told.fills}),
            "events": sum(len(events) for events in told.events.values()),
            "journal_records": sum(found.records for found in evidence.verifications.values()),
        }
    )
    return Verdict(counts, violations)


def acknowledged_orders_are_there(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """Every acknowledged submission is there under the order id that was acknowledged, with its body."""
    for entry in evidence.acknowledged:
        wanted = entry.order
        found = evidence.answers.get((wanted.account, wanted.client_order_id))
        if found is None:
            yield Violation("loss", f"{wanted.client_order_id} was acknowledged as {entry.order_id} and is not there")
        elif found.order_id != entry.order_id:
            yield Violation("double", f"{wanted.client_order_id} is {found.order_id}, acknowledged as {entry.order_id}")
        elif any(getattr(found, name) != getattr(wanted, name) for name in wanted.__struct_fields__):
            yield Violation("difference", f"{entry.order_id} is {found}, submitted as {wanted}")
        elif entry.canceled and found.status.is_open:
            yield Violation("loss", f"the cancel of {entry.order_id} was acknowledged and it is {found.status}")


def orders_are_there_once(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """No client order id has two orders, and everyone who is asked says the same of an order."""
    by_key = collections.Counter((order.account, order.client_order_id) for order in told.orders.values())
    yield from (Violation("double", f"{count} orders of {key}") for key, count in by_key.items() if count > 1)
    for account, orders in evidence.listed.items():
        listed = collections.Counter(order.client_order_id for order in orders)
        yield from (Violation("double", f"{key} is listed {count} times") for key, count in listed.items() if count > 1)
        for order in orders:
            if told.orders.get(order.order_id) != order:
                yield Violation("difference", f"{account}: listed {order}, told {told.orders.get(order.order_id)}")
    for key, answer in evidence.answers.items():
        if answer is not None and told.orders.get(answer.order_id) != answer:
            yield Violation("difference", f"{key}: answered {answer}, told {told.orders.get(answer.order_id)}")


def fills_are_there_once(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """The venue's executions are the OMS's fills, each once and the same, and an order's fills add up to it."""
    trades = [report for reports in evidence.venue_reports.values() for report in reports]
    trades = [report for report in trades if report.type is ReportType.TRADE]
    there = collections.Counter(report.execution_id for report in trades)
    here = collections.Counter(fill.execution_id for fill in told.fills)
    for where, found in (("venue", there), ("OMS", here)):
        yield from (
            Violation("double", f"{key} {count} times at the {where}") for key, count in found.items() if count > 1
        )
    yield from (Violation("loss", f"{key} is at the venue and not in the OMS") for key in there.keys() - here.keys())
    yield from (Violation("double", f"{key} is in the OMS and not at the venue") for key in here.keys() - there.keys())
    fills = {fill.execution_id: fill for fill in told.fills}
    for report in trades:
        fill = fills.get(report.execution_id)
        if fill is not None and any(
            getattr(fill, name) != getattr(report, name)
            for name in ("order_id", "quantity", "price", "fee", "liquidity", "time")
        ):
            yield Violation("difference", f"{report} was booked as {fill}")
    quantities: collections.Counter[str] = collections.Counter()
    values: collections.Counter[str] = collections.Counter()
    for fill in fills.values():
        quantities[fill.order_id] += fill.quantity
        values[fill.order_id] += fill.quantity * fill.price
        order = told.orders.get(fill.order_id)
        if order is None or any(
            getattr(fill, name) != getattr(order, name)
            for name in ("client_order_id", "account", "strategy", "instrument", "side")
        ):
            yield Violation("difference", f"{fill} is not of the order {order}")
    for order in told.orders.values():
        filled = quantities[order.order_id], values[order.order_id]
        if (order.filled_quantity, order.filled_value) != filled or order.filled_quantity > order.quantity:
            yield Violation("difference", f"{order.order_id} has fills of {filled} lots and value, and says {order}")


def cash_and_positions_are_the_sum(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """Cash and positions that the OMS shows are the sum of all deposits and fills."""
    cash: collections.Counter[tuple[str, str]] = collections.Counter()
    deposits: collections.Counter[tuple[str, str]] = collections.Counter()
    lots: collections.Counter[tuple[str, str, int]] = collections.Counter()
    fees: collections.Counter[tuple[str, str, int]] = collections.Counter()
    for event in told.deposits:
        cash[event.account, event.currency] += event.amount
        deposits[event.account, event.currency] += event.amount
    for fill in {fill.execution_id: fill for fill in told.fills}.values():
        instrument = evidence.instruments[fill.instrument]
        sign = 1 if fill.side is Side.BUY else -1
        cash[fill.account, instrument.currency] -= sign * notional(instrument, fill) + fill.fee
        lots[fill.account, fill.strategy, fill.instrument] += sign * fill.quantity
        fees[fill.account, fill.strategy, fill.instrument] += fill.fee
    for account, books in evidence.books.items():
        expected = {currency: amount for (owner, currency), amount in cash.items() if owner == account}
        if books.cash != expected:
            yield Violation("difference", f"{account} holds {books.cash}; deposits and fills make {expected}")
        shown = {(account, row.strategy, row.instrument): (row.quantity, row.fees) for row in books.positions}
        summed = {key: (lots[key], fees[key]) for key in fees if key[0] == account}
        if shown != summed or len(shown) != len(books.positions):
            yield Violation("difference", f"{account} holds {shown}; fills make {summed}")
        for currency, amount in books.cash.items():
            rows = [row for row in books.positions if evidence.instruments[row.instrument].currency == currency]
            rest = amount + sum(row.cost + row.fees - row.realised for row in rows) - deposits[account, currency]
            if rest:
                yield Violation("difference", f"the postings of {account} in {currency} are {rest} out of balance")
    for account in {owner for owner, _ in cash} - evidence.books.keys():
        yield Violation("loss", f"account {account} had money and was not shown")


def notional(instrument: Instrument, fill: Fill) -> int:
    """Return what a fill is worth in 1e-8 currency units: exact, then rounded half-even once."""
    units = fill.price * instrument.price_increment * fill.quantity * instrument.quantity_increment
    return round(fractions.Fraction(units * instrument.multiplier, MONEY_UNIT))


def venue_has_what_was_sent(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """The venue has every order that passed the gate, once and unchanged, no other, and the same ones still stand."""
    sent = collections.Counter(order.order_id for _, order in evidence.venue_orders)
    yield from (Violation("double", f"{key} is {count} times at the venue") for key, count in sent.items() if count > 1)
    for session, order in evidence.venue_orders:
        own = told.orders.get(order.order_id)
        if own is None:
            yield Violation("double", f"the venue has {order} of session {session}, which the OMS does not know")
        elif any(
            getattr(own, name) != getattr(order, name)
            for name in ("instrument", "side", "type", "quantity", "limit_price", "time_in_force")
        ):
            yield Violation("difference", f"the venue has {order}, the OMS {own}")
    standing = {order.order_id: order.filled_quantity for order in told.orders.values() if order.status.is_open}
    for order_id in standing.keys() - sent.keys():
        yield Violation("loss", f"{order_id} stands in the OMS and never came to the venue")
    if standing != dict(evidence.venue_standing):
        different = sorted(standing.items() ^ evidence.venue_standing.items())[:5]
        yield Violation("difference", f"other orders stand at the venue than in the OMS: {different}")


def chains_hold(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """Every journal is whole and verifies from its first record to its last."""
    for name, found in evidence.verifications.items():
        if found.fault is not None:
            yield Violation("difference", f"journal {name}: {found.fault}")
        if not found.records:
            yield Violation("loss", f"journal {name} is empty")


def replay_gives_what_was_told(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """The journals, replayed into fresh partitions, give the events that were told, byte for byte."""
    for index in sorted(evidence.told.keys() | evidence.replayed.keys()):
        heard, replayed = evidence.told.get(index, ()), evidence.replayed.get(index, ())
        if list(heard) == list(replayed):
            continue
        same = next((at for at, pair in enumerate(zip(heard, replayed)) if pair[0] != pair[1]), None)
        if same is not None:
            yield Violation("difference", f"event {same + 1} of partition {index} was told otherwise than it replays")
        else:
            text = f"{len(heard)} events of partition {index} were told, its journal gives {len(replayed)}"
            yield Violation("loss" if len(heard) > len(replayed) else "difference", text)


def time_never_runs_backwards(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """The trading clock of a partition never runs backwards, and nothing happens to an order before it is there."""
    for index, events in told.events.items():
        newest = 0
        for event in events:
            if event.time < newest:
                yield Violation(
                    "difference", f"event {event.sequence} of partition {index} is at {event.time}, after {newest}"
                )
            newest = max(newest, event.time)
    submitted = {order.order_id: order.submitted_at for order in told.orders.values()}
    for fill in told.fills:
        if fill.time < submitted.get(fill.order_id, 0):
            yield Violation("difference", f"{fill} is older than its order, of {submitted[fill.order_id]}")


def nobody_noticed_anything(evidence: Evidence, told: _Told) -> Iterator[Violation]:
    """Neither clients nor subscribers got an answer that must not be, and the OMS raised no alarm."""
    yield from (Violation("difference", text) for text in evidence.noticed)
    yield from (Violation("difference", f"the OMS raised an alarm: {alarm}") for alarm in evidence.alarms)


CHECKS: tuple[Check, ...] = (
    acknowledged_orders_are_there,
    orders_are_there_once,
    fills_are_there_once,
    cash_and_positions_are_the_sum,
    venue_has_what_was_sent,
    chains_hold,
    replay_gives_what_was_told,
    time_never_runs_backwards,
    nobody_noticed_anything,
)
