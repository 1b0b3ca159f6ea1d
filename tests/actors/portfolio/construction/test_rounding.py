"""Whole lots: never more than there is, and near the targets."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from actors.errors import InputError
from actors.messages import MONEY_UNIT, Instrument, Side
from actors.portfolio.construction.orders import rebalancing
from actors.portfolio.construction.rounding import Priced, whole_lots

DOLLAR = MONEY_UNIT


def stock(at: int, cents: int, lot: int = MONEY_UNIT, **parts: Any) -> Priced:
    return Priced(Instrument(id=at, symbol=f"S{at}", quantity_increment=lot, **parts), cents)


MARKET = {"S0": stock(0, 10_000), "S1": stock(1, 3_000), "S2": stock(2, 700)}

TABLE: list[tuple[str, dict[str, float], int, float, dict[str, int], int]] = [
    ("whole as they are", {"S0": 0.4, "S1": 0.6}, 1_000, 1.0, {"S0": 4, "S1": 20}, 0),
    ("a weight that binary fractions miss", {"S0": 0.29, "S1": 0.71}, 10_000, 1.0, {"S0": 29, "S1": 236}, 20),
    (
        "the largest remainder first",
        {"S0": 0.45, "S1": 0.33, "S2": 0.22},
        1_000,
        1.0,
        {"S0": 4, "S1": 11, "S2": 32},
        46,
    ),
    ("cash is kept", {"S0": 0.45, "S1": 0.05}, 1_000, 1.0, {"S0": 4, "S1": 2}, 540),
    ("less than a lot", {"S0": 1.0}, 99, 1.0, {"S0": 0}, 99),
    ("shorts bring money in", {"S0": 1.5, "S1": -0.5}, 1_000, 1.0, {"S0": 14, "S1": -16}, 80),
    ("leverage", {"S0": 1.5}, 1_000, 1.5, {"S0": 15}, 0),
    ("a rounding error is no part of a lot", {"S0": 0.3, "S2": 0.0700000001}, 1_000, 1.0, {"S0": 3, "S2": 10}, 630),
    ("nothing", {"S0": 0.0}, 1_000, 1.0, {"S0": 0}, 1_000),
]


@pytest.mark.parametrize(
    ("weights", "capital", "budget", "lots", "left"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE]
)
def test_weights_become_lots(weights: Any, capital: int, budget: float, lots: dict[str, int], left: int) -> None:
    found = whole_lots(weights, MARKET, capital * DOLLAR, budget)
    assert found.lots == lots and found.left == left * DOLLAR


prices = st.integers(1, 500_000)


@given(
    data=st.data(),
    prices=st.lists(
        st.tuples(prices, st.sampled_from([1, 1_000, MONEY_UNIT, 100 * MONEY_UNIT])), min_size=1, max_size=8
    ),
    capital=st.integers(1, 10**7 * DOLLAR),
    shorts=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_rounding_never_spends_more_than_there_is(data: Any, prices: Any, capital: int, shorts: bool) -> None:
    market = {f"S{at}": stock(at, cents, lot) for at, (cents, lot) in enumerate(prices)}
    drawn = [data.draw(st.floats(-0.5 if shorts else 0, 1)) for _ in market]
    budget = sum(drawn)
    scale = 1 / budget if budget > 0.1 else 1.0
    weights = dict(zip(market, (weight * scale for weight in drawn), strict=True))
    total = sum(weights.values())
    found = whole_lots(weights, market, capital, max(total, 0.0) if total <= 0.1 else 1.0)
    spent = sum(market[symbol].instrument.notional(market[symbol].price, lots) for symbol, lots in found.lots.items())
    assert found.left == found.money - spent >= 0
    for symbol, lots in found.lots.items():
        one = market[symbol].instrument.notional(market[symbol].price, 1)
        target = weights[symbol] * capital
        assert lots * weights[symbol] >= 0
        if not shorts:
            assert abs(found.value[symbol] - target) <= one + 2 + 1e-9 * capital
        assert (found.value[symbol] >= target - one - 2 - 1e-9 * capital) or weights[symbol] > 0
    assert whole_lots(
        dict(reversed(weights.items())), market, capital, max(total, 0.0) if total <= 0.1 else 1.0
    ).lots == (found.lots)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_is_no_more_than_the_best_choice_and_a_lot_would_leave(seed: int) -> None:
    """The best choice of who gets one lot more, by integer programming, as the greedy choice's yardstick."""
    chance = np.random.default_rng(seed)
    weights = chance.dirichlet(np.ones(12))
    market = {f"S{at}": stock(at, int(cents)) for at, cents in enumerate(chance.integers(500, 30_000, 12))}
    capital = 100_000 * DOLLAR
    found = whole_lots(dict(zip(market, weights.tolist(), strict=True)), market, capital)
    lot = np.array([priced.price * 10**6 for priced in market.values()], float)
    floor = np.floor(weights * capital / lot)
    part = weights * capital - floor * lot
    best = milp(-part, constraints=LinearConstraint(lot[None], ub=capital - (floor * lot).sum()), integrality=1,
                bounds=(0, 1))  # fmt: skip
    got = sum(part[at] for at, symbol in enumerate(market) if found.lots[symbol] > floor[at])
    assert got >= -best.fun - lot.max()
    assert found.left <= lot.max()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capital": 0}, "capital"),
        ({"weights": {"S0": float("nan")}}, "weights.S0"),
        ({"weights": {"S9": 0.5}}, "market.S9"),
        ({"market": {"S0": stock(0, 0)}}, "market.S0"),
        ({"weights": {"S0": 0.7, "S1": 0.7}}, "weights"),
        ({"budget": float("inf")}, "budget"),
        ({"weights": {"S0": 0.5, "S1": 0.5}, "market": MARKET | {"S1": stock(1, 5, currency="EUR")}}, "market"),
    ],
)
def test_what_cannot_be_rounded_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    given_: dict[str, Any] = {"weights": {"S0": 0.5}, "market": MARKET, "capital": DOLLAR, "budget": 1.0}
    with pytest.raises(InputError) as caught:
        whole_lots(**(given_ | changes))
    assert caught.value.field == field


def test_orders_lead_from_what_is_held_to_what_is_wanted_sales_first() -> None:
    wanted, held = {"S0": 5, "S1": 0, "S2": 30}, {"S0": 2, "S1": 4, "S2": 33}
    found = rebalancing(wanted, held, MARKET)
    assert [(one.symbol, one.side, one.lots, one.value) for one in found] == [
        ("S1", Side.SELL, 4, 120 * DOLLAR),
        ("S2", Side.SELL, 3, 21 * DOLLAR),
        ("S0", Side.BUY, 3, 300 * DOLLAR),
    ]
    assert rebalancing(wanted, wanted, MARKET) == []
    assert [one.symbol for one in rebalancing(wanted, held, MARKET, smallest=100 * DOLLAR)] == ["S1", "S0"]


def test_an_order_has_an_id_by_which_it_is_sent_once() -> None:
    (trade,) = rebalancing({"S2": -3}, {}, MARKET)
    command = trade.command("main", "parity", "2024-05-02")
    assert (command.client_order_id, command.instrument, command.side, command.quantity) == (
        "2024-05-02-S2", 2, Side.SELL, 3
    )  # fmt: skip
    assert command == dataclasses.replace(trade).command("main", "parity", "2024-05-02")


def test_what_is_held_needs_a_word() -> None:
    with pytest.raises(InputError) as caught:
        rebalancing({"S0": 1}, {"S1": 2}, MARKET)
    assert caught.value.field == "wanted.S1"
    with pytest.raises(InputError) as caught:
        rebalancing({"S9": 1}, {}, MARKET)
    assert caught.value.field == "market.S9"
