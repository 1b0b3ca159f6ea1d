"""Books under stress, with numbers worked out by hand, and laws that hold for all of them."""

from __future__ import annotations

import datetime
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from actors.errors import InputError
from actors.risk.pricing.contracts import American, Barrier, BarrierKind, Basket, BasketKind, European, Right
from actors.risk.stress import KeyRatePosition, LinearPosition, StressBook, scenario_from
from actors.risk.stress.batch import profits
from actors.risk.stress.market import ShockedMarket
from actors.risk.stress.scenario import Scenario
from tests.actors.risk.stress.books import LATER, TODAY, book, market, option, shares


def scenario(**shocks: object) -> Scenario:
    return scenario_from({"name": "test", "shocks": {name.replace("__", ":"): text for name, text in shocks.items()}})


LONG, SHORT, EURO = shares("AAA", 1000.0), shares("BBB", -400.0), shares("AAA", 800.0, "EUR", name="in euros")
FUTURE = shares("AAA", 800.0, "EUR", name="future", funded=False)
CASH = LinearPosition(name="cash", symbol=None, amount=100.0, currency="EUR")
BOND = KeyRatePosition(
    name="bond",
    currency="USD",
    notional=10_000.0,
    dv01={2.0: 1.0, 5.0: 4.0},
    present_value=9_000.0,
    convexity=200_000.0,
)

BY_HAND = [
    ("every price falls", [LONG, SHORT], {"equity": "-10%"}, -60.0),
    ("the narrower name holds", [LONG, SHORT], {"equity": "-10%", "equity:AAA": "-30%"}, -300.0 + 40.0),
    ("one price alone", [LONG, SHORT], {"equity:BBB": "+50%"}, -200.0),
    # 800 euros are 1,000 dollars; then 800 x 0.9 x 1.25 x 1.1 = 990.
    ("a foreign share falls while its currency rises", [EURO], {"equity": "-10%", "fx:EURUSD": "+10%"}, -10.0),
    # What is not funded has only its loss of 80 euros in the foreign currency: -80 x 1.375.
    ("a foreign future", [FUTURE], {"equity": "-10%", "fx:EURUSD": "+10%"}, -110.0),
    ("a foreign future does not gain by its currency", [FUTURE], {"fx:EURUSD": "+10%"}, 0.0),
    ("foreign cash", [CASH], {"fx:EURUSD": "-20%"}, -25.0),
    # A dollar that costs a quarter more euros: 100 x 1.25 / 1.25 = 100.
    ("an exchange rate the other way round", [CASH], {"fx:USDEUR": "+25%"}, -25.0),
    # -(1 + 4) x 100 + 200,000 x 0.01^2 / 2 = -490
    ("a parallel move of rates", [BOND], {"rate:USD": "+100bp"}, -490.0),
    # S = 4/5 x 0.01 = 0.008: -400 + 200,000 x 0.008^2 / 2 = -393.6
    ("one key rate", [BOND], {"rate:USD:5Y": "+100bp"}, -393.6),
    ("a key rate that is not the bond's", [BOND], {"rate:USD:10Y": "+100bp"}, 0.0),
    # 2 years: +50bp; 5 years: 50 + 100: -(50 + 600) + 100,000 (0.2 x 0.005 + 0.8 x 0.015)^2
    ("a key rate on top of a parallel move", [BOND], {"rate:USD": "+50bp", "rate:USD:5Y": "+100bp"}, -633.1),
]


@pytest.mark.parametrize(("positions", "shocks", "profit"), [case[1:] for case in BY_HAND], ids=[c[0] for c in BY_HAND])
def test_the_profit_is_that_worked_out_by_hand(positions: list[object], shocks: dict[str, str], profit: float) -> None:
    held, what = book(*positions), scenario_from({"name": "x", "shocks": shocks})
    found = held.run(what)
    assert found.profit == pytest.approx(profit, abs=1e-9) and found.coverage.is_whole
    assert sum(found.by_factor.values()) + found.cross == pytest.approx(profit, abs=1e-9)
    assert profits(held, [what.shocks])[0] == pytest.approx(profit, abs=1e-9)


def test_factors_are_told_apart_and_what_is_left_is_the_cross_term() -> None:
    found = book(EURO).run(scenario(equity="-10%", fx__EURUSD="+10%"))
    assert found.by_factor == {"equity": pytest.approx(-100.0), "fx:EURUSD": pytest.approx(100.0)}
    assert found.cross == pytest.approx(-10.0)


def black_scholes(spot: float, strike: float, volatility: float, rate: float, sign: int) -> float:
    d1 = (math.log(spot / strike) + rate + volatility**2 / 2) / volatility
    return float(sign * (spot * norm.cdf(sign * d1) - strike * math.exp(-rate) * norm.cdf(sign * (d1 - volatility))))


@pytest.mark.parametrize(
    ("shocks", "spot", "volatility", "rate"),
    [
        ({"equity": "-30%"}, 70, 0.2, 0.03),
        ({"equity:AAA": "-30%", "volatility": "+50%"}, 70, 0.3, 0.03),
        ({"volatility:AAA": "+10 points", "rate:USD": "-100bp"}, 100, 0.3, 0.02),
        ({"volatility:AAA:1": "+10 points"}, 100, 0.3, 0.03),
        ({"volatility": "+50%", "volatility:AAA:1": "+10 points"}, 100, 0.4, 0.03),
        ({"volatility:AAA:5": "+10 points"}, 100, 0.2, 0.03),
        ({"rate:USD:1Y": "+50bp"}, 100, 0.2, 0.035),
    ],
)
@pytest.mark.parametrize("right", list(Right))
def test_options_are_revalued_in_full(
    shocks: dict[str, str], spot: float, volatility: float, rate: float, right: Right
) -> None:
    before, after = (
        black_scholes(*numbers, right.sign) for numbers in ((100.0, 100.0, 0.2, 0.03), (spot, 100.0, volatility, rate))
    )
    held = book(option(right, quantity=-10.0))
    found = held.run(scenario_from({"name": "x", "shocks": shocks}))
    assert found.profit == pytest.approx(-10 * (after - before), abs=1e-9)
    assert sum(found.by_factor.values()) + found.cross == pytest.approx(found.profit)


def test_an_option_has_its_own_volatility_where_one_is_given() -> None:
    held = book(option(volatility=0.4), volatilities={})
    found = held.run(scenario(volatility__AAA="+10 points"))
    expected = 10 * (black_scholes(100, 100, 0.5, 0.03, -1) - black_scholes(100, 100, 0.4, 0.03, -1))
    assert found.profit == pytest.approx(expected)


def test_a_price_of_nothing_leaves_a_put_its_strike() -> None:
    found = book(option()).run(scenario(equity="-100%"))
    expected = 10 * (100 * math.exp(-0.03) - black_scholes(100, 100, 0.2, 0.03, -1))
    assert found.profit == pytest.approx(expected, rel=1e-6)


def barrier(kind: BarrierKind, level: float) -> object:
    contract = Barrier(right=Right.PUT, strike=100.0, expiry=LATER, kind=kind, barrier=level, rebate=2.0)
    return option(contract=contract, name=str(kind))


@pytest.mark.parametrize(("kind", "level"), [(BarrierKind.DOWN_OUT, 80.0), (BarrierKind.DOWN_IN, 80.0)])
def test_a_barrier_that_the_shocked_price_has_touched_has_done_what_it_does(kind: BarrierKind, level: float) -> None:
    held = book(barrier(kind, level))
    found = held.run(scenario(equity="-30%"))
    then = 2.0 if kind is BarrierKind.DOWN_OUT else black_scholes(70, 100, 0.2, 0.03, -1)
    assert held.value + (found.profit or 0.0) == pytest.approx(10 * then)


def test_an_american_option_loses_as_its_value_does() -> None:
    contract = American(right=Right.PUT, strike=100.0, expiry=LATER)
    american, european = book(option(contract=contract)), book(option())
    fall = scenario(equity="-30%")
    assert american.value > european.value
    assert american.value + (american.run(fall).profit or 0) >= 300.0 - 1e-6


def test_a_basket_option_moves_with_correlation() -> None:
    contract = Basket(right=Right.CALL, strike=60.0, expiry=LATER, kind=BasketKind.MAXIMUM)
    held = book(option(contract=contract, other="BBB", name="best of"))
    found = held.run(scenario(correlation="+100%"))
    assert found.profit is not None and found.profit < -1e-3
    assert found.by_factor == {"correlation": found.profit}
    pair = held.run(scenario_from({"name": "x", "shocks": {"correlation:AAA/BBB": "+50 points"}}))
    assert pair.profit == pytest.approx(found.profit)


def test_a_pair_of_currencies_moves_with_its_exchange_rate_and_not_with_equities() -> None:
    held = book(shares("EURUSD", 1000.0))
    assert held.run(scenario(fx__EURUSD="-10%")).profit == pytest.approx(-100.0)
    assert held.run(scenario(equity="-10%")).profit == 0


def test_what_can_not_be_valued_is_missing_with_its_reason_and_its_share() -> None:
    lost = option(symbol="CCC", name="lost", reference=30.0)
    held = book(LONG, lost)
    found = held.run(scenario(equity="-10%"))
    assert found.profit == pytest.approx(-100.0)
    assert found.coverage.share == pytest.approx(1000 / 1300)
    assert list(found.coverage.missing) == ["lost"] and "price of CCC" in found.coverage.missing["lost"]
    told = found.plain()
    assert told["share_missing"] == pytest.approx(300 / 1300) and told["profit"] == pytest.approx(-100.0)
    assert book(lost).run(scenario(equity="-10%")).profit is None


def test_what_can_not_be_valued_in_one_scenario_is_missing_in_that_one() -> None:
    held = book(LONG, option())
    found = held.run(scenario(volatility="-30 points"))
    assert found.profit == 0 and "would not stay positive" in found.coverage.missing["put 100"]
    assert held.run(scenario(volatility="-10 points")).coverage.is_whole


def test_an_expired_option_is_missing() -> None:
    contract = European(right=Right.CALL, strike=1.0, expiry=TODAY - datetime.timedelta(days=1))
    assert "expired" in book(option(contract=contract, name="old")).missing["old"]


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        ([LONG, LONG], "occurs twice"),
        ([shares("AAA", 1.0, "CHF")], "no exchange of CHF"),
    ],
)
def test_a_book_that_can_not_be_is_refused(positions: list[object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        book(*positions)


@pytest.mark.parametrize(
    "changes",
    [{"prices": {"AAA": -1.0}}, {"volatilities": {"AAA": 0.0}}, {"exchange": {"EUR": math.nan}},
     {"rates": {"USD": {}}}, {"rates": {"USD": {1.0: math.inf}}}, {"dividends": {"AAA": math.nan}}],
)  # fmt: skip
def test_a_market_that_can_not_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        market(**changes)


@pytest.mark.parametrize(
    "make",
    [
        lambda: shares("AAA", math.nan),
        lambda: option(other="BBB"),
        lambda: KeyRatePosition(name="x", currency="USD", notional=1.0, dv01={4.0: 1.0}),
    ],
)
def test_a_position_that_can_not_be_is_refused(make: object) -> None:
    with pytest.raises(InputError):
        make()  # type: ignore[operator]


def test_a_position_of_any_kind_joins_by_the_protocol() -> None:
    class Perpetual:
        name, currency, notional, needs = "perpetual", "EUR", 1000.0, frozenset()

        def value(self, shocked: ShockedMarket) -> float:
            return 1000.0 * 0.02 / shocked.rate("EUR", 10.0)

    held = StressBook([Perpetual()], market())
    assert held.run(scenario(rate__EUR="+200bp")).profit == pytest.approx(-500.0 * 1.25)
    assert held.run(scenario(equity="-20%")).profit == 0


def test_rates_are_linear_between_their_years_and_flat_beyond() -> None:
    found = ShockedMarket(market(rates={"USD": {1.0: 0.01, 3.0: 0.03}}), {})
    assert [found.rate("USD", years) for years in (0.5, 1, 2, 3, 9)] == pytest.approx([0.01, 0.01, 0.02, 0.03, 0.03])
    assert found.rate("JPY", 1.0) == 0


amounts = st.floats(-1e6, 1e6)
moves = st.floats(-0.9, 2.0)


@settings(max_examples=50, deadline=None)
@given(amounts, amounts, moves, moves)
def test_stress_of_a_linear_book_is_additive(first: float, second: float, move: float, other: float) -> None:
    def profit(shock: dict[str, object], *positions: object) -> float:
        return book(*positions).run(scenario_from({"name": "x", "shocks": shock})).profit or 0.0

    both = {"equity:AAA": {"relative": move}, "equity:BBB": {"relative": other}}
    one, two = shares("AAA", first), shares("BBB", second)
    together = profit(both, one, two)
    tolerance = 1e-9 * (1 + abs(first) + abs(second))
    assert together == pytest.approx(profit(both, one) + profit(both, two), abs=tolerance)
    apart = [profit({name: shock}, one, two) for name, shock in both.items()]
    assert together == pytest.approx(sum(apart), abs=tolerance)


FACTORS = [
    "equity",
    "equity:AAA",
    "rate:USD",
    "rate:USD:1Y",
    "volatility",
    "volatility:AAA:0.5",
    "fx:EURUSD",
    "correlation",
]


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(FACTORS), min_size=1))
def test_no_change_gives_no_profit(names: set[str]) -> None:
    shocks = {name: {"absolute" if name.startswith("rate") else "relative": 0.0} for name in names}
    contract = Basket(right=Right.CALL, strike=60.0, expiry=LATER, kind=BasketKind.MAXIMUM)
    held = book(LONG, SHORT, EURO, FUTURE, CASH, BOND, option(), option(contract=contract, other="BBB", name="best of"))
    found = held.run(scenario_from({"name": "nothing", "shocks": shocks}))
    assert found.profit == pytest.approx(0.0, abs=1e-9) and all(abs(one.profit) < 1e-9 for one in found.positions)


@settings(max_examples=25, deadline=None)
@given(moves, st.floats(-0.5, 1.0), st.floats(-0.02, 0.05), st.floats(-0.5, 0.5))
def test_many_scenarios_at_once_give_what_each_gives_alone(price: float, width: float, rate: float, fx: float) -> None:
    held = book(LONG, EURO, BOND, option(), option(Right.CALL, 90.0, -3.0), option(strike=80.0, currency="EUR"))
    what = scenario(equity={"relative": price}, volatility={"relative": width}, rate__USD={"absolute": rate},
                    fx__EURUSD={"relative": fx})  # fmt: skip
    alone = held.run(what, split=False).profit
    assert profits(held, [{}, what.shocks]) == pytest.approx([0.0, alone], abs=1e-6)
