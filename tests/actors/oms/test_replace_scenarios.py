"""Scenarios C and D of FIX 4.4's order state changes: replacements (``scenarios`` says how they are written).

On purpose the OMS differs from them in this:

* A replacement is pending from the moment it is asked for, not once the venue has said so; so an order that is filled
  meanwhile is ``pending_replace`` until the venue has answered (C.2.a).
* A filled order can't be replaced by more: it is closed, and a new order says the same (C.1.c). Where the request and
  the fill cross, and the venue grants it, the order opens again.
* The reports between two replacements that are pending at once show the terms in force, never those that are only
  pending (D.2.b, row 7).
"""

from __future__ import annotations

import pytest

from tests.actors.oms.scenarios import play

_NEW = """
    order 10000 = pending_new 10000 0 10000
    new = new 10000 0 10000
"""
_STARTED = _NEW + """
    trade B 1000 = partially_filled 10000 1000 9000
"""
_CHAINED = _STARTED + """
    replace Y 8000 = pending_replace 10000 1000 9000
    replace Z 7000 = pending_replace 10000 1000 9000
"""

FIX = {
    "C.1.a zero-filled order, replaced by more": _NEW
    + """
    replace Y 11000 = pending_replace 10000 0 10000
    pending_replace = pending_replace 10000 0 10000
    replaced Y = new 11000 0 11000
    trade B 1000 = partially_filled 11000 1000 10000
    trade C 2000 = partially_filled 11000 3000 8000
    """,
    "C.1.a the replacement is refused": _NEW
    + """
    replace Y 11000 = pending_replace 10000 0 10000
    replace_rejected Y = new 10000 0 10000
    trade B 10000 = filled 10000 10000 0
    """,
    "C.1.b part-filled order, replaced by more, execution while it is pending": _STARTED
    + """
    replace Y 12000 = pending_replace 10000 1000 9000
    pending_replace = pending_replace 10000 1000 9000
    trade C 100 = pending_replace 10000 1100 8900
    replaced Y = partially_filled 12000 1100 10900
    trade D 10900 = filled 12000 12000 0
    """,
    "C.1.b the replacement is refused": _STARTED
    + """
    replace Y 12000 = pending_replace 10000 1000 9000
    trade C 100 = pending_replace 10000 1100 8900
    replace_rejected Y = partially_filled 10000 1100 8900
    """,
    "C.1.c filled order, to be replaced by more": _NEW
    + """
    trade B 10000 = filled 10000 10000 0
    replace Y 12000 ! ORDER_CLOSED
    """,
    "C.1.c replacement by more and fill cross": _NEW
    + """
    replace Y 12000 = pending_replace 10000 0 10000
    trade B 10000 = pending_replace 10000 10000 0
    replaced Y = partially_filled 12000 10000 2000
    trade C 2000 = filled 12000 12000 0
    """,
    "C.2.a replacement, not of the quantity, refused as a fill has occurred": _STARTED
    + """
    replace Y @9900 = pending_replace 10000 1000 9000
    trade C 9000 = pending_replace 10000 10000 0
    replace_rejected Y = filled 10000 10000 0
    """,
    "C.3.a replaced by less, still more than is filled": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    trade C 500 = pending_replace 10000 1500 8500
    pending_replace = pending_replace 10000 1500 8500
    trade D 100 = pending_replace 10000 1600 8400
    replaced Y = partially_filled 8000 1600 6400
    trade E 6400 = filled 8000 8000 0
    """,
    "C.3.a the replacement is refused": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    trade C 500 = pending_replace 10000 1500 8500
    replace_rejected Y = partially_filled 10000 1500 8500
    """,
    "C.3.b replaced by what is filled meanwhile": _NEW
    + """
    replace Y 7000 = pending_replace 10000 0 10000
    trade B 7000 = pending_replace 10000 7000 3000
    replaced Y = filled 7000 7000 0
    """,
    "C.3.c replaced by less than is filled meanwhile": _NEW
    + """
    replace Y 7000 = pending_replace 10000 0 10000
    trade B 8000 = pending_replace 10000 8000 2000
    replaced Y = filled 8000 8000 0
    """,
    "D.1.a one replacement accepted, then another": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    pending_replace = pending_replace 10000 1000 9000
    trade C 500 = pending_replace 10000 1500 8500
    replaced Y = partially_filled 8000 1500 6500
    trade D 2000 = partially_filled 8000 3500 4500
    replace Z 6000 = pending_replace 8000 3500 4500
    pending_replace = pending_replace 8000 3500 4500
    trade E 500 = pending_replace 8000 4000 4000
    replaced Z = partially_filled 6000 4000 2000
    trade F 2000 = filled 6000 6000 0
    """,
    "D.1.b one replacement refused before it was pending, then another accepted": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    replace_rejected Y = partially_filled 10000 1000 9000
    trade C 500 = partially_filled 10000 1500 8500
    trade D 2000 = partially_filled 10000 3500 6500
    replace Z 6000 = pending_replace 10000 3500 6500
    pending_replace = pending_replace 10000 3500 6500
    replaced Z = partially_filled 6000 3500 2500
    trade E 2500 = filled 6000 6000 0
    """,
    "D.1.c one replacement refused after it was pending, then another accepted": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    pending_replace = pending_replace 10000 1000 9000
    trade C 500 = pending_replace 10000 1500 8500
    replace_rejected Y = partially_filled 10000 1500 8500
    trade D 2000 = partially_filled 10000 3500 6500
    replace Z 6000 = pending_replace 10000 3500 6500
    pending_replace = pending_replace 10000 3500 6500
    replaced Z = partially_filled 6000 3500 2500
    trade E 1500 = partially_filled 6000 5000 1000
    """,
    "D.2.a two replacements at once, processed one after the other": _CHAINED
    + """
    pending_replace = pending_replace 10000 1000 9000
    trade C 500 = pending_replace 10000 1500 8500
    replaced Y = pending_replace 8000 1500 6500
    pending_replace = pending_replace 8000 1500 6500
    trade D 1000 = pending_replace 8000 2500 5500
    replaced Z = partially_filled 7000 2500 4500
    trade E 4500 = filled 7000 7000 0
    """,
    "D.2.b two replacements at once, both pending before either is granted": _CHAINED
    + """
    pending_replace = pending_replace 10000 1000 9000
    pending_replace = pending_replace 10000 1000 9000
    replaced Y = pending_replace 8000 1000 7000
    replaced Z = partially_filled 7000 1000 6000
    trade C 6000 = filled 7000 7000 0
    """,
    "D.2.c two replacements at once, both refused": _CHAINED
    + """
    pending_replace = pending_replace 10000 1000 9000
    replace_rejected Y = pending_replace 10000 1000 9000
    replace_rejected Z = partially_filled 10000 1000 9000
    trade C 9000 = filled 10000 10000 0
    """,
    "D.2.d two replacements at once, the second refused as the first is pending": _CHAINED
    + """
    pending_replace = pending_replace 10000 1000 9000
    replace_rejected Z = pending_replace 10000 1000 9000
    replaced Y = partially_filled 8000 1000 7000
    trade C 2000 = partially_filled 8000 3000 5000
    """,
}

BEYOND = {
    "two replacements at once, the first refused": _CHAINED
    + """
    replace_rejected Y = pending_replace 10000 1000 9000
    replaced Z = partially_filled 7000 1000 6000
    """,
    "replaced before it was acknowledged": """
    order 10000 = pending_new 10000 0 10000
    replace Y 8000 = pending_replace 10000 0 10000
    new = pending_replace 10000 0 10000
    replaced Y = new 8000 0 8000
    """,
    "rejected while a replacement is pending": """
    order 10000 = pending_new 10000 0 10000
    replace Y 8000 = pending_replace 10000 0 10000
    rejected = rejected 10000 0 0
    replace_rejected Y = rejected 10000 0 0
    """,
    "canceled while a replacement is pending": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    cancel = pending_cancel 10000 1000 9000
    replaced Y = pending_cancel 8000 1000 7000
    canceled = canceled 8000 1000 0
    """,
    "the cancel is refused while a replacement is pending": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    cancel = pending_cancel 10000 1000 9000
    cancel_rejected = pending_replace 10000 1000 9000
    replaced Y = partially_filled 8000 1000 7000
    """,
    "no replacement of an order that is being canceled": _STARTED
    + """
    cancel = pending_cancel 10000 1000 9000
    replace Y 8000 ! ORDER_CLOSED
    """,
    "canceled by the venue while a replacement is pending, granted late": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    canceled = canceled 10000 1000 0
    replaced Y = canceled 10000 1000 0
    """,
    "granted twice": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    replaced Y = partially_filled 8000 1000 7000
    restated 9000 = partially_filled 9000 1000 8000
    replaced Y = partially_filled 9000 1000 8000
    """,
    "refused after it was granted": _STARTED
    + """
    replace Y 8000 = pending_replace 10000 1000 9000
    replaced Y = partially_filled 8000 1000 7000
    replace_rejected Y = partially_filled 8000 1000 7000
    """,
    "replaced while it is done for the day": """
    order 10000 gtc = pending_new 10000 0 10000
    new = new 10000 0 10000
    done_for_day = done_for_day 10000 0 10000
    replace Y 8000 = pending_replace 10000 0 10000
    replaced Y = done_for_day 8000 0 8000
    """,
}


@pytest.mark.parametrize("scenario", FIX.values(), ids=FIX.keys())
def test_an_order_is_replaced_through_the_states_of_fix(scenario: str) -> None:
    play(scenario)


@pytest.mark.parametrize("scenario", BEYOND.values(), ids=BEYOND.keys())
def test_an_order_is_replaced_through_its_states(scenario: str) -> None:
    play(scenario)


def test_a_replacement_granted_after_the_fill_sends_nothing_for_the_venue_has_it() -> None:
    bench = play(FIX["C.1.c replacement by more and fill cross"]).bench
    assert [type(message).__name__ for message in bench.sent()] == ["VenueOrder", "VenueReplace"]
