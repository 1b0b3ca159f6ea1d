"""Rows, slices and instruments for the tests of the market room."""

from __future__ import annotations

from typing import Any

import numpy as np

from actors.clock import DAY, HOUR, MINUTE
from actors.market.ticks import RAW, UNKNOWN_INSTRUMENT, Kind, RawSlice, Ticks
from actors.messages import Instrument

NAN = float("nan")
INFINITE = float("inf")

MONDAY = 1_704_672_000_000_000_000 + 14 * HOUR + 30 * MINUTE
"""2024-01-08 14:30 UTC, when New York opens."""

NONE = UNKNOWN_INSTRUMENT


def instrument(number: int = 0, calendar: str = "24/7", **parts: Any) -> Instrument:
    """Return an instrument with a price increment of 0.01 and a lot of 1."""
    return Instrument(id=number, symbol=f"SYM{number}", calendar=calendar, **parts)


def rows(*each: tuple[Any, ...]) -> Ticks:
    """Return rows as a ``RAW`` array, numbered from 0."""
    made = np.array(list(each), RAW)
    made["row"] = np.arange(len(made))
    return made


def bar(
    time: int,
    open_: float = 100.0,
    high: float | None = None,
    low: float | None = None,
    close: float | None = None,
    volume: float = 1000.0,
    number: int = 0,
    period: int = MINUTE,
    known: int | None = None,
) -> tuple[Any, ...]:
    """Return a bar; where not given, the close is the open and the range is that of both."""
    close = open_ if close is None else close
    high = max(open_, close) if high is None else high
    low = min(open_, close) if low is None else low
    known = time + period if known is None else known
    return (int(Kind.BAR), 0, 0, 0, number, time, known, 0, open_, high, low, close, volume, period)


def quote(
    time: int, bid: float, ask: float, bid_size: float = 1.0, ask_size: float = 1.0, number: int = 0
) -> tuple[Any, ...]:
    """Return a quote."""
    return (int(Kind.QUOTE), 0, 0, 0, number, time, time, 0, bid, ask, bid_size, ask_size, NAN, 0)


def trade(time: int, price: float, size: float = 1.0, side: int = 1, number: int = 0, key: int = 0) -> tuple[Any, ...]:
    """Return a trade."""
    return (int(Kind.TRADE), 0, side, 0, number, time, time, 0, price, size, NAN, NAN, NAN, key)


def book(
    time: int, action: int, order: int, price: float, size: float, side: int = 1, number: int = 0
) -> tuple[Any, ...]:
    """Return a book message."""
    return (int(Kind.BOOK), action, side, 0, number, time, time, 0, price, size, NAN, NAN, NAN, order)


def raw_slice(ticks: Ticks, sequence: int = 1, time: int | None = None, **parts: Any) -> RawSlice:
    """Return a slice at the newest known time of its rows (or ``time``)."""
    if time is None:
        time = int(ticks["known_time"].max()) if len(ticks) else MONDAY
    return RawSlice(sequence, time, ticks.tobytes(), source="test", **parts)


def daily_slices(panel: Any, numbers: dict[str, int]) -> list[RawSlice]:
    """Return one slice a session from a long table of daily bars on New York's calendar.

    Args:
        panel: A pandas table with the columns date, ticker, open, high, low, close, volume.
        numbers: Instrument id by ticker.
    """
    from actors.calendars import hours_of_dates

    panel = panel.sort_values(["date", "ticker"], kind="stable")
    dates = panel["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    opens, closes, _ = hours_of_dates("XNYS", dates)
    made = np.zeros(len(panel), RAW)
    made["kind"] = Kind.BAR
    made["instrument"] = panel["ticker"].map(numbers).to_numpy()
    made["event_time"], made["known_time"], made["row"] = opens, closes, np.arange(len(panel))
    for field, column in zip(("first", "second", "third", "fourth"), ("open", "high", "low", "close"), strict=True):
        made[field] = np.round(panel[column].to_numpy().astype(np.float64), 4)
    made["fifth"] = panel["volume"].to_numpy()
    made["reference"] = DAY
    cuts = np.flatnonzero(np.diff(closes)) + 1
    return [raw_slice(part, number + 1) for number, part in enumerate(np.split(made, cuts))]
