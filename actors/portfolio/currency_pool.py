"""Money of a foreign currency at what it cost in the account's own: where exchange effects come from.

An account's stake in a currency is what came in (conversions, profits, income) less what went out. It is kept like a
position at average cost: what comes in is bought at the rate of that moment, what goes out is sold at it. Securities
that were bought with money borrowed in their own currency are no stake in it, and so have no exchange effect.
"""

from __future__ import annotations

import msgspec

from actors.messages import MONEY_UNIT, round_half_even


class CurrencyPool(msgspec.Struct, array_like=True, gc=False):
    """The stake in one currency.

    Attributes:
        rate: Units of the account's currency (1e-8) for one; 0 while none is known.
        balance: The stake, 1e-8 units of the currency; negative where more went out than came in.
        cost: What it cost, 1e-8 units of the account's currency.
        realised: Exchange effect of what went out, in the account's currency.
        translated: Sum of all that came in less what went out, each at its rate.
        contributed: The part of ``translated`` that came from, less what went to, other currencies.
        untranslated: What came in less what went out while no rate was known; part of no other figure.
        untranslated_contributed: The same of what was brought, not earned.
    """

    rate: int = 0
    balance: int = 0
    cost: int = 0
    realised: int = 0
    translated: int = 0
    contributed: int = 0
    untranslated: int = 0
    untranslated_contributed: int = 0

    def book(self, amount: int, value: int | None = None, contributed: bool = False) -> None:
        """Book money that came in (positive) or went out.

        Args:
            amount: Money, 1e-8 units of the currency.
            value: What it is worth in the account's currency; by the present rate where left out.
            contributed: Whether it was brought, not earned.
        """
        if value is None:
            if not self.rate:
                if contributed:
                    self.untranslated_contributed += amount
                else:
                    self.untranslated += amount
                return
            value = round_half_even(amount * self.rate, MONEY_UNIT)
        held = self.balance
        if held * amount >= 0:
            cost = value
        elif abs(amount) < abs(held):
            cost = -round_half_even(self.cost * abs(amount), abs(held))
        else:
            cost = round_half_even(value * abs(amount + held), abs(amount)) - self.cost
        self.balance += amount
        self.cost += cost
        self.realised += cost - value
        self.translated += value
        if contributed:
            self.contributed += value

    def translate(self, rate: int) -> None:
        """Take a new rate; what could not be translated so far is, at the first one."""
        self.rate = rate
        brought, self.untranslated_contributed = self.untranslated_contributed, 0
        earned, self.untranslated = self.untranslated, 0
        if brought:
            self.book(brought, contributed=True)
        if earned:
            self.book(earned)

    def copy(self) -> CurrencyPool:
        """Return a copy."""
        return msgspec.structs.replace(self)

    @property
    def unrealised(self) -> int:
        """Exchange effect on the stake at the present rate."""
        return round_half_even(self.balance * self.rate, MONEY_UNIT) - self.cost

    @property
    def imbalance(self) -> int:
        """By how much the postings fail to sum to zero: 0, always."""
        return self.cost - self.translated - self.realised
