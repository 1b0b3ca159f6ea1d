"""Checks one row of market data on its own, in plain Python: the fast way for the small slices of a live feed.

``column_checks`` does the same for whole arrays; both give the same answer for every row.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from actors.market.hours import CLOSED
from actors.market.increments import whole
from actors.market.master import Entry, Master
from actors.market.reasons import CODES, Reason
from actors.market.ticks import BookAction, Kind

LARGEST_NUMBER = 2**52
"""Largest number of increments that is accepted."""

UNKNOWN_INSTRUMENT = CODES[Reason.UNKNOWN_INSTRUMENT]
UNKNOWN_KIND = CODES[Reason.UNKNOWN_KIND]
NOT_VALID = CODES[Reason.NOT_VALID]
MISSING_VALUE = CODES[Reason.MISSING_VALUE]
NON_POSITIVE_PRICE = CODES[Reason.NON_POSITIVE_PRICE]
NEGATIVE_VOLUME = CODES[Reason.NEGATIVE_VOLUME]
OUT_OF_RANGE = CODES[Reason.OUT_OF_RANGE]
IMPOSSIBLE_BAR = CODES[Reason.IMPOSSIBLE_BAR]
CROSSED_QUOTE = CODES[Reason.CROSSED_QUOTE]
OFF_INCREMENT = CODES[Reason.OFF_INCREMENT]
KNOWN_TOO_EARLY = CODES[Reason.KNOWN_TOO_EARLY]
FUTURE_TIME = CODES[Reason.FUTURE_TIME]
OUTSIDE_SESSION = CODES[Reason.OUTSIDE_SESSION]

RawRow = tuple[int, int, int, int, int, int, int, int, float, float, float, float, float, int]
Numbers = tuple[int, int, int, int, int]


CheckedRow = tuple[int, int, Numbers, int, int, int, int, bool]
"""What one row is on its own; plain tuples, as one is made for every row of a live feed:

* 0, or the code of the reason; what follows means something only where it is 0;
* the place of its instrument;
* its five numbers in increments;
* low, high and level: the prices that jumps are judged by (see ``continuity.Rows``);
* the index of its session;
* whether a number was rounded to its increment.
"""

_Values = tuple[int, Numbers, int, int, int, bool, bool]
"""Code, numbers, low, high, level, whether a number was rounded, whether a price was."""

_NO_NUMBERS: Numbers = (0, 0, 0, 0, 0)


def _fault(code: int) -> _Values:
    return code, _NO_NUMBERS, 0, 0, 0, False, False


def _refused(code: int) -> CheckedRow:
    return code, 0, _NO_NUMBERS, 0, 0, 0, 0, False


def _bar(row: RawRow, entry: Entry) -> _Values:
    open_, high, low, close, volume = row[8:13]
    if not (
        -inf < open_ < inf and -inf < high < inf and -inf < low < inf and -inf < close < inf and -inf < volume < inf
    ):
        return _fault(MISSING_VALUE)
    increment = entry.price_increment
    opened, off_open = whole(open_, increment)
    highest, off_high = whole(high, increment)
    lowest, off_low = whole(low, increment)
    closed, off_close = whole(close, increment)
    traded, off_volume = whole(volume, entry.quantity_increment)
    if opened <= 0 or highest <= 0 or lowest <= 0 or closed <= 0:
        return _fault(NON_POSITIVE_PRICE)
    if volume < 0:
        return _fault(NEGATIVE_VOLUME)
    if max(opened, highest, lowest, closed, traded) > LARGEST_NUMBER:
        return _fault(OUT_OF_RANGE)
    if high < open_ or high < close or low > open_ or low > close:
        return _fault(IMPOSSIBLE_BAR)
    off = off_open or off_high or off_low or off_close
    return 0, (opened, highest, lowest, closed, traded), lowest, highest, closed, off or off_volume, off


def _quote(row: RawRow, entry: Entry) -> _Values:
    bid, ask, bid_size, ask_size = row[8:12]
    no_bid = (bid != bid or bid == 0.0) and (bid_size != bid_size or bid_size == 0.0)
    no_ask = (ask != ask or ask == 0.0) and (ask_size != ask_size or ask_size == 0.0)
    if no_bid:
        bid = bid_size = 0.0
    if no_ask:
        ask = ask_size = 0.0
    if (no_bid and no_ask) or not (
        -inf < bid < inf and -inf < ask < inf and -inf < bid_size < inf and -inf < ask_size < inf
    ):
        return _fault(MISSING_VALUE)
    bids, off_bid = whole(bid, entry.price_increment)
    asks, off_ask = whole(ask, entry.price_increment)
    bid_lots, off_bid_size = whole(bid_size, entry.quantity_increment)
    ask_lots, off_ask_size = whole(ask_size, entry.quantity_increment)
    if (bids <= 0 and not no_bid) or (asks <= 0 and not no_ask):
        return _fault(NON_POSITIVE_PRICE)
    if bid_size < 0 or ask_size < 0:
        return _fault(NEGATIVE_VOLUME)
    if max(bids, asks, bid_lots, ask_lots) > LARGEST_NUMBER:
        return _fault(OUT_OF_RANGE)
    if bid > ask and not no_ask:
        return _fault(CROSSED_QUOTE)
    low, high = asks if no_bid else bids, bids if no_ask else asks
    off = off_bid or off_ask
    numbers = (bids, asks, bid_lots, ask_lots, 0)
    return 0, numbers, low, high, (low + high) >> 1, off or off_bid_size or off_ask_size, off


def _trade(row: RawRow, entry: Entry) -> _Values:
    price, size = row[8:10]
    if not (-inf < price < inf and -inf < size < inf):
        return _fault(MISSING_VALUE)
    number, off = whole(price, entry.price_increment)
    lots, off_size = whole(size, entry.quantity_increment)
    if number <= 0:
        return _fault(NON_POSITIVE_PRICE)
    if size < 0:
        return _fault(NEGATIVE_VOLUME)
    if max(number, lots) > LARGEST_NUMBER:
        return _fault(OUT_OF_RANGE)
    return 0, (number, lots, 0, 0, 0), number, number, number, off or off_size, off


def _book(row: RawRow, entry: Entry) -> _Values:
    action = row[1]
    if action == _HALT:
        return _fault(0)
    if action not in _BOOK_ACTIONS:
        return _fault(UNKNOWN_KIND)
    return _trade(row, entry)


_BAR = int(Kind.BAR)
_HALT = int(BookAction.HALT)
_BOOK_ACTIONS = frozenset(int(action) for action in BookAction)
_BY_KIND: dict[int, Callable[[RawRow, Entry], _Values]] = {
    int(Kind.BAR): _bar,
    int(Kind.QUOTE): _quote,
    int(Kind.TRADE): _trade,
    int(Kind.BOOK): _book,
}


def check_row(row: RawRow, master: Master, latest: int, round_to_increment: bool) -> CheckedRow:
    """Check one row on its own.

    Args:
        row: The fields of a ``RAW`` record, in order.
        master: The instruments.
        latest: Latest event or known time that is not in the future, UTC nanoseconds.
        round_to_increment: Whether prices off the increment are rounded instead of refused.
    """
    kind, instrument, event_time, known_time = row[0], row[4], row[5], row[6]
    entry = master.entries.get(instrument)
    if entry is None:
        return _refused(UNKNOWN_INSTRUMENT)
    check = _BY_KIND.get(kind)
    if check is None:
        return _refused(UNKNOWN_KIND)
    code, numbers, low, high, level, rounded, off = check(row, entry)
    if code == UNKNOWN_KIND:
        return _refused(UNKNOWN_KIND)
    place, valid_from, valid_to, _, _, hours = entry
    if not valid_from <= event_time < valid_to:
        return _refused(NOT_VALID)
    if code:
        return _refused(code)
    if off and not round_to_increment:
        return _refused(OFF_INCREMENT)
    if known_time < event_time:
        return _refused(KNOWN_TOO_EARLY)
    if known_time > latest:
        return _refused(FUTURE_TIME)
    session = hours.of_bar(event_time, known_time) if kind == _BAR else hours.of_moment(event_time)
    if session == CLOSED:
        return _refused(OUTSIDE_SESSION)
    return 0, place, numbers, low, high, level, session, rounded
