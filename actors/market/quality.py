"""Sorts the rows of market data: those that may be traded on as whole increments, the others into quarantine.

Each row is first checked on its own (``row_checks``, ``column_checks``), then against the rows before it
(``continuity``). The reasons, and their order of precedence, are those of ``reasons.Reason``. Rounding to the
increment is half-even.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.calendars import session_bounds as calendar_bounds
from actors.clock import SECOND
from actors.market.column_checks import check_columns
from actors.market.continuity import Continuity, Rows
from actors.market.master import Master, SessionBounds
from actors.market.reasons import REASONS, QuarantinedRow, Reason
from actors.market.row_checks import UNKNOWN_INSTRUMENT, UNKNOWN_KIND, RawRow, check_row
from actors.market.ticks import RAW, TICK, Kind, RawSlice, Ticks
from actors.messages import Instrument
from configs.schema import QualitySection

FEW = 30
"""Rows up to which a slice is checked row by row, which is faster than arrays for so few."""

BLOCK = 8192
"""Rows that are checked together in arrays: few enough to stay in the processor's cache."""

QUARANTINE_KEPT = 1000
"""Newest refused rows that are kept as they were received."""

Codes = npt.NDArray[np.uint8]

_RAW_ROW = struct.Struct("<BBbBIqqq5dq")
_TICK_ROW = struct.Struct("<BBbBIqqq5qq")


class Checked(NamedTuple):
    """What became of the rows of one slice.

    Attributes:
        rows: The accepted rows, ``TICK`` records in the order received.
        accepted: Their number.
        counts: Number of refused rows by reason.
        quarantined: The refused rows as received, the newest ``QUARANTINE_KEPT`` of them.
    """

    rows: bytes
    accepted: int
    counts: dict[Reason, int]
    quarantined: list[QuarantinedRow]


class Quality:
    """The checks of one market shard and what they remember. Deterministic: the same slices give the same answers.

    Args:
        section: Thresholds.
        instruments: The instruments of the shard; rows of any other are refused.
        session_bounds: Opens and closes of a calendar's sessions by its name.
        few: Rows up to which a slice is checked row by row; changes the speed, not the answers.

    Attributes:
        rounded: Accepted rows of which a number was rounded to its increment.
    """

    def __init__(
        self,
        section: QualitySection,
        instruments: Sequence[Instrument],
        session_bounds: SessionBounds = calendar_bounds,
        few: int = FEW,
    ) -> None:
        self._section = section
        self._master = Master(instruments, session_bounds)
        self._few = few
        self._tolerance = round(section.maximum_future_seconds * SECOND)
        self._streams = {
            int(kind): Continuity(kind, len(instruments), section.maximum_jump, section.jump_confirmations)
            for kind in Kind
        }
        self.rounded = 0

    @property
    def gaps(self) -> dict[int, int]:
        """Missing sessions so far, by instrument id: sessions of its calendar between two of its bars."""
        counts = self._streams[int(Kind.BAR)].gaps
        return {self._master.instruments[place].id: int(counts[place]) for place in np.flatnonzero(counts).tolist()}

    def check(self, raw: RawSlice) -> Checked:
        """Judge every row of a slice; ``raw.rows`` must hold whole ``RAW`` records."""
        few = len(raw.rows) <= self._few * RAW.itemsize
        rows, accepted, refused = self._check_rows(raw) if few else self._check_columns(raw)
        counts = {REASONS[code - 1]: number for code, number in sorted(Counter(code for _, code in refused).items())}
        return Checked(rows, accepted, counts, [self._quarantine(raw, *row) for row in refused[-QUARANTINE_KEPT:]])

    def _check_rows(self, raw: RawSlice) -> tuple[bytes, int, list[tuple[int, int]]]:
        latest = raw.time + self._tolerance
        master, streams, rounding = self._master, self._streams, self._section.round_to_increment
        passed: list[bytes] = []
        refused: list[tuple[int, int]] = []
        row: RawRow
        for position, row in enumerate(_RAW_ROW.iter_unpack(raw.rows)):
            code, place, numbers, low, high, level, session, rounded = check_row(row, master, latest, rounding)
            if not code:
                identity = (row[2], *numbers[:4], row[13])
                code = streams[row[0]].admit(place, row[5], low, high, level, session, identity)
            if code:
                refused.append((position, code))
            else:
                self.rounded += rounded
                passed.append(_TICK_ROW.pack(*row[:8], *numbers, row[13]))
        return b"".join(passed), len(passed), refused

    def _check_columns(self, raw: RawSlice) -> tuple[bytes, int, list[tuple[int, int]]]:
        received = raw.ticks()
        ticks = np.frombuffer(bytearray(raw.rows), TICK)
        codes = np.zeros(len(received), np.uint8)
        for begin in range(0, len(received), BLOCK):
            block = slice(begin, begin + BLOCK)
            codes[block] = self._check_block(received[block], ticks[block], raw.time)
        at = np.flatnonzero(codes)
        if len(at):
            ticks = ticks[codes == 0]
        return ticks.tobytes(), len(ticks), list(zip(at.tolist(), codes[at].tolist(), strict=True))

    def _check_block(self, received: Ticks, ticks: Ticks, time: int) -> Codes:
        """Check rows of any kinds and write their numbers into ``ticks``; returns their codes."""
        kinds = received["kind"]
        present = np.unique(kinds).tolist()
        codes = np.zeros(len(received), np.uint8)
        for kind in present:
            rows = slice(None) if len(present) == 1 else np.flatnonzero(kinds == kind)
            if kind in self._streams:
                codes[rows] = self._check_kind(Kind(kind), received[rows], ticks, rows, time)
            else:
                places = self._master.places
                unknown = places[np.minimum(received["instrument"][rows], len(places) - 1)] < 0
                codes[rows] = np.where(unknown, UNKNOWN_INSTRUMENT, UNKNOWN_KIND)
        return codes

    def _check_kind(
        self, kind: Kind, received: Ticks, ticks: Ticks, rows: slice | npt.NDArray[np.intp], time: int
    ) -> Codes:
        checked = check_columns(kind, received, self._master, time + self._tolerance, self._section.round_to_increment)
        codes = checked.code
        words = ticks.view(np.int64).reshape(len(ticks), -1)
        words[rows, 4:9] = checked.numbers
        sound = slice(None) if not codes.any() else np.flatnonzero(codes == 0)
        if kind in (Kind.QUOTE, Kind.TRADE):
            identity = np.column_stack([received["side"], checked.numbers[:, :4], received["reference"]])
        else:
            identity = np.empty((len(codes), 0), np.int64)
        columns = (
            checked.place,
            received["event_time"],
            checked.low,
            checked.high,
            checked.level,
            checked.session,
            identity,
        )
        codes[sound] = self._streams[int(kind)].admit_many(Rows(*(column[sound] for column in columns)))
        self.rounded += int(np.count_nonzero(checked.rounded & (codes == 0)))
        return codes

    def _quarantine(self, raw: RawSlice, position: int, code: int) -> QuarantinedRow:
        row: RawRow = _RAW_ROW.unpack_from(raw.rows, position * _RAW_ROW.size)
        entry = self._master.entries.get(row[4])
        return QuarantinedRow(
            reason=REASONS[code - 1],
            sequence=raw.sequence,
            source=raw.source,
            row=row[7],
            kind=row[0],
            instrument=row[4],
            symbol=raw.unknown.get(position, "") if entry is None else self._master.instruments[entry.place].symbol,
            event_time=row[5],
            known_time=row[6],
            values=tuple(value if math.isfinite(value) else None for value in row[8:13]),
            reference=row[13],
        )
