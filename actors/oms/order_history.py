"""An order's whole life, told from its partition's journal: the partition is replayed, and what touches it is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from actors.errors import NotFound
from actors.journal.journal import Record
from actors.journal.losses import Loss
from actors.journal.records import chain_hash, encode, genesis
from actors.messages import Fill, Instrument, Order, OrderEvent, Side
from actors.oms import gate
from actors.oms.effects import Alarm, Effects
from actors.oms.inputs import (
    Cancellation,
    Discrepancy,
    Input,
    Kind,
    ListSubmission,
    Look,
    MassCancellation,
    Observation,
    Price,
    Replacement,
    Submission,
    TimeReached,
    VenueReport,
    decode_input,
)
from actors.oms.partition import Partition
from actors.oms.venue import VenueMessage
from actors.oms.working_order import split_venue_id

OrderKey = tuple[str, str]
"""Account and client order id: the key that clients give an order."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the gate said of the order, and what it looked at.

    Attributes:
        limits: The limits in force by name: what held for the ``order``, what its ``strategy`` and the ``firm`` have as
            a whole, and the partition's ``budget`` of that.
        limits_version: Version of their newest change.
        checks: Codes of the checks that were made, the last one being that of the refusal where there was one.
        refusal: Why it was refused; empty where it passed.
        states: Scopes of the kill switch that were not active.
        look: What was looked at of the market, prices in increments.
        position: Lots that the account held of the instrument.
        open_buys, open_sales: Lots that its open orders could still trade.
        cash: Its cash, 1e-8 units.
        reserved: What of it was set aside for open orders.
    """

    limits: dict[str, dict[str, int]]
    limits_version: int
    checks: tuple[str, ...]
    refusal: str
    states: dict[str, str]
    look: Look
    position: int
    open_buys: int
    open_sales: int
    cash: int
    reserved: int


@dataclasses.dataclass(frozen=True)
class Chapter:
    """One record of the journal that touched the order.

    Attributes:
        sequence: The record's sequence.
        time: The trading clock, UTC nanoseconds.
        kind: What was put on record.
        hash: The record's chain hash, hexadecimal.
        principal: Who caused it, as whoever sent it said.
        via: Over which authenticated connection it came; empty where nobody sent it.
        reason: Why, as whoever caused it said.
        cause: What was put on record.
        order: The order afterwards.
        verdicts: What the gate said of it, where it was asked.
        prices: What the market said, where that was the cause; in increments.
        sent: What went to the venue for it.
        fills: What was booked.
        alarms: What must not have happened.
    """

    sequence: int
    time: int
    kind: str
    hash: str
    principal: str
    via: str
    reason: str
    cause: Input
    order: Order
    verdicts: tuple[Verdict, ...] = ()
    prices: tuple[Price, ...] = ()
    sent: tuple[VenueMessage, ...] = ()
    fills: tuple[Fill, ...] = ()
    alarms: tuple[Alarm, ...] = ()


@dataclasses.dataclass(frozen=True)
class OrderHistory:
    """An order's life.

    Attributes:
        order: The order as it is now.
        instrument: Its instrument; ``None`` where it named none that there is.
        currency: Its account's currency.
        chapters: Every record that touched it, in order.
    """

    order: Order
    instrument: Instrument | None
    currency: str
    chapters: tuple[Chapter, ...]


def orders_called(wanted: str, records: Iterable[Record]) -> list[OrderKey]:
    """Return every order that goes by ``wanted``: by its client order id, or by a replacement's id."""
    originals: dict[OrderKey, str] = {}
    found: list[OrderKey] = []
    for record in records:
        if record.kind == Kind.REPLACEMENT:
            cause = decode_input(record)
            assert isinstance(cause, Replacement)
            wish = cause.replace
            original = originals.get((wish.account, wish.client_order_id), wish.client_order_id)
            originals[wish.account, wish.replacement_id] = original
            if wish.replacement_id == wanted:
                found.append((wish.account, original))
        else:
            found += [key for key in _submitted(record) if key[1] == wanted]
    return found


def order_numbered(number: int, era: int, records: Iterable[Record]) -> OrderKey | None:
    """Return the order that a partition gave a number, the first one being 1; ``None`` where there is none.

    Args:
        number: The last part of the order's id.
        era: The epoch that the id bears; 0 where it bears none.
        records: All of the partition's records, from the first, losses among them.
    """
    count = now = 0
    for record in records:
        if record.kind in (Kind.LOSS, Kind.DISCREPANCY):
            cause = decode_input(record)
            assert isinstance(cause, Loss | Discrepancy)
            now = cause.epoch or now
            continue
        submitted = _submitted(record)
        count += len(submitted)
        if count >= number:
            return submitted[number - count - 1] if submitted and now == era and number > 0 else None
    return None


def _submitted(record: Record) -> list[OrderKey]:
    if record.kind != Kind.SUBMISSION and record.kind != Kind.LIST_SUBMISSION:
        return []
    cause = decode_input(record)
    assert isinstance(cause, Submission | ListSubmission)
    orders = (cause.order,) if isinstance(cause, Submission) else cause.orders.orders
    return [(order.account, order.client_order_id) for order in orders]


def tell(index: int, journal: str, records: Iterable[Record], wanted: OrderKey) -> OrderHistory:
    """Replay a partition and return the life of one of its orders.

    Args:
        index: The partition's number.
        journal: The journal's name, with which its chain of hashes begins.
        records: All of its records, from the first.
        wanted: The order.

    Raises:
        NotFound: The partition has no such order, or its first records are gone.
        JournalCorrupt: A record is not what was written, or not known to this version.
    """
    teller = _Teller(index, journal, wanted)
    chapters = tuple(chapter for record in records for chapter in teller.take(record))
    order_id = teller.order_id
    if not chapters or order_id is None:
        raise NotFound("there is no such order", field="order", value=wanted, code="ORDER_UNKNOWN")
    working = teller.partition.orders[order_id]
    return OrderHistory(
        order=working.order, instrument=working.instrument, currency=working.account.currency, chapters=chapters
    )


class _Teller:
    """A partition that is replayed, and the order that is looked for."""

    def __init__(self, index: int, journal: str, wanted: OrderKey) -> None:
        self.partition = Partition(index, self._look)
        self._journal = journal
        self._wanted = wanted
        self._sequence = 0
        self._hash = genesis(journal)
        self._verdicts: list[Verdict] = []

    @property
    def order_id(self) -> str | None:
        """The order's id, once there is such an order."""
        account = self.partition.accounts.get(self._wanted[0])
        working = None if account is None else account.find(self._wanted[1])
        return None if working is None else working.order.order_id

    def take(self, record: Record) -> Iterator[Chapter]:
        """Apply a record; yield the chapter that it is in the order's life, if it is any."""
        if record.sequence != self._sequence + 1:
            raise NotFound(
                f"journal {self._journal} begins with record {record.sequence}: what was before was deleted",
                field="journal.retention_days",
                value=record.sequence,
                rule="a journal from its first record",
                remedy="restore the archived segments from a copy",
            )
        self._hash = chain_hash(encode(*record[:4], self._hash, record.payload, own=True))
        self._sequence = record.sequence
        self._verdicts = []
        cause = decode_input(record)
        effects = self.partition.replay(record)
        order_id = self.order_id
        if order_id is not None:
            yield from self._chapter(record, cause, effects, order_id)

    def _chapter(self, record: Record, cause: Input, effects: Effects, order_id: str) -> Iterator[Chapter]:
        order = self.partition.orders[order_id].order
        events = [
            event for event in effects.events if isinstance(event, OrderEvent) and event.order.order_id == order_id
        ]
        sent = tuple(message for message in effects.messages if _is_of(message.order_id, order_id))
        alarms = tuple(alarm for alarm in effects.alarms if _is_of(alarm.order_id, order_id))
        verdicts = tuple(self._verdicts)
        if not (events or sent or alarms or verdicts or self._names(cause, order)):
            return
        yield Chapter(
            sequence=record.sequence,
            time=record.time,
            kind=Kind(record.kind).name.lower(),
            hash=self._hash.hex(),
            principal=_principal(cause),
            via=str(getattr(cause, "via", "")),
            reason=_reason(cause),
            cause=cause,
            order=order,
            verdicts=verdicts,
            prices=_prices(cause, order),
            sent=sent,
            fills=tuple(event.fill for event in events if event.fill is not None),
            alarms=alarms,
        )

    def _names(self, cause: Input, order: Order) -> bool:
        """Return whether an input is about the order, even if nothing followed from it."""
        if isinstance(cause, VenueReport):
            return _is_of(cause.report.order_id, order.order_id)
        if isinstance(cause, Discrepancy):
            return _is_of(cause.order_id, order.order_id)
        if isinstance(cause, Replacement | Cancellation):
            wish = cause.replace if isinstance(cause, Replacement) else cause.cancel
            return self.partition.find(wish.account, wish.client_order_id).order.order_id == order.order_id
        return False

    def _look(self, candidate: gate.Candidate) -> gate.Refusal | None:
        if (candidate.order.account, candidate.order.client_order_id) != self._wanted:
            return gate.look(candidate)
        verdict = self._look_around(candidate)
        refusal = gate.look(candidate)
        checks = gate.codes_of(candidate)
        if refusal is not None:
            checks = checks[: checks.index(refusal.code) + 1]
        text = "" if refusal is None else f"{refusal.code}: {refusal.text}"
        self._verdicts.append(dataclasses.replace(verdict, checks=tuple(checks), refusal=text))
        return refusal

    def _look_around(self, candidate: gate.Candidate) -> Verdict:
        order, books, exposure = candidate.order, candidate.books, candidate.exposure
        limits = {
            "order": candidate.limits.mapping(),
            "strategy": candidate.limits.strategy.mapping(),
            "firm": candidate.limits.firm.mapping(),
            "budget": self.partition.safeguards.budget.amounts(),
        }
        return Verdict(
            limits={whose: named for whose, named in limits.items() if named},
            limits_version=self.partition.limits_version,
            checks=(),
            refusal="",
            states={scope: str(state) for scope, state in self.partition.switch.states().items()},
            look=candidate.look,
            position=books.position(order.instrument),
            open_buys=exposure.open_quantity(order.instrument, Side.BUY),
            open_sales=exposure.open_quantity(order.instrument, Side.SELL),
            cash=books.cash(candidate.currency),
            reserved=exposure.reserved(candidate.currency),
        )


def _is_of(venue_id: str, order_id: str) -> bool:
    return split_venue_id(venue_id)[0] == order_id


def _principal(cause: Input) -> str:
    match cause:
        case Submission():
            return cause.order.principal
        case ListSubmission():
            return cause.orders.principal
        case Replacement():
            return cause.replace.principal
        case Cancellation() | MassCancellation():
            return cause.cancel.principal
        case VenueReport():
            return "venue"
        case Observation():
            return "market"
        case TimeReached():
            return "clock"
        case Discrepancy():
            return "reconciliation"
        case _:
            return str(getattr(cause, "principal", ""))


def _reason(cause: Input) -> str:
    match cause:
        case MassCancellation():
            return cause.cancel.reason
        case VenueReport():
            return ": ".join(part for part in (cause.report.reason, cause.report.text) if part)
        case Discrepancy():
            return f"{cause.code}: {cause.text}"
        case _:
            return str(getattr(cause, "reason", ""))


def _prices(cause: Input, order: Order) -> tuple[Price, ...]:
    if not isinstance(cause, Observation):
        return ()
    return tuple(price for price in cause.prices if price.instrument == order.instrument)
