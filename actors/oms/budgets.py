"""A partition's share of what the firm as a whole may hold or do: granted by the risk service, never taken."""

from __future__ import annotations

from actors.oms.inputs import BudgetGrant


class PartitionBudget:
    """What was granted to one partition, by the name of the firm's limit; nothing is until it was granted.

    Attributes:
        number: Number of the newest grant; older ones that come late change nothing.
        currency: The currency that amounts of money are in.
        wanted: What an order was refused for, by limit, since it was last asked for; no part of the state.
    """

    def __init__(self) -> None:
        self.number = 0
        self.currency = ""
        self.wanted: dict[str, int] = {}
        self._amounts: dict[str, int] = {}

    def take(self, grant: BudgetGrant) -> None:
        """Put a grant in force unless a newer one is."""
        if grant.number > self.number:
            self.number, self.currency, self._amounts = grant.number, grant.currency, dict(grant.amounts)

    def amount(self, limit: str) -> int:
        """Return the partition's share of one of the firm's limits."""
        return self._amounts.get(limit, 0)

    def amounts(self) -> dict[str, int]:
        """Return the shares by the limit's name."""
        return dict(self._amounts)

    def want(self, limit: str, amount: int) -> None:
        """Note that an order needed a share of at least ``amount``."""
        self.wanted[limit] = max(amount, self.wanted.get(limit, 0))

    def ask(self) -> dict[str, int]:
        """Return what is wanted, once."""
        wanted, self.wanted = self.wanted, {}
        return wanted
