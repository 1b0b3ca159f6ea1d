"""Journals of older versions stay readable, and give the state that they gave when they were written."""

from __future__ import annotations

import base64
import json
import pathlib
from typing import Any

import pytest

from actors.journal.journal import Record
from actors.messages import OrderEvent, encode
from actors.oms.inputs import KIND_OF, SCHEMA_VERSION, Input, decode_input
from actors.oms.partition import Partition
from tests.actors.oms.support import replayed

OLD = json.loads((pathlib.Path(__file__).parent / "data" / "journal_version_1.json").read_text())


def _records() -> list[Input]:
    return [
        decode_input(Record(number, 0, kind, version, base64.b64decode(payload)))
        for number, (kind, version, payload) in enumerate(OLD["records"], start=1)
    ]


@pytest.fixture(scope="module")
def partition() -> Partition:
    """The partition that the old journal gives today."""
    return replayed(_records())[0]


def test_the_records_are_of_version_1_and_of_every_kind_that_it_had() -> None:
    assert {version for _, version, _ in OLD["records"]} == {1} and SCHEMA_VERSION > 1
    assert {kind for kind, _, _ in OLD["records"]} == set(range(1, 10))


@pytest.mark.parametrize("expected", OLD["orders"], ids=[order[0] for order in OLD["orders"]])
def test_each_order_is_what_it_was(partition: Partition, expected: list[Any]) -> None:
    order = partition.orders[expected[0]].order
    found = [order.order_id, str(order.status), order.filled_quantity, order.filled_value, order.reason]
    assert found == expected
    assert (order.conditions, order.emulated, order.list_id, order.replacement_id) == (None, (), "", "")


def test_there_are_no_other_orders(partition: Partition) -> None:
    assert list(partition.orders) == [order[0] for order in OLD["orders"]]


def test_cash_position_and_number_of_events_are_what_they_were(partition: Partition) -> None:
    books = partition.accounts["main"].books
    found = books.cash("USD"), books.position(0), partition.last_event
    assert found == (OLD["cash"], OLD["position"], OLD["last_event"])


def test_nothing_of_it_is_sent_or_awaited_any_more(partition: Partition) -> None:
    assert not partition.awaiting and not partition.standing
    assert partition.accounts["main"].exposure.reserved("USD") == 0


def test_it_goes_on_in_the_present_version_without_a_break() -> None:
    records = _records()
    again = [
        decode_input(Record(number, 0, KIND_OF[type(record)], SCHEMA_VERSION, encode(record)))
        for number, record in enumerate(records, start=1)
    ]
    old, new = replayed(records), replayed(again)
    assert (old[0].digest(), old[1:]) == (new[0].digest(), new[1:])


def test_its_events_tell_each_order_to_the_end() -> None:
    partition = Partition(3)
    told = {}
    for record in _records():
        for event in partition.apply(record).events:
            if isinstance(event, OrderEvent):
                told[event.order.order_id] = event.order
    assert told == {order_id: working.order for order_id, working in partition.orders.items()}
