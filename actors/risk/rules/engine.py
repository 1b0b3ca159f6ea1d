"""Which breaches are open: a pure function of what is on record, and of measures what opens or closes next."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable

from actors.errors import Conflict
from actors.oms.scopes import account_of
from actors.risk.rules.breach import BreachClosed, BreachOpened
from actors.risk.rules.rule import Rule
from configs.breach_rules import ACCOUNTS

KEPT = 1_000


class Verdict(enum.Enum):
    """What a measure makes of a rule."""

    NOTHING = "nothing"
    OPENS = "opens"
    CLOSES = "closes"


class BreachEngine:
    """The open breaches and the newest closed ones.

    Args:
        rules: The rules.
        kept: Closed breaches that are kept.

    Attributes:
        open: The open breaches by rule and scope.
        closed: The newest closed ones with what closed them, the oldest first.
        newest: Number of the newest breach.
        sequence: Newest market slice in the evidence of any breach that was opened or closed.
    """

    def __init__(self, rules: Iterable[Rule], kept: int = KEPT) -> None:
        self.rules = tuple(rules)
        self.open: dict[tuple[str, str], BreachOpened] = {}
        self.closed: deque[tuple[BreachOpened, BreachClosed]] = deque(maxlen=kept)
        self.newest = 0
        self.sequence = 0

    def judge(self, rule: Rule, scope: str, value: int | None) -> Verdict:
        """Return what a measure makes of a rule in a scope; one that is not known (``None``) changes nothing."""
        if value is None:
            return Verdict.NOTHING
        if (rule.name, scope) in self.open:
            return Verdict.CLOSES if value <= rule.clear else Verdict.NOTHING
        return Verdict.OPENS if value > rule.threshold else Verdict.NOTHING

    def orphans(self) -> list[BreachOpened]:
        """Return the open breaches whose rule is no longer there, or is another one by now."""
        rules = {rule.name: rule for rule in self.rules}
        return [
            breach
            for breach in self.open.values()
            if breach.rule not in rules or not _is_of(breach, rules[breach.rule])
        ]

    def take(self, event: BreachOpened | BreachClosed) -> None:
        """Take what is on record.

        Raises:
            Conflict: It does not follow from what was taken before.
        """
        if isinstance(event, BreachOpened):
            key = event.rule, event.scope
            if key in self.open or event.number != self.newest + 1:
                raise Conflict("a breach that can't have opened", field="number", value=event.number)
            self.open[key] = event
            self.newest = event.number
        else:
            opened = next((one for one in self.open.values() if one.number == event.number), None)
            if opened is None:
                raise Conflict("a breach that is not open can't close", field="number", value=event.number)
            del self.open[opened.rule, opened.scope]
            self.closed.append((opened, event))
        if event.evidence is not None:
            self.sequence = max(self.sequence, event.evidence.market_sequence)


def _is_of(breach: BreachOpened, rule: Rule) -> bool:
    evidence = breach.evidence
    if (evidence.measure, evidence.threshold, breach.action) != (rule.described, rule.threshold, rule.action):
        return False
    if breach.tightens not in (None, rule.tightens):
        return False
    return account_of(breach.scope) is not None if rule.scope == ACCOUNTS else breach.scope == rule.scope
