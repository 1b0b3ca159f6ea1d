"""Factors have names; a name that is none is told with those that come near."""

from __future__ import annotations

import pytest

from actors.errors import InputError
from actors.risk.stress.factors import KEY_TENORS, Factor, FactorKind, key_weight, parse_factor, require_known

NAMES = [
    ("equity", Factor(FactorKind.EQUITY)),
    ("equity:BRK.B", Factor(FactorKind.EQUITY, "BRK.B")),
    ("rate:USD", Factor(FactorKind.RATE, "USD")),
    ("rate:USD:5Y", Factor(FactorKind.RATE, "USD", tenor=5.0)),
    ("rate:USD:3M", Factor(FactorKind.RATE, "USD", tenor=0.25)),
    ("volatility", Factor(FactorKind.VOLATILITY)),
    ("volatility:AAA", Factor(FactorKind.VOLATILITY, "AAA")),
    ("volatility:AAA:0.5", Factor(FactorKind.VOLATILITY, "AAA", tenor=0.5)),
    ("fx:EURUSD", Factor(FactorKind.FX, "EURUSD")),
    ("correlation", Factor(FactorKind.CORRELATION)),
    ("correlation:AAA/BBB", Factor(FactorKind.CORRELATION, "AAA", "BBB")),
]


@pytest.mark.parametrize(("text", "factor"), NAMES, ids=[text for text, _ in NAMES])
def test_a_name_is_read_and_written(text: str, factor: Factor) -> None:
    assert parse_factor(text) == factor and str(factor) == text


def test_the_order_of_a_pair_does_not_matter() -> None:
    assert parse_factor("correlation:BBB/AAA") == parse_factor("correlation:AAA/BBB")


WRONG = [
    ("equty", "equty", "did you mean equity?"),
    ("gold", "begin with equity, rate, volatility, fx, correlation", "equity:AAPL"),
    ("rate", "rate:USD:5Y", ""),
    ("equity:", "equity:AAPL", ""),
    ("rate:dollars", "name a currency", ""),
    ("rate:USD:4Y", "rate:USD:3Y, rate:USD:5Y", "two neighbouring keys"),
    ("rate:USD:soon", "rate:USD:3M", ""),
    ("fx:EUR", "fx:EURUSD", ""),
    ("fx:USDUSD", "fx:EURUSD", ""),
    ("correlation:AAA", "two symbols", ""),
    ("correlation:AAA/AAA", "two symbols", ""),
    ("volatility:AAA:0.6", "volatility:AAA:0.5", ""),
]


@pytest.mark.parametrize(("text", "words", "remedy"), WRONG, ids=[text for text, _, _ in WRONG])
def test_a_name_that_is_none_is_told_with_what_would_be_one(text: str, words: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_factor(text, "shocks[0]")
    assert (caught.value.field, caught.value.value) == ("shocks[0]", text)
    assert text in caught.value.message and words in str(caught.value) and remedy in str(caught.value.remedy)


def test_a_factor_that_a_book_does_not_have_is_told_with_those_that_come_near() -> None:
    known = [parse_factor(text) for text in ("equity", "equity:AAPL", "equity:MSFT", "rate:USD")]
    require_known(parse_factor("rate:USD:5Y"), known)
    with pytest.raises(InputError, match="unknown factor equity:AAPK") as caught:
        require_known(parse_factor("equity:AAPK"), known, "crash")
    assert caught.value.field == "crash" and "equity:AAPL" in str(caught.value.rule) and caught.value.remedy
    with pytest.raises(InputError, match="unknown factor rate:EUR") as caught:
        require_known(parse_factor("rate:EUR"), known)
    assert "rate:USD" in str(caught.value.rule)


@pytest.mark.parametrize(
    ("years", "tenor", "weight"),
    [(5, 5, 1), (4, 5, 0.5), (6.5, 5, 0.25), (3, 5, 0), (7, 5, 0), (0.1, 0.25, 1), (50, 30, 1), (2, 30, 0)],
)
def test_a_key_rate_moves_its_neighbourhood_in_a_triangle(years: float, tenor: float, weight: float) -> None:
    assert key_weight(years, tenor) == pytest.approx(weight)


@pytest.mark.parametrize("years", [0.01, 0.3, 1, 4.4, 12, 29, 80])
def test_all_key_rates_together_are_a_parallel_move(years: float) -> None:
    assert sum(key_weight(years, tenor) for tenor in KEY_TENORS) == pytest.approx(1)
