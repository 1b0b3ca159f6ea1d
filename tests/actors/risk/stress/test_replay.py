"""Windows of the past on today's book: hand-made ones, and those of real prices."""

from __future__ import annotations

import datetime
import functools

import numpy as np
import pytest

from actors.ingest.closes import ClosePanel
from actors.risk.stress import WINDOWS, KeyRatePosition, LinearPosition, Window, parse_factor, replay
from cluster.panel_input import read_panel
from configs import load
from tests.actors.risk.stress.books import book, option, panel, random_panel, shares
from tests.data import real_data

NAN = float("nan")
START = datetime.date(2020, 3, 2)
WINDOW = Window("fall", "Made up.", START + datetime.timedelta(days=1), START + datetime.timedelta(days=4))
#        before  start  +1   +2   end   after
CLOSES = {
    "AAA": [90.0, 100.0, 80.0, 60.0, 70.0, 200.0],
    "BBB": [50.0, 50.0, 55.0, NAN, 60.0, 10.0],
}


def day(rows: int) -> datetime.date:
    return START + datetime.timedelta(days=rows)


def test_a_window_is_replayed_as_worked_out_by_hand() -> None:
    held = book(shares("AAA", 1000.0), shares("BBB", 500.0))
    found = replay(held, panel(CLOSES, START), WINDOW)
    assert found.result is not None and found.result.profit == pytest.approx(-300 + 100)
    assert found.result.by_factor == pytest.approx({"equity:AAA": -300.0, "equity:BBB": 100.0})
    # The missing close of BBB is the one before: -200 + 50, -400 + 50, -300 + 100.
    assert found.path == pytest.approx([-150, -350, -200])
    assert found.trough == (day(3), pytest.approx(-350))
    # Today's book in each day: -200 + 50; -250 + 0; 1000 / 6 + 500 / 11
    assert found.daily == pytest.approx([-150, -250, 1000 / 6 + 500 / 11])
    assert found.worst_day == (day(3), pytest.approx(-250))
    assert found.drawdown == pytest.approx(350)
    assert found.coverage.is_whole and found.plain()["share_missing"] == 0


def test_what_has_no_data_is_missing_with_its_share() -> None:
    closes = {"AAA": CLOSES["AAA"], "BBB": [NAN, NAN, 50.0, 50.0, 50.0, 50.0]}
    bond = KeyRatePosition(name="bond", currency="USD", notional=500.0, dv01={5.0: 1.0})
    held = book(
        shares("AAA", 1000.0), shares("BBB", 500.0), shares("ZZZ", 200.0), shares("AAA", 80.0, "EUR", name="eur"), bond
    )
    found = replay(held, panel(closes, START), WINDOW)
    assert found.result is not None and found.result.profit == pytest.approx(-300)
    assert dict(found.coverage.missing) == {
        "BBB": "equity:BBB: no close at the window's start",
        "ZZZ": "equity:ZZZ: not in the data",
        "eur": "fx:EURUSD: not in the data",
        "bond": "rate:USD: not in the data",
    }
    assert found.coverage.share == pytest.approx(1000 / 2300)


def test_columns_may_be_exchange_rates_rates_and_volatilities() -> None:
    closes = {
        "AAA": [100.0, 100.0, 80.0],
        "EURUSD": [1.0, 1.0, 1.1],
        "rate:USD:5Y": [0.02, 0.02, 0.03],
        "volatility:AAA": [0.1, 0.1, 0.2],
    }
    window = Window("three days", "", day(1), day(2))
    cash = LinearPosition(name="cash", symbol=None, amount=80.0, currency="EUR")
    bond = KeyRatePosition(name="bond", currency="USD", notional=500.0, dv01={5.0: 1.0})
    found = replay(book(cash, bond, option()), panel(closes, START), window)
    assert found.result is not None and found.coverage.is_whole
    by_name = {one.name: one for one in found.result.positions}
    assert by_name["cash"].profit == pytest.approx(10.0) and by_name["bond"].profit == pytest.approx(-100.0)
    assert set(by_name["put 100"].by_factor) == {"equity:AAA", "rate:USD:5Y", "volatility:AAA"} - {"rate:USD:5Y"}
    assert found.result.notes == ()


def test_volatilities_that_stay_as_they_are_are_noted() -> None:
    found = replay(book(option()), panel(CLOSES, START), WINDOW)
    assert found.result is not None and found.result.profit is not None and found.result.profit > 0
    assert any("volatilities stay" in note and "AAA" in note for note in found.result.notes)


def test_what_has_no_data_is_filled_by_its_beta_when_asked_and_told() -> None:
    """BBB moves 1.5 times as AAA after the window, and did not exist in it."""
    chance = np.random.default_rng(1)
    after = 0.01 * chance.standard_normal(80)
    aaa = [*CLOSES["AAA"][:5], *(70 * np.cumprod(1 + after)).tolist()]
    bbb = [NAN] * 4 + [50.0, *(50 * np.cumprod(1 + 1.5 * after)).tolist()]
    held, data = book(shares("AAA", 1000.0), shares("BBB", 500.0)), panel({"AAA": aaa, "BBB": bbb}, START)
    assert replay(held, data, WINDOW).coverage.share == pytest.approx(1000 / 1500)
    found = replay(held, data, WINDOW, fill=True)
    assert found.coverage.is_whole
    assert found.filled == {parse_factor("equity:BBB"): pytest.approx(1.5)}
    moved = (1 - 0.3) * (1 - 0.375) * (1 + 0.25) - 1
    assert found.result is not None and found.result.by_factor["equity:BBB"] == pytest.approx(500 * moved)
    assert found.plain()["filled_by_beta"] == {"equity:BBB": pytest.approx(1.5)}


def test_an_exchange_rate_that_is_there_both_ways_moves_once() -> None:
    closes = {"EURUSD": [1.25] * 3 + [1.0] * 3, "USDEUR": [0.8] * 3 + [1.0] * 3}
    cash = LinearPosition(name="EUR", symbol=None, amount=100.0, currency="EUR")
    found = replay(book(cash), panel(closes, START), WINDOW)
    assert found.result is not None and found.result.profit == pytest.approx(100 * (1.0 / 1.25 - 1) * 1.25)


def test_a_beta_needs_data_of_its_own() -> None:
    data = panel({"AAA": CLOSES["AAA"], "BBB": [NAN] * 5 + [50.0]}, START)
    found = replay(book(shares("AAA", 1000.0), shares("BBB", 500.0)), data, WINDOW, fill=True)
    assert found.filled == {} and "BBB" in found.coverage.missing


def test_a_price_that_jumps_is_told_as_suspect() -> None:
    closes = {"AAA": [100.0, 100.0, 50.0, 50.0, 50.0, 50.0]}
    found = replay(book(shares("AAA", 1.0)), panel(closes, START), WINDOW)
    assert found.suspect == {parse_factor("equity:AAA"): pytest.approx(0.5)}


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (WINDOW.start + datetime.timedelta(days=1), "the data begin on 2020-03-04"),
        (WINDOW.start - datetime.timedelta(days=20), "the data end on 2020-02-17"),
    ],
)
def test_a_window_that_the_data_do_not_reach_is_told_with_the_reason(first: datetime.date, reason: str) -> None:
    found = replay(book(shares("AAA", 1000.0)), panel(CLOSES, first), WINDOW)
    assert found.result is None and found.reason is not None and reason in found.reason
    assert found.coverage.share == 0 and reason in found.coverage.missing["AAA"]
    told = found.plain()
    assert told["profit"] is None and told["share_missing"] == 1


def test_the_windows_are_in_order_and_end_after_they_start() -> None:
    assert [window.name[:4] for window in WINDOWS] == ["2000", "2008", "2011", "2015", "2020"]
    assert all(window.start < window.end for window in WINDOWS)


def check_every_window(data: ClosePanel, symbols: tuple[str, ...], reached: list[bool]) -> list[float]:
    """Replay all windows on an equally weighted book, and check the totals against closes that are looked up here."""
    held = book(*(shares(symbol, 100.0) for symbol in symbols))
    profits = []
    for window, is_reached in zip(WINDOWS, reached, strict=True):
        found = replay(held, data, window)
        assert (found.result is not None) is is_reached, window.name
        if found.result is None or found.result.profit is None:
            continue
        expected = 0.0
        stamps = data.times.astype("datetime64[ns]").astype("datetime64[D]")
        start, end = (np.flatnonzero(stamps <= np.datetime64(one))[-1] for one in (window.start, window.end))
        for symbol in symbols:
            closes = data.closes[:, data.symbols.index(symbol)]
            expected += 100 * (closes[end] / closes[start] - 1)
        assert found.coverage.is_whole and found.result.profit == pytest.approx(expected)
        assert found.path[-1] == pytest.approx(expected) and found.drawdown >= max(0.0, -expected)
        profits.append(found.result.profit)
    return profits


def test_windows_of_generated_prices() -> None:
    data = random_panel(("AAA", "BBB", "CCC"), datetime.date(2000, 1, 3), 6500)
    check_every_window(data, data.symbols, [True, True, True, True, False])


@functools.cache
def real_panel() -> ClosePanel:
    return read_panel(real_data("us_daily", "panel_a.parquet"), (), load("local"))


def test_windows_of_real_prices() -> None:
    symbols = ("AXP", "BA", "BAC", "COP", "COST", "CSCO", "AEP")
    profits = check_every_window(real_panel(), symbols, [True, True, True, True, False])
    crisis, downgrade, china = profits[1:]
    assert -0.7 * 700 < crisis < -0.3 * 700 and crisis < downgrade < china < 0
