"""The tree of limits: firm, accounts, strategies, instruments; of all scopes that an order has, the strictest decides.

What a scope does not name is inherited, and what it names can't loosen what holds for it anyway.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from actors.messages import MONEY_UNIT, Instrument
from actors.oms.limits import RULES, Limits, Reach, strictest
from actors.oms.scopes import FIRM, account_scope, instrument_scope, narrow_scope, strategy_scope

NONE = Limits()
_MOST_KEPT = 65_536  # clients name strategies as they like


@dataclasses.dataclass(frozen=True)
class EffectiveLimits(Limits):
    """What holds for the orders of one account, strategy and instrument.

    Limits of reach *total* are the account's own here; ``strategy`` and ``firm`` have theirs.

    Attributes:
        strategy: What the strategy's own scope names.
        firm: What the firm's scope names.
        lot_value: Price increment times lot times multiplier: value of a lot at price 1, in 1e-16 currency units.
        quantity_bound: ``maximum_order_quantity`` in lots.
        notional_bound: ``maximum_order_notional`` in the units of ``lot_value``.
        position_bound: ``maximum_position_notional`` in the same.
        plan: The checks that the gate makes under these limits; it works them out itself, once.
    """

    maximum_order_quantity: int = 0
    maximum_order_notional: int = 0
    maximum_position_notional: int = 0
    price_collar: int = 0
    allow_short: int = 0
    margin_rate: int = MONEY_UNIT
    self_trade_prevention: int = 1
    duplicate_window: int = 0
    order_to_trade_grace: int = 0
    strategy: Limits = NONE
    firm: Limits = NONE
    lot_value: int = 0
    quantity_bound: int = 0
    notional_bound: int = 0
    position_bound: int = 0
    plan: list[Any] = dataclasses.field(default_factory=list)


class LimitTree:
    """The limits by scope, and what they come to for an order.

    Attributes:
        version: Version of the newest change.
    """

    def __init__(self) -> None:
        self.version = 0
        self._scopes: dict[str, Limits] = {}
        self._effective: dict[tuple[str, str, int], EffectiveLimits] = {}

    def set(self, scope: str, limits: Mapping[str, int], version: int) -> None:
        """Replace the limits of a scope by a whole new set; an empty one forgets the scope."""
        if limits:
            self._scopes[scope] = Limits(**limits)
        else:
            self._scopes.pop(scope, None)
        self.version = version
        self._effective.clear()

    def of(self, scope: str) -> Limits:
        """Return the limits that a scope names itself."""
        return self._scopes.get(scope, NONE)

    def mapping(self) -> dict[str, dict[str, int]]:
        """Return the limits of every scope, the firm's first."""
        return {scope: self._scopes[scope].mapping() for scope in sorted(self._scopes, key=_firm_first)}

    def values(self, limit: str) -> list[int]:
        """Return the values that scopes give a limit."""
        return [value for scope in self._scopes.values() if (value := getattr(scope, limit)) is not None]

    def names(self, *limits: str) -> bool:
        """Return whether any scope names any of these limits."""
        return any(self.values(limit) for limit in limits)

    def effective(self, account: str, strategy: str, instrument: Instrument | None) -> EffectiveLimits:
        """Return what holds for the orders of an account and a strategy in an instrument."""
        key = (account, strategy, -1 if instrument is None else instrument.id)
        found = self._effective.get(key)
        if found is None:
            if len(self._effective) >= _MOST_KEPT:
                self._effective.clear()
            found = self._effective[key] = self._combine(account, strategy, instrument)
        return found

    def _combine(self, account: str, strategy: str, instrument: Instrument | None) -> EffectiveLimits:
        own, of_strategy = self.of(account_scope(account)), self.of(strategy_scope(strategy))
        holders = [self.of(FIRM), own]
        if instrument is not None:
            symbol = instrument.symbol
            holders += [self.of(instrument_scope(symbol)), self.of(narrow_scope(account, symbol))]
        found: dict[str, Any] = {}
        for name, rule in RULES.items():
            scopes = {Reach.TOTAL: [own], Reach.HOLDER: holders, Reach.ORDER: [*holders, of_strategy]}[rule.reach]
            found[name] = strictest(name, [value for one in scopes if (value := getattr(one, name)) is not None])
        return EffectiveLimits(
            **found,
            strategy=of_strategy,
            firm=self.of(FIRM),
            lot_value=instrument.notional(MONEY_UNIT, 1) if instrument is not None else 0,
            quantity_bound=found["maximum_order_quantity"] // instrument.quantity_increment if instrument else 0,
            notional_bound=found["maximum_order_notional"] * MONEY_UNIT,
            position_bound=found["maximum_position_notional"] * MONEY_UNIT,
        )


def _firm_first(scope: str) -> tuple[bool, str]:
    return scope != FIRM, scope
