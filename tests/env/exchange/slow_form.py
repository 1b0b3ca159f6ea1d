"""The exchange's rules written down the long way: every order is asked at every row. What is fast has to agree."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np

from actors.clock import DAY
from actors.market.ticks import Kind, MarketSlice
from actors.messages import VenueOrder, VenueReplace
from tests.env.exchange.builders import Row
from tests.env.exchange.scenarios import short_sessions

Brief = tuple[object, ...]
Last = tuple[Row, dict[str, list[int]]]
IMMEDIATE = ("ioc", "fok", "at_open", "at_close")


@dataclasses.dataclass
class Entry:
    """One order, and all that is known of it."""

    order: VenueOrder
    number: int
    accepted_at: int
    quantity: int
    limit: int | None
    opens_at: int = 0
    closes_at: int = 0
    closed_before: int = 0
    expires_at: int | None = None
    filled: int = 0
    status: str = "open"
    stands: bool = True
    is_new: bool = True
    revision: int = 0
    passed: bool = False
    post_only: bool = False

    @property
    def leaves(self) -> int:
        return self.quantity - self.filled if self.status == "open" else 0

    @property
    def tif(self) -> str:
        return str(self.order.time_in_force)

    def accepts(self, price: int) -> bool:
        return self.limit is None or (price - self.limit) * self.order.side.sign <= 0


class SlowExchange:
    """Gives reports as ``brief`` does."""

    def __init__(self, share: int) -> None:
        self.share = share  # of a volume, one in so many
        self.entries: dict[str, Entry] = {}
        self.clock = 0
        self.newest: dict[tuple[int, int], Last] = {}
        self.volume = [0]
        self.numbers = itertools.count(1)
        self.opens, self.closes = (times.tolist() for times in short_sessions(""))

    def submit(self, order: VenueOrder) -> list[Brief]:
        accepted_at = max(self.clock, order.time)
        if order.conditions is not None and (order.conditions.expire_time or DAY) <= accepted_at:
            self.entries[order.order_id] = Entry(order, 0, 0, 0, None, status="rejected")
            return [("rejected", order.order_id)]
        entry = Entry(order, next(self.numbers), accepted_at, order.quantity, order.limit_price)
        self.entries[order.order_id] = entry
        entry.post_only = order.conditions is not None and order.conditions.post_only
        if entry.tif in ("day", "at_close", "at_open"):
            if entry.tif == "at_open":
                place = min(at for at, opens in enumerate(self.opens) if opens >= accepted_at)
            else:
                place = min(at for at, closes in enumerate(self.closes) if closes > accepted_at)
            entry.opens_at, entry.closes_at = self.opens[place], self.closes[place]
            entry.closed_before = self.closes[place - 1] if place else entry.opens_at
            entry.expires_at = self.opens[place + 1]
            entry.stands = entry.tif == "day"
        elif entry.tif == "gtd":
            assert order.conditions is not None
            entry.expires_at = order.conditions.expire_time
        return [("new", order.order_id)]

    def replace(self, wanted: VenueReplace) -> list[Brief]:
        entry = self.entries.get(wanted.order_id)
        if entry is not None and wanted.revision <= entry.revision:
            return []
        if entry is not None:
            entry.revision = wanted.revision
        is_fine = wanted.quantity > 0 and entry is not None and (wanted.limit_price is None) == (entry.limit is None)
        expire_time = None if wanted.conditions is None else wanted.conditions.expire_time
        is_late = expire_time is not None and expire_time <= max(self.clock, wanted.time)
        if entry is None or not entry.leaves or not is_fine or is_late:
            return [("replace_rejected", wanted.order_id)]
        entry.post_only = wanted.conditions is not None and wanted.conditions.post_only
        entry.expires_at = expire_time or entry.expires_at
        if wanted.quantity <= entry.filled:
            entry.quantity, entry.status = entry.filled, "filled"
        elif wanted.quantity <= entry.quantity and wanted.limit_price == entry.limit:
            entry.quantity = wanted.quantity
        else:
            entry.quantity, entry.limit, entry.number = wanted.quantity, wanted.limit_price, next(self.numbers)
            entry.accepted_at, entry.is_new = max(self.clock, wanted.time), True
            entry.stands = entry.stands and entry.tif != "at_open"
        return [("replaced", wanted.order_id)]

    def cancel(self, order_id: str) -> list[Brief]:
        entry = self.entries.get(order_id)
        if entry is None or not entry.leaves:
            return [("cancel_rejected", order_id)]
        entry.status = "canceled"
        return [("canceled", order_id)]

    def match(self, market: MarketSlice) -> list[Brief]:
        self.clock = max(self.clock, market.time)
        reports = self._expire(market.time, lambda entry: entry.tif != "at_close" or entry.passed)
        for row in market.ticks().tolist():
            if row[0] in (Kind.BAR, Kind.QUOTE, Kind.TRADE):
                reports += self._take(row)
        passing = [entry for entry in self._open() if entry.tif == "at_close" and entry.closes_at < market.time]
        for closes_at, instrument in sorted({(entry.closes_at, entry.order.instrument) for entry in passing}):
            row = self.newest.get((closes_at, instrument))
            group = [entry for entry in passing if (entry.closes_at, entry.order.instrument) == (closes_at, instrument)]
            fresh = [entry for entry in group if not entry.passed]
            if row is not None and fresh:
                reports += self._settle(group, row)
            for entry in group:
                entry.passed = True
        return reports + self._expire(market.time, lambda entry: entry.passed)

    def _open(self, instrument: int | None = None) -> list[Entry]:
        found = [entry for entry in self.entries.values() if entry.leaves]
        return sorted(
            (entry for entry in found if instrument in (None, entry.order.instrument)), key=lambda entry: entry.number
        )

    def _expire(self, time: int, applies: Callable[[Entry], bool]) -> list[Brief]:
        reports: list[Brief] = []
        for entry in self._open():
            if entry.expires_at is not None and entry.expires_at <= time and applies(entry):
                entry.status = "expired"
                reports.append(("expired", entry.order.order_id))
        return reports

    def _take(self, row: Row) -> list[Brief]:
        kind, instrument, event_time, known_time = row[0], row[4], row[5], row[6]
        is_bar = kind == Kind.BAR
        for entry in self._open(instrument):
            if entry.tif == "at_open" and not entry.stands:
                spans = event_time >= entry.closed_before and known_time > entry.opens_at
                entry.stands = spans if is_bar else event_time >= entry.opens_at
        standing = [entry for entry in self._open(instrument) if entry.stands]
        present = [entry for entry in standing if takes_part(entry, row)]
        met = [entry for entry in standing if entry.is_new and (entry in present or is_hidden_open(entry, row))]
        reports: list[Brief] = []
        for entry in met:
            if entry.post_only and would_take(entry, row):
                entry.status = "canceled"
                reports.append(("canceled", entry.order.order_id))
        turn = [entry for entry in in_turn([entry for entry in standing if entry.leaves]) if entry in present]
        left = {side: self._available(row, side) for side in ("buy", "sell")}
        if kind == Kind.QUOTE:
            for side, price in (("buy", row[9]), ("sell", row[8])):
                takers = [entry for entry in turn if entry.order.side == side]
                reports += self._share(takers, left, price, row, came=False) if price else []
        elif kind == Kind.TRADE:
            reports += self._share(turn, left, row[8], row, came=True)
        else:
            reports += self._share(turn, left, row[8], row, came=False)
            for entry in turn:
                if (
                    entry.tif != "at_open"
                    and not entry.accepts(row[8])
                    and entry.accepts(row[10] if entry.order.side == "buy" else row[9])
                ):
                    assert entry.limit is not None
                    reports += self._share([entry], left, entry.limit, row, came=True)
        reports += self._conclude(met)
        for day in {(entry.closed_before, entry.opens_at, entry.closes_at) for entry in self._closers(instrument)}:
            closed_before, opens_at, closes_at = day
            spans = closed_before <= event_time < closes_at and known_time > opens_at
            if spans if is_bar else opens_at <= event_time <= closes_at:
                self.newest[closes_at, instrument] = (row, left)
                if is_bar and known_time >= closes_at:
                    reports += self._settle(
                        [entry for entry in self._closers(instrument) if entry.closes_at == closes_at], (row, left)
                    )
        return reports

    def _closers(self, instrument: int) -> list[Entry]:
        return [entry for entry in self._open(instrument) if entry.tif == "at_close"]

    def _available(self, row: Row, side: str) -> list[int]:
        """What is there for a side, in a list that sides of one volume share."""
        if row[0] == Kind.QUOTE:
            return [row[11] if side == "buy" else row[10]]
        volume = row[12] if row[0] == Kind.BAR else row[9]
        self.volume = self.volume if side == "sell" else [max(1, volume // self.share) if volume else 0]
        return self.volume

    def _settle(self, group: list[Entry], last: Last) -> list[Brief]:
        row, left = last
        present = [entry for entry in group if entry.leaves and entry.accepted_at < row[6]]
        turn = [entry for entry in in_turn(group) if entry in present]
        if row[0] == Kind.TRADE:
            turn = [entry for entry in turn if entry.accepted_at <= row[5]]
            reports = self._share(turn, left, row[8], row, came=True)
        elif row[0] == Kind.BAR:
            reports = self._share(turn, left, row[11], row, came=False)
        else:
            reports = []
            for side, price in (("buy", row[9]), ("sell", row[8])):
                takers = [entry for entry in turn if entry.order.side == side]
                reports += self._share(takers, left, price, row, came=False) if price else []
        return reports + self._conclude(present)

    def _share(self, turn: list[Entry], left: dict[str, list[int]], price: int, row: Row, came: bool) -> list[Brief]:
        reports: list[Brief] = []
        for entry in turn:
            there = left[str(entry.order.side)]
            quantity = min(entry.leaves, there[0])
            if not entry.accepts(price) or quantity <= 0 or (entry.tif == "fok" and quantity < entry.leaves):
                continue
            there[0] -= quantity
            entry.filled += quantity
            paid = entry.limit if entry.post_only else price
            makes = paid == entry.limit and entry.tif not in IMMEDIATE and (came or not entry.is_new)
            reports.append((quantity, paid, "maker" if makes else "taker", entry.order.order_id))
        return reports

    def _conclude(self, met: list[Entry]) -> list[Brief]:
        reports: list[Brief] = []
        for entry in met:
            entry.is_new = False
            if entry.leaves and entry.tif in IMMEDIATE:
                entry.status = "canceled"
                reports.append(("canceled", entry.order.order_id))
        return reports


def takes_part(entry: Entry, row: Row) -> bool:
    """Whether the order may trade in the row."""
    event_time, known_time = row[5], row[6]
    if row[0] == Kind.TRADE and entry.limit is None and row[2] == -entry.order.side.sign:
        return False
    return entry.accepted_at < known_time and (row[0] == Kind.QUOTE or entry.accepted_at <= event_time)


def is_hidden_open(entry: Entry, row: Row) -> bool:
    """Whether the open that the order is for lies within a bar that began before it came."""
    return entry.tif == "at_open" and row[0] == Kind.BAR and entry.accepted_at < row[6]


def would_take(entry: Entry, row: Row) -> bool:
    """Whether a newcomer would trade against what is there."""
    if row[0] == Kind.QUOTE:
        price = row[9] if entry.order.side == "buy" else row[8]
        return price > 0 and entry.accepts(price)
    return entry.accepts(row[8]) and (row[0] == Kind.BAR or row[8] != entry.limit)


def in_turn(entries: list[Entry]) -> list[Entry]:
    """Price-time priority on each side; of the two first in line the one that came first."""

    def rank(entry: Entry) -> tuple[float, int]:
        return (-np.inf if entry.limit is None else -entry.order.side.sign * entry.limit, entry.number)

    buys = sorted((entry for entry in entries if entry.order.side == "buy"), key=rank)
    sells = sorted((entry for entry in entries if entry.order.side == "sell"), key=rank)
    found = []
    while buys or sells:
        is_buy = not sells or (bool(buys) and buys[0].number < sells[0].number)
        found.append((buys if is_buy else sells).pop(0))
    return found
