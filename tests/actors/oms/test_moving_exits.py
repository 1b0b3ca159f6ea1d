"""Orders of which only one can fill are moved without counting twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages import MONEY_UNIT, Contingency, OrderType, ReportType, Side, TimeInForce
from tests.actors.oms.exits import stop, target
from tests.actors.oms.laws import exposure_is_the_worst_case
from tests.actors.oms.support import IN_PLACE, LIMITS, PLAIN, Bench, submission

BUY, SELL, GTC = Side.BUY, Side.SELL, TimeInForce.GTC
OCO, BRACKET = Contingency.OCO, Contingency.BRACKET


def exits(position: int = 100, **fields: Any) -> Bench:
    """A bench with a position of 100 and two exits of which one cancels the other (c1 at the venue, c2 watching)."""
    here = Bench(LIMITS, capabilities=IN_PLACE)
    here.submit("c0", quantity=position)
    here.trade(position)
    here.submit_list(OCO, target("c1", position), stop("c2", position, **fields))
    here.report_new("3-2")
    return here


@pytest.mark.parametrize("reduce_only", [False, True])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("c1", {"limit_price": 10_300}), ("c1", {"quantity": 50}),
        ("c2", {"stop_price": 9_950}), ("c2", {"quantity": 50}), ("c2", {"quantity": 50, "stop_price": 9_800}),
    ],
)  # fmt: skip
def test_an_exit_of_the_whole_position_may_be_moved(reduce_only: bool, name: str, wanted: dict[str, int]) -> None:
    here = exits(reduce_only=reduce_only)
    assert here.replace(name, **wanted).refusal is None
    assert here.open_quantity(SELL) == 100
    exposure_is_the_worst_case(here.partition)


@pytest.mark.parametrize("name", ["c1", "c2"])
def test_an_exit_of_more_than_the_position_is_still_refused(name: str) -> None:
    here = exits()
    refusal = here.replace(name, quantity=101).refusal
    assert refusal is not None and refusal[0] == "SHORT_SALE_FORBIDDEN"


def test_the_smaller_exit_may_become_as_large_as_the_other() -> None:
    here = exits()
    here.replace("c1", quantity=40)
    here.report(ReportType.REPLACED, "3-2", revision=1)
    assert here.replace("c1", "r2", quantity=100).refusal is None
    here.report(ReportType.REPLACED, "3-2", revision=2)
    assert here.open_quantity(SELL) == 100
    exposure_is_the_worst_case(here.partition)


def test_of_two_buys_that_take_all_cash_each_may_be_made_cheaper() -> None:
    here = Bench(LIMITS, 1_000 * MONEY_UNIT, IN_PLACE)
    legs = [submission(f"c{at}", quantity=10, limit_price=price) for at, price in ((1, 9_990), (2, 9_980))]
    here.submit_list(OCO, *legs)
    here.report_new("3-1")
    here.report_new("3-2")
    assert here.replace("c2", "r1", limit_price=9_970).refusal is None
    assert here.replace("c1", "r2", limit_price=9_970).refusal is None
    refusal = here.replace("c2", "r3", quantity=11).refusal
    assert refusal is not None and refusal[0] == "BUYING_POWER"


def test_exits_that_are_still_held_may_be_moved_whatever_the_cash() -> None:
    here = Bench(LIMITS, 1_000 * MONEY_UNIT, IN_PLACE)
    entry = submission("c1", quantity=9, limit_price=9_990)
    here.submit_list(Contingency.OTO, entry, submission("c2", quantity=9, limit_price=9_900))
    assert here.replace("c2", limit_price=9_890).refusal is None


def test_an_order_may_be_made_smaller_where_the_position_has_gone() -> None:
    here = exits()
    here.report(ReportType.TRADE_CANCEL, "3-1", reference_id="e1")
    assert here.position() == 0
    assert here.replace("c1", quantity=50).refusal is None


_exposure_reasons = {"SHORT_SALE_FORBIDDEN", "BUYING_POWER", "POSITION_LIMIT", "REDUCE_ONLY_WOULD_OPEN", "MARGIN"}
_quantities = st.integers(1, 120)
_prices = st.integers(9_950, 10_000)


@settings(max_examples=150, deadline=None)
@given(
    side=st.sampled_from(Side),
    pair=st.tuples(_quantities, _quantities, _prices, _prices),
    moves=st.lists(st.tuples(st.integers(0, 1), _quantities, _prices, st.integers(0, 3)), max_size=6),
    capabilities=st.sampled_from([PLAIN, IN_PLACE]),
)
def test_what_gets_smaller_and_cheaper_passes_and_what_is_granted_is_counted_from_scratch(
    side: Side, pair: tuple[int, int, int, int], moves: list[tuple[int, int, int, int]], capabilities: Any
) -> None:
    here = Bench(LIMITS, 12_000 * MONEY_UNIT, capabilities)
    position = max(pair[:2]) if side is SELL else 0
    if position:
        here.submit("c0", quantity=position, limit_price=10_000)
        here.trade(position)
    sign = 1 if side is BUY else -1
    first = len(here.partition.orders)
    legs = [
        submission(f"leg{at}", side, pair[at], limit_price=10_000 - sign * (10_000 - pair[2 + at])) for at in (0, 1)
    ]
    here.submit_list(OCO, *legs)
    ids = [f"3-{first + 1 + at}" for at in (0, 1)]
    for order_id in ids:
        if here.partition.orders[order_id].order.status.is_open:
            here.report_new(order_id)
    for number, (at, quantity, price, answer) in enumerate(moves):
        working = here.partition.orders[ids[at]]
        if not working.order.status.is_open or working.replacing:
            continue
        limit = 10_000 - sign * (10_000 - price)
        before = working.terms
        refusal = here.replace(f"leg{at}", f"r{number}", quantity=quantity, limit_price=limit).refusal
        cheaper = side is SELL or limit <= (before.limit_price or 0)
        if quantity <= before.quantity and cheaper:
            assert refusal is None or refusal[0] not in _exposure_reasons
        if refusal is None:
            account = here.partition.accounts["main"]
            assert side is BUY or account.exposure.open_quantity(0, SELL) <= account.books.position(0)
            if answer and working.amendments:
                granted = ReportType.REPLACED if answer > 1 else ReportType.REPLACE_REJECTED
                if capabilities is PLAIN:
                    granted = ReportType.CANCELED if answer > 1 else ReportType.CANCEL_REJECTED
                here.report(granted, working.venue_id, revision=working.revision)
        exposure_is_the_worst_case(here.partition)


def test_a_stop_limit_of_a_short_bracket_may_be_moved() -> None:
    here = Bench(LIMITS, 3_000 * MONEY_UNIT, IN_PLACE)
    legs = (
        submission("c1", quantity=20, limit_price=9_800, time_in_force=GTC),
        submission("c2", quantity=20, type=OrderType.STOP_LIMIT, stop_price=10_300, limit_price=10_400),
    )
    here.submit_list(OCO, *legs)
    here.report_new("3-1")
    assert here.replace("c2", stop_price=10_250, limit_price=10_350).refusal is None
    exposure_is_the_worst_case(here.partition)
