"""A partition that is restored from a snapshot is the one that was saved, whatever its orders are in the middle of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from actors.messages import Contingency, OrderType, PegReference, ReportType, Side, TimeInForce, encode
from actors.oms.inputs import Input, Terms
from actors.oms.snapshots import load, save
from tests.actors.oms.exits import stop, target
from tests.actors.oms.support import IN_PLACE, INSTRUMENTS, LIMITS, PRICE, Bench, market, quote, submission

SHORT = dataclasses.replace(LIMITS, allow_short=1)


def _working(here: Bench) -> None:
    here.submit(limit_price=PRICE)
    here.report_new()


def _replaced(here: Bench) -> None:
    _working(here)
    here.replace(quantity=150, limit_price=PRICE + 50)


def _crossed(here: Bench) -> None:
    _replaced(here)
    here.trade(100)


def _refused(here: Bench) -> None:
    _working(here)
    here.replace(limit_price=3 * PRICE)


def _canceled(here: Bench) -> None:
    _working(here)
    here.trade(100)
    here.report(ReportType.TRADE_CANCEL, reference_id="e2", execution_id="x")
    here.cancel()
    here.trade(100, execution_id="y")


def _sliced(here: Bench) -> None:
    here.submit(limit_price=PRICE, display_quantity=30)
    here.trade(30)
    here.trade(10, "3-1/2")


def _pegged(here: Bench) -> None:
    here.submit(type=OrderType.PEGGED, peg=PegReference.BEST)
    here.report_new()
    here.observe(quote(10_020, 10_030))


def _watching(here: Bench) -> None:
    here.submit(type=OrderType.TRAILING_STOP, trail_amount=50)
    here.observe(market(9_800))


def _timed(here: Bench) -> None:
    here.submit(limit_price=PRICE, time_in_force=TimeInForce.GTD, expire_time=5_000)
    here.submit("c2", quantity=10, time_in_force=TimeInForce.AT_CLOSE)


def _exclusive(here: Bench) -> None:
    here.submit_list(Contingency.OCO, target("c1"), target("c2", limit_price=10_300))
    here.report_new("3-1")
    here.report_new("3-2")
    here.replace("c2", quantity=120)
    here.trade(30)


def _bracket(here: Bench) -> None:
    here.submit_list(Contingency.BRACKET, submission("c1"), target("c2"), stop("c3"))
    here.trade(100)
    here.trade(20, "3-2")


def _reducing(here: Bench) -> None:
    here.submit("held")
    here.trade(100)
    here.submit(side=Side.SELL, limit_price=PRICE, reduce_only=True)
    here.report_new("3-2")


def _dearer(here: Bench) -> None:
    _working(here)
    here.give(Terms(time=here.time, instruments=INSTRUMENTS, fee_rate=100_000, capabilities=IN_PLACE))


SCENES = {
    "an order at the venue": _working,
    "a replacement that is not answered": _replaced,
    "a replacement that a fill has crossed": _crossed,
    "a replacement that was refused": _refused,
    "a cancel that is not answered": _canceled,
    "a part of an iceberg": _sliced,
    "a peg that moves": _pegged,
    "a stop that trails": _watching,
    "orders that wait for their moment": _timed,
    "orders of which one cancels the other": _exclusive,
    "a bracket": _bracket,
    "an order that may only reduce": _reducing,
    "an order under fees that have changed": _dearer,
}


def _later(here: Bench) -> list[Input]:
    """Let more happen, to whichever of it the scene can happen; return it."""
    before = len(here.inputs)
    here.observe(market(9_850, 10_100), quote(10_000, 10_010))
    here.reach(6_000)
    for kind in (ReportType.REPLACED, ReportType.CANCELED):
        for order_id in ("3-1", "3-1/2", "3-2", "3-3"):
            here.report(kind, order_id, revision=1)
    here.submit("later", quantity=5, limit_price=PRICE)
    here.cancel_all()
    return here.inputs[before:]


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_a_restored_partition_is_the_same_and_goes_on_the_same(scene: Callable[[Bench], None]) -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    scene(here)
    restored = load(save(here.partition))
    assert restored.digest() == here.partition.digest()
    assert save(restored) == save(here.partition)
    effects = len(here.effects)
    for record, expected in zip(_later(here), here.effects[effects:]):
        found = restored.apply(record)
        assert encode([found.events, found.messages]) == encode([expected.events, expected.messages])
    assert restored.digest() == here.partition.digest()
