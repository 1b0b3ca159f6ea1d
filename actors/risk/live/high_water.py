"""The peak of each account's profit and where the day began: what drawdown and the day's loss are measured from.

Both are taken at the ends of periods, where the closes are, too; that makes them few enough to be put on record, so
that a restart finds the same peak.
"""

from __future__ import annotations

from actors.clock import DAY
from actors.messages import MONEY_UNIT, Message
from actors.portfolio.books import LARGEST_AMOUNT


class Profits(Message, frozen=True):
    """The profit of every account at the end of one period, as it is journaled.

    Attributes:
        sequence: Sequence of the newest slice that is in it.
        time: End of the period, UTC nanoseconds.
        profits: Equity less deposits by account, 1e-8 units of its currency.
        firm: Their sum by currency.
    """

    sequence: int
    time: int
    profits: dict[str, int]
    firm: dict[str, int]


class _Mark:
    __slots__ = ("peak", "day", "day_began_with", "newest")

    def __init__(self) -> None:
        self.peak = 0
        self.day = -1
        self.day_began_with = 0
        self.newest = 0


class HighWater:
    """Peak and beginning of the day of every account, and of the firm by currency."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Mark] = {}
        self._firm: dict[str, _Mark] = {}

    def take(self, record: Profits) -> None:
        """Take the profits at the end of a period."""
        for marks, profits in ((self._accounts, record.profits), (self._firm, record.firm)):
            for key, profit in profits.items():
                _take(marks.setdefault(key, _Mark()), record.time, profit)

    def drawdown(self, account: str | None, currency: str, profit: int, deposits: int) -> int:
        """Return how far the equity lies under its peak, as a share of it, 1e-8; deposits count as if there ever since.

        Args:
            account: The account; ``None``: the firm in ``currency``.
            currency: The firm's accounts of which currency are meant.
            profit: Profit now.
            deposits: Deposits now.
        """
        mark = self._mark(account, currency)
        peak = max(0 if mark is None else mark.peak, profit)
        if peak == profit:
            return 0
        return (peak - profit) * MONEY_UNIT // (peak + deposits) if peak + deposits > 0 else LARGEST_AMOUNT

    def day_loss(self, account: str | None, currency: str, profit: int, time: int) -> int:
        """Return what was lost since the UTC day of ``time`` began, negative where something was gained."""
        mark = self._mark(account, currency)
        if mark is None:
            return -profit
        began_with = mark.day_began_with if mark.day == _day(time) else mark.newest
        return began_with - profit

    def _mark(self, account: str | None, currency: str) -> _Mark | None:
        return self._firm.get(currency) if account is None else self._accounts.get(account)


def _take(mark: _Mark, time: int, profit: int) -> None:
    day = _day(time)
    if day != mark.day:
        mark.day, mark.day_began_with = day, mark.newest
    mark.newest = profit
    mark.peak = max(mark.peak, profit)


def _day(time: int) -> int:
    """Return the day that a time belongs to; midnight is the end of a day, as the end of a period is its own."""
    return -(-time // DAY)
