"""A rule that can't work is refused when it is read, with the name and the nearest one there is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.errors import ConfigurationError
from actors.messages import MONEY_UNIT
from actors.risk.limits import FLAG, MEASURED
from actors.risk.rules.rule import Action, Rule, Tightened
from configs import load
from configs.breach_rules import USED

GOOD = "name: a, threshold: 1"
TIGHTEN = f"{GOOD}, measure: leverage, action: tighten"

WRONG = [
    (f"{GOOD}, measure: gros_exposure", "no measure 'gros_exposure'", "did you mean gross_exposure?"),
    (f"{GOOD}, measure: leverage, scope: acounts", "no scope 'acounts'", "did you mean accounts?"),
    (f"{GOOD}, measure: leverage, scope: 'account:mian'", "'mian'", "did you mean main?"),
    (f"{GOOD}, measure: stress_loss, scenario: equity -11%", "'equity -11%'", "did you mean equity -10%?"),
    (f"{GOOD}, measure: limit_use, limit: price_colar", "no limit 'price_colar'", "did you mean price_collar?"),
    (f"{GOOD}, measure: value_at_risk, confidence: 0.9", "confidence 0.9", "0.95, 0.99"),
    (f"{GOOD}, measure: value_at_risk", "needs confidence", ""),
    (f"{GOOD}, measure: leverage, scenario: x", "leverage has no scenario", ""),
    (f"{GOOD}, measure: leverage, clear: 2", "can't close", ""),
    (f"{GOOD}, measure: leverage, action: stop", "alarm", "halt"),
    (f"{GOOD}, measure: feed_silence, scope: accounts", "scope firm", ""),
    ("name: stale-price, threshold: 1, measure: leverage", "occurs twice", ""),
    (TIGHTEN, "needs tighten", ""),
    (
        f"{TIGHTEN}, tighten: {{limit: maximum_order_notinal, factor: 0.5}}",
        "'maximum_order_notinal'",
        "order_notional?",
    ),
    (f"{TIGHTEN}, tighten: {{limit: maximum_order_notional}}", "one of the two", ""),
    (f"{TIGHTEN}, tighten: {{limit: maximum_order_notional, factor: 1.5}}", "less than 1", ""),
    (f"{TIGHTEN}, tighten: {{limit: maximum_order_rate, value: 1.5}}", "whole number", ""),
    (f"{GOOD}, mesure: leverage", "one of name, measure", "did you mean risk.rules.0.measure?"),
]


@pytest.mark.parametrize(("rule", "words", "hint"), WRONG, ids=[case[1] for case in WRONG])
def test_a_wrong_rule_is_refused(rule: str, words: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load("local", overrides=[f"risk.rules=[{{{rule}}}]"], environment={})
    assert words in str(caught.value) and hint in str(caught.value)


def test_a_rule_about_the_firm_is_refused_where_its_accounts_are_in_several_currencies() -> None:
    accounts = "accounts=[{id: main}, {id: euro, currency: EUR}]"
    for rule, fits in ((f"{GOOD}, measure: leverage", False), (f"{GOOD}, measure: leverage, scope: accounts", True)):
        overrides = [accounts, f"risk.rules=[{{{rule}}}]"]
        if fits:
            assert load("local", overrides=overrides, environment={}).risk.rules
        else:
            with pytest.raises(ConfigurationError, match="EUR and USD"):
                load("local", overrides=overrides, environment={})


def test_old_prices_and_a_dead_feed_are_watched_unless_that_is_turned_off() -> None:
    section = load("local", environment={}).risk
    assert [(rule.name, rule.threshold, rule.action) for rule in section.all_rules()] == [
        ("stale-price", Decimal(3600), "alarm"),
        ("dead-feed", Decimal(300), "alarm"),
    ]
    off = load("local", overrides=["risk.stale_after=null", "risk.silent_after=null"], environment={}).risk
    assert off.all_rules() == ()


def test_a_rule_is_read_into_integers() -> None:
    text = (
        "risk.rules=[{name: a, measure: limit_use, limit: price_collar, threshold: 0.9, clear: '0.85', scope: accounts,"
    )
    tighten = " action: tighten, tighten: {limit: maximum_order_rate, value: 5}}]"
    (section,) = load("local", overrides=[text + tighten], environment={}).risk.rules
    rule = Rule.of(section)
    assert (rule.threshold, rule.clear) == (90_000_000, 85_000_000)
    assert rule.tighten == Tightened("maximum_order_rate", None, 5) and rule.action is Action.TIGHTEN
    assert rule.described == "limit_use price_collar" and rule.unit == "fraction"
    assert rule.scopes(["x", "y"]) == ["account:x", "account:y"]
    seconds = Rule.of(load("local", environment={}).risk.all_rules()[0])
    assert seconds.threshold == 3600 * MONEY_UNIT


def test_the_limits_whose_use_is_measured_are_those_that_the_risk_service_measures() -> None:
    assert set(USED) == set(MEASURED) - {FLAG}
