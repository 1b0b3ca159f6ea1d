from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.decimals import (
    money_text,
    parse_money,
    parse_price,
    parse_quantity,
    price_text,
    quantity_text,
    ratio_text,
)
from actors.errors import InputError
from actors.messages import Instrument

STOCK = Instrument(id=0, symbol="AAA")
COIN = Instrument(id=1, symbol="COIN", price_increment=50_000_000, quantity_increment=1)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00"),
        (1, "0.00000001"),
        (-1, "-0.00000001"),
        (123_450_000_000, "1234.50"),
        (-99_999_999, "-0.99999999"),
        (10**24, "10000000000000000.00"),
    ],
)
def test_money_is_written_exactly(amount: int, text: str) -> None:
    assert money_text(amount) == text


def test_prices_and_quantities_have_the_decimals_of_their_increment() -> None:
    assert price_text(STOCK, 12340) == "123.40"
    assert quantity_text(STOCK, 100) == "100"
    assert price_text(COIN, 3) == "1.5"
    assert quantity_text(COIN, -10) == "-0.00000010"


def test_a_ratio_is_rounded_and_needs_a_positive_denominator() -> None:
    assert ratio_text(1, 3) == "0.33333333"
    assert ratio_text(-2, 1) == "-2"
    assert ratio_text(1, 0) is None and ratio_text(1, -5) is None


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_money_survives_the_way_out_and_back(amount: int) -> None:
    assert parse_money(money_text(amount)) == amount


@given(st.integers(1, 10**11), st.sampled_from([STOCK, COIN]))
def test_prices_and_quantities_survive_the_way_out_and_back(steps: int, instrument: Instrument) -> None:
    assert parse_price(instrument, price_text(instrument, steps)) == steps
    if instrument is COIN:
        assert parse_quantity(instrument, quantity_text(instrument, steps)) == steps


def test_trailing_zeros_and_whole_numbers_are_fine() -> None:
    assert parse_price(STOCK, "1.500000000000") == 150
    assert parse_quantity(STOCK, 12) == 12


JUNK = [
    "",
    " ",
    "1 ",
    "+1",
    "1e5",
    "NaN",
    "nan",
    "inf",
    "-Infinity",
    "1,000",
    "1.",
    ".5",
    "0x10",
    "٣",
    "1_000",
    "--1",
    "1.2.3",
    "9" * 30,
]


@pytest.mark.parametrize("text", [*JUNK, None, 1.5, True, b"1"])
def test_what_is_not_a_plain_decimal_is_refused(text: object) -> None:
    with pytest.raises(InputError) as caught:
        parse_money(text, "cash")
    assert caught.value.field == "cash" and caught.value.rule


def test_a_price_off_the_increment_names_its_neighbours() -> None:
    with pytest.raises(InputError) as caught:
        parse_price(STOCK, "10.005")
    assert (caught.value.field, caught.value.value) == ("limit_price", "10.005")
    assert caught.value.rule == "a multiple of 0.01"
    assert caught.value.remedy == "the nearest valid: 10 or 10.01"
    with pytest.raises(InputError) as caught:
        parse_quantity(STOCK, "0.5")
    assert caught.value.remedy == "the nearest valid: 1"


@pytest.mark.parametrize("text", ["0", "-1", "0.00"])
def test_a_price_is_positive(text: str) -> None:
    with pytest.raises(InputError, match="not positive"):
        parse_price(STOCK, text)


@pytest.mark.parametrize("text", ["0.000000001", "92233720368.54775808"])
def test_what_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_money(text)
