"""The kill switch: trading states by scope, of which the most restrictive wins."""

from __future__ import annotations

from actors.messages import TradingState
from actors.oms.scopes import FIRM, account_scope, instrument_scope, strategy_scope

SEVERITY = {TradingState.ACTIVE: 0, TradingState.REDUCE_ONLY: 1, TradingState.HALTED: 2}
"""How little each state lets through."""


def most_restrictive(first: TradingState, second: TradingState) -> TradingState:
    """Return the state that lets less through."""
    return first if SEVERITY[first] >= SEVERITY[second] else second


class KillSwitch:
    """The trading state of the firm, of accounts, strategies and instruments; ``active`` where none was set.

    Attributes:
        quiet: True while everything is active, which is all that an order has to ask then.
    """

    def __init__(self) -> None:
        self.quiet = True
        self._states: dict[str, TradingState] = {}

    def set(self, scope: str, state: TradingState) -> None:
        """Set the state of a scope; ``active`` forgets it."""
        if state is TradingState.ACTIVE:
            self._states.pop(scope, None)
        else:
            self._states[scope] = state
        self.quiet = not self._states

    def of(self, scope: str) -> TradingState:
        """Return the state that was set for a scope itself."""
        return self._states.get(scope, TradingState.ACTIVE)

    def for_account(self, account: str) -> TradingState:
        """Return what holds for all orders of an account: the stricter of the firm's state and its own."""
        if self.quiet:
            return TradingState.ACTIVE
        return most_restrictive(self.of(FIRM), self.of(account_scope(account)))

    def for_strategy(self, strategy: str) -> TradingState:
        """Return the state of a strategy itself."""
        return TradingState.ACTIVE if self.quiet else self.of(strategy_scope(strategy))

    def for_instrument(self, symbol: str) -> TradingState:
        """Return the state of an instrument itself."""
        return TradingState.ACTIVE if self.quiet else self.of(instrument_scope(symbol))

    def where(self, account: str, strategy: str, symbol: str, state: TradingState) -> str | None:
        """Return the widest scope of an order that is in ``state`` itself, ``None`` where none is."""
        scopes = (FIRM, account_scope(account), strategy_scope(strategy), instrument_scope(symbol))
        return next((scope for scope in scopes if self.of(scope) is state), None)

    def states(self) -> dict[str, TradingState]:
        """Return every scope that is not active, by name."""
        return dict(sorted(self._states.items()))
