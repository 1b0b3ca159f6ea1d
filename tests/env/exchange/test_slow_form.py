"""What the exchange does fast is what the rules say the long way."""

from __future__ import annotations

import itertools

from hypothesis import given, settings

from actors.market.ticks import MarketSlice
from actors.messages import VenueOrder, VenueReplace
from tests.env.exchange.builders import brief
from tests.env.exchange.scenarios import EVERY, PLAIN, Step, days, new_exchange, play
from tests.env.exchange.slow_form import Brief, SlowExchange


def expected(slow: SlowExchange, step: Step) -> list[Brief]:
    content = step[1]
    if isinstance(content, VenueOrder):
        return slow.submit(content)
    if isinstance(content, VenueReplace):
        return slow.replace(content)
    return slow.match(content) if isinstance(content, MarketSlice) else slow.cancel(str(content))


def settled(reports: list[Brief]) -> list[Brief]:
    """The reports, those of orders that expire together in order of their ids."""
    blocks = itertools.groupby(reports, key=lambda report: report[0] == "expired")
    return [report for expires, block in blocks for report in (sorted(block, key=str) if expires else block)]


def agree(steps: list[Step]) -> None:
    fast, slow = new_exchange("0.1"), SlowExchange(share=10)
    for step in steps:
        assert settled(brief(play(fast, step))) == settled(expected(slow, step)), step


@settings(deadline=None, max_examples=50)
@given(days(PLAIN))
def test_plain_orders_get_what_they_get_the_long_way(steps: list[Step]) -> None:
    agree(steps)


@settings(deadline=None, max_examples=250)
@given(days(EVERY))
def test_orders_of_every_kind_get_what_they_get_the_long_way(steps: list[Step]) -> None:
    agree(steps)
