"""What the risk service decides: the limits and the trading states, and which OMS partition has them already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from actors.messages import LimitsEvent, Message, OmsEvent, StateEvent, TradingState

CONFIGURATION = "configuration"
"""The principal of changes that the run's own configuration makes."""


class LimitsChange(Message, frozen=True):
    """The limits were replaced.

    Attributes:
        limits: The whole new set.
        principal: Who replaced them; ``configuration`` where the run's own configuration did.
        reason: Why.
        configured: The limits of the configuration where the change came from it; the first change always does.
    """

    limits: dict[str, int]
    principal: str
    reason: str
    configured: dict[str, int] | None = None


class StateChange(Message, frozen=True):
    """The trading state of a scope (``firm``, ``account:ID``, ``strategy:NAME``) was set."""

    scope: str
    state: TradingState
    principal: str
    reason: str


class Controls:
    """The present limits and trading states, and those that each partition confirmed by its events.

    Attributes:
        limits: The newest change of limits.
        configured: The limits that the configuration had when it last set any.
        version: Changes of limits so far.
        states: The newest change by scope.
    """

    def __init__(self) -> None:
        self.limits = LimitsChange({}, "", "")
        self.configured: dict[str, int] = {}
        self.version = 0
        self.states: dict[str, StateChange] = {}
        self._confirmed_limits: dict[int, dict[str, int]] = {}
        self._confirmed_states: defaultdict[int, dict[str, TradingState]] = defaultdict(dict)

    def set_limits(self, change: LimitsChange) -> None:
        """Replace the limits."""
        if change.configured is not None:
            self.configured = change.configured
        elif not self.version:
            self.configured = change.limits
        self.limits = change
        self.version += 1

    def configuration_change(self, configured: dict[str, int]) -> LimitsChange | None:
        """Return the change that the limits of the configuration make now, ``None`` where they are the same as before.

        Only what the configuration itself changed is replaced; the rest stays as it was set since.
        """
        if not self.version:
            return LimitsChange(configured, CONFIGURATION, "limits of the configuration", configured)
        changed = {name: limit for name, limit in configured.items() if self.configured.get(name) != limit}
        if not changed:
            return None
        limits = {**self.limits.limits, **changed}
        return LimitsChange(limits, CONFIGURATION, "the run was continued with another configuration", configured)

    def set_state(self, change: StateChange) -> None:
        """Set the trading state of one scope."""
        self.states[change.scope] = change

    def take(self, event: OmsEvent) -> None:
        """Note what a partition has put in force."""
        if isinstance(event, LimitsEvent):
            self._confirmed_limits[event.partition] = event.limits
        elif isinstance(event, StateEvent):
            self._confirmed_states[event.partition][event.scope] = event.state

    def confirm(self, partitions: Iterable[int], change: LimitsChange | StateChange) -> None:
        """Note that these partitions answered that they have ``change``."""
        for partition in partitions:
            if isinstance(change, LimitsChange):
                self._confirmed_limits[partition] = change.limits
            else:
                self._confirmed_states[partition][change.scope] = change.state

    def outstanding(self, partitions: Iterable[int]) -> list[LimitsChange | StateChange]:
        """Return what at least one of ``partitions`` lacks: states first, as they may stop trading."""
        partitions = list(partitions)
        lacking: list[LimitsChange | StateChange] = []
        for change in self.states.values():
            in_force = (self._confirmed_states[partition].get(change.scope) for partition in partitions)
            if any((state or TradingState.ACTIVE) is not change.state for state in in_force):
                lacking.append(change)
        if any(self._confirmed_limits.get(partition) != self.limits.limits for partition in partitions):
            lacking.append(self.limits)
        return lacking
