"""Checks many rows of one kind on their own, in arrays: the fast way for the large slices of a replay.

``row_checks`` does the same for one row; both give the same answer for every row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.market.hours import CLOSED
from actors.market.increments import whole_many
from actors.market.master import Master
from actors.market.row_checks import (
    CROSSED_QUOTE,
    FUTURE_TIME,
    IMPOSSIBLE_BAR,
    KNOWN_TOO_EARLY,
    MISSING_VALUE,
    NEGATIVE_VOLUME,
    NON_POSITIVE_PRICE,
    NOT_VALID,
    OFF_INCREMENT,
    OUT_OF_RANGE,
    OUTSIDE_SESSION,
    UNKNOWN_INSTRUMENT,
    UNKNOWN_KIND,
)
from actors.market.ticks import BookAction, Kind, Ticks

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PRICES = {Kind.BAR: 4, Kind.QUOTE: 2, Kind.TRADE: 1, Kind.BOOK: 1}
"""Number of prices, which are a row's first numbers."""
SIZES = {Kind.BAR: 1, Kind.QUOTE: 2, Kind.TRADE: 1, Kind.BOOK: 1}
"""Number of quantities, which follow them."""


class CheckedColumns(NamedTuple):
    """What the rows are on their own; see ``row_checks.CheckedRow``. One entry a row."""

    code: npt.NDArray[np.uint8]
    place: Integers
    numbers: Integers
    low: Integers
    high: Integers
    level: Integers
    session: Integers
    rounded: Mask


def check_columns(kind: Kind, raw: Ticks, master: Master, latest: int, round_to_increment: bool) -> CheckedColumns:
    """Check rows of one kind on their own.

    Args:
        kind: Their kind.
        raw: ``RAW`` records; contiguous.
        master: The instruments.
        latest: Latest known time that is not in the future, UTC nanoseconds.
        round_to_increment: Whether prices off the increment are rounded instead of refused.
    """
    count, prices, sizes = len(raw), PRICES[kind], SIZES[kind]
    code = np.zeros(count, np.uint8)
    event_time, known_time = raw["event_time"], raw["known_time"]

    def refuse(fault: Mask, reason: int) -> None:
        if fault.any():
            code[fault & (code == 0)] = reason

    place = master.places[np.minimum(raw["instrument"], len(master.places) - 1)]
    unknown = place < 0
    refuse(unknown, UNKNOWN_INSTRUMENT)
    if unknown.any():
        place = np.where(unknown, 0, place)
        if unknown.all():
            return _nothing(code)
    halt = raw["action"] == BookAction.HALT if kind == Kind.BOOK else np.zeros(count, bool)
    if kind == Kind.BOOK:
        refuse(~np.isin(raw["action"], [int(action) for action in BookAction]), UNKNOWN_KIND)
    refuse((event_time < master.valid_from[place]) | (event_time >= master.valid_to[place]), NOT_VALID)

    values = raw.view(np.float64).reshape(count, -1)[:, 4 : 4 + prices + sizes]
    empty = np.zeros((count, prices), bool)
    if kind == Kind.QUOTE:
        sides = np.isnan(values) | (values == 0.0)
        empty = sides[:, :2] & sides[:, 2:]
        if empty.any():
            values = np.where(np.tile(empty, 2), 0.0, values)
    missing = ~np.isfinite(values)
    refuse((missing.any(axis=1) & ~halt) | empty.all(axis=1), MISSING_VALUE)
    if missing.any():
        values = np.where(missing, 1.0, values)
    increments = np.empty((count, prices + sizes))
    increments[:, :prices] = master.price_increment[place, np.newaxis]
    increments[:, prices:] = master.quantity_increment[place, np.newaxis]
    counted, off, too_large = whole_many(values, increments)
    not_positive = (values[:, :prices] < 0) | ((counted[:, :prices] == 0) & ~too_large[:, :prices])
    refuse((not_positive & ~empty).any(axis=1) & ~halt, NON_POSITIVE_PRICE)
    refuse((values[:, prices:] < 0).any(axis=1) & ~halt, NEGATIVE_VOLUME)
    refuse(too_large.any(axis=1) & ~halt, OUT_OF_RANGE)
    if kind == Kind.BAR:
        ends, top, bottom = values[:, [0, 3]], values[:, 1], values[:, 2]
        refuse((top < ends.max(axis=1)) | (bottom > ends.min(axis=1)), IMPOSSIBLE_BAR)
    elif kind == Kind.QUOTE:
        refuse((values[:, 0] > values[:, 1]) & ~empty[:, 1], CROSSED_QUOTE)
    if not round_to_increment:
        refuse(off[:, :prices].any(axis=1) & ~halt, OFF_INCREMENT)
    refuse(known_time < event_time, KNOWN_TOO_EARLY)
    refuse(known_time > latest, FUTURE_TIME)
    session = _sessions(kind, event_time, known_time, place, master)
    refuse(session == CLOSED, OUTSIDE_SESSION)

    numbers = np.zeros((count, 5), np.int64)
    numbers[:, : prices + sizes] = counted
    rounded: Mask = np.asarray(off.any(axis=1)) & ~halt
    if kind == Kind.BOOK:
        numbers[halt] = 0
    low, high, level = _prices(kind, numbers, empty)
    return CheckedColumns(code, place, numbers, low, high, level, session, rounded)


def _sessions(kind: Kind, event_time: Integers, known_time: Integers, place: Integers, master: Master) -> Integers:
    def within(number: int, rows: slice | npt.NDArray[np.intp]) -> Integers:
        hours = master.hours[number]
        if kind == Kind.BAR:
            return hours.of_bars(event_time[rows], known_time[rows])
        return hours.of_moments(event_time[rows])

    if len(master.hours) == 1:
        return within(0, slice(None))
    calendar = master.calendar[place]
    session = np.empty(len(place), np.int64)
    for number in np.unique(calendar).tolist():
        rows = np.flatnonzero(calendar == number)
        session[rows] = within(number, rows)
    return session


def _prices(kind: Kind, numbers: Integers, empty: Mask) -> tuple[Integers, Integers, Integers]:
    """Return low, high and level; see ``continuity.Rows``."""
    if kind == Kind.BAR:
        return numbers[:, 2], numbers[:, 1], numbers[:, 3]
    if kind == Kind.QUOTE:
        low = np.where(empty[:, 0], numbers[:, 1], numbers[:, 0])
        high = np.where(empty[:, 1], numbers[:, 0], numbers[:, 1])
        return low, high, (low + high) >> 1
    return numbers[:, 0], numbers[:, 0], numbers[:, 0]


def _nothing(code: npt.NDArray[np.uint8]) -> CheckedColumns:
    zeros = np.zeros(len(code), np.int64)
    numbers = np.zeros((len(code), 5), np.int64)
    return CheckedColumns(code, zeros, numbers, zeros, zeros, zeros, zeros, np.zeros(len(code), bool))
