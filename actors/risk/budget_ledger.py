"""Shares of the firm's limits, handed out to partitions so that their sum never exceeds the limit, whatever dies.

A grant is on record before it is sent. Until a partition has confirmed it, any of the grants since the last confirmed
one may be in force there, so the largest of them is set aside. That makes three things safe by construction: an
increase is only made of what is free, a decrease frees nothing until it was confirmed, and what a dead partition had
stays set aside until it is back and says what it has. A net limit is a share of plus and minus the amount each.
"""

from __future__ import annotations

from collections.abc import Mapping

from actors.errors import Conflict
from actors.messages import Message


class Grant(Message, frozen=True):
    """A partition's share of the firm's limits, all of it, by the limit's name.

    Attributes:
        partition: The partition's number.
        number: Counts the grants to this partition from 1.
        amounts: Its shares.
        currency: The currency that amounts of money are in.
    """

    partition: int
    number: int
    amounts: dict[str, int]
    currency: str


class Confirmation(Message, frozen=True):
    """A partition said that a grant, or a newer one, is in force there."""

    partition: int
    number: int


class BudgetLedger:
    """What was granted to whom, and what of it may be in force.

    Attributes:
        limits: The firm's limits that are handed out, by name; a limit that is not there is not handed out.
        currency: The currency of amounts of money.
    """

    def __init__(self) -> None:
        self.limits: dict[str, int] = {}
        self.currency = ""
        self._grants: dict[int, list[Grant]] = {}
        self._confirmed: dict[int, int] = {}

    def set_limits(self, limits: Mapping[str, int], currency: str) -> None:
        """Replace the firm's limits. Where more is set aside already, shares have to shrink before more is granted."""
        self.limits, self.currency = dict(limits), currency

    def amounts(self, partition: int) -> dict[str, int]:
        """Return the shares that a partition was granted last."""
        grants = self._grants.get(partition)
        return dict(grants[-1].amounts) if grants else {}

    def reserved(self, partition: int, name: str) -> int:
        """Return the largest share that may be in force at a partition."""
        return max((grant.amounts.get(name, 0) for grant in self._grants.get(partition, ())), default=0)

    def total(self, name: str) -> int:
        """Return what is set aside of a limit for all partitions."""
        return sum(self.reserved(partition, name) for partition in self._grants)

    def free(self, name: str) -> int:
        """Return what of a limit may still be granted; less than 0 while shares have to shrink."""
        return self.limits.get(name, 0) - self.total(name)

    def partitions(self) -> list[int]:
        """Return every partition that was ever granted anything."""
        return sorted(self._grants)

    def increase(self, partition: int, wanted: Mapping[str, int]) -> Grant | None:
        """Return the grant that gives a partition what it wants, or as much as is free; ``None`` where nothing is."""
        amounts = self._present(partition)
        for name, amount in wanted.items():
            if name in self.limits:
                most = self.reserved(partition, name) + max(0, self.free(name))
                amounts[name] = max(amounts[name], min(amount, most))
        return self._next(partition, amounts)

    def decrease(self, partition: int, kept: Mapping[str, int]) -> Grant | None:
        """Return the grant that takes from a partition what is over ``kept``; ``None`` where nothing is."""
        amounts = self._present(partition)
        for name, amount in kept.items():
            if name in self.limits:
                amounts[name] = min(amounts[name], amount)
        return self._next(partition, amounts)

    def shrunk(self) -> list[Grant]:
        """Return the grants that bring every limit's shares back under it, each by the same fraction."""
        found = []
        for partition in self.partitions():
            kept = {}
            for name, limit in self.limits.items():
                granted = sum(self.amounts(other).get(name, 0) for other in self._grants)
                if granted > limit:
                    kept[name] = self.amounts(partition).get(name, 0) * limit // granted
            grant = self.decrease(partition, kept)
            if grant is not None:
                found.append(grant)
        return found

    def take(self, grant: Grant) -> None:
        """Take a grant in; it is on record already.

        Raises:
            Conflict: It would take more than is free (code ``BUDGET_EXCEEDED``); nothing was changed.
        """
        for name, amount in grant.amounts.items():
            reserved = self.reserved(grant.partition, name)
            if name in self.limits and amount > reserved and amount - reserved > self.free(name):
                raise Conflict(
                    "the grant is more than is free",
                    field=name,
                    value=amount,
                    rule=f"at most {reserved + max(0, self.free(name))}",
                    code="BUDGET_EXCEEDED",
                )
        self.adopt(grant)

    def adopt(self, grant: Grant) -> None:
        """Take in a grant that a partition has in force and nobody here knows of, whatever is free: it is a fact."""
        self._grants[grant.partition] = [*self._grants.get(grant.partition, ()), grant]

    def confirm(self, partition: int, number: int) -> bool:
        """Take note of the newest grant that a partition has in force; return whether that was news."""
        if number <= self._confirmed.get(partition, 0):
            return False
        self._confirmed[partition] = number
        grants = self._grants.get(partition, [])
        self._grants[partition] = [grant for grant in grants if grant.number >= number] or grants[-1:]
        return True

    def newest(self, partition: int) -> int:
        """Return the number of a partition's newest grant, 0 where there is none."""
        grants = self._grants.get(partition)
        return grants[-1].number if grants else 0

    def confirmed(self, partition: int) -> int:
        """Return the number of the newest grant that a partition confirmed, 0 where there is none."""
        return self._confirmed.get(partition, 0)

    def unconfirmed(self, partition: int) -> Grant | None:
        """Return the newest grant of a partition unless it was confirmed; it is sent again until it is."""
        grants = self._grants.get(partition)
        if not grants or grants[-1].number <= self._confirmed.get(partition, 0):
            return None
        return grants[-1]

    def _present(self, partition: int) -> dict[str, int]:
        return {**dict.fromkeys(self.limits, 0), **self.amounts(partition)}

    def _next(self, partition: int, amounts: dict[str, int]) -> Grant | None:
        present = self.amounts(partition)
        if amounts == present and self._currency_of(partition) == self.currency:
            return None
        grants = self._grants.get(partition)
        return Grant(partition, grants[-1].number + 1 if grants else 1, amounts, self.currency)

    def _currency_of(self, partition: int) -> str:
        grants = self._grants.get(partition)
        return grants[-1].currency if grants else ""
