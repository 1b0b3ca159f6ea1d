"""What is wrong with the closes of studies, which see no quarantine: contradictions, impossible prices, jumps."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from actors.errors import DataError
from actors.ingest.closes import CLOSE, ClosePanel
from actors.ingest.table import MISSING_TIME, Table

_SHOWN, _LISTED = 5, 100


@dataclasses.dataclass(frozen=True)
class SuspectClose:
    """A close that is far from the one before, while a later one is near that again or none has confirmed it.

    Attributes:
        symbol: The symbol.
        time: Stamp of the row, UTC nanoseconds.
        close: The close.
        before: The close before the jump.
    """

    symbol: str
    time: int
    close: float
    before: float

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.symbol} {day(self.time)}: {self.close:g} after {self.before:g}"

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"symbol": self.symbol, "date": day(self.time), "close": self.close, "before": self.before}


def check_closes(table: Table) -> None:
    """Refuse bars that contradict one another, and closes that are no price.

    A symbol with a colon, such as ``rate:USD:5Y``, has levels of a factor, which may be negative.

    Raises:
        DataError: Naming symbol and date.
    """
    closes = table.values[:, CLOSE]
    timed = (table.stamps != MISSING_TIME) & np.isfinite(closes)
    levels = np.array([":" in symbol for symbol in table.symbols], bool)
    wrong = np.flatnonzero(timed & (closes <= 0) & ~levels[table.codes])
    if len(wrong):
        at = int(wrong[0])
        raise DataError(
            f"a close of {table.symbols[table.codes[at]]} is no price",
            field=f"close[{table.symbols[table.codes[at]]}, {day(int(table.stamps[at]))}]",
            value=float(closes[at]),
            rule="positive",
            remedy=f"mend the row (so are {len(wrong) - 1} more), or name the other symbols with --set feed.symbols",
        )
    rows = np.flatnonzero(timed)
    order = rows[np.lexsort((table.stamps[rows], table.codes[rows]))]
    before, after = order[:-1], order[1:]
    twice = (table.codes[before] == table.codes[after]) & (table.stamps[before] == table.stamps[after])
    clash = np.flatnonzero(twice & (closes[before] != closes[after]))
    if len(clash):
        one, other = int(before[clash[0]]), int(after[clash[0]])
        symbol = table.symbols[table.codes[one]]
        raise DataError(
            f"two bars of {symbol} at one time contradict each other",
            field=f"close[{symbol}, {day(int(table.stamps[one]))}]",
            value=f"{closes[one]:g} and {closes[other]:g}",
            rule="one close a symbol and time",
            remedy=f"keep the right one of both (so are {len(clash) - 1} more)",
        )


def suspect_closes(panel: ClosePanel, jump: float, confirmations: int) -> list[SuspectClose]:
    """Return closes that jumped and came back half-way before they were confirmed, and unconfirmed jumps at the end.

    Args:
        panel: Closes.
        jump: Largest believed change against the close before, as a fraction.
        confirmations: Closes in a row near a new level after which a jump is believed.
    """
    found = []
    for column, symbol in enumerate(panel.symbols):
        if ":" in symbol:
            continue
        rows = np.flatnonzero(np.isfinite(panel.closes[:, column]))
        closes = panel.closes[rows, column]
        passed = 0
        for at in (np.flatnonzero(np.abs(closes[1:] / closes[:-1] - 1) > jump) + 1).tolist():
            if at < passed:
                continue
            base = float(closes[at - 1])
            next_ones = closes[at : at + confirmations]
            half_way = min(jump, abs(closes[at] / base - 1) / 2)
            back = np.flatnonzero(np.abs(next_ones / base - 1) <= half_way)
            length = int(back[0]) if len(back) else len(next_ones)
            if len(back) or len(next_ones) < confirmations:
                passed = at + length + 1
                found += [
                    SuspectClose(symbol, int(panel.times[rows[row]]), float(closes[row]), base)
                    for row in range(at, at + length)
                ]
    return found


def told(suspects: list[SuspectClose]) -> str:
    """Return how many there are and the first of them, for people."""
    shown = "; ".join(map(str, suspects[:_SHOWN]))
    return f"{len(suspects)} suspect closes count as they are: {shown}{'; ...' if len(suspects) > _SHOWN else ''}"


def plain(suspects: list[SuspectClose]) -> dict[str, Any]:
    """Return how many there are and the first hundred, as plain data."""
    return {"suspect_closes": len(suspects), "suspects": [one.plain() for one in suspects[:_LISTED]]}


def day(time: int) -> str:
    """Return the date of a stamp, with the time of day where it is not midnight."""
    text = str(np.datetime64(time, "ns").astype("datetime64[s]"))
    return text.removesuffix("T00:00:00")
