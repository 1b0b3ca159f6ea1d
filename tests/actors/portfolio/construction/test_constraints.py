"""Constraints as they are written down, as rules, and those that can't hold together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actors.errors import InputError
from actors.portfolio.construction.constraints import Constraints
from actors.portfolio.construction.infeasible import check_feasible, conflict
from actors.portfolio.construction.rules import rules
from tests.actors.portfolio.construction.builders import forecast

SIX = forecast(6)
SECTORS = {symbol: "energy" if at < 2 else "banks" for at, symbol in enumerate(SIX.symbols)}

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("a budget that is missing", {"budget": float("nan")}, "budget"),
    ("a budget in words", {"budget": "all"}, "budget"),
    ("a negative turnover", {"turnover": -0.1}, "turnover"),
    ("an infinite leverage", {"leverage": float("inf")}, "leverage"),
    ("yes for a number", {"at_most": True}, "at_most"),
    ("a number for yes", {"long_only": 1}, "long_only"),
    ("a bound of one symbol in words", {"weights_at_most": {"A000": "few"}}, "weights_at_most.A000"),
    ("a list for a mapping", {"current": [0.1]}, "current"),
    ("a negative cost", {"cost_rate": {"A000": -0.1}}, "cost_rate.A000"),
    ("a bound of no sector", {"sectors": SECTORS, "sector_at_most": {"enery": 0.1}}, "sector_at_most.enery"),
    ("a sector that is a number", {"sectors": {"A000": 1}}, "sectors.A000"),
    ("sectors of two kinds", {"sectors": {"A000": "x", "A001": None}, "sector_at_most": {"y": 1}}, "sectors.A001"),
    ("tracking of nothing", {"tracking_error": 0.01}, "benchmark"),
    ("a cost without a rate", {"trading_cost": 0.01}, "cost_rate"),
]


@pytest.mark.parametrize(("values", "field"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_no_constraint_is_refused_by_name(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        Constraints.from_mapping(values)
    assert caught.value.field == field


def test_an_unknown_constraint_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        Constraints.from_mapping({"turnver": 0.1})
    assert caught.value.field == "turnver" and caught.value.remedy == "did you mean turnover?"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"current": {"ZZZ": 1.0}}, "current.ZZZ"),
        ({"weights_at_most": {"ZZZ": 0.1}}, "weights_at_most.ZZZ"),
        ({"benchmark": {"ZZZ": 1.0}, "tracking_error": 0.1}, "benchmark.ZZZ"),
        ({"cost_rate": {"ZZZ": 0.1}}, "cost_rate.ZZZ"),
        ({"sectors": {"ZZZ": "energy"}, "sector_at_most": {"energy": 0.1}}, "sectors.ZZZ"),
        ({"sectors": {"A00": "energy"}}, "sectors.A00"),
    ],
)
def test_a_symbol_that_the_forecast_does_not_have_is_refused(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        rules(Constraints.from_mapping(values), SIX)
    assert caught.value.field == field


def test_a_symbol_that_was_mistyped_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        rules(Constraints(sectors=SECTORS | {"A0001": "energy"}, sector_at_most={"energy": 0.1}), SIX)
    assert caught.value.remedy is not None and "did you mean A001" in caught.value.remedy


def test_rules_measure_what_they_are_named_after() -> None:
    weights = np.array([0.5, 0.3, 0.2, 0.1, 0.1, -0.2])
    equal = dict.fromkeys(SIX.symbols, 1 / 6)
    asked = Constraints(
        long_only=False,
        at_least=-0.2,
        at_most=0.6,
        weights_at_most={"A001": 0.4},
        weights_at_least={"A002": 0.1},
        leverage=2,
        sectors=SECTORS,
        sector_at_most={"energy": 0.8},
        sector_at_least={"banks": 0.1},
        current=equal,
        turnover=1.2,
        cost_rate={"A000": 0.01},
        trading_cost=0.02,
        benchmark=equal,
        tracking_error=0.02,
    )
    found = {rule.name: rule.effect(weights) for rule in rules(asked, SIX)}
    apart = weights - 1 / 6
    assert {name: effect.value for name, effect in found.items()} == pytest.approx(
        {
            "budget": 1.0,
            "at_least": -0.2,
            "at_most": 0.5,
            "weights_at_least.A002": 0.2,
            "weights_at_most.A001": 0.3,
            "sector_at_least.banks": 0.2,
            "sector_at_most.energy": 0.8,
            "leverage": 1.4,
            "turnover": np.abs(apart).sum(),
            "trading_cost": 0.01 / 3,
            "tracking_error": np.sqrt(apart @ SIX.covariance @ apart),
        }
    )
    assert {name for name, effect in found.items() if effect.binds} == {"budget", "at_least", "sector_at_most.energy"}


IMPOSSIBLE: list[tuple[str, dict[str, Any], set[str]]] = [
    ("too little room for each", {"at_most": 0.1}, {"budget", "at_most"}),
    ("floors above the budget", {"at_least": 0.2, "at_most": 0.5}, {"budget", "at_least"}),
    (
        "sectors that leave no room",
        {"sectors": SECTORS, "sector_at_most": {"energy": 0.5, "banks": 0.4}, "at_most": 0.9},
        {"budget", "sector_at_most.energy", "sector_at_most.banks"},
    ),
    (
        "a sector between two bounds",
        {"sectors": SECTORS, "sector_at_most": {"energy": 0.1}, "sector_at_least": {"energy": 0.2}},
        {"sector_at_most.energy", "sector_at_least.energy"},
    ),
    ("less leverage than weight", {"leverage": 0.9, "long_only": False}, {"budget", "leverage"}),
    (
        "a position that can't be sold in time",
        {"current": {"A000": 1.0}, "turnover": 0.2, "weights_at_most": {"A000": 0.5}},
        {"turnover", "weights_at_most.A000"},
    ),
    (
        "a sale that costs too much",
        {"current": {"A000": 1.0}, "cost_rate": 0.01, "trading_cost": 0.001, "at_most": 0.5},
        {"trading_cost", "at_most"},
    ),
    (
        "a benchmark that can't be held",
        {"benchmark": {"A000": 1.0}, "tracking_error": 1e-4, "at_most": 0.5, "turnover": 5.0},
        {"tracking_error", "at_most"},
    ),
    (
        "a floor for one above the cap for all",
        {"weights_at_least": {"A003": 0.5}, "at_most": 0.3},
        {"weights_at_least.A003", "at_most"},
    ),
    ("a short where none may be", {"weights_at_most": {"A003": -0.1}}, {"long_only", "weights_at_most.A003"}),
]


@pytest.mark.parametrize(("values", "names"), [case[1:] for case in IMPOSSIBLE], ids=[case[0] for case in IMPOSSIBLE])
def test_a_set_that_cannot_hold_together_is_named_exactly(values: dict[str, Any], names: set[str]) -> None:
    stated = rules(Constraints.from_mapping(values), SIX)
    found = conflict(stated, 6)
    assert {rule.name for rule in found} == names
    for left_out in found:
        assert conflict([rule for rule in found if rule is not left_out], 6) == []
    with pytest.raises(InputError) as caught:
        check_feasible(stated, 6)
    assert set(str(caught.value.value).split(", ")) == names
    assert all(name in caught.value.message for name in names)


def test_a_set_that_can_hold_together_is_left_alone() -> None:
    stated = rules(Constraints(at_most=0.3, sectors=SECTORS, sector_at_most={"energy": 0.3}), SIX)
    assert conflict(stated, 6) == []
    check_feasible(stated, 6)
