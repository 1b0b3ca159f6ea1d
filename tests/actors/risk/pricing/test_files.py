"""Contracts as users write them down: every kind is read and priced, what is wrong is named by its key."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from actors.errors import InputError
from actors.risk.pricing.files import read_task
from cluster.risk_price import priced

SWAP = "{index: sofr, side: payer, rate: 0.036, notional: 1.0e6, start: 2025-01-06, maturity: 2030-01-07}"
CURVE = (
    "{index: sofr, quotes: [{type: deposit, tenor: 1D, rate: 0.0531}, {type: swap, tenor: 1Y, rate: 0.0475}, "
    "{type: future, year: 2025, month: 3, price: 96.3}, {type: swap, tenor: 10Y, rate: 0.0355}]}"
)
TREASURY = "{quotes: [{type: par_yield, months: 6, rate: 0.0524}, {type: par_yield, months: 120, rate: 0.0395}]}"
SHARE = "{spot: 100, volatility: 0.2, rate: 0.05, dividend: 0.02}"
EUR = "{discount: {index: estr, quotes: [{type: swap, tenor: 30Y, rate: 0.0245}]}, forecast: {rate: 0.03}"
OPTION = "right: put, strike: 100, expiry: 2025-01-17"
TASKS = {
    f"{{type: european, {OPTION}}}": (SHARE, "delta"),
    f"{{type: american, {OPTION}}}": (SHARE, "theta"),
    f"{{type: digital, {OPTION}, payout: 10}}": (SHARE, "vega"),
    f"{{type: barrier, {OPTION}, kind: down_in, barrier: 80}}": (SHARE, "rho"),
    f"{{type: asian, {OPTION}, average: arithmetic, fixings: [2024-06-03, 2025-01-17]}}": (SHARE, "gamma"),
    f"{{type: basket, {OPTION}, kind: maximum}}": (
        SHARE[:-1] + ", other: {spot: 90, volatility: 0.3, rate: 0.05}, correlation: 0.4}", "price",
    ),
    f"{{type: swaption, expiry: 2025-01-02, swap: {SWAP}}}": (
        f"{{discount: {CURVE}, volatility: 0.011, model: normal}}", "vega",
    ),
    f"{{type: interest_rate_swap, {SWAP[1:]}": (f"{{discount: {CURVE}}}", "fair_rate"),
    "{type: fixed_bond, start: 2022-02-15, maturity: 2032-02-15, coupon: 0.04}": (
        f"{{discount: {TREASURY}}}", "yield_to_maturity",
    ),
    "{type: floating_bond, index: euribor_6m, start: 2024-01-04, maturity: 2029-01-04}": (f"{EUR}}}", "clean"),
    "{type: cap, kind: cap, index: euribor_3m, strike: 0.03, notional: 100, start: 2024-01-04, maturity: 2029-01-04}": (
        f"{EUR}, volatility: 0.2, model: lognormal, displacement: 0.01}}", "vega",
    ),
    "{type: forward_rate_agreement, side: payer, rate: 0.05, notional: 100, start: 2024-06-04, maturity: 2024-09-04}": (
        f"{{discount: {CURVE}}}", "fair_rate",
    ),
    "{type: forward, delivery: 2024-12-02, price: 1.1}": (
        "{spot: 1.1, discount: {rate: 0.05}, carry: {rate: 0.03}}", "delta",
    ),
    "{type: future, delivery: 2024-12-02, price: 5000, multiplier: 50}": (
        "{spot: 4900, discount: {days: [2026-01-01], discounts: [0.92]}, income: [[2024-06-03, 30]]}", "fair_price",
    ),
}  # fmt: skip


def told(contract: str, market: str, date: str = "2024-01-02") -> dict[str, Any]:
    """What is told of a file."""
    return priced(read_task(yaml.safe_load(f"{{date: {date}, contract: {contract}, market: {market}}}")))


@pytest.mark.parametrize("contract", TASKS)
def test_every_kind_of_contract_is_priced(contract: str) -> None:
    market, measure = TASKS[contract]
    found = told(contract, market)
    assert found["date"] == "2024-01-02" and isinstance(found[measure], float)
    assert isinstance(found.get("price", found.get("value")), float)


def test_the_price_of_an_option_implies_its_volatility() -> None:
    contract = f"{{type: american, {OPTION}}}"
    price = told(contract, SHARE)["price"]
    found = told(contract, f"{{spot: 100, price: {price}, rate: 0.05, dividend: 0.02}}")
    assert found["implied_volatility"] == pytest.approx(0.2) and found["price"] == pytest.approx(price)


def test_greeks_that_there_are_not_are_told_with_the_reason() -> None:
    basket = "{type: basket, right: call, strike: 100, expiry: 2025-01-17, kind: maximum}"
    found = told(basket, SHARE[:-1] + ", other: {spot: 90, volatility: 0.3, rate: 0.05}, correlation: 0.4}")
    assert found["gamma"] is None and "two assets" in found["missing"]["gamma"]
    digital = "{type: digital, right: call, strike: 100, expiry: 2024-01-03, payout: 1}"
    found = told(digital, SHARE)
    assert found["theta"] is None and list(found["missing"]) == ["theta"]
    assert "missing" not in told(f"{{type: american, {OPTION}}}", SHARE)


def test_the_key_rates_of_a_swap_add_up() -> None:
    found = told(f"{{type: interest_rate_swap, {SWAP[1:]}", f"{{discount: {CURVE}}}")
    assert sum(found["key_rate_dv01"].values()) == pytest.approx(found["dv01"], rel=1e-4)


@pytest.mark.parametrize(("model", "volatility"), [("normal", 0.011), ("lognormal", 0.3)])
def test_the_model_of_a_volatility_of_rates_is_told(model: str, volatility: float) -> None:
    found = told(SWAPTION, f"{{discount: {CURVE}, volatility: {volatility}, model: {model}}}")
    assert (found["model"], found["volatility"]) == (model, volatility)


AMERICAN = f"{{type: american, {OPTION}}}"
BASKET = f"{{type: basket, {OPTION}, kind: maximum}}"
SWAPTION = f"{{type: swaption, expiry: 2025-01-02, swap: {SWAP}}}"
FORWARD = "{type: forward, delivery: 2024-12-02, price: 1.1}"


@pytest.mark.parametrize(
    ("contract", "market", "field"),
    [
        ("{type: amercan}", SHARE, "contract.type"),
        ("american", SHARE, "contract"),
        (f"{{type: american, {OPTION}, strke: 1}}", SHARE, "contract.strke"),
        ("{type: american, right: put, strike: 100}", SHARE, "contract.expiry"),
        ("{type: american, right: put, strike: x, expiry: 2025-01-17}", SHARE, "contract.strike"),
        ("{type: american, right: put, strike: .nan, expiry: 2025-01-17}", SHARE, "contract.strike"),
        ("{type: american, right: hold, strike: 1, expiry: 2025-01-17}", SHARE, "contract.right"),
        ("{type: american, right: put, strike: 1, expiry: soon}", SHARE, "contract.expiry"),
        (AMERICAN, "{spot: .inf, volatility: 0.2}", "market.spot"),
        (AMERICAN, "{spot: 100}", "market.volatility"),
        (AMERICAN, "{spot: 100, volatility: 0.2, price: 5}", "market.price"),
        (AMERICAN, "{spot: 100, price: 1.0e-9}", "quoted"),
        (AMERICAN, "{spot: 100, volatility: 0.2, other: 3}", "market.other"),
        (AMERICAN, "{spot: 100, volatility: 0.2, correlation: x}", "market.correlation"),
        (AMERICAN, "{spot: 100, volatility: 0.2, date: 2024-01-03}", "market.date"),
        (
            BASKET,
            "{spot: 100, volatility: 0.2, other: {spot: 1, volatility: 0.2, date: 2023-01-02}, correlation: 0}",
            "market.other.date",
        ),
        (SWAPTION, f"{{discount: {CURVE}, volatility: 0.3}}", "market.model"),
        (SWAPTION, f"{{discount: {CURVE}, volatility: 0.3, model: black}}", "market.model"),
        (SWAPTION, f"{{discount: {CURVE}, volatility: 0.3, model: normal}}", "market.volatility"),
        (SWAPTION, f"{{discount: {CURVE}, volatility: 30, model: lognormal}}", "market.volatility"),
        (FORWARD, "{spot: 1.1}", "market.discount"),
        (FORWARD, "{spot: 1.1, discount: 0.05}", "market.discount"),
        (FORWARD, "{spot: 1.1, discount: {rate: x}}", "market.discount.rate"),
        (FORWARD, "{spot: 1.1, discount: {rate: 0.05, days: []}}", "market.discount.days"),
        (FORWARD, "{spot: 1.1, discount: {days: [2026-01-01]}}", "market.discount.discounts"),
        (FORWARD, "{spot: 1.1, discount: {days: [2026-01-01], discounts: [x]}}", "market.discount.discounts[0]"),
        (FORWARD, "{spot: 1.1, discount: {index: sofr, quotes: 3}}", "market.discount.quotes"),
        (FORWARD, "{spot: 1.1, discount: {index: libor, quotes: []}}", "market.discount.index"),
        (FORWARD, "{spot: 1.1, discount: {quotes: []}}", "market.discount.index"),
        (
            FORWARD,
            "{spot: 1.1, discount: {index: sofr, quotes: [{type: swap, tenor: 1Y, rate: .nan}]}}",
            "market.discount.quotes[0].rate",
        ),
        (
            FORWARD,
            "{spot: 1.1, discount: {index: sofr, quotes: [{type: swap, tenor: 1Y, rate: 0.05, observed: 2023-06-01}]}}",
            "quotes[swap 1Y].observed",
        ),
    ],
)
def test_what_can_not_be_read_is_named_by_its_key(contract: str, market: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        told(contract, market)
    assert caught.value.field == field and caught.value.rule


PERCENTS = [
    ("{type: fixed_bond, start: 2022-02-15, maturity: 2032-02-15, coupon: 4.5}", "{discount: {rate: 0.04}}", "0.045"),
    ("{type: fixed_bond, start: 2022-02-15, maturity: 2032-02-15, coupon: 0.045}", "{discount: {rate: 4}}", "0.04"),
    (f"{{type: interest_rate_swap, {SWAP[1:].replace('0.036', '3.6')}", f"{{discount: {CURVE}}}", "0.036"),
    ("{type: cap, kind: cap, index: euribor_3m, strike: 3, notional: 1, start: 2024-01-04, maturity: 2029-01-04}",
     f"{EUR}}}", "0.03"),
    (AMERICAN, "{spot: 100, volatility: 20}", "0.2"),
    (AMERICAN, "{spot: 100, volatility: 0.2, rate: 5}", "0.05"),
    (AMERICAN, "{spot: 100, volatility: 0.2, dividend: 2}", "0.02"),
    (FORWARD, "{spot: 1, discount: {index: sofr, quotes: [{type: swap, tenor: 1Y, rate: 5}]}}", "0.05"),
    (SWAPTION, f"{{discount: {CURVE}, volatility: 85, model: normal}}", "0.0085"),
    (SWAPTION, f"{{discount: {CURVE}, volatility: 0.3, model: normal}}", "model: lognormal, or 0.003"),
]  # fmt: skip


@pytest.mark.parametrize(("contract", "market", "meant"), PERCENTS)
def test_a_number_in_per_cent_is_refused_with_what_was_meant(contract: str, market: str, meant: str) -> None:
    with pytest.raises(InputError) as caught:
        told(contract, market)
    assert caught.value.remedy == f"did you mean {meant}?"


@pytest.mark.parametrize(("data", "field"), [(None, "file"), ([], "file"), ({"date": "2024-01-02"}, "contract")])
def test_a_file_without_a_contract_is_refused(data: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        read_task(data)
    assert caught.value.field == field
