from __future__ import annotations

import pytest

from actors.errors import ConfigurationError
from actors.messages import Instrument
from actors.risk.stress import PriceJump, price_jumps
from actors.risk.stress import stress as stress_by
from configs.schema import RiskSection

MASTER = (Instrument(id=0, symbol="AAA"), Instrument(id=1, symbol="BBB"), Instrument(id=2, symbol="CCC"))


def stress(exposures: dict[int, int], changes: dict[str, float]) -> dict[str, int]:
    return stress_by(exposures, price_jumps(changes, MASTER))


def test_a_shock_moves_every_position_by_its_fraction_exactly() -> None:
    found = stress({0: 1000, 1: -400}, {"down": -0.1, "up": 0.1, "nothing": 0.0})
    assert found == {"down": -60, "up": 60, "nothing": 0}


def test_results_are_rounded_half_even() -> None:
    assert stress({0: 5}, {"a": 0.1, "b": 0.3, "c": -0.1}) == {"a": 0, "b": 2, "c": 0}


def test_an_empty_book_has_nothing_to_lose() -> None:
    assert stress({}, {"down": -0.2}) == {"down": 0}


def test_changes_by_symbol_leave_the_others_as_they_are_unless_it_is_told() -> None:
    changes = {"tech": {"AAA": -0.3, "BBB": 0.1}, "all but one": {"CCC": 0.0, "otherwise": -0.5}}
    assert price_jumps(changes, MASTER)["tech"] == PriceJump(0.0, {0: -0.3, 1: 0.1})
    found = stress_by({0: 1000, 1: 100, 2: -400}, price_jumps(changes, MASTER))
    assert found == {"tech": -290, "all but one": -550}
    assert stress_by({2: -400}, price_jumps(changes, MASTER)) == {"tech": 0, "all but one": 0}


def test_a_scenario_of_an_unknown_symbol_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError) as caught:
        price_jumps({"tech": {"AAB": -0.3}}, MASTER)
    assert caught.value.field == "risk.stress.tech.AAB" and "AAA" in str(caught.value.remedy)


@pytest.mark.parametrize("change", [-1.0, float("nan"), {"AAA": -2.0}, {"AAA": "much"}])
def test_a_change_that_can_not_be_is_refused_at_load(change: object) -> None:
    with pytest.raises(ValueError, match="stress"):
        RiskSection.model_validate({"stress": {"odd": change}})
