"""The kill switch: trading states by scope, of which the most restrictive wins."""

from __future__ import annotations

import re

from actors.errors import InputError
from actors.messages import TradingState

FIRM = "firm"
_SCOPE = re.compile(r"firm|(?:account|strategy):[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
_SEVERITY = {TradingState.ACTIVE: 0, TradingState.REDUCE_ONLY: 1, TradingState.HALTED: 2}


def check_scope(scope: str) -> None:
    """Refuse what is no scope.

    Raises:
        InputError: ``scope`` is neither ``firm`` nor ``account:ID`` nor ``strategy:NAME``.
    """
    if _SCOPE.fullmatch(scope) is None:
        raise InputError(
            "unknown scope of the kill switch",
            field="scope",
            value=scope,
            rule="firm, account:ID or strategy:NAME",
            code="SCOPE_INVALID",
        )


def most_restrictive(first: TradingState, second: TradingState) -> TradingState:
    """Return the state that lets less through."""
    return first if _SEVERITY[first] >= _SEVERITY[second] else second


class KillSwitch:
    """The trading state of the firm, of accounts and of strategies; ``active`` where none was set."""

    def __init__(self) -> None:
        self._states: dict[str, TradingState] = {}

    def set(self, scope: str, state: TradingState) -> None:
        """Set the state of a scope; ``active`` forgets it."""
        if state is TradingState.ACTIVE:
            self._states.pop(scope, None)
        else:
            self._states[scope] = state

    def of(self, scope: str) -> TradingState:
        """Return the state that was set for a scope itself."""
        return self._states.get(scope, TradingState.ACTIVE)

    def for_account(self, account: str) -> TradingState:
        """Return what holds for all orders of an account: the stricter of the firm's state and its own."""
        if not self._states:
            return TradingState.ACTIVE
        return most_restrictive(self.of(FIRM), self.of(f"account:{account}"))

    def for_strategy(self, strategy: str) -> TradingState:
        """Return the state of a strategy itself."""
        return self.of(f"strategy:{strategy}") if self._states else TradingState.ACTIVE

    def states(self) -> dict[str, TradingState]:
        """Return every scope that is not active, by name."""
        return dict(sorted(self._states.items()))
