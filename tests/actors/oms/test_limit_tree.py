"""The tree of limits: what a scope does not name is inherited, and the strictest of all scopes decides."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import InputError
from actors.messages import MONEY_UNIT, Instrument
from actors.oms.limit_tree import LimitTree
from actors.oms.limits import RULES, Limits, Reach, Unit, configured_limits
from actors.oms.scopes import account_of, check_scope, symbol_of
from configs.base import Section
from configs.limits import LimitsSection, ScopedLimits
from configs.schema import RiskSection

AAA = Instrument(id=0, symbol="AAA")
BBB = Instrument(id=1, symbol="BBB")
SCOPES = ["firm", "account:main", "strategy:trend", "instrument:AAA", "account:main/instrument:AAA"]


def tree(**scopes: dict[str, int]) -> LimitTree:
    made = LimitTree()
    for scope, limits in scopes.items():
        made.set(scope, limits, 1)
    return made


def effective(made: LimitTree, name: str, account: str = "main", strategy: str = "trend", of: Instrument = AAA) -> Any:
    return getattr(made.effective(account, strategy, of), name)


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_of_an_order_can_restrict_it(scope: str) -> None:
    made = tree(**{"firm": {"maximum_order_quantity": 10}, scope: {"maximum_order_quantity": 5}})
    assert effective(made, "maximum_order_quantity") == 5
    others = {"account": "other", "strategy": "other", "of": BBB}
    assert effective(made, "maximum_order_quantity", **others) == (5 if scope == "firm" else 10)


@pytest.mark.parametrize("scope", SCOPES[1:])
def test_a_child_can_not_loosen_what_holds_for_it(scope: str) -> None:
    made = tree(
        firm={"maximum_order_quantity": 10, "allow_short": 0},
        **{scope: {"maximum_order_quantity": 50, "allow_short": 1}},
    )
    assert (effective(made, "maximum_order_quantity"), effective(made, "allow_short")) == (10, 0)


@given(
    values=st.dictionaries(st.sampled_from(SCOPES), st.integers(0, 9), min_size=1), name=st.sampled_from(list(RULES))
)
def test_the_strictest_of_all_scopes_that_it_reaches_decides(values: dict[str, int], name: str) -> None:
    rule = RULES[name]
    values = {scope: min(max(value, rule.lowest), rule.highest) for scope, value in values.items()}
    made = tree(**{scope: {name: value} for scope, value in values.items()})
    reached = {
        Reach.ORDER: SCOPES,
        Reach.HOLDER: [scope for scope in SCOPES if not scope.startswith("strategy")],
        Reach.TOTAL: ["account:main"],
    }[rule.reach]
    named = [values[scope] for scope in reached if scope in values]
    if name == "price_collar_deviations":
        named = [value for value in named if value]
    strictest = (min if rule.low_is_strict else max)(named, default=rule.default)
    assert effective(made, name) == strictest
    of_strategy = made.effective("main", "trend", AAA).strategy
    assert getattr(of_strategy, name) == values.get("strategy:trend")


def test_what_holds_is_worked_out_again_after_a_change() -> None:
    made = tree(firm={"maximum_order_quantity": 10})
    assert effective(made, "maximum_order_quantity") == 10
    made.set("account:main", {"maximum_order_quantity": 3}, 2)
    assert (effective(made, "maximum_order_quantity"), made.version) == (3, 2)
    made.set("account:main", {}, 3)
    assert effective(made, "maximum_order_quantity") == 10
    assert made.mapping() == {"firm": {"maximum_order_quantity": 10}}


def test_as_many_strategies_as_clients_can_name_do_not_fill_the_memory() -> None:
    made = tree(firm={"maximum_order_quantity": 10})
    for number in range(70_000):
        made.effective("main", f"s{number}", AAA)
    assert len(made._effective) < 70_000


def test_the_configuration_has_the_same_limits_under_the_same_names() -> None:
    assert set(ScopedLimits.model_fields) == set(RULES)
    assert {field.name for field in dataclasses.fields(Limits)} == set(RULES)
    with_default = {name for name, rule in RULES.items() if rule.default == 0 and rule.unit is not Unit.FLAG}
    given_to_the_firm = {name for name, field in LimitsSection.model_fields.items() if field.default is not None}
    assert given_to_the_firm == with_default | {"allow_short"}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_bounds_of_the_configuration_are_those_of_the_gate(name: str, end: str) -> None:
    rule = RULES[name]
    value = getattr(rule, end)
    if value == 2**63 - 1 and rule.unit not in (Unit.QUANTITY, Unit.MONEY):
        return
    whole = rule.unit in (Unit.FLAG, Unit.COUNT, Unit.MILLISECONDS)
    text = str(value) if whole else f"{value // MONEY_UNIT}.{value % MONEY_UNIT:08d}"
    given_so: Any = bool(value) if rule.unit is Unit.FLAG else text
    section = ScopedLimits.model_validate({name: given_so})
    assert Limits.from_section(section).mapping() == {name: value}
    assert Limits().replaced({name: value}) == Limits.from_section(section)
    beyond = value + (1 if end == "highest" else -1)
    with pytest.raises(InputError):
        Limits().replaced({name: beyond})


def test_scopes_are_configured_beside_the_firm() -> None:
    section = RiskSection.model_validate(
        {"scopes": {"account:main": {"maximum_gross_exposure": 5}, "account:main/instrument:A.B": {"restricted": True}}}
    )
    configured = configured_limits(section)
    assert list(configured) == ["firm", "account:main", "account:main/instrument:A.B"]
    assert configured["account:main"] == {"maximum_gross_exposure": 5 * MONEY_UNIT}
    assert configured["account:main/instrument:A.B"] == {"restricted": 1}


@pytest.mark.parametrize(
    "scopes",
    [
        {"firm": {}},
        {"desk:a": {}},
        {"instrument:AAA": {"maximum_gross_exposure": 5}},
        {"account:a/instrument:AAA": {"maximum_order_rate": 5}},
        {"account:a": {"maximum_orders": 5}},
        {"account:a": {"maximum_order_rate": 0}},
    ],
)
def test_a_wrong_scope_of_the_configuration_is_refused(scopes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        RiskSection.model_validate({"scopes": scopes})
    assert issubclass(RiskSection, Section)


@pytest.mark.parametrize(
    ("scope", "changes", "code"),
    [
        ("firm", {"maximum_order_quantity": None}, "LIMIT_INVALID"),
        ("firm", {"maximum_gross_exposure": None}, ""),
        ("account:a", {"maximum_order_quantity": None}, ""),
        ("instrument:AAA", {"maximum_gross_exposure": 5}, "LIMIT_SCOPE_INVALID"),
        ("account:a/instrument:AAA", {"maximum_cancel_rate": 5}, "LIMIT_SCOPE_INVALID"),
        ("account:a", {"restrictd": 1}, "LIMIT_UNKNOWN"),
        ("account:a", {"restricted": 2}, "LIMIT_INVALID"),
    ],
)
def test_a_change_that_a_scope_can_not_have_is_refused(scope: str, changes: dict[str, int | None], code: str) -> None:
    if not code:
        Limits().replaced(changes, scope)
        return
    with pytest.raises(InputError) as caught:
        Limits().replaced(changes, scope)
    assert caught.value.code == code and caught.value.field == f"limits.{next(iter(changes))}"


@pytest.mark.parametrize(
    ("scope", "account", "symbol"),
    [
        ("firm", None, None),
        ("account:main", "main", None),
        ("strategy:account", None, None),
        ("instrument:BRK.B", None, "BRK.B"),
        ("instrument:BTC/USD", None, "BTC/USD"),
        ("account:main/instrument:BTC/USD", "main", "BTC/USD"),
    ],
)
def test_scopes_name_an_account_and_a_symbol(scope: str, account: str | None, symbol: str | None) -> None:
    check_scope(scope, narrow=True)
    assert (account_of(scope), symbol_of(scope)) == (account, symbol)
    if "/instrument:" in scope:
        with pytest.raises(InputError):
            check_scope(scope)


@pytest.mark.parametrize("scope", ["", "firm:x", "account:", "account:a b", "venue:x", "account:a\n", "instrument:a b"])
def test_anything_else_is_no_scope(scope: str) -> None:
    for narrow in (False, True):
        with pytest.raises(InputError) as caught:
            check_scope(scope, narrow)
        assert caught.value.code == "SCOPE_INVALID"
