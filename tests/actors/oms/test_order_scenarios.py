"""Scenarios after FIX 4.4, volume 4, appendix D ("Order State Change Matrices")."""

from __future__ import annotations

import pytest

from actors.messages import OrderStatus, ReportType, TimeInForce
from tests.actors.oms.support import Bench

# What happens, one word each, with status, filled and leaves after it; "fill:30" is a trade of 30 of 100 lots.
SCENARIOS = {
    "filled in parts": "submit=pending_new/0/100 new=new/0/100 fill:30=partially_filled/30/70 fill:70=filled/100/0",
    "part filled, then done for the day": "submit=pending_new/0/100 new=new/0/100 fill:30=partially_filled/30/70 "
    "expired=expired/30/0",
    "filled before it was acknowledged": "submit=pending_new/0/100 fill:100=filled/100/0 new=filled/100/0",
    "part filled before it was acknowledged": "submit=pending_new/0/100 fill:30=partially_filled/30/70 "
    "new=partially_filled/30/70 fill:70=filled/100/0",
    "rejected": "submit=pending_new/0/100 rejected=rejected/0/0",
    "rejected after it was acknowledged": "submit=pending_new/0/100 new=new/0/100 rejected=rejected/0/0",
    "cancel of an unfilled order": "submit=pending_new/0/100 new=new/0/100 cancel=pending_cancel/0/100 "
    "canceled=canceled/0/0",
    "cancel of a part filled order, with a fill while it is pending": "submit=pending_new/0/100 new=new/0/100 "
    "fill:20=partially_filled/20/80 cancel=pending_cancel/20/80 fill:30=pending_cancel/50/50 canceled=canceled/50/0",
    "filled while the cancel is pending, the cancel is refused": "submit=pending_new/0/100 new=new/0/100 "
    "cancel=pending_cancel/0/100 fill:100=pending_cancel/100/0 cancel_rejected=filled/100/0",
    "cancel refused, order lives on": "submit=pending_new/0/100 new=new/0/100 cancel=pending_cancel/0/100 "
    "cancel_rejected=new/0/100 fill:100=filled/100/0",
    "cancel refused, part filled order lives on": "submit=pending_new/0/100 new=new/0/100 "
    "fill:20=partially_filled/20/80 cancel=pending_cancel/20/80 cancel_rejected=partially_filled/20/80",
    "cancel of an order that is not acknowledged": "submit=pending_new/0/100 cancel=pending_cancel/0/100 "
    "new=pending_cancel/0/100 canceled=canceled/0/0",
    "cancel refused before the order is acknowledged": "submit=pending_new/0/100 cancel=pending_cancel/0/100 "
    "cancel_rejected=pending_new/0/100 new=new/0/100",
    "order rejected while the cancel is pending": "submit=pending_new/0/100 cancel=pending_cancel/0/100 "
    "rejected=rejected/0/0 cancel_rejected=rejected/0/0",
    "order expires while the cancel is pending": "submit=pending_new/0/100 new=new/0/100 "
    "cancel=pending_cancel/0/100 expired=expired/0/0 cancel_rejected=expired/0/0",
    "unsolicited cancel": "submit=pending_new/0/100 new=new/0/100 canceled=canceled/0/0",
    "unsolicited cancel of a part filled order": "submit=pending_new/0/100 new=new/0/100 "
    "fill:20=partially_filled/20/80 canceled=canceled/20/0",
    "good till cancel over days": "submit:gtc=pending_new/0/100 new=new/0/100 fill:20=partially_filled/20/80 "
    "fill:80=filled/100/0",
    "fill or kill, nothing done": "submit:fok=pending_new/0/100 new=new/0/100 canceled=canceled/0/0",
    "fill or kill, done": "submit:fok=pending_new/0/100 new=new/0/100 fill:100=filled/100/0",
    "immediate or cancel, part done": "submit:ioc=pending_new/0/100 new=new/0/100 fill:60=partially_filled/60/40 "
    "canceled=canceled/60/0",
    "immediate or cancel, canceled without acknowledgement": "submit:ioc=pending_new/0/100 canceled=canceled/0/0",
    "a late fill after the cancel is booked": "submit=pending_new/0/100 new=new/0/100 cancel=pending_cancel/0/100 "
    "canceled=canceled/0/0 fill:40=canceled/40/0 fill:60=filled/100/0",
    "a late fill after expiry is booked": "submit=pending_new/0/100 new=new/0/100 expired=expired/0/0 "
    "fill:40=expired/40/0 fill:60=filled/100/0",
    "a cancel confirmed twice": "submit=pending_new/0/100 new=new/0/100 canceled=canceled/0/0 canceled=canceled/0/0",
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_an_order_goes_through_its_states(scenario: str) -> None:
    bench = Bench()
    filled = 0
    for step in scenario.split():
        what, _, after = step.partition("=")
        word, _, detail = what.partition(":")
        if word == "submit":
            bench.submit(time_in_force=TimeInForce(detail or "day"))
        elif word == "cancel":
            bench.cancel()
        elif word == "fill":
            filled += int(detail)
            bench.report(ReportType.TRADE, quantity=int(detail))
        else:
            bench.report(ReportType(word))
        status, cumulative, leaves = after.split("/")
        order = bench.order()
        assert (order.status, order.filled_quantity, order.leaves_quantity) == (
            OrderStatus(status),
            int(cumulative),
            int(leaves),
        ), what
        assert bench.partition.accounts["main"].books.position(0) == filled
        assert len(bench.partition.standing) == bool(order.leaves_quantity)
    assert bench.partition.alarms == []


ILLEGAL = {
    "acknowledged after the cancel": ("canceled", "new"),
    "acknowledged after expiry": ("expired", "new"),
    "acknowledged after rejection": ("rejected", "new"),
    "canceled after the fill": ("fill:100", "canceled"),
    "rejected after a fill": ("fill:10", "rejected"),
    "expired after the cancel": ("canceled", "expired"),
    "rejected after expiry": ("expired", "rejected"),
}


@pytest.mark.parametrize(("first", "then"), ILLEGAL.values(), ids=ILLEGAL.keys())
def test_a_contradiction_leaves_the_order_as_it_is_and_raises_an_alarm(first: str, then: str) -> None:
    bench = Bench()
    bench.submit()
    word, _, quantity = first.partition(":")
    if quantity:
        bench.report(ReportType.TRADE, quantity=int(quantity))
    else:
        bench.report(ReportType(word))
    before = bench.order()
    effects = bench.report(ReportType(then))
    assert bench.order() == before
    assert effects.events == []
    assert [alarm.code for alarm in bench.partition.alarms] == ["TRANSITION_ILLEGAL"]
    assert bench.partition.alarms[0].order_id == "3-1"
