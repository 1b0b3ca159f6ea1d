import numpy as np

from actors.market.ticks import (
    FEW,
    TICK,
    Kind,
    MarketSlice,
    decode_market_slice,
    decode_raw_slice,
    events,
    last_prices,
)
from actors.messages import encode
from tests.actors.market.builders import MONDAY as T
from tests.actors.market.builders import raw_slice, rows, trade


def tick(kind, number, *values):
    return (int(kind), 0, 0, 0, number, T, T, 0, *values, *[0] * (6 - len(values)))


def test_the_last_price_of_an_instrument_is_that_of_its_newest_row_with_a_price():
    ticks = np.array(
        [
            tick(Kind.BAR, 5, 1, 9, 1, 7),
            tick(Kind.TRADE, 2, 40),
            tick(Kind.QUOTE, 5, 10, 13),
            tick(Kind.QUOTE, 2, 0, 99),
            tick(Kind.BOOK, 2, 77),
            tick(Kind.TRADE, 9, 3),
            tick(Kind.TRADE, 9, 4),
        ],
        TICK,
    )
    assert last_prices(ticks) == {2: 40, 5: 11, 9: 4}
    many = np.tile(ticks, FEW)
    assert last_prices(many) == {2: 40, 5: 11, 9: 4} and list(last_prices(many)) == list(last_prices(ticks))


def test_without_rows_there_are_no_prices_and_no_events():
    nothing = np.empty(0, TICK)
    assert last_prices(nothing) == {}
    assert events(nothing) == []


def test_book_rows_are_no_events():
    assert events(np.array([tick(Kind.BOOK, 1, 5)], TICK)) == []


def test_slices_come_back_from_the_wire_as_they_were():
    raw = raw_slice(rows(trade(T, 100)), 3, unknown={0: "GME"})
    assert decode_raw_slice(encode(raw)) == raw
    published = MarketSlice(1, 3, T, np.array([tick(Kind.TRADE, 2, 40)], TICK).tobytes())
    assert decode_market_slice(encode(published)) == published
    assert published.ticks()["first"].tolist() == [40]
