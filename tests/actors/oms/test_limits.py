from __future__ import annotations

import decimal

import pytest

from actors.errors import InputError
from actors.messages import MONEY_UNIT, TradingState
from actors.oms.kill_switch import KillSwitch, most_restrictive
from actors.oms.limits import Limits
from actors.oms.opening import expected_fee_rate
from actors.oms.routing import partition_of, shard_of
from actors.oms.scopes import check_scope
from configs.limits import LimitsSection
from configs.schema import VenueSection


def test_limits_of_the_configuration_become_integers() -> None:
    section = LimitsSection(maximum_order_quantity=decimal.Decimal("0.5"), allow_short=True)
    assert Limits.from_section(section) == Limits(
        maximum_order_quantity=MONEY_UNIT // 2,
        maximum_order_notional=250_000 * MONEY_UNIT,
        maximum_position_notional=500_000 * MONEY_UNIT,
        price_collar=MONEY_UNIT // 10,
        allow_short=1,
    )


def test_some_limits_are_replaced_and_the_others_stay() -> None:
    limits = Limits.from_section(LimitsSection())
    replaced = limits.replaced({"allow_short": 1})
    assert replaced.mapping() == {**limits.mapping(), "allow_short": 1}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"maximum_order_size": 1}, "LIMIT_UNKNOWN"),
        ({"maximum_order_quantity": 0}, "LIMIT_INVALID"),
        ({"maximum_order_quantity": True}, "LIMIT_INVALID"),
        ({"price_collar": MONEY_UNIT + 1}, "LIMIT_INVALID"),
        ({"allow_short": 2}, "LIMIT_INVALID"),
    ],
)
def test_a_wrong_limit_is_named(changes: dict[str, int], code: str) -> None:
    with pytest.raises(InputError) as caught:
        Limits.from_section(LimitsSection()).replaced(changes)
    assert caught.value.code == code
    assert caught.value.field == f"limits.{next(iter(changes))}"


@pytest.mark.parametrize("scope", ["firm", "account:main", "strategy:a.b-c_1"])
def test_scopes_are_firm_account_and_strategy(scope: str) -> None:
    check_scope(scope)


@pytest.mark.parametrize("scope", ["", "firm:x", "account:", "account:a b", "venue:x", "account:a\n"])
def test_anything_else_is_no_scope(scope: str) -> None:
    with pytest.raises(InputError):
        check_scope(scope)


def test_the_stricter_state_holds() -> None:
    active, reduce_only, halted = TradingState.ACTIVE, TradingState.REDUCE_ONLY, TradingState.HALTED
    assert most_restrictive(active, reduce_only) is reduce_only
    assert most_restrictive(halted, reduce_only) is halted
    switch = KillSwitch()
    switch.set("account:a", reduce_only)
    assert (switch.for_account("a"), switch.for_account("b"), switch.for_strategy("s")) == (reduce_only, active, active)
    switch.set("firm", halted)
    assert switch.for_account("a") is halted
    switch.set("firm", active)
    assert switch.states() == {"account:a": reduce_only}


@pytest.mark.parametrize(
    ("taker", "maker", "rate"), [("0.5", "0.1", 5_000), ("-1", "-2", 0), ("0.00001", "0", 1), ("0", "3", 30_000)]
)
def test_the_expected_fee_is_the_highest_rounded_up(taker: str, maker: str, rate: int) -> None:
    section = VenueSection(taker_fee_bps=decimal.Decimal(taker), maker_fee_bps=decimal.Decimal(maker))
    assert expected_fee_rate(section) == rate


def test_an_account_belongs_to_one_partition_for_ever() -> None:
    assert [partition_of(account, 16) for account in ("main", "other", "a")] == [4, 0, 3]
    assert shard_of("main", 16, 3) == 1
