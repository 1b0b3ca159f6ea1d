"""A breach rule in the integers of the measures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from actors.messages import MONEY_UNIT
from actors.oms.limits import RULES, Unit
from actors.oms.scopes import FIRM, account_scope
from actors.vocabulary import Word
from configs.breach_rules import ACCOUNTS, MEASURES, BreachRule


class Action(Word):
    """What a breach does beyond an alarm."""

    ALARM = "alarm"
    TIGHTEN = "tighten"
    REDUCE_ONLY = "reduce_only"
    HALT = "halt"


@dataclasses.dataclass(frozen=True)
class Tightened:
    """Which limit is tightened, to a share (1e-8) of what it was set to, or to a value in its own unit."""

    limit: str
    factor: int | None
    value: int | None


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule; levels are 1e-8 currency units, fractions or seconds.

    Attributes:
        name: Its key.
        measure: One of ``configs.breach_rules.MEASURES``.
        scope: ``firm``, ``account:ID``, or ``accounts`` for each.
        threshold: Level over which a breach opens.
        clear: Level at or under which it closes.
        action: What a breach does.
        confidence: Of value at risk and expected shortfall.
        scenario: Of a stress loss.
        limit: Of the use of a limit.
        tighten: Of action ``tighten``.
    """

    name: str
    measure: str
    scope: str
    threshold: int
    clear: int
    action: Action = Action.ALARM
    confidence: float | None = None
    scenario: str | None = None
    limit: str | None = None
    tighten: Tightened | None = None

    @classmethod
    def of(cls, rule: BreachRule) -> Rule:
        """Return a rule of the configuration."""
        tighten = None
        if rule.tighten is not None:
            limit, factor, value = rule.tighten.limit, rule.tighten.factor, rule.tighten.value
            scale = 1 if RULES[limit].unit is Unit.COUNT else MONEY_UNIT
            tighten = Tightened(
                limit,
                None if factor is None else int(factor * MONEY_UNIT),
                None if value is None else min(int(value * scale), RULES[limit].highest),
            )
        clear = rule.threshold if rule.clear is None else rule.clear
        return cls(
            name=rule.name,
            measure=rule.measure,
            scope=rule.scope,
            threshold=int(rule.threshold * MONEY_UNIT),
            clear=int(clear * MONEY_UNIT),
            action=Action(rule.action),
            confidence=rule.confidence,
            scenario=rule.scenario,
            limit=rule.limit,
            tighten=tighten,
        )

    @property
    def unit(self) -> str:
        """``money``, ``fraction`` or ``seconds``."""
        return MEASURES[self.measure].unit

    @property
    def described(self) -> str:
        """The measure, and which one of its kind."""
        particular = self.confidence or self.scenario or self.limit
        return self.measure if particular is None else f"{self.measure} {particular}"

    @property
    def tightens(self) -> str:
        """Which limit is tightened to which share or value, 1e-8; empty where none is."""
        if self.tighten is None:
            return ""
        to = f"value {self.tighten.value}" if self.tighten.factor is None else f"factor {self.tighten.factor}"
        return f"{self.tighten.limit} {to}"

    def scopes(self, accounts: Iterable[str]) -> list[str]:
        """Return the scopes that it is about, where ``accounts`` are all there are to look at."""
        if self.scope == ACCOUNTS:
            return [account_scope(account) for account in accounts]
        if self.scope == FIRM:
            return [FIRM]
        return [self.scope] if any(self.scope == account_scope(account) for account in accounts) else []
