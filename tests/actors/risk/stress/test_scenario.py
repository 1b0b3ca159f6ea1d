"""Scenarios are read with their units, and refused where no market could do what they say."""

from __future__ import annotations

import pathlib

import pytest

from actors.errors import DataError, InputError
from actors.risk.stress import parse_factor, read_scenarios, scenario_from, standard_scenarios
from actors.risk.stress.scenario import Scenario
from actors.risk.stress.shocks import absolute, parse_shock, relative
from tests.actors.risk.stress.books import book, option, shares

SHOCKS = [
    ("equity", "-20%", relative(-0.2)),
    ("equity", {"relative": -0.2}, relative(-0.2)),
    ("equity", "-100%", relative(-1.0)),
    ("rate:USD", "+100bp", absolute(0.01)),
    ("rate:USD:5Y", "-0.5 points", absolute(-0.005)),
    ("rate:USD", {"absolute": 0.01}, absolute(0.01)),
    ("volatility", "+50%", relative(0.5)),
    ("volatility", "10 points", absolute(0.1)),
    ("fx:EURUSD", "-10%", relative(-0.1)),
    ("correlation", "+50%", relative(0.5)),
    ("correlation:AAA/BBB", "-20 points", absolute(-0.2)),
]


@pytest.mark.parametrize(("name", "text", "shock"), SHOCKS, ids=[f"{one[0]} {one[1]}" for one in SHOCKS])
def test_a_change_is_read_with_its_unit(name: str, text: object, shock: object) -> None:
    found = parse_shock(text, parse_factor(name), "x")
    assert found.change == shock.change and found.size == pytest.approx(shock.size)  # type: ignore[attr-defined]


WRONG = [
    ("equity", -0.2, "its unit"),
    ("equity", "down", "its unit"),
    ("equity", {"relative": "much"}, "its unit"),
    ("equity", {"relative": True}, "its unit"),
    ("equity", {"relative": float("nan")}, "finite"),
    ("equity", "-101%", "not below -100%"),
    ("equity", "5bp", "relative change"),
    ("fx:EURUSD", "-100%", "over -100%"),
    ("rate:USD", "10%", "absolute change"),
    ("rate:USD", "200 points", "10000bp"),
    ("volatility", "-100%", "stay positive"),
    ("correlation", "150%", "of the way"),
    ("correlation:AAA/BBB", "300 points", "from -1 to 1"),
]


@pytest.mark.parametrize(("name", "text", "rule"), WRONG, ids=[f"{one[0]} {one[1]}" for one in WRONG])
def test_a_change_that_can_not_be_is_refused(name: str, text: object, rule: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_shock(text, parse_factor(name), "crash.x")
    assert caught.value.field == "crash.x" and rule in str(caught.value) and caught.value.remedy


CONTENTS = [
    ({"name": "x", "shocks": {"fx:EURUSD": "-10%", "fx:USDEUR": "-10%"}}, "x.fx:EURUSD"),
    ("text", "scenario"),
    ({"name": "x"}, "scenario"),
    ({"name": "x", "shocks": {"equity": "-1%"}, "size": 1}, "scenario.size"),
    ({"shocks": {"equity": "-1%"}}, "name"),
    ({"name": "x", "shocks": {"equity": -0.1}}, "scenario.shocks.equity"),
    ({"name": "x", "shocks": {"gold": "-1%"}}, "scenario.shocks.gold"),
    ({"name": "x", "shocks": {"correlation": "5 points"}}, "x.correlation"),
    (
        {"name": "x", "shocks": {"correlation:A/B": "5 points", "correlation:B/A": "6 points"}},
        "scenario.shocks.correlation:B/A",
    ),
]


@pytest.mark.parametrize(("content", "field"), CONTENTS, ids=[field for _, field in CONTENTS])
def test_a_scenario_that_is_none_is_told_with_the_key(content: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario_from(content)
    assert caught.value.field == field and caught.value.rule


def test_a_file_has_scenarios_and_says_what_is_wrong_with_it(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "scenarios.yaml"
    path.write_text("scenarios:\n- {name: crash, description: All falls., shocks: {equity: -20%, rate:USD: +50bp}}\n")
    (found,) = read_scenarios(path)
    assert found.plain() == {
        "name": "crash",
        "description": "All falls.",
        "shocks": {"equity": "-20.00%", "rate:USD": "+50bp"},
    }
    path.write_text("- {name: a, shocks: {equity: -1%}}\n- {name: a, shocks: {equity: -2%}}\n")
    with pytest.raises(InputError, match="occurs twice"):
        read_scenarios(path)
    for text in ("[", "5", "[]", "- {name: x, since: 2025-02-30}"):
        path.write_text(text)
        with pytest.raises(DataError):
            read_scenarios(path)
    with pytest.raises(DataError):
        read_scenarios(tmp_path / "none.yaml")


def test_a_scenario_with_an_unknown_factor_is_refused_before_anything_is_reckoned() -> None:
    held = book(shares("AAA", 1000.0))
    with pytest.raises(InputError, match="unknown factor equity:AAB") as caught:
        held.run(Scenario("crash", "", {parse_factor("equity:AAB"): relative(-0.2)}))
    assert caught.value.field == "crash.equity:AAB" and "equity:AAA" in str(caught.value.rule)


def test_the_standard_scenarios_are_known_to_the_book_that_they_are_for() -> None:
    held = book(shares("AAA", 1000.0), option())
    found = standard_scenarios(held.known_factors(), "USD")
    assert len({one.name for one in found}) == len(found) > 8
    for one in found:
        assert held.run(one).coverage.is_whole
    assert [one.name for one in found if "fx" in one.name] == ["fx:EURUSD -10%"]
