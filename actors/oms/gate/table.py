"""The gate for people: ``python -m actors.oms.gate.table`` prints what ``actors/oms/GATE.md`` holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from actors.decimals import money_text
from actors.oms.gate.candidate import Moment
from actors.oms.gate.checks import CHECKS, Check
from actors.oms.limits import RULES, LimitRule, Unit
from configs.limits import ScopedLimits

_INTRODUCTION = """\
# The pre-trade gate

Made by `python -m actors.oms.gate.table` from the tables in the code; a test fails where it is stale.

Every order, replacement and order of a list passes the gate in the process that sends it, before anything is sent. The
checks run in this order, and the first that fails refuses the order with its code, the field, the value, the limit and
what would be accepted. All that they look at is on record with the order (prices, quote, volatility, session, wall
clock) or follows from the journal, so that a replay refuses the same orders.

RTS 6 is Commission Delegated Regulation (EU) 2017/589 (MiFID II, algorithmic trading); 15c3-5 is 17 CFR 240.15c3-5
(market access). They name what each check serves; that alone does not make a firm comply with them. Article 12 of RTS 6
also asks that orders can be taken back at once: `alphamind halt --cancel-orders`.

"""
_LIMITS = """
## Limits

A limit belongs to a scope: `firm`, `account:ID`, `strategy:NAME`, `instrument:SYMBOL` or
`account:ID/instrument:SYMBOL`. What a scope does not name is inherited; of all scopes that an order has, the strictest
decides, so that none can loosen what holds for it anyway. A limit that nobody names and that has no default is not
checked, and costs nothing.

* *order*: bounds each order that the scope has.
* *holder*: bounds what the account holds or does, whichever scope names it; a strategy's scope bounds what the strategy
  holds or does in the account.
* *total*: bounds what the scope itself holds or does: an account, a strategy in an account, or the firm. The firm's are
  handed out to the partitions as shares whose sum never exceeds the limit; what a partition does not have it can't use,
  and what a dead one has stays set aside until it is back.

Exposure counts every position as large as its open orders could make it, at the last price on record. Cancels are
counted by the rates and never refused.

"""


def render() -> str:
    """Return both tables as Markdown."""
    checks = _table(
        ("code", "keeps from happening, or sees to", "when", "RTS 6", "15c3-5"), (_check(check) for check in CHECKS)
    )
    limits = _table(
        ("limit", "what it is", "unit", "bounds", "strict is", "default"),
        (_limit(name, rule) for name, rule in RULES.items()),
    )
    return _INTRODUCTION + checks + _LIMITS + limits


def _check(check: Check) -> Sequence[str]:
    moments = "" if len(check.moments) == len(Moment) else ", ".join(moment.name.lower() for moment in check.moments)
    article = f"Art. {check.rts6}" if check.rts6 else ""
    return f"`{check.code}`", check.covers, moments or "always", article, check.sec


def _limit(name: str, rule: LimitRule) -> Sequence[str]:
    what = str(ScopedLimits.model_fields[name].description).rstrip(".").replace("``", "`")
    default = "" if rule.default is None else _value(rule, rule.default)
    strict = "low" if rule.low_is_strict else "high"
    return f"`{name}`", what, rule.unit.value, rule.reach.value, strict, default


def _value(rule: LimitRule, value: int) -> str:
    if rule.unit in (Unit.FLAG, Unit.COUNT, Unit.MILLISECONDS):
        return str(value)
    closed = not value and rule.unit in (Unit.QUANTITY, Unit.MONEY)
    return "nothing passes" if closed else money_text(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(render())
