"""Bonds and swaps in a book lose what their own revaluation says, and what their key rates promise."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from actors.errors import InputError
from actors.risk.pricing.files import read_task
from actors.risk.pricing.valuation import valuation, value
from actors.risk.stress import scenario_from
from actors.risk.stress.contract_position import ContractPosition
from actors.risk.stress.factors import KEY_TENORS
from actors.risk.stress.positions_file import book_from
from tests.actors.risk.stress.books import random_panel

PANEL = random_panel(("AAA", "BBB"), datetime.date(2020, 1, 1), 62)
DAY = datetime.date(2020, 3, 2)
BOND = {"type": "fixed_bond", "start": "2015-02-15", "maturity": "2030-02-15", "coupon": 0.02}
SWAP = {
    "type": "interest_rate_swap", "start": "2020-03-04", "maturity": "2030-03-04", "notional": 1e6,
    "rate": 0.02, "index": "sofr", "side": "payer",
}  # fmt: skip
MARKET = {"discount": {"rate": 0.023}}
SCENARIOS = {
    "parallel": {"rate:USD": "+100bp"},
    "ten years": {"rate:USD:10Y": "+100bp"},
    "both": {"rate:USD": "-50bp", "rate:USD:5Y": "+25bp"},
}


def book(*positions: dict[str, Any]) -> Any:
    return book_from({"date": DAY, "rates": {"USD": 0.023}, "positions": list(positions)}, PANEL)


def bond(quantity: float = 1000.0, **more: Any) -> dict[str, Any]:
    return {"name": "note", "quantity": quantity, "contract": BOND, "market": MARKET, **more}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_bond_loses_what_it_is_worth_less_on_the_moved_curve(name: str) -> None:
    task = read_task({"date": DAY, "contract": BOND, "market": MARKET})
    scenario = scenario_from({"name": name, "shocks": SCENARIOS[name]})
    result = book(bond()).run(scenario)

    def moved(curve: Any) -> Any:
        shifts = {
            "parallel": {tenor: 0.01 for tenor in KEY_TENORS},
            "ten years": {10.0: 0.01},
            "both": {tenor: -0.005 + (0.0025 if tenor == 5.0 else 0.0) for tenor in KEY_TENORS},
        }[name]
        for place, tenor in enumerate(KEY_TENORS):
            curve = curve.key_rate(place, shifts.get(tenor, 0.0), KEY_TENORS)
        return curve

    expected = 1000 * (value(task.contract, task.market.moved(moved)) - value(task.contract, task.market))
    assert result.profit == pytest.approx(expected, abs=1e-6)
    assert result.coverage.share == 1.0


def test_a_small_move_of_a_key_rate_costs_its_dv01() -> None:
    task = read_task({"date": DAY, "contract": BOND, "market": MARKET})
    told = dict(valuation(task.contract, task.market, KEY_TENORS).key_rates)
    result = book(bond()).run(scenario_from({"name": "bp", "shocks": {"rate:USD:7Y": "+1bp"}}))
    assert result.profit == pytest.approx(-1000 * told[7.0], rel=1e-3)


def test_who_pays_fixed_gains_when_rates_rise() -> None:
    whole = book({"name": "hedge", "quantity": 1, "contract": SWAP, "market": MARKET}, bond(-10_000.0))
    result = whole.run(scenario_from({"name": "up", "shocks": {"rate:USD": "+100bp"}}))
    assert result.profit > 0
    swap, note = whole.positions
    assert isinstance(swap, ContractPosition) and (swap.notional, note.notional) == (1e6, 1e6)


def test_a_shock_of_all_volatilities_is_told_not_to_reach_caps_and_swaptions() -> None:
    cap = {
        "type": "cap", "kind": "cap", "index": "term_sofr_3m", "strike": 0.02, "notional": 1e6,
        "start": "2020-03-04", "maturity": "2025-03-04",
    }  # fmt: skip
    market = {**MARKET, "volatility": 0.008, "model": "normal"}
    held = book({"name": "cap", "quantity": 1, "contract": cap, "market": market}, bond())
    result = held.run(scenario_from({"name": "x", "shocks": {"volatility": "+50%"}}))
    assert result.notes == ("volatility is not applied to caps, floors and swaptions: cap",)
    assert result.plain()["notes"] and not held.run(scenario_from({"name": "x", "shocks": {"rate:USD": "+1bp"}})).notes
    with pytest.raises(InputError) as caught:
        book({"name": "cap", "quantity": 1, "contract": cap, "market": {**MARKET, "volatility": 0.2}})
    assert caught.value.field == "positions[0].market.model"


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (bond(contract={**BOND, "coupon": "much"}), "positions[0].contract.coupon"),
        (bond(market={}), "positions[0].market.discount"),
        (bond(contract={"type": "european", "right": "call", "strike": 1, "expiry": "2021-01-01"},
              market={"spot": 1, "volatility": 0.2}), "positions[0].contract.type"),
        ({"name": "note", "contract": BOND, "market": MARKET}, "positions[0].quantity"),
    ],
)  # fmt: skip
def test_a_wrong_contract_is_refused_with_its_key(entry: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        book(entry)
    assert caught.value.field == field
