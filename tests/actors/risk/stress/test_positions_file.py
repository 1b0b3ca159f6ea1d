"""Books as their owners write them down."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import numpy as np
import pytest
import yaml

from actors.errors import DataError, InputError
from actors.risk.pricing.contracts import American, Barrier, Basket, Digital, European
from actors.risk.stress import KeyRatePosition, LinearPosition, OptionPosition, scenario_from
from actors.risk.stress.co_movement import correlations_of
from actors.risk.stress.positions_file import book_from, read_book
from actors.risk.stress.rows import Rows
from tests.actors.risk.stress.books import random_panel

PANEL = random_panel(("AAA", "BBB", "EURUSD", "OLD", "GBPUSD"), datetime.date(2020, 1, 1), 200)
PANEL.closes[100:, 3:] = np.nan  # the last close of both is of 2020-04-09
LAST = {symbol: float(PANEL.closes[-1, at]) for at, symbol in enumerate(PANEL.symbols)}
BOOK = """
rates: {USD: 0.02, EUR: {1: 0.01, 10: 0.02}}
volatilities: {AAA: 0.2, BBB: 0.3}
positions:
- {symbol: AAA, quantity: 10}
- {symbol: BBB, amount: -500}
- {name: future, symbol: ZZZ, amount: 100, currency: EUR, funded: false}
- {currency: EUR, amount: 100}
- {symbol: AAA, quantity: -2, option: {right: put, strike: 90, expiry: 2020-12-18}}
- {name: american, symbol: AAA, quantity: 1, option: {kind: american, right: put, strike: 90, expiry: 2020-12-18}}
- name: barrier
  symbol: AAA
  quantity: 1
  option: {kind: barrier, right: put, strike: 90, expiry: 2020-12-18, barrier_kind: down_out, barrier: 1}
- name: digital
  symbol: AAA
  quantity: 1
  option: {kind: digital, right: put, strike: 90, expiry: 2020-12-18, payout: 5}
- name: best of
  symbol: AAA
  quantity: 1
  option: {kind: basket, right: call, strike: 90, expiry: 2020-12-18, other: BBB, basket_kind: maximum}
- {name: bonds, notional: 1000, dv01: {5Y: 0.5, 10Y: 0.1}, convexity: 20, currency: EUR}
"""


def test_a_book_is_read_from_yaml(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "book.yaml"
    path.write_text(BOOK)
    held = read_book(path, PANEL)
    assert held.missing == {}
    found = {one.name: one for one in held.positions}
    assert found["AAA"].notional == pytest.approx(10 * LAST["AAA"])
    assert isinstance(found["future"], LinearPosition) and not found["future"].funded
    assert isinstance(found["EUR"], LinearPosition) and found["EUR"].symbol is None
    bonds = found["bonds"]
    assert isinstance(bonds, KeyRatePosition) and bonds.dv01 == {5.0: 0.5, 10.0: 0.1}
    contracts = [type(one.contract) for one in held.positions if isinstance(one, OptionPosition)]
    assert contracts == [European, American, Barrier, Digital, Basket]
    assert "AAA put 90 2020-12-18" in found
    market = held.market
    assert market.date == datetime.date(2020, 7, 18) and market.exchange["EUR"] == LAST["EURUSD"]
    assert market.correlations is not None and market.correlations.symbols == ("AAA", "BBB")
    result = held.run(
        scenario_from({"name": "x", "shocks": {"equity": "-10%", "rate:EUR": "+10bp", "fx:EURUSD": "-5%"}})
    )
    assert result.coverage.is_whole and result.profit is not None and result.profit < 0


def test_a_book_is_read_from_csv(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text(
        "name,symbol,quantity,amount,currency,funded,right,strike,expiry,volatility\n"
        ",AAA,10,,,,,,,\n"
        "short,BBB,,-500,,,,,,\n"
        "future,BBB,,100,EUR,false,,,,\n"
        "hedge,AAA,10,,,,put,90,2020-12-18,0.2\n"
    )
    held = read_book(path, PANEL)
    assert [one.name for one in held.positions] == ["AAA", "short", "future", "hedge"] and not held.missing
    assert isinstance(held.positions[3], OptionPosition) and held.positions[3].volatility == 0.2
    assert isinstance(held.positions[2], LinearPosition) and not held.positions[2].funded


def entry(**changes: Any) -> dict[str, Any]:
    return {"positions": [{"symbol": "AAA", "quantity": 1, **changes}]}


def put(**changes: Any) -> dict[str, Any]:
    return entry(option={"right": "put", "strike": 90, "expiry": "2020-12-18", **changes})


WRONG: list[tuple[Any, str]] = [
    (5, "positions"),
    ({"positions": []}, "positions"),
    ({"positions": [5]}, "positions[0]"),
    ({**entry(), "volatility": {}}, "volatility"),
    ({**entry(), "rates": 5}, "rates"),
    ({**entry(), "rates": {"USD": "much"}}, "rates.USD.rate"),
    ({**entry(), "volatilities": {"AAA": -0.2}}, "volatility.AAA"),
    ({**entry(), "date": "soon"}, "date"),
    ({**entry(), "date": "1990-01-01"}, "date"),
    ({**entry(), "date": "2019-12-31"}, "date"),
    ({**entry(), "date": "2020-07-29"}, "date"),
    ({**entry(), "oldest_price_days": -1}, "oldest_price_days"),
    ({**entry(), "oldest_price_days": True}, "oldest_price_days"),
    ({**entry(currency="GBP"), "date": "2020-07-10"}, "exchange_rates.GBP"),
    (entry(size=1), "positions[0].size"),
    (entry(symbol="ZZZ"), "positions[0].symbol"),
    (entry(quantity="many"), "positions[0].quantity"),
    (entry(amount=True), "positions[0].amount"),
    (entry(currency="CHF"), "exchange.CHF"),
    (entry(dv01={"4Y": 1}, notional=1), "positions[0].dv01"),
    (entry(dv01={"5Y": 1}), "positions[0].notional"),
    (entry(option=5), "positions[0].option"),
    (put(strikes=1), "positions[0].option.strikes"),
    (put(kind="lookback"), "positions[0].option.kind"),
    (put(right="both"), "positions[0].option.right"),
    (put(expiry="soon"), "positions[0].option.expiry"),
    (put(strike=None), "positions[0].option.strike"),
    (put(other="BBB"), "AAA put 90 2020-12-18.other"),
    (entry(currency="usd"), "positions[0].currency"),
    (entry(amount=5), "positions[0].amount"),
    (entry(funded="perhaps"), "positions[0].funded"),
    (put(volatility=20), "positions[0].option.volatility"),
    ({**put(), "volatilities": {"AAB": 0.2}}, "volatilities.AAB"),
    ({**put(), "volatilities": {"AAA": 20}}, "volatilities.AAA"),
    ({**put(), "dividends": {"AAB": 0.02}}, "dividends.AAB"),
    ({**put(), "dividends": {"AAA": 2}}, "dividends.AAA"),
    ({**put(), "prices": {"AAB": 2}}, "prices.AAB"),
    ({**put(), "rates": {"USDX": 0.02}}, "rates.USDX"),
    ({**put(), "rates": {"USD": 5}}, "rates.USD"),
    ({**put(), "rates": {"USD": {1: 5}}}, "rates.USD"),
    ({**put(), "exchange_rates": {"EUX": 1.1}}, "exchange_rates.EUX"),
    ({**put(), "base_currency": "dollar"}, "base_currency"),
    ({**put(), "base_currency": False}, "base_currency"),
    ({"positions": [*entry()["positions"], *entry()["positions"]]}, "positions"),
]


@pytest.mark.parametrize(("content", "field"), WRONG, ids=[f"{at} {field}" for at, (_, field) in enumerate(WRONG)])
def test_what_is_wrong_is_told_with_its_field(content: Any, field: str) -> None:
    with pytest.raises(InputError) as caught:
        book_from(content, PANEL)
    assert caught.value.field == field and caught.value.rule


def test_a_file_that_can_not_be_read_is_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError):
        read_book(tmp_path / "none.yaml", PANEL)
    for text in ("[", "date: 2025-02-30\npositions: [{symbol: AAA, quantity: 1}]"):
        (tmp_path / "wrong.yaml").write_text(text)
        with pytest.raises(DataError):
            read_book(tmp_path / "wrong.yaml", PANEL)


def test_an_option_without_a_volatility_is_missing_from_the_book() -> None:
    held = book_from(put(), PANEL)
    assert "no volatility of AAA" in held.missing["AAA put 90 2020-12-18"]
    assert book_from(put(volatility=0.3), PANEL).missing == {}


def test_a_price_that_is_too_old_makes_a_position_missing_but_for_one_that_is_given() -> None:
    held = book_from({"positions": [{"symbol": "OLD", "quantity": 2}, {"symbol": "AAA", "quantity": 1}]}, PANEL)
    assert "the newest price of OLD is of 2020-04-09, 100 days before 2020-07-18" in held.missing["OLD"]
    assert held.coverage(held.missing).share < 1 and [one.name for one in held.positions] == ["AAA"]
    assert held.run(scenario_from({"name": "x", "shocks": {"equity:OLD": "-10%"}})).profit == 0
    on_it = {"right": "put", "strike": 90, "expiry": "2020-12-18", "volatility": 0.2}
    for entry_of_old in ({"symbol": "OLD", "quantity": 1}, {"symbol": "OLD", "quantity": 1, "option": on_it}):
        content = {"positions": [{"name": "it", **entry_of_old}]}
        assert set(book_from(content, PANEL).missing) == {"it"}
        assert not book_from({**content, "prices": {"OLD": 90}}, PANEL).missing
        assert not book_from({**content, "oldest_price_days": 100}, PANEL).missing
        assert not book_from({**content, "date": "2020-04-19"}, PANEL).missing
        assert set(book_from({**content, "date": "2020-04-20"}, PANEL).missing) == {"it"}
    assert not book_from({"positions": [{"symbol": "OLD", "amount": 5}]}, PANEL).missing


def test_a_book_of_the_past_knows_nothing_later() -> None:
    held = book_from({**entry(), "date": "2020-04-01"}, PANEL)
    assert held.market.prices["AAA"] == PANEL.closes[91, 0]
    assert held.value == PANEL.closes[91, 0]


def test_a_name_that_nothing_uses_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(InputError) as caught:
        book_from({**put(), "volatilities": {"AAAX": 0.2}}, PANEL)
    assert caught.value.remedy == "did you mean AAA?"


@pytest.mark.parametrize(("written", "meant"), [("false", False), ("True", True), (False, False), ("no", False)])
def test_whether_a_position_is_funded_may_be_text(written: Any, meant: bool) -> None:
    (future,) = book_from(entry(funded=written), PANEL).positions
    assert isinstance(future, LinearPosition) and future.funded is meant


def test_a_row_with_more_fields_than_columns_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text("symbol,amount\nAAA,1000\nBBB,1,000\n")
    with pytest.raises(InputError) as caught:
        read_book(path, PANEL)
    assert caught.value.field == "positions[1]" and caught.value.value == ["000"]


def test_a_rate_that_is_taken_for_0_is_noted() -> None:
    fall = scenario_from({"name": "x", "shocks": {"equity": "-10%"}})
    held = put(volatility=0.3)
    assert book_from(held, PANEL).run(fall).notes == ("rate of USD taken for 0: rates has none",)
    assert book_from({**held, "rates": {"USD": 0.02}}, PANEL).run(fall).notes == ()


def test_too_few_returns_give_no_correlations() -> None:
    assert correlations_of(PANEL, {"AAA"}) is None
    assert correlations_of(random_panel(("AAA", "BBB"), datetime.date(2020, 1, 1), 40), {"AAA", "BBB"}) is None


def test_correlations_and_deviations_are_of_the_rows_that_are_told() -> None:
    data = random_panel(("AAA", "BBB"), datetime.date(2020, 1, 1), 301)
    data.closes[250, 0] = np.nan
    for history, rows in ((None, Rows(298, 2)), (100, Rows(98, 2)), (20, None)):
        found = correlations_of(data, {"AAA", "BBB"}, history)
        assert (None if found is None else found.rows) == rows
    found = correlations_of(data, {"AAA", "BBB"}, 100)
    assert found is not None and found.deviations is not None
    returns = data.returns()[-100:]
    joint = returns[np.isfinite(returns).all(axis=1)]
    assert found.deviations == pytest.approx(joint.std(axis=0, ddof=1))
    assert found.of("AAA", "BBB") == pytest.approx(np.corrcoef(joint, rowvar=False)[0, 1])


def test_the_example_of_the_documentation_can_be_read() -> None:
    import actors.risk.stress.positions_file as module

    assert module.__doc__ is not None
    content = yaml.safe_load(module.__doc__.partition("```yaml")[2].partition("```")[0])
    held = book_from(content, random_panel(("AAPL", "IBM", "DAX"), datetime.date(2017, 9, 1), 102))
    assert len(held.positions) == 7 and not held.missing
