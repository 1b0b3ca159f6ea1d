from __future__ import annotations

from actors.risk.stress import stress


def test_a_shock_moves_every_position_by_its_fraction_exactly() -> None:
    found = stress({0: 1000, 1: -400}, {"down": -0.1, "up": 0.1, "nothing": 0.0})
    assert found == {"down": -60, "up": 60, "nothing": 0}


def test_results_are_rounded_half_even() -> None:
    assert stress({0: 5}, {"a": 0.1, "b": 0.3, "c": -0.1}) == {"a": 0, "b": 2, "c": 0}


def test_an_empty_book_has_nothing_to_lose() -> None:
    assert stress({}, {"down": -0.2}) == {"down": 0}
