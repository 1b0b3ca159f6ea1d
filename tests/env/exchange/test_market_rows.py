from __future__ import annotations

import fractions

import numpy as np

from actors.clock import MINUTE
from actors.market.ticks import TICK
from env.exchange.market_rows import _ROW, events
from tests.env.exchange.builders import bar, market, quote, trade


def test_a_row_is_read_by_hand_as_it_is_read_through_the_array() -> None:
    assert _ROW.size == TICK.itemsize
    rows = np.random.default_rng(4).integers(0, 256, 50 * TICK.itemsize, np.uint8).tobytes()
    assert list(_ROW.iter_unpack(rows)) == np.frombuffer(rows, TICK).tolist()


def test_book_messages_are_no_events_and_other_rows_are_as_long_as_their_instrument_is_wanted() -> None:
    book = (4, 1, 1, 0, 0, MINUTE, MINUTE, 0, 100, 200, 0, 0, 0, 5)
    rows = [bar(0, 1, 2, 1, 2, 9), book, quote(MINUTE, 1, 2, 3, 4), trade(MINUTE, 1, 2, instrument=1)]
    wanted = {0, 1}
    found = []
    for instrument, event in events(market(1, MINUTE, rows), wanted, fractions.Fraction(1)):
        found.append((instrument, type(event).__name__))
        wanted.discard(0)
    assert found == [(0, "BarEvent"), (1, "TradeEvent")]
