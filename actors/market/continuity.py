"""What a row must be relative to the rows before it: newer, not the same again, and at a price that can be believed.

The streams of one kind (bars, quotes, trades or book messages) of all instruments are kept in arrays, one place an
instrument. ``admit`` takes one row. ``admit_many`` takes many: it assumes that all pass, finds the streams for which
that is not so, and sends only those through ``admit``; what comes out is the same.

The rule for jumps: a row jumps if its high or its low is further from the last good price than ``maximum_jump`` times
that price. It opens a candidate level (its own price). Each later row that does not jump from the candidate confirms
it and becomes the candidate; a row near the last good price discards it; any other row opens a new one. Once
``jump_confirmations`` rows in a row, the first included, were near the level it is believed: these rows stay
quarantined, the next one near it is accepted. A repeated bar does not confirm.
"""

from __future__ import annotations

import bisect
from array import array
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.market.reasons import CODES, Reason
from actors.market.ticks import Kind

Integers = npt.NDArray[np.int64]
Identity = tuple[int, ...]

HISTORY = 4096
"""Newest accepted bars of an instrument that a late bar is compared with, to tell a duplicate from a late arrival."""

_NEVER = -(2**62)
_DUPLICATE, _OUT_OF_ORDER, _JUMP = CODES[Reason.DUPLICATE], CODES[Reason.OUT_OF_ORDER], CODES[Reason.JUMP]


class Rows(NamedTuple):
    """Rows of one kind, in the order received, one entry a row.

    Attributes:
        place: Place of the instrument.
        time: Event time.
        low, high: Lowest and highest price of the row, in increments.
        level: Price that stands for the row (close, trade price, middle of the quote), in increments.
        session: Index of the session in the instrument's calendar.
        identity: What makes a quote or trade the same as another, one column a number; without columns for other kinds.
    """

    place: Integers
    time: Integers
    low: Integers
    high: Integers
    level: Integers
    session: Integers
    identity: npt.NDArray[np.int64]


class Continuity:
    """The streams of one kind of row.

    Args:
        kind: The kind.
        places: Number of instruments.
        maximum_jump: Largest believed change against the last good price, as a fraction.
        jump_confirmations: Rows in a row near a new level after which it is believed.

    Attributes:
        gaps: Missing sessions so far, by place of the instrument; counted for bars only.
    """

    def __init__(self, kind: Kind, places: int, maximum_jump: float, jump_confirmations: int) -> None:
        self._is_bar = kind == Kind.BAR
        self._has_identity = kind in (Kind.QUOTE, Kind.TRADE)
        self._has_price = kind != Kind.BOOK
        self._maximum_jump = maximum_jump
        self._jump_confirmations = jump_confirmations
        self._time = np.full(places, _NEVER, np.int64)
        self._level = np.zeros(places, np.int64)
        self._session = np.full(places, -1, np.int64)
        self.gaps = np.zeros(places, np.int64)
        self._times, self._levels = memoryview(self._time.data), memoryview(self._level.data)
        self._sessions, self._gap_counts = memoryview(self._session.data), memoryview(self.gaps.data)
        self._identity: list[Identity] = [()] * places
        self._history = [array("q") for _ in range(places if self._is_bar else 0)]
        self._candidates: dict[int, tuple[int, int, int]] = {}

    def admit(self, place: int, time: int, low: int, high: int, level: int, session: int, identity: Identity) -> int:
        """Judge one row and remember it; arguments as in ``Rows``.

        Returns:
            0 where it is accepted, else the reason's code.
        """
        last = self._times[place]
        if time <= last:
            if self._is_bar:
                return _DUPLICATE if self._was_accepted(place, time) else _OUT_OF_ORDER
            if time < last:
                return _OUT_OF_ORDER
            if self._has_identity and self._identity[place] == identity:
                return _DUPLICATE
        if self._is_bar:
            before = self._sessions[place]
            if session > before:
                if before >= 0:
                    self._gap_counts[place] += session - before - 1
                self._sessions[place] = session
        if self._has_price:
            reference = self._levels[place]
            if reference and self._jumps(reference, low, high) and not self._is_believed(place, time, low, high, level):
                return _JUMP
            self._candidates.pop(place, None)
            self._levels[place] = level
        self._times[place] = time
        if self._is_bar:
            history = self._history[place]
            history.append(time)
            if len(history) > 2 * HISTORY:
                del history[:-HISTORY]
        elif self._has_identity:
            self._identity[place] = identity
        return 0

    def admit_many(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """Judge rows in their order and remember them; returns a code a row as ``admit`` does."""
        count = len(rows.place)
        codes = np.zeros(count, np.uint8)
        if not count:
            return codes
        order: Integers | None = None
        if (rows.place[1:] < rows.place[:-1]).any():
            small = rows.place.astype(np.int16) if len(self._time) < 2**15 else rows.place
            order = np.argsort(small, kind="stable")
            rows = Rows(*(column[order] for column in rows))
        first = np.flatnonzero(np.concatenate(([True], rows.place[1:] != rows.place[:-1])))
        end = np.append(first[1:], count)
        clean = np.ones(len(first), bool)
        doubtful = self._doubtful(rows, first)
        if doubtful.any():
            clean = ~np.logical_or.reduceat(doubtful, first)
            for begins, ends in zip(first[~clean].tolist(), end[~clean].tolist(), strict=True):
                found = self._admit_each(Rows(*(column[begins:ends] for column in rows)))
                codes[slice(begins, ends) if order is None else order[begins:ends]] = found
        self._remember(rows, first, end, clean)
        return codes

    def _admit_each(self, rows: Rows) -> list[int]:
        prices = (rows.low.tolist(), rows.high.tolist(), rows.level.tolist())
        identities = map(tuple, rows.identity.tolist())
        columns = zip(rows.place.tolist(), rows.time.tolist(), *prices, rows.session.tolist(), identities, strict=True)
        return [self.admit(*row) for row in columns]

    def _doubtful(self, rows: Rows, first: Integers) -> npt.NDArray[np.bool_]:
        """Mark the rows that fail if all before them passed, and quotes and trades that may repeat the one before."""
        last_time = _before(rows.time, self._time, rows.place, first)
        doubtful = rows.time <= last_time if self._is_bar else rows.time < last_time
        if self._has_identity:
            same = rows.time == last_time
            if same.any():
                repeated = np.zeros(len(same), bool)
                repeated[1:] = (rows.identity[1:] == rows.identity[:-1]).all(axis=1)
                repeated[first] = True
                doubtful |= same & repeated
        if self._has_price:
            reference = _before(rows.level, self._level, rows.place, first)
            limit = self._maximum_jump * reference
            doubtful |= (reference > 0) & ((rows.high - reference > limit) | (reference - rows.low > limit))
        return doubtful

    def _remember(self, rows: Rows, first: Integers, end: Integers, clean: npt.NDArray[np.bool_]) -> None:
        """Take over the streams of which every row passed."""
        begins, lengths = first, end - first
        first, end = first[clean], end[clean]
        newest = end - 1
        places = rows.place[newest]
        self._time[places] = rows.time[newest]
        self._level[places] = rows.level[newest]
        if self._candidates:
            for place in places.tolist():
                self._candidates.pop(place, None)
        if self._is_bar:
            before = _before(rows.session, self._session, rows.place, begins)
            missing = np.where((before >= 0) & np.repeat(clean, lengths), rows.session - before - 1, 0)
            for at in np.flatnonzero(missing > 0).tolist():
                self._gap_counts[int(rows.place[at])] += int(missing[at])
            self._session[places] = np.maximum(self._session[places], rows.session[newest])
            for place, begin, ends in zip(places.tolist(), first.tolist(), end.tolist(), strict=True):
                self._extend(place, rows.time[begin:ends])
        elif self._has_identity:
            for place, identity in zip(places.tolist(), rows.identity[newest].tolist(), strict=True):
                self._identity[place] = tuple(identity)

    def _extend(self, place: int, times: Integers) -> None:
        history = self._history[place]
        history.frombytes(times[-HISTORY:].tobytes())
        if len(history) > 2 * HISTORY:
            del history[:-HISTORY]

    def _was_accepted(self, place: int, time: int) -> bool:
        history = self._history[place]
        at = bisect.bisect_left(history, time)
        return at < len(history) and history[at] == time

    def _jumps(self, reference: int, low: int, high: int) -> bool:
        limit = self._maximum_jump * reference
        return high - reference > limit or reference - low > limit

    def _is_believed(self, place: int, time: int, low: int, high: int, level: int) -> bool:
        candidate = self._candidates.get(place)
        if candidate is None or self._jumps(candidate[0], low, high):
            self._candidates[place] = (level, 1, time)
            return False
        _, rows, seen = candidate
        if self._is_bar and time <= seen:
            return False
        if rows >= self._jump_confirmations:
            return True
        self._candidates[place] = (level, rows + 1, time)
        return False


def _before(column: Integers, state: Integers, places: Integers, first: Integers) -> Integers:
    """Return for each row the value of the row before it in its stream; ``state`` gives that of the first."""
    shifted = np.empty_like(column)
    shifted[1:] = column[:-1]
    shifted[first] = state[places[first]]
    return shifted
