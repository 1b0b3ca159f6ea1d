"""What a breach sets: limits and trading states, as a person would, but only ever stricter than what holds."""

from __future__ import annotations

from typing import NamedTuple

from actors.decimals import money_text
from actors.messages import MONEY_UNIT, TradingState
from actors.oms.kill_switch import SEVERITY
from actors.oms.limits import RULES, Limits, Reach
from actors.oms.scopes import FIRM, account_of
from actors.risk.controls import Controls, LimitsChange, StateChange
from actors.risk.limits import limit_text
from actors.risk.rules.breach import Evidence
from actors.risk.rules.rule import Action, Rule, Tightened

PRINCIPAL = "rule:"
_STATES = {Action.REDUCE_ONLY: TradingState.REDUCE_ONLY, Action.HALT: TradingState.HALTED}


class Effect(NamedTuple):
    """What a breach sets, or why it sets nothing."""

    state: StateChange | None = None
    limits: LimitsChange | None = None
    note: str = ""


class Baseline:
    """Limits as a person or the configuration set them last, whatever rules have tightened since.

    A factor is one of these, so that a breach that opens again and again does not tighten what it tightened already.
    """

    def __init__(self) -> None:
        self._limits: dict[str, dict[str, int]] = {}

    def take(self, change: LimitsChange, before: dict[str, int]) -> None:
        """Take a change of the limits of a scope, which named ``before``."""
        known = self._limits.setdefault(change.scope, {})
        for name in {*before, *change.limits}:
            now = change.limits.get(name)
            if change.principal.startswith(PRINCIPAL) or now == before.get(name):
                continue
            if now is None:
                known.pop(name, None)
            else:
                known[name] = now

    def of(self, scope: str) -> dict[str, int]:
        """Return the limits of a scope."""
        return self._limits.get(scope, {})


def effect_of(rule: Rule, scope: str, evidence: Evidence, controls: Controls, baseline: Baseline) -> Effect:
    """Return what a breach of ``rule`` in ``scope`` sets."""
    principal = f"{PRINCIPAL}{rule.name}"
    reason = f"{rule.measure} {money_text(evidence.value)} over {money_text(rule.threshold)}"
    if rule.action in _STATES:
        wanted, change = _STATES[rule.action], controls.states.get(scope)
        present = TradingState.ACTIVE if change is None else change.state
        if SEVERITY[present] >= SEVERITY[wanted]:
            return Effect(note=f"{scope} is {present} already")
        return Effect(state=StateChange(scope, wanted, principal, reason))
    if rule.tighten is None:
        return Effect()
    name = rule.tighten.limit
    wanted_limit, present_limit = _wanted(rule.tighten, scope, baseline), _present(name, scope, controls)
    if wanted_limit is None:
        return Effect(note=f"{name} is not limited: there is nothing to take a share of")
    if present_limit is not None and present_limit <= wanted_limit:
        return Effect(note=f"{name} is {limit_text(name, present_limit)} already")
    limits = {**controls.limits_of(scope), name: wanted_limit}
    ordered = {known: limits[known] for known in RULES if known in limits}
    return Effect(limits=LimitsChange(ordered, principal, reason, None, scope))


def _wanted(tighten: Tightened, scope: str, baseline: Baseline) -> int | None:
    rule = RULES[tighten.limit]
    if tighten.value is not None:
        return max(rule.lowest, tighten.value)
    scopes = (scope,) if rule.reach is Reach.TOTAL or scope == FIRM else (scope, FIRM)
    set_to = [found[tighten.limit] for one in scopes if tighten.limit in (found := baseline.of(one))]
    if not set_to or tighten.factor is None:
        return None
    return max(rule.lowest, min(set_to) * tighten.factor // MONEY_UNIT)


def _present(name: str, scope: str, controls: Controls) -> int | None:
    account = account_of(scope)
    limits: Limits = controls.tree.of(FIRM) if account is None else controls.tree.effective(account, "", None)
    found: int | None = getattr(limits, name)
    return found
