"""Executions taken back after the position went on under another name: whatever counts that one follows."""

from __future__ import annotations

import pytest

from actors.entries import Rename
from actors.messages import Instrument, ReportType, Side
from actors.oms.limits import Limits
from tests.actors.oms.gate.bench import ROOMY, GateBench, money
from tests.actors.oms.support import INSTRUMENTS, LIMITS, PRICE, Bench
from tests.actors.oms.test_bookings import booking

OLD, NEW = 0, 4


@pytest.fixture(autouse=True)
def with_a_new_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.actors.oms.support.INSTRUMENTS", (*INSTRUMENTS, Instrument(id=NEW, symbol="NEW")))


def renamed(limits: Limits = ROOMY) -> GateBench:
    """Return a bench that bought 100, sold 60 of them, and holds the other 40 under the new name."""
    bench = GateBench(limits)
    for side, lots in ((Side.BUY, 100), (Side.SELL, 60)):
        order = bench.send(side, lots)
        bench.report_new(order.order_id)
        bench.trade(lots, order.order_id, price=PRICE, execution_id=f"x{lots}")
    bench.give(booking(Rename(instrument=OLD, into=NEW)))
    assert bench.partition.accounts["main"].books.net_positions() == {NEW: 40}
    return bench


def bust(bench: Bench) -> list[object]:
    return bench.report(ReportType.TRADE_CANCEL, "3-1", reference_id="x100").messages


def correct(bench: Bench, quantity: int) -> list[object]:
    return bench.report(
        ReportType.TRADE_CORRECT, "3-1", reference_id="x100", execution_id="y", quantity=quantity, price=PRICE
    ).messages


@pytest.mark.parametrize("left", [-60, 20])
def test_the_totals_of_the_gate_follow(left: int) -> None:
    bench = renamed().limit("account:main", maximum_gross_exposure=money(10**6))
    totals = bench.partition.safeguards.totals
    totals.mark(NEW, PRICE)
    assert totals.of(("main", "")).held == money(4_000)
    if left < 0:
        bust(bench)
    else:
        correct(bench, 80)
    strategy = next(iter(bench.partition.orders.values())).order.strategy
    for holder in (("main", ""), ("main", strategy)):
        assert totals.of(holder).held == money(100 * left)
    again = type(totals)(bench.partition.accounts, bench.partition.instruments)
    again.marks.update(totals.marks)
    again.keep(True)
    assert again.of(("main", "")) == totals.of(("main", ""))


def test_a_short_position_under_the_new_name_raises_an_alarm() -> None:
    bench = renamed(LIMITS)
    bust(bench)
    assert [alarm.text for alarm in bench.partition.alarms if alarm.code == "POSITION_SHORT"] == [
        "the position in NEW is -60 lots after an execution was taken back, and may not be short"
    ]


def test_reduce_only_orders_under_the_new_name_shrink() -> None:
    bench = renamed()
    order = bench.send(Side.SELL, 40, instrument=NEW, limit_price=PRICE, reduce_only=True)
    bench.report_new(order.order_id)
    messages = correct(bench, 75)
    assert bench.partition.accounts["main"].books.position(NEW) == 15
    assert order.order_id in {getattr(one, "order_id", "") for one in messages}
