"""The judge finds every single thing that can be wrong with the evidence of a real run."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from actors.messages import OmsEvent, OrderEvent, ReportType, decoder, encode
from tests.faults.judge import Evidence, judge
from tests.faults.load import Acknowledgement
from tests.faults.world import ACCOUNTS, world

decode = decoder(OmsEvent)
replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """What a short and undisturbed run leaves behind."""

    async def run() -> Evidence:
        async with world(11) as here:
            await here.start()
            while here.load.counts["cancels"] < 3 or here.load.counts["acknowledged"] < 120:
                await asyncio.sleep(0.05)
            await here.settle()
            return await here.evidence()

    return asyncio.run(run())


def test_a_whole_run_has_nothing_wrong(evidence: Evidence) -> None:
    verdict = judge(evidence)
    assert verdict.violations == []
    assert verdict.counts["orders_acknowledged"] == verdict.counts["orders_found"] >= 120
    assert min(verdict.counts.values()) > 0 and verdict.counts["fills"] > 20


def standing(evidence: Evidence) -> Acknowledgement:
    """Return an acknowledged submission whose order still stands."""
    return next(
        entry
        for entry in evidence.acknowledged
        if (order := evidence.answers[entry.order.account, entry.order.client_order_id]) and order.status.is_open
    )


def key_of(entry: Acknowledgement) -> tuple[str, str]:
    return entry.order.account, entry.order.client_order_id


def with_answer(evidence: Evidence, **changes: Any) -> Evidence:
    key = key_of(evidence.acknowledged[0])
    answer = evidence.answers[key]
    assert answer is not None
    answer = None if changes.get("gone") else replace(answer, **changes)
    return dataclasses.replace(evidence, answers={**evidence.answers, key: answer})


def acknowledged_cancel(evidence: Evidence) -> Evidence:
    entry = replace(standing(evidence), canceled=True)
    return dataclasses.replace(evidence, acknowledged=[*evidence.acknowledged, entry])


def second_order(evidence: Evidence) -> Evidence:
    """Another order under a client order id, told and on record."""
    return add_event(evidence, lambda event: replace(event, order=replace(event.order, order_id="4-999999")))


def listed_twice(evidence: Evidence) -> Evidence:
    orders = evidence.listed[ACCOUNTS[0]]
    return dataclasses.replace(evidence, listed={**evidence.listed, ACCOUNTS[0]: [*orders, orders[0]]})


def listed_otherwise(evidence: Evidence) -> Evidence:
    first, *rest = evidence.listed[ACCOUNTS[0]]
    other = [replace(first, text="otherwise"), *rest]
    return dataclasses.replace(evidence, listed={**evidence.listed, ACCOUNTS[0]: other})


def partition_of_fill(evidence: Evidence) -> tuple[int, int]:
    """Return the partition of an event with a fill, and where it stands."""
    return next(
        (index, at)
        for index, bodies in evidence.told.items()
        for at, body in enumerate(bodies)
        if isinstance(event := decode(body), OrderEvent) and event.fill is not None
    )


def with_events(evidence: Evidence, index: int, bodies: Sequence[bytes], told_only: bool = False) -> Evidence:
    replayed = evidence.replayed if told_only else {**evidence.replayed, index: bodies}
    return dataclasses.replace(evidence, told={**evidence.told, index: bodies}, replayed=replayed)


def add_event(evidence: Evidence, change: Callable[[OrderEvent], OrderEvent]) -> Evidence:
    index, at = partition_of_fill(evidence)
    bodies = evidence.told[index]
    return with_events(evidence, index, [*bodies[: at + 1], encode(change(decode(bodies[at]))), *bodies[at + 1 :]])


def change_fill(evidence: Evidence, **changes: Any) -> Evidence:
    index, at = partition_of_fill(evidence)
    bodies = list(evidence.told[index])
    event = decode(bodies[at])
    bodies[at] = encode(replace(event, fill=replace(event.fill, **changes)))
    return with_events(evidence, index, bodies)


def fill_lost(evidence: Evidence) -> Evidence:
    index, at = partition_of_fill(evidence)
    return with_events(evidence, index, [*evidence.told[index][:at], *evidence.told[index][at + 1 :]])


def without_trade(evidence: Evidence) -> Evidence:
    return change_trades(evidence, lambda report: [])


def change_trades(evidence: Evidence, change: Callable[[Any], list[Any]]) -> Evidence:
    """Replace the first trade of the venue by what ``change`` makes of it."""
    reports = {session: list(found) for session, found in evidence.venue_reports.items()}
    session, at = next(
        (session, at)
        for session, found in reports.items()
        for at, report in enumerate(found)
        if report.type is ReportType.TRADE
    )
    reports[session][at : at + 1] = change(reports[session][at])
    return dataclasses.replace(evidence, venue_reports=reports)


def with_books(evidence: Evidence, **changes: int) -> Evidence:
    books = evidence.books[ACCOUNTS[0]]
    position = books.positions[0]
    row = replace(position, **{name: getattr(position, name) + by for name, by in changes.items() if name != "cash"})
    cash = {currency: amount + changes.get("cash", 0) for currency, amount in books.cash.items()}
    changed = replace(books, cash=cash, positions=[row, *books.positions[1:]])
    return dataclasses.replace(evidence, books={**evidence.books, ACCOUNTS[0]: changed})


def account_not_shown(evidence: Evidence) -> Evidence:
    return dataclasses.replace(evidence, books={name: evidence.books[name] for name in ACCOUNTS[1:]})


def with_venue_order(evidence: Evidence, **changes: Any) -> Evidence:
    session, order = evidence.venue_orders[0]
    return dataclasses.replace(
        evidence, venue_orders=[*evidence.venue_orders[1:], (session, replace(order, **changes))]
    )


def venue_order_twice(evidence: Evidence) -> Evidence:
    return dataclasses.replace(evidence, venue_orders=[*evidence.venue_orders, evidence.venue_orders[0]])


def never_sent(evidence: Evidence) -> Evidence:
    order_id = standing(evidence).order_id
    kept = [entry for entry in evidence.venue_orders if entry[1].order_id != order_id]
    return dataclasses.replace(evidence, venue_orders=kept)


def stands_elsewhere(evidence: Evidence) -> Evidence:
    return dataclasses.replace(evidence, venue_standing=dict(list(evidence.venue_standing.items())[1:]))


def with_verification(evidence: Evidence, **changes: Any) -> Evidence:
    found = {**evidence.verifications, "venue": evidence.verifications["venue"]._replace(**changes)}
    return dataclasses.replace(evidence, verifications=found)


def told_otherwise(evidence: Evidence) -> Evidence:
    index, at = partition_of_fill(evidence)
    bodies = list(evidence.told[index])
    bodies[at] = encode(replace(decode(bodies[at]), time=decode(bodies[at]).time + 1))
    return with_events(evidence, index, bodies, told_only=True)


def shorter(evidence: Evidence) -> Evidence:
    index = next(iter(evidence.replayed))
    return dataclasses.replace(evidence, replayed={**evidence.replayed, index: evidence.replayed[index][:-1]})


def backwards(evidence: Evidence) -> Evidence:
    index = next(iter(evidence.told))
    *bodies, last = evidence.told[index]
    return with_events(evidence, index, [*bodies, encode(replace(decode(last), time=1))])


DAMAGE: list[tuple[str, str, Callable[[Evidence], Evidence]]] = [
    ("an acknowledged order that is gone", "loss", lambda e: with_answer(e, gone=True)),
    ("an acknowledged order that is another one", "double", lambda e: with_answer(e, order_id="4-999999")),
    ("an order of another quantity", "difference", lambda e: with_answer(e, quantity=10**6)),
    ("an acknowledged cancel whose order stands", "loss", acknowledged_cancel),
    ("two orders of one client order id", "double", second_order),
    ("an order that is listed twice", "double", listed_twice),
    ("an order that is listed otherwise", "difference", listed_otherwise),
    ("a fill that is booked twice", "double", lambda e: add_event(e, lambda event: event)),
    ("a fill that is lost", "loss", fill_lost),
    ("a fill that the venue does not know", "double", without_trade),
    ("an execution that the venue has twice", "double", lambda e: change_trades(e, lambda r: [r, r])),
    ("a fill of another price", "difference", lambda e: change_trades(e, lambda r: [replace(r, price=r.price + 1)])),
    ("a fill of another fee", "difference", lambda e: change_trades(e, lambda r: [replace(r, fee=r.fee + 1)])),
    ("a fill of another strategy", "difference", lambda e: change_fill(e, strategy="nobody")),
    ("a fill of another size than its order says", "difference", lambda e: change_fill(e, quantity=10**6)),
    ("a fill before its order", "difference", lambda e: change_fill(e, time=1)),
    ("1e-8 of money too much", "difference", lambda e: with_books(e, cash=1)),
    ("a lot too much", "difference", lambda e: with_books(e, quantity=1)),
    ("a fee that nobody paid", "difference", lambda e: with_books(e, fees=1)),
    ("postings that are out of balance", "difference", lambda e: with_books(e, realised=1)),
    ("an account that is not shown", "loss", account_not_shown),
    ("an order that came to the venue twice", "double", venue_order_twice),
    ("an order that only the venue knows", "double", lambda e: with_venue_order(e, order_id="4-999999")),
    ("an order that is another one at the venue", "difference", lambda e: with_venue_order(e, quantity=10**6)),
    ("an order that never came to the venue", "loss", never_sent),
    ("an order that does not stand at the venue", "difference", stands_elsewhere),
    ("a chain that is broken", "difference", lambda e: with_verification(e, fault="record 3 is not what was written")),
    ("a journal that is empty", "loss", lambda e: with_verification(e, records=0)),
    ("an event that was told otherwise", "difference", told_otherwise),
    ("an event that is not on record", "loss", shorter),
    ("a clock that runs backwards", "difference", backwards),
    ("an alarm", "difference", lambda e: dataclasses.replace(e, alarms=[{"code": "ORDER_OVERFILLED"}])),
    ("what a client noticed", "difference", lambda e: dataclasses.replace(e, noticed=["an answer that must not be"])),
]


@pytest.mark.parametrize(("kind", "damage"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_it_finds(evidence: Evidence, kind: str, damage: Callable[[Evidence], Evidence]) -> None:
    kinds = collections.Counter(violation.kind for violation in judge(damage(evidence)).violations)
    assert kinds[kind] > 0, kinds
