"""The equity of one account over time, with the drawdown that an investor in it would have seen."""

from __future__ import annotations

from collections import deque

from actors.messages import Message
from actors.portfolio.valuation import Valuation


class EquitySample(Message, frozen=True):
    """One account's figures at one market slice, as they are journaled.

    Attributes:
        sequence: The slice's sequence.
        time: Its time, UTC nanoseconds.
        account: The account.
        valuation: Its figures in its own currency.
    """

    sequence: int
    time: int
    account: str
    valuation: Valuation


class EquityPoint(Message, frozen=True):
    """One point of the curve: a sample, and the drawdown at it (a fraction of the peak, 0 at the peak)."""

    sample: EquitySample
    drawdown: float


class EquityCurve:
    """Samples of one account in order, and the drawdown of the return that they earned.

    Deposits do not count as profit: between two samples the account returns (equity - deposits between them) / equity
    before, which is the time-weighted return with flows at the end of the period; drawdown is measured on the chain of
    these returns.

    Args:
        kept: Newest points that are kept in memory.

    Attributes:
        points: The newest points, oldest first.
        maximum_drawdown: Largest drawdown since the first sample, as a fraction of the peak.
    """

    def __init__(self, kept: int = 100_000) -> None:
        self.points: deque[EquityPoint] = deque(maxlen=kept)
        self.maximum_drawdown = 0.0
        self._index = 1.0
        self._peak = 1.0
        self._equity_total = 0
        self._count = 0

    def add(self, sample: EquitySample) -> EquityPoint:
        """Append a sample and return its point."""
        now = sample.valuation
        if self.points:
            before = self.points[-1].sample.valuation
            flow = now.deposits - before.deposits
            if before.equity > 0:
                self._index *= (now.equity - flow) / before.equity
        self._peak = max(self._peak, self._index)
        point = EquityPoint(sample, 1.0 - self._index / self._peak)
        self.maximum_drawdown = max(self.maximum_drawdown, point.drawdown)
        self._equity_total += now.equity
        self._count += 1
        self.points.append(point)
        return point

    @property
    def drawdown(self) -> float:
        """Drawdown at the newest sample, 0 before the first."""
        return self.points[-1].drawdown if self.points else 0.0

    @property
    def mean_equity(self) -> int:
        """Mean of all samples' equity, rounded down; 0 before the first."""
        return self._equity_total // self._count if self._count else 0
