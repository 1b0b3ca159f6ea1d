"""What the risk service decides: limits and trading states, and which OMS partition has them already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from actors.messages import LimitsEvent, Message, OmsEvent, StateEvent, TradingState
from actors.oms.kill_switch import SEVERITY
from actors.oms.limit_tree import LimitTree
from actors.oms.scopes import FIRM

CONFIGURATION = "configuration"
"""The principal of changes that the run's own configuration makes."""

_ACTIVE = TradingState.ACTIVE


class LimitsChange(Message, frozen=True):
    """The limits of a scope were replaced.

    Attributes:
        limits: The scope's whole new set.
        principal: Who replaced them; ``configuration`` where the run's own configuration did.
        reason: Why.
        configured: The limits of the configuration where the change came from it; the first change always does.
        scope: What they hold for.
    """

    limits: dict[str, int]
    principal: str
    reason: str
    configured: dict[str, int] | None = None
    scope: str = FIRM


class StateChange(Message, frozen=True):
    """The trading state of a scope (``firm``, ``account:ID``, ``strategy:NAME``, ``instrument:SYMBOL``) was set."""

    scope: str
    state: TradingState
    principal: str
    reason: str


class Controls:
    """The present limits and trading states, and those that each partition confirmed by its events.

    Attributes:
        limits: The newest change of limits by scope.
        tree: What they come to.
        configured: The limits that the configuration had when it last set any, by scope.
        version: Changes of limits so far.
        states: The newest change by scope.
    """

    def __init__(self) -> None:
        self.limits: dict[str, LimitsChange] = {}
        self.tree = LimitTree()
        self.configured: dict[str, dict[str, int]] = {}
        self.version = 0
        self.states: dict[str, StateChange] = {}
        self._confirmed_limits: defaultdict[int, dict[str, dict[str, int]]] = defaultdict(dict)
        self._confirmed_states: defaultdict[int, dict[str, TradingState]] = defaultdict(dict)

    def limits_of(self, scope: str) -> dict[str, int]:
        """Return the limits that a scope names itself."""
        change = self.limits.get(scope)
        return {} if change is None else change.limits

    def set_limits(self, change: LimitsChange) -> None:
        """Replace the limits of a scope."""
        if change.configured is not None:
            self.configured[change.scope] = change.configured
        elif not self.version:
            self.configured[change.scope] = change.limits
        self.version += 1
        self.limits[change.scope] = change
        self.tree.set(change.scope, change.limits, self.version)

    def configuration_changes(self, configured: Mapping[str, dict[str, int]]) -> list[LimitsChange]:
        """Return the changes that the limits of the configuration make now, by scope; none where they are as before.

        Only what the configuration itself changed is replaced; the rest stays as it was set since.
        """
        first = not self.version
        found = []
        for scope in [*configured, *(scope for scope in self.configured if scope not in configured)]:
            now, before = configured.get(scope, {}), self.configured.get(scope, {})
            if now == before:
                continue
            limits = dict(self.limits_of(scope))
            for name in {**before, **now}:
                if name not in now:
                    limits.pop(name, None)
                elif now[name] != before.get(name):
                    limits[name] = now[name]
            reason = "limits of the configuration" if first else "the run was continued with another configuration"
            found.append(LimitsChange(limits, CONFIGURATION, reason, now, scope))
        return found

    def set_state(self, change: StateChange) -> None:
        """Set the trading state of one scope."""
        self.states[change.scope] = change

    def take(self, event: OmsEvent) -> None:
        """Note what a partition has put in force."""
        if isinstance(event, LimitsEvent):
            self._confirmed_limits[event.partition][event.scope] = event.limits
        elif isinstance(event, StateEvent):
            self._confirmed_states[event.partition][event.scope] = event.state

    def confirm(self, partitions: Iterable[int], change: LimitsChange | StateChange) -> None:
        """Note that these partitions answered that they have ``change``."""
        for partition in partitions:
            if isinstance(change, LimitsChange):
                self._confirmed_limits[partition][change.scope] = change.limits
            else:
                self._confirmed_states[partition][change.scope] = change.state

    def outstanding(self, partitions: Iterable[int]) -> list[LimitsChange | StateChange]:
        """Return what at least one of ``partitions`` lacks and has to be told: states first, as they may stop trading.

        A state that a partition is stricter in is not outstanding: trading is never resumed but by whoever asks for it.
        """
        partitions = list(partitions)
        lacking: list[LimitsChange | StateChange] = [
            change
            for change in self.states.values()
            if any(
                SEVERITY[self._in_force(partition, change.scope)] < SEVERITY[change.state] for partition in partitions
            )
        ]
        for scope, limits in self.limits.items():
            if any(self._confirmed_limits[partition].get(scope, {}) != limits.limits for partition in partitions):
                lacking.append(limits)
        return lacking

    def stricter(self, partitions: Iterable[int]) -> dict[str, dict[int, str]]:
        """Return the scopes in which partitions let less through than was decided here, with the state of each."""
        found: defaultdict[str, dict[int, str]] = defaultdict(dict)
        for partition in sorted(partitions):
            for scope, state in self._confirmed_states[partition].items():
                decided = self.states[scope].state if scope in self.states else _ACTIVE
                if SEVERITY[state] > SEVERITY[decided]:
                    found[scope][partition] = str(state)
        return dict(found)

    def _in_force(self, partition: int, scope: str) -> TradingState:
        return self._confirmed_states[partition].get(scope, _ACTIVE)
