from __future__ import annotations

import pytest

from actors.errors import InputError
from actors.messages import OrderType, Side
from actors.oms.limits import Limits
from actors.risk.limits import changed_limits, limit_use, limits_text
from configs.limits import LimitsSection
from tests.actors.portfolio.samples import INSTRUMENTS, money, order_event

LIMITS = Limits.from_section(LimitsSection()).mapping()


def test_the_configured_limits_become_integers_of_the_gates_units() -> None:
    assert LIMITS == {
        "maximum_order_quantity": money(1_000_000),
        "maximum_order_notional": money(250_000),
        "maximum_position_notional": money(500_000),
        "price_collar": money(0.1),
        "allow_short": 0,
    }
    assert limits_text(LIMITS)["price_collar"] == "0.10"
    assert limits_text(LIMITS)["allow_short"] == "false"


def test_a_change_replaces_what_it_names() -> None:
    changed = changed_limits(LIMITS, {"maximum_order_notional": "1000.5", "allow_short": "true"})
    assert changed == {**LIMITS, "maximum_order_notional": money(1000.5), "allow_short": 1}


@pytest.mark.parametrize(
    ("changes", "field", "part"),
    [
        ({}, "limits", "no limit named"),
        ({"maximum_order_notionl": "1"}, "limits.maximum_order_notionl", "did you mean maximum_order_notional?"),
        ({"zzz": "1"}, "limits.zzz", "unknown limit zzz"),
        ({"price_collar": "1e-1"}, "limits.price_collar", "plain decimal"),
        ({"price_collar": "1.5"}, "limits.price_collar", "out of range"),
        ({"maximum_order_quantity": "0"}, "limits.maximum_order_quantity", "out of range"),
        ({"maximum_order_quantity": "NaN"}, "limits.maximum_order_quantity", "plain decimal"),
        ({"allow_short": "maybe"}, "limits.allow_short", "true or false"),
    ],
)
def test_a_wrong_change_is_refused_by_name(changes: dict[str, str], field: str, part: str) -> None:
    with pytest.raises(InputError) as caught:
        changed_limits(LIMITS, changes)
    assert caught.value.field == field
    assert part in str(caught.value)


def test_the_use_of_limits_is_that_of_the_largest_position_and_order() -> None:
    orders = [
        order_event(1).order,
        order_event(2, quantity=50, limit_price=2200, instrument=1).order,
        order_event(3, quantity=500, limit_price=900, side=Side.SELL).order,
        order_event(4, quantity=10, limit_price=None, type=OrderType.MARKET, filled_quantity=4).order,
    ]
    exposures = {0: money(1000), 1: -money(3000)}
    use = limit_use(LIMITS, exposures, orders, {0: 1000, 1: 2000}, INSTRUMENTS)
    assert (use["maximum_position_notional"].value, use["maximum_position_notional"].symbol) == (money(3000), "BBB")
    assert use["maximum_position_notional"].fraction == 0.006
    assert (use["maximum_order_quantity"].value, use["maximum_order_quantity"].symbol) == (money(500), "AAA")
    assert (use["maximum_order_notional"].value, use["maximum_order_notional"].symbol) == (money(4500), "AAA")
    assert (use["price_collar"].value, use["price_collar"].fraction) == (money(0.1), 1.0)
    assert (use["allow_short"].value, use["allow_short"].symbol, use["allow_short"].fraction) == (1, "BBB", None)


def test_an_idle_account_uses_nothing() -> None:
    use = limit_use(LIMITS, {}, [], {}, INSTRUMENTS)
    assert {one.value for one in use.values()} == {0}
    assert {one.symbol for one in use.values()} == {""}
