"""Breach rules: which measure of risk, of whom, over which level makes what happen by itself."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal, NamedTuple

import pydantic
from pydantic import Field

from configs.base import Decimal, Exact, Name, Positive, Section
from configs.limits import LimitsSection

FIRM, ACCOUNTS, ACCOUNT = "firm", "accounts", "account:"
STALE_PRICE, DEAD_FEED = "stale-price", "dead-feed"
"""Rules that are there by ``risk.stale_after`` and ``risk.silent_after``."""

_OTHERS = (
    "allow_short",
    "price_collar_deviations",
    "margin_rate",
    "require_open_session",
    "restricted",
    "self_trade_prevention",
    "duplicate_window",
)
TIGHTENED = tuple(name for name in LimitsSection.model_fields if name not in _OTHERS)
"""Limits that a rule may tighten: amounts of which the lower one is the stricter."""
_COUNTS = (
    "maximum_order_rate",
    "maximum_cancel_rate",
    "maximum_message_rate",
    "maximum_duplicates",
    "order_to_trade_grace",
)
USED = (
    "maximum_order_quantity",
    "maximum_order_notional",
    "maximum_position_notional",
    "price_collar",
    "maximum_position_quantity",
    "maximum_gross_exposure",
    "maximum_net_exposure",
)
"""Limits whose use is measured."""


class MeasureKind(NamedTuple):
    """What a measure is counted in, and what a rule has to say of it beyond its name.

    Attributes:
        unit: ``money`` (currency units), ``fraction`` or ``seconds``.
        needs: The key of the rule that says which one is meant; empty where there is only one.
    """

    unit: Literal["money", "fraction", "seconds"]
    needs: str = ""


MEASURES: Mapping[str, MeasureKind] = {
    "gross_exposure": MeasureKind("money"),
    "net_exposure": MeasureKind("money"),
    "leverage": MeasureKind("fraction"),
    "concentration": MeasureKind("fraction"),
    "drawdown": MeasureKind("fraction"),
    "day_loss": MeasureKind("money"),
    "value_at_risk": MeasureKind("money", "confidence"),
    "expected_shortfall": MeasureKind("money", "confidence"),
    "stress_loss": MeasureKind("money", "scenario"),
    "limit_use": MeasureKind("fraction", "limit"),
    "stale_price": MeasureKind("seconds"),
    "feed_silence": MeasureKind("seconds"),
}
_PARTICULARS = ("confidence", "scenario", "limit")


class Tightening(Section):
    """Which limit of the rule's scope is tightened, and how far. It is never loosened by a rule."""

    limit: str
    """The limit's name."""
    factor: Annotated[Decimal, Field(gt=0, lt=1, decimal_places=8)] | None = None
    """Share of the limit as a person or the configuration set it last that is left."""
    value: Annotated[Positive, Exact] | None = None
    """Or the value that it is tightened to."""

    @pydantic.model_validator(mode="after")
    def _one_of_both(self) -> Tightening:
        known("limit", self.limit, TIGHTENED)
        if (self.factor is None) == (self.value is None):
            raise ValueError("a limit is tightened by a factor or to a value, one of the two")
        if self.limit in _COUNTS and self.value is not None and self.value % 1:
            raise ValueError(f"{self.limit} is a whole number")
        return self


class BreachRule(Section):
    """One rule: where its measure is over the threshold, a breach opens, goes on record and takes effect."""

    name: Name
    """Its key; what it does is on record under ``rule:NAME``."""
    measure: str
    """What is measured: gross_exposure, net_exposure (either way), leverage (gross exposure over equity), concentration
    (largest position over equity), drawdown (of the peak of the equity), day_loss, value_at_risk, expected_shortfall,
    stress_loss, limit_use, stale_price (age of the oldest price of what is held, by the hours of its market) or
    feed_silence (by the wall clock)."""
    scope: str = FIRM
    """Of whom: ``firm``, ``account:ID``, or ``accounts``, each by itself."""
    threshold: Annotated[Decimal, Field(ge=0), Exact]
    """Level over which a breach opens: currency units, a fraction, or seconds."""
    clear: Annotated[Decimal, Field(ge=0), Exact] | None = None
    """Level at which it closes again, at or under the threshold; empty: the threshold."""
    confidence: float | None = None
    """Of value_at_risk and expected_shortfall: one of ``risk.confidence``."""
    scenario: str | None = None
    """Of stress_loss: one of ``risk.stress``."""
    limit: str | None = None
    """Of limit_use: the limit's name."""
    action: Literal["alarm", "tighten", "reduce_only", "halt"] = "alarm"
    """What a breach does beyond an alarm. What it tightened or halted stays so when it closes: a person lifts that."""
    tighten: Tightening | None = None
    """Of action ``tighten``: what."""

    @pydantic.model_validator(mode="after")
    def _hangs_together(self) -> BreachRule:
        known("measure", self.measure, MEASURES)
        if not self.scope.startswith(ACCOUNT):
            known("scope", self.scope, (FIRM, ACCOUNTS), f", or {ACCOUNT}ID")
        needs = MEASURES[self.measure].needs
        for key in _PARTICULARS:
            if (getattr(self, key) is None) == (key == needs):
                raise ValueError(f"{self.measure} {'needs' if key == needs else 'has no'} {key}")
        if self.limit is not None:
            known("limit", self.limit, USED)
        if self.clear is not None and self.clear > self.threshold:
            raise ValueError("a breach can't close (clear) at more than it opens at (threshold)")
        if (self.tighten is None) == (self.action == "tighten"):
            raise ValueError("action tighten needs tighten, and no other has it")
        if self.measure == "feed_silence" and self.scope != FIRM:
            raise ValueError("the feed is everybody's: scope firm")
        return self


def check_rules(rules: Iterable[BreachRule], confidences: Collection[float], scenarios: Collection[str]) -> None:
    """Refuse a rule that occurs twice, or names a confidence or a scenario that is not there."""
    names = {STALE_PRICE, DEAD_FEED}
    for rule in rules:
        if rule.name in names:
            raise ValueError(f"rules: {rule.name} occurs twice ({STALE_PRICE} and {DEAD_FEED} are there by themselves)")
        names.add(rule.name)
        if rule.confidence is not None and rule.confidence not in confidences:
            listed = ", ".join(map(str, confidences))
            raise ValueError(f"rules: {rule.name} has confidence {rule.confidence}, but risk.confidence only {listed}")
        if rule.scenario is not None:
            known(f"scenario of {rule.name}", rule.scenario, scenarios)


def check_owners(rules: Iterable[BreachRule], currencies: Mapping[str, str]) -> None:
    """Refuse a rule about an account that is not there, or about a sum over several currencies.

    Args:
        rules: The rules.
        currencies: Currency by account.
    """
    several = sorted(set(currencies.values()))
    for rule in rules:
        if rule.scope.startswith(ACCOUNT):
            known(f"account of rule {rule.name}", rule.scope.removeprefix(ACCOUNT), currencies)
        elif rule.scope == FIRM and MEASURES[rule.measure].unit != "seconds" and len(several) > 1:
            raise ValueError(
                f"risk: rule {rule.name} is about the firm, whose accounts are in {' and '.join(several)}: "
                f"scope {ACCOUNTS} takes each by itself"
            )


def known(what: str, word: str, words: Collection[str], more: str = "") -> None:
    """Refuse a word that is not among ``words``; the error names the nearest."""
    if word not in words:
        near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no {what} {word!r}, only {', '.join(words)}{more}{hint}")


class LiveRiskSection(Section):
    """What the risk service does by itself while the run trades."""

    refresh_seconds: Annotated[float, Field(gt=0)] = 60.0
    """Market time after which value at risk and stress are measured anew, where anything moved and a rule or a person
    asks for them."""
    large_move: Annotated[float, Field(gt=0)] = 0.05
    """Change of one position's value, as a share of all that is held, after which they are at once."""
    stale_after: Annotated[Decimal, Field(gt=0), Exact] | None = Decimal(3600)
    """Seconds of trading without a price of its own after which what is held raises an alarm; empty: never."""
    silent_after: Annotated[Decimal, Field(gt=0), Exact] | None = Decimal(300)
    """Seconds of the wall clock without a slice after which the feed raises an alarm; empty: never."""
    rules: tuple[BreachRule, ...] = ()
    """What happens by itself where a measure is over a level."""

    def all_rules(self) -> tuple[BreachRule, ...]:
        """Return the rules, with those that are there by themselves first."""
        found = []
        if self.stale_after is not None:
            found.append(BreachRule(name=STALE_PRICE, measure="stale_price", threshold=self.stale_after))
        if self.silent_after is not None:
            found.append(BreachRule(name=DEAD_FEED, measure="feed_silence", threshold=self.silent_after))
        return (*found, *self.rules)
