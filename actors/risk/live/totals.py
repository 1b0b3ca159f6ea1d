"""Exposures by instrument and what they come to, kept up one instrument at a time, in exact integers."""

from __future__ import annotations

from actors.risk.live.largest import Largest


class Totals:
    """Signed market values by instrument, 1e-8 units of one currency.

    Attributes:
        values: Value by instrument id; instruments without a position are left out, worthless positions are not.
        gross: Sum of the absolute values.
        net: Sum of the values.
        long: Sum of those over 0.
        shorts: The instruments with a value under 0.
        largest: The absolute values.
        version: Changes so far: whoever keeps what was reckoned sees whether it still holds.
    """

    __slots__ = ("values", "gross", "net", "long", "shorts", "largest", "version")

    def __init__(self) -> None:
        self.values: dict[int, int] = {}
        self.gross = 0
        self.net = 0
        self.long = 0
        self.shorts: dict[int, None] = {}
        self.largest: Largest[int] = Largest()
        self.version = 0

    @property
    def short(self) -> int:
        """Sum of the absolute values of those under 0."""
        return self.gross - self.long

    def set(self, instrument: int, value: int | None) -> int:
        """Set the value of an instrument (``None``: no position) and return its change."""
        before = self.values.get(instrument, 0)
        if value is None:
            value = 0
            if self.values.pop(instrument, None) is None:
                return 0
        else:
            self.values[instrument] = value
        if value == before:
            return 0
        size = abs(value)
        self.gross += size - abs(before)
        self.net += value - before
        self.long += (value if value > 0 else 0) - (before if before > 0 else 0)
        if value < 0:
            self.shorts[instrument] = None
        elif before < 0:
            del self.shorts[instrument]
        self.largest.set(instrument, size)
        self.version += 1
        return value - before

    def add(self, instrument: int, change: int) -> None:
        """Change the value of an instrument; one that comes to 0 is left out."""
        if change:
            self.set(instrument, self.values.get(instrument, 0) + change or None)
