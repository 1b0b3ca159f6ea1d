from __future__ import annotations

from collections.abc import Sequence

import pytest

from actors.errors import NotFound
from actors.journal.journal import Record
from actors.journal.records import chain_hash, encode, genesis
from actors.messages import Contingency, OrderStatus, OrderType, ReportType, Side, VenueCancel, VenueOrder
from actors.messages import encode as encoded
from actors.oms.inputs import KIND_OF, SCHEMA_VERSION, Discrepancy, Input, LimitsChange, StateChange
from actors.oms.order_history import OrderHistory, OrderKey, order_numbered, orders_called, tell
from tests.actors.oms.support import LIMITS, PRICE, Bench, market, submission

JOURNAL = "oms-p03"


def records_of(inputs: Sequence[Input]) -> list[Record]:
    """The inputs as a journal holds them."""
    return [
        Record(sequence, record.time, KIND_OF[type(record)], SCHEMA_VERSION, encoded(record))
        for sequence, record in enumerate(inputs, 1)
    ]


def life(bench: Bench, wanted: OrderKey = ("main", "c1")) -> OrderHistory:
    return tell(3, JOURNAL, records_of(bench.inputs), wanted)


def told(history: OrderHistory) -> list[tuple[str, str, str]]:
    return [(chapter.kind, chapter.principal, str(chapter.order.status)) for chapter in history.chapters]


def test_every_record_that_touched_the_order_is_told_and_no_other() -> None:
    bench = Bench()
    bench.submit("other", quantity=5, principal="desk-2")
    bench.submit("c1", quantity=10, principal="desk-1")
    bench.report(ReportType.NEW, "3-1")
    bench.report(ReportType.NEW, "3-2")
    bench.report(ReportType.TRADE, "3-2", execution_id="e1", quantity=4, price=PRICE, fee=7, liquidity="taker")
    bench.cancel("c1")
    bench.report(ReportType.CANCELED, "3-2", text="at the client's wish")
    history = life(bench)
    assert told(history) == [
        ("submission", "desk-1", "pending_new"),
        ("venue_report", "venue", "new"),
        ("venue_report", "venue", "partially_filled"),
        ("cancellation", "system", "pending_cancel"),
        ("venue_report", "venue", "canceled"),
    ]
    assert [chapter.sequence for chapter in history.chapters] == [6, 8, 9, 10, 11]
    assert [chapter.order.filled_quantity for chapter in history.chapters] == [0, 0, 4, 4, 4]
    sent = [message for chapter in history.chapters for message in chapter.sent]
    assert [(type(message), message.order_id) for message in sent] == [(VenueOrder, "3-2"), (VenueCancel, "3-2")]
    (fill,) = [fill for chapter in history.chapters for fill in chapter.fills]
    assert (fill.execution_id, fill.quantity, fill.price, fill.fee) == ("e1", 4, PRICE, 7)
    assert history.chapters[-1].reason == "at the client's wish"
    assert history.order == bench.order("c1") and history.instrument is not None and history.currency == "USD"


def test_the_gate_is_told_with_the_limits_and_the_market_of_that_moment() -> None:
    bench = Bench()
    bench.submit("first", quantity=10, limit_price=PRICE)
    limits = {**LIMITS.mapping(), "maximum_order_notional": 500 * 10**8}
    bench.give(LimitsChange(time=0, limits=limits, version=2, principal="risk", reason="odd"))
    bench.give(StateChange(time=0, scope="strategy:carry", state="halted", principal="risk", reason="odd"))
    bench.submit("c1", quantity=10)
    (chapter,) = life(bench).chapters
    (verdict,) = chapter.verdicts
    assert verdict.limits["order"].items() >= limits.items() and verdict.limits["firm"] == limits
    assert (verdict.limits_version, verdict.states) == (2, {"strategy:carry": "halted"})
    assert (verdict.look.price, verdict.look.bid, verdict.look.ask) == (PRICE, PRICE - 1, PRICE + 1)
    assert (verdict.position, verdict.open_buys, verdict.open_sales) == (0, 10, 0)
    assert verdict.cash > verdict.reserved > 0
    assert verdict.refusal.startswith("ORDER_NOTIONAL_LIMIT: ")
    assert verdict.checks[0] == "INSTRUMENT_UNKNOWN" and verdict.checks[-1] == "ORDER_NOTIONAL_LIMIT"
    assert chapter.order.status is OrderStatus.REJECTED and chapter.sent == ()
    (passed,) = life(bench, ("main", "first")).chapters[0].verdicts
    assert (passed.limits_version, passed.refusal, passed.limits["firm"]) == (1, "", LIMITS.mapping())
    assert passed.checks[-1] == "BUYING_POWER"


def test_a_change_is_told_under_its_own_id_too_also_where_it_was_refused() -> None:
    bench = Bench()
    bench.submit("c1", quantity=10, limit_price=PRICE)
    bench.report(ReportType.NEW, "3-1")
    bench.replace("c1", "r1", quantity=10**9)
    bench.replace("c1", "r2", quantity=20)
    history = life(bench)
    assert [kind for kind, _, _ in told(history)] == ["submission", "venue_report", "replacement", "replacement"]
    refused, granted = history.chapters[2:]
    assert refused.verdicts[0].refusal and refused.order.quantity == 10 and not refused.sent
    assert not granted.verdicts[0].refusal and granted.sent
    records = records_of(bench.inputs)
    assert orders_called("r1", records) == orders_called("c1", records) == [("main", "c1")]
    assert orders_called("nobody", records) == []


def test_what_the_market_and_other_orders_of_its_list_did_is_told() -> None:
    bench = Bench()
    bench.submit_list(
        Contingency.BRACKET,
        submission("c1", quantity=10),
        submission("profit", side=Side.SELL, quantity=10, limit_price=PRICE + 500),
        submission("stop", side=Side.SELL, quantity=10, type=OrderType.STOP, stop_price=PRICE - 500),
    )
    bench.report(ReportType.NEW, "3-1")
    bench.report(ReportType.TRADE, "3-1", execution_id="e1", quantity=10, price=PRICE)
    bench.report(ReportType.NEW, "3-2")
    bench.observe(market(PRICE - 600))
    stop = life(bench, ("main", "stop"))
    kinds = [chapter.kind for chapter in stop.chapters]
    assert kinds[0] == "list_submission" and "observation" in kinds
    moved = next(chapter for chapter in stop.chapters if chapter.kind == "observation")
    assert [price.low for price in moved.prices] == [PRICE - 600] and moved.principal == "market"
    assert [type(message) for message in moved.sent] == [VenueOrder]
    released = next(chapter for chapter in stop.chapters if chapter.kind == "venue_report")
    assert len(released.verdicts) == 1, "the gate is asked again when it is held no longer"


def test_an_alarm_is_told_and_so_is_a_report_that_changes_nothing() -> None:
    bench = Bench()
    bench.submit("c1", quantity=10)
    bench.report(ReportType.NEW, "3-1")
    bench.report(ReportType.TRADE, "3-1", execution_id="e1", quantity=11, price=PRICE)
    bench.report(ReportType.TRADE, "3-1", execution_id="e1", quantity=11, price=PRICE)
    bench.give(Discrepancy(time=0, code="VENUE_FILLS_DIFFER", order_id="3-1", text="filled 12 lots there, 11 here"))
    history = life(bench)
    assert [[alarm.code for alarm in chapter.alarms] for chapter in history.chapters] == [
        [], [], ["ORDER_OVERFILLED"], [], ["VENUE_FILLS_DIFFER"],
    ]  # fmt: skip
    assert history.chapters[-1].principal == "reconciliation"
    assert [len(chapter.fills) for chapter in history.chapters] == [0, 0, 1, 0, 0]


def test_each_record_bears_its_chain_hash() -> None:
    bench = Bench()
    bench.submit("c1")
    bench.report(ReportType.NEW, "3-1")
    hashes, previous = {}, genesis(JOURNAL)
    for record in records_of(bench.inputs):
        previous = chain_hash(encode(*record[:4], previous, record.payload))
        hashes[record.sequence] = previous.hex()
    assert [chapter.hash for chapter in life(bench).chapters] == [hashes[5], hashes[6]]


def test_an_order_is_known_by_the_number_that_its_partition_gave_it() -> None:
    bench = Bench()
    bench.submit("first")
    pair = (submission(key, quantity=10, limit_price=PRICE) for key in ("one", "other"))
    bench.submit_list(Contingency.OCO, *pair)
    bench.submit("refused", quantity=0)
    records = records_of(bench.inputs)
    for order_id, working in bench.partition.orders.items():
        key = order_numbered(int(order_id.removeprefix("3-")), 0, records)
        assert key == ("main", working.order.client_order_id)
    assert order_numbered(5, 0, records) is order_numbered(0, 0, records) is order_numbered(1, 7, records) is None


@pytest.mark.parametrize("wanted", [("main", "nope"), ("nobody", "c1")])
def test_an_order_that_is_not_there_is_not_found(wanted: OrderKey) -> None:
    bench = Bench()
    bench.submit("c1")
    with pytest.raises(NotFound) as raised:
        life(bench, wanted)
    assert raised.value.code == "ORDER_UNKNOWN"


def test_a_journal_without_its_first_records_is_not_guessed_over() -> None:
    bench = Bench()
    bench.submit("c1")
    with pytest.raises(NotFound) as raised:
        tell(3, JOURNAL, records_of(bench.inputs)[2:], ("main", "c1"))
    assert (raised.value.field, raised.value.value) == ("journal.retention_days", 3)
